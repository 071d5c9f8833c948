//! Windows of buckets: the counts of the last minutes, one Map for each. The oldest is emptied or replaced
//! when a minute begins, so one bucket fills while another loses as much, and nothing leaks.
//!
//! A window as a whole is as large as before, but for a part of one bucket: the last one is not full.
//!
//! Time: linear in the edges of the collection.

use crate::graph::NodeIndex;
use crate::leak::before::Before;
use crate::leak::candidate::Candidate;
use crate::leak::holders::slots;
use crate::leak::items;
use crate::leak::merge::collection_around;
use crate::leak::suspects::Newer;

/// With fewer other buckets it is no window, but a few things side by side.
const FEWEST_OTHERS: usize = 3;

/// A bucket that has just been filled may be so many times as large as the largest of the others.
const MOST_TIMES: u64 = 2;

/// Whether a candidate stands for the buckets of a collection that has no more of them, and less than one
/// bucket more in them. By id, where buckets are known, all of them have to be new.
pub(super) fn is_window(newer: Newer<'_>, before: &Before<'_>, candidate: &Candidate) -> bool {
    let (Some(buckets), Some(was)) = (candidate.items_of(), candidate.point.prior) else {
        return false;
    };
    let has_more = candidate.point.items.is_none_or(|items| items > was.items);
    if has_more || buckets.containers <= FEWEST_OTHERS as u64 {
        return false;
    }
    if !before.knows_young() {
        return candidate.more_items() * buckets.containers < buckets.items.after;
    }
    let retained = newer.analysis.retained.at(candidate.point.node.at());
    let net = retained.saturating_sub(was.retained);
    buckets.items.before == 0 && net.saturating_mul(buckets.containers) < retained
}

/// Whether a candidate is a bucket of a collection that did not grow by half as much, and no larger than
/// such buckets are.
pub(super) fn is_bucket(newer: Newer<'_>, before: &Before<'_>, candidate: &Candidate) -> bool {
    let Newer { graph, words, analysis, .. } = newer;
    let bucket = candidate.point.node;
    if !before.knows_young() || !candidate.stands_for_itself() || candidate.more_items() == 0 {
        return false;
    }
    let Some(window) = collection_around(graph, words, analysis, bucket) else { return false };
    let Some(was) = before.of(graph, window) else { return false };
    let net = analysis.retained.at(window.at()).saturating_sub(was.retained);
    if before.is_young(window) || net * 2 >= candidate.point.bytes {
        return false;
    }
    let kind = |node: NodeIndex| (graph.node_type(node), graph.name_index(node));
    let targets = slots(graph, analysis, window).map(|edge| edge.target);
    let others = targets.filter(|&node| node != bucket && kind(node) == kind(bucket));
    // Of one that has been emptied, what it was tells.
    let size = |node: NodeIndex| {
        let now = items::count(graph, words, node).map_or(0, |(_, items)| items);
        now.max(before.of(graph, node).map_or(0, |prior| prior.items))
    };
    let sizes: Vec<u64> = others.map(size).collect();
    let largest = sizes.iter().max().copied().unwrap_or(0);
    sizes.len() >= FEWEST_OTHERS && candidate.point.items.unwrap_or(0) <= MOST_TIMES * largest
}

#[cfg(test)]
mod tests {
    use crate::graph::{EdgeType, NodeIndex, NodeType};
    use crate::leak::stage::{elements, property, suspects, suspects_by_shape};

    /// What is found where a list has buckets of so many entries, before and after.
    fn found(before: [u32; 5], after: [u32; 5]) -> Vec<String> {
        let found = suspects(|heap, global, is_grown| {
            let ring = property(heap, global, "ring", "Array");
            let counts = if is_grown { after } else { before };
            for (at, count) in (0..).zip(counts) {
                let bucket = heap.node(NodeType::OBJECT, "Array", 32);
                heap.set_id(bucket, 90_001 + 2 * at);
                heap.numbered(ring, EdgeType::ELEMENT, at, bucket);
                for number in 0..count {
                    let entry = heap.node(NodeType::OBJECT, "Entry", 300);
                    heap.numbered(bucket, EdgeType::ELEMENT, number, entry);
                    // Other ones than before, wherever they stand.
                    heap.set_id(entry, id_of(entry, is_grown));
                }
            }
        });
        found.into_iter().map(|it| it.name).collect()
    }

    fn id_of(node: NodeIndex, is_grown: bool) -> u32 {
        2 * node.0 + if is_grown { 200_001 } else { 100_001 }
    }

    #[test]
    fn a_bucket_that_fills_while_another_is_emptied_is_no_leak() {
        assert!(found([800, 800, 800, 800, 40], [0, 800, 800, 800, 800]).is_empty());
        assert!(found([800, 800, 800, 800, 40], [41, 800, 800, 800, 800]).is_empty());
    }

    #[test]
    fn buckets_that_are_all_new_and_no_more_in_them_are_no_leak() {
        let found = |counts: [u32; 5]| {
            let found = suspects(|heap, global, is_grown| {
                let minutes = property(heap, global, "minutes", "Array");
                let counts = if is_grown { counts } else { [700, 700, 700, 700, 300] };
                // By minute, and five minutes later.
                for (at, count) in (if is_grown { 5.. } else { 0.. }).zip(counts) {
                    let bucket = heap.node(NodeType::OBJECT, "Array", 32);
                    heap.set_id(bucket, id_of(bucket, is_grown));
                    heap.numbered(minutes, EdgeType::ELEMENT, at, bucket);
                    for number in 0..count {
                        let entry = heap.node(NodeType::OBJECT, "Entry", 300);
                        heap.numbered(bucket, EdgeType::ELEMENT, number, entry);
                        heap.set_id(entry, id_of(entry, is_grown));
                    }
                }
            });
            found.into_iter().map(|it| it.name).collect::<Vec<_>>()
        };
        assert!(found([700, 700, 700, 700, 650]).is_empty());
        assert_eq!(found([1_400, 1_400, 1_400, 1_400, 650]), ["minutes"]);
    }

    #[test]
    fn where_ids_say_nothing_less_than_one_bucket_more_is_no_leak() {
        let found = |counts: [u32; 5]| {
            let found = suspects_by_shape(|heap, global, is_grown| {
                let minutes = property(heap, global, "minutes", "Array");
                let counts = if is_grown { counts } else { [700, 700, 700, 700, 300] };
                for (at, count) in (0..).zip(counts) {
                    let bucket = heap.node(NodeType::OBJECT, "Array", 32);
                    heap.numbered(minutes, EdgeType::ELEMENT, at, bucket);
                    elements(heap, bucket, 0..count, "Entry", 300);
                }
            });
            found.into_iter().map(|it| it.name).collect::<Vec<_>>()
        };
        assert!(found([700, 700, 700, 700, 650]).is_empty());
        assert_eq!(found([1_400, 1_400, 1_400, 1_400, 650]), ["minutes"]);
    }

    #[test]
    fn it_is_one_if_nothing_is_emptied_or_it_grows_beyond_the_others() {
        assert_eq!(found([800, 800, 800, 800, 40], [800, 800, 800, 800, 800]), ["ring"]);
        assert_eq!(found([800, 800, 800, 800, 40], [0, 0, 0, 0, 3_000]), ["ring"]);
    }
}
