//! The shell around the core: the only place that names napi. It converts arguments, starts a
//! native thread per job, and converts results. Nothing is computed here.
//!
//! Arguments arrive checked: `lib/` validates what users pass. What `lib/` relies on here is
//! written down in `lib/native-binding.d.ts`.
//!
//! **Invariants.** No job runs on libuv's pool or on the JavaScript thread. No job holds memory
//! that JavaScript owns. No job outlives the environment that started it by more than one
//! [checkpoint](crate::control::Control::checkpoint).

#[cfg(unix)]
mod block;
#[cfg(unix)]
mod capture;
mod diff;
#[cfg(unix)]
mod digest;
#[cfg(unix)]
mod estimate;
mod explore;
mod failure;
mod input;
mod job;
#[cfg(unix)]
mod written;

#[cfg(unix)]
pub use capture::*;
pub use diff::{diff_snapshots, diff_trend};
#[cfg(unix)]
pub use digest::write_digest;
#[cfg(unix)]
pub use estimate::*;
pub use explore::{OpenSnapshot, open_snapshot, write_nodes};
pub use failure::{Failure, Settled};
pub use input::{Input, PendingSource};
pub use job::{Job, spawn_job, spawn_job_then};
#[cfg(unix)]
pub use written::*;
