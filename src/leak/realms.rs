//! Realms that a program makes: `vm.createContext`, `ShadowRealm`, windows of jsdom.
//!
//! Each brings the whole of JavaScript's built-in objects, most of whose memory is hidden classes and
//! code. Such memory is mostly a program that warms up, and a realm is not: nothing but the program
//! makes one.
//!
//! Time: one pass over the nodes. Memory: none to speak of.

use crate::graph::NodeType;
use crate::leak::before::Before;
use crate::leak::candidate::Candidate;
use crate::leak::suspects::Newer;

/// Fewer are what a program has for what it needs: one for each kind of template, or of plugin.
const FEWEST_REALMS: u64 = 8;

/// Whether what piled up under a candidate is realms, about one for each of its new items.
/// `positions` say where each node stands in the dominator tree.
pub(super) fn are_realms(
    newer: Newer<'_>,
    before: &Before<'_>,
    positions: &[u32],
    candidate: &Candidate,
) -> bool {
    let Newer { graph, words, analysis, .. } = newer;
    let more = candidate.more_items();
    if more < FEWEST_REALMS {
        return false;
    }
    let tree = &analysis.dominators;
    let tops = std::iter::once(&candidate.point.node).chain(&candidate.credited);
    let below: Vec<_> = tops.map(|top| tree.subtree(positions[top.at()])).collect();
    let is_new_realm = |&node: &_| {
        graph.node_type(node) == NodeType::HIDDEN
            && graph.name_index(node) == words.native_context_node
            && before.is_young(node)
            && below.iter().any(|subtree| subtree.contains(&(positions[node.at()] as usize)))
    };
    graph.nodes().filter(is_new_realm).count() as u64 * 2 >= more
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
