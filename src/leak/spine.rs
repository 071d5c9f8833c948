//! The way down from a young node, along which most of the growth goes: whether it is a list.

use std::collections::HashMap;

use crate::graph::{HeapGraph, NodeIndex, NodeType};

/// So many nodes of one class below each other are a list.
const LINKS_OF_A_LIST: usize = 8;

/// The nodes on the way down from a young node, counted by class.
#[derive(Default)]
pub(super) struct Spine {
    classes: HashMap<(NodeType, u32), Family>,
    /// From the top down.
    pub(super) nodes: Vec<NodeIndex>,
}

/// The nodes of one class on a spine.
#[derive(Clone, Copy)]
struct Family {
    count: usize,
    first: NodeIndex,
    /// How far down the first is.
    depth: usize,
}

impl Spine {
    pub(super) fn add(&mut self, graph: &HeapGraph, node: NodeIndex) {
        let node_type = graph.node_type(node);
        if node_type == NodeType::OBJECT_SHAPE {
            // V8 derives the hidden class of an object from that of one property less: no list of the program.
            self.nodes.push(node);
            return;
        }
        let key = match node_type.is_string() {
            true => (NodeType::STRING, 0),
            false => (node_type, graph.name_index(node).0),
        };
        let depth = self.nodes.len();
        self.classes.entry(key).or_insert(Family { count: 0, first: node, depth }).count += 1;
        self.nodes.push(node);
    }

    /// The first element, if the spine is a list, and how many there are. Of several classes that
    /// alternate, the element is an object rather than a function or a part of V8's, and the one
    /// that comes first.
    pub(super) fn list(&self, graph: &HeapGraph) -> Option<(NodeIndex, usize)> {
        let most = self.classes.values().map(|family| family.count).max()?;
        if most < LINKS_OF_A_LIST {
            return None;
        }
        let elements = self.classes.values().filter(|family| family.count + 1 >= most);
        let rank = |family: &&Family| {
            let is_object = graph.node_type(family.first) == NodeType::OBJECT
                && !graph.raw_name(family.first).starts_with(b"system / ");
            (!is_object, family.depth)
        };
        elements.min_by_key(rank).map(|family| (family.first, most))
    }
}
