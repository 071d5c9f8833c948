//! How a long job is watched and stopped from outside.
//!
//! A [`Control`] goes by reference through every stage. Loops over nodes, edges or bytes call
//! [`Control::checkpoint`] about every 65,536 steps: that costs one relaxed atomic load, and stops
//! the job well within 50 ms of a cancellation.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use crate::error::{Error, Result};

/// How many cheap steps a loop may take between two checkpoints.
pub const CHECKPOINT_STEPS: usize = 1 << 16;

/// A flag that stops a job. Clones share the flag.
#[derive(Clone, Debug, Default)]
pub struct Cancel(Arc<AtomicBool>);

impl Cancel {
    /// Asks the job to stop at its next checkpoint. May be called from any thread, any number of
    /// times.
    pub fn cancel(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    /// Whether somebody asked the job to stop.
    pub fn is_cancelled(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

/// The phase a job is in, as the public API names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    /// V8 walks the heap.
    Capture,
    /// Bytes become tables.
    Parse,
    /// Tables become facts.
    Analyze,
    /// Bytes go to a file or stream.
    Write,
}

impl Phase {
    /// The name in `onProgress`.
    pub fn name(self) -> &'static str {
        match self {
            Phase::Capture => "capture",
            Phase::Parse => "parse",
            Phase::Analyze => "analyze",
            Phase::Write => "write",
        }
    }
}

/// One report of progress.
#[derive(Clone, Copy, Debug)]
pub struct Progress {
    /// What the job is doing.
    pub phase: Phase,
    /// Bytes dealt with so far in this phase.
    pub bytes: u64,
    /// How many there will be, when that is known.
    pub total_bytes: Option<u64>,
}

/// Receives progress. Called on whatever thread does the work, at most once per block of input.
pub type ProgressSink = dyn Fn(Progress) + Send + Sync;

/// The handle by which a job is watched and stopped.
#[derive(Clone, Default)]
pub struct Control {
    cancel: Cancel,
    deadline: Option<Instant>,
    progress: Option<Arc<ProgressSink>>,
}

impl Control {
    /// A control that stops when `cancel` is set.
    pub fn new(cancel: Cancel) -> Self {
        Self { cancel, deadline: None, progress: None }
    }

    /// The same, which also stops at `deadline` with `ERR_TIMEOUT`.
    #[must_use]
    pub fn with_deadline(mut self, deadline: Option<Instant>) -> Self {
        self.deadline = deadline;
        self
    }

    /// The same, which also reports progress to `sink`.
    #[must_use]
    pub fn with_progress(mut self, sink: Arc<ProgressSink>) -> Self {
        self.progress = Some(sink);
        self
    }

    /// The flag that stops this job.
    pub fn cancel(&self) -> &Cancel {
        &self.cancel
    }

    /// The moment at which the job gives up, if there is one.
    pub fn deadline(&self) -> Option<Instant> {
        self.deadline
    }

    /// Fails with `ABORT_ERR` or `ERR_TIMEOUT` if the job has to stop now.
    pub fn checkpoint(&self) -> Result<()> {
        if self.cancel.is_cancelled() {
            return Err(Error::cancelled());
        }
        if let Some(deadline) = self.deadline
            && Instant::now() >= deadline
        {
            return Err(Error::timed_out());
        }
        Ok(())
    }

    /// [`Control::checkpoint`] when `step` is a multiple of [`CHECKPOINT_STEPS`], nothing
    /// otherwise: for the head of a loop over nodes or edges.
    #[inline(always)]
    pub fn checkpoint_at(&self, step: usize) -> Result<()> {
        if step & (CHECKPOINT_STEPS - 1) == 0 { self.checkpoint() } else { Ok(()) }
    }

    /// Tells the sink, if there is one, how far the job is.
    pub fn progress(&self, progress: Progress) {
        if let Some(sink) = &self.progress {
            sink(progress);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn a_cancelled_job_stops_with_abort_err() {
        let cancel = Cancel::default();
        let control = Control::new(cancel.clone());
        assert!(control.checkpoint().is_ok());
        cancel.cancel();
        assert_eq!(control.checkpoint().unwrap_err().code(), "ABORT_ERR");
        assert!(control.checkpoint_at(1).is_ok(), "between checkpoints nothing is looked at");
        assert!(control.checkpoint_at(CHECKPOINT_STEPS).is_err());
    }

    #[test]
    fn a_job_past_its_deadline_stops_with_err_timeout() {
        let past = Instant::now().checked_sub(Duration::from_millis(1));
        let control = Control::default().with_deadline(past);
        assert_eq!(control.checkpoint().unwrap_err().code(), "ERR_TIMEOUT");
    }
}
