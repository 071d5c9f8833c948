//! Where the growth piles up.
//!
//! The dominator tree of the newer snapshot is walked from the root, through what was there before
//! (*survivors*, by id or because they stand in the slot of one) and may hold something that grew.
//! At each survivor the *local growth* is what it retains more than before, without what its
//! surviving children retain more: growth stays together while one child has it all, and where it
//! fans out into many siblings it shows as local growth of the node above them. That node, or the
//! young container right below it that holds the most, is an *accumulation point*.
//!
//! Containers whose items grew are looked for by themselves as well: what they hold may be shared,
//! and then nobody dominates it.
//!
//! Time: linear in what was there before and is dominated by survivors with young memory, and in
//! the edges of objects for the containers. Memory: 4 bytes a node while it runs.

use std::collections::HashSet;
use std::sync::OnceLock;

use crate::analysis::Analysis;
use crate::control::Control;
use crate::error::Result;
use crate::graph::{Edge, EdgeType, HeapGraph, NodeIndex, NodeType};
use crate::leak::before::{Before, Prior};
use crate::leak::crowds::{Crowd, find_crowds, small_containers};
use crate::leak::edges::hidden_class;
use crate::leak::follow::End;
use crate::leak::items::{self, Container};
use crate::leak::keys::Keys;
use crate::leak::lists::{crowds_of_lists, grown_lists};
use crate::leak::shared_tables::SharedTables;
use crate::leak::suspects::many_bytes;
use crate::leak::vocabulary::Vocabulary;
use crate::leak::young::YoungBytes;

/// A point where growth piles up.
#[derive(Clone, Copy, Debug)]
pub struct Accumulation {
    /// The node.
    pub node: NodeIndex,
    /// How many bytes more than before pile up there.
    pub bytes: u64,
    /// What it was before, if it was there.
    pub prior: Option<Prior>,
    /// Items now, if it is a container.
    pub items: Option<u64>,
    /// How many nodes of one class follow each other below it: a list. 0: none.
    pub links: usize,
}

impl Accumulation {
    /// How many items more than before.
    pub fn more_items(&self) -> u64 {
        let before = self.prior.map_or(0, |prior| prior.items);
        self.items.map_or(0, |items| items.saturating_sub(before))
    }

    /// How many items more than before, or elements of a list.
    pub fn more(&self) -> u64 {
        self.more_items().max(self.links as u64)
    }
}

/// Young objects of a class that pile up where nothing holds them all: under a node that did not
/// gain items itself.
#[derive(Clone, Debug)]
pub struct Scatter {
    /// They.
    pub members: Vec<NodeIndex>,
    /// What they retain.
    pub bytes: u64,
}

/// Scattered objects under one node.
#[derive(Debug)]
pub struct Scatters {
    /// Where they are in the dominator tree: right below this position.
    pub position: u32,
    /// By class.
    pub groups: Vec<Scatter>,
    /// The node above them, if it is a thing that may stand for them all, as the root of a tree
    /// does. A root or scope is none.
    pub under: Option<Accumulation>,
}

/// What the walk finds.
#[derive(Debug, Default)]
pub struct Growth {
    /// Accumulation points, in no order.
    pub points: Vec<Accumulation>,
    /// Scattered objects.
    pub scatters: Vec<Scatters>,
    /// Small containers that grew together.
    pub crowds: Vec<Crowd>,
}

/// What the walk looks at.
pub struct Walk<'a> {
    /// The newer snapshot.
    pub graph: &'a HeapGraph,
    /// Its words.
    pub words: &'a Vocabulary,
    /// Its facts.
    pub analysis: &'a Analysis,
    /// The older snapshot.
    pub before: &'a Before<'a>,
    /// Growth below this is noise.
    pub least_bytes: u64,
    /// Fewer items more than this are noise, unless they are large.
    pub least_items: u64,
    /// Found by the first who asks for them.
    pub shared_tables: OnceLock<SharedTables>,
}

/// A survivor on the way down.
struct Survivor {
    position: u32,
    prior: Option<Prior>,
    young_bytes: u64,
    /// The nearest thing, itself or above, and what that was.
    thing: (NodeIndex, Option<Prior>),
    /// What the survivor that it is a part of grew by itself: the size of a part is its owner's.
    owners_growth: u64,
}

impl<'a> Walk<'a> {
    /// Finds where growth piles up.
    pub fn run(&self, control: &Control) -> Result<Growth> {
        let young = YoungBytes::sum(self, control)?;
        let mut found = Growth::default();
        let root = self.graph.root();
        let prior = Some(self.before.root());
        let thing = (root, prior);
        let young_bytes = young.of(self, 0);
        let mut work = vec![Survivor { position: 0, prior, young_bytes, thing, owners_growth: 0 }];
        debug_assert_eq!(self.analysis.dominators.node_at(0), root);
        let mut steps = 0;
        while let Some(survivor) = work.pop() {
            control.checkpoint_at(steps)?;
            steps += 1;
            self.look_below(&survivor, &young, &mut work, &mut found);
        }
        // Two passes over all nodes, the second of which another core may take.
        let (grown, (may_be_crowds, lists)) = rayon::join(
            || self.grown_containers(self.least_items, control),
            || (small_containers(self, &young, control), grown_lists(self, &young, control)),
        );
        let known: HashSet<_> = found.points.iter().map(|point| point.node).collect();
        found.points.extend(grown?.into_iter().filter(|point| !known.contains(&point.node)));
        // What has too little by itself may have enough with many others.
        let known = found.points.iter().filter(|point| self.is_enough_alone(point));
        let known: Vec<_> = known.map(|point| point.node).collect();
        let mut keys = Keys::new(self);
        found.crowds = find_crowds(self, may_be_crowds?, &known, &mut keys);
        let members = found.crowds.iter().flat_map(|crowd| &crowd.members);
        let members: HashSet<_> = members.map(|member| member.node).collect();
        found.points.retain(|point| point.bytes == 0 || !members.contains(&point.node));
        self.add_keys(&mut found, &mut keys);
        let lists = crowds_of_lists(self, lists?, &mut found, control)?;
        found.crowds.extend(lists);
        Ok(found)
    }

    /// Whether a point is a suspect without others like it. With a few items more it is none, however
    /// large those are, until they are much: each of many customers' logs. What was empty may have been
    /// set up, and is left to what is [large together](crate::leak::small).
    fn is_enough_alone(&self, point: &Accumulation) -> bool {
        let many = many_bytes(self.analysis.retained.at(self.graph.root().at()));
        let had_items = point.prior.is_some_and(|prior| prior.items > 0);
        let gained_few = had_items && (1..self.least_items).contains(&point.more());
        point.bytes >= self.least_bytes && (!gained_few || point.bytes >= many)
    }

    /// Sends surviving children on, and judges what is left.
    fn look_below(
        &self,
        survivor: &Survivor,
        young: &YoungBytes,
        work: &mut Vec<Survivor>,
        found: &mut Growth,
    ) {
        let tree = &self.analysis.dominators;
        let node = tree.node_at(survivor.position);
        let retained = self.analysis.retained.at(node.at());
        let mut local_after = retained;
        let mut local_before = survivor.prior.map_or(0, |prior| prior.retained);
        let mut local_young = survivor.young_bytes;
        let mut fresh = Vec::new();
        let mut part = None;
        let slots = self.before.slots_below(self.graph, self.analysis, node, survivor.prior);
        for position in tree.children(survivor.position) {
            let child = tree.node_at(position);
            if self.analysis.retained.at(child.at()) < self.least_bytes {
                continue;
            }
            let prior = self.before.find(self.graph, child, &slots);
            let young_bytes = young.of(self, position);
            let retained = self.analysis.retained.at(child.at());
            let old_bytes = retained.saturating_sub(young_bytes);
            let is_young = prior.is_none() && self.before.is_young(child);
            if is_young {
                let end = self.follow(position);
                if !matches!(end, End::Survivor) {
                    fresh.push((position, end));
                    continue;
                }
            }
            if young_bytes < self.least_bytes && self.is_branch_of(child, node) {
                continue;
            }
            // A young node may have come between survivors and what dominated them, as when an
            // async function began: it is walked through like a survivor that was nothing before.
            let was = if is_young { old_bytes } else { prior.map_or(0, |prior| prior.retained) };
            local_after -= retained;
            local_before = local_before.saturating_sub(was);
            let owned = self.owned_young_bytes(child);
            local_young = local_young.saturating_sub(young_bytes.saturating_sub(owned));
            if young_bytes >= self.least_bytes {
                let thing = if self.is_thing(child) { (child, prior) } else { survivor.thing };
                if owned > 0 {
                    part = Some(work.len());
                }
                work.push(Survivor { position, prior, young_bytes, thing, owners_growth: 0 });
            }
        }
        let mut growth = local_after.saturating_sub(local_before).min(local_young);
        if !self.before.knows_young() {
            growth = growth.max(self.bytes_of_new_containers(&fresh));
        }
        growth += survivor.owners_growth;
        if let Some(part) = part.filter(|_| fresh.is_empty()) {
            work[part].owners_growth = growth;
            return;
        }
        if growth >= self.least_bytes {
            self.judge(survivor, node, growth, fresh, found);
        }
    }

    /// Whether a node is a branch of a tree that the one above is of. What grows in each of many is little, and
    /// is growth of the tree.
    fn is_branch_of(&self, node: NodeIndex, above: NodeIndex) -> bool {
        let graph = self.graph;
        let class = |node| hidden_class(graph, self.words, node);
        graph.name_index(node) == graph.name_index(above)
            && [node, above].iter().all(|&it| graph.node_type(it) == NodeType::OBJECT)
            && class(node).is_some()
            && class(node) == class(above)
    }

    /// How large a part is whose size belongs to its owner, as the table of a Map: 0 for all else. A table
    /// that was there before has not grown, but the one in its place in another process may have.
    fn owned_young_bytes(&self, node: NodeIndex) -> u64 {
        let owned = self.analysis.self_size[node.at()];
        match self.before.is_young(node) || !self.before.knows_young() {
            true => u64::from(self.graph.file_self_size(node).saturating_sub(owned)),
            false => 0,
        }
    }

    /// What containers retain that have no counterpart: in the baseline they were empty, if they were
    /// there. Beside them a survivor may have become smaller, as between two versions of Node.
    fn bytes_of_new_containers(&self, fresh: &[(u32, End)]) -> u64 {
        let is_filled = |&node: &NodeIndex| {
            let container = items::count(self.graph, self.words, node);
            container.is_some_and(|(container, items)| {
                container != Container::Object && items >= self.least_items
            })
        };
        let things = fresh.iter().filter_map(|(_, end)| match *end {
            End::Thing { node, .. } => Some(node),
            _ => None,
        });
        things.filter(is_filled).map(|node| self.analysis.retained.at(node.at())).sum()
    }

    /// Decides what the local growth of a survivor is: the survivor's own, that of a young thing
    /// right below it, or that of many scattered ones.
    fn judge(
        &self,
        survivor: &Survivor,
        node: NodeIndex,
        growth: u64,
        fresh: Vec<(u32, End)>,
        found: &mut Growth,
    ) {
        let retained_at = |&(position, _): &(u32, End)| {
            self.analysis.retained.at(self.analysis.dominators.node_at(position).at())
        };
        let point = self.survivor_point(node, survivor, growth);
        let largest = fresh.iter().map(retained_at).max().unwrap_or(0);
        let fans_out = largest < growth / 2;
        if fans_out && point.more_items() > 0 && !self.is_hub(point.node) {
            found.points.push(point);
            return;
        }
        let mut rest = growth;
        let mut links = 0;
        for young in fresh {
            let bytes = retained_at(&young).min(growth);
            match young.1 {
                End::Thing { node, links: more } if node == point.node => links = links.max(more),
                End::Thing { node, links } => {
                    rest = rest.saturating_sub(bytes);
                    let point = self.young_point(node, bytes, links);
                    found.points.push(self.net_of_shared(point, retained_at(&young)));
                }
                // What piles up in V8's part of the survivor is its own. So is the part itself, as the
                // new table of a Map, whose bytes are the Map's and not what the table retains.
                End::Part { links: more } => links = links.max(more),
                End::Survivor => {}
            }
        }
        if rest < self.least_bytes {
            return;
        }
        let point = Accumulation { bytes: rest, links, ..point };
        let is_hub = self.is_hub(point.node);
        if !is_hub && (point.more_items() > 0 || links > 0) {
            found.points.push(point);
            return;
        }
        let groups = self.scatter_below(survivor.position);
        let under = (!is_hub).then_some(point);
        if under.is_some() || !groups.is_empty() {
            let position = survivor.position;
            found.scatters.push(Scatters { position, groups, under });
        }
    }

    /// A survivor as an accumulation point. V8's part of a thing stands for the thing.
    fn survivor_point(&self, node: NodeIndex, survivor: &Survivor, bytes: u64) -> Accumulation {
        let is_part = matches!(
            self.graph.node_type(node),
            NodeType::ARRAY | NodeType::HIDDEN | NodeType::NATIVE
        );
        let (node, prior) = match survivor.thing {
            (thing, prior) if is_part && thing != self.graph.root() => (thing, prior),
            _ => (node, survivor.prior),
        };
        let items = items::count(self.graph, self.words, node).map(|(_, items)| items);
        Accumulation { node, bytes, prior, items, links: 0 }
    }

    /// A thing that a young node below a survivor ends at. It may be older itself, if it has its table there.
    fn young_point(&self, node: NodeIndex, bytes: u64, links: usize) -> Accumulation {
        let items = items::count(self.graph, self.words, node).map(|(_, items)| items);
        let prior = self.before.of(self.graph, node);
        Accumulation { node, bytes, prior, items, links }
    }

    /// Adds the keys that containers share with V8's table of them; those of crowds have been added.
    fn add_keys(&self, found: &mut Growth, keys: &mut Keys) {
        let members = found.crowds.iter().flat_map(|crowd| &crowd.members);
        let members: HashSet<_> = members.map(|member| member.node).collect();
        for point in found.points.iter_mut().filter(|point| !members.contains(&point.node)) {
            point.bytes += keys.bytes(self, point);
        }
        for group in found.scatters.iter_mut().flat_map(|scatters| &mut scatters.groups) {
            keys.take_from(self.graph, group);
        }
        for scatters in &mut found.scatters {
            scatters.groups.retain(|group| !group.members.is_empty());
        }
    }
}

/// Whether an edge can be a slot that outlives what is in it.
pub(crate) fn is_slot(edge: Edge) -> bool {
    !matches!(edge.label.edge_type(), EdgeType::WEAK | EdgeType::SHORTCUT)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::wtf8::lossy;
    use crate::leak::stage::{elements, grown, property};

    /// What the growth between two heaps is called: the property that leads to each point, items
    /// before and now, bytes.
    fn points(
        build: impl Fn(&mut crate::testing::GraphBuilder, NodeIndex, bool),
    ) -> Vec<(String, u64, u64, u64)> {
        let (census, heap) = grown(build);
        let found = heap.growth(
            &Before::by_id(&census, &heap.graph, &Control::default()).unwrap(),
            1_000,
            10,
        );
        let name = |node| {
            let step = heap.routes.arrival(&heap.graph, node).unwrap();
            lossy(heap.graph.edge_name(step.edge))
        };
        let described = found.points.iter().map(|point| {
            let before = point.prior.map_or(0, |prior| prior.items);
            (name(point.node), before, point.items.unwrap_or(0), point.bytes)
        });
        described.collect()
    }

    #[test]
    fn growth_piles_up_at_the_survivor_that_gained_the_items() {
        let found = points(|heap, global, is_grown| {
            let service = property(heap, global, "service", "Service");
            let list = property(heap, service, "list", "Array");
            elements(heap, list, 0..5, "Job", 50);
            if is_grown {
                elements(heap, list, 5..45, "Job", 50);
            }
        });
        assert_eq!(found, [("list".into(), 5, 45, 40 * 50)]);
    }

    #[test]
    fn a_young_container_below_a_survivor_is_the_point_and_not_the_survivor() {
        let found = points(|heap, global, is_grown| {
            let service = property(heap, global, "service", "Service");
            if is_grown {
                let list = property(heap, service, "list", "Array");
                elements(heap, list, 0..40, "Job", 50);
            }
        });
        assert_eq!(found, [("list".into(), 0, 40, 40 * 50 + 32)]);
    }

    #[test]
    fn the_table_of_a_map_that_was_replaced_counts_for_the_map_as_it_was() {
        let found = points(|heap, global, is_grown| {
            let service = property(heap, global, "service", "Service");
            // Room for 128 entries or for 32, behind as many buckets as half of them.
            let (slots, first, entries) = if is_grown { (451, 67, 90) } else { (115, 19, 25) };
            let offset = if is_grown { 1_000 } else { 0 };
            let map = property(heap, service, "flags", "Map");
            let table = heap.node(NodeType::ARRAY, "", 16 + slots * 8);
            heap.edge(map, EdgeType::INTERNAL, "table", table);
            heap.set_id(map, heap_id(map, offset));
            heap.set_id(table, heap_id(table, offset));
            for entry in 0..entries {
                let value = heap.node(NodeType::OBJECT, "Flag", 50);
                heap.set_id(value, heap_id(value, offset));
                heap.edge(table, EdgeType::INTERNAL, (first + 3 * entry).to_string(), value);
            }
        });
        assert_eq!(found.len(), 1, "{found:?}");
        let (name, before, after, _) = &found[0];
        assert_eq!((name.as_str(), *before, *after), ("flags", 25, 90));
    }

    /// The size of a Map's table belongs to the Map, and both grow.
    #[test]
    fn the_new_table_of_a_map_counts_as_its_growth() {
        let found = points(|heap, global, is_grown| {
            let service = property(heap, global, "service", "Service");
            let map = property(heap, service, "flags", "Map");
            let (slots, first, entries) = if is_grown { (451, 67, 90) } else { (115, 19, 25) };
            let table = heap.node(NodeType::ARRAY, "", 16 + slots * 8);
            heap.set_id(table, heap_id(table, if is_grown { 1_000 } else { 0 }));
            heap.edge(map, EdgeType::INTERNAL, "table", table);
            for entry in 0..entries {
                let value = heap.node(NodeType::OBJECT, "Flag", 50);
                heap.edge(table, EdgeType::INTERNAL, (first + 3 * entry).to_string(), value);
            }
        });
        let bytes = (451 - 115) * 8 + (90 - 25) * 50;
        assert_eq!(found, [("flags".into(), 25, 90, bytes)]);
    }

    fn heap_id(node: NodeIndex, offset: u32) -> u32 {
        2 * node.0 + 1 + offset
    }

    #[test]
    fn what_is_replaced_by_as_much_has_not_grown() {
        let found = points(|heap, global, is_grown| {
            let service = property(heap, global, "service", "Service");
            let list = property(heap, service, "list", "Array");
            for number in 0..40 {
                let job = heap.node(NodeType::OBJECT, "Job", 50);
                heap.set_id(job, heap_id(job, if is_grown { 1_000 } else { 0 }));
                heap.numbered(list, EdgeType::ELEMENT, number, job);
            }
        });
        assert_eq!(found, []);
    }

    #[test]
    fn the_first_young_element_stands_for_a_list() {
        let (census, heap) = grown(|heap, global, is_grown| {
            let log = property(heap, global, "log", "Log");
            let mut last = log;
            for number in 0..if is_grown { 40 } else { 0 } {
                let name = if number == 0 { "head" } else { "next" };
                last = property(heap, last, name, "Entry");
            }
        });
        let found = heap.growth(
            &Before::by_id(&census, &heap.graph, &Control::default()).unwrap(),
            1_000,
            10,
        );
        assert_eq!(found.points.len(), 1);
        assert_eq!(found.points[0].links, 40);
        let step = heap.routes.arrival(&heap.graph, found.points[0].node).unwrap();
        assert_eq!(heap.graph.edge_name(step.edge), b"head");
    }

    #[test]
    fn hidden_classes_below_each_other_are_no_list() {
        let (census, heap) = grown(|heap, global, is_grown| {
            let bundles = property(heap, global, "bundles", "Object");
            if is_grown {
                let bundle = property(heap, bundles, "fi", "Object");
                let mut last = heap.node(NodeType::OBJECT_SHAPE, "system / Map", 80);
                heap.edge(bundle, EdgeType::INTERNAL, "map", last);
                for _ in 0..40 {
                    let before_it = heap.node(NodeType::OBJECT_SHAPE, "system / Map", 80);
                    heap.edge(last, EdgeType::INTERNAL, "back_pointer", before_it);
                    last = before_it;
                }
            }
        });
        let before = Before::by_id(&census, &heap.graph, &Control::default()).unwrap();
        let found = heap.growth(&before, 1_000, 10);
        assert!(found.points.iter().all(|point| point.links == 0), "{:?}", found.points);
    }

    #[test]
    fn a_young_branch_of_a_tree_of_keys_belongs_to_the_tree() {
        let found = points(|heap, global, is_grown| {
            let index = property(heap, global, "index", "Index");
            let root = property(heap, index, "root", "Object");
            property(heap, root, "z", "Object");
            let mut branch = root;
            for letter in if is_grown { "customers-".chars() } else { "".chars() } {
                branch = property(heap, branch, &letter.to_string(), "Object");
            }
            elements(heap, branch, 0..if is_grown { 40 } else { 0 }, "Object", 50);
        });
        assert_eq!(found.len(), 1, "{found:?}");
        assert_eq!(found[0].0, "root");
    }

    #[test]
    fn objects_in_two_containers_are_scattered_under_what_dominates_both() {
        let (census, heap) = grown(|heap, global, is_grown| {
            let [one, other] = ["one", "other"].map(|name| property(heap, global, name, "Array"));
            for number in 0..if is_grown { 40 } else { 0 } {
                let job = heap.node(NodeType::OBJECT, "Job", 50);
                heap.numbered(one, EdgeType::ELEMENT, number, job);
                heap.numbered(other, EdgeType::ELEMENT, number, job);
            }
        });
        let found = heap.growth(
            &Before::by_id(&census, &heap.graph, &Control::default()).unwrap(),
            1_000,
            10,
        );
        let groups: Vec<_> = found.scatters.iter().flat_map(|under| &under.groups).collect();
        assert_eq!(groups.len(), 1);
        assert_eq!((groups[0].members.len(), groups[0].bytes), (40, 2_000));
        let containers = found.points.iter().filter(|point| point.more_items() == 40).count();
        assert_eq!(containers, 2, "both are looked at, though neither dominates them");
    }
}
