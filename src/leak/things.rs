//! What a developer would call a thing, and what only holds things together.
//!
//! Time: constant for each question, or linear in the dominators above a node. Memory: none.

use crate::graph::{EdgeType, HeapGraph, NodeIndex, NodeType, StringIndex};
use crate::leak::growth::Walk;
use crate::leak::items::{self, Container};
use crate::leak::vocabulary::Vocabulary;

/// Whether a node is a value of JavaScript's that refers to others or has a length: an object, a function, a
/// string, or a `Proxy`, which V8 shows as a part of its own.
pub(super) fn is_value(graph: &HeapGraph, words: &Vocabulary, node: NodeIndex) -> bool {
    let node_type = graph.node_type(node);
    node_type.is_object_or_function() || node_type.is_string() || is_proxy(graph, words, node)
}

/// Whether a node is a `Proxy`.
pub(super) fn is_proxy(graph: &HeapGraph, words: &Vocabulary, node: NodeIndex) -> bool {
    graph.node_type(node) == NodeType::HIDDEN && graph.name_index(node) == words.proxy_node
}

impl Walk<'_> {
    /// Whether a developer would call a node a thing: an object, a function or a string, and not
    /// V8's parts of one.
    pub(super) fn is_thing(&self, node: NodeIndex) -> bool {
        is_value(self.graph, self.words, node)
            && self.graph.name_index(node) != self.words.context_node
            && !self.is_memory_of_view(node)
    }

    /// The nearest dominator, not above `top`, that is a thing.
    pub(super) fn owner(&self, node: NodeIndex, top: NodeIndex) -> Option<NodeIndex> {
        let mut at = node;
        loop {
            if self.is_thing(at) {
                return Some(at);
            }
            if at == top {
                return None;
            }
            at = self.analysis.dominators.idom(at);
        }
    }

    /// The nearest container around the owner of a node that was there before: what a list of owners is
    /// in, or the scope or root that they are under.
    pub(super) fn survivor_around(&self, node: NodeIndex) -> Option<NodeIndex> {
        let root = self.graph.root();
        let idom = |node| self.analysis.dominators.idom(node);
        let owner = self.owner(idom(node), root)?;
        let is_container = items::count(self.graph, self.words, owner)
            .is_some_and(|(container, _)| container != Container::Object);
        let around =
            if is_container { owner } else { self.owner(idom(owner), root).unwrap_or(root) };
        Some(around).filter(|&around| around == root || !self.before.is_young(around))
    }

    /// Whether a node is the ArrayBuffer that its dominator is a view on.
    fn is_memory_of_view(&self, node: NodeIndex) -> bool {
        let above = self.analysis.dominators.idom(node);
        self.graph.node_type(above) == NodeType::OBJECT
            && self.graph.edges(above).any(|edge| {
                edge.target == node
                    && edge.label.edge_type() == EdgeType::INTERNAL
                    && StringIndex(edge.label.raw_name()) == self.words.buffer
            })
    }

    /// Whether a node only happens to hold things together: a root, a scope, a global object.
    pub fn is_hub(&self, node: NodeIndex) -> bool {
        match self.graph.node_type(node) {
            NodeType::OBJECT => {
                let name = self.graph.name_index(node);
                name == self.words.context_node || self.graph.raw_name(node).starts_with(b"global")
            }
            NodeType::CLOSURE | NodeType::STRING => false,
            _ => true,
        }
    }
}
