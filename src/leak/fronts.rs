//! What a program sees of something that Node holds by a handle: the socket in front of a `TCP`, the
//! connection of a package in front of the socket.
//!
//! Time: linear in the edges of some instances. Memory: none.

use crate::graph::{EdgeType, NodeIndex, NodeType, StringIndex};
use crate::leak::candidate::Candidate;
use crate::leak::describe::Describer;
use crate::leak::scripts::place_of_constructor;
use crate::leak::suspects::Newer;

/// So many instances are looked at for what is in front of them.
const MOST_SAMPLES: usize = 16;

impl Describer<'_> {
    /// What a program sees of instances that Node holds by a handle. Of some of them, more may be in other
    /// hands.
    pub(super) fn front_of(&self, candidate: &Candidate) -> NodeIndex {
        let node = candidate.point.node;
        let members = candidate.scattered.as_ref().map_or(&[][..], |scatter| &scatter.members);
        let samples = std::iter::once(node).chain(members.iter().copied()).take(MOST_SAMPLES);
        let fronts = samples.filter_map(|sample| self.front(sample));
        fronts.max_by_key(|&(_, steps)| steps).map_or(node, |(front, _)| front)
    }

    /// Of two objects that refer to each other, the one behind Node's handle; and what a package or the
    /// program put behind that one in the same way. With the number of steps to there.
    fn front(&self, node: NodeIndex) -> Option<(NodeIndex, usize)> {
        let Newer { graph, words, .. } = self.newer;
        let is_wrapper = graph.edges(node).any(|edge| {
            edge.label.edge_type() == EdgeType::INTERNAL
                && StringIndex(edge.label.raw_name()) == words.javascript_to_native
        });
        let own = self.mutual(node, |_| true).filter(|_| is_wrapper)?;
        let is_foreign = |node: NodeIndex| {
            place_of_constructor(graph, words, node).is_some_and(|place| !place.is_internal())
        };
        Some(self.mutual(own, is_foreign).map_or((own, 1), |behind| (behind, 2)))
    }

    /// The object that a node alone refers to by a property, and that refers to it in the same way.
    fn mutual(&self, node: NodeIndex, is_wanted: impl Fn(NodeIndex) -> bool) -> Option<NodeIndex> {
        let Newer { graph, analysis, .. } = self.newer;
        let properties = |node| {
            let edges = graph.edges(node);
            edges.filter(|edge| edge.label.edge_type() == EdgeType::PROPERTY)
        };
        let mut held = properties(node).map(|edge| edge.target).filter(|&target| {
            graph.node_type(target) == NodeType::OBJECT && analysis.dominators.idom(target) == node
        });
        held.find(|&held| is_wanted(held) && properties(held).any(|edge| edge.target == node))
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

    /// Name and class of many sockets that only handles hold, with something in front of each whose code
    /// is at a place.
    fn found(url: &str) -> (String, String) {
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
                let client = in_front(heap, socket, "<symbol client>", "Client");
                // By its script, which is that of the function.
                heap.locate(client, 7, 1, 0);
            }
        });
        assert_eq!(found.len(), 1, "{found:?}");
        (found[0].name.clone(), found[0].class_name.clone())
    }

    #[test]
    fn instances_that_only_handles_hold_go_by_what_is_in_front_of_them() {
        let named = |name: &str| (name.to_owned(), name.to_owned());
        assert_eq!(found("/srv/node_modules/client/index.js"), named("Client"));
        assert_eq!(found("node:net"), named("Socket"), "Node's own stays behind its socket");
    }
}
