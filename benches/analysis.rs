//! What each phase of the analysis costs on real snapshots, in time and memory.
//!
//! `cargo bench --no-default-features --bench analysis -- A.heapsnapshot [B.heapsnapshot]`
//!
//! Prints for each phase the least wall and processor time of `ROUNDS` (environment, 5 unless
//! given) rounds on one thread, and then the wall time and memory of the whole.
#![allow(clippy::print_stdout, missing_docs)]

use std::hint::black_box;
use std::time::{Duration, Instant};

use heapdiff::analysis::class_table::ClassRows;
use heapdiff::analysis::classes::Classes;
use heapdiff::analysis::comparison::{ComparisonOptions, NewerNodes, OlderNodes, compare};
use heapdiff::analysis::detachedness::Detachedness;
use heapdiff::analysis::dominators::Search;
use heapdiff::analysis::essential::EssentialEdges;
use heapdiff::analysis::groups::Groups;
use heapdiff::analysis::ids::nodes_by_id;
use heapdiff::analysis::names::KnownNames;
use heapdiff::analysis::{Analysis, What, analyse, distances, interfaces, ownership, statistics};
use heapdiff::control::Control;
use heapdiff::error::Result;
use heapdiff::graph::HeapGraph;
use heapdiff::pages_ahead::PagesAhead;
use heapdiff::snapshot::{ReadOptions, Source, read};

fn main() -> Result<()> {
    let arguments = std::env::args().skip(1);
    let paths: Vec<String> = arguments.filter(|argument| !argument.starts_with("--")).collect();
    let mut sides = Vec::new();
    for path in &paths {
        sides.push(run(path)?);
    }
    if let (Some(current), Some(base), None) = (sides.pop(), sides.pop(), sides.pop()) {
        run_comparison(base, &current)?;
    }
    Ok(())
}

fn run(path: &str) -> Result<(HeapGraph, Analysis)> {
    let control = Control::default();
    let graph = read(Source::file(path), &ReadOptions::default(), &control)?;
    println!("{path}: {} nodes, {} edges", graph.node_count(), graph.edge_count());
    let graph = &graph;
    let names = measured("known names", || KnownNames::new(graph.strings(), &control))?;
    let detachedness = Detachedness::new(graph, &control)?;
    let tree = measured("dominators", || {
        let pages_ahead = PagesAhead::default();
        Search::new(EssentialEdges::new(graph, &names), &pages_ahead)?.run(&control)
    })?;
    let self_size = measured("ownership", || {
        ownership::owned_self_sizes(graph, &names, &detachedness, true, &control)
    })?;
    measured("retained sizes", || tree.retained_sizes(&self_size, &control))?;
    let groups = measured("groups", || Groups::new(graph, &names, &detachedness, &control))?;
    measured("interfaces and classes", || {
        let definitions = interfaces::infer(groups.shapes(), &control)?;
        Classes::new(&groups, &definitions, &control)
    })?;
    measured("statistics", || {
        statistics::statistics(graph, &names, &detachedness, &self_size, true, &control)
    })?;
    measured("distances", || distances::distances(graph, &names, &detachedness, &control))?;
    drop((names, tree, self_size, groups));

    let before = memory_mb("VmRSS");
    let start = Instant::now();
    let analysis = analyse(graph, What::DIFF, &control)?;
    let took = milliseconds(start.elapsed());
    let (after, peak) = (memory_mb("VmRSS"), memory_mb("VmHWM"));
    println!(
        "  analyse, all threads: {took:.1} ms; {before} MB before, {after} after, {peak} peak"
    );
    measured("class table", || analysis.class_table(ClassRows::Merged, &control))?;
    let graph = read(Source::file(path), &ReadOptions::default(), &control)?;
    Ok((graph, analysis))
}

fn run_comparison(base: (HeapGraph, Analysis), current: &(HeapGraph, Analysis)) -> Result<()> {
    let control = Control::default();
    let (graph, analysis) = base;
    let ids = &graph.tables().node_id;
    println!("comparison");
    let by_id = measured("nodes by id", || nodes_by_id(ids, &control))?;
    let Analysis { self_size, groups, classes, .. } = analysis;
    let older = OlderNodes::new(ids, &by_id, &self_size, groups, classes, &control)?;
    let definitions = &current.1.definitions;
    let classes = measured("re-class", || Classes::new(older.groups(), definitions, &control))?;
    let nodes = NewerNodes {
        ids: &current.0.tables().node_id,
        self_size: &current.1.self_size,
        groups: &current.1.groups,
        classes: &current.1.classes,
    };
    let options = ComparisonOptions::default();
    measured("compare", || compare(&older, &classes, nodes, options, &control))?;
    Ok(())
}

/// The result of the last round, after printing what the best one took.
fn measured<T>(phase: &str, work: impl Fn() -> Result<T>) -> Result<T> {
    let rounds = std::env::var("ROUNDS").ok().and_then(|rounds| rounds.parse().ok());
    let (mut wall, mut processor) = (Duration::MAX, Duration::MAX);
    let mut result = work();
    for _ in 0..rounds.unwrap_or(5u32) {
        drop(result);
        let (start, processor_start) = (Instant::now(), processor_time());
        result = black_box(work());
        wall = wall.min(start.elapsed());
        processor = processor.min(processor_time().saturating_sub(processor_start));
    }
    let (wall, processor) = (milliseconds(wall), milliseconds(processor));
    println!("  {phase:24} {wall:8.1} ms, {processor:8.1} ms of processor");
    result
}

fn milliseconds(time: Duration) -> f64 {
    time.as_secs_f64() * 1e3
}

/// Processor time of this thread; 0 where it cannot be had.
fn processor_time() -> Duration {
    // "... on the run queue": the first number is nanoseconds on a processor.
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    let nanoseconds = text.split_whitespace().next().and_then(|number| number.parse().ok());
    Duration::from_nanos(nanoseconds.unwrap_or(0))
}

/// A line of `/proc/self/status` in megabytes; 0 where there is none.
fn memory_mb(field: &str) -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find(|line| line.starts_with(field));
    let kilobytes = line.and_then(|line| line.split_whitespace().nth(1)?.parse::<u64>().ok());
    kilobytes.unwrap_or(0) / 1024
}
