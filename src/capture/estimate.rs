//! What a capture will cost, before it is begun.
//!
//! V8's own tables take memory per object and reference, and more than a kilobyte per *distinct
//! index*, because it formats each into a buffer that it keeps; so it does with what it says of the
//! pairs of a `WeakMap`.
//!
//! How much there is of each comes from [`HeapSample`]. The constants are upper bounds of what Node
//! 20 to 26 were measured at, with an allocator that counted.

use super::heap_sample::{HeapContents, HeapSample};
pub use super::heap_sample::{HeapSize, V8Facts};
use super::memory::{anonymous_rss, page_size, rss};
use crate::control::Control;
use crate::error::Result;

/// An empty Node takes this much beside what is counted.
const FIXED_BYTES: f64 = 26e6;
/// V8's tables, per reference: an edge, and a pointer to it.
const BYTES_PER_POINTER: f64 = 43.0;
/// Per item of an array, which is an edge of the array and one of what it is stored in.
const BYTES_PER_ITEM: f64 = 36.0;
/// Per object: a node, its place in the table of ids, and that in the map from addresses.
const BYTES_PER_OBJECT: f64 = 205.0;
/// Per native object that belongs to one of V8's: a node of its own and mostly one or two of what Node
/// says that it holds, and references that no word of V8's heap shows: of its handle, of the list of such
/// objects that Node keeps, to and from its wrapper, to what it holds. A `Hash` has seven of these, and a
/// key fewer.
const BYTES_PER_NATIVE: f64 = 2.5 * BYTES_PER_OBJECT + 4.0 * BYTES_PER_POINTER;
/// Of that, what one that holds nothing does not take: the nodes beside its own.
const BYTES_HELD_BY_NATIVE: f64 = 1.5 * BYTES_PER_OBJECT;
/// Per text of strings: its place in two tables of texts, beside the text.
const BYTES_PER_TEXT: f64 = 86.0;
/// Per distinct index: the buffer of 1 KiB with its overhead.
const BYTES_PER_INDEX: f64 = 1250.0;
/// Per pair of a `WeakMap`: three such buffers, and two references that no word holds.
const BYTES_PER_EPHEMERON: f64 = 3.0 * BYTES_PER_INDEX + 2.0 * BYTES_PER_POINTER;
/// What is in use may hold more than what is free.
const ROOM: f64 = 1.05;

/// The walk and the serialiser. About twice what they take where nothing else runs.
const FIXED_PAUSE_MS: f64 = 300.0;
const PAUSE_MS_PER_POINTER: f64 = 0.0008;
const PAUSE_MS_PER_OBJECT: f64 = 0.0016;
const PAUSE_MS_PER_TEXT: f64 = 0.0016;
/// To copy a text, and to write it out: V8 spells out what is not plain ASCII.
const PAUSE_MS_PER_TEXT_BYTE: f64 = 8e-6;
const PAUSE_MS_PER_WRITTEN_BYTE: f64 = 2.5e-6;
const PAUSE_MS_PER_INDEX: f64 = 0.003;
const PAUSE_MS_PER_EPHEMERON: f64 = 3.0 * PAUSE_MS_PER_INDEX;
/// An edge and a node in V8's JSON: their numbers.
const FIXED_DOCUMENT_BYTES: f64 = 5e6;
const DOCUMENT_BYTES_PER_POINTER: f64 = 18.0;
const DOCUMENT_BYTES_PER_OBJECT: f64 = 32.0;
/// The kernel copies a page table entry in about this time.
const FORK_MS_PER_PAGE: f64 = 0.0008;
const FIXED_FORK_MS: f64 = 5.0;

/// What a capture will cost: upper bounds.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Estimate {
    /// Memory on top of what the process has now, at the peak.
    pub peak_bytes: f64,
    /// What a child takes beside that, for copies of the pages that it writes to.
    pub copied_bytes: f64,
    /// How long the event loop stands still inline.
    pub inline_pause_ms: f64,
    /// What V8 will write.
    pub document_bytes: f64,
    /// How long it stands still for a fork.
    pub fork_pause_ms: f64,
}

/// Estimates a capture of an isolate of this process. Takes tens of milliseconds, on
/// whatever thread.
///
/// # Errors
///
/// `ABORT_ERR` or `ERR_TIMEOUT`.
pub fn estimate(isolate: HeapSize, facts: V8Facts, control: &Control) -> Result<Estimate> {
    let sample = HeapSample::take(facts, control);
    control.checkpoint()?;
    let contents = match sample {
        Some(sample) => sample.of(isolate, ROOM),
        None => HeapContents::guess(isolate),
    };
    let native_bytes = anonymous_rss() as f64 - isolate.old_resident - isolate.young_resident;
    Ok(cost(&contents, rss() as f64 / page_size() as f64, native_bytes.max(0.0)))
}

/// A child's garbage collection writes to V8's heap, and to the native object of whatever has one:
/// it sets a mark for each `ArrayBuffer`, in a page that may be full of the bytes of others, and frees
/// what belongs to dead ones. V8's tables are put into free room beside others. So it is with a page either
/// that it is written to, or that what is in it is alive and may hold more: what was counted for that
/// is not counted again.
fn copied(heap: &HeapContents, native_bytes: f64) -> f64 {
    let pages = (heap.natives * page_size() as f64).min(native_bytes);
    let counted = heap.natives * BYTES_HELD_BY_NATIVE;
    heap.movable + (pages - counted).max(0.0)
}

fn cost(heap: &HeapContents, fork_pages: f64, native_bytes: f64) -> Estimate {
    let HeapContents {
        pointers,
        items,
        objects,
        texts,
        text_bytes,
        written_bytes,
        ephemerons,
        indices,
        natives,
        ..
    } = *heap;
    Estimate {
        peak_bytes: FIXED_BYTES
            + pointers * BYTES_PER_POINTER
            + items * BYTES_PER_ITEM
            + objects * BYTES_PER_OBJECT
            + texts * BYTES_PER_TEXT
            + text_bytes
            + ephemerons * BYTES_PER_EPHEMERON
            + indices * BYTES_PER_INDEX
            + natives * BYTES_PER_NATIVE,
        copied_bytes: copied(heap, native_bytes),
        inline_pause_ms: FIXED_PAUSE_MS
            + pointers * PAUSE_MS_PER_POINTER
            + objects * PAUSE_MS_PER_OBJECT
            + texts * PAUSE_MS_PER_TEXT
            + text_bytes * PAUSE_MS_PER_TEXT_BYTE
            + written_bytes * PAUSE_MS_PER_WRITTEN_BYTE
            + ephemerons * PAUSE_MS_PER_EPHEMERON
            + indices * PAUSE_MS_PER_INDEX,
        document_bytes: FIXED_DOCUMENT_BYTES
            + pointers * DOCUMENT_BYTES_PER_POINTER
            + objects * DOCUMENT_BYTES_PER_OBJECT
            + written_bytes,
        fork_pause_ms: FIXED_FORK_MS + fork_pages * FORK_MS_PER_PAGE,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_array_costs_more_than_its_bytes() {
        let flat = HeapContents { pointers: 1e6, objects: 2e5, texts: 1e5, ..Default::default() };
        let costs =
            [flat, HeapContents { indices: 1e6, ..flat }, HeapContents { ephemerons: 1e6, ..flat }]
                .map(|heap| cost(&heap, 0.0, 0.0));
        assert!(costs[1].peak_bytes - costs[0].peak_bytes >= 1.0e9);
        assert!(costs[2].peak_bytes - costs[0].peak_bytes >= 3.0e9);
        assert!(costs[2].inline_pause_ms > costs[1].inline_pause_ms);
    }

    #[test]
    fn native_objects_are_nodes_too() {
        let [none, some] = [0.0, 1e5]
            .map(|natives| HeapContents { natives, objects: 1e5, ..Default::default() })
            .map(|heap| cost(&heap, 0.0, 0.0).peak_bytes);
        // Two nodes each, which V8 keeps in the same tables as those of its own objects.
        assert!(some - none >= 2e5 * BYTES_PER_OBJECT, "{none} {some}");
    }

    #[test]
    fn a_page_is_copied_for_each_native_object_but_no_page_twice() {
        let heap = HeapContents { natives: 1000.0, movable: 1e6, ..Default::default() };
        let counted = 1000.0 * BYTES_HELD_BY_NATIVE;
        assert_eq!(copied(&heap, 1e9), 1e6 + (1000 * page_size()) as f64 - counted);
        assert_eq!(copied(&heap, 2e6), 3e6 - counted);
        assert_eq!(copied(&heap, 1e5), 1e6, "those were counted as nodes");
    }

    #[test]
    fn texts_that_are_spelled_out_take_longer() {
        let plain = HeapContents { text_bytes: 1e9, written_bytes: 1e9, ..Default::default() };
        let [plain, other] = [plain, HeapContents { written_bytes: 6e9, ..plain }]
            .map(|heap| cost(&heap, 0.0, 0.0).inline_pause_ms);
        assert!(plain >= 10_000.0 && other >= 20_000.0, "{plain} {other}");
    }
}
