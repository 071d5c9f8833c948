//! A block of a stream on its way to JavaScript.

use std::ffi::c_void;

use napi::bindgen_prelude::{Object, ToNapiValue, Unknown, check_status};
use napi::{Env, Status, sys};

/// The address space of a buffer. V8 collects young buffers when they have come to some 32 MB. A
/// stream makes one after the other, and they would lie around until then. So each has room for a
/// dozen of its kind and more: V8 counts the room, and collects as much sooner; but only what is
/// touched is memory. It is a mapping of its own, as the C library would hand out memory that was
/// touched before.
const REGION_BYTES: usize = 1 << 20;

/// A block of bytes, which becomes `{ memory, length }`: a buffer of JavaScript's own and how much
/// of it is the block.
pub(super) struct Block(pub(super) Vec<u8>);

impl ToNapiValue for Block {
    unsafe fn to_napi_value(
        raw_env: sys::napi_env,
        Self(bytes): Self,
    ) -> napi::Result<sys::napi_value> {
        let env = Env::from_raw(raw_env);
        // SAFETY: `raw_env` is the environment that napi's own glue runs in, on its JavaScript
        // thread and with a handle scope open.
        let buffer = unsafe { to_buffer(raw_env, &bytes)? };
        let mut block = Object::new(&env)?;
        // SAFETY: the buffer was made in that environment a moment ago.
        block.set("memory", unsafe { Unknown::from_raw_unchecked(raw_env, buffer) })?;
        block.set("length", bytes.len() as f64)?;
        // SAFETY: as above, for `block`.
        unsafe { Object::to_napi_value(raw_env, block) }
    }
}

/// A buffer that begins with `bytes` and has room behind them.
///
/// # Safety
///
/// To be called on the JavaScript thread of `env`, with a handle scope open.
unsafe fn to_buffer(env: sys::napi_env, bytes: &[u8]) -> napi::Result<sys::napi_value> {
    let mut buffer = std::ptr::null_mut();
    if let Some(region) = Region::map().filter(|_| bytes.len() <= REGION_BYTES) {
        // SAFETY: the region is ours alone, and not shorter than `bytes`. From here on it is the
        // buffer's, until `unmap`, which napi calls once; if it made no buffer, it never does.
        let status = unsafe {
            std::ptr::copy_nonoverlapping(bytes.as_ptr(), region.start.cast::<u8>(), bytes.len());
            sys::napi_create_external_buffer(
                env,
                REGION_BYTES,
                region.start,
                Some(unmap),
                std::ptr::null_mut(),
                &mut buffer,
            )
        };
        if Status::from(status) == Status::Ok {
            std::mem::forget(region);
            return Ok(buffer);
        }
    }
    // Not every runtime has buffers whose memory is somebody else's.
    let mut memory = std::ptr::null_mut();
    // SAFETY: on success `memory` is that of the new buffer, which nobody else knows of yet, and as
    // long as `bytes`.
    unsafe {
        check_status!(sys::napi_create_buffer(env, bytes.len(), &mut memory, &mut buffer))?;
        std::ptr::copy_nonoverlapping(bytes.as_ptr(), memory.cast::<u8>(), bytes.len());
    }
    Ok(buffer)
}

/// Called when no JavaScript refers to the buffer at `start` any more.
unsafe extern "C" fn unmap(_: sys::napi_env, start: *mut c_void, _: *mut c_void) {
    drop(Region { start });
}

/// [`REGION_BYTES`] of address space, of which the kernel makes memory what is touched.
struct Region {
    start: *mut c_void,
}

impl Region {
    /// `None` if the system gives none.
    fn map() -> Option<Self> {
        let protection = libc::PROT_READ | libc::PROT_WRITE;
        let flags = libc::MAP_PRIVATE | libc::MAP_ANONYMOUS | libc::MAP_NORESERVE;
        // SAFETY: a new mapping at an address that the kernel chooses.
        let start =
            unsafe { libc::mmap(std::ptr::null_mut(), REGION_BYTES, protection, flags, -1, 0) };
        (start != libc::MAP_FAILED).then_some(Self { start })
    }
}

impl Drop for Region {
    fn drop(&mut self) {
        // SAFETY: the mapping is ours, and no buffer refers to it.
        unsafe { libc::munmap(self.start, REGION_BYTES) };
    }
}
