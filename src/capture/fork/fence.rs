//! Keeps what runs in the child from reaching beyond it: a filter of system calls (seccomp).
//!
//! V8 begins a snapshot with a full garbage collection. That calls the destructors of native objects
//! which the program has dropped, also those of addons, and in the child they act on a world that is
//! not theirs: one that closes a database deletes its journal by path, while the service and others
//! go on writing to it. Descriptors do not matter, the child has none of the service. So from here on
//! the child can compute, take memory, read, write to its pipe, and end; nothing else.
//!
//! * What changes anything by path, opens for writing, makes sockets, uses queues and semaphores of
//!   System V, signals or traces another process, or starts one: `EPERM`.
//! * Calls whose flags a filter cannot see, because they are in memory, and calls younger than this
//!   list: `ENOSYS`, as on an older kernel. The C library then takes the older call.
//! * Threads may be started, as an addon that cannot start one would abort: they are as fenced.
//!
//! What is left: it may open files for reading, of which a FIFO or a device notices that. And where
//! the kernel has no such filters, or forbids them, there is no fence: a warning of the capture says
//! so.

use std::ffi::{c_int, c_long};
use std::mem::offset_of;

use libc::{seccomp_data, sock_filter};

#[cfg(target_arch = "x86_64")]
const ARCHITECTURE: u32 = 0xC000_003E; // AUDIT_ARCH_X86_64
#[cfg(target_arch = "aarch64")]
const ARCHITECTURE: u32 = 0xC000_00B7; // AUDIT_ARCH_AARCH64

/// The last call of which this module knows what it does. Behind it is also the range of x32.
const LAST_KNOWN: c_long = libc::SYS_mseal;
/// The C libraries do not name it for all architectures, which have one number for it.
const FCHMODAT2: c_long = 452;
#[cfg(target_arch = "x86_64")]
const RENAMEAT: c_long = libc::SYS_renameat;
#[cfg(target_arch = "aarch64")]
const RENAMEAT: c_long = 38;

/// `EPERM`, whatever the arguments are.
const REFUSED: &[c_long] = &[
    // Names and what they lead to.
    libc::SYS_unlinkat,
    RENAMEAT,
    libc::SYS_renameat2,
    libc::SYS_linkat,
    libc::SYS_symlinkat,
    libc::SYS_mkdirat,
    libc::SYS_mknodat,
    libc::SYS_truncate,
    libc::SYS_utimensat,
    libc::SYS_open_by_handle_at,
    // Owners, rights and attributes: a descriptor for reading is enough for some.
    libc::SYS_fchmod,
    libc::SYS_fchmodat,
    FCHMODAT2,
    libc::SYS_fchown,
    libc::SYS_fchownat,
    libc::SYS_setxattr,
    libc::SYS_lsetxattr,
    libc::SYS_fsetxattr,
    libc::SYS_removexattr,
    libc::SYS_lremovexattr,
    libc::SYS_fremovexattr,
    libc::SYS_flock,
    libc::SYS_ioctl,
    // The system.
    libc::SYS_mount,
    libc::SYS_umount2,
    libc::SYS_pivot_root,
    libc::SYS_move_mount,
    libc::SYS_open_tree,
    libc::SYS_fsopen,
    libc::SYS_fspick,
    libc::SYS_fsconfig,
    libc::SYS_fsmount,
    libc::SYS_mount_setattr,
    libc::SYS_setns,
    libc::SYS_unshare,
    libc::SYS_quotactl,
    libc::SYS_swapon,
    libc::SYS_swapoff,
    libc::SYS_reboot,
    libc::SYS_sethostname,
    libc::SYS_setdomainname,
    libc::SYS_settimeofday,
    libc::SYS_clock_settime,
    libc::SYS_adjtimex,
    libc::SYS_clock_adjtime,
    libc::SYS_bpf,
    libc::SYS_add_key,
    libc::SYS_request_key,
    libc::SYS_keyctl,
    // Other processes.
    libc::SYS_rt_sigqueueinfo,
    libc::SYS_rt_tgsigqueueinfo,
    libc::SYS_pidfd_send_signal,
    libc::SYS_pidfd_getfd,
    libc::SYS_ptrace,
    libc::SYS_process_vm_writev,
    libc::SYS_process_madvise,
    libc::SYS_process_mrelease,
    libc::SYS_setpriority,
    libc::SYS_sched_setscheduler,
    libc::SYS_sched_setparam,
    libc::SYS_sched_setattr,
    libc::SYS_sched_setaffinity,
    libc::SYS_ioprio_set,
    libc::SYS_execve,
    libc::SYS_execveat,
    // Ways to others.
    libc::SYS_socket,
    libc::SYS_connect,
    libc::SYS_bind,
    libc::SYS_sendto,
    libc::SYS_sendmsg,
    libc::SYS_sendmmsg,
    libc::SYS_shutdown,
    libc::SYS_shmget,
    libc::SYS_shmat,
    libc::SYS_shmctl,
    libc::SYS_msgget,
    libc::SYS_msgsnd,
    libc::SYS_msgrcv,
    libc::SYS_msgctl,
    libc::SYS_semget,
    libc::SYS_semop,
    libc::SYS_semtimedop,
    libc::SYS_semctl,
    libc::SYS_mq_open,
    libc::SYS_mq_unlink,
    libc::SYS_io_setup,
    libc::SYS_io_submit,
];

/// The older forms that x86-64 has beside.
#[cfg(target_arch = "x86_64")]
const REFUSED_TOO: &[c_long] = &[
    libc::SYS_unlink,
    libc::SYS_rename,
    libc::SYS_link,
    libc::SYS_symlink,
    libc::SYS_mkdir,
    libc::SYS_rmdir,
    libc::SYS_mknod,
    libc::SYS_creat,
    libc::SYS_chmod,
    libc::SYS_chown,
    libc::SYS_lchown,
    libc::SYS_utime,
    libc::SYS_utimes,
    libc::SYS_futimesat,
    libc::SYS_fork,
    libc::SYS_vfork,
    libc::SYS_iopl,
    libc::SYS_ioperm,
];
#[cfg(target_arch = "aarch64")]
const REFUSED_TOO: &[c_long] = &[];

/// `ENOSYS`, whatever the arguments are.
const ABSENT: &[c_long] = &[
    libc::SYS_openat2,
    libc::SYS_clone3,
    libc::SYS_io_uring_setup,
    libc::SYS_io_uring_enter,
    libc::SYS_io_uring_register,
];

/// Opening with one of these changes a file or may.
const WRITING: c_int = libc::O_ACCMODE | libc::O_CREAT | libc::O_TRUNC;
/// Of `fcntl`, what is about descriptors or only asks. The rest locks files, sends signals and resizes
/// pipes.
const ABOUT_DESCRIPTORS: [u32; 7] = [
    libc::F_DUPFD as u32,
    libc::F_DUPFD_CLOEXEC as u32,
    libc::F_GETFD as u32,
    libc::F_SETFD as u32,
    libc::F_GETFL as u32,
    libc::F_SETFL as u32,
    libc::F_GETLK as u32,
];

/// Puts up the fence around this process, whose number is `own`. Nothing takes it away again. False
/// if the kernel does not let it.
///
/// # Safety
///
/// To be called in the child only.
pub(super) unsafe fn put_up(own: libc::pid_t) -> bool {
    /// Kernels before 5.16 else turn off speculation for whoever has a filter, which costs time.
    const AT_FULL_SPEED: libc::c_ulong = libc::SECCOMP_FILTER_FLAG_SPEC_ALLOW;
    let mut filter = Filter::for_process(own);
    let Ok(len) = u16::try_from(filter.length) else { return false };
    let program = libc::sock_fprog { len, filter: filter.rules.as_mut_ptr() };
    // SAFETY: the kernel copies the program, which is as long as it is told.
    unsafe {
        let install = |flags: libc::c_ulong| {
            let mode = libc::SECCOMP_SET_MODE_FILTER;
            libc::syscall(libc::SYS_seccomp, mode, flags, &raw const program) == 0
        };
        !filter.is_full()
            && libc::prctl(libc::PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0
            && (install(AT_FULL_SPEED) || install(0))
    }
}

/// A program of classic BPF. Made in the child, as it holds the child's number; without allocating.
struct Filter {
    rules: [sock_filter; Filter::CAPACITY],
    length: usize,
}

impl Filter {
    const CAPACITY: usize = 512;
    const ALLOW: u32 = libc::SECCOMP_RET_ALLOW;
    const REFUSE: u32 = libc::SECCOMP_RET_ERRNO | libc::EPERM as u32;
    const LACK: u32 = libc::SECCOMP_RET_ERRNO | libc::ENOSYS as u32;

    fn for_process(own: libc::pid_t) -> Self {
        let nothing = sock_filter { code: 0, jt: 0, jf: 0, k: 0 };
        let mut filter = Self { rules: [nothing; Self::CAPACITY], length: 0 };
        filter.begin();
        filter.answer_all(ABSENT, Self::LACK);
        filter.answer_all(REFUSED, Self::REFUSE);
        filter.answer_all(REFUSED_TOO, Self::REFUSE);
        let for_writing = (libc::BPF_JSET, WRITING as u32);
        #[cfg(target_arch = "x86_64")]
        filter.refuse_if(libc::SYS_open, 1, for_writing, true);
        filter.refuse_if(libc::SYS_openat, 2, for_writing, true);
        let of_thread = (libc::BPF_JSET, libc::CLONE_THREAD as u32);
        filter.refuse_if(libc::SYS_clone, 0, of_thread, false);
        filter.allow_only(libc::SYS_fcntl, 1, &ABOUT_DESCRIPTORS);
        // `abort` signals itself.
        let own = own as u32;
        for signal in [libc::SYS_kill, libc::SYS_tkill, libc::SYS_tgkill] {
            filter.allow_only(signal, 0, &[own]);
        }
        filter.allow_only(libc::SYS_prlimit64, 0, &[0, own]);
        // It makes holes in files that are mapped.
        let removes = (libc::BPF_JEQ, libc::MADV_REMOVE as u32);
        filter.refuse_if(libc::SYS_madvise, 2, removes, true);
        filter.give(Self::ALLOW);
        filter
    }

    /// The numbers of calls mean something for one architecture only.
    fn begin(&mut self) {
        self.load(offset_of!(seccomp_data, arch));
        self.jump(libc::BPF_JEQ, ARCHITECTURE, 1, 0);
        self.give(Self::REFUSE);
        self.load(offset_of!(seccomp_data, nr));
        self.jump(libc::BPF_JGT, LAST_KNOWN as u32, 0, 1);
        self.give(Self::LACK);
    }

    fn answer_all(&mut self, calls: &[c_long], answer: u32) {
        for &call in calls {
            self.jump(libc::BPF_JEQ, call as u32, 0, 1);
            self.give(answer);
        }
    }

    /// Refuses `call` if a test of its argument comes out as `refused`.
    fn refuse_if(
        &mut self,
        call: c_long,
        argument: usize,
        (test, value): (u32, u32),
        refused: bool,
    ) {
        self.with_argument(call, argument, 3);
        self.jump(test, value, u8::from(refused), u8::from(!refused));
        self.give(Self::ALLOW);
        self.give(Self::REFUSE);
    }

    /// Refuses `call` if its argument is none of `values`.
    fn allow_only(&mut self, call: c_long, argument: usize, values: &[u32]) {
        self.with_argument(call, argument, 2 * values.len() + 1);
        for &value in values {
            self.jump(libc::BPF_JEQ, value, 0, 1);
            self.give(Self::ALLOW);
        }
        self.give(Self::REFUSE);
    }

    /// For `call`, loads an argument: the lower half, which is all that these calls look at. For
    /// others, passes by that and the `rules` after it, which must answer.
    fn with_argument(&mut self, call: c_long, argument: usize, rules: usize) {
        self.jump(libc::BPF_JEQ, call as u32, 0, (rules + 1) as u8);
        self.load(offset_of!(seccomp_data, args) + argument * size_of::<u64>());
    }

    fn load(&mut self, offset: usize) {
        let code = libc::BPF_LD | libc::BPF_W | libc::BPF_ABS;
        self.push(sock_filter { code: code as u16, jt: 0, jf: 0, k: offset as u32 });
    }

    /// Passes by `if_so` or `if_not` rules.
    fn jump(&mut self, test: u32, value: u32, if_so: u8, if_not: u8) {
        let code = (libc::BPF_JMP | test) as u16;
        self.push(sock_filter { code, jt: if_so, jf: if_not, k: value });
    }

    fn give(&mut self, answer: u32) {
        self.push(sock_filter { code: libc::BPF_RET as u16, jt: 0, jf: 0, k: answer });
    }

    fn push(&mut self, rule: sock_filter) {
        if let Some(place) = self.rules.get_mut(self.length) {
            *place = rule;
            self.length += 1;
        }
    }

    /// Whether there may have been no room for a rule.
    fn is_full(&self) -> bool {
        self.length == Self::CAPACITY
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs::{self, File, OpenOptions};
    use std::io::{ErrorKind, Write};
    use std::net::{TcpListener, UdpSocket};
    use std::process::Command;

    /// Runs `test` on a thread that is fenced: a fence counts for one thread and those it starts.
    fn fenced(test: impl FnOnce() + Send) {
        let own = std::process::id() as libc::pid_t;
        std::thread::scope(|scope| {
            let thread = scope.spawn(move || {
                // SAFETY: this thread stands for the child.
                assert!(unsafe { put_up(own) });
                test();
            });
            thread.join().unwrap();
        });
    }

    fn is_refused<T>(result: std::io::Result<T>) -> bool {
        result.is_err_and(|error| error.kind() == ErrorKind::PermissionDenied)
    }

    #[test]
    fn files_can_be_read_and_not_changed() {
        let directory = std::env::temp_dir().join(crate::capture::random_token());
        fs::create_dir(&directory).unwrap();
        let (file, other) = (directory.join("a"), directory.join("b"));
        fs::write(&file, "precious").unwrap();
        fenced(|| {
            assert!(is_refused(fs::remove_file(&file)));
            assert!(is_refused(fs::rename(&file, &other)));
            assert!(is_refused(fs::hard_link(&file, &other)));
            assert!(is_refused(std::os::unix::fs::symlink(&file, &other)));
            assert!(is_refused(fs::create_dir(&other)));
            assert!(is_refused(File::create(&other)));
            assert!(is_refused(OpenOptions::new().append(true).open(&file)));
            let read_only = File::open(&file).unwrap();
            let rights = fs::metadata(&file).unwrap().permissions();
            assert!(is_refused(read_only.set_permissions(rights)));
            assert!(is_refused(read_only.lock()));
            assert_eq!(fs::read(&file).unwrap(), b"precious");
        });
        assert_eq!(fs::read_dir(&directory).unwrap().count(), 1);
        fs::remove_dir_all(directory).unwrap();
    }

    #[test]
    fn nobody_else_can_be_reached() {
        fenced(|| {
            assert!(is_refused(Command::new("true").status()));
            assert!(is_refused(TcpListener::bind("127.0.0.1:0")));
            assert!(is_refused(UdpSocket::bind("127.0.0.1:0")));
            // SAFETY: signal 0 reaches nobody, and the others are refused.
            unsafe {
                assert_eq!(libc::kill(libc::getppid(), 0), -1);
                assert_eq!(libc::kill(0, 0), -1, "the process group");
                assert_eq!(libc::fork(), -1);
                assert_eq!(libc::shmget(libc::IPC_PRIVATE, 1, libc::IPC_CREAT), -1);
            }
        });
    }

    #[test]
    fn what_a_walk_needs_goes_on() {
        let (mut reader, mut writer) = std::io::pipe().unwrap();
        fenced(|| {
            writer.write_all(b"hello").unwrap();
            drop(writer.try_clone().unwrap());
            std::thread::spawn(|| ()).join().unwrap();
            drop(vec![1_u8; 1 << 26]);
            // SAFETY: signal 0 reaches nobody.
            assert_eq!(unsafe { libc::kill(libc::getpid(), 0) }, 0, "abort signals itself");
        });
        drop(writer);
        assert_eq!(std::io::read_to_string(&mut reader).unwrap(), "hello");
    }

    #[test]
    fn a_call_of_another_architecture_or_a_younger_one_is_not_passed() {
        let filter = Filter::for_process(1);
        assert!(!filter.is_full());
        // SAFETY: neither number is a call that this kernel would do anything for.
        fenced(|| unsafe {
            for number in [LAST_KNOWN + 1, LAST_KNOWN + 1_000, 0x4000_0000 + libc::SYS_getpid] {
                assert_eq!(libc::syscall(number, 0, 0, 0, 0), -1);
                assert_eq!(*libc::__errno_location(), libc::ENOSYS, "{number}");
            }
        });
    }
}
