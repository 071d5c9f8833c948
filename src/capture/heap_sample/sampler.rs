//! Reads blocks of V8's memory and counts what is in them, word by word. Which array
//! a word lies in is found in [`array_search`](super::array_search), and what is known of one large object
//! beyond its blocks in [`large`](super::large).

use std::collections::HashMap;
use std::ops::Range;

use super::arrays::Array;
use super::contents::{Contents, Counts};
use super::facts::V8Facts;
use super::is_large;
use super::memory::{Memory, is_pointer};
use super::natives::NativeMemory;
use super::numerals::{Lots, Numerals};
use super::read_only::ReadOnly;
use super::rooms::{HEAD_OF_OBJECT, Rooms};
use super::strings::{StringMap, Texts};
use super::tables::Table;
use crate::control::Control;

/// What is read at once: a page or a part of one.
pub(super) const BLOCK: usize = 4096;
pub(super) const WORDS: usize = BLOCK / 8;
/// How many blocks are read between two looks whether to stop: well below a millisecond.
pub(super) const BLOCKS_PER_CHECKPOINT: usize = 64;
/// Of so many words one is followed, if it is a pointer. Prime, so that it falls on every field of
/// objects that lie side by side.
const FOLLOWED: usize = 61;
/// Strings that were put together keep their parts, and so the numerals among them. Of so many one
/// is looked at.
const TAKEN_APART: usize = 5;
/// Slots of a table that are searched for a key.
const MAX_KEYS: usize = 64;
/// So far in front of a word the head of its object is searched for.
const MAX_FIELDS: usize = 32;
/// Of so many strings the text of one is read.
const TEXTS_READ: usize = 5;

/// Reads blocks and counts what is in them.
pub(super) struct Sampler {
    pub(super) control: Control,
    pub(super) memory: Memory,
    read_only: Vec<Range<usize>>,
    native: NativeMemory,
    pub(super) facts: V8Facts,
    /// What is known of pointers into read-only memory, and of what may be a map.
    read_only_objects: HashMap<u64, Option<ReadOnly>>,
    maps: HashMap<u64, bool>,
    rooms: Rooms,
    /// Whether tables with this map have names as keys.
    named_tables: HashMap<u64, bool>,
    pub(super) numerals: Numerals,
    pub(super) lots: Lots,
    /// Whether those of the array that is looked at have been noted.
    pub(super) has_drawn: bool,
    pub(super) texts: Texts,
    words: usize,
    strings: usize,
    concatenated: usize,
    /// The last array whose head was seen.
    pub(super) array: Array,
    /// The next block to be read after the last one that held references.
    pub(super) filled_to: usize,
}

impl Sampler {
    /// A sampler that stops when `control` says so: what it finds is then too little.
    pub(super) fn new(
        memory: Memory,
        read_only: Vec<Range<usize>>,
        native: NativeMemory,
        facts: V8Facts,
        control: &Control,
    ) -> Self {
        Self {
            control: control.clone(),
            memory,
            read_only,
            native,
            facts,
            read_only_objects: HashMap::new(),
            maps: HashMap::new(),
            rooms: Rooms::default(),
            named_tables: HashMap::new(),
            numerals: Numerals::default(),
            lots: Lots::new(),
            has_drawn: false,
            texts: Texts::default(),
            words: 0,
            strings: 0,
            concatenated: 0,
            array: Array::default(),
            filled_to: 0,
        }
    }

    /// What is in `chunks`, from about `samples` blocks at even distances. A block that has gone
    /// meanwhile counts as empty.
    pub(super) fn sample(&mut self, chunks: &[Range<usize>], samples: usize) -> Contents {
        let mut block = [0_u64; WORDS];
        let mut counts = Counts::default();
        let blocks: usize = chunks.iter().map(|chunk| chunk.len() / BLOCK).sum();
        // Odd, so that it does not fall on the same places of all chunks: those are alike.
        let step = blocks.div_ceil(samples.max(1)) | 1;
        let (mut read, mut skip) = (0_usize, step / 2);
        for chunk in chunks {
            let count = chunk.len() / BLOCK;
            let mut at = skip;
            while at < count {
                if read % BLOCKS_PER_CHECKPOINT == 0 && self.control.checkpoint().is_err() {
                    return Contents::default();
                }
                read += 1;
                let address = chunk.start + at * BLOCK;
                if self.memory.read(address, &mut block) {
                    let known = counts.pointers;
                    self.find_array(&block, address, chunk);
                    self.count(&block, address, step as f64, &mut counts);
                    if counts.pointers > known {
                        counts.large_referring += usize::from(is_large(chunk));
                        self.filled_to = address + step * BLOCK;
                    }
                }
                at += step;
            }
            skip = at - count;
        }
        // Each that was read stands for so many.
        counts.scale(blocks as f64 / read.max(1) as f64)
    }

    /// `table`, which begins with `words`, but for ephemerons if its keys are names: there are tables
    /// for which only that tells.
    pub(super) fn without_names(&mut self, table: Table, words: &[u64]) -> Table {
        let is_key = |&&key: &&u64| is_pointer(key) && !self.is_read_only(key);
        let keys = words.iter().skip(Table::HEAD_WORDS).step_by(2);
        if let (1.., Some(&key)) = (table.ephemerons, keys.take(MAX_KEYS).find(is_key))
            && let Some([map, ..]) = self.memory.object(key)
        {
            let is_named = matches!(self.read_only_object(map), Some(ReadOnly::StringMap(_)));
            self.named_tables.insert(words[0], is_named);
        }
        let is_named = self.named_tables.get(&words[0]) == Some(&true);
        Table { ephemerons: if is_named { 0 } else { table.ephemerons }, ..table }
    }

    /// How many of so many words that stand for deleted entries V8 has edges to.
    pub(super) fn edges_to_holes(&self, holes: u64) -> u64 {
        if self.facts.deleted_entries_have_edges { holes } else { 0 }
    }

    pub(super) fn is_read_only(&self, word: u64) -> bool {
        is_pointer(word) && self.read_only.iter().any(|range| range.contains(&(word as usize)))
    }

    /// Counts what is in `block`, which was read at `address` and stands for `weight` of them.
    pub(super) fn count(
        &mut self,
        block: &[u64; WORDS],
        address: usize,
        weight: f64,
        counts: &mut Counts,
    ) {
        counts.used += usize::from(block.iter().any(|&word| word != 0));
        counts.unused += self.array.unused_in(address..address + BLOCK);
        let mut is_referring = false;
        for at in 0..WORDS {
            self.words += 1;
            let (word, place) = (block[at], address + at * 8);
            if self.array.has_number(place) {
                continue;
            }
            if !is_pointer(word) {
                counts.natives += usize::from(self.native.is_object(block, at));
                continue;
            }
            is_referring = true;
            if self.facts.is_hole(word) {
                continue;
            }
            let is_read_only = self.is_read_only(word);
            let known = if is_read_only { self.read_only_object(word) } else { None };
            let is_oddball = matches!(known, Some(ReadOnly::Oddball));
            if is_read_only && is_repeated(block, at) {
                counts.oddballs += usize::from(is_oddball && !self.is_in_room(block, at));
                continue;
            }
            if let Some(ReadOnly::Hole) = known {
                continue;
            }
            // To oddballs there is only the edge of the object, and no index of an array.
            if is_oddball {
                counts.oddballs += 1;
                continue;
            }
            counts.pointers += 1;
            counts.items += usize::from(self.array.has_item(place));
            if let Some(ReadOnly::StringMap(map)) = known {
                self.count_string(map, &block[at..], place, weight, counts);
            } else if let Some(ReadOnly::Map) = known {
                self.count_array(&block[at..], place, counts);
            }
            if self.words.is_multiple_of(FOLLOWED) {
                counts.followed += 1;
                counts.to_maps += usize::from(self.leads_to_map(word, weight));
            }
        }
        counts.referring += usize::from(is_referring);
    }

    /// Whether the word at `at` is in what an object has room for beyond its properties: V8 fills that with
    /// `undefined`. The map of the object tells, which is found by the empty elements two words behind it.
    fn is_in_room(&mut self, block: &[u64; WORDS], at: usize) -> bool {
        let heads = at.saturating_sub(MAX_FIELDS)..(at + 1).saturating_sub(HEAD_OF_OBJECT);
        for head in heads.rev() {
            let elements = block[head + HEAD_OF_OBJECT - 1];
            let is_empty = self.is_read_only(elements)
                && matches!(self.read_only_object(elements), Some(ReadOnly::Empty));
            if is_empty {
                return self.rooms.of(block[head], &self.memory).contains(&(at - head));
            }
        }
        false
    }

    /// A string at `address` that begins with `words`, and goes on behind them.
    fn count_string(
        &mut self,
        map: StringMap,
        words: &[u64],
        address: usize,
        weight: f64,
        counts: &mut Counts,
    ) {
        counts.strings += 1;
        counts.internalized += usize::from(map.internalized);
        counts.characters +=
            words.get(1).map_or(0, |&second| map.copied_characters(second) as usize);
        self.strings += 1;
        if self.strings.is_multiple_of(TEXTS_READ) {
            self.texts.see(map, address, &self.memory, weight * TEXTS_READ as f64);
        }
        self.concatenated += usize::from(map.concatenated);
        // The second part.
        if map.concatenated
            && self.concatenated.is_multiple_of(TAKEN_APART)
            && let Some(&second) = words.get(3)
            && let Some(words) = self.memory.object(second)
        {
            self.see_numeral(words, weight * TAKEN_APART as f64);
        }
    }

    /// Whether `pointer`, from a block of so many, leads to a map. If it leads to a numeral, that is
    /// noted.
    fn leads_to_map(&mut self, pointer: u64, weight: f64) -> bool {
        let Some(words) = self.memory.object(pointer) else { return false };
        let memory = &self.memory;
        let is_own_map = |map| memory.map_of(map) == Some(map);
        let is_map = *self.maps.entry(words[0]).or_insert_with(|| is_own_map(words[0]));
        if !is_map && !self.has_drawn {
            self.see_numeral(words, weight * FOLLOWED as f64);
        }
        is_map
    }

    /// Notes the object that begins with `words`, if it is a numeral. A reference to it was one of
    /// `weight`.
    pub(super) fn see_numeral(&mut self, words: [u64; 3], weight: f64) -> bool {
        self.is_read_only(words[0])
            && matches!(self.read_only_object(words[0]), Some(ReadOnly::StringMap(map))
                if self.numerals.see(map, words, weight))
    }

    pub(super) fn read_only_object(&mut self, pointer: u64) -> Option<ReadOnly> {
        // V8 14's cannot be told by what is there, and would end the items of the array that it is in.
        if self.facts.is_hole(pointer) {
            return Some(ReadOnly::Hole);
        }
        let memory = &self.memory;
        *self.read_only_objects.entry(pointer).or_insert_with(|| ReadOnly::at(pointer, memory))
    }
}

/// Two equal pointers side by side into read-only memory are no references of objects: they are
/// what empty slots of tables and objects without elements hold, or items of an array.
fn is_repeated(block: &[u64; WORDS], at: usize) -> bool {
    let same = |other: Option<&u64>| other == Some(&block[at]);
    same(block.get(at.wrapping_sub(1))) || same(block.get(at + 1))
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::capture::heap_sample::memory::CHUNK;

    /// One that knows these objects in read-only memory.
    pub(in super::super) fn sampler(facts: V8Facts, known: &[(u64, ReadOnly)]) -> Sampler {
        let read_only = std::iter::once(0x1000_0000..0x1004_0000).collect();
        let (memory, native) = (Memory::open().unwrap(), NativeMemory::default());
        let mut sampler = Sampler::new(memory, read_only, native, facts, &Control::default());
        let known = known.iter().map(|&(pointer, object)| (pointer, Some(object)));
        sampler.read_only_objects.extend(known);
        sampler
    }

    fn count(sampler: &mut Sampler, block: &[u64; WORDS]) -> Counts {
        let mut counts = Counts::default();
        sampler.count(block, 0, 1.0, &mut counts);
        counts
    }

    #[test]
    fn what_fills_empty_slots_is_no_reference() {
        let mut block = [0; WORDS];
        let words = [0x1000_0011, 0x1000_0011, 0x2000_0011, 0x2000_0011, 0x1000_0021, 7 << 32];
        block[..words.len()].copy_from_slice(&words);
        block[WORDS - 1] = 0x1000_0011;
        let mut sampler = sampler(V8Facts::default(), &[]);
        assert_eq!(count(&mut sampler, &block).pointers, 4);
        sampler.read_only = vec![];
        assert_eq!(count(&mut sampler, &block).pointers, 6);
    }

    #[test]
    fn nothing_in_an_array_of_doubles_is_a_reference() {
        let (map, doubles) = (0x1000_0011, 0x1000_0021);
        // Numbers so small look like references, and so may the first word behind the array.
        let mut words = vec![0x2095_c54c_0011_u64; 2 * WORDS];
        words[10] = doubles;
        words[11] = 1000 << 32;
        let start = words.as_ptr() as usize;
        let referring = |double_array_map| {
            let facts = V8Facts { double_array_map, ..V8Facts::default() };
            let mut sampler = sampler(facts, &[map, doubles].map(|map| (map, ReadOnly::Map)));
            let mut counts = Counts::default();
            for at in 0..2 {
                let block = words[at * WORDS..][..WORDS].try_into().unwrap();
                let address = start + at * BLOCK;
                sampler.find_array(block, address, &(start..start + CHUNK));
                sampler.count(block, address, 1.0, &mut counts);
            }
            counts.pointers
        };
        assert_eq!(referring(None), 2 * WORDS - 1);
        assert_eq!(referring(Some(doubles)), 11 + 2 * WORDS - 1012);
    }

    #[test]
    fn what_objects_have_room_for_is_no_reference() {
        let (undefined, empty, map) = (0x1000_0031, 0x1000_0041, 0x2000_0011);
        let mut block = [0; WORDS];
        // Two objects of one property that have room for three more.
        let object = [map, empty, empty, undefined, undefined, undefined, undefined];
        block[8..15].copy_from_slice(&object);
        block[15..22].copy_from_slice(&object);
        let oddballs = |room| {
            let known = [(undefined, ReadOnly::Oddball), (empty, ReadOnly::Empty)];
            let mut sampler = sampler(V8Facts::default(), &known);
            sampler.rooms.note(map, room);
            count(&mut sampler, &block).oddballs
        };
        assert_eq!(oddballs(0..0), 8);
        assert_eq!(oddballs(4..7), 2);
    }

    #[test]
    fn oddballs_and_holes_are_counted_apart() {
        let (undefined, table) = (0x1000_0031, 0x1000_0041);
        let mut block = [0; WORDS];
        // A Map of two buckets with three deleted entries.
        let head = [table, (3 + 7 * 2) << 32, 1 << 32, 3 << 32, 2 << 32];
        block[..head.len()].copy_from_slice(&head);
        block[100] = undefined;
        let counts = |deleted_entries_have_edges| {
            let facts = V8Facts { deleted_entries_have_edges, ..V8Facts::default() };
            let known = [(undefined, ReadOnly::Oddball), (table, ReadOnly::Map)];
            let counts = count(&mut sampler(facts, &known), &block);
            [counts.pointers, counts.oddballs, counts.holes]
        };
        assert_eq!(counts(false), [1, 1, 0]);
        assert_eq!(counts(true), [1, 1, 6]);
    }

    #[test]
    fn what_deleted_entries_of_a_set_hold_is_no_reference() {
        let deleted = 0x1000_0051;
        let mut block = [0; WORDS];
        // Between two of them there is the chain of the bucket.
        (0..10).for_each(|entry| block[20 + 2 * entry] = deleted);
        let pointers = |deleted| {
            let facts = V8Facts { deleted, ..V8Facts::default() };
            count(&mut sampler(facts, &[]), &block).pointers
        };
        assert_eq!((pointers(None), pointers(Some(deleted))), (10, 0));
    }
}
