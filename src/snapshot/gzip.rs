//! Gzip: members one after the other, and what may stand behind them.
//!
//! Tools pad and append to such files, so bytes that begin no member end the input, as they do for
//! gzip itself and for Node's zlib. They are noted, because a reader should be told.
//!
//! Time: that of inflating. Memory: the window of one member, 32 KiB, and a buffer.

use std::io::{self, BufRead, BufReader, Read};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use flate2::bufread::GzDecoder;

/// The first bytes of a gzip file.
pub(super) const MAGIC: [u8; 2] = [0x1f, 0x8b];

/// Deflate cannot expand a byte to more than this (258 bytes from 2 bits).
pub(super) const MAX_RATIO: u64 = 1032;

/// Compressed bytes that are read at once.
const BUFFER_BYTES: usize = 1 << 16;

/// The uncompressed bytes of all members.
pub(super) struct Members<R> {
    /// The member that is being read; none behind the last.
    member: Option<GzDecoder<BufReader<R>>>,
    bytes_behind: Arc<AtomicBool>,
}

impl<R: Read> Members<R> {
    /// Reads `compressed`, and sets `bytes_behind` if there is something behind its last member.
    pub(super) fn new(compressed: R, bytes_behind: Arc<AtomicBool>) -> Self {
        let compressed = BufReader::with_capacity(BUFFER_BYTES, compressed);
        Self { member: Some(GzDecoder::new(compressed)), bytes_behind }
    }

    /// Goes on with the next member, if there is one.
    fn next_member(&mut self) -> io::Result<()> {
        let Some(member) = self.member.take() else { return Ok(()) };
        let mut compressed = member.into_inner();
        let first = compressed.fill_buf()?.first().copied();
        if first == Some(MAGIC[0]) {
            self.member = Some(GzDecoder::new(compressed));
        } else if first.is_some() {
            self.bytes_behind.store(true, Ordering::Relaxed);
        }
        Ok(())
    }
}

impl<R: Read> Read for Members<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while let Some(member) = &mut self.member {
            let count = member.read(buffer)?;
            if count > 0 || buffer.is_empty() {
                return Ok(count);
            }
            self.next_member()?;
        }
        Ok(0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write as _;

    use flate2::Compression;
    use flate2::write::GzEncoder;

    fn member(text: &str) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
        encoder.write_all(text.as_bytes()).unwrap();
        encoder.finish().unwrap()
    }

    fn read(compressed: &[u8]) -> (io::Result<String>, bool) {
        let bytes_behind = Arc::new(AtomicBool::new(false));
        let mut text = String::new();
        let outcome = Members::new(compressed, bytes_behind.clone()).read_to_string(&mut text);
        (outcome.map(|_| text), bytes_behind.load(Ordering::Relaxed))
    }

    #[test]
    fn members_follow_each_other_and_other_bytes_end_them() {
        let two = [member("one, "), member("two")].concat();
        let (text, bytes_behind) = read(&two);
        assert_eq!((text.unwrap().as_str(), bytes_behind), ("one, two", false));
        for behind in [&b"x"[..], b"\0\0\0\0\0\0\0\0\0\0\0\0", b"{}"] {
            let (text, bytes_behind) = read(&[&two, behind].concat());
            assert_eq!((text.unwrap().as_str(), bytes_behind), ("one, two", true));
        }
    }

    #[test]
    fn a_member_that_is_cut_is_an_error() {
        let one = member("one");
        let two = [one.clone(), member("two")].concat();
        for length in (1..two.len()).filter(|&length| length != one.len()) {
            let error = read(&two[..length]).0.unwrap_err();
            assert_eq!(error.kind(), io::ErrorKind::UnexpectedEof, "{length}");
        }
    }
}
