//! Makes damaged snapshots: a file of the corpus, changed in one to a few places.

use std::io::Write;

use flate2::Compression;
use flate2::write::GzEncoder;

/// Numbers that counts, indices and sizes get wrong.
const NUMBERS: [&str; 16] = [
    "0",
    "1",
    "2",
    "-1",
    "127",
    "65536",
    "2147483647",
    "2147483648",
    "4294967294",
    "4294967295",
    "4294967296",
    "9007199254740993",
    "18446744073709551615",
    "18446744073709551616",
    "1e9",
    "1.5",
];

/// Pieces of the format, to be put where they do not belong.
const PIECES: [&str; 22] = [
    "\"nodes\":[",
    "\"edges\":[",
    "\"strings\":[",
    "\"snapshot\":{",
    "\"meta\":{",
    "\"locations\":[",
    "],",
    "[",
    "]",
    "{",
    "}",
    ",",
    "\"",
    "\\",
    "\\u",
    "\\ud800",
    "\\uDC00",
    "\\u0000",
    "\n",
    "null",
    "[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[",
    "\u{feff}",
];

/// One input: made from a seed, the same every time.
pub(crate) struct Mutator<'a> {
    corpus: &'a [Vec<u8>],
    seed: u64,
    state: u64,
}

impl<'a> Mutator<'a> {
    pub(crate) fn new(corpus: &'a [Vec<u8>], seed: u64) -> Self {
        Self { corpus, seed, state: seed }
    }

    pub(crate) fn seed(&self) -> u64 {
        self.seed
    }

    /// The damaged file.
    pub(crate) fn input(&mut self) -> Vec<u8> {
        let mut bytes = self.pick_file().to_vec();
        // Half of the inputs keep the form of a snapshot: those get past the reader.
        let gentle = self.one_in(2);
        for _ in 0..=self.below(4) {
            if gentle { self.change_digit(&mut bytes) } else { self.change(&mut bytes) }
        }
        if self.one_in(20) {
            bytes = self.compress(&bytes);
            if self.one_in(2) {
                self.change(&mut bytes);
            }
        }
        bytes
    }

    /// The sound file that the damaged one is compared with.
    pub(crate) fn partner(&self) -> Vec<u8> {
        self.corpus[(self.seed as usize).wrapping_mul(31) % self.corpus.len()].clone()
    }

    pub(crate) fn number(&mut self) -> u32 {
        self.below(1 << 9) as u32
    }

    fn pick_file(&mut self) -> &'a [u8] {
        &self.corpus[self.below(self.corpus.len())]
    }

    fn change(&mut self, bytes: &mut Vec<u8>) {
        if bytes.is_empty() {
            return;
        }
        match self.below(12) {
            0 => {
                let at = self.below(bytes.len());
                bytes[at] ^= 1 << self.below(8);
            }
            1 => {
                let at = self.below(bytes.len());
                bytes[at] = self.below(256) as u8;
            }
            2 => bytes.truncate(self.below(bytes.len())),
            3 => {
                let range = self.range(bytes.len());
                bytes.drain(range);
            }
            4 => {
                let copied = bytes[self.range(bytes.len())].to_vec();
                self.insert(bytes, &copied);
            }
            5 => {
                let other = self.pick_file();
                let piece = other[self.range(other.len())].to_vec();
                let range = self.range(bytes.len());
                bytes.splice(range, piece);
            }
            6 => {
                let piece = PIECES[self.below(PIECES.len())];
                self.insert(bytes, piece.as_bytes());
            }
            // Most of a file is numbers, and wrong ones are what gets furthest.
            7..=9 => self.replace_number(bytes),
            10 => self.replace_header_number(bytes),
            _ => self.change_digit(bytes),
        }
    }

    fn insert(&mut self, bytes: &mut Vec<u8>, piece: &[u8]) {
        let at = self.below(bytes.len() + 1);
        bytes.splice(at..at, piece.iter().copied());
    }

    fn replace_number(&mut self, bytes: &mut Vec<u8>) {
        let start = self.below(bytes.len());
        self.replace_number_from(bytes, start);
    }

    /// In the first kilobytes: the counts and the field lists.
    fn replace_header_number(&mut self, bytes: &mut Vec<u8>) {
        let count = b"_count\":";
        let places: Vec<usize> = bytes
            .windows(count.len())
            .take(4000)
            .enumerate()
            .filter_map(|(at, window)| (window == count).then_some(at + count.len()))
            .collect();
        if !places.is_empty() {
            let place = places[self.below(places.len())];
            self.replace_number_from(bytes, place);
        }
    }

    /// Replaces the first number at or after `start`, by an awkward one or by a small one.
    fn replace_number_from(&mut self, bytes: &mut Vec<u8>, start: usize) {
        let Some(from) = bytes[start..].iter().position(u8::is_ascii_digit) else { return };
        let from = start + from;
        let length = bytes[from..].iter().take_while(|byte| byte.is_ascii_digit()).count();
        let number = if self.one_in(2) {
            NUMBERS[self.below(NUMBERS.len())].to_string()
        } else {
            self.below(600).to_string()
        };
        bytes.splice(from..from + length, number.into_bytes());
    }

    /// Keeps the file whole, and points an edge, a name or a count elsewhere.
    fn change_digit(&mut self, bytes: &mut [u8]) {
        if bytes.is_empty() {
            return;
        }
        let start = self.below(bytes.len());
        if let Some(digit) = bytes[start..].iter_mut().find(|byte| byte.is_ascii_digit()) {
            *digit = b'0' + self.below(10) as u8;
        }
    }

    /// A piece of something of this length: mostly a short one.
    fn range(&mut self, length: usize) -> std::ops::Range<usize> {
        let start = self.below(length);
        let longest = if self.one_in(3) { length - start } else { (length - start).min(40) };
        start..start + self.below(longest + 1)
    }

    fn compress(&mut self, bytes: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
        let written = encoder.write_all(bytes);
        encoder.finish().ok().filter(|_| written.is_ok()).unwrap_or_default()
    }

    fn one_in(&mut self, n: usize) -> bool {
        self.below(n) == 0
    }

    /// SplitMix64 (Steele, Lea and Flood, "Fast Splittable Pseudorandom Number Generators", 2014).
    fn below(&mut self, limit: usize) -> usize {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.state;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^= mixed >> 31;
        (mixed % (limit.max(1) as u64)) as usize
    }
}
