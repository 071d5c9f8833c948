//! Which edges count for dominators. This is the one place that decides it.

use crate::analysis::bits::BitSet;
use crate::analysis::names::KnownNames;
use crate::graph::{Edge, EdgeLabel, EdgeType, HeapGraph, NodeIndex};

/// The predicate, with what it needs to know.
///
/// An edge does not count if it is
/// 1. the WeakMap table's copy of an entry: the table alone does not keep the value alive, the key
///    does, whose copy counts;
/// 2. weak;
/// 3. from a node to itself;
/// 4. a shortcut, unless the root's: it stands for a path that is there anyway;
/// 5. from something that is not a page object to a page object, unless from the root.
#[derive(Clone, Copy)]
pub struct EssentialEdges<'a> {
    graph: &'a HeapGraph,
    names: &'a KnownNames,
    page_objects: &'a BitSet,
}

impl<'a> EssentialEdges<'a> {
    /// The predicate for a graph, given its known names and page objects.
    pub fn new(graph: &'a HeapGraph, names: &'a KnownNames, page_objects: &'a BitSet) -> Self {
        Self { graph, names, page_objects }
    }

    /// The graph it is about.
    pub fn graph(&self) -> &'a HeapGraph {
        self.graph
    }

    /// The predicate for the edges of one node.
    #[inline(always)]
    pub fn from(&self, from: NodeIndex) -> EssentialFrom<'a> {
        let is_root = from == self.graph.root();
        let any_target = is_root || self.page_objects.contains(from.0);
        EssentialFrom { edges: *self, from, is_root, any_target }
    }

    /// The essential edges of a node, in file order.
    #[inline(always)]
    pub fn of(&self, from: NodeIndex) -> impl Iterator<Item = Edge> + use<'a> {
        let source = self.from(from);
        self.graph.edges(from).filter(move |&edge| source.counts(edge.label, edge.target))
    }
}

/// The predicate for the edges of one node.
#[derive(Clone, Copy)]
pub struct EssentialFrom<'a> {
    edges: EssentialEdges<'a>,
    from: NodeIndex,
    is_root: bool,
    /// Every target that a page object refers to by an edge that is not weak is a page object, so
    /// the fifth rule needs a look at the target only where the source is none.
    any_target: bool,
}

impl EssentialFrom<'_> {
    /// Whether an edge of this node is essential.
    #[inline(always)]
    pub fn counts(&self, label: EdgeLabel, target: NodeIndex) -> bool {
        let by_type = match label.edge_type() {
            EdgeType::WEAK => false,
            EdgeType::SHORTCUT => self.is_root,
            EdgeType::INTERNAL => !self.is_tables_copy(label),
            _ => true,
        };
        by_type
            && target != self.from
            && (self.any_target || !self.edges.page_objects.contains(target.0))
    }

    #[inline(always)]
    fn is_tables_copy(&self, label: EdgeLabel) -> bool {
        self.edges.names.is_ephemeron(label)
            && self.edges.names.ephemeron_table(label) == Some(self.edges.graph.id(self.from))
    }
}
