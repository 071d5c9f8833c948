//! Temporary files that have a name, and what crashed processes left of them.

use std::ffi::{CStr, CString, OsStr};
use std::fs::File;
use std::os::fd::{AsRawFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use super::directory::{open_at, stat_at, unlink};
use super::random_token;

/// What every temporary name begins with.
const PREFIX: &str = ".heapdiff-";
/// What every temporary name ends with.
const SUFFIX: &str = ".tmp";
/// Whoever creates a temporary file locks it at once. One that is this old and not locked has lost
/// its process.
const LEFTOVER_AGE: Duration = Duration::from_secs(30);

/// A name that nobody can foresee.
pub(super) fn temporary_name() -> CString {
    let name = format!("{PREFIX}{}-{}{SUFFIX}", std::process::id(), random_token());
    CString::new(name).unwrap_or_default()
}

/// Removes temporary files of ours that no process holds any more. Best effort: a directory that
/// cannot be read is none of the capture's business.
pub(super) fn remove_leftovers(directory: &OwnedFd) {
    let path = format!("/proc/self/fd/{}", directory.as_raw_fd());
    let Ok(entries) = std::fs::read_dir(path) else { return };
    for entry in entries.flatten() {
        let name = entry.file_name();
        if is_temporary(&name)
            && let Ok(name) = CString::new(name.as_bytes())
        {
            remove_if_left_over(directory, &name);
        }
    }
}

/// Marks the file as work in progress. A file system without locks only loses the clean-up.
pub(super) fn lock(file: &File) {
    // SAFETY: the descriptor is open, and the call does not wait.
    unsafe { libc::flock(file.as_raw_fd(), libc::LOCK_EX | libc::LOCK_NB) };
}

fn is_temporary(name: &OsStr) -> bool {
    name.to_str().is_some_and(|name| name.starts_with(PREFIX) && name.ends_with(SUFFIX))
}

fn remove_if_left_over(directory: &OwnedFd, name: &CStr) {
    let Ok(stat) = stat_at(directory, name, libc::AT_SYMLINK_NOFOLLOW) else { return };
    // SAFETY: `geteuid` cannot fail and touches no memory.
    let own = stat.st_uid == unsafe { libc::geteuid() };
    if !own || stat.st_mode & libc::S_IFMT != libc::S_IFREG || is_young(&stat) {
        return;
    }
    let Ok(file) = open_at(directory, name, libc::O_RDONLY | libc::O_NOFOLLOW) else { return };
    // SAFETY: the descriptor is open, and the call does not wait.
    if unsafe { libc::flock(file.as_raw_fd(), libc::LOCK_EX | libc::LOCK_NB) } == 0 {
        unlink(directory, name);
    }
}

fn is_young(stat: &libc::stat) -> bool {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs() as i64;
    now.saturating_sub(stat.st_mtime) < LEFTOVER_AGE.as_secs() as i64
}
