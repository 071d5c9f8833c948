//! The baseline, as the newer snapshot's nodes ask for themselves in it: by id if both are of one
//! process, by the shape of their route if not.

use std::collections::HashMap;

use crate::analysis::Analysis;
use crate::analysis::bits::BitSet;
use crate::control::Control;
use crate::error::Result;
use crate::graph::{HeapGraph, NodeIndex};
use crate::leak::census::{
    Census, LARGE, Record, Together, class_key, instances_now, slot_key, tag,
};
use crate::leak::growth::{Scatter, is_slot};
use crate::leak::items;
use crate::leak::shape::NO_SHAPE;
use crate::leak::vocabulary::Vocabulary;

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

impl From<&Record> for Prior {
    fn from(record: &Record) -> Self {
        Self { id: record.id, items: u64::from(record.items), retained: record.retained }
    }
}

impl Prior {
    fn average(of: Together) -> Self {
        let count = of.count.max(1);
        Self { id: 0, items: of.items.div_ceil(count), retained: of.retained / count }
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
    Id,
    /// The nodes that have a counterpart, and those; and containers that share their shape, as they
    /// were on average.
    Shape {
        matched: BitSet,
        counterparts: HashMap<NodeIndex, Prior>,
        averages: Vec<(NodeIndex, Prior)>,
    },
}

impl<'a> Before<'a> {
    /// Asks a census by id.
    pub fn by_id(census: &'a Census) -> Self {
        Self { census, by: By::Id }
    }

    /// Asks a census by shape. `shapes` are those of the newer snapshot's nodes.
    ///
    /// # Errors
    ///
    /// `ABORT_ERR`, `ERR_TIMEOUT`.
    pub fn by_shape(
        census: &'a Census,
        graph: &HeapGraph,
        words: &Vocabulary,
        analysis: &Analysis,
        shapes: &[u64],
        control: &Control,
    ) -> Result<Self> {
        let mut only: HashMap<u64, Option<NodeIndex>> = HashMap::new();
        let mut together: HashMap<u64, Together> = HashMap::new();
        let containers = [words.array_class, words.map_class, words.set_class];
        for node in graph.nodes() {
            control.checkpoint_at(node.at())?;
            let shape = shapes[node.at()];
            let items = items::count(graph, words, node).map_or(0, |(_, items)| items);
            let retained = analysis.retained[node.at()];
            if shape == NO_SHAPE || (items == 0 && retained < LARGE) {
                continue;
            }
            only.entry(shape).and_modify(|there| *there = None).or_insert(Some(node));
            if items > 0 && containers.contains(&graph.name_index(node)) {
                together.entry(shape).or_default().add(items, retained);
            }
        }
        let mut matched = BitSet::new(graph.node_count());
        let mut counterparts = HashMap::new();
        for (shape, node) in only {
            if let (Some(node), Some(record)) = (node, census.by_shape(shape)) {
                matched.insert(node.0);
                counterparts.insert(node, record.into());
            }
        }
        let mut before: HashMap<u64, Prior> = HashMap::new();
        for (shape, now) in together {
            let Some(was) = census.together(shape).filter(|_| now.count > 1) else { continue };
            let average = Prior::average(was);
            if now.items > average.items * now.count {
                before.insert(shape, average);
            }
        }
        let of_shape = graph.nodes().filter_map(|node| {
            let prior = before.get(&shapes[node.at()])?;
            containers.contains(&graph.name_index(node)).then_some((node, *prior))
        });
        let averages = of_shape.collect();
        Ok(Self { census, by: By::Shape { matched, counterparts, averages } })
    }

    /// Containers that share their shape with others and have more items than those had on average,
    /// all together, in ascending order. Only where nothing is known of each.
    pub fn grown_on_average(&self) -> &[(NodeIndex, Prior)] {
        match &self.by {
            By::Id => &[],
            By::Shape { averages, .. } => averages,
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
    pub fn is_young(&self, graph: &HeapGraph, node: NodeIndex) -> bool {
        match &self.by {
            By::Id => {
                let id = graph.id(node);
                id > self.census.last_id && id % 2 == 1
            }
            By::Shape { matched, .. } => !matched.contains(node.0),
        }
    }

    /// Whether young nodes are exactly those that came after the baseline.
    pub fn knows_young(&self) -> bool {
        matches!(self.by, By::Id)
    }

    /// What the node was.
    pub fn of(&self, graph: &HeapGraph, node: NodeIndex) -> Option<Prior> {
        match &self.by {
            By::Id => {
                let record = self.census.by_id(graph.id(node))?;
                (record.tag == tag(graph, node)).then(|| record.into())
            }
            By::Shape { counterparts, .. } => counterparts.get(&node).copied(),
        }
    }

    /// What was in the slots of `owner`, by what is in them now. `prior` is the owner as it was.
    pub fn slots_below(
        &self,
        graph: &HeapGraph,
        analysis: &Analysis,
        owner: NodeIndex,
        prior: Option<Prior>,
    ) -> HashMap<NodeIndex, Prior> {
        let mut slots = HashMap::new();
        if matches!(self.by, By::Shape { .. }) {
            // A shape is a slot.
            return slots;
        }
        let owner_id = prior.map_or(graph.id(owner), |prior| prior.id);
        for edge in graph.edges(owner).filter(|&edge| is_slot(edge)) {
            let child = edge.target;
            if !self.is_young(graph, child)
                || analysis.retained[child.at()] < LARGE
                || analysis.dominators.idom(child) != owner
            {
                continue;
            }
            if let Some(record) = self.census.by_slot(slot_key(graph, owner_id, edge))
                && record.tag == tag(graph, child)
            {
                slots.insert(child, record.into());
            }
        }
        slots
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
        if self.is_young(graph, child) { slots.get(&child).copied() } else { self.of(graph, child) }
    }
}
