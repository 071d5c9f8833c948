//! What is in a digest.

use serde::{Deserialize, Serialize};

use crate::digest::MOST_RECORDS;
use crate::leak::census::{Census, CensusParts};
use crate::leak::matching::IdSample;
use crate::report::{SnapshotStats, StatisticsRow};

/// The body of a digest.
#[derive(Debug, Serialize, Deserialize)]
pub struct Body {
    /// The snapshot in numbers.
    stats: Stats,
    /// A sample of its nodes, to tell whether another snapshot is of the same process.
    pub sample: IdSample,
    /// The marks of the isolate that it is of.
    pub isolates: Vec<u64>,
    /// The sizes of containers and of what is large.
    pub census: CensusParts,
    /// The class table.
    pub classes: Vec<ClassTotal>,
}

/// The snapshot in numbers, every field always there: the encoding names none.
#[derive(Debug, Serialize, Deserialize)]
struct Stats {
    node_count: u64,
    edge_count: u64,
    heap_bytes: u64,
    statistics: StatisticsRow,
    taken_at: Option<String>,
}

/// A class in numbers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClassTotal {
    /// Its name.
    pub class_name: String,
    /// Nodes.
    pub count: u64,
    /// Their self sizes.
    pub bytes: u64,
}

impl Body {
    /// Puts a digest together.
    pub fn new(
        stats: SnapshotStats,
        sample: &IdSample,
        isolates: Vec<u64>,
        census: &Census,
        classes: Vec<ClassTotal>,
    ) -> Self {
        let SnapshotStats { node_count, edge_count, heap_bytes, statistics, taken_at, .. } = stats;
        let stats = Stats { node_count, edge_count, heap_bytes, statistics, taken_at };
        let census = census.parts(MOST_RECORDS);
        Self { stats, sample: sample.thinned(), isolates, census, classes }
    }

    /// The snapshot in numbers. `source` is what the digest is called.
    pub fn stats(&self, source: String) -> SnapshotStats {
        let stats = &self.stats;
        SnapshotStats {
            source,
            node_count: stats.node_count,
            edge_count: stats.edge_count,
            heap_bytes: stats.heap_bytes,
            statistics: stats.statistics.clone(),
            taken_at: stats.taken_at.clone(),
        }
    }

    /// Fails if the body contradicts itself.
    pub(super) fn check(&self) -> Result<(), String> {
        self.census.check()
    }
}
