//! How a suspect went over three or more snapshots.

use crate::analysis::Analysis;
use crate::diff::Current;
use crate::diff::baseline::Baseline;
use crate::graph::{HeapGraph, NodeIndex};
use crate::leak::census::{class_key, instances_now};
use crate::leak::items;
use crate::leak::matching::same_process;
use crate::leak::records::Record;
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
        let sizes = match suspect.kind {
            SuspectKind::Instances => self.instances(node),
            _ => self.sizes(node),
        };
        is_steady(&sizes)
    }

    /// Items in each snapshot, or bytes for what has none.
    fn sizes(&self, node: NodeIndex) -> Vec<u64> {
        let items = items::count(self.graph, self.words, node).map_or(0, |(_, items)| items);
        let retained = self.analysis.retained.at(node.at());
        let records: Vec<_> = (0..self.older.len()).map(|at| self.record(at, node)).collect();
        let first_items = records[0].map_or(0, |record| u64::from(record.items));
        let by_items = items > first_items;
        let size_of = |record: &Option<Record>| match record {
            Some(record) if by_items => u64::from(record.items),
            Some(record) => record.retained,
            None => 0,
        };
        let mut sizes: Vec<_> = records.iter().map(size_of).collect();
        sizes.push(if by_items { items } else { retained });
        sizes
    }

    /// What the node was in an older snapshot: by id, or in the same place.
    fn record(&self, at: usize, node: NodeIndex) -> Option<Record> {
        let census = &self.older[at].census;
        let by_id = self.same_process[at].then(|| census.by_id(self.graph.id(node))).flatten();
        by_id.or_else(|| census.by_shape(self.shapes[node.at()]))
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
