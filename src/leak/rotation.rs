//! Windows whose buckets give way to new ones: counts of the last minutes, of which the oldest is thrown away
//! when a minute begins.
//!
//! If all buckets are others than before and there are no more of them, each goes sooner or later, with what is
//! in it. How full they are is load: none has anything in it while nobody calls, and all have when many do. That
//! may be any number of times as much, so the code has to say too that it throws buckets away. A state that
//! is copied, and grows, keeps what was in the one before.
//!
//! By id only: it has to be known that the buckets are others.
//!
//! Time: linear in the edges of the window and of its buckets, and in the source of its file.

use crate::graph::{NodeIndex, NodeType};
use crate::leak::before::Before;
use crate::leak::candidate::Candidate;
use crate::leak::holders::slots;
use crate::leak::items;
use crate::leak::merge::collection_around;
use crate::leak::suspects::Newer;
use crate::leak::turnover::is_empty_put_in;
use crate::report::Suspect;
use crate::source_map::source_text_of;
use crate::source_words::behind_name;

/// With fewer buckets it is no window, but a few things side by side.
const FEWEST_BUCKETS: usize = 4;

/// Calls that take something out of a list, Map or Set.
const TAKES_OUT: [&str; 4] = [".shift(", ".pop(", ".splice(", ".delete("];

/// Whether a candidate is a bucket of such a window, or stands for several.
pub(super) fn has_rotated(
    newer: Newer<'_>,
    before: &Before<'_>,
    candidate: &Candidate,
    suspect: &Suspect,
) -> bool {
    let node = candidate.point.node;
    if !before.knows_young() || candidate.scattered.is_some() || candidate.links > 0 {
        return false;
    }
    let window = match before.is_young(node) {
        true => window_of(newer, before, node),
        false => candidate.items_of().map(|_| node),
    };
    window.is_some_and(|window| {
        !before.is_young(window)
            && has_no_more(newer, before, window)
            && are_all_new(newer, before, window)
            && throws_away(newer, window, suspect)
    })
}

/// The window that a bucket is in, or the object that a bucket's time and its entries are kept in.
fn window_of(newer: Newer<'_>, before: &Before<'_>, bucket: NodeIndex) -> Option<NodeIndex> {
    let Newer { graph, words, analysis, .. } = newer;
    let around = |node| collection_around(graph, words, analysis, node);
    let is_all_new = || objects(newer, bucket).all(|it| before.is_young(it));
    let of_object = || {
        let object = analysis.dominators.idom(bucket);
        let is_object = graph.node_type(object) == NodeType::OBJECT && before.is_young(object);
        (is_object && is_all_new()).then(|| around(object)).flatten()
    };
    around(bucket).or_else(of_object)
}

fn has_no_more(newer: Newer<'_>, before: &Before<'_>, window: NodeIndex) -> bool {
    let Newer { graph, words, .. } = newer;
    let now = items::count(graph, words, window).map(|(_, items)| items);
    now.zip(before.of(graph, window)).is_some_and(|(now, was)| now <= was.items)
}

/// Whether a window has enough buckets, and neither they nor the objects in them were there before.
fn are_all_new(newer: Newer<'_>, before: &Before<'_>, window: NodeIndex) -> bool {
    let is_new = |node: NodeIndex| before.is_young(node);
    let mut buckets = 0;
    let are_new = objects(newer, window).all(|bucket| {
        buckets += 1;
        is_new(bucket) && objects(newer, bucket).all(is_new)
    });
    are_new && buckets >= FEWEST_BUCKETS
}

/// The objects that a container has in it.
fn objects(newer: Newer<'_>, container: NodeIndex) -> impl Iterator<Item = NodeIndex> {
    let Newer { graph, words, analysis, .. } = newer;
    let slots = slots(graph, analysis, container);
    let own = slots.filter(move |edge| edge.label.raw_name() != words.proto.0);
    own.map(|edge| edge.target).filter(move |&it| graph.node_type(it) == NodeType::OBJECT)
}

/// Whether the code takes something out of the window, or puts an empty thing in a place of it.
fn throws_away(newer: Newer<'_>, window: NodeIndex, suspect: &Suspect) -> bool {
    let Some(text) = source_text_of(suspect) else { return false };
    let id = newer.graph.id(window);
    let step = suspect.path.iter().find(|step| step.node_id == id);
    let name = step.map_or(&suspect.name, |step| &step.edge);
    behind_name(&text, name).any(|behind| {
        let place = behind.strip_prefix('[').and_then(|inside| inside.split_once(']'));
        TAKES_OUT.iter().any(|call| behind.starts_with(call))
            || place.is_some_and(|(_, behind)| is_empty_put_in(behind))
    })
}

#[cfg(test)]
mod tests {
    use crate::graph::{EdgeType, NodeType};
    use crate::leak::stage::{Sources, function, scope, suspects};

    /// What a test varies.
    struct Window {
        /// What the code does beside making the window.
        code: &'static str,
        buckets: [u32; 2],
        /// Of the buckets of before, how many are there afterwards.
        stay: u32,
    }

    /// How many suspects there are where the buckets of a window had nothing in them, and one has 600 entries.
    fn count(window: &Window, name: &str) -> usize {
        let text = format!("const minutes = [];\nfunction next() {{ {} }}\n", window.code);
        let sources = Sources::new(&format!("rotation-{name}"), &[("main.js", &text)]);
        let found = suspects(|heap, global, is_grown| {
            let next = function(heap, global, "next", &sources.url("main.js"), 2);
            let scope = scope(heap, next);
            let minutes = heap.node(NodeType::OBJECT, "Array", 2_000);
            heap.edge(scope, EdgeType::CONTEXT, "minutes", minutes);
            heap.set_id(minutes, 5_001);
            for at in 0..window.buckets[usize::from(is_grown)] {
                let bucket = heap.node(NodeType::OBJECT, "Array", 32);
                let is_other = is_grown && at >= window.stay;
                heap.set_id(bucket, if is_other { 80_001 } else { 60_001 } + 2 * at);
                heap.numbered(minutes, EdgeType::ELEMENT, at, bucket);
                for number in 0..if is_grown && at + 1 == window.buckets[1] { 600 } else { 0 } {
                    let entry = heap.node(NodeType::OBJECT, "Entry", 100);
                    heap.set_id(entry, 90_001 + 2 * number);
                    heap.numbered(bucket, EdgeType::ELEMENT, number, entry);
                }
            }
        });
        found.len()
    }

    #[test]
    fn a_window_that_was_empty_is_none_of_the_suspects_if_all_its_buckets_are_others() {
        let shifts = "minutes.push([]); minutes.shift();";
        let window = |code, buckets, stay| Window { code, buckets, stay };
        assert_eq!(count(&window(shifts, [6, 6], 0), "shifts"), 0);
        assert_eq!(count(&window("minutes[now % 6] = [];", [6, 6], 0), "ring"), 0);
        assert_eq!(count(&window(shifts, [6, 6], 1), "stays"), 1, "one bucket stayed");
        assert_eq!(count(&window(shifts, [6, 7], 0), "more"), 1, "there are more buckets");
        assert_eq!(count(&window("minutes.push([]);", [6, 6], 0), "keeps"), 1, "none goes");
        let copies = "minutes[at] = minutes[at].concat(entry);";
        assert_eq!(count(&window(copies, [6, 6], 0), "copies"), 1, "a bucket is copied");
    }
}
