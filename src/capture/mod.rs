//! From a live heap to bytes. V8 writes its snapshot into one end of a pipe, and a native thread
//! reads the other: into a file, a stream or the parser.
//!
//! ```text
//! JS thread                      native thread
//! ---------                      -------------
//!                                prepare: pending_file, conduit, memory.before
//! v8.writeHeapSnapshot  --pipe-> read: completeness, redaction, gzip, pending_file
//! close the writing end          finish: verify, commit, give memory back
//! ```
//!
//! **The reader never needs the JS thread**: that one stands inside V8 until the last byte is
//! taken, so a reader that waited for it would wait for ever. A reader that fails closes its end;
//! V8's next write then fails with `EPIPE` and the capture ends early.

pub mod completeness;
#[cfg(unix)]
pub mod conduit;
#[cfg(unix)]
mod directory;
#[cfg(unix)]
pub mod estimate;
#[cfg(unix)]
pub mod feed;
#[cfg(fork_mode)]
pub mod fork;
#[cfg(unix)]
mod heap_sample;
pub mod identity;
#[cfg(unix)]
mod leftovers;
pub mod limits;
pub mod memory;
pub mod outlet;
#[cfg(unix)]
pub mod pending_file;
pub mod slot;
#[cfg(unix)]
pub mod snapshot_file;
#[cfg(unix)]
pub mod stream;
#[cfg(unix)]
mod target;

use std::hash::{BuildHasher, Hasher, RandomState};

/// 32 hexadecimal digits that nobody can foresee, from the system's generator: they are in names of temporary
/// files, and the salt of a redaction.
pub(crate) fn random_token() -> String {
    let mut bytes = [0_u8; 16];
    if !fill_random(&mut bytes) {
        // The standard library has keys from the system's generator, and panics where there is none.
        for chunk in bytes.chunks_mut(8) {
            chunk.copy_from_slice(&RandomState::new().build_hasher().finish().to_le_bytes());
        }
    }
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Fills `bytes` from the kernel. Not from a file, for which there may be no descriptor left.
#[cfg(target_os = "linux")]
fn fill_random(bytes: &mut [u8]) -> bool {
    // SAFETY: the kernel writes to `bytes`, and no more than its length.
    let filled = unsafe { libc::getrandom(bytes.as_mut_ptr().cast(), bytes.len(), 0) };
    usize::try_from(filled) == Ok(bytes.len())
}

#[cfg(not(target_os = "linux"))]
fn fill_random(_: &mut [u8]) -> bool {
    false
}
