//! What is in V8's read-only memory, which all isolates share: maps, empty arrays, `undefined` and the like.

use super::memory::Memory;
use super::strings::StringMap;

/// What matters here.
#[derive(Clone, Copy)]
pub(super) enum ReadOnly {
    StringMap(StringMap),
    /// Another map.
    Map,
    /// An array or table without anything, which objects have that need none.
    Empty,
    /// `undefined`, `null`, `true` or `false`.
    Oddball,
    /// What is where an array has no item, to which V8 has no edge.
    Hole,
}

impl ReadOnly {
    /// What `pointer` leads to. `None` if it is of no interest.
    pub(super) fn at(pointer: u64, memory: &Memory) -> Option<Self> {
        if memory.is_map(pointer) {
            return Some(StringMap::at(pointer, memory).map_or(Self::Map, Self::StringMap));
        }
        Self::oddball(pointer, memory).or_else(|| Self::without_items(pointer, memory))
    }

    /// What is empty has a map and the length 0. The hole has the number that stands for it among
    /// doubles.
    fn without_items(pointer: u64, memory: &Memory) -> Option<Self> {
        const HOLE: u64 = 0xfff7_ffff_fff7_ffff;
        let mut words = [0; 2];
        let read = memory.read(pointer as usize - 1, &mut words);
        match words[1] {
            0 if read => Some(Self::Empty),
            HOLE => Some(Self::Hole),
            _ => None,
        }
    }

    /// `undefined` and the like have a map, a number, and a string that says what they are.
    fn oddball(pointer: u64, memory: &Memory) -> Option<Self> {
        let [_, _, name] = memory.object(pointer)?;
        let [_, length, text] = memory.object(name)?;
        let is = |word: &[u8; 8], characters| {
            let mask = u64::MAX >> (64 - 8 * word.len().min(characters));
            length >> 32 == characters as u64 && text & mask == u64::from_le_bytes(*word) & mask
        };
        let known = [
            is(b"undefine", 9),
            is(b"null\0\0\0\0", 4),
            is(b"true\0\0\0\0", 4),
            is(b"false\0\0\0", 5),
        ];
        known.contains(&true).then_some(Self::Oddball)
    }
}
