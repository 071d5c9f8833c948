//! What the child does between the fork and V8's walk, and how it ends.
//!
//! From the fork on there is one thread, a copy of the service's memory, and its descriptors. First
//! of all the child makes sure that it cannot outlive the service and cannot touch anything of it;
//! then it walks, and leaves through `_exit`: no exit handler, no event loop. Code of others that V8
//! runs on the walk, such as destructors of native objects, is inside of [`super::fence`].

use std::ffi::{CStr, c_int, c_uint};
use std::ops::Range;

use super::waits::Waits;
use super::{fence, reopen, shared_memory};

/// The child could not set itself up.
pub(super) const EXIT_SETUP: c_int = 94;
/// The service was gone before the child could tie itself to it.
pub(super) const EXIT_ORPHAN: c_int = 95;
/// V8 said that it could not write the snapshot.
pub(super) const EXIT_V8: c_int = 96;
/// The snapshot is written, but by a child that lacked a precaution: the flags of
/// [`Shortcomings`] are added to this.
pub(super) const EXIT_SHORT: c_int = 64;

/// Precautions that the system refused to a child. It goes on without them, as a container that
/// forbids one is no reason to be without captures; but whoever asked for the capture is told.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Shortcomings(u8);

impl Shortcomings {
    /// It would not have been the first to go when memory runs out.
    pub(super) const NOT_FIRST: Self = Self(1);
    /// Destructors could have reached files and other processes.
    pub(super) const NOT_FENCED: Self = Self(2);
    /// Destructors could have written to memory that is shared.
    pub(super) const NOT_PARTED: Self = Self(4);
    const EVERY: u8 = Self::NOT_FIRST.0 | Self::NOT_FENCED.0 | Self::NOT_PARTED.0;
    const SENTENCES: [(Self, &'static str); 3] = [
        (
            Self::NOT_FIRST,
            "The system did not let the capturing child be the first to go when memory runs out: \
             the service could have been killed in its place.",
        ),
        (
            Self::NOT_FENCED,
            "The system did not let the capturing child have a filter of system calls (seccomp): \
             destructors of native addons that ran in it could reach files by their paths.",
        ),
        (
            Self::NOT_PARTED,
            "The capturing child could not be parted from all memory that the service shares with \
             other processes: destructors of native addons that ran in it could write there.",
        ),
    ];

    /// What an exit status says of a child that did its work; `None` where it did not.
    pub(super) fn from_exit_code(code: c_int) -> Option<Self> {
        match code {
            0 => Some(Self::default()),
            _ => {
                u8::try_from(code - EXIT_SHORT).ok().filter(|&flags| flags <= Self::EVERY).map(Self)
            }
        }
    }

    fn exit_code(self) -> c_int {
        if self == Self::default() { 0 } else { EXIT_SHORT + c_int::from(self.0) }
    }

    fn add(&mut self, other: Self, applies: bool) {
        self.0 |= if applies { other.0 } else { 0 };
    }

    /// One sentence each.
    pub fn describe(self) -> Vec<&'static str> {
        let all = Self::SENTENCES.iter().filter(|(flag, _)| self.0 & flag.0 != 0);
        all.map(|&(_, sentence)| sentence).collect()
    }
}

/// How far down the child steps for a service that keeps `busy` threads on `cores` busy: so far that
/// it takes about a quarter of a core from them.
///
/// Beside one thread per core that is niceness 5, as each step is worth a factor of 1.25 and the share
/// is 1 to 3. In a crowd it is less, as a child that stepped back from all of them would hardly ever
/// run.
pub(super) fn niceness(busy: usize, cores: usize) -> c_int {
    match busy / cores.max(1) {
        0 | 1 => 5,
        2 => 2,
        _ => 0,
    }
}

/// What the child has to know, all of it found before the fork.
#[derive(Clone, Copy)]
pub(super) struct Orders<'a> {
    /// The one descriptor it keeps.
    pub(super) pipe: c_int,
    /// A watchdog ends it after so long.
    pub(super) seconds: c_uint,
    /// How far it steps down: see [`niceness`].
    pub(super) niceness: c_int,
    /// What it must not wait for.
    pub(super) waits: &'a Waits,
    /// The memory that it would share with the service.
    pub(super) shared: &'a [Range<usize>],
}

/// Runs `walk` as the child of `parent` and ends the process with it.
///
/// # Safety
///
/// To be called right after `fork`, in the child, with all signals blocked. Nothing here allocates
/// or takes a lock before the waits are removed.
pub(super) unsafe fn run(
    parent: libc::pid_t,
    orders: Orders<'_>,
    walk: impl FnOnce() -> bool,
) -> ! {
    // SAFETY: see the functions; each is a series of system calls on this process alone.
    unsafe {
        tie_to(parent);
        forget_signals(orders.seconds);
        // On top of what the service has: a service that is nice itself must not get a child that is
        // less so. It may be refused, and the capture is then only less polite.
        libc::nice(orders.niceness);
        let mut shortcomings = Shortcomings::default();
        shortcomings.add(Shortcomings::NOT_FIRST, !offer_itself());
        if !keep_only(orders.pipe) || !orders.waits.remove() {
            libc::_exit(EXIT_SETUP);
        }
        reopen::remember(orders.pipe);
        let parted = shared_memory::part_from(orders.shared);
        shortcomings.add(Shortcomings::NOT_PARTED, !parted);
        // Last of all: what comes before it would be refused.
        shortcomings.add(Shortcomings::NOT_FENCED, !fence::put_up(libc::getpid()));
        let walked = walk();
        libc::_exit(if walked { shortcomings.exit_code() } else { EXIT_V8 })
    }
}

/// Dies when the thread that forked it does, and leaves no core: it would hold the whole heap.
unsafe fn tie_to(parent: libc::pid_t) {
    // SAFETY: system calls with plain values. A core limit of 1 also stops handlers that take
    // cores through a pipe, for which 0 is no limit.
    unsafe {
        libc::prctl(libc::PR_SET_PDEATHSIG, libc::SIGKILL);
        if libc::getppid() != parent {
            libc::_exit(EXIT_ORPHAN);
        }
        let no_core = libc::rlimit { rlim_cur: 1, rlim_max: 1 };
        libc::setrlimit(libc::RLIMIT_CORE, &no_core);
        libc::prctl(libc::PR_SET_NAME, c"heapdiff-child".as_ptr());
    }
}

/// No handler of the service may run here: it would write to pipes, or run JavaScript.
unsafe fn forget_signals(watchdog_seconds: c_uint) {
    const LAST_SIGNAL: c_int = 64;
    // SAFETY: `sigaction` is plain data, for which zeroes are the default action, no flags and an
    // empty mask. Signals that cannot be changed or do not exist are refused, which is fine.
    unsafe {
        let default: libc::sigaction = std::mem::zeroed();
        for signal in 1..=LAST_SIGNAL {
            libc::sigaction(signal, &default, std::ptr::null_mut());
        }
        let mut none: libc::sigset_t = std::mem::zeroed();
        libc::sigemptyset(&mut none);
        libc::sigprocmask(libc::SIG_SETMASK, &none, std::ptr::null_mut());
        libc::alarm(watchdog_seconds);
    }
}

/// When memory is short, the child goes first. False if the system does not let it.
unsafe fn offer_itself() -> bool {
    // SAFETY: system calls with plain values, on this process alone.
    unsafe {
        // The files in `/proc/self` belong to root while a process may not be dumped, as after
        // `process.setuid`, and raising the score would need a privilege that is none. The core limit
        // is set already, so that no dump comes of this moment.
        let dumpable = libc::prctl(libc::PR_GET_DUMPABLE);
        if dumpable != 1 {
            libc::prctl(libc::PR_SET_DUMPABLE, 1);
        }
        let offered = raise_oom_score();
        if dumpable != 1 {
            // The third value there is, 2, cannot be set, and is for root to dump it.
            libc::prctl(libc::PR_SET_DUMPABLE, 0);
        }
        offered
    }
}

unsafe fn raise_oom_score() -> bool {
    const SCORE: &CStr = c"1000";
    // SAFETY: system calls with plain values and constant strings.
    unsafe {
        let path = c"/proc/self/oom_score_adj";
        let file = libc::open(path.as_ptr(), libc::O_WRONLY | libc::O_CLOEXEC);
        if file < 0 {
            return false;
        }
        let length = SCORE.count_bytes();
        let written = libc::write(file, SCORE.as_ptr().cast(), length);
        libc::close(file);
        usize::try_from(written) == Ok(length)
    }
}

/// Puts `/dev/null` in the place of every descriptor but `pipe`, so that nothing here can reach a
/// socket, file or poll set of the service. They are not just closed, because libuv aborts when the
/// descriptor by which it wakes its loop cannot be written to, and V8 does wake it.
///
/// False if that could not be done.
unsafe fn keep_only(pipe: c_int) -> bool {
    const HEADER_BYTES: usize = 19;
    // SAFETY: system calls on descriptors of this process, whose copies in the parent stay as they
    // are. The buffer is as long as the kernel is told, and entries are read within what it filled.
    unsafe {
        // The service may have no descriptor left; the standard streams are replaced in any case.
        for stream in (0..=2).filter(|&stream| stream != pipe) {
            libc::close(stream);
        }
        let null = libc::open(c"/dev/null".as_ptr(), libc::O_RDWR | libc::O_CLOEXEC);
        let flags = libc::O_RDONLY | libc::O_DIRECTORY | libc::O_CLOEXEC;
        let list = libc::open(c"/proc/self/fd".as_ptr(), flags);
        if null < 0 || list < 0 {
            return false;
        }
        let mut buffer = [0_u64; 512];
        loop {
            let size = size_of_val(&buffer);
            let filled = libc::syscall(libc::SYS_getdents64, list, buffer.as_mut_ptr(), size);
            // An error must not be taken for the end: what is not listed would stay open.
            let Ok(filled) = usize::try_from(filled) else { return false };
            if filled == 0 {
                break;
            }
            let bytes = std::slice::from_raw_parts(buffer.as_ptr().cast::<u8>(), filled);
            let mut at = 0;
            // An entry: inode (8 bytes), offset (8), length (2), type (1), name.
            while at + HEADER_BYTES < filled {
                let length = u16::from_ne_bytes([bytes[at + 16], bytes[at + 17]]) as usize;
                let entry = at..filled.min(at + length.max(HEADER_BYTES));
                at = entry.end;
                if let Some(fd) = parse_descriptor(&bytes[entry][HEADER_BYTES..])
                    && ![pipe, null, list].contains(&fd)
                    && libc::dup2(null, fd) < 0
                {
                    // Its number is above a limit that was lowered after it had been opened.
                    libc::close(fd);
                }
            }
        }
        libc::close(list);
        // The next open file must not become a standard stream.
        (0..=2)
            .all(|stream| libc::fcntl(stream, libc::F_GETFD) >= 0 || libc::dup2(null, stream) >= 0)
    }
}

/// The digits before the end of a name; `None` for `.` and `..`.
pub(super) fn parse_descriptor(name: &[u8]) -> Option<c_int> {
    let digits = name.split(|&byte| byte == 0).next().filter(|digits| !digits.is_empty())?;
    digits.iter().try_fold(0, |value: c_int, &byte| {
        let digit = (byte as char).to_digit(10)? as c_int;
        value.checked_mul(10)?.checked_add(digit)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_child_steps_back_from_few_threads_and_not_from_a_crowd() {
        /// What the kernel gives a thread of niceness 0 to 5, to share a core by.
        const WEIGHTS: [f64; 6] = [1024.0, 820.0, 655.0, 526.0, 423.0, 335.0];
        for (busy, cores) in [(0, 1), (1, 1), (1, 2), (2, 2), (4, 2), (6, 2), (64, 2), (9, 0)] {
            let per_core = (busy / cores.max(1)).max(1) as f64;
            let own = WEIGHTS[niceness(busy, cores) as usize];
            let share = own / (own + per_core * WEIGHTS[0]);
            let fair = WEIGHTS[0] / (WEIGHTS[0] + per_core * WEIGHTS[0]);
            assert!(share <= 0.25, "{busy} on {cores}: {share}");
            assert!(share >= fair.min(0.24), "{busy} on {cores}: {share}");
        }
    }

    #[test]
    fn what_a_child_lacked_is_in_its_exit_status() {
        let mut lacking = Shortcomings::default();
        assert_eq!(lacking.exit_code(), 0);
        assert!(lacking.describe().is_empty());
        lacking.add(Shortcomings::NOT_FIRST, false);
        assert_eq!(lacking, Shortcomings::default());
        for (at, &(flag, _)) in Shortcomings::SENTENCES.iter().enumerate() {
            lacking.add(flag, true);
            assert_eq!(lacking.describe().len(), at + 1);
        }
        assert_eq!(Shortcomings::from_exit_code(lacking.exit_code()), Some(lacking));
        for failed in [1, EXIT_SHORT - 1, EXIT_SETUP, EXIT_V8, 255] {
            assert_eq!(Shortcomings::from_exit_code(failed), None, "{failed}");
        }
    }

    /// Exit status of a forked child that runs `work`, which must be system calls only.
    fn in_a_child(work: impl FnOnce() -> c_int) -> c_int {
        let mut status = 0;
        // SAFETY: the child goes into `work` and ends with it; the parent reaps it.
        unsafe {
            let pid = libc::fork();
            if pid == 0 {
                libc::_exit(work());
            }
            assert_eq!(libc::waitpid(pid, &mut status, 0), pid);
        }
        assert!(libc::WIFEXITED(status), "{status}");
        libc::WEXITSTATUS(status)
    }

    #[test]
    fn a_child_of_a_service_that_gave_up_its_privileges_goes_first() {
        const NOBODY: libc::uid_t = 65_534;
        let score = in_a_child(|| {
            let mut text = [0_u8; 16];
            // SAFETY: system calls, and one of them fills `text`.
            unsafe {
                // What the kernel does to whoever changes its user; only root can do that here.
                libc::setuid(NOBODY);
                libc::prctl(libc::PR_SET_DUMPABLE, 0);
                if !offer_itself() || libc::prctl(libc::PR_GET_DUMPABLE) != 0 {
                    return 1;
                }
                let file = libc::open(c"/proc/self/oom_score_adj".as_ptr(), libc::O_RDONLY);
                libc::read(file, text.as_mut_ptr().cast(), text.len());
            }
            if text.starts_with(b"1000\n") { 0 } else { 2 }
        });
        assert_eq!(score, 0);
    }

    #[test]
    fn names_of_descriptors_are_read() {
        assert_eq!(parse_descriptor(b"0\0\0\0"), Some(0));
        assert_eq!(parse_descriptor(b"1048576\0"), Some(1_048_576));
        for other in [b".\0".as_slice(), b"..\0", b"\0", b"", b"99999999999\0"] {
            assert_eq!(parse_descriptor(other), None);
        }
    }
}
