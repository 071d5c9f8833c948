//! Whether things of two groups belong together, one to one: timers and the jobs that they are for.
//!
//! That both came in the same number, and that one keeps the other alive, says little: a timer's function
//! knows the scope that it was made in, and by that all variables of its module. What a thing leads to in a
//! few steps, and others of its group do not, is its own.
//!
//! Time: linear in the group, at most [`MOST_FOLLOWED`] references for each. Memory: some words for each
//! thing of the other.

use std::collections::{HashSet, VecDeque};

use crate::graph::{HeapGraph, NodeIndex};
use crate::leak::holders::ways_from;
use crate::leak::vocabulary::Vocabulary;

/// From a timer over its function, the scope of that and an object in it to what the object has.
const FARTHEST: usize = 5;

/// Around a thing so many references are followed.
const MOST_FOLLOWED: usize = 256;

/// Whether half of the things of one group lead to one of the other each, or the other way round.
/// `container` is what holds all of a group, and no way between them.
pub(super) fn are_tied(
    graph: &HeapGraph,
    words: &Vocabulary,
    [some, others]: [&[NodeIndex]; 2],
    container: NodeIndex,
) -> bool {
    let least = some.len().min(others.len()).div_ceil(2).max(1);
    // Timers refer to those beside them, in whose list each stands.
    let is_link = |node: NodeIndex| {
        [words.timeout_class, words.timers_list_class].contains(&graph.name_index(node))
    };
    let goes_on =
        |node: NodeIndex, steps: usize| node != container && steps < FARTHEST && !is_link(node);
    let leads =
        |from: &[NodeIndex], to: &[NodeIndex]| count_met(graph, words, from, to, goes_on) >= least;
    leads(some, others) || leads(others, some)
}

/// How many of `to` are the nearest that one of `from` leads to: what all of them lead to is nobody's own.
/// `goes_on` says whether to follow a node that is so many steps away.
pub(super) fn count_met(
    graph: &HeapGraph,
    words: &Vocabulary,
    from: &[NodeIndex],
    to: &[NodeIndex],
    goes_on: impl Fn(NodeIndex, usize) -> bool,
) -> usize {
    let wanted: HashSet<NodeIndex> = to.iter().copied().collect();
    let nearest = |&thing: &NodeIndex| first_near(graph, words, thing, &wanted, &goes_on);
    from.iter().filter_map(nearest).collect::<HashSet<_>>().len()
}

/// The nearest of `wanted` that a thing leads to, which may be itself.
fn first_near(
    graph: &HeapGraph,
    words: &Vocabulary,
    thing: NodeIndex,
    wanted: &HashSet<NodeIndex>,
    goes_on: &impl Fn(NodeIndex, usize) -> bool,
) -> Option<NodeIndex> {
    if wanted.contains(&thing) {
        return Some(thing);
    }
    let mut seen = HashSet::from([thing]);
    let mut pending = VecDeque::from([(thing, 0)]);
    let mut followed = 0;
    while let Some((node, steps)) = pending.pop_front() {
        for target in ways_from(graph, words, node).take(MOST_FOLLOWED - followed) {
            followed += 1;
            if !seen.insert(target) {
                continue;
            }
            if wanted.contains(&target) {
                return Some(target);
            }
            if goes_on(target, steps + 1) {
                pending.push_back((target, steps + 1));
            }
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::graph::{EdgeType, NodeType};
    use crate::leak::stage::{Heap, property};
    use crate::testing::GraphBuilder;

    /// Whether a hundred timers and as many jobs are tied, where `link` refers from one of each to the other.
    fn tied(link: impl Fn(&mut GraphBuilder, NodeIndex, NodeIndex)) -> bool {
        let (mut timers, mut jobs, mut held) = (Vec::new(), Vec::new(), NodeIndex(0));
        let heap = Heap::build(|heap, global| {
            held = property(heap, global, "jobs", "Array");
            let list = property(heap, global, "list", "TimersList");
            let mut last = list;
            for number in 0..100 {
                let timer = property(heap, last, "_idleNext", "Timeout");
                let scope = property(heap, timer, "_onTimeout", "system / Context");
                heap.edge(scope, EdgeType::INTERNAL, "previous", global);
                let job = heap.node(NodeType::OBJECT, "Job", 32);
                heap.numbered(held, EdgeType::ELEMENT, number, job);
                link(heap, timer, job);
                timers.push(timer);
                jobs.push(job);
                last = timer;
            }
        });
        are_tied(&heap.graph, &heap.words, [&timers, &jobs], held)
    }

    #[test]
    fn timers_and_what_they_are_for_are_tied_whichever_knows_the_other() {
        assert!(tied(|heap, timer, job| heap.edge(timer, EdgeType::PROPERTY, "job", job)));
        assert!(tied(|heap, timer, job| heap.edge(job, EdgeType::PROPERTY, "timer", timer)));
    }

    #[test]
    fn what_only_has_the_same_scope_in_common_is_not() {
        assert!(!tied(|_, _, _| ()));
        // A second list of the jobs is in that scope, too, and the timers are all about one thing.
        assert!(!tied(|heap, timer, job| {
            let first = NodeIndex(2);
            heap.edge(first, EdgeType::PROPERTY, "last", job);
            heap.edge(timer, EdgeType::PROPERTY, "about", first);
        }));
    }
}
