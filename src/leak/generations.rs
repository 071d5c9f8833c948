//! Caches of two generations: a container fills up, becomes the older one of two, and an empty one takes its
//! place. Which of the two is how full is a matter of the moment; a leak shows in both together.
//!
//! By id it is known whether either has anything left of what it was. Of another process it is not: there two
//! containers of things of one kind are looked at together, and may have grown by half at most, as what has
//! another load.
//!
//! Time: linear in the edges of what holds the container, and of the two.

use crate::graph::{Edge, EdgeType, NodeIndex, NodeType};
use crate::leak::before::Before;
use crate::leak::candidate::Candidate;
use crate::leak::census::slot_key;
use crate::leak::edges::hidden_class;
use crate::leak::holders::slots;
use crate::leak::items;
use crate::leak::load::is_half_at_most;
use crate::leak::suspects::{LEAST_ITEMS, Newer};

/// Of two generations, one may be full and the other empty, or both be full.
const MOST_TIMES: u64 = 2;

/// Whether a candidate is one of two generations that were both replaced, or may have been, and have not grown
/// beyond what such a cache does.
pub(super) fn is_generation(newer: Newer<'_>, before: &Before<'_>, candidate: &Candidate) -> bool {
    let Newer { graph, words, .. } = newer;
    let container = candidate.point.node;
    if !candidate.stands_for_itself() || candidate.more_items() == 0 {
        return false;
    }
    if before.is_of_another_process() {
        return are_half_as_many_more_together(newer, before, container);
    }
    let owner = newer.analysis.dominators.idom(container);
    if !before.knows_young() || before.is_young(owner) {
        return false;
    }
    let mut generations = 0;
    let (mut now, mut was) = (0, 0);
    for edge in containers_beside(newer, container) {
        if !is_replaced(newer, before, edge.target) {
            continue;
        }
        generations += 1;
        now += items::count(graph, words, edge.target).map_or(0, |(_, items)| items);
        let record = before.census().by_slot(slot_key(graph, graph.id(owner), edge));
        was += record.map_or(0, |record| u64::from(record.items));
    }
    // The two ends of a list are no containers.
    generations == 2
        && is_replaced(newer, before, container)
        && now <= MOST_TIMES * was + LEAST_ITEMS
}

/// Whether a container is one of two that had things of one kind in them before, and have half as many more now
/// at most, both together.
fn are_half_as_many_more_together(
    newer: Newer<'_>,
    before: &Before<'_>,
    container: NodeIndex,
) -> bool {
    let Newer { graph, words, .. } = newer;
    let mut kinds = Vec::new();
    let (mut now, mut was) = (0, 0);
    for edge in containers_beside(newer, container) {
        let items_before = before.of(graph, edge.target).map_or(0, |prior| prior.items);
        let Some(kind) = kind_of_items(newer, edge.target).filter(|_| items_before > 0) else {
            return false;
        };
        kinds.push(kind);
        now += items::count(graph, words, edge.target).map_or(0, |(_, items)| items);
        was += items_before;
    }
    kinds.len() == 2 && kinds[0] == kinds[1] && is_half_at_most(now.saturating_sub(was), was)
}

/// The slots in which the owner of a container has it and others of its class, which nobody else holds.
fn containers_beside(newer: Newer<'_>, container: NodeIndex) -> impl Iterator<Item = Edge> + '_ {
    let Newer { graph, analysis, .. } = newer;
    let owner = analysis.dominators.idom(container);
    let class = |node: NodeIndex| (graph.node_type(node), graph.name_index(node));
    let is_wanted = move |edge: &Edge| {
        matches!(edge.label.edge_type(), EdgeType::PROPERTY | EdgeType::CONTEXT)
            && class(edge.target) == class(container)
            && analysis.dominators.idom(edge.target) == owner
    };
    let are_objects = [owner, container].iter().all(|&it| graph.node_type(it) == NodeType::OBJECT);
    graph.edges(owner).filter(move |edge| are_objects && is_wanted(edge))
}

/// The hidden class of the first object in a container: what one place in the program makes has one.
fn kind_of_items(newer: Newer<'_>, container: NodeIndex) -> Option<NodeIndex> {
    let Newer { graph, words, analysis, .. } = newer;
    let items = slots(graph, analysis, container).filter(|edge| {
        graph.node_type(edge.target) == NodeType::OBJECT && edge.label.raw_name() != words.proto.0
    });
    items.map(|edge| hidden_class(graph, words, edge.target)).next()?
}

/// Whether a container came after the baseline, with all that is in it.
fn is_replaced(newer: Newer<'_>, before: &Before<'_>, container: NodeIndex) -> bool {
    let Newer { graph, words, analysis, .. } = newer;
    let is_old = |edge: &Edge| {
        graph.node_type(edge.target) == NodeType::OBJECT
            && edge.label.raw_name() != words.proto.0
            && !before.is_young(edge.target)
    };
    before.is_young(container) && !slots(graph, analysis, container).any(|it| is_old(&it))
}

#[cfg(test)]
mod tests {
    use crate::graph::{EdgeType, NodeType};
    use crate::leak::stage::{property, suspects, suspects_by_shape};

    /// Names of what is found where a cache has two generations of so many entries, which are other ones
    /// afterwards: as many in `current` and `previous`, before and after.
    fn found(before: [u32; 2], after: [u32; 2]) -> Vec<String> {
        let found = suspects(|heap, global, is_grown| {
            let cache = property(heap, global, "cache", "Cache");
            let counts = if is_grown { after } else { before };
            for (name, count) in ["current", "previous"].into_iter().zip(counts) {
                let generation = property(heap, cache, name, "Array");
                let mut items = vec![generation];
                for number in 0..count {
                    let entry = heap.node(NodeType::OBJECT, "Entry", 300);
                    heap.numbered(generation, EdgeType::ELEMENT, number, entry);
                    items.push(entry);
                }
                // Other ones than before, wherever they stand.
                let offset = if is_grown { 100_000 } else { 0 };
                items.iter().for_each(|item| heap.set_id(*item, 2 * item.0 + 1 + offset));
            }
        });
        found.into_iter().map(|it| it.name).collect()
    }

    #[test]
    fn how_full_which_of_two_generations_is_says_nothing() {
        assert!(found([100, 1_000], [900, 1_000]).is_empty());
        assert!(found([0, 1_000], [1_000, 1_000]).is_empty());
    }

    #[test]
    fn both_together_may_leak() {
        assert_eq!(found([100, 1_000], [900, 4_000]), ["previous", "current"]);
    }

    /// Names of what is found since another process, where a cache has two generations of so many entries, and
    /// those of the second are of a hidden class of their own or not.
    fn found_elsewhere(before: [u32; 2], after: [u32; 2], are_alike: bool) -> Vec<String> {
        let found = suspects_by_shape(|heap, global, is_grown| {
            let cache = property(heap, global, "cache", "Cache");
            let shapes = [(); 2].map(|()| heap.node(NodeType::OBJECT_SHAPE, "system / Map", 80));
            let counts = if is_grown { after } else { before };
            for (at, name) in ["current", "previous"].into_iter().enumerate() {
                let generation = property(heap, cache, name, "Array");
                for number in 0..counts[at] {
                    let entry = heap.node(NodeType::OBJECT, "Object", 300);
                    heap.numbered(generation, EdgeType::ELEMENT, number, entry);
                    let shape = shapes[if are_alike { 0 } else { at }];
                    heap.edge(entry, EdgeType::INTERNAL, "map", shape);
                }
            }
        });
        found.into_iter().map(|it| it.name).collect()
    }

    #[test]
    fn in_another_process_two_generations_are_looked_at_together() {
        assert!(found_elsewhere([300, 1_000], [800, 1_000], true).is_empty());
        assert_eq!(found_elsewhere([300, 1_000], [1_100, 1_000], true), ["current"]);
        assert_eq!(found_elsewhere([300, 1_000], [800, 1_000], false), ["current"]);
        assert_eq!(found_elsewhere([0, 1_000], [400, 1_000], true), ["current"], "from nothing");
    }
}
