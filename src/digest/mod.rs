//! Digests: what a later diff needs of a baseline, and no more. A few hundred kilobytes stand for
//! hundreds of megabytes, and hold no string of the program but the names of classes.
//!
//! A digest is a fixed head and a deflated body:
//!
//! ```text
//! "heapdigest\0"   11 bytes
//! version          u16, little endian
//! body length      u64, before compression
//! checksum         u32, CRC-32 of the body before compression
//! body             zlib stream of postcard's encoding of `Body`
//! ```
//!
//! The version rises with every change of the body; another one than this is refused.
//!
//! Records cost little, because they are kept in columns and are alike: some ten kilobytes for twenty
//! thousand. The hashes of shapes and slots are what makes a digest large. Of a heap with more than
//! [`MOST_RECORDS`] only those are kept that retain most: what is left out was so small that its growth
//! from nothing is as good as its growth.

mod body;

use std::io::{Read, Write};

use flate2::Compression;
use flate2::bufread::ZlibDecoder;
use flate2::write::ZlibEncoder;

use crate::control::Control;
use crate::error::{Error, Result};
use crate::snapshot::Source;
pub use body::{Body, ClassTotal};

/// The first bytes of every digest.
pub const MAGIC: &[u8; 11] = b"heapdigest\0";

/// The version that this writes and reads.
pub const VERSION: u16 = 11;

/// No digest keeps more records.
pub const MOST_RECORDS: usize = 1_000_000;

/// A body of this many bytes would be a hundred times the largest that is ever written.
const MOST_BYTES: u64 = 256 << 20;

const HEAD_BYTES: usize = MAGIC.len() + 2 + 8 + 4;

/// Encodes a digest.
///
/// # Errors
///
/// `ERR_INTERNAL` if the encoder fails, which needs a bug.
pub fn encode(body: &Body) -> Result<Vec<u8>> {
    let internal = |error: &dyn std::fmt::Display| Error::internal(format!("digest: {error}"));
    let plain = postcard::to_stdvec(body).map_err(|error| internal(&error))?;
    let mut bytes = Vec::with_capacity(HEAD_BYTES + plain.len() / 2);
    bytes.extend_from_slice(MAGIC);
    bytes.extend_from_slice(&VERSION.to_le_bytes());
    bytes.extend_from_slice(&(plain.len() as u64).to_le_bytes());
    bytes.extend_from_slice(&checksum(&plain).to_le_bytes());
    let mut encoder = ZlibEncoder::new(bytes, Compression::default());
    encoder.write_all(&plain).map_err(|error| internal(&error))?;
    encoder.finish().map_err(|error| internal(&error))
}

/// Decodes a digest.
///
/// # Errors
///
/// `ERR_TRUNCATED_SNAPSHOT` if it ends too early, `ERR_INVALID_SNAPSHOT` if it is damaged, too
/// large, or of another version.
pub fn decode(bytes: &[u8]) -> Result<Body> {
    let end = bytes.len() as u64;
    if !begins_digest(bytes) {
        return Err(Error::invalid(0, "it is no digest"));
    }
    let Some(head) = bytes.get(MAGIC.len()..HEAD_BYTES) else {
        return Err(Error::truncated(end, "it ends inside the head of the digest"));
    };
    let version = u16::from_le_bytes([head[0], head[1]]);
    if version != VERSION {
        let age = if version > VERSION { "a newer" } else { "an older" };
        let message = format!(
            "the digest has format {version}, written by {age} heapdiff; this one reads {VERSION}"
        );
        return Err(Error::invalid(MAGIC.len() as u64, message));
    }
    let mut length = [0; 8];
    length.copy_from_slice(&head[2..10]);
    let length = u64::from_le_bytes(length);
    let sum = u32::from_le_bytes([head[10], head[11], head[12], head[13]]);
    if length > MOST_BYTES {
        let message = format!("the digest claims {length} bytes");
        return Err(Error::invalid(MAGIC.len() as u64 + 2, message));
    }
    let mut plain = Vec::new();
    let mut decoder = ZlibDecoder::new(&bytes[HEAD_BYTES..]);
    if let Err(error) = decoder.by_ref().take(length + 1).read_to_end(&mut plain) {
        return Err(match error.kind() {
            std::io::ErrorKind::UnexpectedEof => {
                Error::truncated(end, "it ends inside the body of the digest")
            }
            _ => Error::invalid(HEAD_BYTES as u64, format!("the digest is damaged: {error}")),
        });
    }
    if (plain.len() as u64) < length {
        return Err(Error::truncated(end, "it ends inside the body of the digest"));
    }
    if plain.len() as u64 != length || checksum(&plain) != sum {
        return Err(Error::invalid(HEAD_BYTES as u64, "the digest does not match its checksum"));
    }
    let body_end = HEAD_BYTES as u64 + decoder.total_in();
    if body_end != end {
        let message = format!("{} bytes follow the end of the digest", end - body_end);
        return Err(Error::invalid(body_end, message));
    }
    let body: Body = postcard::from_bytes(&plain).map_err(|error| {
        Error::invalid(HEAD_BYTES as u64, format!("the digest is damaged: {error}"))
    })?;
    body.check().map_err(|what| Error::invalid(HEAD_BYTES as u64, what))?;
    Ok(body)
}

/// The digest in a source, or the source itself if there is none in it.
///
/// # Errors
///
/// Those of [`decode`] and [`Source::peek`], or the errno code of a failed read.
pub fn open(source: Source, control: &Control) -> Result<std::result::Result<Body, Source>> {
    let (source, start) = source.peek(MAGIC.len(), control)?;
    if !begins_digest(&start) {
        return Ok(Err(source));
    }
    let name = source.name();
    // Compressed it is smaller than it may be; one byte more shows that it is too large.
    let bytes = source.read_all(MOST_BYTES + 1)?;
    decode(&bytes).map(Ok).map_err(|error| error.in_source(&name))
}

/// Whether the first bytes are those of a digest, which may have been cut off within them.
fn begins_digest(bytes: &[u8]) -> bool {
    bytes.starts_with(MAGIC) || (!bytes.is_empty() && MAGIC.starts_with(bytes))
}

fn checksum(bytes: &[u8]) -> u32 {
    let mut crc = flate2::Crc::new();
    crc.update(bytes);
    crc.sum()
}
