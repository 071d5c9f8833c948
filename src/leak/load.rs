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

fn is_half_at_most(more: u64, was: u64) -> bool {
    more.saturating_mul(2) <= was
}
