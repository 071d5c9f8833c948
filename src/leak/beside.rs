//! What grows beside a suspect, from the same cause: the listeners that a package puts on a stream for each
//! of the loggers in a Map, the keys beside the values of a package's cache, the parsers and responses of
//! sockets.
//!
//! Whoever uses a package or Node calls it once, and does not see what that keeps in several places. So what
//! is in their code is part of another suspect if it gained as many things and those are about the same: the
//! things of one lead to those of the other, each to its own, or both are parts of one instance of a package,
//! or packages keep both under the same keys. A FinalizationRegistry is part of what holds the things that it
//! waits for.
//! Of two places in the program's own code each has to be looked at, and each is a suspect, but for texts of
//! one object, and for a list of the keys that the other has things by.
//!
//! Time: for each pair of suspects that gained as many, linear in the nodes near some samples. Memory: that
//! of the things of two suspects.

use std::collections::HashSet;

use crate::graph::{NodeIndex, NodeType, StringIndex};
use crate::leak::alike::Described;
use crate::leak::before::Before;
use crate::leak::declarations::is_of_package;
use crate::leak::edges::property;
use crate::leak::finalizers::registered;
use crate::leak::grown::new_items;
use crate::leak::items::CAPACITY_FACTOR;
use crate::leak::listeners::is_about;
use crate::leak::suspects::Newer;
use crate::leak::ties::count_met;
use crate::report::{Suspect, SuspectKind};

/// So many things of a suspect tell whether they lead to those of another one.
const SAMPLES: usize = 32;

/// Fewer than this tell nothing.
const FEWEST_SAMPLES: usize = 8;

/// So many things of one suspect may belong to each one of another: a socket has listeners for some events.
const MOST_TO_ONE: u64 = 8;

/// Answers which suspects are parts of others.
pub(super) struct Beside<'a> {
    newer: Newer<'a>,
    before: &'a Before<'a>,
}

impl<'a> Beside<'a> {
    /// Nothing is looked at yet.
    pub(super) fn new(newer: Newer<'a>, before: &'a Before<'a>) -> Self {
        Self { newer, before }
    }

    /// Whether a suspect that is not in the program's own code grew because another one did, or two texts are
    /// of one object, or it has the keys of the other.
    pub(super) fn is_part(&self, part: &Described, whole: &Described) -> bool {
        if is_registry(&part.suspect) {
            return self.leads(whole, part);
        }
        if !may_be_part(&part.suspect) {
            return self.are_texts_of_one_object(part, whole) || self.are_keys_of(part, whole);
        }
        match self.are_in_step(part, whole) {
            true => {
                self.share_an_owner(part, whole)
                    || self.leads(part, whole)
                    || self.leads(whole, part)
                    || self.share_keys(part, whole)
            }
            false => self.may_be_in_step(part, whole) && self.share_an_owner(part, whole),
        }
    }

    /// Whether one gained as many as the other, or some for each of its.
    fn are_in_step(&self, part: &Described, whole: &Described) -> bool {
        let (Some(part), Some(whole)) = (gained(part), gained(whole)) else { return false };
        is_about(part, whole) || (part % whole == 0 && part / whole <= MOST_TO_ONE)
    }

    /// Whether one may have gained as many as the other, if V8 keeps its items without a reference: only for
    /// how many there is room is known.
    fn may_be_in_step(&self, part: &Described, whole: &Described) -> bool {
        let (Some(room), Some(others)) = (gained(part), gained(whole)) else { return false };
        let is_of_numbers = || match part.nodes.as_slice() {
            [container] => new_items(self.newer, self.before, *container, 1).is_empty(),
            _ => false,
        };
        others <= room * CAPACITY_FACTOR && room <= others * CAPACITY_FACTOR && is_of_numbers()
    }

    /// Whether both are of packages and have the same texts among what came: what is kept under a key in several
    /// places is about one thing.
    fn share_keys(&self, one: &Described, other: &Described) -> bool {
        let graph = self.newer.graph;
        let texts = |described: &Described| -> HashSet<StringIndex> {
            let [container] = described.nodes.as_slice() else { return HashSet::new() };
            let items = new_items(self.newer, self.before, *container, usize::MAX);
            let texts = items.into_iter().filter(|&item| graph.node_type(item).is_string());
            texts.map(|text| graph.name_index(text)).collect()
        };
        if !may_be_part(&other.suspect) {
            return false;
        }
        let (ones, others) = (texts(one), texts(other));
        let fewest = ones.len().min(others.len());
        // A few words that all things have are no keys.
        let are_keys = fewest as u64 * 2 >= gained(one).max(gained(other)).unwrap_or(u64::MAX);
        fewest >= FEWEST_SAMPLES && are_keys && ones.intersection(&others).count() * 2 >= fewest
    }

    /// Whether what came into one container is the keys of what came into the other: the order in which that was
    /// filled. Node 26 shows those as V8's own, so that no container has their bytes.
    fn are_keys_of(&self, part: &Described, whole: &Described) -> bool {
        let graph = self.newer.graph;
        let ([list], [container]) = (part.nodes.as_slice(), whole.nodes.as_slice()) else {
            return false;
        };
        let (Some(more), Some(others)) = (gained(part), gained(whole)) else { return false };
        if !is_about(more, others) {
            return false;
        }
        let came = |container| new_items(self.newer, self.before, container, usize::MAX);
        let (keys, items) = (came(*list), came(*container));
        let are_texts = keys.iter().all(|&key| graph.node_type(key).is_string());
        let are_things = || items.iter().any(|&it| graph.node_type(it).is_object_or_function());
        // Items come in order.
        let is_shared = |key: &&NodeIndex| items.binary_search(key).is_ok();
        keys.len() as u64 * 2 >= more
            && are_texts
            && are_things()
            && keys.iter().filter(is_shared).count() * 2 >= keys.len()
    }

    /// Whether two texts are in properties of one object. Whatever makes one longer makes the other longer,
    /// too: a page and its styles, what a process wrote and where.
    fn are_texts_of_one_object(&self, one: &Described, other: &Described) -> bool {
        let Newer { graph, analysis, .. } = self.newer;
        // A text that was put together has parts, in some of which it grew.
        let idom = |&node: &NodeIndex| Some(analysis.dominators.idom(node));
        let is_text = |&node: &NodeIndex| graph.node_type(node).is_string();
        let owner = |described: &Described| match described.nodes.as_slice() {
            [node] if is_text(node) => {
                std::iter::successors(Some(*node), idom).find(|it| !is_text(it))
            }
            _ => None,
        };
        let is_object = |owner: NodeIndex| {
            graph.node_type(owner) == NodeType::OBJECT
                && graph.name_index(owner) != self.newer.words.context_node
                && !graph.raw_name(owner).starts_with(b"global")
        };
        owner(one).is_some_and(|its| owner(other) == Some(its) && is_object(its))
    }

    /// Whether both are in one file of a package, and parts of one thing: an instance of a class, or a
    /// function with its scope.
    fn share_an_owner(&self, one: &Described, other: &Described) -> bool {
        let Newer { graph, analysis, .. } = self.newer;
        let owner = |described: &Described| match described.nodes.as_slice() {
            [node] => Some(analysis.dominators.idom(*node)),
            _ => None,
        };
        let is_owner = |owner: NodeIndex| {
            graph.node_type(owner).is_object_or_function() && owner != graph.root()
        };
        let [its, others] = [one, other].map(|it| it.suspect.source.as_ref().map(|it| &it.url));
        its.is_some_and(|its| others == Some(its) && is_of_package(its))
            && owner(one).is_some_and(|its| owner(other) == Some(its) && is_owner(its))
    }

    /// Whether most things of one lead to a thing of the other, each to another one, over what came with it.
    fn leads(&self, from: &Described, to: &Described) -> bool {
        let Newer { graph, words, .. } = self.newer;
        let things = self.things(from);
        let step = things.len().div_ceil(SAMPLES).max(1);
        let samples: Vec<_> = things.into_iter().step_by(step).collect();
        let goes_on = |node: NodeIndex, _| self.before.is_young(node);
        samples.len() >= FEWEST_SAMPLES
            && count_met(graph, words, &samples, &self.things(to), goes_on) * 2 >= samples.len()
    }

    /// The objects and functions that came.
    fn things(&self, described: &Described) -> Vec<NodeIndex> {
        let Newer { graph, words, .. } = self.newer;
        let mut things = match described.nodes.as_slice() {
            [registry] if is_registry(&described.suspect) => registered(self.newer, *registry),
            [list] if graph.name_index(*list) == words.timers_list_class => self.timers_of(*list),
            [container] => new_items(self.newer, self.before, *container, usize::MAX),
            instances => instances.to_vec(),
        };
        things.retain(|&it| graph.node_type(it).is_object_or_function());
        things
    }

    /// The timers that came into a list of Node's: the list itself refers to no more than the first and the last.
    fn timers_of(&self, list: NodeIndex) -> Vec<NodeIndex> {
        let Newer { graph, words, .. } = self.newer;
        let next = |&node: &NodeIndex| property(graph, node, words.idle_next);
        let is_timer = |&node: &NodeIndex| graph.name_index(node) == words.timeout_class;
        // A damaged file may have a ring without the list.
        let timers = std::iter::successors(next(&list), next).take(graph.node_count());
        let is_new = |&timer: &NodeIndex| !self.before.knows_young() || self.before.is_young(timer);
        timers.take_while(is_timer).filter(is_new).collect()
    }
}

/// Whether a suspect is a list of what is to be told of when it is gone, which others hold.
fn is_registry(suspect: &Suspect) -> bool {
    suspect.class_name == "FinalizationRegistry"
}

/// Whether a suspect is not in the program's own code: it is in that of a package or of Node, or it is
/// instances that nobody is known to have. Or it is there for what others hold.
pub(super) fn may_be_part(suspect: &Suspect) -> bool {
    match &suspect.source {
        _ if is_registry(suspect) => true,
        Some(source) => source.url.starts_with("node:") || is_of_package(&source.url),
        None => suspect.kind == SuspectKind::Instances,
    }
}

/// How many items a suspect gained.
fn gained(described: &Described) -> Option<u64> {
    let items = described.suspect.growth.items?;
    Some(items.after.saturating_sub(items.before)).filter(|&more| more > 0)
}

#[cfg(test)]
mod tests {
    use crate::graph::{EdgeType, NodeIndex, NodeType};
    use crate::leak::stage::{function, property, suspects};
    use crate::testing::GraphBuilder;

    const PACKAGE: &str = "/srv/node_modules/pipes/index.js";
    const PROGRAM: &str = "/srv/app/main.js";

    /// The things of a list.
    fn list(heap: &mut GraphBuilder, list: NodeIndex, count: u32, class: &str) -> Vec<NodeIndex> {
        let thing = |number| {
            let thing = heap.node(NodeType::OBJECT, class, 100);
            heap.numbered(list, EdgeType::ELEMENT, number, thing);
            thing
        };
        (0..count).map(thing).collect()
    }

    /// Names and sentences of what is found where a list of the program gains 300 things, and one in a
    /// scope of `url` so many, between which `relate` makes edges.
    fn found(
        url: &str,
        more: u32,
        relate: impl Fn(&mut GraphBuilder, &[NodeIndex], &[NodeIndex]),
    ) -> Vec<(String, String)> {
        let found = suspects(|heap, global, is_grown| {
            let main = function(heap, global, "main", PROGRAM, 3);
            let loggers = property(heap, main, "loggers", "Array");
            let pipe = function(heap, global, "pipe", url, 2);
            let pipes = property(heap, pipe, "pipes", "Array");
            if is_grown {
                let loggers = list(heap, loggers, 300, "Logger");
                let pipes = list(heap, pipes, more, "Pipe");
                relate(heap, &loggers, &pipes);
            }
        });
        found.into_iter().map(|it| (it.name, it.summary)).collect()
    }

    /// Each thing of the package's list leads to one of the program's.
    fn each_to_its_own(heap: &mut GraphBuilder, loggers: &[NodeIndex], pipes: &[NodeIndex]) {
        for (number, &pipe) in pipes.iter().enumerate() {
            let via = property(heap, pipe, "source", "Source");
            heap.edge(via, EdgeType::PROPERTY, "logger", loggers[number % loggers.len()]);
        }
    }

    #[test]
    fn what_a_package_keeps_for_each_thing_of_a_suspect_is_part_of_it() {
        for more in [300, 900] {
            let found = found(PACKAGE, more, each_to_its_own);
            assert_eq!(found.len(), 1, "{found:?}");
            assert_eq!(found[0].0, "loggers");
            assert!(found[0].1.ends_with(" Beside it grew `pipes` (Array)."), "{found:?}");
        }
    }

    /// How many suspects there are of breakers in a list of the program, each of which a package gave an interval
    /// that is in a list of Node's, if the breakers know those or do not.
    fn of_intervals(are_known: bool) -> usize {
        let found = suspects(|heap, global, is_grown| {
            let main = function(heap, global, "main", PROGRAM, 3);
            let breakers = property(heap, main, "breakers", "Array");
            let scope = function(heap, global, "listOnTimeout", "node:internal/timers", 1);
            let table = property(heap, scope, "timerListMap", "Object");
            let code = heap.node(NodeType::CODE, "rotate", 16);
            let script = heap.node(NodeType::CODE, PACKAGE, 32);
            heap.edge(code, EdgeType::INTERNAL, "script", script);
            let timers = heap.node(NodeType::OBJECT, "TimersList", 48);
            heap.numbered(table, EdgeType::ELEMENT, 1000, timers);
            let breakers = list(heap, breakers, if is_grown { 300 } else { 4 }, "Breaker");
            let mut last = timers;
            for breaker in breakers {
                let timer = property(heap, last, "_idleNext", "Timeout");
                let callback = heap.node(NodeType::CLOSURE, "", 64);
                heap.edge(callback, EdgeType::INTERNAL, "shared", code);
                heap.edge(timer, EdgeType::PROPERTY, "_onTimeout", callback);
                if are_known {
                    let status = property(heap, breaker, "status", "Status");
                    heap.edge(status, EdgeType::PROPERTY, "timer", timer);
                }
                last = timer;
            }
            heap.edge(last, EdgeType::PROPERTY, "_idleNext", timers);
        });
        found.len()
    }

    #[test]
    fn intervals_that_a_package_sets_for_each_thing_of_a_suspect_are_part_of_it() {
        assert_eq!(of_intervals(true), 1);
        assert_eq!(of_intervals(false), 2);
    }

    #[test]
    fn it_is_a_suspect_if_it_is_the_programs_or_grew_otherwise_or_is_about_something_else() {
        let all_to_one = |heap: &mut GraphBuilder, loggers: &[NodeIndex], pipes: &[NodeIndex]| {
            for &pipe in pipes {
                heap.edge(pipe, EdgeType::PROPERTY, "logger", loggers[0]);
            }
        };
        assert_eq!(found("/srv/app/pipes.js", 300, each_to_its_own).len(), 2);
        assert_eq!(found(PACKAGE, 450, each_to_its_own).len(), 2);
        assert_eq!(found(PACKAGE, 300, |_, _, _| ()).len(), 2);
        assert_eq!(found(PACKAGE, 300, all_to_one).len(), 2);
    }

    /// How many suspects there are where two lists of one instance grow alike.
    fn in_one_instance(url: &str) -> usize {
        let found = suspects(|heap, global, is_grown| {
            function(heap, global, "remember", url, 2);
            let cache = property(heap, global, "cache", "Cache");
            heap.locate(cache, 7, 4, 2);
            for name in ["keys", "values"] {
                let of = property(heap, cache, name, "Array");
                list(heap, of, if is_grown { 300 } else { 4 }, name);
            }
        });
        found.len()
    }

    #[test]
    fn lists_of_one_thing_of_a_package_that_grow_alike_are_one_suspect() {
        assert_eq!(in_one_instance(PACKAGE), 1);
        assert_eq!(in_one_instance(PROGRAM), 2);
    }

    /// Names of what is found where a Map gains 300 things by texts that V8 holds, and a list the same texts, or
    /// others.
    fn of_keys(are_the_same: bool) -> Vec<String> {
        let found = suspects(|heap, global, is_grown| {
            let texts = heap.node(NodeType::SYNTHETIC, "(Internalized strings)", 0);
            heap.numbered(heap.root(), EdgeType::ELEMENT, 1, texts);
            let pages = property(heap, global, "pages", "Map");
            let table = heap.node(NodeType::ARRAY, "", 4_096);
            heap.edge(pages, EdgeType::INTERNAL, "table", table);
            let order = property(heap, global, "order", "Array");
            let elements = heap.node(NodeType::ARRAY, "", if is_grown { 40_000 } else { 100 });
            heap.edge(order, EdgeType::INTERNAL, "elements", elements);
            if is_grown {
                heap.set_id(elements, 900_001);
            }
            for number in 0..if is_grown { 300 } else { 0 } {
                let keys = ["key", "other"].map(|name| {
                    let key = heap.node(NodeType::STRING, format!("{name}:{number}"), 32);
                    heap.numbered(texts, EdgeType::ELEMENT, number, key);
                    key
                });
                let page = heap.node(NodeType::OBJECT, "Page", 400);
                let slot = 2 + 3 * number;
                heap.edge(table, EdgeType::INTERNAL, slot.to_string(), keys[0]);
                heap.edge(table, EdgeType::INTERNAL, (slot + 1).to_string(), page);
                heap.numbered(order, EdgeType::ELEMENT, number, keys[usize::from(!are_the_same)]);
            }
        });
        found.into_iter().map(|it| it.name).collect()
    }

    #[test]
    fn a_list_of_keys_is_part_of_what_has_things_by_them() {
        assert_eq!(of_keys(true), ["pages"]);
        assert_eq!(of_keys(false), ["pages", "order"]);
    }

    /// How many suspects there are where packages have two Maps that gain 300 things each, under keys that
    /// `key` makes of the number of a Map and of a thing.
    fn under_keys(url: &str, key: impl Fn(usize, u32) -> String) -> usize {
        let found = suspects(|heap, global, is_grown| {
            for (at, name) in ["services", "hooks"].into_iter().enumerate() {
                let owner = function(heap, global, name, url, 2);
                let map = property(heap, owner, name, "Map");
                let table = heap.node(NodeType::ARRAY, "", 4_096);
                heap.edge(map, EdgeType::INTERNAL, "table", table);
                for number in 0..if is_grown { 300 } else { 0 } {
                    let key = heap.node(NodeType::STRING, key(at, number), 32);
                    let thing = heap.node(NodeType::OBJECT, name, 200);
                    let slot = 2 + 3 * number;
                    heap.edge(table, EdgeType::INTERNAL, slot.to_string(), key);
                    heap.edge(table, EdgeType::INTERNAL, (slot + 1).to_string(), thing);
                }
            }
        });
        found.len()
    }

    #[test]
    fn what_packages_keep_under_the_same_keys_is_one_suspect() {
        let of_one = |_: usize, number: u32| format!("request:{number}");
        assert_eq!(under_keys(PACKAGE, of_one), 1);
        assert_eq!(under_keys(PROGRAM, of_one), 2);
        assert_eq!(under_keys(PACKAGE, |at, number| format!("{at}:{number}")), 2);
        assert_eq!(under_keys(PACKAGE, |_, number| format!("{}", number % 9)), 2, "a few words");
    }
}
