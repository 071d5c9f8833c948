//! What Chrome DevTools computes when it loads a snapshot, to the byte: self sizes after ownership
//! transfer, dominators, retained sizes, distances, classes, statistics.
//!
//! Each file is one concept and a few free functions over `&HeapGraph`. [`analyse`] runs those
//! that a job needs, in order, independent ones side by side.

pub mod bits;
pub mod detachedness;
pub mod dominator_tree;
pub mod dominators;
pub mod essential;
pub mod names;
pub mod ownership;
pub mod roots;

#[cfg(test)]
mod twins;

use std::time::{Duration, Instant};

use crate::control::Control;
use crate::error::Result;
use crate::graph::HeapGraph;

use detachedness::Detachedness;
use dominator_tree::DominatorTree;
use names::KnownNames;

/// What [`analyse`] computes beyond self sizes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct What {
    /// Dominators and retained sizes.
    pub dominators: bool,
}

impl What {
    /// Everything.
    pub const ALL: Self = Self { dominators: true };
}

/// How long the phases took. Phases that ran side by side overlap.
#[derive(Clone, Copy, Debug, Default)]
pub struct Timings {
    /// Known names and detachedness.
    pub names: Duration,
    /// Self sizes after ownership transfer.
    pub ownership: Duration,
    /// Page objects and dominators.
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
    pub retained: Vec<u64>,
    /// How long it took.
    pub timings: Timings,
}

/// Computes what `what` asks for. The calling thread works, and one more of rayon's.
///
/// # Errors
/// `ABORT_ERR`, `ERR_TIMEOUT`.
pub fn analyse(graph: &HeapGraph, what: What, control: &Control) -> Result<Analysis> {
    let mut timings = Timings::default();
    let (names, detachedness) = timed(&mut timings.names, || {
        let names = KnownNames::new(graph.strings(), control)?;
        Ok((names, Detachedness::new(graph, control)?))
    })?;
    let has_user_roots = !roots::user_roots(graph, &names).is_empty();
    let (self_size, dominators) = rayon::join(
        || {
            timed(&mut timings.ownership, || {
                ownership::owned_self_sizes(graph, &names, &detachedness, has_user_roots, control)
            })
        },
        || {
            timed(&mut timings.dominators, || {
                if !what.dominators {
                    return Ok(DominatorTree::default());
                }
                let page_objects = roots::page_objects(graph, &names, control)?;
                let edges = essential::EssentialEdges::new(graph, &names, &page_objects);
                dominators::dominators(edges, control)
            })
        },
    );
    let (self_size, dominators) = (self_size?, dominators?);
    let retained = timed(&mut timings.retained, || Ok(dominators.retained_sizes(&self_size)))?;
    Ok(Analysis { names, detachedness, self_size, dominators, retained, timings })
}

fn timed<T>(took: &mut Duration, work: impl FnOnce() -> Result<T>) -> Result<T> {
    let start = Instant::now();
    let result = work();
    *took += start.elapsed();
    result
}
