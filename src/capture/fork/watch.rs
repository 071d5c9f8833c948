//! The parent's side of a running child: how much memory it takes, whether it has to be stopped,
//! and what became of it.

use std::fs;
use std::io;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use super::child::{EXIT_ORPHAN, EXIT_SETUP, EXIT_V8, Shortcomings};
use super::waits::{EXIT_LOCK, EXIT_WAIT};
use crate::capture::memory::{kilobytes, rss_of};
use crate::control::Control;
use crate::error::{Error, Result};

/// How often the cheap number is looked at: the growth of the resident set.
const LOOK: Duration = Duration::from_millis(10);
/// How often the exact one is at most: the pages that the child has for itself alone. The kernel walks the
/// child's page tables for it, so it gets rarer as it gets longer. Pages that are copied do not show in the
/// cheap number, and a short capture is over in half a second.
const COUNT: Duration = Duration::from_millis(25);
/// A child that sleeps for so long, though there is room in the pipe, waits for a thread that it
/// does not have, in a way that is not known here.
const STUCK: Duration = Duration::from_secs(5);

/// How often a child may be replaced that failed in a way that the next one may not. 99 of 100
/// succeed at the first try, so that more than two failures in a row are no bad luck.
const RETRIES: u32 = 2;

/// A child, and the duty to reap it. Dropping it kills it.
#[derive(Debug)]
pub struct Child {
    pid: libc::pid_t,
    max_memory_bytes: u64,
    rss_at_start: u64,
    /// The pages that it had for itself alone when they were counted, and its resident set then.
    private_bytes: u64,
    rss_at_count: u64,
    looked: Instant,
    counted: Instant,
    peak_bytes: u64,
    reaped: bool,
    /// The processor time that it had used when it was last seen to do something, and when that was.
    busy: (u64, Instant),
    /// How many tries its failure is worth. Shared with whoever decides.
    retries: Arc<AtomicU32>,
    /// What it lacked, once it has ended well. Shared with whoever tells.
    shortcomings: Arc<Mutex<Shortcomings>>,
}

impl Child {
    /// Takes charge of `pid`, a child of this process. It may take `max_memory_bytes` beyond what
    /// it shares with the parent.
    pub(super) fn new(pid: libc::pid_t, max_memory_bytes: u64) -> Self {
        let now = Instant::now();
        let rss = rss_of(&format!("/proc/{pid}/statm"));
        Self {
            pid,
            max_memory_bytes,
            rss_at_start: rss,
            private_bytes: 0,
            rss_at_count: rss,
            looked: now,
            counted: now,
            peak_bytes: 0,
            reaped: false,
            busy: (0, now),
            retries: Arc::default(),
            shortcomings: Arc::default(),
        }
    }

    /// The most that it was seen to take for itself, in bytes.
    pub fn peak_bytes(&self) -> u64 {
        self.peak_bytes
    }

    /// How often another child may be tried: more than 0 once this one has failed in a way that
    /// the next one may not.
    pub fn retries(&self) -> Arc<AtomicU32> {
        Arc::clone(&self.retries)
    }

    /// Which precautions it had to do without: known once it has ended well.
    pub fn shortcomings(&self) -> Arc<Mutex<Shortcomings>> {
        Arc::clone(&self.shortcomings)
    }

    /// Looks whether a child of which nothing has come, though there is room for it, is stuck. To be
    /// called often.
    ///
    /// # Errors
    ///
    /// `ERR_CAPTURE_FAILED` when it is. It is killed then.
    pub fn look_whether_stuck(&mut self) -> Result<()> {
        if self.busy.1.elapsed() < STUCK / 10 {
            return Ok(());
        }
        let stat = fs::read_to_string(format!("/proc/{}/stat", self.pid)).unwrap_or_default();
        match sleeping_since(&stat) {
            Some(time) if time == self.busy.0 => {}
            other => self.busy = (other.unwrap_or(u64::MAX), Instant::now()),
        }
        if self.busy.1.elapsed() < STUCK {
            return Ok(());
        }
        self.end();
        self.retries.store(RETRIES, Ordering::Release);
        Err(Error::capture_failed("the capturing child waited for something that never came"))
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
        // What is new since the count is its own.
        let since = self.private_bytes + resident.saturating_sub(self.rss_at_count);
        let mut taken = resident.saturating_sub(self.rss_at_start).max(since);
        if self.counted.elapsed() >= COUNT {
            let begun = Instant::now();
            self.private_bytes = self.count_private();
            self.rss_at_count = resident;
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
                    // document is whole is all there is to judge by, and what it lacked is not known.
                    self.reaped = true;
                    return Ok(());
                }
            }
        }
    }

    fn judge(&self, status: libc::c_int) -> Result<()> {
        let (why, retries) = if libc::WIFSIGNALED(status) {
            match libc::WTERMSIG(status) {
                libc::SIGALRM => ("took too long and was ended by its watchdog".into(), 0),
                libc::SIGKILL => (
                    "was killed (SIGKILL): by the system, which had no memory left, or by somebody"
                        .into(),
                    0,
                ),
                signal => (format!("crashed with signal {signal}"), RETRIES),
            }
        } else {
            let code = libc::WEXITSTATUS(status);
            if let Some(lacking) = Shortcomings::from_exit_code(code) {
                *self.shortcomings.lock().unwrap_or_else(PoisonError::into_inner) = lacking;
                return Ok(());
            }
            match code {
                EXIT_WAIT => ("had to wait for a thread that a fork does not copy".into(), RETRIES),
                EXIT_LOCK => ("met a lock that another thread held at the fork".into(), RETRIES),
                EXIT_V8 => ("could not write the snapshot".into(), RETRIES),
                EXIT_SETUP => ("could not set itself up".into(), 0),
                EXIT_ORPHAN => ("lost its parent".into(), 0),
                code => (format!("ended with exit code {code}"), RETRIES),
            }
        };
        self.retries.store(retries, Ordering::Release);
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

/// The processor time that a process has used, in ticks, if it sleeps. From its `stat` file.
fn sleeping_since(stat: &str) -> Option<u64> {
    let fields = stat.rsplit_once(')')?.1;
    let mut fields = fields.split_ascii_whitespace();
    if fields.next()? != "S" {
        return None;
    }
    let user: u64 = fields.nth(10)?.parse().ok()?;
    let system: u64 = fields.next()?.parse().ok()?;
    user.checked_add(system)
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sleeping_process_is_told_from_others() {
        let stat = |state: &str| format!("7 (a) b) {state} 1 2 3 4 5 6 7 8 9 10 11 12 13 14");
        assert_eq!(sleeping_since(&stat("S")), Some(11 + 12));
        for other in [stat("R").as_str(), &stat("T"), &stat("D"), "", "7 (a) S 1 2"] {
            assert_eq!(sleeping_since(other), None, "{other}");
        }
    }

    #[test]
    fn a_child_that_never_does_anything_is_stuck() {
        // SAFETY: the child only sleeps, by system calls.
        let pid = unsafe { libc::fork() };
        if pid == 0 {
            loop {
                // SAFETY: a system call without arguments.
                unsafe { libc::pause() };
            }
        }
        let mut child = Child::new(pid, u64::MAX);
        let begun = Instant::now();
        while child.look_whether_stuck().is_ok() {
            assert!(begun.elapsed() < STUCK * 10);
            std::thread::sleep(Duration::from_millis(20));
        }
        assert!(begun.elapsed() >= STUCK);
        assert!(child.retries().load(Ordering::Acquire) > 0);
        assert!(wait_for(pid, libc::WNOHANG).is_err(), "it is killed and reaped");
    }
}
