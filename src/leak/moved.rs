//! What is at another place in another process: after a deploy that has renamed a class or a file, put a
//! property elsewhere, or minified everything anew.
//!
//! Of the shapes that there were and are no more, and of those that there were not, those of one name and class
//! belong together, the largest with the largest. A container that has another name is taken for one that is
//! gone if it is about as large: nothing else can be said of it than that. Last, those of one name that have
//! another class.
//!
//! Time: linear in shapes, and a sort of those that are not in both. Memory: 48 bytes for each of these.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use hashbrown::HashMap;

use crate::leak::census::{Census, Together};
use crate::leak::shape::{class_in, name_in};
use crate::leak::suspects::{LEAST_BYTES, LEAST_ITEMS};

/// Which shape each of those was that are new.
#[derive(Debug, Default)]
pub(super) struct Moved(HashMap<u64, u64>);

/// A shape and what is of it.
type OfShape = (u64, Together);

impl Moved {
    /// `now` is what there is of each shape.
    pub(super) fn find(census: &Census, now: &HashMap<u64, Together>) -> Self {
        let is_worth_it = |of: &Together| of.items >= LEAST_ITEMS || of.retained >= LEAST_BYTES;
        let mut new: Vec<OfShape> = now
            .iter()
            .filter(|&(&shape, of)| is_worth_it(of) && census.together(shape).is_none())
            .map(|(&shape, &of)| (shape, of))
            .collect();
        if new.is_empty() {
            return Self::default();
        }
        let mut gone: Vec<OfShape> =
            census.shapes().filter(|(shape, _)| !now.contains_key(shape)).collect();
        for side in [&mut new, &mut gone] {
            side.sort_unstable_by_key(|&(shape, of)| (Reverse(of.retained), shape));
        }
        let mut moved = Self::default();
        let name_and_class = |shape| (name_in(shape), class_in(shape));
        moved.pair(&new, &gone, |shape| Some(name_and_class(shape)).filter(|key| key.0 != 0));
        moved.pair_by_size(&new, &gone);
        moved.pair(&new, &gone, |shape| Some((name_in(shape), 0)).filter(|key| key.0 != 0));
        moved
    }

    /// What the shape was; itself if it is not known to have been another one.
    pub(super) fn shape_then(&self, shape: u64) -> u64 {
        self.0.get(&shape).copied().unwrap_or(shape)
    }

    /// Pairs shapes that have the same key, in their order.
    fn pair(&mut self, new: &[OfShape], gone: &[OfShape], key: impl Fn(u64) -> Option<(u64, u64)>) {
        let taken = self.taken();
        let mut left: HashMap<(u64, u64), Vec<u64>> = HashMap::new();
        for &(shape, _) in gone.iter().rev().filter(|(shape, _)| !taken.contains(shape)) {
            if let Some(key) = key(shape) {
                left.entry(key).or_default().push(shape);
            }
        }
        for &(shape, _) in new {
            let is_left = !self.0.contains_key(&shape);
            let then = key(shape).filter(|_| is_left).and_then(|key| left.get_mut(&key)?.pop());
            if let Some(then) = then {
                self.0.insert(shape, then);
            }
        }
    }

    /// Pairs containers of one class that have about as many items and bytes.
    fn pair_by_size(&mut self, new: &[OfShape], gone: &[OfShape]) {
        let taken = self.taken();
        let mut left: BTreeMap<u64, BTreeMap<(u64, u64), Together>> = BTreeMap::new();
        let containers = |&&(_, of): &&OfShape| of.items >= LEAST_ITEMS;
        for &(shape, of) in gone.iter().filter(containers).filter(|it| !taken.contains(&it.0)) {
            left.entry(class_in(shape)).or_default().insert((of.items, shape), of);
        }
        for &(shape, of) in new.iter().filter(containers) {
            let Some(left) =
                left.get_mut(&class_in(shape)).filter(|_| !self.0.contains_key(&shape))
            else {
                continue;
            };
            let larger = left.range((of.items, 0)..).next();
            let smaller = left.range(..(of.items, 0)).next_back();
            let alike =
                [larger, smaller].into_iter().flatten().filter(|(_, was)| are_alike(of, **was));
            let nearest =
                alike.min_by_key(|&(&(items, shape), _)| (items.abs_diff(of.items), shape));
            if let Some(key) = nearest.map(|(&key, _)| key) {
                left.remove(&key);
                self.0.insert(shape, key.1);
            }
        }
    }

    /// The shapes that have been found again.
    fn taken(&self) -> BTreeSet<u64> {
        self.0.values().copied().collect()
    }
}

/// Whether things have about as many items, and not twice as many bytes, or half as many.
fn are_alike(now: Together, was: Together) -> bool {
    let within = |a: u64, b: u64, more: u64| a.abs_diff(b) <= a.min(b) / more;
    now.count == was.count
        && within(now.items, was.items, 2)
        && within(now.retained, was.retained, 1)
}

#[cfg(test)]
mod tests {
    use crate::graph::{EdgeType, NodeIndex, NodeType};
    use crate::leak::stage::{elements, property, suspects_by_shape};
    use crate::testing::GraphBuilder;

    /// Names and items of the suspects where a store has a list under one name and then under another, with so
    /// many elements.
    fn of_lists(names: [&str; 2], owners: [&str; 2], counts: [u32; 2]) -> Vec<(String, u64, u64)> {
        let found = suspects_by_shape(|heap: &mut GraphBuilder, global: NodeIndex, is_grown| {
            let at = usize::from(is_grown);
            let owner = property(heap, global, "store", owners[at]);
            let list = heap.node(NodeType::OBJECT, "Array", 16 + 8 * counts[at]);
            heap.edge(owner, EdgeType::PROPERTY, names[at], list);
            elements(heap, list, 0..counts[at], "Job", 100);
        });
        let shown = found.into_iter().map(|it| {
            let items = it.growth.items.unwrap_or(crate::report::Items { before: 0, after: 0 });
            (it.name, items.before, items.after)
        });
        shown.collect()
    }

    #[test]
    fn what_is_in_a_class_of_another_name_is_the_same() {
        let owners = ["Store", "MemoryStore"];
        assert_eq!(of_lists(["jobs"; 2], owners, [900, 900]), []);
        assert_eq!(of_lists(["jobs"; 2], owners, [900, 9_000]), [("jobs".into(), 900, 9_000)]);
    }

    #[test]
    fn what_has_another_name_and_is_as_large_is_taken_for_the_same() {
        assert_eq!(of_lists(["jobs", "tasks"], ["Store"; 2], [900, 1_000]), []);
        let found = of_lists(["jobs", "tasks"], ["Store"; 2], [900, 9_000]);
        assert_eq!(found, [("tasks".into(), 0, 9_000)]);
    }
}
