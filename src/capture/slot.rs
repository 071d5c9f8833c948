//! One capture at a time in a process: two would double the memory that is needed, and V8 stops
//! the world for each.
//!
//! Two packages that depend on heapdiff may each have a copy of it, and with that of whatever is static
//! here. What all copies of a process have in common, and no other process has, is its directory in
//! `/proc`: so the right is also a lock on a file there. The system gives it back when the process ends.

use std::sync::atomic::{AtomicBool, Ordering};

static TAKEN: AtomicBool = AtomicBool::new(false);

/// The right to capture. Given back when it is dropped, on whatever thread.
#[derive(Debug)]
pub struct Slot {
    /// Kept for as long as this is.
    lock: Option<lock::Lock>,
}

impl Slot {
    /// Takes the right, unless another capture of any thread of this process has it.
    pub fn take() -> Option<Self> {
        TAKEN.compare_exchange(false, true, Ordering::Acquire, Ordering::Relaxed).ok()?;
        match lock::take() {
            // Made only here: one that is made and thrown away gives back the right of another.
            Ok(lock) => Some(Self { lock }),
            Err(lock::Taken) => {
                TAKEN.store(false, Ordering::Release);
                None
            }
        }
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        // First the lock: who takes the right after this must find that free.
        self.lock.take();
        TAKEN.store(false, Ordering::Release);
    }
}

#[cfg(target_os = "linux")]
mod lock {
    use std::fs::File;
    use std::io;
    use std::os::fd::AsRawFd;

    /// A file that is there for this process alone. While it is open, everyone who opens it gets the
    /// same one, whatever thread that is.
    const FILE: &str = "/proc/self/status";

    /// Another copy of this has the lock.
    #[derive(Debug)]
    pub(super) struct Taken;

    /// The lock. A child of a fork has the descriptor, too, until it executes a program or puts its
    /// descriptors away, so the lock is taken off and not just closed.
    #[derive(Debug)]
    pub(super) struct Lock(File);

    /// Takes the lock. `None` where there is no such file, or no lock for it: then copies of this do not
    /// know of each other.
    pub(super) fn take() -> Result<Option<Lock>, Taken> {
        let Ok(file) = File::open(FILE) else { return Ok(None) };
        // SAFETY: the descriptor is open for as long as `file` lives; no memory is touched.
        if unsafe { libc::flock(file.as_raw_fd(), libc::LOCK_EX | libc::LOCK_NB) } == 0 {
            return Ok(Some(Lock(file)));
        }
        match io::Error::last_os_error().kind() {
            io::ErrorKind::WouldBlock => Err(Taken),
            _ => Ok(None),
        }
    }

    impl Drop for Lock {
        fn drop(&mut self) {
            // SAFETY: as in `take`.
            unsafe { libc::flock(self.0.as_raw_fd(), libc::LOCK_UN) };
        }
    }
}

#[cfg(not(target_os = "linux"))]
mod lock {
    /// There is nothing to lock.
    #[derive(Debug)]
    pub(super) enum Lock {}

    /// Nobody can have it.
    #[derive(Debug)]
    pub(super) struct Taken;

    /// Copies of this do not know of each other here.
    #[expect(clippy::unnecessary_wraps, reason = "it can be taken on Linux")]
    pub(super) fn take() -> Result<Option<Lock>, Taken> {
        Ok(None)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_is_one_and_it_comes_back() {
        let slot = Slot::take().unwrap();
        assert!(Slot::take().is_none());
        assert!(Slot::take().is_none(), "who is refused does not let the next one in");
        #[cfg(target_os = "linux")]
        assert!(lock::take().is_err(), "another copy is refused as well");
        drop(slot);
        #[cfg(target_os = "linux")]
        {
            let of_another_copy = lock::take().unwrap();
            assert!(Slot::take().is_none());
            drop(of_another_copy);
        }
        assert!(Slot::take().is_some());
    }
}
