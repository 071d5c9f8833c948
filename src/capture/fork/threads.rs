//! Whether the other threads of this process rest.
//!
//! A fork in the middle of a background compilation or of concurrent garbage collection gives a
//! child that has to wait for that work, and so ends itself. Such work comes in bursts of
//! milliseconds. So the fork is put into a pause between them where there is one: it is waited for
//! ahead, on a native thread, and once more for a moment right before the fork.
//!
//! This only makes a good child likely. Nothing depends on it.

use std::fs;
use std::time::{Duration, Instant};

/// How often to look.
const LOOK: Duration = Duration::from_micros(200);

/// Waits until no other thread runs, or for `at_most`. Threads of this crate do not count.
pub(super) fn wait_for_rest(at_most: Duration) {
    let begun = Instant::now();
    while !all_rest() && begun.elapsed() < at_most {
        std::thread::sleep(LOOK);
    }
}

/// Some 10 microseconds per thread.
fn all_rest() -> bool {
    let Ok(tasks) = fs::read_dir("/proc/self/task") else { return true };
    // SAFETY: the call only reads a number.
    let own = unsafe { libc::syscall(libc::SYS_gettid) }.to_string();
    tasks
        .flatten()
        .filter(|task| task.file_name() != own.as_str())
        .all(|task| fs::read_to_string(task.path().join("stat")).map_or(true, |stat| rests(&stat)))
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
        wait_for_rest(Duration::from_millis(5));
        stop.store(true, std::sync::atomic::Ordering::Relaxed);
        busy.join().unwrap();
    }
}
