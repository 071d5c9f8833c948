//! The shape of the way to a node: what stays the same in another process, after a restart or a
//! deploy, where ids mean nothing.
//!
//! A shape is a hash over the names and classes on a node's route (see `route.rs`), as LeakCanary's
//! growth detector folds paths: array slots, map entries and the keys of dictionaries are all the
//! same `[x]`, functions go by name and file, modules by file, and nothing holds an id, a line or a
//! directory. A node whose shape no other node has, in both snapshots, is the same thing in both.
//!
//! A module is where a shape begins: by which of Node's lists and lazily loaded parts a route comes
//! to it is chance, and differs between two runs of one program.
//!
//! Time: linear in nodes; each takes its parent's shape. Memory: 8 bytes a node, and the names of
//! the modules' files.

use std::collections::{HashMap, HashSet};

use crate::control::Control;
use crate::error::Result;
use crate::graph::{EdgeType, HeapGraph, NodeIndex, NodeType, StringIndex};
use crate::leak::hash::Fnv;
use crate::leak::naming::is_identifier;
use crate::leak::route::{Routes, Step};
use crate::leak::scripts::{place_of_module, script_of, url_of};
use crate::leak::vocabulary::Vocabulary;

/// A plain object with more properties than this is a dictionary: its keys are data.
const KEYS_OF_A_DICTIONARY: usize = 64;

/// A node that no route leads to.
pub const NO_SHAPE: u64 = 0;

/// The shape of every node, by node.
///
/// # Errors
///
/// `ABORT_ERR`, `ERR_TIMEOUT`.
pub fn shapes(
    graph: &HeapGraph,
    words: &Vocabulary,
    routes: &Routes,
    control: &Control,
) -> Result<Vec<u64>> {
    let mut shapes = vec![NO_SHAPE; graph.node_count()];
    let mut labels =
        Labels { graph, words, files: HashMap::new(), modules: Modules::find(graph, words) };
    let mut pending: Vec<(NodeIndex, Step)> = Vec::new();
    shapes[graph.root().at()] = 1;
    for node in graph.nodes() {
        control.checkpoint_at(node.at())?;
        let mut at = node;
        while shapes[at.at()] == NO_SHAPE
            && let Some(step) = routes.arrival(graph, at)
        {
            pending.push((at, step));
            at = step.from;
        }
        while let Some((node, step)) = pending.pop() {
            let above = shapes[step.from.at()];
            if above != NO_SHAPE {
                shapes[node.at()] = match labels.modules.shape(graph, node) {
                    Some(shape) => shape,
                    None => labels.extend(above, step),
                };
            }
        }
    }
    Ok(shapes)
}

/// What a step adds to a shape.
struct Labels<'a> {
    graph: &'a HeapGraph,
    words: &'a Vocabulary,
    /// The hash of a script's file name.
    files: HashMap<NodeIndex, u64>,
    modules: Modules,
}

/// What is the same thing in every process that loads the same file: a module.
struct Modules {
    /// The file of each module.
    files: HashMap<NodeIndex, String>,
    /// Of how many files each name is the last part.
    names: HashMap<String, u32>,
}

impl Modules {
    /// Finds the modules of the program and its packages, CommonJS and ES.
    fn find(graph: &HeapGraph, words: &Vocabulary) -> Self {
        let mut files = HashMap::new();
        for node in graph.nodes() {
            let class = graph.name_index(node);
            let file = match graph.node_type(node) {
                NodeType::OBJECT if class == words.module_class => {
                    file_in(graph, node, b"filename")
                }
                NodeType::OBJECT if class == words.module_wrap_class => {
                    file_in(graph, node, b"url")
                }
                NodeType::HIDDEN if class == words.source_text_module_node => {
                    place_of_module(graph, words, node).map(|place| place.url)
                }
                _ => None,
            };
            if let Some(file) = file.filter(|file| !file.is_empty() && !file.starts_with("node:")) {
                files.insert(node, file);
            }
        }
        let distinct: HashSet<&String> = files.values().collect();
        let mut names: HashMap<String, u32> = HashMap::new();
        for file in distinct {
            *names.entry(last_parts(file, 1).to_owned()).or_default() += 1;
        }
        Self { files, names }
    }

    /// The shape of a node that is a module: that of its file in a package, or as much of its path
    /// as tells it from other files, because a deploy may put a program into another directory.
    fn shape(&self, graph: &HeapGraph, node: NodeIndex) -> Option<u64> {
        let file = self.files.get(&node)?;
        let name = last_parts(file, 1);
        let told_by = match file.rsplit_once("node_modules/") {
            Some((_, in_package)) => in_package,
            None if self.names.get(name) == Some(&1) => name,
            None => last_parts(file, 2),
        };
        let mut hash = Fnv::default();
        hash.bytes(graph.raw_name(node));
        hash.bytes(told_by.as_bytes());
        Some(hash.finish().max(NO_SHAPE + 2))
    }
}

/// The text of a property of a module.
fn file_in(graph: &HeapGraph, module: NodeIndex, property: &[u8]) -> Option<String> {
    let edge = graph.edges(module).find(|edge| {
        edge.label.edge_type() == EdgeType::PROPERTY && graph.edge_name(*edge) == property
    })?;
    let text = graph.raw_name(edge.target);
    graph
        .node_type(edge.target)
        .is_string()
        .then(|| String::from_utf8_lossy(text).replace('\\', "/"))
}

/// The last so many parts of a path.
fn last_parts(path: &str, count: usize) -> &str {
    let start = path.rmatch_indices('/').nth(count - 1).map_or(0, |(at, _)| at + 1);
    &path[start..]
}

impl Labels<'_> {
    fn extend(&mut self, above: u64, step: Step) -> u64 {
        let mut hash = Fnv::default();
        // In which of Node's lists a timer stands, and behind which others, is chance.
        let is_timer = self.graph.node_type(step.edge.target) == NodeType::OBJECT
            && self.graph.name_index(step.edge.target) == self.words.timeout_class;
        if !is_timer {
            hash.bytes(&above.to_le_bytes());
            self.add_edge(&mut hash, step);
        }
        self.add_class(&mut hash, step.edge.target);
        // Zero stands for "none".
        hash.finish().max(1)
    }

    fn add_edge(&self, hash: &mut Fnv, step: Step) {
        let label = step.edge.label;
        let name = StringIndex(label.raw_name());
        match label.edge_type() {
            EdgeType::CONTEXT => hash.bytes(self.graph.strings().get(name)),
            EdgeType::PROPERTY if !self.is_key(step) => {
                hash.bytes(self.graph.strings().get(name));
            }
            EdgeType::INTERNAL => {
                let text = self.graph.strings().get(name);
                match text.first() {
                    Some(b'0'..=b'9') => hash.bytes(b"[x]"),
                    _ => hash.bytes(text),
                }
            }
            _ => hash.bytes(b"[x]"),
        }
    }

    /// Whether a property's name is data.
    fn is_key(&self, step: Step) -> bool {
        let is_plain = self.graph.node_type(step.from) == NodeType::OBJECT
            && self.graph.name_index(step.from) == self.words.object_class;
        is_plain && {
            let text = String::from_utf8_lossy(self.graph.edge_name(step.edge));
            let is_symbol = text.starts_with("<symbol");
            let many = self.graph.edge_range(step.from).len() > KEYS_OF_A_DICTIONARY;
            many || !(is_symbol || is_identifier(&text))
        }
    }

    fn add_class(&mut self, hash: &mut Fnv, node: NodeIndex) {
        let node_type = self.graph.node_type(node);
        hash.byte(if node_type.is_string() { NodeType::STRING.0 } else { node_type.0 });
        match node_type {
            NodeType::OBJECT => hash.bytes(self.graph.raw_name(node)),
            NodeType::CLOSURE => {
                hash.bytes(self.graph.raw_name(node));
                let file = self.file_of_function(node);
                hash.bytes(&file.to_le_bytes());
            }
            NodeType::HIDDEN | NodeType::SYNTHETIC => hash.bytes(self.graph.raw_name(node)),
            _ => {}
        }
    }

    fn file_of_function(&mut self, closure: NodeIndex) -> u64 {
        let Some(script) = script_of(self.graph, self.words, closure) else { return 0 };
        *self.files.entry(script).or_insert_with(|| {
            let mut hash = Fnv::default();
            hash.bytes(base_name(url_of(self.graph, script).as_bytes()));
            hash.finish()
        })
    }
}

/// The last part of a path or URL.
fn base_name(path: &[u8]) -> &[u8] {
    path.rsplit(|&byte| byte == b'/' || byte == b'\\').next().unwrap_or(path)
}
