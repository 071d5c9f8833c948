//! Takes waiting out of the child.
//!
//! In a forked child the other threads of the process do not exist. Whoever waits for one of them
//! waits for ever: V8 for its helper threads, and glibc's condition variables even when they are
//! only *signalled*, because they wait for sleepers that were not copied. So in the child, and only
//! there, every loaded object's references to the waiting functions are redirected: the entries of
//! the global offset tables (GOT) that the dynamic linker fills.
//!
//! * Signalling does nothing: nobody listens.
//! * A wait that can never end ends the child: [`EXIT_WAIT`]. The parent tries again. That includes
//!   system calls on futexes, by which V8 waits since it uses Abseil's locks (Node 26).
//! * A lock that another thread held at the moment of the fork guards data in an unknown state:
//!   [`EXIT_LOCK`]. All but two kinds: see [`lock_for`].
//!
//! The same way serves the opening of files: see [`reopen`].
//!
//! The entries are looked up before the fork, on a native thread: the child does not call into the
//! dynamic linker. Relocation types are those of the System V ABI supplements for x86-64 (4.4.1)
//! and AArch64 (section on dynamic relocations).

use std::ffi::{CStr, c_char, c_int, c_long, c_void};
use std::ops::Range;
use std::sync::atomic::{AtomicU32, AtomicUsize, Ordering};

use super::reopen;
use crate::capture::memory::page_size;

/// The child had to wait for a thread that it does not have.
pub(super) const EXIT_WAIT: c_int = 97;
/// The child needed a lock that a thread which it does not have has held.
pub(super) const EXIT_LOCK: c_int = 98;

/// Entries to change, found by [`Waits::find`].
#[derive(Debug, Default)]
pub(super) struct Waits {
    entries: Vec<Entry>,
    pages: Vec<Range<usize>>,
}

#[derive(Clone, Copy, Debug)]
struct Entry {
    slot: usize,
    replacement: usize,
    /// Index into [`REPLACED`].
    function: usize,
}

/// A function and what stands in for it in the child.
struct Replaced {
    name: &'static CStr,
    by: *const c_void,
}

// SAFETY: the pointers are addresses of functions, which never change.
unsafe impl Sync for Replaced {}

static REPLACED: [Replaced; 15] = [
    Replaced { name: c"pthread_cond_wait", by: cond_wait as *const c_void },
    Replaced { name: c"pthread_cond_signal", by: cond_signal as *const c_void },
    Replaced { name: c"pthread_cond_broadcast", by: cond_signal as *const c_void },
    Replaced { name: c"pthread_cond_timedwait", by: cond_timed_wait as *const c_void },
    Replaced { name: c"pthread_cond_clockwait", by: cond_clock_wait as *const c_void },
    Replaced { name: c"pthread_mutex_lock", by: mutex_lock as *const c_void },
    Replaced { name: c"pthread_rwlock_rdlock", by: rwlock_rdlock as *const c_void },
    Replaced { name: c"pthread_rwlock_wrlock", by: rwlock_wrlock as *const c_void },
    Replaced { name: c"pthread_join", by: join as *const c_void },
    Replaced { name: c"sem_wait", by: sem_wait as *const c_void },
    Replaced { name: c"sem_post", by: sem_post as *const c_void },
    Replaced { name: c"pthread_barrier_wait", by: barrier_wait as *const c_void },
    Replaced { name: c"syscall", by: system_call as *const c_void },
    Replaced { name: c"open", by: reopen::open as *const c_void },
    Replaced { name: c"open64", by: reopen::open as *const c_void },
];

/// Where the C library's `syscall` is, once [`Waits::find`] has run: our own reference to it is
/// redirected in the child, too.
static SYSCALL: AtomicUsize = AtomicUsize::new(0);
/// Where libuv's `uv_mutex_lock` is; 0 if it cannot be found.
static UV_MUTEX_LOCK: AtomicUsize = AtomicUsize::new(0);
/// The function is a call and a check: what it calls returns to within this.
const UV_MUTEX_LOCK_BYTES: usize = 64;
/// Where V8's lock of handles across threads is; 0 if it cannot be found, as in Node 24 and 26, whose
/// garbage collection does not hold it.
static HANDLE_LOCK: AtomicUsize = AtomicUsize::new(0);
/// `cppgc::internal::g_process_mutex`.
const HANDLE_LOCK_NAME: &CStr = c"_ZN5cppgc8internal15g_process_mutexE";
/// The variable is a flag, padded to a word, and the lock: the lock begins within this.
const HANDLE_LOCK_OFFSETS: usize = size_of::<usize>() + 1;

/// Waits with a time limit end at once in the child, which can make a loop of them spin. So many
/// are no matter of patience any more.
const MAX_TIMED_WAITS: u32 = 100_000;
static TIMED_WAITS: AtomicU32 = AtomicU32::new(0);

impl Waits {
    /// Looks through all loaded objects.
    pub(super) fn find() -> Self {
        SYSCALL.store(libc::syscall as *const () as usize, Ordering::Relaxed);
        look_up(&UV_MUTEX_LOCK, c"uv_mutex_lock");
        look_up(&HANDLE_LOCK, HANDLE_LOCK_NAME);
        let mut waits = Self::default();
        let data: *mut Self = &mut waits;
        // SAFETY: the callback gets the pointer back while `waits` is borrowed by nobody else.
        unsafe { libc::dl_iterate_phdr(Some(visit_object), data.cast()) };
        waits.pages = pages_of(&waits.entries);
        waits
    }

    /// Whether some object refers to V8's way of waiting. If not, there is nothing to redirect:
    /// a statically linked executable, where fork mode cannot work.
    pub(super) fn is_usable(&self) -> bool {
        (0..3).all(|function| self.entries.iter().any(|entry| entry.function == function))
    }

    /// Redirects all of it. To be called in the child only.
    ///
    /// # Safety
    ///
    /// The calling process must have one thread and must not return to what it did before: its
    /// waiting functions do not wait any more. `find` must have run in the same address space.
    pub(super) unsafe fn remove(&self) -> bool {
        for page in &self.pages {
            let protection = libc::PROT_READ | libc::PROT_WRITE;
            // SAFETY: the pages hold GOT entries, which are data. The linker made some of them
            // read-only after it had filled them (RELRO); they become writable in this process.
            if unsafe { libc::mprotect(page.start as *mut c_void, page.len(), protection) } != 0 {
                return false;
            }
        }
        for entry in &self.entries {
            // SAFETY: `find` computed the slot from the object's own relocation table: it is an
            // aligned pointer that the linker has written, and that is writable now. The
            // replacement has the signature of the function it replaces.
            unsafe { std::ptr::write_volatile(entry.slot as *mut usize, entry.replacement) };
        }
        true
    }
}

/// Keeps where a symbol is that the executable or a library exports, unless that is known.
fn look_up(place: &AtomicUsize, symbol: &CStr) {
    // SAFETY: the name is a NUL-terminated string, and the result is only compared with.
    let address = unsafe { libc::dlsym(libc::RTLD_DEFAULT, symbol.as_ptr()) } as usize;
    let _ = place.compare_exchange(0, address, Ordering::Relaxed, Ordering::Relaxed);
}

/// The pages that hold the entries, each once.
fn pages_of(entries: &[Entry]) -> Vec<Range<usize>> {
    let page = page_size() as usize;
    let mut starts: Vec<usize> = entries.iter().map(|entry| entry.slot & !(page - 1)).collect();
    starts.sort_unstable();
    starts.dedup();
    starts.into_iter().map(|start| start..start + page).collect()
}

unsafe extern "C" fn cond_wait(_: *mut c_void, _: *mut c_void) -> c_int {
    // SAFETY: ends the process at once, with nothing run on the way.
    unsafe { libc::_exit(EXIT_WAIT) }
}

unsafe extern "C" fn cond_signal(_: *mut c_void) -> c_int {
    0
}

unsafe extern "C" fn cond_timed_wait(_: *mut c_void, _: *mut c_void, _: *const c_void) -> c_int {
    timed_out()
}

unsafe extern "C" fn cond_clock_wait(
    _: *mut c_void,
    _: *mut c_void,
    _: c_int,
    _: *const c_void,
) -> c_int {
    timed_out()
}

/// The end of a wait that has a time limit.
fn timed_out() -> c_int {
    if TIMED_WAITS.fetch_add(1, Ordering::Relaxed) == MAX_TIMED_WAITS {
        // SAFETY: ends the process at once.
        unsafe { libc::_exit(EXIT_WAIT) }
    }
    libc::ETIMEDOUT
}

/// [`lock_for`] with the address that the caller will be returned to.
#[unsafe(naked)]
unsafe extern "C" fn mutex_lock(mutex: *mut libc::pthread_mutex_t) -> c_int {
    #[cfg(target_arch = "x86_64")]
    std::arch::naked_asm!("mov rsi, [rsp]", "jmp {}", sym lock_for);
    #[cfg(target_arch = "aarch64")]
    std::arch::naked_asm!("mov x1, x30", "b {}", sym lock_for);
}

/// Takes a lock that is free. One that is not was held by a thread that does not exist here.
///
/// Locks of libuv are taken all the same. V8 has its own; what Node guards with libuv's are queues
/// of tasks and messages for other threads: nobody here reads them, and no snapshot shows them.
/// The queue of V8's helper threads is one, and every garbage collection of every worker goes
/// through it. Should it have been left half changed, the child crashes over it and another is due.
///
/// So is V8's lock of handles by which C++ objects of one heap are kept from other threads. In Node
/// 20 and 22 there is one for all heaps, and every full garbage collection, also that of the child,
/// holds it from the end of its marking on: of some busy workers one nearly always does. But all that
/// it does to what the lock guards is to walk the handles of its own heap, which is not the one that
/// the child walks. Node has no such handles; of an addon that has, a handle into the heap of this
/// thread may have been made or dropped at the very moment of the fork. Then it counts or it does
/// not, or the child crashes.
unsafe extern "C" fn lock_for(mutex: *mut libc::pthread_mutex_t, caller: usize) -> c_int {
    // SAFETY: the caller passes what it would have passed to `pthread_mutex_lock`.
    match unsafe { libc::pthread_mutex_trylock(mutex) } {
        libc::EBUSY if is_in_uv_mutex_lock(caller) || is_handle_lock(mutex as usize) => 0,
        // SAFETY: ends the process at once.
        libc::EBUSY => unsafe { libc::_exit(EXIT_LOCK) },
        result => result,
    }
}

fn is_in_uv_mutex_lock(address: usize) -> bool {
    let start = UV_MUTEX_LOCK.load(Ordering::Relaxed);
    start != 0 && (start..start + UV_MUTEX_LOCK_BYTES).contains(&address)
}

fn is_handle_lock(mutex: usize) -> bool {
    let start = HANDLE_LOCK.load(Ordering::Relaxed);
    start != 0 && (start..start + HANDLE_LOCK_OFFSETS).contains(&mutex)
}

/// `syscall`, in which waking and waiting for a futex are taken care of. The C library's takes any
/// number of arguments, which is passed like six of them on both architectures.
unsafe extern "C" fn system_call(
    number: c_long,
    first: usize,
    second: usize,
    third: usize,
    fourth: usize,
    fifth: usize,
    sixth: usize,
) -> c_long {
    if number == libc::SYS_futex {
        match second as c_int & libc::FUTEX_CMD_MASK {
            libc::FUTEX_WAKE | libc::FUTEX_WAKE_BITSET => return 0,
            libc::FUTEX_WAIT | libc::FUTEX_WAIT_BITSET => {
                // SAFETY: a futex is an aligned 32-bit word that the caller may read.
                let word = unsafe { std::ptr::read_volatile(first as *const u32) };
                let error = if word != third as u32 {
                    libc::EAGAIN
                } else if fourth == 0 {
                    // SAFETY: ends the process at once.
                    unsafe { libc::_exit(EXIT_WAIT) }
                } else {
                    timed_out()
                };
                // SAFETY: the address is that of this thread's own variable.
                unsafe { *libc::__errno_location() = error };
                return -1;
            }
            _ => {}
        }
    }
    // SAFETY: as the caller means it.
    unsafe { pass_on(number, [first, second, third, fourth, fifth, sixth]) }
}

/// The C library's `syscall`, to which our own reference is redirected as well.
///
/// # Safety
///
/// That of the system call. [`Waits::find`] must have run.
pub(super) unsafe fn pass_on(number: c_long, arguments: [usize; 6]) -> c_long {
    type SystemCall =
        unsafe extern "C" fn(c_long, usize, usize, usize, usize, usize, usize) -> c_long;
    // SAFETY: `find` has stored the address of the C library's function, which reads as many of the
    // arguments as the call has.
    unsafe {
        let real: SystemCall = std::mem::transmute(SYSCALL.load(Ordering::Relaxed));
        let [first, second, third, fourth, fifth, sixth] = arguments;
        real(number, first, second, third, fourth, fifth, sixth)
    }
}

unsafe extern "C" fn rwlock_rdlock(lock: *mut libc::pthread_rwlock_t) -> c_int {
    // SAFETY: the caller passes what it would have passed to `pthread_rwlock_rdlock`.
    match unsafe { libc::pthread_rwlock_tryrdlock(lock) } {
        // SAFETY: ends the process at once.
        libc::EBUSY => unsafe { libc::_exit(EXIT_LOCK) },
        result => result,
    }
}

/// A lock that readers hold who do not exist any more is free: they changed nothing. It is then
/// taken as one more reader, which the caller's unlock undoes.
unsafe extern "C" fn rwlock_wrlock(lock: *mut libc::pthread_rwlock_t) -> c_int {
    // SAFETY: the caller passes what it would have passed to `pthread_rwlock_wrlock`.
    match unsafe { libc::pthread_rwlock_trywrlock(lock) } {
        // SAFETY: as above.
        libc::EBUSY => unsafe { rwlock_rdlock(lock) },
        result => result,
    }
}

unsafe extern "C" fn join(_: libc::pthread_t, _: *mut *mut c_void) -> c_int {
    // SAFETY: ends the process at once.
    unsafe { libc::_exit(EXIT_WAIT) }
}

unsafe extern "C" fn sem_wait(semaphore: *mut libc::sem_t) -> c_int {
    // SAFETY: the caller passes what it would have passed to `sem_wait`.
    match unsafe { libc::sem_trywait(semaphore) } {
        0 => 0,
        // SAFETY: ends the process at once.
        _ => unsafe { libc::_exit(EXIT_WAIT) },
    }
}

/// Counts up without waking anybody: a semaphore that processes share must not reach the parent.
unsafe extern "C" fn sem_post(_: *mut libc::sem_t) -> c_int {
    0
}

unsafe extern "C" fn barrier_wait(_: *mut c_void) -> c_int {
    // SAFETY: ends the process at once.
    unsafe { libc::_exit(EXIT_WAIT) }
}

/// What the dynamic section says about relocations.
#[derive(Default)]
struct Dynamic {
    symbols: usize,
    strings: usize,
    jump_relocations: Range<usize>,
    relocations: Range<usize>,
}

/// One object of `dl_iterate_phdr`.
unsafe extern "C" fn visit_object(
    info: *mut libc::dl_phdr_info,
    _size: libc::size_t,
    data: *mut c_void,
) -> c_int {
    // SAFETY: the C library passes a valid description for the duration of the call, and `data` is
    // the pointer that `Waits::find` gave it.
    unsafe {
        let (info, waits) = (&*info, &mut *data.cast::<Waits>());
        if !is_kernel_object(info)
            && let Some(dynamic) = read_dynamic(info)
        {
            find_entries(info.dlpi_addr as usize, &dynamic, &mut waits.entries);
        }
    }
    0
}

/// The vDSO has no relocations, and its dynamic section is not adjusted.
unsafe fn is_kernel_object(info: &libc::dl_phdr_info) -> bool {
    // SAFETY: the name is NULL or a string.
    unsafe {
        !info.dlpi_name.is_null()
            && CStr::from_ptr(info.dlpi_name).to_bytes().starts_with(b"linux-")
    }
}

unsafe fn read_dynamic(info: &libc::dl_phdr_info) -> Option<Dynamic> {
    const DT_NULL: u64 = 0;
    const DT_PLTRELSZ: u64 = 2;
    const DT_STRTAB: u64 = 5;
    const DT_SYMTAB: u64 = 6;
    const DT_RELA: u64 = 7;
    const DT_RELASZ: u64 = 8;
    const DT_JMPREL: u64 = 23;

    let base = info.dlpi_addr as usize;
    // glibc has added the base to addresses in place; musl has not.
    let address = |value: u64| match value as usize {
        value if value < base => base + value,
        value => value,
    };
    let mut dynamic = Dynamic::default();
    let (mut jump_bytes, mut bytes) = (0, 0);
    // SAFETY: an object that the linker has loaded has valid program headers, and its dynamic
    // section ends with DT_NULL.
    unsafe {
        let headers = std::slice::from_raw_parts(info.dlpi_phdr, info.dlpi_phnum as usize);
        let header = headers.iter().find(|header| header.p_type == libc::PT_DYNAMIC)?;
        let mut entry = (base + header.p_vaddr as usize) as *const [u64; 2];
        loop {
            let [tag, value] = *entry;
            match tag {
                DT_NULL => break,
                DT_STRTAB => dynamic.strings = address(value),
                DT_SYMTAB => dynamic.symbols = address(value),
                DT_JMPREL => dynamic.jump_relocations.start = address(value),
                DT_PLTRELSZ => jump_bytes = value as usize,
                DT_RELA => dynamic.relocations.start = address(value),
                DT_RELASZ => bytes = value as usize,
                _ => {}
            }
            entry = entry.add(1);
        }
    }
    dynamic.jump_relocations.end = dynamic.jump_relocations.start + jump_bytes;
    dynamic.relocations.end = dynamic.relocations.start + bytes;
    (dynamic.strings != 0 && dynamic.symbols != 0).then_some(dynamic)
}

#[cfg(target_arch = "x86_64")]
const POINTER_RELOCATIONS: [u32; 2] = [6, 7]; // R_X86_64_GLOB_DAT, R_X86_64_JUMP_SLOT
#[cfg(target_arch = "aarch64")]
const POINTER_RELOCATIONS: [u32; 2] = [1025, 1026]; // R_AARCH64_GLOB_DAT, R_AARCH64_JUMP_SLOT

unsafe fn find_entries(base: usize, dynamic: &Dynamic, entries: &mut Vec<Entry>) {
    for table in [&dynamic.jump_relocations, &dynamic.relocations] {
        let count = table.len() / size_of::<libc::Elf64_Rela>();
        for at in 0..count {
            // SAFETY: the table lies in a loaded segment of the object, as do the symbol and the
            // string it leads to.
            unsafe {
                let relocation = &*(table.start as *const libc::Elf64_Rela).add(at);
                let (kind, symbol) = (relocation.r_info as u32, (relocation.r_info >> 32) as usize);
                if !POINTER_RELOCATIONS.contains(&kind) || symbol == 0 {
                    continue;
                }
                let symbol = &*(dynamic.symbols as *const libc::Elf64_Sym).add(symbol);
                let name = (dynamic.strings + symbol.st_name as usize) as *const c_char;
                let name = CStr::from_ptr(name);
                if let Some(function) = REPLACED.iter().position(|one| one.name == name) {
                    let replacement = REPLACED[function].by as usize;
                    let slot = base + relocation.r_offset as usize;
                    entries.push(Entry { slot, replacement, function });
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_are_aligned_and_their_pages_are_known() {
        let waits = Waits::find();
        assert!(!waits.entries.is_empty());
        for entry in &waits.entries {
            assert_eq!(entry.slot % align_of::<usize>(), 0);
            assert!(waits.pages.iter().any(|page| page.contains(&entry.slot)));
        }
    }

    #[test]
    fn a_lock_that_is_held_is_passed_by_for_libuv_alone() {
        let start = UV_MUTEX_LOCK.swap(4096, Ordering::Relaxed);
        let mut mutex = libc::PTHREAD_MUTEX_INITIALIZER;
        // SAFETY: the mutex lives as long as the calls.
        unsafe {
            assert_eq!(lock_for(&mut mutex, 1), 0);
            assert_eq!(lock_for(&mut mutex, 4096 + 12), 0, "it is held and passed by");
            assert_eq!(libc::pthread_mutex_unlock(&mut mutex), 0);
            assert_eq!(mutex_lock(&mut mutex), 0);
            assert_eq!(libc::pthread_mutex_trylock(&mut mutex), libc::EBUSY);
            assert_eq!(libc::pthread_mutex_unlock(&mut mutex), 0);
        }
        UV_MUTEX_LOCK.store(start, Ordering::Relaxed);
        assert!(!is_in_uv_mutex_lock(start + UV_MUTEX_LOCK_BYTES));
    }

    #[test]
    fn the_lock_of_handles_is_passed_by_when_it_is_held() {
        /// As V8 has it.
        #[repr(C)]
        struct Lazy {
            flag: u32,
            mutex: libc::pthread_mutex_t,
        }
        let mut lazy = Lazy { flag: 1, mutex: libc::PTHREAD_MUTEX_INITIALIZER };
        let start = HANDLE_LOCK.swap(&raw const lazy.flag as usize, Ordering::Relaxed);
        // SAFETY: the mutex lives as long as the calls.
        unsafe {
            assert_eq!(lock_for(&mut lazy.mutex, 1), 0);
            assert_eq!(lock_for(&mut lazy.mutex, 1), 0, "it is held and passed by");
            assert_eq!(libc::pthread_mutex_unlock(&mut lazy.mutex), 0);
            assert_eq!(libc::pthread_mutex_trylock(&mut lazy.mutex), 0, "it is free again");
        }
        let end = &raw const lazy as usize + size_of::<Lazy>();
        assert!(!is_handle_lock(end), "what comes behind is another's");
        HANDLE_LOCK.store(start, Ordering::Relaxed);
    }

    #[test]
    fn system_calls_are_passed_on_but_for_futexes() {
        Waits::find();
        let word = 7_u32;
        let address = &raw const word as usize;
        let wait = libc::FUTEX_WAIT_BITSET as usize | libc::FUTEX_PRIVATE_FLAG as usize;
        // SAFETY: calls that take plain values or the address of a word that lives on.
        unsafe {
            let pid = system_call(libc::SYS_getpid, 0, 0, 0, 0, 0, 0);
            assert_eq!(pid, c_long::from(libc::getpid()));
            let last = |result| (result, std::io::Error::last_os_error().raw_os_error());
            let other = system_call(libc::SYS_futex, address, wait, 8, 0, 0, 0);
            assert_eq!(last(other), (-1, Some(libc::EAGAIN)));
            let limited = system_call(libc::SYS_futex, address, wait, 7, address, 0, 0);
            assert_eq!(last(limited), (-1, Some(libc::ETIMEDOUT)));
            let wake = libc::FUTEX_WAKE as usize;
            assert_eq!(system_call(libc::SYS_futex, address, wake, 1, 0, 0, 0), 0);
        }
    }
}
