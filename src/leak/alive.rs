//! Which nodes of the baseline are still there.
//!
//! Time: constant for each node, and a sort where ids are sparse; then constant, or a binary search. Memory:
//! at most 8 bytes a node.

use crate::analysis::bits::BitSet;

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
    /// In ascending order once they are complete.
    Sparse(Vec<u32>),
}

impl Alive {
    /// None yet of those up to `last_id`, in a snapshot of so many nodes.
    pub(super) fn up_to(last_id: u32, nodes: usize) -> Self {
        let most = last_id as usize / 2 + 1;
        let are_sparse = most > nodes.saturating_mul(IDS_PER_NODE);
        let ids = if are_sparse { Ids::Sparse(Vec::new()) } else { Ids::Dense(BitSet::new(most)) };
        Self { last_id, ids }
    }

    /// One more: an odd id, and not above the last.
    pub(super) fn insert(&mut self, id: u32) {
        match &mut self.ids {
            Ids::Dense(bits) => _ = bits.insert(id / 2),
            Ids::Sparse(ids) => ids.push(id),
        }
    }

    /// All of them: ready to be asked.
    pub(super) fn finish(mut self) -> Self {
        if let Ids::Sparse(ids) = &mut self.ids {
            ids.sort_unstable();
        }
        self
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

    #[test]
    fn ids_are_looked_up_whether_they_are_dense_or_not() {
        for (last_id, is_sparse) in [(107, false), (4_000_000_001, true)] {
            let mut alive = Alive::up_to(last_id, 4);
            assert_eq!(matches!(alive.ids, Ids::Sparse(_)), is_sparse);
            for id in [107, 1, 101] {
                alive.insert(id);
            }
            let alive = alive.finish();
            for id in 0..120 {
                assert_eq!(alive.contains(id), [1, 101, 107].contains(&id), "{id}");
            }
            assert!(!alive.contains(last_id.saturating_add(2)) && !alive.contains(u32::MAX));
        }
    }
}
