//! Keys that look like names: tenants, hosts and languages in a plain object. They are data, and no word
//! that a developer can search for; what the code has a word for is the object.
//!
//! V8 tells how an object came to be: a literal, or JSON, has room in itself for just the properties that
//! were written there, and `{}` for four. What is added to either goes to a store beside the object when
//! that room is used up. So objects that code has built key by key are known by their layout. Of their
//! keys, those are names that some file of the program declares or assigns. A key that is no identifier is one
//! only if such a file has it in quotes and the layout does not speak against it.

use crate::graph::{Edge, EdgeType, HeapGraph, NodeIndex, NodeType, StringIndex};
use crate::leak::describe::Describer;
use crate::leak::edges::target;
use crate::leak::naming::{Handle, has_many_properties, is_events, is_identifier};
use crate::leak::route::Step;
use crate::leak::scripts::Place;
use crate::leak::suspects::Newer;
use crate::leak::vocabulary::Vocabulary;

/// Bytes of an object before the properties that it has room for in itself.
const OBJECT_HEADER: u32 = 24;

/// Bytes of a property.
const SLOT: u32 = 8;

/// V8 gives `{}` room for so many properties.
const SLOTS_OF_AN_EMPTY_LITERAL: u32 = 4;

/// So many keys of a way are searched for in the source.
const MOST_QUOTED: usize = 2;

impl Describer<'_> {
    /// The handle of a route or, if that is a key which is data, the name of what has such keys.
    pub(super) fn handle_in_code(&self, route: &[Step]) -> Option<Handle> {
        let own = self.handle(route)?;
        if let Some(quoted) = self.quoted_name(&own, route) {
            return Some(quoted);
        }
        let mut handle = own.clone();
        while self.may_be_data(&handle, route) {
            if self.is_declared(&handle, route) {
                return Some(handle);
            }
            let Some(outer) = self.handle(&route[..handle.at]) else { return Some(own) };
            handle = outer;
        }
        // Where no file can be read, nothing is declared.
        let is_in_code = handle == own || self.is_declared(&handle, route);
        Some(if is_in_code { handle } else { own })
    }

    /// The nearest key behind a handle that is no identifier and nevertheless a name: code has it in quotes, as
    /// in `{ 'by-id': new Map() }`, and the object has not been built key by key.
    fn quoted_name(&self, own: &Handle, route: &[Step]) -> Option<Handle> {
        let Newer { graph, words, .. } = self.newer;
        let inner = route.iter().enumerate().skip(own.at + 1).rev();
        let quoted = inner.filter_map(|(at, step)| {
            let name = self.naming.edge_text(step);
            let is_key = step.edge.label.edge_type() == EdgeType::PROPERTY
                && !is_identifier(&name)
                && !name.starts_with("Symbol(")
                // Of what has dots, declarations are searched for the last part.
                && !name.contains('.')
                && !has_many_properties(graph, words, step)
                && !is_built_by_key(graph, words, step.from);
            is_key.then_some(Handle { name, at, owner: step.from })
        });
        // How many keys there are on a way is a matter of data.
        quoted.take(MOST_QUOTED).find(|handle| {
            let declarations = &self.places.declarations;
            declarations.is_name(&declarations.named(handle))
        })
    }

    /// Whether the layout of the object allows that a handle is a key of a dictionary.
    fn may_be_data(&self, handle: &Handle, route: &[Step]) -> bool {
        let Newer { graph, words, .. } = self.newer;
        let step = &route[handle.at];
        let is_event = handle.at > 0 && is_events(words, &route[handle.at - 1]);
        handle.owner == step.from
            && step.edge.label.edge_type() == EdgeType::PROPERTY
            && !is_event
            && is_built_by_key(graph, words, step.from)
            && are_alike(graph, words, step)
            && !self.places.declarations.is_exported(step.from)
    }

    /// Whether a file of the program declares a name, as far as files can be read.
    fn is_declared(&self, handle: &Handle, route: &[Step]) -> bool {
        let declarations = &self.places.declarations;
        let named = declarations.named(handle);
        let place: Option<Place> = self.places.place_of_route(route, Some(handle));
        let here = declarations.find(place.as_ref(), handle, &named);
        here.is_some_and(|(_, declared)| declared.is_name()) || declarations.is_name(&named)
    }
}

/// Whether properties were added to a plain object after it was made.
fn is_built_by_key(graph: &HeapGraph, words: &Vocabulary, node: NodeIndex) -> bool {
    let is_plain =
        graph.node_type(node) == NodeType::OBJECT && graph.name_index(node) == words.object_class;
    let has_store = || target(graph, node, EdgeType::INTERNAL, words.properties).is_some();
    let has_room = || {
        let slots = graph.file_self_size(node).saturating_sub(OBJECT_HEADER) / SLOT;
        let properties = own_properties(graph, words, node).count();
        slots == SLOTS_OF_AN_EMPTY_LITERAL && properties < slots as usize
    };
    is_plain && (has_store() || has_room())
}

/// Whether everything else that an object refers to by a property is of the class of what a step leads to.
fn are_alike(graph: &HeapGraph, words: &Vocabulary, step: &Step) -> bool {
    let class = |node: NodeIndex| (graph.node_type(node), graph.name_index(node));
    own_properties(graph, words, step.from)
        .all(|edge| class(edge.target) == class(step.edge.target))
}

fn own_properties<'g>(
    graph: &'g HeapGraph,
    words: &Vocabulary,
    node: NodeIndex,
) -> impl Iterator<Item = Edge> + 'g {
    let prototype = words.proto;
    graph.edges(node).filter(move |edge| {
        edge.label.edge_type() == EdgeType::PROPERTY
            && StringIndex(edge.label.raw_name()) != prototype
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::leak::stage::{Sources, elements, function, property, scope, suspects};
    use crate::testing::GraphBuilder;

    /// What a map is called that stands by a key in an object of so many bytes, of a program with this source.
    fn name_of(test: &str, source: &str, size: u32) -> Vec<String> {
        let sources = Sources::new(test, &[("main.js", source)]);
        let found = suspects(|heap, global, is_grown| {
            let load = function(heap, global, "load", &sources.url("main.js"), 1);
            let scope = scope(heap, load);
            let app = heap.node(NodeType::OBJECT, "Object", size);
            heap.edge(scope, EdgeType::CONTEXT, "app", app);
            let map = property(heap, app, "by-id", "Array");
            elements(heap, map, 0..if is_grown { 300 } else { 4 }, "Item", 100);
        });
        found.into_iter().map(|it| it.name).collect()
    }

    #[test]
    fn a_key_in_quotes_is_a_name_if_the_source_has_it() {
        let source = "const app = {\n  'by-id': [],\n};\n";
        assert_eq!(name_of("data-keys-quoted", source, 32), ["by-id"]);
        assert_eq!(name_of("data-keys-built", source, 56), ["app"], "added to an empty literal");
        let source = "const app = JSON.parse(text);\n";
        assert_eq!(name_of("data-keys-json", source, 32), ["app"]);
    }

    /// Whether an object of so many bytes, with values of these classes, is one that was built key by key,
    /// and of values that are alike.
    fn seen(size: u32, values: &[&str], has_store: bool) -> (bool, bool) {
        let mut heap = GraphBuilder::new();
        let object = heap.node(NodeType::OBJECT, "Object", size);
        heap.edge(heap.root(), EdgeType::PROPERTY, "tenants", object);
        for (at, class) in values.iter().enumerate() {
            let value = heap.node(NodeType::OBJECT, class, 16);
            heap.edge(object, EdgeType::PROPERTY, format!("key{at}"), value);
        }
        let prototype = heap.node(NodeType::OBJECT, "Object", 56);
        heap.edge(object, EdgeType::PROPERTY, "__proto__", prototype);
        if has_store {
            let store = heap.node(NodeType::HIDDEN, "system / PropertyArray", 64);
            heap.edge(object, EdgeType::INTERNAL, "properties", store);
        }
        let graph = heap.build();
        let words = Vocabulary::of(&graph);
        let edge = graph.edges(object).next().unwrap();
        let step = Step { from: object, edge };
        (is_built_by_key(&graph, &words, object), are_alike(&graph, &words, &step))
    }

    #[test]
    fn objects_that_were_added_to_are_known_by_their_layout() {
        assert_eq!(seen(40, &["Array"; 2], false), (false, true), "a literal");
        assert_eq!(seen(56, &["Array"; 4], false), (false, true), "a literal");
        assert_eq!(seen(56, &["Array"; 2], false), (true, true), "room for more");
        assert_eq!(seen(56, &["Array"; 9], true), (true, true), "more than there is room for");
        assert_eq!(seen(24, &["Array"], true), (true, true), "a hash table");
        assert_eq!(seen(24, &["Array", "Map"], true), (true, false));
    }
}
