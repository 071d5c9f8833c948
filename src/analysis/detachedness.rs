//! Which native nodes belong to a DOM tree that is no longer in the page, and the names that
//! follow from it.
//!
//! Chrome writes the state of some native nodes; Chrome DevTools spreads it to the native nodes
//! they refer to, and puts `Detached ` before the names of detached ones. Node.js writes almost
//! none, so in most snapshots all of this is one look at a sparse table.
//!
//! Time: linear in nodes and edges if any node has a state, nothing otherwise. Memory: a byte a
//! node in the same case.

use crate::analysis::bits::BitSet;
use crate::analysis::names::{Known, KnownNames, classify};
use crate::control::Control;
use crate::error::Result;
use crate::graph::{EdgeType, HeapGraph, NodeIndex, NodeType, StringIndex};
use crate::snapshot::StringTable;

/// The state of a native node that is in the page.
const ATTACHED: u8 = 1;
/// The state of a native node that is not.
const DETACHED: u8 = 2;

/// Detachedness of each node after it has spread, and the names of nodes after renaming.
#[derive(Debug, Default)]
pub struct Detachedness {
    /// By node; empty if no node has a state.
    states: Vec<u8>,
    /// Nodes whose name is not the file's, sorted.
    renamed: Vec<(NodeIndex, StringIndex)>,
    /// The strings after those of the file.
    appended: StringTable,
    appended_known: Vec<Known>,
    file_strings: u32,
}

impl Detachedness {
    /// Computes states and names.
    pub fn new(graph: &HeapGraph, control: &Control) -> Result<Self> {
        let mut result = Self { file_strings: graph.strings().len() as u32, ..Self::default() };
        if graph.tables().has_detachedness {
            if !graph.tables().detachedness.is_empty() {
                result.spread(graph, control)?;
                result.rename(graph);
            }
        } else {
            result.states_from_names(graph);
        }
        Ok(result)
    }

    /// 0 unknown, 1 attached, 2 detached, 3 as the file says.
    #[inline(always)]
    pub fn state(&self, node: NodeIndex) -> u8 {
        self.states.get(node.at()).copied().unwrap_or(0)
    }

    /// Whether this is a native node that is detached from the page.
    #[inline(always)]
    pub fn is_detached_dom(&self, graph: &HeapGraph, node: NodeIndex) -> bool {
        self.state(node) == DETACHED && graph.node_type(node) == NodeType::NATIVE
    }

    /// The index of a node's name: one of the file's strings or, beyond them, of the appended.
    #[inline(always)]
    pub fn name_index(&self, graph: &HeapGraph, node: NodeIndex) -> StringIndex {
        if !self.renamed.is_empty()
            && let Ok(at) = self.renamed.binary_search_by_key(&node, |&(at, _)| at)
        {
            return self.renamed[at].1;
        }
        graph.name_index(node)
    }

    /// A node's name, as WTF-8.
    pub fn name<'a>(&'a self, graph: &'a HeapGraph, node: NodeIndex) -> &'a [u8] {
        self.text(graph, self.name_index(graph, node))
    }

    /// The text of a string of the file or of an appended one.
    #[inline]
    pub fn text<'a>(&'a self, graph: &'a HeapGraph, string: StringIndex) -> &'a [u8] {
        match string.0.checked_sub(self.file_strings) {
            None => graph.strings().get(string),
            Some(appended) => self.appended.get(StringIndex(appended)),
        }
    }

    /// What a node's name is to the algorithms.
    #[inline(always)]
    pub fn known(&self, graph: &HeapGraph, names: &KnownNames, node: NodeIndex) -> Known {
        let string = self.name_index(graph, node);
        match string.0.checked_sub(self.file_strings) {
            None => names.of(string),
            Some(appended) => self.appended_known[appended as usize],
        }
    }

    fn spread(&mut self, graph: &HeapGraph, control: &Control) -> Result<()> {
        self.states = vec![0; graph.node_count()];
        let mut settled = BitSet::new(graph.node_count());
        let mut work = [Vec::new(), Vec::new()];
        for &(node, value) in &graph.tables().detachedness {
            let state = value & 3;
            if state == 0 {
                continue;
            }
            settled.insert(node.0);
            self.states[node.at()] = state;
            if graph.node_type(node) == NodeType::NATIVE
                && let ATTACHED | DETACHED = state
            {
                work[usize::from(state - 1)].push(node);
            }
        }
        let [attached, detached] = work;
        for (mut work, state) in [(attached, ATTACHED), (detached, DETACHED)] {
            let mut steps = 0;
            while let Some(node) = work.pop() {
                control.checkpoint_at(steps)?;
                steps += 1;
                for edge in graph.edges(node) {
                    let skip = matches!(edge.label.edge_type(), EdgeType::HIDDEN | EdgeType::WEAK);
                    if skip || !settled.insert(edge.target.0) {
                        continue;
                    }
                    if graph.node_type(edge.target) == NodeType::NATIVE {
                        self.states[edge.target.at()] = state;
                        work.push(edge.target);
                    }
                }
            }
        }
        Ok(())
    }

    /// `Detached ` goes before the names of detached native nodes: one new string for each old.
    fn rename(&mut self, graph: &HeapGraph) {
        let mut new_names: std::collections::HashMap<StringIndex, StringIndex> = Default::default();
        for node in graph.nodes() {
            if !self.is_detached_dom(graph, node) {
                continue;
            }
            let name = *new_names.entry(graph.name_index(node)).or_insert_with_key(|&old| {
                let text = [b"Detached ", graph.strings().get(old)].concat();
                self.appended_known.push(classify(&text));
                StringIndex(self.file_strings + self.appended.push(&text).0)
            });
            self.renamed.push((node, name));
        }
    }

    /// Files without the column: the name says it.
    fn states_from_names(&mut self, graph: &HeapGraph) {
        for node in graph.nodes() {
            if graph.node_type(node) == NodeType::NATIVE
                && graph.raw_name(node).starts_with(b"Detached ")
            {
                if self.states.is_empty() {
                    self.states = vec![0; graph.node_count()];
                }
                self.states[node.at()] = DETACHED;
            }
        }
    }
}
