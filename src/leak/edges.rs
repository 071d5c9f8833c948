//! What a node refers to by a name.
//!
//! Time: linear in the edges of the node.

use crate::graph::{EdgeType, HeapGraph, NodeIndex, StringIndex};

/// The value of a property; `None` if the node has none of that name.
pub(crate) fn property(graph: &HeapGraph, node: NodeIndex, name: StringIndex) -> Option<NodeIndex> {
    target(graph, node, EdgeType::PROPERTY, name)
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
