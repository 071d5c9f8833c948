//! System calls relative to one descriptor of a directory, so that nobody can swap it on the way.

use std::ffi::{CStr, CString};
use std::fs::File;
use std::io;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

/// Only the owner may read what was in the memory of the process.
pub(super) const MODE: libc::mode_t = 0o600;

/// Opens a directory.
pub(super) fn open_directory(path: &Path) -> io::Result<OwnedFd> {
    let path = CString::new(path.as_os_str().as_bytes())?;
    let flags = libc::O_RDONLY | libc::O_DIRECTORY | libc::O_CLOEXEC;
    // SAFETY: the path is NUL-terminated, and a descriptor that `open` returned is ours alone.
    unsafe {
        let fd = libc::open(path.as_ptr(), flags);
        if fd < 0 { Err(io::Error::last_os_error()) } else { Ok(OwnedFd::from_raw_fd(fd)) }
    }
}

/// Opens a file in it.
pub(super) fn open_at(directory: &OwnedFd, name: &CStr, flags: libc::c_int) -> io::Result<File> {
    let fd = directory.as_raw_fd();
    // SAFETY: the name is NUL-terminated, and a descriptor that `openat` returned is ours alone.
    unsafe {
        let fd = libc::openat(fd, name.as_ptr(), flags | libc::O_CLOEXEC, MODE as libc::c_uint);
        if fd < 0 { Err(io::Error::last_os_error()) } else { Ok(File::from_raw_fd(fd)) }
    }
}

/// What a symbolic link in it says.
pub(super) fn read_link_at(directory: &OwnedFd, name: &CStr) -> io::Result<CString> {
    let mut text = vec![0_u8; libc::PATH_MAX as usize];
    let (fd, room) = (directory.as_raw_fd(), text.len());
    // SAFETY: the name is NUL-terminated, and `text` has so much room.
    let length = unsafe { libc::readlinkat(fd, name.as_ptr(), text.as_mut_ptr().cast(), room) };
    text.truncate(usize::try_from(length).map_err(|_| io::Error::last_os_error())?);
    Ok(CString::new(text)?)
}

/// What the system knows of what has a name in it.
pub(super) fn stat_at(
    directory: &OwnedFd,
    name: &CStr,
    flags: libc::c_int,
) -> io::Result<libc::stat> {
    // SAFETY: `stat` is plain data, for which all zeroes is a value.
    let mut stat: libc::stat = unsafe { std::mem::zeroed() };
    // SAFETY: the name is NUL-terminated and `stat` is writable.
    check(unsafe { libc::fstatat(directory.as_raw_fd(), name.as_ptr(), &mut stat, flags) })?;
    Ok(stat)
}

/// Removes a name from it.
pub(super) fn unlink(directory: &OwnedFd, name: &CStr) {
    // SAFETY: the name is NUL-terminated. Failure means that somebody else removed it.
    unsafe { libc::unlinkat(directory.as_raw_fd(), name.as_ptr(), 0) };
}

/// The error of a call that says by a number that it failed.
pub(super) fn check(result: libc::c_int) -> io::Result<()> {
    if result == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
}
