//! Lists and trees: things that consist of things of their own class.
//!
//! Growth in a list shows at its end, growth in a tree at many of its nodes. Both are one leak, and
//! a developer knows it by the head or root. [`head`] goes up the dominator tree from an
//! accumulation point for as long as the same class comes again.

use crate::analysis::Analysis;
use crate::graph::{EdgeType, HeapGraph, NodeIndex, NodeType, StringIndex};
use crate::leak::vocabulary::Vocabulary;

/// How many nodes of other classes may stand between two of a chain: an entry of a Map takes two,
/// a variable of a closure three.
const LONGEST_LINK: usize = 4;

/// A link that comes again this often is a chain, whatever its class.
const LINKS_OF_A_CHAIN: usize = 8;

/// Where a chain begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Head {
    /// The first node of the chain.
    pub node: NodeIndex,
    /// How many links there are between it and the node that was asked about.
    pub links: usize,
}

/// The head of the list or the root of the tree that `node` is in, if it is in one.
pub fn head(
    graph: &HeapGraph,
    words: &Vocabulary,
    analysis: &Analysis,
    node: NodeIndex,
) -> Option<Head> {
    let is_own_class = graph.node_type(node) == NodeType::OBJECT && {
        let name = graph.name_index(node);
        ![words.object_class, words.array_class, words.map_class, words.set_class].contains(&name)
    };
    let mut at = node;
    let mut links = 0;
    let mut entry = None;
    while let Some(above) = same_class_above(graph, analysis, at) {
        let this_entry = entry_of(graph, analysis, at);
        // A built-in class in itself is an everyday thing; it is a chain if each link is by the
        // same name. A class of the program that refers to itself is a list or a tree.
        if !is_own_class && links > 0 && this_entry != entry {
            break;
        }
        entry = this_entry;
        at = above;
        links += 1;
    }
    let is_chain = links >= if is_own_class { 1 } else { LINKS_OF_A_CHAIN };
    is_chain.then_some(Head { node: at, links })
}

/// The nearest dominator of the same class, if it is near.
fn same_class_above(graph: &HeapGraph, analysis: &Analysis, node: NodeIndex) -> Option<NodeIndex> {
    let mut at = node;
    for _ in 0..LONGEST_LINK {
        let above = analysis.dominators.idom(at);
        if above == at || graph.node_type(above) == NodeType::SYNTHETIC {
            return None;
        }
        at = above;
        let same_type = graph.node_type(at) == graph.node_type(node);
        let same_name = graph.name_index(at) == graph.name_index(node);
        let both_strings = graph.node_type(at).is_string() && graph.node_type(node).is_string();
        if both_strings || (same_type && same_name) {
            return Some(at);
        }
    }
    None
}

/// How a node's dominator refers to it: the edge's name, or `None` for elements and the like.
fn entry_of(graph: &HeapGraph, analysis: &Analysis, node: NodeIndex) -> Option<StringIndex> {
    let above = analysis.dominators.idom(node);
    let named = |edge_type| matches!(edge_type, EdgeType::PROPERTY | EdgeType::CONTEXT);
    let edges = graph.edges(above).filter(|edge| edge.target == node);
    edges
        .filter(|edge| named(edge.label.edge_type()))
        .map(|edge| StringIndex(edge.label.raw_name()))
        .next()
}
