//! Which nodes of two snapshots of the same process are the same: those of equal id.
//!
//! V8 gives ids in the order in which it first sees objects, and walks the heap in much the same
//! order each time. So ids in a file are runs of ascending numbers. The nodes of the older snapshot
//! are sorted by id (a merge sort that takes the runs as they are), and the newer one's are looked
//! up in file order, each search starting where the last one ended: a step or two inside a run, and
//! a gallop between runs.
//!
//! Time: O(n) for ascending ids, O(n log n) for any. Memory: 4 bytes a node for the order, 12 more
//! while sorting if the ids do not ascend.

use rayon::prelude::*;

use crate::control::Control;
use crate::error::Result;
use crate::graph::NodeIndex;

/// The nodes in the order of their ids; those of one id in their own order. Runs on rayon's pool.
///
/// # Errors
/// `ABORT_ERR`, `ERR_TIMEOUT`.
pub fn nodes_by_id(ids: &[u32], control: &Control) -> Result<Vec<NodeIndex>> {
    control.checkpoint()?;
    if ids.is_sorted() {
        return Ok((0..ids.len() as u32).map(NodeIndex).collect());
    }
    let pair = |(node, &id): (usize, &u32)| u64::from(id) << 32 | node as u64;
    let mut pairs: Vec<u64> = ids.iter().enumerate().map(pair).collect();
    control.checkpoint()?;
    pairs.par_sort();
    control.checkpoint()?;
    Ok(pairs.into_iter().map(|pair| NodeIndex(pair as u32)).collect())
}

/// The nodes of a snapshot by id.
#[derive(Clone, Debug, Default)]
pub struct IdIndex {
    /// Ascending.
    ids: Vec<u32>,
    /// The node of each id.
    nodes: Vec<NodeIndex>,
}

impl IdIndex {
    /// The index of the nodes with these ids.
    ///
    /// # Errors
    /// `ABORT_ERR`, `ERR_TIMEOUT`.
    pub fn new(ids: &[u32], control: &Control) -> Result<Self> {
        let nodes = nodes_by_id(ids, control)?;
        Ok(Self { ids: nodes.iter().map(|node| ids[node.at()]).collect(), nodes })
    }

    /// The node with an id; the first of several.
    pub fn get(&self, id: u32) -> Option<NodeIndex> {
        Search::new(&self.ids).find(id).map(|at| self.nodes[at])
    }
}

/// A search in ascending ids that begins where the last one ended.
#[derive(Clone, Debug)]
pub struct Search<'a> {
    ids: &'a [u32],
    at: usize,
}

impl<'a> Search<'a> {
    /// A search that begins with the lowest.
    pub fn new(ids: &'a [u32]) -> Self {
        Self { ids, at: 0 }
    }

    /// The place of an id; the first of several.
    #[inline(always)]
    pub fn find(&mut self, id: u32) -> Option<usize> {
        self.at = self.seek(id);
        (self.ids.get(self.at) == Some(&id)).then_some(self.at)
    }

    /// The first place whose id is not below `id`, searched for in growing steps.
    #[inline(always)]
    fn seek(&self, id: u32) -> usize {
        let Self { ids, at: start } = *self;
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
            let mut sorted = ids.clone();
            sorted.sort();
            let mut search = Search::new(&sorted);
            for &id in &wanted {
                let naive = ids.iter().position(|&known| known == id);
                prop_assert_eq!(index.get(id), naive.map(|at| NodeIndex(at as u32)));
                let naive = sorted.iter().position(|&known| known == id);
                prop_assert_eq!(search.find(id), naive);
            }
        }
    }
}
