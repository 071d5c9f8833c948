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

use crate::graph::{Edge, EdgeType, NodeIndex, NodeType, StringIndex};
use crate::leak::before::Before;
use crate::leak::candidate::Candidate;
use crate::leak::edges::target;
use crate::leak::grown::new_items;
use crate::leak::suspects::Newer;

/// The bytes that a node retains, or is credited with, as cells whose targets have been collected: 0 for all
/// that is no registry. `positions` say where each node stands in the dominator tree.
pub(crate) fn bytes_waiting(
    newer: Newer<'_>,
    positions: &[u32],
    node: NodeIndex,
    credited: &[NodeIndex],
) -> u64 {
    let Some(Registry { mut waiting, living, orphans, shared }) = registry(newer, positions, node)
    else {
        return 0;
    };
    let all = (waiting.count + orphans.count + living.count).max(1);
    if orphans.count > 0 && all_waiting(newer, positions) >= orphans.count {
        waiting.count += orphans.count;
        waiting.bytes += orphans.bytes;
    }
    let credited = credited.iter().map(|&node| u64::from(newer.graph.file_self_size(node)));
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
    let more = candidate.more_items();
    if more == 0 {
        return false;
    }
    /// Most items have to be references, so among the first ones there are some.
    const FIRST: usize = 64;
    let new = |most| new_items(newer, before, candidate.point.node, most);
    if !new(FIRST).into_iter().any(|item| is_reference(newer, item)) {
        return false;
    }
    // What a callback is to be called with may hold them as well, so that the container does not retain them.
    let items = new(usize::MAX);
    let references = items.into_iter().filter(|&item| is_reference(newer, item));
    let dead = references.filter(|&reference| is_done(newer, reference)).count() as u64;
    let waiting = || all_waiting(newer, positions);
    // What the live ones gained is no growth to speak of.
    dead * 8 >= more * 7 && waiting() * 8 >= more * 7
}

/// What a registry waits for: the targets of its cells. Linear in nodes.
pub(crate) fn registered(newer: Newer<'_>, registry: NodeIndex) -> Vec<NodeIndex> {
    let Newer { graph, words, .. } = newer;
    let is_its = |&node: &NodeIndex| {
        graph.name_index(node) == words.weak_cell_node
            && graph.edges(node).any(|edge| edge.target == registry)
    };
    let cells = graph.nodes().filter(is_its);
    cells.filter_map(|cell| target(graph, cell, EdgeType::WEAK, words.target)).collect()
}

/// How many callbacks wait, of all registries.
fn all_waiting(newer: Newer<'_>, positions: &[u32]) -> u64 {
    let found = newer.graph.nodes().filter_map(|node| registry(newer, positions, node));
    found.map(|registry| registry.waiting.count).sum()
}

/// The cells of a registry, and the bytes of its table; `None` for all that is none.
fn registry(newer: Newer<'_>, positions: &[u32], node: NodeIndex) -> Option<Registry> {
    if !is_registry(newer, node) {
        return None;
    }
    let Newer { graph, words, analysis, .. } = newer;
    let tree = &analysis.dominators;
    let size = |node: NodeIndex| u64::from(graph.file_self_size(node));
    let is_shared = |part| graph.node_type(part) == NodeType::ARRAY || is_reference(newer, part);
    let mut found = Registry::default();
    // The cells that a node is below: by which one is unregistered, a cell of one list leads to the other list.
    let mut above: Vec<(usize, State)> = Vec::new();
    for position in tree.subtree(positions[node.at()]) {
        let part = tree.order()[position];
        while above.last().is_some_and(|&(end, _)| end <= position) {
            above.pop();
        }
        let is_cell = graph.name_index(part) == words.weak_cell_node;
        let is_on_top = above.is_empty() && tree.idom(part) == node;
        if is_cell && (is_on_top || !above.is_empty()) {
            let state = State::of(newer, part);
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
fn is_done(newer: Newer<'_>, cell: NodeIndex) -> bool {
    target(newer.graph, cell, EdgeType::WEAK, newer.words.target).is_none()
}

/// Whether a cell can be unregistered and is about something that has been collected: a weak reference to it
/// is the token, or in what the callback is called with.
fn is_orphan(newer: Newer<'_>, cell: NodeIndex) -> bool {
    let Newer { graph, words, .. } = newer;
    let token = target(graph, cell, EdgeType::WEAK, words.unregister_token);
    let Some(token) = token.filter(|&token| is_reference(newer, token)) else { return false };
    let is_dead = |node: NodeIndex| is_reference(newer, node) && is_done(newer, node);
    let is_held = |edge: &Edge| {
        edge.label.edge_type() != EdgeType::WEAK
            && graph.node_type(edge.target) == NodeType::OBJECT
            && !is_registry(newer, edge.target)
    };
    let mut held = graph.edges(cell).filter(is_held).map(|edge| edge.target);
    is_done(newer, token) || held.any(|held| graph.edges(held).any(|edge| is_dead(edge.target)))
}

fn is_reference(newer: Newer<'_>, node: NodeIndex) -> bool {
    is_instance(newer, node, newer.words.weak_ref_class)
}

fn is_registry(newer: Newer<'_>, node: NodeIndex) -> bool {
    is_instance(newer, node, newer.words.finalization_registry_class)
}

fn is_instance(newer: Newer<'_>, node: NodeIndex, class: StringIndex) -> bool {
    newer.graph.node_type(node) == NodeType::OBJECT && newer.graph.name_index(node) == class
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
    fn of(newer: Newer<'_>, cell: NodeIndex) -> Self {
        match is_done(newer, cell) {
            true => Self::Waiting,
            false if is_orphan(newer, cell) => Self::Orphan,
            false => Self::Living,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::leak::stage::{Heap, property, suspects};
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
        let heap = Heap::of(heap);
        let positions = heap.analysis.dominators.positions();
        let waiting = |node| bytes_waiting(heap.newer(), &positions, node, &[]);
        assert_eq!(waiting(registry), 2 * 72 + 100 / 2);
        assert_eq!(waiting(other), 0);
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
        let heap = Heap::of(heap);
        bytes_waiting(heap.newer(), &heap.analysis.dominators.positions(), registry, &[])
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
