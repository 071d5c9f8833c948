//! The heap as a graph: flat columns with the edges of a node in one run.
//!
//! A [`HeapGraph`] is what the decoder leaves behind when every index has been checked.
//!
//! Memory: 17 bytes a node (type 1, name 4, id 4, self size 4, first edge 4) and 8 bytes an edge
//! (target 4, type and name 4).
//!
//! **Invariants.** `first_edge` ascends, starts at 0 and ends at the number of edges; every edge's
//! target and every string index is in range; there is at least one node.

mod edge;
mod index;
mod node;

pub use edge::{EDGE_TYPE_NAMES, EdgeLabel, EdgeType};
pub use index::{EdgeIndex, NodeIndex, StringIndex};
pub use node::{NODE_TYPE_NAMES, NodeType};

use std::ops::Range;

use crate::snapshot::{SnapshotTables, StringTable};

/// One edge, unpacked.
#[derive(Clone, Copy, Debug)]
pub struct Edge {
    /// Its ordinal in the file.
    pub index: EdgeIndex,
    /// Type and name.
    pub label: EdgeLabel,
    /// Where it points.
    pub target: NodeIndex,
}

/// A decoded snapshot whose indices have all been checked.
#[derive(Debug)]
pub struct HeapGraph {
    tables: SnapshotTables,
}

impl HeapGraph {
    /// Wraps checked tables. Only the decoder and the test builder call this.
    pub(crate) fn new(tables: SnapshotTables) -> Self {
        debug_assert_eq!(tables.first_edge.len(), tables.node_type.len() + 1);
        Self { tables }
    }

    /// The columns themselves, for loops that want slices.
    #[inline(always)]
    pub fn tables(&self) -> &SnapshotTables {
        &self.tables
    }

    /// The columns, to drop those that are no longer needed.
    pub fn into_tables(self) -> SnapshotTables {
        self.tables
    }

    /// How many nodes there are.
    #[inline(always)]
    pub fn node_count(&self) -> usize {
        self.tables.node_type.len()
    }

    /// How many edges there are.
    #[inline(always)]
    pub fn edge_count(&self) -> usize {
        self.tables.edge_target.len()
    }

    /// The root.
    #[inline(always)]
    pub fn root(&self) -> NodeIndex {
        self.tables.root
    }

    /// All nodes, in file order.
    pub fn nodes(&self) -> impl ExactSizeIterator<Item = NodeIndex> + use<> {
        (0..self.node_count() as u32).map(NodeIndex)
    }

    /// The type of a node.
    #[inline(always)]
    pub fn node_type(&self, node: NodeIndex) -> NodeType {
        self.tables.node_type[node.at()]
    }

    /// The id that V8 gave a node.
    #[inline(always)]
    pub fn id(&self, node: NodeIndex) -> u32 {
        self.tables.node_id[node.at()]
    }

    /// The self size in the file, before any transfer to owners.
    #[inline(always)]
    pub fn file_self_size(&self, node: NodeIndex) -> u32 {
        self.tables.self_size[node.at()]
    }

    /// The index of the name in the file.
    #[inline(always)]
    pub fn name_index(&self, node: NodeIndex) -> StringIndex {
        self.tables.node_name[node.at()]
    }

    /// The name in the file, as WTF-8. Empty if the decoder was told not to keep values.
    #[inline(always)]
    pub fn raw_name(&self, node: NodeIndex) -> &[u8] {
        self.tables.strings.get(self.name_index(node))
    }

    /// The strings.
    #[inline(always)]
    pub fn strings(&self) -> &StringTable {
        &self.tables.strings
    }

    /// The run of a node's edges.
    #[inline(always)]
    pub fn edge_range(&self, node: NodeIndex) -> Range<usize> {
        self.tables.first_edge[node.at()] as usize..self.tables.first_edge[node.at() + 1] as usize
    }

    /// The edges of a node, in file order.
    #[inline(always)]
    pub fn edges(&self, node: NodeIndex) -> impl DoubleEndedIterator<Item = Edge> + '_ {
        self.edges_in(self.edge_range(node))
    }

    /// The edges of a part of an [edge range](HeapGraph::edge_range), in file order.
    #[inline(always)]
    pub fn edges_in(&self, range: Range<usize>) -> impl DoubleEndedIterator<Item = Edge> + '_ {
        let targets = &self.tables.edge_target[range.clone()];
        let labels = &self.tables.edge_label[range.clone()];
        targets.iter().zip(labels).zip(range).map(|((&target, &label), index)| Edge {
            index: EdgeIndex(index as u32),
            label,
            target,
        })
    }

    /// The number of a numbered edge (`element`, `hidden`).
    pub fn edge_number(&self, edge: Edge) -> u32 {
        match edge.label.raw_name() {
            EdgeLabel::WIDE => self.tables.wide_edge_number(edge.index),
            number => number,
        }
    }

    /// The name of a named edge, as WTF-8.
    #[inline(always)]
    pub fn edge_name(&self, edge: Edge) -> &[u8] {
        debug_assert!(!edge.label.edge_type().is_numbered());
        self.tables.strings.get(StringIndex(edge.label.raw_name()))
    }
}
