//! Many small containers that each grew a little: the orders of each customer, the log of each device.
//!
//! One by one they are noise. Those that stand in slots of one name, of owners of one class, or that
//! are entries of one container, are one line of code, and are looked at together.
//!
//! Time: one pass over the dominator tree, and the edges of the owners of what grew. Memory: some
//! words for each container that grew.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use crate::analysis::Analysis;
use crate::analysis::bits::BitSet;
use crate::control::Control;
use crate::error::Result;
use crate::graph::{EdgeType, HeapGraph, NodeIndex, NodeType};
use crate::leak::before::Prior;
use crate::leak::edges::property;
use crate::leak::growth::{Accumulation, Walk};
use crate::leak::items;
use crate::leak::keys::Keys;
use crate::leak::vocabulary::Vocabulary;
use crate::leak::young::YoungBytes;

/// Together they gained this many times the items that one container has to gain.
const TIMES_LEAST_ITEMS: u64 = 4;

/// On average, each gained this many items: what is set up once per owner is fewer.
const ITEMS_EACH: u64 = 4;

/// A plain object of which fewer properties grew is one with names that the program knows.
const FEWEST_KEYS: usize = 3;

/// Containers that grew together.
#[derive(Debug)]
pub struct Crowd {
    /// The container that they are all entries of, if there is one.
    pub outer: Option<NodeIndex>,
    /// They, the largest first.
    pub members: Vec<Accumulation>,
    /// How much all of them grew.
    pub bytes: u64,
    /// And what their new keys take that they do not dominate.
    pub key_bytes: u64,
    /// Whether they are linked lists, and no containers of V8's.
    pub are_lists: bool,
}

/// What containers have in common.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Place {
    /// Entries of one container.
    Entry(NodeIndex),
    /// The slot of that name, in owners of one class.
    Slot { owner_type: u8, owner_class: u32, name: u32 },
}

/// The containers that may be of a crowd: they are small, or were.
///
/// # Errors
///
/// `ABORT_ERR`, `ERR_TIMEOUT`.
pub(super) fn small_containers(
    walk: &Walk<'_>,
    young: &YoungBytes,
    control: &Control,
) -> Result<Vec<Accumulation>> {
    match walk.before.knows_young() {
        true => grown_containers(walk, young, control),
        false => Ok(grown_by_shape(walk)),
    }
}

/// Finds the crowds among containers that are not in `known`.
pub(super) fn find_crowds(
    walk: &Walk<'_>,
    mut grown: Vec<Accumulation>,
    known: &[NodeIndex],
    keys: &mut Keys,
) -> Vec<Crowd> {
    let mut is_known = BitSet::new(walk.graph.node_count());
    for node in known {
        is_known.insert(node.0);
    }
    grown.retain(|point| !is_known.contains(point.node.0));
    let crowds = that_grew_together(walk, grown).into_iter().filter_map(|crowd| {
        let key_bytes = crowd.members.iter().map(|point| keys.bytes(walk, point)).sum();
        let is_leak = crowd.bytes + key_bytes >= walk.least_bytes;
        is_leak.then_some(Crowd { key_bytes, ..crowd })
    });
    crowds.collect()
}

/// Those of one class in one place that gained items enough, all together.
pub(super) fn that_grew_together(walk: &Walk<'_>, mut grown: Vec<Accumulation>) -> Vec<Crowd> {
    grown.retain(|point| point.more_items() > 0);
    let mut by_place: BTreeMap<(Place, u32), Vec<Accumulation>> = BTreeMap::new();
    for (place, point) in with_places(walk, grown) {
        let class = walk.graph.name_index(point.node).0;
        by_place.entry((place, class)).or_default().push(point);
    }
    let crowds = by_place.into_iter().filter_map(|((place, _), mut members)| {
        let bytes: u64 = members.iter().map(|point| point.bytes).sum();
        let items: u64 = members.iter().map(Accumulation::more_items).sum();
        let is_crowd = members.len() > 1
            && items >= walk.least_items * TIMES_LEAST_ITEMS
            && items >= members.len() as u64 * ITEMS_EACH;
        members.sort_by_key(|point| (std::cmp::Reverse(point.bytes), point.node));
        let outer = match place {
            Place::Entry(outer) => Some(outer),
            Place::Slot { .. } => None,
        };
        let grew = is_crowd && is_net_growth(walk, &members, bytes);
        grew.then_some(Crowd { outer, members, bytes, key_bytes: 0, are_lists: false })
    });
    crowds.collect()
}

/// Whether what is around the members has grown, too: where some of them come and go, those that stay
/// have grown with age, and others that were as large are gone. Averages are of all of them.
fn is_net_growth(walk: &Walk<'_>, members: &[Accumulation], bytes: u64) -> bool {
    let Walk { graph, analysis, before, .. } = *walk;
    if !before.knows_young() {
        return true;
    }
    let around: BTreeSet<NodeIndex> =
        members.iter().filter_map(|member| walk.survivor_around(member.node)).collect();
    let growth = around.into_iter().map(|node| {
        let was = before.of(graph, node).map_or(0, |prior| prior.retained);
        analysis.retained.at(node.at()).saturating_sub(was)
    });
    growth.sum::<u64>() * 2 >= bytes
}

/// The arrays, Maps, Sets and plain objects that were there before and may have more items now.
fn grown_containers(
    walk: &Walk<'_>,
    young: &YoungBytes,
    control: &Control,
) -> Result<Vec<Accumulation>> {
    let Walk { graph, words, analysis, before, .. } = *walk;
    let mut grown = Vec::new();
    let tree = &analysis.dominators;
    // A container that grew has something new in it, if only its store.
    for (at, position) in young.positions(tree).enumerate() {
        control.checkpoint_at(at)?;
        let node = tree.node_at(position);
        if graph.node_type(node) != NodeType::OBJECT
            || !words.is_everyday(graph.name_index(node))
            || before.is_young(node)
        {
            continue;
        }
        let prior = before.of(graph, node);
        // What a digest has left out was not nothing.
        if prior.is_some() || before.census().is_whole {
            grown.push(container(walk, node, prior));
        }
    }
    Ok(grown)
}

/// Where ids say nothing: containers that have more items than that of their shape, or those on average.
fn grown_by_shape(walk: &Walk<'_>) -> Vec<Accumulation> {
    let grown = walk.before.grown_by_shape().iter().chain(walk.before.grown_on_average());
    grown.map(|&(node, prior)| container(walk, node, Some(prior))).collect()
}

fn container(walk: &Walk<'_>, node: NodeIndex, prior: Option<Prior>) -> Accumulation {
    let items = items::count(walk.graph, walk.words, node).map(|(_, items)| items);
    // What was too small to be noted was at least itself.
    let itself = u64::from(walk.graph.file_self_size(node));
    let was = prior.map_or(itself, |prior| prior.retained);
    let bytes = walk.analysis.retained.at(node.at()).saturating_sub(was);
    Accumulation { node, bytes, prior, items, links: 0 }
}

/// The containers whose dominators hold them, and how those refer to them.
pub(super) fn with_places(walk: &Walk<'_>, grown: Vec<Accumulation>) -> Vec<(Place, Accumulation)> {
    let Walk { graph, words, analysis, .. } = *walk;
    let mut by_owner: BTreeMap<NodeIndex, HashMap<NodeIndex, Accumulation>> = BTreeMap::new();
    for point in grown {
        let owner = analysis.dominators.idom(point.node);
        by_owner.entry(owner).or_default().insert(point.node, point);
    }
    let mut placed = Vec::new();
    for (owner, mut points) in by_owner {
        let is_dictionary = is_dictionary(graph, words, analysis, owner, points.len());
        let entries_of = match graph.node_type(owner) {
            NodeType::ARRAY => analysis.dominators.idom(owner),
            _ => owner,
        };
        for edge in graph.edges(owner) {
            let place = match edge.label.edge_type() {
                EdgeType::PROPERTY if is_dictionary => Place::Entry(owner),
                EdgeType::PROPERTY | EdgeType::CONTEXT => Place::Slot {
                    owner_type: graph.node_type(owner).0,
                    owner_class: graph.name_index(owner).0,
                    name: edge.label.raw_name(),
                },
                EdgeType::ELEMENT => Place::Entry(entries_of),
                EdgeType::INTERNAL if graph.node_type(owner) == NodeType::ARRAY => {
                    Place::Entry(entries_of)
                }
                _ => continue,
            };
            // What a module keeps of those it loaded grows while a program warms up.
            if let Some(point) = points.remove(&edge.target)
                && graph.name_index(owner) != words.module_class
            {
                placed.push((place, point));
            }
        }
    }
    placed
}

/// Whether the names of what a plain object refers to are data: several of its properties grew, and they
/// are at least half of all. Those of a table of listeners are events.
pub(super) fn is_dictionary(
    graph: &HeapGraph,
    words: &Vocabulary,
    analysis: &Analysis,
    node: NodeIndex,
    grown: usize,
) -> bool {
    let is_plain =
        graph.node_type(node) == NodeType::OBJECT && graph.name_index(node) == words.object_class;
    if !is_plain || grown < FEWEST_KEYS {
        return false;
    }
    let is_of_events = property(graph, analysis.dominators.idom(node), words.events) == Some(node);
    let count = items::count(graph, words, node);
    !is_of_events && count.is_some_and(|(_, properties)| grown as u64 * 2 >= properties)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::leak::before::Before;
    use crate::leak::census::Census;
    use crate::leak::stage::{Heap, elements, grown, property};

    /// The crowds between a heap where each of `owners` has a list of `was` items, and one where it has
    /// `now`: how many members, whether they are entries of one container, and all bytes.
    fn crowds(owners: u32, was: u32, now: u32, class: Option<&str>) -> Vec<(usize, bool, u64)> {
        let (census, heap) = heaps(owners, was, now, class);
        shown(&heap, &Before::by_id(&census, &heap.graph, &Control::default()).unwrap())
    }

    fn heaps(owners: u32, was: u32, now: u32, class: Option<&str>) -> (Census, Heap) {
        grown(|heap, global, is_grown| {
            let all = property(heap, global, "all", "Array");
            let lists: Vec<_> = (0..owners)
                .map(|number| {
                    let entry = heap.node(NodeType::OBJECT, class.unwrap_or("Array"), 32);
                    heap.numbered(all, EdgeType::ELEMENT, number, entry);
                    let list = match class {
                        Some(_) => property(heap, entry, "log", "Array"),
                        None => entry,
                    };
                    elements(heap, list, 0..was, "Line", 50);
                    list
                })
                .collect();
            for list in lists {
                elements(heap, list, was..if is_grown { now } else { was }, "Line", 50);
            }
        })
    }

    fn shown(heap: &Heap, before: &Before<'_>) -> Vec<(usize, bool, u64)> {
        let found = heap.growth(before, 1_000, 10).crowds;
        found.iter().map(|it| (it.members.len(), it.outer.is_some(), it.bytes)).collect()
    }

    #[test]
    fn small_lists_in_one_container_are_a_crowd() {
        assert_eq!(crowds(20, 2, 9, None), [(20, true, 20 * 7 * 50)]);
    }

    #[test]
    fn so_are_those_in_one_property_of_many_owners() {
        assert_eq!(crowds(20, 2, 9, Some("Device")), [(20, false, 20 * 7 * 50)]);
    }

    #[test]
    fn without_ids_so_are_those_that_have_a_shape_each() {
        let (census, heap) = grown(|heap, global, is_grown| {
            let hosts = property(heap, global, "hosts", "Object");
            let lists: Vec<_> = (0..20)
                .map(|number| {
                    let breaker = property(heap, hosts, &format!("host{number}"), "Breaker");
                    property(heap, breaker, "failures", "Array")
                })
                .collect();
            for list in lists {
                elements(heap, list, 0..if is_grown { 9 } else { 2 }, "Failure", 50);
            }
        });
        assert_eq!(shown(&heap, &heap.before_by_shape(&census)), [(20, false, 20 * 7 * 50)]);
    }

    #[test]
    fn a_few_items_each_are_set_up_once() {
        assert_eq!(crowds(20, 2, 5, Some("Device")), []);
        assert_eq!(crowds(20, 9, 9, Some("Device")), []);
        assert_eq!(crowds(4, 2, 9, None), [], "28 items are fewer than four times ten");
    }

    #[test]
    fn what_a_digest_left_out_is_not_taken_for_nothing() {
        let (census, heap) = heaps(20, 9, 9, Some("Device"));
        // The lists have the same items as before, but the digest has no record of any.
        let digest = Census::from_parts(census.parts(3));
        assert_eq!(
            shown(&heap, &Before::by_id(&digest, &heap.graph, &Control::default()).unwrap()),
            []
        );
    }

    #[test]
    fn in_another_process_they_are_compared_on_average() {
        let (census, heap) = heaps(20, 2, 9, Some("Device"));
        assert_eq!(shown(&heap, &heap.before_by_shape(&census)), [(20, false, 20 * 7 * 50)]);
        let (census, heap) = heaps(20, 9, 9, Some("Device"));
        assert_eq!(shown(&heap, &heap.before_by_shape(&census)), []);
    }

    #[test]
    fn where_owners_come_and_go_those_that_stay_grow_with_age() {
        let (census, heap) = grown(|heap, global, is_grown| {
            let all = property(heap, global, "all", "Array");
            let mut lists = Vec::new();
            for number in 0..40 {
                let is_old = number < 20;
                let owner = heap.node(NodeType::OBJECT, "Session", 32);
                let list = property(heap, owner, "history", "Array");
                elements(heap, list, 0..if is_old { 9 } else { 2 }, "Page", 50);
                // Those that were old before are gone.
                if !is_old || !is_grown {
                    heap.numbered(all, EdgeType::ELEMENT, number, owner);
                }
                lists.push((list, is_old));
            }
            for (list, _) in lists.into_iter().filter(|&(_, is_old)| !is_old && is_grown) {
                elements(heap, list, 2..9, "Page", 50);
            }
        });
        assert_eq!(
            shown(&heap, &Before::by_id(&census, &heap.graph, &Control::default()).unwrap()),
            []
        );
    }
}
