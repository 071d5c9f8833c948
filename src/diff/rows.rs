//! The class rows of a report.

use std::collections::HashMap;

use crate::analysis::classes::Classes;
use crate::analysis::comparison::{
    ComparisonOptions, ComparisonRow, NewerNodes, OlderNodes, compare,
};
use crate::analysis::wtf8::lossy;
use crate::control::Control;
use crate::diff::Current;
use crate::diff::baseline::BaselineClasses;
use crate::digest::ClassTotal;
use crate::error::Result;
use crate::report::{ClassDelta, ClassRows, DiffOptions, Matching};

/// The class rows that the caller asked for. What they are made from is gone before this returns: 12 bytes
/// a node that nobody else needs, while the suspects are looked for.
pub(super) fn class_rows(
    older: BaselineClasses,
    newer: &Current,
    matching: Matching,
    options: &DiffOptions,
    control: &Control,
) -> Result<Vec<ClassDelta>> {
    let mut rows = match older {
        BaselineClasses::Nodes(nodes) => by_nodes(&nodes, newer, matching, options, control)?,
        BaselineClasses::Totals(totals) => by_totals(&totals, newer, control)?,
    };
    rows.truncate(options.classes);
    Ok(rows)
}

/// From all nodes of both snapshots.
fn by_nodes(
    older: &OlderNodes,
    newer: &Current,
    matching: Matching,
    options: &DiffOptions,
    control: &Control,
) -> Result<Vec<ClassDelta>> {
    let Current { graph, analysis, .. } = newer;
    let rows = options.class_rows;
    // Chrome DevTools compares by id, whatever the ids mean.
    let by_id = matching == Matching::Identity || options.class_rows == ClassRows::Devtools;
    let older_classes = Classes::new(older.groups(), &analysis.definitions, control)?;
    let current = NewerNodes {
        ids: &graph.tables().node_id,
        self_size: &analysis.self_size,
        groups: &analysis.groups,
        classes: &analysis.classes,
    };
    let current_rows = analysis.class_table(rows, control)?;
    let comparison = ComparisonOptions {
        rows,
        ignore_ids: !by_id,
        with_ids: false,
        current_rows: &current_rows,
    };
    let rows = compare(older, &older_classes, current, comparison, control)?;
    let mut rows: Vec<_> = rows.iter().map(class_delta).collect();
    if !by_id {
        keep_net(&mut rows);
    }
    Ok(rows)
}

/// From the totals of a digest: what is more is added, what is less is removed.
fn by_totals(totals: &[ClassTotal], newer: &Current, control: &Control) -> Result<Vec<ClassDelta>> {
    let mut before: HashMap<&str, &ClassTotal> =
        totals.iter().map(|total| (total.class_name.as_str(), total)).collect();
    let mut rows = Vec::new();
    for row in newer.analysis.class_table(ClassRows::Merged, control)? {
        let class_name = lossy(&row.name);
        let was = before.remove(class_name.as_str());
        let (count, bytes) = was.map_or((0, 0), |total| (total.count, total.bytes));
        rows.push(ClassDelta {
            added: row.count,
            removed: count,
            delta: row.count as i64 - count as i64,
            added_bytes: row.self_size,
            removed_bytes: bytes,
            delta_bytes: row.self_size as i64 - bytes as i64,
            retained_bytes: row.retained_size,
            class_name,
        });
    }
    rows.extend(before.into_values().map(|total| ClassDelta {
        class_name: total.class_name.clone(),
        added: 0,
        removed: total.count,
        delta: -(total.count as i64),
        added_bytes: 0,
        removed_bytes: total.bytes,
        delta_bytes: -(total.bytes as i64),
        retained_bytes: 0,
    }));
    keep_net(&mut rows);
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
    rows.sort_by(|a, b| {
        b.added_bytes.cmp(&a.added_bytes).then_with(|| a.class_name.cmp(&b.class_name))
    });
}

fn class_delta(row: &ComparisonRow) -> ClassDelta {
    ClassDelta {
        class_name: lossy(&row.name),
        added: row.added_count,
        removed: row.removed_count,
        delta: row.count_delta(),
        added_bytes: row.added_size,
        removed_bytes: row.removed_size,
        delta_bytes: row.size_delta(),
        retained_bytes: row.retained_size,
    }
}
