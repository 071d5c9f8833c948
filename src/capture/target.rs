//! What is where a file is to be, and whether it may be written to.

use std::ffi::CStr;
use std::fs::File;
use std::io;
use std::os::fd::{AsRawFd, OwnedFd};
use std::os::unix::fs::MetadataExt;

use super::directory::{check, mode_of, open_at};

/// Why nothing is written to such a target.
pub(super) const PLANTED: &str = "it is no regular file, belongs to another user, and is in a directory that others may write to: \
     whoever put it there would read the heap";

/// What is at the target now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Target {
    Absent,
    /// A regular file, or a symbolic link that the rename replaces.
    Replaceable,
    Directory,
    /// A character device or a FIFO.
    Device,
    /// A symbolic link to a device or FIFO, such as `/dev/stdout`: not to be replaced by a file.
    LinkToDevice,
    Other,
}

impl Target {
    /// Looks without following a symbolic link, but for where it leads.
    pub(super) fn look_at(directory: &OwnedFd, name: &CStr) -> io::Result<Self> {
        let mode = match mode_of(directory, name, libc::AT_SYMLINK_NOFOLLOW) {
            Ok(mode) => mode,
            Err(error) if error.raw_os_error() == Some(libc::ENOENT) => return Ok(Self::Absent),
            Err(error) => return Err(error),
        };
        Ok(match mode & libc::S_IFMT {
            libc::S_IFREG => Self::Replaceable,
            libc::S_IFDIR => Self::Directory,
            libc::S_IFCHR | libc::S_IFIFO => Self::Device,
            libc::S_IFLNK => match mode_of(directory, name, 0).map(|mode| mode & libc::S_IFMT) {
                Ok(libc::S_IFCHR | libc::S_IFIFO | libc::S_IFBLK | libc::S_IFSOCK) => {
                    Self::LinkToDevice
                }
                _ => Self::Replaceable,
            },
            _ => Self::Other,
        })
    }
}

/// Opens a device or FIFO for writing. A FIFO that nobody reads is `ENXIO`, not a wait for ever.
pub(super) fn open_device(directory: &OwnedFd, name: &CStr) -> io::Result<File> {
    let flags = libc::O_WRONLY | libc::O_NOFOLLOW | libc::O_NOCTTY;
    let file = open_at(directory, name, flags | libc::O_NONBLOCK)?;
    // SAFETY: the descriptor is open.
    check(unsafe { libc::fcntl(file.as_raw_fd(), libc::F_SETFL, flags) })?;
    Ok(file)
}

/// Whether an open device or FIFO belongs neither to this user nor to the owner of its directory, and
/// others may write there: in `/tmp`, say. Its owner would get the whole heap. Kernels refuse to open
/// such FIFOs, too, where `fs.protected_fifos` is set, but not in every container.
pub(super) fn may_be_planted(directory: &OwnedFd, file: &File) -> io::Result<bool> {
    const STICKY: u32 = 0o1000;
    const OTHERS_MAY_WRITE: u32 = 0o022;
    let directory = File::from(directory.try_clone()?).metadata()?;
    let target = file.metadata()?;
    // SAFETY: `geteuid` cannot fail and touches no memory.
    let own = unsafe { libc::geteuid() };
    Ok(directory.mode() & STICKY != 0
        && directory.mode() & OTHERS_MAY_WRITE != 0
        && target.uid() != own
        && target.uid() != directory.uid())
}
