//! Fork mode: a copy-on-write child walks the heap, and the service pauses for the fork alone.
//!
//! All of it is in this module: [`mappings`] makes V8's memory part of the fork, [`waits`] and
//! [`child`] make the child safe, [`watch`] looks after it. What it rests on is checked on first
//! use: see [`Readiness::check`].
//!
//! # Why the service comes to no harm
//!
//! * The parent does four things: list mappings, `madvise`, `fork`, `madvise`. No flag of V8 is
//!   changed, no signal handler, no lock is taken that could stay taken.
//! * The child has copies only: also of shared memory ([`shared_memory`]), and its descriptors are
//!   closed before V8 runs. The garbage collection that a snapshot begins with calls destructors of
//!   native objects, those of addons too; what they could still reach by paths and numbers is behind
//!   a filter of system calls ([`fence`]), for which they have to put up with `EPERM`. One that takes
//!   that for a reason to abort ends the child, and the capture fails.
//! * The child dies with the thread that forked it, by its own watchdog, or by the hand of [`watch`],
//!   and it is the first to go when memory runs out.
//! * It is reaped by its pid, so the service's own children are not taken from it.
//!
//! # What can fail
//!
//! The child has one thread. If at the moment of the fork another one held a lock, or was busy in a
//! way that V8 has to wait for, the child ends itself, during the garbage collection that it begins
//! with, and another fork is due. So the moment is chosen: see [`threads`]. Luck remains, as other
//! threads do not stop for a fork, and it is worse where workers are always busy: their garbage
//! collection shares locks with that of this thread. Those that it holds for long are passed by: see
//! [`waits`]. That is why a document counts only if it is whole *and* the child ended well.
//!
//! # What takes time
//!
//! A child that meets a lock ends itself at once, so no try waits for one. It needs as much processor
//! time as a capture inline, and shares it with the service: where that keeps every core busy, the
//! capture takes as many times longer as there are threads to a core.

mod child;
mod fence;
mod mappings;
mod reopen;
mod shared_memory;
mod threads;
mod waits;
mod watch;

use std::ffi::c_int;
use std::io::{self, Read};
use std::os::fd::{AsRawFd, OwnedFd};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use self::child::Orders;
pub use self::child::Shortcomings;
use self::mappings::{MAPS, Visible};
use self::threads::Others;
use self::waits::Waits;
pub use self::watch::Child;
use super::conduit::{WriterEnd, wait_for_bytes};
use crate::control::Control;
use crate::error::{Error, Result};

/// How long a child may live when the caller has no time limit of its own.
const WATCHDOG: Duration = Duration::from_secs(30 * 60);

/// How long to watch what other threads do: on a native thread, where that costs the service
/// nothing.
const REST_AHEAD: Duration = Duration::from_millis(100);
/// How long to wait for a good moment as part of the pause.
const REST_AT_FORK: Duration = Duration::from_millis(4);

/// What a fork needs, looked up before the pause.
#[derive(Debug)]
pub struct Readiness {
    waits: Waits,
    visible: Visible,
    others: Others,
    /// How many cores this process may use.
    cores: usize,
}

impl Readiness {
    /// Looks up what the next fork needs. Until that has gone well once in a process, it also checks, with a child
    /// of its own, that this platform is as this module believes. Takes milliseconds; to be called
    /// on a native thread.
    ///
    /// # Errors
    ///
    /// `ERR_UNSUPPORTED` with the reason, or the errno code of what there is too little of at the
    /// moment: descriptors, memory, processes; `ABORT_ERR` or `ERR_TIMEOUT`.
    pub fn check(control: &Control) -> Result<Self> {
        static PASSED: AtomicBool = AtomicBool::new(false);
        let waits = Waits::find();
        // A test that fails may have lacked descriptors or memory for a moment, so it is done again.
        let verdict =
            if PASSED.load(Ordering::Relaxed) { Ok(()) } else { self_test(&waits, control) };
        PASSED.store(verdict.is_ok(), Ordering::Relaxed);
        verdict?;
        control.checkpoint()?;
        let visible = Visible::let_in().map_err(|error| refused("open", MAPS, error))?;
        let cores = std::thread::available_parallelism().map_or(1, |cores| cores.get());
        Ok(Self { waits, visible, others: Others::watch(REST_AHEAD, control)?, cores })
    }

    /// Whether a child that is forked now is likely to come through. Some 10 microseconds per
    /// thread. There may never be a good moment, so this is to be asked a few times only.
    pub fn is_good_moment(&self) -> bool {
        self.others.rest()
    }
}

/// Fork mode cannot be had in this process.
fn unavailable(why: impl std::fmt::Display) -> Error {
    Error::unsupported(format!("fork mode is not available: {why}"))
}

/// The system refused a call: for want of something that there may be more of later, or for good.
fn refused(syscall: &'static str, what: &str, error: io::Error) -> Error {
    const SHORTAGES: [c_int; 4] = [libc::EMFILE, libc::ENFILE, libc::EAGAIN, libc::ENOMEM];
    match error.raw_os_error() {
        Some(code) if SHORTAGES.contains(&code) => Error::io(syscall, what, error),
        _ => unavailable(format_args!("{syscall} {what}: {error}")),
    }
}

/// Checks each fact that fork mode rests on.
fn self_test(waits: &Waits, control: &Control) -> Result<()> {
    if !waits.is_usable() {
        return Err(unavailable(
            "the executable has no references to the thread library that could be redirected (is it \
             linked statically?)",
        ));
    }
    mappings::self_test()?;
    control.checkpoint()?;
    test_child(waits, control)
}

/// Forks from this native thread, without V8's heap: costs little. The child does all that a
/// capturing child does but capture, and says hello.
fn test_child(waits: &Waits, control: &Control) -> Result<()> {
    const TEST: &str = "a test child";
    let (reader, writer) = io::pipe().map_err(|error| refused("pipe2", TEST, error))?;
    let pipe = writer.as_raw_fd();
    // SAFETY: the child only makes system calls.
    let forked = unsafe {
        fork_into(|parent| {
            child::run(
                parent,
                Orders { pipe, seconds: 10, niceness: 0, waits, shared: &[] },
                || libc::write(pipe, b"hello".as_ptr().cast(), 5) == 5,
            )
        })
    };
    drop(writer);
    let forked = forked.map_err(|error| refused("fork", TEST, error))?;
    let mut child = Child::new(forked, u64::MAX);
    let mut said = [0; 5];
    // Dropping the child ends it.
    let ended = read_while(&mut OwnedFd::from(reader).into(), &mut said, control)
        .and_then(|read| child.finish(control).map(|()| &said[..read]));
    match ended {
        Ok(said) if said == b"hello" => Ok(()),
        Ok(_) => Err(unavailable("a test child said nothing")),
        Err(error) if control.checkpoint().is_err() || error.errno().is_some() => Err(error),
        Err(error) => Err(unavailable(format_args!("in a test, {error}"))),
    }
}

/// Reads until `buffer` is full or the end is there, and asks `control` meanwhile.
fn read_while(reader: &mut std::fs::File, buffer: &mut [u8], control: &Control) -> Result<usize> {
    let fail = |syscall| move |error| refused(syscall, "a test child", error);
    let mut read = 0;
    while read < buffer.len() {
        control.checkpoint()?;
        if wait_for_bytes(reader).map_err(fail("poll"))? {
            match reader.read(&mut buffer[read..]).map_err(fail("read"))? {
                0 => break,
                more => read += more,
            }
        }
    }
    Ok(read)
}

/// What a fork cost.
#[derive(Clone, Copy, Debug)]
pub struct ForkCost {
    /// Mappings of V8 that were made part of the fork.
    pub mappings: usize,
    /// To find and change them.
    pub let_in: Duration,
    /// `fork` itself: the kernel copies page tables.
    pub fork: Duration,
    /// To hide them again.
    pub restore: Duration,
}

/// Forks a child that runs `walk` and ends. To be called on the JS thread; returns in the parent
/// only.
///
/// `walk` returns whether it succeeded. The child may take `max_memory_bytes` beyond what it shares
/// with the parent, and live for `time_limit`.
///
/// # Errors
///
/// `ERR_CAPTURE_FAILED` when the system refuses the fork.
///
/// # Safety
///
/// `walk` must be fit to run in a process that has one thread: no waiting for others.
pub unsafe fn fork(
    readiness: Readiness,
    writer: &WriterEnd,
    max_memory_bytes: u64,
    time_limit: Option<Duration>,
    walk: impl FnOnce() -> bool,
) -> Result<(Child, ForkCost)> {
    let fail = |what, error| Error::capture_failed(format!("cannot fork: {what}: {error}"));
    let limit = time_limit.map_or(WATCHDOG, |limit| limit + Duration::from_secs(5)).min(WATCHDOG);
    let seconds = u32::try_from(limit.as_secs()).unwrap_or(u32::MAX).max(1);
    let begun = std::time::Instant::now();
    let Readiness { waits, mut visible, others, cores } = readiness;
    visible.catch_up().map_err(|error| fail(MAPS, error))?;
    // Last of all, as it may be over in a moment.
    others.wait_for_rest(REST_AT_FORK);
    let orders = Orders {
        pipe: writer.as_raw_fd(),
        seconds,
        niceness: child::niceness(others.busy(), cores),
        waits: &waits,
        shared: visible.shared(),
    };
    let (mappings, let_in) = (visible.len(), begun.elapsed());
    // SAFETY: the child goes into `child::run` at once, as that asks; the caller vouches for `walk`.
    let forked = unsafe {
        fork_into(|parent| {
            child::run(parent, orders, || {
                // A panic must not unwind into a second copy of the service.
                catch_unwind(AssertUnwindSafe(walk)).unwrap_or(false)
            })
        })
    };
    let fork = begun.elapsed() - let_in;
    drop(visible);
    let restore = begun.elapsed() - let_in - fork;
    let pid = forked.map_err(|error| fail("fork", error))?;
    let child = Child::new(pid, max_memory_bytes);
    Ok((child, ForkCost { mappings, let_in, fork, restore }))
}

/// `fork`, with all signals blocked across it, so that no handler of the service runs in the child.
/// The child goes into `child` with the pid of its parent.
///
/// # Safety
///
/// `child` runs in a process with one thread and never returns.
unsafe fn fork_into(child: impl FnOnce(libc::pid_t)) -> io::Result<libc::pid_t> {
    // SAFETY: the signal sets are plain data that the calls fill; the mask of this thread is put
    // back on every path of the parent. `fork` itself is the C library's, which keeps its
    // allocator usable in the child.
    unsafe {
        let parent = libc::getpid();
        let (mut all, mut before): (libc::sigset_t, libc::sigset_t) =
            (std::mem::zeroed(), std::mem::zeroed());
        libc::sigfillset(&mut all);
        libc::pthread_sigmask(libc::SIG_SETMASK, &all, &mut before);
        let pid = libc::fork();
        if pid == 0 {
            child(parent);
            libc::_exit(child::EXIT_SETUP);
        }
        let error = io::Error::last_os_error();
        libc::pthread_sigmask(libc::SIG_SETMASK, &before, std::ptr::null_mut());
        if pid < 0 { Err(error) } else { Ok(pid) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::ffi::c_long;

    /// What `ask` says on a thread of its own to which the system refuses `calls` with `errno`.
    fn with_refused<T: Send>(calls: &[c_long], errno: c_int, ask: impl FnOnce() -> T + Send) -> T {
        const NUMBER: u32 = std::mem::offset_of!(libc::seccomp_data, nr) as u32;
        let load = (libc::BPF_LD | libc::BPF_W | libc::BPF_ABS) as u16;
        let (equal, give) = ((libc::BPF_JMP | libc::BPF_JEQ) as u16, libc::BPF_RET as u16);
        // SAFETY: these only put numbers together.
        let rules = unsafe {
            let mut rules = vec![libc::BPF_STMT(load, NUMBER)];
            for &call in calls {
                rules.push(libc::BPF_JUMP(equal, call as u32, 0, 1));
                rules.push(libc::BPF_STMT(give, libc::SECCOMP_RET_ERRNO | errno as u32));
            }
            rules.push(libc::BPF_STMT(give, libc::SECCOMP_RET_ALLOW));
            rules
        };
        let refuse = move || {
            let program =
                libc::sock_fprog { len: rules.len() as u16, filter: rules.as_ptr().cast_mut() };
            // SAFETY: the filter outlives the call, which copies it, and counts for this thread.
            unsafe {
                assert_eq!(libc::prctl(libc::PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), 0);
                let mode = libc::SECCOMP_MODE_FILTER;
                assert_eq!(libc::prctl(libc::PR_SET_SECCOMP, mode, &raw const program), 0);
            }
        };
        std::thread::scope(|scope| {
            let thread = scope.spawn(move || {
                refuse();
                ask()
            });
            thread.join().unwrap()
        })
    }

    #[test]
    fn a_random_token_takes_no_descriptor() {
        let token =
            || with_refused(&[libc::SYS_openat], libc::EMFILE, crate::capture::random_token);
        let [one, other] = [token(), token()];
        assert_ne!(one[..16], other[..16]);
        assert_ne!(one[16..], other[16..]);
        assert!(
            ![&one, &other].iter().any(|token| token.ends_with("000000000000")),
            "{one} {other}"
        );
    }

    #[test]
    fn a_child_that_cannot_tell_what_is_open_does_not_go_on() {
        let waits = Waits::find();
        let calls = [libc::SYS_getdents64];
        let error = with_refused(&calls, libc::EPERM, || test_child(&waits, &Control::default()))
            .unwrap_err();
        assert_eq!(error.code(), "ERR_UNSUPPORTED");
        assert!(error.to_string().contains("could not set itself up"), "{error}");
    }

    /// Forks a child that sets itself up as for a capture of which `shared` is shared memory, and runs
    /// `work`.
    fn run_in_child(shared: &[std::ops::Range<usize>], work: impl FnOnce() -> bool) -> Child {
        let waits = Waits::find();
        let (_reader, writer) = io::pipe().unwrap();
        let pipe = writer.as_raw_fd();
        let orders = Orders { pipe, seconds: 10, niceness: 0, waits: &waits, shared };
        // SAFETY: `work` only makes system calls.
        let pid = unsafe { fork_into(|parent| child::run(parent, orders, work)) }.unwrap();
        Child::new(pid, u64::MAX)
    }

    #[test]
    fn what_destructors_do_in_a_child_reaches_neither_files_nor_shared_memory() {
        let file = std::env::temp_dir().join(crate::capture::random_token());
        std::fs::write(&file, "precious").unwrap();
        let path = std::ffi::CString::new(file.to_str().unwrap()).unwrap();
        let size = crate::capture::memory::page_size() as usize;
        let (protection, flags) =
            (libc::PROT_READ | libc::PROT_WRITE, libc::MAP_SHARED | libc::MAP_ANONYMOUS);
        // SAFETY: a new mapping at an address that the kernel chooses, used while it lasts.
        unsafe {
            let start = libc::mmap(std::ptr::null_mut(), size, protection, flags, -1, 0);
            assert_ne!(start, libc::MAP_FAILED);
            let (word, shared) = (start.cast::<u8>(), start as usize..start as usize + size);
            let mut child = run_in_child(&[shared], || {
                libc::unlink(path.as_ptr());
                libc::truncate(path.as_ptr(), 0);
                word.write_volatile(1);
                true
            });
            child.finish(&Control::default()).unwrap();
            assert_eq!(*child.shortcomings().lock().unwrap(), Shortcomings::default());
            assert_eq!(word.read_volatile(), 0);
            libc::munmap(start, size);
        }
        assert_eq!(std::fs::read(&file).unwrap(), b"precious");
        std::fs::remove_file(file).unwrap();
    }

    #[test]
    fn a_child_without_a_filter_goes_on_and_says_so() {
        let lacking = with_refused(&[libc::SYS_seccomp], libc::EPERM, || {
            let mut child = run_in_child(&[], || true);
            child.finish(&Control::default()).unwrap();
            *child.shortcomings().lock().unwrap()
        });
        assert_eq!(lacking, Shortcomings::NOT_FENCED);
    }

    #[test]
    fn a_fork_that_is_refused_tells_want_from_never() {
        let waits = Waits::find();
        for (errno, code) in [
            (libc::EPERM, "ERR_UNSUPPORTED"),
            (libc::ENOSYS, "ERR_UNSUPPORTED"),
            (libc::EAGAIN, "EAGAIN"),
            (libc::ENOMEM, "ENOMEM"),
        ] {
            let calls = [libc::SYS_clone, libc::SYS_clone3];
            let error = with_refused(&calls, errno, || test_child(&waits, &Control::default()))
                .unwrap_err();
            assert_eq!(error.code(), code);
        }
    }
}
