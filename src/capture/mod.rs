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

use std::sync::atomic::{AtomicU64, Ordering};

/// 32 hexadecimal digits that nobody can foresee, from the system's generator.
pub(crate) fn random_token() -> String {
    let mut bytes = [0_u8; 16];
    if fill_random(&mut bytes).is_err() {
        // Without a generator the name is still unique: it is only less hard to guess, and every
        // use of it also creates the file exclusively.
        static SEQUENCE: AtomicU64 = AtomicU64::new(0);
        let time = std::time::SystemTime::now()
            .duration_since(std::time::UNIX_EPOCH)
            .map_or(0, |since| since.as_nanos() as u64);
        bytes[..8].copy_from_slice(&time.to_le_bytes());
        bytes[8..].copy_from_slice(&SEQUENCE.fetch_add(1, Ordering::Relaxed).to_le_bytes());
    }
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Fills `bytes` from the system's generator.
#[cfg(unix)]
fn fill_random(bytes: &mut [u8]) -> std::io::Result<()> {
    use std::io::Read;
    std::fs::File::open("/dev/urandom")?.read_exact(bytes)
}

/// Fills `bytes` from the per-process keys of the standard library, which come from the system's
/// generator.
#[cfg(not(unix))]
fn fill_random(bytes: &mut [u8]) -> std::io::Result<()> {
    use std::hash::{BuildHasher, Hasher};
    for chunk in bytes.chunks_mut(8) {
        let random = std::collections::hash_map::RandomState::new().build_hasher().finish();
        chunk.copy_from_slice(&random.to_le_bytes()[..chunk.len()]);
    }
    Ok(())
}
