//! What kind of growth a suspect is.

use crate::graph::{EdgeType, HeapGraph, NodeIndex, NodeType, StringIndex};
use crate::leak::contents::{ClassShare, Contents};
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
        Some((Container::Object, _)) if grew_items => SuspectKind::Object,
        _ => SuspectKind::Other,
    }
}

/// Whether the last names on a route are those of an emitter's listeners.
fn is_listeners(graph: &HeapGraph, words: &Vocabulary, route: &[Step]) -> bool {
    let properties =
        route.iter().rev().filter(|step| step.edge.label.edge_type() == EdgeType::PROPERTY);
    let last_is_variable =
        route.last().is_some_and(|step| step.edge.label.edge_type() == EdgeType::CONTEXT);
    !last_is_variable
        && properties.take(2).any(|step| is_events(words, step) || is_listener_map(graph, step))
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
            // The lists of timers inside Node: most of the objects in them are timers or lists.
            let objects = || contents.classes.iter().filter(|c| c.node_type == NodeType::OBJECT);
            let is_timer = |class: &&ClassShare| {
                class.class_name == "Timeout" || class.class_name == "TimersList"
            };
            let timers: u64 = objects().filter(is_timer).map(|class| class.count).sum();
            let all: u64 = objects().map(|class| class.count).sum();
            name == words.object_class && timers > 8 && timers * 2 >= all
        })
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
