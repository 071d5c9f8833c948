//! Strings in V8's memory: what their maps say, and how many different texts there are.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::hash::{DefaultHasher, Hasher};

use super::memory::Memory;

/// V8 copies at most so many characters of a string into a snapshot.
const MAX_STRING_LENGTH: u32 = 1024;
/// A character of two bytes takes at most three in UTF-8.
const MAX_CHARACTER_BYTES: usize = 3;
/// V8 writes `\n` and the like, and `\u00fc` for what is not plain.
const ESCAPED_BYTES: usize = 2;
const SPELLED_OUT_BYTES: usize = 6;

/// The length of a string is the upper half of its second word.
pub(super) fn length_of(word: u64) -> u32 {
    (word >> 32) as u32
}

/// What the map of a string says about it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct StringMap {
    pub(super) internalized: bool,
    pub(super) one_byte: bool,
    /// Whether the text lies in the string itself.
    pub(super) sequential: bool,
    /// Whether the text lies outside of V8's memory.
    external: bool,
    /// Whether the string consists of two others.
    pub(super) concatenated: bool,
}

impl StringMap {
    /// From the map that `pointer` leads to; `None` if it is another map, or none.
    pub(super) fn at(pointer: u64, memory: &Memory) -> Option<Self> {
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
            external: instance_type & REPRESENTATION == 2,
            concatenated: instance_type & REPRESENTATION == 1,
        })
    }

    /// How many characters of a string with this map a snapshot will hold. `second` is its second
    /// word.
    pub(super) fn copied_characters(self, second: u64) -> u32 {
        if self.sequential || self.external { length_of(second).min(MAX_STRING_LENGTH) } else { 0 }
    }
}

/// The different texts among strings that were looked at.
///
/// V8 keeps each once. A text that was seen once stands for as many as its string was drawn from;
/// one that was seen more often stands for itself. So they are rather too many than too few.
#[derive(Default)]
pub(super) struct Texts {
    texts: HashMap<u64, Text>,
    strings: f64,
    characters: f64,
    buffer: Vec<u8>,
}

struct Text {
    /// How many strings the one stands for that had it first; 1 if there was another one.
    weight: f64,
    bytes: TextBytes,
}

/// How long a text is.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
struct TextBytes {
    /// In UTF-8, at most.
    copied: usize,
    /// As V8 writes it: all but plain ASCII is escaped.
    written: usize,
}

/// What share of something is left when each text is taken once.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct DistinctShare {
    /// Of strings.
    pub(super) strings: f64,
    /// Bytes of text, for each character of all strings.
    pub(super) bytes_per_character: f64,
    /// Bytes of that text as V8 writes it.
    pub(super) written_per_character: f64,
}

impl DistinctShare {
    /// Where nothing is known: each is another one, and plain.
    pub(super) const ALL: Self =
        Self { strings: 1.0, bytes_per_character: 1.0, written_per_character: 1.0 };
}

impl Texts {
    /// Looks at the string at `address`, which stands for `weight` of them.
    pub(super) fn see(&mut self, map: StringMap, address: usize, memory: &Memory, weight: f64) {
        let mut head = [0; 2];
        if !map.sequential || !memory.read(address, &mut head) {
            return;
        }
        let characters = map.copied_characters(head[1]);
        let width = if map.one_byte { 1 } else { 2 };
        self.buffer.resize(characters as usize * width, 0);
        if memory.read_bytes(address + size_of_val(&head), &mut self.buffer) {
            let text = std::mem::take(&mut self.buffer);
            self.count(length_of(head[1]), &text, map.one_byte, weight);
            self.buffer = text;
        }
    }

    /// Counts a string of which `text` is what V8 copies.
    fn count(&mut self, length: u32, text: &[u8], one_byte: bool, weight: f64) {
        let copied = length.min(MAX_STRING_LENGTH);
        self.strings += weight;
        self.characters += weight * f64::from(copied);
        let mut hasher = DefaultHasher::new();
        hasher.write_u32(copied);
        hasher.write(text);
        match self.texts.entry(hasher.finish()) {
            Entry::Occupied(mut known) => known.get_mut().weight = 1.0,
            Entry::Vacant(new) => {
                new.insert(Text { weight, bytes: TextBytes::of(text, one_byte) });
            }
        }
    }

    pub(super) fn distinct_share(&self) -> DistinctShare {
        let sum = |of: fn(&Text) -> f64| -> f64 {
            self.texts.values().map(|text| text.weight * of(text)).sum()
        };
        let share = |part: f64, all: f64, unknown| if all == 0.0 { unknown } else { part / all };
        let DistinctShare { strings, bytes_per_character, written_per_character } =
            DistinctShare::ALL;
        DistinctShare {
            strings: share(sum(|_| 1.0), self.strings, strings).min(1.0),
            bytes_per_character: share(
                sum(|text| text.bytes.copied as f64),
                self.characters,
                bytes_per_character,
            ),
            written_per_character: share(
                sum(|text| text.bytes.written as f64),
                self.characters,
                written_per_character,
            ),
        }
    }
}

impl TextBytes {
    fn of(text: &[u8], one_byte: bool) -> Self {
        if one_byte {
            return text.iter().map(|&byte| u16::from(byte)).collect();
        }
        text.chunks_exact(2).map(|unit| u16::from_le_bytes([unit[0], unit[1]])).collect()
    }
}

/// From the units of UTF-16.
impl FromIterator<u16> for TextBytes {
    fn from_iter<I: IntoIterator<Item = u16>>(units: I) -> Self {
        let mut bytes = Self::default();
        for unit in units {
            bytes.copied += match unit {
                0..0x80 => 1,
                0x80..0x800 => 2,
                _ => MAX_CHARACTER_BYTES,
            };
            bytes.written += match unit {
                0x08..=0x0a | 0x0c | 0x0d | 0x22 | 0x5c => ESCAPED_BYTES,
                0x20..0x80 => 1,
                _ => SPELLED_OUT_BYTES,
            };
        }
        bytes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_of_strings_are_read() {
        let map = |internalized, one_byte, representation| {
            Some(StringMap {
                internalized,
                one_byte,
                sequential: representation == 0,
                concatenated: representation == 1,
                external: representation == 2,
            })
        };
        assert_eq!(StringMap::of(0x08), map(true, true, 0));
        assert_eq!(StringMap::of(0x20), map(false, false, 0));
        assert_eq!(StringMap::of(0x29), map(false, true, 1));
        assert_eq!(StringMap::of(0x2a), map(false, true, 2));
        assert_eq!(StringMap::of(0x2b), map(false, true, 3));
        assert_eq!(StringMap::of(0x80), None);
    }

    #[test]
    fn a_text_counts_once() {
        let mut texts = Texts::default();
        assert_eq!(texts.distinct_share(), DistinctShare::ALL);
        (0..50_u8).for_each(|at| texts.count(2, &[b'a', at], true, 10.0));
        let share = texts.distinct_share();
        assert_eq!((share.strings, share.bytes_per_character), (1.0, 1.0));
        (0..50).for_each(|_| texts.count(2, b"zz", true, 10.0));
        let share = texts.distinct_share();
        assert_eq!(share.strings, 501.0 / 1000.0);
        assert_eq!(share.bytes_per_character, 1002.0 / 2000.0);
    }

    #[test]
    fn texts_are_told_apart_by_what_v8_copies() {
        let mut texts = Texts::default();
        let long = [b'x'; MAX_STRING_LENGTH as usize];
        texts.count(3000, &long, true, 4.0);
        texts.count(4000, &long, true, 4.0);
        assert_eq!(texts.distinct_share().strings, 1.0 / 8.0);
    }

    #[test]
    fn what_is_not_plain_is_longer_when_it_is_written() {
        let wide: Vec<_> = "\u{416}a\u{4e2d}".encode_utf16().map(u16::to_le_bytes).collect();
        let wide = TextBytes::of(wide.as_flattened(), false);
        assert_eq!(wide, TextBytes { copied: 6, written: 13 });
        let narrow = TextBytes::of(b"a\xe9\n\x02\"\\~", true);
        assert_eq!(narrow, TextBytes { copied: 8, written: 1 + 6 + 2 + 6 + 2 + 2 + 1 });
    }
}
