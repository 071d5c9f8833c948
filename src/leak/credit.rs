//! Whose growth scattered objects are: young ones of a class under a node that does not hold them.
//!
//! Objects that two containers hold are dominated by neither, so the walk finds them scattered
//! under a root or a scope. They are credited to the grown container that has them in its slots, or
//! else to the one from which they are reached over young nodes. What is left stands for itself, if
//! it is one thing to a developer, or for the node above it.
//!
//! Time: linear in the members of all groups and their retainers, and in the young nodes that the
//! grown containers reach. Memory: 8 bytes a node while it runs.

use std::cmp::Reverse;
use std::collections::{BTreeMap, HashMap, HashSet};

use crate::control::Control;
use crate::error::Result;
use crate::graph::{Edge, EdgeType, HeapGraph, NodeIndex, NodeType};
use crate::leak::candidate::Candidate;
use crate::leak::edges::property;
use crate::leak::growth::{Accumulation, Growth, Scatter, Walk};
use crate::leak::holders::{Membership, Reach, Share, share_a_slot, slots};
use crate::leak::peers::add_peers;
use crate::leak::vocabulary::Vocabulary;

/// Fewer large things than this are named one by one.
const LARGE_THINGS: usize = 8;

/// Credits scattered objects to the grown container that holds most of them. What no container
/// holds, and what there is more of than before, stands for itself, or the node above it does.
pub(super) fn credit_scatters(
    walk: &Walk<'_>,
    growth: Growth,
    control: &Control,
) -> Result<Vec<Candidate>> {
    let (mut ledger, scattered) = Ledger::open(walk, growth);
    let unheld = ledger.credit_holders(scattered, control)?;
    let unheld = ledger.enter_lists(unheld);
    let unreached = ledger.credit_reached(unheld, control)?;
    ledger.merge();
    ledger.name_the_rest(unreached, control)?;
    Ok(ledger.candidates)
}

/// Scattered objects of a class, and how much more of them there is.
pub(super) struct Scattered {
    pub(super) scatter: Scatter,
    pub(super) bytes: u64,
    /// Index of what they are under.
    under: usize,
}

/// Who gets what.
struct Ledger<'w> {
    walk: &'w Walk<'w>,
    candidates: Vec<Candidate>,
    /// Which candidates are lists or containers whose items grew, those that grew most first.
    grown: Vec<usize>,
    /// Their nodes.
    containers: Vec<NodeIndex>,
    /// What each group of scattered objects was found under, less what is credited elsewhere.
    under: Vec<Option<Accumulation>>,
    /// And where that was in the dominator tree.
    positions: Vec<u32>,
    merger: Merger,
}

impl<'w> Ledger<'w> {
    /// The candidates that the walk found, and the groups that have to be given to somebody.
    fn open(walk: &'w Walk<'w>, growth: Growth) -> (Self, Vec<Scattered>) {
        let candidates: Vec<_> =
            growth.points.into_iter().map(|point| walk.with_shared_table(point)).collect();
        let mut grown: Vec<usize> =
            (0..candidates.len()).filter(|&at| candidates[at].more() > 0).collect();
        grown.sort_by_key(|&at| (Reverse(candidates[at].more()), candidates[at].point.node));
        let containers = grown.iter().map(|&at| candidates[at].point.node).collect();
        let mut under = Vec::with_capacity(growth.scatters.len());
        let mut positions = Vec::with_capacity(growth.scatters.len());
        let mut scattered = Vec::new();
        for scatters in growth.scatters {
            let net = |scatter: Scatter| {
                let bytes = walk.before.net_bytes(walk.graph, &scatter)?;
                Some(Scattered { scatter, bytes, under: under.len() })
            };
            scattered.extend(scatters.groups.into_iter().filter_map(net));
            under.push(scatters.under);
            positions.push(scatters.position);
        }
        let merger = Merger { into: (0..grown.len()).collect() };
        (Self { walk, candidates, grown, containers, under, positions, merger }, scattered)
    }

    /// Credits groups to the containers that have them in their slots. Gives back the others.
    fn credit_holders(
        &mut self,
        scattered: Vec<Scattered>,
        control: &Control,
    ) -> Result<Vec<Scattered>> {
        let Walk { graph, analysis, before, .. } = *self.walk;
        let members = scattered.iter().map(|group| group.scatter.members.as_slice());
        let membership = Membership::new(graph, members);
        let held = membership.held_by(graph, analysis, &self.containers, control)?;
        let mut unheld = Vec::new();
        for (group, shares) in scattered.into_iter().zip(held) {
            if shares.is_empty() {
                unheld.push(group);
                continue;
            }
            let shares = self.of_one_leak(&group, shares);
            if let Some(point) = &mut self.under[group.under] {
                point.bytes = point.bytes.saturating_sub(group.bytes);
            }
            let first = self.merger.merge(&shares);
            self.candidates[self.grown[first]].take(group);
        }
        if !before.knows_young() {
            for &at in &self.grown {
                let candidate = &mut self.candidates[at];
                if candidate.point.bytes == 0 {
                    candidate.point.bytes = self.walk.share_of_more(&candidate.point);
                }
            }
        }
        Ok(unheld)
    }

    /// Of the containers that hold a group those that are one leak for that, and first the one to name it by.
    /// Texts are keys: what has things by them is named, and not a list of the keys. Two that have things
    /// of their own are two leaks, though both have them by the same texts, as by the ids of users.
    fn of_one_leak(&self, group: &Scattered, shares: Vec<Share>) -> Vec<Share> {
        let graph = self.walk.graph;
        let are_texts =
            group.scatter.members.first().is_some_and(|&node| graph.node_type(node).is_string());
        if !are_texts || shares.len() < 2 {
            return shares;
        }
        let has_things = |share: &Share| {
            let at = self.grown[share.container];
            has_things_of_its_own(self.walk, &self.candidates[at].point)
        };
        let (mut of_one, of_texts): (Vec<_>, Vec<_>) = shares.into_iter().partition(has_things);
        of_one.truncate(1);
        of_one.extend(of_texts);
        of_one
    }

    /// Makes candidates of groups that are lists: what their elements lead to may be theirs. Gives back
    /// the others, and Node's timers: whoever holds those made them.
    fn enter_lists(&mut self, unheld: Vec<Scattered>) -> Vec<Scattered> {
        let is_list = |group: &Scattered| !is_of_timers(self.walk, &group.scatter);
        let (lists, mut rest): (Vec<_>, Vec<_>) = unheld.into_iter().partition(is_list);
        for group in lists {
            let entered = self.enter_list(&group);
            match entered {
                Some(node) => {
                    self.merger.into.push(self.grown.len());
                    self.grown.push(self.candidates.len());
                    self.containers.push(node);
                    self.candidates.push(list(node, group.bytes, group.scatter));
                }
                None => rest.push(group),
            }
        }
        rest
    }

    /// Where a group is entered, if it is a list, whose growth then is not that of the node above it.
    fn enter_list(&mut self, group: &Scattered) -> Option<NodeIndex> {
        let Walk { graph, words, .. } = *self.walk;
        let above = self.under[group.under].as_mut()?;
        let entry = entry_of_list(graph, words, above.node, &group.scatter)?;
        above.bytes = above.bytes.saturating_sub(group.bytes);
        Some(entry)
    }

    /// Credits what no container has in its slots to one from which it is reached: groups of
    /// scattered objects, and large ones of which the walk made points of their own. Gives back the
    /// groups that are not reached.
    fn credit_reached(
        &mut self,
        unheld: Vec<Scattered>,
        control: &Control,
    ) -> Result<Vec<Scattered>> {
        let Walk { graph, words, before, .. } = *self.walk;
        if self.containers.is_empty() {
            return Ok(unheld);
        }
        let reach = Reach::find(graph, words, before, &self.containers, control)?;
        let members = unheld.iter().map(|group| group.scatter.members.as_slice());
        let reached = Membership::new(graph, members).reached_by(graph, &reach);
        let mut rest = Vec::new();
        for (group, shares) in unheld.into_iter().zip(&reached) {
            match shares.first() {
                Some(share)
                    if self.under[group.under].is_none()
                        || is_of_timers(self.walk, &group.scatter) =>
                {
                    if let Some(above) = &mut self.under[group.under] {
                        above.bytes = above.bytes.saturating_sub(group.bytes);
                    }
                    self.candidates[self.grown[share.container]].take(group);
                }
                _ => rest.push(group),
            }
        }
        self.credit_large(&reach);
        add_peers(self.walk, &mut self.candidates, &self.grown, &reach);
        for at in 0..self.under.len() {
            self.credit_inside(at, &reach);
        }
        Ok(rest)
    }

    /// A thing that gained no items itself, and has one inside that did: what piled up under it is
    /// credited to that container, if most of it is reached from there.
    fn credit_inside(&mut self, under: usize, reach: &Reach) {
        let Walk { analysis, before, least_bytes, .. } = *self.walk;
        let Some(point) = self.under[under].filter(|point| point.bytes >= least_bytes) else {
            return;
        };
        let tree = &analysis.dominators;
        let position = self.positions[under];
        let mut reached: BTreeMap<usize, (u64, Vec<NodeIndex>)> = BTreeMap::new();
        for node in tree.children(position).map(|child| tree.node_at(child)) {
            if before.is_young(node)
                && let Some(container) = reach.of(node)
                && self.containers[container] != node
            {
                let (bytes, nodes) = reached.entry(container).or_default();
                *bytes += analysis.retained.at(node.at());
                nodes.push(node);
            }
        }
        let most =
            reached.into_iter().max_by_key(|(container, (bytes, _))| (*bytes, Reverse(*container)));
        let Some((container, (bytes, nodes))) = most else { return };
        if bytes * 2 < point.bytes {
            return;
        }
        let bytes = bytes.min(point.bytes);
        let candidate = &mut self.candidates[self.grown[container]];
        candidate.point.bytes += bytes;
        candidate.credited.extend(nodes);
        if let Some(point) = &mut self.under[under] {
            point.bytes -= bytes;
        }
    }

    /// Credits large things, if there are many of them, to the container from which they are
    /// reached.
    fn credit_large(&mut self, reach: &Reach) {
        let mut large: HashMap<usize, Vec<usize>> = HashMap::new();
        for (at, candidate) in self.candidates.iter().enumerate() {
            if candidate.point.prior.is_none()
                && let Some(container) = reach.of(candidate.point.node)
                && self.grown[container] != at
            {
                large.entry(container).or_default().push(at);
            }
        }
        for (container, things) in large {
            let container = self.grown[container];
            // They are what it holds, and not what happens to be reached from there.
            let more = self.candidates[container].point.more_items();
            if things.len() < LARGE_THINGS || (things.len() as u64) * 2 < more {
                continue;
            }
            for at in things {
                let bytes = std::mem::take(&mut self.candidates[at].point.bytes);
                let node = self.candidates[at].point.node;
                let container = &mut self.candidates[container];
                container.point.bytes += bytes;
                container.credited.push(node);
            }
        }
    }

    /// Makes one of the containers that hold the same objects, and drops what has nothing.
    fn merge(&mut self) {
        self.merger.apply(&mut self.candidates, &self.grown);
        self.candidates.retain(|candidate| candidate.point.bytes > 0);
        // The places of the candidates have changed.
        self.grown.clear();
        self.containers.clear();
    }

    /// What nobody got stands for itself, or the node above it does.
    fn name_the_rest(&mut self, rest: Vec<Scattered>, control: &Control) -> Result<()> {
        let mut variables = HashMap::new();
        for group in rest {
            if let Some(node) = self.enter_list(&group) {
                self.candidates.push(list(node, group.bytes, group.scatter));
            } else if self.under[group.under].is_none()
                && !self.are_variables(&group, &mut variables)
                && belongs_together(self.walk, &group.scatter, control)?
            {
                self.candidates.push(instances(group.bytes, group.scatter));
            }
        }
        let above = self.under.iter().flatten();
        let grown = above.filter(|point| point.bytes >= self.walk.least_bytes);
        self.candidates.extend(grown.copied().map(Candidate::new));
        Ok(())
    }

    /// Whether scattered nodes are what stands in the variables of the scope that they are under. There
    /// are as many of those as somebody wrote, as in a bundle of a package, and where no id tells what is
    /// new, others that were added elsewhere look like them. `variables` are those of each scope, collected
    /// once.
    fn are_variables(
        &self,
        group: &Scattered,
        variables: &mut HashMap<usize, HashSet<NodeIndex>>,
    ) -> bool {
        let Walk { graph, words, analysis, .. } = *self.walk;
        let scope = analysis.dominators.node_at(self.positions[group.under]);
        if graph.name_index(scope) != words.context_node {
            return false;
        }
        let is_variable = |edge: &Edge| edge.label.edge_type() == EdgeType::CONTEXT;
        let variables = variables.entry(group.under).or_insert_with(|| {
            graph.edges(scope).filter(is_variable).map(|edge| edge.target).collect()
        });
        let members = &group.scatter.members;
        let held = members.iter().filter(|member| variables.contains(member)).count();
        held * 10 >= members.len() * 9
    }
}

/// Scattered elements of a list that is entered at `node`.
fn list(node: NodeIndex, bytes: u64, scatter: Scatter) -> Candidate {
    let links = scatter.members.len();
    let point = Accumulation { node, bytes, prior: None, items: None, links };
    let members = scatter.members.into_iter().filter(|&member| member != node);
    Candidate { credited: members.collect(), ..Candidate::new(point) }
}

/// Scattered objects for which their class stands. There is at least one.
fn instances(bytes: u64, scatter: Scatter) -> Candidate {
    let items = Some(scatter.members.len() as u64);
    let node = scatter.members[0];
    let point = Accumulation { node, bytes, prior: None, items, links: 0 };
    Candidate { scattered: Some(scatter), ..Candidate::new(point) }
}

/// Containers that turn out to hold the same objects: they are one leak.
struct Merger {
    /// By container: the one that it is merged into, or itself.
    into: Vec<usize>,
}

impl Merger {
    /// Makes one of the containers that hold a group, and says which.
    fn merge(&mut self, shares: &[Share]) -> usize {
        let first = self.root(shares[0].container);
        for share in &shares[1..] {
            let other = self.root(share.container);
            self.into[other] = first;
        }
        first
    }

    fn root(&self, container: usize) -> usize {
        let mut at = container;
        while self.into[at] != at {
            at = self.into[at];
        }
        at
    }

    /// Leaves of the merged ones where they are, for when the first has no name.
    fn apply(&self, candidates: &mut [Candidate], grown: &[usize]) {
        for other in 0..grown.len() {
            let first = self.root(other);
            if first == other {
                continue;
            }
            let merged = &mut candidates[grown[other]];
            let bytes = std::mem::take(&mut merged.point.bytes);
            let credited = std::mem::take(&mut merged.credited);
            let point = Accumulation { bytes, ..merged.point };
            let first = &mut candidates[grown[first]];
            first.point.bytes += bytes;
            first.credited.extend(credited);
            first.also.push(point);
        }
    }
}

/// Where a list is entered that several ways lead into, so that nothing of it dominates the rest:
/// its elements refer to each other, and the node above them has one of them in a property, or is the
/// one of a ring that stands for its ends.
fn entry_of_list(
    graph: &HeapGraph,
    words: &Vocabulary,
    above: NodeIndex,
    scatter: &Scatter,
) -> Option<NodeIndex> {
    let class = graph.name_index(*scatter.members.first()?);
    let next_of = |node: NodeIndex| {
        // A prototype is of the class that it is the prototype of.
        let mut properties = graph.edges(node).filter(|edge| {
            edge.label.edge_type() == EdgeType::PROPERTY && edge.label.raw_name() != words.proto.0
        });
        properties.find(|edge| {
            graph.node_type(edge.target) == NodeType::OBJECT
                && graph.name_index(edge.target) == class
                && edge.target != node
        })
    };
    let linked = scatter.members.iter().filter(|&&member| next_of(member).is_some()).count();
    let entry = next_of(above).filter(|_| linked * 2 >= scatter.members.len())?;
    let is_end = graph.node_type(above) == NodeType::OBJECT && graph.name_index(above) == class;
    Some(if is_end { above } else { entry.target })
}

/// Whether a container, or its store, dominates objects and functions, about as many as it gained.
fn has_things_of_its_own(walk: &Walk<'_>, container: &Accumulation) -> bool {
    let Walk { graph, analysis, .. } = *walk;
    let owns = |edge: &Edge| {
        let owner = analysis.dominators.idom(edge.target);
        let is_store = || {
            graph.node_type(owner) == NodeType::ARRAY
                && analysis.dominators.idom(owner) == container.node
        };
        graph.node_type(edge.target).is_object_or_function()
            && (owner == container.node || is_store())
    };
    let things = slots(graph, analysis, container.node).filter(owns).count() as u64;
    things * 2 >= container.more()
}

/// Whether scattered nodes are timers of Node's.
fn is_of_timers(walk: &Walk<'_>, scatter: &Scatter) -> bool {
    let sample = scatter.members.first();
    sample.is_some_and(|&node| property(walk.graph, node, walk.words.idle_next).is_some())
}

/// Whether scattered nodes that no container holds are one thing to a developer: functions of one
/// code, instances of a class of the program, or what stands in one property of many owners. Arrays
/// here, objects there and strings everywhere are what loading a module leaves behind.
fn belongs_together(walk: &Walk<'_>, scatter: &Scatter, control: &Control) -> Result<bool> {
    let Walk { graph, words, .. } = *walk;
    let Some(&sample) = scatter.members.first() else { return Ok(false) };
    let class = graph.name_index(sample);
    match graph.node_type(sample) {
        NodeType::CLOSURE => Ok(true),
        NodeType::OBJECT if !words.is_everyday(class) => Ok(true),
        NodeType::OBJECT => share_a_slot(graph, walk.before, &scatter.members, control),
        _ => Ok(false),
    }
}

#[cfg(test)]
mod tests {
    use crate::graph::{EdgeType, NodeType};
    use crate::leak::stage::{scope, suspects};

    /// How many suspects there are where a scope gains a hundred functions of one text by such edges.
    fn found(by: EdgeType) -> usize {
        let found = suspects(|heap, global, is_grown| {
            let module = heap.node(NodeType::CLOSURE, "module", 64);
            heap.edge(global, EdgeType::PROPERTY, "module", module);
            let scope = scope(heap, module);
            let text = heap.node(NodeType::CODE, "text", 32);
            heap.edge(global, EdgeType::INTERNAL, "text", text);
            for number in 0..if is_grown { 100 } else { 0 } {
                let function = heap.node(NodeType::CLOSURE, "", 500);
                heap.edge(function, EdgeType::INTERNAL, "shared", text);
                heap.edge(scope, by, format!("v{number}"), function);
            }
        });
        found.len()
    }

    #[test]
    fn functions_in_the_variables_of_one_scope_are_as_many_as_somebody_wrote() {
        assert_eq!(found(EdgeType::INTERNAL), 1);
        assert_eq!(found(EdgeType::CONTEXT), 0);
    }
}
