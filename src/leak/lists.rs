//! Linked lists that grew: the messages of each room, the jobs of each tenant. One by one they may be
//! noise; as containers do, they are looked at together (see [`crowds`](crate::leak::crowds)).
//!
//! Nothing counts the elements of a list. They are the objects that refer to another one of their class
//! by a property of one name, as `next` does. What a thing has only once, or by many names, is no list.
//!
//! Time: by id, linear in the survivors that dominate something young, and in the edges of young
//! objects; by shape, linear in the edges of what the things dominate that have grown on average.
//! Memory: some words for each list that grew.

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::ops::Range;

use hashbrown::{HashMap, HashSet};

use crate::analysis::bits::BitSet;
use crate::control::{Control, Pace};
use crate::error::Result;
use crate::graph::{EdgeType, NodeIndex, NodeType, StringIndex};
use crate::leak::before::Prior;
use crate::leak::census::{class_key, instances_now};
use crate::leak::crowds::{Crowd, that_grew_together};
use crate::leak::edges::property;
use crate::leak::growth::{Accumulation, Growth, Walk};
use crate::leak::young::YoungBytes;

/// Lists of fewer new elements are none.
const FEWEST_ELEMENTS: u64 = 2;

/// Of what one thing dominates, so many nodes tell whether they are a list.
const MOST_NODES: usize = 100_000;

/// All looks together pass so many times the nodes of a graph: lists in lists, each of them looked through
/// as a whole, must not take forever.
const MOST_PASSES: usize = 4;

/// What was too small to be noted.
const NOT_NOTED: Prior = Prior { id: 0, items: 0, retained: 0 };

/// The lists that were there before and have more elements now. Their items are their elements.
///
/// # Errors
///
/// `ABORT_ERR`, `ERR_TIMEOUT`.
pub(super) fn grown_lists(
    walk: &Walk<'_>,
    young: &YoungBytes,
    control: &Control,
) -> Result<Vec<Accumulation>> {
    match walk.before.knows_young() {
        true => lists_with_young(walk, young, control),
        false => lists_on_average(walk, control),
    }
}

/// Lists that grew together, and are not for the most part found already one by one. Those that are, are
/// taken out of `found`.
///
/// # Errors
///
/// `ABORT_ERR`, `ERR_TIMEOUT`.
pub(super) fn crowds_of_lists(
    walk: &Walk<'_>,
    lists: Vec<Accumulation>,
    found: &mut Growth,
    control: &Control,
) -> Result<Vec<Crowd>> {
    let mut crowds = that_grew_together(walk, lists);
    crowds.retain(|crowd| crowd.bytes >= walk.least_bytes);
    if crowds.is_empty() {
        return Ok(crowds);
    }
    let seen = seen_alone(walk, found);
    crowds.retain(|crowd| {
        let alone = crowd.members.iter().filter(|member| seen.contains(&member.node));
        alone.map(|member| member.bytes).sum::<u64>() * 2 < crowd.bytes
    });
    let together: HashSet<NodeIndex> =
        crowds.iter().flat_map(|crowd| &crowd.members).map(|member| member.node).collect();
    found.points.retain(|point| !lists_of_point(walk, point).any(|list| together.contains(&list)));
    for scatters in &mut found.scatters {
        if together.contains(&walk.analysis.dominators.node_at(scatters.position)) {
            scatters.groups.clear();
        }
    }
    for crowd in &mut crowds {
        count_all(walk, &mut crowd.members, control)?;
        crowd.are_lists = true;
    }
    Ok(crowds)
}

/// The lists of which the walk has found the growth, each for itself.
fn seen_alone(walk: &Walk<'_>, found: &Growth) -> HashSet<NodeIndex> {
    let points = found.points.iter().filter(|point| point.bytes > 0);
    let scatters = found.scatters.iter().filter(|scatters| !scatters.groups.is_empty());
    points
        .flat_map(|point| lists_of_point(walk, point))
        .chain(scatters.map(|scatters| walk.analysis.dominators.node_at(scatters.position)))
        .collect()
}

/// The list that a point is, or that it is the first new element of.
fn lists_of_point(walk: &Walk<'_>, point: &Accumulation) -> impl Iterator<Item = NodeIndex> {
    let above = walk.analysis.dominators.idom(point.node);
    std::iter::once(point.node).chain((point.links > 0).then_some(above))
}

/// By id: the survivors that have young elements right below them.
fn lists_with_young(
    walk: &Walk<'_>,
    young: &YoungBytes,
    control: &Control,
) -> Result<Vec<Accumulation>> {
    let Walk { graph, analysis, before, .. } = *walk;
    let tree = &analysis.dominators;
    let mut tops: HashMap<NodeIndex, Vec<u32>> = HashMap::new();
    // What is young may have come between survivors, of which there are more below then.
    for (at, position) in young.positions(tree).enumerate() {
        control.checkpoint_at(at)?;
        let node = tree.node_at(position);
        let owner = tree.idom(node);
        if graph.node_type(node) == NodeType::OBJECT
            && before.is_young(node)
            && may_own_a_list(walk, owner)
            && !before.is_young(owner)
        {
            tops.entry(owner).or_default().push(position);
        }
    }
    let mut lists: BTreeMap<NodeIndex, Accumulation> = BTreeMap::new();
    let mut steps_left = MOST_PASSES * graph.node_count();
    for (at, (owner, tops)) in tops.into_iter().enumerate() {
        control.checkpoint_at(at)?;
        let new = tops.iter().map(|&top| tree.subtree(top));
        let Some((sample, more)) = elements(walk, new) else { continue };
        let node = list_of(walk, owner, graph.name_index(sample), &mut steps_left);
        let list = lists.entry(node).or_insert_with(|| {
            let prior = before.of(graph, node);
            let was = prior.map_or(0, |prior| prior.retained);
            let bytes = analysis.retained.at(node.at()).saturating_sub(was);
            Accumulation {
                node,
                bytes: prior.map_or(0, |_| bytes),
                prior,
                items: Some(0),
                links: 0,
            }
        });
        list.items = list.items.map(|items| items + more);
        // Of what was too small to be noted, all that is new is more.
        if list.prior.is_none() {
            list.bytes += tops.iter().map(|&top| young.of(walk, top)).sum::<u64>();
        }
    }
    for list in lists.values_mut() {
        list.prior = Some(list.prior.map_or(NOT_NOTED, |prior| Prior { items: 0, ..prior }));
    }
    Ok(lists.into_values().collect())
}

/// The list that new elements hang on, be it by the last one that there was: what holds its first element,
/// or that element.
fn list_of(
    walk: &Walk<'_>,
    owner: NodeIndex,
    class: StringIndex,
    steps_left: &mut usize,
) -> NodeIndex {
    let is_element = |node| is_of(walk, node, class);
    if !is_element(owner) {
        return owner;
    }
    let above = |node: NodeIndex| walk.analysis.dominators.idom(node);
    let mut first = owner;
    while *steps_left > 0 && is_element(above(first)) && above(first) != first {
        *steps_left -= 1;
        first = above(first);
    }
    let holder = above(first);
    if may_own_a_list(walk, holder) { holder } else { first }
}

/// By shape: the things that have more below them on average, if that is a list. Of its elements, the
/// share is new that their class has gained.
fn lists_on_average(walk: &Walk<'_>, control: &Control) -> Result<Vec<Accumulation>> {
    let Walk { graph, analysis, before, .. } = *walk;
    let nodes = before.larger_on_average().iter().map(|&(node, _)| node);
    let positions = positions_of(walk, nodes, control)?;
    let mut lists = Vec::new();
    let mut instances: HashMap<StringIndex, u64> = HashMap::new();
    let mut nodes_left = MOST_PASSES * graph.node_count();
    let mut pace = Pace::default();
    for &(node, prior) in before.larger_on_average() {
        pace.take(1, control)?;
        let above = analysis.dominators.idom(node);
        let is_inside_one = is_of(walk, above, graph.name_index(node));
        if !may_own_a_list(walk, node) || is_inside_one {
            continue;
        }
        let below = analysis.dominators.subtree(positions[&node]);
        let looks = below.len().min(MOST_NODES);
        pace.take(looks, control)?;
        nodes_left = nodes_left.saturating_sub(looks);
        if nodes_left == 0 {
            break;
        }
        let Some((sample, items)) = elements(walk, std::iter::once(below)) else { continue };
        // The first element dominates the rest, and what holds it is the list.
        if is_of(walk, sample, graph.name_index(node)) && may_own_a_list(walk, above) {
            continue;
        }
        let now = instances.entry(graph.name_index(sample));
        let now = *now.or_insert_with(|| instances_now(graph, sample).max(1));
        let was = before.census().instances(class_key(graph, sample)).count.min(now);
        let prior = Prior { items: items * was / now, ..prior };
        let bytes = analysis.retained.at(node.at()).saturating_sub(prior.retained);
        lists.push(Accumulation { node, bytes, prior: Some(prior), items: Some(items), links: 0 });
    }
    Ok(lists)
}

/// Notes how many elements lists had before, of which only the new ones have been counted.
fn count_all(walk: &Walk<'_>, lists: &mut [Accumulation], control: &Control) -> Result<()> {
    if !walk.before.knows_young() {
        return Ok(());
    }
    let positions = positions_of(walk, lists.iter().map(|list| list.node), control)?;
    for list in lists {
        control.checkpoint()?;
        let below = walk.analysis.dominators.subtree(positions[&list.node]);
        let Some((_, all)) = elements(walk, std::iter::once(below)) else { continue };
        let more = list.items.unwrap_or(0);
        let before = all.saturating_sub(more);
        list.items = Some(before + more);
        list.prior = list.prior.map(|prior| Prior { items: before, ..prior });
    }
    Ok(())
}

/// Where nodes are in the dominator tree.
fn positions_of(
    walk: &Walk<'_>,
    nodes: impl Iterator<Item = NodeIndex>,
    control: &Control,
) -> Result<HashMap<NodeIndex, u32>> {
    let mut wanted = BitSet::new(walk.graph.node_count());
    let wanted_nodes = nodes.filter(|node| wanted.insert(node.0)).count();
    let mut positions = HashMap::with_capacity(wanted_nodes);
    if wanted_nodes == 0 {
        return Ok(positions);
    }
    for (position, node) in walk.analysis.dominators.order().iter().enumerate() {
        control.checkpoint_at(position)?;
        if wanted.contains(node.0) {
            positions.insert(*node, position as u32);
        }
    }
    Ok(positions)
}

/// Whether something can be a list, or what a program holds one by: an object that is no container of
/// V8's. Timers are in lists of Node's, which are looked at by themselves.
fn may_own_a_list(walk: &Walk<'_>, node: NodeIndex) -> bool {
    let Walk { graph, words, .. } = *walk;
    let class = graph.name_index(node);
    graph.node_type(node) == NodeType::OBJECT
        && !walk.is_hub(node)
        && ![words.array_class, words.map_class, words.set_class, words.timers_list_class]
            .contains(&class)
}

fn is_of(walk: &Walk<'_>, node: NodeIndex, class: StringIndex) -> bool {
    walk.graph.node_type(node) == NodeType::OBJECT && walk.graph.name_index(node) == class
}

/// One of the elements of the longest list among nodes at some positions of the dominator tree, and how
/// many there are; `None` if there is no list.
fn elements(
    walk: &Walk<'_>,
    ranges: impl Iterator<Item = Range<usize>>,
) -> Option<(NodeIndex, u64)> {
    let Walk { graph, words, analysis, .. } = *walk;
    let nodes = ranges.flat_map(|range| &analysis.dominators.order()[range]).copied();
    let is_object = |&node: &NodeIndex| graph.node_type(node) == NodeType::OBJECT;
    let nodes: Vec<NodeIndex> = nodes.take(MOST_NODES).filter(is_object).collect();
    let next = |node: NodeIndex, name: StringIndex| {
        let class = graph.name_index(node);
        let next = property(graph, node, name);
        next.filter(|&next| is_of(walk, next, class) && next != node)
    };
    // In a list, one leads on to the next, and that one further on.
    let mut links: HashMap<(StringIndex, StringIndex), u64> = HashMap::new();
    for &node in &nodes {
        let class = graph.name_index(node);
        for edge in graph.edges(node) {
            let name = StringIndex(edge.label.raw_name());
            let leads_further = edge.label.edge_type() == EdgeType::PROPERTY
                && is_of(walk, edge.target, class)
                && edge.target != node
                && name != words.proto
                && next(edge.target, name).is_some();
            if leads_further {
                *links.entry((class, name)).or_default() += 1;
            }
        }
    }
    let (&(class, name), _) = links.iter().max_by_key(|&(&link, &count)| (count, Reverse(link)))?;
    let mut elements: HashSet<NodeIndex> = HashSet::new();
    for &node in nodes.iter().filter(|&&node| is_of(walk, node, class)) {
        if let Some(next) = next(node, name) {
            elements.extend([node, next]);
        }
    }
    let mut elements = nodes.into_iter().filter(|node| elements.contains(node));
    let sample = elements.next()?;
    let count = 1 + elements.count() as u64;
    (count >= FEWEST_ELEMENTS).then_some((sample, count))
}

#[cfg(test)]
mod tests {
    use crate::graph::{EdgeType, NodeIndex, NodeType};
    use crate::leak::stage::{property, suspects, suspects_by_shape};
    use crate::report::Suspect;
    use crate::testing::GraphBuilder;

    /// How elements of a list refer to each other.
    #[derive(Clone, Copy)]
    enum Links {
        /// To the next one.
        Single,
        /// To the next one and to the one before.
        Double,
        /// Not at all.
        None,
    }

    /// The list of a room with so many elements, of which the first 5 come with the baseline.
    fn add_list(heap: &mut GraphBuilder, rooms: NodeIndex, room: u32, links: Links, all: u32) {
        let list = heap.node(NodeType::OBJECT, "History", 64);
        heap.set_id(list, 2 * room + 1_000_001);
        heap.numbered(rooms, EdgeType::ELEMENT, room, list);
        let mut last = None;
        for number in 0..all {
            let element = heap.node(NodeType::OBJECT, "Line", 100);
            // Old ones get the same ids in both heaps, and new ones larger ones.
            let offset = if number < 5 { 2_000_001 } else { 3_000_001 };
            heap.set_id(element, 2 * (room * 1_000 + number) + offset);
            match (links, last) {
                (Links::None, _) => {
                    heap.edge(list, EdgeType::PROPERTY, format!("l{number}"), element)
                }
                (_, None) => heap.edge(list, EdgeType::PROPERTY, "first", element),
                (_, Some(last)) => heap.edge(last, EdgeType::PROPERTY, "next", element),
            }
            if let (Links::Double, Some(last)) = (links, last) {
                heap.edge(element, EdgeType::PROPERTY, "previous", last);
            }
            last = Some(element);
        }
        if let (Links::Double, Some(last)) = (links, last) {
            heap.edge(list, EdgeType::PROPERTY, "last", last);
        }
    }

    /// Puts 40 rooms with 5 elements each into a heap, and 20 more into each if it has grown.
    fn rooms(heap: &mut GraphBuilder, global: NodeIndex, links: Links, is_grown: bool) {
        let rooms = property(heap, global, "rooms", "Array");
        for room in 0..40 {
            add_list(heap, rooms, room, links, if is_grown { 25 } else { 5 });
        }
    }

    fn shown(found: Vec<Suspect>) -> Vec<(String, Option<(u64, u64)>)> {
        let items = |it: &Suspect| it.growth.items.map(|items| (items.before, items.after));
        found.into_iter().map(|it| (it.name.clone(), items(&it))).collect()
    }

    fn found(links: Links) -> Vec<(String, Option<(u64, u64)>)> {
        shown(suspects(|heap, global, is_grown| rooms(heap, global, links, is_grown)))
    }

    #[test]
    fn lists_in_one_container_are_looked_at_together() {
        for links in [Links::Single, Links::Double] {
            assert_eq!(found(links), [("rooms".to_owned(), Some((200, 1_000)))]);
        }
    }

    #[test]
    fn so_they_are_where_ids_say_nothing() {
        let found = suspects_by_shape(|heap, global, is_grown| {
            rooms(heap, global, Links::Double, is_grown);
        });
        assert_eq!(shown(found), [("rooms".to_owned(), Some((200, 1_000)))]);
    }

    #[test]
    fn what_does_not_lead_from_one_to_the_next_is_no_list() {
        assert_eq!(found(Links::None), []);
    }
}
