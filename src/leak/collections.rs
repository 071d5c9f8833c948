//! Collections that a package makes and a program fills: lists and maps that are never changed, caches,
//! queues.
//!
//! What piles up in one is deep in its own structure, under names that are in the package. Nothing is wrong
//! there: the program's word is that of the collection, or of the function that a package made to remember
//! things in a scope of its own. If other code of a package has the collection, as a client has a queue, it is
//! the word of that. Of other instances of a package, as a router, a pool or a logger, the parts have names that
//! tell more.

use crate::graph::{HeapGraph, NodeIndex, NodeType};
use crate::leak::declarations::is_of_package;
use crate::leak::describe::Describer;
use crate::leak::edges::bases;
use crate::leak::naming::Handle;
use crate::leak::route::Step;
use crate::leak::scripts::{Place, internal_target};
use crate::leak::suspects::Newer;
use crate::leak::vocabulary::Vocabulary;

impl Describer<'_> {
    /// The program's name for the innermost collection on the way to a part of a package's instance that
    /// has one, or else that of the package that has it. Between the two there is nothing that is known to
    /// be of another one.
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
            within.filter(|&at| is_part(at) && is_collection(graph, words, route[at].from));
        let by_name = collections.filter_map(|at| self.naming.handle(&route[..at]));
        let by_name: Vec<Handle> = by_name.collect();
        let mut handles = by_name.iter().cloned().chain(self.handle_of_function(route, part));
        let of_program = handles.find(|handle| {
            let place = self.places.place_in_program(route, handle);
            !place.as_ref().is_some_and(is_package) && self.is_in_program(route, handle)
        });
        let handle = of_program.or_else(|| {
            let own = place(part.at)?;
            let holder = |handle: &Handle| self.places.place_outside_node(route, handle);
            let is_others =
                |handle: &Handle| holder(handle).is_some_and(|place| place.url != own.url);
            by_name.into_iter().next().filter(is_others)
        })?;
        Some(self.of_export(handle, route))
    }

    /// The name of the function in whose scope a part is, if nobody but who has that name has the function:
    /// a package made it for the program, as one that remembers its results.
    fn handle_of_function(&self, route: &[Step], part: &Handle) -> Option<Handle> {
        let Newer { graph, words, analysis, .. } = self.newer;
        let scope = part.owner;
        let is_scope = |node: NodeIndex| graph.name_index(node) == words.context_node;
        // The scope of a module is of all its functions.
        let around = internal_target(graph, scope, [words.previous; 2]);
        let function = route[part.at.checked_sub(1)?].from;
        let is_made = is_scope(scope)
            && around.is_some_and(is_scope)
            && graph.node_type(function) == NodeType::CLOSURE;
        let handle = self.naming.handle(&route[..part.at]).filter(|_| is_made)?;
        (analysis.dominators.idom(function) == handle.owner).then_some(handle)
    }
}

/// Whether a node is an object that can be iterated over, or that things are put into and taken out of as of a
/// queue: nobody iterates over those.
fn is_collection(graph: &HeapGraph, words: &Vocabulary, node: NodeIndex) -> bool {
    let has =
        |base: NodeIndex, name: &[u8]| graph.edges(base).any(|edge| graph.edge_name(edge) == name);
    graph.node_type(node) == NodeType::OBJECT
        && bases(graph, words, node).any(|base| {
            has(base, b"<symbol Symbol.iterator>") || (has(base, b"push") && has(base, b"shift"))
        })
}

#[cfg(test)]
mod tests {
    use crate::graph::{EdgeType, NodeIndex, NodeType};
    use crate::leak::stage::{elements, function, property, scope, suspects};
    use crate::testing::GraphBuilder;

    const ITERABLE: [&str; 1] = ["<symbol Symbol.iterator>"];
    const QUEUE: [&str; 3] = ["peek", "push", "shift"];
    const ROUTER: [&str; 2] = ["push", "route"];

    /// An instance of a package with such methods. By its script, which is that of the first function, it is of the
    /// package.
    fn collection(
        heap: &mut GraphBuilder,
        holder: NodeIndex,
        name: &str,
        methods: &[&str],
        method: NodeIndex,
    ) -> NodeIndex {
        let collection = property(heap, holder, name, "List");
        heap.locate(collection, 7, 10, 0);
        let prototype = property(heap, collection, "__proto__", "Object");
        for name in methods {
            heap.edge(prototype, EdgeType::PROPERTY, *name, method);
        }
        collection
    }

    /// What a list deep in an instance of a package is called, if that has such methods.
    fn name_in(methods: &[&str], holder: &str) -> String {
        const PACKAGE: &str = "/srv/node_modules/lists/index.js";
        let found = suspects(|heap, global, is_grown| {
            let push = function(heap, global, "push", PACKAGE, 2);
            let main = function(heap, global, "main", holder, 3);
            let history = collection(heap, main, "history", methods, push);
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

    /// Name and file of a queue's list where a client has the queue that is an emitter of Node's by its constructor.
    fn queue_of_emitter() -> (String, String) {
        const QUEUES: &str = "/srv/node_modules/queues/index.js";
        const CLIENT: &str = "/srv/node_modules/client/index.js";
        let found = suspects(|heap, global, is_grown| {
            let push = function(heap, global, "push", QUEUES, 2);
            let emit = heap.node(NodeType::CLOSURE, "EventEmitter", 32);
            let shared = heap.node(NodeType::CODE, "EventEmitter", 32);
            let script = heap.node(NodeType::CODE, "node:events", 32);
            heap.edge(global, EdgeType::PROPERTY, "EventEmitter", emit);
            heap.edge(emit, EdgeType::INTERNAL, "shared", shared);
            heap.edge(shared, EdgeType::INTERNAL, "script", script);
            heap.locate(emit, 8, 4, 4);
            let send = function(heap, global, "send", CLIENT, 3);
            let scope = scope(heap, send);
            let emitter = heap.node(NodeType::OBJECT, "EventEmitter", 64);
            heap.edge(scope, EdgeType::CONTEXT, "self", emitter);
            heap.locate(emitter, 8, 4, 4);
            let waiting = collection(heap, emitter, "waiting", &QUEUE, push);
            let list = property(heap, waiting, "_list", "Array");
            elements(heap, list, 0..if is_grown { 300 } else { 4 }, "Item", 100);
        });
        assert_eq!(found.len(), 1, "{found:?}");
        (found[0].name.clone(), found[0].source.as_ref().unwrap().url.clone())
    }

    #[test]
    fn whoever_has_an_emitter_has_its_queue() {
        let (name, file) = queue_of_emitter();
        assert_eq!(name, "waiting");
        assert!(file.ends_with("client/index.js"), "{file}");
    }

    /// What a list is called that is in the scope of a function of a package, which is called `load` by the
    /// program and by nobody else, unless the package has it, too.
    fn name_in_scope(is_of_module: bool, is_shared: bool) -> String {
        const PACKAGE: &str = "/srv/node_modules/remember/index.js";
        let found = suspects(|heap, global, is_grown| {
            let scope = |heap: &mut GraphBuilder, of, around: Option<NodeIndex>| {
                let scope = heap.node(NodeType::OBJECT, "system / Context", 48);
                heap.edge(of, EdgeType::INTERNAL, "context", scope);
                if let Some(around) = around {
                    heap.edge(scope, EdgeType::INTERNAL, "previous", around);
                }
                scope
            };
            let main = function(heap, global, "main", "/srv/app/main.js", 3);
            let of_program = scope(heap, main, None);
            let of_package = function(heap, global, "remember", PACKAGE, 1);
            let module = scope(heap, of_package, None);
            let made = function(heap, of_program, "load", PACKAGE, 2);
            if is_shared {
                heap.edge(module, EdgeType::CONTEXT, "last", made);
            }
            let around = (!is_of_module).then_some(module);
            let scope = scope(heap, made, around);
            let list = heap.node(NodeType::OBJECT, "Array", 32);
            heap.edge(scope, EdgeType::CONTEXT, "values", list);
            elements(heap, list, 0..if is_grown { 300 } else { 4 }, "Item", 100);
        });
        assert_eq!(found.len(), 1, "{found:?}");
        found[0].name.clone()
    }

    #[test]
    fn what_a_function_remembers_that_a_package_made_goes_by_the_name_of_that() {
        assert_eq!(name_in_scope(false, false), "load");
        assert_eq!(name_in_scope(false, true), "values");
        assert_eq!(name_in_scope(true, false), "values");
    }

    #[test]
    fn a_collection_of_a_package_goes_by_the_name_that_the_program_has_for_it() {
        assert_eq!(name_in(&ITERABLE, "/srv/app/main.js"), "history");
        assert_eq!(name_in(&ROUTER, "/srv/app/main.js"), "array", "it may be a router or a pool");
        assert_eq!(name_in(&QUEUE, "/srv/app/main.js"), "history", "it may be a queue");
        let of_package = "/srv/node_modules/store/index.js";
        assert_eq!(name_in(&QUEUE, of_package), "history", "the client's word for its queue");
        assert_eq!(name_in(&ITERABLE, of_package), "history", "the store's word for its list");
        assert_eq!(name_in(&ROUTER, of_package), "array");
    }
}
