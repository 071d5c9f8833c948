//! Whether the other threads of this process rest.
//!
//! A fork in the middle of a background compilation or of concurrent garbage collection gives a
//! child that has to wait for that work, and so ends itself. Such work comes in bursts of
//! milliseconds. So the fork is put into a pause between them where there is one.
//!
//! A thread that never rests, such as a busy worker, is none of that work, and waiting for it would
//! be in vain. So the threads are watched ahead, on a native thread, and only those count later that
//! have been seen at rest, or are new.
//!
//! This only makes a good child likely. Nothing depends on it.

use std::collections::BTreeSet;
use std::fs;
use std::time::{Duration, Instant};

use crate::control::Control;
use crate::error::Result;

/// How often to look.
const LOOK: Duration = Duration::from_micros(200);

/// The other threads of this process, as far as they matter.
#[derive(Debug)]
pub(super) struct Others {
    /// Those that never rest.
    restless: BTreeSet<u32>,
    /// How many were at work at a time, on average. Each may rest at times, and yet all of them leave
    /// no core free.
    busy: usize,
}

impl Others {
    /// Watches until a moment at which all rest, or for `at_most`.
    ///
    /// # Errors
    ///
    /// `ABORT_ERR` or `ERR_TIMEOUT`, at the next look.
    pub(super) fn watch(at_most: Duration, control: &Control) -> Result<Self> {
        let begun = Instant::now();
        let mut others = Self { restless: busy_threads(), busy: 0 };
        let (mut looks, mut seen) = (1, others.restless.len());
        while !others.restless.is_empty() && begun.elapsed() < at_most {
            control.checkpoint()?;
            std::thread::sleep(LOOK);
            let busy = busy_threads();
            (looks, seen) = (looks + 1, seen + busy.len());
            if busy.is_empty() {
                others.restless = busy;
            } else {
                others.restless.retain(|thread| busy.contains(thread));
            }
        }
        others.busy = seen.div_ceil(looks);
        Ok(others)
    }

    /// How many were at work at a time while they were watched.
    pub(super) fn busy(&self) -> usize {
        self.busy
    }

    /// Whether all rest that do at times. Some 10 microseconds per thread.
    pub(super) fn rest(&self) -> bool {
        busy_threads().is_subset(&self.restless)
    }

    /// Waits until they do, or for `at_most`.
    pub(super) fn wait_for_rest(&self, at_most: Duration) {
        let begun = Instant::now();
        while !self.rest() && begun.elapsed() < at_most {
            std::thread::sleep(LOOK);
        }
    }
}

/// The threads that run or could, but for this one and those of this crate.
fn busy_threads() -> BTreeSet<u32> {
    let Ok(tasks) = fs::read_dir("/proc/self/task") else { return BTreeSet::new() };
    // SAFETY: the call only reads a number.
    let own = unsafe { libc::syscall(libc::SYS_gettid) };
    let busy = tasks.flatten().filter_map(|task| {
        let thread: u32 = task.file_name().to_str()?.parse().ok()?;
        let stat = fs::read_to_string(task.path().join("stat")).ok()?;
        (i64::from(thread) != own && !rests(&stat)).then_some(thread)
    });
    busy.collect()
}

/// `tid (name) state ...`; the name may hold anything.
fn rests(stat: &str) -> bool {
    let Some((name, rest)) = stat.rsplit_once(')') else { return true };
    let ours = name.split_once('(').is_some_and(|(_, name)| name.starts_with("heapdiff"));
    ours || !rest.trim_start().starts_with('R')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn states_are_read() {
        assert!(rests("1 (V8Worker) S 1 2 3"));
        assert!(!rests("1 (V8 (x) R) R 1 2 3"));
        assert!(rests("1 (heapdiff-write) R 1 2 3"));
        assert!(rests("nonsense"));
    }

    #[test]
    fn a_thread_that_never_rests_is_not_waited_for_for_ever() {
        let stop = std::sync::Arc::new(std::sync::atomic::AtomicBool::new(false));
        let seen = stop.clone();
        let busy = std::thread::spawn(move || {
            while !seen.load(std::sync::atomic::Ordering::Relaxed) {
                std::hint::spin_loop();
            }
        });
        let others = Others::watch(Duration::from_millis(5), &Control::default()).unwrap();
        others.wait_for_rest(Duration::from_millis(5));
        assert!(others.busy() >= 1);
        let now = Control::default().with_deadline(Some(Instant::now()));
        let error = Others::watch(Duration::from_secs(60), &now).unwrap_err();
        assert_eq!(error.code(), "ERR_TIMEOUT");
        stop.store(true, std::sync::atomic::Ordering::Relaxed);
        busy.join().unwrap();
    }
}
