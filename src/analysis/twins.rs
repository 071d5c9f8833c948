//! Naive twins: the specification written down as plainly as possible, compared with the fast
//! code on thousands of random graphs.

use std::collections::BTreeSet;

use super::*;
use crate::graph::{Edge, EdgeType, NodeIndex, NodeType};
use crate::testing::random_graph;

const SEEDS: std::ops::Range<u64> = 0..3000;

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

fn is_user_root(graph: &HeapGraph, node: NodeIndex) -> bool {
    graph.node_type(node) != NodeType::SYNTHETIC || graph.raw_name(node) == b"(Document DOM trees)"
}

/// Grows a set along edges until nothing changes.
fn closure(
    graph: &HeapGraph,
    start: impl IntoIterator<Item = NodeIndex>,
    follows: impl Fn(NodeIndex, Edge) -> bool,
) -> BTreeSet<NodeIndex> {
    let mut reached: BTreeSet<NodeIndex> = start.into_iter().collect();
    loop {
        let before = reached.len();
        for node in reached.clone() {
            reached.extend(
                graph.edges(node).filter(|&edge| follows(node, edge)).map(|edge| edge.target),
            );
        }
        if reached.len() == before {
            return reached;
        }
    }
}

fn naive_page_objects(graph: &HeapGraph) -> BTreeSet<NodeIndex> {
    let starts = graph.edges(graph.root()).filter(|edge| {
        let edge_type = edge.label.edge_type();
        let is_dom = graph.node_type(edge.target) == NodeType::SYNTHETIC
            && graph.raw_name(edge.target) == b"(Document DOM trees)";
        edge_type == EdgeType::SHORTCUT || edge_type == EdgeType::ELEMENT && is_dom
    });
    let starts: Vec<_> = starts.map(|edge| edge.target).collect();
    closure(graph, starts, |_, edge| edge.label.edge_type() != EdgeType::WEAK)
}

fn naive_essential(
    graph: &HeapGraph,
    pages: &BTreeSet<NodeIndex>,
    from: NodeIndex,
    edge: Edge,
) -> bool {
    let edge_type = edge.label.edge_type();
    if edge_type == EdgeType::INTERNAL {
        let name = text(graph.edge_name(edge));
        if name.contains(" / part of key (")
            && name.ends_with(&format!(" pair in WeakMap (table @{})", graph.id(from)))
        {
            return false;
        }
    }
    let is_root = from == graph.root();
    edge_type != EdgeType::WEAK
        && edge.target != from
        && (is_root || edge_type != EdgeType::SHORTCUT)
        && (is_root || !pages.contains(&edge.target) || pages.contains(&from))
}

/// Successors over essential edges, with the root's edges to nodes that only others lead to.
fn naive_successors(graph: &HeapGraph) -> Vec<Vec<NodeIndex>> {
    let pages = naive_page_objects(graph);
    let mut successors: Vec<Vec<NodeIndex>> = graph
        .nodes()
        .map(|node| {
            let edges = graph.edges(node);
            let essential = edges.filter(|&edge| naive_essential(graph, &pages, node, edge));
            essential.map(|edge| edge.target).collect()
        })
        .collect();
    let referred_to: BTreeSet<NodeIndex> = successors.iter().flatten().copied().collect();
    let orphans = graph.nodes().filter(|node| !referred_to.contains(node));
    let orphans: Vec<_> = orphans.filter(|&node| node != graph.root()).collect();
    successors[graph.root().at()].extend(orphans);
    successors
}

fn reachable_without(
    graph: &HeapGraph,
    successors: &[Vec<NodeIndex>],
    removed: Option<NodeIndex>,
) -> Vec<bool> {
    let mut reached = vec![false; graph.node_count()];
    let mut work = vec![graph.root()];
    while let Some(node) = work.pop() {
        if Some(node) == removed || std::mem::replace(&mut reached[node.at()], true) {
            continue;
        }
        work.extend(&successors[node.at()]);
    }
    reached
}

/// The sets of dominators by removing each node in turn, and the nearest of them.
fn naive_dominators(graph: &HeapGraph) -> (Vec<NodeIndex>, Vec<u64>) {
    let successors = naive_successors(graph);
    let sizes = naive_owned_sizes(graph);
    let all = reachable_without(graph, &successors, None);
    let mut dominators: Vec<Vec<NodeIndex>> = vec![Vec::new(); graph.node_count()];
    let mut retained: Vec<u64> = sizes.iter().map(|&size| u64::from(size)).collect();
    for removed in graph.nodes().filter(|node| all[node.at()] && *node != graph.root()) {
        let rest = reachable_without(graph, &successors, Some(removed));
        for node in graph.nodes() {
            if node != removed && all[node.at()] && !rest[node.at()] {
                dominators[node.at()].push(removed);
                retained[removed.at()] += u64::from(sizes[node.at()]);
            }
        }
    }
    retained[graph.root().at()] = sizes.iter().map(|&size| u64::from(size)).sum();
    let idom = graph.nodes().map(|node| {
        // The nearest dominator is the one that all others dominate.
        let nearest = dominators[node.at()].iter().max_by_key(|at| dominators[at.at()].len());
        nearest.copied().unwrap_or(graph.root())
    });
    (idom.collect(), retained)
}

/// Sets of owners, grown until nothing changes.
fn naive_owned_sizes(graph: &HeapGraph) -> Vec<u32> {
    let detachedness = Detachedness::new(graph, &Control::default()).unwrap();
    let mut sizes = graph.tables().self_size.clone();
    if !graph.edges(graph.root()).any(|edge| is_user_root(graph, edge.target)) {
        return sizes;
    }
    let movable: Vec<bool> = graph
        .nodes()
        .map(|node| match graph.node_type(node) {
            NodeType::HIDDEN | NodeType::ARRAY => true,
            NodeType::NATIVE => detachedness.name(graph, node) == b"system / ExternalStringData",
            _ => false,
        })
        .collect();
    let mut owners: Vec<BTreeSet<NodeIndex>> = vec![BTreeSet::new(); graph.node_count()];
    for node in graph.nodes().filter(|node| !movable[node.at()]) {
        owners[node.at()].insert(node);
    }
    loop {
        let mut changed = false;
        for node in graph.nodes() {
            for edge in graph.edges(node) {
                if edge.label.edge_type() != EdgeType::WEAK && movable[edge.target.at()] {
                    let more = owners[node.at()].clone();
                    let before = owners[edge.target.at()].len();
                    owners[edge.target.at()].extend(more);
                    changed |= owners[edge.target.at()].len() != before;
                }
            }
        }
        if !changed {
            break;
        }
    }
    for node in graph.nodes().filter(|node| movable[node.at()]) {
        let Some(&owner) = owners[node.at()].first() else { continue };
        if owners[node.at()].len() == 1
            && owner != graph.root()
            && graph.node_type(owner) != NodeType::SYNTHETIC
        {
            sizes[owner.at()] = sizes[owner.at()].wrapping_add(sizes[node.at()]);
            sizes[node.at()] = 0;
        }
    }
    sizes
}

fn analysed(graph: &HeapGraph) -> Analysis {
    analyse(graph, What::ALL, &Control::default()).unwrap()
}

#[test]
fn page_objects_are_what_their_twin_finds() {
    for seed in SEEDS {
        let graph = random_graph(seed, 40);
        let names = KnownNames::new(graph.strings(), &Control::default()).unwrap();
        let pages = roots::page_objects(&graph, &names, &Control::default()).unwrap();
        let naive = naive_page_objects(&graph);
        assert!(pages.iter().eq(naive.iter().map(|node| node.0)), "seed {seed}");
    }
}

#[test]
fn self_sizes_are_what_their_twin_finds() {
    for seed in SEEDS {
        let graph = random_graph(seed, 40);
        assert_eq!(analysed(&graph).self_size, naive_owned_sizes(&graph), "seed {seed}");
    }
}

#[test]
fn dominators_and_retained_sizes_are_what_removing_nodes_shows() {
    for seed in SEEDS {
        let graph = random_graph(seed, if seed % 10 == 0 { 120 } else { 30 });
        let analysis = analysed(&graph);
        let (idom, retained) = naive_dominators(&graph);
        assert_eq!(analysis.dominators.idoms(), idom, "seed {seed}");
        assert_eq!(analysis.retained.iter().collect::<Vec<_>>(), retained, "seed {seed}");
    }
}

#[test]
fn the_tree_is_in_preorder() {
    for seed in SEEDS {
        let graph = random_graph(seed, 60);
        let tree = analysed(&graph).dominators;
        assert_eq!(tree.order()[0], graph.root());
        assert_eq!(tree.subtree(0).len(), graph.node_count());
        let positions = tree.positions();
        let mut seen = 1;
        for (position, &node) in tree.order().iter().enumerate() {
            assert_eq!(positions[node.at()], position as u32);
            for child in tree.children(position as u32) {
                assert_eq!(tree.idom(tree.node_at(child)), node, "seed {seed}");
                seen += 1;
            }
        }
        assert_eq!(seen, graph.node_count(), "every node is a child once, seed {seed}");
    }
}
