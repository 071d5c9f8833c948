//! What Chrome DevTools computes when it loads a snapshot, to the byte: self sizes after ownership
//! transfer, dominators, retained sizes, distances, classes, statistics.
//!
//! Each file is one concept and a few free functions over `&HeapGraph`. [`analyse`] runs those
//! that a job needs, in order, independent ones side by side.

pub mod bits;
mod by_string;
pub mod class_table;
pub mod classes;
pub mod comparison;
pub mod detachedness;
pub mod display;
pub mod distances;
pub mod dominator_tree;
mod dominator_walk;
pub mod dominators;
pub mod duplicate_strings;
pub mod essential;
pub mod filters;
pub mod groups;
pub mod ids;
pub mod interfaces;
pub mod names;
pub mod native_contexts;
pub mod ownership;
pub mod roots;
pub mod ropes;
pub mod samples;
pub mod shapes;
pub mod sizes;
mod source_lists;
pub mod statistics;
pub mod wtf8;

#[cfg(test)]
mod class_twins;
#[cfg(test)]
mod twins;

use std::sync::OnceLock;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use crate::control::Control;
use crate::error::{Error, Result};
use crate::graph::{HeapGraph, NodeIndex};
use crate::pages_ahead::PagesAhead;

use class_table::{ClassColumns, ClassRow, ClassRows};
use classes::Classes;
use detachedness::Detachedness;
use dominator_tree::DominatorTree;
use dominators::Search;
use essential::EssentialEdges;
use groups::Groups;
use interfaces::InterfaceDefinition;
use names::KnownNames;
use sizes::Sizes;
use statistics::Statistics;

/// What [`analyse`] computes beyond self sizes, classes and statistics.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct What {
    /// Dominators and retained sizes.
    pub dominators: bool,
    /// Distances.
    pub distances: bool,
}

impl What {
    /// Everything.
    pub const ALL: Self = Self { dominators: true, distances: true };
    /// What a comparison needs.
    pub const DIFF: Self = Self { dominators: true, distances: false };
}

/// How long the phases took. Those between `names` and `retained` run side by side where there are
/// threads for it.
#[derive(Clone, Copy, Debug, Default)]
pub struct Timings {
    /// Known names and detachedness.
    pub names: Duration,
    /// Self sizes after ownership transfer.
    pub ownership: Duration,
    /// Groups, interface definitions and classes.
    pub classes: Duration,
    /// Statistics.
    pub statistics: Duration,
    /// Distances.
    pub distances: Duration,
    /// Dominators.
    pub dominators: Duration,
    /// Retained sizes.
    pub retained: Duration,
}

/// The facts about one snapshot.
#[derive(Debug, Default)]
pub struct Analysis {
    /// Which strings mean something.
    pub names: KnownNames,
    /// Detachedness and renamed nodes.
    pub detachedness: Detachedness,
    /// Self size of each node in bytes after ownership transfer, modulo 2^32.
    pub self_size: Vec<u32>,
    /// The dominator tree, if asked for.
    pub dominators: DominatorTree,
    /// Retained size of each node in bytes, if dominators were asked for.
    pub retained: Sizes,
    /// Distance of each node, if asked for.
    pub distances: Option<Vec<i32>>,
    /// The group of each node: the class it has under any interface definitions.
    pub groups: Groups,
    /// The interface definitions that are common in this snapshot.
    pub definitions: Vec<InterfaceDefinition>,
    /// The classes of the groups under these definitions.
    pub classes: Classes,
    /// Totals by kind.
    pub statistics: Statistics,
    /// How long it took.
    pub timings: Timings,
}

impl Analysis {
    /// The name of a node's class, as WTF-8.
    pub fn class_name(&self, node: NodeIndex) -> &[u8] {
        self.classes.name(self.classes.of(&self.groups, node))
    }

    /// The class rows of all nodes.
    ///
    /// # Errors
    /// `ABORT_ERR`, `ERR_TIMEOUT`.
    pub fn class_table(&self, rows: ClassRows, control: &Control) -> Result<Vec<ClassRow>> {
        class_table::class_table(self.class_columns(), rows, |_| true, control)
    }

    /// The columns that class rows are made from.
    pub fn class_columns(&self) -> ClassColumns<'_> {
        ClassColumns {
            groups: &self.groups,
            classes: &self.classes,
            self_size: &self.self_size,
            dominators: &self.dominators,
            retained: &self.retained,
            distances: self.distances.as_deref(),
        }
    }
}

/// A graph with fewer edges is done before another thread would wake up.
const MIN_PARALLEL_EDGES: usize = 1 << 15;

/// Computes what `what` asks for. The calling thread works, and up to three more of rayon's.
///
/// # Errors
/// `ABORT_ERR`, `ERR_TIMEOUT`.
pub fn analyse(graph: &HeapGraph, what: What, control: &Control) -> Result<Analysis> {
    let (analysis, ()) = analyse_beside(graph, what, || Ok(()), control)?;
    Ok(analysis)
}

/// [`analyse`], and something else that needs the graph alone, beside it.
///
/// # Errors
/// `ABORT_ERR`, `ERR_TIMEOUT`, those of `more`.
pub fn analyse_beside<T: Send>(
    graph: &HeapGraph,
    what: What,
    more: impl FnOnce() -> Result<T> + Send,
    control: &Control,
) -> Result<(Analysis, T)> {
    let mut timings = Timings::default();
    let side_by_side = graph.edge_count() >= MIN_PARALLEL_EDGES;
    let (names, detachedness) = timed(&mut timings.names, || {
        let (names, detachedness) = join(
            side_by_side,
            || KnownNames::new(graph.strings(), control),
            || Detachedness::new(graph, control),
        );
        Ok((names?, detachedness?))
    })?;
    let pages_ahead = PagesAhead::default();
    let search = match what.dominators {
        true => Some(Search::new(EssentialEdges::new(graph, &names), &pages_ahead)?),
        false => None,
    };
    let retaining = Retaining::default();
    // Whoever is done takes what nobody has begun, so the longest come first.
    let (tree, (more, (weights, classes))) = join(
        side_by_side,
        || {
            let tree = match search {
                Some(search) => find_dominators(search, control)?,
                None => Default::default(),
            };
            let _ = retaining.tree.set(tree);
            retaining.add_up_if_second(control)
        },
        || {
            // The search takes longest, and its columns are fresh.
            if side_by_side {
                pages_ahead.provide(control);
            }
            join(side_by_side, more, || {
                join(
                    side_by_side,
                    || {
                        let weights = weigh(graph, what, &names, &detachedness, control)?;
                        let _ = retaining.weights.set(weights);
                        retaining.add_up_if_second(control)
                    },
                    || classify(graph, &names, &detachedness, control),
                )
            })
        },
    );
    tree?;
    weights?;
    let (dominators, weights, retained) = retaining.into_parts()?;
    let (dominators, dominators_took) = dominators;
    let (retained, retained_took) = retained;
    let Weights { self_size, statistics, distances, timings: weights_took } = weights;
    let (groups, definitions, classes, classes_took) = classes?;
    timings = Timings {
        names: timings.names,
        dominators: dominators_took,
        classes: classes_took,
        retained: retained_took,
        ..weights_took
    };
    let analysis = Analysis {
        names,
        detachedness,
        self_size,
        dominators,
        retained,
        distances,
        groups,
        definitions,
        classes,
        statistics,
        timings,
    };
    Ok((analysis, more?))
}

/// Does two things, on two threads where that is worth it.
fn join<A: Send, B: Send>(
    side_by_side: bool,
    one: impl FnOnce() -> A + Send,
    other: impl FnOnce() -> B + Send,
) -> (A, B) {
    match side_by_side {
        true => rayon::join(one, other),
        false => (one(), other()),
    }
}

/// Dominators, which need no sizes, and how long they took.
fn find_dominators(search: Search<'_>, control: &Control) -> Result<(DominatorTree, Duration)> {
    let mut took = Duration::ZERO;
    let tree = timed(&mut took, || search.run(control))?;
    Ok((tree, took))
}

/// Retained sizes need dominators and self sizes, which are found side by side: whoever is done second
/// adds them up, and the other one goes on with something else.
#[derive(Default)]
struct Retaining {
    tree: OnceLock<(DominatorTree, Duration)>,
    weights: OnceLock<Weights>,
    /// How many of the two are there.
    done: AtomicUsize,
    sizes: OnceLock<(Sizes, Duration)>,
}

/// What [`Retaining`] has in the end: each with its time, that of the weights inside.
type Retained = ((DominatorTree, Duration), Weights, (Sizes, Duration));

impl Retaining {
    /// To be called once for each of the two, when it is there.
    fn add_up_if_second(&self, control: &Control) -> Result<()> {
        if self.done.fetch_add(1, Ordering::AcqRel) == 0 {
            return Ok(());
        }
        let (Some((tree, _)), Some(weights)) = (self.tree.get(), self.weights.get()) else {
            return Err(Error::internal("retained sizes of half a snapshot"));
        };
        let mut took = Duration::ZERO;
        let sizes = timed(&mut took, || tree.retained_sizes(&weights.self_size, control))?;
        let _ = self.sizes.set((sizes, took));
        Ok(())
    }

    fn into_parts(self) -> Result<Retained> {
        let parts = (self.tree.into_inner(), self.weights.into_inner(), self.sizes.into_inner());
        match parts {
            (Some(tree), Some(weights), Some(sizes)) => Ok((tree, weights, sizes)),
            _ => Err(Error::internal("a snapshot without retained sizes")),
        }
    }
}

/// Self sizes, their totals, and distances.
struct Weights {
    self_size: Vec<u32>,
    statistics: Statistics,
    distances: Option<Vec<i32>>,
    timings: Timings,
}

fn weigh(
    graph: &HeapGraph,
    what: What,
    names: &KnownNames,
    detachedness: &Detachedness,
    control: &Control,
) -> Result<Weights> {
    // A job that has been stopped still comes here, and no column is worth its pages then.
    control.checkpoint()?;
    let mut timings = Timings::default();
    let has_user_roots = !roots::user_roots(graph, names).is_empty();
    let self_size = timed(&mut timings.ownership, || {
        ownership::owned_self_sizes(graph, names, detachedness, has_user_roots, control)
    })?;
    let statistics = timed(&mut timings.statistics, || {
        statistics::statistics(graph, names, detachedness, &self_size, has_user_roots, control)
    })?;
    let distances = timed(&mut timings.distances, || match what.distances {
        true => distances::distances(graph, names, detachedness, control).map(Some),
        false => Ok(None),
    })?;
    Ok(Weights { self_size, statistics, distances, timings })
}

/// Groups, interface definitions and classes, and how long they took.
fn classify(
    graph: &HeapGraph,
    names: &KnownNames,
    detachedness: &Detachedness,
    control: &Control,
) -> Result<(Groups, Vec<InterfaceDefinition>, Classes, Duration)> {
    // As in `weigh`.
    control.checkpoint()?;
    let start = Instant::now();
    let groups = Groups::new(graph, names, detachedness, control)?;
    let definitions = interfaces::infer(groups.shapes(), control)?;
    let classes = Classes::new(&groups, &definitions, control)?;
    Ok((groups, definitions, classes, start.elapsed()))
}

fn timed<T>(took: &mut Duration, work: impl FnOnce() -> Result<T>) -> Result<T> {
    let start = Instant::now();
    let result = work();
    *took += start.elapsed();
    result
}
