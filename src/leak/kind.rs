//! What kind of growth a suspect is.

use crate::graph::{EdgeType, HeapGraph, NodeIndex, NodeType, StringIndex};
use crate::leak::contents::Contents;
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

fn is_listeners(graph: &HeapGraph, words: &Vocabulary, route: &[Step]) -> bool {
    let last_steps = route.iter().rev().take(4);
    let is_event_target = |step: &Step| {
        step.edge.label.edge_type() == EdgeType::PROPERTY
            && graph.edge_name(step.edge) == b"<symbol kEvents>"
    };
    last_steps.into_iter().any(|step| is_events(words, step) || is_event_target(step))
}

fn is_timers(graph: &HeapGraph, words: &Vocabulary, node: NodeIndex, contents: &Contents) -> bool {
    let name = graph.name_index(node);
    let is_timer = name == words.timers_list_class || name == words.timeout_class;
    graph.node_type(node) == NodeType::OBJECT
        && (is_timer || {
            // A list of timers inside Node: most of what is in it are timers.
            let timers = contents.classes.iter().find(|class| class.class_name == "Timeout");
            let most = contents.classes.iter().map(|class| class.count).max().unwrap_or(0);
            name != words.array_class
                && timers.is_some_and(|timers| timers.count * 2 >= most && timers.count > 8)
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
