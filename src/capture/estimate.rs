//! What a capture will cost, before it is begun.
//!
//! V8's own tables take memory per node and edge, and more than a kilobyte per *distinct index* of
//! an array, because it formats each into a buffer that it keeps. Neither nodes, edges nor indices
//! can be asked for without walking the heap. But each edge comes from a word of the heap that is a
//! pointer, and that can be counted by sampling: blocks of V8's memory are read through
//! `/proc/self/mem`, and words that are tagged pointers into V8's range are counted. Text, numbers
//! and buffers hold none, so a heap of long strings is told from one of small objects.
//!
//! Indices: the largest array bounds them, and it has a mapping of its own. So each large mapping
//! is sampled by itself, and the one with the most pointers counts.
//!
//! `O(mappings)` and at most [`MAX_SAMPLES`] blocks. The constants are upper bounds of what Node 20
//! to 26 were measured at.

use std::fs::File;
use std::io::Read;
use std::ops::Range;
use std::os::unix::fs::FileExt;

use super::memory::{page_size, rss};

/// Blocks that are read at most.
const MAX_SAMPLES: usize = 2048;
/// Blocks that are read of one large mapping.
const SAMPLES_PER_LARGE: usize = 32;
/// Only so many large mappings are looked at by themselves, largest first.
const MAX_LARGE: usize = 32;
/// What is read at once: a page or a part of one.
const BLOCK: usize = 4096;
const WORDS: usize = BLOCK / 8;

/// V8 asks for chunks at addresses of its own choice, aligned to this and below 2^46; the C
/// library's lie higher, or are not aligned.
const CHUNK: usize = 256 << 10;
const V8_END: usize = 1 << 46;

/// An empty Node takes this much.
const FIXED_BYTES: f64 = 45e6;
/// V8's tables, per pointer: an edge (24 bytes), its share of a node, and room for growth.
const BYTES_PER_POINTER: f64 = 85.0;
/// Per distinct index: the buffer of 1 KiB with its overhead.
const BYTES_PER_INDEX: f64 = 1200.0;
/// What is in use may hold more pointers than what is free.
const ROOM: f64 = 1.2;
/// The walk and the serialiser.
const FIXED_PAUSE_MS: f64 = 400.0;
const PAUSE_MS_PER_POINTER: f64 = 0.004;
/// The kernel copies a page table entry in about this time.
const FORK_MS_PER_PAGE: f64 = 0.0008;
const FIXED_FORK_MS: f64 = 5.0;

/// What a capture will cost: upper bounds.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Estimate {
    /// Memory on top of what the process has now, at the peak.
    pub peak_bytes: f64,
    /// How long the event loop stands still inline.
    pub inline_pause_ms: f64,
    /// How long it stands still for a fork.
    pub fork_pause_ms: f64,
}

/// What sampling found.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
struct Sampled {
    /// Bytes of V8's memory that have ever been used.
    heap_bytes: f64,
    /// Pointers in it.
    pointers: f64,
    /// Pointers in the mapping that has most.
    longest: f64,
}

/// Estimates a capture of an isolate with `used_heap_bytes`. To be called on its thread. Takes
/// milliseconds.
pub fn estimate(used_heap_bytes: f64) -> Estimate {
    let sampled = sample().unwrap_or_else(|| Sampled::guess(used_heap_bytes));
    let fork_pages = rss() as f64 / page_size() as f64;
    cost(sampled, used_heap_bytes, fork_pages)
}

fn cost(sampled: Sampled, used_heap_bytes: f64, fork_pages: f64) -> Estimate {
    // Other threads may have heaps of their own in the same memory. Memory that was freed still
    // holds its pointers, about as densely as what is in use.
    let share = (ROOM * used_heap_bytes / sampled.heap_bytes.max(1.0)).min(1.0);
    let pointers = sampled.pointers * share;
    let indices = sampled.longest.min(used_heap_bytes / 8.0);
    Estimate {
        peak_bytes: FIXED_BYTES + pointers * BYTES_PER_POINTER + indices * BYTES_PER_INDEX,
        inline_pause_ms: FIXED_PAUSE_MS + pointers * PAUSE_MS_PER_POINTER,
        fork_pause_ms: FIXED_FORK_MS + fork_pages * FORK_MS_PER_PAGE,
    }
}

impl Sampled {
    /// Where memory cannot be read: as if every third word were a pointer, and an eighth of the
    /// heap one array.
    fn guess(used_heap_bytes: f64) -> Self {
        Self {
            heap_bytes: used_heap_bytes,
            pointers: used_heap_bytes / 24.0,
            longest: used_heap_bytes / 64.0,
        }
    }
}

/// `None` without `/proc`.
fn sample() -> Option<Sampled> {
    let memory = File::open("/proc/self/mem").ok()?;
    let V8Memory { heap: mut mappings, read_only } = V8Memory::find()?;
    mappings.sort_by_key(|mapping| std::cmp::Reverse(mapping.len()));
    let mut sampled = Sampled::default();
    let large = mappings.iter().take(MAX_LARGE).take_while(|one| is_large(one)).count();
    for mapping in &mappings[..large] {
        let mapping = std::slice::from_ref(mapping);
        let found = sample_all(&memory, mapping, SAMPLES_PER_LARGE, &read_only);
        sampled.heap_bytes += found.heap_bytes;
        sampled.pointers += found.pointers;
        // Chunks that happen to lie side by side are one mapping of a multiple of their size. That
        // of a large object is as long as the object with its header.
        if mapping[0].len() % CHUNK != 0 {
            sampled.longest = sampled.longest.max(found.pointers);
        }
    }
    let rest = &mappings[large..];
    let found = sample_all(&memory, rest, MAX_SAMPLES - large * SAMPLES_PER_LARGE, &read_only);
    sampled.heap_bytes += found.heap_bytes;
    sampled.pointers += found.pointers;
    // The largest array among them fills half a chunk at most: larger ones have their own mapping.
    let rest_bytes: usize = rest.iter().map(Range::len).sum();
    let density = found.pointers / rest_bytes.max(1) as f64;
    sampled.longest = sampled.longest.max(density * (CHUNK / 2) as f64);
    Some(sampled)
}

/// An ordinary chunk has many small objects; a larger mapping is one large one.
fn is_large(mapping: &Range<usize>) -> bool {
    mapping.len() >= CHUNK + page_size() as usize
}

/// What is in `mappings`, from about `samples` blocks at even distances. A block that has gone
/// meanwhile counts as empty.
fn sample_all(
    memory: &File,
    mappings: &[Range<usize>],
    samples: usize,
    read_only: &[Range<usize>],
) -> Sampled {
    let mut block = [0_u64; WORDS];
    let blocks: usize = mappings.iter().map(|mapping| mapping.len() / BLOCK).sum();
    let step = blocks.div_ceil(samples.max(1)).max(1);
    let (mut read, mut used, mut pointers, mut skip) = (0_usize, 0_usize, 0_usize, step / 2);
    for mapping in mappings {
        let count = mapping.len() / BLOCK;
        let mut at = skip;
        while at < count {
            let address = (mapping.start + at * BLOCK) as u64;
            read += 1;
            if memory.read_exact_at(bytes_of(&mut block), address).is_ok() {
                used += usize::from(block.iter().any(|&word| word != 0));
                pointers += count_pointers(&block, read_only);
            }
            at += step;
        }
        skip = at - count;
    }
    // Each that was read stands for so many.
    let scale = blocks as f64 / read.max(1) as f64;
    Sampled {
        heap_bytes: used as f64 * scale * BLOCK as f64,
        pointers: pointers as f64 * scale,
        longest: 0.0,
    }
}

/// The words that are likely to be edges. Two equal pointers side by side into read-only memory are
/// none: they are what empty slots of tables and objects without elements hold.
fn count_pointers(block: &[u64; WORDS], read_only: &[Range<usize>]) -> usize {
    let same = |at: usize, other: Option<&u64>| other == Some(&block[at]);
    let is_empty = |at: usize| {
        (same(at, block.get(at.wrapping_sub(1))) || same(at, block.get(at + 1)))
            && read_only.iter().any(|range| range.contains(&(block[at] as usize)))
    };
    (0..block.len()).filter(|&at| is_pointer(block[at]) && !is_empty(at)).count()
}

fn bytes_of(block: &mut [u64; WORDS]) -> &mut [u8] {
    // SAFETY: the same memory as bytes, for which any value is fine, borrowed for as long.
    unsafe { std::slice::from_raw_parts_mut(block.as_mut_ptr().cast(), BLOCK) }
}

/// V8 tags pointers to heap objects with `01` in the lowest bits; small integers end in zeroes.
fn is_pointer(word: u64) -> bool {
    word & 3 == 1 && (0x1_0000..V8_END as u64).contains(&word)
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
    fn what_fills_empty_slots_is_no_edge() {
        let read_only = std::slice::from_ref(&(0x1000_0000..0x1004_0000));
        let mut block = [0; WORDS];
        let words = [0x1000_0011, 0x1000_0011, 0x2000_0011, 0x2000_0011, 0x1000_0021, 7 << 32];
        block[..words.len()].copy_from_slice(&words);
        assert_eq!(count_pointers(&block, read_only), 3);
        assert_eq!(count_pointers(&block, &[]), 5);
        block[WORDS - 1] = 0x1000_0011;
        assert_eq!(count_pointers(&block, read_only), 4);
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
    fn a_long_array_costs_more_than_its_bytes() {
        let flat = Sampled { heap_bytes: 8e6, pointers: 1e6, longest: 0.0 };
        let array = Sampled { longest: 1e6, ..flat };
        let costs = [flat, array].map(|sampled| cost(sampled, 8e6, 0.0).peak_bytes);
        assert!(costs[1] - costs[0] >= 1.0e9);
        let elsewhere = Sampled { heap_bytes: 80e6, ..flat };
        assert!(cost(elsewhere, 8e6, 0.0).peak_bytes < costs[0], "other isolates do not count");
    }
}
