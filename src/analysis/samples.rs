//! The time line of an allocation-tracking snapshot: how many bytes of what was allocated between
//! two samples are still there.

use crate::graph::HeapGraph;

/// The live bytes of each sample.
///
/// Node ids grow with time. Each odd id counts for the first sample by which it had been given
/// out; what is younger than the last sample counts for none. `self_size` is that after ownership
/// transfer. Time: O(n log s).
pub fn live_bytes(graph: &HeapGraph, self_size: &[u32]) -> Vec<u64> {
    let samples = &graph.tables().samples;
    let mut sums = vec![0; samples.len()];
    for (&id, &size) in graph.tables().node_id.iter().zip(self_size) {
        if id % 2 == 0 {
            continue;
        }
        // Written out, so that samples out of order give what they give in DevTools.
        let (mut low, mut high) = (0, samples.len());
        while low < high {
            let middle = (low + high) / 2;
            if u64::from(id) > samples[middle].last_assigned_id {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        if let Some(sum) = sums.get_mut(low) {
            *sum += u64::from(size);
        }
    }
    sums
}
