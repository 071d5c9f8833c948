//! What a capture will cost, before it is begun.
//!
//! V8's own tables take memory per object and reference, and more than a kilobyte per *distinct
//! index*, because it formats each into a buffer that it keeps: see [`HeapSample::indices`].
//!
//! How much there is of each comes from [`HeapSample`]. The constants are upper bounds of what Node
//! 20 to 26 were measured at, with an allocator that counted.

use super::heap_sample::HeapSample;
pub use super::heap_sample::HeapSize;
use super::memory::{page_size, rss};

/// An empty Node takes this much beside what is counted.
const FIXED_BYTES: f64 = 26e6;
/// V8's tables, per reference: an edge, and a pointer to it.
const BYTES_PER_POINTER: f64 = 43.0;
/// Per object: a node, its place in the table of ids, and that in the map from addresses.
const BYTES_PER_OBJECT: f64 = 205.0;
/// Per string: its place in two tables of texts, beside the text.
const BYTES_PER_STRING: f64 = 86.0;
/// Per distinct index: the buffer of 1 KiB with its overhead.
const BYTES_PER_INDEX: f64 = 1250.0;
/// What is in use may hold more than what is free.
const ROOM: f64 = 1.05;

/// The walk and the serialiser. About twice what they take where nothing else runs.
const FIXED_PAUSE_MS: f64 = 300.0;
const PAUSE_MS_PER_POINTER: f64 = 0.0008;
const PAUSE_MS_PER_OBJECT: f64 = 0.0016;
const PAUSE_MS_PER_STRING: f64 = 0.0016;
const PAUSE_MS_PER_INDEX: f64 = 0.003;
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

/// Estimates a capture of an isolate of this process. Takes milliseconds, on whatever thread.
pub fn estimate(isolate: HeapSize) -> Estimate {
    let sample = HeapSample::take().unwrap_or_else(|| HeapSample::guess(isolate));
    let fork_pages = rss() as f64 / page_size() as f64;
    cost(&sample.of(isolate, ROOM), fork_pages)
}

fn cost(heap: &HeapSample, fork_pages: f64) -> Estimate {
    let HeapSample { pointers, objects, strings, string_bytes, .. } = *heap;
    let indices = heap.indices();
    Estimate {
        peak_bytes: FIXED_BYTES
            + pointers * BYTES_PER_POINTER
            + objects * BYTES_PER_OBJECT
            + strings * BYTES_PER_STRING
            + string_bytes
            + indices * BYTES_PER_INDEX,
        inline_pause_ms: FIXED_PAUSE_MS
            + pointers * PAUSE_MS_PER_POINTER
            + objects * PAUSE_MS_PER_OBJECT
            + strings * PAUSE_MS_PER_STRING
            + indices * PAUSE_MS_PER_INDEX,
        fork_pause_ms: FIXED_FORK_MS + fork_pages * FORK_MS_PER_PAGE,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn flat() -> HeapSample {
        HeapSample { bytes: 8e6, pointers: 1e6, objects: 2e5, strings: 1e5, ..Default::default() }
    }

    #[test]
    fn a_long_array_costs_more_than_its_bytes() {
        let array = HeapSample { longest: 1e6, ..flat() };
        let costs = [flat(), array].map(|heap| cost(&heap, 0.0).peak_bytes);
        assert!(costs[1] - costs[0] >= 1.0e9);
        let table = HeapSample { internalized: 1e6, ..flat() };
        assert_eq!(cost(&table, 0.0).peak_bytes, costs[1]);
        let spelled_out = HeapSample { numerals: 1e6, ..array };
        assert_eq!(cost(&spelled_out, 0.0).peak_bytes, costs[0]);
    }

    #[test]
    fn other_isolates_do_not_count() {
        let isolate = HeapSize { used_bytes: 6e6, resident_bytes: 8e6 };
        let elsewhere = HeapSample { bytes: 80e6, ..flat() };
        let costs = [flat(), elsewhere].map(|heap| cost(&heap.of(isolate, ROOM), 0.0));
        assert!(costs[1].peak_bytes < costs[0].peak_bytes);
    }
}
