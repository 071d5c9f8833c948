//! Timers that Node has for itself, one for each thing that a program made: a server has an interval in which
//! it looks for connections that are too slow.
//!
//! All that the program keeps of them may be in a variable that nothing but the functions of these servers leads
//! to, which puts it below Node's list of timers. What gained as many items, each of which has a timer of its
//! own, is what the program knows; the list comes and goes with it.
//!
//! Time: if growth is that of such lists, one pass over the nodes, and linear in the timers of the lists.

use crate::control::Control;
use crate::error::Result;
use crate::graph::{NodeIndex, NodeType};
use crate::leak::before::Before;
use crate::leak::candidate::Candidate;
use crate::leak::edges::property;
use crate::leak::grown::new_items;
use crate::leak::growth::{Accumulation, Walk};
use crate::leak::listeners::is_about;
use crate::leak::scripts::place_of_closure;
use crate::leak::suspects::Newer;
use crate::leak::ties::are_tied;

/// Fewer timers than this may be of anything.
const FEWEST_TIMERS: usize = 8;

/// Credits what piled up below a list of Node's own timers to the container of the program that gained as much.
pub(super) fn credit_intervals(
    newer: Newer<'_>,
    walk: &Walk<'_>,
    positions: &[u32],
    candidates: &mut Vec<Candidate>,
    control: &Control,
) -> Result<()> {
    let Newer { graph, words, .. } = newer;
    let is_list = |candidate: &Candidate| {
        graph.name_index(candidate.point.node) == words.timers_list_class
            && graph.node_type(candidate.point.node) == NodeType::OBJECT
            && candidate.scattered.is_none()
            && candidate.point.bytes >= walk.least_bytes
    };
    let mut grown = None;
    for at in 0..candidates.len() {
        if !is_list(&candidates[at]) {
            continue;
        }
        let timers = timers_of_node(newer, walk.before, positions, candidates[at].point.node);
        if timers.len() < FEWEST_TIMERS {
            continue;
        }
        let containers = match &mut grown {
            Some(known) => known,
            unknown => unknown.insert(walk.grown_containers(FEWEST_TIMERS as u64, control)?),
        };
        let kept = containers.iter().filter(|it| is_kept_for(newer, walk.before, it, &timers));
        let mut kept = kept.copied().collect::<Vec<_>>().into_iter();
        let Some(first) = kept.next() else { continue };
        let list = std::mem::replace(&mut candidates[at].point.bytes, 0);
        let also = kept.chain(std::iter::once(candidates[at].point));
        let there = candidates.iter().position(|it| {
            it.point.node == first.node && it.scattered.is_none() && it.function.is_none()
        });
        let there = there.unwrap_or_else(|| {
            candidates.push(Candidate::new(first));
            candidates.len() - 1
        });
        candidates[there].point.bytes += list;
        candidates[there].also.extend(also);
        candidates[there].credited.extend(timers);
    }
    candidates.retain(|candidate| candidate.point.bytes > 0);
    Ok(())
}

/// The timers of a list that call something of Node's: those that came after the baseline or, where nobody
/// knows which those are, all.
fn timers_of_node(
    newer: Newer<'_>,
    before: &Before<'_>,
    positions: &[u32],
    list: NodeIndex,
) -> Vec<NodeIndex> {
    let Newer { graph, words, analysis, .. } = newer;
    let tree = &analysis.dominators;
    let inside = tree.children(positions[list.at()]).map(|at| tree.node_at(at));
    let is_of_node = |timer: NodeIndex| {
        let callback = property(graph, timer, words.on_timeout);
        let place = callback.and_then(|callback| place_of_closure(graph, words, callback));
        place.is_some_and(|place| place.is_internal())
    };
    inside
        .filter(|&node| {
            graph.name_index(node) == words.timeout_class
                && graph.node_type(node) == NodeType::OBJECT
                && (!before.knows_young() || before.is_young(node))
                && is_of_node(node)
        })
        .collect()
}

/// Whether a container gained as many items as there are timers, or has as many, and each has its own.
fn is_kept_for(
    newer: Newer<'_>,
    before: &Before<'_>,
    container: &Accumulation,
    timers: &[NodeIndex],
) -> bool {
    let Newer { graph, words, .. } = newer;
    let items = match before.knows_young() {
        true => container.more_items(),
        false => container.items.unwrap_or(0),
    };
    let is_list = graph.name_index(container.node) == words.timers_list_class;
    !is_list && is_about(items, timers.len() as u64) && {
        let items = new_items(newer, before, container.node, usize::MAX);
        are_tied(graph, words, [timers, &items], container.node)
    }
}

#[cfg(test)]
mod tests {
    use crate::graph::{EdgeType, NodeIndex, NodeType};
    use crate::leak::stage::{function, property, suspects, suspects_by_shape};
    use crate::testing::GraphBuilder;

    /// Servers in a list that only their timers lead to, each of which calls a function of Node's.
    fn build(heap: &mut GraphBuilder, global: NodeIndex, count: u32) {
        let timers = function(heap, global, "listOnTimeout", "node:internal/timers", 1);
        let table = property(heap, timers, "timerListMap", "Object");
        let list = property(heap, table, "30000", "TimersList");
        let check = function(heap, list, "check", "node:_http_server", 1);
        let scope = heap.node(NodeType::OBJECT, "system / Context", 48);
        let servers = heap.node(NodeType::OBJECT, "Array", 32);
        heap.edge(scope, EdgeType::CONTEXT, "servers", servers);
        for number in 0..count {
            let timer = heap.node(NodeType::OBJECT, "Timeout", 100);
            heap.edge(list, EdgeType::PROPERTY, "_idleNext", timer);
            heap.edge(timer, EdgeType::PROPERTY, "_onTimeout", check);
            let server = heap.node(NodeType::OBJECT, "Server", 10_000);
            heap.edge(timer, EdgeType::PROPERTY, "server", server);
            heap.edge(server, EdgeType::PROPERTY, "timer", timer);
            let handler = function(heap, server, "handler", "/srv/app.js", 3);
            heap.edge(handler, EdgeType::INTERNAL, "context", scope);
            heap.numbered(servers, EdgeType::ELEMENT, number, server);
        }
    }

    #[test]
    fn what_the_program_keeps_with_timers_of_node_s_is_named_and_not_their_list() {
        let count = |is_grown| if is_grown { 42 } else { 2 };
        let build =
            |heap: &mut GraphBuilder, global, is_grown| build(heap, global, count(is_grown));
        for found in [suspects(build), suspects_by_shape(build)] {
            let names: Vec<_> = found.iter().map(|it| it.name.as_str()).collect();
            assert_eq!(names, ["servers"]);
        }
    }
}
