//! Answers as JSON: one string crosses to JavaScript faster than thousands of properties.
//!
//! A string of JavaScript has a greatest length. A snapshot of a few megabytes can have more to say, if each of
//! its million edges has a long name; so rows are made one at a time, and no more of them than fit.

use serde::Serialize;

use crate::error::{Error, Result};

/// V8's greatest string has so many UTF-16 units, of which each takes a byte of UTF-8 at least.
const MAX_BYTES: usize =
    if cfg!(target_pointer_width = "64") { (1 << 29) - 24 } else { (1 << 28) - 16 };

/// A value as JSON.
///
/// # Errors
///
/// `ENOMEM` if JavaScript could not hold it.
pub fn to_json(value: &impl Serialize) -> Result<String> {
    let json = serde_json::to_string(value).map_err(|error| Error::internal(error.to_string()))?;
    check_length(json.len(), MAX_BYTES).map(|()| json)
}

/// Rows as a JSON array.
///
/// # Errors
///
/// As of [`to_json`].
pub fn rows_to_json<Row: Serialize>(rows: impl Iterator<Item = Row>) -> Result<String> {
    rows_within(rows, MAX_BYTES)
}

fn rows_within<Row: Serialize>(
    rows: impl Iterator<Item = Row>,
    max_bytes: usize,
) -> Result<String> {
    let mut json = Vec::from(b"[");
    for row in rows {
        serde_json::to_writer(&mut json, &row)
            .map_err(|error| Error::internal(error.to_string()))?;
        // The last comma becomes the bracket.
        json.push(b',');
        check_length(json.len(), max_bytes)?;
    }
    match json.last_mut() {
        Some(last @ b',') => *last = b']',
        _ => json.push(b']'),
    }
    String::from_utf8(json).map_err(|error| Error::internal(error.to_string()))
}

fn check_length(length: usize, max_bytes: usize) -> Result<()> {
    if length > max_bytes { Err(Error::answer_too_long(max_bytes)) } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_an_array_as_long_as_they_fit() {
        assert_eq!(rows_to_json(0..0).unwrap(), "[]");
        assert_eq!(rows_to_json(["a"].iter()).unwrap(), r#"["a"]"#);
        assert_eq!(rows_within(1..4, 7).unwrap(), "[1,2,3]");
        // Of rows that never end, no more are made than fit.
        assert_eq!(rows_within(1.., 1000).unwrap_err().code(), "ENOMEM");
        assert_eq!(to_json(&[1, 2]).unwrap(), "[1,2]");
    }
}
