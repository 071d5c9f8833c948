//! What is where a file is to be, and whether it may be written to.

use std::ffi::{CStr, CString, OsStr};
use std::fs::{File, Metadata};
use std::io;
use std::os::fd::{FromRawFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use super::directory::{open_at, read_link_at, stat_at};

/// Why nothing is written to such a target.
pub(super) const PLANTED: &str = "it is no regular file, belongs to another user, and is in a \
                                  directory that others may write to: whoever put it there would \
                                  read the heap";
/// As many links as the kernel follows.
const MAX_LINKS: usize = 40;

/// What is at the target now.
#[derive(Debug)]
pub(super) enum Target {
    Absent,
    /// A regular file, or a symbolic link that the rename replaces.
    Replaceable,
    Directory,
    /// What a file must not replace, and is written to as it is.
    Device(Device),
    Other,
}

/// A character device, a FIFO, or a descriptor that is open already, as `/dev/stdout` leads to.
#[derive(Debug)]
pub(super) struct Device {
    directory: OwnedFd,
    name: CString,
    is_descriptor: bool,
    /// Whether a link on the way to it may be somebody else's trap.
    is_planted: bool,
}

impl Target {
    /// Looks without following a symbolic link, unless that leads to a device.
    pub(super) fn look_at(directory: &OwnedFd, name: &CStr) -> io::Result<Self> {
        Self::look_along(directory, name, MAX_LINKS)
    }

    fn look_along(directory: &OwnedFd, name: &CStr, links: usize) -> io::Result<Self> {
        let stat = match stat_at(directory, name, libc::AT_SYMLINK_NOFOLLOW) {
            Ok(stat) => stat,
            Err(error) if error.raw_os_error() == Some(libc::ENOENT) => return Ok(Self::Absent),
            Err(error) => return Err(error),
        };
        let is_descriptor =
            stat.st_mode & libc::S_IFMT == libc::S_IFLNK && is_descriptor_link(directory, name);
        match stat.st_mode & libc::S_IFMT {
            libc::S_IFREG => Ok(Self::Replaceable),
            libc::S_IFDIR => Ok(Self::Directory),
            libc::S_IFLNK if !is_descriptor => {
                let is_planted = may_be_planted(directory, stat.st_uid)?;
                Ok(Self::behind(directory, name, links)
                    .map_or(Self::Replaceable, |target| target.by_link(is_planted)))
            }
            libc::S_IFCHR | libc::S_IFIFO | libc::S_IFLNK => {
                let (directory, name) = (directory.try_clone()?, name.to_owned());
                Ok(Self::Device(Device { directory, name, is_descriptor, is_planted: false }))
            }
            _ => Ok(Self::Other),
        }
    }

    /// What a symbolic link leads to, if that is there and can be seen.
    fn behind(directory: &OwnedFd, name: &CStr, links: usize) -> Option<Self> {
        let target = read_link_at(directory, name).ok()?;
        let target = Path::new(OsStr::from_bytes(target.as_bytes()));
        let parent = CString::new(target.parent()?.as_os_str().as_bytes()).ok()?;
        let parent = if parent.is_empty() { c"." } else { &parent };
        let name = CString::new(target.file_name()?.as_bytes()).ok()?;
        let directory = open_at(directory, parent, libc::O_RDONLY | libc::O_DIRECTORY).ok()?;
        Self::look_along(&directory.into(), &name, links.checked_sub(1)?).ok()
    }

    /// What a link that leads to this one counts as.
    fn by_link(self, link_is_planted: bool) -> Self {
        match self {
            Self::Device(device) => {
                Self::Device(Device { is_planted: device.is_planted || link_is_planted, ..device })
            }
            Self::Other => Self::Other,
            Self::Absent | Self::Replaceable | Self::Directory => Self::Replaceable,
        }
    }
}

impl Device {
    /// Opens it for writing. `None` if it may be somebody else's trap.
    pub(super) fn open(&self) -> io::Result<Option<File>> {
        let Self { directory, name, is_descriptor, is_planted } = self;
        if *is_planted {
            return Ok(None);
        }
        if *is_descriptor {
            return open_descriptor(directory, name).map(Some);
        }
        let file = open_without_waiting(directory, name, libc::O_NOFOLLOW)?;
        let is_planted = may_be_planted(directory, file.metadata()?.uid())?;
        Ok(Some(file).filter(|_| !is_planted))
    }
}

/// A FIFO that nobody reads is `ENXIO`, not a wait for ever, and no write to one whose reader stalls
/// waits.
fn open_without_waiting(directory: &OwnedFd, name: &CStr, flags: libc::c_int) -> io::Result<File> {
    open_at(directory, name, flags | libc::O_WRONLY | libc::O_NOCTTY | libc::O_NONBLOCK)
}

/// One of this process is doubled, so that what was written there before stays, and sockets and what
/// others may not open do as well. One of another process is opened, and appended to.
fn open_descriptor(directory: &OwnedFd, name: &CStr) -> io::Result<File> {
    let there = stat_at(directory, name, 0)?;
    let number =
        descriptor_number(name).ok_or_else(|| io::Error::from_raw_os_error(libc::EBADF))?;
    // SAFETY: a number that is no descriptor is an error; one that `fcntl` returned is ours alone.
    let double = unsafe {
        match libc::fcntl(number, libc::F_DUPFD_CLOEXEC, 0) {
            -1 => None,
            double => Some(File::from_raw_fd(double)),
        }
    };
    if let Some(file) = double
        && let own = file.metadata()?
        && is_same_file(&own, &there)
    {
        return Ok(file);
    }
    open_without_waiting(directory, name, libc::O_APPEND)
}

fn is_same_file(own: &Metadata, there: &libc::stat) -> bool {
    // Of which type a device is depends on the system; the standard library widens it like this.
    #[allow(clippy::unnecessary_cast)]
    let device = there.st_dev as u64;
    (own.dev(), own.ino()) == (device, there.st_ino)
}

/// Whether a link is a process's descriptor: the kernel's own links in `/proc/PID/fd`, which lead to
/// what is open and to no name.
#[cfg(target_os = "linux")]
fn is_descriptor_link(directory: &OwnedFd, name: &CStr) -> bool {
    use std::os::fd::AsRawFd;

    // SAFETY: `statfs` is plain data, for which all zeroes is a value.
    let mut stat: libc::statfs = unsafe { std::mem::zeroed() };
    // SAFETY: the descriptor is open and `stat` is writable.
    let known = unsafe { libc::fstatfs(directory.as_raw_fd(), &mut stat) } == 0;
    known
        && i128::from(stat.f_type) == i128::from(libc::PROC_SUPER_MAGIC)
        && descriptor_number(name).is_some()
}

#[cfg(not(target_os = "linux"))]
fn is_descriptor_link(_: &OwnedFd, _: &CStr) -> bool {
    false
}

fn descriptor_number(name: &CStr) -> Option<libc::c_int> {
    name.to_str().ok()?.parse().ok()
}

/// Whether what belongs to `owner` belongs neither to this user nor to the owner of its directory, and
/// others may write there: in `/tmp`, say. Its owner would get the whole heap. Kernels refuse to open
/// such FIFOs, too, where `fs.protected_fifos` is set, but not in every container.
fn may_be_planted(directory: &OwnedFd, owner: libc::uid_t) -> io::Result<bool> {
    const STICKY: u32 = 0o1000;
    const OTHERS_MAY_WRITE: u32 = 0o022;
    let directory = File::from(directory.try_clone()?).metadata()?;
    // SAFETY: `geteuid` cannot fail and touches no memory.
    let own = unsafe { libc::geteuid() };
    Ok(directory.mode() & STICKY != 0
        && directory.mode() & OTHERS_MAY_WRITE != 0
        && owner != own
        && owner != directory.uid())
}
