//! What a capture delivers: the bytes, and at their end the word that they are all.

use std::io::{self, Read};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use super::conduit::ReaderEnd;
#[cfg(fork_mode)]
use super::fork::Child;
use super::memory::RssWatch;
use crate::control::Control;
use crate::error::Result;

/// How often memory is looked at while bytes arrive.
const LOOK: Duration = Duration::from_millis(10);

/// The reading side of a capture that is under way.
#[derive(Debug)]
pub struct Feed {
    // Before the reader: a child that is killed cannot keep the pipe open.
    child: MaybeChild,
    reader: ReaderEnd,
    rss: RssWatch,
    looked: Instant,
    begun: Instant,
    end: EndMark,
}

/// The child that walks the heap, if one does.
#[cfg(fork_mode)]
type MaybeChild = Option<Child>;
#[cfg(not(fork_mode))]
type MaybeChild = ();

/// When the last byte had come, for whoever asks later. Clones share it.
#[derive(Clone, Debug, Default)]
pub struct EndMark(Arc<AtomicU64>);

impl EndMark {
    /// How long after its beginning the feed ended; `None` while it has not.
    pub fn after(&self) -> Option<Duration> {
        match self.0.load(Ordering::Acquire) {
            0 => None,
            micros => Some(Duration::from_micros(micros)),
        }
    }

    fn set(&self, after: Duration) {
        let micros = u64::try_from(after.as_micros()).unwrap_or(u64::MAX).max(1);
        self.0.store(micros, Ordering::Release);
    }
}

impl Feed {
    /// The feed of an inline capture: V8 is about to write on the JS thread.
    pub fn inline(reader: ReaderEnd, rss: RssWatch) -> Self {
        reader.begin();
        Self::unbegun(reader, rss)
    }

    /// The feed of a child. Dropping it kills the child.
    #[cfg(fork_mode)]
    pub fn forked(reader: ReaderEnd, rss: RssWatch, child: Child) -> Self {
        Self { child: Some(child), ..Self::unbegun(reader, rss) }
    }

    fn unbegun(reader: ReaderEnd, rss: RssWatch) -> Self {
        let now = Instant::now();
        Self {
            child: MaybeChild::default(),
            reader,
            rss,
            looked: now,
            begun: now,
            end: EndMark::default(),
        }
    }

    /// The same, which also leaves a mark when it ends.
    #[must_use]
    pub fn marking(mut self, end: EndMark) -> Self {
        self.end = end;
        self
    }

    /// Whether V8 runs in this process: then it leaves memory behind.
    pub fn is_inline(&self) -> bool {
        #[cfg(fork_mode)]
        return self.child.is_none();
        #[cfg(not(fork_mode))]
        true
    }

    /// Reads what has arrived, or waits for it; 0 at the end, when the child, if there is one, has
    /// ended well.
    ///
    /// # Errors
    ///
    /// `ABORT_ERR`, `ERR_TIMEOUT`, `ERR_CAPTURE_FAILED` when the child failed or had to be killed,
    /// or the errno code of a failed read.
    pub fn read(&mut self, buffer: &mut [u8], control: &Control) -> Result<usize> {
        let Self { child, rss, .. } = self;
        if self.looked.elapsed() >= LOOK {
            self.looked = Instant::now();
            look_after(child, rss, false)?;
        }
        let length = self.reader.read(buffer, control, || look_after(child, rss, true))?;
        if length == 0 {
            self.end.set(self.begun.elapsed());
            #[cfg(fork_mode)]
            if let Some(child) = &mut self.child {
                child.finish(control)?;
            }
        }
        Ok(length)
    }

    /// The memory that the capture took so far.
    pub fn rss(&self) -> &RssWatch {
        &self.rss
    }
}

/// Looks after a child, which may be stuck if it is idle, and takes a sample of the memory.
#[cfg(fork_mode)]
fn look_after(child: &mut MaybeChild, rss: &RssWatch, is_idle: bool) -> Result<()> {
    let Some(child) = child else {
        rss.sample(0);
        return Ok(());
    };
    child.look_after()?;
    if is_idle {
        child.look_whether_stuck()?;
    }
    rss.sample(child.peak_bytes());
    Ok(())
}

#[cfg(not(fork_mode))]
fn look_after((): &mut MaybeChild, rss: &RssWatch, _: bool) -> Result<()> {
    rss.sample(0);
    Ok(())
}

/// A feed as a plain stream, for the parser. Its errors wrap those of this crate.
pub struct SnapshotStream {
    feed: Feed,
    control: Control,
}

impl SnapshotStream {
    /// Reads from `feed` until the end or until `control` says stop.
    pub fn new(feed: Feed, control: Control) -> Self {
        Self { feed, control }
    }
}

impl Read for SnapshotStream {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.feed.read(buffer, &self.control).map_err(io::Error::other)
    }
}
