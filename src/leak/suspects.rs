//! From accumulation points to suspects: what is one leak is made one, what is no leak is dropped,
//! and what is left gets its name.

use std::cell::{Cell, OnceCell};
use std::cmp::Reverse;
use std::sync::OnceLock;

use crate::analysis::Analysis;
use crate::control::Control;
use crate::error::Result;
use crate::graph::{HeapGraph, NodeType};
use crate::leak::alike::{Described, Families};
use crate::leak::before::Before;
use crate::leak::below::Below;
use crate::leak::beside::Beside;
use crate::leak::candidate::Candidate;
use crate::leak::companions::merge_companions;
use crate::leak::contents::{ClassShare, Contents, contents};
use crate::leak::credit::credit_scatters;
use crate::leak::declarations::is_of_package;
use crate::leak::definitions::are_definitions;
use crate::leak::describe::Describer;
use crate::leak::exports::Exports;
use crate::leak::file_names::FileNames;
use crate::leak::finalizers::{bytes_waiting, will_be_taken_out};
use crate::leak::generations::is_generation;
use crate::leak::growth::{Growth, Walk};
use crate::leak::idle::Idle;
use crate::leak::intervals::credit_intervals;
use crate::leak::items::{self, Container};
use crate::leak::keepers::credit_keepers;
use crate::leak::lift::lift_chains;
use crate::leak::listeners::merge_events;
use crate::leak::load::may_be_load;
use crate::leak::merge::{add_crowds, merge_siblings};
use crate::leak::naming::Naming;
use crate::leak::places::Places;
use crate::leak::realms::{are_realms, credit_realms};
use crate::leak::room::room_that_came;
use crate::leak::rotation::has_rotated;
use crate::leak::route::Routes;
use crate::leak::shape::RouteShapes;
use crate::leak::signals::Signals;
use crate::leak::small::large_together;
use crate::leak::things::is_value;
use crate::leak::timers::merge_timer_lists;
use crate::leak::turnover::{has_been_emptied, has_turned_over};
use crate::leak::vocabulary::Vocabulary;
use crate::leak::windows::{is_bucket, is_window};
use crate::report::{DiffOptions, Suspect};

/// Growth below this is not worth a look in any heap.
pub(super) const LEAST_BYTES: u64 = 16 << 10;

/// In a large heap, growth below this share of it is noise: one part in four thousand.
const LEAST_SHARE: u64 = 4096;

/// Fewer items than this may be a warm-up: connections of a pool, modules, routes, compiled templates.
pub(crate) const LEAST_ITEMS: u64 = 64;

/// Growth of this many bytes, or of one part in a hundred of the heap, is looked at even if it
/// consists of few items.
const MANY_BYTES: u64 = 256 << 10;
const MANY_SHARE: u64 = 100;

/// With so many things of one class inside, few items are no warm-up.
pub(super) const MANY_THINGS: u64 = 1000;

/// So many candidates that look different are described, those that grew most first: each may take a
/// look into its source.
const MOST_DESCRIPTIONS: usize = 1000;

/// The newer snapshot and what is known of it.
#[derive(Clone, Copy)]
pub struct Newer<'a> {
    /// The graph.
    pub graph: &'a HeapGraph,
    /// Its words.
    pub words: &'a Vocabulary,
    /// The ways to its nodes.
    pub routes: &'a Routes,
    /// Its facts.
    pub analysis: &'a Analysis,
}

/// Finds and names the suspects, most likely first.
///
/// # Errors
///
/// `ABORT_ERR`, `ERR_TIMEOUT`.
pub fn find_suspects(
    newer: Newer<'_>,
    before: &Before<'_>,
    options: &DiffOptions,
    control: &Control,
) -> Result<Vec<Suspect>> {
    let Newer { graph, words, analysis, .. } = newer;
    let total = analysis.retained.at(graph.root().at());
    let least_bytes = options.min_growth_bytes.unwrap_or((total / LEAST_SHARE).max(LEAST_BYTES));
    let walk = Walk {
        graph,
        words,
        analysis,
        before,
        least_bytes,
        least_items: LEAST_ITEMS,
        shared_tables: OnceLock::new(),
    };
    let (growth, positions) = rayon::join(|| walk.run(control), || analysis.dominators.positions());
    let naming = Naming::new(graph, words);
    let exports = &naming.exports;
    let mut candidates = worth_naming(newer, before, &walk, growth?, &positions, exports, control)?;
    // What has grown every time over several snapshots is more than that.
    candidates.retain(|candidate| options.is_trend || !may_be_load(newer, before, candidate));
    let describer = Describer {
        newer,
        before,
        naming: &naming,
        places: Places::new(newer, before, &positions, exports),
        files: FileNames::of_modules(graph, words),
        work: options.work,
        is_trend: options.is_trend,
        searches: Cell::new(0),
        young_exports: OnceCell::new(),
    };
    candidates
        .sort_by_key(|candidate| (Reverse(candidate.point.bytes), graph.id(candidate.point.node)));
    let mut shapes = RouteShapes::new(graph, words, newer.routes, exports);
    let mut families = Families::new(&analysis.dominators);
    let idle = Idle::new(newer, before, &positions);
    let signals = Signals::new(newer);
    let mut descriptions = 0;
    for candidate in &candidates {
        control.checkpoint()?;
        let position = positions[candidate.point.node.at()];
        let look = candidate.look(shapes.of(candidate.point.node));
        let grown = || describer.grown(candidate);
        if families.add_alike(look, position, grown) || descriptions == MOST_DESCRIPTIONS {
            continue;
        }
        descriptions += 1;
        if let Some(described) = describe_best(&describer, candidate)
            && !idle.explains(candidate, &described.suspect)
            && !signals.explains(candidate, &described.suspect)
            && !is_generation(newer, before, candidate)
            && !is_bucket(newer, before, candidate)
            && !has_turned_over(newer, before, candidate)
            && !is_window(newer, before, candidate)
            && !will_be_taken_out(newer, before, &positions, candidate)
            && !has_been_emptied(newer, before, candidate, &described.suspect)
            && !has_rotated(newer, before, candidate, &described.suspect)
        {
            families.add(look, position, described);
        }
    }
    if let Some((look, described)) = describer.registered_symbols(least_bytes) {
        families.add(look, positions[graph.root().at()], described);
    }
    let beside = Beside::new(newer, before);
    let is_part = |part: &Described, whole: &Described| beside.is_part(part, whole);
    Ok(families.suspects(options.suspects.max(1), is_part))
}

/// What is one leak made one, and what is noise or no growth of the program dropped.
fn worth_naming(
    newer: Newer<'_>,
    before: &Before<'_>,
    walk: &Walk<'_>,
    mut growth: Growth,
    positions: &[u32],
    exports: &Exports,
    control: &Control,
) -> Result<Vec<Candidate>> {
    let Newer { graph, words, analysis, .. } = newer;
    let crowds = std::mem::take(&mut growth.crowds);
    let mut candidates = credit_scatters(walk, growth, control)?;
    for candidate in &mut candidates {
        control.checkpoint()?;
        candidate.room = room_that_came(newer, before, candidate);
    }
    merge_timer_lists(newer, walk, positions, &mut candidates, control)?;
    credit_intervals(newer, walk, positions, &mut candidates, control)?;
    lift_chains(newer, before, positions, &mut candidates);
    control.checkpoint()?;
    add_crowds(newer, before, crowds, &mut candidates);
    merge_siblings(newer, before, &mut candidates);
    merge_events(newer, &mut candidates);
    credit_realms(newer, walk, positions, &mut candidates, control)?;
    let many = many_bytes(analysis.retained.at(graph.root().at()));
    let least = Least { bytes: walk.least_bytes, items: walk.least_items, many };
    let mut worth_it = Vec::new();
    let mut small = Vec::new();
    for mut candidate in candidates {
        control.checkpoint()?;
        let Candidate { point, credited, .. } = &candidate;
        let waiting = bytes_waiting(newer, positions, point.node, credited);
        candidate.point.bytes = candidate.point.bytes.saturating_sub(waiting);
        if candidate.bytes_of_things() < least.bytes {
            continue;
        }
        candidate.contents = contents_of(newer, before, positions, &candidate, control)?;
        let is_leak = !least.is_room(graph, words, &candidate)
            && is_of_the_program(newer, before, positions, &candidate)
            && !are_definitions(newer, before, &candidate);
        if is_leak && least.is_reached_by(&candidate) {
            worth_it.push(candidate);
        } else if is_leak {
            small.push(candidate);
        }
    }
    worth_it.extend(large_together(newer, walk, exports, small, many));
    let mut worth_it = credit_keepers(walk, worth_it, control)?;
    merge_companions(newer, walk, &mut worth_it, control)?;
    // Of what was made one, nobody has looked yet at what is in it.
    for candidate in worth_it.iter_mut().filter(|it| it.contents.classes.is_empty()) {
        candidate.contents = contents_of(newer, before, positions, candidate, control)?;
    }
    Ok(worth_it)
}

/// Of a heap of so many bytes, what is looked at even if it consists of few items.
pub(super) fn many_bytes(total: u64) -> u64 {
    (total / MANY_SHARE).max(MANY_BYTES)
}

/// What growth has to reach.
struct Least {
    bytes: u64,
    items: u64,
    /// So many bytes are looked at even if they are of few items.
    many: u64,
}

impl Least {
    fn is_reached_by(&self, candidate: &Candidate) -> bool {
        let bytes = candidate.bytes_of_things();
        bytes >= self.bytes
            && (candidate.more_items() >= self.items
                || candidate.links as u64 >= self.items
                || candidate.scattered.is_some()
                || candidate.alike.containers > 0
                || bytes >= self.many
                || Self::are_many_inside(candidate))
    }

    /// Whether the few items that came brought many things of one class: a map that gained three
    /// lists of a thousand messages has three items more. In a cache that is full, as many are young,
    /// and most of them in the place of others.
    fn are_many_inside(candidate: &Candidate) -> bool {
        let contents = &candidate.contents;
        let are_things = |class: &ClassShare| class.node_type == NodeType::OBJECT;
        candidate.more_items() > 0
            && contents.bytes / 2 <= candidate.bytes_of_things()
            && contents.classes.iter().any(|class| are_things(class) && class.count >= MANY_THINGS)
    }

    /// Whether it is room for what may come rather than something that is there: a store that was
    /// made with next to nothing in it, or the large table of a Map or WeakMap that has been emptied.
    fn is_room(&self, graph: &HeapGraph, words: &Vocabulary, candidate: &Candidate) -> bool {
        let things: u64 = candidate.contents.classes.iter().map(|class| class.count).sum();
        if !candidate.stands_for_itself() || things >= self.items {
            return false;
        }
        let node = candidate.point.node;
        let is_new = candidate.point.prior.is_none()
            && candidate.point.bytes < self.many
            && items::filled_slots(graph, words, node) < self.items;
        let is_emptied = || {
            let container = items::count(graph, words, node);
            matches!(container, Some((Container::Array | Container::Map | Container::Set, _)))
                && candidate.more_items() == 0
                && candidate.contents.bytes < self.bytes
        };
        is_new || is_emptied()
    }
}

/// Describes a candidate by the container that is in the program's own files, or else in a package's,
/// or else by any; of several by the first one whose name is found in the source.
fn describe_best(describer: &Describer<'_>, candidate: &Candidate) -> Option<Described> {
    let mut best: Option<((Distance, bool), Described)> = None;
    for view in candidate.views() {
        let Some(described) = describer.describe(&view) else { continue };
        let distance = Distance::of(&described.suspect);
        let rank = (distance, !described.is_declared);
        if best.as_ref().is_none_or(|(least, _)| rank < *least) {
            best = Some((rank, described));
        }
        if distance == Distance::Own {
            break;
        }
    }
    Some(best?.1)
}

/// How far the code that owns a suspect is from who reads the report.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Distance {
    /// In the program's own files.
    Own,
    /// In an installed package.
    Package,
    /// In Node, or nobody knows.
    Node,
}

impl Distance {
    fn of(suspect: &Suspect) -> Self {
        match &suspect.source {
            Some(source) if source.url.starts_with("node:") => Self::Node,
            Some(source) if is_of_package(&source.url) => Self::Package,
            Some(_) => Self::Own,
            None => Self::Node,
        }
    }
}

/// What piled up under a candidate.
fn contents_of(
    newer: Newer<'_>,
    before: &Before<'_>,
    positions: &[u32],
    candidate: &Candidate,
    control: &Control,
) -> Result<Contents> {
    let Newer { graph, analysis, .. } = newer;
    let order = analysis.dominators.order();
    match &candidate.scattered {
        Some(scatter) => contents(graph, &analysis.self_size, before, &[&scatter.members], control),
        None => {
            let below = Below::new(newer, positions, candidate);
            let runs: Vec<_> = below.subtrees().map(|subtree| &order[subtree]).collect();
            contents(graph, &analysis.self_size, before, &runs, control)
        }
    }
}

/// Whether growth is of what a program made, and not of what V8 and Node make of the program.
fn is_of_the_program(
    newer: Newer<'_>,
    before: &Before<'_>,
    positions: &[u32],
    candidate: &Candidate,
) -> bool {
    let Newer { graph, words, .. } = newer;
    let node = candidate.point.node;
    if !is_value(graph, words, node) {
        return false;
    }
    let contents = &candidate.contents;
    let mostly_code = contents.code_bytes * 2 > contents.bytes.max(candidate.point.bytes);
    let is_scope = graph.name_index(node) == words.context_node;
    let warms_up = || {
        mostly_code
            && candidate.more() < LEAST_ITEMS
            && !are_realms(newer, before, positions, candidate)
    };
    !is_scope && !warms_up()
}

#[cfg(test)]
mod tests {
    use crate::graph::{EdgeType, NodeIndex, NodeType};
    use crate::leak::stage::{self, property};
    use crate::testing::GraphBuilder;

    /// Names, classes and bytes of the suspects between a heap without and one with what `grow` adds.
    fn suspects(build: impl Fn(&mut GraphBuilder, NodeIndex, bool)) -> Vec<(String, String, i64)> {
        let found = stage::suspects(build).into_iter();
        let shown = found.map(|it| (it.name, it.class_name, it.growth.retained_bytes));
        shown.collect()
    }

    #[test]
    fn objects_in_two_containers_are_credited_to_one_that_grew() {
        let found = suspects(|heap, global, grown| {
            let list = property(heap, global, "list", "Array");
            let index = property(heap, global, "index", "Array");
            for at in 0..if grown { 300 } else { 0 } {
                let item = heap.node(NodeType::OBJECT, "Item", 200);
                heap.numbered(list, EdgeType::ELEMENT, at, item);
                heap.numbered(index, EdgeType::ELEMENT, at, item);
            }
        });
        assert_eq!(found, [("list".into(), "Array".into(), 60_000)]);
    }

    #[test]
    fn what_items_lead_to_is_credited_to_their_container() {
        let found = suspects(|heap, global, grown| {
            let list = property(heap, global, "sandboxes", "Array");
            let other = property(heap, global, "other", "Registry");
            for at in 0..if grown { 300 } else { 0 } {
                let item = heap.node(NodeType::OBJECT, "Sandbox", 16);
                let realm = heap.node(NodeType::OBJECT, "Realm", 400);
                heap.numbered(list, EdgeType::ELEMENT, at, item);
                heap.edge(item, EdgeType::PROPERTY, "realm", realm);
                // The realm has another owner, so that the list does not dominate it.
                heap.edge(other, EdgeType::INTERNAL, "realm", realm);
            }
        });
        assert_eq!(found[0].0, "sandboxes");
        assert!(found[0].2 >= 300 * 400, "{found:?}");
    }

    #[test]
    fn a_list_with_two_entries_is_named_by_one_of_them() {
        let found = suspects(|heap, global, grown| {
            let lru = property(heap, global, "lru", "Lru");
            let first = property(heap, lru, "tail", "Entry");
            let mut last = first;
            for _ in 0..if grown { 300 } else { 0 } {
                let entry = heap.node(NodeType::OBJECT, "Entry", 200);
                heap.edge(entry, EdgeType::PROPERTY, "older", last);
                heap.edge(last, EdgeType::PROPERTY, "newer", entry);
                last = entry;
            }
            heap.edge(lru, EdgeType::PROPERTY, "head", last);
        });
        assert_eq!(found.len(), 1);
        assert!(["head", "tail"].contains(&found[0].0.as_str()), "{found:?}");
        assert_eq!(found[0].1, "Entry");
    }

    /// The suspects where timers come that hang on each other, each held by a job, if jobs are kept.
    fn of_timers(are_kept: bool) -> Vec<(String, String, i64)> {
        suspects(|heap, global, grown| {
            let timers = property(heap, global, "timers", "TimersList");
            let jobs = property(heap, global, "jobs", "Array");
            let mut last = timers;
            for at in 0..if grown { 300 } else { 0 } {
                let timer = heap.node(NodeType::OBJECT, "Timeout", 100);
                heap.edge(last, EdgeType::PROPERTY, "_idleNext", timer);
                heap.edge(timer, EdgeType::PROPERTY, "_idlePrev", last);
                if are_kept {
                    let job = heap.node(NodeType::OBJECT, "Job", 100);
                    heap.numbered(jobs, EdgeType::ELEMENT, at, job);
                    heap.edge(job, EdgeType::PROPERTY, "timer", timer);
                }
                last = timer;
            }
            heap.edge(last, EdgeType::PROPERTY, "_idleNext", timers);
            heap.edge(timers, EdgeType::PROPERTY, "_idlePrev", last);
        })
    }

    #[test]
    fn timers_are_credited_to_the_container_that_leads_to_them() {
        assert_eq!(of_timers(true), [("jobs".into(), "Array".into(), 300 * 200)]);
        let alone = of_timers(false);
        assert_eq!(alone.len(), 1);
        assert_eq!((alone[0].1.as_str(), alone[0].2), ("Timeout", 300 * 100));
    }

    #[test]
    fn a_ring_is_named_by_the_element_that_stands_for_its_ends() {
        let found = suspects(|heap, global, grown| {
            let queue = property(heap, global, "queue", "List");
            let head = property(heap, queue, "head", "Object");
            let mut last = head;
            for _ in 0..if grown { 300 } else { 0 } {
                let entry = heap.node(NodeType::OBJECT, "Object", 100);
                heap.edge(last, EdgeType::PROPERTY, "next", entry);
                heap.edge(entry, EdgeType::PROPERTY, "prev", last);
                last = entry;
            }
            heap.edge(last, EdgeType::PROPERTY, "next", head);
            heap.edge(head, EdgeType::PROPERTY, "prev", last);
        });
        assert_eq!(found, [("head".into(), "Object".into(), 300 * 100)]);
    }

    #[test]
    fn a_string_that_is_larger_in_another_process_has_grown() {
        let found = stage::suspects_by_shape(|heap, global, grown| {
            let page = property(heap, global, "page", "Page");
            let html = heap.node(NodeType::STRING, "", if grown { 900_000 } else { 2_000 });
            heap.edge(page, EdgeType::PROPERTY, "html", html);
        });
        assert_eq!(found.len(), 1);
        assert_eq!((found[0].name.as_str(), found[0].growth.retained_bytes), ("html", 898_000));
    }

    #[test]
    fn what_is_replaced_by_as_much_is_no_suspect() {
        let found = suspects(|heap, global, grown| {
            let list = property(heap, global, "list", "Array");
            let offset = if grown { 5_000 } else { 0 };
            for at in 0..300 {
                let item = heap.node(NodeType::OBJECT, "Item", 200);
                let id = 2 * item.0 + 1 + offset;
                heap.set_id(item, id);
                heap.numbered(list, EdgeType::ELEMENT, at, item);
            }
        });
        assert_eq!(found, []);
    }
}
