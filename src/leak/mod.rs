//! From growth to a name: what leaks, and what a developer calls it.
//!
//! ```text
//! census (baseline) -> before (levels, moved, alive)
//! -> growth: where it piles up (follow, grown_containers, spine, crowds, scatter, keys, things, shared_tables)
//! -> suspects: whose it is (credit, holders, peers, keepers), what is one leak (merge, lift, chain,
//!    listeners, companions, ties, intervals, small), what is none (definitions, finalizers, idle, signals,
//!    generations, windows, rotation, realms, room, turnover, load), what no variable holds (registered_symbols)
//! -> describe: route, ways, naming, data_keys, exports, places, declarations,
//!    loaded_texts (definition_of), only_calls, parameters, locals, block_variables, stores, fronts, scripts, kind, contents,
//!    path, fingerprint, sentence; what Node has (of_node, young_modules) and packages do
//!    (collections); what is one leak in many places (alike, beside)
//! ```
//!
//! The ideas: growth of *survivors* is the signal, not class counts (a leaking array survives, and
//! its class count does not move); the accumulation point of Eclipse MAT, on growth instead of
//! sizes; the slot of a survivor stands for what is in it, so that a value that is replaced by a
//! larger one is followed too.

mod alike;
mod alive;
mod anchors;
pub mod before;
mod below;
mod beside;
mod block_variables;
mod blocks;
mod candidate;
mod captures;
pub mod census;
pub mod chain;
mod collections;
mod companions;
pub mod contents;
mod credit;
pub mod crowds;
mod data_keys;
pub mod declaration;
mod declaration_rank;
mod declarations;
mod definition_of;
mod definitions;
mod describe;
mod edges;
mod exports;
mod file_names;
mod finalizers;
mod fingerprint;
mod follow;
mod fronts;
mod generations;
mod grown;
mod grown_containers;
pub mod growth;
pub mod hash;
pub mod holders;
mod idle;
mod intervals;
pub mod items;
mod keepers;
mod keys;
pub mod kind;
mod levels;
mod lift;
mod listeners;
mod lists;
mod load;
mod loaded_texts;
mod locals;
pub mod matching;
mod merge;
mod moved;
pub mod naming;
mod of_node;
mod only_calls;
mod parameters;
mod path;
mod peers;
mod places;
mod realms;
pub mod records;
mod registered_symbols;
mod room;
mod rotation;
pub mod route;
mod scatter;
pub mod scripts;
pub mod sentence;
pub mod shape;
mod shared_tables;
mod signals;
mod small;
mod spine;
#[cfg(test)]
mod stage;
mod stores;
pub mod suspects;
mod things;
mod ties;
mod timers;
mod turnover;
pub mod vocabulary;
mod ways;
mod windows;
mod young;
mod young_modules;
