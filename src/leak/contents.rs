//! What piled up under a node, by class.

use std::collections::HashMap;

use crate::graph::{HeapGraph, NodeIndex, NodeType};
use crate::leak::before::Before;
use crate::leak::naming::class_name;

/// What young memory a part of the heap consists of.
#[derive(Clone, Debug, Default)]
pub struct Contents {
    /// By class, largest first.
    pub classes: Vec<ClassShare>,
    /// All of it.
    pub bytes: u64,
    /// Of that, code, scripts, feedback, hidden classes: what V8 makes of a program, not the
    /// program of the heap.
    pub code_bytes: u64,
}

/// The young nodes of a class.
#[derive(Clone, Debug)]
pub struct ClassShare {
    /// What the class is called.
    pub class_name: String,
    /// The nodes' type.
    pub node_type: NodeType,
    /// How many.
    pub count: u64,
    /// Their self sizes, after ownership transfer.
    pub bytes: u64,
}

/// Sums up the young ones among `nodes`. Linear in them; memory for each class.
pub fn contents<'n>(
    graph: &HeapGraph,
    self_sizes: &[u32],
    before: &Before<'_>,
    nodes: impl IntoIterator<Item = &'n NodeIndex>,
) -> Contents {
    struct Sum {
        sample: NodeIndex,
        count: u64,
        bytes: u64,
    }
    let mut sums: HashMap<(NodeType, u32), Sum> = HashMap::new();
    let mut contents = Contents::default();
    for &node in nodes {
        if !before.is_young(graph, node) {
            continue;
        }
        let node_type = graph.node_type(node);
        let bytes = u64::from(self_sizes[node.at()]);
        contents.bytes += bytes;
        if is_code(node_type) {
            contents.code_bytes += bytes;
        }
        let is_named = matches!(node_type, NodeType::OBJECT | NodeType::NATIVE);
        let name = if is_named { graph.name_index(node).0 } else { 0 };
        let family = if node_type.is_string() { NodeType::STRING } else { node_type };
        let sum = sums.entry((family, name)).or_insert(Sum { sample: node, count: 0, bytes: 0 });
        sum.count += 1;
        sum.bytes += bytes;
    }
    contents.classes = sums
        .into_iter()
        .map(|((node_type, _), sum)| ClassShare {
            class_name: class_name(graph, sum.sample),
            node_type,
            count: sum.count,
            bytes: sum.bytes,
        })
        .collect();
    contents.classes.sort_by(|a, b| {
        b.bytes.cmp(&a.bytes).then(b.count.cmp(&a.count)).then(a.class_name.cmp(&b.class_name))
    });
    contents
}

/// Whether a node is part of what V8 compiled or learned.
pub fn is_code(node_type: NodeType) -> bool {
    matches!(node_type, NodeType::CODE | NodeType::OBJECT_SHAPE | NodeType::HIDDEN)
}
