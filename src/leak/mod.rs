//! From growth to a name: what leaks, and what a developer calls it.
//!
//! ```text
//! census (baseline) -> before -> growth (where it piles up) -> suspects (what is one leak, what is
//! none) -> describe: route, naming, places, scripts, declaration, kind, contents, sentence
//! ```
//!
//! The ideas: growth of *survivors* is the signal, not class counts (a leaking array survives, and
//! its class count does not move); the accumulation point of Eclipse MAT, on growth instead of
//! sizes; the slot of a survivor stands for what is in it, so that a value that is replaced by a
//! larger one is followed too.

mod alike;
mod anchors;
pub mod before;
mod candidate;
pub mod census;
pub mod chain;
mod companions;
pub mod contents;
mod credit;
pub mod crowds;
pub mod declaration;
mod declarations;
mod definitions;
mod describe;
mod edges;
mod finalizers;
mod grown;
pub mod growth;
pub mod hash;
pub mod holders;
mod idle;
pub mod items;
mod keepers;
mod keys;
pub mod kind;
mod levels;
mod listeners;
pub mod matching;
mod merge;
pub mod naming;
mod peers;
mod places;
pub mod records;
pub mod route;
mod scatter;
pub mod scripts;
pub mod sentence;
pub mod shape;
mod small;
mod spine;
#[cfg(test)]
mod stage;
pub mod suspects;
pub mod vocabulary;
