//! Gives Node the pipe where it opens the path of it.
//!
//! Node is given a path to write to, `/proc/self/fd/N`, and opens it for writing. The child may not
//! open anything for writing (see [`super::fence`]), and a filter sees no paths. So in the child the
//! functions that open are redirected to here, as those that wait are (see [`super::waits`]): for
//! that path they return another descriptor of the pipe, without opening anything.

use std::ffi::{CStr, c_char, c_int};
use std::sync::atomic::{AtomicI32, Ordering};

use super::child::parse_descriptor;
use super::waits::pass_on;

/// The pipe, once this process is a child.
static PIPE: AtomicI32 = AtomicI32::new(-1);

/// Says which descriptor is the pipe.
pub(super) fn remember(pipe: c_int) {
    PIPE.store(pipe, Ordering::Relaxed);
}

/// Stands in for `open` and `open64`. The third argument, of which theirs is optional, is passed like
/// any other on both architectures.
///
/// # Safety
///
/// That of `open`.
pub(super) unsafe extern "C" fn open(
    path: *const c_char,
    flags: c_int,
    mode: libc::mode_t,
) -> c_int {
    // SAFETY: the caller passes what it would have passed to `open`.
    unsafe {
        if leads_to_pipe(CStr::from_ptr(path)) {
            return libc::fcntl(PIPE.load(Ordering::Relaxed), libc::F_DUPFD_CLOEXEC, 0);
        }
        let from = libc::AT_FDCWD as usize;
        let arguments = [from, path as usize, flags as usize, mode as usize, 0, 0];
        pass_on(libc::SYS_openat, arguments) as c_int
    }
}

fn leads_to_pipe(path: &CStr) -> bool {
    let number = path.to_bytes().strip_prefix(b"/proc/self/fd/").and_then(parse_descriptor);
    number.is_some_and(|number| number == PIPE.load(Ordering::Relaxed))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::capture::fork::waits::Waits;

    #[test]
    fn the_path_of_the_pipe_gives_the_pipe_and_others_are_opened() {
        Waits::find();
        let (reader, writer) = std::io::pipe().unwrap();
        let pipe = std::os::fd::AsRawFd::as_raw_fd(&writer);
        remember(pipe);
        let path = std::ffi::CString::new(format!("/proc/self/fd/{pipe}")).unwrap();
        // SAFETY: the paths are NUL-terminated, and what is opened is closed.
        unsafe {
            let again = open(path.as_ptr(), libc::O_WRONLY | libc::O_CREAT | libc::O_TRUNC, 0o600);
            assert!(again >= 0 && again != pipe);
            assert_eq!(libc::write(again, b"hello".as_ptr().cast(), 5), 5);
            libc::close(again);
            let null = open(c"/dev/null".as_ptr(), libc::O_RDONLY, 0);
            assert!(null >= 0);
            libc::close(null);
            assert_eq!(open(c"/no/such".as_ptr(), libc::O_RDONLY, 0), -1);
            assert_eq!(*libc::__errno_location(), libc::ENOENT);
        }
        remember(-1);
        drop(writer);
        assert_eq!(std::io::read_to_string(reader).unwrap(), "hello");
    }
}
