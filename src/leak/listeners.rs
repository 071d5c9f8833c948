//! Listeners of several events of one emitter that come together are one leak: `pipe()` alone adds
//! five of them to the stream that it writes to, and each event has a list of its own.
//!
//! Time: linear in the candidates, and in the edges of what is above those that grew together.

use std::collections::BTreeMap;

use crate::graph::{EdgeType, HeapGraph, NodeIndex};
use crate::leak::candidate::{Alike, Candidate};
use crate::leak::edges::property;
use crate::leak::suspects::Newer;

/// Lists grew together if none gained more listeners than the others by this share of them.
const MORE_SHARE: u64 = 16;

/// Makes one of the lists of listeners of an emitter that gained as many.
pub(super) fn merge_events(newer: Newer<'_>, candidates: &mut Vec<Candidate>) {
    let Newer { graph, words, analysis, .. } = newer;
    let mut by_table: BTreeMap<NodeIndex, Vec<usize>> = BTreeMap::new();
    for (at, candidate) in candidates.iter().enumerate() {
        let stands_for_itself = candidate.scattered.is_none() && candidate.links == 0;
        if stands_for_itself && candidate.more_items() > 0 {
            by_table.entry(analysis.dominators.idom(candidate.point.node)).or_default().push(at);
        }
    }
    by_table.retain(|&table, lists| {
        let emitter = analysis.dominators.idom(table);
        lists.len() > 1 && property(graph, emitter, words.events) == Some(table)
    });
    for (table, mut lists) in by_table {
        // The first stands for the others: by its name, so that it is the same one the next time. Who waits
        // for an event mostly listens for errors beside it.
        lists.sort_by_cached_key(|&at| {
            let event = event_of(graph, table, candidates[at].point.node);
            (event == b"error", event)
        });
        while let [first, others @ ..] = lists.as_slice() {
            let (first, more) = (*first, candidates[*first].more_items());
            let (together, rest): (Vec<usize>, Vec<usize>) =
                others.iter().partition(|&&at| is_about(candidates[at].more_items(), more));
            for at in together {
                let list = candidates[at].clone();
                candidates[at].point.bytes = 0;
                take(&mut candidates[first], list);
            }
            lists = rest;
        }
    }
    candidates.retain(|candidate| candidate.point.bytes > 0);
}

/// The event that a list of listeners in `table` is of.
fn event_of(graph: &HeapGraph, table: NodeIndex, list: NodeIndex) -> Vec<u8> {
    let edge = graph
        .edges(table)
        .find(|edge| edge.target == list && edge.label.edge_type() == EdgeType::PROPERTY);
    edge.map_or_else(Vec::new, |edge| graph.edge_name(edge).to_vec())
}

/// Whether two containers gained as many items, or nearly.
pub(super) fn is_about(one: u64, other: u64) -> bool {
    one.abs_diff(other) <= one.max(other) / MORE_SHARE
}

fn take(first: &mut Candidate, list: Candidate) {
    let Alike { containers, more_items } = list.alike;
    first.point.bytes += list.point.bytes;
    first.alike.containers += 1 + containers;
    first.alike.more_items += list.more_items() + more_items;
    first.credited.push(list.point.node);
    first.credited.extend(list.credited);
}

#[cfg(test)]
mod tests {
    use crate::leak::stage::{elements, property, suspects};

    /// Name, how many more like it, bytes and new items of what is found where two lists in `table`
    /// of an emitter gain so many listeners.
    fn found(table: &str, close: u32, drain: u32) -> Vec<(String, u64, i64, u64)> {
        found_of(table, [("close", close), ("drain", drain)])
    }

    fn found_of(table: &str, events: [(&str, u32); 2]) -> Vec<(String, u64, i64, u64)> {
        let found = suspects(|heap, global, is_grown| {
            let sink = property(heap, global, "sink", "Writable");
            let table = property(heap, sink, table, "Object");
            let lists = events.map(|(event, _)| property(heap, table, event, "Array"));
            lists.iter().for_each(|&list| elements(heap, list, 0..10, "Listener", 100));
            for (list, more) in lists.into_iter().zip(events.map(|(_, more)| more)) {
                elements(heap, list, 10..if is_grown { 10 + more } else { 10 }, "Listener", 100);
            }
        });
        let shown = found.into_iter().map(|it| {
            let items = it.growth.items.unwrap();
            (it.name, it.alike, it.growth.retained_bytes, items.after - items.before)
        });
        shown.collect()
    }

    #[test]
    fn lists_of_one_emitter_that_gained_as_many_are_one_suspect() {
        assert_eq!(found("_events", 300, 296), [("_events.close".into(), 1, 59_600, 300)]);
    }

    #[test]
    fn errors_are_listened_for_beside_what_is_waited_for() {
        let found = found_of("_events", [("error", 300), ("ready", 300)]);
        assert_eq!(found, [("_events.ready".into(), 1, 60_000, 300)]);
    }

    #[test]
    fn lists_that_gained_more_or_fewer_are_two() {
        let names: Vec<_> = found("_events", 300, 900).into_iter().map(|it| (it.0, it.1)).collect();
        assert_eq!(names, [("_events.drain".into(), 0), ("_events.close".into(), 0)]);
    }

    #[test]
    fn lists_of_something_else_are_two() {
        assert_eq!(found("waiting", 300, 300).len(), 2);
    }
}
