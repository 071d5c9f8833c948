//! Self sizes as Chrome DevTools shows them: V8's internal structures add theirs to the object
//! that alone owns them.
//!
//! A backing store of an array, say, is a node of its own in the file. If exactly one object
//! holds it, directly or through other structures it owns, its bytes count as that object's.
//!
//! The owner of a node is a value in the lattice *none* < *one node* < *several*, and edges only
//! raise it, so the least fixpoint is unique and a work list in any order finds it. Each node
//! rises at most twice. Time: linear in nodes and edges. Memory: 4 bytes a node for the result, 4
//! for the owners and the work list meanwhile.

use crate::analysis::bits::BitSet;
use crate::analysis::detachedness::Detachedness;
use crate::analysis::names::{Known, KnownNames};
use crate::control::Control;
use crate::error::Result;
use crate::graph::{EdgeType, HeapGraph, NodeIndex, NodeType};

/// No owner is known (yet).
const NONE: u32 = u32::MAX;
/// There is more than one owner.
const SEVERAL: u32 = u32::MAX - 1;

/// The self size of each node after structures have given theirs to their owners, in bytes,
/// modulo 2^32 as in DevTools.
///
/// `has_user_roots` says whether the root has a user root: without one (`exposeInternals`)
/// DevTools leaves the sizes as they are in the file.
pub fn owned_self_sizes(
    graph: &HeapGraph,
    names: &KnownNames,
    detachedness: &Detachedness,
    has_user_roots: bool,
    control: &Control,
) -> Result<Vec<u32>> {
    let mut sizes = graph.tables().self_size.clone();
    if !has_user_roots {
        return Ok(sizes);
    }
    control.checkpoint()?;
    let movable = movable_nodes(graph, names, detachedness);
    control.checkpoint()?;
    let owners = owners(graph, &movable, control)?;
    for node in movable.iter() {
        let owner = owners[node as usize];
        if owner >= SEVERAL || is_no_owner(graph, NodeIndex(owner)) {
            continue;
        }
        let size = std::mem::take(&mut sizes[node as usize]);
        let total = &mut sizes[owner as usize];
        *total = total.wrapping_add(size);
    }
    Ok(sizes)
}

/// Roots are not made larger by what they alone hold.
fn is_no_owner(graph: &HeapGraph, node: NodeIndex) -> bool {
    node == graph.root() || graph.node_type(node) == NodeType::SYNTHETIC
}

/// The nodes whose size may move: V8's internal structures, arrays, and the text of external
/// strings.
fn movable_nodes(graph: &HeapGraph, names: &KnownNames, detachedness: &Detachedness) -> BitSet {
    let mut movable = BitSet::new(graph.node_count());
    for (node, &node_type) in graph.nodes().zip(&graph.tables().node_type) {
        let moves = match node_type {
            NodeType::HIDDEN | NodeType::ARRAY => true,
            NodeType::NATIVE => detachedness.known(graph, names, node) == Known::ExternalStringData,
            _ => false,
        };
        if moves {
            movable.insert(node.0);
        }
    }
    movable
}

/// The owner of each movable node. Entries of other nodes mean nothing.
fn owners(graph: &HeapGraph, movable: &BitSet, control: &Control) -> Result<Vec<u32>> {
    let mut owners = vec![NONE; graph.node_count()];
    let mut work = Vec::new();
    for node in graph.nodes() {
        control.checkpoint_at(node.at())?;
        if !movable.contains(node.0) {
            give(graph, movable, &mut owners, node, node.0, &mut work);
        }
    }
    let mut steps = 0;
    while let Some(node) = work.pop() {
        control.checkpoint_at(steps)?;
        steps += 1;
        let owner = owners[node.at()];
        give(graph, movable, &mut owners, node, owner, &mut work);
    }
    Ok(owners)
}

/// Tells the movable nodes that `node` refers to who owns them: `owner`.
#[inline(always)]
fn give(
    graph: &HeapGraph,
    movable: &BitSet,
    owners: &mut [u32],
    node: NodeIndex,
    owner: u32,
    work: &mut Vec<NodeIndex>,
) {
    for edge in graph.edges(node) {
        if !movable.contains(edge.target.0) || edge.label.edge_type() == EdgeType::WEAK {
            continue;
        }
        let known = &mut owners[edge.target.at()];
        if *known == owner || *known == SEVERAL {
            continue;
        }
        *known = if *known == NONE { owner } else { SEVERAL };
        work.push(edge.target);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::{What, analyse};
    use crate::testing::GraphBuilder;

    #[test]
    fn what_the_root_alone_holds_stays_its_own_whatever_the_root_is() {
        let mut heap = GraphBuilder::new();
        let root = heap.node(NodeType::OBJECT, "root", 8);
        let global = heap.node(NodeType::OBJECT, "global", 8);
        let [of_root, of_global] = [100, 200].map(|size| heap.node(NodeType::ARRAY, "", size));
        heap.edge(root, EdgeType::SHORTCUT, "1", global);
        heap.edge(root, EdgeType::INTERNAL, "elements", of_root);
        heap.edge(global, EdgeType::INTERNAL, "elements", of_global);
        heap.set_root(root);
        let sizes = analyse(&heap.build(), What::ALL, &Control::default()).unwrap().self_size;
        let size = |node: NodeIndex| sizes[node.at()];
        assert_eq!([root, of_root, global, of_global].map(size), [8, 100, 208, 0]);
    }
}
