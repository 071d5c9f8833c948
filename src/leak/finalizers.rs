//! What waits in a FinalizationRegistry for its callback.
//!
//! A registry has two lists of cells: of things that are there, and of things that have been
//! collected, whose callbacks have not run yet. The second is empty again soon; a registry that
//! leaks has its growth in the first. A cell is of the second if it has no weak edge to a target. Of the
//! table by which cells are unregistered, and of what several of them hold, what waits has its share.
//!
//! A cell of the first list waits as well if it can be unregistered, and is about something that has been
//! collected, and as many callbacks wait: one of those will unregister it. So does Node with the signals that
//! follow a signal of the program's.
//!
//! Sizes are those of the file: in the analysis, a cell's own size belongs to its registry.
//!
//! Time: linear in the registry's edges and in its cells; in all nodes where cells or references wait for the
//! callbacks of others.

use crate::analysis::dominator_tree::DominatorTree;
use crate::graph::{Edge, EdgeType, HeapGraph, NodeIndex, NodeType};
use crate::leak::before::Before;
use crate::leak::candidate::Candidate;
use crate::leak::grown::new_items;
use crate::leak::suspects::Newer;

/// The bytes that a node retains, or is credited with, as cells whose targets have been collected: 0 for all
/// that is no registry. `positions` say where each node stands in the dominator tree.
pub(crate) fn bytes_waiting(
    graph: &HeapGraph,
    tree: &DominatorTree,
    positions: &[u32],
    node: NodeIndex,
    credited: &[NodeIndex],
) -> u64 {
    let Some(Registry { mut waiting, living, orphans, shared }) =
        registry(graph, tree, positions, node)
    else {
        return 0;
    };
    let all = (waiting.count + orphans.count + living.count).max(1);
    if orphans.count > 0 && all_waiting(graph, tree, positions) >= orphans.count {
        waiting.count += orphans.count;
        waiting.bytes += orphans.bytes;
    }
    let credited = credited.iter().map(|&node| u64::from(graph.tables().self_size[node.at()]));
    let shared = shared + credited.sum::<u64>();
    waiting.bytes + (u128::from(shared) * u128::from(waiting.count) / u128::from(all)) as u64
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
    let more = candidate.more_items();
    if more == 0 {
        return false;
    }
    /// Most items have to be references, so among the first ones there are some.
    const FIRST: usize = 64;
    let new = |most| new_items(newer, before, candidate.point.node, most);
    if !new(FIRST).into_iter().any(|item| is_reference(graph, item)) {
        return false;
    }
    // What a callback is to be called with may hold them as well, so that the container does not retain them.
    let items = new(usize::MAX);
    let references = items.into_iter().filter(|&item| is_reference(graph, item));
    let dead = references.filter(|&reference| is_done(graph, reference)).count() as u64;
    let waiting = || all_waiting(graph, &analysis.dominators, positions);
    // What the live ones gained is no growth to speak of.
    dead * 8 >= more * 7 && waiting() * 8 >= more * 7
}

/// How many callbacks wait, of all registries.
fn all_waiting(graph: &HeapGraph, tree: &DominatorTree, positions: &[u32]) -> u64 {
    let found = graph.nodes().filter_map(|node| registry(graph, tree, positions, node));
    found.map(|registry| registry.waiting.count).sum()
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
    let size = |node: NodeIndex| u64::from(graph.tables().self_size[node.at()]);
    let is_shared = |part| graph.node_type(part) == NodeType::ARRAY || is_reference(graph, part);
    let mut found = Registry::default();
    // The cells that a node is below: by which one is unregistered, a cell of one list leads to the other list.
    let mut above: Vec<(usize, State)> = Vec::new();
    for position in tree.subtree(positions[node.at()]) {
        let part = tree.order()[position];
        while above.last().is_some_and(|&(end, _)| end <= position) {
            above.pop();
        }
        let is_cell = graph.raw_name(part) == b"system / WeakCell";
        let is_on_top = above.is_empty() && tree.idom(part) == node;
        if is_cell && (is_on_top || !above.is_empty()) {
            let state = State::of(graph, part);
            above.push((tree.subtree(positions[part.at()]).end, state));
            found.cells(state).count += 1;
        }
        match above.last() {
            Some(&(_, state)) => found.cells(state).bytes += size(part),
            None if is_on_top && is_shared(part) => found.shared += size(part),
            None => {}
        }
    }
    Some(found)
}

/// Whether what a weak cell or reference leads to has been collected.
fn is_done(graph: &HeapGraph, cell: NodeIndex) -> bool {
    weak(graph, cell, b"target").is_none()
}

/// Whether a cell can be unregistered and is about something that has been collected: a weak reference to it
/// is the token, or in what the callback is called with.
fn is_orphan(graph: &HeapGraph, cell: NodeIndex) -> bool {
    let is_dead = |node: NodeIndex| is_reference(graph, node) && is_done(graph, node);
    let Some(token) = weak(graph, cell, b"unregister_token") else { return false };
    let is_held = |edge: &Edge| {
        edge.label.edge_type() != EdgeType::WEAK
            && graph.node_type(edge.target) == NodeType::OBJECT
            && graph.raw_name(edge.target) != b"FinalizationRegistry"
    };
    let mut held = graph.edges(cell).filter(is_held).map(|edge| edge.target);
    is_reference(graph, token)
        && (is_done(graph, token)
            || held.any(|held| graph.edges(held).any(|edge| is_dead(edge.target))))
}

fn is_reference(graph: &HeapGraph, node: NodeIndex) -> bool {
    graph.node_type(node) == NodeType::OBJECT && graph.raw_name(node) == b"WeakRef"
}

/// What a node refers to weakly by a name. V8 names those edges of a cell and of a reference.
fn weak(graph: &HeapGraph, node: NodeIndex, name: &[u8]) -> Option<NodeIndex> {
    let mut edges = graph.edges(node).filter(|edge| edge.label.edge_type() == EdgeType::WEAK);
    edges.find(|edge| graph.edge_name(*edge) == name).map(|edge| edge.target)
}

/// What is in a FinalizationRegistry.
#[derive(Default)]
struct Registry {
    waiting: Cells,
    orphans: Cells,
    living: Cells,
    /// Bytes of the table by which cells are unregistered, and of references that several cells have.
    shared: u64,
}

impl Registry {
    fn cells(&mut self, state: State) -> &mut Cells {
        match state {
            State::Waiting => &mut self.waiting,
            State::Orphan => &mut self.orphans,
            State::Living => &mut self.living,
        }
    }
}

/// Cells of a kind, and what they hold.
#[derive(Default)]
struct Cells {
    count: u64,
    bytes: u64,
}

/// What becomes of a cell.
#[derive(Clone, Copy)]
enum State {
    /// Its callback is about to run.
    Waiting,
    /// Its target is there, but not what it is unregistered by.
    Orphan,
    /// It is there as long as its target.
    Living,
}

impl State {
    fn of(graph: &HeapGraph, cell: NodeIndex) -> Self {
        match is_done(graph, cell) {
            true => Self::Waiting,
            false if is_orphan(graph, cell) => Self::Orphan,
            false => Self::Living,
        }
    }
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
        heap.edge(cells[1], EdgeType::WEAK, "target", target);
        heap.edge(registry, EdgeType::INTERNAL, "cleared", cells[2]);
        heap.edge(cells[2], EdgeType::INTERNAL, "next", cells[3]);
        let table = heap.node(NodeType::ARRAY, "", 100);
        heap.edge(registry, EdgeType::INTERNAL, "key_map", table);
        heap.edge(other, EdgeType::INTERNAL, "cleared", cells[4]);
        let graph = heap.build();
        let analysis = analyse(&graph, What::ALL, &Control::default()).unwrap();
        let tree = &analysis.dominators;
        let positions = tree.positions();
        assert_eq!(bytes_waiting(&graph, tree, &positions, registry, &[]), 2 * 72 + 100 / 2);
        assert_eq!(bytes_waiting(&graph, tree, &positions, other, &[]), 0);
    }

    /// How many bytes wait in a registry of ten cells about things that have been collected, of which
    /// something else is the target, where so many other callbacks wait.
    fn bytes_of_orphans(waiting: u32) -> u64 {
        let mut heap = GraphBuilder::new();
        let topic = heap.node(NodeType::OBJECT, "Topic", 32);
        heap.edge(heap.root(), EdgeType::PROPERTY, "topic", topic);
        let [registry, other] = ["registry", "other"].map(|name| {
            let registry = heap.node(NodeType::OBJECT, "FinalizationRegistry", 80);
            heap.edge(heap.root(), EdgeType::PROPERTY, name, registry);
            registry
        });
        let cells = |heap: &mut GraphBuilder, of, count| {
            (0..count).fold(of, |last, _| {
                let cell = heap.node(NodeType::HIDDEN, "system / WeakCell", 72);
                heap.edge(last, EdgeType::INTERNAL, "next", cell);
                cell
            })
        };
        cells(&mut heap, other, waiting);
        let mut last = registry;
        for _ in 0..10 {
            last = cells(&mut heap, last, 1);
            heap.edge(last, EdgeType::WEAK, "target", topic);
            let reference = heap.node(NodeType::OBJECT, "WeakRef", 32);
            heap.edge(last, EdgeType::WEAK, "unregister_token", reference);
            let held = heap.node(NodeType::OBJECT, "Object", 40);
            heap.edge(last, EdgeType::INTERNAL, "holdings", held);
            heap.edge(held, EdgeType::PROPERTY, "reference", reference);
        }
        let graph = heap.build();
        let analysis = analyse(&graph, What::ALL, &Control::default()).unwrap();
        let tree = &analysis.dominators;
        bytes_waiting(&graph, tree, &tree.positions(), registry, &[])
    }

    #[test]
    fn cells_wait_that_can_be_unregistered_once_what_they_are_about_is_gone() {
        assert_eq!(bytes_of_orphans(10), 10 * (72 + 40 + 32));
        assert_eq!(bytes_of_orphans(9), 0, "not as many callbacks wait as would be needed");
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
