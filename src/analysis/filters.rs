//! The named filters of Chrome DevTools' Summary view: what would not be reachable without certain
//! edges.
//!
//! Time: linear in nodes and edges. Memory: a few bits a node.

use crate::analysis::bits::BitSet;
use crate::analysis::detachedness::Detachedness;
use crate::analysis::display::{edge_name, has_text_name};
use crate::analysis::distances::NO_DISTANCE;
use crate::analysis::names::{Known, KnownNames};
use crate::analysis::roots::reach;
use crate::control::Control;
use crate::error::Result;
use crate::graph::{Edge, EdgeType, HeapGraph, NodeIndex, NodeType};

/// What keeps the nodes alive that a filter lets through.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RetainedBy {
    /// DOM nodes that are no longer in the page.
    DetachedDomNodes,
    /// What was evaluated in the console.
    Console,
    /// Variables that closures captured.
    Contexts,
    /// Handlers of DOM events.
    EventHandlers,
}

impl RetainedBy {
    /// The filter of that name in DevTools.
    pub fn from_name(name: &str) -> Option<Self> {
        Some(match name {
            "objectsRetainedByDetachedDomNodes" => Self::DetachedDomNodes,
            "objectsRetainedByConsole" => Self::Console,
            "objectsRetainedByContexts" => Self::Contexts,
            "objectsRetainedByEventHandlers" => Self::EventHandlers,
            _ => return None,
        })
    }
}

/// How much the variables of closures keep alive, in nodes of self size above 0 and in bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RetainedByContexts {
    /// How many contexts there are.
    pub context_count: u64,
    /// How many nodes only contexts keep alive.
    pub retained_count: u64,
    /// Their self sizes.
    pub retained_size: u64,
    /// How many nodes something else keeps alive.
    pub other_count: u64,
    /// Their self sizes.
    pub other_size: u64,
}

/// The facts that the filters need.
#[derive(Clone, Copy, Debug)]
pub struct Filters<'a> {
    graph: &'a HeapGraph,
    names: &'a KnownNames,
    detachedness: &'a Detachedness,
    distances: &'a [i32],
}

impl<'a> Filters<'a> {
    /// Filters for a graph; `distances` as
    /// [`distances`](crate::analysis::distances::distances) gives them.
    pub fn new(
        graph: &'a HeapGraph,
        names: &'a KnownNames,
        detachedness: &'a Detachedness,
        distances: &'a [i32],
    ) -> Self {
        Self { graph, names, detachedness, distances }
    }

    /// The nodes that can be reached, but not without what the filter is about.
    pub fn passing(&self, retained_by: RetainedBy, control: &Control) -> Result<BitSet> {
        let reached = match retained_by {
            RetainedBy::DetachedDomNodes => {
                self.reach(|_, edge| self.detachedness.state(edge.target) != 2, control)?
            }
            RetainedBy::Console => {
                self.reach(|from, edge| !self.is_console_edge(from, edge), control)?
            }
            RetainedBy::Contexts => self.reach(|_, edge| !self.is_context(edge.target), control)?,
            RetainedBy::EventHandlers => {
                let handlers = self.event_handlers();
                self.reach(|_, edge| !handlers.contains(edge.target.0), control)?
            }
        };
        let mut passing = BitSet::new(self.graph.node_count());
        for (node, &distance) in self.graph.nodes().zip(self.distances) {
            if distance != NO_DISTANCE && !reached.contains(node.0) {
                passing.insert(node.0);
            }
        }
        Ok(passing)
    }

    /// How much only contexts keep alive. `self_size` is that after ownership transfer.
    pub fn retained_by_contexts(
        &self,
        self_size: &[u32],
        control: &Control,
    ) -> Result<RetainedByContexts> {
        let passing = self.passing(RetainedBy::Contexts, control)?;
        let mut sums = RetainedByContexts::default();
        for (node, &size) in self.graph.nodes().zip(self_size) {
            if size == 0 {
                continue;
            }
            if passing.contains(node.0) {
                sums.retained_count += 1;
                sums.retained_size += u64::from(size);
            } else {
                sums.other_count += 1;
                sums.other_size += u64::from(size);
            }
            sums.context_count += u64::from(self.is_context(node));
        }
        Ok(sums)
    }

    fn reach(
        &self,
        follows: impl Fn(NodeIndex, Edge) -> bool,
        control: &Control,
    ) -> Result<BitSet> {
        let is_strong = |edge: Edge| edge.label.edge_type() != EdgeType::WEAK;
        let follows = |from, edge| is_strong(edge) && follows(from, edge);
        reach(self.graph, vec![self.graph.root()], follows, control)
    }

    fn is_console_edge(&self, from: NodeIndex, edge: Edge) -> bool {
        self.graph.node_type(from) == NodeType::SYNTHETIC
            && has_text_name(self.graph, edge)
            && self.graph.edge_name(edge).ends_with(b" / DevTools console")
    }

    fn is_context(&self, node: NodeIndex) -> bool {
        self.detachedness.known(self.graph, self.names, node) == Known::Context
    }

    /// The functions that event listeners call, or the objects that stand for them.
    fn event_handlers(&self) -> BitSet {
        let graph = self.graph;
        let mut handlers = BitSet::new(graph.node_count());
        for node in graph.nodes() {
            if self.detachedness.known(graph, self.names, node) != Known::EventListener {
                continue;
            }
            let callback = graph.edges(node).find(|&edge| edge_name(graph, edge).as_ref() == b"1");
            let Some(callback) = callback.map(|edge| edge.target) else { continue };
            let handler = if self.has_code(callback) {
                callback
            } else {
                let mut targets = graph.edges(callback).map(|edge| edge.target);
                targets.find(|&target| self.has_code(target)).unwrap_or(callback)
            };
            handlers.insert(handler.0);
        }
        handlers
    }

    fn has_code(&self, node: NodeIndex) -> bool {
        self.graph.edges(node).any(|edge| self.names.of_edge(edge.label) == Known::Code)
    }
}
