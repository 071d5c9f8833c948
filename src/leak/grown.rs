//! How much a suspect grew, and by what.

use std::collections::BTreeMap;

use crate::analysis::Analysis;
use crate::graph::{Edge, EdgeType, HeapGraph, NodeIndex, NodeType, StringIndex};
use crate::leak::alike::HOLDINGS;
use crate::leak::before::Before;
use crate::leak::candidate::Candidate;
use crate::leak::census::class_key;
use crate::leak::describe::Describer;
use crate::leak::holders::slots;
use crate::leak::naming::class_name;
use crate::leak::suspects::Newer;
use crate::leak::vocabulary::Vocabulary;
use crate::report::{Holding, Items, PerWork, SuspectGrowth};

/// How much a place grew, and by what.
pub(crate) struct Grown {
    pub(crate) growth: SuspectGrowth,
    /// What piled up below it, by class.
    pub(crate) holds: Vec<Holding>,
    /// What its new items are, by class; empty where nobody knows.
    pub(crate) things: Vec<Holding>,
    /// The small containers that it stands for beside itself.
    pub(crate) alike: u64,
}

impl Describer<'_> {
    /// How much it grew, and by what.
    pub(crate) fn grown(&self, candidate: &Candidate) -> Grown {
        Grown {
            growth: self.growth(candidate),
            holds: self.holdings(candidate),
            things: self.things(candidate),
            alike: candidate.alike.containers,
        }
    }

    fn items(&self, candidate: &Candidate) -> Option<Items> {
        let Newer { graph, .. } = self.newer;
        if let Some(scatter) = &candidate.scattered {
            let before = self.before.census().instances(class_key(graph, scatter.members[0]));
            let after = before.count + scatter.members.len() as u64;
            return Some(Items { before: before.count, after });
        }
        // The properties of the head of a list are not what grew, nor do buffers have items.
        let mut items = candidate.items().filter(|_| candidate.links == 0)?;
        if candidate.point.prior.is_none()
            && let Some(average) = self.before.average_of(candidate.point.node)
        {
            items.before = average.items.min(items.after);
        }
        (items.before > 0 || items.after > 0).then_some(items)
    }

    /// How much it grew.
    fn growth(&self, candidate: &Candidate) -> SuspectGrowth {
        let items = self.items(candidate);
        let own = items.map_or(0.0, |items| items.after as f64 - items.before as f64);
        let more = own + candidate.alike.more_items as f64;
        let bytes = candidate.point.bytes;
        let per_work =
            self.work.map(|work| PerWork { bytes: bytes as f64 / work, items: more / work });
        SuspectGrowth { retained_bytes: bytes as i64, items, per_work }
    }

    /// What its new items are, by class. Nothing where it stands for others, or for a list.
    fn things(&self, candidate: &Candidate) -> Vec<Holding> {
        let Newer { graph, .. } = self.newer;
        let stands_for_others = candidate.links > 0
            || candidate.scattered.is_some()
            || candidate.items_of().is_some()
            || candidate.alike.containers > 0;
        if stands_for_others || candidate.more_items() == 0 {
            return Vec::new();
        }
        let items = new_items(self.newer, self.before, candidate.point.node, usize::MAX);
        let mut samples: BTreeMap<(NodeType, StringIndex), (NodeIndex, u64)> = BTreeMap::new();
        for &item in &items {
            let node_type = match graph.node_type(item) {
                node_type if node_type.is_string() => NodeType::STRING,
                node_type => node_type,
            };
            let name = match node_type {
                NodeType::OBJECT | NodeType::NATIVE => graph.name_index(item),
                _ => StringIndex(0),
            };
            samples.entry((node_type, name)).or_insert((item, 0)).1 += 1;
        }
        let thing = |(sample, count)| Holding {
            class_name: class_name(graph, sample),
            // The keys of a Map may be of the class of its values.
            count: self.share_of_more(candidate, count).min(candidate.more_items()),
            bytes: 0,
        };
        samples.into_values().map(thing).collect()
    }

    /// What piled up.
    fn holdings(&self, candidate: &Candidate) -> Vec<Holding> {
        // What has no size of its own is a part of something that has been counted already.
        let sized = candidate.contents.classes.iter().filter(|class| class.bytes > 0);
        let classes = sized.take(HOLDINGS);
        classes
            .map(|class| Holding {
                class_name: class.class_name.clone(),
                count: self.share_of_more(candidate, class.count),
                bytes: self.share_of_more(candidate, class.bytes),
            })
            .collect()
    }

    /// Without ids there is no telling what was there before: of all that is in a container, the share
    /// of its items that are more.
    fn share_of_more(&self, candidate: &Candidate, number: u64) -> u64 {
        match candidate.items().map_or(0, |items| u128::from(items.after)) {
            now @ 1.. if !self.before.knows_young() => {
                (u128::from(number) * u128::from(candidate.more_items()) / now) as u64
            }
            _ => number,
        }
    }
}

/// Items of a container that came after the baseline, in ascending order, from the first `most` edges
/// to some; all items where nobody knows which are new.
pub(crate) fn new_items(
    newer: Newer<'_>,
    before: &Before<'_>,
    container: NodeIndex,
    most: usize,
) -> Vec<NodeIndex> {
    let Newer { graph, words, analysis, .. } = newer;
    let items = item_slots(graph, words, analysis, container).map(|edge| edge.target);
    let is_new = |&item: &NodeIndex| !before.knows_young() || before.is_young(item);
    let mut items: Vec<_> = items.filter(is_new).take(most).collect();
    // An element stands in the array and in its store.
    items.sort_unstable();
    items.dedup();
    items
}

/// The edges of a container that are its items: elements, slots of its table, properties.
fn item_slots<'a>(
    graph: &'a HeapGraph,
    words: &'a Vocabulary,
    analysis: &'a Analysis,
    container: NodeIndex,
) -> impl Iterator<Item = Edge> + 'a {
    slots(graph, analysis, container).filter(move |edge| match edge.label.edge_type() {
        EdgeType::ELEMENT => true,
        EdgeType::PROPERTY => edge.label.raw_name() != words.proto.0,
        EdgeType::INTERNAL => graph.edge_name(*edge).iter().all(u8::is_ascii_digit),
        _ => false,
    })
}
