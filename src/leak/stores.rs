//! What a program gives to an AsyncLocalStorage: the store of a request, or of a job.
//!
//! Node keeps it for the program, in the frames of what waits (from Node 24 on) or on the resource of each
//! callback. By which of these a way comes to a store is chance; nothing before it says whose it is.
//!
//! Time: linear in the steps of a way; for a store without a name, one pass over the edges.

use std::collections::BTreeMap;

use crate::graph::{EdgeType, HeapGraph, NodeIndex, NodeType, StringIndex};
use crate::leak::describe::Describer;
use crate::leak::naming::Handle;
use crate::leak::route::{Step, steps_to};
use crate::leak::suspects::Newer;
use crate::leak::vocabulary::Vocabulary;

/// The last step of a way that enters a store.
pub(super) fn entry_of_store(
    graph: &HeapGraph,
    words: &Vocabulary,
    route: &[Step],
) -> Option<usize> {
    route.iter().enumerate().rev().find_map(|(at, step)| {
        let name = StringIndex(step.edge.label.raw_name());
        if step.edge.label.edge_type() == EdgeType::PROPERTY && name == words.symbol_store {
            return Some(at);
        }
        let is_frame = graph.node_type(step.from) == NodeType::OBJECT
            && graph.name_index(step.from) == words.async_context_frame_class;
        // A frame is a Map, whose entries are in its table.
        let is_table = graph.node_type(step.edge.target) == NodeType::ARRAY;
        (is_frame && is_table && at + 1 < route.len()).then_some(at + 1)
    })
}

impl Describer<'_> {
    /// The handle of something in a store. What has no name there goes by the variable of the
    /// AsyncLocalStorage, if the program has only one, or else by the class of that.
    pub(super) fn with_store(&self, handle: Option<Handle>, route: &[Step]) -> Option<Handle> {
        let Newer { graph, words, .. } = self.newer;
        match entry_of_store(graph, words, route) {
            Some(at) if handle.as_ref().is_none_or(|handle| handle.at <= at) => {
                let storage = self.only_storage().map(|storage| Handle { at, ..storage });
                let name = "AsyncLocalStorage".into();
                Some(storage.unwrap_or(Handle { name, at, owner: route[at].from }))
            }
            _ => handle,
        }
    }

    /// The variable or property of the only AsyncLocalStorage that the program has a name for. Frames have
    /// it as well, so all that refers to it is looked at.
    fn only_storage(&self) -> Option<Handle> {
        let Newer { graph, words, routes, .. } = self.newer;
        let is_storage = |node: NodeIndex| {
            graph.name_index(node) == words.async_local_storage_class
                && graph.node_type(node) == NodeType::OBJECT
        };
        let mut handles: BTreeMap<NodeIndex, Handle> = BTreeMap::new();
        for step in steps_to(graph, is_storage) {
            let mut route = routes.to(graph, step.from);
            route.push(step);
            let handle = self.handle(&route).filter(|handle| handle.at + 1 == route.len());
            if let Some(handle) = handle.filter(|handle| self.is_in_program(&route, handle)) {
                handles.entry(step.edge.target).or_insert(handle);
            }
        }
        handles.pop_first().map(|(_, handle)| handle).filter(|_| handles.is_empty())
    }
}

#[cfg(test)]
mod tests {
    use crate::graph::{EdgeType, NodeType};
    use crate::leak::stage::{elements, function, property, scope, suspects};

    /// What a list in a store is called, that Node has on a resource.
    fn name(is_named: bool) -> Vec<String> {
        let found = suspects(|heap, global, is_grown| {
            let node = function(heap, global, "emit", "node:internal/async_hooks", 3);
            let resource = property(heap, node, "resource", "Promise");
            let store = match is_named {
                true => property(heap, resource, "<symbol kResourceStore>", "Object"),
                false => property(heap, resource, "<symbol kResourceStore>", "Array"),
            };
            let list = if is_named { property(heap, store, "spans", "Array") } else { store };
            elements(heap, list, 0..if is_grown { 300 } else { 4 }, "Span", 100);
            let trace = function(heap, global, "trace", "/srv/app.js", 2);
            let scope = scope(heap, trace);
            let als = heap.node(NodeType::OBJECT, "AsyncLocalStorage", 48);
            heap.edge(scope, EdgeType::CONTEXT, "als", als);
        });
        found.into_iter().map(|it| it.name).collect()
    }

    #[test]
    fn a_chain_of_stores_is_found_behind_the_module_that_the_program_began_with() {
        let found = suspects(|heap, global, is_grown| {
            let module = property(heap, global, "<symbol node:entry_point_module>", "ModuleWrap");
            let frame = property(heap, module, "frame", "AsyncContextFrame");
            let table = heap.node(NodeType::ARRAY, "", 64);
            heap.edge(frame, EdgeType::INTERNAL, "table", table);
            let mut store = heap.node(NodeType::OBJECT, "Object", 200);
            heap.edge(table, EdgeType::INTERNAL, "6", store);
            for _ in 0..if is_grown { 300 } else { 4 } {
                let parent = heap.node(NodeType::OBJECT, "Object", 200);
                heap.edge(store, EdgeType::PROPERTY, "parent", parent);
                store = parent;
            }
        });
        let names: Vec<_> = found.iter().map(|it| it.name.as_str()).collect();
        assert_eq!(names, ["parent"]);
    }

    #[test]
    fn what_is_in_a_store_is_the_programs_and_goes_by_its_name_or_by_the_storage() {
        assert_eq!(name(true), ["spans"]);
        assert_eq!(name(false), ["als"]);
    }
}
