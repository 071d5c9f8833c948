//! Containers of one structure that grew together: a queue, and beside it the set of what is in it.
//!
//! They are one leak if they belong to one object, gained as many items, and the new items of one are
//! those of the other, or are reached from them. Two that are merely of one owner are two, unless one of
//! them is a column of numbers or texts beside others, as the links and sizes of a cache are.
//!
//! Time: if there are such containers, linear in the edges of young nodes. Memory: 4 bytes a node while
//! it runs.

use std::cmp::Reverse;
use std::collections::{BTreeMap, HashSet};

use crate::control::Control;
use crate::error::Result;
use crate::graph::{NodeIndex, NodeType};
use crate::leak::candidate::Candidate;
use crate::leak::contents::{ClassShare, Contents};
use crate::leak::grown::new_items;
use crate::leak::growth::Walk;
use crate::leak::holders::Reach;
use crate::leak::items::CAPACITY_FACTOR;
use crate::leak::listeners::is_about;
use crate::leak::suspects::Newer;

/// The object that both belong to is at most so many dominators above each.
const FARTHEST_OWNER: usize = 4;

/// So many containers of one instance that grew alike are columns of one table.
const FEWEST_COLUMNS: usize = 3;

/// Makes one of the containers of a structure that gained the same items. The largest that has things in it
/// stands for the others.
pub(super) fn merge_companions(
    newer: Newer<'_>,
    walk: &Walk<'_>,
    candidates: &mut Vec<Candidate>,
    control: &Control,
) -> Result<()> {
    // What piles up is named by what has the things, and not by a list of their keys.
    candidates.sort_by_key(|it| (!has_things(it), Reverse(it.point.bytes), it.point.node));
    merge_columns(walk, candidates);
    let containers = containers_of_shared_owners(walk, candidates);
    if containers.len() < 2 {
        return Ok(());
    }
    for (larger, smaller) in related(newer, walk, candidates, &containers, control)? {
        let [larger, smaller] = [larger, smaller].map(|at| &containers[at]);
        let is_there = candidates[smaller.candidate].point.bytes > 0;
        if is_there && larger.is_companion_of(smaller, candidates) {
            let companion = candidates[smaller.candidate].clone();
            candidates[smaller.candidate].point.bytes = 0;
            take(&mut candidates[larger.candidate], companion);
        }
    }
    candidates.retain(|candidate| candidate.point.bytes > 0);
    Ok(())
}

/// Makes one of the containers that an instance of a class has of its own and that grew alike, if at most one
/// of them has things in it: the others are numbers and texts about those. The largest stands for the
/// others. Of numbers nobody knows how many there are, but only for how many there is room.
fn merge_columns(walk: &Walk<'_>, candidates: &mut Vec<Candidate>) {
    let mut by_owner: BTreeMap<NodeIndex, Vec<usize>> = BTreeMap::new();
    for (at, candidate) in candidates.iter().enumerate() {
        let owner = walk.analysis.dominators.idom(candidate.point.node);
        let is_instance = walk.graph.node_type(owner) == NodeType::OBJECT
            && !walk.words.is_everyday(walk.graph.name_index(owner))
            && !walk.is_hub(owner);
        if is_instance && candidate.stands_for_itself() && candidate.more_items() > 0 {
            by_owner.entry(owner).or_default().push(at);
        }
    }
    for columns in by_owner.into_values().filter(|columns| columns.len() >= FEWEST_COLUMNS) {
        let more = || columns.iter().map(|&at| candidates[at].more_items());
        let grew_alike = more().max() <= more().min().map(|least| least * CAPACITY_FACTOR);
        let of_things = columns.iter().filter(|&&at| has_things(&candidates[at])).count();
        if !grew_alike || of_things > 1 {
            continue;
        }
        for &at in &columns[1..] {
            let column = candidates[at].clone();
            candidates[at].point.bytes = 0;
            take(&mut candidates[columns[0]], column);
        }
    }
    candidates.retain(|candidate| candidate.point.bytes > 0);
}

/// Whether what came into a container is objects and functions, for the most part.
fn has_things(candidate: &Candidate) -> bool {
    let is_thing =
        |class: &&ClassShare| [NodeType::OBJECT, NodeType::CLOSURE].contains(&class.node_type);
    let things: u64 =
        candidate.contents.classes.iter().filter(is_thing).map(|class| class.count).sum();
    things * 2 >= candidate.more_items()
}

/// A candidate that gained items itself, and what it may be a part of.
struct Container {
    candidate: usize,
    owners: Vec<NodeIndex>,
}

impl Container {
    fn is_companion_of(&self, other: &Self, candidates: &[Candidate]) -> bool {
        let more = |container: &Self| candidates[container.candidate].more_items();
        is_about(more(self), more(other)) && self.owners.iter().any(|it| other.owners.contains(it))
    }
}

/// The containers of which one owner has several, in the order of the candidates.
fn containers_of_shared_owners(walk: &Walk<'_>, candidates: &[Candidate]) -> Vec<Container> {
    let mut containers = Vec::new();
    let mut seen = HashSet::new();
    let mut shared = HashSet::new();
    for (at, candidate) in candidates.iter().enumerate() {
        if candidate.stands_for_itself() && candidate.more_items() > 0 {
            let owners = owners(walk, candidate.point.node);
            shared.extend(owners.iter().copied().filter(|&owner| !seen.insert(owner)));
            containers.push(Container { candidate: at, owners });
        }
    }
    containers.retain(|container| container.owners.iter().any(|owner| shared.contains(owner)));
    containers
}

/// The objects around a container, up to what only happens to hold things together.
fn owners(walk: &Walk<'_>, container: NodeIndex) -> Vec<NodeIndex> {
    let idom = |&node: &NodeIndex| Some(walk.analysis.dominators.idom(node));
    let above = std::iter::successors(Some(container), idom).skip(1);
    let above = above.take(FARTHEST_OWNER).take_while(|&node| !walk.is_hub(node));
    above.filter(|&node| walk.graph.node_type(node) == NodeType::OBJECT).collect()
}

/// Pairs of containers, the larger first, of which one leads to the items of the other; those with
/// the smallest first, so that all that belongs together ends up in the largest.
fn related(
    newer: Newer<'_>,
    walk: &Walk<'_>,
    candidates: &[Candidate],
    containers: &[Container],
    control: &Control,
) -> Result<Vec<(usize, usize)>> {
    let nodes: Vec<NodeIndex> =
        containers.iter().map(|it| candidates[it.candidate].point.node).collect();
    let reach = Reach::find(walk.graph, walk.words, walk.before, &nodes, control)?;
    let items: Vec<_> =
        nodes.iter().map(|&node| new_items(newer, walk.before, node, usize::MAX)).collect();
    let mut pairs = reach.related(&items);
    pairs.sort_unstable_by_key(|&(larger, smaller)| (Reverse(smaller), larger));
    Ok(pairs)
}

fn take(larger: &mut Candidate, companion: Candidate) {
    larger.point.bytes += companion.point.bytes;
    larger.credited.push(companion.point.node);
    larger.credited.extend(companion.credited);
    larger.also.push(companion.point);
    larger.also.extend(companion.also);
    larger.contents = Contents::default();
}

#[cfg(test)]
mod tests {
    use crate::graph::{EdgeType, NodeIndex, NodeType};
    use crate::leak::stage::{property, suspects};
    use crate::testing::GraphBuilder;

    /// Names and bytes of what is found where two lists gain so many items, those of each of another
    /// class, between which `relate` may make edges.
    fn found(
        owners: [&str; 2],
        more: [u32; 2],
        relate: impl Fn(&mut GraphBuilder, NodeIndex, NodeIndex),
    ) -> Vec<(String, i64)> {
        let found = suspects(|heap, global, is_grown| {
            let service = property(heap, global, "service", "Service");
            let owners = owners.map(|owner| match owner {
                "service" => service,
                other => property(heap, global, other, "Other"),
            });
            let queue = property(heap, owners[0], "queue", "Array");
            let waiting = property(heap, owners[1], "waiting", "Array");
            let more = if is_grown { more } else { [0, 0] };
            let items = |heap: &mut GraphBuilder, list, count, class: &str| -> Vec<_> {
                let item = |at| {
                    let item = heap.node(NodeType::OBJECT, class, 100);
                    heap.numbered(list, EdgeType::ELEMENT, at, item);
                    item
                };
                (0..count).map(item).collect()
            };
            let jobs = items(heap, queue, more[0], "Job");
            let tasks = items(heap, waiting, more[1], "Task");
            jobs.into_iter().zip(tasks).for_each(|(job, task)| relate(heap, job, task));
        });
        found.into_iter().map(|it| (it.name, it.growth.retained_bytes)).collect()
    }

    #[test]
    fn containers_of_one_object_are_one_leak_if_the_items_of_one_lead_to_those_of_the_other() {
        let to_task = |heap: &mut GraphBuilder, job, task| {
            heap.edge(job, EdgeType::PROPERTY, "task", task);
        };
        let to_job = |heap: &mut GraphBuilder, job, task| {
            heap.edge(task, EdgeType::PROPERTY, "job", job);
        };
        let one: [(String, i64); 1] = [("queue".into(), 600 * 100)];
        assert_eq!(found(["service", "service"], [300, 300], to_task), one);
        assert_eq!(found(["service", "service"], [300, 300], to_job), one);
    }

    #[test]
    fn they_are_two_if_their_owner_or_growth_or_items_say_so() {
        let to_task = |heap: &mut GraphBuilder, job, task| {
            heap.edge(job, EdgeType::PROPERTY, "task", task);
        };
        assert_eq!(found(["service", "other"], [300, 300], to_task).len(), 2);
        assert_eq!(found(["service", "service"], [300, 600], to_task).len(), 2);
        assert_eq!(found(["service", "service"], [300, 300], |_, _, _| ()).len(), 2);
    }

    /// How many suspects there are where three columns of a table gain so many items, of these types.
    fn of_columns(class: &str, types: [NodeType; 3], more: [u32; 3]) -> usize {
        let found = suspects(|heap, global, is_grown| {
            let table = property(heap, global, "table", class);
            for (at, (node_type, more)) in types.into_iter().zip(more).enumerate() {
                let column = property(heap, table, &format!("column{at}"), "Array");
                for number in 0..if is_grown { more } else { 0 } {
                    let item = heap.node(node_type, "item", 100);
                    heap.numbered(column, EdgeType::ELEMENT, number, item);
                }
            }
        });
        found.len()
    }

    #[test]
    fn numbers_and_texts_beside_the_things_of_an_instance_are_columns_of_one_table() {
        let types = [NodeType::OBJECT, NodeType::NUMBER, NodeType::STRING];
        assert_eq!(of_columns("Table", types, [300, 300, 400]), 1);
        assert_eq!(of_columns("Table", types, [300, 300, 900]), 3, "one grew otherwise");
        assert_eq!(
            of_columns("Table", [NodeType::OBJECT; 3], [300; 3]),
            3,
            "things are three leaks"
        );
    }
}
