//! What is below a candidate in the dominator tree, each node once.
//!
//! What is credited to a candidate may be below what it dominates or below something else that is
//! credited, as two elements of one list.
//!
//! Time: a sort of what is credited. Memory: 16 bytes for each.

use std::cmp::Reverse;
use std::ops::Range;

use crate::graph::NodeIndex;
use crate::leak::candidate::Candidate;
use crate::leak::suspects::Newer;

/// Subtrees as ranges of the preorder, ascending, of which none is in another.
pub(super) struct Below(Vec<Range<usize>>);

impl Below {
    /// Those of a candidate and of what is credited to it. `positions` say where each node stands in the
    /// dominator tree.
    pub(super) fn new(newer: Newer<'_>, positions: &[u32], candidate: &Candidate) -> Self {
        let tops = std::iter::once(&candidate.point.node).chain(&candidate.credited);
        Self::of_all(newer, positions, tops.copied())
    }

    /// Those of some nodes.
    pub(super) fn of_all(
        newer: Newer<'_>,
        positions: &[u32],
        nodes: impl Iterator<Item = NodeIndex>,
    ) -> Self {
        let subtree = |top: NodeIndex| newer.analysis.dominators.subtree(positions[top.at()]);
        let mut subtrees: Vec<_> = nodes.map(subtree).collect();
        subtrees.sort_unstable_by_key(|subtree| (subtree.start, Reverse(subtree.end)));
        // The outer one of two comes first.
        subtrees.dedup_by(|inner, outer| inner.start < outer.end);
        Self(subtrees)
    }

    /// The subtrees.
    pub(super) fn subtrees(&self) -> impl Iterator<Item = Range<usize>> + '_ {
        self.0.iter().cloned()
    }

    /// Whether a position is in one of them.
    pub(super) fn contains(&self, position: u32) -> bool {
        let position = position as usize;
        let after = self.0.partition_point(|subtree| subtree.start <= position);
        after.checked_sub(1).is_some_and(|at| self.0[at].contains(&position))
    }
}
