//! The dominator tree, laid out so that a subtree is a slice.
//!
//! Nodes stand in preorder: a node comes before what it dominates, and everything it dominates
//! follows at once. So a subtree is a range of *positions*, retained sizes are summed up from the
//! last position to the first, and the children of a node are found by skipping from subtree to
//! subtree: no child lists.
//!
//! Memory: 12 bytes a node.

use std::ops::Range;

use crate::analysis::sizes::Sizes;
use crate::control::Control;
use crate::error::Result;
use crate::graph::NodeIndex;

/// Immediate dominators, and the tree they form.
#[derive(Debug, Default)]
pub struct DominatorTree {
    /// By node.
    idom: Vec<NodeIndex>,
    /// By position: the node.
    order: Vec<NodeIndex>,
    /// By position: how many nodes the subtree has, its top included.
    extent: Vec<u32>,
}

impl DominatorTree {
    /// Lays out the tree. `vertex` gives the node of each rank, `idom` the rank of each rank's
    /// immediate dominator, which is lower except that the first rank is its own. The columns of the
    /// tree are made out of these and of `spare`, columns as long whose content means nothing.
    pub(super) fn from_ranks(
        vertex: Vec<NodeIndex>,
        idom_rank: Vec<u32>,
        spare: [Vec<u32>; 2],
        control: &Control,
    ) -> Result<Self> {
        let count = vertex.len();
        let [mut sizes, order] = spare;
        sizes.fill(1);
        for rank in (1..count).rev() {
            control.checkpoint_at(rank)?;
            sizes[idom_rank[rank] as usize] += sizes[rank];
        }
        // Each node takes the next free part of its dominator's range.
        let mut next_free = idom_rank;
        let mut order: Vec<NodeIndex> = bytemuck::cast_vec(order);
        let mut extent = vec![0; count];
        for rank in 0..count {
            control.checkpoint_at(rank)?;
            let above = next_free[rank] as usize;
            let position = if rank == 0 { 0 } else { next_free[above] };
            next_free[above] += sizes[rank];
            next_free[rank] = position + 1;
            order[position as usize] = vertex[rank];
            extent[position as usize] = sizes[rank];
        }
        drop((sizes, next_free));
        let idom = idoms(&order, &extent, vertex, control)?;
        Ok(Self { idom, order, extent })
    }

    /// Gives up the layout: from now on only [`Self::idom`] and [`Self::idoms`] mean something.
    pub fn keep_idoms(&mut self) {
        self.order = Vec::new();
        self.extent = Vec::new();
    }

    /// The immediate dominator of a node; the root's is the root.
    #[inline(always)]
    pub fn idom(&self, node: NodeIndex) -> NodeIndex {
        self.idom[node.at()]
    }

    /// The immediate dominators, by node.
    pub fn idoms(&self) -> &[NodeIndex] {
        &self.idom
    }

    /// All nodes in preorder, the root first: a node comes after its dominator, and what it
    /// dominates follows it in one run.
    #[inline(always)]
    pub fn order(&self) -> &[NodeIndex] {
        &self.order
    }

    /// The node at a position.
    #[inline(always)]
    pub fn node_at(&self, position: u32) -> NodeIndex {
        self.order[position as usize]
    }

    /// How many nodes there are in the subtree at a position, its top included.
    #[inline(always)]
    pub fn extent(&self, position: u32) -> u32 {
        self.extent[position as usize]
    }

    /// The positions of a whole subtree, its top first. [`Self::order`] at this range is every node
    /// that the top dominates, and itself.
    #[inline(always)]
    pub fn subtree(&self, position: u32) -> Range<usize> {
        position as usize..(position + self.extent(position)) as usize
    }

    /// The positions of the nodes that the node at `position` dominates immediately.
    pub fn children(&self, position: u32) -> impl Iterator<Item = u32> + '_ {
        let end = position + self.extent(position);
        let mut next = position + 1;
        std::iter::from_fn(move || {
            let child = (next < end).then_some(next)?;
            next += self.extent(child);
            Some(child)
        })
    }

    /// Where each node stands, by node: the inverse of [`Self::order`]. 4 bytes a node.
    pub fn positions(&self) -> Vec<u32> {
        let mut positions = vec![0; self.order.len()];
        for (position, node) in self.order.iter().enumerate() {
            positions[node.at()] = position as u32;
        }
        positions
    }

    /// The retained size of each node in bytes, by node: its own self size and those of everything
    /// it dominates. Whoever stands last has all of its own when it is added to its dominator.
    ///
    /// # Errors
    /// `ABORT_ERR`, `ERR_TIMEOUT`.
    pub fn retained_sizes(&self, self_sizes: &[u32], control: &Control) -> Result<Sizes> {
        let mut retained: Sizes = self_sizes.iter().map(|&size| u64::from(size)).collect();
        for (step, &node) in self.order.iter().skip(1).rev().enumerate() {
            control.checkpoint_at(step)?;
            retained.add(self.idom(node).at(), retained.at(node.at()));
        }
        Ok(retained)
    }
}

/// The immediate dominator of each node, by node: the top of the innermost subtree around it. `idom` is
/// a column that has room for them.
fn idoms(
    order: &[NodeIndex],
    extent: &[u32],
    mut idom: Vec<NodeIndex>,
    control: &Control,
) -> Result<Vec<NodeIndex>> {
    // The subtrees around the current position that are not over, each with its end.
    let mut around = vec![(order.len(), order[0])];
    for (position, &node) in order.iter().enumerate() {
        control.checkpoint_at(position)?;
        while around.last().is_some_and(|&(end, _)| end <= position) {
            around.pop();
        }
        let (_, above) = around[around.len() - 1];
        idom[node.at()] = above;
        if extent[position] > 1 {
            around.push((position + extent[position] as usize, node));
        }
    }
    Ok(idom)
}
