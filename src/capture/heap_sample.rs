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
//! * A large object has a mapping of its own. The one with the most pointers is the *longest* array.
//!
//! Memory that V8 has freed still holds what was there. [`HeapSample::of`] takes that out by
//! share.
//!
//! At most [`MAX_SAMPLES`] blocks are read: some milliseconds.

use std::collections::HashMap;
use std::fs::File;
use std::io::Read;
use std::ops::Range;
use std::os::unix::fs::FileExt;

use super::memory::page_size;

/// Blocks that are read at most.
const MAX_SAMPLES: usize = 2048;
/// Blocks that are read of one large mapping.
const SAMPLES_PER_LARGE: usize = 24;
/// Only so many large mappings are looked at by themselves, largest first.
const MAX_LARGE: usize = 32;
/// What is read at once: a page or a part of one.
const BLOCK: usize = 4096;
const WORDS: usize = BLOCK / 8;
/// Of so many words one is followed, if it is a pointer. Prime, so that it falls on every field of
/// objects that lie side by side.
const FOLLOWED: usize = 61;
/// Strings that were put together keep their parts, and so the numerals among them. Of so many one
/// is looked at.
const TAKEN_APART: usize = 5;

/// V8 asks for chunks at addresses of its own choice, aligned to this and below 2^46; the C
/// library's lie higher, or are not aligned.
const CHUNK: usize = 256 << 10;
const V8_END: usize = 1 << 46;

/// V8 copies at most so much of a string into a snapshot.
const MAX_STRING_BYTES: u32 = 1024;
/// The longest numeral that can be an index.
const MAX_NUMERAL_BYTES: u32 = 7;

/// How much there is of each, in all of V8's memory.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct HeapSample {
    /// Bytes that have ever been used.
    pub(super) bytes: f64,
    /// References.
    pub(super) pointers: f64,
    /// Objects.
    pub(super) objects: f64,
    /// Strings, and what a snapshot holds of their text, in bytes.
    pub(super) strings: f64,
    pub(super) string_bytes: f64,
    /// Strings in V8's table of them.
    pub(super) internalized: f64,
    /// Pointers in the array that has most.
    pub(super) longest: f64,
    /// Different numbers that are there as strings: of the indices that the longest array has and the
    /// table of internalized strings has not.
    pub(super) numerals: f64,
}

/// What V8 says of the heap of one isolate.
#[derive(Clone, Copy, Debug)]
pub struct HeapSize {
    /// Bytes of objects.
    pub used_bytes: f64,
    /// Bytes of memory, with what is free.
    pub resident_bytes: f64,
}

impl HeapSample {
    /// Samples the memory of this process. `None` without `/proc`.
    pub(super) fn take() -> Option<Self> {
        let memory = File::open("/proc/self/mem").ok()?;
        let V8Memory { heap: mut mappings, read_only } = V8Memory::find()?;
        mappings.sort_by_key(|mapping| std::cmp::Reverse(mapping.len()));
        let mut sampler = Sampler::new(memory, read_only);
        let mut sample = Self::default();
        let large = mappings.iter().take(MAX_LARGE).take_while(|one| is_large(one)).count();
        for mapping in &mappings[..large] {
            let found = sampler.sample(std::slice::from_ref(mapping), SAMPLES_PER_LARGE);
            sample.add(&found);
            // Chunks that happen to lie side by side are one mapping of a multiple of their size.
            // That of a large object is as long as the object with its header.
            if mapping.len() % CHUNK != 0 {
                sample.longest = sample.longest.max(found.pointers);
            }
        }
        let rest = &mappings[large..];
        let found = sampler.sample(rest, MAX_SAMPLES - large * SAMPLES_PER_LARGE);
        sample.add(&found);
        // The largest array among them fills half a chunk at most: larger ones have their own
        // mapping.
        let rest_bytes: usize = rest.iter().map(Range::len).sum();
        let density = found.pointers / rest_bytes.max(1) as f64;
        sample.longest = sample.longest.max(density * (CHUNK / 2) as f64);
        sample.objects = sample.pointers * sampler.share_of_maps();
        sample.numerals = sampler.numerals.different(sample.internalized, sample.longest);
        Some(sample)
    }

    /// Where memory cannot be read: as if every third word were a pointer, every second of them an
    /// object or string, and an eighth of the heap one array.
    pub(super) fn guess(isolate: HeapSize) -> Self {
        let bytes = isolate.resident_bytes.max(isolate.used_bytes);
        let pointers = bytes / 24.0;
        Self {
            bytes,
            pointers,
            objects: pointers / 4.0,
            strings: pointers / 4.0,
            string_bytes: bytes / 4.0,
            longest: bytes / 64.0,
            ..Self::default()
        }
    }

    /// What belongs to one isolate. Other threads may have heaps of their own in the same memory, and
    /// memory that was freed holds about as much as what is in use; `room` is for how much more
    /// what is in use may hold. Internalized strings are kept while tables around them come and go,
    /// so of those all may be in use.
    pub(super) fn of(&self, isolate: HeapSize, room: f64) -> Self {
        let own = (isolate.resident_bytes / self.bytes.max(1.0)).min(1.0);
        let in_use = own * (room * isolate.used_bytes / isolate.resident_bytes.max(1.0)).min(1.0);
        Self {
            bytes: self.bytes * in_use,
            pointers: self.pointers * in_use,
            objects: self.objects * in_use,
            strings: self.strings * in_use,
            string_bytes: self.string_bytes * in_use,
            internalized: self.internalized * own,
            longest: self.longest.min(isolate.used_bytes / 8.0),
            numerals: self.numerals * in_use,
        }
    }

    /// The indices that V8 will spell out. First those of the list of internalized strings, and last
    /// those of long arrays, when it has the texts of the program's strings already and takes one
    /// that is the same.
    pub(super) fn indices(&self) -> f64 {
        (self.longest - self.numerals).max(self.internalized)
    }

    fn add(&mut self, other: &Self) {
        self.bytes += other.bytes;
        self.pointers += other.pointers;
        self.strings += other.strings;
        self.string_bytes += other.string_bytes;
        self.internalized += other.internalized;
    }
}

/// An ordinary chunk has many small objects; a larger mapping is one large one.
fn is_large(mapping: &Range<usize>) -> bool {
    mapping.len() >= CHUNK + page_size() as usize
}

/// Reads blocks and counts what is in them.
struct Sampler {
    memory: Memory,
    read_only: Vec<Range<usize>>,
    /// What is known of pointers into read-only memory, and of what may be a map.
    string_maps: HashMap<u64, Option<StringMap>>,
    maps: HashMap<u64, bool>,
    numerals: Numerals,
    words: usize,
    concatenated: usize,
    followed: usize,
    to_maps: usize,
}

/// Counts of what was read.
#[derive(Default)]
struct Counts {
    used: usize,
    pointers: usize,
    strings: usize,
    string_bytes: usize,
    internalized: usize,
}

impl Sampler {
    fn new(memory: File, read_only: Vec<Range<usize>>) -> Self {
        Self {
            memory: Memory(memory),
            read_only,
            string_maps: HashMap::new(),
            maps: HashMap::new(),
            numerals: Numerals::default(),
            words: 0,
            concatenated: 0,
            followed: 0,
            to_maps: 0,
        }
    }

    /// What is in `mappings`, from about `samples` blocks at even distances. A block that has gone
    /// meanwhile counts as empty.
    fn sample(&mut self, mappings: &[Range<usize>], samples: usize) -> HeapSample {
        let mut block = [0_u64; WORDS];
        let mut counts = Counts::default();
        let blocks: usize = mappings.iter().map(|mapping| mapping.len() / BLOCK).sum();
        let step = blocks.div_ceil(samples.max(1)).max(1);
        let (mut read, mut skip) = (0_usize, step / 2);
        for mapping in mappings {
            let count = mapping.len() / BLOCK;
            let mut at = skip;
            while at < count {
                read += 1;
                if self.memory.read(mapping.start + at * BLOCK, &mut block) {
                    self.count(&block, &mut counts);
                }
                at += step;
            }
            skip = at - count;
        }
        // Each that was read stands for so many.
        let scale = blocks as f64 / read.max(1) as f64;
        let scaled = |count: usize| count as f64 * scale;
        HeapSample {
            bytes: scaled(counts.used * BLOCK),
            pointers: scaled(counts.pointers),
            strings: scaled(counts.strings),
            string_bytes: scaled(counts.string_bytes),
            internalized: scaled(counts.internalized),
            ..HeapSample::default()
        }
    }

    fn count(&mut self, block: &[u64; WORDS], counts: &mut Counts) {
        counts.used += usize::from(block.iter().any(|&word| word != 0));
        for at in 0..WORDS {
            self.words += 1;
            let word = block[at];
            if !is_pointer(word) {
                continue;
            }
            let is_read_only = self.read_only.iter().any(|range| range.contains(&(word as usize)));
            if is_read_only && is_repeated(block, at) {
                continue;
            }
            counts.pointers += 1;
            if is_read_only && let Some(map) = self.string_map(word) {
                counts.strings += 1;
                counts.internalized += usize::from(map.internalized);
                counts.string_bytes += Self::string_bytes(map, &block[at..]);
                self.take_apart(map, &block[at..]);
            }
            if self.words.is_multiple_of(FOLLOWED) {
                self.follow(word);
            }
        }
    }

    /// What a snapshot will hold of the text of a string that begins with `words`.
    fn string_bytes(map: StringMap, words: &[u64]) -> usize {
        match words.get(1) {
            Some(&length) if map.sequential => length_of(length).min(MAX_STRING_BYTES) as usize,
            _ => 0,
        }
    }

    /// Looks at the second part of a string that begins with `words`, if it has parts.
    fn take_apart(&mut self, map: StringMap, words: &[u64]) {
        self.concatenated += usize::from(map.concatenated);
        if map.concatenated
            && self.concatenated.is_multiple_of(TAKEN_APART)
            && let Some(&second) = words.get(3)
            && let Some(words) = self.memory.object(second)
        {
            self.see_numeral(words);
        }
    }

    /// Looks at what `pointer` leads to: a map, a numeral, or something else.
    fn follow(&mut self, pointer: u64) {
        self.followed += 1;
        let Some(words) = self.memory.object(pointer) else { return };
        let memory = &self.memory;
        let is_own_map = |map| memory.map_of(map) == Some(map);
        if *self.maps.entry(words[0]).or_insert_with(|| is_own_map(words[0])) {
            self.to_maps += 1;
        } else {
            self.see_numeral(words);
        }
    }

    fn see_numeral(&mut self, [map, length, text]: [u64; 3]) {
        if self.read_only.iter().any(|range| range.contains(&(map as usize)))
            && let Some(StringMap { one_byte: true, sequential: true, .. }) = self.string_map(map)
        {
            self.numerals.see(text, length_of(length));
        }
    }

    fn string_map(&mut self, word: u64) -> Option<StringMap> {
        let memory = &self.memory;
        *self.string_maps.entry(word).or_insert_with(|| StringMap::at(word, memory))
    }

    /// Of all pointers, those that an object begins with.
    fn share_of_maps(&self) -> f64 {
        self.to_maps as f64 / self.followed.max(1) as f64
    }
}

/// Two equal pointers side by side into read-only memory are no references: they are what empty
/// slots of tables and objects without elements hold.
fn is_repeated(block: &[u64; WORDS], at: usize) -> bool {
    let same = |other: Option<&u64>| other == Some(&block[at]);
    same(block.get(at.wrapping_sub(1))) || same(block.get(at + 1))
}

/// V8 tags pointers to heap objects with `01` in the lowest bits; small integers end in zeroes.
fn is_pointer(word: u64) -> bool {
    word & 3 == 1 && (0x1_0000..V8_END as u64).contains(&word)
}

/// The length of a string is the upper half of its second word.
fn length_of(word: u64) -> u32 {
    (word >> 32) as u32
}

/// This process's memory, to be read at any address.
struct Memory(File);

impl Memory {
    fn read<const N: usize>(&self, address: usize, words: &mut [u64; N]) -> bool {
        // SAFETY: the same memory as bytes, for which any value is fine, borrowed for as long.
        let bytes = unsafe {
            std::slice::from_raw_parts_mut(words.as_mut_ptr().cast(), size_of_val(words))
        };
        self.0.read_exact_at(bytes, address as u64).is_ok()
    }

    /// The first words of the object that `pointer` leads to.
    fn object(&self, pointer: u64) -> Option<[u64; 3]> {
        let mut words = [0; 3];
        let read = is_pointer(pointer) && self.read(pointer as usize - 1, &mut words);
        (read && is_pointer(words[0])).then_some(words)
    }

    /// The first word of the object that `pointer` leads to, if that is a pointer.
    fn map_of(&self, pointer: u64) -> Option<u64> {
        let mut word = [0];
        let read = self.read(pointer as usize - 1, &mut word);
        (read && is_pointer(word[0])).then_some(word[0])
    }

    /// Whether `pointer` leads to a map: the map of a map is its own map.
    fn is_map(&self, pointer: u64) -> bool {
        self.map_of(pointer).is_some_and(|meta| self.map_of(meta) == Some(meta))
    }
}

/// What the map of a string says about it.
#[derive(Clone, Copy, Debug, PartialEq)]
struct StringMap {
    internalized: bool,
    one_byte: bool,
    /// Whether the text lies in the string itself.
    sequential: bool,
    /// Whether the string consists of two others.
    concatenated: bool,
}

impl StringMap {
    fn at(pointer: u64, memory: &Memory) -> Option<Self> {
        let mut words = [0; 2];
        let read = memory.read(pointer as usize - 1, &mut words);
        (read && memory.is_map(pointer)).then(|| Self::of((words[1] >> 32) as u16)).flatten()
    }

    /// From V8's instance type, the 16 bits after the four bytes of sizes.
    fn of(instance_type: u16) -> Option<Self> {
        const FIRST_OTHER: u16 = 0x80;
        const REPRESENTATION: u16 = 7;
        const ONE_BYTE: u16 = 1 << 3;
        const NOT_INTERNALIZED: u16 = 1 << 5;
        (instance_type < FIRST_OTHER).then_some(Self {
            internalized: instance_type & NOT_INTERNALIZED == 0,
            one_byte: instance_type & ONE_BYTE != 0,
            sequential: instance_type & REPRESENTATION == 0,
            concatenated: instance_type & REPRESENTATION == 1,
        })
    }
}

/// Numbers that were seen as strings: how often each.
#[derive(Default)]
struct Numerals(HashMap<u64, u32>);

impl Numerals {
    /// `text` is the first word of a string of `length` characters.
    fn see(&mut self, text: u64, length: u32) {
        if !(1..=MAX_NUMERAL_BYTES).contains(&length) {
            return;
        }
        let bytes = text.to_le_bytes();
        let digits = &bytes[..length as usize];
        let is_index = digits.iter().all(u8::is_ascii_digit) && (digits[0] != b'0' || length == 1);
        if is_index {
            let value = digits.iter().fold(0, |value, digit| value * 10 + u64::from(digit - b'0'));
            *self.0.entry(value).or_default() += 1;
        }
    }

    /// How many different ones there are at least from `start` to `end`, seen and unseen: Chao's
    /// estimate. Those that were seen once tell of more the fewer were seen twice.
    fn different(&self, start: f64, end: f64) -> f64 {
        let (mut all, mut once, mut twice) = (0.0, 0.0, 0.0);
        for (&number, &times) in &self.0 {
            if (start..end).contains(&(number as f64)) {
                all += 1.0;
                once += f64::from(u8::from(times == 1));
                twice += f64::from(u8::from(times == 2));
            }
        }
        (all + once * f64::max(once - 1.0, 0.0) / (2.0 * (twice + 1.0)))
            .min(f64::max(end - start, 0.0))
    }
}

/// The mappings that V8 has made.
#[derive(Debug, Default)]
struct V8Memory {
    /// Those that can be written to.
    heap: Vec<Range<usize>>,
    /// What all isolates share: empty arrays, `undefined`, and the like.
    read_only: Vec<Range<usize>>,
}

impl V8Memory {
    fn find() -> Option<Self> {
        let mut text = String::new();
        File::open("/proc/self/maps").ok()?.read_to_string(&mut text).ok()?;
        let of = |permissions| text.lines().filter_map(|l| v8_mapping(l, permissions)).collect();
        Some(Self { heap: of("rw-p"), read_only: of("r--p") })
    }
}

fn v8_mapping(line: &str, permissions: &str) -> Option<Range<usize>> {
    let mut fields = line.split_ascii_whitespace();
    let (start, end) = fields.next()?.split_once('-')?;
    let range = usize::from_str_radix(start, 16).ok()?..usize::from_str_radix(end, 16).ok()?;
    let anonymous = fields.next()? == permissions && fields.nth(2)? == "0";
    let ordinary = fields.next().is_none_or(|name| name.starts_with("[anon"));
    // The first page of a chunk may have another protection or history than the rest.
    let aligned = range.start % CHUNK < 2 * page_size() as usize;
    (anonymous && ordinary && aligned && range.end <= V8_END).then_some(range)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_told_apart() {
        assert!(is_pointer(0x2095_c54c_0011));
        let others =
            [0, 7 << 32, f64::to_bits(1.5), u64::from_ne_bytes(*b"aaaaaaaa"), 0x7f00_0000_0001];
        assert!(!others.into_iter().any(is_pointer));
    }

    #[test]
    fn what_fills_empty_slots_is_no_reference() {
        let mut block = [0; WORDS];
        let words = [0x1000_0011, 0x1000_0011, 0x2000_0011, 0x2000_0011, 0x1000_0021, 7 << 32];
        block[..words.len()].copy_from_slice(&words);
        block[WORDS - 1] = 0x1000_0011;
        let count = |read_only| {
            let memory = File::open("/proc/self/mem").unwrap();
            let mut counts = Counts::default();
            Sampler::new(memory, read_only).count(&block, &mut counts);
            counts.pointers
        };
        assert_eq!(count(vec![]), 6);
        assert_eq!(count(std::iter::once(0x1000_0000..0x1004_0000).collect()), 4);
    }

    #[test]
    fn mappings_of_v8_are_told_apart() {
        assert!(v8_mapping("2095c54c0000-2095c5500000 rw-p 00000000 00:00 0 ", "rw-p").is_some());
        for other in [
            "7f95c54c0000-7f95c5500000 rw-p 00000000 00:00 0 ",
            "2095c54c8000-2095c5500000 rw-p 00000000 00:00 0 ",
            "2095c54c0000-2095c5500000 r--p 00000000 00:00 0 ",
            "00400000-00480000 rw-p 00000000 08:01 12 /usr/bin/node",
            "05400000-05480000 rw-p 00000000 00:00 0 [heap]",
        ] {
            assert!(v8_mapping(other, "rw-p").is_none(), "{other}");
        }
    }

    #[test]
    fn types_of_strings_are_read() {
        let map = |internalized, one_byte, sequential, concatenated| {
            Some(StringMap { internalized, one_byte, sequential, concatenated })
        };
        assert_eq!(StringMap::of(0x08), map(true, true, true, false));
        assert_eq!(StringMap::of(0x20), map(false, false, true, false));
        assert_eq!(StringMap::of(0x29), map(false, true, false, true));
        assert_eq!(StringMap::of(0x2b), map(false, true, false, false));
        assert_eq!(StringMap::of(0x80), None);
    }

    #[test]
    fn numerals_are_counted_without_their_repetitions() {
        let see = |numerals: &mut Numerals, text: &str| {
            let mut bytes = [0; 8];
            bytes[..text.len()].copy_from_slice(text.as_bytes());
            numerals.see(u64::from_le_bytes(bytes), text.len() as u32);
        };
        let mut numerals = Numerals::default();
        for other in ["", "a", "01", "1x", "12345678"] {
            see(&mut numerals, other);
        }
        assert_eq!(numerals.different(0.0, 1e6), 0.0);
        for _ in 0..3 {
            (0..100).for_each(|number| see(&mut numerals, &number.to_string()));
        }
        assert_eq!(numerals.different(0.0, 1e6), 100.0, "all were seen more than twice");
        assert_eq!(numerals.different(50.0, 80.0), 30.0);
        (1000..2000).for_each(|number| see(&mut numerals, &number.to_string()));
        assert!(numerals.different(0.0, 1e6) > 100_000.0, "none was seen twice");
    }
}
