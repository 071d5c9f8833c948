//! The depth-first walk that [`super::dominators`] begins with.
//!
//! Essential edges depend on what a page object is ([`super::essential`], rule 5), and what can be
//! reached from the page is found by the same walk: what the root refers to as page comes first.
//! While that goes on, every source is a page object, and the rule bars nothing. What it has met by
//! the end of that part is the page, with what only edges that do not count lead to: they are
//! collected on the way, and are next to none.
//!
//! Time: linear in nodes and edges. Memory: see there.

use bytemuck::{Pod, Zeroable};

use crate::analysis::bits::BitSet;
use crate::analysis::essential::{EssentialEdges, EssentialFrom, is_barred};
use crate::analysis::roots;
use crate::analysis::source_lists::SourceLists;
use crate::control::{Control, Pace, in_parts};
use crate::error::Result;
use crate::graph::{Edge, EdgeType, NodeIndex};
use crate::pages_ahead::{Closing, PageRange, PagesAhead};

/// The rank of a node that has none yet, and that of the root: no edge to the root counts, so the two
/// need no telling apart on the way. And a column of zeros costs nothing until it is touched.
const NONE: u32 = 0;

/// Where a node hangs in the forest of finished nodes.
#[derive(Clone, Copy, Pod, Zeroable)]
#[repr(C)]
pub(super) struct Link {
    /// The parent in the spanning tree; later, a higher ancestor.
    pub(super) ancestor: u32,
    /// The least semidominator on the way to the ancestor, the ancestor excluded.
    pub(super) label: u32,
}

/// What the depth-first walk finds.
pub(super) struct Walk {
    /// The node of each rank; those that cannot be reached come last.
    pub(super) vertex: Vec<NodeIndex>,
    /// By rank: parent, and the lowest rank with an edge to here.
    pub(super) forest: Vec<Link>,
    /// By rank: the higher ranks that have an edge to here.
    pub(super) sources: SourceLists,
    /// How many nodes can be reached.
    pub(super) reachable: usize,
    /// A column as long as the others, for what comes next: what is in it means nothing.
    pub(super) spare: Vec<u32>,
}

/// An edge to a node that had no rank when its source was entered.
#[derive(Clone, Copy)]
struct Pending {
    from: u32,
    target: NodeIndex,
}

/// The page objects.
struct Pages {
    /// Those with a rank below, the root excepted.
    end: u32,
    /// And those that had no rank by then, and the root, if they are any.
    others: BitSet,
}

impl Pages {
    #[inline(always)]
    fn contain(&self, node: NodeIndex, rank: u32) -> bool {
        (rank < self.end && rank != NONE) || self.others.contains(node.0)
    }

    /// Whether an edge is essential, of a node that is not the root and had no rank when the page was
    /// done.
    #[inline(always)]
    fn count(&self, ranks: &[u32], source: EssentialFrom<'_>, edge: Edge) -> bool {
        let from_page = self.others.contains(source.node().0);
        let into_page = || self.contain(edge.target, ranks[edge.target.at()]);
        source.counts(edge.label, edge.target) && !is_barred(from_page, into_page)
    }
}

/// A walk on its way.
///
/// A node's edges are looked at once, when it is entered; those to nodes without a rank wait on a
/// stack. The one that waits on top is the next to follow, so this is a depth-first walk. If its
/// target has got a rank meanwhile, that was below the source: the edge leads downwards.
pub(super) struct Walker<'a> {
    /// Dropped first, so that nobody asks for pages of columns that are gone.
    _open: Closing<'a>,
    edges: EssentialEdges<'a>,
    /// By node.
    ranks: Vec<u32>,
    stack: Vec<Pending>,
    /// Whether an essential edge leads to the root.
    leads_to_root: bool,
    pace: Pace,
    found: Walk,
}

impl<'a> Walker<'a> {
    /// A walk that is about to begin. Another thread may have the pages of its columns provided.
    pub(super) fn new(edges: EssentialEdges<'a>, pages_ahead: &'a PagesAhead) -> Self {
        let node_count = edges.graph().node_count();
        let found = Walk {
            vertex: Vec::with_capacity(node_count),
            forest: Vec::with_capacity(node_count),
            sources: SourceLists::new(node_count),
            reachable: 0,
            spare: Vec::new(),
        };
        let ranks = vec![NONE; node_count];
        let columns = vec![
            PageRange::of(&ranks),
            found.sources.head_pages(),
            PageRange::of(&found.vertex),
            PageRange::of(&found.forest),
        ];
        Self {
            _open: pages_ahead.open(columns),
            edges,
            ranks,
            stack: Vec::new(),
            leads_to_root: false,
            pace: Pace::default(),
            found,
        }
    }

    /// Walks over all nodes that can be reached, and those that hang under the root because only
    /// edges that do not count lead to them.
    pub(super) fn walk(mut self, control: &Control) -> Result<Walk> {
        let pages = self.visit_pages(control)?;
        self.visit_rest(&pages, control)?;
        for orphan in self.orphans(&pages, control)? {
            self.stack.push(Pending { from: 0, target: orphan });
            self.visit_rest(&pages, control)?;
        }
        Ok(self.finish())
    }

    /// Enters the root, and walks over what can be reached from the page.
    fn visit_pages(&mut self, control: &Control) -> Result<Pages> {
        let graph = self.edges.graph();
        let root = graph.root();
        let mut starts = BitSet::new(graph.node_count());
        for start in roots::page_starts(graph, self.edges.names()) {
            starts.insert(start.0);
        }
        let counts = |_: &[u32], source: EssentialFrom<'_>, edge: Edge| {
            source.counts(edge.label, edge.target)
        };
        self.enter(root, 0, counts, control)?;
        // What waits on top is followed first.
        self.stack.sort_by_key(|pending| starts.contains(pending.target.0));
        let rest = self.stack.partition_point(|pending| !starts.contains(pending.target.0));
        let mut missed = Vec::new();
        while self.stack.len() > rest {
            if let Some(Pending { from, target }) = self.next(control)? {
                let counts = |ranks: &[u32], source: EssentialFrom<'_>, edge: Edge| {
                    let counts = source.counts(edge.label, edge.target);
                    if !counts
                        && edge.label.edge_type() != EdgeType::WEAK
                        && ranks[edge.target.at()] == NONE
                    {
                        missed.push(edge.target);
                    }
                    counts
                };
                self.enter(target, from, counts, control)?;
            }
        }
        if self.leads_to_root || starts.contains(root.0) {
            missed.push(root);
        }
        let end = self.found.vertex.len() as u32;
        // From all that has a rank, everything else that it leads to is among what was missed.
        let is_new = |node: NodeIndex| self.ranks[node.at()] == NONE;
        missed.retain(|&node| is_new(node));
        let follows = |_, edge: Edge| is_new(edge.target) && roots::is_page_path(edge);
        let others = roots::reach(graph, missed, follows, control)?;
        Ok(Pages { end, others })
    }

    /// Walks over what can be reached from what is on the stack.
    fn visit_rest(&mut self, pages: &Pages, control: &Control) -> Result<()> {
        while !self.stack.is_empty() {
            if let Some(Pending { from, target }) = self.next(control)? {
                let counts = |ranks: &[u32], source: EssentialFrom<'_>, edge: Edge| {
                    pages.count(ranks, source, edge)
                };
                self.enter(target, from, counts, control)?;
            }
        }
        Ok(())
    }

    /// Takes what waits on top; `None` if the node has a rank by now.
    #[inline(always)]
    fn next(&mut self, control: &Control) -> Result<Option<Pending>> {
        self.pace.take(1, control)?;
        let Some(pending) = self.stack.pop() else { return Ok(None) };
        let rank = self.ranks[pending.target.at()];
        if rank == NONE {
            return Ok(Some(pending));
        }
        let label = &mut self.found.forest[rank as usize].label;
        *label = pending.from.min(*label);
        Ok(None)
    }

    /// Gives a node the next rank and looks at those of its edges that count.
    #[inline(always)]
    fn enter(
        &mut self,
        node: NodeIndex,
        parent: u32,
        mut counts: impl FnMut(&[u32], EssentialFrom<'_>, Edge) -> bool,
        control: &Control,
    ) -> Result<()> {
        let graph = self.edges.graph();
        let root = graph.root();
        let from = self.found.vertex.len() as u32;
        self.ranks[node.at()] = from;
        self.found.vertex.push(node);
        self.found.forest.push(Link { ancestor: parent, label: parent });
        let source = self.edges.from(node);
        for part in in_parts(graph.edge_range(node)) {
            self.pace.take(part.len(), control)?;
            for edge in graph.edges_in(part) {
                if !counts(&self.ranks, source, edge) {
                    continue;
                }
                match self.ranks[edge.target.at()] {
                    // Every path to the root ends there.
                    NONE if edge.target == root => self.leads_to_root = true,
                    NONE => self.stack.push(Pending { from, target: edge.target }),
                    rank => self.found.sources.push(rank, from),
                }
            }
        }
        Ok(())
    }

    /// The nodes without a rank that no essential edge leads to, in node order. Edges of nodes that
    /// have a rank cannot lead to one that has none.
    fn orphans(&self, pages: &Pages, control: &Control) -> Result<Vec<NodeIndex>> {
        let graph = self.edges.graph();
        let mut left: Vec<NodeIndex> = self.without_rank().collect();
        if left.is_empty() {
            return Ok(left);
        }
        let mut referred_to = BitSet::new(graph.node_count());
        for (step, &node) in left.iter().enumerate() {
            control.checkpoint_at(step)?;
            let source = self.edges.from(node);
            let essential =
                graph.edges(node).filter(|&edge| pages.count(&self.ranks, source, edge));
            for edge in essential {
                referred_to.insert(edge.target.0);
            }
        }
        left.retain(|node| !referred_to.contains(node.0));
        Ok(left)
    }

    /// The nodes without a rank, in node order.
    fn without_rank(&self) -> impl Iterator<Item = NodeIndex> + '_ {
        let graph = self.edges.graph();
        let root = graph.root();
        graph.nodes().filter(move |&node| self.ranks[node.at()] == NONE && node != root)
    }

    fn finish(mut self) -> Walk {
        let mut vertex = std::mem::take(&mut self.found.vertex);
        let reachable = vertex.len();
        if reachable < self.ranks.len() {
            vertex.extend(self.without_rank());
        }
        Walk { vertex, reachable, spare: self.ranks, ..self.found }
    }
}
