//! Who holds objects that nobody dominates.
//!
//! An object in two containers is dominated by neither; it shows up under the root of both. For a
//! group of such objects, all edges are looked through once and counted by the container they start
//! at, its backing store folded into it.
//!
//! Time: linear in edges. Memory: a bit a node for the groups, and a count for each container.

use std::collections::HashMap;

use crate::analysis::Analysis;
use crate::analysis::bits::BitSet;
use crate::control::Control;
use crate::error::Result;
use crate::graph::{EdgeType, HeapGraph, NodeIndex, NodeType};
use crate::leak::before::Before;

/// A container and how many of the objects it holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Holder {
    /// The container.
    pub node: NodeIndex,
    /// Edges from it to the objects.
    pub held: u64,
}

/// The containers that hold at least half of `members`, those that hold most first.
pub fn holders(
    graph: &HeapGraph,
    analysis: &Analysis,
    members: &[NodeIndex],
    control: &Control,
) -> Result<Vec<Holder>> {
    let mut wanted = BitSet::new(graph.node_count());
    for &member in members {
        wanted.insert(member.0);
    }
    let mut held: HashMap<NodeIndex, u64> = HashMap::new();
    for node in graph.nodes() {
        control.checkpoint_at(node.at())?;
        let counts = graph.edges(node).filter(|edge| {
            !matches!(edge.label.edge_type(), EdgeType::WEAK | EdgeType::SHORTCUT)
                && wanted.contains(edge.target.0)
        });
        let count = counts.count() as u64;
        if count > 0 {
            *held.entry(container_of(graph, analysis, node)).or_default() += count;
        }
    }
    let least = (members.len() as u64).div_ceil(2);
    let mut holders: Vec<_> = held
        .into_iter()
        .filter(|&(node, held)| held >= least && graph.node_type(node) == NodeType::OBJECT)
        .map(|(node, held)| Holder { node, held })
        .collect();
    holders.sort_by_key(|holder| (std::cmp::Reverse(holder.held), holder.node));
    Ok(holders)
}

/// Whether at least half of `members` stand in slots of one name, of owners that were there before:
/// a property or variable of many. In young owners, they came with them.
pub fn share_a_slot(
    graph: &HeapGraph,
    before: &Before<'_>,
    members: &[NodeIndex],
    control: &Control,
) -> Result<bool> {
    let mut wanted = BitSet::new(graph.node_count());
    for &member in members {
        wanted.insert(member.0);
    }
    let mut slots: HashMap<u32, u64> = HashMap::new();
    for node in graph.nodes() {
        control.checkpoint_at(node.at())?;
        if before.is_young(graph, node) {
            continue;
        }
        for edge in graph.edges(node).filter(|edge| wanted.contains(edge.target.0)) {
            if matches!(edge.label.edge_type(), EdgeType::PROPERTY | EdgeType::CONTEXT) {
                *slots.entry(edge.label.raw_name()).or_default() += 1;
            }
        }
    }
    let most = slots.into_values().max().unwrap_or(0);
    Ok(most * 2 >= members.len() as u64)
}

/// The object that a backing store belongs to; any other node itself. A store has one owner, which
/// dominates it.
fn container_of(graph: &HeapGraph, analysis: &Analysis, node: NodeIndex) -> NodeIndex {
    match graph.node_type(node) {
        NodeType::ARRAY | NodeType::HIDDEN => analysis.dominators.idom(node),
        _ => node,
    }
}
