//! Collections that a package makes and a program fills: lists and maps that are never changed, caches,
//! queues.
//!
//! What piles up in one is deep in its own structure, under names that are in the package. Nothing is wrong
//! there: the program's word is that of the collection. Of other instances of a package, as a router, a
//! pool or a logger, the parts have names that tell more.

use crate::graph::{HeapGraph, NodeIndex, NodeType};
use crate::leak::declarations::is_of_package;
use crate::leak::describe::Describer;
use crate::leak::edges::bases;
use crate::leak::naming::Handle;
use crate::leak::route::Step;
use crate::leak::scripts::Place;
use crate::leak::suspects::Newer;
use crate::leak::vocabulary::Vocabulary;

impl Describer<'_> {
    /// The program's name for the innermost collection on the way to a part of a package's instance that
    /// has one. Between the two there is nothing that is known to be of another one.
    pub(super) fn handle_of_collection(&self, route: &[Step], part: &Handle) -> Option<Handle> {
        let Newer { graph, words, .. } = self.newer;
        let is_package = |place: &Place| is_of_package(&place.url);
        let place = |at: usize| self.places.place_of_node(route, at);
        let is_part = |at: usize| place(at).as_ref().is_some_and(is_package);
        if !is_part(part.at) {
            return None;
        }
        let within = (0..=part.at).rev();
        let within = within.take_while(|&at| place(at).as_ref().is_none_or(is_package));
        let collections =
            within.filter(|&at| is_part(at) && is_iterable(graph, words, route[at].from));
        let mut handles = collections.filter_map(|at| self.naming.handle(&route[..at]));
        let handle = handles.find(|handle| {
            let place = self.places.place_in_program(route, handle);
            !place.as_ref().is_some_and(is_package) && self.is_in_program(route, handle)
        })?;
        Some(self.of_export(handle, route))
    }
}

/// Whether a node is an object that can be iterated over.
fn is_iterable(graph: &HeapGraph, words: &Vocabulary, node: NodeIndex) -> bool {
    graph.node_type(node) == NodeType::OBJECT
        && bases(graph, words, node).any(|base| {
            graph.edges(base).any(|edge| graph.edge_name(edge) == b"<symbol Symbol.iterator>")
        })
}

#[cfg(test)]
mod tests {
    use crate::graph::EdgeType;
    use crate::leak::stage::{elements, function, property, suspects};

    /// What a list deep in an instance of a package is called.
    fn name_in(can_be_iterated: bool, holder: &str) -> String {
        const PACKAGE: &str = "/srv/node_modules/lists/index.js";
        let found = suspects(|heap, global, is_grown| {
            let push = function(heap, global, "push", PACKAGE, 2);
            let main = function(heap, global, "main", holder, 3);
            let history = property(heap, main, "history", "List");
            // By its script, which is that of the first function, it is of the package.
            heap.locate(history, 7, 10, 0);
            let prototype = property(heap, history, "__proto__", "Object");
            if can_be_iterated {
                heap.edge(prototype, EdgeType::PROPERTY, "<symbol Symbol.iterator>", push);
            }
            // An array on the way is none of the package's.
            let list = property(heap, history, "_list", "Array");
            heap.edge(list, EdgeType::PROPERTY, "<symbol Symbol.iterator>", push);
            let root = property(heap, list, "_root", "VNode");
            heap.locate(root, 7, 20, 0);
            let array = property(heap, root, "array", "Array");
            elements(heap, array, 0..if is_grown { 300 } else { 4 }, "Item", 100);
        });
        assert_eq!(found.len(), 1, "{found:?}");
        found[0].name.clone()
    }

    #[test]
    fn a_collection_of_a_package_goes_by_the_name_that_the_program_has_for_it() {
        assert_eq!(name_in(true, "/srv/app/main.js"), "history");
        assert_eq!(name_in(false, "/srv/app/main.js"), "array", "it may be a router or a pool");
        assert_eq!(name_in(true, "/srv/node_modules/store/index.js"), "array");
    }
}
