//! The names that Chrome DevTools shows for nodes and edges, where they are not those of the file.
//!
//! A concatenated string is shown as the text of its leaves, a plain object as some of its
//! properties from both ends, and a shortcut by the number it stands for.

use std::borrow::Cow;

use crate::analysis::detachedness::Detachedness;
use crate::analysis::interfaces::push_formatted;
use crate::analysis::names::{Known, KnownNames};
use crate::analysis::ropes::{BlankRopes, halves};
use crate::analysis::wtf8::{parse_int, utf16_len};
use crate::graph::{Edge, EdgeType, HeapGraph, NodeIndex, NodeType, StringIndex};

/// A concatenated string's text is complete enough when it has so many UTF-16 units.
const MAX_CONS_LENGTH: usize = 1024;
/// A plain object's name gets no further property beyond so many UTF-16 units.
const MAX_OBJECT_LENGTH: usize = 100;

/// Makes the names of one snapshot's nodes and edges.
#[derive(Clone, Copy, Debug)]
pub struct DisplayNames<'a> {
    graph: &'a HeapGraph,
    names: &'a KnownNames,
    detachedness: &'a Detachedness,
    blank_ropes: &'a BlankRopes,
}

impl<'a> DisplayNames<'a> {
    /// Names for a graph.
    pub fn new(
        graph: &'a HeapGraph,
        names: &'a KnownNames,
        detachedness: &'a Detachedness,
        blank_ropes: &'a BlankRopes,
    ) -> Self {
        Self { graph, names, detachedness, blank_ropes }
    }

    /// The name of a node, as WTF-8.
    pub fn node(&self, node: NodeIndex) -> Cow<'a, [u8]> {
        match self.graph.node_type(node) {
            NodeType::CONS_STRING => Cow::Owned(self.concatenated(node).0.bytes),
            NodeType::OBJECT if self.names.of_node(self.graph, node) == Known::Object => {
                Cow::Owned(self.plain_object(node))
            }
            _ => Cow::Borrowed(self.detachedness.name(self.graph, node)),
        }
    }

    /// The text of a concatenated string, whole leaves until there are enough units, and how many
    /// parts of it were looked at.
    pub(super) fn concatenated(&self, node: NodeIndex) -> (Text, usize) {
        let Self { graph, names, detachedness, .. } = *self;
        let mut text = Text::default();
        let mut stack = vec![node];
        let (mut parts, mut ropes_in_a_row) = (0, 0);
        while let Some(node) = stack.pop() {
            parts += 1;
            if self.is_empty(node) {
                continue;
            }
            if graph.node_type(node) != NodeType::CONS_STRING {
                ropes_in_a_row = 0;
                text.push(detachedness.name(graph, node));
                if text.is_full() {
                    break;
                }
                continue;
            }
            ropes_in_a_row += 1;
            // A string that begins with itself. DevTools never ends on these.
            if ropes_in_a_row > graph.node_count() {
                break;
            }
            let (first, second) = halves(graph, names, node);
            stack.push(second);
            stack.push(first);
        }
        (text, parts)
    }

    /// Whether a node's name is the empty text.
    pub(super) fn is_empty(&self, node: NodeIndex) -> bool {
        match self.graph.node_type(node) {
            NodeType::CONS_STRING => self.blank_ropes.contains(node),
            NodeType::OBJECT if self.names.of_node(self.graph, node) == Known::Object => false,
            _ => self.detachedness.name(self.graph, node).is_empty(),
        }
    }

    /// `{first, third, ..., fourth, second}`: properties in turn from the front and from the back.
    fn plain_object(&self, object: NodeIndex) -> Vec<u8> {
        let mut front = b"{".to_vec();
        let mut back: Vec<Vec<u8>> = Vec::new();
        let (mut front_length, mut back_length) = (1, 1);
        let mut edges = self.graph.edges(object);
        let mut from_back = false;
        let mut left_out = false;
        loop {
            // Edges that are no properties are skipped on the side whose turn it is.
            let edge = if from_back { edges.next_back() } else { edges.next() };
            let Some(edge) = edge else { break };
            let is_property = edge.label.edge_type() == EdgeType::PROPERTY
                && self.names.of_edge(edge.label) != Known::Proto;
            if !is_property {
                continue;
            }
            let mut name = Vec::new();
            push_formatted(self.graph.edge_name(edge), &mut name);
            let length = utf16_len(&name);
            if front_length > 1 && front_length + back_length + length > MAX_OBJECT_LENGTH {
                left_out = true;
                break;
            }
            if from_back {
                back_length += length + if back_length > 1 { 2 } else { 0 };
                back.push(name);
            } else {
                if front_length > 1 {
                    front.extend_from_slice(b", ");
                    front_length += 2;
                }
                front.extend_from_slice(&name);
                front_length += length;
            }
            from_back = !from_back;
        }
        if left_out {
            front.extend_from_slice(", \u{2026}".as_bytes());
        }
        if back_length > 1 {
            front.extend_from_slice(b", ");
        }
        // An empty name at the very back has no comma after it.
        let mut tail = b"}".to_vec();
        let mut is_long = false;
        for name in back {
            let separator: &[u8] = if is_long { b", " } else { b"" };
            is_long |= !name.is_empty() || !separator.is_empty();
            tail = [&name, separator, &tail].concat();
        }
        front.extend_from_slice(&tail);
        front
    }

    /// The name of an edge, as WTF-8.
    pub fn edge(&self, edge: Edge) -> Cow<'a, [u8]> {
        edge_name(self.graph, edge)
    }
}

/// The beginning of a concatenated string's text.
#[derive(Debug, Default)]
pub(super) struct Text {
    /// As WTF-8.
    pub(super) bytes: Vec<u8>,
    /// In UTF-16 units.
    length: usize,
}

impl Text {
    fn push(&mut self, leaf: &[u8]) {
        self.bytes.extend_from_slice(leaf);
        self.length += utf16_len(leaf);
    }

    /// Whether no further leaf is shown.
    pub(super) fn is_full(&self) -> bool {
        self.length >= MAX_CONS_LENGTH
    }
}

/// The name of an edge, as WTF-8: the decimal of a number; for shortcuts the number that the name
/// begins with, if it does.
pub fn edge_name(graph: &HeapGraph, edge: Edge) -> Cow<'_, [u8]> {
    let edge_type = edge.label.edge_type();
    if edge_type.is_numbered() {
        return Cow::Owned(graph.edge_number(edge).to_string().into_bytes());
    }
    let text = graph.strings().get(StringIndex(edge.label.raw_name()));
    match edge_type {
        EdgeType::SHORTCUT => match parse_int(text) {
            Some(number) => Cow::Owned(number_text(number).into_bytes()),
            None => Cow::Borrowed(text),
        },
        _ => Cow::Borrowed(text),
    }
}

/// Whether DevTools takes an edge's name for a text and not for a number.
pub fn has_text_name(graph: &HeapGraph, edge: Edge) -> bool {
    match edge.label.edge_type() {
        EdgeType::ELEMENT | EdgeType::HIDDEN => false,
        EdgeType::SHORTCUT => parse_int(graph.edge_name(edge)).is_none(),
        _ => true,
    }
}

/// An integer as JavaScript prints it.
fn number_text(number: f64) -> String {
    if number.is_infinite() {
        return if number > 0.0 { "Infinity" } else { "-Infinity" }.to_owned();
    }
    if number.abs() < 1e21 {
        // Adding 0 makes 0 of -0.
        return (number + 0.0).to_string();
    }
    format!("{number:e}").replace('e', "e+")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::control::Control;
    use crate::testing::GraphBuilder;

    fn name_of(heap: GraphBuilder, node: NodeIndex) -> String {
        let graph = heap.build();
        let control = Control::default();
        let names = KnownNames::new(graph.strings(), &control).unwrap();
        let detachedness = Detachedness::new(&graph, &control).unwrap();
        let blank = BlankRopes::new(&graph, &names, &detachedness, &control).unwrap();
        let name = DisplayNames::new(&graph, &names, &detachedness, &blank).node(node).into_owned();
        String::from_utf8(name).unwrap()
    }

    fn object_with(properties: &[&str]) -> String {
        let mut heap = GraphBuilder::new();
        let object = heap.node(NodeType::OBJECT, "Object", 8);
        for property in properties {
            heap.edge(object, EdgeType::PROPERTY, property, heap.root());
        }
        name_of(heap, object)
    }

    #[test]
    fn an_object_is_named_by_its_properties_from_both_ends() {
        assert_eq!(object_with(&[]), "{}");
        assert_eq!(object_with(&["a", "__proto__"]), "{a}");
        assert_eq!(object_with(&["a", "b", "c", "d, e"]), "{a, b, c, \"d, e\"}");
        let long = "x".repeat(60);
        assert_eq!(object_with(&["a", &long, &long, "b"]), format!("{{a, {long}, \u{2026}, b}}"));
    }

    #[test]
    fn a_concatenated_string_is_named_by_its_leaves() {
        let mut heap = GraphBuilder::new();
        let left = heap.node(NodeType::STRING, "left ", 8);
        let right = heap.node(NodeType::STRING, "right", 8);
        let inner = heap.node(NodeType::CONS_STRING, "(concatenated string)", 8);
        let outer = heap.node(NodeType::CONS_STRING, "(concatenated string)", 8);
        heap.edge(inner, EdgeType::INTERNAL, "first", left);
        heap.edge(inner, EdgeType::INTERNAL, "second", right);
        heap.edge(outer, EdgeType::INTERNAL, "first", inner);
        heap.edge(outer, EdgeType::INTERNAL, "second", inner);
        assert_eq!(name_of(heap, outer), "left rightleft right");
    }

    #[test]
    fn a_string_that_contains_itself_has_a_name_all_the_same() {
        let mut heap = GraphBuilder::new();
        let string = heap.node(NodeType::CONS_STRING, "(concatenated string)", 8);
        heap.edge(string, EdgeType::INTERNAL, "first", string);
        heap.edge(string, EdgeType::INTERNAL, "second", string);
        assert_eq!(name_of(heap, string), "");
    }

    /// A rope, and what `halves` makes of it and the two strings `(empty)` and `x`.
    fn rope_of(halves: impl Fn(NodeIndex, [NodeIndex; 2]) -> [NodeIndex; 2]) -> String {
        let mut heap = GraphBuilder::new();
        let rope = heap.node(NodeType::CONS_STRING, "(concatenated string)", 8);
        let leaves = ["", "x"].map(|text| heap.node(NodeType::STRING, text, 8));
        let [first, second] = halves(rope, leaves);
        heap.edge(rope, EdgeType::INTERNAL, "first", first);
        heap.edge(rope, EdgeType::INTERNAL, "second", second);
        name_of(heap, rope)
    }

    #[test]
    fn a_string_that_ends_with_itself_is_cut() {
        assert_eq!(rope_of(|rope, [_, text]| [text, rope]), "x".repeat(MAX_CONS_LENGTH));
        assert_eq!(rope_of(|rope, [empty, _]| [empty, rope]), "");
        assert_eq!(rope_of(|rope, [_, text]| [rope, text]), "");
    }

    /// 2^60 empty leaves come before the only one with text.
    #[test]
    fn a_text_behind_countless_empty_parts_is_found() {
        let mut heap = GraphBuilder::new();
        let mut part = heap.node(NodeType::STRING, "", 8);
        let text = heap.node(NodeType::STRING, "text", 8);
        for at in 0..=60 {
            let rope = heap.node(NodeType::CONS_STRING, "(concatenated string)", 8);
            heap.edge(rope, EdgeType::INTERNAL, "first", part);
            heap.edge(rope, EdgeType::INTERNAL, "second", if at == 60 { text } else { part });
            part = rope;
        }
        assert_eq!(name_of(heap, part), "text");
    }

    #[test]
    fn numbers_are_printed_as_javascript_prints_them() {
        assert_eq!(number_text(-0.0), "0");
        assert_eq!(number_text(-12.0), "-12");
        assert_eq!(number_text(123456789012345680000.0), "123456789012345680000");
        assert_eq!(number_text(1.5e22), "1.5e+22");
    }
}
