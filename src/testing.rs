//! Graphs without files: a builder, and seeded random graphs that reach what no real process
//! produces. For tests and benchmarks of this crate only.

use std::collections::HashMap;

use crate::graph::{
    EdgeIndex, EdgeLabel, EdgeType, HeapGraph, NODE_TYPE_NAMES, NodeIndex, NodeType, StringIndex,
};
use crate::snapshot::{Location, Place, SnapshotTables};

/// Builds a [`HeapGraph`] by hand. The root exists from the start: synthetic, node 0, id 1.
///
/// ```
/// use heapdiff::graph::{EdgeType, NodeType};
/// let mut heap = heapdiff::testing::GraphBuilder::new();
/// let global = heap.node(NodeType::OBJECT, "global", 16);
/// let list = heap.node(NodeType::OBJECT, "Array", 32);
/// heap.edge(heap.root(), EdgeType::SHORTCUT, "1", global);
/// heap.edge(global, EdgeType::PROPERTY, "leaks", list);
/// let graph = heap.build();
/// assert_eq!((graph.node_count(), graph.edge_count()), (3, 2));
/// ```
#[derive(Debug)]
pub struct GraphBuilder {
    tables: SnapshotTables,
    index: HashMap<Vec<u8>, StringIndex>,
    edges: Vec<Vec<(EdgeType, EdgeName, NodeIndex)>>,
}

#[derive(Clone, Copy, Debug)]
enum EdgeName {
    Text(StringIndex),
    Number(u32),
}

impl Default for GraphBuilder {
    fn default() -> Self {
        Self::new()
    }
}

impl GraphBuilder {
    /// A graph of the root alone.
    pub fn new() -> Self {
        let mut builder =
            Self { tables: SnapshotTables::default(), index: HashMap::new(), edges: Vec::new() };
        builder.tables.node_type_names =
            NODE_TYPE_NAMES.iter().map(|&name| name.to_owned()).collect();
        builder.string("<dummy>");
        builder.node(NodeType::SYNTHETIC, "", 0);
        builder
    }

    /// The root.
    pub fn root(&self) -> NodeIndex {
        self.tables.root
    }

    /// Makes another node the root.
    pub fn set_root(&mut self, root: NodeIndex) {
        self.tables.root = root;
    }

    /// A string, the same for the same text.
    pub fn string(&mut self, text: impl AsRef<[u8]>) -> StringIndex {
        let text = text.as_ref();
        if let Some(&known) = self.index.get(text) {
            return known;
        }
        let string = self.tables.strings.push(text);
        self.index.insert(text.to_vec(), string);
        string
    }

    /// A node, with the next odd id.
    pub fn node(
        &mut self,
        node_type: NodeType,
        name: impl AsRef<[u8]>,
        self_size: u32,
    ) -> NodeIndex {
        let name = self.string(name);
        let node = NodeIndex(self.tables.node_type.len() as u32);
        self.tables.node_type.push(node_type);
        self.tables.node_name.push(name);
        self.tables.node_id.push(2 * node.0 + 1);
        self.tables.self_size.push(self_size);
        self.edges.push(Vec::new());
        node
    }

    /// Gives a node another id.
    pub fn set_id(&mut self, node: NodeIndex, id: u32) {
        self.tables.node_id[node.at()] = id;
    }

    /// Gives the graph the detachedness column, and a node a value in it. Ascending nodes only.
    pub fn set_detachedness(&mut self, node: NodeIndex, value: u8) {
        self.tables.has_detachedness = true;
        self.tables.detachedness.push((node, value));
    }

    /// Says where the function, or the constructor of the object, is.
    pub fn locate(&mut self, node: NodeIndex, script_id: u32, line: u32, column: u32) {
        let place = Place { script_id, line, column, script: None };
        self.tables.locations.push(Location { node, place });
    }

    /// An edge that is named by a string.
    pub fn edge(
        &mut self,
        from: NodeIndex,
        edge_type: EdgeType,
        name: impl AsRef<[u8]>,
        to: NodeIndex,
    ) {
        assert!(!edge_type.is_numbered(), "this type is named by a number");
        let name = EdgeName::Text(self.string(name));
        self.edges[from.at()].push((edge_type, name, to));
    }

    /// An edge that is named by a number: `element` or `hidden`.
    pub fn numbered(&mut self, from: NodeIndex, edge_type: EdgeType, number: u32, to: NodeIndex) {
        assert!(edge_type.is_numbered(), "this type is named by a string");
        self.edges[from.at()].push((edge_type, EdgeName::Number(number), to));
    }

    /// The edges of a WeakMap entry: from the table and from the key, both to the value.
    pub fn ephemeron(&mut self, table: NodeIndex, key: NodeIndex, value: NodeIndex) {
        let id = |node: NodeIndex| self.tables.node_id[node.at()];
        let pair = format!(
            " / part of key (k @{}) -> value (v @{}) pair in WeakMap (table @{})",
            id(key),
            id(value),
            id(table)
        );
        self.edge(table, EdgeType::INTERNAL, format!("1{pair}"), value);
        self.edge(key, EdgeType::INTERNAL, format!("2{pair}"), value);
    }

    /// The tables, for what the builder has no method for. Edges are not in them yet.
    pub fn tables_mut(&mut self) -> &mut SnapshotTables {
        &mut self.tables
    }

    /// The graph.
    pub fn build(self) -> HeapGraph {
        let mut tables = self.tables;
        tables.first_edge = Vec::with_capacity(self.edges.len() + 1);
        tables.first_edge.push(0);
        for run in self.edges {
            for (edge_type, name, to) in run {
                let name = match name {
                    EdgeName::Text(string) => string.0,
                    EdgeName::Number(number) => {
                        if number >= EdgeLabel::WIDE {
                            let edge = EdgeIndex(tables.edge_target.len() as u32);
                            tables.wide_edge_numbers.push((edge, number));
                        }
                        number
                    }
                };
                tables.edge_target.push(to);
                tables.edge_label.push(EdgeLabel::new(edge_type, name));
            }
            tables.first_edge.push(tables.edge_target.len() as u32);
        }
        tables.locations.sort();
        HeapGraph::new(tables)
    }
}

/// A small, fast, seeded source of randomness (splitmix64): the same on every machine.
#[derive(Clone, Debug)]
pub struct Random(u64);

impl Random {
    /// A source; equal seeds give equal numbers.
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// Any number.
    pub fn next_u64(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    /// A number below `end`, which is not 0.
    pub fn below(&mut self, end: u32) -> u32 {
        (self.next_u64() % u64::from(end)) as u32
    }

    /// True with a probability of `percent` / 100.
    pub fn chance(&mut self, percent: u32) -> bool {
        self.below(100) < percent
    }

    /// One of several.
    pub fn pick<'a, T>(&mut self, choices: &'a [T]) -> &'a T {
        &choices[self.below(choices.len() as u32) as usize]
    }
}

const NAMES: [&str; 24] = [
    "Object",
    "Object",
    "Array",
    "Foo",
    "Function",
    "(string)",
    "<div id=\"a\">",
    "Detached <p x>",
    "Detached Foo",
    "system / Context",
    "system / Context / scope @5",
    "system / NativeContext",
    "system / NativeContext / http://x",
    "system / JSArrayBufferData",
    "system / ExternalStringData",
    "system / PropertyCell",
    "V8EventListener",
    "(Document DOM trees)",
    "(GC roots)",
    "(map descriptors)",
    "(object elements)",
    "",
    "caf\u{e9}",
    "\u{1F600}",
];

const EDGE_NAMES: [&str; 24] = [
    "a",
    "b",
    "c",
    "dd",
    "__proto__",
    "q\"x",
    "x,y",
    "{z}",
    "a_rather_long_property_name_that_fills_the_room_in_interface_names",
    "\u{1F600}",
    "10",
    "1",
    "1x",
    "0x1f",
    "x / DevTools console",
    "elements",
    "map",
    "native_context",
    "sloppy_function_map",
    "first",
    "second",
    "code",
    "value",
    "4",
];

/// A random graph of up to `size` nodes (at least 2): every node and edge type, nodes that nothing
/// or only weak edges lead to, unreachable cycles, WeakMap entries, detached nodes, locations and
/// sizes that wrap. Acyclic along `first` and `second` edges, as concatenated strings are.
pub fn random_graph(seed: u64, size: u32) -> HeapGraph {
    let mut random = Random::new(seed);
    let mut heap = GraphBuilder::new();
    let count = 2 + random.below(size.max(3) - 2);
    let large = random.chance(10);
    for _ in 1..count {
        let node_type = if random.chance(35) { 3 } else { random.below(18) as u8 };
        let name = *random.pick(&NAMES);
        let self_size = match random.below(10) {
            0 => 0,
            1 if large => u32::MAX - random.below(20),
            _ => 8 * (1 + random.below(20)),
        };
        let node = heap.node(NodeType(node_type), name, self_size);
        if random.chance(15) {
            heap.set_id(node, 2 * node.0);
        }
    }
    heap.tables_mut().node_type_names.extend(["odd".to_owned(), "odder".to_owned()]);
    if random.chance(50) {
        for node in (1..count).map(NodeIndex) {
            if random.chance(20) {
                heap.set_detachedness(node, random.below(4) as u8);
            }
        }
    }
    for node in (1..count).map(NodeIndex) {
        if random.chance(20) {
            heap.locate(node, random.below(2), random.below(2), 3);
        }
    }
    // Real graphs have more edges in some places than in others.
    let density = 1 + random.below(6);
    for from in (0..count).map(NodeIndex) {
        for _ in 0..random.below(density + 1) {
            random_edge(&mut random, &mut heap, from, count);
        }
    }
    if random.chance(40) {
        random_crowd(&mut random, &mut heap, count);
    }
    for _ in 0..random.below(count / 4 + 1) {
        let mut any = || NodeIndex(random.below(count));
        let (table, key, value) = (any(), any(), any());
        heap.ephemeron(table, key, value);
    }
    heap.build()
}

/// Plain objects of a few overlapping shapes, some in another order or with a property more.
fn random_crowd(random: &mut Random, heap: &mut GraphBuilder, count: u32) {
    let shapes: Vec<Vec<&str>> = (0..3)
        .map(|_| (0..1 + random.below(5)).map(|_| *random.pick(&EDGE_NAMES)).collect())
        .collect();
    for _ in 0..20 {
        let object = heap.node(NodeType::OBJECT, "Object", 24);
        let mut properties = random.pick(&shapes).clone();
        if random.chance(30) {
            properties.extend(random.pick(&shapes));
        }
        if random.chance(10) {
            properties.reverse();
        }
        if random.chance(50) {
            properties.push("__proto__");
        }
        for property in properties {
            let to = NodeIndex(random.below(count));
            heap.edge(object, EdgeType::PROPERTY, property, to);
        }
        let holder = NodeIndex(random.below(count));
        heap.edge(holder, EdgeType::PROPERTY, "crowd", object);
    }
}

fn random_edge(random: &mut Random, heap: &mut GraphBuilder, from: NodeIndex, count: u32) {
    let to = NodeIndex(random.below(count));
    let edge_type = match random.below(10) {
        0..=1 if from.0 == 0 => EdgeType::SHORTCUT,
        0..=2 => EdgeType::PROPERTY,
        _ => EdgeType(random.below(8) as u8),
    };
    if edge_type.is_numbered() {
        let number = if random.chance(2) { u32::MAX - 1 } else { random.below(8) };
        heap.numbered(from, edge_type, number, to);
        return;
    }
    let name = *random.pick(&EDGE_NAMES);
    let in_string = name == "first" || name == "second";
    if !(in_string && edge_type == EdgeType::INTERNAL && to >= from) {
        heap.edge(from, edge_type, name, to);
    }
}
