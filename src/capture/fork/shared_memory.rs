//! Takes the child out of the memory that the service shares with others.
//!
//! A fork copies private memory on write. What is mapped `MAP_SHARED` stays common: files of a
//! database, rings of io_uring, frames of a device. A destructor that runs in the child must not
//! write there. So before V8 runs, the child gets copies of its own in the place of it, up to
//! [`COPIED_AT_MOST`]; what is more, or cannot be copied, it may only read, so that a destructor which
//! writes there ends the child and not the data.
//!
//! The mappings are those of the last look before the fork: one that another thread makes in the few
//! milliseconds between stays shared.

use std::ffi::c_void;
use std::ops::Range;

/// What a child copies altogether, after the pause of the service.
const COPIED_AT_MOST: usize = 16 << 20;

/// Whether a line of `maps` is of such memory; `rest` is what comes after its addresses.
pub(super) fn is_shared_and_writable(rest: &[u8]) -> bool {
    rest.get(1) == Some(&b'w') && rest.get(3) == Some(&b's')
}

/// Parts the child from `mappings`. False if something stays common.
///
/// # Safety
///
/// To be called in the child only: what others write to these mappings is not seen any more.
pub(super) unsafe fn part_from(mappings: &[Range<usize>]) -> bool {
    let mut left = COPIED_AT_MOST;
    let mut parted = true;
    for mapping in mappings {
        // SAFETY: as this function asks.
        unsafe {
            if mapping.len() <= left && put_copy_over(mapping) {
                left -= mapping.len();
            } else {
                parted &= close(mapping);
            }
        }
    }
    parted
}

/// Replaces a mapping by private memory with the same contents. False if it could not be read whole,
/// and then it is as it was.
///
/// # Safety
///
/// As for [`part_from`].
unsafe fn put_copy_over(mapping: &Range<usize>) -> bool {
    let (start, size) = (mapping.start as *mut c_void, mapping.len());
    let protection = libc::PROT_READ | libc::PROT_WRITE;
    let flags = libc::MAP_PRIVATE | libc::MAP_ANONYMOUS;
    // SAFETY: the copy is a new mapping of the same size. The kernel reads the old one, so that an end
    // of its file within it is an error and not a signal. Then the copy takes the place of the old
    // one, which every pointer to there goes on to be good for.
    unsafe {
        let copy = libc::mmap(std::ptr::null_mut(), size, protection, flags, -1, 0);
        if copy == libc::MAP_FAILED {
            return false;
        }
        let to = libc::iovec { iov_base: copy, iov_len: size };
        let from = libc::iovec { iov_base: start, iov_len: size };
        let read = libc::process_vm_readv(libc::getpid(), &to, 1, &from, 1, 0);
        let moved = usize::try_from(read) == Ok(size) && {
            let how = libc::MREMAP_MAYMOVE | libc::MREMAP_FIXED;
            libc::mremap(copy, size, size, how, start) == start
        };
        if !moved {
            libc::munmap(copy, size);
        }
        moved
    }
}

/// Makes a mapping one that cannot be written to. False if that is refused.
///
/// # Safety
///
/// As for [`part_from`].
unsafe fn close(mapping: &Range<usize>) -> bool {
    let start = mapping.start as *mut c_void;
    // SAFETY: less is allowed in this process than before.
    unsafe {
        libc::mprotect(start, mapping.len(), libc::PROT_READ) == 0
            || libc::mprotect(start, mapping.len(), libc::PROT_NONE) == 0
            // It is gone, or was never part of the fork.
            || *libc::__errno_location() == libc::ENOMEM
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Memory that a fork does not copy.
    fn map_shared(size: usize) -> *mut u8 {
        let protection = libc::PROT_READ | libc::PROT_WRITE;
        let flags = libc::MAP_SHARED | libc::MAP_ANONYMOUS;
        // SAFETY: a new mapping at an address that the kernel chooses.
        let start = unsafe { libc::mmap(std::ptr::null_mut(), size, protection, flags, -1, 0) };
        assert_ne!(start, libc::MAP_FAILED);
        start.cast()
    }

    /// How a child ends that has parted from `size` bytes and then writes there, and what is there
    /// after that.
    fn write_in_a_child(size: usize) -> (libc::c_int, u8) {
        let shared = map_shared(size);
        let mapping = shared as usize..shared as usize + size;
        let mut status = 0;
        // SAFETY: the mapping is ours, and the child only makes system calls.
        unsafe {
            shared.write_volatile(7);
            let pid = libc::fork();
            if pid == 0 {
                let parted = part_from(std::slice::from_ref(&mapping));
                let kept = shared.read_volatile() == 7;
                shared.write_volatile(8);
                libc::_exit(if parted && kept { 0 } else { 1 });
            }
            assert_eq!(libc::waitpid(pid, &mut status, 0), pid);
            let after = shared.read_volatile();
            libc::munmap(shared.cast(), size);
            (status, after)
        }
    }

    #[test]
    fn what_a_child_writes_to_shared_memory_stays_its_own() {
        let (status, after) = write_in_a_child(1 << 16);
        assert!(libc::WIFEXITED(status) && libc::WEXITSTATUS(status) == 0, "{status}");
        assert_eq!(after, 7);
    }

    #[test]
    fn a_child_that_writes_to_much_of_it_ends() {
        let (status, after) = write_in_a_child(COPIED_AT_MOST + (1 << 16));
        assert!(libc::WIFSIGNALED(status), "{status}");
        assert_eq!(after, 7);
    }

    #[test]
    fn mappings_that_can_be_written_to_in_common_are_told() {
        assert!(is_shared_and_writable(b"rw-s 00000000 00:10 12 anon_inode:[io_uring]"));
        for other in ["r--s 0 08:01 7 /a", "rw-p 0 00:00 0", "---s 0 00:00 0", ""] {
            assert!(!is_shared_and_writable(other.as_bytes()), "{other}");
        }
    }
}
