//! For tests: two heaps that are built by hand, and what a diff knows of them.

use std::fs;
use std::path::PathBuf;
use std::sync::OnceLock;

use crate::analysis::ids::nodes_by_id;
use crate::analysis::{Analysis, What, analyse};
use crate::control::Control;
use crate::graph::{EdgeType, HeapGraph, NodeIndex, NodeType};
use crate::leak::before::Before;
use crate::leak::census::{Census, Counts, count_items};
use crate::leak::growth::{Growth, Walk};
use crate::leak::route::Routes;
use crate::leak::shape::shapes;
use crate::leak::suspects::{Newer, find_suspects};
use crate::leak::vocabulary::Vocabulary;
use crate::report::{DiffOptions, Suspect};
use crate::testing::GraphBuilder;

/// A heap and the facts about it.
pub(crate) struct Heap {
    pub(crate) graph: HeapGraph,
    pub(crate) words: Vocabulary,
    pub(crate) analysis: Analysis,
    pub(crate) routes: Routes,
}

impl Heap {
    pub(crate) fn of(builder: GraphBuilder) -> Self {
        let control = Control::default();
        let graph = builder.build();
        let words = Vocabulary::of(&graph);
        let analysis = analyse(&graph, What::ALL, &control).unwrap();
        let routes = Routes::find(&graph, &words, &control).unwrap();
        Self { graph, words, analysis, routes }
    }

    /// A heap with a global object, and what `build` adds to it.
    pub(crate) fn build(build: impl FnOnce(&mut GraphBuilder, NodeIndex)) -> Self {
        let mut heap = GraphBuilder::new();
        let global = heap.node(NodeType::OBJECT, "global", 16);
        heap.edge(heap.root(), EdgeType::SHORTCUT, "1", global);
        build(&mut heap, global);
        Self::of(heap)
    }

    pub(crate) fn census(&self) -> Census {
        let Self { graph, words, analysis, .. } = self;
        let control = Control::default();
        let shapes = shapes(graph, words, &control).unwrap();
        let counts = Counts::of(graph, words, &control).unwrap();
        let by_id = nodes_by_id(&graph.tables().node_id, &control).unwrap();
        Census::take(graph, words, analysis, counts, &by_id, Some(&shapes), &control).unwrap()
    }

    pub(crate) fn newer(&self) -> Newer<'_> {
        let Self { graph, words, analysis, routes } = self;
        Newer { graph, words, routes, analysis }
    }

    /// The baseline asked by shape, as if it were of another process.
    pub(crate) fn before_by_shape<'c>(&self, census: &'c Census) -> Before<'c> {
        let control = Control::default();
        let shapes = shapes(&self.graph, &self.words, &control).unwrap();
        let items = count_items(&self.graph, &self.words, &control).unwrap();
        Before::by_shape(census, self.newer(), shapes, items, false, &control).unwrap()
    }

    /// Where growth of more than `least_bytes` and `least_items` piles up since `before`.
    pub(crate) fn growth(&self, before: &Before<'_>, least_bytes: u64, least_items: u64) -> Growth {
        let Self { graph, words, analysis, .. } = self;
        let shared_tables = OnceLock::new();
        let walk = Walk { graph, words, analysis, before, least_bytes, least_items, shared_tables };
        walk.run(&Control::default()).unwrap()
    }
}

/// A heap before and after: `build` is called for each, and told whether it is the grown one.
pub(crate) fn grown(build: impl Fn(&mut GraphBuilder, NodeIndex, bool)) -> (Census, Heap) {
    let heap = |is_grown| Heap::build(|heap, global| build(heap, global, is_grown));
    (heap(false).census(), heap(true))
}

/// The suspects between the two.
pub(crate) fn suspects(build: impl Fn(&mut GraphBuilder, NodeIndex, bool)) -> Vec<Suspect> {
    let (census, heap) = grown(build);
    let (before, options) =
        (Before::by_id(&census, &heap.graph, &Control::default()).unwrap(), DiffOptions::default());
    find_suspects(heap.newer(), &before, &options, &Control::default()).unwrap()
}

/// The suspects where ids mean nothing.
pub(crate) fn suspects_by_shape(
    build: impl Fn(&mut GraphBuilder, NodeIndex, bool),
) -> Vec<Suspect> {
    let (census, heap) = grown(build);
    let (before, options) = (heap.before_by_shape(&census), DiffOptions::default());
    find_suspects(heap.newer(), &before, &options, &Control::default()).unwrap()
}

/// An object in a property.
pub(crate) fn property(
    heap: &mut GraphBuilder,
    of: NodeIndex,
    name: &str,
    class: &str,
) -> NodeIndex {
    let node = heap.node(NodeType::OBJECT, class, 32);
    heap.edge(of, EdgeType::PROPERTY, name, node);
    node
}

/// Elements of an array from `first` on, of a class and size. Their ids are above those of all that is
/// built otherwise.
pub(crate) fn elements(
    heap: &mut GraphBuilder,
    array: NodeIndex,
    numbers: std::ops::Range<u32>,
    class: &str,
    size: u32,
) {
    for number in numbers {
        let item = heap.node(NodeType::OBJECT, class, size);
        heap.numbered(array, EdgeType::ELEMENT, number, item);
    }
}

/// A suspended call of a function `run` at the beginning of a script: its registers.
pub(crate) fn registers(heap: &mut GraphBuilder, of: NodeIndex, url: &str) -> NodeIndex {
    let call = heap.node(NodeType::OBJECT, "Generator", 64);
    heap.edge(of, EdgeType::PROPERTY, "__proto__", call);
    let function = function(heap, call, "run", url, 1);
    heap.edge(call, EdgeType::INTERNAL, "function", function);
    let registers = heap.node(NodeType::ARRAY, "", 64);
    heap.edge(call, EdgeType::INTERNAL, "parameters_and_registers", registers);
    registers
}

/// A function of a script, which is made with it, at a line.
pub(crate) fn function(
    heap: &mut GraphBuilder,
    of: NodeIndex,
    name: &str,
    url: &str,
    line: u32,
) -> NodeIndex {
    let closure = heap.node(NodeType::CLOSURE, name, 32);
    let shared = heap.node(NodeType::CODE, name, 32);
    let script = heap.node(NodeType::CODE, url, 32);
    heap.edge(of, EdgeType::PROPERTY, name, closure);
    heap.edge(closure, EdgeType::INTERNAL, "shared", shared);
    heap.edge(shared, EdgeType::INTERNAL, "script", script);
    heap.locate(closure, 7, line - 1, 4);
    closure
}

/// The scope that a function has its variables in.
pub(crate) fn scope(heap: &mut GraphBuilder, function: NodeIndex) -> NodeIndex {
    let scope = heap.node(NodeType::OBJECT, "system / Context", 48);
    heap.edge(function, EdgeType::INTERNAL, "context", scope);
    scope
}

/// Source files that are gone when this is.
pub(crate) struct Sources(PathBuf);

impl Sources {
    /// Writes them to a folder of the test's own.
    pub(crate) fn new(test: &str, files: &[(&str, &str)]) -> Self {
        let folder = std::env::temp_dir().join(format!("heapdiff-{test}-{}", std::process::id()));
        for (name, text) in files {
            let path = folder.join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        Self(folder)
    }

    /// The path of one.
    pub(crate) fn url(&self, name: &str) -> String {
        self.0.join(name).to_string_lossy().into_owned()
    }
}

impl Drop for Sources {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}
