//! A snapshot to read, on its way from JavaScript to a job.

use std::cell::RefCell;

use napi_derive::napi;

use crate::capture::memory::RssWatch;
use crate::control::Control;
use crate::error::{Error, Result};
use crate::snapshot::Source;

/// A source that JavaScript prepares and a job takes.
///
/// Bytes are copied in by [`Input::append`], a block at a time, so that a large buffer does not
/// hold up the event loop, and so that nothing JavaScript does to it later can hurt the job: a
/// buffer that is transferred, resized or collected would otherwise leave the job with dangling
/// memory.
#[napi]
pub struct Input {
    source: RefCell<Option<PendingSource>>,
    /// What follows the memory of the capture that this comes from.
    rss: Option<RssWatch>,
}

/// Makes a source that stops when the job does.
pub(crate) type MakeSource = Box<dyn FnOnce(&Control) -> Result<Source> + Send>;

/// What a job takes from an [`Input`], to open on its own thread.
pub enum PendingSource {
    /// It is there.
    Ready(Source),
    /// It is made when the job begins, such as a pipe.
    Made(MakeSource),
}

impl PendingSource {
    /// The source, for the job that `control` stops.
    ///
    /// # Errors
    ///
    /// Those of whoever makes it.
    pub fn open(self, control: &Control) -> Result<Source> {
        match self {
            PendingSource::Ready(source) => Ok(source),
            PendingSource::Made(make) => make(control),
        }
    }
}

#[napi]
impl Input {
    /// A file, which reports call `name`. `lib/` has checked that the path has no NUL byte.
    #[napi(factory, catch_unwind)]
    pub fn from_path(path: String, name: String) -> Self {
        Self::new(PendingSource::Ready(Source::Path { path: path.into(), name }))
    }

    /// An empty buffer for `length` bytes. Throws if there is no memory for it.
    #[napi(factory, catch_unwind)]
    pub fn for_bytes(length: f64) -> napi::Result<Self> {
        let mut bytes = Vec::new();
        bytes.try_reserve_exact(length as usize).map_err(|_| {
            napi::Error::from_reason(Error::out_of_memory(length as u64).to_string())
        })?;
        Ok(Self::new(PendingSource::Ready(Source::Bytes(bytes))))
    }

    /// Copies a block to the end of the buffer.
    #[napi(catch_unwind)]
    pub fn append(&self, block: &[u8]) {
        if let Some(PendingSource::Ready(Source::Bytes(bytes))) = &mut *self.source.borrow_mut() {
            bytes.extend_from_slice(block);
        }
    }
}

impl Input {
    /// An input around a source that native code made.
    pub fn new(source: PendingSource) -> Self {
        Self { source: RefCell::new(Some(source)), rss: None }
    }

    /// The same for a capture, whose memory `rss` follows.
    #[must_use]
    pub fn watched_by(mut self, rss: RssWatch) -> Self {
        self.rss = Some(rss);
        self
    }

    /// Follows the memory of the process, and that of the capture which this comes from, if it does.
    pub fn rss(&self) -> RssWatch {
        self.rss.clone().unwrap_or_else(RssWatch::start)
    }

    /// The source. An input feeds one job.
    ///
    /// # Errors
    ///
    /// `ERR_INTERNAL` if it has been taken before.
    pub fn take(&self) -> Result<PendingSource> {
        self.source.borrow_mut().take().ok_or_else(|| Error::internal("an input was used twice"))
    }
}
