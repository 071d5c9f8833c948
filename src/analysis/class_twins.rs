//! Naive twins of what is counted from the columns: distances, statistics, interface names, class
//! rows, comparisons, realms, filters. Each is the specification written down plainly.

use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};

use super::comparison::{ComparisonOptions, ComparisonRow, NewerNodes, OlderNodes, compare};
use super::filters::{Filters, RetainedBy};
use super::ids::nodes_by_id;
use super::native_contexts::{NO_CONTEXT, SHARED, native_contexts};
use super::*;
use crate::graph::{Edge, EdgeType, NodeIndex, NodeType};
use crate::testing::random_graph;

const SEEDS: std::ops::Range<u64> = 0..2000;

fn control() -> Control {
    Control::default()
}

fn analysed(graph: &HeapGraph) -> Analysis {
    analyse(graph, What::ALL, &control()).unwrap()
}

/// Edge names as texts, made the slow way.
fn edge_text(graph: &HeapGraph, edge: Edge) -> String {
    let edge_type = edge.label.edge_type();
    if edge_type.is_numbered() {
        return graph.edge_number(edge).to_string();
    }
    let text = String::from_utf8(graph.edge_name(edge).to_vec()).unwrap();
    let digits: String = text.chars().take_while(char::is_ascii_digit).collect();
    if edge_type == EdgeType::SHORTCUT && !digits.is_empty() {
        return digits.parse::<u64>().unwrap().to_string();
    }
    text
}

/// A queue and a distance for each node, step by step as the specification has it.
fn naive_distances(graph: &HeapGraph) -> Vec<i32> {
    let detachedness = Detachedness::new(graph, &control()).unwrap();
    let name = |node| detachedness.name(graph, node);
    let mut distances = vec![-5; graph.node_count()];
    let mut pairs: BTreeSet<String> = BTreeSet::new();
    let is_user_root = |node| {
        graph.node_type(node) != NodeType::SYNTHETIC || name(node) == b"(Document DOM trees)"
    };
    let mut walk = |starts: Vec<NodeIndex>, first: i32| {
        let mut queue = VecDeque::new();
        for start in starts {
            distances[start.at()] = first;
            queue.push_back(start);
        }
        while let Some(node) = queue.pop_front() {
            for edge in graph.edges(node) {
                let edge_type = edge.label.edge_type();
                if edge_type == EdgeType::WEAK || distances[edge.target.at()] != -5 {
                    continue;
                }
                let text = edge_text(graph, edge);
                let node_type = graph.node_type(node);
                if node_type == NodeType::HIDDEN
                    && name(node) == b"system / NativeContext"
                    && text == "sloppy_function_map"
                {
                    continue;
                }
                if node_type == NodeType::ARRAY && name(node) == b"(map descriptors)" {
                    let digits: String = text.chars().take_while(char::is_ascii_digit).collect();
                    if digits.parse::<u64>().is_ok_and(|index| index >= 2 && index % 3 == 1) {
                        continue;
                    }
                } else if edge_type == EdgeType::INTERNAL && text.contains(" / part of key (") {
                    let pair = text[text.find(" /").unwrap()..].to_owned();
                    if !pairs.remove(&pair) {
                        pairs.insert(pair);
                        continue;
                    }
                }
                distances[edge.target.at()] = distances[node.at()] + 1;
                queue.push_back(edge.target);
            }
        }
    };
    let targets = graph.edges(graph.root()).map(|edge| edge.target);
    let starts: Vec<NodeIndex> = targets.filter(|&target| is_user_root(target)).collect();
    let root_distance = if starts.is_empty() { 0 } else { 100_000_000 };
    walk(starts, 1);
    walk(vec![graph.root()], root_distance);
    distances
}

#[test]
fn distances_are_what_a_plain_queue_finds() {
    for seed in SEEDS {
        let graph = random_graph(seed, 60);
        assert_eq!(analysed(&graph).distances, Some(naive_distances(&graph)), "seed {seed}");
    }
}

/// The size of everything that passes.
fn sum_of(graph: &HeapGraph, sizes: &[u32], passes: impl Fn(NodeIndex) -> bool) -> u64 {
    graph.nodes().filter(|&node| passes(node)).map(|node| u64::from(sizes[node.at()])).sum()
}

#[test]
fn statistics_are_sums_over_the_nodes() {
    for seed in SEEDS {
        let graph = random_graph(seed, 60);
        let analysis = analysed(&graph);
        let sizes = &analysis.self_size;
        let of_type =
            |node_type: NodeType| sum_of(&graph, sizes, |node| graph.node_type(node) == node_type);
        let native = of_type(NodeType::NATIVE);
        let strings = of_type(NodeType::STRING)
            + of_type(NodeType::CONS_STRING)
            + of_type(NodeType::SLICED_STRING);
        let mut arrays = 0;
        for node in graph.nodes() {
            let counted_elsewhere = [
                NodeType::NATIVE,
                NodeType::CODE,
                NodeType::HIDDEN,
                NodeType::STRING,
                NodeType::CONS_STRING,
                NodeType::SLICED_STRING,
            ];
            if counted_elsewhere.contains(&graph.node_type(node))
                || graph.raw_name(node) != b"Array"
            {
                continue;
            }
            arrays += u64::from(sizes[node.at()]);
            let elements = graph.edges(node).find(|&edge| {
                edge.label.edge_type() == EdgeType::INTERNAL
                    && edge_text(&graph, edge) == "elements"
            });
            let Some(elements) = elements else { continue };
            let all_edges = graph.nodes().flat_map(|node| graph.edges(node));
            if all_edges.filter(|edge| edge.target == elements.target).count() == 1 {
                arrays += u64::from(sizes[elements.target.at()]);
            }
        }
        let found = analysis.statistics;
        let total = sum_of(&graph, sizes, |_| true);
        assert_eq!(
            [found.total, found.native, found.strings, found.code, found.system, found.js_arrays],
            [total, native, strings, of_type(NodeType::CODE), of_type(NodeType::HIDDEN), arrays],
            "seed {seed}"
        );
        assert_eq!(found.v8_heap, total - native);
    }
}

fn is_plain(graph: &HeapGraph, node: NodeIndex) -> bool {
    graph.node_type(node) == NodeType::OBJECT && graph.raw_name(node) == b"Object"
}

fn properties(graph: &HeapGraph, node: NodeIndex) -> Vec<String> {
    let edges = graph.edges(node);
    let properties = edges.filter(|edge| edge.label.edge_type() == EdgeType::PROPERTY);
    properties.map(|edge| edge_text(graph, edge)).collect()
}

/// Names, properties and counts, by texts alone. All names here are short of surrogates.
fn naive_definitions(graph: &HeapGraph) -> Vec<(String, Vec<String>, u64)> {
    let length = |text: &str| text.encode_utf16().count();
    let mut candidates: Vec<(String, Vec<String>, u64)> = Vec::new();
    let plain: Vec<NodeIndex> = graph.nodes().filter(|&node| is_plain(graph, node)).collect();
    for &node in &plain {
        let mut name = "{".to_owned();
        let mut used = Vec::new();
        for property in properties(graph, node) {
            if property == "__proto__" {
                continue;
            }
            let formatted = if property.contains([',', '\'', '"', '{', '}']) {
                serde_json::to_string(&property).unwrap()
            } else {
                property.clone()
            };
            if length(&name) > 1 && length(&name) + length(&formatted) > 120 {
                break;
            }
            if length(&name) != 1 {
                name.push_str(", ");
            }
            name.push_str(&formatted);
            used.push(property);
        }
        if used.is_empty() {
            continue;
        }
        name.push('}');
        match candidates.iter_mut().find(|(known, ..)| *known == name) {
            Some((.., count)) => *count += 1,
            None => candidates.push((name, used, 1)),
        }
    }
    candidates.sort_by_key(|&(.., count)| std::cmp::Reverse(count));
    let least = f64::max(2.0, plain.len() as f64 / 1000.0);
    candidates.retain(|&(.., count)| count as f64 >= least);
    candidates
}

/// The class of a plain object: the largest definition whose properties it has, each as often.
fn naive_class<'a>(
    has: &[String],
    definitions: &'a [(String, Vec<String>, u64)],
) -> Option<&'a str> {
    let times = |list: &[String], wanted: &String| list.iter().filter(|&one| one == wanted).count();
    let mut best: Option<&(String, Vec<String>, u64)> = None;
    for definition in definitions {
        let fits = definition.1.iter().all(|one| times(has, one) >= times(&definition.1, one));
        if fits && best.is_none_or(|best| definition.1.len() > best.1.len()) {
            best = Some(definition);
        }
    }
    best.map(|(name, ..)| name.as_str())
}

#[test]
fn interface_names_are_those_that_texts_give() {
    let mut named = 0;
    for seed in SEEDS {
        let graph = random_graph(seed, 60);
        let analysis = analysed(&graph);
        let naive = naive_definitions(&graph);
        let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
        let found: Vec<(String, Vec<String>, u64)> = analysis
            .definitions
            .iter()
            .map(|one| {
                let properties = one.properties.iter().map(|property| text(property)).collect();
                (text(&one.name), properties, one.count)
            })
            .collect();
        assert_eq!(found, naive, "seed {seed}");
        for node in graph.nodes().filter(|&node| is_plain(&graph, node)) {
            let class = naive_class(&properties(&graph, node), &naive).unwrap_or("Object");
            named += u64::from(class != "Object");
            assert_eq!(text(analysis.class_name(node)), class, "seed {seed}, node {}", node.0);
        }
    }
    assert!(named > 1000, "the graphs have plain objects of common shapes");
}

/// Whether a node has a dominator in the same class that counts.
fn has_dominator_in_class(graph: &HeapGraph, analysis: &Analysis, node: NodeIndex) -> bool {
    let mut at = node;
    while at != graph.root() {
        at = analysis.dominators.idom(at);
        if analysis.class_name(at) == analysis.class_name(node) && analysis.self_size[at.at()] != 0
        {
            return true;
        }
    }
    false
}

#[test]
fn class_rows_are_sums_over_members() {
    for seed in SEEDS {
        let graph = random_graph(seed, 60);
        let analysis = analysed(&graph);
        let mut naive: BTreeMap<Vec<u8>, (u64, u64, u64, i32)> = BTreeMap::new();
        for node in graph.nodes().filter(|node| analysis.self_size[node.at()] != 0) {
            let class = analysis.class_name(node).to_vec();
            let row = naive.entry(class).or_insert((0, 0, 0, i32::MAX));
            row.0 += 1;
            row.1 += u64::from(analysis.self_size[node.at()]);
            if !has_dominator_in_class(&graph, &analysis, node) {
                row.2 += analysis.retained.at(node.at());
            }
            row.3 = row.3.min(analysis.distances.as_ref().unwrap()[node.at()]);
        }
        let found = analysis.class_table(ClassRows::Merged, &control()).unwrap();
        assert_eq!(found.len(), naive.len(), "seed {seed}");
        for row in &found {
            let (count, self_size, retained, distance) = naive[&row.name];
            assert_eq!(
                (row.count, row.self_size, row.retained_size, row.distance),
                (count, self_size, retained, distance),
                "seed {seed}"
            );
        }
        let total: u64 = found.iter().map(|row| row.self_size).sum();
        assert_eq!(total, analysis.statistics.total, "merged rows lose nothing, seed {seed}");
    }
}

fn older_nodes(graph: &HeapGraph, analysis: Analysis) -> OlderNodes {
    let ids = &graph.tables().node_id;
    let by_id = nodes_by_id(ids, &control()).unwrap();
    let Analysis { self_size, groups, classes, .. } = analysis;
    OlderNodes::new(ids, &by_id, &self_size, groups, classes, &control()).unwrap()
}

#[test]
fn a_comparison_is_a_difference_of_sets() {
    for seed in SEEDS {
        let (base, current) = (random_graph(2 * seed, 60), random_graph(2 * seed + 1, 60));
        let (older, newer) = (analysed(&base), analysed(&current));
        let classes = Classes::new(&older.groups, &newer.definitions, &control()).unwrap();
        let options = ComparisonOptions { with_ids: true, ..ComparisonOptions::default() };
        let nodes = NewerNodes {
            ids: &current.tables().node_id,
            self_size: &newer.self_size,
            groups: &newer.groups,
            classes: &newer.classes,
        };
        let kept = older_nodes(&base, analysed(&base));
        let found = compare(&kept, &classes, nodes, options, &control()).unwrap();

        let members = |graph: &HeapGraph, analysis: &Analysis, classes: &Classes| {
            let mut rows: BTreeMap<Vec<u8>, BTreeMap<u32, u64>> = BTreeMap::new();
            for node in graph.nodes().filter(|node| analysis.self_size[node.at()] != 0) {
                let class = classes.name(classes.of(&analysis.groups, node)).to_vec();
                let size = u64::from(analysis.self_size[node.at()]);
                rows.entry(class).or_default().insert(graph.id(node), size);
            }
            rows
        };
        let before = members(&base, &older, &classes);
        let after = members(&current, &newer, &newer.classes);
        let names: BTreeSet<&Vec<u8>> = before.keys().chain(after.keys()).collect();
        let none = BTreeMap::new();
        let mut naive = HashMap::new();
        for name in names {
            let (old, new) = (before.get(name).unwrap_or(&none), after.get(name).unwrap_or(&none));
            let only = |left: &BTreeMap<u32, u64>, right: &BTreeMap<u32, u64>| {
                let only = left.iter().filter(|(id, _)| !right.contains_key(id));
                only.map(|(&id, &size)| (id, size)).collect::<Vec<_>>()
            };
            let (added, removed) = (only(new, old), only(old, new));
            if !added.is_empty() || !removed.is_empty() {
                naive.insert(name.clone(), (added, removed));
            }
        }
        assert_eq!(found.len(), naive.len(), "seed {seed}");
        for row in &found {
            let (added, removed) = &naive[&row.name];
            let ids = |list: &[(u32, u64)]| list.iter().map(|&(id, _)| id).collect();
            let size = |list: &[(u32, u64)]| list.iter().map(|&(_, size)| size).sum();
            let expected = ComparisonRow {
                key: row.key.clone(),
                name: row.name.clone(),
                added_count: added.len() as u64,
                removed_count: removed.len() as u64,
                added_size: size(added),
                removed_size: size(removed),
                retained_size: 0,
                added_ids: ids(added),
                removed_ids: ids(removed),
            };
            assert_eq!(row, &expected, "seed {seed}");
        }
    }
}

/// Of the object that V8 names `Function`, and of functions, DevTools shows one.
#[test]
fn merged_rows_keep_what_devtools_drops() {
    let mut heap = crate::testing::GraphBuilder::new();
    let global = heap.node(NodeType::OBJECT, "global", 8);
    let function = heap.node(NodeType::CLOSURE, "run", 64);
    let lookalike = heap.node(NodeType::OBJECT, "Function", 24);
    heap.edge(heap.root(), EdgeType::SHORTCUT, "1", global);
    heap.edge(global, EdgeType::PROPERTY, "run", function);
    heap.edge(global, EdgeType::PROPERTY, "look", lookalike);
    let graph = heap.build();
    let analysis = analysed(&graph);
    let sizes = |rows| {
        let rows = analysis.class_table(rows, &control()).unwrap();
        let rows = rows.into_iter().filter(|row| row.name == b"Function");
        rows.map(|row| (row.count, row.self_size)).collect::<Vec<_>>()
    };
    assert_eq!(sizes(ClassRows::Devtools), [(1, 24)], "the later one replaces the earlier");
    assert_eq!(sizes(ClassRows::Merged), [(2, 88)]);
}

#[test]
fn realms_are_what_repeated_spreading_finds() {
    for seed in SEEDS {
        let graph = random_graph(seed, 60);
        let analysis = analysed(&graph);
        let (names, detachedness) = (&analysis.names, &analysis.detachedness);
        let found = native_contexts(&graph, names, detachedness, &control()).unwrap();
        let is_context = |node| {
            let name = String::from_utf8(detachedness.name(&graph, node).to_vec()).unwrap();
            let name = name.strip_prefix("Detached ").unwrap_or(&name);
            name == "system / NativeContext" || name.starts_with("system / NativeContext / ")
        };
        let internal = |node: NodeIndex, name: &str, accepts: &dyn Fn(NodeIndex) -> bool| {
            let mut edges = graph.edges(node);
            let edge = edges.find(|&edge| {
                edge.label.edge_type() == EdgeType::INTERNAL
                    && edge_text(&graph, edge) == name
                    && accepts(edge.target)
            });
            edge.map(|edge| edge.target)
        };
        let fixed: Vec<Option<NodeIndex>> = graph
            .nodes()
            .map(|node| {
                if is_context(node) {
                    return Some(node);
                }
                let meta_map = internal(internal(node, "map", &|_| true)?, "map", &|_| true)?;
                internal(meta_map, "native_context", &is_context)
            })
            .collect();
        let mut owners: Vec<BTreeSet<NodeIndex>> =
            fixed.iter().map(|owner| owner.iter().copied().collect()).collect();
        loop {
            let before: usize = owners.iter().map(BTreeSet::len).sum();
            for node in graph.nodes() {
                for edge in graph.edges(node) {
                    let edge_type = edge.label.edge_type();
                    let skipped = edge_type == EdgeType::SHORTCUT || edge_type == EdgeType::WEAK;
                    if !skipped && fixed[edge.target.at()].is_none() {
                        let more = owners[node.at()].clone();
                        owners[edge.target.at()].extend(more);
                    }
                }
            }
            if owners.iter().map(BTreeSet::len).sum::<usize>() == before {
                break;
            }
        }
        let naive: Vec<i32> = owners
            .iter()
            .map(|owners| match owners.len() {
                0 => NO_CONTEXT,
                1 => owners.first().unwrap().0 as i32,
                _ => SHARED,
            })
            .collect();
        assert_eq!(found.attribution, naive, "seed {seed}");
    }
}

#[test]
fn filters_pass_what_a_restricted_walk_misses() {
    for seed in SEEDS {
        let graph = random_graph(seed, 60);
        let analysis = analysed(&graph);
        let distances = analysis.distances.as_ref().unwrap();
        let filters = Filters::new(&graph, &analysis.names, &analysis.detachedness, distances);
        let name =
            |node| String::from_utf8(analysis.detachedness.name(&graph, node).to_vec()).unwrap();
        let is_context = |node| {
            let name = name(node);
            name == "system / Context" || name.starts_with("system / Context / ")
        };
        let refuses = |retained_by, from: NodeIndex, edge: Edge| match retained_by {
            RetainedBy::DetachedDomNodes => analysis.detachedness.state(edge.target) == 2,
            RetainedBy::Contexts => is_context(edge.target),
            _ => {
                graph.node_type(from) == NodeType::SYNTHETIC
                    && !edge.label.edge_type().is_numbered()
                    && edge_text(&graph, edge).ends_with(" / DevTools console")
            }
        };
        for retained_by in [RetainedBy::DetachedDomNodes, RetainedBy::Contexts, RetainedBy::Console]
        {
            let mut reached = vec![false; graph.node_count()];
            let mut work = vec![graph.root()];
            while let Some(node) = work.pop() {
                if !std::mem::replace(&mut reached[node.at()], true) {
                    let edges = graph.edges(node);
                    let strong = edges.filter(|edge| edge.label.edge_type() != EdgeType::WEAK);
                    let followed = strong.filter(|&edge| !refuses(retained_by, node, edge));
                    work.extend(followed.map(|edge| edge.target));
                }
            }
            let passing = filters.passing(retained_by, &control()).unwrap();
            for node in graph.nodes() {
                let expected = !reached[node.at()] && distances[node.at()] != -5;
                assert_eq!(passing.contains(node.0), expected, "seed {seed}, {retained_by:?}");
            }
        }
    }
}
