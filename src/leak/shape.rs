//! The shape of the way to a node: what stays the same in another process, after a restart or a
//! deploy, where ids mean nothing.
//!
//! A shape is a hash over the names and classes on a node's route (see `route.rs`), as LeakCanary's
//! growth detector folds paths: array slots, map entries and the keys of dictionaries are all the
//! same `[x]`, functions go by name and file, modules by file, and nothing holds an id, a line or a
//! directory. A node whose shape no other node has, in both snapshots, is the same thing in both.
//!
//! Ways and shapes begin at what a program has once, as its modules: see `anchors.rs`.
//!
//! A part of a shape is the name by which the last step goes, and another the class it leads to, so that what
//! is at another place after a deploy can be known again: see `moved.rs`.
//!
//! Time: linear in nodes and edges; each node takes its parent's shape. Memory: 8 bytes a node, 9 and the
//! buckets of the search while that runs.

use hashbrown::HashMap;

use crate::control::Control;
use crate::error::Result;
use crate::graph::{EdgeType, HeapGraph, NodeIndex, NodeType, StringIndex};
use crate::leak::anchors::{anchors, file_of_module};
use crate::leak::exports::Exports;
use crate::leak::hash::{Fnv, hash_of};
use crate::leak::naming::{BlockVariables, has_many_properties, is_identifier};
use crate::leak::route::{Routes, Source, Step, labels as labels_by_way};
use crate::leak::scripts::{file_loaded, script_of, url_of};
use crate::leak::vocabulary::Vocabulary;

/// A node that no route leads to.
pub const NO_SHAPE: u64 = 0;

/// So many bits of a shape are a hash of the name, as many above the others one of the class.
const NAME_BITS: u32 = 16;
const CLASS_BITS: u32 = 8;
const WAY_BITS: u32 = u64::BITS - NAME_BITS - CLASS_BITS;

/// Names that tell nothing of what they stand for: every module has them, or every class.
const OF_EVERY_MODULE: [&[u8]; 4] = [b"exports", b"default", b"prototype", b"constructor"];

/// The name of the variable or property that a shape ends with; 0: it has none.
pub fn name_in(shape: u64) -> u64 {
    shape >> (CLASS_BITS + WAY_BITS)
}

/// The class of what a shape leads to.
pub fn class_in(shape: u64) -> u64 {
    shape >> WAY_BITS & ((1 << CLASS_BITS) - 1)
}

/// Puts a shape together out of hashes. Without a name it has none.
pub(super) fn shape_of(way: u64, name: Option<u64>, class: u64) -> u64 {
    let folded = |hash: u64, bits: u32| (hash ^ hash >> 32) & ((1 << bits) - 1);
    let name = name.map_or(0, |name| folded(name, NAME_BITS).max(1));
    let class = folded(class, CLASS_BITS);
    let way = way & ((1 << WAY_BITS) - 1);
    // Zero stands for "none".
    (name << (CLASS_BITS + WAY_BITS) | class << WAY_BITS | way).max(1)
}

/// The shape of every node, by node.
///
/// # Errors
///
/// `ABORT_ERR`, `ERR_TIMEOUT`.
pub fn shapes(graph: &HeapGraph, words: &Vocabulary, control: &Control) -> Result<Vec<u64>> {
    let mut sources = anchors(graph, words, control)?;
    sources.push(Source { node: graph.root(), label: NO_SHAPE + 1 });
    let mut labels = Labels::new(graph, words);
    labels_by_way(graph, words, &sources, |above, step| labels.extend(above, step), control)
}

/// The shapes of a few nodes by their ways from the root, within one snapshot.
pub(crate) struct RouteShapes<'a> {
    labels: Labels<'a>,
    routes: &'a Routes,
    exports: &'a Exports,
    known: HashMap<NodeIndex, u64>,
}

impl<'a> RouteShapes<'a> {
    /// Nothing is looked at yet.
    pub(crate) fn new(
        graph: &'a HeapGraph,
        words: &'a Vocabulary,
        routes: &'a Routes,
        exports: &'a Exports,
    ) -> Self {
        let labels = Labels::new(graph, words);
        let known = HashMap::from([(graph.root(), NO_SHAPE + 1)]);
        Self { labels, routes, exports, known }
    }

    /// The shape of a node. Linear in the steps that no other node's way has had before.
    pub(crate) fn of(&mut self, node: NodeIndex) -> u64 {
        let mut pending = Vec::new();
        let mut at = node;
        let mut shape = loop {
            if let Some(&shape) = self.known.get(&at) {
                break shape;
            }
            if let Some(shape) = self.shape_of_module(at) {
                self.known.insert(at, shape);
                break shape;
            }
            let Some(step) = self.routes.arrival(self.labels.graph, at) else { break NO_SHAPE };
            pending.push((at, step));
            at = step.from;
        };
        for (node, step) in pending.into_iter().rev() {
            shape = self.labels.extend(shape, step);
            self.known.insert(node, shape);
        }
        shape
    }

    /// The shape of a module or of a variable that it exports. The lists on the way there look all the same,
    /// and what is in two modules is not.
    fn shape_of_module(&self, node: NodeIndex) -> Option<u64> {
        let Labels { graph, words, .. } = self.labels;
        let (name, file) = match self.exports.of(node) {
            Some(export) => (&*export.name, file_of_module(graph, words, export.module)?),
            None => ("", file_of_module(graph, words, node)?),
        };
        let mut hash = Fnv::default();
        hash.bytes(name.as_bytes());
        hash.bytes(file_loaded(&file).as_bytes());
        Some(hash.finish().max(NO_SHAPE + 2))
    }
}

/// What a step adds to a shape.
struct Labels<'a> {
    graph: &'a HeapGraph,
    words: &'a Vocabulary,
    texts: Texts,
    /// The scripts of functions.
    scripts: HashMap<NodeIndex, Option<NodeIndex>>,
    /// The hash of a script's file name.
    files: HashMap<NodeIndex, u64>,
    /// The scope that was looked at last. All its edges are, one after the other.
    block: Option<(NodeIndex, BlockVariables)>,
}

impl<'a> Labels<'a> {
    fn new(graph: &'a HeapGraph, words: &'a Vocabulary) -> Self {
        let (scripts, files) = Default::default();
        Self { graph, words, texts: Texts::default(), scripts, files, block: None }
    }

    fn extend(&mut self, above: u64, step: Step) -> u64 {
        let class = self.class(step.edge.target);
        let mut way = Fnv::default();
        // In which of Node's lists a timer stands, and behind which others, is chance.
        let is_timer = self.graph.node_type(step.edge.target) == NodeType::OBJECT
            && self.graph.name_index(step.edge.target) == self.words.timeout_class;
        let name = if is_timer { None } else { self.name(step) };
        if !is_timer {
            way.word(above);
            way.word(name.map_or_else(|| self.unnamed(step), |name| name.hash));
        }
        way.word(class);
        shape_of(way.finish(), name.filter(|name| name.is_telling).map(|name| name.hash), class)
    }

    /// The variable or property that a step goes by.
    fn name(&mut self, step: Step) -> Option<Text> {
        let label = step.edge.label;
        match label.edge_type() {
            EdgeType::CONTEXT => Some(self.text(StringIndex(label.raw_name()))),
            EdgeType::PROPERTY => self.name_of_property(step),
            EdgeType::HIDDEN => self.variable_of_block(step),
            _ => None,
        }
    }

    /// The name of a property, unless that is data.
    fn name_of_property(&mut self, step: Step) -> Option<Text> {
        if has_many_properties(self.graph, self.words, &step) {
            return None;
        }
        let is_plain = self.graph.node_type(step.from) == NodeType::OBJECT
            && self.graph.name_index(step.from) == self.words.object_class;
        let name = self.text(StringIndex(step.edge.label.raw_name()));
        (name.is_word || !is_plain).then_some(name)
    }

    fn variable_of_block(&mut self, step: Step) -> Option<Text> {
        let scope = step.from;
        if self.block.as_ref().is_none_or(|(last, _)| *last != scope) {
            self.block = Some((scope, BlockVariables::of(self.graph, self.words, scope)));
        }
        let (_, variables) = self.block.as_ref()?;
        let name = variables.name(self.graph, self.graph.edge_number(step.edge))?;
        Some(self.text(self.graph.name_index(name)))
    }

    /// What stands for a step that goes by no name of the program's.
    fn unnamed(&mut self, step: Step) -> u64 {
        let label = step.edge.label;
        let internal = (label.edge_type() == EdgeType::INTERNAL)
            .then(|| self.text(StringIndex(label.raw_name())));
        internal.filter(|text| !text.is_numbered).map_or(ANY_SLOT, |text| text.hash)
    }

    fn class(&mut self, node: NodeIndex) -> u64 {
        let mut hash = Fnv::default();
        let node_type = self.graph.node_type(node);
        hash.byte(if node_type.is_string() { NodeType::STRING.0 } else { node_type.0 });
        match node_type {
            NodeType::OBJECT | NodeType::HIDDEN | NodeType::SYNTHETIC => {
                hash.word(self.text(self.graph.name_index(node)).hash);
            }
            NodeType::CLOSURE => {
                hash.word(self.text(self.graph.name_index(node)).hash);
                hash.word(self.file_of_function(node));
            }
            _ => {}
        }
        hash.finish()
    }

    fn text(&mut self, string: StringIndex) -> Text {
        self.texts.of(self.graph, string)
    }

    fn file_of_function(&mut self, closure: NodeIndex) -> u64 {
        let Some(script) = self.script_of(closure) else { return 0 };
        *self
            .files
            .entry(script)
            .or_insert_with(|| hash_of(base_name(url_of(self.graph, script).as_bytes())))
    }

    fn script_of(&mut self, closure: NodeIndex) -> Option<NodeIndex> {
        /// Of a function with so many edges the script is looked up once, however many refer to it.
        const MANY: usize = 64;
        let Self { graph, words, .. } = *self;
        let look_up = || script_of(graph, words, closure);
        match graph.edge_range(closure).len() {
            ..=MANY => look_up(),
            _ => *self.scripts.entry(closure).or_insert_with(look_up),
        }
    }
}

/// Stands for the number or key of a slot.
const ANY_SLOT: u64 = 0;

/// What has to be known of a text.
#[derive(Clone, Copy)]
struct Text {
    string: StringIndex,
    hash: u64,
    /// Whether it says what it stands for, if it is a name.
    is_telling: bool,
    /// Whether it can be a name in code.
    is_word: bool,
    /// Whether it begins with a digit.
    is_numbered: bool,
}

impl Text {
    fn new(graph: &HeapGraph, string: StringIndex) -> Self {
        let bytes = graph.strings().get(string);
        let is_symbol = bytes.starts_with(b"<symbol");
        Self {
            string,
            hash: hash_of(bytes),
            is_telling: !bytes.is_empty() && !OF_EVERY_MODULE.contains(&bytes),
            is_word: is_symbol || is_identifier(&String::from_utf8_lossy(bytes)),
            is_numbered: bytes.first().is_some_and(u8::is_ascii_digit),
        }
    }
}

/// The texts that were asked for last: names and classes are few, and each comes many times.
struct Texts(Vec<Option<Text>>);

impl Default for Texts {
    fn default() -> Self {
        /// So many fit into a second-level cache.
        const PLACES: usize = 4096;
        Self(vec![None; PLACES])
    }
}

impl Texts {
    fn of(&mut self, graph: &HeapGraph, string: StringIndex) -> Text {
        let place = string.at() % self.0.len();
        match self.0[place] {
            Some(text) if text.string == string => text,
            _ => *self.0[place].insert(Text::new(graph, string)),
        }
    }
}

/// The last part of a path or URL.
fn base_name(path: &[u8]) -> &[u8] {
    path.rsplit(|&byte| byte == b'/' || byte == b'\\').next().unwrap_or(path)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::GraphBuilder;

    /// The shape of the cache in a module's exports, where the module is `lists` lists deep in Node.
    fn shape_in(file: &str, lists: usize, other_file: Option<&str>) -> u64 {
        let mut heap = GraphBuilder::new();
        let mut above = heap.node(NodeType::OBJECT, "global", 16);
        heap.edge(heap.root(), EdgeType::SHORTCUT, "1", above);
        for _ in 0..lists {
            let list = heap.node(NodeType::OBJECT, "Array", 16);
            heap.edge(above, EdgeType::PROPERTY, "loaded", list);
            above = list;
        }
        let mut cache = above;
        for file in [Some(file), other_file].into_iter().flatten() {
            let module = heap.node(NodeType::OBJECT, "Module", 16);
            let name = heap.node(NodeType::STRING, file, 16);
            cache = heap.node(NodeType::OBJECT, "Map", 16);
            heap.edge(above, EdgeType::PROPERTY, file, module);
            heap.edge(module, EdgeType::PROPERTY, "filename", name);
            heap.edge(module, EdgeType::PROPERTY, "exports", cache);
        }
        let graph = heap.build();
        let words = Vocabulary::of(&graph);
        shapes(&graph, &words, &Control::default()).unwrap()[cache.at()]
    }

    #[test]
    fn how_a_module_is_reached_and_where_it_is_installed_does_not_matter() {
        let shape = shape_in("/srv/v1/store.js", 1, None);
        assert_eq!(shape, shape_in("/srv/v1/store.js", 3, None));
        assert_eq!(shape, shape_in("/srv/v2/store.js", 1, None));
        assert_ne!(shape, shape_in("/srv/v1/users.js", 1, None));
    }

    #[test]
    fn files_of_one_name_are_told_apart_by_their_folders() {
        let users = shape_in("/app/orders/index.js", 1, Some("/app/users/index.js"));
        let orders = shape_in("/app/users/index.js", 1, Some("/app/orders/index.js"));
        assert_ne!(users, orders);
        let first = shape_in("/a/node_modules/x/index.js", 1, None);
        assert_eq!(first, shape_in("/b/node_modules/x/index.js", 1, None));
        assert_ne!(first, shape_in("/a/node_modules/y/index.js", 1, None));
    }
}
