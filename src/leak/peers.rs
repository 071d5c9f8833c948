//! Other views of a container: the list in the program, of watchers that a package keeps in a set of its
//! own. What both hold is credited to one of them; the name may be that of either.
//!
//! Time: linear in the edges of the containers. Memory: 4 bytes for each of their new items.

use crate::graph::NodeIndex;
use crate::leak::candidate::Candidate;
use crate::leak::growth::Walk;
use crate::leak::holders::{Reach, slots};
use crate::leak::listeners::is_about;

/// So many other views of a container are enough to find one in the program.
const MOST_PEERS: usize = 8;

/// Notes the containers that have next to nothing to themselves, and gained as many items as another one
/// of which the items are the same, or lead from one to the other. `grown` says which candidates are
/// containers, in the order in which they were gone from for `reach`.
pub(super) fn add_peers(
    walk: &Walk<'_>,
    candidates: &mut [Candidate],
    grown: &[usize],
    reach: &Reach,
) {
    if !has_small_container(walk, candidates, grown) {
        return;
    }
    let items: Vec<_> =
        grown.iter().map(|&at| young_items(walk, candidates[at].point.node)).collect();
    for (one, other) in reach.related(&items) {
        let [one, other] = [grown[one], grown[other]];
        let (large, small) = match candidates[one].point.bytes >= candidates[other].point.bytes {
            true => (one, other),
            false => (other, one),
        };
        let small = candidates[small].point;
        let large = &mut candidates[large];
        if small.bytes < walk.least_bytes
            && large.also.len() < MOST_PEERS
            && is_about(large.point.more_items(), small.more_items())
        {
            large.also.push(small);
        }
    }
}

/// Whether a container that has next to nothing gained as many items as one that has more.
fn has_small_container(walk: &Walk<'_>, candidates: &[Candidate], grown: &[usize]) -> bool {
    let points = grown.iter().map(|&at| candidates[at].point);
    let points = points.filter(|point| point.more_items() > 0);
    let (small, large): (Vec<_>, Vec<_>) = points.partition(|point| point.bytes < walk.least_bytes);
    let mut large: Vec<u64> = large.iter().map(|point| point.more_items()).collect();
    large.sort_unstable();
    small.iter().any(|point| {
        let more = point.more_items();
        // The nearest on either side.
        let at = large.partition_point(|&other| other < more);
        let mut near = large[at.saturating_sub(1)..].iter().take(2);
        near.any(|&other| is_about(more, other))
    })
}

/// What came into the slots of a container.
fn young_items(walk: &Walk<'_>, container: NodeIndex) -> Vec<NodeIndex> {
    let items = slots(walk.graph, walk.analysis, container).map(|edge| edge.target);
    items.filter(|&item| walk.before.is_young(item)).collect()
}

#[cfg(test)]
mod tests {
    use crate::graph::{EdgeType, NodeType};
    use crate::leak::stage::{function, property, suspects};

    /// What is found where a registry in the file `registry` has an entry for each item of a small list
    /// of the program.
    fn found(registry: &str) -> (String, i64) {
        let found = suspects(|heap, global, is_grown| {
            let add = function(heap, global, "add", "/srv/app/store.js", 3);
            let keep = function(heap, global, "keep", registry, 1);
            let list = property(heap, add, "list", "Array");
            let registry = property(heap, keep, "registry", "Array");
            for at in 0..if is_grown { 300 } else { 0 } {
                let entry = heap.node(NodeType::OBJECT, "Entry", 100);
                let item = heap.node(NodeType::OBJECT, "Item", 16);
                heap.numbered(registry, EdgeType::ELEMENT, at, entry);
                heap.edge(entry, EdgeType::PROPERTY, "item", item);
                heap.numbered(list, EdgeType::ELEMENT, at, item);
            }
        });
        assert_eq!(found.len(), 1, "{found:?}");
        (found[0].name.clone(), found[0].growth.retained_bytes)
    }

    #[test]
    fn of_two_containers_of_the_same_things_the_one_in_the_program_is_named() {
        assert_eq!(found("/srv/node_modules/p/index.js"), ("list".into(), 300 * 100));
        assert_eq!(found("/srv/app/registry.js"), ("registry".into(), 300 * 100));
    }
}
