//! What is in V8's memory, by sampling it.
//!
//! What a capture costs depends on how many objects there are, how many references, strings and
//! indices. None of these can be asked for without walking the heap. But V8's memory can be looked
//! at: blocks of it are read through `/proc/self/mem`, which never faults, whatever other threads
//! unmap meanwhile.
//!
//! * A *pointer* is a word tagged `01` into V8's range: a reference.
//! * An object begins with a pointer to its map (its hidden class), and a map begins with one to a
//!   map that is its own map. So some pointers are followed two steps, and the share of those that
//!   lead to maps is that of the objects.
//! * Maps of strings lie in V8's read-only memory, so all of them are looked up. They tell strings
//!   that are *internalized* from others. Those that are followed also tell *numerals*: strings that
//!   something refers to and that are numbers.
//! * A large object has a chunk of its own: [`large`], [`indices`].
//! * Other arrays are known by their first words, and the nearest in front of a block tells whether
//!   that begins inside of one: [`arrays`], [`array_search`]. So are tables: [`tables`]. Arrays of doubles have a map of
//!   their own, and nothing in them is a reference: [`facts`].
//!
//! Memory that V8 has freed still holds what was there. Half of the space for new objects is empty
//! and left out: [`memory`]. [`HeapSample::of`] takes out the rest by share.
//!
//! At most [`MAX_SAMPLES`] blocks are read, which takes tens of milliseconds.

mod array_search;
mod arrays;
mod contents;
mod facts;
mod indices;
mod large;
mod memory;
mod natives;
mod numerals;
mod read_only;
mod rooms;
mod sampler;
mod strings;
mod tables;

use std::ops::Range;

pub(super) use self::contents::Contents;
pub use self::facts::V8Facts;
use self::indices::Span;
use self::memory::{CHUNK, Memory, V8Memory};
use self::numerals::Different;
use self::sampler::Sampler;
use self::strings::DistinctShare;
use super::memory::page_size;
use crate::control::Control;

/// Blocks that are read at most: of old objects, and of new ones.
const MAX_SAMPLES: usize = 2048;
const MAX_YOUNG_SAMPLES: usize = 256;
/// Blocks that are read of one large object.
const SAMPLES_PER_LARGE: usize = 24;
/// Only so many large objects are looked at by themselves, largest first.
const MAX_LARGE: usize = 32;

/// How much there is of each, in all of V8's memory.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct HeapSample {
    /// Old objects, in ordinary chunks and in chunks of their own.
    ordinary: Contents,
    large: Contents,
    young: Contents,
    /// Arrays of references, of which all large ones are one each.
    arrays: Vec<Span>,
    /// Different numbers that are there as strings, of the indices that the table of internalized
    /// strings has not.
    numerals: Different,
    distinct: DistinctShare,
    /// Chunks of large objects.
    large_chunks: usize,
}

/// What V8 says of the heap of one isolate: bytes of objects, and of memory, with what is free.
#[derive(Clone, Copy, Debug)]
pub struct HeapSize {
    /// Objects that have survived.
    pub old_used: f64,
    /// Their memory.
    pub old_resident: f64,
    /// New objects.
    pub young_used: f64,
    /// Their memory.
    pub young_resident: f64,
    /// Those of both that are large, and have a chunk each.
    pub large_used: f64,
    /// Those of the old ones.
    pub old_large_used: f64,
    /// Their memory.
    pub old_large_resident: f64,
}

/// What is in the heap of one isolate.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct HeapContents {
    /// References, and those of them that are from arrays and tables.
    pub(super) pointers: f64,
    pub(super) items: f64,
    /// Objects.
    pub(super) objects: f64,
    /// Different texts of strings, and their bytes.
    pub(super) texts: f64,
    pub(super) text_bytes: f64,
    /// The same as V8 writes them.
    pub(super) written_bytes: f64,
    /// Pairs of tables of `WeakMap`s.
    pub(super) ephemerons: f64,
    /// Indices that V8 will spell out.
    pub(super) indices: f64,
    /// Native objects that belong to one of V8's.
    pub(super) natives: f64,
    /// Bytes of objects that a garbage collection may write to or move.
    pub(super) movable: f64,
}

impl HeapSample {
    /// Samples the memory of this process. `None` without `/proc`. Means nothing if `control` has
    /// stopped it meanwhile.
    pub(super) fn take(facts: V8Facts, control: &Control) -> Option<Self> {
        let memory = Memory::open()?;
        let V8Memory { old, young, read_only, native } = V8Memory::find(&memory)?;
        let mut sampler = Sampler::new(memory, read_only, native, facts, control);
        let (mut large, small): (Vec<_>, Vec<_>) = old.into_iter().partition(is_large);
        large.sort_by_key(|chunk| std::cmp::Reverse(chunk.len()));
        let (largest, others) = large.split_at(large.len().min(MAX_LARGE));
        let mut in_large = Contents::default();
        let mut arrays = Vec::with_capacity(large.len() + 1);
        for chunk in largest {
            let (found, array) = sampler.sample_large(chunk, SAMPLES_PER_LARGE);
            in_large.add(&found);
            arrays.extend(array);
        }
        let samples = MAX_SAMPLES - largest.len() * SAMPLES_PER_LARGE;
        let share_of_others = total(others) / (total(others) + total(&small)).max(1.0);
        let samples_of_others = (samples as f64 * share_of_others) as usize;
        let found = sampler.sample(others, samples_of_others);
        in_large.add(&found);
        arrays.extend(others.iter().map(|chunk| found.as_array(chunk.len(), total(others))));
        let ordinary = sampler.sample(&small, samples - samples_of_others);
        // The largest array in an ordinary chunk fills half of it at most.
        arrays.push(ordinary.as_array(CHUNK / 2, total(&small)));
        let large_young = young.iter().filter(|chunk| is_large(chunk)).count();
        let young = sampler.sample(&young, MAX_YOUNG_SAMPLES);
        let longest = arrays.iter().fold(0.0, |longest, span| f64::max(longest, span.slots.end));
        Some(Self {
            numerals: sampler.numerals.different(ordinary.internalized, longest),
            distinct: sampler.texts.distinct_share(),
            ordinary,
            large: in_large,
            young,
            arrays,
            large_chunks: large.len() + large_young,
        })
    }

    /// What belongs to one isolate. Other threads may have heaps of their own in the same memory, and
    /// memory that was freed holds about as much as what is in use; `room` is for how much more
    /// what is in use may hold. Internalized strings are kept while tables around them come and go,
    /// so of those all may be in use. Large objects are counted by themselves: chunks that V8 keeps for
    /// the next objects are ordinary ones, and would else stand for a large object beside them.
    pub(super) fn of(&self, isolate: HeapSize, room: f64) -> HeapContents {
        let HeapSize { young_used, young_resident, old_large_used, .. } = isolate;
        let mut used = isolate.ordinary_used();
        let mut resident = (isolate.old_resident - isolate.old_large_resident).max(0.0);
        let mut contents = Contents::default();
        if self.young.bytes > 0.0 {
            contents = self.young.scale((young_used / self.young.bytes).min(1.0));
        } else {
            // None was told from old ones.
            used += young_used;
            resident += young_resident;
        }
        let own = (resident / self.ordinary.bytes.max(1.0)).min(1.0);
        let in_use = own * (room * used / resident.max(1.0)).min(1.0);
        contents.add(&self.ordinary.scale(in_use));
        contents
            .add(&self.large.scale((room * old_large_used / self.large.bytes.max(1.0)).min(1.0)));
        let internalized = self.ordinary.internalized * own;
        let covered = indices::covered(&self.arrays, internalized, &self.numerals, in_use);
        let DistinctShare { strings, bytes_per_character, written_per_character } = self.distinct;
        HeapContents {
            pointers: contents.pointers + contents.oddballs + contents.holes,
            items: contents.items,
            objects: contents.objects,
            texts: contents.strings * strings,
            text_bytes: contents.characters * bytes_per_character,
            written_bytes: contents.characters * written_per_character,
            ephemerons: contents.ephemerons,
            // First those of the list of internalized strings, and last those of long arrays, when
            // V8 has the texts of the program's strings already and takes one that is the same.
            indices: internalized + covered.min((used + old_large_used) / 8.0),
            natives: contents.natives,
            movable: self.movable(isolate),
        }
    }

    /// A large object stays where it is. Its head is written to, and what it refers to others by: of
    /// numbers and texts nothing. So it is with a page of others that lies inside of numbers or of a text,
    /// but for those that are moved away. New objects are all moved.
    fn movable(&self, isolate: HeapSize) -> f64 {
        /// The head of the chunk, and that of the object.
        const HEAD_PAGES: u64 = 2;
        let heads = (self.large_chunks as u64 * HEAD_PAGES * page_size()) as f64;
        let referring = self.large.referring + self.young.large_referring;
        let large = isolate.large_used.min(referring + heads);
        let young_large = isolate.large_used - isolate.old_large_used;
        let young = (isolate.young_used - young_large).max(0.0);
        let used = isolate.ordinary_used();
        let written = self.ordinary.referring.min(used);
        large + young + written + isolate.evacuated().min(used - written)
    }
}

impl HeapSize {
    /// Old objects that share a chunk with others.
    fn ordinary_used(&self) -> f64 {
        (self.old_used - self.old_large_used).max(0.0)
    }

    /// What is moved at most of them, to empty chunks that are in use for little. V8 does that to
    /// chunks of which at least a fifth is free, and up to a limit in each collection, of which there
    /// are seven before a snapshot at most.
    fn evacuated(&self) -> f64 {
        const LEAST_FREE: f64 = 0.2;
        const MAX_BYTES: f64 = 7.0 * (12 << 20) as f64;
        let resident = self.old_resident - self.old_large_resident;
        let free = (resident - self.ordinary_used()).max(0.0);
        (free * (1.0 - LEAST_FREE) / LEAST_FREE).min(MAX_BYTES)
    }
}

impl HeapContents {
    /// Where memory cannot be read: as if every third word were a pointer, every second of them an
    /// object or string, and an eighth of the heap one array, and a quarter of the objects had a native
    /// one.
    pub(super) fn guess(isolate: HeapSize) -> Self {
        let HeapSize { old_used, old_resident, young_used, young_resident, .. } = isolate;
        let bytes = (old_resident + young_resident).max(old_used + young_used);
        let pointers = bytes / 24.0;
        Self {
            pointers,
            items: pointers / 4.0,
            objects: pointers / 4.0,
            texts: pointers / 4.0,
            text_bytes: bytes / 4.0,
            written_bytes: bytes / 4.0,
            ephemerons: 0.0,
            indices: bytes / 64.0,
            natives: pointers / 16.0,
            movable: old_used + young_used,
        }
    }
}

/// An ordinary chunk has many small objects, and one size, of which the first page may be missing. Any
/// other has one large object, from half of that size on.
fn is_large(chunk: &Range<usize>) -> bool {
    let page = page_size() as usize;
    chunk.len() >= CHUNK + page || chunk.len() + 2 * page < CHUNK
}

fn total(chunks: &[Range<usize>]) -> f64 {
    chunks.iter().map(Range::len).sum::<usize>() as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    fn flat() -> HeapSample {
        HeapSample {
            ordinary: Contents {
                bytes: 8e6,
                pointers: 1e6,
                internalized: 1e4,
                strings: 1e5,
                characters: 1e6,
                ..Contents::default()
            },
            large: Contents::default(),
            young: Contents { bytes: 2e6, pointers: 1e5, ..Contents::default() },
            arrays: vec![],
            numerals: Different::default(),
            distinct: DistinctShare::ALL,
            large_chunks: 0,
        }
    }

    const ISOLATE: HeapSize = HeapSize {
        old_used: 8e6,
        old_resident: 8e6,
        young_used: 1e6,
        young_resident: 2e6,
        large_used: 0.0,
        old_large_used: 0.0,
        old_large_resident: 0.0,
    };

    #[test]
    fn large_objects_without_references_stay_where_they_are() {
        let isolate = HeapSize { large_used: 5e6, old_large_used: 5e6, ..ISOLATE };
        let movable = |referring, large_chunks| {
            let large = Contents { referring, ..Contents::default() };
            HeapSample { large, large_chunks, ..flat() }.of(isolate, 1.0).movable
        };
        assert_eq!(movable(0.0, 0), 4e6);
        assert_eq!(movable(1e6, 0), 5e6);
        assert_eq!(movable(0.0, 10), 4e6 + (20 * page_size()) as f64);
        assert_eq!(movable(9e6, 10), 9e6, "those of other isolates do not count");
    }

    #[test]
    fn pages_inside_of_texts_and_numbers_stay_but_for_those_that_are_moved() {
        let movable = |referring, old_resident| {
            let ordinary = Contents { referring, ..flat().ordinary };
            let isolate = HeapSize { old_resident, ..ISOLATE };
            HeapSample { ordinary, ..flat() }.of(isolate, 1.0).movable
        };
        assert_eq!(movable(2e6, 8e6), 3e6, "with the new objects");
        assert_eq!(movable(2e6, 9e6), 7e6, "a chunk is moved if a fifth of it is free");
        assert_eq!(movable(2e6, 80e6), 9e6, "but nothing twice");
        assert_eq!(movable(9e6, 80e6), 9e6);
    }

    #[test]
    fn chunks_that_v8_keeps_stand_for_no_large_object() {
        // Of 8 MB of ordinary chunks this isolate uses 1, beside a large object of 7.
        let isolate = HeapSize {
            old_used: 8e6,
            old_large_used: 7e6,
            old_large_resident: 7e6,
            large_used: 7e6,
            ..ISOLATE
        };
        let large = Contents { bytes: 14e6, pointers: 2e3, ..Contents::default() };
        let contents = HeapSample { large, ..flat() }.of(isolate, 1.0);
        assert_eq!(contents.pointers, 1e6 / 8.0 + 1e3 + 5e4);
    }

    #[test]
    fn deleted_entries_of_maps_are_references() {
        let ordinary = Contents { holes: 7.0, ..flat().ordinary };
        let sample = HeapSample { ordinary, ..flat() };
        assert_eq!(sample.of(ISOLATE, 1.0).pointers, flat().of(ISOLATE, 1.0).pointers + 7.0);
        let array = sample.ordinary.as_array(80, 8e6);
        assert_eq!(array, Span { slots: 0.0..10.0, density: (1e6 + 7.0) / 1e6 });
    }

    #[test]
    fn chunks_of_one_object_are_told_by_their_length() {
        let page = page_size() as usize;
        let is_large = |length| is_large(&(CHUNK..CHUNK + length));
        for ordinary in [CHUNK, CHUNK - page, CHUNK - 2 * page] {
            assert!(!is_large(ordinary));
        }
        for large in [CHUNK / 2 + page, CHUNK - 3 * page, CHUNK + page, 9 * CHUNK] {
            assert!(is_large(large));
        }
    }

    #[test]
    fn other_isolates_and_free_memory_do_not_count() {
        let of = |sample: &HeapSample, isolate| sample.of(isolate, 1.0).pointers;
        assert_eq!(of(&flat(), ISOLATE), 1.05e6);
        let elsewhere = HeapSample { ordinary: flat().ordinary.scale(10.0), ..flat() };
        let mut doubled = elsewhere.clone();
        doubled.ordinary.pointers = 1e6;
        assert_eq!(of(&doubled, ISOLATE), 1e5 + 5e4);
        assert_eq!(of(&flat(), HeapSize { old_used: 4e6, ..ISOLATE }), 5e5 + 5e4);
        let unknown = HeapSample { young: Contents::default(), ..flat() };
        assert_eq!(of(&unknown, HeapSize { old_resident: 6e6, ..ISOLATE }), 1e6);
    }

    #[test]
    fn indices_are_those_of_arrays_beyond_what_is_spelled_out_anyway() {
        let indices = |sample: HeapSample| sample.of(ISOLATE, 1.0).indices;
        let array = vec![Span { slots: 0.0..1e5, density: 1.0 }];
        assert_eq!(indices(flat()), 1e4);
        assert_eq!(indices(HeapSample { arrays: array.clone(), ..flat() }), 1e5);
        let numerals = Different::of(&(20_000..50_000).map(f64::from).collect::<Vec<_>>());
        // A part that it ends in may have one number more than there is room for.
        let left = indices(HeapSample { arrays: array, numerals, ..flat() });
        assert!((left - 7e4).abs() < 10.0, "{left}");
        let table = vec![Span { slots: 0.0..1.1e5, density: 0.5 }];
        assert_eq!(indices(HeapSample { arrays: table, ..flat() }), 6e4);
    }

    #[test]
    fn equal_texts_count_once() {
        let distinct =
            DistinctShare { strings: 0.1, bytes_per_character: 0.2, written_per_character: 0.3 };
        let contents = HeapSample { distinct, ..flat() }.of(ISOLATE, 1.0);
        assert_eq!((contents.texts, contents.text_bytes), (1e4, 2e5));
        assert_eq!(contents.written_bytes, 3e5);
    }
}
