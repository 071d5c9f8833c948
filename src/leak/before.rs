//! The baseline, as the newer snapshot's nodes ask for themselves in it.

use std::collections::HashMap;

use crate::analysis::Analysis;
use crate::graph::{HeapGraph, NodeIndex};
use crate::leak::census::{Census, Record, class_key, instances_now, slot_key, tag};
use crate::leak::growth::{Scatter, is_slot};

/// What a node was before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Prior {
    /// Its id then. Another one than now if it was replaced in its slot.
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

/// The baseline by node id: for two snapshots of one isolate.
#[derive(Clone, Copy, Debug)]
pub struct Before<'a> {
    census: &'a Census,
}

impl<'a> Before<'a> {
    /// Asks a census.
    pub fn new(census: &'a Census) -> Self {
        Self { census }
    }

    /// The census behind it.
    pub fn census(&self) -> &'a Census {
        self.census
    }

    /// The whole snapshot.
    pub fn root(&self) -> Prior {
        Prior { id: 1, items: 0, retained: self.census.total }
    }

    /// Whether a node with that id came after the baseline. Even ids are those of embedder nodes,
    /// which get new ones in each snapshot and are no evidence of growth; they count as old.
    #[inline(always)]
    pub fn is_young(&self, id: u32) -> bool {
        id > self.census.last_id && id % 2 == 1
    }

    /// What the node with the same id was.
    pub fn by_id(&self, graph: &HeapGraph, node: NodeIndex) -> Option<Prior> {
        let record = self.census.by_id(graph.id(node))?;
        (record.tag == tag(graph, node)).then(|| record.into())
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
        let owner_id = prior.map_or(graph.id(owner), |prior| prior.id);
        for edge in graph.edges(owner).filter(|&edge| is_slot(edge)) {
            let child = edge.target;
            if !self.is_young(graph.id(child))
                || analysis.retained[child.at()] < super::census::LARGE
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

    /// What a child of the owner of `slots` was: by id, or by the slot it is in.
    pub fn find(
        &self,
        graph: &HeapGraph,
        child: NodeIndex,
        slots: &HashMap<NodeIndex, Prior>,
    ) -> Option<Prior> {
        if self.is_young(graph.id(child)) {
            slots.get(&child).copied()
        } else {
            self.by_id(graph, child)
        }
    }
}
