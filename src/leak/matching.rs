//! Whether two snapshots are of one process, told from the snapshots alone.
//!
//! Within an isolate an odd id is the same object for ever. The first snapshot of an isolate gives
//! ids in the order in which it finds nodes, and every later one finds new objects between the old:
//! so a snapshot whose ids ascend is the first of its process, and cannot come after another one
//! of it. Besides, what has the same id must have the same type and name. Two processes of one
//! program agree on the ids of what Node itself sets up, but not much further.

use std::collections::HashMap;

use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use crate::capture::identity::MARK;
use crate::graph::{EdgeType, HeapGraph, NodeIndex, NodeType};
use crate::leak::census::{id_order, tag};
use crate::leak::hash::{Fnv, hash_of};
use crate::leak::vocabulary::Vocabulary;

/// One node in so many is compared.
const SAMPLE: u32 = 32;

/// Fewer nodes than this are done before another thread would wake up.
const MIN_PARALLEL_NODES: usize = 1 << 16;

/// About so many nodes are in the sample of a digest.
const SAMPLE_OF_A_DIGEST: usize = 4096;

/// How many of the compared must agree: a few nodes are renamed in place (code, feedback).
const AGREEING: f64 = 0.95;

/// If the newer snapshot looks like the first of its process, practically all of them.
const ALL_AGREEING: f64 = 0.999;

/// A sample of a snapshot's nodes by id, and the order of its ids.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct IdSample {
    /// From id to a hash of type and name.
    names: HashMap<u32, u32>,
    /// Whether the ids ascend.
    pub ids_ascend: bool,
}

impl IdSample {
    /// Takes a sample. Of nodes whose name is a label: a value is another one in a redacted snapshot,
    /// and a digest shall not tell of it either. Runs on rayon's pool: nothing else can begin before.
    pub fn take(graph: &HeapGraph) -> Self {
        let in_sample = |id: u32| id % 2 == 1 && (id / 2).is_multiple_of(SAMPLE);
        let name_of = |node: NodeIndex| {
            let sampled = in_sample(graph.id(node)) && !graph.node_type(node).is_named_by_value();
            sampled.then(|| {
                let mut hash = Fnv::default();
                hash.bytes(&tag(graph, node).to_le_bytes());
                hash.text(graph.raw_name(node));
                (graph.id(node), hash.finish() as u32)
            })
        };
        let nodes = (0..graph.node_count() as u32).into_par_iter().with_min_len(MIN_PARALLEL_NODES);
        let names: Vec<_> = nodes.filter_map(|node| name_of(NodeIndex(node))).collect();
        Self { names: names.into_iter().collect(), ids_ascend: id_order(graph).1 }
    }

    /// The same with fewer nodes, for a digest.
    pub fn thinned(&self) -> Self {
        let stride = (self.names.len() / SAMPLE_OF_A_DIGEST).max(1) as u32;
        let kept = self.names.iter().filter(|&(&id, _)| (id / 2 / SAMPLE).is_multiple_of(stride));
        let names = kept.map(|(&id, &name)| (id, name)).collect();
        Self { names, ids_ascend: self.ids_ascend }
    }
}

/// No process has so many copies of heapdiff.
const MOST_MARKS: usize = 16;

/// Hashes of the marks that heapdiff has left on a heap: one in each isolate that has loaded it. By them two
/// snapshots are known to be of one isolate where ids say nothing, as those of two forks; of a snapshot without a
/// mark nothing is known. Linear in edges where there is a mark.
pub fn isolates(graph: &HeapGraph, words: &Vocabulary) -> Vec<u64> {
    let tables = graph.tables();
    if words.heapdiff_isolate == Vocabulary::ABSENT {
        return Vec::new();
    }
    let edges = tables.edge_label.iter().zip(&tables.edge_target);
    let marks = edges.filter(|(label, target)| {
        label.raw_name() == words.heapdiff_isolate.0
            && label.edge_type() == EdgeType::PROPERTY
            && graph.node_type(**target) == NodeType::STRING
            && graph.raw_name(**target).starts_with(MARK.as_bytes())
    });
    marks.map(|(_, &target)| hash_of(graph.raw_name(target))).take(MOST_MARKS).collect()
}

/// Whether two snapshots are known to be of one isolate.
pub fn are_of_one_isolate(older: &[u64], newer: &[u64]) -> bool {
    older.iter().any(|mark| newer.contains(mark))
}

/// Whether ids can be compared, and why or why not.
pub fn same_process(older: &IdSample, newer: &IdSample) -> (bool, String) {
    let common = newer.names.iter().filter_map(|(id, name)| Some(older.names.get(id)? == name));
    let (mut compared, mut agreeing) = (0_u64, 0_u64);
    for agrees in common {
        compared += 1;
        agreeing += u64::from(agrees);
    }
    let share = if compared == 0 { 0.0 } else { agreeing as f64 / compared as f64 };
    let percent = (share * 100.0).floor();
    let is_same = match newer.ids_ascend {
        // The first of a process is the same snapshot, or one of another process.
        true => share >= ALL_AGREEING && !goes_beyond(older, newer),
        false => share >= AGREEING,
    };
    if is_same {
        return (true, format!("{percent} % of common node ids are of the same type and name"));
    }
    let reason = if newer.ids_ascend {
        "the node ids of the newer snapshot are those of the first one of a process".to_owned()
    } else {
        format!("only {percent} % of common node ids are of the same type and name")
    };
    (false, reason)
}

/// Whether the newer sample has more than a few ids beyond those of the older one, which may be thinner.
fn goes_beyond(older: &IdSample, newer: &IdSample) -> bool {
    let last = older.names.keys().copied().max().unwrap_or(0);
    let stride = last / (older.names.len() as u32).max(1) + 2 * SAMPLE;
    let beyond = newer.names.keys().filter(|&&id| id > last.saturating_add(stride)).count();
    beyond as f64 > newer.names.len() as f64 * (1.0 - ALL_AGREEING)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::leak::stage::{Heap, property};

    fn sample(names: &[(u32, u32)], ids_ascend: bool) -> IdSample {
        IdSample { names: names.iter().copied().collect(), ids_ascend }
    }

    #[test]
    fn snapshots_of_one_isolate_have_the_same_mark() {
        let marks = |texts: &[(NodeType, &str)]| {
            let heap = Heap::build(|heap, global| {
                for &(node_type, text) in texts {
                    let mark = property(heap, global, "mark", "Object");
                    let text = heap.node(node_type, text, 64);
                    heap.edge(mark, EdgeType::PROPERTY, "heapdiffIsolate", text);
                }
            });
            isolates(&heap.graph, &heap.words)
        };
        let one = marks(&[(NodeType::STRING, "heapdiff isolate 1"), (NodeType::STRING, "")]);
        let both = marks(&[
            (NodeType::STRING, "heapdiff isolate 2"),
            (NodeType::STRING, "heapdiff isolate 1"),
        ]);
        assert!(are_of_one_isolate(&one, &both));
        assert!(!are_of_one_isolate(&one, &marks(&[(NodeType::STRING, "heapdiff isolate 2")])));
        // What has no text of its own, or another one, is no mark.
        let parts = NodeType::CONS_STRING;
        for other in [(parts, "(concatenated string)"), (NodeType::STRING, "another text")] {
            assert!(marks(&[other]).is_empty());
        }
        assert!(!are_of_one_isolate(&marks(&[]), &marks(&[])));
    }

    #[test]
    fn survivors_of_one_process_agree() {
        let older = sample(&[(1, 7), (65, 8), (129, 9)], true);
        assert!(same_process(&older, &sample(&[(1, 7), (65, 8), (193, 1)], false)).0);
        assert!(!same_process(&older, &sample(&[(1, 7), (65, 9)], false)).0);
        assert!(!same_process(&older, &sample(&[], false)).0);
    }

    #[test]
    fn a_first_snapshot_is_of_another_process_unless_it_is_the_same_one() {
        let names: Vec<_> = (0..2000).map(|id| (id, id)).collect();
        let older = sample(&names, true);
        assert!(same_process(&older, &older).0);
        let mut others = names;
        others[5].1 = 0;
        others[6].1 = 0;
        others[7].1 = 0;
        assert!(!same_process(&older, &sample(&others, true)).0);
        // Two processes agree on all that was there, and one of them has more.
        let more: Vec<_> = (0..3000).map(|id| (id, id)).collect();
        assert!(!same_process(&older, &sample(&more, true)).0);
        assert!(same_process(&older, &sample(&more, false)).0);
        assert!(same_process(&older, &sample(&others, false)).0);
    }
}
