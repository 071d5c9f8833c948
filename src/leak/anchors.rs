//! Where shapes begin: places that a program has once, however a way comes to them.
//!
//! A module, the scope of a module, a variable that it exports, a call that waits and is the only one of its
//! function, and the global object, which has another class and another way in each version of Node. By
//! which of Node's lists and lazily loaded parts a way comes to a module is chance; to the scope of a
//! module it may come over whatever happens to wait for something at the time. Both differ between two
//! runs of one program; the file and the name of the function do not.
//!
//! Time: linear in nodes, and the edges of modules, functions and calls. Memory: the names of files.

use std::collections::{HashMap, HashSet};

use crate::control::Control;
use crate::error::Result;
use crate::graph::{EdgeType, HeapGraph, NodeIndex, NodeType};
use crate::leak::exports::{Export, Exports};
use crate::leak::file_names::{FileNames, OF_NODE, path_of};
use crate::leak::hash::{Fnv, hash_of};
use crate::leak::route::Source;
use crate::leak::scripts::{internal_target, place_of_module, script_of, url_of};
use crate::leak::shape::{NO_SHAPE, shape_of};
use crate::leak::vocabulary::Vocabulary;

/// The shapes of the realm of the program and of its global object: smaller than those that are
/// hashes, so that no way that costs as little gives them another one.
const REALM: u64 = NO_SHAPE + 2;
const GLOBAL: u64 = NO_SHAPE + 3;

/// The places where shapes begin, and their shapes: what each is, and the file in its package, or as
/// much of its path as tells it from other files, because a deploy may put a program into another
/// directory.
///
/// # Errors
///
/// `ABORT_ERR`, `ERR_TIMEOUT`.
pub(super) fn anchors(
    graph: &HeapGraph,
    words: &Vocabulary,
    control: &Control,
) -> Result<Vec<Source<u64>>> {
    let mut anchors = Vec::new();
    for some in [modules, scopes_of_modules, sole_calls, exported_variables] {
        // Each is a pass over all nodes.
        control.checkpoint()?;
        anchors.extend(some(graph, words));
    }
    control.checkpoint()?;
    anchors.retain(|anchor| !anchor.file.is_empty());
    let names = FileNames::of(anchors.iter().map(|anchor| anchor.file.as_str()));
    let label = |anchor: &Anchor| {
        let mut class = Fnv::default();
        class.bytes(graph.raw_name(anchor.node));
        let mut way = class;
        way.bytes(&anchor.name);
        way.bytes(names.telling(&anchor.file).as_bytes());
        let name = (!anchor.name.is_empty()).then(|| hash_of(&anchor.name));
        shape_of(way.finish(), name, class.finish()).max(GLOBAL + 1)
    };
    let named = anchors.iter().map(|anchor| Source { node: anchor.node, label: label(anchor) });
    Ok(named.chain(realm(graph, words)).collect())
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
    /// That of the function that waits, or of the variable.
    name: Vec<u8>,
}

impl Anchor {
    /// Whether it is a call of a function without a name.
    fn is_anonymous(&self) -> bool {
        self.name.first() == Some(&BETWEEN_NAMES)
    }
}

/// The modules of the program, of its packages and of Node.
fn modules(graph: &HeapGraph, words: &Vocabulary) -> Vec<Anchor> {
    let of_node = |node| {
        let file = path_of(&file_of_module(graph, words, node)?);
        Some(Anchor { node, file, name: Vec::new() })
    };
    may_be_modules(graph, words).filter_map(of_node).collect()
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
            anchors.push(Anchor { node: scope, file: files.of(script), name: Vec::new() });
        }
    }
    anchors
}

/// Suspended calls of async functions and generators, where there is one of its function. A function
/// without a name goes by those of its variables, if no other in its file has the same ones.
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
            Some((shared, script_of(graph, words, function)?, function))
        });
        let Some((shared, script, function)) = called else { continue };
        calls.entry(shared).and_modify(|there| *there = None).or_insert_with(|| {
            let name = match graph.raw_name(function) {
                [] => names_of_variables(graph, words, node)?,
                name => name.to_vec(),
            };
            Some(Anchor { node, file: files.of(script), name })
        });
    }
    let mut sole: Vec<_> = calls.into_values().flatten().collect();
    let place = |anchor: &Anchor| (anchor.file.clone(), anchor.name.clone());
    let mut at_place: HashMap<_, usize> = HashMap::new();
    sole.iter().for_each(|anchor| *at_place.entry(place(anchor)).or_default() += 1);
    sole.retain(|anchor| !anchor.is_anonymous() || at_place[&place(anchor)] == 1);
    sole.sort_unstable_by_key(|anchor| anchor.node);
    sole
}

/// What stands between names of variables, and in no name.
const BETWEEN_NAMES: u8 = b',';

/// The names of the variables that a suspended call shares with functions, in the order in which V8
/// describes them.
fn names_of_variables(graph: &HeapGraph, words: &Vocabulary, call: NodeIndex) -> Option<Vec<u8>> {
    let scope = internal_target(graph, call, [words.context; 2])?;
    let scope_info = internal_target(graph, scope, [words.scope_info; 2])?;
    let mut names = Vec::new();
    for edge in graph.edges(scope_info) {
        let is_name = edge.label.edge_type() == EdgeType::HIDDEN
            && graph.node_type(edge.target) == NodeType::STRING;
        if is_name {
            names.push(BETWEEN_NAMES);
            names.extend_from_slice(graph.raw_name(edge.target));
        }
    }
    (!names.is_empty()).then_some(names)
}

/// The variables that ES modules export. In the arrays of a module they have no names.
fn exported_variables(graph: &HeapGraph, words: &Vocabulary) -> Vec<Anchor> {
    let exports = Exports::find(graph, words);
    let anchor = |(node, export): (NodeIndex, &Export)| {
        let file = path_of(&place_of_module(graph, words, export.module)?.url);
        Some(Anchor { node, file, name: export.name.clone().into_bytes() })
    };
    exports.all().into_iter().filter_map(anchor).collect()
}

/// The files of scripts.
struct Files<'a> {
    graph: &'a HeapGraph,
    urls: HashMap<NodeIndex, String>,
}

impl Files<'_> {
    fn of(&mut self, script: NodeIndex) -> String {
        self.urls.entry(script).or_insert_with(|| path_of(&url_of(self.graph, script))).clone()
    }
}

/// The nodes that [`file_of_module`] may know the file of. Their names rule out nearly all others, by one
/// column.
pub(super) fn may_be_modules(
    graph: &HeapGraph,
    words: &Vocabulary,
) -> impl Iterator<Item = NodeIndex> {
    let names = [
        words.module_class,
        words.builtin_module_class,
        words.module_wrap_class,
        words.source_text_module_node,
    ];
    let all = graph.tables().node_name.iter().zip(0..);
    all.filter(move |(name, _)| names.contains(name)).map(|(_, at)| NodeIndex(at))
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
