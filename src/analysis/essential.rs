//! Which edges count for dominators. This is the one place that decides it.
//!
//! An edge does not count if it is
//! 1. the WeakMap table's copy of an entry: the table alone does not keep the value alive, the key
//!    does, whose copy counts;
//! 2. weak;
//! 3. from a node to itself;
//! 4. a shortcut, unless the root's: it stands for a path that is there anyway;
//! 5. from something that is not a page object to a page object, unless from the root.
//!
//! The first four rules need the edge alone; the fifth is [`is_barred`]. What a page object is: see
//! [`super::roots`].

use crate::analysis::names::KnownNames;
use crate::graph::{EdgeLabel, EdgeType, HeapGraph, NodeIndex};

/// The first four rules, with what they need to know.
#[derive(Clone, Copy)]
pub struct EssentialEdges<'a> {
    graph: &'a HeapGraph,
    names: &'a KnownNames,
}

impl<'a> EssentialEdges<'a> {
    /// The rules for a graph, given its known names.
    pub fn new(graph: &'a HeapGraph, names: &'a KnownNames) -> Self {
        Self { graph, names }
    }

    /// The graph they are about.
    pub fn graph(&self) -> &'a HeapGraph {
        self.graph
    }

    /// What their names mean.
    pub fn names(&self) -> &'a KnownNames {
        self.names
    }

    /// The rules for the edges of one node.
    #[inline(always)]
    pub fn from(&self, from: NodeIndex) -> EssentialFrom<'a> {
        EssentialFrom { edges: *self, from, is_root: from == self.graph.root() }
    }
}

/// The first four rules for the edges of one node.
#[derive(Clone, Copy)]
pub struct EssentialFrom<'a> {
    edges: EssentialEdges<'a>,
    from: NodeIndex,
    is_root: bool,
}

impl EssentialFrom<'_> {
    /// The node.
    #[inline(always)]
    pub fn node(&self) -> NodeIndex {
        self.from
    }

    /// Whether an edge of this node is essential by all rules but the fifth.
    #[inline(always)]
    pub fn counts(&self, label: EdgeLabel, target: NodeIndex) -> bool {
        let by_type = match label.edge_type() {
            EdgeType::WEAK => false,
            EdgeType::SHORTCUT => self.is_root,
            EdgeType::INTERNAL => !self.is_tables_copy(label),
            _ => true,
        };
        by_type && target != self.from
    }

    #[inline(always)]
    fn is_tables_copy(&self, label: EdgeLabel) -> bool {
        self.edges.names.is_ephemeron(label)
            && self.edges.names.ephemeron_table(label) == Some(self.edges.graph.id(self.from))
    }
}

/// The fifth rule: whether an edge of a node that is not the root leads into the page from outside.
/// Everything that a page object refers to by an edge that is not weak is one, so the target matters
/// only where the source is none.
#[inline(always)]
pub fn is_barred(from_page: bool, into_page: impl FnOnce() -> bool) -> bool {
    !from_page && into_page()
}
