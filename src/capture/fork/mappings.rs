//! Which memory a fork would leave out, and how to let it in for one fork.
//!
//! Node maps V8's heap with `MADV_DONTFORK`, so that `child_process.spawn` does not copy its page
//! tables. A child that is to walk the heap needs it. The kernel shows the flag in
//! `/proc/self/smaps` only (`dc`), which takes 30 to 50 ms for a large heap, most of it for
//! counting pages that nobody asked for. So the flag is found in another way:
//!
//! 1. List the mappings: `/proc/self/maps`, 1 to 3 ms.
//! 2. `MADV_DOFORK` on the first page of every private anonymous one. Where the flag was not set,
//!    nothing happens. Where it was, that page now differs from the rest, and the kernel has to
//!    split the mapping in two: mappings with different flags cannot be one.
//! 3. List again. Whatever has a border after its first page had the flag.
//!
//! Both steps only ever make memory *more* visible to children, so a `spawn` that another thread
//! does at the same time is not harmed. `O(mappings)`; no page is touched.

use std::fs::File;
use std::io::{self, Read};
use std::ops::Range;

use super::shared_memory::is_shared_and_writable;
use super::{refused, unavailable};
use crate::capture::memory::page_size;

/// Where the kernel lists the mappings of this process.
pub(super) const MAPS: &str = "/proc/self/maps";

/// The memory that was let in for a fork. Hidden again when this is dropped.
///
/// Most of the work is done ahead of the fork, on a native thread; [`Visible::catch_up`] is left
/// for the pause, and looks only at memory that has come since.
#[derive(Debug, Default)]
pub(super) struct Visible {
    /// What has been hidden before, in no order.
    ranges: Vec<Range<usize>>,
    /// All private anonymous memory that has been looked at, in order of address.
    known: Vec<Range<usize>>,
    /// What is not copied but common, and can be written to.
    shared: Vec<Range<usize>>,
    /// The text of `/proc/self/maps`, kept to be filled again.
    buffer: Vec<u8>,
}

impl Visible {
    /// Lets all memory of this process be part of the next forks.
    ///
    /// # Errors
    ///
    /// The system's: no `/proc`.
    pub(super) fn let_in() -> io::Result<Self> {
        let mut visible = Self::default();
        visible.catch_up()?;
        Ok(visible)
    }

    /// The same for memory that has been mapped since. `O(mappings)`, 1 to 3 ms for a heap of some
    /// hundred megabytes where nothing is new.
    ///
    /// # Errors
    ///
    /// The system's: no `/proc`.
    pub(super) fn catch_up(&mut self) -> io::Result<()> {
        let page = page_size() as usize;
        let now = self.look_at_mappings()?;
        let new = subtract(&now, &self.known);
        self.known = now;
        for piece in &new {
            advise(&(piece.start..piece.start + page), libc::MADV_DOFORK)?;
        }
        // A single page cannot be split, so nothing can be known of it. One page more for a later
        // `spawn` costs nothing.
        if new.iter().all(|piece| piece.len() == page) {
            return Ok(());
        }
        let borders = borders(&mut self.buffer)?;
        for piece in new.into_iter().filter(|piece| piece.len() > page) {
            if borders.binary_search(&(piece.start + page)).is_ok() {
                advise(&piece, libc::MADV_DOFORK)?;
                self.ranges.push(piece);
            }
        }
        Ok(())
    }

    /// The private anonymous mappings, in order of address. Notes those that are shared.
    fn look_at_mappings(&mut self) -> io::Result<Vec<Range<usize>>> {
        let mut private = Vec::new();
        self.shared.clear();
        for_each_mapping(&mut self.buffer, |range, rest| {
            if is_private_anonymous(rest) {
                private.push(range);
            } else if is_shared_and_writable(rest) {
                self.shared.push(range);
            }
        })?;
        Ok(private)
    }

    /// The memory of which a child has no copy but the thing itself, as of the last look.
    pub(super) fn shared(&self) -> &[Range<usize>] {
        &self.shared
    }

    /// How many mappings were hidden.
    pub(super) fn len(&self) -> usize {
        self.ranges.len()
    }
}

/// What of `now` is not in `known`. Both are in order of address and do not overlap.
fn subtract(now: &[Range<usize>], known: &[Range<usize>]) -> Vec<Range<usize>> {
    let mut rest = Vec::new();
    let mut at = 0;
    for mapping in now {
        let mut start = mapping.start;
        while at < known.len() && known[at].end <= start {
            at += 1;
        }
        let mut overlap = at;
        while overlap < known.len() && known[overlap].start < mapping.end {
            if start < known[overlap].start {
                rest.push(start..known[overlap].start);
            }
            start = start.max(known[overlap].end);
            overlap += 1;
        }
        if start < mapping.end {
            rest.push(start..mapping.end);
        }
    }
    rest
}

impl Drop for Visible {
    /// Hides what has been let in. What V8 has unmapped meanwhile is none of ours any more: `malloc`
    /// may have mapped something else there, and a `spawn` whose arguments were hidden from its
    /// child would fail with `EFAULT`. So only that is hidden which still begins and ends where it
    /// did; the rest stays visible, which costs a later `spawn` the copy of some page tables.
    fn drop(&mut self) {
        let Ok(mut borders) = borders(&mut self.buffer) else { return };
        borders.dedup();
        let is_border = |address: usize| borders.binary_search(&address).is_ok();
        for range in &self.ranges {
            if is_border(range.start) && is_border(range.end) {
                let _ = advise(range, libc::MADV_DONTFORK);
            }
        }
    }
}

/// Checks on a mapping of its own that the kernel splits mappings as this module believes.
pub(super) fn self_test() -> crate::error::Result<()> {
    let what = "a page for a test";
    let scratch = Scratch::map(4).map_err(|error| refused("mmap", what, error))?;
    advise(&scratch.range, libc::MADV_DONTFORK).map_err(|error| refused("madvise", what, error))?;
    let visible = Visible::let_in().map_err(|error| refused("open", MAPS, error))?;
    if visible.ranges.contains(&scratch.range) {
        Ok(())
    } else {
        Err(unavailable("the kernel does not show which memory is left out of forks"))
    }
}

/// Pages between two guard pages, so that no neighbour is merged with them.
struct Scratch {
    whole: Range<usize>,
    range: Range<usize>,
}

impl Scratch {
    fn map(pages: usize) -> io::Result<Self> {
        let page = page_size() as usize;
        let size = (pages + 2) * page;
        let flags = libc::MAP_PRIVATE | libc::MAP_ANONYMOUS;
        // SAFETY: a new mapping at an address that the kernel chooses, and the protection of a part
        // of it.
        unsafe {
            let base = libc::mmap(std::ptr::null_mut(), size, libc::PROT_NONE, flags, -1, 0);
            if base == libc::MAP_FAILED {
                return Err(io::Error::last_os_error());
            }
            let whole = base as usize..base as usize + size;
            let scratch = Self { range: whole.start + page..whole.end - page, whole };
            let protection = libc::PROT_READ | libc::PROT_WRITE;
            let start = scratch.range.start as *mut libc::c_void;
            match libc::mprotect(start, scratch.range.len(), protection) {
                0 => Ok(scratch),
                _ => Err(io::Error::last_os_error()),
            }
        }
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        // SAFETY: the mapping is ours, and nothing refers to it any more.
        unsafe { libc::munmap(self.whole.start as *mut libc::c_void, self.whole.len()) };
    }
}

/// `madvise`, where `ENOMEM` for a hole (memory that another thread has just unmapped) is fine.
fn advise(range: &Range<usize>, advice: libc::c_int) -> io::Result<()> {
    // SAFETY: `MADV_DOFORK` and `MADV_DONTFORK` change what a later fork copies. They touch neither
    // the contents nor the protection of memory of this process, whatever lies in the range.
    if unsafe { libc::madvise(range.start as *mut libc::c_void, range.len(), advice) } == 0 {
        return Ok(());
    }
    let error = io::Error::last_os_error();
    match error.raw_os_error() {
        // `ENOMEM` is also what a process gets that may not have more mappings. Then later steps
        // would miss some; the child would crash and be reported. It is not worth telling apart.
        Some(libc::ENOMEM | libc::EINVAL) => Ok(()),
        _ => Err(error),
    }
}

/// All addresses at which a mapping begins or ends, in order, with repetitions.
fn borders(buffer: &mut Vec<u8>) -> io::Result<Vec<usize>> {
    let mut borders = Vec::new();
    for_each_mapping(buffer, |range, _| {
        borders.push(range.start);
        borders.push(range.end);
    })?;
    Ok(borders)
}

fn for_each_mapping(
    buffer: &mut Vec<u8>,
    mut each: impl FnMut(Range<usize>, &[u8]),
) -> io::Result<()> {
    buffer.clear();
    File::open(MAPS)?.read_to_end(buffer)?;
    for line in buffer.split(|&byte| byte == b'\n').filter(|line| !line.is_empty()) {
        let parsed = parse_range(line);
        let (range, rest) = parsed.ok_or_else(|| io::Error::from(io::ErrorKind::InvalidData))?;
        each(range, rest);
    }
    Ok(())
}

/// `start-end rest`.
fn parse_range(line: &[u8]) -> Option<(Range<usize>, &[u8])> {
    let (start, line) = parse_hex(line)?;
    let (end, rest) = parse_hex(line.strip_prefix(b"-")?)?;
    (start < end).then_some((start..end, rest.strip_prefix(b" ")?))
}

fn parse_hex(text: &[u8]) -> Option<(usize, &[u8])> {
    let digits = text.iter().take_while(|byte| byte.is_ascii_hexdigit()).count();
    let mut value: usize = 0;
    for &byte in &text[..digits] {
        let digit = (byte as char).to_digit(16)? as usize;
        value = value.checked_mul(16)?.checked_add(digit)?;
    }
    (digits > 0).then_some((value, &text[digits..]))
}

/// Whether `perms offset dev inode name` is of private memory without a file. The kernel's own
/// (`[stack]`, `[vdso]`) and the `brk` heap are always part of a fork.
fn is_private_anonymous(rest: &[u8]) -> bool {
    let mut fields = rest.split(|&byte| byte == b' ').filter(|field| !field.is_empty());
    let private = fields.next().is_some_and(|perms| perms.get(3) == Some(&b'p'));
    let no_file = fields.nth(2) == Some(b"0".as_slice());
    let ordinary = fields.next().is_none_or(|name| name.starts_with(b"[anon"));
    private && no_file && ordinary
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::{Mutex, PoisonError};

    /// What a test lets in and hides again is that of the whole process.
    static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());

    /// The kernel's own word on a mapping.
    fn is_hidden(range: &Range<usize>) -> bool {
        let smaps = std::fs::read_to_string("/proc/self/smaps").unwrap();
        let mut inside = false;
        for line in smaps.lines() {
            if let Some((found, _)) = parse_range(line.as_bytes()) {
                inside = found.contains(&range.start);
            } else if inside && line.starts_with("VmFlags:") {
                return line.split(' ').any(|flag| flag == "dc");
            }
        }
        false
    }

    #[test]
    fn hidden_memory_is_found_let_in_and_hidden_again() {
        let _lock = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
        let (hidden, open) = (Scratch::map(8).unwrap(), Scratch::map(8).unwrap());
        let (hidden, open) = (&hidden.range, &open.range);
        advise(hidden, libc::MADV_DONTFORK).unwrap();
        assert!(is_hidden(hidden) && !is_hidden(open));
        let visible = Visible::let_in().unwrap();
        assert!(visible.ranges.contains(hidden), "{:?} {hidden:?}", visible.ranges);
        assert!(!visible.ranges.iter().any(|range| range.contains(&open.start)));
        assert!(!is_hidden(hidden) && !is_hidden(open));
        drop(visible);
        assert!(is_hidden(hidden) && !is_hidden(open));
    }

    #[test]
    fn memory_that_comes_later_is_let_in_as_well() {
        let _lock = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
        let mut visible = Visible::let_in().unwrap();
        let late = Scratch::map(8).unwrap();
        advise(&late.range, libc::MADV_DONTFORK).unwrap();
        visible.catch_up().unwrap();
        assert!(!is_hidden(&late.range));
        drop(visible);
        assert!(is_hidden(&late.range));
    }

    #[test]
    fn shared_memory_is_noted() {
        let _lock = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
        let size = page_size() as usize;
        let (protection, flags) =
            (libc::PROT_READ | libc::PROT_WRITE, libc::MAP_SHARED | libc::MAP_ANONYMOUS);
        // SAFETY: a new mapping at an address that the kernel chooses.
        let start = unsafe { libc::mmap(std::ptr::null_mut(), size, protection, flags, -1, 0) };
        let visible = Visible::let_in().unwrap();
        assert!(visible.shared().iter().any(|range| range.contains(&(start as usize))));
        // SAFETY: nobody has a pointer into it.
        unsafe { libc::munmap(start, size) };
    }

    #[test]
    fn what_is_known_is_left_out() {
        let known = [10..20, 30..40, 50..60];
        assert_eq!(subtract(&[10..20, 32..35], &known), []);
        assert_eq!(subtract(&[0..99, 99..100], &known), [0..10, 20..30, 40..50, 60..99, 99..100]);
        assert_eq!(subtract(&[5..15, 15..35, 70..80], &known), [5..10, 20..30, 70..80]);
        assert_eq!(subtract(&[1..2, 3..4], &[]), [1..2, 3..4]);
    }

    #[test]
    fn a_line_of_maps_is_read() {
        let line = b"7f00-7fff rw-p 00000000 00:00 0 ";
        let (range, rest) = parse_range(line).unwrap();
        assert_eq!(range, 0x7f00..0x7fff);
        assert!(is_private_anonymous(rest));
        assert!(is_private_anonymous(b"---p 00000000 00:00 0 [anon:v8]"));
        for other in ["rw-s 0 00:00 0", "rw-p 0 08:01 77 /bin/x", "rw-p 0 00:00 0 [stack]"] {
            assert!(!is_private_anonymous(other.as_bytes()), "{other}");
        }
        assert!(parse_range(b"nonsense").is_none());
        assert!(parse_range(b"12-10 rw-p").is_none());
        assert!(parse_range(b"11112222333344445-1 rw-p").is_none());
    }
}
