//! What kind of growth a suspect is.

use crate::graph::{EdgeType, HeapGraph, NodeIndex, NodeType, StringIndex};
use crate::leak::contents::{ClassShare, Contents};
use crate::leak::edges::{bases, property};
use crate::leak::items::{self, Container};
use crate::leak::naming::is_events;
use crate::leak::route::Step;
use crate::leak::vocabulary::Vocabulary;
use crate::report::SuspectKind;

/// Tells the kind from the node, the way to it and what piled up in it.
pub fn kind(
    graph: &HeapGraph,
    words: &Vocabulary,
    node: NodeIndex,
    route: &[Step],
    contents: &Contents,
    is_chain: bool,
    grew_items: bool,
) -> SuspectKind {
    let node_type = graph.node_type(node);
    if is_listeners(graph, words, route) {
        return SuspectKind::Listeners;
    }
    if is_timers(graph, words, node, contents) {
        return SuspectKind::Timers;
    }
    if node_type.is_string() {
        return SuspectKind::Strings;
    }
    if node_type == NodeType::CLOSURE {
        return SuspectKind::Closures;
    }
    let name = graph.name_index(node);
    if name == words.promise_class {
        return SuspectKind::Promises;
    }
    if is_chain {
        return SuspectKind::List;
    }
    if is_buffer(graph, words, node) {
        return SuspectKind::Buffers;
    }
    match items::count(graph, words, node) {
        Some((Container::Array, _)) if name == words.array_class => SuspectKind::Array,
        Some((Container::Map, _)) => SuspectKind::Map,
        Some((Container::Set, _)) => SuspectKind::Set,
        Some((Container::Object, _)) if grew_items && inherits_array(graph, words, node) => {
            SuspectKind::Array
        }
        Some((Container::Object, _)) if grew_items => SuspectKind::Object,
        _ => SuspectKind::Other,
    }
}

/// Whether a node is of a class that extends `Array`: its items are elements, too.
fn inherits_array(graph: &HeapGraph, words: &Vocabulary, node: NodeIndex) -> bool {
    let mut makers =
        bases(graph, words, node).filter_map(|base| property(graph, base, words.constructor));
    makers.any(|maker| {
        graph.node_type(maker) == NodeType::CLOSURE && graph.raw_name(maker) == b"Array"
    })
}

/// Whether the last names on a route are those of an emitter's listeners.
fn is_listeners(graph: &HeapGraph, words: &Vocabulary, route: &[Step]) -> bool {
    // What a listener has captured is its own affair.
    let behind_variable =
        route.iter().rev().take_while(|step| step.edge.label.edge_type() != EdgeType::CONTEXT);
    let mut properties =
        behind_variable.filter(|step| step.edge.label.edge_type() == EdgeType::PROPERTY).take(2);
    properties.any(|step| is_events(words, step) || is_listener_map(graph, step))
}

/// The step of a route that enters the listeners of an EventTarget.
pub fn event_target(graph: &HeapGraph, route: &[Step]) -> Option<usize> {
    route.iter().rposition(|step| is_listener_map(graph, step))
}

fn is_listener_map(graph: &HeapGraph, step: &Step) -> bool {
    step.edge.label.edge_type() == EdgeType::PROPERTY
        && graph.edge_name(step.edge) == b"<symbol kEvents>"
}

fn is_timers(graph: &HeapGraph, words: &Vocabulary, node: NodeIndex, contents: &Contents) -> bool {
    let name = graph.name_index(node);
    let is_timer = name == words.timers_list_class || name == words.timeout_class;
    graph.node_type(node) == NodeType::OBJECT
        && (is_timer || {
            // The lists of timers inside Node: most of the objects in them are timers or lists. A program
            // keeps timers alone, to clear them.
            let objects = || contents.classes.iter().filter(|c| c.node_type == NodeType::OBJECT);
            let is_timer = |class: &&ClassShare| {
                class.class_name == "Timeout" || class.class_name == "TimersList"
            };
            let timers: u64 = objects().filter(is_timer).map(|class| class.count).sum();
            let all: u64 = objects().map(|class| class.count).sum();
            name == words.object_class
                && timers > 8
                && timers * 2 >= all
                && has_list_of_timers(graph, words, node)
        })
}

/// Whether an object refers to one of the lists in which Node keeps timers.
fn has_list_of_timers(graph: &HeapGraph, words: &Vocabulary, node: NodeIndex) -> bool {
    graph.edges(node).any(|edge| graph.name_index(edge.target) == words.timers_list_class)
}

/// Whether a node is a view on memory outside V8's heap, or that memory.
fn is_buffer(graph: &HeapGraph, words: &Vocabulary, node: NodeIndex) -> bool {
    graph.edges(node).any(|edge| {
        let name = StringIndex(edge.label.raw_name());
        edge.label.edge_type() == EdgeType::INTERNAL
            && (name == words.backing_store
                || (name == words.buffer && graph.node_type(edge.target) == NodeType::OBJECT))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::leak::stage::{Heap, property, scope};
    use crate::testing::GraphBuilder;

    /// The kind of the node that `build` makes.
    fn kind_of(
        is_chain: bool,
        grew_items: bool,
        build: impl FnOnce(&mut GraphBuilder, NodeIndex) -> NodeIndex,
    ) -> SuspectKind {
        let mut node = NodeIndex(0);
        let heap = Heap::build(|heap, global| node = build(heap, global));
        let Heap { graph, words, routes, .. } = &heap;
        let route = routes.to(graph, node);
        kind(graph, words, node, &route, &Contents::default(), is_chain, grew_items)
    }

    fn of_class(class: &str) -> SuspectKind {
        kind_of(false, true, |heap, global| property(heap, global, "x", class))
    }

    #[test]
    fn classes_that_everybody_knows_say_it() {
        assert_eq!(of_class("Array"), SuspectKind::Array);
        assert_eq!(of_class("Promise"), SuspectKind::Promises);
        assert_eq!(of_class("Timeout"), SuspectKind::Timers);
        assert_eq!(of_class("TimersList"), SuspectKind::Timers);
        assert_eq!(of_class("Object"), SuspectKind::Object);
        let grown_only = kind_of(false, false, |heap, global| property(heap, global, "x", "Cache"));
        assert_eq!(grown_only, SuspectKind::Other);
    }

    #[test]
    fn an_object_that_keeps_timers_is_none_of_the_tables_of_node() {
        let of_object = |has_list: bool| {
            let mut node = NodeIndex(0);
            let heap = Heap::build(|heap, global| {
                node = property(heap, global, "pending", "Object");
                let list = property(heap, global, "list", "TimersList");
                property(heap, node, "a", "Timeout");
                if has_list {
                    heap.edge(node, EdgeType::PROPERTY, "3600000", list);
                }
            });
            let Heap { graph, words, routes, .. } = &heap;
            let timers = ClassShare {
                node_type: NodeType::OBJECT,
                class_name: "Timeout".into(),
                count: 300,
                bytes: 300,
            };
            let contents = Contents { classes: vec![timers], ..Contents::default() };
            let route = routes.to(graph, node);
            kind(graph, words, node, &route, &contents, false, true)
        };
        assert_eq!(of_object(true), SuspectKind::Timers);
        assert_eq!(of_object(false), SuspectKind::Object);
    }

    #[test]
    fn what_extends_array_is_an_array() {
        let kind = |base: &str| {
            kind_of(false, true, |heap, global| {
                let history = property(heap, global, "x", "History");
                let own = property(heap, history, "__proto__", "Object");
                let of_base = property(heap, own, "__proto__", "Object");
                let maker = heap.node(NodeType::CLOSURE, base, 32);
                heap.edge(of_base, EdgeType::PROPERTY, "constructor", maker);
                history
            })
        };
        assert_eq!(kind("Array"), SuspectKind::Array);
        assert_eq!(kind("Store"), SuspectKind::Object);
    }

    #[test]
    fn a_table_of_pairs_is_a_map_whatever_its_class_is_called() {
        let kind = kind_of(false, true, |heap, global| {
            let map = property(heap, global, "x", "SessionStore");
            let table = heap.node(NodeType::ARRAY, "", 16 + 17 * 8);
            heap.edge(map, EdgeType::INTERNAL, "table", table);
            map
        });
        assert_eq!(kind, SuspectKind::Map);
    }

    #[test]
    fn the_last_names_on_the_way_tell_listeners() {
        let listeners = |below: bool| {
            kind_of(false, true, |heap, global| {
                let events = property(heap, global, "_events", "Object");
                let list = property(heap, events, "tick", "Array");
                if below { property(heap, list, "context", "Array") } else { list }
            })
        };
        assert_eq!(listeners(false), SuspectKind::Listeners);
        let deeper = kind_of(false, true, |heap, global| {
            let events = property(heap, global, "_events", "Object");
            let list = property(heap, events, "tick", "Array");
            let session = property(heap, list, "session", "Session");
            property(heap, session, "log", "Array")
        });
        assert_eq!(deeper, SuspectKind::Array, "what a listener holds is its own affair");
        let captured = kind_of(false, true, |heap, global| {
            let events = property(heap, global, "_events", "Object");
            let listener = heap.node(NodeType::CLOSURE, "onRequest", 32);
            heap.edge(events, EdgeType::PROPERTY, "request", listener);
            let scope = scope(heap, listener);
            let rooms = heap.node(NodeType::OBJECT, "Array", 32);
            heap.edge(scope, EdgeType::CONTEXT, "rooms", rooms);
            let room = heap.node(NodeType::OBJECT, "Array", 32);
            heap.numbered(rooms, EdgeType::ELEMENT, 0, room);
            room
        });
        assert_eq!(captured, SuspectKind::Array, "nor is what it captured a list of listeners");
    }

    #[test]
    fn chains_strings_functions_and_memory() {
        let chain = kind_of(true, false, |heap, global| property(heap, global, "x", "Entry"));
        assert_eq!(chain, SuspectKind::List);
        let text = kind_of(false, false, |heap, global| {
            let text = heap.node(NodeType::CONS_STRING, "a", 32);
            heap.edge(global, EdgeType::PROPERTY, "x", text);
            text
        });
        assert_eq!(text, SuspectKind::Strings);
        let closure = kind_of(true, false, |heap, global| {
            let closure = heap.node(NodeType::CLOSURE, "f", 32);
            heap.edge(global, EdgeType::PROPERTY, "x", closure);
            closure
        });
        assert_eq!(closure, SuspectKind::Closures);
        let view = kind_of(false, false, |heap, global| {
            let view = property(heap, global, "x", "Float64Array");
            let memory = heap.node(NodeType::OBJECT, "ArrayBuffer", 32);
            heap.edge(view, EdgeType::INTERNAL, "buffer", memory);
            view
        });
        assert_eq!(view, SuspectKind::Buffers);
    }
}
