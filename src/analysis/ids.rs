//! Which nodes of two snapshots of the same process are the same: those of equal id.
//!
//! V8 gives ids in the order in which it first sees objects, and walks the heap in much the same
//! order each time. So ids in a file are runs of ascending numbers. The index of the older
//! snapshot is sorted by id (a merge sort that takes the runs as they are), and the newer one's
//! nodes are looked up in file order, each search starting where the last one ended: a step or two
//! inside a run, and a gallop between runs.
//!
//! Time: O(n) for ascending ids, O(n log n) for any. Memory: 8 bytes a node of the older snapshot,
//! 12 more and half as much again while sorting if the ids do not ascend; 4 bytes a node of the
//! newer one for the answer.

use crate::control::Control;
use crate::error::Result;

/// Stands for "there is no such node in the other snapshot".
pub const NO_MATCH: u32 = u32::MAX;

/// The nodes of a snapshot by id.
#[derive(Clone, Debug, Default)]
pub struct IdIndex {
    /// Ascending.
    ids: Vec<u32>,
    /// The node of each id.
    nodes: Vec<u32>,
}

impl IdIndex {
    /// The index of the nodes with these ids.
    pub fn new(ids: &[u32], control: &Control) -> Result<Self> {
        control.checkpoint()?;
        if ids.is_sorted() {
            return Ok(Self { ids: ids.to_vec(), nodes: (0..ids.len() as u32).collect() });
        }
        let pair = |(node, &id): (usize, &u32)| u64::from(id) << 32 | node as u64;
        let mut pairs: Vec<u64> = ids.iter().enumerate().map(pair).collect();
        pairs.sort();
        control.checkpoint()?;
        let nodes = pairs.iter().map(|&pair| pair as u32).collect();
        let ids = pairs.into_iter().map(|pair| (pair >> 32) as u32).collect();
        Ok(Self { ids, nodes })
    }

    /// The node with an id; the first of several.
    pub fn get(&self, id: u32) -> Option<u32> {
        let at = self.ids.partition_point(|&known| known < id);
        (self.ids.get(at) == Some(&id)).then(|| self.nodes[at])
    }

    /// For each of `ids`, the node here that has it, or [`NO_MATCH`].
    pub fn matches(&self, ids: &[u32], control: &Control) -> Result<Vec<u32>> {
        let mut matches = Vec::with_capacity(ids.len());
        let mut at = 0;
        for (step, &id) in ids.iter().enumerate() {
            control.checkpoint_at(step)?;
            at = self.seek(at, id);
            let found = self.ids.get(at) == Some(&id);
            matches.push(if found { self.nodes[at] } else { NO_MATCH });
        }
        Ok(matches)
    }

    /// The first place whose id is not below `id`, searched from `start` on in growing steps.
    #[inline(always)]
    fn seek(&self, start: usize, id: u32) -> usize {
        let ids = &self.ids;
        if start < ids.len() && ids[start] < id {
            // The next one, most of the time.
            let (mut low, mut step) = (start + 1, 1);
            while low < ids.len() && ids[low] < id {
                low += step;
                step *= 2;
            }
            let begin = if step == 1 { low } else { low - step / 2 };
            let end = low.min(ids.len());
            return begin + ids[begin..end].partition_point(|&known| known < id);
        }
        if start == 0 || ids[start - 1] < id {
            return start;
        }
        ids[..start].partition_point(|&known| known < id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn an_index_finds_what_a_search_finds(
            ids in prop::collection::vec(0u32..300, 0..200),
            wanted in prop::collection::vec(0u32..310, 0..200),
            ascending in any::<bool>(),
        ) {
            let mut ids = ids;
            if ascending {
                ids.sort_unstable();
            }
            let index = IdIndex::new(&ids, &Control::default()).unwrap();
            let matches = index.matches(&wanted, &Control::default()).unwrap();
            for (&id, &found) in wanted.iter().zip(&matches) {
                let naive = ids.iter().position(|&known| known == id);
                prop_assert_eq!(naive.map_or(NO_MATCH, |at| at as u32), found);
                prop_assert_eq!(index.get(id), naive.map(|at| at as u32));
            }
        }
    }
}
