//! The bytes of a source in blocks of one size, for several threads that take one after the other.
//!
//! Whose turn it is only notes which block it takes. A file is then read at that place, beside the
//! others: copying out of the page cache is a third of what reading a snapshot costs. Anything else
//! (gzip, a pipe) has to be read in order, during the turn.

use std::fs::File;
use std::io;
use std::sync::{Mutex, PoisonError};

use super::source::OpenSource;
use crate::control::{Control, Phase, Progress};
use crate::error::{Error, Result};

/// What is left of a source.
pub(crate) struct Blocks<'i> {
    source: Mutex<Numbered<'i>>,
    control: &'i Control,
    phase: Phase,
    total_bytes: Option<u64>,
}

/// A source, and how many blocks of it have been taken.
struct Numbered<'i> {
    source: &'i mut OpenSource,
    taken: usize,
}

/// A block that somebody has taken.
pub(crate) struct Taken {
    /// Its number, from 0 on.
    pub(crate) number: usize,
    /// How many bytes it has: fewer than there is room for only at the end of the source.
    pub(crate) bytes: Result<usize>,
}

impl<'i> Blocks<'i> {
    pub(super) fn new(source: &'i mut OpenSource, control: &'i Control) -> Self {
        let (phase, total_bytes) = (source.phase(), source.exact_size());
        Self { source: Mutex::new(Numbered { source, taken: 0 }), control, phase, total_bytes }
    }

    /// Reads the next block.
    pub(crate) fn next(&self, block: &mut [u8]) -> Taken {
        let mut numbered = self.source.lock().unwrap_or_else(PoisonError::into_inner);
        let number = numbered.taken;
        numbered.taken += 1;
        let bytes = self.control.checkpoint().and_then(|()| {
            let Some((file, offset)) = numbered.source.take_range(block.len()) else {
                return numbered.source.fill(block);
            };
            let name = numbered.source.name().to_owned();
            drop(numbered);
            read_at(&file, block, offset).map_err(|error| Error::io("read", name, error))
        });
        Taken { number, bytes }
    }

    /// Tells whoever watches that everything before `offset` has been read.
    pub(crate) fn progress(&self, offset: u64) {
        let Self { phase, total_bytes, .. } = *self;
        self.control.progress(Progress { phase, bytes: offset, total_bytes });
    }
}

/// Reads at a place of a file; less than there is room for only at its end.
pub(super) fn read_at(file: &File, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
    let mut filled = 0;
    while filled < buffer.len() {
        match read_some_at(file, &mut buffer[filled..], offset.saturating_add(filled as u64)) {
            Ok(0) => break,
            Ok(n) => filled += n,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(filled)
}

#[cfg(unix)]
fn read_some_at(file: &File, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
    std::os::unix::fs::FileExt::read_at(file, buffer, offset)
}

#[cfg(windows)]
fn read_some_at(file: &File, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
    std::os::windows::fs::FileExt::seek_read(file, buffer, offset)
}
