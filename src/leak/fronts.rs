//! What a program sees of something that Node holds by a handle: the socket in front of a `TCP`, the
//! connection of a package in front of the socket, the client in front of the connection.
//!
//! Such a client is forgotten by the program and held by its socket alone, mostly by the functions that
//! listen to it. It has the socket in a property, of any name.
//!
//! Time: linear in the edges of what some instances hold. Memory: a word for each object there.

use std::collections::BTreeMap;

use crate::graph::{EdgeType, NodeIndex, NodeType, StringIndex};
use crate::leak::candidate::Candidate;
use crate::leak::declarations::is_of_package;
use crate::leak::describe::Describer;
use crate::leak::scripts::Place;
use crate::leak::suspects::Newer;

/// So many instances are looked at for what is in front of them.
const MOST_SAMPLES: usize = 16;

/// So many nodes that an instance holds are looked at.
const MOST_HELD: usize = 4096;

/// A pool in front of a client, in front of a connection, in front of a socket. Farther is something else.
const MOST_FRONTS: usize = 4;

/// An instance that has something, and whether its class is the program's.
#[derive(Clone, Copy)]
struct Front {
    node: NodeIndex,
    is_own: bool,
}

/// How much what is in front of something tells: the class of the program most, or else what is farthest.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Telling {
    is_own: bool,
    steps: usize,
}

impl Describer<'_> {
    /// What a program sees of instances that Node holds by a handle. Of some of them, more may be in other
    /// hands.
    pub(super) fn front_of(&self, candidate: &Candidate) -> NodeIndex {
        let node = candidate.point.node;
        let members = candidate.scattered.as_ref().map_or(&[][..], |scatter| &scatter.members);
        let samples = std::iter::once(node).chain(members.iter().copied()).take(MOST_SAMPLES);
        let fronts = samples.filter_map(|sample| self.front(sample));
        fronts.max_by_key(|front| front.1).map_or(node, |(front, _)| front)
    }

    /// The code of the class of that, if it is the program's or a package's.
    pub(super) fn place_of_front(&self, candidate: &Candidate) -> Option<Place> {
        let front = self.front_of(candidate);
        self.places.place_of_constructor(front).filter(|place| !place.is_internal())
    }

    /// Of two objects that refer to each other, the one behind Node's handle; and what a package or the
    /// program has that one in. With how much it tells.
    fn front(&self, node: NodeIndex) -> Option<(NodeIndex, Telling)> {
        let Newer { graph, words, .. } = self.newer;
        let is_wrapper = graph.edges(node).any(|edge| {
            edge.label.edge_type() == EdgeType::INTERNAL
                && StringIndex(edge.label.raw_name()) == words.javascript_to_native
        });
        let own = self.mutual(node).filter(|_| is_wrapper);
        let front = own.unwrap_or(node);
        let is_of_node =
            || self.places.place_of_constructor(node).is_some_and(|place| place.is_internal());
        let holder = (own.is_some() || is_of_node()).then(|| self.holder(front, node)).flatten();
        holder.or_else(|| own.map(|own| (own, Telling { is_own: false, steps: 0 })))
    }

    /// The instance of a class of the program that has a node in a property, or of one that has that, and so
    /// on; of a package's if the program has none there. All of it is held by `top`, in front of which it is.
    fn holder(&self, node: NodeIndex, top: NodeIndex) -> Option<(NodeIndex, Telling)> {
        let holders = self.holders_below(top);
        let mut fronts: Vec<Front> = Vec::new();
        let mut at = Front { node, is_own: false };
        while fronts.len() < MOST_FRONTS {
            let is_first = fronts.is_empty();
            let refers = |to: NodeIndex| self.properties(at.node).any(|target| target == to);
            let is_new = |front: &Front| {
                let is_known = front.node == node || fronts.iter().any(|it| it.node == front.node);
                // What is a part of something may know what it is a part of.
                let is_part = !is_first && refers(front.node) && (at.is_own || !front.is_own);
                !is_known && !is_part
            };
            let found = holders.get(&at.node).into_iter().flatten().filter(|it| is_new(it));
            let Some(&front) = found.min_by_key(|it| (!it.is_own, !refers(it.node))) else { break };
            fronts.push(front);
            at = front;
        }
        let own = fronts.iter().rposition(|front| front.is_own);
        let steps = own.or(fronts.len().checked_sub(1))?;
        let Front { node, is_own } = fronts[steps];
        Some((node, Telling { is_own, steps: steps + 1 }))
    }

    /// By what they have in a property: the instances of classes of the program and of packages that a node
    /// dominates.
    fn holders_below(&self, top: NodeIndex) -> BTreeMap<NodeIndex, Vec<Front>> {
        let Newer { graph, .. } = self.newer;
        let mut holders: BTreeMap<NodeIndex, Vec<Front>> = BTreeMap::new();
        for &node in self.places.below(top).iter().take(MOST_HELD) {
            let is_object = graph.node_type(node) == NodeType::OBJECT;
            let place = is_object.then(|| self.places.place_of_constructor(node)).flatten();
            let Some(place) = place.filter(|place| !place.is_internal()) else { continue };
            let front = Front { node, is_own: !is_of_package(&place.url) };
            for target in self.properties(node) {
                holders.entry(target).or_default().push(front);
            }
        }
        holders
    }

    /// What a node has in its properties, but for what it inherits from.
    fn properties(&self, node: NodeIndex) -> impl Iterator<Item = NodeIndex> + '_ {
        let Newer { graph, words, .. } = self.newer;
        let properties = graph.edges(node).filter(|edge| {
            edge.label.edge_type() == EdgeType::PROPERTY
                && StringIndex(edge.label.raw_name()) != words.proto
        });
        properties.map(|edge| edge.target)
    }

    /// The object that a node alone refers to by a property, and that refers to it in the same way.
    fn mutual(&self, node: NodeIndex) -> Option<NodeIndex> {
        let Newer { graph, analysis, .. } = self.newer;
        let mut held = self.properties(node).filter(|&held| {
            graph.node_type(held) == NodeType::OBJECT && analysis.dominators.idom(held) == node
        });
        held.find(|&held| self.properties(held).any(|target| target == node))
    }
}

#[cfg(test)]
mod tests {
    use crate::graph::{EdgeType, NodeIndex, NodeType};
    use crate::leak::stage::{function, property, suspects};
    use crate::testing::GraphBuilder;

    /// An object that refers to another one, and that to it.
    fn in_front(heap: &mut GraphBuilder, of: NodeIndex, name: &str, class: &str) -> NodeIndex {
        let front = property(heap, of, name, class);
        heap.edge(front, EdgeType::PROPERTY, "_handle", of);
        front
    }

    /// Name and class of many sockets that only handles hold, with what `add` puts in front of each, which may
    /// be of the script of a function of the program or of one at `url`.
    fn found_with(url: &str, add: impl Fn(&mut GraphBuilder, NodeIndex)) -> (String, String) {
        let found = suspects(|heap, global, is_grown| {
            function(heap, global, "connect", url, 2);
            for at in 0..if is_grown { 300 } else { 5 } {
                let native = heap.node(NodeType::SYNTHETIC, "Node / TCPSocketWrap", 100);
                heap.set_id(native, 100_000 + 2 * at);
                // Larger than what is in front of it, so that growth is found here.
                let handle = heap.node(NodeType::OBJECT, "TCP", 300);
                heap.numbered(heap.root(), EdgeType::ELEMENT, at, native);
                heap.edge(native, EdgeType::INTERNAL, "native_to_javascript", handle);
                heap.edge(handle, EdgeType::INTERNAL, "javascript_to_native", native);
                let socket = in_front(heap, handle, "<symbol owner_symbol>", "Socket");
                add(heap, socket);
            }
        });
        assert_eq!(found.len(), 1, "{found:?}");
        (found[0].name.clone(), found[0].class_name.clone())
    }

    /// The same with something that a socket refers to as well.
    fn found(url: &str) -> (String, String) {
        found_with(url, |heap, socket| {
            let client = in_front(heap, socket, "<symbol client>", "Client");
            // By its script, which is that of the function.
            heap.locate(client, 7, 1, 0);
        })
    }

    #[test]
    fn what_only_listens_to_its_socket_is_in_front_of_it_and_so_is_what_has_that() {
        let listening = |class: &'static str, place: u32| {
            let found = found_with("/srv/app/client.js", |heap, socket| {
                let listener = heap.node(NodeType::CLOSURE, "", 32);
                heap.edge(socket, EdgeType::PROPERTY, "data", listener);
                let client = heap.node(NodeType::OBJECT, class, 48);
                heap.edge(listener, EdgeType::INTERNAL, "this", client);
                heap.locate(client, place, 1, 0);
                let connection = property(heap, client, "connection", "Connection");
                heap.edge(connection, EdgeType::PROPERTY, "stream", socket);
                heap.locate(connection, 7, 9, 0);
                // Its parts know the client, and are no fronts of it.
                let sender = in_front(heap, client, "sender", "Sender");
                heap.locate(sender, 7, 20, 0);
            });
            found.0
        };
        assert_eq!(listening("Client", 7), "Client");
        assert_eq!(listening("Client", 99), "Connection", "nobody knows whose the other is");
    }

    #[test]
    fn instances_that_only_handles_hold_go_by_what_is_in_front_of_them() {
        let named = |name: &str| (name.to_owned(), name.to_owned());
        assert_eq!(found("/srv/node_modules/client/index.js"), named("Client"));
        assert_eq!(found("node:net"), named("Socket"), "Node's own stays behind its socket");
    }
}
