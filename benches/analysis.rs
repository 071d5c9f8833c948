//! How long each phase of the analysis takes on real snapshots, and how much memory it needs.
//!
//! `cargo bench --no-default-features --bench analysis -- A.heapsnapshot [B.heapsnapshot]`

#![allow(clippy::print_stdout, missing_docs)]

use std::time::Instant;

use heapdiff::analysis::class_table::ClassRows;
use heapdiff::analysis::classes::Classes;
use heapdiff::analysis::comparison::{ComparisonOptions, ComparisonSide, compare};
use heapdiff::analysis::ids::IdIndex;
use heapdiff::analysis::{Analysis, What, analyse};
use heapdiff::control::Control;
use heapdiff::error::Result;
use heapdiff::graph::HeapGraph;
use heapdiff::snapshot::{ReadOptions, Source, read};

fn main() -> Result<()> {
    let paths: Vec<String> =
        std::env::args().skip(1).filter(|argument| !argument.starts_with("--")).collect();
    let what = if std::env::var_os("DISTANCES").is_some() { What::ALL } else { What::DIFF };
    let mut sides = Vec::new();
    for path in &paths {
        sides.push(run(path, what)?);
    }
    if let [base, current] = &sides[..] {
        run_comparison(base, current)?;
    }
    Ok(())
}

fn run(path: &str, what: What) -> Result<(HeapGraph, Analysis)> {
    let control = Control::default();
    let graph =
        timed("read", || read(Source::Path(path.into()), &ReadOptions::default(), &control))?;
    println!("{} nodes, {} edges", graph.node_count(), graph.edge_count());
    let mut last = None;
    for _ in 0..3 {
        drop(last.take());
        let before = rss_mb("VmRSS");
        let analysis = timed("analyse", || analyse(&graph, what, &control))?;
        println!("{:?}", analysis.timings);
        println!(
            "rss before {before} MB, after {} MB, peak {} MB",
            rss_mb("VmRSS"),
            rss_mb("VmHWM")
        );
        last = Some(analysis);
    }
    let analysis = last.expect("three rounds");
    let rows = timed("class table", || analysis.class_table(ClassRows::Merged, &control))?;
    println!("{} rows", rows.len());
    Ok((graph, analysis))
}

fn run_comparison(base: &(HeapGraph, Analysis), current: &(HeapGraph, Analysis)) -> Result<()> {
    let control = Control::default();
    let base_ids = &base.0.tables().node_id;
    let current_ids = &current.0.tables().node_id;
    let index = timed("id index", || IdIndex::new(base_ids, &control))?;
    let matches = timed("match", || index.matches(current_ids, &control))?;
    let classes =
        timed("re-class", || Classes::new(&base.1.groups, &current.1.definitions, &control))?;
    let current_rows = current.1.class_table(ClassRows::Devtools, &control)?;
    let base = ComparisonSide {
        ids: base_ids,
        self_size: &base.1.self_size,
        groups: &base.1.groups,
        own_classes: &base.1.classes,
        classes: &classes,
    };
    let current = ComparisonSide {
        ids: current_ids,
        self_size: &current.1.self_size,
        groups: &current.1.groups,
        own_classes: &current.1.classes,
        classes: &current.1.classes,
    };
    let options = ComparisonOptions {
        rows: ClassRows::Devtools,
        with_ids: false,
        current_rows: &current_rows,
    };
    let rows = timed("compare", || compare(base, current, &matches, options, &control))?;
    for row in rows.iter().take(5) {
        println!(
            "{} +{} -{}",
            String::from_utf8_lossy(&row.name),
            row.added_count,
            row.removed_count
        );
    }
    Ok(())
}

fn timed<T>(what: &str, work: impl FnOnce() -> Result<T>) -> Result<T> {
    let start = Instant::now();
    let result = work();
    println!("{what}: {:.1} ms", start.elapsed().as_secs_f64() * 1e3);
    result
}

/// A line of `/proc/self/status`, in megabytes; 0 where there is none.
fn rss_mb(field: &str) -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find(|line| line.starts_with(field));
    let kilobytes = line.and_then(|line| line.split_whitespace().nth(1)?.parse::<u64>().ok());
    kilobytes.unwrap_or(0) / 1024
}
