//! State of modules that were loaded since the baseline: what a module sets up once cannot be told from what
//! piles up in it.
//!
//! Time: one pass over the names of nodes, if there is a candidate that came after the baseline, and linear in
//! the properties of what such modules export. Memory: a word for each of those.

use std::collections::HashSet;

use crate::graph::{Edge, EdgeType, HeapGraph, NodeIndex, NodeType};
use crate::leak::anchors::may_be_modules;
use crate::leak::before::Before;
use crate::leak::candidate::Candidate;
use crate::leak::declarations::is_of_package;
use crate::leak::describe::{Describer, Seen};
use crate::leak::edges::property;
use crate::leak::items::{self, Container};
use crate::leak::suspects::{LEAST_ITEMS, Newer, many_bytes};
use crate::report::SuspectKind;

/// A container in a module that is younger than the baseline is reported from this many items on:
/// tables that come with a module (of MIME types, of characters) are smaller.
const MANY_ITEMS_OF_A_MODULE: u64 = 10_000;

/// And from this many on in a module of the program's own, where the baseline is of another process.
const MANY_ITEMS_OF_A_NEW_VERSION: u64 = 1_000;

/// So many entries of so many bytes each are no table that comes with a module.
const MANY_LARGE_ENTRIES: u64 = 256;
const LARGE_ENTRY: u64 = 1024;

/// What the modules export that were loaded since the baseline: another module may have it in a property,
/// and the way to it may lead over that.
#[derive(Debug)]
pub(crate) struct YoungExports {
    objects: HashSet<NodeIndex>,
    /// What is in their properties and came after the baseline.
    items: HashSet<NodeIndex>,
}

impl YoungExports {
    fn find(newer: Newer<'_>, before: &Before<'_>) -> Self {
        let Newer { graph, words, .. } = newer;
        let modules = may_be_modules(graph, words)
            .filter(|&node| graph.name_index(node) == words.module_class && before.is_young(node));
        let objects: HashSet<NodeIndex> =
            modules.filter_map(|module| property(graph, module, words.exports)).collect();
        let items = objects.iter().flat_map(|&node| young_items(graph, before, node)).collect();
        Self { objects, items }
    }
}

impl Describer<'_> {
    /// Whether a candidate is part of a module that was loaded since the baseline: what a module
    /// sets up once cannot be told from what piles up in it, unless it is a lot.
    pub(super) fn is_state_of_young_module(&self, candidate: &Candidate, seen: &Seen<'_>) -> bool {
        let Newer { graph, words, analysis, .. } = self.newer;
        let is_young = |node: NodeIndex| self.before.is_young(node);
        let was_there = candidate.point.prior.is_some() || !is_young(candidate.point.node);
        if self.is_trend || (was_there && !self.is_of_package_and_was_elsewhere(candidate, seen)) {
            return false;
        }
        let is_module = |node: NodeIndex| {
            let name = graph.name_index(node);
            name == words.module_class || name == words.source_text_module_node
        };
        let is_of_module = |node: NodeIndex| {
            is_young(node) && (is_module(node) || self.young_exports().objects.contains(&node))
        };
        let total = analysis.retained.at(graph.root().at());
        // One buffer is what a module works in, however large, as bson's of 18 MB.
        let is_one_buffer = seen.kind == SuspectKind::Buffers && candidate.more_items() == 0;
        let are_few = (1..LEAST_ITEMS).contains(&candidate.more_items());
        let is_a_lot = candidate.more_items() >= self.many_items_of_module(candidate, seen)
            || (candidate.point.bytes >= total / 4 && !is_one_buffer && !are_few)
            || self.is_map_of_large_entries(candidate);
        let mut way = seen.route.iter().map(|step| step.from).chain([candidate.point.node]);
        !is_a_lot && (way.any(is_of_module) || self.is_copy_of_exports(candidate))
    }

    /// Whether all that is known of a candidate in a package is that something of its name or size was at another
    /// place. A deploy moves what is in the program's own files about, and packages it adds.
    fn is_of_package_and_was_elsewhere(&self, candidate: &Candidate, seen: &Seen<'_>) -> bool {
        let is_of_package = seen.own_place.as_ref().is_some_and(|place| is_of_package(&place.url));
        is_of_package && self.before.was_elsewhere(candidate.point.node)
    }

    /// From how many items on a container in a young module is more than a table that came with it. In another
    /// process the module may be of a new version of the program, of which all is new.
    fn many_items_of_module(&self, candidate: &Candidate, seen: &Seen<'_>) -> u64 {
        let is_exported_whole = || self.young_exports().objects.contains(&candidate.point.node);
        let place = seen.own_place.as_ref().map(|place| place.url.as_str());
        let is_own = place.is_some_and(|url| !is_of_package(url));
        if self.before.knows_young() || !is_own || is_exported_whole() {
            return MANY_ITEMS_OF_A_MODULE;
        }
        MANY_ITEMS_OF_A_NEW_VERSION
    }

    /// Whether most new properties of a candidate are what young modules export: a package puts tables of
    /// several files together where they are first asked for.
    fn is_copy_of_exports(&self, candidate: &Candidate) -> bool {
        let graph = self.newer.graph;
        let copies: HashSet<_> = young_items(graph, self.before, candidate.point.node).collect();
        copies.intersection(&self.young_exports().items).count() * 2 > copies.len()
    }

    fn young_exports(&self) -> &YoungExports {
        self.young_exports.get_or_init(|| YoungExports::find(self.newer, self.before))
    }

    /// Whether a candidate is a Map or Set of many entries that are large and nothing but data. Modules make
    /// their tables of small ones, or of things that have functions.
    fn is_map_of_large_entries(&self, candidate: &Candidate) -> bool {
        let Newer { graph, words, analysis, .. } = self.newer;
        let container = items::count(graph, words, candidate.point.node);
        let (more, bytes) = (candidate.more_items(), candidate.point.bytes);
        let has_functions =
            candidate.contents.classes.iter().any(|class| class.node_type == NodeType::CLOSURE);
        matches!(container, Some((Container::Map | Container::Set, _)))
            && more >= MANY_LARGE_ENTRIES
            && bytes >= more * LARGE_ENTRY
            && bytes >= many_bytes(analysis.retained.at(graph.root().at()))
            && !has_functions
    }
}

/// What is in the properties and elements of an object and came after the baseline.
fn young_items<'a>(
    graph: &'a HeapGraph,
    before: &'a Before<'_>,
    node: NodeIndex,
) -> impl Iterator<Item = NodeIndex> + 'a {
    let is_item = move |edge: &Edge| {
        matches!(edge.label.edge_type(), EdgeType::PROPERTY | EdgeType::ELEMENT)
            && before.is_young(edge.target)
    };
    graph.edges(node).filter(is_item).map(|edge| edge.target)
}

#[cfg(test)]
mod tests {
    use crate::graph::{EdgeType, NodeIndex, NodeType};
    use crate::leak::stage::{elements, function, property, scope, suspects_by_shape};
    use crate::testing::GraphBuilder;

    /// A module of a file, which exports a function that has a list of texts in a variable.
    fn module(heap: &mut GraphBuilder, global: NodeIndex, file: &str, lists: [u32; 2]) {
        let modules = property(heap, global, "modules", "Object");
        let module = property(heap, modules, file, "Module");
        let filename = heap.node(NodeType::STRING, file, 40);
        heap.edge(module, EdgeType::PROPERTY, "filename", filename);
        let exports = property(heap, module, "exports", "Object");
        let parse = function(heap, exports, "parse", file, 1);
        let scope = scope(heap, parse);
        for (name, count) in ["tokens", "rules"].into_iter().zip(lists) {
            let list = heap.node(NodeType::OBJECT, "Array", 32);
            heap.edge(scope, EdgeType::CONTEXT, name, list);
            elements(heap, list, 0..count, "Token", 500);
        }
    }

    /// Names of what is found where a program had a list of four tokens, and its next version has one of
    /// `count` in a file that was not there.
    fn found_in(file: &str, count: u32) -> Vec<String> {
        let found = suspects_by_shape(|heap, global, is_grown| {
            let items = property(heap, global, "items", "Array");
            elements(heap, items, 0..4_000, "Item", 500);
            match is_grown {
                false => module(heap, global, "/srv/app/words.js", [4, 10]),
                true => module(heap, global, file, [count, 10]),
            }
        });
        found.into_iter().map(|it| it.name).collect()
    }

    #[test]
    fn a_table_that_came_with_a_package_was_nothing_before_even_if_something_had_its_name() {
        let package = "/srv/node_modules/css/parser.js";
        assert!(found_in(package, 400).is_empty());
        assert_eq!(found_in(package, 12_000), ["tokens"]);
        // A deploy moves what is in the program's own files.
        assert_eq!(found_in("/srv/app/parser.js", 400), ["tokens"]);
    }
}
