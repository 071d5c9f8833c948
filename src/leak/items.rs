//! How many elements, entries or properties a container has.
//!
//! A snapshot does not say. Arrays and objects show one edge for each element that is on the heap;
//! Maps and Sets show the slots of their hash table, frozen arrays those of their backing store, and
//! of a dictionary its backing store shows the keys, whatever their values are. An accessor shows as
//! a pair, and its functions beside it. Small integers have no edge at all, nor have `true`,
//! `undefined` and their like in tables, so that a container of those is measured by its backing store:
//! then the number is the capacity of an array, which V8 keeps within a factor of 1.5 of the contents, and
//! half of that of a table: V8 keeps a table between a quarter full and full. In an array `undefined` and its like do have edges; they do not count, for with them room
//! is filled that was made for what is to come. Source: V8's `OrderedHashTable` (3 header slots, one bucket for two entries, 2 slots an entry in a Set and
//! 3 in a Map) and `NameDictionary` (3 slots an entry), and the specification, section 2.3.
//!
//! Time: linear in the edges of the container and its backing stores. Memory: some words for each large store.

use hashbrown::HashMap;

use crate::graph::{Edge, EdgeType, HeapGraph, NodeIndex, NodeType, StringIndex};
use crate::leak::things::is_proxy;
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
/// Bytes of a slot where V8 compresses pointers.
const SMALLEST_SLOT: u64 = 4;

/// V8 makes room for up to so many times what is in a container.
pub const CAPACITY_FACTOR: u64 = 2;

/// Slots of an entry in a dictionary: key, value, details.
const SLOTS_OF_A_PROPERTY: usize = 3;

/// What kind of container a node is, and how many items it has. `None`: not an object. Of many nodes, a
/// [`Counter`] can be asked.
pub fn count(graph: &HeapGraph, words: &Vocabulary, node: NodeIndex) -> Option<(Container, u64)> {
    Counter::new(graph, words).count(node)
}

/// Counts the items of many nodes. What is in a large store it looks up once: V8 lets all arrays that a
/// literal has made share one, until they are written to.
pub struct Counter<'a> {
    graph: &'a HeapGraph,
    words: &'a Vocabulary,
    stores: HashMap<(NodeIndex, Store), (Container, u64)>,
}

/// What a store is of.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
enum Store {
    Table,
    Elements,
    Properties,
}

impl<'a> Counter<'a> {
    /// Nothing is counted yet.
    pub fn new(graph: &'a HeapGraph, words: &'a Vocabulary) -> Self {
        Self { graph, words, stores: HashMap::new() }
    }

    /// What kind of container a node is, and how many items it has. `None`: not an object.
    pub fn count(&mut self, node: NodeIndex) -> Option<(Container, u64)> {
        let Self { graph, words, .. } = *self;
        if graph.node_type(node) != NodeType::OBJECT {
            return None;
        }
        let shown = Shown::of(graph, words, node);
        let table = shown.table.filter(|&table| graph.node_type(table) == NodeType::ARRAY);
        if let Some(table) = table {
            return Some(self.count_store(table, Store::Table));
        }
        let indexed = match (shown.indexed, shown.elements) {
            (0, Some(store)) if !shown.has_room => self.count_store(store, Store::Elements).1,
            (indexed, _) => indexed,
        };
        Some(match graph.name_index(node) == words.array_class {
            true => (Container::Array, indexed),
            false => (Container::Object, self.count_properties(node, &shown) + indexed),
        })
    }

    /// The named properties of an object.
    fn count_properties(&mut self, node: NodeIndex, shown: &Shown) -> u64 {
        let graph = self.graph;
        let mut named = shown.named;
        if shown.accessors > 0 {
            // Beside the pair, its functions have edges of their own.
            let functions = graph.edges(node).filter(|edge| {
                edge.label.edge_type() == EdgeType::PROPERTY
                    && graph.node_type(edge.target) == NodeType::CLOSURE
                    && matches!(graph.edge_name(*edge).get(..4), Some(b"get " | b"set "))
            });
            named = named.saturating_sub(functions.count() as u64);
        }
        let Some(store) = shown.properties else { return named };
        // A store that is no dictionary shows the values, which the object shows as well.
        let is_dictionary = graph.edge_range(store).len() as u64 > shown.named + 1
            && graph.node_type(store) == NodeType::ARRAY;
        match is_dictionary {
            true => named.max(self.count_store(store, Store::Properties).1),
            false => named,
        }
    }

    fn count_store(&mut self, store: NodeIndex, of: Store) -> (Container, u64) {
        /// A smaller one is counted as fast as it is found again.
        const SMALL: usize = 64;
        let Self { graph, words, .. } = *self;
        let count = || match of {
            Store::Table => count_table(graph, words, store),
            Store::Elements => (Container::Array, count_elements(graph, words, store)),
            Store::Properties => (Container::Object, count_dictionary(graph, store)),
        };
        match graph.edge_range(store).len() {
            ..=SMALL => count(),
            _ => *self.stores.entry((store, of)).or_insert_with(count),
        }
    }
}

/// Whether a container can have so many items, told without looking at its edges: each is an edge, or takes
/// room in a store whose size is the container's. `self_sizes` are those after ownership transfer.
#[inline(always)]
pub fn may_have(graph: &HeapGraph, self_sizes: &[u32], node: NodeIndex, items: u64) -> bool {
    graph.edge_range(node).len() as u64 >= items
        || u64::from(self_sizes[node.at()]) >= items * SMALLEST_SLOT
}

/// How many slots of a container refer to something: not to `null` and its like, with which room is
/// filled that is made for what is to come. 0 where the number of items is a capacity.
pub fn filled_slots(graph: &HeapGraph, words: &Vocabulary, node: NodeIndex) -> u64 {
    let is_thing = |target: NodeIndex| !is_room(graph, words, target);
    let is_own = |edge: &Edge| match edge.label.edge_type() {
        EdgeType::ELEMENT => true,
        EdgeType::PROPERTY => edge.label.raw_name() != words.proto.0,
        _ => false,
    };
    let own = graph.edges(node).filter(|edge| is_own(edge) && is_thing(edge.target)).count();
    let shown = Shown::of(graph, words, node);
    let stores = [shown.table, shown.elements, shown.properties].into_iter().flatten();
    let in_stores = stores.flat_map(|store| graph.edges(store)).filter(|edge| {
        edge.label.edge_type() == EdgeType::INTERNAL
            && is_thing(edge.target)
            && parse_slot(graph.edge_name(*edge)).is_some()
    });
    own.max(in_stores.count()) as u64
}

/// Whether a node is `undefined` or its like, with which room is filled. V8 shows a `Proxy` as a part of its own,
/// too, and that is a thing.
fn is_room(graph: &HeapGraph, words: &Vocabulary, node: NodeIndex) -> bool {
    graph.node_type(node) == NodeType::HIDDEN && !is_proxy(graph, words, node)
}

/// What the edges of an object show.
#[derive(Default)]
struct Shown {
    named: u64,
    /// How many of the named are pairs of a getter and a setter.
    accessors: u64,
    /// How many elements refer to something.
    indexed: u64,
    /// Whether others refer to `undefined` or its like.
    has_room: bool,
    table: Option<NodeIndex>,
    elements: Option<NodeIndex>,
    properties: Option<NodeIndex>,
}

impl Shown {
    fn of(graph: &HeapGraph, words: &Vocabulary, node: NodeIndex) -> Self {
        let mut shown = Self::default();
        for edge in graph.edges(node) {
            let name = StringIndex(edge.label.raw_name());
            match edge.label.edge_type() {
                EdgeType::ELEMENT if is_room(graph, words, edge.target) => shown.has_room = true,
                EdgeType::ELEMENT => shown.indexed += 1,
                EdgeType::PROPERTY if name != words.proto => {
                    shown.named += 1;
                    let is_pair = graph.node_type(edge.target) == NodeType::HIDDEN
                        && graph.name_index(edge.target) == words.accessor_pair_node;
                    shown.accessors += u64::from(is_pair);
                }
                EdgeType::INTERNAL if name == words.table => shown.table = Some(edge.target),
                EdgeType::INTERNAL if name == words.elements => shown.elements = Some(edge.target),
                EdgeType::INTERNAL if name == words.properties => {
                    shown.properties = Some(edge.target);
                }
                _ => {}
            }
        }
        shown
    }
}

/// The entries of the dictionary that an object's properties are in.
fn count_dictionary(graph: &HeapGraph, store: NodeIndex) -> u64 {
    fewest_entries(numbered_slots(graph, store), SLOTS_OF_A_PROPERTY)
}

/// What a store of elements has, whose array shows none: those of a frozen array, or numbers.
fn count_elements(graph: &HeapGraph, words: &Vocabulary, store: NodeIndex) -> u64 {
    if graph.node_type(store) != NodeType::ARRAY {
        return 0;
    }
    let is_map = |name: u32| StringIndex(name) == words.map;
    if graph.edges(store).any(|edge| !is_map(edge.label.raw_name())) {
        return numbered_slots(graph, store).count() as u64;
    }
    slots(graph, store)
}

/// The numbers of the slots that a store shows, ascending.
fn numbered_slots(graph: &HeapGraph, store: NodeIndex) -> impl Iterator<Item = u64> {
    let internal = graph.edges(store).filter(|e| e.label.edge_type() == EdgeType::INTERNAL);
    internal.filter_map(|edge| parse_slot(graph.edge_name(edge)))
}

/// How many entries of so many slots each it takes to have all of `slots`, which ascend. An entry
/// shows some of its slots or all. Which slots begin one depends on V8's version; the right guess is
/// the one that needs the fewest.
fn fewest_entries(slots: impl Iterator<Item = u64>, per_entry: usize) -> u64 {
    let mut last = [u64::MAX; SLOTS_OF_A_PROPERTY];
    let mut entries = [0_u64; SLOTS_OF_A_PROPERTY];
    for slot in slots {
        for shift in 0..per_entry {
            let entry = (slot + shift as u64) / per_entry as u64;
            entries[shift] += u64::from(entry != last[shift]);
            last[shift] = entry;
        }
    }
    entries[..per_entry].iter().copied().min().unwrap_or(0)
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
    // What was deleted leaves a hole, until the table is made anew.
    let shown = graph.edges(table).filter(|edge| {
        edge.label.edge_type() == EdgeType::INTERNAL
            && graph.name_index(edge.target) != words.hole_node
    });
    let shown = shown.filter_map(|edge| parse_slot(graph.edge_name(edge)));
    let shown = fewest_entries(shown, per_entry);
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
        count(&graph, &Vocabulary::of(&graph), map)
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
        let words = Vocabulary::of(&graph);
        assert_eq!(count(&graph, &words, list), Some((Container::Array, 3)));
        assert_eq!(count(&graph, &words, record), Some((Container::Object, 1)));
        assert_eq!(count(&graph, &words, graph.root()), None);
    }

    #[test]
    fn room_that_is_filled_with_undefined_does_not_count() {
        let mut heap = GraphBuilder::new();
        let undefined = heap.node(NodeType::HIDDEN, "system / Oddball", 32);
        let [cache, empty] = [3, 0].map(|values| {
            let list = heap.node(NodeType::OBJECT, "Array", 32);
            let store = heap.node(NodeType::ARRAY, "", 16 + 100 * 8);
            heap.edge(list, EdgeType::INTERNAL, "elements", store);
            for at in 0..100 {
                let target = if at < values { list } else { undefined };
                heap.numbered(list, EdgeType::ELEMENT, at, target);
            }
            list
        });
        let graph = heap.build();
        let words = Vocabulary::of(&graph);
        assert_eq!(count(&graph, &words, cache), Some((Container::Array, 3)));
        assert_eq!(count(&graph, &words, empty), Some((Container::Array, 0)));
    }

    #[test]
    fn a_proxy_is_an_item_of_an_array() {
        let mut heap = GraphBuilder::new();
        let list = heap.node(NodeType::OBJECT, "Array", 32);
        for at in 0..3 {
            let proxy = heap.node(NodeType::HIDDEN, "system / JSProxy", 32);
            heap.numbered(list, EdgeType::ELEMENT, at, proxy);
        }
        let graph = heap.build();
        let words = Vocabulary::of(&graph);
        assert_eq!(count(&graph, &words, list), Some((Container::Array, 3)));
        assert_eq!(filled_slots(&graph, &words, list), 3);
    }

    #[test]
    fn numbers_show_the_room_they_take() {
        let mut heap = GraphBuilder::new();
        let list = heap.node(NodeType::OBJECT, "Array", 32);
        let store = heap.node(NodeType::ARRAY, "", 16 + 100 * 8);
        heap.edge(list, EdgeType::INTERNAL, "elements", store);
        let graph = heap.build();
        let words = Vocabulary::of(&graph);
        assert_eq!(count(&graph, &words, list), Some((Container::Array, 100)));
    }

    #[test]
    fn a_frozen_array_shows_its_elements_in_its_store() {
        let mut heap = GraphBuilder::new();
        let list = heap.node(NodeType::OBJECT, "Array", 32);
        let store = heap.node(NodeType::ARRAY, "", 16 + 100 * 8);
        let shape = heap.node(NodeType::OBJECT_SHAPE, "system / Map", 80);
        let item = heap.node(NodeType::OBJECT, "Object", 32);
        heap.edge(list, EdgeType::INTERNAL, "elements", store);
        heap.edge(store, EdgeType::INTERNAL, "map", shape);
        for slot in ["0", "1", "7"] {
            heap.edge(store, EdgeType::INTERNAL, slot, item);
        }
        let graph = heap.build();
        let words = Vocabulary::of(&graph);
        assert_eq!(count(&graph, &words, list), Some((Container::Array, 3)));
    }

    #[test]
    fn keys_of_a_dictionary_count_whatever_their_values_are() {
        let mut heap = GraphBuilder::new();
        let counts = heap.node(NodeType::OBJECT, "Object", 32);
        let store = heap.node(NodeType::ARRAY, "", 16 + 102 * 8);
        let key = heap.node(NodeType::STRING, "key", 24);
        let value = heap.node(NodeType::OBJECT, "Object", 24);
        heap.edge(counts, EdgeType::INTERNAL, "properties", store);
        heap.edge(counts, EdgeType::PROPERTY, "c", value);
        // Three keys, of which one has a value that is on the heap.
        for (slot, target) in [("6", key), ("12", key), ("15", key), ("16", value)] {
            heap.edge(store, EdgeType::INTERNAL, slot, target);
        }
        let plain = heap.node(NodeType::OBJECT, "Object", 32);
        let values = heap.node(NodeType::ARRAY, "", 16 + 3 * 8);
        heap.edge(plain, EdgeType::INTERNAL, "properties", values);
        for (slot, name) in [("0", "x"), ("1", "y")] {
            heap.edge(plain, EdgeType::PROPERTY, name, value);
            heap.edge(values, EdgeType::INTERNAL, slot, value);
        }
        let graph = heap.build();
        let words = Vocabulary::of(&graph);
        assert_eq!(count(&graph, &words, counts), Some((Container::Object, 3)));
        assert_eq!(count(&graph, &words, plain), Some((Container::Object, 2)));
    }

    #[test]
    fn an_accessor_is_one_property_though_its_functions_show() {
        let mut heap = GraphBuilder::new();
        let object = heap.node(NodeType::OBJECT, "Object", 32);
        let pair = heap.node(NodeType::HIDDEN, "system / AccessorPair", 32);
        let function = heap.node(NodeType::CLOSURE, "get", 32);
        heap.edge(object, EdgeType::PROPERTY, "size", pair);
        heap.edge(object, EdgeType::PROPERTY, "get size", function);
        heap.edge(object, EdgeType::PROPERTY, "set size", function);
        heap.edge(object, EdgeType::PROPERTY, "method", function);
        let graph = heap.build();
        let words = Vocabulary::of(&graph);
        assert_eq!(count(&graph, &words, object), Some((Container::Object, 2)));
    }
}
