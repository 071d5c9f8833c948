//! Strings of equal text: what interning them would save.
//!
//! V8 writes no more than 1024 units of a string, so long strings with a common beginning count as
//! equal, as they do in Chrome DevTools. Newer V8s mark cut strings and say length and hash; those
//! are only equal if these are.
//!
//! Texts are compared by 128 bits of keyed hash, so that a million ropes do not cost a million
//! texts. A rope of n parts has n prefixes that are ropes themselves; as soon as a prefix is longer
//! than what is compared, all that begin with it are equal to it, and are not walked again. Time:
//! linear in strings and their texts, unless ropes stand *behind* short texts in large numbers, so
//! the parts that are looked at are limited for the whole snapshot. Memory: a hash table entry for
//! each different text and each rope.

use std::hash::{BuildHasher, RandomState};

use hashbrown::HashMap;
use hashbrown::hash_map::Entry;

use crate::analysis::bits::BitSet;
use crate::analysis::detachedness::Detachedness;
use crate::analysis::display::DisplayNames;
use crate::analysis::names::{Known, KnownNames};
use crate::analysis::ropes::{BlankRopes, halves};
use crate::analysis::sizes::Sizes;
use crate::analysis::wtf8::parse_int;
use crate::control::Control;
use crate::error::Result;
use crate::graph::{EdgeType, HeapGraph, NodeIndex, NodeType, StringIndex};

/// Two or more strings of equal text.
#[derive(Clone, Debug, PartialEq)]
pub struct DuplicateString {
    /// The text as far as the file has it, as WTF-8.
    pub value: Vec<u8>,
    /// The strings, in node order.
    pub nodes: Vec<NodeIndex>,
    /// The sum of their self sizes in bytes.
    pub self_size: u64,
    /// The sum of their retained sizes in bytes.
    pub retained_size: u64,
    /// Whether the file says that the text is cut.
    pub cut: Option<CutText>,
}

/// What the file says about a string whose text is cut.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct CutText {
    /// The whole length in UTF-16 units.
    pub length: Option<f64>,
    /// V8's hash of the whole text.
    pub hash: Option<f64>,
}

impl CutText {
    /// The numbers are integers that were parsed, so equal numbers have equal bits but for zeros.
    fn key(self) -> (Option<u64>, Option<u64>) {
        let bits = |number: f64| (number + 0.0).to_bits();
        (self.length.map(bits), self.hash.map(bits))
    }
}

/// The columns that the groups are summed up from.
#[derive(Clone, Copy, Debug)]
pub struct StringColumns<'a> {
    /// Known names.
    pub names: &'a KnownNames,
    /// Detachedness and renamed nodes.
    pub detachedness: &'a Detachedness,
    /// Concatenated strings without text.
    pub blank_ropes: &'a BlankRopes,
    /// Self size of each node in bytes, after ownership transfer.
    pub self_size: &'a [u32],
    /// Retained size of each node in bytes.
    pub retained: &'a Sizes,
}

/// Groups of equal strings, largest retained size first.
pub fn duplicate_strings(
    graph: &HeapGraph,
    columns: StringColumns<'_>,
    control: &Control,
) -> Result<Vec<DuplicateString>> {
    let mut collector = Collector {
        graph,
        names: columns.names,
        display: DisplayNames::new(graph, columns.names, columns.detachedness, columns.blank_ropes),
        value_edges: ValueEdges::new(graph),
        hashers: Default::default(),
        texts: HashMap::new(),
        parts_left: MAX_PARTS,
    };
    let mut groups = collector.groups(columns.self_size, control)?;
    for group in &mut groups {
        for node in &group.nodes {
            group.self_size += u64::from(columns.self_size[node.at()]);
            group.retained_size += columns.retained.at(node.at());
        }
    }
    // Stable: whole texts in the order of their first strings, then cut ones.
    groups.sort_by_key(|group| group.cut.is_some());
    keep_equal_cuts_together(&mut groups);
    groups.sort_by_key(|group| std::cmp::Reverse(group.retained_size));
    Ok(groups)
}

/// The set of all strings that are in a group.
pub fn duplicated_nodes(graph: &HeapGraph, groups: &[DuplicateString]) -> BitSet {
    let mut nodes = BitSet::new(graph.node_count());
    for node in groups.iter().flat_map(|group| &group.nodes) {
        nodes.insert(node.0);
    }
    nodes
}

/// Groups of the same cut text stand where the first of them stands.
fn keep_equal_cuts_together(groups: &mut [DuplicateString]) {
    let start = groups.partition_point(|group| group.cut.is_none());
    let cut = &mut groups[start..];
    let mut first: HashMap<Vec<u8>, usize> = HashMap::new();
    for (at, group) in cut.iter().enumerate() {
        first.entry(group.value.clone()).or_insert(at);
    }
    cut.sort_by_key(|group| first[&group.value]);
}

/// The names of the edges by which V8 describes cut strings, if the file has them.
struct ValueEdges {
    truncated: Option<StringIndex>,
    value: Option<StringIndex>,
    length: Option<StringIndex>,
    hash: Option<StringIndex>,
}

impl ValueEdges {
    fn new(graph: &HeapGraph) -> Self {
        let [truncated, value, length, hash] = [&b"truncated"[..], b"value", b"length", b"hash"]
            .map(|name| graph.strings().find(name));
        Self { truncated, value, length, hash }
    }
}

struct Collector<'a> {
    graph: &'a HeapGraph,
    names: &'a KnownNames,
    display: DisplayNames<'a>,
    value_edges: ValueEdges,
    hashers: [RandomState; 2],
    /// The texts of ropes; `None` while it is being found out.
    texts: HashMap<NodeIndex, Option<RopeText>>,
    /// How many more parts of concatenated strings may be looked at.
    parts_left: usize,
}

/// So many parts of concatenated strings are looked at in a snapshot: some seconds' work. The
/// strings that are left then are in no group.
const MAX_PARTS: usize = 1 << 27;

/// What is known of a concatenated string's text.
#[derive(Clone, Copy)]
struct RopeText {
    hash: [u64; 2],
    /// Whether a string that begins with this one has the same text, as far as it is compared.
    is_full: bool,
}

/// What makes two strings equal.
type Key = ([u64; 2], Option<(Option<u64>, Option<u64>)>);

impl Collector<'_> {
    /// Texts that several strings have, in the order of their first strings.
    fn groups(&mut self, self_size: &[u32], control: &Control) -> Result<Vec<DuplicateString>> {
        let mut first: HashMap<Key, First> = HashMap::new();
        let mut groups: Vec<DuplicateString> = Vec::new();
        for node in self.graph.nodes() {
            control.checkpoint_at(node.at())?;
            if self_size[node.at()] == 0 {
                continue;
            }
            let hash = match self.graph.node_type(node) {
                NodeType::STRING => self.hash(self.graph.raw_name(node)),
                NodeType::CONS_STRING => {
                    control.checkpoint()?;
                    match self.hash_of_rope(node) {
                        Some(hash) => hash,
                        None => continue,
                    }
                }
                _ => continue,
            };
            let cut = self.cut_text(node);
            match first.entry((hash, cut.map(CutText::key))) {
                Entry::Vacant(entry) => _ = entry.insert(First::Alone(node)),
                Entry::Occupied(mut entry) => match *entry.get() {
                    First::Group(at) => groups[at].nodes.push(node),
                    First::Alone(earlier) => {
                        entry.insert(First::Group(groups.len()));
                        groups.push(DuplicateString {
                            value: self.display.node(node).into_owned(),
                            nodes: vec![earlier, node],
                            self_size: 0,
                            retained_size: 0,
                            cut,
                        });
                    }
                },
            }
        }
        groups.sort_by_key(|group| group.nodes[0]);
        Ok(groups)
    }

    fn hash(&self, text: &[u8]) -> [u64; 2] {
        [self.hashers[0].hash_one(text), self.hashers[1].hash_one(text)]
    }

    /// The hash of a concatenated string's text, unless a part of it is empty: that is V8's own
    /// note that it has made the text flat.
    fn hash_of_rope(&mut self, node: NodeIndex) -> Option<[u64; 2]> {
        let is_flat = self.graph.edges(node).any(|edge| {
            edge.label.edge_type() == EdgeType::INTERNAL
                && matches!(self.names.of_edge(edge.label), Known::First | Known::Second)
                && self.display.is_empty(edge.target)
        });
        if is_flat {
            return None;
        }
        Some(self.rope_text(node)?.hash)
    }

    /// The text of a rope, found from the innermost rope that it begins with outwards.
    fn rope_text(&mut self, rope: NodeIndex) -> Option<RopeText> {
        let mut inside_out = Vec::new();
        let mut at = rope;
        let mut text = loop {
            if self.graph.node_type(at) != NodeType::CONS_STRING {
                break None;
            }
            if let Some(&text) = self.texts.get(&at) {
                break text;
            }
            self.texts.insert(at, None);
            inside_out.push(at);
            let (first, second) = halves(self.graph, self.names, at);
            at = if self.display.is_empty(first) { second } else { first };
        };
        for rope in inside_out.into_iter().rev() {
            if !text.is_some_and(|text| text.is_full) {
                text = self.walked_text(rope);
            }
            self.texts.insert(rope, text);
        }
        text
    }

    fn walked_text(&mut self, rope: NodeIndex) -> Option<RopeText> {
        if self.parts_left == 0 {
            return None;
        }
        let (text, parts) = self.display.concatenated(rope);
        self.parts_left = self.parts_left.saturating_sub(parts);
        Some(RopeText { hash: self.hash(&text.bytes), is_full: text.is_full() })
    }

    fn cut_text(&self, node: NodeIndex) -> Option<CutText> {
        let edges = &self.value_edges;
        let flag = self.internal(node, edges.truncated)?;
        if self.number_value(flag, b"bool")? != b"true" {
            return None;
        }
        let number = |name: Option<StringIndex>| {
            let node = self.internal(node, name)?;
            parse_int(self.number_value(node, b"int")?)
        };
        Some(CutText { length: number(edges.length), hash: number(edges.hash) })
    }

    /// The text of the value of a node that stands for a number or a truth value.
    fn number_value(&self, node: NodeIndex, name: &[u8]) -> Option<&[u8]> {
        let is_value =
            self.graph.node_type(node) == NodeType::NUMBER && self.graph.raw_name(node) == name;
        if !is_value {
            return None;
        }
        Some(self.graph.raw_name(self.internal(node, self.value_edges.value)?))
    }

    /// The target of a node's first internal edge of that name.
    fn internal(&self, node: NodeIndex, name: Option<StringIndex>) -> Option<NodeIndex> {
        let name = name?;
        let mut edges = self.graph.edges(node);
        let edge = edges.find(|edge| {
            edge.label.edge_type() == EdgeType::INTERNAL && edge.label.raw_name() == name.0
        })?;
        Some(edge.target)
    }
}

/// What has been seen of a text.
enum First {
    Alone(NodeIndex),
    Group(usize),
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::{Analysis, What, analyse};
    use crate::testing::GraphBuilder;

    fn groups_of(graph: &HeapGraph, analysis: &Analysis) -> Vec<DuplicateString> {
        let control = Control::default();
        let Analysis { names, detachedness, self_size, retained, .. } = analysis;
        let blank_ropes = &BlankRopes::new(graph, names, detachedness, &control).unwrap();
        let columns = StringColumns { names, detachedness, blank_ropes, self_size, retained };
        duplicate_strings(graph, columns, &control).unwrap()
    }

    #[test]
    fn equal_texts_are_found_flat_or_not() {
        let mut heap = GraphBuilder::new();
        let left = heap.node(NodeType::STRING, "ab", 16);
        let right = heap.node(NodeType::STRING, "cd", 16);
        let empty = heap.node(NodeType::STRING, "", 16);
        let rope = heap.node(NodeType::CONS_STRING, "(concatenated string)", 20);
        let flat = heap.node(NodeType::STRING, "abcd", 24);
        let flattened = heap.node(NodeType::CONS_STRING, "(concatenated string)", 20);
        for (cons, first, second) in [(rope, left, right), (flattened, flat, empty)] {
            heap.edge(cons, EdgeType::INTERNAL, "first", first);
            heap.edge(cons, EdgeType::INTERNAL, "second", second);
        }
        let graph = heap.build();
        let analysis = analyse(&graph, What::ALL, &Control::default()).unwrap();
        let groups = groups_of(&graph, &analysis);
        let found: Vec<_> = groups.iter().map(|group| (&group.value[..], &group.nodes)).collect();
        assert_eq!(found, [(&b"abcd"[..], &vec![rope, flat])]);
        assert_eq!(groups[0].self_size, 44);
    }

    /// Also where the second string of one group comes before that of another.
    #[test]
    fn groups_of_one_weight_stand_in_the_order_of_their_first_strings() {
        let mut heap = GraphBuilder::new();
        let [a, b, b_again, a_again] =
            ["a", "b", "b", "a"].map(|text| heap.node(NodeType::STRING, text, 16));
        let graph = heap.build();
        let analysis = analyse(&graph, What::ALL, &Control::default()).unwrap();
        let groups = groups_of(&graph, &analysis);
        let nodes: Vec<_> = groups.into_iter().map(|group| group.nodes).collect();
        assert_eq!(nodes, [[a, a_again], [b, b_again]]);
    }

    #[test]
    fn strings_without_a_size_of_their_own_are_in_no_group() {
        let mut heap = GraphBuilder::new();
        heap.node(NodeType::STRING, "twice", 16);
        heap.node(NodeType::STRING, "twice", 0);
        let graph = heap.build();
        let analysis = analyse(&graph, What::ALL, &Control::default()).unwrap();
        assert_eq!(groups_of(&graph, &analysis), []);
    }

    /// `text += part`, 200,000 times, with every step still alive.
    #[test]
    fn a_long_rope_does_not_take_quadratic_time() {
        let mut heap = GraphBuilder::new();
        let part = heap.node(NodeType::STRING, "x", 16);
        let mut rope = part;
        for _ in 0..200_000 {
            let longer = heap.node(NodeType::CONS_STRING, "(concatenated string)", 20);
            heap.edge(longer, EdgeType::INTERNAL, "first", rope);
            heap.edge(longer, EdgeType::INTERNAL, "second", part);
            rope = longer;
        }
        let graph = heap.build();
        let analysis = analyse(&graph, What::ALL, &Control::default()).unwrap();
        let groups = groups_of(&graph, &analysis);
        // All that are longer than what is compared have the same beginning, and are one group.
        let lengths: Vec<_> =
            groups.iter().map(|group| (group.value.len(), group.nodes.len())).collect();
        assert_eq!(lengths, [(1024, 200_000 - 1022)]);
    }
}
