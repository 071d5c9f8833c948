//! Reads blocks of V8's memory and counts what is in them.

use std::collections::HashMap;
use std::ops::Range;

use super::arrays::{Array, MAX_BYTES};
use super::contents::{Contents, Counts};
use super::facts::V8Facts;
use super::indices::Span;
use super::is_large;
use super::memory::{Memory, is_pointer};
use super::natives::NativeMemory;
use super::numerals::{Lots, Numerals};
use super::read_only::ReadOnly;
use super::strings::{StringMap, Texts};
use super::tables::Table;
use crate::control::Control;

/// What is read at once: a page or a part of one.
pub(super) const BLOCK: usize = 4096;
const WORDS: usize = BLOCK / 8;
/// How many blocks are read between two looks whether to stop: well below a millisecond.
const BLOCKS_PER_CHECKPOINT: usize = 64;
/// The head of a large object lies in the first so many blocks of its chunk.
const HEAD_BLOCKS: usize = 3;
/// Of so many words one is followed, if it is a pointer. Prime, so that it falls on every field of
/// objects that lie side by side.
const FOLLOWED: usize = 61;
/// After so many slots of an array without a numeral no more are looked at for one.
const PROBED: usize = 64;
/// Strings that were put together keep their parts, and so the numerals among them. Of so many one
/// is looked at.
const TAKEN_APART: usize = 5;
/// Slots of a table that are searched for a key.
const MAX_KEYS: usize = 64;
/// In front of the fields of an object: map, properties, elements.
const HEAD_OF_OBJECT: usize = 3;
/// So far in front of a word the head of its object is searched for.
const MAX_FIELDS: usize = 32;
/// Of so many strings the text of one is read.
const TEXTS_READ: usize = 5;

/// Reads blocks and counts what is in them.
pub(super) struct Sampler {
    control: Control,
    memory: Memory,
    read_only: Vec<Range<usize>>,
    native: NativeMemory,
    facts: V8Facts,
    /// What is known of pointers into read-only memory, and of what may be a map.
    read_only_objects: HashMap<u64, Option<ReadOnly>>,
    maps: HashMap<u64, bool>,
    /// The room in objects with this map.
    rooms: HashMap<u64, Range<usize>>,
    /// Whether tables with this map have names as keys.
    named_tables: HashMap<u64, bool>,
    pub(super) numerals: Numerals,
    lots: Lots,
    /// Whether those of the array that is looked at have been noted.
    has_drawn: bool,
    pub(super) texts: Texts,
    words: usize,
    strings: usize,
    concatenated: usize,
    /// The last array whose head was seen.
    array: Array,
    /// The next block to be read after the last one that held references.
    filled_to: usize,
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
            rooms: HashMap::new(),
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

    /// The same for the chunk of one large object, whose head is read in any case; and where its
    /// references are.
    pub(super) fn sample_large(
        &mut self,
        chunk: &Range<usize>,
        samples: usize,
    ) -> (Contents, Option<Span>) {
        self.filled_to = chunk.start;
        self.has_drawn = self.draw_numerals(chunk);
        let contents = self.sample(std::slice::from_ref(chunk), samples);
        self.has_drawn = false;
        let table = self.head_of(chunk);
        if table.as_ref().is_some_and(|table| table.is_cache) {
            return (Contents { bytes: contents.bytes, ..Contents::default() }, None);
        }
        let slots = match &table {
            Some(table) => table.slots.start as f64..table.slots.end as f64,
            None => 0.0..self.filled_to.saturating_sub(chunk.start).min(chunk.len()) as f64 / 8.0,
        };
        let Table { unused, ephemerons, holes, .. } = table.unwrap_or_default();
        let holes = self.edges_to_holes(holes) as f64;
        let density = (contents.pointers + holes) / (slots.end - slots.start).max(1.0);
        let contents = Contents {
            oddballs: (contents.oddballs - unused as f64).max(0.0),
            holes,
            ephemerons: ephemerons as f64,
            items: contents.pointers,
            ..contents
        };
        (contents, Some(Span { slots, density }))
    }

    /// Notes numerals that the array in `chunk` leads to. False if there seem to be none.
    fn draw_numerals(&mut self, chunk: &Range<usize>) -> bool {
        let slots = chunk.len() / 8;
        let drawn = self.lots.draw(slots);
        let weight = slots as f64 / drawn.len().max(1) as f64;
        let (mut word, mut has_any) = ([0], false);
        for (number, slot) in drawn.iter().enumerate() {
            let is_over = number == PROBED && !has_any;
            let checks = number.is_multiple_of(BLOCKS_PER_CHECKPOINT);
            if is_over || checks && self.control.checkpoint().is_err() {
                return false;
            }
            if self.memory.read(chunk.start + slot * 8, &mut word)
                && is_pointer(word[0])
                && let Some(words) = self.memory.object(word[0])
            {
                has_any |= self.see_numeral(words, weight);
            }
        }
        self.lots.use_up(drawn.len());
        has_any
    }

    /// The table that fills `chunk`, if it is one.
    fn head_of(&mut self, chunk: &Range<usize>) -> Option<Table> {
        let mut words = [0; HEAD_BLOCKS * WORDS];
        if !self.memory.read(chunk.start, &mut words) {
            return None;
        }
        (0..words.len())
            .filter(|&at| self.is_read_only(words[at]))
            .find_map(|at| Some((Table::at(&words[at..])?, at)))
            .map(|(table, at)| self.without_names(table, &words[at..]))
    }

    /// `table`, which begins with `words`, but for ephemerons if its keys are names: there are tables
    /// for which only that tells.
    fn without_names(&mut self, table: Table, words: &[u64]) -> Table {
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

    /// Looks for the array that begins in front of `block`, if that begins inside of one.
    fn find_array(&mut self, block: &[u64; WORDS], address: usize, chunk: &Range<usize>) {
        if is_large(chunk) {
            if !self.array.is_all_of(chunk) {
                self.array = Array::of_chunk(chunk, self.is_of_numbers(chunk));
            }
            return;
        }
        // That of the last block may go on here.
        if (address + 1..=chunk.end).contains(&self.array.end()) {
            return;
        }
        self.array = Array::default();
        let first = block.iter().find(|&&word| is_pointer(word));
        if first.is_none_or(|&word| self.ends_items(word)) {
            return;
        }
        let start = chunk.start.max(address.saturating_sub(MAX_BYTES));
        let mut before = [0; WORDS];
        for piece in (start..address).step_by(BLOCK).rev() {
            if !self.memory.read(piece, &mut before) {
                return;
            }
            if let Some(at) = before.iter().rposition(|&word| self.ends_items(word)) {
                let array = self.array_at(piece + at * 8, &before[at..]);
                self.array = array.filter(|array| array.end() > address).unwrap_or_default();
                return;
            }
        }
    }

    /// Whether the object that fills `chunk` is an array of doubles: its map is the first word there that
    /// leads into read-only memory.
    fn is_of_numbers(&mut self, chunk: &Range<usize>) -> bool {
        let mut words = [0; HEAD_BLOCKS * WORDS];
        self.facts.double_array_map.is_some()
            && self.memory.read(chunk.start, &mut words)
            && words.into_iter().find(|&word| self.is_read_only(word))
                == self.facts.double_array_map
    }

    /// How many of so many words that stand for deleted entries V8 has edges to.
    fn edges_to_holes(&self, holes: u64) -> u64 {
        if self.facts.deleted_entries_have_edges { holes } else { 0 }
    }

    /// Whether a word is no item of an array of values, but belongs to the head of some object.
    fn ends_items(&mut self, word: u64) -> bool {
        let known = if self.is_read_only(word) { self.read_only_object(word) } else { None };
        matches!(known, Some(ReadOnly::StringMap(_) | ReadOnly::Map | ReadOnly::Empty))
    }

    /// The array at `address`, if one begins there with `words`.
    fn array_at(&mut self, address: usize, words: &[u64]) -> Option<Array> {
        if self.facts.double_array_map == Some(words[0]) {
            return Array::of_numbers(address, words);
        }
        let is_map = matches!(self.read_only_object(words[0]), Some(ReadOnly::Map));
        if is_map { Array::at(address, words) } else { None }
    }

    fn is_read_only(&self, word: u64) -> bool {
        is_pointer(word) && self.read_only.iter().any(|range| range.contains(&(word as usize)))
    }

    /// Counts what is in `block`, which was read at `address` and stands for `weight` of them.
    fn count(&mut self, block: &[u64; WORDS], address: usize, weight: f64, counts: &mut Counts) {
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
            if self.facts.hole == Some(word) {
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
                let (map, memory) = (block[head], &self.memory);
                let room = self.rooms.entry(map).or_insert_with(|| room_in_objects(map, memory));
                return room.contains(&(at - head));
            }
        }
        false
    }

    /// An array at `address` that begins with `words` and goes on behind them, if it is one.
    fn count_array(&mut self, words: &[u64], address: usize, counts: &mut Counts) {
        if let Some(table) = Table::at(words) {
            counts.holes += self.edges_to_holes(table.holes) as usize;
            counts.ephemerons += self.without_names(table, words).ephemerons as usize;
        }
        // A chunk of one object is one array from its beginning on.
        if !self.array.is_whole()
            && let Some(array) = self.array_at(address, words)
        {
            counts.unused += array.unused_in(address..address + size_of_val(words));
            self.array = array;
        }
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
    fn see_numeral(&mut self, words: [u64; 3], weight: f64) -> bool {
        self.is_read_only(words[0])
            && matches!(self.read_only_object(words[0]), Some(ReadOnly::StringMap(map))
                if self.numerals.see(map, words, weight))
    }

    fn read_only_object(&mut self, pointer: u64) -> Option<ReadOnly> {
        let memory = &self.memory;
        *self.read_only_objects.entry(pointer).or_insert_with(|| ReadOnly::at(pointer, memory))
    }
}

/// Which words of an object with this map are room for properties that it does not have yet.
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

/// Two equal pointers side by side into read-only memory are no references of objects: they are
/// what empty slots of tables and objects without elements hold, or items of an array.
fn is_repeated(block: &[u64; WORDS], at: usize) -> bool {
    let same = |other: Option<&u64>| other == Some(&block[at]);
    same(block.get(at.wrapping_sub(1))) || same(block.get(at + 1))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::capture::heap_sample::memory::CHUNK;

    #[test]
    fn what_fills_empty_slots_is_no_reference() {
        let mut block = [0; WORDS];
        let words = [0x1000_0011, 0x1000_0011, 0x2000_0011, 0x2000_0011, 0x1000_0021, 7 << 32];
        block[..words.len()].copy_from_slice(&words);
        block[WORDS - 1] = 0x1000_0011;
        let count = |read_only| {
            let mut counts = Counts::default();
            let memory = Memory::open().unwrap();
            Sampler::new(
                memory,
                read_only,
                NativeMemory::default(),
                V8Facts::default(),
                &Control::default(),
            )
            .count(&block, 0, 1.0, &mut counts);
            counts.pointers
        };
        assert_eq!(count(vec![]), 6);
        assert_eq!(count(std::iter::once(0x1000_0000..0x1004_0000).collect()), 4);
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
            let read_only = std::iter::once(0x1000_0000..0x1004_0000).collect();
            let memory = Memory::open().unwrap();
            let native = NativeMemory::default();
            let mut sampler = Sampler::new(memory, read_only, native, facts, &Control::default());
            sampler.read_only_objects.insert(map, Some(ReadOnly::Map));
            sampler.read_only_objects.insert(doubles, Some(ReadOnly::Map));
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
    fn a_chunk_of_doubles_is_told_by_its_map() {
        let doubles = 0x1000_0021;
        let mut words = vec![0x2095_c54c_0011_u64; 8 * WORDS];
        words[7] = doubles;
        let start = words.as_ptr() as usize;
        let chunk = start..start + words.len() * 8;
        let contents = |double_array_map| {
            let facts = V8Facts { double_array_map, ..V8Facts::default() };
            let read_only = std::iter::once(0x1000_0000..0x1004_0000).collect();
            let (memory, native) = (Memory::open().unwrap(), NativeMemory::default());
            Sampler::new(memory, read_only, native, facts, &Control::default())
                .sample_large(&chunk, 8)
                .0
        };
        assert!(contents(None).pointers > 4000.0);
        assert_eq!(contents(Some(0x1000_0031)).pointers, contents(None).pointers);
        let found = contents(Some(doubles));
        assert_eq!((found.pointers, found.large_referring), (0.0, 0.0));
        assert!(found.bytes > 30e3);
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
            let read_only = std::iter::once(0x1000_0000..0x1004_0000).collect();
            let (memory, native) = (Memory::open().unwrap(), NativeMemory::default());
            let facts = V8Facts::default();
            let mut sampler = Sampler::new(memory, read_only, native, facts, &Control::default());
            sampler.read_only_objects.insert(undefined, Some(ReadOnly::Oddball));
            sampler.read_only_objects.insert(empty, Some(ReadOnly::Empty));
            sampler.rooms.insert(map, room);
            let mut counts = Counts::default();
            sampler.count(&block, 0, 1.0, &mut counts);
            counts.oddballs
        };
        assert_eq!(oddballs(0..0), 8);
        assert_eq!(oddballs(4..7), 2);
    }

    #[test]
    fn maps_tell_the_room_in_objects() {
        let room = |size, used| room_of(u64::from_le_bytes([size, 3, used, 9, 9, 9, 9, 9]));
        assert_eq!(room(7, 4), 4..7);
        assert!(room(7, 7).is_empty());
        assert!(room(7, 2).is_empty(), "all of it is in use");
        assert!(room_in_objects(7 << 32, &Memory::open().unwrap()).is_empty(), "no map");
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
            let read_only = std::iter::once(0x1000_0000..0x1004_0000).collect();
            let (memory, native) = (Memory::open().unwrap(), NativeMemory::default());
            let mut sampler = Sampler::new(memory, read_only, native, facts, &Control::default());
            sampler.read_only_objects.insert(undefined, Some(ReadOnly::Oddball));
            sampler.read_only_objects.insert(table, Some(ReadOnly::Map));
            let mut counts = Counts::default();
            sampler.count(&block, 0, 1.0, &mut counts);
            [counts.pointers, counts.oddballs, counts.holes]
        };
        assert_eq!(counts(false), [1, 1, 0]);
        assert_eq!(counts(true), [1, 1, 6]);
    }

    #[test]
    fn the_array_in_front_of_a_block_goes_on_in_it() {
        let map = 0x1000_0011;
        let mut words = vec![0x2095_c54c_0011_u64; 3 * WORDS];
        words[100] = map;
        words[101] = 1000 << 32;
        let start = words.as_ptr() as usize;
        let chunk = start..start + CHUNK;
        let read_only = std::iter::once(0x1000_0000..0x1004_0000).collect();
        let mut sampler = Sampler::new(
            Memory::open().unwrap(),
            read_only,
            NativeMemory::default(),
            V8Facts::default(),
            &Control::default(),
        );
        sampler.read_only_objects.insert(map, Some(ReadOnly::Map));
        let mut items = |at: usize| {
            let block = words[at * WORDS..][..WORDS].try_into().unwrap();
            let (address, mut counts) = (start + at * BLOCK, Counts::default());
            sampler.array = Array::default();
            sampler.find_array(block, address, &chunk);
            sampler.count(block, address, 1.0, &mut counts);
            counts.items
        };
        assert_eq!([items(0), items(1), items(2)], [WORDS - 102, WORDS, 102 + 1000 - 2 * WORDS]);
    }
}
