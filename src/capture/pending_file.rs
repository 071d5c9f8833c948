//! A file that appears under its name when it is whole, and not before.
//!
//! The bytes go to a nameless file in the target's directory (`O_TMPFILE`): the kernel frees it
//! when the process dies, however it dies. File systems without nameless files get a named one,
//! unpredictable, created with `O_EXCL | O_NOFOLLOW` and kept under `flock`, so that a later
//! process can tell a leftover (nobody holds the lock) from work in progress. Everything happens
//! relative to one descriptor of the directory, so nobody can swap the directory on the way.
//!
//! [`PendingFile::commit`] is `fsync`, then one atomic `rename` or `link`, then `fsync` of the
//! directory. A symbolic link at the target is replaced, never followed, unless it leads to a device.
//! A target that is a character device, a FIFO or an open descriptor (`/dev/stdout`) must not be
//! replaced: it is written to directly, unless somebody else may have put it into a directory that all
//! may write to.

use std::ffi::{CStr, CString};
use std::fs::File;
use std::io::{self, IsTerminal, Write};
use std::os::fd::{AsRawFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::FileTypeExt;
use std::path::{Path, PathBuf};

use super::conduit::wait_for_room;
use super::directory::{MODE, check, open_at, open_directory, unlink};
use super::leftovers::{lock, remove_leftovers, temporary_name};
use super::target::{PLANTED, Target};
use crate::control::Control;
use crate::error::{Error, Result};

/// A file in the making. Dropping it removes every trace of it. See the module docs.
#[derive(Debug)]
pub struct PendingFile {
    file: File,
    directory: OwnedFd,
    shown_path: String,
    target_name: CString,
    exclusive: bool,
    form: Form,
    may_stall: bool,
    written: u64,
}

/// How the bytes are kept until the commit.
#[derive(Debug)]
enum Form {
    /// `O_TMPFILE`.
    #[cfg_attr(not(target_os = "linux"), expect(dead_code, reason = "only Linux has such files"))]
    Nameless,
    /// A temporary name.
    Named(CString),
    /// The target itself, a device, FIFO or open descriptor.
    Direct,
}

impl PendingFile {
    /// Prepares a file that will replace `path`, or with `exclusive` one that must not exist yet.
    /// Also removes what crashed processes left in the same directory.
    ///
    /// # Errors
    ///
    /// The errno code of the system call that failed: `ENOENT`, `EACCES`, `EROFS`, `EMFILE`,
    /// `ENAMETOOLONG`...; `EISDIR` for a directory; `EEXIST` for an existing file with `exclusive`; `EINVAL` for a
    /// block device; `EACCES` for a FIFO of somebody else in a directory such as `/tmp`, or a link of
    /// somebody else's there to a device; `ERR_INVALID_ARG` for an empty path or one with a zero byte.
    pub fn create(path: &Path, exclusive: bool) -> Result<Self> {
        let shown_path = path.display().to_string();
        let (parent, name) = split(path)?;
        let directory = open_directory(&parent)
            .map_err(|error| Error::io("open", parent.display().to_string(), error))?;
        let fail = |syscall, error| Error::io(syscall, shown_path.clone(), error);

        let target = Target::look_at(&directory, &name).map_err(|error| fail("stat", error))?;
        if exclusive && !matches!(target, Target::Absent) {
            return Err(fail("open", io::Error::from_raw_os_error(libc::EEXIST)));
        }
        let (file, form) = match target {
            Target::Directory => {
                return Err(fail("open", io::Error::from_raw_os_error(libc::EISDIR)));
            }
            Target::Other => {
                return Err(fail("open", io::Error::from_raw_os_error(libc::EINVAL)));
            }
            Target::Device(device) => {
                let file =
                    device.open().map_err(|error| fail("open", error))?.ok_or_else(|| {
                        let error = io::Error::from_raw_os_error(libc::EACCES);
                        fail("open", error).because(PLANTED)
                    })?;
                (file, Form::Direct)
            }
            Target::Absent | Target::Replaceable => {
                remove_leftovers(&directory);
                create_temporary(&directory).map_err(|error| fail("open", error))?
            }
        };
        let may_stall = may_stall(&file).map_err(|error| fail("fstat", error))?;
        Ok(Self {
            file,
            directory,
            shown_path,
            target_name: name,
            exclusive,
            form,
            may_stall,
            written: 0,
        })
    }

    /// Puts the file under its name, durably, and returns its size in bytes.
    ///
    /// # Errors
    ///
    /// The errno code; `EEXIST` when the name was taken meanwhile and the file is exclusive. The
    /// old file is untouched then.
    pub fn commit(mut self) -> Result<u64> {
        let size = self.written;
        if matches!(self.form, Form::Direct) {
            return Ok(size);
        }
        self.file.sync_all().map_err(|error| self.fail("fsync", error))?;
        if self.exclusive {
            self.publish_new().map_err(|error| self.fail("link", error))?;
        } else {
            self.publish_over().map_err(|error| self.fail("rename", error))?;
        }
        // SAFETY: `fsync` takes any descriptor; this one is open for as long as `self` lives.
        if unsafe { libc::fsync(self.directory.as_raw_fd()) } != 0 {
            let error = io::Error::last_os_error();
            // Some network file systems cannot sync a directory. The file is there all the same.
            if !matches!(error.raw_os_error(), Some(libc::EINVAL | libc::ENOTSUP | libc::EBADF)) {
                return Err(self.fail("fsync", error));
            }
        }
        Ok(size)
    }

    /// Whether somebody at the other end decides how fast bytes are taken, and whether at all.
    pub fn may_stall(&self) -> bool {
        self.may_stall
    }

    /// Appends `bytes`. Whoever is at the other end may take as long as `control` allows.
    ///
    /// # Errors
    ///
    /// `ABORT_ERR`, `ERR_TIMEOUT`, or the errno code.
    pub fn write_all(&mut self, mut bytes: &[u8], control: &Control) -> Result<()> {
        while !bytes.is_empty() {
            control.checkpoint()?;
            match self.write_some(bytes).map_err(|error| self.fail("write", error))? {
                None => {}
                Some(0) => return Err(self.fail("write", io::ErrorKind::WriteZero.into())),
                Some(length) => {
                    self.written += length as u64;
                    bytes = &bytes[length..];
                }
            }
        }
        Ok(())
    }

    /// Writes as much as is taken within some 10 ms; `None` if that is nothing.
    fn write_some(&mut self, bytes: &[u8]) -> io::Result<Option<usize>> {
        let mut portion = bytes;
        if self.may_stall {
            if !wait_for_room(&self.file)? {
                return Ok(None);
            }
            // A descriptor of this process may be one on which writes wait, and shares that with
            // others. Where there is room at all, there is for so much.
            portion = &bytes[..bytes.len().min(libc::PIPE_BUF)];
        }
        match self.file.write(portion) {
            Ok(length) => Ok(Some(length)),
            Err(error)
                if matches!(
                    error.kind(),
                    io::ErrorKind::WouldBlock | io::ErrorKind::Interrupted
                ) =>
            {
                Ok(None)
            }
            Err(error) => Err(error),
        }
    }

    /// Gives the file a name that nobody else has, failing with `EEXIST` if somebody has.
    fn publish_new(&mut self) -> io::Result<()> {
        match &self.form {
            Form::Nameless => link_nameless(&self.file, &self.directory, &self.target_name),
            Form::Named(temporary) => {
                let directory = self.directory.as_raw_fd();
                // `link` never replaces. The temporary name goes away with `self`.
                // SAFETY: both names are NUL-terminated and outlive the call.
                check(unsafe {
                    libc::linkat(
                        directory,
                        temporary.as_ptr(),
                        directory,
                        self.target_name.as_ptr(),
                        0,
                    )
                })
            }
            Form::Direct => Ok(()),
        }
    }

    /// Renames the file over whatever has the name.
    fn publish_over(&mut self) -> io::Result<()> {
        if matches!(self.form, Form::Nameless) {
            // There is no call that links over an existing name, so the file has a temporary one
            // for a moment.
            let temporary = temporary_name();
            lock(&self.file);
            link_nameless(&self.file, &self.directory, &temporary)?;
            self.form = Form::Named(temporary);
        }
        if let Form::Named(temporary) = &self.form {
            let directory = self.directory.as_raw_fd();
            // SAFETY: both names are NUL-terminated and outlive the call.
            check(unsafe {
                libc::renameat(directory, temporary.as_ptr(), directory, self.target_name.as_ptr())
            })?;
            // The name is gone; nothing is left to remove.
            self.form = Form::Direct;
        }
        Ok(())
    }

    /// The error of a system call on this file.
    pub fn fail(&self, syscall: &'static str, error: io::Error) -> Error {
        Error::io(syscall, self.shown_path.clone(), error)
    }
}

/// Whether it is a pipe, a socket or a terminal.
fn may_stall(file: &File) -> io::Result<bool> {
    let kind = file.metadata()?.file_type();
    Ok(kind.is_fifo() || kind.is_socket() || file.is_terminal())
}

impl Drop for PendingFile {
    fn drop(&mut self) {
        if let Form::Named(temporary) = &self.form {
            unlink(&self.directory, temporary);
        }
    }
}

/// The directory and the name in it.
fn split(path: &Path) -> Result<(PathBuf, CString)> {
    let bytes = path.as_os_str().as_bytes();
    if bytes.is_empty() || bytes.contains(&0) {
        return Err(Error::invalid_arg("the path must not be empty or contain a zero byte"));
    }
    let trailing_slash = bytes.ends_with(b"/");
    let (Some(name), false) = (path.file_name(), trailing_slash) else {
        let error = io::Error::from_raw_os_error(libc::EISDIR);
        return Err(Error::io("open", path.display().to_string(), error));
    };
    let parent = match path.parent() {
        Some(parent) if parent != Path::new("") => parent.to_owned(),
        _ => PathBuf::from("."),
    };
    let name = CString::new(name.as_bytes())
        .map_err(|_| Error::invalid_arg("the path must not contain a zero byte"))?;
    Ok((parent, name))
}

fn create_temporary(directory: &OwnedFd) -> io::Result<(File, Form)> {
    #[cfg(target_os = "linux")]
    {
        let nameless = open_at(directory, c".", libc::O_TMPFILE | libc::O_WRONLY);
        // A nameless file gets its name through `/proc`; in a chroot without it a named one is
        // needed from the start. Whatever else is wrong shows again below, with the right errno.
        if let Ok(file) = nameless
            && Path::new(&format!("/proc/self/fd/{}", file.as_raw_fd())).symlink_metadata().is_ok()
        {
            set_mode(&file)?;
            return Ok((file, Form::Nameless));
        }
    }
    let name = temporary_name();
    let flags = libc::O_WRONLY | libc::O_CREAT | libc::O_EXCL | libc::O_NOFOLLOW;
    let file = open_at(directory, &name, flags)?;
    lock(&file);
    let form = Form::Named(name);
    set_mode(&file)?;
    Ok((file, form))
}

/// The umask may have taken bits away that the owner needs.
fn set_mode(file: &File) -> io::Result<()> {
    // SAFETY: the descriptor is open.
    check(unsafe { libc::fchmod(file.as_raw_fd(), MODE) })
}

fn link_nameless(file: &File, directory: &OwnedFd, name: &CStr) -> io::Result<()> {
    let source = CString::new(format!("/proc/self/fd/{}", file.as_raw_fd()))?;
    // SAFETY: both names are NUL-terminated and outlive the call.
    check(unsafe {
        libc::linkat(
            libc::AT_FDCWD,
            source.as_ptr(),
            directory.as_raw_fd(),
            name.as_ptr(),
            libc::AT_SYMLINK_FOLLOW,
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::capture::random_token;
    use std::fs;
    use std::os::fd::FromRawFd;
    use std::os::unix::fs::{MetadataExt, PermissionsExt, chown, symlink};
    use std::time::{Duration, Instant, SystemTime};

    /// A directory of its own for a test, removed at the end.
    struct Scratch(PathBuf);

    impl Scratch {
        fn new() -> Self {
            let path = std::env::temp_dir().join(format!("heapdiff-test-{}", random_token()));
            fs::create_dir(&path).unwrap();
            Self(path)
        }

        fn names(&self) -> Vec<String> {
            let entries = fs::read_dir(&self.0).unwrap();
            let mut names: Vec<_> =
                entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
            names.sort();
            names
        }
    }

    impl Drop for Scratch {
        fn drop(&mut self) {
            let _ = fs::remove_dir_all(&self.0);
        }
    }

    fn write(path: &Path, exclusive: bool, text: &[u8]) -> Result<u64> {
        let mut pending = PendingFile::create(path, exclusive)?;
        pending.write_all(text, &Control::default())?;
        pending.commit()
    }

    #[test]
    fn the_file_is_there_after_the_commit_and_private() {
        let scratch = Scratch::new();
        let path = scratch.0.join("a");
        let mut pending = PendingFile::create(&path, false).unwrap();
        pending.write_all(b"whole", &Control::default()).unwrap();
        assert!(!path.exists());
        assert_eq!(pending.commit().unwrap(), 5);
        assert_eq!(fs::read(&path).unwrap(), b"whole");
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o7777, 0o600);
        assert_eq!(scratch.names(), ["a"]);
    }

    #[test]
    fn what_is_dropped_leaves_the_old_file() {
        let scratch = Scratch::new();
        let path = scratch.0.join("a");
        fs::write(&path, "old").unwrap();
        let mut pending = PendingFile::create(&path, false).unwrap();
        pending.write_all(b"new", &Control::default()).unwrap();
        drop(pending);
        assert_eq!(fs::read(&path).unwrap(), b"old");
        assert_eq!(scratch.names(), ["a"]);
    }

    #[test]
    fn exclusive_never_replaces_even_what_came_meanwhile() {
        let scratch = Scratch::new();
        let path = scratch.0.join("a");
        let mut pending = PendingFile::create(&path, true).unwrap();
        pending.write_all(b"mine", &Control::default()).unwrap();
        fs::write(&path, "theirs").unwrap();
        assert_eq!(pending.commit().unwrap_err().code(), "EEXIST");
        assert_eq!(write(&path, true, b"x").unwrap_err().code(), "EEXIST");
        assert_eq!(fs::read(&path).unwrap(), b"theirs");
        assert_eq!(scratch.names(), ["a"]);
    }

    #[test]
    fn a_symbolic_link_is_replaced_and_its_target_untouched() {
        let scratch = Scratch::new();
        let (victim, path) = (scratch.0.join("victim"), scratch.0.join("a"));
        fs::write(&victim, "precious").unwrap();
        symlink(&victim, &path).unwrap();
        write(&path, false, b"new").unwrap();
        assert_eq!(fs::read(&victim).unwrap(), b"precious");
        assert!(fs::symlink_metadata(&path).unwrap().is_file());
    }

    #[test]
    fn a_device_is_written_to_and_never_replaced() {
        assert_eq!(write(Path::new("/dev/full"), false, b"x").unwrap_err().code(), "ENOSPC");
        assert!(write(Path::new("/dev/null"), false, b"x").is_ok());
        let null = fs::metadata("/dev/null").unwrap();
        assert_eq!(null.mode() & libc::S_IFMT, libc::S_IFCHR);
        let scratch = Scratch::new();
        let path = scratch.0.join("a");
        symlink("/dev/full", &path).unwrap();
        assert_eq!(write(&path, false, b"x").unwrap_err().code(), "ENOSPC");
        assert!(fs::symlink_metadata(&path).unwrap().is_symlink());
    }

    #[test]
    fn a_link_to_an_open_descriptor_is_written_through() {
        let scratch = Scratch::new();
        let (path, link, far) =
            (scratch.0.join("out"), scratch.0.join("link"), scratch.0.join("far"));
        let mut file = File::create(&path).unwrap();
        file.write_all(b"before,").unwrap();
        symlink(format!("/proc/self/fd/{}", file.as_raw_fd()), &link).unwrap();
        symlink("link", &far).unwrap();
        assert_eq!(write(&far, false, b"heap,").unwrap(), 5);
        file.write_all(b"after").unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"before,heap,after");
        assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
        assert!(fs::symlink_metadata(&far).unwrap().is_symlink());
        assert_eq!(write(&link, true, b"x").unwrap_err().code(), "EEXIST");
    }

    #[test]
    fn a_descriptor_that_does_not_wait_gets_all_of_it() {
        let (mut ours, theirs) = std::os::unix::net::UnixStream::pair().unwrap();
        theirs.set_nonblocking(true).unwrap();
        let path = PathBuf::from(format!("/proc/self/fd/{}", theirs.as_raw_fd()));
        let text = vec![b'x'; 3 << 20];
        let reader = std::thread::spawn(move || {
            let mut read = Vec::new();
            std::io::Read::read_to_end(&mut ours, &mut read).map(|_| read.len())
        });
        assert_eq!(write(&path, false, &text).unwrap(), 3 << 20);
        drop(theirs);
        assert_eq!(reader.join().unwrap().unwrap(), 3 << 20);
    }

    #[test]
    fn a_descriptor_that_waits_and_nobody_reads_is_given_up_in_time() {
        let (_ours, theirs) = std::os::unix::net::UnixStream::pair().unwrap();
        let path = PathBuf::from(format!("/proc/self/fd/{}", theirs.as_raw_fd()));
        let begun = Instant::now();
        let deadline = begun + Duration::from_millis(100);
        let control = Control::default().with_deadline(Some(deadline));
        let mut pending = PendingFile::create(&path, false).unwrap();
        let error = pending.write_all(&vec![b'x'; 3 << 20], &control).unwrap_err();
        assert_eq!(error.code(), "ERR_TIMEOUT");
        assert!(begun.elapsed() < Duration::from_secs(2), "{:?}", begun.elapsed());
    }

    #[test]
    fn a_link_that_another_user_planted_leads_to_no_device() {
        const NOBODY: u32 = 65_534;
        let scratch = Scratch::new();
        fs::set_permissions(&scratch.0, fs::Permissions::from_mode(0o1777)).unwrap();
        for target in ["/dev/null", "/proc/self/fd/1"] {
            let path = scratch.0.join("a");
            symlink(target, &path).unwrap();
            if std::os::unix::fs::lchown(&path, Some(NOBODY), None).is_err() {
                return; // Only root can give it away.
            }
            let error = write(&path, false, b"x").err().unwrap();
            assert_eq!(error.code(), "EACCES");
            fs::remove_file(&path).unwrap();
        }
    }

    #[test]
    fn a_fifo_that_another_user_planted_is_not_written_to() {
        const NOBODY: u32 = 65_534;
        let scratch = Scratch::new();
        let path = scratch.0.join("a");
        let name = CString::new(path.as_os_str().as_bytes()).unwrap();
        // SAFETY: the path is NUL-terminated.
        check(unsafe { libc::mkfifo(name.as_ptr(), 0o666) }).unwrap();
        // Else nobody reads, which is another error. The pipe keeps what is written.
        let _reader = File::options().read(true).write(true).open(&path).unwrap();
        let set_mode = |mode| {
            fs::set_permissions(&scratch.0, fs::Permissions::from_mode(mode)).unwrap();
        };
        set_mode(0o1777);
        write(&path, false, b"to one of our own").unwrap();
        if chown(&path, Some(NOBODY), None).is_err() {
            return; // Only root can give it away.
        }
        for mode in [0o1777, 0o1730] {
            set_mode(mode);
            let error = write(&path, false, b"to another's").err().unwrap();
            assert_eq!(error.code(), "EACCES");
            assert!(error.to_string().contains("belongs to another user"), "{error}");
        }
        set_mode(0o700);
        write(&path, false, b"where only we may put one").unwrap();
        set_mode(0o1777);
        chown(&scratch.0, Some(NOBODY), None).unwrap();
        write(&path, false, b"of the directory's owner").unwrap();
    }

    #[test]
    fn a_device_that_fails_is_eio() {
        let (mut ours, mut theirs) = (0, 0);
        let (name, settings, size) = (std::ptr::null_mut(), std::ptr::null(), std::ptr::null());
        // SAFETY: both numbers are writable, and the rest is left out.
        let opened = unsafe { libc::openpty(&mut ours, &mut theirs, name, settings, size) };
        assert_eq!(opened, 0);
        // SAFETY: the call has just given both to us alone.
        let ends = unsafe { [OwnedFd::from_raw_fd(ours), OwnedFd::from_raw_fd(theirs)] };
        let path = fs::read_link(format!("/proc/self/fd/{theirs}")).unwrap();
        let mut pending = PendingFile::create(&path, false).unwrap();
        pending.write_all(b"x", &Control::default()).unwrap();
        // The other end of the terminal hangs up.
        drop(ends);
        let error = pending.write_all(b"x", &Control::default()).unwrap_err();
        assert_eq!(error.code(), "EIO");
    }

    #[test]
    fn paths_that_cannot_be_written_say_why() {
        let scratch = Scratch::new();
        let cases = [
            ("", "ERR_INVALID_ARG"),
            ("/", "EISDIR"),
            ("no/such/directory", "ENOENT"),
            ("/dev/null/x", "ENOTDIR"),
            ("/proc/x.heapsnapshot", "ENOENT"),
        ];
        for (path, code) in cases {
            let error = write(Path::new(path), false, b"x").unwrap_err();
            assert_eq!(error.code(), code, "{path}");
        }
        assert_eq!(write(&scratch.0, false, b"x").unwrap_err().code(), "EISDIR");
        let long = scratch.0.join("x".repeat(300));
        assert_eq!(write(&long, false, b"x").unwrap_err().code(), "ENAMETOOLONG");
    }

    #[test]
    fn leftovers_go_and_work_in_progress_stays() {
        let scratch = Scratch::new();
        let old = SystemTime::now() - Duration::from_secs(3600);
        let make = |name: &str| {
            let file = File::create(scratch.0.join(name)).unwrap();
            file.set_modified(old).unwrap();
            file
        };
        make(".heapdiff-1-left.tmp");
        let locked = make(".heapdiff-2-locked.tmp");
        lock(&locked);
        make(".heapdiff-3-other.txt");
        File::create(scratch.0.join(".heapdiff-4-young.tmp")).unwrap();
        symlink("/etc/passwd", scratch.0.join(".heapdiff-5-link.tmp")).unwrap();
        write(&scratch.0.join("a"), false, b"x").unwrap();
        assert_eq!(
            scratch.names(),
            [
                ".heapdiff-2-locked.tmp",
                ".heapdiff-3-other.txt",
                ".heapdiff-4-young.tmp",
                ".heapdiff-5-link.tmp",
                "a"
            ]
        );
    }

    #[test]
    fn a_named_temporary_file_behaves_alike() {
        let scratch = Scratch::new();
        let directory = open_directory(&scratch.0).unwrap();
        for exclusive in [false, true] {
            let name = temporary_name();
            let flags = libc::O_WRONLY | libc::O_CREAT | libc::O_EXCL | libc::O_NOFOLLOW;
            let mut pending = PendingFile {
                file: open_at(&directory, &name, flags).unwrap(),
                directory: directory.try_clone().unwrap(),
                shown_path: "b".into(),
                target_name: CString::new(format!("b{exclusive}")).unwrap(),
                exclusive,
                form: Form::Named(name),
                may_stall: false,
                written: 0,
            };
            pending.write_all(b"12", &Control::default()).unwrap();
            assert_eq!(pending.commit().unwrap(), 2);
        }
        assert_eq!(scratch.names(), ["bfalse", "btrue"]);
    }
}
