//! The parent's side of a running child: how much memory it takes, whether it has to be stopped,
//! and what became of it.

use std::fs;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use super::child::{EXIT_ORPHAN, EXIT_SETUP, EXIT_V8};
use super::waits::{EXIT_LOCK, EXIT_WAIT};
use crate::capture::memory::{kilobytes, rss_of};
use crate::control::Control;
use crate::error::{Error, Result};

/// How often the cheap number is looked at: the growth of the resident set.
const LOOK: Duration = Duration::from_millis(10);
/// How often the exact one is: the pages that the child has for itself alone. The kernel walks the
/// child's page tables for it, so it gets rarer as it gets longer.
const COUNT: Duration = Duration::from_millis(250);

/// A child, and the duty to reap it. Dropping it kills it.
#[derive(Debug)]
pub struct Child {
    pid: libc::pid_t,
    max_memory_bytes: u64,
    rss_at_start: u64,
    private_bytes: u64,
    looked: Instant,
    counted: Instant,
    peak_bytes: u64,
    reaped: bool,
    /// Whether another try may succeed where this one failed. Shared with whoever decides.
    worth_retrying: Arc<AtomicBool>,
}

impl Child {
    /// Takes charge of `pid`, a child of this process. It may take `max_memory_bytes` beyond what
    /// it shares with the parent.
    pub(super) fn new(pid: libc::pid_t, max_memory_bytes: u64) -> Self {
        let now = Instant::now();
        Self {
            pid,
            max_memory_bytes,
            rss_at_start: rss_of(&format!("/proc/{pid}/statm")),
            private_bytes: 0,
            looked: now,
            counted: now,
            peak_bytes: 0,
            reaped: false,
            worth_retrying: Arc::new(AtomicBool::new(false)),
        }
    }

    /// Its process id.
    pub fn pid(&self) -> i32 {
        self.pid
    }

    /// The most that it was seen to take for itself, in bytes.
    pub fn peak_bytes(&self) -> u64 {
        self.peak_bytes
    }

    /// Becomes true when the child has failed in a way that is over with the next one.
    pub fn worth_retrying(&self) -> Arc<AtomicBool> {
        Arc::clone(&self.worth_retrying)
    }

    /// Looks after the child: to be called often, does something about every 10 ms.
    ///
    /// # Errors
    ///
    /// `ERR_CAPTURE_FAILED` when it takes more memory than it may. It is killed then.
    pub fn look_after(&mut self) -> Result<()> {
        if self.looked.elapsed() < LOOK {
            return Ok(());
        }
        self.looked = Instant::now();
        let resident = rss_of(&format!("/proc/{}/statm", self.pid));
        let mut taken = resident.saturating_sub(self.rss_at_start).max(self.private_bytes);
        if self.counted.elapsed() >= COUNT {
            let begun = Instant::now();
            self.private_bytes = self.count_private();
            taken = taken.max(self.private_bytes);
            // A tenth of the time at most goes into counting.
            self.counted = Instant::now() + begun.elapsed() * 10;
        }
        self.peak_bytes = self.peak_bytes.max(taken);
        if taken > self.max_memory_bytes {
            self.end();
            let (taken, limit) = (taken / 1_000_000, self.max_memory_bytes / 1_000_000);
            return Err(Error::capture_failed(format!(
                "the capturing child took {taken} MB, which is more than the {limit} MB it may take"
            )));
        }
        Ok(())
    }

    /// Waits for the end of a child that has closed its pipe, and says how it went.
    ///
    /// # Errors
    ///
    /// `ERR_CAPTURE_FAILED` when it did not end as it should, `ABORT_ERR` or `ERR_TIMEOUT`.
    pub fn finish(&mut self, control: &Control) -> Result<()> {
        loop {
            match wait_for(self.pid, libc::WNOHANG) {
                Ok(None) => {
                    control.checkpoint()?;
                    std::thread::sleep(Duration::from_millis(1));
                }
                Ok(Some(status)) => {
                    self.reaped = true;
                    return self.judge(status);
                }
                Err(_) => {
                    // Somebody else reaped it: a handler of SIGCHLD, or none (SIG_IGN). Whether the
                    // document is whole is all there is to judge by.
                    self.reaped = true;
                    return Ok(());
                }
            }
        }
    }

    fn judge(&self, status: libc::c_int) -> Result<()> {
        let (why, again) = if libc::WIFSIGNALED(status) {
            match libc::WTERMSIG(status) {
                libc::SIGALRM => ("took too long and was ended by its watchdog".into(), false),
                libc::SIGKILL => (
                    "was killed (SIGKILL): by the system, which had no memory left, or by somebody"
                        .into(),
                    false,
                ),
                signal => (format!("crashed with signal {signal}"), true),
            }
        } else {
            match libc::WEXITSTATUS(status) {
                0 => return Ok(()),
                EXIT_WAIT => ("had to wait for a thread that a fork does not copy".into(), true),
                EXIT_LOCK => ("met a lock that another thread held at the fork".into(), true),
                EXIT_V8 => ("could not write the snapshot".into(), true),
                EXIT_SETUP => ("could not set itself up".into(), false),
                EXIT_ORPHAN => ("lost its parent".into(), false),
                code => (format!("ended with exit code {code}"), true),
            }
        };
        self.worth_retrying.store(again, Ordering::Release);
        Err(Error::capture_failed(format!("the capturing child {why}")))
    }

    /// The pages that nobody shares with the child, in bytes.
    fn count_private(&self) -> u64 {
        let rollup = fs::read_to_string(format!("/proc/{}/smaps_rollup", self.pid));
        let Ok(rollup) = rollup else { return self.private_bytes };
        kilobytes(&rollup, "Private_Dirty:").unwrap_or(0)
    }

    /// Kills and reaps it, if that has not been done.
    fn end(&mut self) {
        if !self.reaped {
            self.reaped = true;
            // SAFETY: the pid is that of an unreaped child of this process, so it belongs to no
            // other process.
            unsafe { libc::kill(self.pid, libc::SIGKILL) };
            let _ = wait_for(self.pid, 0);
        }
    }
}

impl Drop for Child {
    fn drop(&mut self) {
        self.end();
    }
}

/// `waitpid` for that pid alone: children of the service are its own business.
fn wait_for(pid: libc::pid_t, flags: libc::c_int) -> io::Result<Option<libc::c_int>> {
    let mut status = 0;
    loop {
        // SAFETY: `status` is writable.
        match unsafe { libc::waitpid(pid, &mut status, flags) } {
            0 => return Ok(None),
            -1 => match io::Error::last_os_error() {
                error if error.kind() == io::ErrorKind::Interrupted => {}
                error => return Err(error),
            },
            _ => return Ok(Some(status)),
        }
    }
}
