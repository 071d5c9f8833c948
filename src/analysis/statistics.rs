//! The totals of Chrome DevTools' Statistics view.
//!
//! Time: one pass over the nodes, and one over the targets of all edges if there are arrays.
//! Memory: three bits a node.

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

/// The totals, from self sizes after ownership transfer.
pub fn statistics(
    graph: &HeapGraph,
    names: &KnownNames,
    detachedness: &Detachedness,
    self_size: &[u32],
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
                stores.extend(backing_store(graph, names, node));
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

/// The sum of the sizes of those of `stores` that exactly one edge leads to. Weak edges count, and
/// those of unreachable nodes.
fn unshared_size(
    graph: &HeapGraph,
    stores: &[NodeIndex],
    self_size: &[u32],
    control: &Control,
) -> Result<u64> {
    // Ownership transfer leaves most backing stores empty.
    let mut counted = BitSet::new(graph.node_count());
    let mut any = false;
    for store in stores.iter().filter(|store| self_size[store.at()] != 0) {
        any |= counted.insert(store.0);
    }
    if !any {
        return Ok(0);
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
