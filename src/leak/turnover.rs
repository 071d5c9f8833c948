//! Buffers that are emptied as a whole: log lines or events that are gathered and then written out together.
//!
//! How full such a buffer is is a matter of the moment. It is one if nothing is left of what was in it, and
//! the code empties it: a new container takes its place, or an array is cut to nothing. A queue whose
//! consumer is too slow loses its first items one by one; that is a leak.
//!
//! By id only: it has to be known that nothing is left.
//!
//! Time: linear in the edges of the container, and in the source of its file.

use crate::graph::NodeType;
use crate::leak::before::Before;
use crate::leak::candidate::Candidate;
use crate::leak::declaration::words;
use crate::leak::generations::is_any_old;
use crate::leak::suspects::Newer;
use crate::report::Suspect;
use crate::source_map::source_text;

/// With fewer items before, that they are gone says little.
const FEWEST_GONE: u64 = 8;

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
        || is_any_old(newer, before, node)
    {
        return false;
    }
    let Some(text) = suspect.source.as_ref().and_then(|source| source_text(&source.url)) else {
        return false;
    };
    match before.is_young(node) {
        true => is_replaced_in(&text, &suspect.name),
        false => is_cut_in(&text, &suspect.name),
    }
}

/// Whether a source makes an empty container of that name more than once: where it is declared, and again.
fn is_replaced_in(source: &str, name: &str) -> bool {
    let is_empty = |behind: &str| {
        let value = behind.trim_start().strip_prefix('=').map(str::trim_start);
        value.is_some_and(|value| {
            let made = value.strip_prefix("new ").unwrap_or("");
            let arguments = made.trim_start_matches(|c: char| c.is_alphanumeric() || c == '_');
            let without = |open, close| {
                value
                    .strip_prefix(open)
                    .is_some_and(|rest: &str| rest.trim_start().starts_with(close))
            };
            without('[', ']') || without('{', '}') || arguments.starts_with("()")
        })
    };
    words(source, name).filter(|behind| is_empty(behind)).count() > 1
}

/// Whether a source cuts an array of that name to nothing.
fn is_cut_in(source: &str, name: &str) -> bool {
    let is_cut = |behind: &str| {
        let cut = behind.strip_prefix(".length").map(str::trim_start);
        let cut = cut.and_then(|cut| cut.strip_prefix('=')).map(str::trim_start);
        cut.is_some_and(|cut| cut.starts_with('0')) || behind.starts_with(".splice(0")
    };
    words(source, name).any(is_cut)
}

#[cfg(test)]
mod tests {
    use super::*;

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
