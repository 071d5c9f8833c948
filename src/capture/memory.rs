//! How much memory the process holds, and how to give it back.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// Resident set sizes around a capture, in bytes. 0 where the system does not tell.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RssBytes {
    /// Before it.
    pub before: u64,
    /// The largest during it.
    pub peak: u64,
    /// After memory was given back.
    pub after: u64,
}

/// Follows the resident set size during a capture. Clones share the peak.
///
/// The kernel's own high-water mark (`VmHWM`) is exact but reaches back to the start of the
/// process, and resetting it would change what `process.resourceUsage()` tells the service. So: if
/// the mark has risen, it *is* the peak; if not, the peak is the largest of the samples that the
/// reader takes about every 10 ms.
#[derive(Clone, Debug)]
pub struct RssWatch {
    before: u64,
    mark_before: u64,
    largest: Arc<AtomicU64>,
}

impl RssWatch {
    /// Starts to watch.
    pub fn start() -> Self {
        let before = rss();
        Self { before, mark_before: high_water_mark(), largest: Arc::new(AtomicU64::new(before)) }
    }

    /// Takes a sample, with what a child takes beside. Costs some microseconds.
    pub fn sample(&self, child_bytes: u64) {
        self.largest.fetch_max(rss() + child_bytes, Ordering::Relaxed);
    }

    /// The sizes so far; `after` is the size now.
    pub fn finish(&self) -> RssBytes {
        let after = rss();
        self.largest.fetch_max(after, Ordering::Relaxed);
        let sampled = self.largest.load(Ordering::Relaxed);
        let mark = high_water_mark();
        let peak = if mark > self.mark_before { mark.max(sampled) } else { sampled };
        RssBytes { before: self.before, peak, after }
    }
}

/// The resident set size of this process in bytes, 0 if unknown.
pub fn rss() -> u64 {
    #[cfg(target_os = "linux")]
    {
        rss_of("/proc/self/statm")
    }
    #[cfg(not(target_os = "linux"))]
    {
        0
    }
}

/// What of it is of no file, or all of it where the system does not tell.
#[cfg(unix)]
pub(crate) fn anonymous_rss() -> u64 {
    own_status("RssAnon:").unwrap_or_else(rss)
}

/// The resident set size in a `statm` file in bytes, 0 if unknown.
#[cfg(target_os = "linux")]
pub(crate) fn rss_of(statm: &str) -> u64 {
    let Ok(text) = std::fs::read_to_string(statm) else { return 0 };
    let pages: u64 = text.split(' ').nth(1).and_then(|field| field.parse().ok()).unwrap_or(0);
    pages * page_size()
}

/// The size of a page in bytes.
#[cfg(unix)]
pub(crate) fn page_size() -> u64 {
    // SAFETY: `sysconf` only reads a number.
    let size = unsafe { libc::sysconf(libc::_SC_PAGESIZE) };
    u64::try_from(size).unwrap_or(4096)
}

/// The largest resident set size since the start of the process in bytes, 0 if unknown.
fn high_water_mark() -> u64 {
    own_status("VmHWM:").unwrap_or(0)
}

/// A number of bytes that the system tells of this process.
fn own_status(name: &str) -> Option<u64> {
    kilobytes(&std::fs::read_to_string("/proc/self/status").ok()?, name)
}

/// The value of a `Name:   123 kB` line of a `/proc` file, in bytes.
pub(crate) fn kilobytes(text: &str, name: &str) -> Option<u64> {
    let line = text.lines().find_map(|line| line.strip_prefix(name))?;
    let number: u64 = line.trim().trim_end_matches("kB").trim().parse().ok()?;
    number.checked_mul(1024)
}

/// Gives the memory that V8 has freed back to the system. glibc keeps it otherwise: after a capture
/// that is hundreds of megabytes. Takes 0.1 to 0.3 s when there is much, on the calling thread;
/// other threads wait only for the arena that is being trimmed. Does nothing with other allocators.
pub fn give_back() {
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    // SAFETY: `malloc_trim` may be called from any thread at any time.
    unsafe {
        libc::malloc_trim(0);
    }
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[test]
    fn the_peak_is_seen_and_the_memory_comes_back() {
        let watch = RssWatch::start();
        assert!(watch.before > 1 << 20);
        let size = 64 << 20;
        let block = vec![1_u8; size];
        watch.sample(0);
        assert!(std::hint::black_box(&block).iter().step_by(4096).all(|&byte| byte == 1));
        drop(block);
        give_back();
        let rss = watch.finish();
        assert!(rss.peak >= rss.before + size as u64 * 9 / 10, "{rss:?}");
        assert!(rss.after < rss.peak, "{rss:?}");
    }

    #[test]
    fn a_line_of_kilobytes_is_read() {
        let text = "VmPeak:\t  9 kB\nVmHWM:\t  123 kB\n";
        assert_eq!(kilobytes(text, "VmHWM:"), Some(123 * 1024));
        assert_eq!(kilobytes(text, "VmSwap:"), None);
        assert_eq!(kilobytes("VmHWM: x kB", "VmHWM:"), None);
    }
}
