//! What a diff answers: the report, and the options that shape it. Plain data; serde turns it into
//! the JSON that the JavaScript side passes on unchanged.
//!
//! Names, units and meaning of every field are those of `LeakReport` in `index.d.ts`.

use serde::{Deserialize, Serialize};

pub use crate::analysis::class_table::ClassRows;

/// How the nodes of the two snapshots are matched.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Matching {
    /// Decided from the data.
    #[default]
    Auto,
    /// By node id: the same isolate.
    Identity,
    /// By the shape of the path from the roots: another process.
    Structural,
}

/// What the caller wants. Sizes are bytes.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct DiffOptions {
    /// How many suspects to report at most.
    pub suspects: usize,
    /// How many class rows to report at most.
    pub classes: usize,
    /// Growth below this is no suspect. Left out: relative to the heap.
    pub min_growth_bytes: Option<u64>,
    /// Units of work done between the snapshots.
    pub work: Option<f64>,
    /// How to match.
    pub matching: Matching,
    /// How to make class rows.
    pub class_rows: ClassRows,
    /// Whether more snapshots tell what was set up once from what grows: not for callers to say.
    #[serde(skip)]
    pub is_trend: bool,
}

impl Default for DiffOptions {
    fn default() -> Self {
        Self {
            suspects: 5,
            classes: 20,
            min_growth_bytes: None,
            work: None,
            matching: Matching::Auto,
            class_rows: ClassRows::Merged,
            is_trend: false,
        }
    }
}

/// Whether something leaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// At least one suspect.
    Leak,
    /// None.
    NoLeak,
}

/// The answer. See `LeakReport` in `index.d.ts`.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct LeakReport {
    /// Always 1.
    pub schema_version: u32,
    /// Who wrote it.
    pub tool: Tool,
    /// Whether something leaks.
    pub verdict: Verdict,
    /// How nodes were matched: never `auto`.
    pub matching: Matching,
    /// Why they were matched that way, in words.
    pub matching_reason: String,
    /// The older snapshot.
    pub baseline: SnapshotStats,
    /// The newer one.
    pub current: SnapshotStats,
    /// Newer less older.
    pub growth: Growth,
    /// Most likely first.
    pub suspects: Vec<Suspect>,
    /// Largest added size first.
    pub classes: Vec<ClassDelta>,
    /// How many suspects the caller's `ignore` dropped. The core knows none: always 0 here.
    pub ignored: usize,
    /// What the report could not know.
    pub warnings: Vec<String>,
    /// Where the time went.
    pub timings: Timings,
}

/// The program that made a report.
#[derive(Clone, Debug, Serialize)]
pub struct Tool {
    /// `heapdiff`.
    pub name: &'static str,
    /// Its version.
    pub version: &'static str,
}

impl Default for Tool {
    fn default() -> Self {
        Self { name: "heapdiff", version: env!("CARGO_PKG_VERSION") }
    }
}

/// One snapshot in numbers.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SnapshotStats {
    /// Path, or what else the source is called.
    pub source: String,
    /// Nodes.
    pub node_count: u64,
    /// Edges.
    pub edge_count: u64,
    /// Bytes on V8's heap.
    pub heap_bytes: u64,
    /// Chrome DevTools' statistics.
    pub statistics: StatisticsRow,
    /// When it was taken, if known (ISO 8601).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub taken_at: Option<String>,
}

/// The numbers of DevTools' Statistics view, in bytes.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct StatisticsRow {
    /// All of it.
    pub total: u64,
    /// Outside V8's heap.
    pub native: u64,
    /// Backing stores of typed arrays.
    pub typed_arrays: u64,
    /// Code.
    pub code: u64,
    /// Strings.
    pub strings: u64,
    /// Arrays with their elements.
    pub js_arrays: u64,
    /// V8's own structures.
    pub system: u64,
}

/// Newer less older.
#[derive(Clone, Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Growth {
    /// Nodes.
    pub nodes: i64,
    /// Edges.
    pub edges: i64,
    /// Bytes on V8's heap.
    pub heap_bytes: i64,
    /// Bytes outside it.
    pub native_bytes: i64,
}

/// What kind of thing grows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
#[allow(missing_docs)] // The names say it; `index.d.ts` lists them.
pub enum SuspectKind {
    Array,
    Map,
    Set,
    Object,
    Listeners,
    Timers,
    Promises,
    Closures,
    Buffers,
    Strings,
    List,
    Instances,
    Other,
}

/// Something that grows and should not.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Suspect {
    /// The name a developer would search for.
    pub name: String,
    /// Constructor of the thing that grows.
    pub class_name: String,
    /// What kind of growth.
    pub kind: SuspectKind,
    /// Its id in `current`.
    pub node_id: u32,
    /// How many more there are of the same name and place in the code, elsewhere in the heap.
    pub alike: u64,
    /// 0 to 1.
    pub confidence: f64,
    /// How much.
    pub growth: SuspectGrowth,
    /// The code that owns it.
    pub source: Option<SourcePosition>,
    /// From a GC root to it.
    pub path: Vec<PathStep>,
    /// What piles up inside.
    pub holds: Vec<Holding>,
    /// The same leak has the same one everywhere.
    pub fingerprint: String,
    /// One plain sentence.
    pub summary: String,
}

/// How much a suspect grew.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct SuspectGrowth {
    /// Bytes it retains more than before.
    pub retained_bytes: i64,
    /// Elements, entries or properties.
    pub items: Option<Items>,
    /// Per unit of work.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub per_work: Option<PerWork>,
}

/// Elements, entries or properties of a container.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Items {
    /// In the baseline.
    pub before: u64,
    /// In the current snapshot.
    pub after: u64,
}

/// Growth per unit of work.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct PerWork {
    /// Bytes.
    pub bytes: f64,
    /// Items; 0 where the suspect has none.
    pub items: f64,
}

/// A place in the code. `line` and `column` are 1-based.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct SourcePosition {
    /// As Node wrote it: a path or a `file://` URL.
    pub url: String,
    /// Line.
    pub line: Option<u32>,
    /// Column.
    pub column: Option<u32>,
    /// The function that the position is of; none where it is that of a declaration.
    pub function_name: Option<String>,
    /// Where that comes from, if a source map says so. Filled in by
    /// [`crate::source_map::add_original_positions`], `None` until then.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub original: Option<OriginalPosition>,
}

/// A place in the code that somebody wrote. `line` and `column` are 1-based.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct OriginalPosition {
    /// A path, or the URL that a bundler made up.
    pub url: String,
    /// Line.
    pub line: u32,
    /// Column.
    pub column: u32,
}

/// A step on the path from a root.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct PathStep {
    /// Name of the edge that leads here.
    pub edge: String,
    /// Its type.
    pub edge_type: String,
    /// Class of the node.
    pub class_name: String,
    /// Id of the node.
    pub node_id: u32,
}

/// What piles up, by class.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Holding {
    /// Class.
    pub class_name: String,
    /// How many more of them.
    pub count: u64,
    /// Their bytes.
    pub bytes: u64,
}

/// A class in both snapshots.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ClassDelta {
    /// Class.
    pub class_name: String,
    /// Nodes only in `current`.
    pub added: u64,
    /// Nodes only in `baseline`.
    pub removed: u64,
    /// `added` less `removed`.
    pub delta: i64,
    /// Their self sizes.
    pub added_bytes: u64,
    /// Their self sizes.
    pub removed_bytes: u64,
    /// `added_bytes` less `removed_bytes`.
    pub delta_bytes: i64,
    /// What the class retains in `current`.
    pub retained_bytes: u64,
}

/// Where the time went, in milliseconds.
#[derive(Clone, Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Timings {
    /// From the first byte to the tables, longest of the two.
    pub parse_ms: f64,
    /// From the tables to the report.
    pub analyze_ms: f64,
    /// All of it.
    pub total_ms: f64,
    /// Finer: name of the phase and its time. Phases may overlap.
    pub phases: Vec<PhaseTime>,
}

/// The time of one phase.
#[derive(Clone, Debug, Serialize)]
pub struct PhaseTime {
    /// Its name.
    pub phase: String,
    /// Milliseconds.
    pub ms: f64,
}
