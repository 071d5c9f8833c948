//! The totals of Chrome DevTools' Statistics view.
//!
//! Time: one pass over the nodes, and one over the targets of all edges where there are arrays whose
//! store is no structure of V8's, or no user root. Memory: three bits a node in that case.

use crate::analysis::bits::BitSet;
use crate::analysis::detachedness::Detachedness;
use crate::analysis::names::{Known, KnownNames};
use crate::control::Control;
use crate::error::Result;
use crate::graph::{EdgeType, HeapGraph, NodeIndex, NodeType};

/// Bytes by kind. Each is a part of `total`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Statistics {
    /// Everything: all nodes, and native memory that has no node.
    pub total: u64,
    /// Native nodes, and native memory that has no node.
    pub native: u64,
    /// Of `native`: the memory of array buffers.
    pub typed_arrays: u64,
    /// All but `native`.
    pub v8_heap: u64,
    /// Code and what belongs to it.
    pub code: u64,
    /// Strings: flat, concatenated and sliced.
    pub strings: u64,
    /// Arrays, with the backing store where an array has one for itself.
    pub js_arrays: u64,
    /// V8's internal structures.
    pub system: u64,
}

/// The totals, from self sizes after ownership transfer. `has_user_roots`: whether there was any
/// ([`super::ownership`]).
pub fn statistics(
    graph: &HeapGraph,
    names: &KnownNames,
    detachedness: &Detachedness,
    self_size: &[u32],
    has_user_roots: bool,
    control: &Control,
) -> Result<Statistics> {
    let extra = graph.tables().extra_native_bytes;
    let mut sums = Statistics { total: extra, native: extra, ..Statistics::default() };
    let mut stores = Vec::new();
    for node in graph.nodes() {
        control.checkpoint_at(node.at())?;
        let size = u64::from(self_size[node.at()]);
        sums.total += size;
        match graph.node_type(node) {
            NodeType::NATIVE => {
                sums.native += size;
                if detachedness.known(graph, names, node) == Known::ArrayBufferData {
                    sums.typed_arrays += size;
                }
            }
            NodeType::CODE => sums.code += size,
            NodeType::STRING | NodeType::CONS_STRING | NodeType::SLICED_STRING => {
                sums.strings += size;
            }
            NodeType::HIDDEN => sums.system += size,
            _ if names.of_node(graph, node) == Known::Array => {
                sums.js_arrays += size;
                let store = backing_store(graph, names, node);
                // If nothing else refers to it, it has given its size to the array by now.
                let is_given = |store: &NodeIndex| has_user_roots && gives(graph, *store, node);
                stores.extend(store.filter(|store| self_size[store.at()] != 0 && !is_given(store)));
            }
            _ => {}
        }
    }
    sums.js_arrays += unshared_size(graph, &stores, self_size, control)?;
    sums.v8_heap = sums.total - sums.native;
    Ok(sums)
}

/// What an array's first `elements` edge leads to.
fn backing_store(graph: &HeapGraph, names: &KnownNames, array: NodeIndex) -> Option<NodeIndex> {
    let mut edges = graph.edges(array);
    let elements = edges.find(|edge| {
        edge.label.edge_type() == EdgeType::INTERNAL && names.of_edge(edge.label) == Known::Elements
    })?;
    Some(elements.target)
}

/// Whether a backing store gives its size to an array if that alone refers to it: the rules of
/// [`super::ownership`].
fn gives(graph: &HeapGraph, store: NodeIndex, array: NodeIndex) -> bool {
    matches!(graph.node_type(store), NodeType::HIDDEN | NodeType::ARRAY)
        && graph.node_type(array) == NodeType::OBJECT
        && array != graph.root()
}

/// The sum of the sizes of those of `stores` that exactly one edge leads to. Weak edges count, and
/// those of unreachable nodes.
fn unshared_size(
    graph: &HeapGraph,
    stores: &[NodeIndex],
    self_size: &[u32],
    control: &Control,
) -> Result<u64> {
    if stores.is_empty() {
        return Ok(0);
    }
    let mut counted = BitSet::new(graph.node_count());
    for store in stores {
        counted.insert(store.0);
    }
    let mut once = BitSet::new(graph.node_count());
    let mut shared = BitSet::new(graph.node_count());
    for (at, target) in graph.tables().edge_target.iter().enumerate() {
        control.checkpoint_at(at)?;
        if counted.contains(target.0) && !once.insert(target.0) {
            shared.insert(target.0);
        }
    }
    let unshared = counted.iter().filter(|&store| !shared.contains(store));
    Ok(unshared.map(|store| u64::from(self_size[store as usize])).sum())
}
