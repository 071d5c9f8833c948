//! How a suspect went over three or more snapshots.

use crate::analysis::Analysis;
use crate::diff::Current;
use crate::diff::baseline::Baseline;
use crate::graph::{HeapGraph, NodeIndex};
use crate::leak::census::{Together, class_key, instances_now, is_counted};
use crate::leak::items::Counter;
use crate::leak::matching::same_process;
use crate::leak::suspects::LEAST_ITEMS;
use crate::leak::vocabulary::Vocabulary;
use crate::report::{Suspect, SuspectKind};

/// In each interval there must be this part of what an even growth would have been there: less is
/// the noise around something that stands still.
const LEAST_SHARE: f64 = 0.1;

/// The snapshots that a suspect is looked up in.
pub(super) struct Course<'a> {
    older: &'a [Baseline],
    /// Whether ids of each older snapshot mean something in the newest.
    same_process: Vec<bool>,
    graph: &'a HeapGraph,
    words: &'a Vocabulary,
    analysis: &'a Analysis,
    /// By node of the newest snapshot.
    shapes: &'a [u64],
}

impl<'a> Course<'a> {
    pub(super) fn new(older: &'a [Baseline], newest: &'a Current, shapes: &'a [u64]) -> Self {
        let Current { graph, words, analysis, ids, .. } = newest;
        let same_process =
            older.iter().map(|baseline| same_process(&baseline.sample, ids).0).collect();
        Self { older, same_process, graph, words, analysis, shapes }
    }

    /// Whether a suspect grew in each interval.
    pub(super) fn grew_always(&self, suspect: &Suspect) -> bool {
        let mut nodes = self.graph.nodes();
        let Some(node) = nodes.find(|&node| self.graph.id(node) == suspect.node_id) else {
            return false;
        };
        match suspect.kind {
            SuspectKind::Instances => is_steady(&self.instances(node)),
            // The list of those of one duration begins with another one each time.
            SuspectKind::Timers => {
                self.has_grown(node, suspect) || is_steady(&self.instances(node))
            }
            _ => self.has_grown(node, suspect),
        }
    }

    /// Whether a node has more items in each snapshot than in the one before, or more bytes if it has no more
    /// items than at first. A few items, as names of what was set up, have to be more bytes as well, unless others
    /// have them, too: then the node retains none of these bytes.
    fn has_grown(&self, node: NodeIndex, suspect: &Suspect) -> bool {
        let sizes = self.sizes(node);
        let items: Vec<_> = sizes.iter().map(|size| size.items).collect();
        let bytes: Vec<_> = sizes.iter().map(|size| size.retained).collect();
        let more = items[items.len() - 1].saturating_sub(items[0]);
        match more {
            0 => is_steady(&bytes),
            1..LEAST_ITEMS if !self.shares_growth(node, suspect) => {
                is_steady(&items) && is_steady(&bytes)
            }
            _ => is_steady(&items),
        }
    }

    /// Whether most of what a suspect grew by is not retained by its node alone.
    fn shares_growth(&self, node: NodeIndex, suspect: &Suspect) -> bool {
        let growth = u64::try_from(suspect.growth.retained_bytes).unwrap_or(0);
        growth / 2 > self.analysis.retained.at(node.at())
    }

    /// What a node was in each snapshot, the newest last. Where one of several was in its place, all of
    /// those together.
    fn sizes(&self, node: NodeIndex) -> Vec<Together> {
        let shape = self.shapes[node.at()];
        let own = (0..self.older.len()).map(|at| self.own_size(at, node));
        let alike = self.older.iter().map(|baseline| baseline.census.together(shape));
        let older: Vec<_> = own.zip(alike).collect();
        let is_one_of_several = |(own, alike): &(Option<Together>, Option<Together>)| {
            own.is_none() && alike.is_some_and(|alike| alike.count > 1)
        };
        let are_several = older.iter().any(is_one_of_several);
        let older = older.into_iter().map(|(own, alike)| own.filter(|_| !are_several).or(alike));
        let newest = if are_several { self.together_now(shape) } else { self.size_now([node]) };
        older.map(Option::unwrap_or_default).chain([newest]).collect()
    }

    /// All nodes of a shape together, as a census would count them.
    fn together_now(&self, shape: u64) -> Together {
        self.size_now(self.graph.nodes().filter(|node| self.shapes[node.at()] == shape))
    }

    /// What some nodes are now, as a census would count them.
    fn size_now(&self, nodes: impl IntoIterator<Item = NodeIndex>) -> Together {
        let mut together = Together::default();
        let mut counter = Counter::new(self.graph, self.words);
        for node in nodes {
            let items = counter.count(node).map_or(0, |(_, items)| items);
            let retained = self.analysis.retained.at(node.at());
            if is_counted(items, retained) {
                together.add(items, retained);
            }
        }
        together
    }

    /// What the node itself was in an older snapshot.
    fn own_size(&self, at: usize, node: NodeIndex) -> Option<Together> {
        let census = &self.older[at].census;
        let record = self.same_process[at].then(|| census.by_id(self.graph.id(node))).flatten()?;
        let mut own = Together::default();
        own.add(u64::from(record.items), record.retained);
        Some(own)
    }

    fn instances(&self, node: NodeIndex) -> Vec<u64> {
        let key = class_key(self.graph, node);
        let older = self.older.iter().map(|baseline| baseline.census.instances(key).count);
        older.chain([instances_now(self.graph, node)]).collect()
    }
}

/// Whether sizes rise in each interval, and none of the rises is negligible.
fn is_steady(sizes: &[u64]) -> bool {
    let (Some(&first), Some(&last)) = (sizes.first(), sizes.last()) else { return false };
    let even = (last.saturating_sub(first)) as f64 / (sizes.len() - 1) as f64;
    sizes
        .windows(2)
        .all(|pair| pair[1] > pair[0] && (pair[1] - pair[0]) as f64 >= even * LEAST_SHARE)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_growth_in_each_interval_is_steady() {
        assert!(is_steady(&[0, 10, 20, 30]));
        assert!(is_steady(&[0, 2, 20, 30]));
        assert!(!is_steady(&[0, 30_000, 30_000, 30_000]), "set up once");
        assert!(!is_steady(&[500, 3000, 2000, 3500]), "a saw tooth");
        assert!(!is_steady(&[0, 900, 901, 902]), "full, and noise");
        assert!(!is_steady(&[30, 20, 10]));
    }
}
