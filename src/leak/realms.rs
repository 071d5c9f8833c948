//! Realms that a program makes: `vm.createContext`, `ShadowRealm`, windows of jsdom.
//!
//! Each brings the whole of JavaScript's built-in objects, most of whose memory is hidden classes and
//! code. Such memory is mostly a program that warms up, and a realm is not: nothing but the program
//! makes one.
//!
//! Time: one pass over the names of nodes, and then constant for each realm and question. Memory: a word for
//! each realm.

use crate::graph::{NodeIndex, NodeType};
use crate::leak::before::Before;
use crate::leak::candidate::Candidate;
use crate::leak::suspects::Newer;

/// Fewer are what a program has for what it needs: one for each kind of template, or of plugin.
const FEWEST_REALMS: u64 = 8;

/// The realms that came after the baseline.
pub(super) struct Realms<'a> {
    newer: Newer<'a>,
    /// Where each node stands in the dominator tree.
    positions: &'a [u32],
    young: Vec<NodeIndex>,
}

impl<'a> Realms<'a> {
    /// Finds them.
    pub(super) fn find(newer: Newer<'a>, before: &Before<'_>, positions: &'a [u32]) -> Self {
        let Newer { graph, words, .. } = newer;
        let named = graph.tables().node_name.iter().zip(0..);
        let realms = named.filter(|&(&name, _)| name == words.native_context_node);
        let young = realms
            .map(|(_, at)| NodeIndex(at))
            .filter(|&node| graph.node_type(node) == NodeType::HIDDEN && before.is_young(node));
        Self { newer, positions, young: young.collect() }
    }

    /// Whether what piled up under a candidate is realms, about one for each of its new items.
    pub(super) fn are_items_of(&self, candidate: &Candidate) -> bool {
        let more = candidate.more_items();
        more >= FEWEST_REALMS && self.count_below(candidate) * 2 >= more
    }

    /// Whether a candidate came with a realm, and there are several of them: nothing of the program
    /// may dominate it, as Node refers to it as well.
    pub(super) fn is_one_of_many(&self, candidate: &Candidate) -> bool {
        self.young.len() as u64 >= FEWEST_REALMS
            && candidate.point.prior.is_none()
            && self.count_below(candidate) > 0
    }

    fn count_below(&self, candidate: &Candidate) -> u64 {
        let tree = &self.newer.analysis.dominators;
        let tops = std::iter::once(&candidate.point.node).chain(&candidate.credited);
        let below: Vec<_> = tops.map(|top| tree.subtree(self.position(*top))).collect();
        let is_below = |&&realm: &&NodeIndex| {
            below.iter().any(|subtree| subtree.contains(&(self.position(realm) as usize)))
        };
        self.young.iter().filter(is_below).count() as u64
    }

    fn position(&self, node: NodeIndex) -> u32 {
        self.positions[node.at()]
    }
}

#[cfg(test)]
mod tests {
    use crate::graph::{EdgeType, NodeType};
    use crate::leak::stage::{property, suspects};

    /// Whether a list is found that gains so many items with much code, in each a realm of its own or not.
    fn is_found(items: u32, realm: &str) -> bool {
        let found = suspects(|heap, global, is_grown| {
            let list = property(heap, global, "sandboxes", "Array");
            for number in 0..if is_grown { items } else { 0 } {
                let sandbox = heap.node(NodeType::OBJECT, "Object", 100);
                heap.numbered(list, EdgeType::ELEMENT, number, sandbox);
                let realm = heap.node(NodeType::HIDDEN, realm, 1000);
                heap.edge(sandbox, EdgeType::INTERNAL, "context", realm);
                let shape = heap.node(NodeType::OBJECT_SHAPE, "Map", 100_000);
                heap.edge(realm, EdgeType::INTERNAL, "map", shape);
            }
        });
        !found.is_empty()
    }

    #[test]
    fn a_dozen_realms_are_no_warm_up() {
        assert!(is_found(12, "system / NativeContext"));
        assert!(!is_found(12, "system / Context"), "code that was compiled late");
        assert!(!is_found(5, "system / NativeContext"));
    }
}
