//! Who holds objects that nobody dominates.
//!
//! An object in two containers is dominated by neither; it shows up under the root of both. Groups
//! of such objects are credited to containers that grew: to one that has at least half of a group
//! in its slots, or else to one from which at least half of it is reached over young nodes alone.
//! What a container holds came after the baseline, so what was there before is no way to it.
//!
//! Time: linear in the edges of the containers and of young nodes; each node is reached once.
//! Memory: 8 bytes a node.

use std::cmp::Reverse;

use hashbrown::HashMap;

use crate::analysis::Analysis;
use crate::analysis::bits::BitSet;
use crate::control::Control;
use crate::error::Result;
use crate::graph::{Edge, EdgeType, HeapGraph, NodeIndex, NodeType};
use crate::leak::before::Before;
use crate::leak::edges::target;
use crate::leak::vocabulary::Vocabulary;

/// Which group a node is in, by node.
#[derive(Debug)]
pub struct Membership {
    group: Vec<u32>,
    sizes: Vec<u64>,
}

/// A container by its place in the list that was given, and how much of a group it holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Share {
    /// Index of the container.
    pub container: usize,
    /// Edges to members, or members that are reached.
    pub held: u64,
}

/// What is reached from containers: by node, the container that reached it first.
#[derive(Debug)]
pub struct Reach {
    first: Vec<u32>,
    /// How many of the items of a container others lead to as well: by those two.
    leads: HashMap<(u32, u32), u64>,
}

const NONE: u32 = u32::MAX;

impl Membership {
    /// Notes the members of groups, which have none in common.
    pub fn new<'m>(graph: &HeapGraph, groups: impl Iterator<Item = &'m [NodeIndex]>) -> Self {
        let mut group = vec![NONE; graph.node_count()];
        let mut sizes = Vec::new();
        for members in groups {
            for member in members {
                group[member.at()] = sizes.len() as u32;
            }
            sizes.push(members.len() as u64);
        }
        Self { group, sizes }
    }

    /// For each group the containers that have at least half of it in their slots, those that have
    /// most first.
    pub fn held_by(
        &self,
        graph: &HeapGraph,
        analysis: &Analysis,
        containers: &[NodeIndex],
        control: &Control,
    ) -> Result<Vec<Vec<Share>>> {
        let mut shares = vec![Vec::new(); self.sizes.len()];
        for (at, &container) in containers.iter().enumerate() {
            control.checkpoint_at(at)?;
            let held = slots(graph, analysis, container).map(|edge| self.group[edge.target.at()]);
            let counts = count_runs(held.filter(|&group| group != NONE));
            self.share_out(at, counts, &mut shares);
        }
        Ok(sorted(shares))
    }

    /// The same by what is reached from the containers.
    pub fn reached_by(&self, graph: &HeapGraph, reach: &Reach) -> Vec<Vec<Share>> {
        let members = graph.nodes().map(|node| (reach.first[node.at()], self.group[node.at()]));
        let reached = members.filter(|&(container, group)| group != NONE && container != NONE);
        let mut shares = vec![Vec::new(); self.sizes.len()];
        for ((container, group), held) in count_runs(reached) {
            self.share_out(container as usize, std::iter::once((group, held)), &mut shares);
        }
        sorted(shares)
    }

    fn share_out(
        &self,
        container: usize,
        counts: impl IntoIterator<Item = (u32, u64)>,
        shares: &mut [Vec<Share>],
    ) {
        for (group, held) in counts {
            if held * 2 >= self.sizes[group as usize] {
                shares[group as usize].push(Share { container, held });
            }
        }
    }
}

impl Reach {
    /// Goes from the containers over young nodes. What several lead to belongs to the first.
    pub fn find(
        graph: &HeapGraph,
        words: &Vocabulary,
        before: &Before<'_>,
        containers: &[NodeIndex],
        control: &Control,
    ) -> Result<Self> {
        let mut first = vec![NONE; graph.node_count()];
        let mut leads: HashMap<(u32, u32), u64> = HashMap::new();
        // Items of the containers so far that no other one has led to yet.
        let mut items = BitSet::new(graph.node_count());
        let mut pending = Vec::new();
        let mut steps = 0;
        for (at, &container) in containers.iter().enumerate() {
            pending.push(container);
            // The backing stores of a container that was there before may have been, too.
            let stores = graph.edges(container).map(|edge| edge.target);
            pending.extend(stores.filter(|&store| graph.node_type(store) == NodeType::ARRAY));
            let mut containers_left = pending.len();
            while let Some(node) = pending.pop() {
                let is_container = pending.len() < containers_left;
                containers_left = containers_left.min(pending.len());
                control.checkpoint_at(steps)?;
                steps += 1;
                for target in ways_from(graph, words, node) {
                    let known = first[target.at()];
                    if known != NONE {
                        if known != at as u32 && items.remove(target.0) {
                            *leads.entry((at as u32, known)).or_default() += 1;
                        }
                    } else if before.is_young(target) {
                        first[target.at()] = at as u32;
                        pending.push(target);
                        if is_container {
                            items.insert(target.0);
                        }
                    }
                }
            }
        }
        Ok(Self { first, leads })
    }

    /// Pairs of containers of which one leads to at least half of the items of the other, in order. `items`
    /// are those of each.
    pub fn related(&self, items: &[Vec<NodeIndex>]) -> Vec<(usize, usize)> {
        let to_later = items.iter().enumerate().filter_map(|(at, items)| {
            let leader = self.leader(items).filter(|&leader| leader != at)?;
            Some((leader.min(at), leader.max(at)))
        });
        let to_earlier = self.leads.iter().filter_map(|(&(from, to), &held)| {
            let (from, to) = (from as usize, to as usize);
            let is_half = held * 2 >= items[to].len() as u64;
            is_half.then_some((from.min(to), from.max(to)))
        });
        let mut pairs: Vec<_> = to_later.chain(to_earlier).collect();
        pairs.sort_unstable();
        pairs.dedup();
        pairs
    }

    /// The container from which at least half of the items are reached.
    pub fn leader(&self, items: &[NodeIndex]) -> Option<usize> {
        let mut counts: HashMap<usize, usize> = HashMap::new();
        for container in items.iter().filter_map(|&item| self.of(item)) {
            *counts.entry(container).or_default() += 1;
        }
        let most = counts.into_iter().max_by_key(|&(container, count)| (count, Reverse(container)));
        let (container, count) = most?;
        (count * 2 >= items.len()).then_some(container)
    }

    /// The container that a node is reached from.
    pub fn of(&self, node: NodeIndex) -> Option<usize> {
        let first = self.first[node.at()];
        (first != NONE).then_some(first as usize)
    }
}

/// Whether at least half of `members` stand in slots of one name, of owners that were there before:
/// a property or variable of many. In young owners, they came with them.
pub fn share_a_slot(
    graph: &HeapGraph,
    before: &Before<'_>,
    members: &[NodeIndex],
    control: &Control,
) -> Result<bool> {
    let mut wanted = BitSet::new(graph.node_count());
    for &member in members {
        wanted.insert(member.0);
    }
    let mut slots: HashMap<u32, u64> = HashMap::new();
    for node in graph.nodes() {
        control.checkpoint_at(node.at())?;
        if before.is_young(node) {
            continue;
        }
        for edge in graph.edges(node).filter(|edge| wanted.contains(edge.target.0)) {
            if matches!(edge.label.edge_type(), EdgeType::PROPERTY | EdgeType::CONTEXT) {
                *slots.entry(edge.label.raw_name()).or_default() += 1;
            }
        }
    }
    let most = slots.into_values().max().unwrap_or(0);
    Ok(most * 2 >= members.len() as u64)
}

/// What a node leads to, but for its class and code: what all instances have in common leads to anything.
pub(super) fn ways_from<'a>(
    graph: &'a HeapGraph,
    words: &'a Vocabulary,
    node: NodeIndex,
) -> impl Iterator<Item = NodeIndex> + 'a {
    let is_of_class = |edge: &Edge| match edge.label.edge_type() {
        EdgeType::PROPERTY => edge.label.raw_name() == words.proto.0,
        EdgeType::INTERNAL => edge.label.raw_name() == words.map.0,
        _ => false,
    };
    let ways = graph.edges(node).filter(move |edge| is_way(edge) && !is_of_class(edge));
    let ways = ways.map(|edge| edge.target).chain(realm_of(graph, words, node));
    ways.filter(|&target| !is_of_code(graph, target))
}

/// The edges of a container and of its backing stores. A store has one owner, which dominates it; only the
/// table of a Map or Set has an iterator, too, while a loop is under way.
pub fn slots<'a>(
    graph: &'a HeapGraph,
    analysis: &'a Analysis,
    container: NodeIndex,
) -> impl Iterator<Item = Edge> + 'a {
    let is_store = move |edge: &Edge| {
        let is_own = || analysis.dominators.idom(edge.target) == container;
        let is_table =
            || edge.label.edge_type() == EdgeType::INTERNAL && graph.edge_name(*edge) == b"table";
        matches!(graph.node_type(edge.target), NodeType::ARRAY | NodeType::HIDDEN)
            && (is_own() || is_table())
    };
    let stores = graph.edges(container).filter(is_store).map(|edge| edge.target);
    let mut nodes: Vec<NodeIndex> = stores.collect();
    nodes.push(container);
    nodes.sort_unstable();
    nodes.dedup();
    nodes.into_iter().flat_map(move |node| graph.edges(node)).filter(is_way)
}

/// The realm of a global object. The program has it by a proxy, of which V8 may show a hidden class and
/// nothing else: the hidden class of that one knows the realm.
fn realm_of(graph: &HeapGraph, words: &Vocabulary, node: NodeIndex) -> Option<NodeIndex> {
    let is_global =
        graph.node_type(node) == NodeType::OBJECT && graph.raw_name(node).starts_with(b"global");
    if !is_global {
        return None;
    }
    let internal = |node, name| target(graph, node, EdgeType::INTERNAL, name);
    internal(internal(internal(node, words.map)?, words.map)?, words.native_context)
}

pub(super) fn is_way(edge: &Edge) -> bool {
    !matches!(edge.label.edge_type(), EdgeType::WEAK | EdgeType::SHORTCUT)
}

/// Whether a node is part of what V8 made of the program, which leads from anything to anything. A
/// hidden class is of one type or another, as V8's version has it.
pub(super) fn is_of_code(graph: &HeapGraph, node: NodeIndex) -> bool {
    match graph.node_type(node) {
        NodeType::CODE | NodeType::OBJECT_SHAPE => true,
        NodeType::HIDDEN => graph.raw_name(node) == b"system / Map",
        _ => false,
    }
}

/// How often each key comes. Keys come in runs: nodes of one kind lie side by side.
fn count_runs<K: Copy + Eq + std::hash::Hash>(keys: impl Iterator<Item = K>) -> HashMap<K, u64> {
    let mut counts = HashMap::new();
    let mut run: Option<(K, u64)> = None;
    for key in keys {
        match &mut run {
            Some((last, length)) if *last == key => *length += 1,
            _ => {
                if let Some((last, length)) = run.replace((key, 1)) {
                    *counts.entry(last).or_default() += length;
                }
            }
        }
    }
    if let Some((last, length)) = run {
        *counts.entry(last).or_default() += length;
    }
    counts
}

fn sorted(mut shares: Vec<Vec<Share>>) -> Vec<Vec<Share>> {
    for of_group in &mut shares {
        of_group.sort_by_key(|share| (Reverse(share.held), share.container));
    }
    shares
}
