//! What stays of an older snapshot.

use crate::analysis::classes::Classes;
use crate::analysis::groups::Groups;
use crate::control::Control;
use crate::diff::Current;
use crate::error::Result;
use crate::leak::census::Census;
use crate::leak::matching::IdSample;
use crate::leak::route::Routes;
use crate::leak::shape::shapes;
use crate::report::SnapshotStats;

/// What stays of an older snapshot: enough to compare with, a fraction of its graph.
pub struct Baseline {
    pub(super) stats: SnapshotStats,
    pub(super) census: Census,
    pub(super) ids_sample: IdSample,
    pub(super) ids: Vec<u32>,
    pub(super) self_size: Vec<u32>,
    pub(super) groups: Groups,
    pub(super) own_classes: Classes,
    pub(super) warnings: Vec<String>,
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
    pub(super) fn fold(snapshot: Current, wanted: Shapes, control: &Control) -> Result<Self> {
        let Current { stats, graph, words, analysis, ids } = snapshot;
        let shapes = match wanted {
            Shapes::Never => None,
            Shapes::Always => {
                let routes = Routes::find(&graph, &words, control)?;
                Some(shapes(&graph, &words, &routes, control)?)
            }
        };
        let census = Census::take(&graph, &words, &analysis, shapes.as_deref(), control)?;
        let mut tables = graph.into_tables();
        Ok(Self {
            stats,
            census,
            ids_sample: ids,
            ids: std::mem::take(&mut tables.node_id),
            self_size: analysis.self_size,
            groups: analysis.groups,
            own_classes: analysis.classes,
            warnings: std::mem::take(&mut tables.warnings),
        })
    }
}
