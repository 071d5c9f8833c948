//! Keys that a container holds and does not dominate.
//!
//! V8 keeps each text that serves as a key once, in a table that a snapshot shows as a root: names of
//! properties in all versions, what is put into a Map or Set from Node 26 on. In truth the table lets go
//! of a text when nothing else holds it; in the file, whoever has it as a key shares it with that root.
//!
//! Time: one pass over the types of nodes, and linear in the edges of the table, the containers and their
//! stores. Memory: a bit a node.

use crate::analysis::bits::BitSet;
use crate::graph::{HeapGraph, NodeIndex, NodeType};
use crate::leak::growth::{Accumulation, Scatter, Walk};
use crate::leak::holders::slots;

/// Keys that are counted once, whoever has them.
pub(super) struct Keys {
    /// Those in V8's table that have not been counted.
    uncounted: BitSet,
    counted: BitSet,
}

impl Keys {
    /// None of the keys of a graph has been counted.
    pub(super) fn new(walk: &Walk<'_>) -> Self {
        let Walk { graph, words, .. } = *walk;
        let mut uncounted = BitSet::new(graph.node_count());
        let is_table = |&node: &NodeIndex| {
            graph.node_type(node) == NodeType::SYNTHETIC
                && graph.name_index(node) == words.internalized_strings
        };
        for table in graph.nodes().filter(is_table) {
            graph.edges(table).for_each(|edge| {
                uncounted.insert(edge.target.0);
            });
        }
        Self { uncounted, counted: BitSet::new(graph.node_count()) }
    }

    /// What the new keys of a container take that nothing else of the program dominates. Where others were
    /// let go, only so many are more.
    pub(super) fn bytes(&mut self, walk: &Walk<'_>, container: &Accumulation) -> u64 {
        let more = container.more_items();
        if more == 0 {
            return 0;
        }
        let Walk { graph, analysis, before, .. } = *walk;
        let is_shared = |node: NodeIndex| {
            graph.node_type(analysis.dominators.idom(node)) == NodeType::SYNTHETIC
        };
        let (mut keys, mut bytes) = (0, 0);
        for key in slots(graph, analysis, container.node).map(|edge| edge.target) {
            let is_new = !before.knows_young() || before.is_young(key);
            if is_new && is_shared(key) && self.uncounted.remove(key.0) {
                self.counted.insert(key.0);
                keys += 1;
                bytes += u64::from(graph.file_self_size(key));
            }
        }
        match keys {
            0 => 0,
            _ => (u128::from(bytes) * u128::from(more.min(keys)) / u128::from(keys)) as u64,
        }
    }
}

impl Keys {
    /// Takes keys that have been counted out of those that are nobody's.
    pub(super) fn take_from(&self, graph: &HeapGraph, scatter: &mut Scatter) {
        scatter.members.retain(|member| {
            let is_counted = self.counted.contains(member.0);
            if is_counted {
                let size = u64::from(graph.file_self_size(*member));
                scatter.bytes = scatter.bytes.saturating_sub(size);
            }
            !is_counted
        });
    }
}

#[cfg(test)]
mod tests {
    use crate::graph::{EdgeType, NodeIndex, NodeType};
    use crate::leak::stage::{property, suspects};
    use crate::testing::GraphBuilder;

    /// Puts texts into a list that V8's table of keys holds as well.
    fn add_keys(heap: &mut GraphBuilder, list: NodeIndex, numbers: std::ops::Range<u32>) {
        let table = heap.node(NodeType::SYNTHETIC, "(Internalized strings)", 0);
        heap.numbered(heap.root(), EdgeType::ELEMENT, 900, table);
        for number in numbers {
            let key = heap.node(NodeType::STRING, format!("key-{number}"), 40);
            heap.set_id(key, 1_001 + 2 * number);
            heap.numbered(list, EdgeType::ELEMENT, number, key);
            heap.edge(table, EdgeType::INTERNAL, number.to_string(), key);
        }
    }

    #[test]
    fn keys_that_a_root_holds_as_well_are_growth_of_their_container() {
        let found = suspects(|heap, global, is_grown| {
            let seen = property(heap, global, "seen", "Array");
            add_keys(heap, seen, 0..if is_grown { 2_010 } else { 10 });
        });
        assert_eq!(found.len(), 1);
        assert_eq!((found[0].name.as_str(), found[0].growth.retained_bytes), ("seen", 2_000 * 40));
    }

    #[test]
    fn keys_that_took_the_place_of_others_are_none() {
        let found = suspects(|heap, global, is_grown| {
            let cache = property(heap, global, "cache", "Array");
            add_keys(heap, cache, if is_grown { 2_000..4_000 } else { 0..2_000 });
        });
        assert_eq!(found.len(), 0, "{found:?}");
    }

    #[test]
    fn small_containers_that_gained_keys_are_a_crowd() {
        let found = suspects(|heap, global, is_grown| {
            let tags = property(heap, global, "tags", "Array");
            for number in 0..50 {
                let list = heap.node(NodeType::OBJECT, "Array", 32);
                heap.set_id(list, 10_001 + 2 * number);
                heap.numbered(tags, EdgeType::ELEMENT, number, list);
                let store = heap.node(NodeType::ARRAY, "", 16);
                heap.set_id(store, if is_grown { 20_001 } else { 15_001 } + 2 * number);
                heap.edge(list, EdgeType::INTERNAL, "elements", store);
                let first = 100 * number;
                add_keys(heap, list, first..first + if is_grown { 90 } else { 10 });
            }
        });
        assert_eq!(found.len(), 1, "{found:?}");
        assert_eq!(found[0].name, "tags");
        assert_eq!(found[0].growth.retained_bytes, 50 * 80 * 40);
        let items = found[0].growth.items.unwrap();
        assert_eq!((items.before, items.after), (500, 4_500));
    }
}
