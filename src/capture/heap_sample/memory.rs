//! Where V8's memory is, and how to read it without a fault.

use std::fs::File;
use std::io::Read;
use std::ops::Range;
use std::os::unix::fs::FileExt;

use super::natives::NativeMemory;
use crate::capture::memory::page_size;

/// V8 asks for chunks at addresses of its own choice, aligned to this and below 2^46; the C
/// library's lie higher, or are not aligned.
pub(super) const CHUNK: usize = 256 << 10;
const V8_END: usize = 1 << 46;

/// V8 tags pointers to heap objects with `01` in the lowest bits; small integers end in zeroes.
pub(super) fn is_pointer(word: u64) -> bool {
    word & 3 == 1 && (0x1_0000..V8_END as u64).contains(&word)
}

/// The value of a small integer that is not negative: the upper half of a word whose lower half is
/// zero.
pub(super) fn small_integer(word: u64) -> Option<u64> {
    (word & 0xffff_ffff == 0 && word >> 63 == 0).then_some(word >> 32)
}

/// This process's memory, to be read at any address.
pub(super) struct Memory(File);

impl Memory {
    /// `None` without `/proc`.
    pub(super) fn open() -> Option<Self> {
        File::open("/proc/self/mem").ok().map(Self)
    }

    pub(super) fn read<const N: usize>(&self, address: usize, words: &mut [u64; N]) -> bool {
        // SAFETY: the same memory as bytes, for which any value is fine, borrowed for as long.
        let bytes = unsafe {
            std::slice::from_raw_parts_mut(words.as_mut_ptr().cast(), size_of_val(words))
        };
        self.read_bytes(address, bytes)
    }

    pub(super) fn read_bytes(&self, address: usize, bytes: &mut [u8]) -> bool {
        self.0.read_exact_at(bytes, address as u64).is_ok()
    }

    /// The first words of the object that `pointer` leads to.
    pub(super) fn object(&self, pointer: u64) -> Option<[u64; 3]> {
        let mut words = [0; 3];
        let read = is_pointer(pointer) && self.read(pointer as usize - 1, &mut words);
        (read && is_pointer(words[0])).then_some(words)
    }

    /// Whether `pointer` leads to a map: the map of a map is its own map.
    pub(super) fn is_map(&self, pointer: u64) -> bool {
        self.map_of(pointer).is_some_and(|meta| self.map_of(meta) == Some(meta))
    }

    /// The first word of the object that `pointer` leads to, if that is a pointer.
    pub(super) fn map_of(&self, pointer: u64) -> Option<u64> {
        let mut word = [0];
        let read = self.read(pointer as usize - 1, &mut word);
        (read && is_pointer(word[0])).then_some(word[0])
    }
}

/// The memory that V8 has mapped, chunk by chunk: one for many small objects, or a larger one for
/// one large object.
#[derive(Debug, Default)]
pub(super) struct V8Memory {
    /// Objects that have survived.
    pub(super) old: Vec<Range<usize>>,
    /// New ones.
    pub(super) young: Vec<Range<usize>>,
    /// What all isolates share: empty arrays, `undefined`, and the like.
    pub(super) read_only: Vec<Range<usize>>,
    /// What is not V8's.
    pub(super) native: NativeMemory,
}

impl V8Memory {
    /// `None` without `/proc`.
    pub(super) fn find(memory: &Memory) -> Option<Self> {
        let mut text = String::new();
        File::open("/proc/self/maps").ok()?.read_to_string(&mut text).ok()?;
        let of = |permissions| text.lines().filter_map(move |l| v8_mapping(l, permissions));
        let native = NativeMemory::new(text.lines().filter_map(native_mapping).collect());
        let mut found = Self { read_only: of("r--p").collect(), native, ..Self::default() };
        for mapping in of("rw-p") {
            found.add_chunks(mapping, memory);
        }
        Some(found)
    }

    /// Chunks that happen to lie side by side are one mapping.
    fn add_chunks(&mut self, mapping: Range<usize>, memory: &Memory) {
        let mut start = mapping.start;
        // The first page of a chunk may have another protection than the rest, and so be missing.
        let mut kind = Kind::at(start & !(CHUNK - 1), memory).unwrap_or(Kind::Old);
        let mut border = (mapping.start & !(CHUNK - 1)) + CHUNK;
        while border < mapping.end {
            if let Some(next) = Kind::at(border, memory) {
                self.add(kind, start..border);
                (start, kind) = (border, next);
            }
            border += CHUNK;
        }
        self.add(kind, start..mapping.end);
    }

    fn add(&mut self, kind: Kind, chunk: Range<usize>) {
        match kind {
            Kind::Old => self.old.push(chunk),
            Kind::Young => self.young.push(chunk),
            Kind::Evacuated => {}
        }
    }
}

/// What a chunk is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Old,
    Young,
    /// The half of the new space that is empty until the next collection copies into it. It still
    /// holds what was there before the last one.
    Evacuated,
}

impl Kind {
    /// From the flags in the header of the chunk at `address`: its first word, or the second one
    /// where the first is a size (Node 20). The two flags are old and stay where they are, as
    /// compiled code tests them at every write. `None` if this is no header but the inside of a
    /// large object.
    fn at(address: usize, memory: &Memory) -> Option<Self> {
        let mut words = [0; 2];
        memory.read(address, &mut words).then(|| Self::of(words)).flatten()
    }

    fn of([first, second]: [u64; 2]) -> Option<Self> {
        /// V8 has twenty-odd flags. A size is a multiple of a page.
        const MAX_FLAGS: u64 = 1 << 28;
        const FROM: u64 = 1 << 3;
        const TO: u64 = 1 << 4;
        let is_size = first != 0 && first.is_multiple_of(page_size()) && first < V8_END as u64;
        let flags = if is_size && second < MAX_FLAGS { second } else { first };
        // After flags there is an address of the C++ side.
        let is_header = flags == second || (second & 7 == 0 && second >= 0x1_0000);
        if !is_header || flags == 0 || flags >= MAX_FLAGS {
            return None;
        }
        Some(match (flags & FROM != 0, flags & TO != 0) {
            (true, false) => Self::Evacuated,
            (false, true) => Self::Young,
            _ => Self::Old,
        })
    }
}

fn v8_mapping(line: &str, permissions: &str) -> Option<Range<usize>> {
    let (range, name) = anonymous_mapping(line, permissions)?;
    // The first page of a chunk may have another protection or history than the rest.
    let aligned = range.start % CHUNK < 2 * page_size() as usize;
    (name != Some(BREAK) && aligned && range.end <= V8_END).then_some(range)
}

/// Memory of objects that are not V8's: what `malloc` has mapped, or has grown the break to.
fn native_mapping(line: &str) -> Option<Range<usize>> {
    let (range, _) = anonymous_mapping(line, "rw-p")?;
    v8_mapping(line, "rw-p").is_none().then_some(range)
}

/// How the kernel calls the memory up to the break.
const BREAK: &str = "[heap]";

/// A mapping of no file, and its name.
fn anonymous_mapping<'a>(
    line: &'a str,
    permissions: &str,
) -> Option<(Range<usize>, Option<&'a str>)> {
    let mut fields = line.split_ascii_whitespace();
    let (start, end) = fields.next()?.split_once('-')?;
    let range = usize::from_str_radix(start, 16).ok()?..usize::from_str_radix(end, 16).ok()?;
    let anonymous = fields.next()? == permissions && fields.nth(2)? == "0";
    let name = fields.next();
    let ordinary = name.is_none_or(|name| name == BREAK || name.starts_with("[anon"));
    (anonymous && ordinary).then_some((range, name))
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
        assert_eq!(small_integer(7 << 32), Some(7));
        for other in [7, u64::MAX << 32, f64::to_bits(1.1), 0x2095_c54c_0011] {
            assert_eq!(small_integer(other), None);
        }
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
    fn mappings_of_the_c_library_are_told_apart() {
        for line in [
            "7f95c54c0000-7f95c5500000 rw-p 00000000 00:00 0 ",
            "05400000-05480000 rw-p 00000000 00:00 0 [heap]",
        ] {
            assert!(native_mapping(line).is_some(), "{line}");
        }
        for other in [
            "2095c54c0000-2095c5500000 rw-p 00000000 00:00 0 ",
            "7f95c54c0000-7f95c5500000 r--p 00000000 00:00 0 ",
            "7ffd00000000-7ffd00021000 rw-p 00000000 00:00 0 [stack]",
            "00400000-00480000 rw-p 00000000 08:01 12 /usr/bin/node",
        ] {
            assert!(native_mapping(other).is_none(), "{other}");
        }
    }

    #[test]
    fn headers_of_chunks_are_told_apart() {
        let address = 0x5d15_6240_0000;
        for (words, kind) in [
            ([0x12, address], Some(Kind::Young)),
            ([0xa, address], Some(Kind::Evacuated)),
            ([0x204, address], Some(Kind::Old)),
            ([CHUNK as u64, 0x12], Some(Kind::Young)),
            ([CHUNK as u64, 0x4_000a], Some(Kind::Evacuated)),
            ([0x42_000, 0x284], Some(Kind::Old)),
            ([0, 0], None),
            ([7 << 32, 8 << 32], None),
            ([0x2095_c54c_0011, 0x2095_c54c_0021], None),
            ([f64::to_bits(1.5), f64::to_bits(2.5)], None),
        ] {
            assert_eq!(Kind::of(words), kind, "{words:x?}");
        }
    }
}
