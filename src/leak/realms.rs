//! Realms that a program makes: `vm.createContext`, `ShadowRealm`, windows of jsdom.
//!
//! Each brings the whole of JavaScript's built-in objects, most of whose memory is hidden classes and
//! code. Such memory is mostly a program that warms up, and a realm is not: nothing but the program
//! makes one.
//!
//! Node up to 22 refers to each realm as well, so that the sandbox of `vm.createContext` does not dominate
//! it. It is credited to whoever has the sandbox, which the realm refers to.
//!
//! Time: one pass over the nodes for the realms, one for each candidate that may be warm-up. Memory: some
//! words for each realm, and those of [`Reach`] if there are some that nobody dominates.

use std::cmp::Reverse;
use std::collections::HashSet;

use crate::control::Control;
use crate::error::Result;
use crate::graph::{Edge, EdgeType, NodeIndex, NodeType};
use crate::leak::before::Before;
use crate::leak::below::Below;
use crate::leak::candidate::Candidate;
use crate::leak::edges::target;
use crate::leak::growth::Walk;
use crate::leak::holders::Reach;
use crate::leak::suspects::Newer;

/// Fewer are what a program has for what it needs: one for each kind of template, or of plugin.
const FEWEST_REALMS: usize = 8;

/// Credits new realms that no candidate dominates to the one that has their sandboxes, or else to the
/// container from which these are reached. `positions` say where each node stands in the dominator tree.
pub(super) fn credit_realms(
    newer: Newer<'_>,
    walk: &Walk<'_>,
    positions: &[u32],
    candidates: &mut Vec<Candidate>,
    control: &Control,
) -> Result<()> {
    let mut sandboxes: Vec<_> = young_realms(newer, walk.before)
        .flat_map(|realm| sandboxes_of(newer, walk.before, realm))
        .map(|sandbox| (positions[sandbox.node.at()], sandbox))
        .collect();
    sandboxes.sort_unstable_by_key(|&(position, _)| position);
    for candidate in candidates.iter_mut() {
        if sandboxes.len() < FEWEST_REALMS || candidate.more_items() < FEWEST_REALMS as u64 {
            continue;
        }
        let below = Below::new(newer, positions, candidate);
        let is_its = |&mut (position, _): &mut (u32, Sandbox)| below.contains(position);
        let realms: Vec<_> =
            sandboxes.extract_if(.., is_its).map(|(_, sandbox)| sandbox.realm).collect();
        credit(newer, positions, &below, candidate, realms);
    }
    let left: Vec<_> = sandboxes.into_iter().map(|(_, sandbox)| sandbox).collect();
    credit_reached(newer, walk, positions, &left, candidates, control)
}

/// Credits sandboxes and their realms to the container that has them, which is no candidate by what it
/// dominates, or not for so few items.
fn credit_reached(
    newer: Newer<'_>,
    walk: &Walk<'_>,
    positions: &[u32],
    sandboxes: &[Sandbox],
    candidates: &mut Vec<Candidate>,
    control: &Control,
) -> Result<()> {
    if sandboxes.len() < FEWEST_REALMS {
        return Ok(());
    }
    let mut grown = walk.grown_containers(FEWEST_REALMS as u64, control)?;
    grown.sort_by_key(|point| (Reverse(point.more_items()), point.node));
    let containers: Vec<_> = grown.iter().map(|point| point.node).collect();
    let reach = Reach::find(newer.graph, newer.words, walk.before, &containers, control)?;
    let nodes: Vec<_> = sandboxes.iter().map(|sandbox| sandbox.node).collect();
    let realms: Vec<_> = sandboxes.iter().map(|sandbox| sandbox.realm).collect();
    let leader = reach.leader(&nodes).or_else(|| reach.leader(&realms));
    let Some(leader) = leader else { return Ok(()) };
    // What a realm consists of may be reached from its global object, and is not dominated by the realm then.
    let Newer { graph, analysis, .. } = newer;
    let is_part = |node: &NodeIndex| {
        let above = analysis.dominators.idom(*node);
        reach.of(*node) == Some(leader) && !walk.before.is_young(above) && walk.is_hub(above)
    };
    let parts = graph.nodes().filter(is_part);
    let things: HashSet<_> = nodes.into_iter().chain(realms).chain(parts).collect();
    candidates.retain(|candidate| {
        let members = candidate.scattered.as_ref().and_then(|scatter| scatter.members.first());
        members.is_none_or(|member| !things.contains(member))
    });
    let container = grown[leader];
    let at = candidates.iter().position(|candidate| candidate.point.node == container.node);
    let at = at.unwrap_or_else(|| {
        candidates.push(walk.with_shared_table(container));
        candidates.len() - 1
    });
    let below = Below::new(newer, positions, &candidates[at]);
    credit(newer, positions, &below, &mut candidates[at], things);
    Ok(())
}

/// Credits what is not below the candidate yet, and of that no part beside the whole.
fn credit(
    newer: Newer<'_>,
    positions: &[u32],
    below: &Below,
    candidate: &mut Candidate,
    things: impl IntoIterator<Item = NodeIndex>,
) {
    let mut things: Vec<_> = things.into_iter().collect();
    things.sort_unstable_by_key(|thing| positions[thing.at()]);
    let mut end = 0;
    for thing in things {
        let position = positions[thing.at()];
        if (position as usize) < end || below.contains(position) {
            continue;
        }
        end = newer.analysis.dominators.subtree(position).end;
        candidate.point.bytes += newer.analysis.retained.at(thing.at());
        candidate.credited.push(thing);
    }
}

/// Whether what piled up under a candidate is realms, about one for each of its new items.
pub(super) fn are_realms(
    newer: Newer<'_>,
    before: &Before<'_>,
    positions: &[u32],
    candidate: &Candidate,
) -> bool {
    let more = candidate.more_items();
    if more < FEWEST_REALMS as u64 {
        return false;
    }
    let below = Below::new(newer, positions, candidate);
    let is_below = |realm: &NodeIndex| below.contains(positions[realm.at()]);
    young_realms(newer, before).filter(is_below).count() as u64 * 2 >= more
}

fn young_realms<'a>(
    newer: Newer<'a>,
    before: &'a Before<'_>,
) -> impl Iterator<Item = NodeIndex> + 'a {
    let Newer { graph, words, .. } = newer;
    graph.nodes().filter(move |&node| {
        graph.name_index(node) == words.native_context_node
            && graph.node_type(node) == NodeType::HIDDEN
            && before.is_young(node)
    })
}

/// What a program made a realm of.
#[derive(Clone, Copy)]
struct Sandbox {
    node: NodeIndex,
    realm: NodeIndex,
}

/// The new objects among those that Node keeps in a realm: its sandbox.
fn sandboxes_of<'a>(
    newer: Newer<'a>,
    before: &'a Before<'_>,
    realm: NodeIndex,
) -> impl Iterator<Item = Sandbox> + 'a {
    let Newer { graph, words, .. } = newer;
    let of_node = target(graph, realm, EdgeType::INTERNAL, words.embedder_data);
    let kept = of_node.into_iter().flat_map(|data| graph.edges(data));
    let is_new_object = |edge: &Edge| {
        edge.label.edge_type() == EdgeType::HIDDEN
            && graph.node_type(edge.target) == NodeType::OBJECT
            && before.is_young(edge.target)
    };
    kept.filter(is_new_object).map(move |edge| Sandbox { node: edge.target, realm })
}

#[cfg(test)]
mod tests {
    use crate::graph::{EdgeType, NodeType};
    use crate::leak::stage::{property, suspects};

    /// Whether a list is found that gains so many items with much code, in each a realm of its own or not.
    fn is_found(items: u32, realm: &str) -> bool {
        let found = suspects(|heap, global, is_grown| {
            let list = property(heap, global, "sandboxes", "Array");
            for number in 0..if is_grown { items } else { 0 } {
                let sandbox = heap.node(NodeType::OBJECT, "Object", 100);
                heap.numbered(list, EdgeType::ELEMENT, number, sandbox);
                let realm = heap.node(NodeType::HIDDEN, realm, 1000);
                heap.edge(sandbox, EdgeType::INTERNAL, "context", realm);
                let shape = heap.node(NodeType::OBJECT_SHAPE, "Map", 100_000);
                heap.edge(realm, EdgeType::INTERNAL, "map", shape);
            }
        });
        !found.is_empty()
    }

    /// As on Node up to 22: a root has the realms as well.
    #[test]
    fn a_realm_belongs_to_whoever_has_its_sandbox() {
        let found = suspects(|heap, global, is_grown| {
            let handles = heap.node(NodeType::SYNTHETIC, "(Global handles)", 0);
            heap.edge(global, EdgeType::INTERNAL, "handles", handles);
            let list = property(heap, global, "sandboxes", "Array");
            for number in 0..if is_grown { 12 } else { 0 } {
                let sandbox = heap.node(NodeType::OBJECT, "Object", 100);
                heap.numbered(list, EdgeType::ELEMENT, number, sandbox);
                let realm = heap.node(NodeType::HIDDEN, "system / NativeContext", 1000);
                heap.numbered(handles, EdgeType::ELEMENT, number, realm);
                let shape = heap.node(NodeType::OBJECT_SHAPE, "Map", 100_000);
                heap.edge(realm, EdgeType::INTERNAL, "map", shape);
                let data = heap.node(NodeType::HIDDEN, "system / EmbedderDataArray", 100);
                heap.edge(realm, EdgeType::INTERNAL, "embedder_data", data);
                heap.numbered(data, EdgeType::HIDDEN, 32, sandbox);
            }
        });
        assert_eq!(found.len(), 1, "{found:?}");
        assert_eq!(found[0].name, "sandboxes");
        assert!(found[0].growth.retained_bytes >= 12 * 101_200, "{found:?}");
    }

    #[test]
    fn a_dozen_realms_are_no_warm_up() {
        assert!(is_found(12, "system / NativeContext"));
        assert!(!is_found(12, "system / Context"), "code that was compiled late");
        assert!(!is_found(5, "system / NativeContext"));
    }
}
