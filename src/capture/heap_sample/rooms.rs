//! What objects have room for beyond the properties that they have. V8 makes room for those that an object
//! may get, and fills it with `undefined`, to which it has no edges. The map of the object tells where.

use std::collections::HashMap;
use std::ops::Range;

use super::memory::{Memory, is_pointer};

/// In front of the fields of an object: map, properties, elements.
pub(super) const HEAD_OF_OBJECT: usize = 3;

/// The room in objects, by their maps.
#[derive(Default)]
pub(super) struct Rooms(HashMap<u64, Range<usize>>);

impl Rooms {
    /// Which words of an object with this map are room for properties that it does not have yet.
    pub(super) fn of(&mut self, map: u64, memory: &Memory) -> &Range<usize> {
        self.0.entry(map).or_insert_with(|| room_in_objects(map, memory))
    }

    /// As if such a map had been looked at.
    #[cfg(test)]
    pub(super) fn note(&mut self, map: u64, room: Range<usize>) {
        self.0.insert(map, room);
    }
}

fn room_in_objects(map: u64, memory: &Memory) -> Range<usize> {
    let mut words = [0; 2];
    let is_map = is_pointer(map) && memory.is_map(map) && memory.read(map as usize - 1, &mut words);
    if is_map { room_of(words[1]) } else { 0..0 }
}

/// Of the bytes of the second word of a map, the first is the size of an object in words, and the third
/// how much of that is in use; below the size of an object without properties it has another meaning.
fn room_of(sizes: u64) -> Range<usize> {
    let [size, _, used, ..] = sizes.to_le_bytes().map(usize::from);
    if used < HEAD_OF_OBJECT { 0..0 } else { used..size }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn maps_tell_the_room_in_objects() {
        let room = |size, used| room_of(u64::from_le_bytes([size, 3, used, 9, 9, 9, 9, 9]));
        assert_eq!(room(7, 4), 4..7);
        assert!(room(7, 7).is_empty());
        assert!(room(7, 2).is_empty(), "all of it is in use");
        assert!(room_in_objects(7 << 32, &Memory::open().unwrap()).is_empty(), "no map");
    }
}
