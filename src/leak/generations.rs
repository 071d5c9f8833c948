//! Caches of two generations: a container fills up, becomes the older one of two, and an empty one takes its
//! place. Which of the two is how full is a matter of the moment; a leak shows in both together.
//!
//! By id only: it has to be known that neither has anything left of what it was.
//!
//! Time: linear in the edges of what holds the container, and of the two.

use crate::graph::{Edge, EdgeType, NodeIndex, NodeType};
use crate::leak::before::Before;
use crate::leak::candidate::Candidate;
use crate::leak::census::slot_key;
use crate::leak::holders::slots;
use crate::leak::items;
use crate::leak::suspects::{LEAST_ITEMS, Newer};

/// Of two generations, one may be full and the other empty, or both be full.
const MOST_TIMES: u64 = 2;

/// Whether a candidate is one of two generations that were both replaced, and have not grown beyond
/// what such a cache does.
pub(super) fn is_generation(newer: Newer<'_>, before: &Before<'_>, candidate: &Candidate) -> bool {
    let Newer { graph, words, analysis, .. } = newer;
    let container = candidate.point.node;
    let owner = analysis.dominators.idom(container);
    if !before.knows_young() || before.is_young(owner) || graph.node_type(owner) != NodeType::OBJECT
    {
        return false;
    }
    let mut generations = 0;
    let (mut now, mut was) = (0, 0);
    for edge in graph.edges(owner) {
        let is_slot = matches!(edge.label.edge_type(), EdgeType::PROPERTY | EdgeType::CONTEXT);
        let is_alike = graph.node_type(edge.target) == NodeType::OBJECT
            && graph.name_index(edge.target) == graph.name_index(container)
            && analysis.dominators.idom(edge.target) == owner;
        if !is_slot || !is_alike || !is_replaced(newer, before, edge.target) {
            continue;
        }
        generations += 1;
        now += items::count(graph, words, edge.target).map_or(0, |(_, items)| items);
        let record = before.census().by_slot(slot_key(graph, graph.id(owner), edge));
        was += record.map_or(0, |record| u64::from(record.items));
    }
    // The two ends of a list are no containers.
    generations == 2
        && candidate.more_items() > 0
        && candidate.stands_for_itself()
        && is_replaced(newer, before, container)
        && now <= MOST_TIMES * was + LEAST_ITEMS
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
    use crate::leak::stage::{property, suspects};

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
}
