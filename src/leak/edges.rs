//! What a node refers to by a name.
//!
//! Time: linear in the edges of the node.

use std::iter::successors;

use crate::graph::{EdgeType, HeapGraph, NodeIndex, StringIndex};
use crate::leak::vocabulary::Vocabulary;

/// No class has more classes above it.
const MOST_BASES: usize = 32;

/// The value of a property; `None` if the node has none of that name.
pub(crate) fn property(graph: &HeapGraph, node: NodeIndex, name: StringIndex) -> Option<NodeIndex> {
    target(graph, node, EdgeType::PROPERTY, name)
}

/// What an object inherits from, the nearest first.
pub(crate) fn bases(
    graph: &HeapGraph,
    words: &Vocabulary,
    node: NodeIndex,
) -> impl Iterator<Item = NodeIndex> {
    let base = |&at: &NodeIndex| property(graph, at, words.proto);
    successors(base(&node), base).take(MOST_BASES)
}

/// V8's description of an object's properties. Objects that were made in one way mostly share one.
pub(crate) fn hidden_class(
    graph: &HeapGraph,
    words: &Vocabulary,
    node: NodeIndex,
) -> Option<NodeIndex> {
    target(graph, node, EdgeType::INTERNAL, words.map)
}

/// Where the first edge of a type and name leads.
pub(crate) fn target(
    graph: &HeapGraph,
    node: NodeIndex,
    edge_type: EdgeType,
    name: StringIndex,
) -> Option<NodeIndex> {
    let mut edges = graph.edges(node);
    let found = edges
        .find(|edge| edge.label.edge_type() == edge_type && edge.label.raw_name() == name.0)?;
    Some(found.target)
}
