//! Which nodes of two snapshots of the same process are the same: those of equal id.
//!
//! V8 gives ids in the order in which it first sees objects, and walks the heap in much the same
//! order each time. So ids in a file are runs of ascending numbers. The nodes of the older snapshot
//! are put in the order of their ids, and the newer one's are looked up in file order, each search
//! starting where the last one ended: a step or two inside a run, and a gallop between runs.
//!
//! A young process has given out few more ids than it has nodes: every second number, for the most
//! part. There each node goes straight into a slot for its id. Where ids are sparse or one comes twice,
//! they are sorted (a merge sort that takes the runs as they are).
//!
//! Time: O(n) for ascending and for dense ids, O(n log n) for any. Memory: 4 bytes a node for the
//! order, and while that is made, up to 16 more for slots or 12 for sorting.

use rayon::prelude::*;

use crate::control::Control;
use crate::error::Result;
use crate::graph::NodeIndex;

/// So many slots a node at most: sorting takes less time and memory beyond.
const MOST_SLOTS: usize = 4;

/// The nodes in the order of their ids; those of one id in their own order. Runs on the calling
/// thread, and on rayon's pool if it has to sort.
///
/// # Errors
/// `ABORT_ERR`, `ERR_TIMEOUT`.
pub fn nodes_by_id(ids: &[u32], control: &Control) -> Result<Vec<NodeIndex>> {
    control.checkpoint()?;
    if ids.is_sorted() {
        return Ok((0..ids.len() as u32).map(NodeIndex).collect());
    }
    if let Some(nodes) = nodes_by_slot(ids, control)? {
        return Ok(nodes);
    }
    control.checkpoint()?;
    let pair = |(node, &id): (usize, &u32)| u64::from(id) << 32 | node as u64;
    let mut pairs: Vec<u64> = ids.iter().enumerate().map(pair).collect();
    control.checkpoint()?;
    pairs.par_sort();
    control.checkpoint()?;
    Ok(pairs.into_iter().map(|pair| NodeIndex(pair as u32)).collect())
}

/// The nodes in the order of their ids, if those are dense and each is there only once.
fn nodes_by_slot(ids: &[u32], control: &Control) -> Result<Option<Vec<NodeIndex>>> {
    let slots = ids.iter().max().map_or(0, |&largest| largest as usize + 1);
    if slots > ids.len().saturating_mul(MOST_SLOTS) {
        return Ok(None);
    }
    // A number more than the node's, so that nothing has to fill the slots.
    let mut in_slot = vec![0_u32; slots];
    for (node, &id) in ids.iter().enumerate() {
        control.checkpoint_at(node)?;
        let slot = &mut in_slot[id as usize];
        if *slot != 0 {
            return Ok(None);
        }
        *slot = node as u32 + 1;
    }
    // What an empty slot writes, the next one writes over, the last of them behind the end: a branch
    // would be guessed wrong wherever ids skip.
    let mut nodes = vec![NodeIndex(0); ids.len() + 1];
    let mut count = 0;
    for (step, &node) in in_slot.iter().enumerate() {
        control.checkpoint_at(step)?;
        nodes[count] = NodeIndex(node.wrapping_sub(1));
        count += usize::from(node != 0);
    }
    nodes.pop();
    Ok(Some(nodes))
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
        fn nodes_are_in_the_order_of_their_ids_however_dense(
            ids in prop::collection::vec(0u32..3000, 0..1500),
            keep_duplicates in any::<bool>(),
        ) {
            let mut seen = std::collections::HashSet::new();
            let ids: Vec<u32> =
                ids.into_iter().filter(|&id| seen.insert(id) || keep_duplicates).collect();
            let mut naive: Vec<_> = (0..ids.len() as u32).map(NodeIndex).collect();
            naive.sort_by_key(|node| ids[node.at()]);
            prop_assert_eq!(nodes_by_id(&ids, &Control::default()).unwrap(), naive);
        }

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
