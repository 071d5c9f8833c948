//! Two sources in, one report out: the order of the stages, and what each leaves for the next.
//!
//! Both snapshots are read and analysed side by side. Of the baseline only what a comparison needs
//! stays ([`Baseline`]); its graph, the larger part, goes as soon as it is folded.

use std::time::{Duration, Instant};

use crate::analysis::class_table::ClassRows as Rows;
use crate::analysis::classes::Classes;
use crate::analysis::comparison::{ComparisonOptions, ComparisonRow, ComparisonSide, compare};
use crate::analysis::groups::Groups;
use crate::analysis::ids::IdIndex;
use crate::analysis::{Analysis, What, analyse};
use crate::control::Control;
use crate::error::{Error, Result};
use crate::explore::stats;
use crate::graph::HeapGraph;
use crate::leak::before::Before;
use crate::leak::census::Census;
use crate::leak::suspects::{Newer, find_suspects};
use crate::leak::vocabulary::Vocabulary;
use crate::report::{
    ClassDelta, ClassRows, DiffOptions, Growth, LeakReport, Matching, PhaseTime, SnapshotStats,
    Suspect, Timings, Tool, Verdict,
};
use crate::snapshot::{ReadOptions, Source, read};
use crate::source_map::add_original_positions;

/// What stays of an older snapshot: enough to compare with, a fraction of its graph.
pub struct Baseline {
    stats: SnapshotStats,
    census: Census,
    ids: Vec<u32>,
    self_size: Vec<u32>,
    groups: Groups,
    own_classes: Classes,
    warnings: Vec<String>,
}

/// A newer snapshot with its facts.
struct Current {
    stats: SnapshotStats,
    graph: HeapGraph,
    words: Vocabulary,
    analysis: Analysis,
}

/// Compares two snapshots and says what leaks. Runs on the calling thread and rayon's pool.
///
/// # Errors
///
/// `ERR_INVALID_SNAPSHOT`, `ERR_TRUNCATED_SNAPSHOT`, `ABORT_ERR`, `ERR_TIMEOUT`, or the errno code
/// of a failed read.
pub fn diff(
    baseline: Source,
    current: Source,
    options: &DiffOptions,
    control: &Control,
) -> Result<LeakReport> {
    let start = Instant::now();
    let lanes = (rayon::current_num_threads() / 2).max(1);
    let (older, newer) = read_both(
        || read_baseline(baseline, lanes, control),
        || read_current(current, lanes, control),
    )?;
    let (older, older_phases) = older?;
    let (newer, newer_phases) = newer?;
    let mut phases = Phases::default();
    phases.extend("baseline", older_phases);
    phases.extend("current", newer_phases);
    let mut compare_phase = Phases::default();
    let mut suspects_phase = Phases::default();
    let (rows, suspects) = rayon::join(
        || compare_phase.time("compare", || class_rows(&older, &newer, options, control)),
        || suspects_phase.time("suspects", || suspects(&older, &newer, options, control)),
    );
    let (rows, suspects) = (rows?, suspects?);
    phases.list.extend(compare_phase.list);
    phases.list.extend(suspects_phase.list);
    let growth = growth(&older.stats, &newer.stats);
    let mut warnings = older.warnings;
    warnings.extend(newer.graph.tables().warnings.iter().cloned());
    warn_of_oversized(&newer.graph, &mut warnings);
    Ok(LeakReport {
        schema_version: 1,
        tool: Tool::default(),
        verdict: if suspects.is_empty() { Verdict::NoLeak } else { Verdict::Leak },
        matching: Matching::Identity,
        matching_reason: "node ids of one process".into(),
        baseline: older.stats,
        current: newer.stats,
        growth,
        suspects,
        classes: rows,
        ignored: 0,
        warnings,
        timings: phases.timings(start.elapsed()),
    })
}

/// Runs both side by side, the newer on a thread of its own. Not on rayon's pool: a source may be a
/// pipe into which nothing comes for a while, and two of those would stop every other job.
fn read_both<Older, Newer: Send>(
    older: impl FnOnce() -> Older,
    newer: impl FnOnce() -> Newer + Send,
) -> Result<(Older, Newer)> {
    std::thread::scope(|scope| {
        let thread = std::thread::Builder::new().name("heapdiff-read".into());
        let newer = (thread.spawn_scoped(scope, newer))
            .map_err(|error| Error::io("pthread_create", "heapdiff-read", error))?;
        let older = older();
        // A panic goes on in this thread, as it would have without the other one.
        let newer = newer.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic));
        Ok((older, newer))
    })
}

/// Reads, analyses and folds the older snapshot.
fn read_baseline(source: Source, lanes: usize, control: &Control) -> Result<(Baseline, Phases)> {
    let (current, mut phases) = read_current(source, lanes, control)?;
    let Current { stats, graph, words, analysis } = current;
    let census = phases.time("census", || Census::take(&graph, &words, &analysis, control))?;
    let mut tables = graph.into_tables();
    let baseline = Baseline {
        stats,
        census,
        ids: std::mem::take(&mut tables.node_id),
        self_size: analysis.self_size,
        groups: analysis.groups,
        own_classes: analysis.classes,
        warnings: std::mem::take(&mut tables.warnings),
    };
    Ok((baseline, phases))
}

/// Reads and analyses a snapshot.
fn read_current(source: Source, lanes: usize, control: &Control) -> Result<(Current, Phases)> {
    let mut phases = Phases::default();
    let name = source.name();
    let graph = phases.time("parse", || read(source, &ReadOptions { lanes }, control))?;
    let analysis = phases.time("analyze", || analyse(&graph, What::DIFF, control))?;
    let words = Vocabulary::new(graph.strings());
    let stats = stats(name, &graph, &analysis);
    Ok((Current { stats, graph, words, analysis }, phases))
}

/// The suspects, with their places in the original sources.
fn suspects(
    older: &Baseline,
    newer: &Current,
    options: &DiffOptions,
    control: &Control,
) -> Result<Vec<Suspect>> {
    let Current { graph, words, analysis, .. } = newer;
    let before = Before::new(&older.census);
    let mut suspects = find_suspects(Newer { graph, words, analysis }, &before, options, control)?;
    add_original_positions(&mut suspects, control)?;
    Ok(suspects)
}

/// The class rows that the caller asked for.
fn class_rows(
    older: &Baseline,
    newer: &Current,
    options: &DiffOptions,
    control: &Control,
) -> Result<Vec<ClassDelta>> {
    let Current { graph, analysis, .. } = newer;
    let rows = match options.class_rows {
        ClassRows::Merged => Rows::Merged,
        ClassRows::Devtools => Rows::Devtools,
    };
    let current_ids = &graph.tables().node_id;
    let matches = IdIndex::new(&older.ids, control)?.matches(current_ids, control)?;
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
    Ok(rows.iter().take(options.classes).map(class_delta).collect())
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

fn growth(older: &SnapshotStats, newer: &SnapshotStats) -> Growth {
    let more = |after: u64, before: u64| after as i64 - before as i64;
    Growth {
        nodes: more(newer.node_count, older.node_count),
        edges: more(newer.edge_count, older.edge_count),
        heap_bytes: more(newer.heap_bytes, older.heap_bytes),
        native_bytes: more(newer.statistics.native, older.statistics.native),
    }
}

/// Sizes are summed up modulo 2^32, as Chrome DevTools does. Where that hides something, it is said.
fn warn_of_oversized(graph: &HeapGraph, warnings: &mut Vec<String>) {
    for &(node, bytes) in &graph.tables().oversized {
        let id = graph.id(node);
        warnings.push(format!(
            "node @{id} has {bytes} bytes; like Chrome DevTools, the sums here count it modulo 4 GiB"
        ));
    }
}

/// Names and times of phases.
#[derive(Default)]
struct Phases {
    list: Vec<PhaseTime>,
}

impl Phases {
    /// Does something and notes how long it took.
    fn time<T>(&mut self, phase: &str, work: impl FnOnce() -> Result<T>) -> Result<T> {
        let start = Instant::now();
        let result = work();
        self.list.push(PhaseTime { phase: phase.to_owned(), ms: milliseconds(start.elapsed()) });
        result
    }

    /// Takes over the phases of one snapshot.
    fn extend(&mut self, of: &str, phases: Phases) {
        let named = phases
            .list
            .into_iter()
            .map(|PhaseTime { phase, ms }| PhaseTime { phase: format!("{of}: {phase}"), ms });
        self.list.extend(named);
    }

    /// The summary: snapshots are read side by side, so the longer one counts.
    fn timings(self, total: Duration) -> Timings {
        let parse = self.list.iter().filter(|time| time.phase.ends_with(": parse"));
        let parse_ms = parse.map(|time| time.ms).fold(0.0, f64::max);
        let total_ms = milliseconds(total);
        Timings { parse_ms, analyze_ms: total_ms - parse_ms, total_ms, phases: self.list }
    }
}

fn milliseconds(time: Duration) -> f64 {
    time.as_secs_f64() * 1e3
}
