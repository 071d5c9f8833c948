//! The way from a root to each node that a developer would go: over variables and properties where
//! there are any, over V8's internals where there is nothing else.
//!
//! Every edge costs as much as it is hard to read, and each node gets its cheapest way (Dial's
//! variant of Dijkstra's algorithm, 1969: costs are small integers, so the queue is a ring of
//! buckets). Chrome DevTools and LeakCanary show the *shortest* way, which often leads through a
//! handle, a stack slot or a feedback cell.
//!
//! What waits costs at most [`DEAREST`] more than what is looked at now, so a cost is kept as the last
//! bits of it, and the column of costs fits a second-level cache.
//!
//! Time: linear in nodes and edges. Memory: 5 bytes a node while it runs, 4 after, and the buckets; for
//! labels 9 and 8.

use crate::control::{Control, Pace, in_parts};
use crate::error::Result;
use crate::graph::{Edge, EdgeIndex, EdgeType, HeapGraph, NodeIndex, NodeType, StringIndex};
use crate::leak::naming::REGISTERS;
use crate::leak::things::is_proxy;
use crate::leak::vocabulary::Vocabulary;

/// A step of a route: an edge and where it comes from.
#[derive(Clone, Copy, Debug)]
pub struct Step {
    /// The node that the edge belongs to.
    pub from: NodeIndex,
    /// The edge.
    pub edge: Edge,
}

/// The cheapest ways to all nodes.
#[derive(Debug)]
pub struct Routes {
    /// By node: the edge by which its way arrives.
    arrival: Vec<u32>,
}

const NONE: u32 = u32::MAX;

/// The price of an entry of a WeakMap.
const ENTRY: u32 = 5;

/// The price of an entry of a WeakMap as the key refers to it: there, it is somebody else's. Dear enough
/// that a longer way through the WeakMap, which has a name, is taken.
const FROM_KEY: u32 = 40;

/// No edge costs more.
const DEAREST: u32 = 63;

/// A `Proxy` refers to its target, its handler and its hidden class.
const EDGES_OF_A_PROXY: usize = 8;

/// All looks for keys of entries together pass so many times the edges of a graph: many entries of one value,
/// whose key has many edges, must not take forever.
const MOST_PASSES: usize = 4;

/// How many buckets there are: one for each cost that something may wait at.
const RING: usize = DEAREST as usize + 1;

impl Routes {
    /// Finds the ways from the root. One thread.
    pub fn find(graph: &HeapGraph, words: &Vocabulary, control: &Control) -> Result<Self> {
        let root = Source { node: graph.root(), label: () };
        let mut arrival = vec![NONE; graph.node_count()];
        let arrive = |step: Step| arrival[step.edge.target.at()] = step.edge.index.0;
        search(graph, words, &[root], |(), _| (), arrive, control)?;
        Ok(Self { arrival })
    }

    /// The way to a node: from the root on, the last step arrives. Empty for the root itself and
    /// for what only weak edges lead to.
    pub fn to(&self, graph: &HeapGraph, node: NodeIndex) -> Vec<Step> {
        let mut steps = Vec::new();
        let mut at = node;
        while let Some(step) = self.arrival(graph, at) {
            steps.push(step);
            at = step.from;
        }
        steps.reverse();
        steps
    }

    /// The last step of the way to a node.
    pub fn arrival(&self, graph: &HeapGraph, node: NodeIndex) -> Option<Step> {
        let index = self.arrival[node.at()];
        (index != NONE).then(|| step_of(graph, EdgeIndex(index)))
    }
}

/// Where ways begin.
#[derive(Clone, Copy, Debug)]
pub struct Source<L> {
    /// The node.
    pub node: NodeIndex,
    /// Its label.
    pub label: L,
}

/// Labels the nodes by the cheapest ways from the nearest of `sources`: `extend` makes the label of a
/// node from that of the one before it and the step. Of several ways that cost the same the one with
/// the smallest label counts, so that labels do not depend on the order of nodes or edges. What no
/// way leads to keeps 0.
pub fn labels(
    graph: &HeapGraph,
    words: &Vocabulary,
    sources: &[Source<u64>],
    extend: impl FnMut(u64, Step) -> u64,
    control: &Control,
) -> Result<Vec<u64>> {
    search(graph, words, sources, extend, |_| {}, control)
}

/// What a way to a node costs, as far as that matters: nothing is known of it, or its way is final, or
/// it waits in a bucket.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Cost(u8);

impl Cost {
    const UNKNOWN: Self = Self(u8::MAX);
    const FINAL: Self = Self(u8::MAX - 1);
    /// Costs of what waits differ by less.
    const PERIOD: u32 = 2 * RING as u32;

    fn waits(total: u32) -> Self {
        Self((total % Self::PERIOD) as u8)
    }

    /// How much more than `now` it costs: the sooner it is its turn, the less. What is not known yet
    /// costs more than anything, and what is final less.
    #[inline(always)]
    fn ahead_of(self, now: u32) -> i32 {
        match self {
            Self::UNKNOWN => i32::MAX,
            Self::FINAL => -1,
            Self(cost) => (u32::from(cost).wrapping_sub(now) % Self::PERIOD) as i32,
        }
    }
}

/// Dial's search. Prices are above 0 but for those of the root's own edges, so that a label is final
/// by the time it is handed on. Labels of no size cost nothing. `arrive` is told the last step of the way to a
/// node, the best one so far; the labels are answered, by node.
fn search<L: Copy + Default + Ord>(
    graph: &HeapGraph,
    words: &Vocabulary,
    sources: &[Source<L>],
    mut extend: impl FnMut(L, Step) -> L,
    mut arrive: impl FnMut(Step),
    control: &Control,
) -> Result<Vec<L>> {
    let node_count = graph.node_count();
    let mut labels = vec![L::default(); node_count];
    let mut cost = vec![Cost::UNKNOWN; node_count];
    let mut prices = Prices::new(graph, words);
    let mut ring: [Vec<NodeIndex>; RING] = std::array::from_fn(|_| Vec::new());
    for source in sources {
        cost[source.node.at()] = Cost::waits(0);
        labels[source.node.at()] = source.label;
        ring[0].push(source.node);
    }
    let mut waiting = ring[0].len();
    let mut now = 0_u32;
    let mut pace = Pace::default();
    while waiting > 0 {
        let slot = now as usize % RING;
        while let Some(node) = ring[slot].pop() {
            waiting -= 1;
            pace.take(1, control)?;
            // It was put here twice, or another way was cheaper.
            if cost[node.at()] != Cost::waits(now) {
                continue;
            }
            cost[node.at()] = Cost::FINAL;
            let toll = prices.toll(node);
            for part in in_parts(graph.edge_range(node)) {
                pace.take(part.len(), control)?;
                for edge in graph.edges_in(part) {
                    let Some(price) = prices.of(node, edge) else { continue };
                    let price = (price + toll).min(DEAREST);
                    let target = edge.target.at();
                    let known = cost[target].ahead_of(now);
                    if price as i32 > known {
                        continue;
                    }
                    let step = Step { from: node, edge };
                    let label = extend(labels[node.at()], step);
                    if price as i32 == known && label >= labels[target] {
                        continue;
                    }
                    if (price as i32) < known {
                        let total = now.wrapping_add(price);
                        cost[target] = Cost::waits(total);
                        ring[total as usize % RING].push(edge.target);
                        waiting += 1;
                    }
                    labels[target] = label;
                    arrive(step);
                }
            }
        }
        now = now.wrapping_add(1);
    }
    Ok(labels)
}

/// An edge by its index, and whose it is.
pub fn step_of(graph: &HeapGraph, index: EdgeIndex) -> Step {
    let tables = graph.tables();
    let from = tables.first_edge.partition_point(|&first| first <= index.0) - 1;
    let edge = Edge {
        index,
        label: tables.edge_label[index.at()],
        target: tables.edge_target[index.at()],
    };
    Step { from: NodeIndex(from as u32), edge }
}

/// All steps to nodes that are wanted. Linear in edges: for a few questions a report.
pub fn steps_to(
    graph: &HeapGraph,
    is_wanted: impl Fn(NodeIndex) -> bool,
) -> impl Iterator<Item = Step> {
    let targets = graph.tables().edge_target.iter().zip(0..);
    let retainers = targets.filter(move |&(&target, _)| is_wanted(target));
    retainers.map(|(_, index)| step_of(graph, EdgeIndex(index)))
}

/// What an edge costs. The numbers only have to keep an order: what a developer wrote, then what
/// stands for it, then V8's parts of it, then what merely happens to refer to it.
struct Prices<'a> {
    graph: &'a HeapGraph,
    words: &'a Vocabulary,
    /// By string: the price of an internal edge of that name, 0 if it was not asked for yet.
    internal: Vec<u8>,
    /// So many more edges may be looked at for keys.
    looks_left: usize,
}

impl<'a> Prices<'a> {
    fn new(graph: &'a HeapGraph, words: &'a Vocabulary) -> Self {
        let looks_left = MOST_PASSES * graph.edge_count();
        Self { graph, words, internal: vec![0; graph.strings().len()], looks_left }
    }

    /// What it costs to pass through a node at all.
    fn toll(&self, node: NodeIndex) -> u32 {
        match self.graph.node_type(node) {
            NodeType::CODE => 24,
            NodeType::OBJECT_SHAPE => 40,
            // Node's list of its own objects holds none of them in truth.
            NodeType::SYNTHETIC | NodeType::NATIVE
                if self.graph.name_index(node) == self.words.base_object_list_node =>
            {
                50
            }
            NodeType::SYNTHETIC if node != self.graph.root() => match self.graph.raw_name(node) {
                b"(Stack roots)" | b"(Handle scope)" | b"(Internalized strings)" => 50,
                b"(Compilation cache)" | b"(Startup object cache)" => 50,
                _ => 20,
            },
            _ => 0,
        }
    }

    /// The price of an edge; `None` if it is no way.
    fn of(&mut self, from: NodeIndex, edge: Edge) -> Option<u32> {
        let label = edge.label;
        let name = StringIndex(label.raw_name());
        let words = self.words;
        Some(match label.edge_type() {
            EdgeType::WEAK => return None,
            EdgeType::SHORTCUT if from == self.graph.root() => 0,
            EdgeType::SHORTCUT => return None,
            _ if from == self.graph.root() => 30,
            EdgeType::CONTEXT => 2,
            EdgeType::ELEMENT => 3,
            EdgeType::PROPERTY if name == words.proto => 12,
            EdgeType::PROPERTY if name == words.constructor || name == words.prototype => 6,
            EdgeType::PROPERTY => 2,
            // A variable of a block, which V8 does not name.
            EdgeType::HIDDEN if self.graph.name_index(from) == words.context_node => 3,
            EdgeType::HIDDEN => 8,
            _ => match self.internal(name) {
                // Seen from the key, an entry of a WeakMap is somebody else's.
                ENTRY if self.graph.node_type(from) != NodeType::ARRAY => FROM_KEY,
                ENTRY if self.is_proxy_of_key(edge) => return None,
                price => price,
            },
        })
    }

    /// Whether an entry of a WeakMap is a `Proxy` of its key, as libraries keep them that observe objects. The
    /// entry is there as long as the key is, so the way to the key is another one. The key refers to the entry by
    /// the same name as the WeakMap.
    fn is_proxy_of_key(&mut self, entry: Edge) -> bool {
        let graph = self.graph;
        if !is_proxy(graph, self.words, entry.target) {
            return false;
        }
        let of_proxy = graph.edges(entry.target).take(EDGES_OF_A_PROXY);
        let mut of_keys = of_proxy.flat_map(|edge| graph.edges(edge.target));
        while self.looks_left > 0
            && let Some(edge) = of_keys.next()
        {
            self.looks_left -= 1;
            if edge.label == entry.label && edge.target == entry.target {
                return true;
            }
        }
        false
    }

    fn internal(&mut self, name: StringIndex) -> u32 {
        let known = self.internal[name.at()];
        if known != 0 {
            return u32::from(known);
        }
        let price = self.price_internal(name);
        self.internal[name.at()] = price;
        u32::from(price)
    }

    fn price_internal(&self, name: StringIndex) -> u8 {
        let words = self.words;
        if name == words.map || name == words.native_context {
            return 45;
        }
        if name == words.feedback_cell || name == words.code || name == words.scope_info {
            return 45;
        }
        if name == words.shared {
            return 20;
        }
        // A property or element is its own edge as well; its store is a detour.
        if name == words.properties || name == words.elements {
            return 9;
        }
        let near = [
            words.table,
            words.value,
            words.buffer,
            words.backing_store,
            words.first,
            words.second,
            words.parent,
            words.actual,
        ];
        if near.contains(&name) {
            return 1;
        }
        let scope = [words.context, words.previous];
        if scope.contains(&name) {
            return 2;
        }
        let text = self.graph.strings().get(name);
        match text.first() {
            Some(b'0'..=b'9') if text.iter().all(u8::is_ascii_digit) => 3,
            Some(b'0'..=b'9') => ENTRY as u8,
            _ if text == b"base_object_list" => 45,
            // A variable without a name: whatever else leads there says more.
            _ if text == REGISTERS => 40,
            _ => 10,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::wtf8::lossy;
    use crate::leak::stage::{Heap, property};
    use crate::testing::GraphBuilder;

    /// What comes before a list that a program has in a property of an object, and that an entry of a WeakMap refers
    /// to, which is its proxy or something else.
    fn before_list(value: (NodeType, &str)) -> String {
        let mut list = NodeIndex(0);
        let heap = Heap::build(|heap: &mut GraphBuilder, global| {
            let map = property(heap, global, "reactive", "WeakMap");
            let table = heap.node(NodeType::ARRAY, "", 64);
            heap.edge(map, EdgeType::INTERNAL, "table", table);
            let mut owner = global;
            for name in ["a", "way", "that", "is", "long", "but", "is", "the", "program's"] {
                owner = property(heap, owner, name, "Object");
            }
            list = property(heap, owner, "visits", "Array");
            let entry = heap.node(value.0, value.1, 32);
            heap.numbered(entry, EdgeType::HIDDEN, 1, list);
            let name = "5 / part of key (Array @7) -> value (x @9) pair in WeakMap (table @3)";
            heap.edge(table, EdgeType::INTERNAL, name, entry);
            heap.edge(list, EdgeType::INTERNAL, name, entry);
        });
        let step = heap.routes.arrival(&heap.graph, list).unwrap();
        lossy(heap.graph.raw_name(step.from))
    }

    #[test]
    fn an_entry_of_a_weak_map_that_is_the_proxy_of_its_key_is_no_way_to_the_key() {
        assert_eq!(before_list((NodeType::HIDDEN, "system / JSProxy")), "Object");
        assert_eq!(before_list((NodeType::OBJECT, "Entry")), "Entry");
    }

    #[test]
    fn of_two_ways_that_cost_the_same_the_label_decides_and_not_the_order() {
        let label_of_list = |order: [&str; 2]| {
            let mut heap = GraphBuilder::new();
            let root = heap.root();
            let global = heap.node(NodeType::OBJECT, "global", 8);
            heap.edge(root, EdgeType::SHORTCUT, "2", global);
            let owners = order.map(|name| {
                let owner = heap.node(NodeType::OBJECT, name, 8);
                heap.edge(global, EdgeType::PROPERTY, name, owner);
                owner
            });
            let list = heap.node(NodeType::OBJECT, "Array", 8);
            for owner in owners {
                heap.edge(owner, EdgeType::PROPERTY, "list", list);
            }
            let graph = heap.build();
            let words = Vocabulary::of(&graph);
            let extend = |above: u64, step: Step| {
                let sum: u64 = graph.edge_name(step.edge).iter().map(|&b| u64::from(b)).sum();
                above * 1000 + sum
            };
            let root = Source { node: graph.root(), label: 1 };
            let labels = labels(&graph, &words, &[root], extend, &Control::default()).unwrap();
            labels[list.at()]
        };
        assert_eq!(label_of_list(["a", "b"]), label_of_list(["b", "a"]));
    }

    #[test]
    fn a_variable_is_preferred_to_a_shorter_way_through_a_handle() {
        let mut heap = GraphBuilder::new();
        let root = heap.root();
        let gc_roots = heap.node(NodeType::SYNTHETIC, "(GC roots)", 0);
        let handles = heap.node(NodeType::SYNTHETIC, "(Handle scope)", 0);
        let global = heap.node(NodeType::OBJECT, "global", 8);
        let handler = heap.node(NodeType::CLOSURE, "handler", 8);
        let scope = heap.node(NodeType::OBJECT, "system / Context", 8);
        let list = heap.node(NodeType::OBJECT, "Array", 8);
        heap.numbered(root, EdgeType::ELEMENT, 1, gc_roots);
        heap.edge(root, EdgeType::SHORTCUT, "2", global);
        heap.numbered(gc_roots, EdgeType::ELEMENT, 1, handles);
        heap.edge(handles, EdgeType::INTERNAL, "1", list);
        heap.edge(global, EdgeType::PROPERTY, "handler", handler);
        heap.edge(handler, EdgeType::INTERNAL, "context", scope);
        heap.edge(scope, EdgeType::CONTEXT, "leaks", list);
        let graph = heap.build();
        let words = Vocabulary::of(&graph);
        let routes = Routes::find(&graph, &words, &Control::default()).unwrap();
        let names: Vec<_> =
            routes.to(&graph, list).iter().map(|step| lossy(graph.edge_name(step.edge))).collect();
        assert_eq!(names, ["2", "handler", "context", "leaks"]);
    }
}
