//! How much of a subtree of the dominator tree came after the baseline.
//!
//! Time: one pass over the nodes and one over the preorder of the tree; then constant for each question.
//! Memory: 4 bytes a node, and a bit a node while it is summed up.

use crate::analysis::bits::BitSet;
use crate::analysis::dominator_tree::DominatorTree;
use crate::control::Control;
use crate::error::Result;
use crate::graph::NodeIndex;
use crate::leak::growth::Walk;
use crate::prefix_sums::PrefixSums;

/// Bytes of young nodes, as prefix sums over the preorder of the dominator tree.
pub(super) struct YoungBytes(PrefixSums);

impl YoungBytes {
    /// Sums them up.
    ///
    /// # Errors
    ///
    /// `ABORT_ERR`, `ERR_TIMEOUT`.
    pub(super) fn sum(walk: &Walk<'_>, control: &Control) -> Result<Self> {
        // Most nodes have none. Who may have some fits into the cache, and their columns do not.
        let mut may_have = BitSet::new(walk.graph.node_count());
        for node in walk.graph.nodes() {
            control.checkpoint_at(node.at())?;
            let is_outside = || walk.before.is_outside(walk.graph, node);
            if walk.before.is_young(node) || may_grow(walk, node) || is_outside() {
                may_have.insert(node.0);
            }
        }
        let order = walk.analysis.dominators.order();
        let mut young = PrefixSums::with_capacity(order.len());
        for (position, &node) in order.iter().enumerate() {
            control.checkpoint_at(position)?;
            // What is above a node has been seen before it.
            if may_have.contains(node.0) && is_below_old(walk, node, &may_have) {
                may_have.remove(node.0);
            }
            young.push(if may_have.contains(node.0) { bytes_of(walk, node) } else { 0 });
        }
        Ok(Self(young))
    }

    /// Of the subtree at a position.
    pub(super) fn of(&self, walk: &Walk<'_>, position: u32) -> u64 {
        self.0.of(walk.analysis.dominators.subtree(position))
    }

    /// The positions of the nodes that are young or dominate something young, in ascending order.
    pub(super) fn positions<'t>(
        &'t self,
        tree: &'t DominatorTree,
    ) -> impl Iterator<Item = u32> + 't {
        let mut next = 0;
        std::iter::from_fn(move || {
            while (next as usize) < tree.order().len() {
                let position = next;
                if self.0.of(tree.subtree(position)) > 0 {
                    next += 1;
                    return Some(position);
                }
                next += tree.extent(position);
            }
            None
        })
    }
}

/// What of a node that has some came after the baseline. Memory outside of V8's heap may grow in place, and
/// in another process, what stands in one place may be larger itself.
fn bytes_of(walk: &Walk<'_>, node: NodeIndex) -> u64 {
    let size = u64::from(walk.graph.file_self_size(node));
    if walk.before.is_young(node) || walk.before.is_outside(walk.graph, node) {
        return size;
    }
    let prior = walk.before.of(walk.graph, node);
    prior.map_or(0, |prior| size.saturating_sub(prior.retained))
}

/// Whether a node is memory outside of V8's heap that did not come with anything young: it has a new id, and
/// may have been there before.
fn is_below_old(walk: &Walk<'_>, node: NodeIndex, may_have: &BitSet) -> bool {
    let before = walk.before;
    let came_with = |above: NodeIndex| {
        before.is_young(above)
            || (before.is_outside(walk.graph, above) && may_have.contains(above.0))
    };
    before.is_outside(walk.graph, node)
        && !may_grow(walk, node)
        && !came_with(walk.analysis.dominators.idom(node))
}

/// Whether a node that was there before may be larger now.
fn may_grow(walk: &Walk<'_>, node: NodeIndex) -> bool {
    walk.graph.name_index(node) == walk.words.array_buffer_data_node || !walk.before.knows_young()
}
