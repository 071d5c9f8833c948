//! User roots, and what can be reached from the page or queried in the console.
//!
//! A *user root* is what the root refers to and the snapshot generator did not make up: the
//! global objects. Distances count from there. A *page object* is reachable from one; it keeps
//! V8's own references to it from counting as its dominators. Both are Chrome DevTools' terms.
//!
//! Time: linear in nodes and edges, one bit of memory a node and the work list.

use crate::analysis::bits::BitSet;
use crate::analysis::names::{Known, KnownNames};
use crate::control::Control;
use crate::error::Result;
use crate::graph::{Edge, EdgeType, HeapGraph, NodeIndex, NodeType};

/// The targets of the root's edges that are user roots, in file order, duplicates included.
pub fn user_roots(graph: &HeapGraph, names: &KnownNames) -> Vec<NodeIndex> {
    let targets = graph.edges(graph.root()).map(|edge| edge.target);
    targets
        .filter(|&target| {
            graph.node_type(target) != NodeType::SYNTHETIC || is_dom_root(graph, names, target)
        })
        .collect()
}

/// Whether a node is the root of the DOM trees of all documents.
fn is_dom_root(graph: &HeapGraph, names: &KnownNames, node: NodeIndex) -> bool {
    graph.node_type(node) == NodeType::SYNTHETIC
        && names.of_node(graph, node) == Known::DocumentDomTrees
}

/// What the page holds: everything reachable over edges that are not weak from [`page_starts`]. A walk
/// for dominators finds it on its way ([`super::dominator_walk`]).
pub fn page_objects(graph: &HeapGraph, names: &KnownNames, control: &Control) -> Result<BitSet> {
    let starts = page_starts(graph, names).collect();
    reach(graph, starts, |_, edge| is_page_path(edge), control)
}

/// Where the page begins: the targets of the root's shortcuts, and the DOM trees.
pub(super) fn page_starts(
    graph: &HeapGraph,
    names: &KnownNames,
) -> impl Iterator<Item = NodeIndex> {
    let starts = graph.edges(graph.root()).filter(|edge| match edge.label.edge_type() {
        EdgeType::SHORTCUT => true,
        EdgeType::ELEMENT => is_dom_root(graph, names, edge.target),
        _ => false,
    });
    starts.map(|edge| edge.target)
}

/// Whether what a page object refers to by an edge is one, too.
#[inline(always)]
pub(super) fn is_page_path(edge: Edge) -> bool {
    edge.label.edge_type() != EdgeType::WEAK
}

/// What code in the console can name: everything reachable over variables, elements, properties
/// and shortcuts from what the root refers to and the generator did not make up.
pub fn queryable_objects(graph: &HeapGraph, control: &Control) -> Result<BitSet> {
    let targets = graph.edges(graph.root()).map(|edge| edge.target);
    let starts = targets.filter(|&target| graph.node_type(target) != NodeType::SYNTHETIC).collect();
    let visible = |_, edge: Edge| {
        matches!(
            edge.label.edge_type(),
            EdgeType::CONTEXT | EdgeType::ELEMENT | EdgeType::PROPERTY | EdgeType::SHORTCUT
        )
    };
    reach(graph, starts, visible, control)
}

/// What can be reached from `starts`, these included, over edges that `follows` lets through.
pub(super) fn reach(
    graph: &HeapGraph,
    starts: Vec<NodeIndex>,
    follows: impl Fn(NodeIndex, Edge) -> bool,
    control: &Control,
) -> Result<BitSet> {
    let mut reached = BitSet::new(graph.node_count());
    let mut work = starts;
    work.retain(|&start| reached.insert(start.0));
    let mut steps = 0;
    while let Some(node) = work.pop() {
        control.checkpoint_at(steps)?;
        steps += 1;
        for edge in graph.edges(node) {
            if follows(node, edge) && reached.insert(edge.target.0) {
                work.push(edge.target);
            }
        }
    }
    Ok(reached)
}
