//! The one error type of the crate. Every error has a stable [`Error::code`], which becomes
//! `err.code` in JavaScript, and a message that says what is wrong and where.

use std::fmt;
use std::io;

/// A result of this crate.
pub type Result<T> = std::result::Result<T, Error>;

/// What went wrong. Opaque: match on [`Error::code`].
#[derive(Debug)]
pub struct Error {
    kind: Box<ErrorKind>,
}

#[derive(Debug)]
enum ErrorKind {
    /// The bytes are not a heap snapshot, or they contradict themselves.
    InvalidSnapshot(Flaw),
    /// The bytes end before the snapshot does.
    TruncatedSnapshot(Flaw),
    /// A system call failed, or was not made because of what it would have done.
    Io { syscall: &'static str, path: String, source: io::Error, why: Option<&'static str> },
    /// The caller asked the job to stop.
    Cancelled,
    /// The job ran into its deadline.
    TimedOut,
    /// An allocation that the input asked for was refused by the system.
    OutOfMemory { bytes: u64 },
    /// An answer for JavaScript is longer than its strings can be.
    AnswerTooLong { bytes: usize },
    /// An argument cannot be used.
    InvalidArg { message: String },
    /// This platform cannot do that.
    Unsupported { message: String },
    /// V8 or the capturing child failed.
    CaptureFailed { message: String },
    /// Another capture is under way.
    Busy,
    /// A bug of ours: a panic that was caught.
    Internal { message: String },
}

/// What is wrong with a snapshot, and where.
#[derive(Debug)]
struct Flaw {
    /// What the snapshot is called, once somebody has said it: see [`Error::in_source`].
    source: Option<String>,
    offset: u64,
    message: String,
}

impl Flaw {
    fn new(offset: u64, message: impl Into<String>) -> Self {
        Self { source: None, offset, message: message.into() }
    }

    fn write(&self, f: &mut fmt::Formatter<'_>, verdict: &str) -> fmt::Result {
        if let Some(source) = &self.source {
            write!(f, "{source}: ")?;
        }
        write!(f, "{verdict}: {} (at byte {})", self.message, self.offset)
    }
}

impl Error {
    /// The bytes at `offset` are not what a heap snapshot has there.
    pub fn invalid(offset: u64, message: impl Into<String>) -> Self {
        ErrorKind::InvalidSnapshot(Flaw::new(offset, message)).into()
    }

    /// The input ended at `offset`, in the middle of what `message` names.
    pub fn truncated(offset: u64, message: impl Into<String>) -> Self {
        ErrorKind::TruncatedSnapshot(Flaw::new(offset, message)).into()
    }

    /// The same, where it is about the bytes of a snapshot: about those of the one called `name`.
    /// Whoever reads knows the bytes, and only whoever opened them knows whose they are.
    #[must_use]
    pub fn in_source(mut self, name: &str) -> Self {
        if let ErrorKind::InvalidSnapshot(flaw) | ErrorKind::TruncatedSnapshot(flaw) =
            &mut *self.kind
        {
            flaw.source.get_or_insert_with(|| name.to_owned());
        }
        self
    }

    /// A system call on `path` failed. A `source` that wraps an [`Error`], as streams of this crate
    /// return it, is that error.
    pub fn io(syscall: &'static str, path: impl Into<String>, source: io::Error) -> Self {
        let source = match source.downcast::<Error>() {
            Ok(error) => return error,
            Err(source) => source,
        };
        ErrorKind::Io { syscall, path: path.into(), source, why: None }.into()
    }

    /// The same with a reason, where the system's words for the errno do not say enough.
    #[must_use]
    pub fn because(mut self, reason: &'static str) -> Self {
        if let ErrorKind::Io { why, .. } = &mut *self.kind {
            *why = Some(reason);
        }
        self
    }

    /// The job was cancelled.
    pub fn cancelled() -> Self {
        ErrorKind::Cancelled.into()
    }

    /// The job took longer than it was given.
    pub fn timed_out() -> Self {
        ErrorKind::TimedOut.into()
    }

    /// `bytes` more could not be had.
    pub fn out_of_memory(bytes: u64) -> Self {
        ErrorKind::OutOfMemory { bytes }.into()
    }

    /// JavaScript cannot hold an answer of more than `bytes`.
    pub fn answer_too_long(bytes: usize) -> Self {
        ErrorKind::AnswerTooLong { bytes }.into()
    }

    /// The caller passed something that cannot be used.
    pub fn invalid_arg(message: impl Into<String>) -> Self {
        ErrorKind::InvalidArg { message: message.into() }.into()
    }

    /// The platform lacks what this call needs.
    pub fn unsupported(message: impl Into<String>) -> Self {
        ErrorKind::Unsupported { message: message.into() }.into()
    }

    /// A capture failed, and nothing was left behind.
    pub fn capture_failed(message: impl Into<String>) -> Self {
        ErrorKind::CaptureFailed { message: message.into() }.into()
    }

    /// Another capture of this process is under way.
    pub fn busy() -> Self {
        ErrorKind::Busy.into()
    }

    /// A panic was caught.
    pub fn internal(message: impl Into<String>) -> Self {
        ErrorKind::Internal { message: message.into() }.into()
    }

    /// The stable code: one of ours, or the errno code of the system call that failed.
    pub fn code(&self) -> &'static str {
        match &*self.kind {
            ErrorKind::InvalidSnapshot(_) => "ERR_INVALID_SNAPSHOT",
            ErrorKind::TruncatedSnapshot(_) => "ERR_TRUNCATED_SNAPSHOT",
            ErrorKind::Io { source, .. } => errno_code(source),
            ErrorKind::Cancelled => "ABORT_ERR",
            ErrorKind::TimedOut => "ERR_TIMEOUT",
            ErrorKind::OutOfMemory { .. } | ErrorKind::AnswerTooLong { .. } => "ENOMEM",
            ErrorKind::InvalidArg { .. } => "ERR_INVALID_ARG",
            ErrorKind::Unsupported { .. } => "ERR_UNSUPPORTED",
            ErrorKind::CaptureFailed { .. } => "ERR_CAPTURE_FAILED",
            ErrorKind::Busy => "ERR_SNAPSHOT_BUSY",
            ErrorKind::Internal { .. } => "ERR_INTERNAL",
        }
    }

    /// The byte offset in the (uncompressed) input, for errors that have one.
    pub fn offset(&self) -> Option<u64> {
        self.flaw().map(|flaw| flaw.offset)
    }

    /// What the snapshot is called that cannot be read, for errors of one.
    pub fn source_name(&self) -> Option<&str> {
        self.flaw()?.source.as_deref()
    }

    fn flaw(&self) -> Option<&Flaw> {
        match &*self.kind {
            ErrorKind::InvalidSnapshot(flaw) | ErrorKind::TruncatedSnapshot(flaw) => Some(flaw),
            _ => None,
        }
    }

    /// The system call and the path of it, for errors that came from one.
    pub fn syscall(&self) -> Option<(&'static str, &str)> {
        match &*self.kind {
            ErrorKind::Io { syscall, path, .. } => Some((syscall, path)),
            _ => None,
        }
    }

    /// The errno of the system call that failed, for errors that came from one.
    pub fn errno(&self) -> Option<i32> {
        match &*self.kind {
            ErrorKind::Io { source, .. } => source.raw_os_error(),
            _ => None,
        }
    }
}

impl From<ErrorKind> for Error {
    fn from(kind: ErrorKind) -> Self {
        Error { kind: Box::new(kind) }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &*self.kind {
            ErrorKind::InvalidSnapshot(flaw) => flaw.write(f, "not a valid heap snapshot"),
            ErrorKind::TruncatedSnapshot(flaw) => flaw.write(f, "the heap snapshot is cut off"),
            ErrorKind::Io { syscall, path, source, why } => {
                write!(f, "{}: {}, {syscall} '{path}'", errno_code(source), errno_text(source))?;
                why.map_or(Ok(()), |why| write!(f, ": {why}"))
            }
            ErrorKind::Cancelled => write!(f, "the operation was aborted"),
            ErrorKind::TimedOut => write!(f, "the operation took longer than timeoutMs allows"),
            ErrorKind::OutOfMemory { bytes } => {
                write!(f, "out of memory: {bytes} more bytes could not be allocated")
            }
            ErrorKind::AnswerTooLong { bytes } => {
                let mb = bytes / 1_000_000;
                write!(
                    f,
                    "the answer has more than {mb} MB, which JavaScript cannot hold: ask for less"
                )
            }
            ErrorKind::InvalidArg { message }
            | ErrorKind::Unsupported { message }
            | ErrorKind::CaptureFailed { message } => f.write_str(message),
            ErrorKind::Busy => f.write_str("another capture of this process is under way"),
            ErrorKind::Internal { message } => {
                write!(f, "internal error in heapdiff, please report it: {message}")
            }
        }
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match &*self.kind {
            ErrorKind::Io { source, .. } => Some(source),
            _ => None,
        }
    }
}

/// The name that Node gives an errno. All are listed that files, pipes, processes and network file
/// systems fail with: under another one's name a refused call would be taken for a broken disk.
fn errno_code(error: &io::Error) -> &'static str {
    #[cfg(unix)]
    if let Some(errno) = error.raw_os_error() {
        macro_rules! name {
            ($($name:ident)*) => {
                match errno {
                    $(libc::$name => stringify!($name),)*
                    _ => "EIO",
                }
            };
        }
        return name! {
            E2BIG EACCES EAGAIN EBADF EBUSY ECHILD ECONNABORTED ECONNREFUSED ECONNRESET EDEADLK
            EDQUOT EEXIST EFAULT EFBIG EHOSTDOWN EHOSTUNREACH EINTR EINVAL EIO EISDIR ELOOP EMFILE
            EMLINK ENAMETOOLONG ENETDOWN ENETUNREACH ENFILE ENOBUFS ENODEV ENOENT ENOLCK ENOMEM
            ENOSPC ENOSYS ENOTCONN ENOTDIR ENOTEMPTY ENOTSUP ENXIO EOVERFLOW EPERM EPIPE EPROTO
            EROFS ESPIPE ESRCH ESTALE ETIMEDOUT ETXTBSY EXDEV
        };
    }
    match error.kind() {
        io::ErrorKind::NotFound => "ENOENT",
        io::ErrorKind::PermissionDenied => "EACCES",
        io::ErrorKind::AlreadyExists => "EEXIST",
        io::ErrorKind::BrokenPipe => "EPIPE",
        io::ErrorKind::IsADirectory => "EISDIR",
        io::ErrorKind::NotADirectory => "ENOTDIR",
        io::ErrorKind::InvalidInput => "EINVAL",
        io::ErrorKind::StorageFull => "ENOSPC",
        _ => "EIO",
    }
}

/// What the system says of it, in the words of Node: `no such file or directory`.
fn errno_text(error: &io::Error) -> String {
    let text = error.to_string();
    // Rust adds the number, which `code` says better.
    let text = text.split_once(" (os error").map_or(text.as_str(), |(text, _)| text);
    let mut letters = text.chars();
    letters.next().map(|first| first.to_lowercase().chain(letters).collect()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_says_what_and_where() {
        let error = Error::invalid(17, "`nodes` holds a letter");
        assert_eq!(error.code(), "ERR_INVALID_SNAPSHOT");
        assert_eq!(error.offset(), Some(17));
        assert!(error.to_string().ends_with("`nodes` holds a letter (at byte 17)"));
    }

    #[test]
    fn an_error_says_in_which_of_several_snapshots() {
        let error = Error::truncated(17, "it ends").in_source("b.heapsnapshot").in_source("c");
        assert_eq!(error.source_name(), Some("b.heapsnapshot"));
        assert_eq!(
            error.to_string(),
            "b.heapsnapshot: the heap snapshot is cut off: it ends (at byte 17)"
        );
        assert_eq!(Error::busy().in_source("b").source_name(), None);
    }

    #[cfg(unix)]
    #[test]
    fn a_system_error_keeps_its_errno_code() {
        let source = io::Error::from_raw_os_error(libc::ENOSPC);
        let error = Error::io("write", "out.heapsnapshot", source);
        assert_eq!(error.code(), "ENOSPC");
        assert_eq!(error.errno(), Some(libc::ENOSPC));
        assert_eq!(error.syscall(), Some(("write", "out.heapsnapshot")));
        let text = "ENOSPC: no space left on device, write 'out.heapsnapshot'";
        assert_eq!(error.to_string(), text);
    }

    #[cfg(unix)]
    #[test]
    fn what_a_sandbox_or_a_network_file_system_says_is_no_broken_disk() {
        for (errno, code) in [
            (libc::ENOSYS, "ENOSYS"),
            (libc::ENOTSUP, "ENOTSUP"),
            (libc::ESTALE, "ESTALE"),
            (libc::ETIMEDOUT, "ETIMEDOUT"),
        ] {
            let source = io::Error::from_raw_os_error(errno);
            assert_eq!(Error::io("fsync", "a", source).code(), code);
        }
    }
}
