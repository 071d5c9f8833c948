//! What ES modules export: for each variable its name, and the module that declares it.
//!
//! V8 keeps an exported variable in a cell. A module has the cells of its own variables in one array, and
//! those of what it imports in another, right before the modules that it imports from. A table leads from
//! names to cells: of all that the module exports, be it declared there or in a module that it hands on.
//!
//! Time: one pass over the nodes, and linear in the edges of modules. Memory: a name for each variable.

use std::collections::{HashMap, HashSet};

use crate::analysis::wtf8::lossy;
use crate::graph::{EdgeType, HeapGraph, NodeIndex, NodeType};
use crate::leak::anchors::may_be_modules;
use crate::leak::vocabulary::Vocabulary;

/// An exported variable.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Export {
    /// The name under which it is exported.
    pub name: String,
    /// The module that declares it, or, where nobody knows, one that hands it on.
    pub module: NodeIndex,
    is_declared: bool,
}

impl Export {
    /// Whether this tells more of a variable than another one does.
    fn is_better_than(&self, other: &Self) -> bool {
        let rank = |export: &Self| (export.is_declared, export.name != "default");
        rank(self) > rank(other)
    }
}

/// The exported variables of all modules.
#[derive(Debug, Default)]
pub struct Exports {
    by_cell: HashMap<NodeIndex, Export>,
}

impl Exports {
    /// Looks at all ES modules.
    pub fn find(graph: &HeapGraph, words: &Vocabulary) -> Self {
        let mut by_cell: HashMap<NodeIndex, Export> = HashMap::new();
        let modules = may_be_modules(graph, words).filter(|&node| {
            graph.name_index(node) == words.source_text_module_node
                && graph.node_type(node) == NodeType::HIDDEN
        });
        for module in modules {
            for (cell, export) in exports_of(graph, words, module) {
                match by_cell.get_mut(&cell) {
                    Some(known) if !export.is_better_than(known) => {}
                    Some(known) => *known = export,
                    None => _ = by_cell.insert(cell, export),
                }
            }
        }
        Self { by_cell }
    }

    /// The variable that a cell is.
    pub fn of(&self, cell: NodeIndex) -> Option<&Export> {
        self.by_cell.get(&cell)
    }

    /// All cells with their variables, in the order of nodes.
    pub fn all(&self) -> Vec<(NodeIndex, &Export)> {
        let mut all: Vec<_> = self.by_cell.iter().map(|(&cell, export)| (cell, export)).collect();
        all.sort_unstable_by_key(|&(cell, _)| cell);
        all
    }
}

/// The cells that a module's table has a name for.
fn exports_of(
    graph: &HeapGraph,
    words: &Vocabulary,
    module: NodeIndex,
) -> Vec<(NodeIndex, Export)> {
    let arrays: Vec<(u32, NodeIndex)> = graph
        .edges(module)
        .filter(|edge| edge.label.edge_type() == EdgeType::HIDDEN)
        .filter(|edge| graph.node_type(edge.target) == NodeType::ARRAY)
        .map(|edge| (graph.edge_number(edge), edge.target))
        .collect();
    let is_module = |node: NodeIndex| {
        let kinds = [words.source_text_module_node, words.synthetic_module_node];
        kinds.contains(&graph.name_index(node))
    };
    let has_modules = |array| graph.edges(array).any(|edge| is_module(edge.target));
    let requested = arrays.iter().find(|&&(_, array)| has_modules(array));
    let is_of_imports = |number: u32| requested.is_some_and(|&(after, _)| number + 1 == after);
    let own_arrays = arrays.iter().filter(|&&(number, _)| !is_of_imports(number));
    let own: HashSet<NodeIndex> =
        own_arrays.flat_map(|&(_, array)| cells_of(graph, words, array)).collect();
    let named = arrays.iter().flat_map(|&(_, array)| named_cells(graph, words, array));
    let export = |(name, cell)| (cell, Export { name, module, is_declared: own.contains(&cell) });
    named.map(export).collect()
}

/// The cells in an array that is no table of names.
fn cells_of(graph: &HeapGraph, words: &Vocabulary, array: NodeIndex) -> Vec<NodeIndex> {
    let is_table = graph.edges(array).any(|edge| graph.node_type(edge.target) == NodeType::STRING);
    let targets = graph.edges(array).map(|edge| edge.target);
    targets.filter(|&it| !is_table && graph.name_index(it) == words.cell_node).collect()
}

/// The cells in a table, each with its name: that is in the slot before it.
fn named_cells(
    graph: &HeapGraph,
    words: &Vocabulary,
    table: NodeIndex,
) -> Vec<(String, NodeIndex)> {
    let mut names: HashMap<u64, NodeIndex> = HashMap::new();
    let mut cells = Vec::new();
    for edge in graph.edges(table).filter(|it| it.label.edge_type() == EdgeType::INTERNAL) {
        let text = std::str::from_utf8(graph.edge_name(edge)).ok();
        let Some(slot) = text.and_then(|text| text.parse::<u64>().ok()) else { continue };
        if graph.node_type(edge.target) == NodeType::STRING {
            names.insert(slot, edge.target);
        } else if graph.name_index(edge.target) == words.cell_node {
            cells.push((slot, edge.target));
        }
    }
    let named = cells.into_iter().filter_map(|(slot, cell)| {
        let name = names.get(&slot.checked_sub(1)?)?;
        Some((lossy(graph.raw_name(*name)), cell))
    });
    named.collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::leak::stage::Heap;
    use crate::testing::GraphBuilder;

    const MODULE: &str = "system / SourceTextModule";

    fn cell(heap: &mut GraphBuilder) -> NodeIndex {
        heap.node(NodeType::HIDDEN, "system / Cell", 16)
    }

    /// A module with arrays in the slots from 5 on: its own cells, those it imports, the modules that those
    /// are of; and the table of its exports in slot 0.
    fn module(
        heap: &mut GraphBuilder,
        own: &[NodeIndex],
        imported: &[NodeIndex],
        from: &[NodeIndex],
        exported: &[(&str, NodeIndex)],
    ) -> NodeIndex {
        let module = heap.node(NodeType::HIDDEN, MODULE, 80);
        heap.edge(heap.root(), EdgeType::INTERNAL, "module", module);
        let table = heap.node(NodeType::ARRAY, "", 64);
        heap.numbered(module, EdgeType::HIDDEN, 0, table);
        for (slot, &(name, cell)) in exported.iter().enumerate() {
            let name = heap.node(NodeType::STRING, name, 24);
            heap.edge(table, EdgeType::INTERNAL, (3 + 2 * slot).to_string(), name);
            heap.edge(table, EdgeType::INTERNAL, (4 + 2 * slot).to_string(), cell);
        }
        for (number, targets) in (5..).zip([own, imported, from]) {
            if targets.is_empty() {
                continue;
            }
            let array = heap.node(NodeType::ARRAY, "", 64);
            heap.numbered(module, EdgeType::HIDDEN, number, array);
            for (slot, &target) in targets.iter().enumerate() {
                heap.edge(array, EdgeType::INTERNAL, slot.to_string(), target);
            }
        }
        module
    }

    #[test]
    fn a_variable_is_of_the_module_that_declares_it_and_not_of_one_that_hands_it_on() {
        let mut made = None;
        let heap = Heap::build(|heap, _| {
            let (sessions, jobs) = (cell(heap), cell(heap));
            let declared = [("sessions", sessions), ("jobs", jobs), ("default", jobs)];
            let store = module(heap, &[sessions, jobs], &[], &[], &declared);
            let renamed = [("liveSessions", sessions), ("openJobs", jobs)];
            // One that only hands on, one that imports first, and one with a variable of its own.
            module(heap, &[], &[], &[store], &renamed);
            module(heap, &[], &[sessions, jobs], &[store], &renamed);
            let own = cell(heap);
            let last = module(heap, &[own], &[sessions], &[store], &[("own", own)]);
            made = Some((sessions, jobs, own, store, last));
        });
        let (sessions, jobs, own, store, last) = made.unwrap();
        let exports = Exports::find(&heap.graph, &heap.words);
        let of = |cell| exports.of(cell).map(|it| (it.name.as_str(), it.module));
        assert_eq!(of(sessions), Some(("sessions", store)));
        assert_eq!(of(jobs), Some(("jobs", store)), "a name says more than `default`");
        assert_eq!(of(own), Some(("own", last)));
        assert_eq!(of(heap.graph.root()), None);
        assert_eq!(exports.all().len(), 3);
    }
}
