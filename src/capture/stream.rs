//! A capture that is pulled: the reader takes blocks when it wants them, and V8 waits meanwhile.
//!
//! That is how it is with a child: what is not pulled stays in the pipe, and the child waits. Inline
//! V8 stands on the very thread that would pull, so its output goes into a nameless temporary file
//! first (after redaction and compression), and is pulled from there. In memory there is never more
//! than a block.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom, Write};

use super::completeness::Counts;
use super::feed::Feed;
use super::outlet::Outlet;
use crate::control::Control;
use crate::error::{Error, Result};

/// What is read from the pipe at once.
const READ_BYTES: usize = 1 << 16;
/// Compressed blocks are collected up to about this.
const BLOCK_BYTES: usize = 1 << 16;

/// A capture to pull.
pub struct PulledCapture {
    source: Source,
    buffer: Vec<u8>,
}

enum Source {
    /// The child writes while it is pulled.
    Live {
        feed: Box<Feed>,
        outlet: Box<Outlet>,
    },
    /// All is in a temporary file.
    Spooled(File),
    End,
}

impl PulledCapture {
    /// To pull from a child, or from V8 on another thread than this.
    pub fn live(feed: Feed, outlet: Outlet) -> Self {
        let source = Source::Live { feed: Box::new(feed), outlet: Box::new(outlet) };
        Self { source, buffer: vec![0; READ_BYTES] }
    }

    /// Takes all that V8 writes inline into a temporary file, to pull from that.
    ///
    /// # Errors
    ///
    /// Those of [`Feed::read`] and [`Outlet::push`], and the errno codes of the file.
    pub fn spool(mut feed: Feed, mut outlet: Outlet, control: &Control) -> Result<Self> {
        let (file, _) = spool(&mut feed, &mut outlet, control)?;
        Ok(Self { source: Source::Spooled(file), buffer: vec![0; READ_BYTES] })
    }

    /// The next block, `None` at the end. A stream that ends without error was a whole snapshot.
    ///
    /// # Errors
    ///
    /// Those of [`Feed::read`] and [`Outlet::push`].
    pub fn pull(&mut self, control: &Control) -> Result<Option<Vec<u8>>> {
        let mut block = Vec::new();
        match &mut self.source {
            Source::End => return Ok(None),
            Source::Spooled(file) => {
                control.checkpoint()?;
                let length = (file.read(&mut self.buffer))
                    .map_err(|error| Error::io("read", "a temporary file", error))?;
                block.extend_from_slice(&self.buffer[..length]);
            }
            Source::Live { feed, outlet } => {
                while block.len() < BLOCK_BYTES {
                    let length = feed.read(&mut self.buffer, control)?;
                    if length == 0 {
                        block.extend_from_slice(&outlet.finish()?.0);
                        self.source = Source::End;
                        break;
                    }
                    block.extend_from_slice(outlet.push(&self.buffer[..length])?);
                    outlet.report(control);
                }
            }
        }
        if block.is_empty() {
            self.source = Source::End;
            return Ok(None);
        }
        Ok(Some(block))
    }
}

/// A capture as a plain stream, for the parser. Its errors wrap those of this crate.
pub struct PulledReader {
    capture: PulledCapture,
    control: Control,
    block: Vec<u8>,
    at: usize,
}

impl PulledReader {
    /// Reads from `capture` until the end or until `control` says stop.
    pub fn new(capture: PulledCapture, control: Control) -> Self {
        Self { capture, control, block: Vec::new(), at: 0 }
    }
}

impl Read for PulledReader {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.at == self.block.len() {
            let block = self.capture.pull(&self.control).map_err(io::Error::other)?;
            (self.block, self.at) = (block.unwrap_or_default(), 0);
        }
        let length = buffer.len().min(self.block.len() - self.at);
        buffer[..length].copy_from_slice(&self.block[self.at..self.at + length]);
        self.at += length;
        Ok(length)
    }
}

/// Puts all that V8 writes aside, in a temporary file to be read from its beginning. Returns also what
/// `outlet` counted.
///
/// # Errors
///
/// Those of [`Feed::read`] and [`Outlet::push`], and the errno codes of the file.
pub(super) fn spool(
    feed: &mut Feed,
    outlet: &mut Outlet,
    control: &Control,
) -> Result<(File, Counts)> {
    let fail = |syscall| move |error| Error::io(syscall, "a temporary file", error);
    let mut file = temporary_file().map_err(fail("open"))?;
    let mut buffer = vec![0; READ_BYTES];
    loop {
        let length = feed.read(&mut buffer, control)?;
        if length == 0 {
            break;
        }
        file.write_all(outlet.push(&buffer[..length])?).map_err(fail("write"))?;
        outlet.report(control);
    }
    let (rest, counts) = outlet.finish()?;
    file.write_all(&rest).map_err(fail("write"))?;
    file.seek(SeekFrom::Start(0)).map_err(fail("lseek"))?;
    Ok((file, counts))
}

/// A file that is gone with its descriptor, readable for this user alone.
fn temporary_file() -> io::Result<File> {
    use std::os::unix::fs::OpenOptionsExt;
    let path = std::env::temp_dir().join(format!(".heapdiff-{}.tmp", super::random_token()));
    let mut options = std::fs::OpenOptions::new();
    options.read(true).write(true).create_new(true).mode(0o600);
    let file = options.custom_flags(libc::O_NOFOLLOW).open(&path)?;
    std::fs::remove_file(&path)?;
    Ok(file)
}
