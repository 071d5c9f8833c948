//! Where the bytes of a snapshot come from.

use std::fmt;
use std::fs::File;
use std::io::{self, Cursor, Read};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use super::blocks::read_at;
use super::gzip;
use super::patient::{self, PatientReader};
use crate::control::{Control, Phase};
use crate::error::{Error, Result};

/// A snapshot to read: a file, bytes in memory, or a stream such as the pipe that V8 writes into.
/// Plain or gzip: told apart by the first two bytes.
pub enum Source {
    /// A file.
    Path {
        /// Where it is.
        path: PathBuf,
        /// What to call it: as whoever asks for it does.
        name: String,
    },
    /// The bytes of a file.
    Bytes(Vec<u8>),
    /// A stream, read to its end. `name` stands in reports where a path would.
    Stream {
        /// What to call it.
        name: String,
        /// The bytes.
        reader: Box<dyn Read + Send>,
        /// What reading from it is: if V8 walks the heap meanwhile, that.
        phase: Phase,
    },
}

impl Source {
    /// A file that is called by its path.
    pub fn file(path: impl Into<PathBuf>) -> Self {
        let path = path.into();
        Source::Path { name: path.display().to_string(), path }
    }

    /// What reports call this source.
    pub fn name(&self) -> String {
        match self {
            Source::Path { name, .. } => name.clone(),
            Source::Bytes(_) => "bytes".into(),
            Source::Stream { name, .. } => name.clone(),
        }
    }

    /// The same source once more, if it can be read again.
    pub fn again(&self) -> Option<Self> {
        match self {
            Source::Path { path, name } if path.is_file() => {
                Some(Source::Path { path: path.clone(), name: name.clone() })
            }
            _ => None,
        }
    }

    /// How many bytes of a snapshot will come, where that is known without reading.
    pub fn known_size(&self) -> Option<u64> {
        match self {
            _ if self.is_compressed() => None,
            Source::Path { path, .. } => {
                path.metadata().ok().filter(|file| file.is_file()).map(|file| file.len())
            }
            Source::Bytes(bytes) => Some(bytes.len() as u64),
            Source::Stream { .. } => None,
        }
    }

    /// Whether it is known to be gzip without taking a byte from it: a guess that only decides what
    /// is done when.
    pub fn is_compressed(&self) -> bool {
        let mut magic = [0; gzip::MAGIC.len()];
        match self {
            Source::Path { path, .. } if path.is_file() => {
                let read = File::open(path).and_then(|mut file| file.read_exact(&mut magic));
                read.is_ok() && magic == gzip::MAGIC
            }
            Source::Bytes(bytes) => bytes.starts_with(&gzip::MAGIC),
            _ => false,
        }
    }

    /// The same source, and its first `length` bytes, or as many as it has. A pipe is read for that, and
    /// becomes a stream that begins with them. Of a stream, and of what cannot be read, there are none.
    ///
    /// # Errors
    ///
    /// The errno code if a pipe cannot be opened or read; `ABORT_ERR` or `ERR_TIMEOUT` while it is silent.
    pub(crate) fn peek(self, length: usize, control: &Control) -> Result<(Self, Vec<u8>)> {
        let mut start = Vec::with_capacity(length);
        match &self {
            Source::Bytes(bytes) => start.extend(bytes.iter().take(length)),
            Source::Path { path, .. } if path.is_file() => {
                let read = |file: File| file.take(length as u64).read_to_end(&mut start);
                // The reader will complain of it, in its own words.
                let _ = File::open(path).and_then(read);
            }
            Source::Path { path, name } if path.exists() && !path.is_dir() => {
                let file = patient::open(path).map_err(|error| Error::io("open", name, error))?;
                let mut reader = PatientReader::new(file, control);
                let read = reader.by_ref().take(length as u64).read_to_end(&mut start);
                read.map_err(|error| Error::io("read", name, error))?;
                let reader = Box::new(Cursor::new(start.clone()).chain(reader));
                let name = name.clone();
                return Ok((Source::Stream { name, reader, phase: Phase::Parse }, start));
            }
            Source::Path { .. } | Source::Stream { .. } => {}
        }
        Ok((self, start))
    }

    /// Reads all of the source, and no more than `most` bytes of it.
    ///
    /// # Errors
    ///
    /// The errno code if it cannot be opened or read; for a stream, what its reader fails with.
    pub(crate) fn read_all(self, most: u64) -> Result<Vec<u8>> {
        let name = self.name();
        let reader: Box<dyn Read> = match self {
            Source::Bytes(bytes) => return Ok(bytes),
            Source::Path { path, .. } => {
                Box::new(File::open(&path).map_err(|error| Error::io("open", &name, error))?)
            }
            Source::Stream { reader, .. } => reader,
        };
        let mut bytes = Vec::new();
        let read = reader.take(most).read_to_end(&mut bytes);
        read.map_err(|error| Error::io("read", &name, error)).map(|_| bytes)
    }

    /// Opens the source and looks at its first bytes.
    ///
    /// # Errors
    ///
    /// The errno code if the file cannot be opened or read; `ABORT_ERR` or `ERR_TIMEOUT` while a
    /// pipe is silent.
    pub(crate) fn open(self, control: &Control) -> Result<OpenSource> {
        let name = self.name();
        match self {
            Source::Path { path, .. } => {
                let file = patient::open(&path).map_err(|error| Error::io("open", &name, error))?;
                let metadata = file.metadata().map_err(|error| Error::io("fstat", &name, error))?;
                if metadata.is_dir() {
                    // What read(2) would say, at once.
                    #[cfg(unix)]
                    let error = io::Error::from_raw_os_error(libc::EISDIR);
                    #[cfg(not(unix))]
                    let error = io::Error::from(io::ErrorKind::IsADirectory);
                    return Err(Error::io("read", &name, error));
                }
                if metadata.is_file() {
                    return OpenSource::of_file(name, file, metadata.len());
                }
                // The size of a FIFO or a device says nothing about what can be read from it.
                OpenSource::new(name, Box::new(PatientReader::new(file, control)), None)
            }
            Source::Bytes(bytes) => {
                let size = bytes.len() as u64;
                OpenSource::new(name, Box::new(Cursor::new(bytes)), Some(size))
            }
            Source::Stream { reader, phase, .. } => {
                let open = OpenSource::new(name, reader, None)?;
                Ok(OpenSource { phase, ..open })
            }
        }
    }
}

impl fmt::Debug for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Source({})", self.name())
    }
}

/// An open source: uncompressed bytes, in order.
pub(crate) struct OpenSource {
    name: String,
    bytes: Bytes,
    /// No more than this many uncompressed bytes can come.
    size_bound: Option<u64>,
    /// How many will come, when that is known exactly.
    exact_size: Option<u64>,
    is_gzip: bool,
    /// Whether there was something behind the compressed bytes.
    bytes_behind: Arc<AtomicBool>,
    /// What reading from it is: with a stream, V8 walks meanwhile.
    phase: Phase,
    /// How many uncompressed bytes have been handed out.
    delivered: u64,
}

/// Where the bytes come from.
enum Bytes {
    /// A plain file, which can be read at any place.
    File(Arc<File>),
    /// What has to be read in order.
    Stream(Box<dyn Read + Send>),
}

impl OpenSource {
    fn of_file(name: String, file: File, size: u64) -> Result<Self> {
        let file = Arc::new(file);
        let mut magic = gzip::MAGIC.map(|_| 0);
        read_at(&file, &mut magic, 0).map_err(|error| Error::io("read", &name, error))?;
        if magic == gzip::MAGIC {
            let file = Arc::into_inner(file).ok_or_else(|| Error::internal("a file is shared"))?;
            return Self::new(name, Box::new(file), Some(size));
        }
        Ok(Self::plain(name, Bytes::File(file), Some(size)))
    }

    fn new(name: String, mut reader: Box<dyn Read + Send>, size: Option<u64>) -> Result<Self> {
        let mut magic = Vec::with_capacity(gzip::MAGIC.len());
        let first = reader.by_ref().take(gzip::MAGIC.len() as u64).read_to_end(&mut magic);
        first.map_err(|error| Error::io("read", &name, error))?;
        let is_gzip = magic == gzip::MAGIC;
        let whole = Box::new(Cursor::new(magic).chain(reader));
        if !is_gzip {
            return Ok(Self::plain(name, Bytes::Stream(whole), size));
        }
        let bytes_behind = Arc::new(AtomicBool::new(false));
        let members = gzip::Members::new(whole, Arc::clone(&bytes_behind));
        let size_bound = size.map(|size| size.saturating_mul(gzip::MAX_RATIO));
        let plain = Self::plain(name, Bytes::Stream(Box::new(members)), None);
        Ok(Self { size_bound, is_gzip, bytes_behind, ..plain })
    }

    fn plain(name: String, bytes: Bytes, size: Option<u64>) -> Self {
        Self {
            name,
            bytes,
            size_bound: size,
            exact_size: size,
            is_gzip: false,
            bytes_behind: Arc::default(),
            phase: Phase::Parse,
            delivered: 0,
        }
    }

    /// What reports call it.
    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// No more than this many uncompressed bytes can come.
    pub(crate) fn size_bound(&self) -> Option<u64> {
        self.size_bound
    }

    /// What reading from it is, for whoever watches.
    pub(crate) fn phase(&self) -> Phase {
        self.phase
    }

    /// How many uncompressed bytes will come, when that is known.
    pub(crate) fn exact_size(&self) -> Option<u64> {
        self.exact_size
    }

    /// Whether something stands behind the compressed bytes; known at their end.
    pub(crate) fn has_bytes_behind(&self) -> bool {
        self.bytes_behind.load(Ordering::Relaxed)
    }

    /// Fills `buffer` as far as the source has bytes; less than its length only at the end.
    pub(crate) fn fill(&mut self, buffer: &mut [u8]) -> Result<usize> {
        let (filled, outcome) = match &mut self.bytes {
            Bytes::File(file) => match read_at(file, buffer, self.delivered) {
                Ok(filled) => (filled, Ok(())),
                Err(error) => (0, Err(error)),
            },
            Bytes::Stream(reader) => fill_in_order(reader, buffer),
        };
        self.delivered += filled as u64;
        outcome.map_err(|error| self.read_error(error)).map(|()| filled)
    }

    /// Passes over the next `length` bytes, which the caller reads itself: a file to read at a
    /// place. `None` if this is no plain file.
    pub(crate) fn take_range(&mut self, length: usize) -> Option<(Arc<File>, u64)> {
        let Bytes::File(file) = &self.bytes else { return None };
        let offset = self.delivered;
        self.delivered = offset.saturating_add(length as u64);
        Some((Arc::clone(file), offset))
    }

    /// Whether [`OpenSource::put_back`] needs the bytes.
    pub(crate) fn is_in_order(&self) -> bool {
        matches!(self.bytes, Bytes::Stream(_))
    }

    /// Goes back to `offset`. `bytes` are those that have been taken from there on; a plain file
    /// has them still.
    pub(crate) fn put_back(&mut self, offset: u64, bytes: Vec<u8>) {
        self.delivered = offset;
        if let Bytes::Stream(reader) = &mut self.bytes {
            let rest = std::mem::replace(reader, Box::new(io::empty()));
            *reader = Box::new(Cursor::new(bytes).chain(rest));
        }
    }

    /// Damage that gzip notices is the input's fault, everything else the system's.
    fn read_error(&self, error: io::Error) -> Error {
        let offset = self.delivered;
        match error.kind() {
            io::ErrorKind::UnexpectedEof if self.is_gzip => {
                Error::truncated(offset, "its gzip stream ends too early")
            }
            io::ErrorKind::InvalidInput | io::ErrorKind::InvalidData if self.is_gzip => {
                Error::invalid(offset, format!("its gzip stream is damaged: {error}"))
            }
            _ => Error::io("read", &self.name, error),
        }
    }
}

/// Reads until the buffer is full, the source ends or something is wrong: what, and how many bytes
/// came before.
fn fill_in_order(reader: &mut dyn Read, buffer: &mut [u8]) -> (usize, io::Result<()>) {
    let mut filled = 0;
    while filled < buffer.len() {
        match reader.read(&mut buffer[filled..]) {
            Ok(0) => break,
            Ok(n) => filled += n,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return (filled, Err(error)),
        }
    }
    (filled, Ok(()))
}
