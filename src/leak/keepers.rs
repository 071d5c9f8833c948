//! Containers that gained few items, each of which leads to a lot that they do not dominate: windows in
//! a list, tenants in a Map. Node refers to a realm as well, a pool to a connection; so what is in
//! them is found under the root, many times over and by the names that it has there.
//!
//! Only what is a suspect already is credited to them. A container of few items that nothing speaks
//! against is none.
//!
//! Time: if there is such a suspect, one pass over the objects, and linear in the edges of young nodes.
//! Memory: 4 bytes a node while it runs.

use std::cmp::Reverse;
use std::collections::HashMap;

use crate::control::Control;
use crate::error::Result;
use crate::graph::NodeIndex;
use crate::leak::candidate::Candidate;
use crate::leak::contents::Contents;
use crate::leak::growth::{Accumulation, Walk};
use crate::leak::holders::Reach;

/// Fewer items than this are not looked at: from one item, anything may be reached.
const FEWEST_ITEMS: u64 = 4;

/// Of a container with fewer items than this share of what is reached, the items are not what is kept: from
/// a handful of them, a program may be reached as a whole.
const MOST_THINGS_PER_ITEM: u64 = 4;

/// So many of the credited suspects are kept as other views, for when the container has no name.
const MOST_VIEWS: usize = 4;

/// Credits suspects that nothing of the program dominates to the container from which they are reached,
/// if there is about one of them for each of its new items, or more.
pub(super) fn credit_keepers(
    walk: &Walk<'_>,
    suspects: Vec<Candidate>,
    control: &Control,
) -> Result<Vec<Candidate>> {
    let unowned = suspects.iter().filter(|suspect| is_unowned(walk, suspect)).count() as u64;
    if unowned < FEWEST_ITEMS {
        return Ok(suspects);
    }
    let mut keepers = keepers(walk, control)?;
    keepers.retain(|keeper| keeper.more_items() <= unowned * 2);
    let nodes: Vec<NodeIndex> = keepers.iter().map(|keeper| keeper.node).collect();
    let reach = Reach::find(walk.graph, walk.words, walk.before, &nodes, control)?;
    let mut reached: HashMap<usize, u64> = HashMap::new();
    let keeper_of = |suspect: &Candidate| match is_unowned(walk, suspect) {
        true => most_from(&reach, suspect),
        false => None,
    };
    for keeper in suspects.iter().filter_map(keeper_of) {
        *reached.entry(keeper).or_default() += 1;
    }
    reached.retain(|&keeper, things| {
        let more = keepers[keeper].more_items();
        *things >= FEWEST_ITEMS && *things * 2 >= more && *things <= more * MOST_THINGS_PER_ITEM
    });
    let mut kept: HashMap<usize, Candidate> = HashMap::new();
    let mut rest = Vec::with_capacity(suspects.len());
    for suspect in suspects {
        match keeper_of(&suspect).filter(|keeper| reached.contains_key(keeper)) {
            Some(at) => {
                let keeper = kept.entry(at).or_insert_with(|| Candidate::new(keepers[at]));
                if keeper.also.len() < MOST_VIEWS {
                    keeper.also.push(suspect.point);
                }
            }
            None => rest.push(suspect),
        }
    }
    for (&at, keeper) in &mut kept {
        keep_all(walk, &reach, at, keeper);
    }
    // What dominates its items was a suspect itself.
    for suspect in &mut rest {
        let at = nodes.iter().position(|&node| node == suspect.point.node);
        if let Some(keeper) = at.and_then(|at| kept.remove(&at)) {
            suspect.point.bytes += keeper.point.bytes;
            suspect.credited.extend(keeper.credited);
            suspect.contents = Contents::default();
        }
    }
    rest.extend(kept.into_values());
    Ok(rest)
}

/// The containers that were there before and gained some items, those that gained most first.
fn keepers(walk: &Walk<'_>, control: &Control) -> Result<Vec<Accumulation>> {
    let is_of_loader = |node: NodeIndex| {
        let above = walk.analysis.dominators.idom(node);
        walk.graph.name_index(above) == walk.words.module_class
    };
    let mut grown = walk.grown_containers(FEWEST_ITEMS, control)?;
    grown.retain(|point| !is_of_loader(point.node));
    grown.sort_by_key(|point| (Reverse(point.more_items()), point.node));
    Ok(grown)
}

/// Whether nothing that was there before and is a thing of the program dominates what grew.
fn is_unowned(walk: &Walk<'_>, suspect: &Candidate) -> bool {
    if suspect.scattered.is_some() {
        return true;
    }
    if suspect.point.prior.is_some() {
        return false;
    }
    let root = walk.graph.root();
    let mut at = suspect.point.node;
    while at != root && walk.before.is_young(at) {
        at = walk.analysis.dominators.idom(at);
    }
    walk.is_hub(at)
}

/// The container from which a suspect is reached, or at least half of its members.
fn most_from(reach: &Reach, suspect: &Candidate) -> Option<usize> {
    let Some(scatter) = &suspect.scattered else { return reach.of(suspect.point.node) };
    reach.leader(&scatter.members)
}

/// Credits to a keeper all that is reached from it, and not only what was a suspect.
fn keep_all(walk: &Walk<'_>, reach: &Reach, at: usize, keeper: &mut Candidate) {
    let tree = &walk.analysis.dominators;
    let is_kept = |node: NodeIndex| node == keeper.point.node || reach.of(node) == Some(at);
    let is_top = |&node: &NodeIndex| reach.of(node) == Some(at) && !is_kept(tree.idom(node));
    keeper.credited = walk.graph.nodes().filter(is_top).collect();
    let bytes = keeper.credited.iter().map(|node| walk.analysis.retained.at(node.at()));
    keeper.point.bytes = bytes.sum();
}

#[cfg(test)]
mod tests {
    use crate::graph::{EdgeType, NodeType};
    use crate::leak::stage::{elements, property, suspects};

    /// Names and bytes of what is found where so many windows came, which the root holds as well, and
    /// a list has so many of them.
    fn found(windows: u32, listed: u32) -> Vec<(String, i64)> {
        let found = suspects(|heap, global, is_grown| {
            let pages = property(heap, global, "pages", "Array");
            let mut last = pages;
            for at in 0..if is_grown { windows } else { 0 } {
                let window = heap.node(NodeType::OBJECT, "Window", 1_000);
                heap.numbered(heap.root(), EdgeType::ELEMENT, at, window);
                let rows = property(heap, window, "rows", "Array");
                elements(heap, rows, 0..100, "Row", 1_000);
                if at < listed {
                    last = heap.node(NodeType::OBJECT, "Page", 100);
                    heap.numbered(pages, EdgeType::ELEMENT, at, last);
                }
                if listed > 0 {
                    heap.edge(last, EdgeType::PROPERTY, format!("window-{at}"), window);
                }
            }
        });
        found.into_iter().map(|it| (it.name, it.growth.retained_bytes)).collect()
    }

    #[test]
    fn what_a_container_leads_to_is_credited_to_it_if_there_is_one_for_each_item() {
        let all = 12 * (1_000 + 32 + 100 * 1_000);
        assert_eq!(found(12, 12), [("pages".into(), all)]);
        let names = |found: Vec<(String, i64)>| -> Vec<_> {
            found.into_iter().map(|(name, _)| name).collect()
        };
        assert_eq!(names(found(12, 0)), ["rows"]);
        assert_eq!(names(found(3, 3)), ["rows"], "too few to tell");
        assert_eq!(names(found(40, 5)), ["rows"], "too few items for so much");
    }

    #[test]
    fn the_proxy_of_a_realm_leads_to_it() {
        let found = suspects(|heap, global, is_grown| {
            let pages = property(heap, global, "pages", "Array");
            for at in 0..if is_grown { 12 } else { 0 } {
                let realm = heap.node(NodeType::HIDDEN, "system / NativeContext", 1_000);
                heap.numbered(heap.root(), EdgeType::ELEMENT, at, realm);
                let rows = property(heap, realm, "rows", "Array");
                elements(heap, rows, 0..100, "Row", 1_000);
                let proxy = heap.node(NodeType::OBJECT, "global", 100);
                heap.numbered(pages, EdgeType::ELEMENT, at, proxy);
                let shapes =
                    [(); 2].map(|()| heap.node(NodeType::OBJECT_SHAPE, "system / Map", 80));
                heap.edge(proxy, EdgeType::INTERNAL, "map", shapes[0]);
                heap.edge(shapes[0], EdgeType::INTERNAL, "map", shapes[1]);
                heap.edge(shapes[1], EdgeType::INTERNAL, "native_context", realm);
            }
        });
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].name, "pages");
    }
}
