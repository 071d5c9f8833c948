//! The way by which a suspect is described: mostly the one that a developer would go, which is the cheapest.
//!
//! Two of those say little. One ends in a register of a call that waits, which has no name; the other is in
//! Node alone, as from a handle to a stream or from a listener of Node's to the promise that it will resolve. A
//! variable or property of the program that refers to the same thing, or to the stream, is looked for.
//!
//! Time: linear in edges for each thing that is looked up, of which there are [`MOST_SEARCHES`] at most.

use crate::graph::{NodeIndex, NodeType};
use crate::leak::describe::Describer;
use crate::leak::edges::property;
use crate::leak::growth::is_slot;
use crate::leak::naming::leads_to_registers;
use crate::leak::route::{Step, steps_to};
use crate::leak::suspects::Newer;

/// So many things are looked up in one report.
const MOST_SEARCHES: usize = 32;

/// Of popular things, so many ways are looked at.
const MOST_WAYS: usize = 64;

/// A thing that a way has no word of the program for.
struct End {
    /// The step that leads to it.
    at: usize,
    /// Whether a word counts only if it is for the thing itself, and not for something around it.
    is_named_itself: bool,
}

impl Describer<'_> {
    /// The way to a suspect.
    pub(super) fn way_to(&self, node: NodeIndex) -> Vec<Step> {
        let route = self.newer.routes.to(self.newer.graph, node);
        for end in self.ends_of_nameless(&route).into_iter().flatten() {
            if let Some(mut way) = self.way_of_program(&end, &route) {
                way.extend_from_slice(&route[end.at + 1..]);
                return way;
            }
        }
        route
    }

    /// The steps to things that a way has no word of the program for, the likeliest first: a variable in a
    /// register; or of a way that is Node's, what it leads to, and the last emitter on it.
    fn ends_of_nameless(&self, route: &[Step]) -> [Option<End>; 2] {
        let Newer { graph, words, .. } = self.newer;
        let handle = self.naming.handle(route);
        if let Some(handle) = &handle
            && leads_to_registers(graph, route[handle.at].edge)
        {
            let at = handle.at + 1;
            return [(at < route.len()).then_some(End { at, is_named_itself: false }), None];
        }
        let is_nodes = self.places.nearest_place(route, handle.as_ref());
        if !is_nodes.is_some_and(|place| place.is_internal())
            || self.handle_in_program(route).is_some()
        {
            return [None, None];
        }
        let emitter = route.iter().rposition(|step| {
            graph.node_type(step.edge.target) == NodeType::OBJECT
                && property(graph, step.edge.target, words.events).is_some()
        });
        // What Node keeps for all, as the modules that were loaded, is at hand for the program in a thing that
        // Node gives it.
        let last = route.len().checked_sub(1).map(|at| End { at, is_named_itself: true });
        [last, emitter.map(|at| End { at, is_named_itself: false })]
    }

    /// The shortest way to a thing that ends in the program, all that refers to it considered.
    fn way_of_program(&self, end: &End, route: &[Step]) -> Option<Vec<Step>> {
        let Newer { graph, routes, .. } = self.newer;
        let thing = route[end.at].edge.target;
        if self.searches.get() == MOST_SEARCHES {
            return None;
        }
        self.searches.set(self.searches.get() + 1);
        let steps = steps_to(graph, |target| target == thing);
        let ways = steps.filter(|step| is_slot(step.edge)).take(MOST_WAYS).map(|step| {
            let mut way = routes.to(graph, step.from);
            way.push(step);
            way
        });
        let ways = ways.filter(|way| way.len() > 1 && way.iter().all(|step| step.from != thing));
        let of_program = ways.filter(|way| {
            let handle = self.naming.handle(way);
            handle.is_some_and(|handle| {
                !leads_to_registers(graph, way[handle.at].edge)
                    && (!end.is_named_itself || handle.at + 1 == way.len())
                    && self.is_in_program(way, &handle)
            })
        });
        of_program.min_by_key(Vec::len)
    }
}

#[cfg(test)]
mod tests {
    use crate::graph::{EdgeType, NodeIndex, NodeType};
    use crate::leak::stage::{Sources, elements, function, property, registers, scope, suspects};
    use crate::testing::GraphBuilder;

    fn grow(heap: &mut GraphBuilder, list: NodeIndex, is_grown: bool) {
        elements(heap, list, 0..if is_grown { 300 } else { 4 }, "Item", 1_000);
    }

    /// A function of the program that has captured a variable.
    fn capture(heap: &mut GraphBuilder, of: NodeIndex, url: &str, name: &str, value: NodeIndex) {
        let function = function(heap, of, "main", url, 1);
        let scope = scope(heap, function);
        heap.edge(scope, EdgeType::CONTEXT, name, value);
    }

    #[test]
    fn what_a_stream_of_nodes_holds_goes_by_the_programs_word_for_the_stream() {
        let sources = Sources::new("ways", &[("main.js", "const clients = new Set();\n")]);
        let found = suspects(|heap, global, is_grown| {
            let node = function(heap, global, "onread", "node:net", 1);
            let socket = property(heap, node, "owner", "Socket");
            // By its script, which is that of the first function, it is of Node.
            heap.locate(socket, 7, 0, 0);
            property(heap, socket, "_events", "Object");
            let state = property(heap, socket, "_writableState", "WritableState");
            let buffered = property(heap, state, "buffered", "Array");
            grow(heap, buffered, is_grown);
            let clients = heap.node(NodeType::OBJECT, "Set", 32);
            let table = heap.node(NodeType::ARRAY, "", 64);
            heap.edge(clients, EdgeType::INTERNAL, "table", table);
            heap.edge(table, EdgeType::INTERNAL, "5", socket);
            capture(heap, global, &sources.url("main.js"), "clients", clients);
        });
        assert_eq!(found.len(), 1, "{found:?}");
        assert_eq!(found[0].name, "clients");
        assert_eq!(found[0].source.as_ref().unwrap().line, Some(1));
    }

    #[test]
    fn a_variable_of_a_block_has_a_number_and_is_no_register() {
        let found = suspects(|heap, global, is_grown| {
            let block = heap.node(NodeType::OBJECT, "system / Context", 40);
            capture(heap, global, "/srv/app.js", "handler", block);
            let about = heap.node(NodeType::CODE, "system / ScopeInfo", 64);
            heap.edge(block, EdgeType::INTERNAL, "scope_info", about);
            let word = heap.node(NodeType::STRING, "backlog", 24);
            heap.numbered(about, EdgeType::HIDDEN, 0, word);
            let backlog = heap.node(NodeType::OBJECT, "Array", 32);
            heap.numbered(block, EdgeType::HIDDEN, 0, backlog);
            grow(heap, backlog, is_grown);
        });
        assert_eq!(found.len(), 1, "{found:?}");
        assert_eq!(found[0].name, "backlog");
    }

    #[test]
    fn a_field_is_preferred_to_a_register() {
        let sources = Sources::new("ways-field", &[("main.js", "this.jobs = [];\n")]);
        let found = suspects(|heap, global, is_grown| {
            let slots = registers(heap, global, &sources.url("main.js"));
            let runner = heap.node(NodeType::OBJECT, "Runner", 32);
            heap.locate(runner, 7, 0, 0);
            let jobs = property(heap, runner, "jobs", "Array");
            heap.edge(slots, EdgeType::INTERNAL, "2", runner);
            heap.edge(slots, EdgeType::INTERNAL, "3", jobs);
            grow(heap, jobs, is_grown);
        });
        assert_eq!(found.len(), 1, "{found:?}");
        assert_eq!(found[0].name, "jobs");
    }
}
