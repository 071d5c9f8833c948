//! What stays of an older snapshot.

use crate::analysis::class_table::ClassRows;
use crate::analysis::classes::Classes;
use crate::analysis::groups::Groups;
use crate::control::Control;
use crate::diff::{Analyzed, Parsed};
use crate::digest::{Body, ClassTotal};
use crate::error::Result;
use crate::graph::HeapGraph;
use crate::leak::census::{Census, Counts};
use crate::leak::matching::IdSample;
use crate::leak::shape::shapes;
use crate::leak::vocabulary::Vocabulary;
use crate::report::SnapshotStats;
use crate::snapshot::Source;

/// What stays of an older snapshot: enough to compare with, a fraction of its graph.
pub struct Baseline {
    pub(super) stats: SnapshotStats,
    pub(super) census: Census,
    pub(super) sample: IdSample,
    pub(super) classes: BaselineClasses,
    pub(super) warnings: Vec<String>,
}

/// What class rows are made from.
pub(super) enum BaselineClasses {
    /// Of a snapshot: every node.
    Nodes(Box<BaselineNodes>),
    /// Of a digest: the totals.
    Totals(Vec<ClassTotal>),
}

/// The nodes of a baseline.
pub(super) struct BaselineNodes {
    pub(super) ids: Vec<u32>,
    pub(super) self_size: Vec<u32>,
    pub(super) groups: Groups,
    pub(super) own_classes: Classes,
}

/// Whether a baseline can be compared by the shapes of routes, too.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shapes {
    /// By id alone.
    Never,
    /// By id and by shape.
    Always,
}

impl Baseline {
    /// Folds a snapshot.
    pub(super) fn fold(
        snapshot: Analyzed<(Counts, Option<Vec<u64>>)>,
        control: &Control,
    ) -> Result<Self> {
        let Analyzed { stats, graph, words, beside, mut analysis, ids } = snapshot;
        let (counts, ways) = beside;
        // A census asks for dominators and sizes; where subtrees stand is a column less each.
        analysis.dominators.keep_idoms();
        let census = Census::take(&graph, &words, &analysis, counts, ways.as_deref(), control)?;
        drop(ways);
        let mut tables = graph.into_tables();
        let classes = BaselineClasses::Nodes(Box::new(BaselineNodes {
            ids: std::mem::take(&mut tables.node_id),
            self_size: analysis.self_size,
            groups: analysis.groups,
            own_classes: analysis.classes,
        }));
        let warnings = std::mem::take(&mut tables.warnings);
        Ok(Self { stats, census, sample: ids, classes, warnings })
    }

    /// Whether it comes from a digest.
    pub(super) fn is_digest(&self) -> bool {
        matches!(self.classes, BaselineClasses::Totals(_))
    }

    /// Whether it can be compared by shape.
    pub(super) fn has_shapes(&self) -> bool {
        self.census.has_shapes()
    }

    /// What a digest kept. `source` is what the digest is called.
    pub(super) fn from_digest(body: Body, source: String) -> Self {
        Self {
            stats: body.stats(source),
            census: Census::from_parts(body.census),
            sample: body.sample,
            classes: BaselineClasses::Totals(body.classes),
            warnings: Vec::new(),
        }
    }
}

/// Makes a digest of a snapshot. Runs on the calling thread and rayon's pool. `taken_at` is the time
/// of the capture, if it is known (ISO 8601).
///
/// # Errors
///
/// Those of [`crate::snapshot::read`].
pub fn digest(source: Source, taken_at: Option<String>, control: &Control) -> Result<Body> {
    let lanes = rayon::current_num_threads();
    let (parsed, mut phases) = Parsed::read(source, lanes, control)?;
    let count_and_shape = |graph: &HeapGraph, words: &Vocabulary, control: &Control| {
        Ok((Counts::of(graph, words, control)?, shapes(graph, words, control)?))
    };
    let snapshot = parsed.analyze(count_and_shape, &mut phases, control)?;
    let Analyzed { mut stats, graph, words, beside: (counts, shapes), analysis, ids } = snapshot;
    stats.taken_at = taken_at;
    let census = Census::take(&graph, &words, &analysis, counts, Some(&shapes), control)?;
    let rows = analysis.class_table(ClassRows::Merged, control)?;
    let classes = rows
        .iter()
        .map(|row| ClassTotal {
            class_name: String::from_utf8_lossy(&row.name).into_owned(),
            count: row.count,
            bytes: row.self_size,
        })
        .collect();
    Ok(Body::new(stats, &ids, &census, classes))
}
