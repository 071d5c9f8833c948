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
//! the edges of objects for the containers. Memory: 12 bytes a node while it runs.

use std::collections::HashMap;

use crate::analysis::Analysis;
use crate::control::Control;
use crate::error::Result;
use crate::graph::{Edge, EdgeType, HeapGraph, NodeIndex, NodeType};
use crate::leak::before::{Before, Prior};
use crate::leak::items;
use crate::leak::vocabulary::Vocabulary;

/// A point where growth piles up.
#[derive(Clone, Debug)]
pub struct Accumulation {
    /// The node.
    pub node: NodeIndex,
    /// How many bytes more than before pile up there.
    pub bytes: u64,
    /// What it was before, if it was there.
    pub prior: Option<Prior>,
    /// Items now, if it is a container.
    pub items: Option<u64>,
}

impl Accumulation {
    /// How many items more than before.
    pub fn more_items(&self) -> u64 {
        let before = self.prior.map_or(0, |prior| prior.items);
        self.items.map_or(0, |items| items.saturating_sub(before))
    }
}

/// Young objects that pile up where nothing holds them all: under a node that is no container.
#[derive(Clone, Debug)]
pub struct Scatter {
    /// The node that dominates them.
    pub under: NodeIndex,
    /// They.
    pub members: Vec<NodeIndex>,
    /// What they retain.
    pub bytes: u64,
}

/// What the walk finds.
#[derive(Debug, Default)]
pub struct Growth {
    /// Accumulation points, in no order.
    pub points: Vec<Accumulation>,
    /// Scattered objects by class.
    pub scatters: Vec<Scatter>,
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
}

/// A survivor on the way down.
struct Survivor {
    position: u32,
    prior: Option<Prior>,
    young_bytes: u64,
}

impl<'a> Walk<'a> {
    /// Finds where growth piles up.
    pub fn run(&self, control: &Control) -> Result<Growth> {
        let young = self.young_bytes(control)?;
        let mut found = Growth::default();
        let root = self.graph.root();
        let prior = Some(self.before.root());
        let mut work = vec![Survivor { position: 0, prior, young_bytes: young.of(self, 0) }];
        debug_assert_eq!(self.analysis.dominators.node_at(0), root);
        let mut steps = 0;
        while let Some(survivor) = work.pop() {
            control.checkpoint_at(steps)?;
            steps += 1;
            self.look_below(&survivor, &young, &mut work, &mut found);
        }
        self.add_grown_containers(&mut found, control)?;
        Ok(found)
    }

    /// Bytes of young nodes, as prefix sums over the preorder of the dominator tree.
    fn young_bytes(&self, control: &Control) -> Result<YoungBytes> {
        let order = self.analysis.dominators.order();
        let mut sums = Vec::with_capacity(order.len() + 1);
        let mut sum = 0;
        sums.push(0);
        for (position, &node) in order.iter().enumerate() {
            control.checkpoint_at(position)?;
            if self.before.is_young(self.graph.id(node)) {
                sum += u64::from(self.graph.file_self_size(node));
            }
            sums.push(sum);
        }
        Ok(YoungBytes(sums))
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
        let retained = self.analysis.retained[node.at()];
        let mut local_after = retained;
        let mut local_before = survivor.prior.map_or(0, |prior| prior.retained);
        let mut local_young = survivor.young_bytes;
        let mut fresh = Vec::new();
        let slots = self.before.slots_below(self.graph, self.analysis, node, survivor.prior);
        for position in tree.children(survivor.position) {
            let child = tree.node_at(position);
            if self.analysis.retained[child.at()] < self.least_bytes {
                continue;
            }
            let prior = self.before.find(self.graph, child, &slots);
            if prior.is_none() && self.before.is_young(self.graph.id(child)) {
                fresh.push(position);
                continue;
            }
            let young_bytes = young.of(self, position);
            local_after -= self.analysis.retained[child.at()];
            local_before = local_before.saturating_sub(prior.map_or(0, |prior| prior.retained));
            local_young = local_young.saturating_sub(young_bytes);
            if young_bytes >= self.least_bytes {
                work.push(Survivor { position, prior, young_bytes });
            }
        }
        let growth = local_after.saturating_sub(local_before).min(local_young);
        if growth >= self.least_bytes {
            self.judge(survivor, node, growth, fresh, found);
        }
    }

    /// Decides what the local growth of a survivor is: the survivor's own, that of a young thing
    /// right below it, or that of many scattered ones.
    fn judge(
        &self,
        survivor: &Survivor,
        node: NodeIndex,
        growth: u64,
        fresh: Vec<u32>,
        found: &mut Growth,
    ) {
        let retained_at = |&position: &u32| {
            self.analysis.retained[self.analysis.dominators.node_at(position).at()]
        };
        let items = items::count(self.graph, self.words, node).map(|(_, items)| items);
        let point = Accumulation { node, bytes: growth, prior: survivor.prior, items };
        let largest = fresh.iter().map(retained_at).max().unwrap_or(0);
        let fans_out = largest < growth / 2;
        if fans_out && (point.more_items() > 0 || !self.is_hub(node)) {
            found.points.push(point);
            return;
        }
        let mut rest = growth;
        for position in fresh {
            let bytes = retained_at(&position).min(growth);
            // What piles up in V8's part of the survivor, as the table of a Map, is its own.
            if let Some(young) = self.follow(position, bytes) {
                rest = rest.saturating_sub(bytes);
                found.points.push(young);
            }
        }
        if rest >= self.least_bytes {
            if self.is_hub(node) {
                self.scatter_below(survivor.position, found);
            } else {
                found.points.push(Accumulation { bytes: rest, ..point });
            }
        }
    }

    /// Follows the growth down from a young node for as long as one child has most of it.
    /// `None`: it piles up in something that has no name of its own.
    fn follow(&self, start: u32, bytes: u64) -> Option<Accumulation> {
        let tree = &self.analysis.dominators;
        let retained = |position: u32| self.analysis.retained[tree.node_at(position).at()];
        let mut at = start;
        while let Some(child) = tree.children(at).max_by_key(|&child| retained(child)) {
            if retained(child) < retained(at) / 2 {
                break;
            }
            at = child;
        }
        let node = self.owner(tree.node_at(at), tree.node_at(start))?;
        let items = items::count(self.graph, self.words, node).map(|(_, items)| items);
        Some(Accumulation { node, bytes, prior: None, items })
    }

    /// The nearest dominator, not above `top`, that a developer would call a thing: an object, a
    /// function or a string, and not V8's parts of one.
    fn owner(&self, node: NodeIndex, top: NodeIndex) -> Option<NodeIndex> {
        let mut at = node;
        loop {
            let is_thing = matches!(self.graph.node_type(at), NodeType::OBJECT | NodeType::CLOSURE)
                || self.graph.node_type(at).is_string();
            if is_thing && self.graph.name_index(at) != self.words.context_node {
                return Some(at);
            }
            if at == top {
                return None;
            }
            at = self.analysis.dominators.idom(at);
        }
    }

    /// Groups the young nodes right below a hub by class.
    fn scatter_below(&self, position: u32, found: &mut Growth) {
        let tree = &self.analysis.dominators;
        let under = tree.node_at(position);
        let mut groups: HashMap<(NodeType, u32), Scatter> = HashMap::new();
        for child in tree.children(position).map(|position| tree.node_at(position)) {
            let node_type = self.graph.node_type(child);
            let retained = self.analysis.retained[child.at()];
            if retained >= self.least_bytes || !self.before.is_young(self.graph.id(child)) {
                continue;
            }
            let name = match node_type {
                NodeType::OBJECT => self.graph.name_index(child).0,
                _ => 0,
            };
            let group = groups.entry((node_type, name));
            let empty = || Scatter { under, members: Vec::new(), bytes: 0 };
            let group = group.or_insert_with(empty);
            group.members.push(child);
            group.bytes += retained;
        }
        let is_enough = |group: &Scatter| {
            group.bytes >= self.least_bytes && group.members.len() as u64 >= self.least_items
        };
        found.scatters.extend(groups.into_values().filter(is_enough));
    }

    /// Whether a node only happens to hold things together: a root, a scope, a global object.
    pub fn is_hub(&self, node: NodeIndex) -> bool {
        match self.graph.node_type(node) {
            NodeType::OBJECT => {
                let name = self.graph.name_index(node);
                name == self.words.context_node || self.graph.raw_name(node).starts_with(b"global")
            }
            NodeType::CLOSURE | NodeType::STRING => false,
            _ => true,
        }
    }

    /// Adds the survivors whose items grew and that the walk did not come to.
    fn add_grown_containers(&self, found: &mut Growth, control: &Control) -> Result<()> {
        let known: Vec<NodeIndex> = {
            let mut known: Vec<_> = found.points.iter().map(|point| point.node).collect();
            known.sort_unstable();
            known
        };
        for node in self.graph.nodes() {
            control.checkpoint_at(node.at())?;
            if self.graph.node_type(node) != NodeType::OBJECT
                || self.before.is_young(self.graph.id(node))
            {
                continue;
            }
            let Some((_, now)) = items::count(self.graph, self.words, node) else { continue };
            if now < self.least_items || known.binary_search(&node).is_ok() {
                continue;
            }
            let prior = self.before.by_id(self.graph, node);
            let before = prior.map_or(0, |prior| prior.items);
            if now.saturating_sub(before) < self.least_items {
                continue;
            }
            let retained = self.analysis.retained[node.at()];
            let bytes = retained.saturating_sub(prior.map_or(0, |prior| prior.retained));
            found.points.push(Accumulation { node, bytes, prior, items: Some(now) });
        }
        Ok(())
    }
}

/// Prefix sums of young bytes.
struct YoungBytes(Vec<u64>);

impl YoungBytes {
    /// Of the subtree at a position.
    fn of(&self, walk: &Walk<'_>, position: u32) -> u64 {
        let range = walk.analysis.dominators.subtree(position);
        self.0[range.end] - self.0[range.start]
    }
}

/// Whether an edge can be a slot that outlives what is in it.
pub(crate) fn is_slot(edge: Edge) -> bool {
    !matches!(edge.label.edge_type(), EdgeType::WEAK | EdgeType::SHORTCUT)
}
