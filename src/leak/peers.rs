//! Other views of a container: the list in the program, of watchers that a package keeps in a set of its
//! own. What both hold is credited to one of them; the name may be that of either.
//!
//! Time: linear in the edges of the containers and, if one of them may be a view, in those of young
//! nodes. Memory: 4 bytes a node while it runs.

use crate::control::Control;
use crate::error::Result;
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
    control: &Control,
) -> Result<()> {
    add_in_order(walk, candidates, grown, reach);
    if has_lonely_container(walk, candidates, grown) {
        // What several lead to belongs to the first: so the last gets its turn to be that.
        let order: Vec<usize> = grown.iter().rev().copied().collect();
        let nodes: Vec<_> = order.iter().map(|&at| candidates[at].point.node).collect();
        let reach = Reach::find(walk.graph, walk.words, walk.before, &nodes, control)?;
        add_in_order(walk, candidates, &order, &reach);
    }
    Ok(())
}

/// Whether a container that has next to nothing gained as many items as one that has more.
fn has_lonely_container(walk: &Walk<'_>, candidates: &[Candidate], grown: &[usize]) -> bool {
    let points = grown.iter().map(|&at| candidates[at].point);
    let points = points.filter(|point| point.more_items() > 0);
    let (small, large): (Vec<_>, Vec<_>) = points.partition(|point| point.bytes < walk.least_bytes);
    let mut large: Vec<u64> = large.iter().map(|point| point.more_items()).collect();
    large.sort_unstable();
    small.iter().any(|point| {
        let more = point.more_items();
        // The nearest on either side.
        let at = large.partition_point(|&other| other < more);
        let near = large[at.saturating_sub(1)..].iter().take(2);
        near.into_iter().any(|&other| is_about(more, other))
    })
}

fn add_in_order(walk: &Walk<'_>, candidates: &mut [Candidate], order: &[usize], reach: &Reach) {
    for (place, &at) in order.iter().enumerate() {
        let point = candidates[at].point;
        if point.more_items() == 0 {
            continue;
        }
        let items = young_items(walk, point.node);
        let leader = reach.leader(&items).filter(|&leader| leader != place);
        let Some(leader) = leader.map(|leader| order[leader]) else { continue };
        let other = candidates[leader].point;
        let (large, small) = match other.bytes >= point.bytes {
            true => (leader, point),
            false => (at, other),
        };
        let large = &mut candidates[large];
        if small.bytes < walk.least_bytes
            && large.also.len() < MOST_PEERS
            && is_about(other.more_items(), point.more_items())
            && large.also.iter().all(|peer| peer.node != small.node)
        {
            large.also.push(small);
        }
    }
}

/// What came into the slots of a container.
fn young_items(walk: &Walk<'_>, container: NodeIndex) -> Vec<NodeIndex> {
    let items = slots(walk.graph, walk.analysis, container).map(|edge| edge.target);
    items.filter(|&item| walk.before.is_young(walk.graph, item)).collect()
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
