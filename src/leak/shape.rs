//! The shape of the way to a node: what stays the same in another process, after a restart or a
//! deploy, where ids mean nothing.
//!
//! A shape is a hash over the names and classes on a node's route (see `route.rs`), as LeakCanary's
//! growth detector folds paths: array slots, map entries and the keys of dictionaries are all the
//! same `[x]`, functions go by name and file, modules by file, and nothing holds an id, a line or a
//! directory. A node whose shape no other node has, in both snapshots, is the same thing in both.
//!
//! Time: linear in nodes; each takes its parent's shape. Memory: 8 bytes a node.

use std::collections::HashMap;

use crate::control::Control;
use crate::error::Result;
use crate::graph::{EdgeType, HeapGraph, NodeIndex, NodeType, StringIndex};
use crate::leak::hash::Fnv;
use crate::leak::naming::is_identifier;
use crate::leak::route::{Routes, Step};
use crate::leak::scripts::{script_of, url_of};
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
    let mut labels = Labels { graph, words, files: HashMap::new() };
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
                shapes[node.at()] = labels.extend(above, step);
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
            NodeType::OBJECT => {
                hash.bytes(self.graph.raw_name(node));
                if self.graph.name_index(node) == self.words.module_class {
                    hash.bytes(base_name(self.file_of_module(node)));
                }
            }
            NodeType::CLOSURE => {
                hash.bytes(self.graph.raw_name(node));
                let file = self.file_of_function(node);
                hash.bytes(&file.to_le_bytes());
            }
            NodeType::HIDDEN | NodeType::SYNTHETIC => hash.bytes(self.graph.raw_name(node)),
            _ => {}
        }
    }

    fn file_of_module(&self, module: NodeIndex) -> &[u8] {
        let filename = self.graph.edges(module).find(|edge| {
            edge.label.edge_type() == EdgeType::PROPERTY
                && self.graph.edge_name(*edge) == b"filename"
        });
        filename.map_or(&[], |edge| self.graph.raw_name(edge.target))
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
