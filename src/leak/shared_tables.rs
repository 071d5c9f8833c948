//! Tables of Maps and Sets that somebody goes through.
//!
//! An iterator has the table as well as the container: while a loop waits for something, as
//! `for (const client of clients) await client.send(message)` does, the container does not dominate what is
//! in it. It is the container's all the same.
//!
//! Time: one pass over the names of nodes and, if there are iterators, one over edges. Memory: some words for
//! each, and a bit for each node if there are iterators.

use std::collections::{HashMap, HashSet};

use crate::analysis::Analysis;
use crate::analysis::bits::BitSet;
use crate::graph::{Edge, EdgeType, HeapGraph, NodeIndex, NodeType};
use crate::leak::candidate::Candidate;
use crate::leak::growth::{Accumulation, Walk};
use crate::leak::route::steps_to;
use crate::leak::vocabulary::Vocabulary;

/// A table of fewer bytes has no room for as many items as growth has to have.
const LEAST_TABLE: u32 = 1024;

/// Tables that iterators have, too, and their containers.
#[derive(Debug, Default)]
pub struct SharedTables {
    containers: HashMap<NodeIndex, NodeIndex>,
}

impl SharedTables {
    fn find(graph: &HeapGraph, words: &Vocabulary, analysis: &Analysis) -> Self {
        // Every iterator that is done has one and the same empty table.
        let is_filled = |edge: &Edge| {
            graph.node_type(edge.target) == NodeType::ARRAY
                && graph.file_self_size(edge.target) >= LEAST_TABLE
        };
        let classes = [words.map_iterator_class, words.set_iterator_class];
        let names = graph.tables().node_name.iter().zip(0..);
        let iterators = names.filter(|(name, _)| classes.contains(name));
        // V8 has no name for that edge.
        let iterated = iterators.flat_map(|(_, at)| graph.edges(NodeIndex(at))).filter(is_filled);
        let mut iterated = iterated.peekable();
        if iterated.peek().is_none() {
            return Self::default();
        }
        let mut tables = BitSet::new(graph.node_count());
        for edge in iterated {
            tables.insert(edge.target.0);
        }
        let owned = steps_to(graph, |target| tables.contains(target.0)).filter(|step| {
            step.edge.label.edge_type() == EdgeType::INTERNAL
                && step.edge.label.raw_name() == words.table.0
                && graph.node_type(step.from) == NodeType::OBJECT
                && analysis.dominators.idom(step.edge.target) != step.from
        });
        Self { containers: owned.map(|step| (step.edge.target, step.from)).collect() }
    }
}

impl Walk<'_> {
    /// By table that its container does not have alone: the container.
    fn containers_of_tables(&self) -> &HashMap<NodeIndex, NodeIndex> {
        let Self { graph, words, analysis, .. } = *self;
        let find = || SharedTables::find(graph, words, analysis);
        &self.shared_tables.get_or_init(find).containers
    }

    /// The container whose table a node is, if that container does not have it alone.
    pub(super) fn container_of_shared(&self, node: NodeIndex) -> Option<NodeIndex> {
        let is_array = self.graph.node_type(node) == NodeType::ARRAY;
        is_array.then(|| self.containers_of_tables().get(&node).copied())?
    }

    /// The containers that do not have their table alone.
    pub(super) fn containers_of_shared(&self) -> HashSet<NodeIndex> {
        self.containers_of_tables().values().copied().collect()
    }

    /// A container that was there before has grown by no more than it has now, with a young table of so many
    /// bytes that others have as well.
    pub(super) fn net_of_shared(&self, point: Accumulation, table: u64) -> Accumulation {
        let Some(prior) = point.prior else { return point };
        let now = self.analysis.retained.at(point.node.at()) + table;
        Accumulation { bytes: point.bytes.min(now.saturating_sub(prior.retained)), ..point }
    }

    /// A candidate with what is in its table, if others have that, too.
    pub(super) fn with_shared_table(&self, point: Accumulation) -> Candidate {
        let mut candidate = Candidate::new(point);
        if point.bytes > 0 && self.graph.node_type(point.node) == NodeType::OBJECT {
            let tables = self.graph.edges(point.node).map(|edge| edge.target);
            let is_its = |table: &NodeIndex| self.container_of_shared(*table) == Some(point.node);
            candidate.credited.extend(tables.filter(is_its));
        }
        candidate
    }
}

#[cfg(test)]
mod tests {
    use crate::graph::{EdgeType, NodeIndex, NodeType};
    use crate::leak::stage::{property, suspects, suspects_by_shape};
    use crate::report::{Items, Suspect};
    use crate::testing::GraphBuilder;

    /// A Map whose table is another one in the grown heap, and a loop over it that waits: in both heaps, or
    /// in the grown one only.
    fn found(counts: [u32; 2], is_iterated_before: bool) -> [Vec<Suspect>; 2] {
        let build = |heap: &mut GraphBuilder, global: NodeIndex, is_grown: bool| {
            let jobs = property(heap, global, "jobs", "Map");
            let waiting = property(heap, global, "waiting", "Generator");
            let iterator = property(heap, waiting, "iterator", "MapIterator");
            let table = heap.node(NodeType::ARRAY, "", 8_000);
            heap.edge(jobs, EdgeType::INTERNAL, "table", table);
            if is_grown || is_iterated_before {
                heap.numbered(iterator, EdgeType::HIDDEN, 2, table);
            }
            for at in 0..counts[usize::from(is_grown)] {
                let job = heap.node(NodeType::OBJECT, "Job", 100);
                heap.edge(table, EdgeType::INTERNAL, (9 + 3 * at).to_string(), job);
                heap.set_id(job, if is_grown { 70_001 } else { 9_001 } + 2 * at);
            }
            if is_grown {
                heap.set_id(table, 60_001);
            }
        };
        [suspects(build), suspects_by_shape(build)]
    }

    #[test]
    fn a_map_that_somebody_goes_through_has_its_entries() {
        for found in [found([3, 300], false), found([3, 300], true)].into_iter().flatten() {
            assert_eq!(found.len(), 1, "{found:?}");
            assert_eq!(found[0].name, "jobs");
            assert_eq!(found[0].growth.items, Some(Items { before: 3, after: 300 }));
            assert_eq!(found[0].holds[0].class_name, "Job");
        }
    }

    #[test]
    fn one_that_has_other_entries_and_no_more_has_not_grown() {
        for is_iterated_before in [false, true] {
            assert!(found([300, 300], is_iterated_before).iter().all(Vec::is_empty));
        }
    }
}
