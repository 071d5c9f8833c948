//! Immediate dominators: semi-NCA (Georgiadis, *Linear-Time Algorithms for Dominators and Related
//! Problems*, 2005, chapter 2) on the numbers that a depth-first walk gives to the nodes.
//!
//! Chrome DevTools computes the same tree with Lengauer and Tarjan's algorithm; dominators are
//! unique. What makes this one fast is what it does not touch:
//!
//! * Everything after the walk works on *ranks*: the order in which the walk met the nodes. A
//!   node's relatives in the tree have ranks close to its own.
//! * An edge from a lower rank to a higher one starts at an ancestor, so its share in the
//!   semidominator is the source's rank itself, known during the walk. Only edges that lead to a
//!   lower rank are kept for later, in [lists by target](super::source_lists). Most of them lead
//!   to a handful of hidden classes and prototypes, so it matters that long lists are compact.
//! * Semi-NCA has no buckets, and keeps the least semidominator on a compressed path instead of
//!   the node that has it.
//! * Path compression keeps the ancestor and the label of a node side by side.
//!
//! Time: O(m log n) for the paths. Finding the nearest common ancestor by walking up is quadratic
//! in bad cases (a long list in front of many nodes that something at its head holds, too), so
//! after a budget of steps it goes on with jump pointers (Myers, *An applicative random-access
//! stack*, 1983), which find it in O(log n).
//!
//! Memory at the peak: 20 bytes a node, 8 for each edge that waits on the walk's stack, and little
//! more than a byte for each edge to a lower rank, most of which lead to a few nodes. What stays: 12
//! bytes a node.
//!
//! What did not measure better: following a node's edges one at a time from a stack of cursors
//! (the walk comes back to cold edges), linked cells for the lists (solving took three times as
//! long), prefetching what waits near the top of the stack (nothing gained).

use crate::analysis::dominator_tree::DominatorTree;
use crate::analysis::dominator_walk::{Link, Walk, Walker};
use crate::analysis::essential::EssentialEdges;
use crate::analysis::source_lists::SourceLists;
use crate::control::{Control, Pace};
use crate::error::{Error, Result};
use crate::pages_ahead::PagesAhead;

/// Ranks leave one bit for other uses. V8's own format ends at 357 million nodes.
const MAX_NODES: usize = 1 << 31;

/// The search for the dominator tree over the essential edges.
///
/// Nodes that only edges of other kinds lead to hang under the root, as if it had an edge to each
/// of them. Nodes that even then cannot be reached (cycles that nothing refers to) have the root
/// as dominator, and their edges do not count.
pub struct Search<'a>(Walker<'a>);

impl<'a> Search<'a> {
    /// A search that is about to begin, with its columns. `pages_ahead` lets another thread have
    /// their pages provided.
    ///
    /// # Errors
    /// `ERR_UNSUPPORTED`: more nodes than any heap has.
    pub fn new(edges: EssentialEdges<'a>, pages_ahead: &'a PagesAhead) -> Result<Self> {
        let node_count = edges.graph().node_count();
        if node_count > MAX_NODES {
            return Err(Error::unsupported(format!(
                "{node_count} nodes are more than any heap has"
            )));
        }
        Ok(Self(Walker::new(edges, pages_ahead)))
    }

    /// The dominator tree.
    ///
    /// # Errors
    /// `ABORT_ERR`, `ERR_TIMEOUT`.
    pub fn run(self, control: &Control) -> Result<DominatorTree> {
        let Walk { vertex, mut forest, sources, reachable, spare } = self.0.walk(control)?;
        let (parents, semi) = semidominators(reachable, &mut forest, sources, spare, control)?;
        // Pages that are there already are worth more than fresh ones, which the kernel has to zero.
        let mut sizes: Vec<u32> = bytemuck::cast_vec(forest);
        sizes.resize(parents.len(), 0);
        sizes.shrink_to_fit();
        let budget = vertex.len().saturating_mul(STEPS_PER_NODE).max(1 << 16);
        let idom = nearest_common_ancestors(parents, &semi, budget, control)?;
        DominatorTree::from_ranks(vertex, idom, [sizes, semi], control)
    }
}

/// The parents in the spanning tree and the semidominators, by rank, the latter in `semi`, a column
/// that has room for them.
///
/// Ranks are done from the highest down, so the ranks above the current one are those that are
/// linked into the forest.
fn semidominators(
    reachable: usize,
    forest: &mut [Link],
    mut sources: SourceLists,
    mut semi: Vec<u32>,
    control: &Control,
) -> Result<(Vec<u32>, Vec<u32>)> {
    let mut path = Vec::new();
    let mut pace = Pace::default();
    for rank in (1..reachable as u32).rev() {
        pace.take(1, control)?;
        let Link { ancestor: parent, label: mut least } = forest[rank as usize];
        // Nothing is below the root, so a 0 ends the search.
        if least != 0 {
            let before_chunk = |count| pace.take(count, control);
            sources.for_each(rank, before_chunk, |from| {
                least = least.min(least_label(forest, from, rank, &mut path));
                least != 0
            })?;
            forest[rank as usize].label = least;
        }
        semi[rank as usize] = least;
        // The forest is about to forget the parent.
        sources.replace(rank, parent);
    }
    let mut parents = sources.into_replacements();
    parents[0] = 0;
    semi[0] = 0;
    // What cannot be reached hangs under the root.
    parents[reachable..].fill(0);
    semi[reachable..].fill(0);
    Ok((parents, semi))
}

/// The least label on the path from `from` up to, and without, the first ancestor that is not
/// linked: the first not above `rank`. Compresses the path.
#[inline(always)]
fn least_label(forest: &mut [Link], from: u32, rank: u32, path: &mut Vec<u32>) -> u32 {
    let Link { ancestor, label } = forest[from as usize];
    if ancestor <= rank {
        return label;
    }
    let mut above = forest[ancestor as usize];
    if above.ancestor > rank {
        above = compress(forest, ancestor, rank, path);
    }
    let least = label.min(above.label);
    forest[from as usize] = Link { ancestor: above.ancestor, label: least };
    least
}

/// Compresses the path from `from`, whose ancestor is linked, and gives its new link.
#[inline(never)]
fn compress(forest: &mut [Link], from: u32, rank: u32, path: &mut Vec<u32>) -> Link {
    let mut at = from;
    while forest[at as usize].ancestor > rank {
        path.push(at);
        at = forest[at as usize].ancestor;
    }
    let mut above = forest[at as usize];
    while let Some(at) = path.pop() {
        let link = &mut forest[at as usize];
        above = Link { ancestor: above.ancestor, label: link.label.min(above.label) };
        *link = above;
    }
    above
}

/// How many steps up the tree a node may cost on average before jump pointers are built.
const STEPS_PER_NODE: usize = 16;

/// The immediate dominator of each rank: the nearest ancestor of its parent, in the dominator tree
/// so far, that is not below its semidominator. Ranks ascend, so that tree is complete above.
/// After `budget` steps up, jump pointers take over.
fn nearest_common_ancestors(
    parents: Vec<u32>,
    semi: &[u32],
    mut budget: usize,
    control: &Control,
) -> Result<Vec<u32>> {
    let mut idom = parents;
    let mut pace = Pace::default();
    for rank in 1..idom.len() {
        pace.take(1, control)?;
        let mut at = idom[rank];
        while at > semi[rank] {
            pace.take(1, control)?;
            at = idom[at as usize];
            budget = budget.saturating_sub(1);
        }
        idom[rank] = at;
        if budget == 0 {
            finish_with_jumps(&mut idom, semi, rank + 1, control)?;
            break;
        }
    }
    Ok(idom)
}

/// The rest of [`nearest_common_ancestors`] from the rank `start` on, in logarithmic time each.
fn finish_with_jumps(
    idom: &mut [u32],
    semi: &[u32],
    start: usize,
    control: &Control,
) -> Result<()> {
    /// How deep a node is, and an ancestor some way up.
    #[derive(Clone, Copy)]
    struct Jump {
        depth: u32,
        to: u32,
    }
    let mut jumps = vec![Jump { depth: 0, to: 0 }; idom.len()];
    for rank in 1..idom.len() {
        control.checkpoint_at(rank)?;
        if rank >= start {
            let mut at = idom[rank];
            while at > semi[rank] {
                let far = jumps[at as usize].to;
                at = if far > semi[rank] { far } else { idom[at as usize] };
            }
            idom[rank] = at;
        }
        let above = idom[rank];
        let near = jumps[above as usize];
        let far = jumps[near.to as usize];
        let equal_hops = near.depth - far.depth == far.depth - jumps[far.to as usize].depth;
        let to = if equal_hops { far.to } else { above };
        jumps[rank] = Jump { depth: near.depth + 1, to };
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::Random;

    #[test]
    fn jump_pointers_find_what_walking_up_finds() {
        for seed in 0..200 {
            let mut random = Random::new(seed);
            let count = 2 + random.below(400);
            // Deep trees: parents are close. A semidominator is an ancestor of the parent or it.
            let mut parents = vec![0];
            let mut semi = vec![0];
            for rank in 1..count {
                let parent = rank - 1 - random.below(rank.min(3));
                parents.push(parent);
                let mut at = parent;
                for _ in 0..random.below(1 + rank) {
                    at = parents[at as usize];
                }
                semi.push(at);
            }
            let find = |budget| {
                let control = Control::default();
                nearest_common_ancestors(parents.clone(), &semi, budget, &control).unwrap()
            };
            let walked = find(usize::MAX);
            assert_eq!(find(0), walked, "seed {seed}");
            assert_eq!(find(count as usize), walked, "seed {seed}");
        }
    }
}
