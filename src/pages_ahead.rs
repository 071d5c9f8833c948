//! Pages of fresh columns, provided by another thread before the one that fills the columns needs them.
//!
//! The kernel zeroes a page when it is first touched, on the thread that touches it. On a virtual machine
//! whose host has taken back what was free, that takes many times as long. The search for dominators
//! touches 20 bytes a node, and all that comes after it waits for it.
//!
//! Linux 5.14 and later ([`MADV_POPULATE_WRITE`][man]); elsewhere pages come when they are touched.
//!
//! Time: that of the zeroing. Memory: none that would not be used.
//!
//! [man]: https://man7.org/linux/man-pages/man2/madvise.2.html

use std::ops::Range;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

#[cfg(unix)]
use crate::allocator::MAP_FROM;
use crate::control::Control;

/// There are no mappings of our own.
#[cfg(not(unix))]
const MAP_FROM: usize = usize::MAX;

/// How much of a column is asked for at a time. As long does whoever closes wait at most.
const CHUNK: usize = 2 << 20;

/// The memory of a column, used or not.
#[derive(Clone, Debug, Default)]
pub struct PageRange(Range<usize>);

impl PageRange {
    /// That of a column. Empty if it is no mapping of its own.
    pub fn of<T>(column: &Vec<T>) -> Self {
        let start = column.as_ptr() as usize;
        match column.capacity() * size_of::<T>() {
            length if length >= MAP_FROM => Self(start..start + length),
            _ => Self::default(),
        }
    }
}

/// What another thread may have provided: the pages of some columns, as long as they are there.
#[derive(Debug, Default)]
pub struct PagesAhead {
    columns: Mutex<Vec<PageRange>>,
    /// Whether somebody waits to close the columns: who provides pages would take the lock again and again before
    /// whoever waits for it gets it.
    is_closing: AtomicBool,
}

impl PagesAhead {
    /// Shows the columns to other threads, until what this returns is closed or dropped. That has to
    /// be before the columns are: it is a courtesy to whoever is given their addresses next.
    pub fn open(&self, columns: Vec<PageRange>) -> Closing<'_> {
        self.is_closing.store(false, Ordering::Relaxed);
        *self.lock() = columns;
        Closing(self)
    }

    /// Has the pages provided, always of the column that lacks most, until all are there or the
    /// columns are closed. Of a job that has been stopped nobody needs them.
    pub fn provide(&self, control: &Control) {
        while control.checkpoint().is_ok() && self.provide_chunk() {}
    }

    /// Whether there may be more to do. Columns stay where they are meanwhile.
    fn provide_chunk(&self) -> bool {
        if self.is_closing.load(Ordering::Relaxed) {
            return false;
        }
        let mut columns = self.lock();
        let Some(PageRange(lacking)) = columns.iter_mut().max_by_key(|pages| pages.0.len()) else {
            return false;
        };
        let chunk = lacking.start..lacking.end.min(lacking.start + CHUNK);
        lacking.start = chunk.end;
        !chunk.is_empty() && populate(chunk)
    }

    fn lock(&self) -> MutexGuard<'_, Vec<PageRange>> {
        self.columns.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Columns that are open; closes them when it is dropped.
#[derive(Debug)]
pub struct Closing<'a>(&'a PagesAhead);

impl Drop for Closing<'_> {
    fn drop(&mut self) {
        self.0.is_closing.store(true, Ordering::Relaxed);
        self.0.lock().clear();
    }
}

/// Has the kernel provide pages; false if it does not know how.
#[cfg(target_os = "linux")]
fn populate(pages: Range<usize>) -> bool {
    // SAFETY: This is advice: what the pages hold, or are by the time that it is given, stays as it
    // is, whoever uses them meanwhile. An address that is nobody's is an error, and the call says so.
    unsafe { libc::madvise(pages.start as *mut _, pages.len(), libc::MADV_POPULATE_WRITE) == 0 }
}

/// The same where there is no such call.
#[cfg(not(target_os = "linux"))]
fn populate(_: Range<usize>) -> bool {
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    fn left(ahead: &PagesAhead) -> usize {
        ahead.lock().iter().map(|pages| pages.0.len()).sum()
    }

    #[test]
    fn what_columns_hold_stays_while_their_pages_come() {
        let mut column: Vec<u32> = vec![0; 3 << 20];
        let ahead = PagesAhead::default();
        let open = ahead.open(vec![PageRange::of(&column)]);
        std::thread::scope(|scope| {
            scope.spawn(|| ahead.provide(&Control::default()));
            for (at, number) in column.iter_mut().enumerate().rev() {
                *number = at as u32;
            }
        });
        drop(open);
        assert!(column.iter().enumerate().all(|(at, &number)| number == at as u32));
    }

    #[test]
    fn nothing_more_is_provided_once_somebody_waits_to_close() {
        let column: Vec<u64> = Vec::with_capacity(1 << 20);
        let ahead = PagesAhead::default();
        let open = ahead.open(vec![PageRange::of(&column)]);
        let lacking = left(&ahead);
        ahead.is_closing.store(true, Ordering::Relaxed);
        ahead.provide(&Control::default());
        assert_eq!(left(&ahead), lacking);
        drop(open);
        let _open = ahead.open(vec![PageRange::of(&column)]);
        ahead.provide(&Control::default());
        assert!(left(&ahead) < lacking.max(1), "opened again");
    }

    /// The kernels that this is tested on know how.
    #[cfg(target_os = "linux")]
    #[test]
    fn pages_are_there_before_they_are_touched() {
        let column: Vec<u64> = Vec::with_capacity(1 << 20);
        let ahead = PagesAhead::default();
        let open = ahead.open(vec![PageRange::of(&column)]);
        assert_eq!(left(&ahead), 8 << 20);
        ahead.provide(&Control::default());
        assert_eq!(left(&ahead), 0);
        let mut resident = vec![0_u8; (8 << 20) / 4096];
        // SAFETY: The range is the column's mapping, and there is a byte for each of its pages.
        let result = unsafe {
            libc::mincore(column.as_ptr() as *mut _, 8 << 20, resident.as_mut_ptr().cast())
        };
        assert_eq!(result, 0);
        assert!(resident.iter().all(|page| page & 1 == 1));
        drop(open);
    }

    #[test]
    fn columns_that_are_closed_or_small_are_left_alone() {
        let (small, large) = (vec![1_u8; 100], vec![1_u8; MAP_FROM]);
        let ahead = PagesAhead::default();
        let open = ahead.open(vec![PageRange::of(&small), PageRange::of(&large)]);
        assert_eq!(left(&ahead), MAP_FROM);
        drop(open);
        assert_eq!(left(&ahead), 0);
        ahead.provide(&Control::default());
    }
}
