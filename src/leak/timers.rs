//! Timers that wait in many of Node's lists.
//!
//! Node has a list for each duration. Retries with jitter, jobs that are due at a time of day and sessions
//! of different lengths spread their timers over hundreds of lists, each of which is small, or is young
//! itself. What a program knows is the function that they call: timers of one function are one leak.
//!
//! Time: one pass over the names of the nodes, and linear in the timers.
//! Memory: some words for each timer.

use std::collections::{BTreeMap, BTreeSet};

use crate::control::Control;
use crate::error::Result;
use crate::graph::{EdgeType, HeapGraph, NodeIndex, NodeType};
use crate::leak::before::{Before, Prior};
use crate::leak::candidate::Candidate;
use crate::leak::edges::{property, target};
use crate::leak::grown::new_items;
use crate::leak::growth::{Accumulation, Scatter, Walk};
use crate::leak::holders::slots;
use crate::leak::listeners::is_about;
use crate::leak::scripts::internal_target;
use crate::leak::suspects::Newer;
use crate::leak::ties::are_tied;
use crate::leak::vocabulary::Vocabulary;

/// So many names are looked through at a time.
const CHUNK: usize = 1 << 16;

/// How far below a list something is looked for that its timers lead to.
const LONGEST_WAY_UP: usize = 16;

/// Makes one candidate of the new timers of each function, if they are in several lists, or share a list with
/// those of another function. What stood for those lists is dropped; so is what stood for lists as such, which come and go with
/// their timers. By id, a single list of one function that was there before is a candidate like any other.
pub(super) fn merge_timer_lists(
    newer: Newer<'_>,
    walk: &Walk<'_>,
    positions: &[u32],
    candidates: &mut Vec<Candidate>,
    control: &Control,
) -> Result<()> {
    let Newer { words, .. } = newer;
    if words.timers_list_class == Vocabulary::ABSENT {
        return Ok(());
    }
    let lists = timer_lists(newer, control)?;
    let mut by_function: BTreeMap<NodeIndex, Timers> = BTreeMap::new();
    for &list in &lists {
        control.checkpoint()?;
        add_timers(newer, walk, positions, list, &mut by_function);
    }
    let are_enough = |timers: &Timers| timers.new.len() as u64 >= walk.least_items;
    by_function.retain(|_, timers| are_enough(timers));
    let taken = lists_to_take(&by_function, walk.before);
    by_function.retain(|_, timers| timers.lists.keys().any(|list| taken.contains(list)));
    let merged = by_function.iter().filter_map(|(&function, timers)| {
        Some((timers.candidate(walk, function)?, timers.new.as_slice()))
    });
    let merged: Vec<_> = merged.collect();
    drop_lists(newer, &taken, candidates);
    for (timers, members) in merged {
        match container_inside(newer, walk, &taken, candidates, (&timers, members)) {
            Some(container) => container.also.push(timers.point),
            None => candidates.push(timers),
        }
    }
    Ok(())
}

/// The lists whose timers are counted by function: those of functions that are in several, and those that
/// several functions are in; and those of which nobody knows what they were: without ids all of them.
fn lists_to_take(
    by_function: &BTreeMap<NodeIndex, Timers>,
    before: &Before<'_>,
) -> BTreeSet<NodeIndex> {
    let mut seen = BTreeSet::new();
    let mut taken = BTreeSet::new();
    for timers in by_function.values() {
        let is_spread = timers.lists.len() > 1;
        let is_unknown = |list: NodeIndex| !before.knows_young() || before.is_young(list);
        let is_taken = |&&list: &&NodeIndex| !seen.insert(list) || is_spread || is_unknown(list);
        taken.extend(timers.lists.keys().filter(is_taken));
    }
    taken
}

/// The container that the timers alone lead to, and that gained as many items, each of which has its own timer:
/// it is what the program keeps of what they are for.
fn container_inside<'c>(
    newer: Newer<'_>,
    walk: &Walk<'_>,
    taken: &BTreeSet<NodeIndex>,
    candidates: &'c mut [Candidate],
    (timers, members): (&Candidate, &[NodeIndex]),
) -> Option<&'c mut Candidate> {
    let Newer { graph, words, .. } = newer;
    let idom = |&node: &NodeIndex| Some(newer.analysis.dominators.idom(node));
    let is_inside = |node: NodeIndex| {
        let mut above = std::iter::successors(Some(node), idom).skip(1).take(LONGEST_WAY_UP);
        above.any(|node| taken.contains(&node))
    };
    candidates.iter_mut().find(|candidate| {
        let node = candidate.point.node;
        let items = || new_items(newer, walk.before, node, usize::MAX);
        is_about(candidate.more_items(), timers.more_items())
            && is_inside(node)
            && are_tied(graph, words, [members, &items()], node)
    })
}

/// The timers of one function.
#[derive(Default)]
struct Timers {
    new: Vec<NodeIndex>,
    old: u64,
    /// How many of the new ones are in each list.
    lists: BTreeMap<NodeIndex, u64>,
}

impl Timers {
    /// They, by the list that has most of them; `None` if there were as many before.
    fn candidate(&self, walk: &Walk<'_>, function: NodeIndex) -> Option<Candidate> {
        let retained = |&timer: &NodeIndex| walk.analysis.retained.at(timer.at());
        let all = self.new.iter().map(retained).sum();
        let scatter = Scatter { members: self.new.clone(), bytes: all };
        let bytes = walk.before.net_bytes(walk.graph, &scatter)?;
        if bytes < walk.least_bytes {
            return None;
        }
        let now = self.old + self.new.len() as u64;
        // Of those that came, some may stand for others that are gone.
        let gone =
            (u128::from(all - bytes) * self.new.len() as u128 / u128::from(all.max(1))) as u64;
        let (&node, _) = self.lists.iter().max_by_key(|&(_, count)| count)?;
        let prior = Some(Prior { id: 0, items: self.old + gone, retained: 0 });
        let point = Accumulation { node, bytes, prior, items: Some(now), links: 0 };
        let credited = self.new.iter().copied().filter(|&timer| list_of(walk, timer) != node);
        let credited = credited.collect();
        Some(Candidate { credited, function: Some(function), ..Candidate::new(point) })
    }
}

/// The list that dominates a timer.
fn list_of(walk: &Walk<'_>, timer: NodeIndex) -> NodeIndex {
    walk.analysis.dominators.idom(timer)
}

/// Node's lists of timers, one for each duration.
fn timer_lists(newer: Newer<'_>, control: &Control) -> Result<Vec<NodeIndex>> {
    let Newer { graph, words, .. } = newer;
    let mut lists = Vec::new();
    let names = &graph.tables().node_name;
    for (chunk, names) in names.chunks(CHUNK).enumerate() {
        control.checkpoint()?;
        let named = names.iter().enumerate();
        let named = named.filter(|&(_, &name)| name == words.timers_list_class);
        let nodes = named.map(|(at, _)| NodeIndex((chunk * CHUNK + at) as u32));
        lists.extend(nodes.filter(|&node| {
            graph.node_type(node) == NodeType::OBJECT
                && property(graph, node, words.idle_next).is_some()
        }));
    }
    Ok(lists)
}

/// Adds the timers of a list that nothing else holds, by the function that they call.
fn add_timers(
    newer: Newer<'_>,
    walk: &Walk<'_>,
    positions: &[u32],
    list: NodeIndex,
    by_function: &mut BTreeMap<NodeIndex, Timers>,
) {
    let Newer { graph, words, analysis, .. } = newer;
    let tree = &analysis.dominators;
    for timer in tree.children(positions[list.at()]).map(|at| tree.node_at(at)) {
        if graph.node_type(timer) != NodeType::OBJECT
            || graph.name_index(timer) != words.timeout_class
        {
            continue;
        }
        let Some(function) = function_of(graph, words, timer) else { continue };
        let timers = by_function.entry(function).or_default();
        if walk.before.is_young(timer) {
            timers.new.push(timer);
            *timers.lists.entry(list).or_default() += 1;
        } else {
            timers.old += 1;
        }
    }
}

/// The function that a timer calls: closures of one share its code; what else is called stands for itself.
pub(super) fn function_of(
    graph: &HeapGraph,
    words: &Vocabulary,
    timer: NodeIndex,
) -> Option<NodeIndex> {
    let callback = property(graph, timer, words.on_timeout)?;
    let callback =
        target(graph, callback, EdgeType::INTERNAL, words.bound_function).unwrap_or(callback);
    Some(internal_target(graph, callback, [words.shared; 2]).unwrap_or(callback))
}

/// Drops what stands for lists that are taken, for timers in them, or for lists as such.
fn drop_lists(newer: Newer<'_>, taken: &BTreeSet<NodeIndex>, candidates: &mut Vec<Candidate>) {
    let Newer { graph, words, analysis, .. } = newer;
    let is_taken = |node: NodeIndex| {
        let is_timer = graph.node_type(node) == NodeType::OBJECT
            && graph.name_index(node) == words.timeout_class;
        taken.contains(&if is_timer { analysis.dominators.idom(node) } else { node })
    };
    let is_list = |node: NodeIndex| {
        graph.name_index(node) == words.timers_list_class
            && graph.node_type(node) == NodeType::OBJECT
    };
    // Node's tables of lists have nothing else in them.
    let holds_lists = |node: NodeIndex| {
        let held: Vec<_> = slots(graph, analysis, node).map(|edge| edge.target).collect();
        let lists = held.iter().filter(|&&held| is_list(held)).count();
        lists > 1 && lists * 2 > held.len()
    };
    candidates.retain(|candidate| {
        let node = candidate.point.node;
        let are_lists = candidate.scattered.as_ref().is_some_and(|it| is_list(it.members[0]));
        !is_taken(node) && !are_lists && !holds_lists(node)
    });
}

#[cfg(test)]
mod tests {
    use crate::graph::{EdgeType, NodeIndex, NodeType};
    use crate::leak::stage::{function, property, suspects};
    use crate::report::Suspect;
    use crate::testing::GraphBuilder;

    /// Adds the code of a function of the program.
    fn add_code(heap: &mut GraphBuilder, name: &str) -> NodeIndex {
        let code = heap.node(NodeType::CODE, name, 16);
        let script = heap.node(NodeType::CODE, "/srv/app/jobs.js", 32);
        heap.edge(heap.root(), EdgeType::INTERNAL, code.0.to_string(), code);
        heap.edge(code, EdgeType::INTERNAL, "script", script);
        code
    }

    /// Adds a timer to a list. A list refers to its ends only; that it dominates all of its timers is what counts.
    fn add_timer(heap: &mut GraphBuilder, list: NodeIndex, code: NodeIndex) {
        let timer = heap.node(NodeType::OBJECT, "Timeout", 100);
        let callback = heap.node(NodeType::CLOSURE, format!("task{}", code.0), 64);
        heap.edge(callback, EdgeType::INTERNAL, "shared", code);
        heap.edge(timer, EdgeType::PROPERTY, "_onTimeout", callback);
        heap.edge(list, EdgeType::PROPERTY, "_idleNext", timer);
    }

    /// Adds so many lists of Node's, each with so many timers for a function. The last of them is given back.
    fn add_lists(
        heap: &mut GraphBuilder,
        table: NodeIndex,
        code: NodeIndex,
        [lists, timers]: [u32; 2],
    ) -> NodeIndex {
        let mut last = table;
        for number in 0..lists {
            last = heap.node(NodeType::OBJECT, "TimersList", 48);
            heap.edge(table, EdgeType::PROPERTY, (1_000 * (last.0 + number)).to_string(), last);
            (0..timers).for_each(|_| add_timer(heap, last, code));
        }
        last
    }

    /// The suspects where so many lists with so many timers come for each of some functions.
    fn found(functions: &[[u32; 2]]) -> Vec<Suspect> {
        suspects(|heap, global, is_grown| {
            let scope = function(heap, global, "listOnTimeout", "node:internal/timers", 1);
            let table = property(heap, scope, "timerListMap", "Object");
            let codes: Vec<_> = (0..functions.len())
                .map(|number| {
                    let code = add_code(heap, &format!("task{number}"));
                    add_lists(heap, table, code, [1, 3]);
                    code
                })
                .collect();
            // What is new comes last, as its ids do.
            for (&code, &of) in codes.iter().zip(functions).filter(|_| is_grown) {
                add_lists(heap, table, code, of);
            }
        })
    }

    fn items(found: &[Suspect]) -> Vec<(u64, u64)> {
        let items = found.iter().filter_map(|it| it.growth.items);
        items.map(|items| (items.before, items.after)).collect()
    }

    #[test]
    fn timers_of_one_function_are_one_leak_in_however_many_lists() {
        let one = found(&[[50, 6]]);
        assert_eq!((one.len(), one[0].class_name.as_str()), (1, "Timeout"), "{one:?}");
        assert_eq!(items(&one), [(3, 303)]);
        assert_eq!(one[0].growth.retained_bytes, 300 * 164);
    }

    #[test]
    fn timers_of_two_functions_are_two_leaks() {
        let two = found(&[[50, 6], [40, 3]]);
        assert_eq!(items(&two), [(3, 303), (3, 123)]);
    }

    #[test]
    fn timers_that_share_a_list_with_those_of_many_lists_are_found_as_well() {
        let scope_of = |heap: &mut GraphBuilder, global| {
            let scope = function(heap, global, "listOnTimeout", "node:internal/timers", 1);
            property(heap, scope, "timerListMap", "Object")
        };
        let found = suspects(|heap, global, is_grown| {
            let table = scope_of(heap, global);
            let codes = ["task0", "task1"].map(|name| add_code(heap, name));
            add_lists(heap, table, codes[0], [1, 3]);
            if is_grown {
                add_lists(heap, table, codes[0], [50, 6]);
                let list = add_lists(heap, table, codes[0], [1, 6]);
                (0..200).for_each(|_| add_timer(heap, list, codes[1]));
            }
        });
        assert_eq!(items(&found), [(3, 309), (0, 200)]);
    }

    #[test]
    fn timers_of_two_functions_in_one_list_are_two_leaks() {
        let found = suspects(|heap, global, is_grown| {
            let scope = function(heap, global, "listOnTimeout", "node:internal/timers", 1);
            let table = property(heap, scope, "timerListMap", "Object");
            let codes = ["task0", "task1"].map(|name| add_code(heap, name));
            let list = add_lists(heap, table, codes[0], [1, 3]);
            let more = if is_grown { [300, 200] } else { [0, 0] };
            for (&code, count) in codes.iter().zip(more) {
                (0..count).for_each(|_| add_timer(heap, list, code));
            }
        });
        assert_eq!(items(&found), [(3, 303), (0, 200)]);
    }

    #[test]
    fn few_timers_are_none() {
        assert!(found(&[[10, 4]]).is_empty());
    }
}
