//! What waits in a FinalizationRegistry for its callback.
//!
//! A registry has two lists of cells: of things that are there, and of things that have been
//! collected, whose callbacks have not run yet. The second is empty again soon; a registry that
//! leaks has its growth in the first. A cell is of the second if it has no weak edge to a target. Of the
//! table by which cells are unregistered, what waits has its share.
//!
//! Sizes are those of the file: in the analysis, a cell's own size belongs to its registry.
//!
//! Time: linear in the registry's edges and in what waits.

use crate::analysis::dominator_tree::DominatorTree;
use crate::graph::{EdgeType, HeapGraph, NodeIndex, NodeType};

/// The bytes that a node retains as cells whose targets have been collected: 0 for all that is no
/// registry. `positions` say where each node stands in the dominator tree.
pub(crate) fn bytes_waiting(
    graph: &HeapGraph,
    tree: &DominatorTree,
    positions: &[u32],
    node: NodeIndex,
) -> u64 {
    let is_registry = graph.node_type(node) == NodeType::OBJECT
        && graph.raw_name(node) == b"FinalizationRegistry";
    if !is_registry {
        return 0;
    }
    let is_cell = |node: NodeIndex| graph.raw_name(node) == b"system / WeakCell";
    let is_done = |cell| !graph.edges(cell).any(|edge| edge.label.edge_type() == EdgeType::WEAK);
    let size = |node: NodeIndex| u64::from(graph.tables().self_size[node.at()]);
    let (mut waiting, mut living) = (Cells::default(), Cells::default());
    let mut table = 0;
    for part in graph.edges(node).map(|edge| edge.target).filter(|&part| tree.idom(part) == node) {
        if graph.node_type(part) == NodeType::ARRAY {
            table += size(part);
        } else if is_cell(part) {
            // The first cell of a list dominates the others.
            let list = &tree.order()[tree.subtree(positions[part.at()])];
            let cells = if is_done(part) { &mut waiting } else { &mut living };
            cells.count += list.iter().filter(|&&cell| is_cell(cell)).count() as u64;
            cells.bytes += list.iter().map(|&cell| size(cell)).sum::<u64>();
        }
    }
    let all = (waiting.count + living.count).max(1);
    waiting.bytes + (u128::from(table) * u128::from(waiting.count) / u128::from(all)) as u64
}

/// Cells of a list.
#[derive(Default)]
struct Cells {
    count: u64,
    bytes: u64,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::{What, analyse};
    use crate::control::Control;
    use crate::testing::GraphBuilder;

    #[test]
    fn only_cells_without_a_target_wait() {
        let mut heap = GraphBuilder::new();
        let registry = heap.node(NodeType::OBJECT, "FinalizationRegistry", 80);
        let other = heap.node(NodeType::OBJECT, "Registry", 80);
        let target = heap.node(NodeType::OBJECT, "Object", 32);
        heap.edge(heap.root(), EdgeType::PROPERTY, "registry", registry);
        heap.edge(heap.root(), EdgeType::PROPERTY, "target", target);
        heap.edge(registry, EdgeType::PROPERTY, "other", other);
        let cells: Vec<_> =
            (0..5).map(|_| heap.node(NodeType::HIDDEN, "system / WeakCell", 72)).collect();
        heap.edge(registry, EdgeType::INTERNAL, "active", cells[0]);
        heap.edge(cells[0], EdgeType::WEAK, "target", target);
        heap.edge(cells[0], EdgeType::INTERNAL, "next", cells[1]);
        heap.edge(registry, EdgeType::INTERNAL, "cleared", cells[2]);
        heap.edge(cells[2], EdgeType::INTERNAL, "next", cells[3]);
        let table = heap.node(NodeType::ARRAY, "", 100);
        heap.edge(registry, EdgeType::INTERNAL, "key_map", table);
        heap.edge(other, EdgeType::INTERNAL, "cleared", cells[4]);
        let graph = heap.build();
        let analysis = analyse(&graph, What::ALL, &Control::default()).unwrap();
        let tree = &analysis.dominators;
        let positions = tree.positions();
        assert_eq!(bytes_waiting(&graph, tree, &positions, registry), 2 * 72 + 100 / 2);
        assert_eq!(bytes_waiting(&graph, tree, &positions, other), 0);
    }
}
