//! What a later diff needs to know of a baseline: how large each container and each large thing
//! was, to be asked for by id or by the slot it was in.
//!
//! A census is made once per baseline, after which its graph can go. It is also what a digest keeps.
//!
//! A small container is asked for by its slot too if that is one of a variable, or of an object that
//! a variable may stand for: such are few, and what is in them may be replaced by something large.
//!
//! Time: one pass over objects and their edges. Memory: 16 bytes for each object with items and
//! each node that retains [`LARGE`] bytes.

mod kept;

use hashbrown::HashMap;
use serde::{Deserialize, Serialize};

use crate::analysis::Analysis;
use crate::analysis::bits::BitSet;
use crate::control::{Control, Pace, in_parts};
use crate::error::Result;
use crate::graph::{Edge, EdgeType, HeapGraph, NodeIndex, NodeType, StringIndex};
use crate::leak::hash::Fnv;
use crate::leak::items::Counter;
use crate::leak::records::{Record, Records};
use crate::leak::vocabulary::Vocabulary;
pub use kept::CensusParts;

/// A node that retains this many bytes is in the census whatever it is: below, growth is noise.
pub const LARGE: u64 = 1024;

/// Functions of one name are counted if there are so many: most have a name of their own.
const MANY_FUNCTIONS: u32 = 8;

/// A class of the program with so many instances at most is one of services and stores rather than of
/// data.
const FEW_INSTANCES: u64 = 8;

/// What was of a shape.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum ByShape {
    One(Record),
    Several(Together),
}

/// What the nodes of a shape are all together.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Together {
    /// How many they are.
    pub count: u64,
    /// Their items.
    pub items: u64,
    /// What they retain.
    pub retained: u64,
}

impl Together {
    /// One more.
    pub fn add(&mut self, items: u64, retained: u64) {
        self.count += 1;
        self.items += items;
        self.retained += retained;
    }
}

impl ByShape {
    fn together(&self) -> Together {
        match *self {
            ByShape::One(Record { items, retained, .. }) => {
                Together { count: 1, items: u64::from(items), retained }
            }
            ByShape::Several(together) => together,
        }
    }

    fn and(&self, record: Record) -> Self {
        let mut together = self.together();
        together.add(u64::from(record.items), record.retained);
        ByShape::Several(together)
    }
}

/// How many there are of a class.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Instances {
    /// Nodes.
    pub count: u64,
    /// Their self sizes in the file.
    pub bytes: u64,
}

/// The sizes of a baseline.
#[derive(Debug, Default)]
pub struct Census {
    records: Records,
    /// From [`slot_key`] to the id of what is in the slot.
    slots: HashMap<u64, u32>,
    /// By shape: the only record of that shape, or several together. Empty unless asked for.
    shapes: HashMap<u64, ByShape>,
    /// How many instances of each class, by [`class_key`], and their self sizes in the file.
    classes: HashMap<u64, Instances>,
    /// Bytes of the whole snapshot.
    pub total: u64,
    /// The largest odd id: what has a larger one is younger than the baseline.
    pub last_id: u32,
    /// Whether what is not in it was nothing. A digest leaves out what is small.
    pub is_whole: bool,
}

/// What a census takes from the graph alone: it can be found out beside the dominators.
#[derive(Debug)]
pub struct Counts {
    /// By node: elements, entries or properties.
    items: Vec<u32>,
    classes: ClassCounts,
    last_id: u32,
}

impl Counts {
    /// Counts the items of every node and the instances of every class. One thread.
    ///
    /// # Errors
    /// `ABORT_ERR`, `ERR_TIMEOUT`.
    pub fn of(graph: &HeapGraph, words: &Vocabulary, control: &Control) -> Result<Self> {
        let items = count_items(graph, words, control)?;
        let (last_id, _) = id_order(graph);
        control.checkpoint()?;
        let classes = ClassCounts::of(graph, control)?;
        Ok(Self { items, classes, last_id })
    }
}

/// The elements, entries or properties of each node, by node. One thread.
///
/// # Errors
/// `ABORT_ERR`, `ERR_TIMEOUT`.
pub fn count_items(graph: &HeapGraph, words: &Vocabulary, control: &Control) -> Result<Vec<u32>> {
    let mut items = Vec::with_capacity(graph.node_count());
    let mut counter = Counter::new(graph, words);
    let mut pace = Pace::default();
    for node in graph.nodes() {
        pace.take(1 + graph.edge_range(node).len(), control)?;
        let count = counter.count(node).map_or(0, |(_, items)| items);
        items.push(u32::try_from(count).unwrap_or(u32::MAX));
    }
    Ok(items)
}

impl Census {
    /// The census of a snapshot. `by_id` are its nodes in the order of their ids. With
    /// `node_shapes`, by node, it can be asked by shape as well.
    pub fn take(
        graph: &HeapGraph,
        words: &Vocabulary,
        analysis: &Analysis,
        counts: Counts,
        by_id: &[NodeIndex],
        node_shapes: Option<&[u64]>,
        control: &Control,
    ) -> Result<Self> {
        let Counts { items, classes: counts, last_id } = counts;
        let mut records = Records::default();
        let mut large = Vec::new();
        let mut small = Vec::new();
        let mut shapes: HashMap<u64, ByShape> = HashMap::new();
        for (step, &node) in by_id.iter().enumerate() {
            control.checkpoint_at(step)?;
            let retained = analysis.retained.at(node.at());
            let items = items[node.at()];
            if !is_counted(u64::from(items), retained) {
                continue;
            }
            if retained >= LARGE { &mut large } else { &mut small }.push(node);
            let id = graph.id(node);
            let record = Record { id, tag: tag(graph, node), items, retained };
            records.push(record);
            if let Some(node_shapes) = node_shapes {
                shapes
                    .entry(node_shapes[node.at()])
                    .and_modify(|there| *there = there.and(record))
                    .or_insert(ByShape::One(record));
            }
        }
        drop(items);
        records.shrink();
        let singular = Singular { graph, words, counts: &counts.counts };
        large.extend(small.into_iter().filter(|&node| singular.is_held_by_one(analysis, node)));
        let slots = slots_of(graph, analysis, &large);
        let classes = counts.by_key(graph);
        let total = analysis.retained.at(graph.root().at());
        Ok(Self { records, slots, shapes, classes, total, last_id, is_whole: true })
    }

    /// How many instances a class had.
    pub fn instances(&self, key: u64) -> Instances {
        self.classes.get(&key).copied().unwrap_or_default()
    }

    /// The node with that id.
    pub fn by_id(&self, id: u32) -> Option<Record> {
        self.records.by_id(id)
    }

    /// What was in a slot of the node with the id `owner`.
    pub fn by_slot(&self, key: u64) -> Option<Record> {
        self.by_id(*self.slots.get(&key)?)
    }

    /// The node of a shape, if there was just one that was counted.
    pub fn by_shape(&self, shape: u64) -> Option<Record> {
        match *self.shapes.get(&shape)? {
            ByShape::One(record) => Some(record),
            ByShape::Several(_) => None,
        }
    }

    /// All nodes of a shape together, if there were any.
    pub fn together(&self, shape: u64) -> Option<Together> {
        self.shapes.get(&shape).map(ByShape::together)
    }

    /// All shapes, and what is of each together, in no order.
    pub fn shapes(&self) -> impl Iterator<Item = (u64, Together)> + '_ {
        self.shapes.iter().map(|(&shape, by)| (shape, by.together()))
    }

    /// Whether it can be asked by shape.
    pub fn has_shapes(&self) -> bool {
        !self.shapes.is_empty()
    }
}

/// The instances of each class: objects and natives by their name, everything else by type.
///
/// Columns by string are zeros, of which those cost nothing that no node is named by: a large array has a
/// string for each of its slots.
#[derive(Debug)]
struct ClassCounts {
    counts: Vec<u32>,
    bytes: Vec<u64>,
    /// The names that there are instances of.
    names: Vec<StringIndex>,
    by_type: [Instances; 256],
    /// Functions by name.
    functions: Vec<u32>,
    function_names: Vec<StringIndex>,
}

impl ClassCounts {
    fn of(graph: &HeapGraph, control: &Control) -> Result<Self> {
        let tables = graph.tables();
        let strings = graph.strings().len();
        let mut all = Self {
            counts: vec![0; strings],
            bytes: vec![0; strings],
            names: Vec::new(),
            by_type: [Instances::default(); 256],
            functions: vec![0; strings],
            function_names: Vec::new(),
        };
        for part in in_parts(0..graph.node_count()) {
            control.checkpoint()?;
            let types = &tables.node_type[part.clone()];
            let names = &tables.node_name[part.clone()];
            for ((&node_type, &name), &size) in types.iter().zip(names).zip(&tables.self_size[part])
            {
                all.add(node_type, name, size);
            }
        }
        Ok(all)
    }

    #[inline(always)]
    fn add(&mut self, node_type: NodeType, name: StringIndex, size: u32) {
        match node_type {
            NodeType::OBJECT | NodeType::NATIVE => {
                let count = &mut self.counts[name.at()];
                if *count == 0 {
                    self.names.push(name);
                }
                *count += 1;
                self.bytes[name.at()] += u64::from(size);
            }
            NodeType::CLOSURE => {
                let count = &mut self.functions[name.at()];
                if *count == 0 {
                    self.function_names.push(name);
                }
                *count += 1;
            }
            _ => {
                let of_type = &mut self.by_type[usize::from(node_type.0)];
                of_type.count += 1;
                of_type.bytes += u64::from(size);
            }
        }
    }

    /// By [`class_key`].
    fn by_key(&self, graph: &HeapGraph) -> HashMap<u64, Instances> {
        let mut classes = HashMap::new();
        // In the order of the strings: of equal ones the last counts.
        let in_order = |names: &[StringIndex]| {
            let mut names = names.to_vec();
            names.sort_unstable();
            names.into_iter()
        };
        for name in in_order(&self.names) {
            let count = u64::from(self.counts[name.at()]);
            let instances = Instances { count, bytes: self.bytes[name.at()] };
            classes.insert(key_of(NodeType::OBJECT, graph.strings().get(name)), instances);
        }
        for (node_type, &instances) in self.by_type.iter().enumerate() {
            if instances.count > 0 {
                classes.insert(key_of(NodeType(node_type as u8), &[]), instances);
            }
        }
        for name in in_order(&self.function_names) {
            let count = self.functions[name.at()];
            if count >= MANY_FUNCTIONS {
                let instances = Instances { count: u64::from(count), bytes: 0 };
                classes.insert(key_of(NodeType::CLOSURE, graph.strings().get(name)), instances);
            }
        }
        classes
    }
}

/// What [`Census::instances`] calls the class of a node.
pub fn class_key(graph: &HeapGraph, node: NodeIndex) -> u64 {
    match graph.node_type(node) {
        NodeType::OBJECT | NodeType::NATIVE => key_of(NodeType::OBJECT, graph.raw_name(node)),
        NodeType::CLOSURE => key_of(NodeType::CLOSURE, graph.raw_name(node)),
        other => key_of(other, &[]),
    }
}

/// Whether a node with so many items that retains so many bytes is in a census.
pub fn is_counted(items: u64, retained: u64) -> bool {
    items > 0 || retained >= LARGE
}

/// How many instances of the class of `sample` there are in its snapshot.
pub fn instances_now(graph: &HeapGraph, sample: NodeIndex) -> u64 {
    let node_type = graph.node_type(sample);
    let name = graph.name_index(sample);
    let same = graph.nodes().filter(|&node| {
        graph.node_type(node) == node_type
            && (!is_named(node_type) || graph.name_index(node) == name)
    });
    same.count() as u64
}

fn is_named(node_type: NodeType) -> bool {
    [NodeType::OBJECT, NodeType::NATIVE, NodeType::CLOSURE].contains(&node_type)
}

fn key_of(node_type: NodeType, name: &[u8]) -> u64 {
    let mut hash = Fnv::default();
    hash.byte(node_type.0);
    hash.text(name);
    hash.finish()
}

/// The largest odd id, and whether odd ids only ever ascend in file order. V8 gives out ids in the
/// order in which it finds nodes; objects that an earlier snapshot of the isolate has seen keep
/// theirs, which breaks the order (specification, section 1.5).
pub fn id_order(graph: &HeapGraph) -> (u32, bool) {
    let ids = &graph.tables().node_id;
    // Two loops, because one that ends early and one without branches take a fraction of the time of one
    // in which each id waits for the one before it.
    let mut last = 0;
    let ascend =
        ids.iter().filter(|&id| id % 2 == 1).all(|&id| id > std::mem::replace(&mut last, id));
    let largest = ids.iter().fold(0, |largest, &id| largest.max(id & (id & 1).wrapping_neg()));
    (largest, ascend)
}

/// Hash of a node's type and, where that does not change, its class.
pub fn tag(graph: &HeapGraph, node: NodeIndex) -> u32 {
    let mut hash = Fnv::default();
    let node_type = graph.node_type(node);
    // A string may be flattened, sliced or joined between two snapshots, and stay what it is.
    hash.byte(if node_type.is_string() { NodeType::STRING.0 } else { node_type.0 });
    if matches!(node_type, NodeType::OBJECT | NodeType::CLOSURE | NodeType::HIDDEN) {
        hash.text(graph.raw_name(node));
    }
    hash.finish() as u32
}

/// The key of a slot: the owner's id, and the edge's type and name.
pub fn slot_key(graph: &HeapGraph, owner_id: u32, edge: Edge) -> u64 {
    let mut hash = Fnv::default();
    hash.bytes(&owner_id.to_le_bytes());
    let edge_type = edge.label.edge_type();
    hash.byte(edge_type.0);
    if edge_type.is_numbered() {
        hash.bytes(&graph.edge_number(edge).to_le_bytes());
    } else {
        hash.text(graph.edge_name(edge));
    }
    hash.finish()
}

/// Tells variables, and what stands for one, from data of which there is any number.
struct Singular<'a> {
    graph: &'a HeapGraph,
    words: &'a Vocabulary,
    /// By string: how many objects and natives have that name.
    counts: &'a [u32],
}

impl Singular<'_> {
    /// Whether a node is in a slot of a variable or the like, or of an object that is.
    fn is_held_by_one(&self, analysis: &Analysis, node: NodeIndex) -> bool {
        let owner = analysis.dominators.idom(node);
        self.is_singular(owner) || self.is_singular(analysis.dominators.idom(owner))
    }

    fn is_singular(&self, node: NodeIndex) -> bool {
        let name = self.graph.name_index(node);
        match self.graph.node_type(node) {
            NodeType::OBJECT => {
                name == self.words.context_node
                    || u64::from(self.counts[name.at()]) <= FEW_INSTANCES
            }
            NodeType::HIDDEN => {
                let cells = [
                    self.words.cell_node,
                    self.words.context_cell_node,
                    self.words.property_cell_node,
                ];
                cells.contains(&name)
            }
            _ => false,
        }
    }
}

/// The slots of what is large: the direct edges from each node's immediate dominator.
fn slots_of(graph: &HeapGraph, analysis: &Analysis, large: &[NodeIndex]) -> HashMap<u64, u32> {
    let mut is_large = BitSet::new(graph.node_count());
    let mut owners: Vec<NodeIndex> = Vec::with_capacity(large.len());
    for &node in large {
        is_large.insert(node.0);
        owners.push(analysis.dominators.idom(node));
    }
    owners.sort_unstable();
    owners.dedup();
    let mut slots = HashMap::new();
    for owner in owners {
        let owner_id = graph.id(owner);
        for edge in graph.edges(owner) {
            if edge.label.edge_type() != EdgeType::WEAK
                && is_large.contains(edge.target.0)
                && analysis.dominators.idom(edge.target) == owner
            {
                slots.insert(slot_key(graph, owner_id, edge), graph.id(edge.target));
            }
        }
    }
    slots
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::leak::stage::{Heap, elements, property};

    /// What stands in the slot `name` of a node.
    fn in_slot(heap: &Heap, census: &Census, owner: NodeIndex, name: &str) -> Option<u32> {
        let graph = &heap.graph;
        let edge = graph.edges(owner).find(|edge| graph.edge_name(*edge) == name.as_bytes())?;
        Some(census.by_slot(slot_key(graph, graph.id(owner), edge))?.items)
    }

    #[test]
    fn a_small_container_is_found_by_its_slot_only_where_its_owner_is_one_of_few() {
        let (mut store, mut record) = (NodeIndex(0), NodeIndex(0));
        let heap = Heap::build(|heap, global| {
            store = property(heap, global, "store", "Store");
            let list = property(heap, store, "list", "Array");
            elements(heap, list, 0..3, "Job", 16);
            let records = property(heap, global, "records", "Array");
            for number in 0..20 {
                record = heap.node(NodeType::OBJECT, "Record", 16);
                heap.numbered(records, EdgeType::ELEMENT, number, record);
                let tags = property(heap, record, "tags", "Array");
                elements(heap, tags, 0..3, "Tag", 16);
            }
        });
        let census = heap.census();
        assert_eq!(in_slot(&heap, &census, store, "list"), Some(3));
        assert_eq!(in_slot(&heap, &census, record, "tags"), None, "there are twenty of them");
    }

    #[test]
    fn a_digest_keeps_what_retains_most_and_says_that_it_is_not_all() {
        let (mut large, mut small) = (NodeIndex(0), NodeIndex(0));
        let heap = Heap::build(|heap, global| {
            large = property(heap, global, "large", "Array");
            small = property(heap, global, "small", "Array");
            elements(heap, large, 0..30, "Job", 100);
            elements(heap, small, 0..3, "Job", 16);
        });
        let census = heap.census();
        assert!(Census::from_parts(census.parts(100)).is_whole);
        // The root, the global object and the large array are what retains most.
        let digest = Census::from_parts(census.parts(3));
        assert!(!digest.is_whole);
        let id = |node| heap.graph.id(node);
        assert_eq!(digest.by_id(id(large)).map(|record| record.items), Some(30));
        assert_eq!(digest.by_id(id(small)), None);
        assert_eq!((digest.total, digest.last_id), (census.total, census.last_id));
    }

    #[test]
    fn nodes_of_one_shape_are_counted_together_and_a_digest_keeps_the_sums() {
        let heap = Heap::build(|heap, global| {
            let rooms = property(heap, global, "rooms", "Array");
            for (number, members) in [2, 3, 5].into_iter().enumerate() {
                let room = heap.node(NodeType::OBJECT, "Array", 16);
                heap.numbered(rooms, EdgeType::ELEMENT, number as u32, room);
                elements(heap, room, 0..members, "Member", 10);
            }
        });
        let census = heap.census();
        let all = Together { count: 3, items: 10, retained: 3 * 16 + 10 * 10 };
        for census in [Census::from_parts(census.parts(100)), census] {
            assert_eq!(census.shapes.values().filter(|by| by.together() == all).count(), 1);
        }
    }

    #[test]
    fn instances_count_by_class_and_types_without_a_class_by_type() {
        let (mut job, mut text, mut other) = (NodeIndex(0), NodeIndex(0), NodeIndex(0));
        let (mut handler, mut once) = (NodeIndex(0), NodeIndex(0));
        let heap = Heap::build(|heap, global| {
            once = heap.node(NodeType::CLOSURE, "once", 64);
            heap.edge(global, EdgeType::PROPERTY, "once", once);
            for _ in 0..MANY_FUNCTIONS {
                handler = heap.node(NodeType::CLOSURE, "handler", 64);
                heap.edge(global, EdgeType::PROPERTY, "handler", handler);
            }
            for _ in 0..5 {
                job = property(heap, global, "x", "Job");
                text = heap.node(NodeType::STRING, "text", 24);
                heap.edge(global, EdgeType::PROPERTY, "y", text);
            }
            other = heap.node(NodeType::STRING, "another text", 40);
            heap.edge(global, EdgeType::PROPERTY, "z", other);
        });
        let census = heap.census();
        let count = |node| census.instances(class_key(&heap.graph, node));
        assert_eq!(count(job), Instances { count: 5, bytes: 5 * 32 });
        assert_eq!(count(other), Instances { count: 6, bytes: 5 * 24 + 40 });
        assert_eq!(instances_now(&heap.graph, text), 6);
        assert_eq!(count(handler).count, u64::from(MANY_FUNCTIONS), "functions by name");
        assert_eq!(instances_now(&heap.graph, handler), u64::from(MANY_FUNCTIONS));
        assert_eq!(count(once).count, 0, "if there are many of one");
        assert_eq!(census.instances(1), Instances::default());
    }

    #[test]
    fn ids_that_ascend_are_those_of_a_first_snapshot() {
        let order = |id| {
            let heap = Heap::build(|heap, global| {
                let node = property(heap, global, "x", "Job");
                heap.set_id(node, id);
                property(heap, global, "y", "Job");
            });
            id_order(&heap.graph)
        };
        assert_eq!(order(5), (7, true));
        assert_eq!(order(99), (99, false));
        assert_eq!(order(98), (7, true), "even ids are not of V8's heap");
    }
}
