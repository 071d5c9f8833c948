//! One leak in many places: the list that each tenant has, the buffer of each connection.
//!
//! Suspects of one fingerprint are one line of code that leaks. The report has it once, by its
//! largest container, with the growth of all of them. To describe a place takes its source; so of
//! places that look the same from the root only the first is described.
//!
//! And one leak on two sides: for what a program does with a thing of Node's, as an AbortSignal that
//! follows another, Node keeps lists of its own. They are part of the suspect that the program has a name
//! for, if that gained as many items. So are the listeners that Node puts on a thing of its own, as on a
//! stream that is piped into others, if more in that thing gained as many.
//!
//! Time: O(log n) for each place. Memory: some words for each.

use std::cmp::Reverse;
use std::collections::{BTreeSet, HashMap};

use crate::analysis::dominator_tree::DominatorTree;
use crate::graph::NodeIndex;
use crate::leak::beside::may_be_part;
use crate::leak::grown::Grown;
use crate::leak::listeners::is_about;
use crate::leak::sentence::{Inside, sentence, sentence_on_parts};
use crate::report::{Holding, Suspect, SuspectGrowth, SuspectKind};

/// How many classes of contents are listed.
pub(crate) const HOLDINGS: usize = 5;

/// Of so many suspects, those that grew most, it is asked whether one is part of another.
const MOST_FOLDED: usize = 64;

/// A suspect, and what its sentence needs beside it.
pub(crate) struct Described {
    pub(crate) suspect: Suspect,
    /// The class whose instance holds it, where there is one.
    pub(crate) owner: Option<String>,
    /// The containers inside it that its items are in, if they are not its own.
    pub(crate) inside: Option<Inside>,
    /// What its new items are, by class; empty where nobody knows.
    pub(crate) things: Vec<Holding>,
    /// Whether its name is found where the source is said to be.
    pub(crate) is_declared: bool,
    /// Whether Node made it for itself: a program has no name for it.
    pub(crate) is_of_node: bool,
    /// The thing that its name is of, if it is inside a thing as a whole.
    pub(crate) whole: Option<NodeIndex>,
    /// The emitter, if it is listeners that nobody but Node put there.
    pub(crate) emitter: Option<NodeIndex>,
    /// The container, or the instances that it stands for.
    pub(crate) nodes: Vec<NodeIndex>,
    /// What it has taken in that grew beside it, by name and class.
    pub(crate) beside: Vec<(String, String)>,
}

impl Described {
    /// A suspect about which there is nothing else to know.
    pub(crate) fn of(suspect: Suspect) -> Self {
        Self {
            suspect,
            owner: None,
            inside: None,
            things: Vec::new(),
            is_declared: false,
            is_of_node: false,
            whole: None,
            emitter: None,
            nodes: Vec::new(),
            beside: Vec::new(),
        }
    }

    /// Whether this is Node's side of another suspect, which a program has a name for: it gained as
    /// many items, or is a registry of what is there, which grows with it.
    fn is_echo_of(&self, other: &Self) -> bool {
        let gained = |described: &Self| {
            described.suspect.growth.items.map(|items| items.after.saturating_sub(items.before))
        };
        let is_about_it = self.emitter.is_some() && self.emitter == other.whole;
        match (gained(self), gained(other)) {
            _ if other.may_be_echo() => false,
            (Some(its), Some(others)) => (self.is_of_node || is_about_it) && is_about(its, others),
            (None, Some(_)) => self.is_of_node && self.suspect.class_name == "FinalizationRegistry",
            _ => false,
        }
    }

    /// Whether Node keeps it, which may be for another suspect.
    fn may_be_echo(&self) -> bool {
        self.is_of_node || self.emitter.is_some()
    }
}

/// What makes two places look the same: the shape of the way to them, and how they grew.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Look {
    pub(crate) shape: u64,
    pub(crate) has_more_items: bool,
    pub(crate) is_chain: bool,
    pub(crate) is_scattered: bool,
}

/// Suspects, and in how many places each was found.
pub(crate) struct Families<'a> {
    tree: &'a DominatorTree,
    families: Vec<Family>,
    by_look: HashMap<Look, usize>,
    by_fingerprint: HashMap<String, usize>,
}

struct Family {
    first: Described,
    /// Positions in the dominator tree. No place is inside another.
    places: BTreeSet<u32>,
}

impl<'a> Families<'a> {
    /// No suspects yet.
    pub(crate) fn new(tree: &'a DominatorTree) -> Self {
        let (by_look, by_fingerprint) = (HashMap::new(), HashMap::new());
        Self { tree, families: Vec::new(), by_look, by_fingerprint }
    }

    /// Adds a place at a position of the tree to the suspect that looks the same. False if there is
    /// none.
    pub(crate) fn add_alike(
        &mut self,
        look: Look,
        position: u32,
        grown: impl FnOnce() -> Grown,
    ) -> bool {
        let Some(&family) = self.by_look.get(&look) else { return false };
        self.add_to(family, position, grown);
        true
    }

    /// Takes a suspect in. Those that grew most come first.
    pub(crate) fn add(&mut self, look: Look, position: u32, described: Described) {
        let fingerprint = &described.suspect.fingerprint;
        if let Some(&family) = self.by_fingerprint.get(fingerprint) {
            self.by_look.insert(look, family);
            let Described { suspect: Suspect { growth, holds, alike, .. }, things, .. } = described;
            return self.add_to(family, position, || Grown { growth, holds, things, alike });
        }
        self.by_fingerprint.insert(fingerprint.clone(), self.families.len());
        self.by_look.insert(look, self.families.len());
        self.families.push(Family { first: described, places: BTreeSet::from([position]) });
    }

    /// The suspects with their sentences, most likely first: largest growth first, but containers that only
    /// hold larger items last. Those may be caches that are full.
    /// `is_part` says whether the first of two is part of the second.
    pub(crate) fn suspects(
        mut self,
        most: usize,
        is_part: impl Fn(&Described, &Described) -> bool,
    ) -> Vec<Suspect> {
        self.fold_echoes();
        self.fold_parts(is_part);
        let mut suspects: Vec<_> = self.families.into_iter().map(Family::finish).collect();
        suspects.sort_by_key(|it| (is_only_larger(it), Reverse(it.growth.retained_bytes)));
        suspects.truncate(most);
        suspects
    }

    /// Makes what Node keeps beside a suspect a part of it.
    fn fold_echoes(&mut self) {
        let (echoes, mut others): (Vec<_>, Vec<_>) =
            std::mem::take(&mut self.families).into_iter().partition(|it| it.first.may_be_echo());
        for family in echoes {
            let bytes = |it: &&mut Family| it.first.suspect.growth.retained_bytes;
            let heard = others.iter_mut().filter(|it| family.first.is_echo_of(&it.first));
            match heard.max_by_key(bytes) {
                Some(other) => other.take(family),
                None => self.families.push(family),
            }
        }
        self.families.extend(others);
    }

    /// Makes what grew beside a suspect a part of it. What is in the program's own code is the first choice.
    fn fold_parts(&mut self, is_part: impl Fn(&Described, &Described) -> bool) {
        let order = |family: &Family| {
            let Suspect { kind, growth, .. } = &family.first.suspect;
            // Timers and listeners are there for something.
            let is_for_others = matches!(kind, SuspectKind::Timers | SuspectKind::Listeners);
            let is_of_others = may_be_part(&family.first.suspect);
            (is_of_others, is_of_others && is_for_others, Reverse(growth.retained_bytes))
        };
        self.families.sort_by_key(order);
        let mut at = self.families.len().min(MOST_FOLDED);
        while at > 1 {
            at -= 1;
            let (wholes, rest) = self.families.split_at_mut(at);
            let part = &rest[0].first;
            if let Some(whole) = wholes.iter().position(|whole| is_part(part, &whole.first)) {
                let part = self.families.remove(at);
                self.families[whole].take_part(part);
            }
        }
    }

    fn add_to(&mut self, family: usize, position: u32, grown: impl FnOnce() -> Grown) {
        let family = &mut self.families[family];
        // Of one inside the other, the growth has been counted: they are two views of one place.
        if !family.has_view_of(self.tree, position) {
            family.add(grown());
            family.places.insert(position);
        }
    }
}

impl Family {
    /// Whether a place is inside the one at `position`, or the other way round.
    fn has_view_of(&self, tree: &DominatorTree, position: u32) -> bool {
        let is_in = |inner: u32, outer: u32| tree.subtree(outer).contains(&(inner as usize));
        let before = self.places.range(..=position).next_back();
        let behind = self.places.range(position..).next();
        before.is_some_and(|&outer| is_in(position, outer))
            || behind.is_some_and(|&inner| is_in(inner, position))
    }

    fn add(&mut self, Grown { growth, holds, things, alike }: Grown) {
        for thing in things {
            add_holding(&mut self.first.things, thing);
        }
        let suspect = &mut self.first.suspect;
        suspect.alike += 1 + alike;
        if let (Some(ours), Some(its)) = (&mut suspect.growth.per_work, &growth.per_work) {
            ours.items += its.items;
        }
        self.add_bytes(&growth, holds);
    }

    /// Takes in what Node keeps beside it. The items are the same ones.
    fn take(&mut self, echo: Self) {
        let Suspect { growth, holds, .. } = echo.first.suspect;
        self.add_bytes(&growth, holds);
    }

    /// Takes in what grew beside it.
    fn take_part(&mut self, mut part: Self) {
        let Suspect { name, class_name, .. } = &part.first.suspect;
        self.first.beside.push((name.clone(), class_name.clone()));
        self.first.beside.append(&mut part.first.beside);
        self.take(part);
    }

    fn add_bytes(&mut self, growth: &SuspectGrowth, holds: Vec<Holding>) {
        let suspect = &mut self.first.suspect;
        suspect.growth.retained_bytes += growth.retained_bytes;
        if let (Some(ours), Some(its)) = (&mut suspect.growth.per_work, &growth.per_work) {
            ours.bytes += its.bytes;
        }
        for holding in holds {
            add_holding(&mut suspect.holds, holding);
        }
    }

    fn finish(self) -> Suspect {
        let Described { mut suspect, owner, inside, things, beside, .. } = self.first;
        suspect.holds.sort_by_key(|holding| Reverse(holding.bytes));
        suspect.holds.truncate(HOLDINGS);
        suspect.summary = sentence(&suspect, owner.as_deref(), inside.as_ref(), &things);
        if let Some(others) = sentence_on_parts(&beside) {
            suspect.summary += &others;
        }
        suspect
    }
}

/// Whether a container has no more items than before.
fn is_only_larger(suspect: &Suspect) -> bool {
    suspect.growth.items.is_some_and(|items| items.after <= items.before) && suspect.alike == 0
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
    use crate::report::{Items, PerWork};
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
        let (things, is_of_node) = (vec![], false);
        Described {
            suspect,
            owner: None,
            inside: None,
            things,
            is_declared: true,
            is_of_node,
            whole: None,
            emitter: None,
            nodes: vec![],
            beside: vec![],
        }
    }

    #[test]
    fn places_of_one_fingerprint_are_one_suspect_and_may_together_be_the_largest() {
        let mut heap = GraphBuilder::new();
        let nodes: Vec<_> = (0..5).map(|_| heap.node(NodeType::OBJECT, "Array", 8)).collect();
        for &node in [&nodes[..3], &nodes[4..]].concat().iter() {
            heap.edge(heap.root(), EdgeType::PROPERTY, "p", node);
        }
        heap.edge(nodes[2], EdgeType::PROPERTY, "inner", nodes[3]);
        let graph = heap.build();
        let analysis = analyse(&graph, What::ALL, &Control::default()).unwrap();
        let positions = analysis.dominators.positions();
        let look =
            |shape| Look { shape, has_more_items: true, is_chain: false, is_scattered: false };
        let at = |node: usize| positions[nodes[node].at()];
        let mut families = Families::new(&analysis.dominators);
        families.add(look(1), at(0), described("other", 150));
        families.add(look(2), at(1), described("same", 100));
        families.add(look(3), at(2), described("same", 90));
        // Inside of a place that has been counted.
        families.add(look(4), at(3), described("same", 80));
        // Looks like one that has been described.
        let grown = || {
            let Suspect { growth, holds, .. } = described("same", 70).suspect;
            Grown { growth, holds, things: vec![], alike: 3 }
        };
        assert!(families.add_alike(look(3), at(4), grown));
        assert!(!families.add_alike(look(9), at(4), || unreachable!()));
        let suspects = families.suspects(5, |_, _| false);
        let seen: Vec<_> = suspects
            .iter()
            .map(|s| (s.fingerprint.as_str(), s.alike, s.growth.retained_bytes))
            .collect();
        assert_eq!(seen, [("same", 5, 260), ("other", 0, 150)]);
        assert_eq!(suspects[0].holds[0].count, 30);
        assert_eq!(suspects[0].growth.per_work.unwrap().items, 30.0);
        assert_eq!(
            suspects[0].summary,
            "`history` (Array) grew from 1 to 11 elements, and 5 more like it (+260 B in all): they \
             now hold 30 more Entry objects."
        );
    }

    #[test]
    fn what_node_keeps_beside_a_suspect_is_a_part_of_it() {
        let heap = GraphBuilder::new().build();
        let analysis = analyse(&heap, What::ALL, &Control::default()).unwrap();
        let seen = |of_node: Described| {
            let program = Described { whole: Some(NodeIndex(3)), ..described("program", 100) };
            let mut families = Families::new(&analysis.dominators);
            let look =
                |shape| Look { shape, has_more_items: true, is_chain: false, is_scattered: false };
            families.add(look(1), 1, of_node);
            families.add(look(2), 2, program);
            let found = families.suspects(5, |_, _| false).into_iter();
            let shown = found.map(|it| (it.fingerprint, it.growth.retained_bytes));
            shown.collect::<Vec<_>>()
        };
        let of_node = |after: Option<u64>| {
            let mut it = described("node", 500);
            it.is_of_node = true;
            it.suspect.growth.items = after.map(|after| Items { before: 0, after });
            it
        };
        let both = [("node".to_owned(), 500), ("program".to_owned(), 100)];
        assert_eq!(seen(of_node(Some(10))), [("program".to_owned(), 600)]);
        assert_eq!(seen(of_node(Some(99))), both);
        assert_eq!(seen(of_node(None)), both);
        let mut registry = of_node(None);
        registry.suspect.class_name = "FinalizationRegistry".into();
        assert_eq!(seen(registry), [("program".to_owned(), 600)]);
        assert_eq!(seen(Described { is_of_node: false, ..of_node(Some(10)) }), both);
        let listeners = |on: u32, after| {
            let emitter = Some(NodeIndex(on));
            Described { is_of_node: false, emitter, ..of_node(Some(after)) }
        };
        assert_eq!(seen(listeners(3, 10)), [("program".to_owned(), 600)]);
        assert_eq!(seen(listeners(4, 10)), both);
        assert_eq!(seen(listeners(3, 99)), both);
    }
}
