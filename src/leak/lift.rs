//! Growth inside of lists and trees is moved up to the head, which has the name.
//!
//! Time: that of [`chain::head`] for each candidate, a sort of them, and a pass over what is below each head.
//! Memory: some words for each candidate.

use std::collections::{HashMap, HashSet};

use crate::graph::NodeIndex;
use crate::leak::before::Before;
use crate::leak::candidate::Candidate;
use crate::leak::chain;
use crate::leak::suspects::{LEAST_ITEMS, Newer};

/// Moves points inside lists and trees to the head, and makes one of those that meet there.
pub(super) fn lift_chains(
    newer: Newer<'_>,
    before: &Before<'_>,
    positions: &[u32],
    candidates: &mut Vec<Candidate>,
) {
    let mut by_node: HashMap<NodeIndex, Candidate> = HashMap::new();
    let mut are_heads = HashSet::new();
    // Timers of two functions may be in one list.
    let (timers, others): (Vec<_>, Vec<_>) =
        std::mem::take(candidates).into_iter().partition(|it| it.function.is_some());
    for mut candidate in others {
        if candidate.scattered.is_none()
            && let Some(head) = head_of(newer, &candidate)
        {
            move_to(&mut candidate, head);
            are_heads.insert(head.node);
        }
        by_node
            .entry(candidate.point.node)
            .and_modify(|there| join(there, &candidate))
            .or_insert(candidate);
    }
    let mut lifted: Vec<_> = by_node.into_values().collect();
    lifted.sort_unstable_by_key(|candidate| positions[candidate.point.node.at()]);
    look_inside(newer, before, positions, &are_heads, &mut lifted);
    candidates.extend(lifted.into_iter().chain(timers));
    candidates.sort_by_key(|candidate| candidate.point.node);
}

/// The head of the list or tree that a candidate is in. A container that leads into the rest of one is
/// none to a developer, if few of the elements came into it itself.
fn head_of(newer: Newer<'_>, candidate: &Candidate) -> Option<chain::Head> {
    let Newer { graph, words, analysis, .. } = newer;
    let node = candidate.point.node;
    chain::head(graph, words, analysis, node).or_else(|| {
        let gained_few = candidate.more_items() < LEAST_ITEMS;
        gained_few.then(|| chain::head_of_owner(graph, words, analysis, node))?
    })
}

fn move_to(candidate: &mut Candidate, head: chain::Head) {
    candidate.links = candidate.links.max(head.links);
    if candidate.point.node != head.node {
        candidate.point.node = head.node;
        candidate.point.prior = None;
        candidate.point.items = None;
    }
}

/// Makes one of two candidates at one node.
fn join(there: &mut Candidate, other: &Candidate) {
    there.point.bytes += other.point.bytes;
    there.room += other.room;
    there.links = there.links.max(other.links);
    there.credited.extend(&other.credited);
    if there.point.items.is_none() {
        there.point.items = other.point.items;
        there.point.prior = other.point.prior;
    }
}

/// Looks at the whole of each list and tree: growth at each of many elements may be too little to be a
/// candidate. `lifted` are in the order of their positions.
fn look_inside(
    newer: Newer<'_>,
    before: &Before<'_>,
    positions: &[u32],
    are_heads: &HashSet<NodeIndex>,
    lifted: &mut [Candidate],
) {
    // What candidates grew from each on, in all; the inner ones come first.
    let mut bytes_from = vec![0; lifted.len() + 1];
    for at in (0..lifted.len()).rev() {
        let node = lifted[at].point.node;
        if are_heads.contains(&node) {
            let subtree = newer.analysis.dominators.subtree(positions[node.at()]);
            let after =
                lifted.partition_point(|it| (positions[it.point.node.at()] as usize) < subtree.end);
            let inside = bytes_from[at + 1] - bytes_from[after];
            let candidate = &mut lifted[at];
            candidate.links = candidate.links.max(young_elements(newer, before, positions, node));
            // What is credited to it is not inside of it.
            if candidate.credited.is_empty()
                && let Some(growth) = growth_of(newer, before, node)
            {
                candidate.point.bytes = growth.saturating_sub(inside);
            }
        }
        bytes_from[at] = bytes_from[at + 1] + lifted[at].point.bytes;
    }
}

/// How many young nodes of the class of a head are below it.
fn young_elements(
    newer: Newer<'_>,
    before: &Before<'_>,
    positions: &[u32],
    head: NodeIndex,
) -> usize {
    let Newer { graph, analysis, .. } = newer;
    let tree = &analysis.dominators;
    let class = |node: NodeIndex| (graph.node_type(node), graph.name_index(node));
    let elements = tree.order()[tree.subtree(positions[head.at()])].iter();
    elements.filter(|&&node| before.is_young(node) && class(node) == class(head)).count()
}

/// How much a list or tree that was there before grew. A tree that is balanced anew has another head, which was
/// smaller: it is compared with what was in the slot. Where that is not known, it grew by no more than what is
/// around it.
fn growth_of(newer: Newer<'_>, before: &Before<'_>, head: NodeIndex) -> Option<u64> {
    let Newer { graph, analysis, .. } = newer;
    let more_than = |node: NodeIndex, was: u64| analysis.retained.at(node.at()).saturating_sub(was);
    let growth = |node| Some(more_than(node, before.of(graph, node)?.retained));
    let around = analysis.dominators.idom(head);
    if let Some(was) = before.in_slot(graph, around, head) {
        return Some(more_than(head, was.retained));
    }
    let own = growth(head)?;
    Some(growth(around).map_or(own, |around| own.min(around)))
}

#[cfg(test)]
mod tests {
    use crate::graph::{EdgeType, NodeType};
    use crate::leak::stage::{elements, property, suspects};

    #[test]
    fn elements_that_own_arrays_of_the_next_ones_are_named_by_the_head() {
        let of_class = |class| {
            let found = suspects(|heap, global, is_grown| {
                let list = property(heap, global, "scores", "SkipList");
                let head = property(heap, list, "head", class);
                let next = property(heap, head, "next", "Array");
                for number in 0..if is_grown { 8 } else { 0 } {
                    let element = heap.node(NodeType::OBJECT, "Element", 32);
                    heap.numbered(next, EdgeType::ELEMENT, number, element);
                    let others = property(heap, element, "next", "Array");
                    elements(heap, others, 0..20, "Element", 2_000);
                }
            });
            assert_eq!(found.len(), 1, "{found:?}");
            let found = found.into_iter().next().unwrap();
            (found.name, found.class_name)
        };
        assert_eq!(of_class("Element"), ("head".into(), "Element".into()));
        // Of another class, the owner of the array is no element itself.
        assert_eq!(of_class("Chief"), ("next".into(), "Array".into()));
    }
}
