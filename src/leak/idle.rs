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
use crate::leak::edges::{property, target};
use crate::leak::grown::new_items;
use crate::leak::suspects::Newer;
use crate::leak::vocabulary::Vocabulary;
use crate::report::{Suspect, SuspectKind};

/// So many of the new items are looked at, all over the container.
const MOST_SAMPLES: usize = 256;

/// So many of the new items tell that they are no connections.
const FEW_ITEMS: usize = 64;

/// From a timer it is two steps to its socket: over the function that it calls.
const LONGEST_WAY: usize = 2;

/// With fewer sockets in agents it is nothing to have one each.
const FEW_AGENTS: usize = 8;

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
    pub(crate) fn explains(&self, candidate: &Candidate, suspect: &Suspect) -> bool {
        let Newer { graph, words, .. } = self.newer;
        if [words.symbol_timeout, words.fast_timer_class] == [Vocabulary::ABSENT; 2] {
            return false;
        }
        // A container without a file is a property of the global object; the lists of timers are
        // Node's, whatever they call.
        let source = suspect.source.as_ref();
        let is_of_node = suspect.kind == SuspectKind::Timers
            || source.map_or(candidate.scattered.is_some(), |it| it.url.starts_with("node:"));
        let longest_way = if is_of_node { LONGEST_WAY } else { 0 };
        // Most containers hold something else, which a few of their items tell.
        let few = self.new_items(candidate, FEW_ITEMS);
        are_idle(graph, words, &few, longest_way)
            && are_idle(graph, words, &self.new_items(candidate, usize::MAX), longest_way)
    }

    fn new_items(&self, candidate: &Candidate, most: usize) -> Vec<NodeIndex> {
        let Newer { graph, words, analysis, .. } = self.newer;
        let node = candidate.point.node;
        let is_new = |&item: &NodeIndex| !self.before.knows_young() || self.before.is_young(item);
        let class = graph.name_index(node);
        let is_list = candidate.links > 0 || class == words.timers_list_class;
        if let Some(scatter) = &candidate.scattered {
            scatter.members.iter().copied().take(most).collect()
        } else if is_list {
            let class = if class == words.timers_list_class { words.timeout_class } else { class };
            let tree = &analysis.dominators;
            let below = &tree.order()[tree.subtree(self.positions[node.at()])];
            // Of a list with two ends, the first does not dominate the others.
            let links = below.iter().chain(&candidate.credited).copied();
            let links = links.filter(|&link| is_object(graph, link, class));
            links.filter(is_new).take(most).collect()
        } else {
            new_items(self.newer, self.before, node, most)
        }
    }
}

/// Whether nearly all of these lead to an idle connection, one each.
fn are_idle(
    graph: &HeapGraph,
    words: &Vocabulary,
    items: &[NodeIndex],
    longest_way: usize,
) -> bool {
    let step = items.len().div_ceil(MOST_SAMPLES).max(1);
    let samples = items.iter().step_by(step);
    let count = samples.len();
    // A thousand messages that somebody keeps may have come by the same connection.
    let idle: HashSet<_> =
        samples.filter_map(|&item| idle_at(graph, words, item, longest_way)).collect();
    count > 0 && idle.len() * 8 >= count * 7 && !has_agent_each(graph, words, &idle)
}

/// The idle socket that a node is or refers to, over so many steps at most; or itself, if it is a timer
/// of `fetch`.
fn idle_at(
    graph: &HeapGraph,
    words: &Vocabulary,
    node: NodeIndex,
    longest_way: usize,
) -> Option<NodeIndex> {
    if is_timer_of_fetch(graph, words, node) {
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

/// Whether a node is a timer in the list of `fetch`, or one by which it closes a connection.
fn is_timer_of_fetch(graph: &HeapGraph, words: &Vocabulary, node: NodeIndex) -> bool {
    if is_object(graph, node, words.fast_timer_class) {
        return property(graph, node, words.symbol_fast_timer).is_some();
    }
    is_object(graph, node, words.timeout_class)
        && property(graph, node, words.on_timeout).is_some_and(|callback| {
            graph.node_type(callback) == NodeType::CLOSURE
                && graph.name_index(callback) == words.on_parser_timeout
        })
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
    let is_thing = |&target: &NodeIndex| graph.node_type(target).is_object_or_function();
    graph.edges(node).filter(is_reference).map(|edge| edge.target).filter(is_thing)
}

/// Whether a node is an idle socket, or the handle of one.
fn is_idle_socket(graph: &HeapGraph, words: &Vocabulary, node: NodeIndex) -> bool {
    if graph.node_type(node) != NodeType::OBJECT {
        return false;
    }
    let socket = property(graph, node, words.symbol_owner).unwrap_or(node);
    let is_running = |timer: NodeIndex| {
        let next = property(graph, timer, words.idle_next);
        is_object(graph, timer, words.timeout_class)
            && next.is_some_and(|next| graph.node_type(next) == NodeType::OBJECT)
    };
    let message = property(graph, socket, words.http_message);
    let carries_none = message.is_some_and(|it| graph.node_type(it) != NodeType::OBJECT);
    let is_timed = || property(graph, socket, words.symbol_timeout).is_some_and(is_running);
    (carries_none && (is_timed() || listener_of_agent(graph, words, socket).is_some()))
        || has_idle_client(graph, words, socket)
}

/// Whether nearly every socket that is in the pool of an agent has an agent for itself: then the
/// agents are what there is more and more of.
fn has_agent_each(graph: &HeapGraph, words: &Vocabulary, sockets: &HashSet<NodeIndex>) -> bool {
    let agent_of = |&socket: &NodeIndex| {
        let socket = property(graph, socket, words.symbol_owner).unwrap_or(socket);
        let listener = listener_of_agent(graph, words, socket)?;
        let scope = target(graph, listener, EdgeType::INTERNAL, words.context)?;
        target(graph, scope, EdgeType::CONTEXT, words.agent)
    };
    let agents: Vec<_> = sockets.iter().filter_map(agent_of).collect();
    let distinct: HashSet<_> = agents.iter().collect();
    agents.len() >= FEW_AGENTS && distinct.len() * 2 > agents.len()
}

/// By what the agent that has a socket in its pool is told that it is free.
fn listener_of_agent(
    graph: &HeapGraph,
    words: &Vocabulary,
    socket: NodeIndex,
) -> Option<NodeIndex> {
    let events = property(graph, socket, words.events)?;
    let listener = property(graph, events, words.free_event)?;
    (graph.node_type(listener) == NodeType::CLOSURE).then_some(listener)
}

/// Whether a socket is one of `fetch`, with no request in the queue of its client, or that client.
fn has_idle_client(graph: &HeapGraph, words: &Vocabulary, node: NodeIndex) -> bool {
    let of_socket = |socket| property(graph, socket, words.symbol_client);
    let is_client = || {
        let socket = property(graph, node, words.symbol_socket);
        socket.and_then(of_socket) == Some(node)
    };
    let client = of_socket(node).or_else(|| is_client().then_some(node));
    let queue = client.and_then(|client| property(graph, client, words.symbol_queue));
    queue.is_some_and(|queue| {
        let mut elements =
            graph.edges(queue).filter(|edge| edge.label.edge_type() == EdgeType::ELEMENT);
        // Where a request was, `null` is left.
        elements.all(|edge| graph.node_type(edge.target) != NodeType::OBJECT)
    })
}

fn is_object(graph: &HeapGraph, node: NodeIndex, class: StringIndex) -> bool {
    graph.node_type(node) == NodeType::OBJECT && graph.name_index(node) == class
}

#[cfg(test)]
mod tests {
    use crate::graph::{EdgeType, NodeIndex, NodeType};
    use crate::leak::stage::{property, suspects};
    use crate::testing::GraphBuilder;

    /// What a socket is busy with.
    #[derive(Clone, Copy, PartialEq)]
    enum State {
        /// Its timer runs.
        Timed,
        /// An agent has it in its pool: this one.
        Pooled(NodeIndex),
        /// It carries a message.
        Busy,
        /// It is no longer used for HTTP.
        Upgraded,
    }

    /// A socket that libuv's handle holds, and an agent's listener refers to.
    fn socket(heap: &mut GraphBuilder, number: u32, state: State) -> NodeIndex {
        let handle = heap.node(NodeType::OBJECT, "TCP", 50);
        heap.numbered(heap.root(), EdgeType::ELEMENT, number, handle);
        let socket = property(heap, handle, "<symbol owner_symbol>", "Socket");
        let body = heap.node(NodeType::ARRAY, "", 300);
        heap.edge(socket, EdgeType::INTERNAL, "properties", body);
        let nothing = heap.node(NodeType::HIDDEN, "system / Oddball", 0);
        let timer = property(heap, socket, "<symbol timeout>", "Timeout");
        if state == State::Timed {
            property(heap, timer, "_idleNext", "TimersList");
        } else {
            heap.edge(timer, EdgeType::PROPERTY, "_idleNext", nothing);
        }
        match state {
            State::Busy => _ = property(heap, socket, "_httpMessage", "ServerResponse"),
            _ => heap.edge(socket, EdgeType::PROPERTY, "_httpMessage", nothing),
        }
        if let State::Pooled(agent) = state {
            let events = property(heap, socket, "_events", "Object");
            let listener = heap.node(NodeType::CLOSURE, "onFree", 32);
            let scope = heap.node(NodeType::OBJECT, "system / Context", 32);
            heap.edge(events, EdgeType::PROPERTY, "free", listener);
            heap.edge(listener, EdgeType::INTERNAL, "context", scope);
            heap.edge(scope, EdgeType::CONTEXT, "agent", agent);
        }
        socket
    }

    /// Whether three hundred more sockets are a leak.
    fn is_leak(mut state: impl FnMut(&mut GraphBuilder, NodeIndex) -> State) -> bool {
        // The heap is built twice.
        let state = std::cell::RefCell::new(&mut state);
        let found = suspects(|heap, global, is_grown| {
            let agent = property(heap, global, "agent", "Agent");
            for number in 0..if is_grown { 310 } else { 10 } {
                let state = (state.borrow_mut())(heap, agent);
                socket(heap, number, state);
            }
        });
        !found.is_empty()
    }

    #[test]
    fn sockets_whose_timers_run_are_no_leak() {
        assert!(!is_leak(|_, _| State::Timed));
    }

    #[test]
    fn sockets_in_the_pool_of_one_agent_are_no_leak() {
        assert!(!is_leak(|_, agent| State::Pooled(agent)));
    }

    #[test]
    fn sockets_with_an_agent_each_are_a_leak() {
        assert!(is_leak(|heap, _| State::Pooled(heap.node(NodeType::OBJECT, "Agent", 16))));
    }

    #[test]
    fn sockets_that_carry_a_message_are_a_leak() {
        assert!(is_leak(|_, _| State::Busy));
    }

    #[test]
    fn sockets_that_were_upgraded_are_a_leak() {
        assert!(is_leak(|_, _| State::Upgraded));
    }

    /// A list in the program of what refers to sockets.
    fn is_list_a_leak(sockets: u32) -> bool {
        let found = suspects(|heap, global, is_grown| {
            let list = property(heap, global, "visits", "Array");
            for number in 0..if is_grown { 310 } else { 10 } {
                let visit = heap.node(NodeType::OBJECT, "Visit", 400);
                heap.numbered(list, EdgeType::ELEMENT, number, visit);
                if number < sockets {
                    let socket = socket(heap, number, State::Timed);
                    heap.edge(visit, EdgeType::PROPERTY, "socket", socket);
                }
            }
        });
        found.iter().any(|suspect| suspect.name == "visits")
    }

    #[test]
    fn what_the_program_keeps_beside_idle_sockets_is_a_leak() {
        assert!(is_list_a_leak(100));
        assert!(is_list_a_leak(310));
    }
}
