//! What may be no more than another load: of another process nobody knows how many sessions it had, how
//! full its caches were, and what the items of a new version have in them.
//!
//! Time and memory: constant.

use crate::leak::before::{Before, Prior};
use crate::leak::candidate::Candidate;
use crate::leak::census::class_key;
use crate::leak::suspects::Newer;

/// Whether a candidate has grown by half at most since another process, in items, or in bytes if it has no
/// items. Each item may have four times as many bytes as it had: a new version has more fields.
pub(super) fn may_be_load(newer: Newer<'_>, before: &Before<'_>, candidate: &Candidate) -> bool {
    // Timers have a rule of their own.
    if !before.is_of_another_process() || candidate.function.is_some() {
        return false;
    }
    if let Some(scatter) = &candidate.scattered {
        let Some(&sample) = scatter.members.first() else { return false };
        let was = before.census().instances(class_key(newer.graph, sample)).count;
        return is_half_at_most(scatter.members.len() as u64, was);
    }
    let Some(was) = prior(newer, before, candidate) else { return false };
    let alike = candidate.alike.containers + 1;
    let bytes_before = was.retained.saturating_mul(alike);
    let bytes = candidate.point.bytes;
    match candidate.items() {
        Some(items) if items.before > 0 || was.items > 0 => {
            let items_before = items.before.max(was.items).saturating_mul(alike);
            let more = candidate.more_items() + candidate.alike.more_items;
            // What is credited to it was not counted before.
            let are_few_bytes = !candidate.credited.is_empty() || bytes / 3 <= bytes_before;
            is_half_at_most(more, items_before) && are_few_bytes
        }
        _ => is_half_at_most(bytes, bytes_before),
    }
}

/// What a candidate was, or what those of its kind were on average.
fn prior(newer: Newer<'_>, before: &Before<'_>, candidate: &Candidate) -> Option<Prior> {
    let node = candidate.point.node;
    let itself = || before.of(newer.graph, node).or_else(|| before.average_of(node));
    candidate.point.prior.or_else(itself)
}

/// Whether so many more are no more than half of what there was.
pub(super) fn is_half_at_most(more: u64, was: u64) -> bool {
    more.saturating_mul(2) <= was
}

#[cfg(test)]
mod tests {
    use crate::graph::{EdgeType, NodeIndex, NodeType};
    use crate::leak::stage::{elements, property, suspects_by_shape};
    use crate::testing::GraphBuilder;

    /// How many suspects there are where a list of another process has so many jobs of so many bytes.
    fn of_jobs(counts: [u32; 2], sizes: [u32; 2]) -> usize {
        let found = suspects_by_shape(|heap: &mut GraphBuilder, global: NodeIndex, is_grown| {
            let at = usize::from(is_grown);
            let list = property(heap, global, "jobs", "Array");
            elements(heap, list, 0..counts[at], "Job", sizes[at]);
        });
        found.len()
    }

    #[test]
    fn half_as_many_items_more_are_load_if_each_is_no_more_than_four_times_as_large() {
        assert_eq!(of_jobs([1_000, 1_500], [200, 200]), 0);
        assert_eq!(of_jobs([1_000, 1_520], [200, 200]), 1);
        assert_eq!(of_jobs([1_000, 900], [200, 700]), 0);
        assert_eq!(of_jobs([1_000, 1_000], [200, 1_000]), 1);
        assert_eq!(of_jobs([0, 1_000], [200, 200]), 1, "nothing was there");
    }

    #[test]
    fn what_has_no_items_may_be_half_as_large_again() {
        let of_text = |sizes: [u32; 2]| {
            let found =
                suspects_by_shape(|heap: &mut GraphBuilder, global: NodeIndex, is_grown| {
                    let page = property(heap, global, "page", "Page");
                    let html = heap.node(NodeType::STRING, "", sizes[usize::from(is_grown)]);
                    heap.edge(page, EdgeType::PROPERTY, "html", html);
                });
            found.len()
        };
        assert_eq!(of_text([1_000_000, 1_490_000]), 0);
        assert_eq!(of_text([1_000_000, 1_510_000]), 1);
    }
}
