//! From the pipe to a file: check, compress, write, and only when all of it is good, commit.

use std::io::Read;
use std::path::Path;

use super::completeness::Counts;
use super::feed::Feed;
use super::outlet::{Outlet, OutletOptions};
use super::pending_file::PendingFile;
use super::stream::spool;
use crate::control::Control;
use crate::error::{Error, Result};

/// As much as the pipe holds.
const BUFFER_BYTES: usize = 1 << 20;

/// A file that a capture is being written to.
pub struct SnapshotFile {
    file: PendingFile,
    outlet: Outlet,
}

/// What was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Written {
    /// Size of the file.
    pub file_bytes: u64,
    /// Nodes in the snapshot.
    pub nodes: u64,
    /// Edges in the snapshot.
    pub edges: u64,
}

impl SnapshotFile {
    /// Prepares a file at `path`. With `exclusive` it must not exist yet.
    ///
    /// # Errors
    ///
    /// Those of [`PendingFile::create`].
    pub fn create(path: &Path, exclusive: bool, options: OutletOptions) -> Result<Self> {
        Ok(Self { file: PendingFile::create(path, exclusive)?, outlet: Outlet::new(options) })
    }

    /// Writes what `feed` delivers, checks that it is a whole snapshot, and puts the file in place.
    ///
    /// # Errors
    ///
    /// `ERR_TRUNCATED_SNAPSHOT` or `ERR_INVALID_SNAPSHOT` when V8 did not write a whole snapshot,
    /// `ABORT_ERR`, `ERR_TIMEOUT`, or the errno code. Nothing is left behind then, and what was at
    /// the path before is still there.
    pub fn receive(self, feed: &mut Feed, control: &Control) -> Result<Written> {
        if feed.is_inline() && self.file.may_stall() {
            return self.receive_aside(feed, control);
        }
        self.write_from(|buffer| feed.read(buffer, control), control)
    }

    /// Takes all that V8 writes before any of it goes on: else the JS thread, which stands inside V8,
    /// would stand for as long as whoever reads this file likes.
    fn receive_aside(mut self, feed: &mut Feed, control: &Control) -> Result<Written> {
        let (mut aside, counts) = spool(feed, &mut self.outlet, control)?;
        let mut buffer = vec![0; BUFFER_BYTES];
        loop {
            let length = (aside.read(&mut buffer))
                .map_err(|error| Error::io("read", "a temporary file", error))?;
            if length == 0 {
                return self.commit(counts);
            }
            self.file.write_all(&buffer[..length], control)?;
        }
    }

    /// The same from any source of a snapshot: `read` fills a buffer and returns 0 at the end.
    ///
    /// # Errors
    ///
    /// Those of [`SnapshotFile::receive`].
    pub fn write_from(
        mut self,
        mut read: impl FnMut(&mut [u8]) -> Result<usize>,
        control: &Control,
    ) -> Result<Written> {
        let mut buffer = vec![0; BUFFER_BYTES];
        loop {
            let bytes = match read(&mut buffer)? {
                0 => break,
                length => self.outlet.push(&buffer[..length])?,
            };
            self.file.write_all(bytes, control)?;
            self.outlet.report(control);
        }
        let (rest, counts) = self.outlet.finish()?;
        self.file.write_all(&rest, control)?;
        self.commit(counts)
    }

    fn commit(self, Counts { nodes, edges, .. }: Counts) -> Result<Written> {
        Ok(Written { file_bytes: self.file.commit()?, nodes, edges })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::capture::conduit::Conduit;
    use crate::capture::memory::RssWatch;
    use crate::capture::random_token;
    use std::fs::{self, OpenOptions};
    use std::io::Write;
    use std::path::PathBuf;

    const DOCUMENT: &str = concat!(
        r#"{"snapshot":{"meta":{"node_fields":["id"],"edge_fields":["to"]},"#,
        r#""node_count":1,"edge_count":2},"nodes":[1],"edges":[1,2],"strings":[]}"#
    );

    fn capture(path: &Path, text: &str, gzip_level: Option<u32>) -> Result<Written> {
        let file =
            SnapshotFile::create(path, false, OutletOptions { gzip_level, ..Default::default() })?;
        let Conduit { writer, reader } = Conduit::open()?;
        let text = text.to_owned();
        let v8 = std::thread::spawn(move || {
            let mut pipe = OpenOptions::new().write(true).open(writer.path()).unwrap();
            let _ = pipe.write_all(text.as_bytes());
        });
        let mut feed = Feed::inline(reader, RssWatch::start());
        let written = file.receive(&mut feed, &Control::default());
        drop(feed);
        v8.join().unwrap();
        written
    }

    fn scratch(test: impl FnOnce(PathBuf)) {
        let directory = std::env::temp_dir().join(format!("heapdiff-test-{}", random_token()));
        fs::create_dir(&directory).unwrap();
        test(directory.join("a.heapsnapshot"));
        let _ = fs::remove_dir_all(directory);
    }

    #[test]
    fn a_whole_snapshot_is_put_in_place() {
        scratch(|path| {
            let written = capture(&path, DOCUMENT, None).unwrap();
            let file_bytes = DOCUMENT.len() as u64;
            assert_eq!(written, Written { file_bytes, nodes: 1, edges: 2 });
            assert_eq!(fs::read_to_string(path).unwrap(), DOCUMENT);
        });
    }

    #[test]
    fn a_compressed_one_holds_the_same() {
        scratch(|path| {
            let written = capture(&path, DOCUMENT, Some(6)).unwrap();
            let file = fs::File::open(path).unwrap();
            assert_eq!(written.file_bytes, file.metadata().unwrap().len());
            let mut text = String::new();
            flate2::read::GzDecoder::new(file).read_to_string(&mut text).unwrap();
            assert_eq!(text, DOCUMENT);
        });
    }

    #[test]
    fn a_broken_capture_leaves_what_was_there() {
        scratch(|path| {
            fs::write(&path, "old").unwrap();
            let half = &DOCUMENT[..DOCUMENT.len() / 2];
            for (text, code) in [(half, "ERR_TRUNCATED_SNAPSHOT"), ("x", "ERR_INVALID_SNAPSHOT")] {
                assert_eq!(capture(&path, text, Some(1)).unwrap_err().code(), code);
                assert_eq!(fs::read_to_string(&path).unwrap(), "old");
                assert_eq!(fs::read_dir(path.parent().unwrap()).unwrap().count(), 1);
            }
        });
    }

    #[test]
    fn a_full_device_is_enospc() {
        let large = DOCUMENT.replace("[1]", &format!("[1{}]", " ".repeat(4 << 20)));
        for level in [None, Some(0)] {
            let error = capture(Path::new("/dev/full"), &large, level).unwrap_err();
            assert_eq!(error.code(), "ENOSPC");
        }
    }
}
