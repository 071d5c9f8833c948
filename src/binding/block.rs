//! A block of a stream on its way to JavaScript.

use napi::bindgen_prelude::{Object, ToNapiValue, Unknown, check_status};
use napi::{Env, sys};

#[cfg(target_os = "linux")]
use crate::capture::memory::page_size;

/// V8 collects young buffers when they have come to some 32 MB. A stream makes one after the other,
/// and they would lie around until then. So each is given room for so many of its kind, of which
/// only the first is ever touched, and thereby is memory: V8 counts the room, and collects as much
/// sooner.
const ROOM: usize = 16;

/// A block of bytes, which becomes `{ memory, length }`: a buffer of JavaScript's own and how much
/// of it is the block.
pub(super) struct Block(pub(super) Vec<u8>);

impl ToNapiValue for Block {
    unsafe fn to_napi_value(
        raw_env: sys::napi_env,
        Self(bytes): Self,
    ) -> napi::Result<sys::napi_value> {
        let env = Env::from_raw(raw_env);
        let (mut memory, mut buffer) = (std::ptr::null_mut(), std::ptr::null_mut());
        let size = bytes.len() * ROOM;
        // SAFETY: `raw_env` is the environment that napi's own glue runs in, on its JavaScript
        // thread and with a handle scope open. On success `memory` is that of the new buffer, of
        // `size` bytes, which nobody else knows of yet; the block is no longer than that.
        let buffer = unsafe {
            check_status!(sys::napi_create_buffer(raw_env, size, &mut memory, &mut buffer))?;
            if !bytes.is_empty() {
                std::ptr::copy_nonoverlapping(bytes.as_ptr(), memory.cast::<u8>(), bytes.len());
                empty_room(memory.cast(), bytes.len(), size);
            }
            Unknown::from_raw_unchecked(raw_env, buffer)
        };
        let mut block = Object::new(&env)?;
        block.set("memory", buffer)?;
        block.set("length", bytes.len() as f64)?;
        // SAFETY: as above; `block` was made in that environment a moment ago.
        unsafe { Object::to_napi_value(raw_env, block) }
    }
}

/// Gives back the pages of `memory` from `used` to `size`. The allocator hands out again what earlier
/// blocks had lain in, each at another place: without this all of the room would become memory, bit
/// by bit.
///
/// # Safety
///
/// `memory` is `size` bytes of memory, of which nobody reads those from `used` on.
unsafe fn empty_room(memory: *mut u8, used: usize, size: usize) {
    #[cfg(target_os = "linux")]
    {
        let page = page_size() as usize;
        let start = (memory as usize + used).next_multiple_of(page);
        let end = (memory as usize + size) / page * page;
        if let Some(length) = end.checked_sub(start).filter(|&length| length > 0) {
            let skipped = start - memory as usize;
            // SAFETY: only whole pages of the caller's memory, whose content does not matter. A
            // refusal leaves them as they are, which costs memory alone.
            unsafe { libc::madvise(memory.add(skipped).cast(), length, libc::MADV_DONTNEED) };
        }
    }
    #[cfg(not(target_os = "linux"))]
    let _ = (memory, used, size);
}
