//! The allocator of this crate: columns straight from the system, everything else from `malloc`.
//!
//! A job allocates some dozens of columns of megabytes, on a thread of its own, and frees them all
//! at its end. `malloc` handles that badly. glibc serves blocks of up to 32 MiB from per-thread
//! arenas once it has seen one of that size freed, and an arena gives nothing back while anything
//! above the hole is in use: a service that opens a snapshot now and then keeps the memory of
//! several. So blocks of [`MAP_FROM`] bytes and more are mappings of their own: what is freed is
//! given back at once, what is zeroed costs nothing until it is touched, and what grows moves its
//! pages and not its bytes.
//!
//! Cost: one system call for each such block, and the zeroing of its pages by the kernel.
//!
//! What was measured against that: keeping what a job frees for its next columns, once as whole
//! mappings and once as a list of neighbouring extents, joined and cut, of huge pages. What the
//! kernel no longer had to zero made no difference that stood out. Columns of the newer snapshot are
//! a little larger than the holes that those of the older one leave, so the peak rose by a sixth. Nor
//! did it pay to move what was kept to where it is wanted, one huge page at a time (`mremap`): the
//! peak stayed, and what the kernel saved the moves cost.
//!
//! Only this crate's memory comes from here. V8's and the service's own allocators are not touched.

use std::alloc::{GlobalAlloc, Layout, System};
use std::ptr;

/// Blocks from this size on are mappings. Small enough that no column of a large snapshot is
/// below, and large enough that the part of a page that is lost does not matter.
pub(crate) const MAP_FROM: usize = 256 << 10;
/// No system has smaller pages, and no mapping begins elsewhere than at a page.
const PAGE: usize = 4096;
/// Mappings from this size on ask for huge pages: walks over the graph jump about in its columns,
/// and with pages of 4 KiB most jumps also miss the page table's cache.
#[cfg(target_os = "linux")]
const HUGE_FROM: usize = 4 << 20;

struct ColumnAllocator;

#[global_allocator]
static ALLOCATOR: ColumnAllocator = ColumnAllocator;

/// Whether blocks of this layout are mappings. The same answer for every block of one layout: the
/// allocator has no other way to know where a block came from.
#[inline]
fn is_mapped(layout: Layout) -> bool {
    layout.size() >= MAP_FROM && layout.align() <= PAGE
}

// SAFETY: Blocks are either `System`'s, which keeps the contract, or mappings. `is_mapped` decides
// by the layout alone, and the contract says that a block is freed and resized with the layout it
// was allocated with, so each goes back to where it came from. A mapping is page-aligned, which
// covers every alignment that `is_mapped` lets through; it is at least as long as was asked for,
// belongs to nobody else, and is not touched again once it is unmapped. `mmap` gives zeroed pages.
// No method panics or allocates by other means.
unsafe impl GlobalAlloc for ColumnAllocator {
    #[inline]
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        if is_mapped(layout) {
            return map(layout.size());
        }
        // SAFETY: The caller's promises about `layout` are what `System` asks for.
        unsafe { System.alloc(layout) }
    }

    #[inline]
    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        if is_mapped(layout) {
            return map(layout.size());
        }
        // SAFETY: As in `alloc`.
        unsafe { System.alloc_zeroed(layout) }
    }

    #[inline]
    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        if is_mapped(layout) {
            // SAFETY: The block is a mapping of `layout.size()` bytes, as `is_mapped` said when it
            // was allocated, and nobody uses it any more.
            return unsafe { unmap(block, layout.size()) };
        }
        // SAFETY: The block is `System`'s, allocated with this layout.
        unsafe { System.dealloc(block, layout) }
    }

    #[inline]
    unsafe fn realloc(&self, block: *mut u8, layout: Layout, new_size: usize) -> *mut u8 {
        // SAFETY: The caller promises that `new_size` is not 0 and does not overflow with this
        // alignment.
        let new_layout = unsafe { Layout::from_size_align_unchecked(new_size, layout.align()) };
        match (is_mapped(layout), is_mapped(new_layout)) {
            // SAFETY: The block is `System`'s and stays there.
            (false, false) => unsafe { System.realloc(block, layout, new_size) },
            // SAFETY: The block is a mapping of `layout.size()` bytes and stays one.
            (true, true) => unsafe { remap(block, layout.size(), new_size) },
            // SAFETY: Both blocks are valid for the smaller of the two sizes, and they are not the
            // same. The old one goes back to where it came from.
            _ => unsafe {
                let moved = self.alloc(new_layout);
                if !moved.is_null() {
                    ptr::copy_nonoverlapping(block, moved, layout.size().min(new_size));
                    self.dealloc(block, layout);
                }
                moved
            },
        }
    }
}

/// A mapping of at least `size` zeroed bytes; null if there is none to be had.
fn map(size: usize) -> *mut u8 {
    // SAFETY: A private anonymous mapping at an address of the kernel's choice touches no memory
    // that is there.
    let mapping = unsafe {
        libc::mmap(
            ptr::null_mut(),
            size,
            libc::PROT_READ | libc::PROT_WRITE,
            libc::MAP_PRIVATE | libc::MAP_ANONYMOUS,
            -1,
            0,
        )
    };
    if mapping == libc::MAP_FAILED {
        return ptr::null_mut();
    }
    prefer_huge_pages(mapping, size);
    mapping.cast()
}

/// # Safety
///
/// `block` has to be a mapping of `size` bytes that nobody uses.
unsafe fn unmap(block: *mut u8, size: usize) {
    // SAFETY: As the caller promises. The call fails only for arguments that are no mapping.
    unsafe { libc::munmap(block.cast(), size) };
}

/// Makes a mapping longer or shorter; null if that cannot be done, and then it is what it was.
///
/// # Safety
///
/// `block` has to be a mapping of `size` bytes.
#[cfg(target_os = "linux")]
unsafe fn remap(block: *mut u8, size: usize, new_size: usize) -> *mut u8 {
    // SAFETY: As the caller promises; the old address is not used again if the mapping moves.
    let mapping = unsafe { libc::mremap(block.cast(), size, new_size, libc::MREMAP_MAYMOVE) };
    if mapping == libc::MAP_FAILED {
        return ptr::null_mut();
    }
    prefer_huge_pages(mapping, new_size);
    mapping.cast()
}

/// The same where mappings cannot be resized.
///
/// # Safety
///
/// `block` has to be a mapping of `size` bytes.
#[cfg(not(target_os = "linux"))]
unsafe fn remap(block: *mut u8, size: usize, new_size: usize) -> *mut u8 {
    let moved = map(new_size);
    if !moved.is_null() {
        // SAFETY: Both mappings have that many bytes and are different ones; the old one is not
        // used again.
        unsafe {
            ptr::copy_nonoverlapping(block, moved, size.min(new_size));
            unmap(block, size);
        }
    }
    moved
}

/// Asks for huge pages where they are worth it. A refusal only costs speed.
fn prefer_huge_pages(mapping: *mut libc::c_void, size: usize) {
    #[cfg(target_os = "linux")]
    if size >= HUGE_FROM {
        // SAFETY: Advice about a mapping that is ours; it changes nothing that can be seen.
        unsafe { libc::madvise(mapping, size, libc::MADV_HUGEPAGE) };
    }
    #[cfg(not(target_os = "linux"))]
    let _ = (mapping, size);
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every move over the border between the two kinds keeps the content.
    #[test]
    fn blocks_keep_their_content_when_they_grow_and_shrink() {
        let sizes = [1, MAP_FROM - 1, MAP_FROM, 3 * MAP_FROM + 7, 20 << 20, MAP_FROM + 1, 4096, 2];
        let pattern = |at: usize| (at * 31 % 251) as u8;
        let mut bytes: Vec<u8> = Vec::new();
        for size in sizes {
            let kept = bytes.len().min(size);
            bytes.truncate(size);
            bytes.reserve_exact(size - kept);
            bytes.extend((kept..size).map(pattern));
            bytes.shrink_to_fit();
            assert!(bytes.iter().enumerate().all(|(at, &byte)| byte == pattern(at)), "{size}");
        }
    }

    #[test]
    fn zeroed_blocks_are_zeroed_also_where_memory_was_used_before() {
        for _ in 0..3 {
            let mut bytes = vec![0_u8; 2 * MAP_FROM];
            assert!(bytes.iter().all(|&byte| byte == 0));
            bytes.fill(0xff);
        }
    }

    #[test]
    fn what_cannot_be_had_is_an_error_and_no_crash() {
        let mut bytes: Vec<u8> = Vec::new();
        assert!(bytes.try_reserve_exact(isize::MAX as usize).is_err());
        assert!(bytes.try_reserve_exact(1 << 46).is_err());
        bytes.extend(vec![7; MAP_FROM]);
        assert!(bytes.try_reserve_exact(1 << 46).is_err());
        assert_eq!(bytes, vec![7; MAP_FROM]);
    }

    #[test]
    fn many_threads_at_once() {
        std::thread::scope(|scope| {
            for thread in 0..4_u8 {
                scope.spawn(move || {
                    let mut blocks: Vec<Vec<u8>> = Vec::new();
                    for step in 0..200 {
                        blocks.push(vec![thread; MAP_FROM / 2 + step * 4096]);
                        if step % 3 == 0 {
                            let block = blocks.swap_remove(step % blocks.len());
                            assert!(block.iter().all(|&byte| byte == thread));
                        }
                    }
                });
            }
        });
    }

    #[test]
    fn large_alignments_are_kept() {
        let layout = Layout::from_size_align(MAP_FROM, 1 << 16).unwrap();
        // SAFETY: The layout is valid and not empty; the block is freed with it and once.
        unsafe {
            let block = ColumnAllocator.alloc(layout);
            assert!(!block.is_null());
            assert_eq!(block as usize % (1 << 16), 0);
            ColumnAllocator.dealloc(block, layout);
        }
    }
}
