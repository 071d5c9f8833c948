//! Two sources in, one report out: the order of the stages, and what each leaves for the next.
//!
//! Of the baseline only what a comparison needs stays ([`Baseline`]); its graph, the larger part, is
//! gone before the newer snapshot is read. A live heap comes through a pipe and is read beside it.

mod baseline;
mod course;
mod rows;

use std::sync::OnceLock;
use std::thread::{Scope, ScopedJoinHandle};
use std::time::{Duration, Instant};

use crate::analysis::{Analysis, What, analyse_beside};
use crate::control::{Control, InputSize, Phase, Progress};
use crate::digest;
use crate::error::{Error, Result};
use crate::explore::stats;
use crate::graph::HeapGraph;
use crate::leak::before::Before;
use crate::leak::census::count_items;
use crate::leak::matching::{IdSample, are_of_one_isolate, isolates, same_process};
use crate::leak::route::Routes;
use crate::leak::shape::shapes;
use crate::leak::suspects::{Newer, find_suspects};
use crate::leak::vocabulary::Vocabulary;
use crate::report::{
    ClassRows, DiffOptions, Growth, LeakReport, Matching, PhaseTime, SnapshotStats, Suspect,
    Timings, Tool, Verdict,
};
use crate::snapshot::{ReadOptions, Source, read};
use crate::source_map::add_original_positions;

use baseline::Groundwork;
pub use baseline::{Baseline, Shapes, digest as make_digest};
use course::Course;
use rows::class_rows;

/// A snapshot with its facts.
struct Analyzed<B> {
    stats: SnapshotStats,
    graph: HeapGraph,
    words: Vocabulary,
    /// What was found out beside the analysis: the ways to its nodes, or what a census needs.
    beside: B,
    analysis: Analysis,
    ids: IdSample,
}

/// A newer snapshot.
type Current = Analyzed<Routes>;

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
    let controls = control.split(&[size(&baseline), size(&current)]);
    let controls = [&controls[0], &controls[1]];
    let (older, newer) = match current {
        Source::Stream { .. } => read_both(baseline, current, options.matching, controls)?,
        _ => read_in_turn(baseline, current, options.matching, controls)?,
    };
    let (mut older, older_phases) = older;
    let (newer, newer_phases) = newer;
    let mut phases = Phases::default();
    phases.extend("baseline", older_phases);
    phases.extend("current", newer_phases);
    compare(&mut older, &newer, options, phases, start, control)
}

/// How much there is of a source to each phase. A stream is not parsed: it is captured.
fn size(source: &Source) -> InputSize {
    let analyze = source.known_size();
    let parse = if matches!(source, Source::Stream { .. }) { Some(0) } else { analyze };
    InputSize { parse, analyze }
}

/// Compares a folded baseline, which loses its classes, with a newer snapshot.
fn compare(
    older: &mut Baseline,
    newer: &Current,
    options: &DiffOptions,
    mut phases: Phases,
    start: Instant,
    control: &Control,
) -> Result<LeakReport> {
    let (matching, matching_reason) = decide(options.matching, older, newer);
    let mut compare_phase = Phases::default();
    let mut suspects_phase = Phases::default();
    let classes = older.take_classes();
    let is_digest = classes.are_of_digest();
    let older = &*older;
    let (rows, suspects) = rayon::join(
        || compare_phase.time("compare", || class_rows(classes, newer, matching, options, control)),
        || suspects_phase.time("suspects", || suspects(older, newer, matching, options, control)),
    );
    let (rows, mut suspects) = (rows?, suspects?);
    add_original_positions(&mut suspects, control)?;
    phases.list.extend(compare_phase.list);
    phases.list.extend(suspects_phase.list);
    let growth = growth(&older.stats, &newer.stats);
    let mut warnings = older.warnings.clone();
    warnings.extend(newer.graph.tables().all_warnings(&newer.stats.source));
    if options.class_rows == ClassRows::Devtools && is_digest {
        warnings
            .push("a digest keeps totals of classes: the rows are not those of DevTools".into());
    }
    Ok(LeakReport {
        schema_version: 1,
        tool: Tool::default(),
        verdict: if suspects.is_empty() { Verdict::NoLeak } else { Verdict::Leak },
        matching,
        matching_reason,
        baseline: older.stats.clone(),
        current: newer.stats.clone(),
        growth,
        suspects,
        classes: rows,
        ignored: 0,
        warnings,
        timings: phases.timings(start.elapsed()),
    })
}

/// Compares three or more snapshots in the order of time: a suspect is what grew from the first to
/// the last, and in each interval between. All but the last may be digests. Runs on the calling
/// thread and rayon's pool.
///
/// # Errors
///
/// Those of [`diff`], and `ERR_INVALID_ARG` for fewer than three sources.
pub fn trend(sources: Vec<Source>, options: &DiffOptions, control: &Control) -> Result<LeakReport> {
    let start = Instant::now();
    if sources.len() < 3 {
        return Err(Error::invalid_arg("a trend needs three or more snapshots"));
    }
    let lanes = rayon::current_num_threads();
    let mut phases = Phases::default();
    let mut baselines = Vec::with_capacity(sources.len() - 1);
    let controls = control.split(&sources.iter().map(size).collect::<Vec<_>>());
    let mut sources = sources;
    let Some(last) = sources.pop() else {
        return Err(Error::internal("a trend without sources"));
    };
    for (at, source) in sources.into_iter().enumerate() {
        // By shape as well: what is replaced in its slot has another id each time.
        let older = Opened::open(source, lanes, &controls[at])?;
        let (mut older, its_phases) = older.fold(|_| Shapes::Always, &controls[at])?;
        phases.extend(&format!("snapshot {}", at + 1), its_phases);
        if at > 0 {
            // Class rows are those between the first and the last.
            drop(older.take_classes());
        }
        baselines.push(older);
    }
    let (newer, its_phases) = read_current(last, lanes, None, &controls[baselines.len()])?;
    phases.extend("current", its_phases);
    let shapes = shapes(&newer.graph, &newer.words, control)?;
    let all = DiffOptions { suspects: usize::MAX, is_trend: true, ..options.clone() };
    let mut report = compare(&mut baselines[0], &newer, &all, phases, start, control)?;
    let course = Course::new(&baselines, &newer, &shapes);
    report.suspects.retain(|suspect| course.grew_always(suspect));
    report.suspects.truncate(options.suspects.max(1));
    if report.suspects.is_empty() {
        report.verdict = Verdict::NoLeak;
    }
    Ok(report)
}

/// Two snapshots that have been read, and how long it took.
type Pair = ((Baseline, Phases), (Current, Phases));

/// Reads, analyses and folds the baseline on all cores, and then reads and analyses the newer snapshot:
/// there is only one graph at a time. Compressed files as well, though inflating keeps one core busy and not
/// two: side by side they would be done sooner, with both graphs in memory. Ids are taken to mean
/// something, which they mostly do; if the newer snapshot shows that they do not, the baseline is read
/// again for the shapes of its routes.
fn read_in_turn(
    baseline: Source,
    current: Source,
    matching: Matching,
    [older_control, newer_control]: [&Control; 2],
) -> Result<Pair> {
    let lanes = rayon::current_num_threads();
    let again = baseline.again();
    let shapes = match (matching, &again) {
        (Matching::Identity, _) | (Matching::Auto, Some(_)) => Shapes::Never,
        _ => Shapes::Always,
    };
    let mut older =
        Opened::open(baseline, lanes, older_control)?.fold(|_| shapes, older_control)?;
    let (newer, mut phases) = Parsed::read(current, lanes, newer_control)?;
    let newer = newer.analyze(Routes::find, &mut phases, newer_control)?;
    if matching == Matching::Auto
        && !older.0.has_shapes()
        && !same_process(&older.0.sample, &newer.ids).0
        && let Some(again) = again
    {
        older =
            Opened::open(again, lanes, older_control)?.fold(|_| Shapes::Always, older_control)?;
    }
    Ok((older, (newer, phases)))
}

/// Reads both side by side, the newer on a thread of its own: it comes through a pipe, as slowly as
/// V8 writes it. Not on rayon's pool: two pipes into which nothing comes for a while would stop
/// every other job.
fn read_both(
    baseline: Source,
    current: Source,
    matching: Matching,
    [older_control, newer_control]: [&Control; 2],
) -> Result<Pair> {
    let lanes = (rayon::current_num_threads() / 2).max(1);
    let newer_ids = OnceLock::new();
    // If the newer one is far enough by then to tell how the two will be matched, only what that
    // needs is kept of the baseline; if not, there is time for all of it.
    let shapes = |ids: &IdSample| match (matching, newer_ids.get()) {
        (Matching::Identity, _) => Shapes::Never,
        (Matching::Auto, Some(newer)) if same_process(ids, newer).0 => Shapes::Never,
        _ => Shapes::Always,
    };
    std::thread::scope(|scope| {
        let newer =
            spawn_reader(scope, || read_current(current, lanes, Some(&newer_ids), newer_control))?;
        let older = Opened::open(baseline, lanes, older_control)
            .and_then(|older| older.fold(shapes, older_control));
        Ok((older?, join(newer)?))
    })
}

/// Starts a reader on a thread of its own.
fn spawn_reader<'scope, 'env, T: Send + 'scope>(
    scope: &'scope Scope<'scope, 'env>,
    read: impl FnOnce() -> T + Send + 'scope,
) -> Result<ScopedJoinHandle<'scope, T>> {
    let thread = std::thread::Builder::new().name("heapdiff-read".into());
    let spawned = thread.spawn_scoped(scope, read);
    spawned.map_err(|error| Error::io("pthread_create", "heapdiff-read", error))
}

/// What a reader made. A panic goes on in this thread, as it would have without the other one.
fn join<T>(reader: ScopedJoinHandle<'_, T>) -> T {
    reader.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
}

/// An older snapshot on its way to a baseline.
enum Opened {
    /// It was a digest.
    Done(Box<Baseline>),
    /// It has been read.
    Read(Box<Parsed>, Phases),
}

impl Opened {
    /// Reads a snapshot, or takes what its digest kept.
    fn open(source: Source, lanes: usize, control: &Control) -> Result<Self> {
        let (name, size) = (source.name(), source.known_size());
        match digest::open(source, control)? {
            Ok(body) => {
                let bytes = size.unwrap_or(0);
                for phase in [Phase::Parse, Phase::Analyze] {
                    control.progress(Progress { phase, bytes, total_bytes: size });
                }
                Ok(Self::Done(Box::new(Baseline::from_digest(body, name))))
            }
            Err(source) => {
                let (parsed, phases) = Parsed::read(source, lanes, control)?;
                Ok(Self::Read(Box::new(parsed), phases))
            }
        }
    }

    /// Analyses and folds it. `wanted` decides by a sample of the ids how it may be asked later.
    fn fold(
        self,
        wanted: impl FnOnce(&IdSample) -> Shapes,
        control: &Control,
    ) -> Result<(Baseline, Phases)> {
        let (parsed, mut phases) = match self {
            Self::Done(baseline) => return Ok((*baseline, Phases::default())),
            Self::Read(parsed, phases) => (parsed, phases),
        };
        let wanted = wanted(&parsed.ids);
        let beside = |graph: &HeapGraph, words: &Vocabulary, control: &Control| {
            Groundwork::new(graph, words, wanted, control)
        };
        let snapshot = parsed.analyze(beside, &mut phases, control)?;
        let baseline = phases.time("census", || Baseline::fold(snapshot, control))?;
        Ok((baseline, phases))
    }
}

/// A snapshot that has been read and not yet analysed.
struct Parsed {
    name: String,
    graph: HeapGraph,
    ids: IdSample,
}

impl Parsed {
    fn read(source: Source, lanes: usize, control: &Control) -> Result<(Self, Phases)> {
        let mut phases = Phases::default();
        let name = source.name();
        let graph = phases.time(PARSE, || read(source, &ReadOptions { lanes }, control))?;
        control.checkpoint()?;
        let ids = IdSample::take(&graph);
        Ok((Self { name, graph, ids }, phases))
    }

    /// Finds out the facts, and beside them what `more` finds.
    fn analyze<B: Send>(
        self,
        more: impl FnOnce(&HeapGraph, &Vocabulary, &Control) -> Result<B> + Send,
        phases: &mut Phases,
        control: &Control,
    ) -> Result<Analyzed<B>> {
        let Self { name, graph, ids } = self;
        let bytes = graph.tables().bytes;
        control.progress(Progress::analyzed(0, bytes));
        let beside = || {
            control.checkpoint()?;
            let words = Vocabulary::new(graph.strings(), control)?;
            let more = more(&graph, &words, control)?;
            Ok((words, more))
        };
        let (analysis, (words, beside)) =
            phases.time("analyze", || analyse_beside(&graph, What::DIFF, beside, control))?;
        let stats = stats(name, &graph, &analysis);
        control.progress(Progress::analyzed(bytes, bytes));
        Ok(Analyzed { stats, graph, words, beside, analysis, ids })
    }
}

/// Reads and analyses a snapshot, and shows a sample of its ids as soon as they are known.
fn read_current(
    source: Source,
    lanes: usize,
    show_ids: Option<&OnceLock<IdSample>>,
    control: &Control,
) -> Result<(Current, Phases)> {
    let (parsed, mut phases) = Parsed::read(source, lanes, control)?;
    if let Some(show) = show_ids {
        show.get_or_init(|| parsed.ids.clone());
    }
    Ok((parsed.analyze(Routes::find, &mut phases, control)?, phases))
}

/// How to match, and why.
fn decide(wanted: Matching, older: &Baseline, newer: &Current) -> (Matching, String) {
    match wanted {
        Matching::Auto => match same_process(&older.sample, &newer.ids) {
            (true, reason) => (Matching::Identity, reason),
            (false, reason) => (Matching::Structural, reason),
        },
        asked_for => (asked_for, "asked for".into()),
    }
}

/// The suspects.
fn suspects(
    older: &Baseline,
    newer: &Current,
    matching: Matching,
    options: &DiffOptions,
    control: &Control,
) -> Result<Vec<Suspect>> {
    let Current { graph, words, beside: routes, analysis, .. } = newer;
    let census = &older.census;
    let newer = Newer { graph, words, routes, analysis };
    if matching == Matching::Identity {
        return find_suspects(newer, &Before::by_id(census, graph, control)?, options, control);
    }
    let before = {
        let (shapes, items) =
            rayon::join(|| shapes(graph, words, control), || count_items(graph, words, control));
        let marks = isolates(graph, words);
        let of_one_isolate = are_of_one_isolate(&older.isolates, &marks);
        Before::by_shape(census, newer, shapes?, items?, of_one_isolate, control)?
    };
    find_suspects(newer, &before, options, control)
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

/// Names and times of phases.
#[derive(Default)]
struct Phases {
    list: Vec<PhaseTime>,
    /// When each snapshot was read.
    parses: Vec<(Instant, Instant)>,
}

/// The phase from the first byte to tables.
const PARSE: &str = "parse";

impl Phases {
    /// Does something and notes how long it took.
    fn time<T>(&mut self, phase: &str, work: impl FnOnce() -> Result<T>) -> Result<T> {
        let start = Instant::now();
        let result = work();
        let end = Instant::now();
        if phase == PARSE {
            self.parses.push((start, end));
        }
        self.list.push(PhaseTime { phase: phase.to_owned(), ms: milliseconds(end - start) });
        result
    }

    /// Takes over the phases of one snapshot.
    fn extend(&mut self, of: &str, phases: Phases) {
        let named = phases
            .list
            .into_iter()
            .map(|PhaseTime { phase, ms }| PhaseTime { phase: format!("{of}: {phase}"), ms });
        self.list.extend(named);
        self.parses.extend(phases.parses);
    }

    /// The summary. While several snapshots are read side by side, time passes only once.
    fn timings(mut self, total: Duration) -> Timings {
        self.parses.sort_unstable();
        let mut parsing = Duration::ZERO;
        let mut until = None;
        for &(start, end) in &self.parses {
            let start = until.map_or(start, |until| start.max(until));
            parsing += end.saturating_duration_since(start);
            until = until.max(Some(end));
        }
        let (parse_ms, total_ms) = (milliseconds(parsing), milliseconds(total));
        Timings { parse_ms, analyze_ms: total_ms - parse_ms, total_ms, phases: self.list }
    }
}

fn milliseconds(time: Duration) -> f64 {
    time.as_secs_f64() * 1e3
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn time_in_which_several_snapshots_are_read_counts_once() {
        let start = Instant::now();
        let at = |ms| start + Duration::from_millis(ms);
        let parse_ms = |parses: &[(u64, u64)]| {
            let parses = parses.iter().map(|&(from, to)| (at(from), at(to))).collect();
            Phases { list: Vec::new(), parses }.timings(Duration::from_millis(100)).parse_ms
        };
        assert_eq!(parse_ms(&[]), 0.0);
        assert_eq!(parse_ms(&[(10, 30), (50, 60)]), 30.0, "one after the other");
        assert_eq!(parse_ms(&[(10, 30), (0, 60)]), 60.0, "one within the other");
        assert_eq!(parse_ms(&[(20, 50), (10, 30), (60, 61)]), 41.0);
    }
}
