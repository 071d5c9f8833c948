//! Which nodes of the baseline are still there.
//!
//! Time: one pass over the nodes, and a sort where ids are sparse; then constant, or a binary search. Memory:
//! at most 8 bytes a node.

use crate::analysis::bits::BitSet;
use crate::control::Control;
use crate::error::Result;
use crate::graph::HeapGraph;

/// Ids are dense if there are so many at most for each node: V8 gives them out in turn.
const IDS_PER_NODE: usize = 64;

/// The odd ids of nodes of the newer snapshot that are no younger than the baseline. Even ids are those of
/// embedder nodes, which are new in each snapshot.
#[derive(Debug)]
pub(super) struct Alive {
    last_id: u32,
    ids: Ids,
}

#[derive(Debug)]
enum Ids {
    /// A bit for each.
    Dense(BitSet),
    /// In ascending order.
    Sparse(Vec<u32>),
}

impl Alive {
    /// Those up to `last_id`.
    pub(super) fn up_to(last_id: u32, graph: &HeapGraph, control: &Control) -> Result<Self> {
        let is_wanted = |id: &u32| id % 2 == 1 && *id <= last_id;
        let most = last_id as usize / 2 + 1;
        let ids = graph.nodes().map(|node| graph.id(node));
        if most > graph.node_count().saturating_mul(IDS_PER_NODE) {
            let mut sorted: Vec<u32> = ids.filter(is_wanted).collect();
            sorted.sort_unstable();
            control.checkpoint()?;
            return Ok(Self { last_id, ids: Ids::Sparse(sorted) });
        }
        let mut bits = BitSet::new(most);
        for (at, id) in ids.enumerate() {
            control.checkpoint_at(at)?;
            if is_wanted(&id) {
                bits.insert(id / 2);
            }
        }
        Ok(Self { last_id, ids: Ids::Dense(bits) })
    }

    /// Whether there is a node with an id of the baseline.
    pub(super) fn contains(&self, id: u32) -> bool {
        let may_be = id % 2 == 1 && id <= self.last_id;
        may_be
            && match &self.ids {
                Ids::Dense(bits) => bits.contains(id / 2),
                Ids::Sparse(sorted) => sorted.binary_search(&id).is_ok(),
            }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::graph::NodeType;
    use crate::leak::stage::Heap;

    /// Whether each of some ids is alive in a heap with nodes of ids 101 and 104, and the last id.
    fn alive(last_id: u32) -> [bool; 5] {
        let heap = Heap::build(|heap, _| {
            for id in [101, 104] {
                let node = heap.node(NodeType::OBJECT, "Job", 16);
                heap.set_id(node, id);
            }
        });
        let alive = Alive::up_to(last_id, &heap.graph, &Control::default()).unwrap();
        assert_eq!(matches!(alive.ids, Ids::Sparse(_)), last_id > 100_000);
        [101, 103, 104, 105, u32::MAX].map(|id| alive.contains(id))
    }

    #[test]
    fn ids_are_looked_up_whether_they_are_dense_or_not() {
        for last_id in [101, 109, 4_000_000_001] {
            assert_eq!(alive(last_id), [true, false, false, false, false]);
        }
        assert_eq!(alive(99), [false; 5], "younger ones are not of the baseline");
    }
}
