//! What Node keeps, and which of its growth is worth a report: much of it comes with what a program loads
//! and does, and is no leak of anybody.

use std::collections::HashMap;

use crate::graph::{EdgeType, HeapGraph, NodeType};
use crate::leak::anchors::{file_of_module, may_be_modules};
use crate::leak::candidate::Candidate;
use crate::leak::describe::{Describer, Seen};
use crate::leak::naming::Handle;
use crate::leak::route::Step;
use crate::leak::scripts::{Place, file_loaded};
use crate::leak::stores::entry_of_store;
use crate::leak::suspects::{LEAST_ITEMS, Newer, many_bytes};
use crate::report::SuspectKind;

/// A container of Node itself that gains this many items is reported: a thousand modules, or a
/// thousand entries of a performance timeline, are no warm-up.
const MANY_ITEMS_OF_NODE: u64 = 1000;

/// In another process, a container of Node's that has so many items more has grown.
const SURELY_MORE: u64 = 64;

/// The loader keeps so many paths for a module at most: a package asks for the same one from several
/// folders.
const PATHS_OF_A_MODULE: u64 = 8;

/// A program loads each of its files once, or, where plugins or tests do, a few times.
const LOADS_OF_ONE_FILE: u64 = 32;

/// Objects of Node's own that the global object has.
const GLOBALS_OF_NODE: [&str; 9] = [
    "console",
    "crypto",
    "global",
    "globalThis",
    "localStorage",
    "navigator",
    "performance",
    "process",
    "sessionStorage",
];

impl Describer<'_> {
    /// Whether growth is reported even though Node's code has it, if it does. Node keeps listeners and
    /// timers for the program; what else it keeps is reported if there are things of the program
    /// in it, or very many of one class (events that nobody takes out of their queue are plain
    /// objects), except for the caches of what it loaded: those grow while a program warms up, unless
    /// it is one file that is loaded time and again.
    pub(super) fn is_worth_it_in_node(&self, candidate: &Candidate, seen: &Seen<'_>) -> bool {
        const LOADERS: [&str; 3] =
            ["internal/modules", "internal/bootstrap", "internal/process/esm"];
        // Listeners are no cache, by whichever of its parts a way comes to the process object.
        let is_of_loader = |place: &Place| {
            seen.kind != SuspectKind::Listeners
                && LOADERS.iter().any(|loader| place.url.contains(loader))
        };
        if seen.in_node.as_ref().is_some_and(is_of_loader) && self.are_paths_of_modules(candidate) {
            return false;
        }
        if candidate.more_items() >= MANY_ITEMS_OF_NODE {
            return true;
        }
        let is_programs = seen.own_place.as_ref().is_some_and(|place| !place.is_internal());
        let Newer { graph, words, .. } = self.newer;
        // What is in a store is the program's, by whatever way Node keeps it.
        let is_in_store = || entry_of_store(graph, words, seen.route).is_some();
        if !is_programs && is_of_nodes_set_up(graph, seen.route) && !is_in_store() {
            return false;
        }
        match &seen.in_node {
            Some(place) if is_of_loader(place) => {
                self.loads_of_one_file(candidate) >= LOADS_OF_ONE_FILE
            }
            Some(_) => {
                self.is_kept_for_program(candidate, seen.kind)
                    || self.is_backlog_of_program(candidate, seen.route)
            }
            None => true,
        }
    }

    /// Whether what piled up are properties of promises. A program keeps nothing there; Node, until version 22,
    /// hangs a store onto each that is under way, for each AsyncLocalStorage that there is. Those are the leak.
    pub(super) fn is_hung_onto_promises(&self, candidate: &Candidate) -> bool {
        let Newer { graph, words, .. } = self.newer;
        let holder = candidate.items_of().map_or(candidate.point.node, |inner| inner.sample);
        candidate.more_items() > 0
            && candidate.links == 0
            && graph.node_type(holder) == NodeType::OBJECT
            && graph.name_index(holder) == words.promise_class
    }

    /// Whether Node keeps for the program what piled up.
    fn is_kept_for_program(&self, candidate: &Candidate, kind: SuspectKind) -> bool {
        // Without ids, what piled up may be anything that a container leads to, old or new.
        let is_sure = self.before.knows_young() || candidate.more_items() >= SURELY_MORE;
        let are_many = || {
            candidate.contents.classes.iter().any(|class| {
                class.node_type == NodeType::OBJECT && class.count >= MANY_ITEMS_OF_NODE
            })
        };
        matches!(kind, SuspectKind::Listeners | SuspectKind::Timers | SuspectKind::Instances)
            || (is_sure && (are_many() || self.places.place_of_contents(candidate).is_some()))
    }

    /// Whether what piled up is much, and inside something that the program has a word for: what waits in
    /// one of its streams, be it texts or memory.
    fn is_backlog_of_program(&self, candidate: &Candidate, route: &[Step]) -> bool {
        let Newer { graph, analysis, .. } = self.newer;
        let is_much = candidate.point.bytes >= many_bytes(analysis.retained.at(graph.root().at()));
        is_much && candidate.more_items() >= LEAST_ITEMS && self.handle_in_program(route).is_some()
    }

    /// Whether what came into a table of the loader's is nothing but texts, a few for each module that was
    /// loaded: where it looked for what.
    fn are_paths_of_modules(&self, candidate: &Candidate) -> bool {
        let Newer { graph, words, .. } = self.newer;
        let mut classes = candidate.contents.classes.iter();
        let are_texts = classes.all(|class| !class.node_type.is_object_or_function());
        let modules = may_be_modules(graph, words).filter(|&node| self.before.is_young(node));
        are_texts && candidate.more_items() <= modules.count() as u64 * PATHS_OF_A_MODULE
    }

    /// How often one file is among the modules that piled up.
    fn loads_of_one_file(&self, candidate: &Candidate) -> u64 {
        let Newer { graph, words, .. } = self.newer;
        let mut loads: HashMap<String, u64> = HashMap::new();
        for node in self.places.young_in(candidate) {
            let file = file_of_module(graph, words, node).filter(|file| !file.is_empty());
            if let Some(file) = file {
                *loads.entry(file_loaded(&file).to_owned()).or_default() += 1;
            }
        }
        loads.into_values().max().unwrap_or(0)
    }

    /// Inside something of Node's, the program's word is the one for the thing as a whole: the last
    /// name on the way that is in code outside of Node.
    pub(super) fn handle_in_program(&self, route: &[Step]) -> Option<Handle> {
        let mut end = route.len();
        while let Some(handle) = self.naming.handle(&route[..end]) {
            if self.is_in_program(route, &handle) {
                return Some(self.of_export(handle, route));
            }
            end = handle.at;
        }
        None
    }

    /// Whether a name on a way is in code outside of Node. What the program puts on the global object is
    /// declared nowhere.
    pub(super) fn is_in_program(&self, route: &[Step], handle: &Handle) -> bool {
        if let Some(place) = self.places.place_of_node(route, handle.at) {
            return !place.is_internal();
        }
        let around = self.place_around(route, handle).filter(|place| !place.is_internal());
        around.is_some_and(|place| self.places.declarations.is_declared_in(&place, handle))
            || is_global_of_program(self.newer.graph, handle, &route[handle.at])
    }

    /// The code around the plain object that has a name, as one that a module exports. Of such an object
    /// itself nothing says whose it is; it is of that code if its file declares the name.
    fn place_around(&self, route: &[Step], handle: &Handle) -> Option<Place> {
        let Newer { graph, words, .. } = self.newer;
        let is_plain = |at: usize| graph.name_index(route[at].from) == words.object_class;
        let around = (0..=handle.at).rev().find(|&at| !is_plain(at))?;
        self.places.place_of_node(route, around)
    }
}

/// Whether a name is that of a property which the program gave the global object.
fn is_global_of_program(graph: &HeapGraph, handle: &Handle, step: &Step) -> bool {
    handle.owner == step.from
        && graph.raw_name(handle.owner).starts_with(b"global")
        && graph.node_type(step.edge.target) == NodeType::OBJECT
        && !GLOBALS_OF_NODE.contains(&handle.name.as_str())
        // By symbols, Node and packages keep there what they share.
        && !handle.name.starts_with("Symbol(")
}

/// Whether a way leads through what Node sets up for itself before any program runs: the built-in
/// objects it keeps for its own use, under symbols of its own.
fn is_of_nodes_set_up(graph: &HeapGraph, route: &[Step]) -> bool {
    route.iter().any(|step| {
        step.edge.label.edge_type() == EdgeType::PROPERTY
            && graph.edge_name(step.edge).starts_with(b"<symbol node:")
    })
}

#[cfg(test)]
mod tests {
    use crate::graph::{EdgeType, NodeType};
    use crate::leak::stage::{elements, function, property, scope, suspects};

    /// Names of what is found where 300 things come to a list that `process` has, to which a way leads over
    /// what sets Node up.
    fn found(table: &str) -> Vec<String> {
        let found = suspects(|heap, global, is_grown| {
            let get = function(heap, global, "get", "node:internal/bootstrap/node", 436);
            let scope = scope(heap, get);
            let process = heap.node(NodeType::OBJECT, "process", 48);
            heap.edge(scope, EdgeType::CONTEXT, "process", process);
            let table = property(heap, process, table, "Object");
            let list = property(heap, table, "exit", "Array");
            elements(heap, list, 0..if is_grown { 300 } else { 4 }, "Listener", 100);
        });
        found.into_iter().map(|it| it.name).collect()
    }

    #[test]
    fn listeners_are_no_cache_of_what_sets_node_up() {
        assert_eq!(found("_events"), ["_events.exit"]);
        assert_eq!(found("loaded"), [""; 0]);
    }

    /// Node before version 24: each thing that is under way has a property for each AsyncLocalStorage, of which
    /// the key is a symbol that the storage has as well.
    #[test]
    fn what_node_hangs_onto_promises_is_not_what_leaks() {
        let found = suspects(|heap, global, is_grown| {
            let run = function(heap, global, "run", "node:async_hooks", 150);
            let scope = scope(heap, run);
            let list = property(heap, scope, "storageList", "Array");
            let work = function(heap, global, "work", "/srv/app.js", 1);
            let promise = property(heap, work, "ready", "Promise");
            let store = heap.node(NodeType::ARRAY, "(object properties)", 60_000);
            heap.edge(promise, EdgeType::INTERNAL, "properties", store);
            let nothing = heap.node(NodeType::HIDDEN, "system / Oddball", 40);
            for number in 0..if is_grown { 1_500 } else { 0 } {
                let storage = heap.node(NodeType::OBJECT, "AsyncLocalStorage", 40);
                heap.numbered(list, EdgeType::ELEMENT, number, storage);
                let key = heap.node(NodeType::SYMBOL, "symbol", 24);
                heap.edge(storage, EdgeType::PROPERTY, "kResourceStore", key);
                heap.edge(store, EdgeType::INTERNAL, (3 + 3 * number).to_string(), key);
                heap.edge(promise, EdgeType::PROPERTY, "<symbol kResourceStore>", nothing);
            }
        });
        let names: Vec<_> = found.into_iter().map(|it| it.name).collect();
        assert_eq!(names, ["storageList"]);
    }
}
