//! Connections that wait to be used again, or to be closed by a timer.
//!
//! A server under load has a socket for each client, an agent one for each request at the same time,
//! and all of them stay open for some seconds. They are more than before whenever the load is, and
//! no leak. What Node keeps beside them, as handles, parsers and timers, comes and goes with them.
//!
//! A socket is idle if it has been used for HTTP, carries no message, and its timer is running or an
//! agent has it in its pool; or, of `fetch`, if its client has no request in its queue. A connection
//! that somebody forgot to answer or to read to the end carries its message still, and one that was
//! upgraded is no longer an agent's.
//!
//! Nor are the timers of `fetch` in their list: it takes those that were cleared out once a second.
//!
//! Time: linear in the edges of at most [`MOST_SAMPLES`] items of a candidate, and of what those
//! refer to.

use std::collections::HashSet;

use crate::graph::{Edge, EdgeType, HeapGraph, NodeIndex, NodeType, StringIndex};
use crate::leak::before::Before;
use crate::leak::candidate::Candidate;
use crate::leak::grown::item_slots;
use crate::leak::suspects::Newer;
use crate::leak::vocabulary::Vocabulary;

/// So many of the new items are looked at, all over the container.
const MOST_SAMPLES: usize = 256;

/// From a timer it is two steps to its socket: over the function that it calls.
const LONGEST_WAY: usize = 2;

/// A timer has its socket among its first arguments.
const MOST_ARGUMENTS: u32 = 4;

/// Tells idle connections from what leaks.
pub(crate) struct Idle<'a> {
    newer: Newer<'a>,
    before: &'a Before<'a>,
    positions: &'a [u32],
}

impl<'a> Idle<'a> {
    /// `positions` say where each node stands in the dominator tree.
    pub(crate) fn new(newer: Newer<'a>, before: &'a Before<'a>, positions: &'a [u32]) -> Self {
        Self { newer, before, positions }
    }

    /// Whether nearly all new items of a candidate are idle connections, one each. What is in Node's
    /// hands, and not in the program's, may as well be something that belongs to one.
    pub(crate) fn explains(&self, candidate: &Candidate, is_in_the_program: bool) -> bool {
        let Newer { graph, words, .. } = self.newer;
        if words.symbol_timeout == Vocabulary::ABSENT {
            return false;
        }
        let longest_way = if is_in_the_program { 0 } else { LONGEST_WAY };
        let items = self.new_items(candidate);
        let step = items.len().div_ceil(MOST_SAMPLES).max(1);
        let samples = items.iter().step_by(step);
        let count = samples.len();
        // A thousand messages that somebody keeps may have come by the same connection.
        let idle: HashSet<_> =
            samples.filter_map(|&item| idle_at(graph, words, item, longest_way)).collect();
        count > 0 && idle.len() * 8 >= count * 7
    }

    fn new_items(&self, candidate: &Candidate) -> Vec<NodeIndex> {
        let Newer { graph, words, analysis, .. } = self.newer;
        let node = candidate.point.node;
        let is_new =
            |&item: &NodeIndex| !self.before.knows_young() || self.before.is_young(graph, item);
        let class = graph.name_index(node);
        let is_list = candidate.links > 0 || class == words.timers_list_class;
        if let Some(scatter) = &candidate.scattered {
            scatter.members.clone()
        } else if is_list {
            let class = if class == words.timers_list_class { words.timeout_class } else { class };
            let tree = &analysis.dominators;
            let below = &tree.order()[tree.subtree(self.positions[node.at()])];
            let links = below.iter().copied().filter(|&link| is_object(graph, link, class));
            links.filter(is_new).collect()
        } else {
            let items = item_slots(graph, words, analysis, node).map(|edge| edge.target);
            let mut items: Vec<_> = items.filter(is_new).collect();
            items.sort_unstable();
            items.dedup();
            items
        }
    }
}

/// The idle socket that a node is or refers to, over so many steps at most; or itself, if it is a timer
/// of `fetch`.
fn idle_at(
    graph: &HeapGraph,
    words: &Vocabulary,
    node: NodeIndex,
    longest_way: usize,
) -> Option<NodeIndex> {
    if longest_way > 0 && is_object(graph, node, words.fast_timer_class) {
        return Some(node);
    }
    let mut reached = vec![node];
    for _ in 0..longest_way {
        if let Some(&socket) = reached.iter().find(|&&node| is_idle_socket(graph, words, node)) {
            return Some(socket);
        }
        reached = reached.iter().flat_map(|&from| references(graph, words, from)).collect();
    }
    reached.into_iter().find(|&node| is_idle_socket(graph, words, node))
}

/// What a thing refers to by name, the `this` of a bound function, and the first arguments of a timer.
fn references<'a>(
    graph: &'a HeapGraph,
    words: &'a Vocabulary,
    node: NodeIndex,
) -> impl Iterator<Item = NodeIndex> + 'a {
    let is_reference = move |edge: &Edge| {
        let name = edge.label.raw_name();
        match edge.label.edge_type() {
            EdgeType::PROPERTY => name != words.proto.0,
            EdgeType::INTERNAL => name == words.bound_this.0,
            EdgeType::ELEMENT => name < MOST_ARGUMENTS,
            _ => false,
        }
    };
    let is_thing = |&target: &NodeIndex| {
        matches!(graph.node_type(target), NodeType::OBJECT | NodeType::CLOSURE)
    };
    graph.edges(node).filter(is_reference).map(|edge| edge.target).filter(is_thing)
}

fn is_idle_socket(graph: &HeapGraph, words: &Vocabulary, node: NodeIndex) -> bool {
    if graph.node_type(node) != NodeType::OBJECT {
        return false;
    }
    let is_running = |timer: NodeIndex| {
        let next = property(graph, timer, words.idle_next);
        is_object(graph, timer, words.timeout_class)
            && next.is_some_and(|next| graph.node_type(next) == NodeType::OBJECT)
    };
    let Some(timer) = property(graph, node, words.symbol_timeout) else { return false };
    let message = property(graph, node, words.http_message);
    let carries_none = message.is_some_and(|it| graph.node_type(it) != NodeType::OBJECT);
    (carries_none && (is_running(timer) || is_in_an_agent(graph, words, node)))
        || has_idle_client(graph, words, node)
}

/// Whether an agent listens for a socket to be free.
fn is_in_an_agent(graph: &HeapGraph, words: &Vocabulary, socket: NodeIndex) -> bool {
    let events = property(graph, socket, words.events);
    let listener = events.and_then(|events| property(graph, events, words.free_event));
    listener.is_some_and(|it| matches!(graph.node_type(it), NodeType::CLOSURE | NodeType::OBJECT))
}

/// Whether a socket is one of `fetch`, with no request in the queue of its client.
fn has_idle_client(graph: &HeapGraph, words: &Vocabulary, socket: NodeIndex) -> bool {
    let client = property(graph, socket, words.symbol_client);
    let queue = client.and_then(|client| property(graph, client, words.symbol_queue));
    queue.is_some_and(|queue| {
        let mut elements =
            graph.edges(queue).filter(|edge| edge.label.edge_type() == EdgeType::ELEMENT);
        // Where a request was, `null` is left.
        elements.all(|edge| graph.node_type(edge.target) != NodeType::OBJECT)
    })
}

fn property(graph: &HeapGraph, node: NodeIndex, name: StringIndex) -> Option<NodeIndex> {
    let mut edges = graph.edges(node);
    let is_it = |edge: &Edge| {
        edge.label.edge_type() == EdgeType::PROPERTY && edge.label.raw_name() == name.0
    };
    edges.find(is_it).map(|edge| edge.target)
}

fn is_object(graph: &HeapGraph, node: NodeIndex, class: StringIndex) -> bool {
    graph.node_type(node) == NodeType::OBJECT && graph.name_index(node) == class
}
