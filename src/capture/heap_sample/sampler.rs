//! Reads blocks of V8's memory and counts what is in them.

use std::collections::HashMap;
use std::ops::Range;

use super::arrays::{Array, MAX_BYTES};
use super::contents::{Contents, Counts};
use super::indices::Span;
use super::memory::{Memory, is_pointer};
use super::natives::NativeMemory;
use super::numerals::{Lots, Numerals};
use super::strings::{StringMap, Texts};
use super::tables::Table;
use super::{is_large, is_of_one_object};
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
/// Of so many strings the text of one is read.
const TEXTS_READ: usize = 5;

/// Reads blocks and counts what is in them.
pub(super) struct Sampler {
    control: Control,
    memory: Memory,
    read_only: Vec<Range<usize>>,
    native: NativeMemory,
    /// What is known of pointers into read-only memory, and of what may be a map.
    read_only_objects: HashMap<u64, Option<ReadOnly>>,
    maps: HashMap<u64, bool>,
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

/// What is in read-only memory and matters here.
#[derive(Clone, Copy)]
enum ReadOnly {
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

impl Sampler {
    /// A sampler that stops when `control` says so: what it finds is then too little.
    pub(super) fn new(
        memory: Memory,
        read_only: Vec<Range<usize>>,
        native: NativeMemory,
        control: &Control,
    ) -> Self {
        Self {
            control: control.clone(),
            memory,
            read_only,
            native,
            read_only_objects: HashMap::new(),
            maps: HashMap::new(),
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
        let density = contents.pointers / (slots.end - slots.start).max(1.0);
        let Table { unused, ephemerons, .. } = table.unwrap_or_default();
        let contents = Contents {
            oddballs: (contents.oddballs - unused as f64).max(0.0),
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
        if is_of_one_object(chunk) {
            self.array = Array::of_chunk(chunk);
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

    /// Whether a word is no item of an array of values, but belongs to the head of some object.
    fn ends_items(&mut self, word: u64) -> bool {
        let known = if self.is_read_only(word) { self.read_only_object(word) } else { None };
        matches!(known, Some(ReadOnly::StringMap(_) | ReadOnly::Map | ReadOnly::Empty))
    }

    /// The array at `address`, if one begins there with `words`.
    fn array_at(&mut self, address: usize, words: &[u64]) -> Option<Array> {
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
        for at in 0..WORDS {
            self.words += 1;
            let word = block[at];
            if !is_pointer(word) {
                counts.natives += usize::from(self.native.is_object(block, at));
                continue;
            }
            let is_read_only = self.is_read_only(word);
            let known = if is_read_only { self.read_only_object(word) } else { None };
            let is_oddball = matches!(known, Some(ReadOnly::Oddball));
            if is_read_only && is_repeated(block, at) {
                counts.oddballs += usize::from(is_oddball);
                continue;
            }
            if let Some(ReadOnly::Hole) = known {
                continue;
            }
            counts.pointers += 1;
            // To oddballs there is only the edge of the object.
            let place = address + at * 8;
            counts.items += usize::from(!is_oddball && self.array.has_item(place));
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
    }

    /// An array at `address` that begins with `words` and goes on behind them, if it is one.
    fn count_array(&mut self, words: &[u64], address: usize, counts: &mut Counts) {
        if let Some(table) = Table::at(words) {
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

impl ReadOnly {
    fn at(pointer: u64, memory: &Memory) -> Option<Self> {
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
        let count =
            |read_only| {
                let mut counts = Counts::default();
                let memory = Memory::open().unwrap();
                Sampler::new(memory, read_only, NativeMemory::default(), &Control::default())
                    .count(&block, 0, 1.0, &mut counts);
                counts.pointers
            };
        assert_eq!(count(vec![]), 6);
        assert_eq!(count(std::iter::once(0x1000_0000..0x1004_0000).collect()), 4);
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
