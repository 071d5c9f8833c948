//! heapdiff reads V8 heap snapshots, computes what Chrome DevTools computes, compares two of them
//! and names what leaks.
//!
//! # The pipeline
//!
//! ```text
//! V8 --(pipe)--> bytes -> tables -> graph -> analysis -> diff -> leak -> report
//!                capture/ snapshot/ graph/   analysis/   diff/   leak/   report.rs
//! ```
//!
//! A stage knows only the stages to its left. Each is a handful of free functions over plain
//! structs of flat columns. Two sources feed the same pipe: a file, or a live capture.
//!
//! Beside the pipe:
//!
//! * [`digest`] keeps of a baseline what a later diff needs, on disk.
//! * [`explore`] answers questions about one snapshot (`openSnapshot`), [`node_table`] writes a row
//!   per node (`heapdiff nodes`).
//! * [`redact`] rewrites a snapshot as it streams by, between capture and disk.
//! * [`source_map`] finds the position that somebody wrote for one in generated code, [`source_words`]
//!   words in source code.
//! * [`control`] stops and watches all of them, [`error`] is how they fail.
//! * [`json`] is how answers cross to JavaScript, if it can hold them.
//! * [`binding`] is all that JavaScript sees; `lib/native-binding.d.ts` is its other side.
//!
//! # Invariants
//!
//! * **Only [`binding`] names napi.** Everything else builds and tests with
//!   `--no-default-features`.
//! * **Input is hostile.** Every count, index and offset is checked while a file is decoded; after
//!   that a [`graph::HeapGraph`] is consistent, and the later stages index it without doubt.
//! * **No recursion on data**, no allocation per node. Columns are `Vec`s indexed by
//!   [`graph::NodeIndex`] or [`graph::EdgeIndex`].
//! * **Every loop over nodes or edges can be stopped**: see [`control::Control::checkpoint`].
//!
//! # Glossary
//!
//! *Node*: an object on the heap. *Edge*: a reference. *Retainer*: a node with an edge to this
//! one. *Self size*: the bytes of the node alone. *Retained size*: the bytes that would be freed
//! with it. *Dominator*: the node through which every path from the root passes. *Distance*: the
//! length of the shortest path from a user root. *Survivor*: a node that is in both snapshots.
//! *Suspect*: a survivor whose growth looks like a leak. *Accumulation point*: the container the
//! growth piles up in.

#[cfg(unix)]
mod allocator;
pub mod analysis;
#[cfg(feature = "node")]
pub mod binding;
pub mod capture;
pub mod control;
pub mod diff;
pub mod digest;
pub mod error;
pub mod explore;
pub mod graph;
pub mod json;
pub mod leak;
pub mod node_table;
pub mod pages_ahead;
mod prefix_sums;
pub mod redact;
pub mod report;
pub mod snapshot;
pub mod source_map;
pub mod source_words;
#[doc(hidden)]
pub mod testing;
