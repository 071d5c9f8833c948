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

/// 32 hexadecimal digits that nobody can foresee, from the system's generator: they are in names of temporary
/// files, and the salt of a redaction. Takes no descriptor, of which there may be none left.
///
/// # Panics
///
/// If there is no generator, which is the error of the call then: a salt that can be guessed would be worse.
pub(crate) fn random_token() -> String {
    let mut bytes = [0_u8; 16];
    if let Err(error) = getrandom::fill(&mut bytes) {
        panic!("the system gives no random numbers: {error}");
    }
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
