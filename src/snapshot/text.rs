//! The `strings` section: JSON strings into the arena of a [`StringTable`].
//!
//! Runs without escapes are copied whole. Escapes are decoded to UTF-16 semantics: a pair of
//! surrogates becomes one character, a lone one is kept as WTF-8. Nothing is read ahead of a string,
//! so that a string of any length passes through a window of any size.
//!
//! Time: one `memchr2` pass over the bytes. Memory: the arena.

use memchr::{memchr, memchr2};

use super::input::Input;
use super::strings::StringTable;
use crate::error::{Error, Result};

const INSIDE: &str = "`strings`";
const NOT_HEXADECIMAL: &str = "a string has a \\u escape that is not four hex digits";
const UNKNOWN_ESCAPE: &str = "a string has an escape that JSON does not know";

/// Reads `["...","..."]`.
pub(crate) fn read_strings(input: &mut Input<'_>) -> Result<StringTable> {
    let mut table = StringTable::new();
    input.expect(b'[', INSIDE)?;
    if input.peek_token()? == Some(b']') {
        input.consume(1);
        return Ok(table);
    }
    loop {
        input.expect(b'"', INSIDE)?;
        read_string(input, table.arena())?;
        table.end_string();
        match input.peek_token()? {
            Some(b',') => input.consume(1),
            Some(b']') => {
                input.consume(1);
                table.shrink();
                return Ok(table);
            }
            Some(byte) => return Err(input.unexpected(byte, "',' or ']'", INSIDE)),
            None => return Err(input.truncated(INSIDE)),
        }
    }
}

/// Checks the escapes of a string that is not decoded. `text` is what stands between its quotes, from `start`
/// on in the file.
///
/// # Errors
///
/// `ERR_INVALID_SNAPSHOT`, as for a string that is.
pub(crate) fn check_escapes(text: &[u8], start: u64) -> Result<()> {
    let mut rest = text;
    while let Some(backslash) = memchr(b'\\', rest) {
        rest = &rest[backslash + 1..];
        let offset = start + (text.len() - rest.len()) as u64;
        let length = match rest {
            [b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't', ..] => 1,
            [b'u', a, b, c, d, ..]
                if [a, b, c, d].iter().all(|digit| digit.is_ascii_hexdigit()) =>
            {
                5
            }
            [b'u', ..] => return Err(Error::invalid(offset, NOT_HEXADECIMAL)),
            _ => return Err(Error::invalid(offset, UNKNOWN_ESCAPE)),
        };
        rest = &rest[length..];
    }
    Ok(())
}

/// Reads a string behind its opening quote, and appends it to `arena`.
fn read_string(input: &mut Input<'_>, arena: &mut Vec<u8>) -> Result<()> {
    // A high surrogate waits for the low one that may follow it.
    let mut high = None;
    loop {
        let unread = input.unread();
        let Some(length) = memchr2(b'"', b'\\', unread) else {
            flush_surrogate(&mut high, arena, !unread.is_empty());
            arena.extend_from_slice(unread);
            let length = unread.len();
            input.consume(length);
            if input.peek()?.is_none() {
                return Err(input.truncated(INSIDE));
            }
            continue;
        };
        flush_surrogate(&mut high, arena, length > 0);
        arena.extend_from_slice(&unread[..length]);
        let byte = unread[length];
        input.consume(length + 1);
        if byte == b'"' {
            flush_surrogate(&mut high, arena, true);
            return Ok(());
        }
        read_escape(input, &mut high, arena)?;
    }
}

/// Reads what stands behind a backslash.
fn read_escape(input: &mut Input<'_>, high: &mut Option<u16>, arena: &mut Vec<u8>) -> Result<()> {
    let offset = input.position();
    let byte = input.next(INSIDE)?;
    let unit = match byte {
        b'"' | b'\\' | b'/' => u16::from(byte),
        b'b' => 8,
        b'f' => 12,
        b'n' => 10,
        b'r' => 13,
        b't' => 9,
        b'u' => {
            let mut unit = 0;
            for _ in 0..4 {
                let digit = char::from(input.next(INSIDE)?).to_digit(16);
                let digit = digit.ok_or_else(|| Error::invalid(offset, NOT_HEXADECIMAL))?;
                unit = unit << 4 | digit as u16;
            }
            unit
        }
        _ => return Err(Error::invalid(offset, UNKNOWN_ESCAPE)),
    };
    match (high.take(), unit) {
        (None, 0xd800..=0xdbff) => *high = Some(unit),
        (Some(first), 0xdc00..=0xdfff) => {
            let pair = 0x10000 + (u32::from(first - 0xd800) << 10) + u32::from(unit - 0xdc00);
            push_code_point(arena, pair);
        }
        (Some(first), _) => {
            push_code_point(arena, u32::from(first));
            if (0xd800..=0xdbff).contains(&unit) {
                *high = Some(unit);
            } else {
                push_code_point(arena, u32::from(unit));
            }
        }
        (None, _) => push_code_point(arena, u32::from(unit)),
    }
    Ok(())
}

/// Writes a waiting high surrogate alone, if something else follows it.
fn flush_surrogate(high: &mut Option<u16>, arena: &mut Vec<u8>, something_follows: bool) {
    if something_follows && let Some(high) = high.take() {
        push_code_point(arena, u32::from(high));
    }
}

/// Appends a code point in generalized UTF-8, which also encodes surrogates.
fn push_code_point(arena: &mut Vec<u8>, code: u32) {
    let tail = |shift: u32| 0x80 | (code >> shift & 0x3f) as u8;
    match code {
        0..=0x7f => arena.push(code as u8),
        0x80..=0x7ff => arena.extend([0xc0 | (code >> 6) as u8, tail(0)]),
        0x800..=0xffff => arena.extend([0xe0 | (code >> 12) as u8, tail(6), tail(0)]),
        _ => arena.extend([0xf0 | (code >> 18) as u8, tail(12), tail(6), tail(0)]),
    }
}
