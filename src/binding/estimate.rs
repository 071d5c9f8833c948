//! What a capture would cost. Beside the calls that capture, because nothing of it needs a capture: it is
//! asked for before there is one.

use napi::Env;
use napi::bindgen_prelude::{JsValue, Object, Unknown};
use napi_derive::napi;

use super::failure::Settled;
use super::job::{Job, spawn_job};
use crate::capture::estimate::{HeapSize, V8Facts};
use crate::capture::{estimate, limits};
use crate::control::Control;
use crate::error::Result;

/// What a capture would cost. Sizes are bytes, times milliseconds.
#[napi(object, object_from_js = false)]
pub struct CaptureCost {
    /// On top of what the process has now, at the peak.
    pub peak_bytes: f64,
    /// What a child takes beside that.
    pub copied_bytes: f64,
    /// How long the event loop would stand still inline.
    pub inline_pause_ms: f64,
    /// What V8 will write, before it is compressed.
    pub document_bytes: f64,
    /// How long it would stand still for a fork.
    pub fork_pause_ms: f64,
    /// What the host and the control groups have free; left out if unknown.
    pub available_bytes: Option<f64>,
    /// Whether there is fork mode for this platform.
    pub can_fork: bool,
}

/// What V8 says of the heap of an isolate, in bytes: of objects, and of their memory.
#[napi(object, object_to_js = false)]
pub struct HeapBytes {
    /// Objects that have survived.
    pub old_used: f64,
    /// Their memory.
    pub old_resident: f64,
    /// New objects.
    pub young_used: f64,
    /// Their memory.
    pub young_resident: f64,
    /// Those of both that are large.
    pub large_used: f64,
    /// Those of the old ones.
    pub old_large_used: f64,
    /// Their memory.
    pub old_large_resident: f64,
    /// The major version of V8.
    pub v8_major: u32,
}

/// Estimates a capture of an isolate, of which V8 says these sizes. For the others see
/// [`V8Facts::find`].
#[napi(catch_unwind)]
pub fn capture_cost(
    heap: HeapBytes,
    doubles: Unknown,
    holes: Unknown,
    deleted: Unknown,
) -> Settled<CaptureCost> {
    let facts = facts_of(&heap, [&doubles, &holes, &deleted]);
    Settled(cost_of(heap, facts, &Control::default()))
}

/// Node-API's value is the address of V8's handle, which is valid during the call.
fn facts_of(heap: &HeapBytes, examples: [&Unknown; 3]) -> V8Facts {
    let [doubles, holes, deleted] = examples.map(|value| value.raw() as usize);
    V8Facts::find(heap.v8_major, doubles, holes, deleted)
}

fn cost_of(heap: HeapBytes, facts: V8Facts, control: &Control) -> Result<CaptureCost> {
    let size = HeapSize {
        old_used: heap.old_used,
        old_resident: heap.old_resident,
        young_used: heap.young_used,
        young_resident: heap.young_resident,
        large_used: heap.large_used,
        old_large_used: heap.old_large_used,
        old_large_resident: heap.old_large_resident,
    };
    let estimate = estimate::estimate(size, facts, control)?;
    Ok(CaptureCost {
        peak_bytes: estimate.peak_bytes,
        copied_bytes: estimate.copied_bytes,
        inline_pause_ms: estimate.inline_pause_ms,
        document_bytes: estimate.document_bytes,
        fork_pause_ms: estimate.fork_pause_ms,
        available_bytes: limits::available_bytes().map(|bytes| bytes as f64),
        can_fork: cfg!(fork_mode),
    })
}

/// The same on a native thread.
#[napi(catch_unwind)]
pub fn find_capture_cost<'env>(
    env: &'env Env,
    job: &Job,
    heap: HeapBytes,
    doubles: Unknown,
    holes: Unknown,
    deleted: Unknown,
) -> napi::Result<Object<'env>> {
    let facts = facts_of(&heap, [&doubles, &holes, &deleted]);
    spawn_job(env, job, "heapdiff-cost", move |control| cost_of(heap, facts, control))
}
