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
//!   lower rank are kept for later, in linked lists by target: no second pass over the edges and
//!   no counting sort.
//! * Semi-NCA has no buckets, and keeps the least semidominator on a compressed path instead of
//!   the node that has it.
//! * Path compression keeps the ancestor and the label of a node side by side.
//!
//! Time: O(m log n) for the paths. Finding the nearest common ancestor by walking up is quadratic
//! in bad cases (a long list in front of many nodes that something at its head holds, too), so
//! after a budget of steps it goes on with jump pointers (Myers, *An applicative random-access
//! stack*, 1983), which find it in O(log n).
//!
//! Memory at the peak: 28 bytes a node and 8 bytes for each edge to a lower rank: 75 MB for 2.5
//! million nodes and 7.7 million edges. What stays: 12 bytes a node.

use crate::analysis::bits::BitSet;
use crate::analysis::dominator_tree::DominatorTree;
use crate::analysis::essential::EssentialEdges;
use crate::control::Control;
use crate::error::Result;
use crate::graph::NodeIndex;

/// A rank that was not given out.
const NONE: u32 = u32::MAX;

/// The dominator tree over the essential edges.
///
/// Nodes that only edges of other kinds lead to hang under the root, as if it had an edge to each
/// of them. Nodes that even then cannot be reached (cycles that nothing refers to) have the root
/// as dominator, and their edges do not count.
pub fn dominators(edges: EssentialEdges<'_>, control: &Control) -> Result<DominatorTree> {
    let walk = Walk::of(edges, control)?;
    let Walk { vertex, forest, heads, descents, reachable } = walk;
    let (parents, semi) = semidominators(reachable, forest, heads, descents, control)?;
    let budget = vertex.len().saturating_mul(STEPS_PER_NODE).max(1 << 16);
    let idom = nearest_common_ancestors(parents, &semi, budget, control)?;
    Ok(DominatorTree::from_ranks(vertex, idom))
}

/// Where a node hangs in the forest of finished nodes.
#[derive(Clone, Copy)]
struct Link {
    /// The parent in the spanning tree; later, a higher ancestor.
    ancestor: u32,
    /// The least semidominator on the way to the ancestor, the ancestor excluded.
    label: u32,
}

/// An edge to a lower rank, in the list of its target.
#[derive(Clone, Copy)]
struct Descent {
    from: u32,
    next: u32,
}

/// What the depth-first walk finds.
struct Walk {
    /// The node of each rank; those that cannot be reached come last.
    vertex: Vec<NodeIndex>,
    /// By rank: parent, and the lowest rank with an edge to here.
    forest: Vec<Link>,
    /// By rank: the first of the edges from higher ranks.
    heads: Vec<u32>,
    descents: Vec<Descent>,
    /// How many nodes can be reached.
    reachable: usize,
}

/// A node whose edges are being walked.
struct Frame {
    node: NodeIndex,
    rank: u32,
    next_edge: u32,
}

impl Walk {
    fn of(edges: EssentialEdges<'_>, control: &Control) -> Result<Self> {
        let node_count = edges.graph().node_count();
        let mut walk = Self {
            vertex: Vec::with_capacity(node_count),
            forest: Vec::with_capacity(node_count),
            heads: vec![NONE; node_count],
            descents: Vec::new(),
            reachable: 0,
        };
        let mut ranks = vec![NONE; node_count];
        walk.visit(edges.graph().root(), 0, edges, &mut ranks, control)?;
        for orphan in orphans(edges, &ranks, control)? {
            walk.visit(orphan, 0, edges, &mut ranks, control)?;
        }
        walk.reachable = walk.vertex.len();
        if walk.reachable < node_count {
            let unreachable = edges.graph().nodes().filter(|node| ranks[node.at()] == NONE);
            walk.vertex.extend(unreachable);
        }
        Ok(walk)
    }

    /// Walks from `start`, which hangs under the rank `parent`.
    fn visit(
        &mut self,
        start: NodeIndex,
        parent: u32,
        edges: EssentialEdges<'_>,
        ranks: &mut [u32],
        control: &Control,
    ) -> Result<()> {
        let tables = edges.graph().tables();
        let mut stack = vec![self.enter(start, parent, ranks, &tables.first_edge)];
        let mut steps = 0;
        while let Some(frame) = stack.last_mut() {
            control.checkpoint_at(steps)?;
            steps += 1;
            let source = edges.from(frame.node);
            let from = frame.rank;
            let range = frame.next_edge as usize..tables.first_edge[frame.node.at() + 1] as usize;
            let run = tables.edge_target[range.clone()].iter().zip(&tables.edge_label[range]);
            let mut child = None;
            for (&target, &label) in run {
                frame.next_edge += 1;
                if !source.counts(label, target) {
                    continue;
                }
                let rank = ranks[target.at()];
                if rank == NONE {
                    let entered = self.enter(target, from, ranks, &tables.first_edge);
                    // A node without edges is done at once.
                    if entered.next_edge < tables.first_edge[target.at() + 1] {
                        child = Some(entered);
                        break;
                    }
                } else if rank > from {
                    let label = &mut self.forest[rank as usize].label;
                    *label = from.min(*label);
                } else if rank != 0 {
                    let head = &mut self.heads[rank as usize];
                    self.descents.push(Descent { from, next: *head });
                    *head = self.descents.len() as u32 - 1;
                }
            }
            match child {
                Some(frame) => stack.push(frame),
                None => _ = stack.pop(),
            }
        }
        Ok(())
    }

    /// Gives a node the next rank.
    #[inline(always)]
    fn enter(
        &mut self,
        node: NodeIndex,
        parent: u32,
        ranks: &mut [u32],
        first_edge: &[u32],
    ) -> Frame {
        let rank = self.vertex.len() as u32;
        ranks[node.at()] = rank;
        self.vertex.push(node);
        self.forest.push(Link { ancestor: parent, label: parent });
        Frame { node, rank, next_edge: first_edge[node.at()] }
    }
}

/// The nodes without a rank that no essential edge leads to, in node order. Edges of nodes that
/// have a rank cannot lead to one that has none.
fn orphans(edges: EssentialEdges<'_>, ranks: &[u32], control: &Control) -> Result<Vec<NodeIndex>> {
    let graph = edges.graph();
    let mut left: Vec<NodeIndex> = graph.nodes().filter(|node| ranks[node.at()] == NONE).collect();
    if left.is_empty() {
        return Ok(left);
    }
    let mut referred_to = BitSet::new(graph.node_count());
    for (step, &node) in left.iter().enumerate() {
        control.checkpoint_at(step)?;
        for edge in edges.of(node) {
            referred_to.insert(edge.target.0);
        }
    }
    left.retain(|node| !referred_to.contains(node.0));
    Ok(left)
}

/// The parents in the spanning tree and the semidominators, by rank.
///
/// Ranks are done from the highest down, so the ranks above the current one are those that are
/// linked into the forest.
fn semidominators(
    reachable: usize,
    mut forest: Vec<Link>,
    mut heads: Vec<u32>,
    descents: Vec<Descent>,
    control: &Control,
) -> Result<(Vec<u32>, Vec<u32>)> {
    let mut semi = vec![0; heads.len()];
    let mut path = Vec::new();
    for rank in (1..reachable as u32).rev() {
        control.checkpoint_at(rank as usize)?;
        let Link { ancestor: parent, label: mut least } = forest[rank as usize];
        // Nothing is below the root, so an early 0 ends the list.
        let mut at = heads[rank as usize];
        while at != NONE && least != 0 {
            let Descent { from, next } = descents[at as usize];
            least = least.min(least_label(&mut forest, from, rank, &mut path));
            at = next;
        }
        forest[rank as usize].label = least;
        semi[rank as usize] = least;
        // The list is used up, and the forest is about to forget the parent.
        heads[rank as usize] = parent;
    }
    heads[0] = 0;
    // What cannot be reached hangs under the root.
    heads[reachable..].fill(0);
    Ok((heads, semi))
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
    for rank in 1..idom.len() {
        control.checkpoint_at(rank)?;
        let mut at = idom[rank];
        while at > semi[rank] {
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
