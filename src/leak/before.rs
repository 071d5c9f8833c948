//! The baseline, as the newer snapshot's nodes ask for themselves in it: by id if both are of one
//! process, by the shape of their route if not.

use hashbrown::HashMap;

use crate::analysis::Analysis;
use crate::analysis::bits::BitSet;
use crate::control::Control;
use crate::error::Result;
use crate::graph::{HeapGraph, NodeIndex, NodeType};
use crate::leak::alive::Alive;
use crate::leak::census::{
    Census, LARGE, Together, class_key, instances_now, is_counted, slot_key, tag,
};
use crate::leak::growth::{Scatter, is_slot};
use crate::leak::levels::{Level, Member, levels};
use crate::leak::moved::Moved;
use crate::leak::records::Record;
use crate::leak::shape::NO_SHAPE;
use crate::leak::suspects::{LEAST_BYTES, Newer};

/// What a node was before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Prior {
    /// Its id then. Another one than now if it was replaced in its slot, or in another process.
    pub id: u32,
    /// Its items then.
    pub items: u64,
    /// What it retained then.
    pub retained: u64,
}

impl From<Record> for Prior {
    fn from(record: Record) -> Self {
        Self { id: record.id, items: u64::from(record.items), retained: record.retained }
    }
}

impl Prior {
    fn average(of: Together) -> Self {
        let count = of.count.max(1);
        Self { id: 0, items: of.items.div_ceil(count), retained: of.retained / count }
    }
}

/// What there is of each shape now, and what there was.
struct Kin<'a> {
    census: &'a Census,
    moved: Moved,
    now: HashMap<u64, Together>,
    levels: HashMap<u64, Level>,
}

impl Kin<'_> {
    /// What there is and was of a shape that several things have.
    fn several(&self, shape: u64) -> Option<(Together, Together)> {
        let now = *self.now.get(&shape).filter(|now| now.count > 1)?;
        Some((now, self.census.together(self.moved.shape_then(shape))?))
    }

    /// Whether there are no more of a shape than there were, and they have grown all together.
    fn has_grown_in_place(&self, shape: u64) -> bool {
        self.several(shape).is_some_and(|(now, was)| {
            now.count <= was.count && (now.items > was.items || now.retained > was.retained)
        })
    }

    /// What things of a shape were on average, if they have more items now. With many more of them it
    /// is their number that has grown.
    fn average(&self, shape: u64) -> Option<Prior> {
        let (now, was) = self.several(shape)?;
        let average = Prior::average(was);
        let has_grown = now.count <= was.count * 2 && now.items > average.items * now.count;
        has_grown.then_some(average)
    }

    /// What things of a shape were on average, if they retain more now.
    fn average_size(&self, shape: u64) -> Option<Prior> {
        let (now, was) = self.several(shape)?;
        let average = Prior::average(was);
        let more = now.retained.saturating_sub(average.retained.saturating_mul(now.count));
        (now.count <= was.count * 2 && more >= LEAST_BYTES).then_some(average)
    }

    /// What a thing was: the only one of its shape, or one of no more than there were.
    fn prior(&self, member: &Member) -> Option<Prior> {
        let &Member { shape, items, retained, .. } = member;
        let Some((now, was)) = self.several(shape) else {
            let only = self.now.get(&shape).filter(|now| now.count == 1);
            let was = only.and_then(|_| self.census.by_shape(self.moved.shape_then(shape)));
            return was.map(Prior::from);
        };
        let level = self.levels.get(&shape);
        (now.count <= was.count && retained >= LARGE).then(|| Prior {
            id: 0,
            items: level.map_or(items, |level| level.items.min(items)),
            retained: level.map_or(retained, |level| level.retained.min(retained)),
        })
    }
}

/// The baseline, to be asked.
#[derive(Debug)]
pub struct Before<'a> {
    census: &'a Census,
    by: By,
}

#[derive(Debug)]
enum By {
    /// The nodes that came after the baseline, and the ids of those that did not.
    Id { young: BitSet, alive: Alive },
    /// The nodes that have a counterpart, those of them that have it at another place, and the counterparts,
    /// or what is one of several that there were;
    /// containers that have more items than their counterpart; containers that share their shape and
    /// have more items than those had on average, and other objects that retain more, as they were on
    /// average.
    Shape {
        matched: BitSet,
        elsewhere: BitSet,
        counterparts: HashMap<NodeIndex, Prior>,
        grown: Vec<(NodeIndex, Prior)>,
        averages: Vec<(NodeIndex, Prior)>,
        larger: Vec<(NodeIndex, Prior)>,
        of_one_isolate: bool,
    },
}

impl<'a> Before<'a> {
    /// Asks a census by id. Which nodes came after it is asked all the time, and noted once, as is which of it
    /// are still there.
    ///
    /// # Errors
    ///
    /// `ABORT_ERR`, `ERR_TIMEOUT`.
    pub fn by_id(census: &'a Census, graph: &HeapGraph, control: &Control) -> Result<Self> {
        let mut young = BitSet::new(graph.node_count());
        let mut alive = Alive::up_to(census.last_id, graph.node_count());
        for node in graph.nodes() {
            control.checkpoint_at(node.at())?;
            let id = graph.id(node);
            if id % 2 != 1 {
                // Embedder nodes have new ones in each snapshot.
                continue;
            }
            if id > census.last_id {
                young.insert(node.0);
            } else {
                alive.insert(id);
            }
        }
        Ok(Self { census, by: By::Id { young, alive: alive.finish() } })
    }

    /// Asks a census by shape. `shapes` are those of the newer snapshot's nodes, and `items` what each of these
    /// has. `of_one_isolate`: the census is known to be of the same process all the same, as that of a fork.
    ///
    /// # Errors
    ///
    /// `ABORT_ERR`, `ERR_TIMEOUT`.
    pub fn by_shape(
        census: &'a Census,
        newer: Newer<'_>,
        shapes: Vec<u64>,
        items: Vec<u32>,
        of_one_isolate: bool,
        control: &Control,
    ) -> Result<Self> {
        let Newer { graph, words, analysis, .. } = newer;
        // Asked for in each pass: a list of them would take more memory than the columns.
        let member_at = |node: NodeIndex| {
            let (shape, items) = (shapes[node.at()], u64::from(items[node.at()]));
            let retained = analysis.retained.at(node.at());
            let is_member = shape != NO_SHAPE && is_counted(items, retained);
            is_member.then_some(Member { shape, items, retained })
        };
        let mut now: HashMap<u64, Together> = HashMap::new();
        for node in graph.nodes() {
            control.checkpoint_at(node.at())?;
            if let Some(Member { shape, items, retained, .. }) = member_at(node) {
                now.entry(shape).or_default().add(items, retained);
            }
        }
        control.checkpoint()?;
        let moved = Moved::find(census, &now);
        control.checkpoint()?;
        let mut kin = Kin { census, moved, now, levels: HashMap::new() };
        let members = graph.nodes().filter_map(member_at);
        let grown = members.filter(|member| kin.has_grown_in_place(member.shape));
        let was = |shape| census.together(kin.moved.shape_then(shape)).unwrap_or_default();
        kin.levels = levels(grown.collect(), was, control)?;
        let mut matched = BitSet::new(graph.node_count());
        let mut elsewhere = BitSet::new(graph.node_count());
        let mut counterparts = HashMap::new();
        let mut averages = Vec::new();
        let mut larger = Vec::new();
        let mut grown = Vec::new();
        let containers = [words.array_class, words.map_class, words.set_class];
        for node in graph.nodes() {
            control.checkpoint_at(node.at())?;
            let Some(member) = member_at(node) else { continue };
            if containers.contains(&graph.name_index(node)) {
                averages.extend(kin.average(member.shape).map(|average| (node, average)));
            } else if graph.node_type(node) == NodeType::OBJECT {
                larger.extend(kin.average_size(member.shape).map(|average| (node, average)));
            }
            if let Some(prior) = kin.prior(&member) {
                matched.insert(node.0);
                if kin.moved.shape_then(member.shape) != member.shape {
                    elsewhere.insert(node.0);
                }
                counterparts.insert(node, prior);
                let is_container = words.is_everyday(graph.name_index(node));
                // Of several of one shape the averages tell.
                let is_only = kin.several(member.shape).is_none();
                if is_container && is_only && member.items > prior.items {
                    grown.push((node, prior));
                }
            }
        }
        let by =
            By::Shape { matched, elsewhere, counterparts, grown, averages, larger, of_one_isolate };
        Ok(Self { census, by })
    }

    /// Containers that share their shape with others and have more items than those had on average,
    /// all together, in ascending order. Only where nothing is known of each.
    pub fn grown_on_average(&self) -> &[(NodeIndex, Prior)] {
        match &self.by {
            By::Id { .. } => &[],
            By::Shape { averages, .. } => averages,
        }
    }

    /// Containers that have a shape of their own and more items than the one of that shape had. Only where
    /// ids say nothing.
    pub fn grown_by_shape(&self) -> &[(NodeIndex, Prior)] {
        match &self.by {
            By::Id { .. } => &[],
            By::Shape { grown, .. } => grown,
        }
    }

    /// Objects that share their shape with others and retain more than those did on average, all together;
    /// no arrays, Maps or Sets. Only where nothing is known of each.
    pub fn larger_on_average(&self) -> &[(NodeIndex, Prior)] {
        match &self.by {
            By::Id { .. } => &[],
            By::Shape { larger, .. } => larger,
        }
    }

    /// What a container was that shares its shape with others, if those have more items now: what they
    /// were on average.
    pub fn average_of(&self, node: NodeIndex) -> Option<Prior> {
        let averages = self.grown_on_average();
        let at = averages.binary_search_by_key(&node, |&(node, _)| node).ok()?;
        Some(averages[at].1)
    }

    /// The census behind it.
    pub fn census(&self) -> &'a Census {
        self.census
    }

    /// The whole snapshot.
    pub fn root(&self) -> Prior {
        Prior { id: 1, items: 0, retained: self.census.total }
    }

    /// Whether a node is known to have come after the baseline; for snapshots of two processes,
    /// whether it has no counterpart. Even ids are those of embedder nodes, which get new ones in
    /// each snapshot and are no evidence of growth; they count as old.
    #[inline(always)]
    pub fn is_young(&self, node: NodeIndex) -> bool {
        match &self.by {
            By::Id { young, .. } => young.contains(node.0),
            By::Shape { matched, .. } => !matched.contains(node.0),
        }
    }

    /// Whether a node only has a counterpart at another place in another process, as after a deploy: that the
    /// two are the same is a guess.
    pub fn was_elsewhere(&self, node: NodeIndex) -> bool {
        matches!(&self.by, By::Shape { elsewhere, .. } if elsewhere.contains(node.0))
    }

    /// Whether a node is one of the embedder's, memory outside of V8's heap, of which nobody knows when it came.
    pub fn is_outside(&self, graph: &HeapGraph, node: NodeIndex) -> bool {
        self.knows_young()
            && graph.node_type(node) == NodeType::NATIVE
            && graph.id(node).is_multiple_of(2)
    }

    /// Whether young nodes are exactly those that came after the baseline.
    pub fn knows_young(&self) -> bool {
        matches!(self.by, By::Id { .. })
    }

    /// Whether the baseline may be of another process.
    pub fn is_of_another_process(&self) -> bool {
        matches!(self.by, By::Shape { of_one_isolate: false, .. })
    }

    /// What the node was.
    pub fn of(&self, graph: &HeapGraph, node: NodeIndex) -> Option<Prior> {
        match &self.by {
            By::Id { .. } => {
                let record = self.census.by_id(graph.id(node))?;
                (record.tag == tag(graph, node)).then(|| record.into())
            }
            By::Shape { counterparts, .. } => counterparts.get(&node).copied(),
        }
    }

    /// What was in the slots of `owner`, by what is in them now. `prior` is the owner as it was. What is
    /// still there was not replaced: it has become a part of what is in the slot now, as the text that
    /// another one was appended to, or the list that one more was put in front of.
    pub fn slots_below(
        &self,
        graph: &HeapGraph,
        analysis: &Analysis,
        owner: NodeIndex,
        prior: Option<Prior>,
    ) -> HashMap<NodeIndex, Prior> {
        let mut slots = HashMap::new();
        let By::Id { alive, .. } = &self.by else {
            // A shape is a slot.
            return slots;
        };
        let owner_id = prior.map_or(graph.id(owner), |prior| prior.id);
        for edge in graph.edges(owner).filter(|&edge| is_slot(edge)) {
            let child = edge.target;
            if !self.is_young(child)
                || analysis.retained.at(child.at()) < LARGE
                || analysis.dominators.idom(child) != owner
            {
                continue;
            }
            if let Some(record) = self.census.by_slot(slot_key(graph, owner_id, edge))
                && record.tag == tag(graph, child)
                && !alive.contains(record.id)
            {
                slots.insert(child, record.into());
            }
        }
        slots
    }

    /// What was in the slot of `owner` that has `child` now, be it still there or not. Only where ids tell.
    pub fn in_slot(&self, graph: &HeapGraph, owner: NodeIndex, child: NodeIndex) -> Option<Prior> {
        if !self.knows_young() {
            return None;
        }
        let slots = graph.edges(owner).filter(|edge| edge.target == child && is_slot(*edge));
        let owner_id = graph.id(owner);
        let found = slots.filter_map(|edge| self.census.by_slot(slot_key(graph, owner_id, edge)));
        found.map(Prior::from).next()
    }

    /// How much of the bytes of scattered objects is growth: their class may have lost as many
    /// others meanwhile. `None` if it did.
    pub fn net_bytes(&self, graph: &HeapGraph, scatter: &Scatter) -> Option<u64> {
        let &sample = scatter.members.first()?;
        let now = instances_now(graph, sample);
        let then = self.census.instances(class_key(graph, sample));
        let more = now.saturating_sub(then.count);
        let members = scatter.members.len() as u64;
        // Half of them may have replaced others; more, and it is churn.
        (more * 2 > members).then(|| scatter.bytes * more.min(members) / members)
    }

    /// What a child of the owner of `slots` was: by itself, or by the slot it is in.
    pub fn find(
        &self,
        graph: &HeapGraph,
        child: NodeIndex,
        slots: &HashMap<NodeIndex, Prior>,
    ) -> Option<Prior> {
        if self.is_young(child) { slots.get(&child).copied() } else { self.of(graph, child) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::graph::EdgeType;
    use crate::leak::stage::{Heap, elements, grown, property};

    #[test]
    fn an_id_is_the_same_node_only_if_it_is_of_the_same_class() {
        let class = |is_grown| if is_grown { "Set" } else { "Map" };
        let (census, heap) = grown(|heap, global, is_grown| {
            let kept = property(heap, global, "kept", "Array");
            let other = property(heap, global, "other", class(is_grown));
            elements(heap, kept, 0..2, "Job", 16);
            elements(heap, other, 0..2, "Job", 16);
        });
        let before = Before::by_id(&census, &heap.graph, &Control::default()).unwrap();
        let of = |name: &[u8]| {
            let graph = &heap.graph;
            let found = graph.nodes().find_map(|node| {
                graph.edges(node).find(|edge| graph.edge_name(*edge) == name).map(|e| e.target)
            });
            before.of(graph, found.unwrap())
        };
        assert_eq!(of(b"kept").map(|prior| prior.items), Some(2));
        assert_eq!(of(b"other"), None);
    }

    #[test]
    fn what_has_replaced_something_in_its_slot_is_compared_with_that() {
        let (mut owner, mut list) = (NodeIndex(0), NodeIndex(0));
        let mut build = |is_grown| {
            let (owner, list) = (&mut owner, &mut list);
            Heap::build(|heap, global| {
                *owner = property(heap, global, "store", "Store");
                *list = heap.node(NodeType::OBJECT, "Array", 2_000);
                heap.edge(*owner, EdgeType::PROPERTY, "list", *list);
                elements(heap, *list, 0..if is_grown { 9 } else { 4 }, "Job", 16);
                if is_grown {
                    heap.set_id(*list, 1_001);
                }
            })
        };
        let census = build(false).census();
        let heap = build(true);
        let before = Before::by_id(&census, &heap.graph, &Control::default()).unwrap();
        let Heap { graph, analysis, .. } = &heap;
        assert!(before.is_young(list) && before.of(graph, list).is_none());
        let prior = before.of(graph, owner);
        let slots = before.slots_below(graph, analysis, owner, prior);
        assert_eq!(before.find(graph, list, &slots).map(|prior| prior.items), Some(4));
        // Of an owner that was another one, the slot is another one.
        let other = prior.map(|prior| Prior { id: 9_999, ..prior });
        assert!(before.slots_below(graph, analysis, owner, other).is_empty());
    }

    #[test]
    fn what_is_still_there_was_not_replaced() {
        let (mut owner, mut text) = (NodeIndex(0), NodeIndex(0));
        let mut build = |is_grown| {
            let (owner, text) = (&mut owner, &mut text);
            Heap::build(|heap, global| {
                *owner = property(heap, global, "store", "Store");
                let old = heap.node(NodeType::OBJECT, "Text", 2_000);
                heap.set_id(old, 501);
                *text = old;
                if is_grown {
                    *text = heap.node(NodeType::OBJECT, "Text", 3_000);
                    heap.set_id(*text, 1_001);
                    heap.edge(*text, EdgeType::PROPERTY, "first", old);
                }
                heap.edge(*owner, EdgeType::PROPERTY, "text", *text);
            })
        };
        let census = build(false).census();
        let heap = build(true);
        let before = Before::by_id(&census, &heap.graph, &Control::default()).unwrap();
        let Heap { graph, analysis, .. } = &heap;
        assert!(before.is_young(text));
        assert!(before.slots_below(graph, analysis, owner, before.of(graph, owner)).is_empty());
        // Compared as a whole, it was that.
        let was = before.in_slot(graph, owner, text);
        assert_eq!(was.map(|was| was.retained), Some(2_000));
    }

    #[test]
    fn of_scattered_objects_only_those_count_that_are_more_than_before() {
        let net = |was: u32, now: u32| {
            let build = |count, first_id| {
                let mut members = Vec::new();
                let heap = Heap::build(|heap, global| {
                    for number in 0..count {
                        let job = property(heap, global, "x", "Job");
                        heap.set_id(job, first_id + 2 * number);
                        members.push(job);
                    }
                });
                (heap, members)
            };
            let (older, _) = build(was, 1_001);
            let (newer, members) = build(now, 9_001);
            let census = older.census();
            let scatter = Scatter { members, bytes: 1_000 };
            Before::by_id(&census, &newer.graph, &Control::default())
                .unwrap()
                .net_bytes(&newer.graph, &scatter)
        };
        assert_eq!(net(0, 10), Some(1_000));
        assert_eq!(net(3, 10), Some(700));
        assert_eq!(net(5, 10), None, "half of them came for others: that is churn");
        assert_eq!(net(10, 10), None);
    }

    #[test]
    fn by_shape_one_is_matched_and_several_are_compared_on_average() {
        let build = |sizes: [u32; 3], alone| {
            let mut nodes = Vec::new();
            let heap = Heap::build(|heap, global| {
                let only = property(heap, global, "only", "Array");
                elements(heap, only, 0..alone, "Job", 16);
                let lists = property(heap, global, "lists", "Array");
                nodes.push(only);
                for (number, size) in sizes.into_iter().enumerate() {
                    let list = heap.node(NodeType::OBJECT, "Array", 16);
                    heap.numbered(lists, EdgeType::ELEMENT, number as u32, list);
                    elements(heap, list, 0..size, "Job", 16);
                    nodes.push(list);
                }
            });
            (heap, nodes)
        };
        let census = build([1, 2, 4], 3).0.census();
        let (heap, nodes) = build([2, 2, 9], 5);
        let before = heap.before_by_shape(&census);
        let graph = &heap.graph;
        assert_eq!(before.of(graph, nodes[0]).map(|prior| prior.items), Some(3));
        assert!(!before.is_young(nodes[0]));
        for &list in &nodes[1..] {
            assert!(before.is_young(list) && before.of(graph, list).is_none());
            assert_eq!(before.average_of(list).map(|prior| prior.items), Some(3));
        }
        let (fewer, nodes) = build([1, 2, 3], 5);
        let before = fewer.before_by_shape(&census);
        assert_eq!(before.average_of(nodes[3]), None, "all together did not gain any");
    }
}
