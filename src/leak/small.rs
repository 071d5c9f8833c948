//! Growth that is too small to be looked at by itself, and is large together: the buffer of each
//! connection that was replaced by a larger one, the replies to each comment of a tree.
//!
//! Time: O(log n) for each such place, and linear in the edges of what is around it. Memory: some words
//! for each.

use std::cmp::Reverse;
use std::collections::{BTreeMap, HashMap};

use crate::graph::{HeapGraph, NodeIndex, NodeType, StringIndex};
use crate::leak::alike::Look;
use crate::leak::candidate::{Alike, Candidate};
use crate::leak::crowds::{Place, with_places};
use crate::leak::exports::Exports;
use crate::leak::growth::{Accumulation, Walk};
use crate::leak::shape::RouteShapes;
use crate::leak::suspects::{MANY_THINGS, Newer};

/// Fewer places than this in slots of one name may be a warm-up.
const FEWEST_PLACES: usize = 4;

/// What of `small` is a suspect with others like it. `many` bytes in one place would be one alone.
pub(super) fn large_together(
    newer: Newer<'_>,
    walk: &Walk<'_>,
    exports: &Exports,
    small: Vec<Candidate>,
    many: u64,
) -> Vec<Candidate> {
    let (outgrown, small): (Vec<_>, Vec<_>) =
        small.into_iter().partition(|candidate| has_outgrown(newer.graph, candidate));
    let (mut large, rest) = many_in_one_place(newer, exports, outgrown, 2 * many);
    large.extend(many_in_one_slot(walk, rest.into_iter().chain(small), many));
    large
}

/// Whether it is twice as large as what stood in its place, and more, or a text that was added to.
fn has_outgrown(graph: &HeapGraph, candidate: &Candidate) -> bool {
    let Accumulation { node, prior, bytes, .. } = candidate.point;
    prior.is_some_and(|prior| bytes > prior.retained)
        || (candidate.links > 0 && graph.node_type(node).is_string())
}

/// Values that are reached alike and together have `least` bytes, and the others.
fn many_in_one_place(
    newer: Newer<'_>,
    exports: &Exports,
    candidates: Vec<Candidate>,
    least: u64,
) -> (Vec<Candidate>, Vec<Candidate>) {
    let mut shapes = RouteShapes::new(newer.graph, newer.words, newer.routes, exports);
    let mut places: HashMap<Look, u64> = HashMap::new();
    let mut look = |candidate: &Candidate| candidate.look(shapes.of(candidate.point.node));
    let looks: Vec<_> = candidates.iter().map(&mut look).collect();
    for (candidate, &look) in candidates.iter().zip(&looks) {
        *places.entry(look).or_default() += candidate.point.bytes;
    }
    let mut looks = looks.into_iter();
    let mut is_of_many = |_: &Candidate| looks.next().is_some_and(|look| places[&look] >= least);
    candidates.into_iter().partition(&mut is_of_many)
}

/// Values in slots of one name, of owners of one class, wherever those are: one stands for the others.
fn many_in_one_slot(
    walk: &Walk<'_>,
    candidates: impl Iterator<Item = Candidate>,
    many: u64,
) -> Vec<Candidate> {
    let alone = candidates.filter(|it| it.scattered.is_none() && it.alike.containers == 0);
    let mut by_node: HashMap<NodeIndex, Candidate> =
        alone.map(|candidate| (candidate.point.node, candidate)).collect();
    let mut points: Vec<Accumulation> = by_node.values().map(|candidate| candidate.point).collect();
    points.sort_unstable_by_key(|point| point.node);
    let mut by_slot: BTreeMap<(Place, NodeType, StringIndex), Vec<Candidate>> = BTreeMap::new();
    for (place, point) in with_places(walk, points) {
        let class = (walk.graph.node_type(point.node), walk.graph.name_index(point.node));
        if matches!(place, Place::Slot { .. })
            && let Some(candidate) = by_node.remove(&point.node)
        {
            by_slot.entry((place, class.0, class.1)).or_default().push(candidate);
        }
    }
    let are_many = |members: &Vec<Candidate>| {
        let bytes: u64 = members.iter().map(|member| member.point.bytes).sum();
        members.len() >= FEWEST_PLACES
            && (bytes >= 2 * many || (bytes >= many && things(members) >= MANY_THINGS))
    };
    by_slot.into_values().filter(are_many).filter_map(one_for_all).collect()
}

/// How many objects of the class that has most of them came.
fn things(members: &[Candidate]) -> u64 {
    let mut things: HashMap<&str, u64> = HashMap::new();
    let classes = members.iter().flat_map(|member| &member.contents.classes);
    for class in classes.filter(|class| class.node_type == NodeType::OBJECT) {
        *things.entry(&class.class_name).or_default() += class.count;
    }
    things.into_values().max().unwrap_or(0)
}

/// The largest, which stands for the others.
fn one_for_all(mut members: Vec<Candidate>) -> Option<Candidate> {
    members.sort_by_key(|member| (Reverse(member.point.bytes), member.point.node));
    let mut members = members.into_iter();
    let mut first = members.next()?;
    for member in members {
        let Alike { containers, more_items } = &mut first.alike;
        *containers += 1;
        *more_items += member.more_items();
        first.point.bytes += member.point.bytes;
        first.credited.push(member.point.node);
        first.credited.extend(member.credited);
    }
    Some(first)
}

#[cfg(test)]
mod tests {
    use crate::graph::{EdgeType, NodeType};
    use crate::leak::stage::{property, suspects};

    /// The suspects where each of `connections` has a buffer of 10 kB, then one of so many bytes.
    fn of_buffers(connections: u32, bytes: u32) -> Vec<(String, String, i64)> {
        let found = suspects(|heap, global, grown| {
            let pool = property(heap, global, "pool", "Pool");
            let connections: Vec<_> = (0..connections)
                .map(|at| {
                    let connection = heap.node(NodeType::OBJECT, "Connection", 32);
                    heap.numbered(pool, EdgeType::ELEMENT, at, connection);
                    connection
                })
                .collect();
            for connection in connections {
                let bytes = if grown { bytes } else { 10_000 };
                let rest = heap.node(NodeType::OBJECT, "Buffer", bytes);
                heap.set_id(rest, 2 * rest.0 + if grown { 100_001 } else { 1 });
                heap.edge(connection, EdgeType::PROPERTY, "rest", rest);
            }
        });
        let shown = found.into_iter().map(|it| (it.name, it.class_name, it.growth.retained_bytes));
        shown.collect()
    }

    #[test]
    fn values_that_were_replaced_by_larger_ones_are_a_leak_if_they_are_large_together() {
        let expected = [("rest".into(), "Buffer".into(), 8 * 150_000)];
        assert_eq!(of_buffers(8, 160_000), expected);
        assert_eq!(of_buffers(3, 160_000), []);
        assert_eq!(of_buffers(100, 19_999), [], "not twice as large");
    }

    /// The suspects where each of so many shelves, one inside the other, gets a list of so many books.
    fn of_books(shelves: u32, books: u32) -> Vec<(String, u64, i64)> {
        let found = suspects(|heap, global, is_grown| {
            let mut shelf = property(heap, global, "library", "Shelf");
            let shelves: Vec<_> = (0..shelves)
                .map(|_| {
                    shelf = property(heap, shelf, "next", "Shelf");
                    property(heap, shelf, "books", "Array")
                })
                .collect();
            for list in shelves {
                for number in 0..if is_grown { books } else { 0 } {
                    let book = heap.node(NodeType::OBJECT, "Book", 500);
                    heap.numbered(list, EdgeType::ELEMENT, number, book);
                    property(heap, book, "cover", "Cover");
                }
            }
        });
        found.into_iter().map(|it| (it.name, it.alike, it.growth.retained_bytes)).collect()
    }

    #[test]
    fn lists_in_one_slot_are_a_leak_if_they_are_large_together() {
        let each = 50 * (500 + 32);
        assert_eq!(of_books(24, 50), [("books".into(), 23, 24 * each)]);
        assert_eq!(of_books(16, 50), [], "little growth");
    }
}
