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
use crate::leak::before::Before;
use crate::leak::candidate::Candidate;
use crate::leak::grown::new_items;
use crate::leak::suspects::Newer;

/// The bytes that a node retains as cells whose targets have been collected: 0 for all that is no
/// registry. `positions` say where each node stands in the dominator tree.
pub(crate) fn bytes_waiting(
    graph: &HeapGraph,
    tree: &DominatorTree,
    positions: &[u32],
    node: NodeIndex,
) -> u64 {
    let Some(Registry { waiting, living, table }) = registry(graph, tree, positions, node) else {
        return 0;
    };
    let all = (waiting.count + living.count).max(1);
    waiting.bytes + (u128::from(table) * u128::from(waiting.count) / u128::from(all)) as u64
}

/// Whether what came into a container is weak references to what has been collected, and as many callbacks
/// wait, which will take them out: a cache of what others hold.
pub(crate) fn will_be_taken_out(
    newer: Newer<'_>,
    before: &Before<'_>,
    positions: &[u32],
    candidate: &Candidate,
) -> bool {
    let Newer { graph, analysis, .. } = newer;
    let is_reference = |node: &NodeIndex| {
        graph.node_type(*node) == NodeType::OBJECT && graph.raw_name(*node) == b"WeakRef"
    };
    let more = candidate.more_items();
    let class = candidate.contents.classes.iter().find(|class| class.class_name == "WeakRef");
    if more == 0 || class.is_none_or(|class| class.count < more) {
        return false;
    }
    let items = new_items(newer, before, candidate.point.node, usize::MAX);
    let references = items.into_iter().filter(is_reference);
    let dead = references.filter(|&reference| is_done(graph, reference)).count() as u64;
    let waiting = || -> u64 {
        let found =
            graph.nodes().filter_map(|node| registry(graph, &analysis.dominators, positions, node));
        found.map(|registry| registry.waiting.count).sum()
    };
    // What the live ones gained is no growth to speak of.
    dead * 8 >= more * 7 && waiting() * 8 >= more * 7
}

/// The cells of a registry, and the bytes of its table; `None` for all that is none.
fn registry(
    graph: &HeapGraph,
    tree: &DominatorTree,
    positions: &[u32],
    node: NodeIndex,
) -> Option<Registry> {
    let is_registry = graph.node_type(node) == NodeType::OBJECT
        && graph.raw_name(node) == b"FinalizationRegistry";
    if !is_registry {
        return None;
    }
    let is_cell = |node: NodeIndex| graph.raw_name(node) == b"system / WeakCell";
    let size = |node: NodeIndex| u64::from(graph.tables().self_size[node.at()]);
    let mut found = Registry::default();
    for part in graph.edges(node).map(|edge| edge.target).filter(|&part| tree.idom(part) == node) {
        if graph.node_type(part) == NodeType::ARRAY {
            found.table += size(part);
        } else if is_cell(part) {
            // The first cell of a list dominates the others.
            let list = &tree.order()[tree.subtree(positions[part.at()])];
            let is_waiting = is_done(graph, part);
            let cells = if is_waiting { &mut found.waiting } else { &mut found.living };
            cells.count += list.iter().filter(|&&cell| is_cell(cell)).count() as u64;
            cells.bytes += list.iter().map(|&cell| size(cell)).sum::<u64>();
        }
    }
    Some(found)
}

/// Whether what a weak cell or reference leads to has been collected.
fn is_done(graph: &HeapGraph, cell: NodeIndex) -> bool {
    !graph.edges(cell).any(|edge| edge.label.edge_type() == EdgeType::WEAK)
}

/// What is in a FinalizationRegistry.
#[derive(Default)]
struct Registry {
    waiting: Cells,
    living: Cells,
    /// Bytes of the table by which cells are unregistered.
    table: u64,
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
    use crate::leak::stage::{property, suspects};
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

    /// What is found where a list gained so many weak references, of which some are dead, and so many
    /// callbacks wait.
    fn of_references(dead: u32, waiting: u32) -> Vec<String> {
        let found = suspects(|heap, global, is_grown| {
            let cache = property(heap, global, "cache", "Array");
            let registry = property(heap, global, "cleanup", "FinalizationRegistry");
            let kept = property(heap, global, "kept", "Kept");
            let mut last = registry;
            for number in 0..if is_grown { waiting } else { 0 } {
                let cell = heap.node(NodeType::HIDDEN, "system / WeakCell", 8);
                let name = if number == 0 { "cleared" } else { "next" };
                heap.edge(last, EdgeType::INTERNAL, name, cell);
                last = cell;
            }
            for number in 0..if is_grown { 400 } else { 0 } {
                let reference = heap.node(NodeType::OBJECT, "WeakRef", 100);
                heap.numbered(cache, EdgeType::ELEMENT, number, reference);
                if number >= dead {
                    heap.edge(reference, EdgeType::WEAK, "target", kept);
                }
            }
        });
        found.into_iter().map(|it| it.name).collect()
    }

    #[test]
    fn dead_references_are_no_leak_if_callbacks_wait_that_take_them_out() {
        assert!(of_references(400, 400).is_empty());
        assert_eq!(of_references(400, 0), ["cache"], "nobody takes them out");
        assert_eq!(of_references(0, 400), ["cache"], "what they lead to is there");
    }
}
