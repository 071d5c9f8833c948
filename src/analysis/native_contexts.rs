//! Which JavaScript realm (`system / NativeContext`) each node belongs to.
//!
//! An object's map's map names its realm. From the objects for which that says something, the
//! answer spreads along strong edges to the others, until each has one realm or is shared by
//! several.
//!
//! Time: linear in nodes and edges; a node's answer changes at most twice. Memory: 8 bytes a node
//! and the work list, 4 of which stay.

use crate::analysis::bits::BitSet;
use crate::analysis::detachedness::Detachedness;
use crate::analysis::names::{Known, KnownNames};
use crate::control::Control;
use crate::error::Result;
use crate::graph::{EdgeType, HeapGraph, NodeIndex, StringIndex};

/// The realm of each node: its context's ordinal, or one of the constants.
#[derive(Debug)]
pub struct NativeContexts {
    /// By node.
    pub attribution: Vec<i32>,
    /// The contexts, in node order.
    pub contexts: Vec<NodeIndex>,
}

/// The sizes that belong to the realms, in bytes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NativeContextSizes {
    /// By context, in the order of [`NativeContexts::contexts`]: the sum of self sizes.
    pub attributed: Vec<u64>,
    /// Of nodes that several realms share.
    pub shared: u64,
    /// Of nodes that belong to none.
    pub unattributed: u64,
}

/// No realm.
pub const NO_CONTEXT: i32 = -1;
/// More than one realm.
pub const SHARED: i32 = -2;
/// No edge.
const NONE: u32 = u32::MAX;

/// Finds the realm of each node.
pub fn native_contexts(
    graph: &HeapGraph,
    names: &KnownNames,
    detachedness: &Detachedness,
    control: &Control,
) -> Result<NativeContexts> {
    let is_context = |node: NodeIndex| {
        let known = detachedness.known(graph, names, node);
        matches!(known, Known::NativeContext | Known::NativeContextVariant)
    };
    let maps = targets_named(graph, names.first(Known::Map), |_| true, control)?;
    let owners = targets_named(graph, names.first(Known::NativeContextEdge), is_context, control)?;
    let mut attribution = vec![NO_CONTEXT; graph.node_count()];
    let mut contexts = Vec::new();
    let mut fixed = BitSet::new(graph.node_count());
    let mut work = Vec::new();
    for node in graph.nodes() {
        control.checkpoint_at(node.at())?;
        let owner = if is_context(node) {
            contexts.push(node);
            node.0
        } else {
            let follow = |from: u32, targets: &[u32]| match from {
                NONE => NONE,
                _ => targets[from as usize],
            };
            follow(follow(maps[node.at()], &maps), &owners)
        };
        if owner != NONE {
            attribution[node.at()] = owner as i32;
            fixed.insert(node.0);
            work.push(node);
        }
    }
    let mut steps = 0;
    while let Some(node) = work.pop() {
        control.checkpoint_at(steps)?;
        steps += 1;
        let owner = attribution[node.at()];
        for edge in graph.edges(node) {
            let edge_type = edge.label.edge_type();
            if edge_type == EdgeType::SHORTCUT
                || edge_type == EdgeType::WEAK
                || edge.target == node
                || fixed.contains(edge.target.0)
            {
                continue;
            }
            let known = &mut attribution[edge.target.at()];
            if *known == owner || *known == SHARED {
                continue;
            }
            *known = if *known == NO_CONTEXT { owner } else { SHARED };
            work.push(edge.target);
        }
    }
    Ok(NativeContexts { attribution, contexts })
}

impl NativeContexts {
    /// The sums of self sizes by realm.
    pub fn sizes(&self, self_size: &[u32]) -> NativeContextSizes {
        let mut sizes = NativeContextSizes {
            attributed: vec![0; self.contexts.len()],
            ..NativeContextSizes::default()
        };
        for (&owner, &size) in self.attribution.iter().zip(self_size) {
            let size = u64::from(size);
            match owner {
                SHARED => sizes.shared += size,
                NO_CONTEXT => sizes.unattributed += size,
                _ => {
                    let owner = NodeIndex(owner as u32);
                    if let Ok(at) = self.contexts.binary_search(&owner) {
                        sizes.attributed[at] += size;
                    }
                }
            }
        }
        sizes
    }
}

/// By node: the target of its first internal edge of that name to a node that `accepts`, or
/// [`NONE`].
fn targets_named(
    graph: &HeapGraph,
    name: Option<StringIndex>,
    accepts: impl Fn(NodeIndex) -> bool,
    control: &Control,
) -> Result<Vec<u32>> {
    let mut targets = vec![NONE; graph.node_count()];
    let Some(name) = name else { return Ok(targets) };
    for node in graph.nodes() {
        control.checkpoint_at(node.at())?;
        let found = graph.edges(node).find(|edge| {
            edge.label.edge_type() == EdgeType::INTERNAL
                && edge.label.raw_name() == name.0
                && accepts(edge.target)
        });
        if let Some(edge) = found {
            targets[node.at()] = edge.target.0;
        }
    }
    Ok(targets)
}
