//! What is one leak is made one candidate: containers inside one container, small containers that grew
//! together.

use std::collections::{BTreeMap, HashMap, HashSet};

use crate::analysis::Analysis;
use crate::graph::{Edge, EdgeType, HeapGraph, NodeIndex, NodeType, StringIndex};
use crate::leak::before::Before;
use crate::leak::candidate::{Alike, Candidate, Inner};
use crate::leak::crowds::{Crowd, is_dictionary};
use crate::leak::growth::Accumulation;
use crate::leak::holders::slots;
use crate::leak::items::{self, Container};
use crate::leak::suspects::Newer;
use crate::leak::vocabulary::Vocabulary;
use crate::report::Items;

/// Containers in containers: tenants, their tables, the rows of each. Deeper ones are data.
const DEEPEST_CONTAINERS: usize = 8;

/// Containers of one class inside one container grow together: shards of a cache, maps of a map.
/// The outer one is what has a name.
pub(super) fn merge_siblings(
    newer: Newer<'_>,
    before: &Before<'_>,
    candidates: &mut Vec<Candidate>,
) {
    for _ in 0..DEEPEST_CONTAINERS {
        if !merge_once(newer, before, candidates) {
            break;
        }
    }
}

/// Merges siblings into the containers right around them. False if there are none.
fn merge_once(newer: Newer<'_>, before: &Before<'_>, candidates: &mut Vec<Candidate>) -> bool {
    let Newer { graph, words, analysis, .. } = newer;
    let mut families: BTreeMap<(NodeIndex, StringIndex), Vec<Candidate>> = BTreeMap::new();
    let dictionaries = dictionaries(newer, candidates);
    let mut rest = Vec::with_capacity(candidates.len());
    for candidate in candidates.drain(..) {
        let node = candidate.point.node;
        let outer = match candidate.scattered {
            // Lists of timers are in a table of Node's, and are not one leak for that.
            None if candidate.function.is_some() => None,
            None => outer_container(graph, words, analysis, node).or_else(|| {
                Some(analysis.dominators.idom(node)).filter(|it| dictionaries.contains(it))
            }),
            Some(_) => None,
        };
        match outer {
            Some(outer) => {
                families.entry((outer, graph.name_index(node))).or_default().push(candidate);
            }
            None => rest.push(candidate),
        }
    }
    let mut merged = Vec::new();
    for ((outer, _), members) in families {
        if members.len() < 2 {
            rest.extend(members);
            continue;
        }
        let items = items::count(graph, words, outer).map(|(_, items)| items);
        let prior = before.of(graph, outer);
        merged.push(merge(
            before,
            Accumulation { node: outer, bytes: 0, prior, items, links: 0 },
            members,
        ));
    }
    let any = !merged.is_empty();
    let at: HashMap<NodeIndex, usize> =
        rest.iter().enumerate().map(|(at, candidate)| (candidate.point.node, at)).collect();
    for more in merged {
        match at.get(&more.point.node) {
            Some(&there) => {
                let there = &mut rest[there];
                there.point.bytes += more.point.bytes;
                there.room += more.room;
                there.credited.extend(more.credited);
                there.inner = there.inner.or(more.inner);
            }
            None => rest.push(more),
        }
    }
    *candidates = rest;
    any
}

/// How far up something is looked for that got the growth of a small container.
const LONGEST_WAY_UP: usize = 64;

/// Adds what stands for many small containers, and takes their growth from what is around them.
pub(super) fn add_crowds(
    newer: Newer<'_>,
    before: &Before<'_>,
    crowds: Vec<Crowd>,
    candidates: &mut Vec<Candidate>,
) {
    let Newer { graph, words, analysis, .. } = newer;
    let at: HashMap<NodeIndex, usize> =
        candidates.iter().enumerate().map(|(at, candidate)| (candidate.point.node, at)).collect();
    for Crowd { outer, members, bytes, key_bytes, are_lists } in crowds {
        let there = outer.and_then(|outer| at.get(&outer)).copied();
        let tree = tree_of_crowd(newer, &at, &members[0], candidates);
        if let (None, Some(tree)) = (outer, tree)
            && bytes < candidates[tree].point.bytes / 2
        {
            continue;
        }
        // A container has their growth already, but for that of lists that the walk went on to.
        if there.is_none() || are_lists {
            for member in &members {
                take_from_around(analysis, &at, member, are_lists, candidates);
            }
        }
        if let Some(there) = there {
            // It is told whose items those are.
            let there = &mut candidates[there];
            there.point.bytes += key_bytes + if are_lists { bytes } else { 0 };
            let inner = merge(before, there.point, members.into_iter().map(Candidate::new)).inner;
            there.inner = there.inner.or(inner);
            continue;
        }
        // What is left of the tree is new nodes of it.
        let rest = tree.map_or(0, |tree| std::mem::take(&mut candidates[tree].point.bytes));
        let bytes = bytes + rest;
        match outer {
            Some(node) => {
                let items = items::count(graph, words, node).map(|(_, items)| items);
                let prior = before.of(graph, node);
                let point = Accumulation { node, bytes: key_bytes, prior, items, links: 0 };
                candidates.push(merge(before, point, members.into_iter().map(Candidate::new)));
            }
            None => {
                let links = if are_lists { members[0].more_items() as usize } else { 0 };
                let point = Accumulation { bytes: bytes + key_bytes, links, ..members[0] };
                let there = at.get(&point.node).map(|&there| &mut candidates[there]);
                match there {
                    Some(there) => stand_for(there, point, &members[1..]),
                    None => {
                        let mut crowd = Candidate::new(Accumulation { bytes: 0, ..point });
                        stand_for(&mut crowd, point, &members[1..]);
                        candidates.push(crowd);
                    }
                }
            }
        }
    }
}

/// The candidate that is the root of a tree in which a crowd's members are branches: what they have as items
/// are nodes of it, and it is one leak, whether it grows by new branches or by those that were there.
fn tree_of_crowd(
    newer: Newer<'_>,
    at: &HashMap<NodeIndex, usize>,
    member: &Accumulation,
    candidates: &[Candidate],
) -> Option<usize> {
    let Newer { graph, analysis, .. } = newer;
    let kind = |node: NodeIndex| (graph.node_type(node), graph.name_index(node));
    let idom = |&node: &NodeIndex| Some(analysis.dominators.idom(node));
    let around = std::iter::successors(Some(member.node), idom).skip(1).take(LONGEST_WAY_UP);
    let root = around.filter_map(|node| at.get(&node).copied()).next()?;
    let Candidate { point, links, .. } = &candidates[root];
    let is_node = |edge: Edge| kind(edge.target) == kind(point.node);
    let is_tree = *links > 0
        && graph.node_type(point.node) == NodeType::OBJECT
        && slots(graph, analysis, member.node).any(is_node);
    is_tree.then_some(root)
}

/// Makes a candidate stand for a crowd: it is the first of it, `point` is what all of them are, and `others`
/// are the rest. It may have been found alone already, with nothing of its own but with what others lead to
/// as well.
fn stand_for(candidate: &mut Candidate, point: Accumulation, others: &[Accumulation]) {
    candidate.point.bytes += point.bytes;
    candidate.links = candidate.links.max(point.links);
    candidate.credited.extend(others.iter().map(|member| member.node));
    candidate.alike = Alike {
        containers: others.len() as u64,
        more_items: others.iter().map(Accumulation::more_items).sum(),
    };
}

/// Takes the growth of a member of a crowd from what got it: what is around it, or a list itself.
fn take_from_around(
    analysis: &Analysis,
    at: &HashMap<NodeIndex, usize>,
    member: &Accumulation,
    is_list: bool,
    candidates: &mut [Candidate],
) {
    let idom = |&node: &NodeIndex| Some(analysis.dominators.idom(node));
    let around = std::iter::successors(Some(member.node), idom).skip(usize::from(!is_list));
    let mut got = around.take(LONGEST_WAY_UP).filter_map(|node| at.get(&node));
    if let Some(&there) = got.next() {
        let point = &mut candidates[there].point;
        point.bytes = point.bytes.saturating_sub(member.bytes);
    }
}

/// Makes one of the containers inside the one at `point`.
fn merge(
    before: &Before<'_>,
    point: Accumulation,
    members: impl IntoIterator<Item = Candidate>,
) -> Candidate {
    let mut outer = Candidate::new(point);
    for member in members {
        let its = member.as_inner(before);
        outer.point.bytes += member.point.bytes;
        outer.room += member.room;
        outer.links = outer.links.max(member.links);
        outer.credited.extend(member.credited);
        let inner = outer.inner.get_or_insert(Inner {
            containers: 0,
            items: Items { before: 0, after: 0 },
            ..its
        });
        inner.containers += its.containers;
        inner.items.before += its.items.before;
        inner.items.after += its.items.after;
    }
    outer
}

/// The plain objects of which so many properties grew that their names are data.
fn dictionaries(newer: Newer<'_>, candidates: &[Candidate]) -> HashSet<NodeIndex> {
    let Newer { graph, words, analysis, .. } = newer;
    let mut grown: HashMap<NodeIndex, usize> = HashMap::new();
    let is_filled = |it: &&Candidate| {
        it.scattered.is_none() && items::filled_slots(graph, words, it.point.node) > 0
    };
    for candidate in candidates.iter().filter(is_filled) {
        *grown.entry(analysis.dominators.idom(candidate.point.node)).or_default() += 1;
    }
    grown.retain(|&owner, grown| is_dictionary(graph, words, analysis, owner, *grown));
    grown.into_keys().collect()
}

/// The container that a node is an element or entry of; `None` if it is a property or variable of
/// what dominates it.
fn outer_container(
    graph: &HeapGraph,
    words: &Vocabulary,
    analysis: &Analysis,
    node: NodeIndex,
) -> Option<NodeIndex> {
    let above = analysis.dominators.idom(node);
    let is_named =
        |edge: Edge| matches!(edge.label.edge_type(), EdgeType::PROPERTY | EdgeType::CONTEXT);
    let mut slots = graph.edges(above).filter(|edge| edge.target == node).peekable();
    // What several ways lead to is in the thing where those part if that is a collection.
    let is_inside = slots.peek().is_some() || is_collection(graph, words, above);
    if !is_inside || slots.any(is_named) {
        return None;
    }
    let container = match graph.node_type(above) {
        NodeType::ARRAY => analysis.dominators.idom(above),
        _ => above,
    };
    let is_container = graph.node_type(container) == NodeType::OBJECT && container != graph.root();
    (is_container && graph.name_index(container) != words.context_node).then_some(container)
}

/// The array, Map, Set or dictionary that a node is in.
pub(super) fn collection_around(
    graph: &HeapGraph,
    words: &Vocabulary,
    analysis: &Analysis,
    node: NodeIndex,
) -> Option<NodeIndex> {
    outer_container(graph, words, analysis, node).filter(|&it| is_collection(graph, words, it))
}

/// Whether a node is an array, a Map, a Set or a list of timers.
fn is_collection(graph: &HeapGraph, words: &Vocabulary, node: NodeIndex) -> bool {
    let container = items::count(graph, words, node).map(|(container, _)| container);
    graph.name_index(node) == words.timers_list_class
        || container.is_some_and(|container| container != Container::Object)
}

#[cfg(test)]
mod tests {
    use crate::graph::{EdgeType, NodeIndex, NodeType};
    use crate::leak::stage::{elements, property, suspects};
    use crate::report::Suspect;
    use crate::testing::GraphBuilder;

    fn entry(heap: &mut GraphBuilder, of: NodeIndex, number: u32, class: &str) -> NodeIndex {
        let node = heap.node(NodeType::OBJECT, class, 32);
        heap.numbered(of, EdgeType::ELEMENT, number, node);
        node
    }

    fn only(suspects: Vec<Suspect>) -> Suspect {
        assert_eq!(suspects.len(), 1, "{suspects:?}");
        suspects.into_iter().next().unwrap()
    }

    #[test]
    fn containers_in_containers_are_named_by_the_outermost_with_the_items_of_the_innermost() {
        let found = only(suspects(|heap, global, is_grown| {
            let rooms = property(heap, global, "presence", "Array");
            let mut channels = Vec::new();
            for room in 0..3 {
                let room = entry(heap, rooms, room, "Array");
                channels.extend((0..2).map(|number| entry(heap, room, number, "Array")));
            }
            for &channel in &channels {
                elements(heap, channel, 0..2, "Member", 100);
            }
            for channel in channels {
                elements(heap, channel, 2..if is_grown { 302 } else { 2 }, "Member", 100);
            }
        }));
        assert_eq!(found.name, "presence");
        let items = found.growth.items.unwrap();
        assert_eq!((items.before, items.after), (12, 1_812));
        assert_eq!(found.growth.retained_bytes, 6 * 300 * 100);
        assert!(found.summary.contains("in 6 Array objects inside it"), "{}", found.summary);
    }

    /// The logs of a hundred devices in a list.
    fn logs_of_devices(heap: &mut GraphBuilder, global: NodeIndex) -> Vec<NodeIndex> {
        let devices = property(heap, global, "devices", "Array");
        let log = |number| {
            let device = entry(heap, devices, number, "Device");
            property(heap, device, "log", "Array")
        };
        (0..100).map(log).collect()
    }

    #[test]
    fn a_crowd_takes_its_growth_from_what_is_around_it() {
        let found = suspects(|heap, global, is_grown| {
            let logs = logs_of_devices(heap, global);
            for log in logs {
                elements(heap, log, 0..if is_grown { 30 } else { 0 }, "Line", 100);
            }
        });
        let found = only(found);
        assert_eq!((found.name.as_str(), found.alike), ("log", 99));
        assert_eq!(found.growth.retained_bytes, 100 * 30 * 100);
        assert!(found.summary.contains("owned by Device"), "{}", found.summary);
        assert!(found.summary.contains("and 99 more like it"), "{}", found.summary);
    }

    #[test]
    fn a_crowd_has_members_that_are_large_and_have_few_items() {
        let of_lines = |size: u32| {
            let found = suspects(|heap, global, is_grown| {
                let logs = logs_of_devices(heap, global);
                for &log in &logs[..12] {
                    elements(heap, log, 0..10, "Line", size);
                }
                for &log in &logs[..12] {
                    elements(heap, log, 10..if is_grown { 40 } else { 10 }, "Line", size);
                }
            });
            let found = only(found);
            (found.name, found.alike, found.growth.retained_bytes)
        };
        assert_eq!(of_lines(100), ("log".into(), 11, 12 * 30 * 100));
        assert_eq!(of_lines(600), ("log".into(), 11, 12 * 30 * 600));
    }

    #[test]
    fn the_first_of_a_crowd_keeps_what_others_lead_to_as_well() {
        let of_logs = |shared: u32| {
            let found = suspects(|heap, global, is_grown| {
                let logs = logs_of_devices(heap, global);
                let more = |count| if is_grown { count } else { 0 };
                for &log in &logs {
                    elements(heap, log, 0..more(30), "Line", 100);
                }
                // The first log has all of these, and a cache most of them.
                let cache = property(heap, global, "cache", "Array");
                for number in 0..more(shared) {
                    let alarm = heap.node(NodeType::OBJECT, "Alarm", 100);
                    heap.numbered(logs[0], EdgeType::ELEMENT, 100 + number, alarm);
                    if number % 4 > 0 {
                        heap.numbered(cache, EdgeType::ELEMENT, number, alarm);
                    }
                }
            });
            found.iter().map(|it| (it.name.clone(), it.alike, it.growth.retained_bytes)).max()
        };
        let bytes = 100 * 30 * 100;
        assert_eq!(of_logs(0), Some(("log".into(), 99, bytes)));
        assert_eq!(of_logs(400), Some(("log".into(), 99, bytes + 400 * 100)));
    }

    #[test]
    fn one_container_inside_another_is_not_taken_for_the_other() {
        let found = only(suspects(|heap, global, is_grown| {
            let tables = property(heap, global, "tables", "Array");
            let users = entry(heap, tables, 0, "Array");
            let roles = entry(heap, tables, 1, "Array");
            elements(heap, users, 0..2, "User", 100);
            elements(heap, roles, 0..2, "Role", 100);
            elements(heap, users, 2..if is_grown { 302 } else { 2 }, "User", 100);
        }));
        assert_eq!(found.name, "tables");
        assert!(found.summary.contains("from 2 to 302 elements in one Array inside it"));
    }

    /// What is found where each of so many properties of an object, of which it has three more, gets 300
    /// elements.
    fn of_properties(class: &str, grown: u32) -> Vec<String> {
        let found = suspects(|heap, global, is_grown| {
            let cache = property(heap, global, "cache", class);
            let names = ["en", "de", "fr", "it", "es", "pt", "nl"].into_iter();
            let names = names.take(grown as usize + 3);
            let lists: Vec<_> = names.map(|name| property(heap, cache, name, "Array")).collect();
            for list in &lists[..grown as usize] {
                elements(heap, *list, 0..if is_grown { 300 } else { 0 }, "Text", 100);
            }
        });
        found.into_iter().map(|it| it.name).collect()
    }

    #[test]
    fn properties_of_a_plain_object_that_grow_together_are_entries_of_a_dictionary() {
        assert_eq!(of_properties("Object", 4), ["cache"]);
        assert_eq!(of_properties("Object", 2).len(), 2, "few");
        assert_eq!(of_properties("Service", 4).len(), 4, "of a class");
    }
}
