//! Signals of `AbortSignal.timeout` that will abort by themselves, soon.
//!
//! A service that gives each request some seconds has as many timers pending as it had requests in so many
//! seconds, whether they were answered or not: Node does not take such a timer back. They are more than before
//! whenever the load is, and no leak; nor is the set in which Node keeps the signals that somebody listens
//! to. How long a timer runs is told by the key of its list in Node's table.
//!
//! Time: if growth of Node's is to be reported, linear in edges, once.

use std::cell::OnceCell;
use std::collections::HashMap;

use crate::graph::{EdgeType, NodeIndex, NodeType};
use crate::leak::candidate::Candidate;
use crate::leak::edges::property;
use crate::leak::scripts::{script_of, url_of};
use crate::leak::suspects::Newer;
use crate::leak::timers::function_of;
use crate::report::{Suspect, SuspectKind};

/// Where Node has the code of signals.
const CODE_OF_SIGNALS: &str = "node:internal/abort_controller";

/// A signal that aborts later than in so many milliseconds may be one of too many.
const SOON_MS: u32 = 5 * 60 * 1000;

/// Tells signals that time out soon from what leaks.
pub(super) struct Signals<'a> {
    newer: Newer<'a>,
    soon: OnceCell<u64>,
}

impl<'a> Signals<'a> {
    /// Nothing is looked at yet.
    pub(super) fn new(newer: Newer<'a>) -> Self {
        Self { newer, soon: OnceCell::new() }
    }

    /// Whether growth of Node's is that of signals, or of their timers, which will be gone soon.
    pub(super) fn explains(&self, candidate: &Candidate, suspect: &Suspect) -> bool {
        let url = suspect.source.as_ref().map_or("", |source| source.url.as_str());
        let may_be = match suspect.kind {
            SuspectKind::Timers => url.starts_with("node:"),
            _ => url == CODE_OF_SIGNALS,
        };
        let more = candidate.more();
        may_be && more > 0 && *self.soon.get_or_init(|| self.count()) * 8 >= more * 7
    }

    /// How many signals will abort soon.
    fn count(&self) -> u64 {
        let Newer { graph, words, .. } = self.newer;
        let is_timer = |&node: &NodeIndex| {
            graph.node_type(node) == NodeType::OBJECT
                && graph.name_index(node) == words.timeout_class
        };
        let mut are_of_signals: HashMap<NodeIndex, bool> = HashMap::new();
        let mut is_of_signal = |&timer: &NodeIndex| {
            let Some(function) = function_of(graph, words, timer) else { return false };
            *are_of_signals.entry(function).or_insert_with(|| {
                let callback = property(graph, timer, words.on_timeout);
                let script = callback.and_then(|callback| script_of(graph, words, callback));
                script.is_some_and(|script| url_of(graph, script) == CODE_OF_SIGNALS)
            })
        };
        let next = |&node: &NodeIndex| property(graph, node, words.idle_next);
        let mut found = 0;
        for list in self.lists_of_short_timers() {
            // A damaged file may have a ring without the list.
            let timers = std::iter::successors(next(&list), next).take(graph.node_count());
            found += timers.take_while(is_timer).filter(&mut is_of_signal).count() as u64;
        }
        found
    }

    /// Node's lists of timers that run for a short time.
    fn lists_of_short_timers(&self) -> Vec<NodeIndex> {
        let Newer { graph, words, .. } = self.newer;
        let is_list = |node: NodeIndex| {
            graph.node_type(node) == NodeType::OBJECT
                && graph.name_index(node) == words.timers_list_class
        };
        // A queue has them, too, at places that are small numbers.
        let mut longest: HashMap<NodeIndex, u32> = HashMap::new();
        for edge in graph.nodes().flat_map(|node| graph.edges(node)) {
            if edge.label.edge_type() == EdgeType::ELEMENT && is_list(edge.target) {
                let runs = longest.entry(edge.target).or_default();
                *runs = (*runs).max(graph.edge_number(edge));
            }
        }
        longest.into_iter().filter(|&(_, ms)| ms <= SOON_MS).map(|(list, _)| list).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::leak::stage::{function, property, suspects};

    /// What is found where 300 timers that call code at `url` come into a list of those that run so long.
    fn found(url: &str, ms: u32) -> Vec<Option<String>> {
        let found = suspects(|heap, global, is_grown| {
            let scope = function(heap, global, "listOnTimeout", "node:internal/timers", 1);
            let table = property(heap, scope, "timerListMap", "Object");
            let code = heap.node(NodeType::CODE, "abort", 16);
            let script = heap.node(NodeType::CODE, url, 32);
            heap.edge(code, EdgeType::INTERNAL, "script", script);
            let list = heap.node(NodeType::OBJECT, "TimersList", 48);
            heap.numbered(table, EdgeType::ELEMENT, ms, list);
            let mut last = list;
            for _ in 0..if is_grown { 303 } else { 3 } {
                let timer = property(heap, last, "_idleNext", "Timeout");
                let callback = heap.node(NodeType::CLOSURE, "", 64);
                heap.edge(callback, EdgeType::INTERNAL, "shared", code);
                heap.edge(timer, EdgeType::PROPERTY, "_onTimeout", callback);
                last = timer;
            }
            heap.edge(last, EdgeType::PROPERTY, "_idleNext", list);
        });
        found.into_iter().map(|it| it.source.map(|source| source.url)).collect()
    }

    #[test]
    fn timers_of_signals_are_no_leak_if_they_end_soon() {
        assert_eq!(found(CODE_OF_SIGNALS, 30_000), []);
        assert_eq!(found(CODE_OF_SIGNALS, SOON_MS + 1).len(), 1);
        assert_eq!(found("/srv/app/jobs.js", 30_000), [Some("/srv/app/jobs.js".into())]);
    }
}
