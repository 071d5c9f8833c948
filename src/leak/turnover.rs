//! Buffers that are emptied as a whole: log lines or events that are gathered and then written out together.
//!
//! How full such a buffer is is a matter of the moment. It is one if nothing is left of what was in it, and
//! the code empties it: a new container takes its place, or an array is cut to nothing. A queue whose
//! consumer is too slow loses its first items one by one; that is a leak. So is a buffer that is far fuller than it
//! was: it may have been emptied once since, and never again.
//!
//! In a Map, Set or dictionary items come and go one by one, as sessions and what a cache keeps for a while. If
//! none of many is left, each of them goes sooner or later, and how many there are at a moment is load. Values
//! may have been replaced under keys that stay, so the keys have to be others as well.
//!
//! By id only: it has to be known that nothing is left.
//!
//! Time: linear in the edges of the container, and in the source of its file.

use std::collections::HashSet;

use crate::graph::{NodeIndex, NodeType};
use crate::leak::before::Before;
use crate::leak::candidate::Candidate;
use crate::leak::holders::slots;
use crate::leak::items::{self, Container};
use crate::leak::suspects::Newer;
use crate::report::Suspect;
use crate::source_map::source_text_of;
use crate::source_words::{behind_name, is_empty_literal};

/// With fewer items before, that they are gone says little.
const FEWEST_GONE: u64 = 8;

/// A buffer that is so many times as full as it was is not emptied any more.
const MOST_TIMES: u64 = 10;

/// Whether a candidate is a Map, Set or dictionary that has other items than it had, all of them, and not twice
/// as many.
pub(super) fn has_turned_over(
    newer: Newer<'_>,
    before: &Before<'_>,
    candidate: &Candidate,
) -> bool {
    let Newer { graph, words, .. } = newer;
    let node = candidate.point.node;
    let was = candidate.point.prior.map_or(0, |prior| prior.items);
    let are_keys_new = || match items::count(graph, words, node) {
        Some((Container::Set, _)) => true,
        Some((Container::Map | Container::Object, items)) => {
            has_new_keys(newer, before, node, items)
        }
        _ => false,
    };
    before.knows_young()
        && !before.is_young(node)
        && candidate.stands_for_itself()
        && was >= FEWEST_GONE
        && candidate.more_items() <= was
        && is_nothing_left(newer, before, node)
        && are_keys_new()
}

/// Whether the keys of a table are texts, about one an item, and hardly one in ten of them was there before. A
/// text may be there for another reason.
fn has_new_keys(newer: Newer<'_>, before: &Before<'_>, container: NodeIndex, items: u64) -> bool {
    let Newer { graph, analysis, .. } = newer;
    let kept = slots(graph, analysis, container).map(|edge| edge.target);
    let texts: HashSet<_> = kept.filter(|&node| graph.node_type(node).is_string()).collect();
    let old = texts.iter().filter(|&&text| !before.is_young(text)).count();
    texts.len() as u64 * 10 >= items * 9 && old * 10 <= texts.len()
}

/// Whether a candidate is a buffer that has been emptied since the baseline.
pub(super) fn has_been_emptied(
    newer: Newer<'_>,
    before: &Before<'_>,
    candidate: &Candidate,
    suspect: &Suspect,
) -> bool {
    let node = candidate.point.node;
    let was = candidate.point.prior.map_or(0, |prior| prior.items);
    let is_container = newer.graph.node_type(node) == NodeType::OBJECT;
    if !before.knows_young()
        || !is_container
        || !candidate.stands_for_itself()
        || was < FEWEST_GONE
        || candidate.point.items.unwrap_or(0) > was.saturating_mul(MOST_TIMES)
        || !is_nothing_left(newer, before, node)
    {
        return false;
    }
    let Some(text) = source_text_of(suspect) else { return false };
    match before.is_young(node) {
        true => is_replaced_in(&text, &suspect.name),
        false => is_cut_in(&text, &suspect.name),
    }
}

/// Whether nothing of what was in a container is left, as far as what is in it tells. Keys are texts that are
/// there in any case, so texts count where there are no objects.
fn is_nothing_left(newer: Newer<'_>, before: &Before<'_>, container: NodeIndex) -> bool {
    let Newer { graph, words, analysis, .. } = newer;
    let slots = slots(graph, analysis, container);
    let items = slots.filter(|edge| edge.label.raw_name() != words.proto.0);
    let items: Vec<NodeIndex> = items.map(|edge| edge.target).collect();
    let are = |is_wanted: fn(NodeType) -> bool| {
        let wanted = items.iter().filter(move |&&item| is_wanted(graph.node_type(item)));
        wanted.map(|&item| before.is_young(item)).collect::<Vec<_>>()
    };
    let objects = are(|node_type| node_type == NodeType::OBJECT);
    let telling = if objects.is_empty() { are(NodeType::is_string) } else { objects };
    !telling.is_empty() && telling.into_iter().all(|is_young| is_young)
}

/// Whether a source makes an empty container of that name more than once: where it is declared, and again.
fn is_replaced_in(source: &str, name: &str) -> bool {
    behind_name(source, name).filter(|behind| is_empty_put_in(behind)).count() > 1
}

/// Whether what stands behind a name, or a place in it, assigns a new container with nothing in it.
pub(super) fn is_empty_put_in(behind: &str) -> bool {
    let value = behind.trim_start().strip_prefix('=').map(str::trim_start);
    value.is_some_and(|value| {
        let made = value.strip_prefix("new ").unwrap_or("");
        let arguments = made.trim_start_matches(|c: char| c.is_alphanumeric() || c == '_');
        is_empty_literal(value) || arguments.starts_with("()")
    })
}

/// Whether a source cuts an array of that name to nothing.
fn is_cut_in(source: &str, name: &str) -> bool {
    let is_cut = |behind: &str| {
        let cut = behind.strip_prefix(".length").map(str::trim_start);
        let cut = cut.and_then(|cut| cut.strip_prefix('=')).map(str::trim_start);
        cut.is_some_and(|cut| cut.starts_with('0')) || behind.starts_with(".splice(0")
    };
    behind_name(source, name).any(is_cut)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::graph::EdgeType;
    use crate::leak::stage::{Sources, function, property, scope, suspects};

    /// How many suspects there are if a list of so many texts gave way to one of 700, with or without one of
    /// them.
    fn suspects_of_list(was: u32, is_one_left: bool) -> usize {
        let text = "let lines = [];\nfunction flush() { send(lines); lines = []; }\n";
        let sources = Sources::new(&format!("turnover-{was}-{is_one_left}"), &[("main.js", text)]);
        let found = suspects(|heap, global, is_grown| {
            let flush = function(heap, global, "flush", &sources.url("main.js"), 2);
            let scope = scope(heap, flush);
            let lines = heap.node(NodeType::OBJECT, "Array", 2_000);
            heap.edge(scope, EdgeType::CONTEXT, "lines", lines);
            let kept = heap.node(NodeType::STRING, "kept", 100);
            heap.edge(global, EdgeType::PROPERTY, "kept", kept);
            if is_grown {
                heap.set_id(lines, 90_001);
            }
            for at in 0..if is_grown { 700 } else { was } {
                let line = match (at, is_grown && is_one_left) {
                    (0, true) => kept,
                    _ => heap.node(NodeType::STRING, "line", 100),
                };
                heap.numbered(lines, EdgeType::ELEMENT, at, line);
                if line != kept {
                    heap.set_id(line, if is_grown { 70_001 } else { 7_001 } + 2 * at);
                }
            }
        });
        found.len()
    }

    #[test]
    fn a_buffer_of_which_nothing_is_left_is_none_of_the_suspects() {
        assert_eq!(suspects_of_list(100, false), 0);
        assert_eq!(suspects_of_list(100, true), 1, "a copy of the list before has its items");
        assert_eq!(suspects_of_list(20, false), 1, "it is not emptied any more");
    }

    /// How many suspects there are if a Map has so many sessions and then others, under other keys or not.
    fn suspects_of_sessions(counts: [u32; 2], are_others: bool, has_other_keys: bool) -> usize {
        let found = suspects(|heap, global, is_grown| {
            let sessions = property(heap, global, "sessions", "Map");
            heap.set_id(sessions, 5_001);
            let table = heap.node(NodeType::ARRAY, "", 20_000);
            heap.edge(sessions, EdgeType::INTERNAL, "table", table);
            heap.set_id(table, 5_003);
            for number in 0..counts[usize::from(is_grown)] {
                let session = heap.node(NodeType::OBJECT, "Session", 200);
                heap.edge(table, EdgeType::INTERNAL, (9 + 3 * number).to_string(), session);
                let is_other = is_grown && (are_others || number >= counts[0]);
                heap.set_id(session, if is_other { 80_001 } else { 10_001 } + 2 * number);
                let key = heap.node(NodeType::STRING, format!("key {number}"), 24);
                heap.edge(table, EdgeType::INTERNAL, (8 + 3 * number).to_string(), key);
                let is_other = is_grown && (has_other_keys || number >= counts[0]);
                heap.set_id(key, if is_other { 70_001 } else { 20_001 } + 2 * number);
            }
        });
        found.len()
    }

    #[test]
    fn a_table_of_which_nothing_is_left_has_another_load() {
        assert_eq!(suspects_of_sessions([500, 900], true, true), 0);
        assert_eq!(suspects_of_sessions([500, 900], false, false), 1);
        assert_eq!(suspects_of_sessions([500, 1_100], true, true), 1);
        assert_eq!(suspects_of_sessions([500, 900], true, false), 1, "values were replaced");
    }

    #[test]
    fn a_buffer_is_made_anew_where_it_is_emptied() {
        let once = "class L { #lines = []; log(l) { this.#lines.push(l) } }";
        assert!(!is_replaced_in(once, "#lines"));
        let again = "class L { #lines = []; flush() { send(this.#lines); this.#lines = [ ]; } }";
        assert!(is_replaced_in(again, "#lines"));
        assert!(is_replaced_in("let seen = new Map();\nfunction f() { seen=new Map() }", "seen"));
        assert!(!is_replaced_in("let a = new Map(); a = new Map([...a, b])", "a"));
        assert!(!is_replaced_in("let list = []; add = (x) => { list = [...list, x] }", "list"));
        assert!(!is_replaced_in("let list = [], lists = [];", "list"));
    }

    #[test]
    fn an_array_may_be_cut_to_nothing() {
        assert!(is_cut_in("f(batch.splice(0))", "batch"));
        assert!(is_cut_in("batch.length = 0;", "batch"));
        assert!(!is_cut_in("batch.shift(); if (batch.length == 0) {}", "batch"));
    }
}
