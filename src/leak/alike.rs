//! One leak in many places: the list that each tenant has, the buffer of each connection.
//!
//! Suspects of one fingerprint are one line of code that leaks. The report has it once, by its
//! largest container, with the growth of all of them.
//!
//! Time: one look at each of at most [`MOST_PLACES`] places for each suspect.

use crate::analysis::dominator_tree::DominatorTree;
use crate::graph::NodeIndex;
use crate::leak::sentence::sentence;
use crate::report::{Holding, Suspect};

/// So many places are described. The rest is smaller than each of them.
pub(crate) const MOST_PLACES: usize = 1000;

/// How many classes of contents are listed.
pub(crate) const HOLDINGS: usize = 5;

/// A suspect, and what its sentence needs beside it.
pub(crate) struct Described {
    pub(crate) suspect: Suspect,
    /// The class whose instance holds it, where there is one.
    pub(crate) owner: Option<String>,
}

/// Suspects, and in how many places each was found.
pub(crate) struct Families<'a> {
    tree: &'a DominatorTree,
    /// By node: where it stands in the tree.
    positions: &'a [u32],
    families: Vec<Family>,
}

struct Family {
    first: Described,
    places: Vec<NodeIndex>,
}

impl<'a> Families<'a> {
    /// No suspects yet.
    pub(crate) fn new(tree: &'a DominatorTree, positions: &'a [u32]) -> Self {
        Self { tree, positions, families: Vec::new() }
    }

    /// Takes a suspect in. Those that grew most come first.
    pub(crate) fn add(&mut self, described: Described, node: NodeIndex) {
        let fingerprint = &described.suspect.fingerprint;
        let known = self
            .families
            .iter()
            .position(|family| family.first.suspect.fingerprint == *fingerprint);
        let Some(known) = known else {
            self.families.push(Family { first: described, places: vec![node] });
            return;
        };
        // Of one inside the other, the growth has been counted: they are two views of one place.
        let is_view = self.families[known].places.iter().any(|&place| self.are_nested(place, node));
        if !is_view {
            self.families[known].add(described.suspect, node);
        }
    }

    /// The suspects with their sentences, largest growth first.
    pub(crate) fn suspects(self, most: usize) -> Vec<Suspect> {
        let mut suspects: Vec<_> = self.families.into_iter().map(Family::finish).collect();
        suspects.sort_by_key(|suspect| std::cmp::Reverse(suspect.growth.retained_bytes));
        suspects.truncate(most);
        suspects
    }

    fn are_nested(&self, one: NodeIndex, other: NodeIndex) -> bool {
        let [one, other] = [one, other].map(|node| self.positions[node.at()]);
        self.tree.subtree(one).contains(&(other as usize))
            || self.tree.subtree(other).contains(&(one as usize))
    }
}

impl Family {
    fn add(&mut self, other: Suspect, node: NodeIndex) {
        let suspect = &mut self.first.suspect;
        suspect.alike += 1;
        suspect.growth.retained_bytes += other.growth.retained_bytes;
        if let (Some(ours), Some(its)) = (&mut suspect.growth.per_work, other.growth.per_work) {
            ours.bytes += its.bytes;
            ours.items += its.items;
        }
        for holding in other.holds {
            add_holding(&mut suspect.holds, holding);
        }
        self.places.push(node);
    }

    fn finish(self) -> Suspect {
        let Described { mut suspect, owner } = self.first;
        suspect.holds.sort_by_key(|holding| std::cmp::Reverse(holding.bytes));
        suspect.holds.truncate(HOLDINGS);
        suspect.summary = sentence(&suspect, owner.as_deref());
        suspect
    }
}

fn add_holding(holds: &mut Vec<Holding>, more: Holding) {
    match holds.iter_mut().find(|holding| holding.class_name == more.class_name) {
        Some(holding) => {
            holding.count += more.count;
            holding.bytes += more.bytes;
        }
        None => holds.push(more),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::{What, analyse};
    use crate::control::Control;
    use crate::graph::{EdgeType, NodeType};
    use crate::report::{Items, PerWork, SuspectGrowth, SuspectKind};
    use crate::testing::GraphBuilder;

    fn described(fingerprint: &str, bytes: i64) -> Described {
        let suspect = Suspect {
            name: "history".into(),
            class_name: "Array".into(),
            kind: SuspectKind::Array,
            node_id: 1,
            alike: 0,
            confidence: 0.5,
            growth: SuspectGrowth {
                retained_bytes: bytes,
                items: Some(Items { before: 1, after: 11 }),
                per_work: Some(PerWork { bytes: bytes as f64, items: 10.0 }),
            },
            source: None,
            path: vec![],
            holds: vec![Holding { class_name: "Entry".into(), count: 10, bytes: 5 }],
            fingerprint: fingerprint.into(),
            summary: String::new(),
        };
        Described { suspect, owner: None }
    }

    #[test]
    fn places_of_one_fingerprint_are_one_suspect_and_may_together_be_the_largest() {
        let mut heap = GraphBuilder::new();
        let nodes: Vec<_> = (0..4).map(|_| heap.node(NodeType::OBJECT, "Array", 8)).collect();
        for &node in &nodes[..3] {
            heap.edge(heap.root(), EdgeType::PROPERTY, "p", node);
        }
        heap.edge(nodes[2], EdgeType::PROPERTY, "inner", nodes[3]);
        let graph = heap.build();
        let analysis = analyse(&graph, What::ALL, &Control::default()).unwrap();
        let positions = analysis.dominators.positions();
        let mut families = Families::new(&analysis.dominators, &positions);
        families.add(described("other", 150), nodes[0]);
        families.add(described("same", 100), nodes[1]);
        families.add(described("same", 90), nodes[2]);
        // Inside of a place that has been counted.
        families.add(described("same", 80), nodes[3]);
        let suspects = families.suspects(5);
        let seen: Vec<_> = suspects
            .iter()
            .map(|s| (s.fingerprint.as_str(), s.alike, s.growth.retained_bytes))
            .collect();
        assert_eq!(seen, [("same", 1, 190), ("other", 0, 150)]);
        assert_eq!(suspects[0].holds[0].count, 20);
        assert_eq!(suspects[0].growth.per_work.unwrap().items, 20.0);
        assert_eq!(
            suspects[0].summary,
            "`history` (Array) grew from 1 to 11 elements, and 1 more like it (+190 B in all): they \
             now hold 20 more Entry objects."
        );
    }
}
