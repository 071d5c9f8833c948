//! The edges of a graph the other way round: who refers to a node.
//!
//! Counting sort by target. Time: linear in nodes and edges, two passes. Memory: 4 bytes an edge
//! and 4 a node.

use crate::control::Control;
use crate::error::Result;
use crate::graph::{EdgeIndex, HeapGraph, NodeIndex};

/// The incoming edges of every node, in file order.
#[derive(Debug, Default)]
pub struct Retainers {
    /// By node: where its run in `edges` begins; one more for the end.
    first: Vec<u32>,
    /// Edges by target.
    edges: Vec<EdgeIndex>,
}

impl Retainers {
    /// Turns the edges of `graph` round.
    ///
    /// # Errors
    ///
    /// `ABORT_ERR`, `ERR_TIMEOUT`.
    pub fn new(graph: &HeapGraph, control: &Control) -> Result<Self> {
        let targets = &graph.tables().edge_target;
        let mut first = vec![0_u32; graph.node_count() + 1];
        for (step, target) in targets.iter().enumerate() {
            control.checkpoint_at(step)?;
            first[target.at() + 1] += 1;
        }
        for node in 0..graph.node_count() {
            first[node + 1] += first[node];
        }
        let mut edges = vec![EdgeIndex(0); targets.len()];
        // Each start moves up to the next one while its run fills; moved back by one place
        // afterwards.
        for (edge, target) in targets.iter().enumerate() {
            control.checkpoint_at(edge)?;
            let at = &mut first[target.at()];
            edges[*at as usize] = EdgeIndex(edge as u32);
            *at += 1;
        }
        first.rotate_right(1);
        first[0] = 0;
        Ok(Self { first, edges })
    }

    /// The edges that point to `node`, in file order.
    pub fn of(&self, node: NodeIndex) -> &[EdgeIndex] {
        &self.edges[self.first[node.at()] as usize..self.first[node.at() + 1] as usize]
    }

    /// Bytes on our heap.
    pub fn memory_bytes(&self) -> usize {
        4 * (self.first.len() + self.edges.len())
    }
}

/// The node that an edge comes from. Time: logarithmic in the nodes.
pub fn source_of(graph: &HeapGraph, edge: EdgeIndex) -> NodeIndex {
    // The last node whose run begins at or before the edge: nodes without edges share their start
    // with the next one.
    let after = graph.tables().first_edge.partition_point(|&first| first <= edge.0);
    NodeIndex(after as u32 - 1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::graph::{EdgeType, NodeType};
    use crate::testing::GraphBuilder;

    #[test]
    fn every_edge_is_found_at_its_target_and_leads_back_to_its_source() {
        let mut heap = GraphBuilder::new();
        let nodes: Vec<_> =
            (0..50).map(|i| heap.node(NodeType::OBJECT, format!("n{i}"), 8)).collect();
        // Some nodes have no edges, some point to themselves, some twice to the same.
        for (i, &from) in nodes.iter().enumerate().filter(|(i, _)| i % 3 != 0) {
            for step in 0..i % 5 {
                heap.edge(from, EdgeType::PROPERTY, "p", nodes[(i * step) % nodes.len()]);
            }
        }
        heap.edge(heap.root(), EdgeType::SHORTCUT, "s", nodes[49]);
        let graph = heap.build();
        let retainers = Retainers::new(&graph, &Control::default()).unwrap();

        let mut expected = vec![Vec::new(); graph.node_count()];
        for from in graph.nodes() {
            for edge in graph.edges(from) {
                expected[edge.target.at()].push((edge.index, from));
            }
        }
        for node in graph.nodes() {
            let found: Vec<_> =
                retainers.of(node).iter().map(|&edge| (edge, source_of(&graph, edge))).collect();
            assert_eq!(found, expected[node.at()], "{node:?}");
        }
    }
}
