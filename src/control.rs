//! How a long job is watched and stopped from outside.
//!
//! A [`Control`] goes by reference through every stage. Loops over nodes, edges or bytes call
//! [`Control::checkpoint`] about every 65,536 steps: that costs one relaxed atomic load, and stops
//! the job within milliseconds of a cancellation. Where one turn may take many steps, as that of a node
//! with millions of edges, steps are counted by a [`Pace`].

use std::ops::Range;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
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

impl Progress {
    /// How far the analysis of a snapshot is that was so many bytes long.
    pub fn analyzed(bytes: u64, total_bytes: u64) -> Self {
        Self { phase: Phase::Analyze, bytes, total_bytes: Some(total_bytes) }
    }
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

    /// One control for each of several inputs, of which these sizes are known. What they report of
    /// one phase is added up: the job tells of all of them together, and nothing goes back when the next
    /// one begins or one is read again.
    #[must_use]
    pub fn split(&self, sizes: &[InputSize]) -> Vec<Self> {
        let Some(sink) = &self.progress else { return vec![self.clone(); sizes.len()] };
        let tally = Arc::new(Mutex::new(Tally::new(sizes)));
        let of_input = |at| {
            let (sink, tally) = (Arc::clone(sink), Arc::clone(&tally));
            self.clone().with_progress(Arc::new(move |progress| {
                // Locked until it has been told, so that no smaller sum comes after a larger one.
                let mut tally = tally.lock().unwrap_or_else(PoisonError::into_inner);
                sink(tally.add_up(at, progress));
            }))
        };
        (0..sizes.len()).map(of_input).collect()
    }

    /// Tells the sink, if there is one, how far the job is.
    pub fn progress(&self, progress: Progress) {
        if let Some(sink) = &self.progress {
            sink(progress);
        }
    }
}

/// Counts the steps of a loop in which one turn may take many, as over the edges of a node: there is no saying
/// how many nodes come between two checkpoints.
#[derive(Debug, Default)]
pub struct Pace(usize);

impl Pace {
    /// Takes so many steps. Calls [`Control::checkpoint`] where those since the last one come to
    /// [`CHECKPOINT_STEPS`]; in many at once nobody looks, see [`in_parts`].
    ///
    /// # Errors
    /// `ABORT_ERR`, `ERR_TIMEOUT`.
    #[inline(always)]
    pub fn take(&mut self, steps: usize, control: &Control) -> Result<()> {
        self.0 += steps;
        if self.0 < CHECKPOINT_STEPS {
            return Ok(());
        }
        self.0 = 0;
        control.checkpoint()
    }
}

/// A range in parts of at most [`CHECKPOINT_STEPS`]; an empty one has none.
#[inline(always)]
pub fn in_parts(range: Range<usize>) -> impl Iterator<Item = Range<usize>> {
    let Range { start, end } = range;
    (start..end).step_by(CHECKPOINT_STEPS).map(move |at| at..end.min(at + CHECKPOINT_STEPS))
}

/// How many bytes of an input there are to each phase, where that is known before.
#[derive(Clone, Copy, Debug)]
pub struct InputSize {
    /// To parse.
    pub parse: Option<u64>,
    /// To analyse.
    pub analyze: Option<u64>,
}

/// What several inputs have reported so far.
struct Tally {
    parse: Vec<Part>,
    analyze: Vec<Part>,
}

/// How far one input is in one phase.
struct Part {
    bytes: u64,
    total_bytes: Option<u64>,
}

impl Tally {
    fn new(sizes: &[InputSize]) -> Self {
        let parts = |total_of: fn(&InputSize) -> Option<u64>| {
            sizes.iter().map(|size| Part { bytes: 0, total_bytes: total_of(size) }).collect()
        };
        Self { parse: parts(|size| size.parse), analyze: parts(|size| size.analyze) }
    }

    fn add_up(&mut self, at: usize, progress: Progress) -> Progress {
        let parts = match progress.phase {
            Phase::Parse => &mut self.parse,
            Phase::Analyze => &mut self.analyze,
            // Of those there is one.
            Phase::Capture | Phase::Write => return progress,
        };
        let part = &mut parts[at];
        part.bytes = part.bytes.max(progress.bytes);
        part.total_bytes = progress.total_bytes.or(part.total_bytes);
        Progress {
            bytes: parts.iter().map(|part| part.bytes).sum(),
            total_bytes: parts.iter().map(|part| part.total_bytes).sum(),
            ..progress
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
    fn progress_of_several_inputs_adds_up_and_never_goes_back() {
        let told = Arc::new(Mutex::new(Vec::new()));
        let sink = Arc::clone(&told);
        let control = Control::default().with_progress(Arc::new(move |progress: Progress| {
            sink.lock().unwrap().push((progress.bytes, progress.total_bytes));
        }));
        let size = |bytes| InputSize { parse: bytes, analyze: bytes };
        let inputs = control.split(&[size(Some(10)), size(None)]);
        let parse = |at: usize, bytes, total_bytes| {
            inputs[at].progress(Progress { phase: Phase::Parse, bytes, total_bytes });
        };
        parse(0, 6, Some(10));
        parse(0, 10, Some(10));
        parse(1, 5, None);
        parse(1, 30, Some(30));
        parse(0, 1, Some(10));
        inputs[1].progress(Progress::analyzed(30, 30));
        inputs[0].progress(Progress::analyzed(0, 10));
        let expected = [
            (6, None),
            (10, None),
            (15, None),
            (40, Some(40)),
            (40, Some(40)),
            (30, Some(40)),
            (30, Some(40)),
        ];
        assert_eq!(*told.lock().unwrap(), expected);
    }

    #[test]
    fn a_job_past_its_deadline_stops_with_err_timeout() {
        let past = Instant::now().checked_sub(Duration::from_millis(1));
        let control = Control::default().with_deadline(past);
        assert_eq!(control.checkpoint().unwrap_err().code(), "ERR_TIMEOUT");
    }
}
