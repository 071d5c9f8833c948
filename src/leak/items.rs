//! How many elements, entries or properties a container has.
//!
//! A snapshot does not say. Arrays and objects show one edge for each element that is on the heap;
//! Maps and Sets show the slots of their hash table. Small integers, `true`, `undefined` and their
//! like have no edge at all, so that a container of those is measured by its backing store: then the
//! number is the capacity, which V8 keeps within a factor of 1.5 (arrays) or 2 (tables) of the
//! contents. Source: V8's `OrderedHashTable` (3 header slots, one bucket for two entries, 2 slots an
//! entry in a Set and 3 in a Map), and the specification, section 2.3.
//!
//! Time: linear in the edges of the container. Memory: none.

use crate::graph::{EdgeType, HeapGraph, NodeIndex, NodeType, StringIndex};
use crate::leak::vocabulary::Vocabulary;

/// What a container is, as far as counting goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Container {
    /// Indexed elements.
    Array,
    /// A hash table of pairs.
    Map,
    /// A hash table of keys.
    Set,
    /// Named (or sparse) properties.
    Object,
}

/// Bytes before the first slot of a backing store: its hidden class and its length.
const STORE_HEADER: u64 = 16;
/// Bytes of a slot.
const SLOT: u64 = 8;

/// What kind of container a node is, and how many items it has. `None`: not an object.
pub fn count(graph: &HeapGraph, words: &Vocabulary, node: NodeIndex) -> Option<(Container, u64)> {
    if graph.node_type(node) != NodeType::OBJECT {
        return None;
    }
    let is_array = graph.name_index(node) == words.array_class;
    let mut named = 0;
    let mut indexed = 0;
    let mut table = None;
    let mut elements = None;
    for edge in graph.edges(node) {
        let name = StringIndex(edge.label.raw_name());
        match edge.label.edge_type() {
            EdgeType::ELEMENT => indexed += 1,
            EdgeType::PROPERTY if name != words.proto => named += 1,
            EdgeType::INTERNAL if name == words.table => table = Some(edge.target),
            EdgeType::INTERNAL if name == words.elements => elements = Some(edge.target),
            _ => {}
        }
    }
    if let Some(table) = table.filter(|&table| graph.node_type(table) == NodeType::ARRAY) {
        return Some(count_table(graph, words, table));
    }
    if indexed == 0 {
        indexed = elements.map_or(0, |store| capacity_without_edges(graph, words, store));
    }
    Some(match is_array {
        true => (Container::Array, indexed),
        false => (Container::Object, named + indexed),
    })
}

/// The slots of a store of numbers, which has no edge to anything but its hidden class.
fn capacity_without_edges(graph: &HeapGraph, words: &Vocabulary, store: NodeIndex) -> u64 {
    if graph.node_type(store) != NodeType::ARRAY {
        return 0;
    }
    let is_map = |name: u32| StringIndex(name) == words.map;
    if graph.edges(store).any(|edge| !is_map(edge.label.raw_name())) {
        return 0;
    }
    slots(graph, store)
}

fn slots(graph: &HeapGraph, store: NodeIndex) -> u64 {
    u64::from(graph.file_self_size(store)).saturating_sub(STORE_HEADER) / SLOT
}

/// Counts the entries of a hash table from its slots: `internal` edges named by slot number.
fn count_table(graph: &HeapGraph, words: &Vocabulary, table: NodeIndex) -> (Container, u64) {
    let slots = slots(graph, table);
    // 3 + capacity / 2 + 2 * capacity, or 3 + capacity / 2 + 3 * capacity; capacities are powers
    // of two, so no length is both.
    let capacity = |per_entry: u64| {
        let doubled = slots.checked_sub(3)?.checked_mul(2)?;
        let per_entry = 2 * per_entry + 1;
        let capacity = doubled / per_entry;
        (doubled % per_entry == 0 && capacity.is_power_of_two()).then_some(capacity)
    };
    let (kind, per_entry) = match (capacity(3), capacity(2)) {
        (None, Some(_)) => (Container::Set, 2),
        _ => (Container::Map, 3),
    };
    // An entry of a Map shows its key, its value, or both. Which slots begin an entry depends on
    // V8's version; the right guess is the one that needs the fewest entries.
    let mut last = [u64::MAX; 3];
    let mut entries = [0_u64; 3];
    for edge in graph.edges(table) {
        // What was deleted leaves a hole, until the table is made anew.
        let is_hole = graph.name_index(edge.target) == words.hole_node;
        if edge.label.edge_type() != EdgeType::INTERNAL || is_hole {
            continue;
        }
        let name = StringIndex(edge.label.raw_name());
        let Some(slot) = parse_slot(graph.strings().get(name)) else { continue };
        for shift in 0..per_entry {
            let entry = (slot + shift as u64) / per_entry as u64;
            entries[shift] += u64::from(entry != last[shift]);
            last[shift] = entry;
        }
    }
    let shown = entries[..per_entry].iter().copied().min().unwrap_or(0);
    // A table of small integers shows nothing: its capacity is the best there is. Half of a grown
    // table is full.
    let shown = match capacity(per_entry as u64) {
        Some(capacity) if shown == 0 && capacity > 4 => capacity / 2,
        _ => shown,
    };
    (kind, shown)
}

/// A slot number: decimal digits and nothing else.
fn parse_slot(text: &[u8]) -> Option<u64> {
    if text.is_empty() || text.len() > 10 {
        return None;
    }
    text.iter().try_fold(0_u64, |number, &byte| {
        byte.is_ascii_digit().then(|| number * 10 + u64::from(byte - b'0'))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::GraphBuilder;

    /// A Map with room for four entries: three header slots, two buckets, three slots an entry.
    fn map_with(entries: &[(&str, bool)]) -> Option<(Container, u64)> {
        let mut heap = GraphBuilder::new();
        let map = heap.node(NodeType::OBJECT, "Map", 32);
        let table = heap.node(NodeType::ARRAY, "", 16 + 17 * 8);
        let hole = heap.node(NodeType::HIDDEN, "system / Hole", 16);
        let value = heap.node(NodeType::OBJECT, "Object", 16);
        heap.edge(heap.root(), EdgeType::INTERNAL, "x", map);
        heap.edge(map, EdgeType::INTERNAL, "table", table);
        for &(slot, is_deleted) in entries {
            let target = if is_deleted { hole } else { value };
            heap.edge(table, EdgeType::INTERNAL, slot, target);
        }
        let graph = heap.build();
        count(&graph, &Vocabulary::new(graph.strings()), map)
    }

    #[test]
    fn an_entry_counts_once_whether_it_shows_its_key_or_its_value_or_both() {
        let entries = [("5", false), ("6", false), ("9", false), ("11", false)];
        assert_eq!(map_with(&entries), Some((Container::Map, 3)));
    }

    #[test]
    fn a_deleted_entry_leaves_holes_and_does_not_count() {
        let entries = [("5", true), ("6", true), ("8", false), ("9", false), ("11", true)];
        assert_eq!(map_with(&entries), Some((Container::Map, 1)));
    }

    #[test]
    fn arrays_have_elements_and_objects_properties() {
        let mut heap = GraphBuilder::new();
        let list = heap.node(NodeType::OBJECT, "Array", 32);
        let record = heap.node(NodeType::OBJECT, "Object", 32);
        for at in 0..3 {
            heap.numbered(list, EdgeType::ELEMENT, at, record);
        }
        heap.edge(record, EdgeType::PROPERTY, "list", list);
        heap.edge(record, EdgeType::PROPERTY, "__proto__", list);
        let graph = heap.build();
        let words = Vocabulary::new(graph.strings());
        assert_eq!(count(&graph, &words, list), Some((Container::Array, 3)));
        assert_eq!(count(&graph, &words, record), Some((Container::Object, 1)));
        assert_eq!(count(&graph, &words, graph.root()), None);
    }

    #[test]
    fn numbers_show_the_room_they_take() {
        let mut heap = GraphBuilder::new();
        let list = heap.node(NodeType::OBJECT, "Array", 32);
        let store = heap.node(NodeType::ARRAY, "", 16 + 100 * 8);
        heap.edge(list, EdgeType::INTERNAL, "elements", store);
        let graph = heap.build();
        let words = Vocabulary::new(graph.strings());
        assert_eq!(count(&graph, &words, list), Some((Container::Array, 100)));
    }
}
