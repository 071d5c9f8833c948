//! Where shapes begin: places that a program has once, however a way comes to them.
//!
//! A module, the scope of a module, a call that waits and is the only one of its function, and the
//! global object, which has another class and another way in each version of Node. By
//! which of Node's lists and lazily loaded parts a way comes to a module is chance; to the scope of a
//! module it may come over whatever happens to wait for something at the time. Both differ between two
//! runs of one program; the file and the name of the function do not.
//!
//! Time: linear in nodes, and the edges of modules, functions and calls. Memory: the names of files.

use std::collections::{HashMap, HashSet};

use crate::graph::{EdgeType, HeapGraph, NodeIndex, NodeType};
use crate::leak::hash::Fnv;
use crate::leak::route::Source;
use crate::leak::scripts::{internal_target, place_of_module, script_of, url_of};
use crate::leak::shape::NO_SHAPE;
use crate::leak::vocabulary::Vocabulary;

/// What the URL of Node's own modules begins with.
const OF_NODE: &str = "node:";

/// The shapes of the realm of the program and of its global object: smaller than those that are
/// hashes, so that no way that costs as little gives them another one.
const REALM: u64 = NO_SHAPE + 2;
const GLOBAL: u64 = NO_SHAPE + 3;

/// The places where shapes begin, and their shapes: what each is, and the file in its package, or as
/// much of its path as tells it from other files, because a deploy may put a program into another
/// directory.
pub(super) fn anchors(graph: &HeapGraph, words: &Vocabulary) -> Vec<Source<u64>> {
    let mut anchors = modules(graph, words);
    anchors.extend(scopes_of_modules(graph, words));
    anchors.extend(sole_calls(graph, words));
    anchors.retain(|anchor| !anchor.file.is_empty());
    let names = FileNames::of(anchors.iter().map(|anchor| anchor.file.as_str()));
    let label = |anchor: &Anchor| {
        let mut hash = Fnv::default();
        hash.bytes(graph.raw_name(anchor.node));
        hash.bytes(&anchor.function);
        hash.bytes(names.telling(&anchor.file).as_bytes());
        hash.finish().max(GLOBAL + 1)
    };
    let named = anchors.iter().map(|anchor| Source { node: anchor.node, label: label(anchor) });
    named.chain(realm(graph, words)).collect()
}

/// The realm of the program and its global object: of all realms, the one that Node has put its
/// functions in.
fn realm(graph: &HeapGraph, words: &Vocabulary) -> Vec<Source<u64>> {
    let is_of_node = |&global: &NodeIndex| {
        graph.edges(global).any(|edge| {
            edge.label.edge_type() == EdgeType::PROPERTY && graph.edge_name(edge) == b"setImmediate"
        })
    };
    let mut realms = graph.nodes().filter(|&node| {
        graph.node_type(node) == NodeType::HIDDEN
            && graph.name_index(node) == words.native_context_node
    });
    let found = realms.find_map(|realm| {
        // The one from Node 26 on, the other before.
        let globals = [words.global_object, words.extension];
        let mut globals =
            globals.into_iter().filter_map(|name| internal_target(graph, realm, [name; 2]));
        let global = globals.find(is_of_node)?;
        Some(vec![Source { node: realm, label: REALM }, Source { node: global, label: GLOBAL }])
    });
    found.unwrap_or_default()
}

/// A place of which there is one.
struct Anchor {
    node: NodeIndex,
    file: String,
    /// The name of the function that waits.
    function: Vec<u8>,
}

/// The modules of the program, of its packages and of Node.
fn modules(graph: &HeapGraph, words: &Vocabulary) -> Vec<Anchor> {
    let of_node = |node| {
        let file = path_of(file_of_module(graph, words, node)?);
        Some(Anchor { node, file, function: Vec::new() })
    };
    graph.nodes().filter_map(of_node).collect()
}

/// The outermost scopes of scripts. Which script a scope is of, the functions in it tell.
fn scopes_of_modules(graph: &HeapGraph, words: &Vocabulary) -> Vec<Anchor> {
    let is_scope = |node: NodeIndex| {
        graph.node_type(node) == NodeType::OBJECT && graph.name_index(node) == words.context_node
    };
    let mut files = Files { graph, urls: HashMap::new() };
    let mut seen = HashSet::new();
    let mut anchors = Vec::new();
    for closure in graph.nodes().filter(|&node| graph.node_type(node) == NodeType::CLOSURE) {
        let scope = internal_target(graph, closure, [words.context; 2]);
        let Some(scope) = scope.filter(|&scope| is_scope(scope)) else { continue };
        let around = internal_target(graph, scope, [words.previous; 2]);
        if around.is_some_and(is_scope) || !seen.insert(scope) {
            continue;
        }
        if let Some(script) = script_of(graph, words, closure) {
            anchors.push(Anchor { node: scope, file: files.of(script), function: Vec::new() });
        }
    }
    anchors
}

/// Suspended calls of async functions and generators, where there is one of its function.
fn sole_calls(graph: &HeapGraph, words: &Vocabulary) -> Vec<Anchor> {
    let classes = [words.generator_class, words.async_generator_class];
    let mut files = Files { graph, urls: HashMap::new() };
    let mut calls: HashMap<NodeIndex, Option<Anchor>> = HashMap::new();
    for node in graph.nodes() {
        if graph.node_type(node) != NodeType::OBJECT || !classes.contains(&graph.name_index(node)) {
            continue;
        }
        let called = internal_target(graph, node, [words.function; 2]).and_then(|function| {
            let shared = internal_target(graph, function, [words.shared; 2])?;
            let name = graph.raw_name(function).to_vec();
            Some((shared, script_of(graph, words, function)?, name))
        });
        let Some((shared, script, function)) = called.filter(|(_, _, name)| !name.is_empty())
        else {
            continue;
        };
        calls
            .entry(shared)
            .and_modify(|there| *there = None)
            .or_insert_with(|| Some(Anchor { node, file: files.of(script), function }));
    }
    let mut sole: Vec<_> = calls.into_values().flatten().collect();
    sole.sort_unstable_by_key(|anchor| anchor.node);
    sole
}

/// The files of scripts.
struct Files<'a> {
    graph: &'a HeapGraph,
    urls: HashMap<NodeIndex, String>,
}

impl Files<'_> {
    fn of(&mut self, script: NodeIndex) -> String {
        self.urls.entry(script).or_insert_with(|| path_of(url_of(self.graph, script))).clone()
    }
}

/// By how much of its path a file is told from the others.
struct FileNames<'a> {
    /// How many files have a name.
    named: HashMap<&'a str, u32>,
}

impl<'a> FileNames<'a> {
    fn of(files: impl Iterator<Item = &'a str>) -> Self {
        let distinct: HashSet<&str> = files.collect();
        let mut named: HashMap<&str, u32> = HashMap::new();
        for file in distinct {
            *named.entry(last_parts(file, 1)).or_default() += 1;
        }
        Self { named }
    }

    fn telling<'f>(&self, file: &'f str) -> &'f str {
        if let Some((_, in_package)) = file.rsplit_once("node_modules/") {
            return in_package;
        }
        if file.starts_with(OF_NODE) {
            return file;
        }
        match self.named.get(last_parts(file, 1)) {
            Some(1) => last_parts(file, 1),
            _ => last_parts(file, 2),
        }
    }
}

/// The path in a URL of a file, so that a module and its script have one name.
fn path_of(url: String) -> String {
    match url.strip_prefix("file://") {
        Some(path) => path.to_owned(),
        None => url,
    }
}

/// The last so many parts of a path.
fn last_parts(path: &str, count: usize) -> &str {
    let start = path.rmatch_indices('/').nth(count - 1).map_or(0, |(at, _)| at + 1);
    &path[start..]
}

/// The file of a module; `None` for any other node.
pub(crate) fn file_of_module(
    graph: &HeapGraph,
    words: &Vocabulary,
    node: NodeIndex,
) -> Option<String> {
    let class = graph.name_index(node);
    match graph.node_type(node) {
        NodeType::OBJECT if class == words.module_class => text_of(graph, node, b"filename"),
        NodeType::OBJECT if class == words.builtin_module_class => {
            text_of(graph, node, b"id").map(|id| format!("{OF_NODE}{id}"))
        }
        NodeType::OBJECT if class == words.module_wrap_class => text_of(graph, node, b"url"),
        NodeType::HIDDEN if class == words.source_text_module_node => {
            place_of_module(graph, words, node).map(|place| place.url)
        }
        _ => None,
    }
}

/// The text of a property of a module.
fn text_of(graph: &HeapGraph, module: NodeIndex, property: &[u8]) -> Option<String> {
    let edge = graph.edges(module).find(|edge| {
        edge.label.edge_type() == EdgeType::PROPERTY && graph.edge_name(*edge) == property
    })?;
    let text = graph.raw_name(edge.target);
    graph
        .node_type(edge.target)
        .is_string()
        .then(|| String::from_utf8_lossy(text).replace('\\', "/"))
}
