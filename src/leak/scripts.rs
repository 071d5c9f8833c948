//! From a function or an object to the file it comes from, without a debugger.
//!
//! A closure leads to its script over `shared`; a location row gives line and column, and for an
//! instance those of its constructor (specification, sections 2.5 and 2.6).

use std::collections::{BTreeSet, HashMap};

use crate::analysis::wtf8::lossy;
use crate::graph::{EdgeType, HeapGraph, NodeIndex, NodeType, StringIndex};
use crate::leak::edges::property;
use crate::leak::vocabulary::Vocabulary;
use crate::source_map::without_query;

/// Evaluated code that evaluates code, and so on: deeper is nobody's.
const DEEPEST_EVALUATION: usize = 8;

/// A place in a script. Line and column are 1-based.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Place {
    /// The script's URL or path, as Node wrote it.
    pub url: String,
    /// Where the function begins.
    pub position: Option<(u32, u32)>,
    /// The function's name, where it has one.
    pub function: Option<String>,
}

impl Place {
    /// Whether the code is Node's own.
    pub fn is_internal(&self) -> bool {
        self.url.starts_with("node:")
    }
}

/// The file of a module. Code in a URL is in none: it is made, time and again.
pub fn file_loaded(url: &str) -> &str {
    const IN_URL: &str = "data:";
    match url.starts_with(IN_URL) {
        true => IN_URL,
        false => without_query(url),
    }
}

/// The first internal edge of a node that has one of two names.
pub fn internal_target(
    graph: &HeapGraph,
    node: NodeIndex,
    names: [StringIndex; 2],
) -> Option<NodeIndex> {
    /// V8's own descriptions have fewer edges. Thousands of functions share one, and each asks for it.
    const MOST_OF_DESCRIPTION: usize = 256;
    let most = match graph.node_type(node) {
        NodeType::CODE | NodeType::HIDDEN => MOST_OF_DESCRIPTION,
        _ => usize::MAX,
    };
    let mut edges = graph.edges(node).take(most);
    let found = edges.find(|edge| {
        edge.label.edge_type() == EdgeType::INTERNAL
            && names.contains(&StringIndex(edge.label.raw_name()))
    })?;
    Some(found.target)
}

/// The script of a closure.
pub fn script_of(graph: &HeapGraph, words: &Vocabulary, closure: NodeIndex) -> Option<NodeIndex> {
    script_of_shared(graph, words, internal_target(graph, closure, [words.shared; 2])?)
}

/// The URLs of all scripts that a function on the heap is of. Linear in nodes.
pub fn urls_of_functions(graph: &HeapGraph, words: &Vocabulary) -> BTreeSet<String> {
    let scripts = scripts_of_functions(graph, words);
    scripts.into_iter().map(|script| url_of(graph, script)).collect()
}

/// All scripts that a function on the heap is of. Linear in nodes.
pub fn scripts_of_functions(graph: &HeapGraph, words: &Vocabulary) -> BTreeSet<NodeIndex> {
    let functions = graph.nodes().filter(|&node| graph.node_type(node) == NodeType::CLOSURE);
    functions.filter_map(|function| script_of(graph, words, function)).collect()
}

/// The script of what all closures of one function share.
fn script_of_shared(graph: &HeapGraph, words: &Vocabulary, shared: NodeIndex) -> Option<NodeIndex> {
    if graph.node_type(shared) != NodeType::CODE {
        return None;
    }
    let script = internal_target(graph, shared, [words.script, words.script_or_debug_info])?;
    (graph.node_type(script) == NodeType::CODE).then_some(script)
}

/// The URL of a script: where it was loaded from or, of code that was evaluated, what its `sourceURL`
/// comment says, as bundlers write it. Empty if it has none.
pub fn url_of(graph: &HeapGraph, script: NodeIndex) -> String {
    let name = lossy(graph.raw_name(script));
    // V8 after Node 26 names scripts with their kind.
    match name.strip_prefix("system / Script / ").unwrap_or(&name) {
        "" => source_url(graph, script).unwrap_or_default(),
        url => url.to_owned(),
    }
}

/// The `sourceURL` of a script. V8 keeps it and the URL of a source map, in this order, and names
/// neither.
fn source_url(graph: &HeapGraph, script: NodeIndex) -> Option<String> {
    let first = hidden_targets(graph, script).find(|&node| graph.node_type(node).is_string())?;
    let url = lossy(graph.raw_name(first));
    let is_of_map = url.starts_with("data:application/json") || url.ends_with(".map");
    (!is_of_map && !url.is_empty()).then_some(url)
}

/// The URL of the code that evaluated a script, which has none of its own.
fn url_of_evaluator(graph: &HeapGraph, words: &Vocabulary, script: NodeIndex) -> Option<String> {
    let mut at = script;
    for _ in 0..DEEPEST_EVALUATION {
        let mut functions =
            hidden_targets(graph, at).filter(|&node| graph.node_type(node) == NodeType::CODE);
        at = functions.find_map(|shared| script_of_shared(graph, words, shared))?;
        let url = url_of(graph, at);
        if !url.is_empty() {
            return Some(url);
        }
    }
    None
}

fn hidden_targets(graph: &HeapGraph, node: NodeIndex) -> impl Iterator<Item = NodeIndex> {
    let hidden = graph.edges(node).filter(|edge| edge.label.edge_type() == EdgeType::HIDDEN);
    hidden.map(|edge| edge.target)
}

/// Where a closure is.
pub fn place_of_closure(
    graph: &HeapGraph,
    words: &Vocabulary,
    closure: NodeIndex,
) -> Option<Place> {
    // A bound function has no code of its own.
    let closure = internal_target(graph, closure, [words.bound_function; 2]).unwrap_or(closure);
    let script = script_of(graph, words, closure)?;
    let function = name_of_function(graph, words, closure);
    let url = url_of(graph, script);
    if url.is_empty() {
        // Lines of the evaluated text are none of the file that it was evaluated in.
        let url = url_of_evaluator(graph, words, script)?;
        return Some(Place { url, position: None, function });
    }
    let location = graph.tables().locations.of(closure);
    let position = location.map(|at| (at.line.saturating_add(1), at.column.saturating_add(1)));
    Some(Place { url, position, function })
}

/// What a function is called in its code or, if it has no name there, by a property, as compilers keep the
/// names of functions.
fn name_of_function(graph: &HeapGraph, words: &Vocabulary, function: NodeIndex) -> Option<String> {
    let in_code = graph.raw_name(function);
    if !in_code.is_empty() {
        return Some(lossy(in_code));
    }
    let name = property(graph, function, words.name)?;
    let text = graph.raw_name(name);
    (graph.node_type(name) == NodeType::STRING && !text.is_empty()).then(|| lossy(text))
}

/// Where the function of a call is that is suspended; `None` for any other object.
pub fn place_of_call(graph: &HeapGraph, words: &Vocabulary, call: NodeIndex) -> Option<Place> {
    let classes = [words.generator_class, words.async_generator_class];
    if !classes.contains(&graph.name_index(call)) {
        return None;
    }
    place_of_closure(graph, words, internal_target(graph, call, [words.function; 2])?)
}

/// Where the constructors of objects are.
///
/// Time: linear in the locations to find the scripts, once; then a look-up. Memory: two words a script.
#[derive(Debug)]
pub struct Constructors {
    /// By the id that V8 gives a script: that of any closure that a location row says is in it.
    scripts: HashMap<u32, NodeIndex>,
}

impl Constructors {
    /// Finds the scripts.
    pub fn find(graph: &HeapGraph, words: &Vocabulary) -> Self {
        let mut scripts = HashMap::new();
        for row in graph.tables().locations.iter() {
            let script_id = row.place.script_id;
            if graph.node_type(row.node) == NodeType::CLOSURE
                && !scripts.contains_key(&script_id)
                && let Some(script) = script_of(graph, words, row.node)
            {
                scripts.insert(script_id, script);
            }
        }
        Self { scripts }
    }

    /// Where the constructor of an object is.
    pub fn place(&self, graph: &HeapGraph, words: &Vocabulary, object: NodeIndex) -> Option<Place> {
        let at = graph.tables().locations.of(object)?;
        let script = at.script.or_else(|| self.scripts.get(&at.script_id).copied())?;
        let url = url_of(graph, script);
        if url.is_empty() {
            let url = url_of_evaluator(graph, words, script)?;
            return Some(Place { url, position: None, function: None });
        }
        let position = Some((at.line.saturating_add(1), at.column.saturating_add(1)));
        Some(Place { url, position, function: None })
    }
}

/// Where the code of an ES module is: it refers to the function or generator that runs it.
pub fn place_of_module(graph: &HeapGraph, words: &Vocabulary, module: NodeIndex) -> Option<Place> {
    graph.edges(module).find_map(|edge| {
        let target = edge.target;
        let closure = match graph.node_type(target) {
            NodeType::CLOSURE => target,
            NodeType::OBJECT => internal_target(graph, target, [words.function; 2])?,
            NodeType::CODE => {
                let names = [words.script, words.script_or_debug_info];
                let url = url_of(graph, internal_target(graph, target, names)?);
                return Some(Place { url, position: None, function: None });
            }
            _ => return None,
        };
        let url = url_of(graph, script_of(graph, words, closure)?);
        Some(Place { url, position: None, function: None })
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::leak::stage::{Heap, function, property};

    const URL: &str = "file:///srv/app/store.mjs";

    #[test]
    fn a_closure_leads_to_its_script_and_a_bound_function_to_that_of_the_other() {
        let (mut closure, mut bound) = (NodeIndex(0), NodeIndex(0));
        let heap = Heap::build(|heap, global| {
            closure = function(heap, global, "handle", URL, 12);
            bound = heap.node(NodeType::CLOSURE, "native_bind", 32);
            heap.edge(global, EdgeType::PROPERTY, "bound", bound);
            heap.edge(bound, EdgeType::INTERNAL, "bound_function", closure);
        });
        let Heap { graph, words, .. } = &heap;
        let place = place_of_closure(graph, words, closure).unwrap();
        assert_eq!(place.url, URL);
        assert_eq!(place.position, Some((12, 5)));
        assert_eq!(place.function.as_deref(), Some("handle"));
        assert_eq!(place_of_closure(graph, words, bound).unwrap(), place);
        assert!(!place.is_internal());
        assert!(Place { url: "node:net".into(), ..place }.is_internal());
    }

    #[test]
    fn an_instance_leads_to_its_constructor_by_a_function_of_the_same_script() {
        let (mut instance, mut stranger) = (NodeIndex(0), NodeIndex(0));
        let heap = Heap::build(|heap, global| {
            function(heap, global, "handle", URL, 12);
            instance = property(heap, global, "store", "Store");
            heap.locate(instance, 7, 29, 0);
            stranger = property(heap, global, "other", "Other");
            heap.locate(stranger, 8, 29, 0);
        });
        let Heap { graph, words, .. } = &heap;
        let constructors = Constructors::find(graph, words);
        let place = constructors.place(graph, words, instance).unwrap();
        assert_eq!((place.url.as_str(), place.position), (URL, Some((30, 1))));
        assert_eq!(constructors.place(graph, words, stranger), None, "no function is of script 8");
    }

    #[test]
    fn evaluated_code_is_where_its_source_url_says_or_in_the_file_that_evaluated_it() {
        let place = |strings: &[&str]| {
            let mut closure = NodeIndex(0);
            let heap = Heap::build(|heap, global| {
                closure = function(heap, global, "put", "", 3);
                let evaluator = function(heap, global, "load", "/srv/app/bundle.js", 7);
                // What `function` made: the closure, what its like share, and the script.
                let (script, shared) = (NodeIndex(closure.0 + 2), NodeIndex(evaluator.0 + 1));
                heap.numbered(script, EdgeType::HIDDEN, 1, shared);
                for (number, text) in strings.iter().enumerate() {
                    let text = heap.node(NodeType::STRING, text, 32);
                    heap.numbered(script, EdgeType::HIDDEN, 4 + number as u32, text);
                }
            });
            place_of_closure(&heap.graph, &heap.words, closure).map(|it| (it.url, it.position))
        };
        let named = "webpack-internal:///./src/store.js";
        let own = Some((named.to_owned(), Some((3, 5))));
        assert_eq!(place(&[named]), own);
        assert_eq!(place(&[named, "store.js.map"]), own);
        let evaluator = Some(("/srv/app/bundle.js".to_owned(), None));
        assert_eq!(place(&[]), evaluator);
        assert_eq!(place(&["data:application/json;base64,e30="]), evaluator);
    }

    #[test]
    fn an_es_module_leads_to_the_function_that_runs_it() {
        let (mut by_function, mut by_generator, mut none) =
            (NodeIndex(0), NodeIndex(0), NodeIndex(0));
        let heap = Heap::build(|heap, global| {
            let code = function(heap, global, "run", URL, 1);
            let mut module = || {
                let module = heap.node(NodeType::HIDDEN, "system / SourceTextModule", 64);
                heap.edge(global, EdgeType::INTERNAL, "module", module);
                module
            };
            (by_function, by_generator, none) = (module(), module(), module());
            let generator = heap.node(NodeType::OBJECT, "Generator", 64);
            heap.edge(by_function, EdgeType::INTERNAL, "code", code);
            heap.edge(by_generator, EdgeType::INTERNAL, "code", generator);
            heap.edge(generator, EdgeType::INTERNAL, "function", code);
        });
        let Heap { graph, words, .. } = &heap;
        for module in [by_function, by_generator] {
            assert_eq!(place_of_module(graph, words, module).unwrap().url, URL);
        }
        assert_eq!(place_of_module(graph, words, none), None);
    }

    #[test]
    fn scripts_that_name_their_kind_are_called_by_their_url() {
        let mut script = NodeIndex(0);
        let heap = Heap::build(|heap, global| {
            script = heap.node(NodeType::CODE, "system / Script / /srv/a.js", 32);
            heap.edge(global, EdgeType::INTERNAL, "x", script);
        });
        assert_eq!(url_of(&heap.graph, script), "/srv/a.js");
    }
}
