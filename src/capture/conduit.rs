//! The way from V8 to the reader: a path that `v8.writeHeapSnapshot` can open, and a reader of what
//! arrives there.
//!
//! * Linux: a pipe; the path is `/proc/self/fd/N` of its writing end.
//! * Other Unix, or Linux without `/proc`: a FIFO in a private directory.
//!
//! A pipe of 1 MiB saves context switches over the usual 64 KiB.

use std::ffi::CString;
use std::fs::File;
use std::io::{self, Read};
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::random_token;
use crate::control::Control;
use crate::error::{Error, Result};

/// What to ask of the kernel; it may give less to a user with many pipes.
#[cfg(target_os = "linux")]
const PIPE_BYTES: libc::c_int = 1 << 20;
/// Where the descriptors of this process are listed.
const DESCRIPTORS: &str = if cfg!(target_os = "linux") { "/proc/self/fd" } else { "/dev/fd" };
/// How long a reader may take to begin. It is a matter of microseconds.
const START: Duration = Duration::from_secs(5);
/// How often an idle reader looks whether it has to stop.
const POLL: Duration = Duration::from_millis(10);

/// Both ends of the way, before the capture begins.
#[derive(Debug)]
pub struct Conduit {
    /// For whoever writes.
    pub writer: WriterEnd,
    /// For whoever reads.
    pub reader: ReaderEnd,
}

/// The writing end. Dropping it is what lets the reader see the end, once V8 has closed its own.
#[derive(Debug)]
pub struct WriterEnd {
    fd: OwnedFd,
    path: PathBuf,
    /// Keeps the FIFO's directory until the end.
    _directory: Option<PrivateDirectory>,
}

/// The reading end.
#[derive(Debug)]
pub struct ReaderEnd {
    file: File,
    stage: Arc<ReaderStage>,
}

/// How far the reader is, for whoever is about to let V8 write.
#[derive(Debug, Default)]
pub struct ReaderStage {
    stage: Mutex<Stage>,
    changed: Condvar,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Stage {
    /// Nobody reads yet.
    #[default]
    Idle,
    /// A thread reads.
    Reading,
    /// The reader is gone, or goes as soon as that does no harm.
    Gone,
}

impl ReaderStage {
    /// Waits until a thread reads. False if none does, or none will within the time a thread may
    /// take to start on a busy machine: V8 must not write then, because it would wait for ever.
    pub fn wait_for_reader(&self) -> bool {
        let stage = self.lock();
        let waiting = self.changed.wait_timeout_while(stage, START, |at| *at == Stage::Idle);
        let (stage, _) = waiting.unwrap_or_else(PoisonError::into_inner);
        *stage == Stage::Reading
    }

    fn set(&self, next: Stage) -> Stage {
        let before = std::mem::replace(&mut *self.lock(), next);
        self.changed.notify_all();
        before
    }

    fn lock(&self) -> MutexGuard<'_, Stage> {
        self.stage.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Conduit {
    /// Opens a new way.
    ///
    /// # Errors
    ///
    /// The errno code, usually `EMFILE` or `ENFILE`.
    pub fn open() -> Result<Self> {
        let fail = |syscall| move |error| Error::io(syscall, "the capture's pipe", error);
        let conduit = if cfg!(target_os = "linux") {
            let (reader, writer) = pipe().map_err(fail("pipe2"))?;
            let path = PathBuf::from(format!("/proc/self/fd/{}", writer.as_raw_fd()));
            if path.symlink_metadata().is_ok() {
                let writer = WriterEnd { fd: writer, path, _directory: None };
                Self { writer, reader: ReaderEnd::new(reader) }
            } else {
                Self::open_fifo().map_err(fail("mkfifo"))?
            }
        } else {
            Self::open_fifo().map_err(fail("mkfifo"))?
        };
        conduit.widen();
        Ok(conduit)
    }

    /// The way for systems on which a pipe has no path.
    fn open_fifo() -> io::Result<Self> {
        let directory = PrivateDirectory::create()?;
        let path = directory.0.join("pipe");
        let c_path = CString::new(path.as_os_str().as_bytes())?;
        // SAFETY: the path is NUL-terminated.
        if unsafe { libc::mkfifo(c_path.as_ptr(), 0o600) } != 0 {
            return Err(io::Error::last_os_error());
        }
        // The reader first and without waiting, as nobody writes yet; then our own writing end, so
        // that the reader sees no end before V8 has opened the path.
        let reader = open(&c_path, libc::O_RDONLY | libc::O_NONBLOCK)?;
        let fd = open(&c_path, libc::O_WRONLY)?;
        // SAFETY: the descriptor is open.
        if unsafe { libc::fcntl(reader.as_raw_fd(), libc::F_SETFL, libc::O_RDONLY) } != 0 {
            return Err(io::Error::last_os_error());
        }
        let writer = WriterEnd { fd, path, _directory: Some(directory) };
        Ok(Self { writer, reader: ReaderEnd::new(reader) })
    }

    /// Asks for a larger buffer. A refusal only costs speed.
    fn widen(&self) {
        #[cfg(target_os = "linux")]
        // SAFETY: the descriptor is open.
        unsafe {
            libc::fcntl(self.writer.fd.as_raw_fd(), libc::F_SETPIPE_SZ, PIPE_BYTES)
        };
    }
}

impl WriterEnd {
    /// What V8 opens.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Closes the descriptors that others have of this end. Node does not close the file that it had
    /// opened for V8 when a write to it fails, as it does when the reader has gone.
    pub fn close_left_open(&self) {
        let Ok(entries) = std::fs::read_dir(DESCRIPTORS) else { return };
        let Some(own) = pipe_of(self.fd.as_raw_fd()) else { return };
        let numbers = entries.filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok());
        let others: Vec<libc::c_int> =
            numbers.filter(|&fd| fd != self.fd.as_raw_fd() && is_write_only(fd)).collect();
        for fd in others.into_iter().filter(|&fd| pipe_of(fd) == Some(own)) {
            // SAFETY: it is open, and of a pipe that nobody but us and Node's writer of snapshots knows
            // the name of. That one has returned, and has forgotten it.
            unsafe { libc::close(fd) };
        }
    }
}

/// Which pipe a descriptor is of: its device and number.
fn pipe_of(fd: libc::c_int) -> Option<(libc::dev_t, libc::ino_t)> {
    let mut stat = std::mem::MaybeUninit::<libc::stat>::uninit();
    // SAFETY: there is room for the answer, which is read only if there is one. A number that is no
    // descriptor any more is an error.
    let stat = unsafe { (libc::fstat(fd, stat.as_mut_ptr()) == 0).then(|| stat.assume_init())? };
    (stat.st_mode & libc::S_IFMT == libc::S_IFIFO).then_some((stat.st_dev, stat.st_ino))
}

fn is_write_only(fd: libc::c_int) -> bool {
    // SAFETY: it asks for flags and changes nothing; a number that is no descriptor is an error.
    let flags = unsafe { libc::fcntl(fd, libc::F_GETFL) };
    flags >= 0 && flags & libc::O_ACCMODE == libc::O_WRONLY
}

impl AsRawFd for WriterEnd {
    fn as_raw_fd(&self) -> libc::c_int {
        self.fd.as_raw_fd()
    }
}

impl ReaderEnd {
    fn new(fd: OwnedFd) -> Self {
        Self { file: File::from(fd), stage: Arc::default() }
    }

    /// How far this reader is.
    pub fn stage(&self) -> Arc<ReaderStage> {
        Arc::clone(&self.stage)
    }

    /// Says that from now on a thread reads, and that it is not the one V8 writes on.
    pub fn begin(&self) {
        self.stage.set(Stage::Reading);
    }

    /// Reads what has arrived, or waits for it; 0 at the end. While it waits it asks `control` and
    /// calls `idle` about every 10 ms.
    ///
    /// # Errors
    ///
    /// `ABORT_ERR`, `ERR_TIMEOUT`, what `idle` fails with, or the errno code of a failed read.
    pub fn read(
        &mut self,
        buffer: &mut [u8],
        control: &Control,
        mut idle: impl FnMut() -> Result<()>,
    ) -> Result<usize> {
        let fail = |syscall| move |error| Error::io(syscall, "the capture's pipe", error);
        loop {
            control.checkpoint()?;
            if !wait_for_bytes(&self.file).map_err(fail("poll"))? {
                idle()?;
                continue;
            }
            match self.file.read(buffer) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                result => return result.map_err(fail("read")),
            }
        }
    }
}

impl Drop for ReaderEnd {
    /// Once V8 may have begun, waits until something has arrived or nobody can write any more. To
    /// open a pipe that nobody reads would block V8, and with it the JS thread, for ever; while to
    /// write to a pipe that was closed after it had been opened is `EPIPE` at once.
    fn drop(&mut self) {
        if self.stage.set(Stage::Gone) == Stage::Reading {
            while matches!(wait_for_bytes(&self.file), Ok(false)) {}
        }
    }
}

/// Whether `file`, a pipe or a device, has something to read, or its end, within some 10 ms.
///
/// # Errors
///
/// The system's.
pub(crate) fn wait_for_bytes(file: &File) -> io::Result<bool> {
    wait_for(file, libc::POLLIN)
}

/// Whether `file`, a pipe or a device, takes more, or never will, within some 10 ms.
///
/// # Errors
///
/// The system's.
pub(super) fn wait_for_room(file: &File) -> io::Result<bool> {
    wait_for(file, libc::POLLOUT)
}

fn wait_for(file: &File, events: libc::c_short) -> io::Result<bool> {
    let mut poll = libc::pollfd { fd: file.as_raw_fd(), events, revents: 0 };
    // SAFETY: one entry, which is writable.
    match unsafe { libc::poll(&mut poll, 1, POLL.as_millis() as libc::c_int) } {
        0 => Ok(false),
        n if n > 0 => Ok(true),
        _ => match io::Error::last_os_error() {
            error if error.kind() == io::ErrorKind::Interrupted => Ok(false),
            error => Err(error),
        },
    }
}

/// A directory that only this user may enter, removed with all it holds.
#[derive(Debug)]
struct PrivateDirectory(PathBuf);

impl PrivateDirectory {
    fn create() -> io::Result<Self> {
        use std::os::unix::fs::DirBuilderExt;
        let path = std::env::temp_dir().join(format!("heapdiff-{}", random_token()));
        std::fs::DirBuilder::new().mode(0o700).create(&path)?;
        Ok(Self(path))
    }
}

impl Drop for PrivateDirectory {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// A pipe that no child process inherits.
fn pipe() -> io::Result<(OwnedFd, OwnedFd)> {
    let mut fds = [0; 2];
    #[cfg(target_os = "linux")]
    // SAFETY: `fds` has room for both.
    let result = unsafe { libc::pipe2(fds.as_mut_ptr(), libc::O_CLOEXEC) };
    #[cfg(not(target_os = "linux"))]
    // SAFETY: `fds` has room for both, and both are set to close on exec.
    let result = unsafe {
        match libc::pipe(fds.as_mut_ptr()) {
            0 => fds
                .iter()
                .fold(0, |so_far, &fd| so_far | libc::fcntl(fd, libc::F_SETFD, libc::FD_CLOEXEC)),
            failed => failed,
        }
    };
    if result != 0 {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: the kernel has just given both to us alone.
    Ok(unsafe { (OwnedFd::from_raw_fd(fds[0]), OwnedFd::from_raw_fd(fds[1])) })
}

fn open(path: &CString, flags: libc::c_int) -> io::Result<OwnedFd> {
    // SAFETY: the path is NUL-terminated, and a descriptor that `open` returned is ours alone.
    unsafe {
        let fd = libc::open(path.as_ptr(), flags | libc::O_CLOEXEC);
        if fd < 0 { Err(io::Error::last_os_error()) } else { Ok(OwnedFd::from_raw_fd(fd)) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::control::Cancel;
    use std::fs::OpenOptions;
    use std::io::Write;

    fn round_trip(conduit: Conduit) {
        let Conduit { writer, mut reader } = conduit;
        let text: Vec<u8> = (0..3_000_000_u32).map(|i| i as u8).collect();
        let expected = text.clone();
        let path = writer.path().to_owned();
        let thread = std::thread::spawn(move || {
            let mut v8 = OpenOptions::new().write(true).truncate(true).open(path).unwrap();
            v8.write_all(&text).unwrap();
            drop(writer);
        });
        let mut read = Vec::new();
        let mut buffer = vec![0; 1 << 16];
        loop {
            match reader.read(&mut buffer, &Control::default(), || Ok(())).unwrap() {
                0 => break,
                n => read.extend_from_slice(&buffer[..n]),
            }
        }
        thread.join().unwrap();
        assert!(read == expected);
    }

    #[test]
    fn what_is_written_to_the_path_arrives() {
        round_trip(Conduit::open().unwrap());
    }

    #[test]
    fn a_fifo_does_as_well_and_leaves_nothing() {
        let conduit = Conduit::open_fifo().unwrap();
        let directory = conduit.writer.path().parent().unwrap().to_owned();
        assert!(directory.exists());
        round_trip(conduit);
        assert!(!directory.exists());
    }

    #[test]
    fn a_waiting_reader_can_be_stopped() {
        let Conduit { writer, mut reader } = Conduit::open().unwrap();
        let cancel = Cancel::default();
        let control = Control::new(cancel.clone());
        let mut turns = 0;
        let result = reader.read(&mut [0; 16], &control, || {
            turns += 1;
            if turns == 2 {
                cancel.cancel();
            }
            Ok(())
        });
        assert_eq!(result.unwrap_err().code(), "ABORT_ERR");
        drop(writer);
        drop(reader);
    }

    #[test]
    fn a_reader_that_goes_away_early_breaks_the_pipe_and_blocks_nobody() {
        let Conduit { writer, reader } = Conduit::open().unwrap();
        let stage = reader.stage();
        let thread = std::thread::spawn(move || {
            reader.begin();
            drop(reader);
        });
        std::thread::sleep(POLL * 2);
        let mut v8 = OpenOptions::new().write(true).open(writer.path()).unwrap();
        v8.write_all(b"x").unwrap();
        thread.join().unwrap();
        assert!(!stage.wait_for_reader());
        assert_eq!(v8.write(b"x").unwrap_err().kind(), io::ErrorKind::BrokenPipe);
    }

    #[test]
    fn what_a_writer_left_open_is_closed_and_nothing_else() {
        let [failed, other] = [(); 2].map(|()| Conduit::open().unwrap());
        let open = |conduit: &Conduit| {
            let file = OpenOptions::new().write(true).open(conduit.writer.path()).unwrap();
            std::os::fd::IntoRawFd::into_raw_fd(file)
        };
        let (left, used) = (open(&failed), open(&other));
        failed.writer.close_left_open();
        // Another test may have been given the number meanwhile.
        assert_ne!(pipe_of(left), pipe_of(failed.writer.as_raw_fd()));
        assert_eq!(pipe_of(used), pipe_of(other.writer.as_raw_fd()));
        assert!(pipe_of(failed.writer.as_raw_fd()).is_some());
        assert!(pipe_of(failed.reader.file.as_raw_fd()).is_some());
        // SAFETY: it was opened above, and is not closed elsewhere.
        unsafe { libc::close(used) };
    }

    #[test]
    fn a_reader_of_a_pipe_that_nobody_writes_to_goes_away_at_once() {
        let Conduit { writer, reader } = Conduit::open().unwrap();
        let stage = reader.stage();
        reader.begin();
        assert!(stage.wait_for_reader());
        drop(writer);
        drop(reader);
        assert!(!stage.wait_for_reader());
    }

    #[test]
    fn a_reader_that_never_began_goes_away_at_once() {
        let Conduit { writer, reader } = Conduit::open().unwrap();
        let stage = reader.stage();
        drop(reader);
        assert!(!stage.wait_for_reader());
        drop(writer);
    }
}
