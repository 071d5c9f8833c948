//! Capturing the live heap: a capture as JavaScript holds it, and how one is prepared. What becomes of
//! its bytes is in [`written`](super::written). The order of calls is written down in
//! `lib/native-binding.d.ts`.

use std::cell::RefCell;
use std::io::Read;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use napi::Env;
use napi::bindgen_prelude::{FnArgs, Function, Object, Unknown};
use napi_derive::napi;

use super::failure::{Failure, Settled};
use super::input::{Input, PendingSource};
use super::job::{Job, spawn_job};
use super::written::OutletArguments;
use crate::capture::conduit::{Conduit, ReaderEnd, ReaderStage, WriterEnd};
use crate::capture::feed::{EndMark, Feed, SnapshotStream};
#[cfg(fork_mode)]
use crate::capture::fork::{self, Child, Readiness, Shortcomings};
use crate::capture::identity;
use crate::capture::memory::RssWatch;
use crate::capture::outlet::Outlet;
use crate::capture::slot::Slot;
use crate::capture::snapshot_file::SnapshotFile;
use crate::capture::stream::{PulledCapture, PulledReader};
use crate::control::{Control, Phase};
use crate::error::{Error, Result};
use crate::snapshot::Source;

/// A capture that is prepared: the way is open, the file too if there is to be one. Dropping it,
/// also when its environment ends, frees all of it, and with that whoever waits for bytes.
#[napi]
pub struct Capture {
    path: String,
    rss: RssWatch,
    writer: RefCell<Option<WriterEnd>>,
    #[cfg(fork_mode)]
    child: RefCell<Option<Child>>,
    #[cfg(fork_mode)]
    readiness: RefCell<Option<Readiness>>,
    #[cfg(fork_mode)]
    why_no_fork: Option<String>,
    retries: RefCell<Arc<AtomicU32>>,
    #[cfg(fork_mode)]
    shortcomings: RefCell<Arc<Mutex<Shortcomings>>>,
    end: EndMark,
    stage: Arc<ReaderStage>,
    reader: RefCell<Option<ReaderEnd>>,
    pub(super) file: RefCell<Option<SnapshotFile>>,
    pub(super) pulled: Arc<Mutex<Option<PulledCapture>>>,
    pub(super) slot: RefCell<Option<Arc<Slot>>>,
}

#[napi]
impl Capture {
    /// Where V8 has to write.
    #[napi(getter, catch_unwind)]
    pub fn path(&self) -> String {
        self.path.clone()
    }

    /// Whether [`Self::fork`] will work here.
    #[napi(getter, catch_unwind)]
    pub fn can_fork(&self) -> bool {
        #[cfg(fork_mode)]
        return self.readiness.borrow().is_some();
        #[cfg(not(fork_mode))]
        false
    }

    /// Why [`Self::can_fork`] is not, where a fork was asked for if possible.
    #[napi(getter, catch_unwind)]
    pub fn why_no_fork(&self) -> Option<String> {
        #[cfg(fork_mode)]
        return self.why_no_fork.clone();
        #[cfg(not(fork_mode))]
        None
    }

    /// How often another child may be tried: 0, unless this one failed in a way that the next one
    /// may not.
    #[napi(getter, catch_unwind)]
    pub fn retries(&self) -> u32 {
        self.retries.borrow().load(Ordering::Acquire)
    }

    /// Which precautions the child that captured had to do without, one sentence each.
    #[napi(getter, catch_unwind)]
    pub fn shortcomings(&self) -> Vec<&'static str> {
        #[cfg(fork_mode)]
        {
            let shared = self.shortcomings.borrow();
            let lacking = *shared.lock().unwrap_or_else(PoisonError::into_inner);
            lacking.describe()
        }
        #[cfg(not(fork_mode))]
        Vec::new()
    }

    /// Whether no other thread is busy with something that a child would have to wait for, as far
    /// as can be seen. Takes some microseconds per thread.
    #[napi(catch_unwind)]
    pub fn is_good_moment(&self) -> bool {
        #[cfg(fork_mode)]
        return self.readiness.borrow().as_ref().is_none_or(Readiness::is_good_moment);
        #[cfg(not(fork_mode))]
        true
    }

    /// Milliseconds from the start of the reader to the last byte, once that has come.
    #[napi(getter, catch_unwind)]
    pub fn ended_after_ms(&self) -> Option<f64> {
        self.end.after().map(|after| after.as_secs_f64() * 1000.0)
    }

    /// The reading end as a source for a job. With `outlet`, what that makes of the bytes.
    #[napi(catch_unwind)]
    pub fn to_input(&self, outlet: Option<OutletArguments>) -> Input {
        let feed = self.make_feed();
        Input::new(PendingSource::Made(Box::new(move |control| {
            let (feed, control) = (feed()?, control.clone());
            let reader: Box<dyn Read + Send> = match outlet {
                None => Box::new(SnapshotStream::new(feed, control)),
                Some(outlet) => {
                    let capture = PulledCapture::live(feed, Outlet::new(outlet.into()));
                    Box::new(PulledReader::new(capture, control))
                }
            };
            Ok(Source::Stream { name: "the live heap".into(), reader, phase: Phase::Capture })
        })))
        .watched_by(self.rss.clone())
    }

    /// Waits until the job that was given the reader has begun to read: some microseconds. False
    /// if it has failed already or was never started.
    #[napi(catch_unwind)]
    pub fn wait_for_reader(&self) -> bool {
        self.reader.borrow().is_none() && self.stage.wait_for_reader()
    }

    /// Forks a child that calls `write(path, options)` and ends. Returns what it cost, in
    /// milliseconds, in the parent only.
    #[napi(catch_unwind)]
    pub fn fork(
        &self,
        write: Function<'_, FnArgs<(String, Object<'_>)>, Unknown<'_>>,
        options: Object<'_>,
        max_memory_bytes: f64,
        time_limit_ms: Option<f64>,
    ) -> napi::Result<Forked> {
        let forked = self.fork_child(
            || write.call(FnArgs::from((self.path.clone(), options))).is_ok(),
            max_memory_bytes,
            time_limit_ms,
        );
        self.close_writer(false);
        Ok(forked
            .unwrap_or_else(|error| Forked { failure: Some(error.into()), ..Forked::default() }))
    }

    /// Lets the reader see the end. To be called when V8 has written, or will not; `has_failed` if it
    /// could not, which leaves a file of it open.
    #[napi(catch_unwind)]
    pub fn close_writer(&self, has_failed: bool) {
        let writer = self.writer.borrow_mut().take();
        if let Some(writer) = writer.filter(|_| has_failed) {
            writer.close_left_open();
        }
    }

    /// Frees everything that no job has taken.
    #[napi(catch_unwind)]
    pub fn close(&self) {
        self.close_writer(false);
        #[cfg(fork_mode)]
        self.child.borrow_mut().take();
        #[cfg(fork_mode)]
        self.readiness.borrow_mut().take();
        self.reader.borrow_mut().take();
        self.file.borrow_mut().take();
        // A job that is pulling has it; it is dropped there.
        if let Ok(mut pulled) = self.pulled.try_lock() {
            pulled.take();
        }
        self.slot.borrow_mut().take();
    }
}

/// What a fork cost, in milliseconds, or why there is none.
#[derive(Default)]
#[napi(object, object_from_js = false)]
pub struct Forked {
    /// Why not.
    pub failure: Option<Failure>,
    /// Mappings of V8's heap.
    pub mappings: u32,
    /// To make them part of the fork.
    pub let_in_ms: f64,
    /// For the fork itself.
    pub fork_ms: f64,
    /// To take them out again.
    pub restore_ms: f64,
}

impl Capture {
    /// Opens the way. Its part of `slot` is given back when the capture is closed.
    fn open(
        slot: Arc<Slot>,
        file: Option<SnapshotFile>,
        may_fork: MayFork,
        control: &Control,
    ) -> Result<Self> {
        #[cfg(fork_mode)]
        let (readiness, why_no_fork) = match may_fork {
            MayFork::No => (None, None),
            MayFork::IfPossible => match Readiness::check(control) {
                Ok(readiness) => (Some(readiness), None),
                Err(error) if control.checkpoint().is_err() => return Err(error),
                Err(error) => (None, Some(error.to_string())),
            },
            MayFork::Only => (Some(Readiness::check(control)?), None),
        };
        #[cfg(not(fork_mode))]
        let _ = control;
        #[cfg(not(fork_mode))]
        if may_fork == MayFork::Only {
            return Err(Error::unsupported("fork mode needs Linux on x64 or arm64"));
        }
        let Conduit { writer, reader } = Conduit::open()?;
        Ok(Self {
            path: writer.path().display().to_string(),
            rss: RssWatch::start(),
            writer: RefCell::new(Some(writer)),
            #[cfg(fork_mode)]
            child: RefCell::default(),
            #[cfg(fork_mode)]
            readiness: RefCell::new(readiness),
            #[cfg(fork_mode)]
            why_no_fork,
            retries: RefCell::default(),
            #[cfg(fork_mode)]
            shortcomings: RefCell::default(),
            end: EndMark::default(),
            stage: reader.stage(),
            reader: RefCell::new(Some(reader)),
            file: RefCell::new(file),
            pulled: Arc::default(),
            slot: RefCell::new(Some(slot)),
        })
    }

    /// What makes the feed, on the thread of the job that reads it.
    pub(super) fn make_feed(&self) -> impl FnOnce() -> Result<Feed> + Send + use<> {
        let reader = self.reader.borrow_mut().take();
        let rss = self.rss.clone();
        #[cfg(fork_mode)]
        let child = self.child.borrow_mut().take();
        let end = self.end.clone();
        move || {
            let reader = reader.ok_or_else(|| Error::internal("a capture was read twice"))?;
            #[cfg(fork_mode)]
            if let Some(child) = child {
                return Ok(Feed::forked(reader, rss, child).marking(end));
            }
            Ok(Feed::inline(reader, rss).marking(end))
        }
    }

    #[cfg(fork_mode)]
    fn fork_child(
        &self,
        walk: impl FnOnce() -> bool,
        max_memory_bytes: f64,
        time_limit_ms: Option<f64>,
    ) -> Result<Forked> {
        let writer = self.writer.borrow();
        let readiness = self.readiness.borrow_mut().take();
        let (Some(readiness), Some(writer)) = (readiness, writer.as_ref()) else {
            return Err(Error::unsupported("fork mode is not available"));
        };
        let time_limit = time_limit_ms.and_then(|ms| Duration::try_from_secs_f64(ms / 1000.0).ok());
        // SAFETY: `walk` calls V8's own function for writing snapshots, through which no code of
        // the program runs.
        let forked =
            unsafe { fork::fork(readiness, writer, max_memory_bytes as u64, time_limit, walk) };
        let (child, cost) = forked?;
        let milliseconds = |time: Duration| time.as_secs_f64() * 1000.0;
        *self.retries.borrow_mut() = child.retries();
        *self.shortcomings.borrow_mut() = child.shortcomings();
        *self.child.borrow_mut() = Some(child);
        Ok(Forked {
            failure: None,
            mappings: u32::try_from(cost.mappings).unwrap_or(u32::MAX),
            let_in_ms: milliseconds(cost.let_in),
            fork_ms: milliseconds(cost.fork),
            restore_ms: milliseconds(cost.restore),
        })
    }

    #[cfg(not(fork_mode))]
    fn fork_child(&self, _: impl FnOnce() -> bool, _: f64, _: Option<f64>) -> Result<Forked> {
        let _: Option<Duration> = None;
        Err(Error::unsupported("fork mode needs Linux on x64 or arm64"))
    }
}

/// Whether a capture may be done by a child.
#[napi(string_enum = "kebab-case")]
#[derive(PartialEq, Eq)]
pub enum MayFork {
    /// It will be inline.
    No,
    /// If the platform allows it.
    IfPossible,
    /// Or not at all: `ERR_UNSUPPORTED`.
    Only,
}

/// The right to capture, for as many tries as it takes. It ends with the last of what it was given
/// to, wherever that is.
#[napi]
pub struct CaptureSlot(RefCell<Option<Arc<Slot>>>);

#[napi]
impl CaptureSlot {
    /// Ends this handle's part of it.
    #[napi(catch_unwind)]
    pub fn release(&self) {
        self.0.borrow_mut().take();
    }

    fn share(&self) -> Result<Arc<Slot>> {
        self.0.borrow().clone().ok_or_else(|| Error::internal("the slot was released"))
    }
}

/// Takes the right to capture: `ERR_SNAPSHOT_BUSY` while somebody else has it.
#[napi(catch_unwind)]
pub fn take_slot() -> Settled<CaptureSlot> {
    let slot = Slot::take().ok_or_else(Error::busy);
    Settled(slot.map(|slot| CaptureSlot(RefCell::new(Some(Arc::new(slot))))))
}

/// Prepares a capture into a file.
#[napi(catch_unwind)]
pub fn prepare_file<'env>(
    env: &'env Env,
    job: &Job,
    slot: &CaptureSlot,
    may_fork: MayFork,
    path: String,
    exclusive: bool,
    outlet: OutletArguments,
) -> napi::Result<Object<'env>> {
    let slot = slot.share();
    spawn_job(env, job, "heapdiff-open", move |control| {
        let slot = slot?;
        let file = SnapshotFile::create(path.as_ref(), exclusive, outlet.into())?;
        Capture::open(slot, Some(file), may_fork, control)
    })
}

/// Prepares a capture into the parser, or to be pulled.
#[napi(catch_unwind)]
pub fn prepare_stream<'env>(
    env: &'env Env,
    job: &Job,
    slot: &CaptureSlot,
    may_fork: MayFork,
) -> napi::Result<Object<'env>> {
    let slot = slot.share();
    spawn_job(env, job, "heapdiff-open", move |control| {
        Capture::open(slot?, None, may_fork, control)
    })
}

/// Names the isolate of the thread with this `threadId`.
#[napi(catch_unwind)]
pub fn isolate_id(thread_id: f64) -> String {
    identity::isolate_id(thread_id as u64)
}
