//! What happens to the bytes of a capture on their way out: check, redact, compress.

use std::io::Write;

use flate2::Compression;
use flate2::write::GzEncoder;

use super::completeness::{Completeness, Counts};
use crate::control::{Control, Phase, Progress};
use crate::error::{Error, Result};
use crate::redact::{Redactor, Salt};

/// The stages between V8 and a file or stream.
pub struct Outlet {
    completeness: Completeness,
    redactor: Option<Redactor>,
    redacted: Vec<u8>,
    encoder: Option<GzEncoder<Vec<u8>>>,
    phase: Phase,
}

/// What the stages do.
#[derive(Clone, Default)]
pub struct OutletOptions {
    /// The level of deflate, 0 to 9, if the output is to be gzip.
    pub gzip_level: Option<u32>,
    /// The salt, if values are to be replaced by tokens.
    pub redact: Option<Salt>,
    /// Whether the bytes are those of a file: V8 does not walk meanwhile.
    pub is_of_file: bool,
}

impl Outlet {
    /// Stages that have seen nothing yet.
    pub fn new(options: OutletOptions) -> Self {
        let OutletOptions { gzip_level, redact, is_of_file } = options;
        Self {
            completeness: Completeness::new(),
            redactor: redact.map(Redactor::new),
            redacted: Vec::new(),
            encoder: gzip_level
                .map(|level| GzEncoder::new(Vec::new(), Compression::new(level.min(9)))),
            phase: if is_of_file { Phase::Write } else { Phase::Capture },
        }
    }

    /// Takes the next bytes of the snapshot. Returns what can go out: `bytes` themselves where
    /// nothing is done to them.
    ///
    /// # Errors
    ///
    /// `ERR_INVALID_SNAPSHOT` when they cannot belong to a snapshot.
    pub fn push<'a>(&'a mut self, bytes: &'a [u8]) -> Result<&'a [u8]> {
        self.completeness.push(bytes)?;
        let plain = match &mut self.redactor {
            None => bytes,
            Some(redactor) => {
                self.redacted.clear();
                redactor.push(bytes, &mut self.redacted)?;
                &self.redacted
            }
        };
        match &mut self.encoder {
            None => Ok(plain),
            Some(encoder) => {
                encoder.get_mut().clear();
                encoder.write_all(plain).map_err(|error| Error::io("deflate", "memory", error))?;
                Ok(encoder.get_ref())
            }
        }
    }

    /// Checks that the snapshot is whole. Returns what is left to go out, and what it counted.
    ///
    /// # Errors
    ///
    /// `ERR_TRUNCATED_SNAPSHOT` or `ERR_INVALID_SNAPSHOT`.
    pub fn finish(&mut self) -> Result<(Vec<u8>, Counts)> {
        let counts = self.completeness.finish()?;
        let rest = match self.encoder.take() {
            None => Vec::new(),
            Some(mut encoder) => {
                encoder.get_mut().clear();
                encoder.finish().map_err(|error| Error::io("deflate", "memory", error))?
            }
        };
        Ok((rest, counts))
    }

    /// Tells of the bytes of the snapshot so far, and how many there will be, if that can be said yet.
    pub fn report(&self, control: &Control) {
        let (bytes, total_bytes) = (self.completeness.bytes(), self.completeness.expected_bytes());
        control.progress(Progress { phase: self.phase, bytes, total_bytes });
    }
}
