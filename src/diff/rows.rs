//! The class rows of a report.

use crate::analysis::class_table::ClassRows as Rows;
use crate::analysis::classes::Classes;
use crate::analysis::comparison::{ComparisonOptions, ComparisonRow, ComparisonSide, compare};
use crate::analysis::ids::{IdIndex, NO_MATCH};
use crate::control::Control;
use crate::diff::Current;
use crate::diff::baseline::Baseline;
use crate::error::Result;
use crate::report::{ClassDelta, ClassRows, DiffOptions, Matching};

/// The class rows that the caller asked for.
pub(super) fn class_rows(
    older: &Baseline,
    newer: &Current,
    matching: Matching,
    options: &DiffOptions,
    control: &Control,
) -> Result<Vec<ClassDelta>> {
    let Current { graph, analysis, .. } = newer;
    let rows = match options.class_rows {
        ClassRows::Merged => Rows::Merged,
        ClassRows::Devtools => Rows::Devtools,
    };
    let current_ids = &graph.tables().node_id;
    // Chrome DevTools compares by id, whatever the ids mean.
    let by_id = matching == Matching::Identity || options.class_rows == ClassRows::Devtools;
    let matches = match by_id {
        true => IdIndex::new(&older.ids, control)?.matches(current_ids, control)?,
        false => vec![NO_MATCH; current_ids.len()],
    };
    let older_classes = Classes::new(&older.groups, &analysis.definitions, control)?;
    let base = ComparisonSide {
        ids: &older.ids,
        self_size: &older.self_size,
        groups: &older.groups,
        own_classes: &older.own_classes,
        classes: &older_classes,
    };
    let current = ComparisonSide {
        ids: current_ids,
        self_size: &analysis.self_size,
        groups: &analysis.groups,
        own_classes: &analysis.classes,
        classes: &analysis.classes,
    };
    let current_rows = analysis.class_table(rows, control)?;
    let comparison = ComparisonOptions { rows, with_ids: false, current_rows: &current_rows };
    let rows = compare(base, current, &matches, comparison, control)?;
    let mut rows: Vec<_> = rows.iter().map(class_delta).collect();
    if !by_id {
        keep_net(&mut rows);
    }
    rows.truncate(options.classes);
    Ok(rows)
}

/// Between two processes everything is new and everything gone; what says something is the
/// difference.
fn keep_net(rows: &mut Vec<ClassDelta>) {
    for row in &mut *rows {
        let both = row.added.min(row.removed);
        row.added -= both;
        row.removed -= both;
        let both = row.added_bytes.min(row.removed_bytes);
        row.added_bytes -= both;
        row.removed_bytes -= both;
    }
    rows.retain(|row| row.delta != 0 || row.delta_bytes != 0);
    // Stable: rows of one size stay in the order of their names' first appearance.
    rows.sort_by_key(|row| std::cmp::Reverse(row.added_bytes));
}

fn class_delta(row: &ComparisonRow) -> ClassDelta {
    ClassDelta {
        class_name: String::from_utf8_lossy(&row.name).into_owned(),
        added: row.added_count,
        removed: row.removed_count,
        delta: row.count_delta(),
        added_bytes: row.added_size,
        removed_bytes: row.removed_size,
        delta_bytes: row.size_delta(),
        retained_bytes: row.retained_size,
    }
}
