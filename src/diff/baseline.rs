//! What stays of an older snapshot.

use crate::analysis::class_table::ClassRows;
use crate::analysis::comparison::OlderNodes;
use crate::analysis::ids::nodes_by_id;
use crate::analysis::wtf8::lossy;
use crate::control::Control;
use crate::diff::{Analyzed, Parsed};
use crate::digest::{Body, ClassTotal};
use crate::error::Result;
use crate::graph::{HeapGraph, NodeIndex};
use crate::leak::census::{Census, Counts};
use crate::leak::matching::{IdSample, isolates};
use crate::leak::shape::shapes;
use crate::leak::vocabulary::Vocabulary;
use crate::report::SnapshotStats;
use crate::snapshot::Source;

/// What stays of an older snapshot: enough to compare with, a fraction of its graph.
pub struct Baseline {
    pub(super) stats: SnapshotStats,
    pub(super) census: Census,
    pub(super) sample: IdSample,
    /// The marks of the isolate that it is of, if it can be compared by shape.
    pub(super) isolates: Vec<u64>,
    classes: BaselineClasses,
    pub(super) warnings: Vec<String>,
}

/// What class rows are made from.
pub(super) enum BaselineClasses {
    /// Of a snapshot: every node.
    Nodes(Box<OlderNodes>),
    /// Of a digest: the totals.
    Totals(Vec<ClassTotal>),
}

impl BaselineClasses {
    /// Whether they come from a digest.
    pub(super) fn are_of_digest(&self) -> bool {
        matches!(self, Self::Totals(_))
    }
}

/// Whether a baseline can be compared by the shapes of routes, too.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shapes {
    /// By id alone.
    Never,
    /// By id and by shape.
    Always,
}

/// What is made of the graph alone, so that it can be made beside the dominators.
pub(super) struct Groundwork {
    counts: Counts,
    /// The nodes in the order of their ids.
    by_id: Vec<NodeIndex>,
    /// The shapes of the ways to the nodes, if they are wanted.
    ways: Option<Vec<u64>>,
}

impl Groundwork {
    pub(super) fn new(
        graph: &HeapGraph,
        words: &Vocabulary,
        wanted: Shapes,
        control: &Control,
    ) -> Result<Self> {
        let ways = match wanted {
            Shapes::Never => None,
            Shapes::Always => Some(shapes(graph, words, control)?),
        };
        let counts = Counts::of(graph, words, control)?;
        let by_id = nodes_by_id(&graph.tables().node_id, control)?;
        Ok(Self { counts, by_id, ways })
    }
}

impl Baseline {
    /// Folds a snapshot.
    pub(super) fn fold(snapshot: Analyzed<Groundwork>, control: &Control) -> Result<Self> {
        let Analyzed { stats, graph, words, beside, mut analysis, ids } = snapshot;
        let Groundwork { counts, by_id, ways } = beside;
        // A census asks for dominators and sizes; where subtrees stand is a column less each.
        analysis.dominators.keep_idoms();
        let groups = std::mem::take(&mut analysis.groups);
        let own_classes = std::mem::take(&mut analysis.classes);
        let node_ids = &graph.tables().node_id;
        let (census, nodes) = rayon::join(
            || Census::take(&graph, &words, &analysis, counts, &by_id, ways.as_deref(), control),
            || OlderNodes::new(node_ids, &by_id, &analysis.self_size, groups, own_classes, control),
        );
        let classes = BaselineClasses::Nodes(Box::new(nodes?));
        let warnings = graph.tables().all_warnings(&stats.source);
        let isolates = ways.map_or_else(Vec::new, |_| isolates(&graph, &words));
        Ok(Self { stats, census: census?, sample: ids, isolates, classes, warnings })
    }

    /// What class rows are made from, once: whoever has it drops it as soon as they are.
    pub(super) fn take_classes(&mut self) -> BaselineClasses {
        std::mem::replace(&mut self.classes, BaselineClasses::Totals(Vec::new()))
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
            isolates: body.isolates,
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
    let beside = |graph: &HeapGraph, words: &Vocabulary, control: &Control| {
        Groundwork::new(graph, words, Shapes::Always, control)
    };
    let snapshot = parsed.analyze(beside, &mut phases, control)?;
    let Analyzed { mut stats, graph, words, beside, analysis, ids } = snapshot;
    stats.taken_at = taken_at;
    let Groundwork { counts, by_id, ways } = beside;
    let census = Census::take(&graph, &words, &analysis, counts, &by_id, ways.as_deref(), control)?;
    let rows = analysis.class_table(ClassRows::Merged, control)?;
    let classes = rows
        .iter()
        .map(|row| ClassTotal {
            class_name: lossy(&row.name),
            count: row.count,
            bytes: row.self_size,
        })
        .collect();
    Ok(Body::new(stats, &ids, isolates(&graph, &words), &census, classes))
}
