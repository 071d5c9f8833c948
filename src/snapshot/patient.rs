//! Reading what may be silent for long: named pipes and devices.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use crate::control::Control;

/// Opens a file of any kind. A named pipe that nobody writes to yet is open at once; its first bytes
/// are waited for in [`PatientReader`].
#[cfg(unix)]
pub(super) fn open(path: &Path) -> io::Result<File> {
    use std::os::unix::fs::OpenOptionsExt;
    std::fs::OpenOptions::new().read(true).custom_flags(libc::O_NONBLOCK).open(path)
}

#[cfg(not(unix))]
pub(super) fn open(path: &Path) -> io::Result<File> {
    File::open(path)
}

/// A reader that stops waiting for bytes when its job is to stop. Its error then wraps that of the
/// control.
pub(super) struct PatientReader {
    file: File,
    control: Control,
}

impl PatientReader {
    pub(super) fn new(file: File, control: &Control) -> Self {
        Self { file, control: control.clone() }
    }
}

impl Read for PatientReader {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            self.control.checkpoint().map_err(io::Error::other)?;
            #[cfg(unix)]
            if !crate::capture::conduit::wait_for_bytes(&self.file)? {
                continue;
            }
            match self.file.read(buffer) {
                // Somebody else took the bytes.
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                result => return result,
            }
        }
    }
}
