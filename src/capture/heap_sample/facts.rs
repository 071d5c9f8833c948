//! What differs between versions of V8 and matters here.

use super::memory::{Memory, is_pointer, small_integer};
use super::tables::Table;

/// Doubles of which the caller has an array.
const DOUBLES: [f64; 3] = [0.1, 0.2, 0.3];

/// How many slots the caller has in an array that nothing was put into.
const HOLES: usize = 2;

/// In a `Set` that the caller has, the first of four entries was deleted.
const ENTRIES_LEFT: u64 = 3;

/// What is known of V8 before its memory is looked at.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct V8Facts {
    /// The map of arrays that hold doubles as they are. `None` if it is not known.
    pub(super) double_array_map: Option<u64>,
    /// What is where an array has no item, to which V8 has no edge. `None` if it is not known.
    pub(super) hole: Option<u64>,
    /// What is in a deleted entry of a `Set`, if V8 has no edge to it. `None` if it is not known.
    pub(super) deleted: Option<u64>,
    /// Whether a snapshot has edges to what stands for deleted entries of a `Map` or a `Set`.
    pub(super) deleted_entries_have_edges: bool,
}

impl V8Facts {
    /// Of a V8 with this major version. `doubles`, `holes` and `deleted` are addresses of handles to
    /// JavaScript objects: an array of [`DOUBLES`], one of [`HOLES`] empty slots, and a `Set` with
    /// [`ENTRIES_LEFT`]. They have to stay valid for this call; what is there is believed only if it
    /// leads to such objects.
    pub fn find(v8_major: u32, doubles: usize, holes: usize, deleted: usize) -> Self {
        let memory = Memory::open();
        let memory = memory.as_ref();
        let deleted_entries_have_edges = has_edges_to_holes(v8_major);
        let deleted = memory.and_then(|memory| deleted_entry(deleted, memory));
        Self {
            double_array_map: memory.and_then(|memory| double_array_map(doubles, memory)),
            hole: memory.and_then(|memory| hole(holes, memory)),
            deleted: deleted.filter(|_| !deleted_entries_have_edges),
            deleted_entries_have_edges,
        }
    }

    /// Whether `word` stands for nothing, and is no edge.
    pub(super) fn is_hole(&self, word: u64) -> bool {
        [self.hole, self.deleted].contains(&Some(word))
    }
}

/// Up to V8 11, what fills deleted entries was an oddball, to which no snapshot has an edge. V8 12 made
/// it an object of another kind (a hole, of which there are several), and its snapshots left out only
/// *the* hole of arrays. V8 14 leaves out all of them.
fn has_edges_to_holes(v8_major: u32) -> bool {
    (12..14).contains(&v8_major)
}

fn double_array_map(handle: usize, memory: &Memory) -> Option<u64> {
    let (map, doubles) = elements(handle, memory)?;
    (doubles == DOUBLES.map(f64::to_bits)).then_some(map)
}

fn hole(handle: usize, memory: &Memory) -> Option<u64> {
    let (_, [hole, other]) = elements::<HOLES>(handle, memory)?;
    (hole == other && is_pointer(hole)).then_some(hole)
}

/// The fourth word of a `Set` leads to its table, which has the heads of its buckets in front of its
/// entries.
fn deleted_entry(handle: usize, memory: &Memory) -> Option<u64> {
    /// With up to eight buckets.
    const MAX_WORDS: usize = 14;
    let mut set = [0];
    memory.read(handle, &mut set).then_some(())?;
    let mut words = [0; 4];
    (is_pointer(set[0]) && memory.read(set[0] as usize - 1, &mut words)).then_some(())?;
    let [.., table] = words;
    let mut words = [0; MAX_WORDS];
    (is_pointer(table) && memory.read(table as usize - 1, &mut words)).then_some(())?;
    let [map, _, elements, deleted, buckets, ..] = words;
    let is_table = memory.is_map(map)
        && small_integer(elements) == Some(ENTRIES_LEFT)
        && small_integer(deleted) == Some(1);
    let first = Table::HEAD_WORDS + small_integer(buckets).filter(|_| is_table)? as usize;
    words.get(first).copied().filter(|&word| is_pointer(word))
}

/// The map and the items of what has the `N` elements of an array. A handle is a word that leads to the
/// array, whose third word leads to its elements: a map, the number of them, and the items.
fn elements<const N: usize>(handle: usize, memory: &Memory) -> Option<(u64, [u64; N])> {
    let mut word = [0];
    memory.read(handle, &mut word).then_some(())?;
    let [_, _, elements] = memory.object(word[0])?;
    let [map, length, _] = memory.object(elements)?;
    let mut items = [0; N];
    // Behind the map and the length; the address is that of the pointer without its tag.
    memory.read(elements as usize - 1 + 16, &mut items).then_some(())?;
    let is_array = small_integer(length) == Some(N as u64) && memory.is_map(map);
    is_array.then_some((map, items))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_differ_in_the_edges_to_holes() {
        assert_eq!([11, 12, 13, 14].map(has_edges_to_holes), [false, true, true, false]);
    }

    #[test]
    fn what_leads_to_no_array_is_not_believed() {
        let words = [0_u64, 7 << 32, 0x2095_c54c_0011, u64::MAX];
        let find = |handle| V8Facts::find(13, handle, handle, handle);
        let nothing = V8Facts { deleted_entries_have_edges: true, ..V8Facts::default() };
        for word in &words {
            assert_eq!(find(std::ptr::from_ref(word) as usize), nothing);
        }
        assert_eq!(find(8), nothing, "nothing is mapped there");
    }

    #[test]
    fn both_holes_are_recognized() {
        let facts = V8Facts { hole: Some(5), deleted: Some(9), ..V8Facts::default() };
        assert_eq!([5, 9, 13].map(|word| facts.is_hole(word)), [true, true, false]);
        assert!(!V8Facts::default().is_hole(0));
    }
}
