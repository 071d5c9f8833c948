//! Symbols of `Symbol.for`: they stay for as long as the process runs, and no variable holds them.
//!
//! V8 has a table of them among its roots. A program that makes their keys from data fills it without end;
//! modules register some dozens.
//!
//! Time: linear in the table. Memory: 4 bytes for each symbol in it.

use crate::analysis::wtf8::lossy;
use crate::graph::{Edge, EdgeType, HeapGraph, NodeIndex, NodeType};
use crate::leak::alike::{Described, Look};
use crate::leak::census::{class_key, instances_now};
use crate::leak::describe::Describer;
use crate::leak::fingerprint::fingerprint;
use crate::leak::hash::hash_of;
use crate::leak::naming::class_name;
use crate::leak::suspects::{MANY_THINGS, Newer};
use crate::report::{Holding, Items, PathStep, PerWork, Suspect, SuspectGrowth, SuspectKind};

/// What V8 calls its table of registered symbols.
const TABLE: &[u8] = b"public_symbol_table";

/// What a developer would search for.
const NAME: &str = "Symbol.for";

/// How much the table grew.
struct Registered {
    table: NodeIndex,
    /// A symbol that is new, as far as anybody knows.
    sample: NodeIndex,
    items: Items,
    /// What the new symbols retain, with their share of the table.
    bytes: u64,
    /// What they are themselves.
    own_bytes: u64,
}

impl Describer<'_> {
    /// The suspect that registered symbols are, if many came and they are worth so many bytes.
    pub(super) fn registered_symbols(&self, least_bytes: u64) -> Option<(Look, Described)> {
        let found = self.find_registered()?;
        let Registered { table, sample, items, bytes, own_bytes } = found;
        let more = items.after - items.before;
        if more < MANY_THINGS || bytes < least_bytes {
            return None;
        }
        let per_work =
            |work: f64| PerWork { bytes: bytes as f64 / work, items: more as f64 / work };
        let mut suspect = Suspect {
            name: NAME.into(),
            class_name: "Symbol".into(),
            kind: SuspectKind::Instances,
            node_id: self.newer.graph.id(sample),
            alike: 0,
            confidence: 0.9,
            growth: SuspectGrowth {
                retained_bytes: bytes as i64,
                items: Some(items),
                per_work: self.work.map(per_work),
            },
            source: None,
            path: self.path_over(table, sample),
            holds: vec![Holding { class_name: "Symbol".into(), count: more, bytes: own_bytes }],
            fingerprint: String::new(),
            summary: String::new(),
        };
        suspect.fingerprint = fingerprint(&suspect, None, 0, &self.files);
        Some((look(), Described::of(suspect)))
    }

    fn find_registered(&self) -> Option<Registered> {
        let Newer { graph, analysis, .. } = self.newer;
        let table = table_of_symbols(graph)?;
        let knows_young = self.before.knows_young();
        let is_new = |node: &NodeIndex| !knows_young || self.before.is_young(*node);
        let new: Vec<NodeIndex> = symbols_in(graph, table).filter(is_new).collect();
        let &sample = new.first()?;
        let after = symbols_in(graph, table).count() as u64;
        let more = match knows_young {
            true => new.len() as u64,
            false => self.more_symbols(sample).min(after),
        };
        // Of what is new, or of all where nobody knows what is.
        let share =
            |bytes: u64, of: u64| (u128::from(bytes) * u128::from(more) / u128::from(of)) as u64;
        let size = |node: NodeIndex| u64::from(analysis.self_size[node.at()]);
        let is_only_here = |node: &NodeIndex| analysis.dominators.idom(*node) == table;
        let held = graph.edges(table).map(|edge| edge.target).filter(is_only_here).filter(is_new);
        let retained = held.map(|node| analysis.retained.at(node.at())).sum();
        let own_bytes = new.iter().map(|&symbol| size(symbol)).sum();
        let of_new = |bytes| share(bytes, new.len() as u64);
        Some(Registered {
            table,
            sample,
            items: Items { before: after - more, after },
            bytes: of_new(retained) + share(size(table), after),
            own_bytes: of_new(own_bytes),
        })
    }

    /// The last two steps to a symbol.
    fn path_over(&self, table: NodeIndex, symbol: NodeIndex) -> Vec<PathStep> {
        let graph = self.newer.graph;
        let step = |edge: String, node| PathStep {
            edge,
            edge_type: EdgeType::INTERNAL.name().to_owned(),
            class_name: class_name(graph, node),
            node_id: graph.id(node),
        };
        let slot = graph.edges(table).find(|edge| edge.target == symbol);
        let slot = slot.map_or_else(String::new, |slot| lossy(graph.edge_name(slot)));
        vec![step(lossy(TABLE), table), step(slot, symbol)]
    }

    /// How many symbols more there are than before, registered or not.
    fn more_symbols(&self, sample: NodeIndex) -> u64 {
        let Newer { graph, .. } = self.newer;
        let then = self.before.census().instances(class_key(graph, sample)).count;
        instances_now(graph, sample).saturating_sub(then)
    }
}

/// Like nothing else.
fn look() -> Look {
    Look { shape: hash_of(TABLE), has_more_items: true, is_chain: false, is_scattered: true }
}

/// V8's table, which a list of roots refers to.
fn table_of_symbols(graph: &HeapGraph) -> Option<NodeIndex> {
    let below = |node: NodeIndex| graph.edges(node).map(|edge| edge.target);
    let is_list = |&node: &NodeIndex| graph.node_type(node) == NodeType::SYNTHETIC;
    let lists = below(graph.root()).filter(is_list).flat_map(below).filter(is_list);
    let is_table = |edge: &Edge| {
        edge.label.edge_type() == EdgeType::INTERNAL && graph.edge_name(*edge) == TABLE
    };
    lists.flat_map(|list| graph.edges(list)).find(is_table).map(|edge| edge.target)
}

fn symbols_in(graph: &HeapGraph, table: NodeIndex) -> impl Iterator<Item = NodeIndex> {
    let targets = graph.edges(table).map(|edge| edge.target);
    targets.filter(|&target| graph.node_type(target) == NodeType::SYMBOL)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::leak::stage::{suspects, suspects_by_shape};
    use crate::testing::GraphBuilder;

    /// V8's table, and 5 symbols in it; in the grown heap, more.
    fn build(heap: &mut GraphBuilder, more: u32) {
        let roots = heap.node(NodeType::SYNTHETIC, "(GC roots)", 0);
        heap.numbered(heap.root(), EdgeType::ELEMENT, 2, roots);
        let list = heap.node(NodeType::SYNTHETIC, "(Strong roots)", 0);
        heap.numbered(roots, EdgeType::ELEMENT, 1, list);
        let table = heap.node(NodeType::ARRAY, "", 1_000);
        heap.edge(list, EdgeType::INTERNAL, "public_symbol_table", table);
        for at in 0..5 + more {
            let symbol = heap.node(NodeType::SYMBOL, "symbol", 24);
            heap.edge(table, EdgeType::INTERNAL, at.to_string(), symbol);
        }
    }

    #[test]
    fn symbols_that_are_registered_without_end_are_a_suspect() {
        let found = |more| {
            [
                suspects(|heap, _, is_grown| build(heap, if is_grown { more } else { 0 })),
                suspects_by_shape(|heap, _, is_grown| build(heap, if is_grown { more } else { 0 })),
            ]
        };
        for found in found(2_000) {
            assert_eq!(found.len(), 1, "{found:?}");
            assert_eq!((found[0].name.as_str(), found[0].class_name.as_str()), (NAME, "Symbol"));
            assert_eq!(found[0].growth.items, Some(Items { before: 5, after: 2_005 }));
            assert_eq!(found[0].growth.retained_bytes, 2_000 * 24 + 997);
        }
        assert!(found(900).iter().all(Vec::is_empty), "modules register some");
    }
}
