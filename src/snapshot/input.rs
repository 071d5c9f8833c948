//! A window that moves over the uncompressed bytes of a source, and the few JSON tokens that are
//! read by hand. What is big in a snapshot never becomes a JSON value.

use super::blocks::Blocks;
use super::rows::{PADDING, printable};
use super::source::OpenSource;
use crate::control::{Control, Progress};
use crate::error::{Error, Result};

/// The window. Its bytes have [`PADDING`] bytes before and behind them, for the row scanner.
pub(crate) struct Input<'c> {
    source: OpenSource,
    control: &'c Control,
    buffer: Vec<u8>,
    start: usize,
    end: usize,
    /// Offset in the source of `buffer[0]`; may be "negative" at first, hence the wrapping.
    offset: u64,
    at_end: bool,
}

impl<'c> Input<'c> {
    /// A window of `capacity` bytes.
    pub(crate) fn new(source: OpenSource, capacity: usize, control: &'c Control) -> Self {
        Self {
            source,
            control,
            buffer: vec![0; capacity + 2 * PADDING],
            start: PADDING,
            end: PADDING,
            offset: 0_u64.wrapping_sub(PADDING as u64),
            at_end: false,
        }
    }

    /// What the source is called.
    pub(crate) fn source_name(&self) -> &str {
        self.source.name()
    }

    /// Whether something stands behind the compressed bytes; known at their end.
    pub(crate) fn has_bytes_behind(&self) -> bool {
        self.source.has_bytes_behind()
    }

    /// No more than this many bytes can come in all.
    pub(crate) fn size_bound(&self) -> Option<u64> {
        self.source.size_bound()
    }

    /// The offset in the source of the next byte.
    pub(crate) fn position(&self) -> u64 {
        self.offset.wrapping_add(self.start as u64)
    }

    /// The offset in the source of `buffer()[0]`.
    pub(crate) fn buffer_offset(&self) -> u64 {
        self.offset
    }

    /// The whole buffer with its padding, and where the unread bytes are in it.
    pub(crate) fn buffer(&self) -> (&[u8], usize, usize) {
        (&self.buffer, self.start, self.end)
    }

    /// The unread bytes of the window.
    pub(crate) fn unread(&self) -> &[u8] {
        &self.buffer[self.start..self.end]
    }

    /// Passes over `count` unread bytes.
    pub(crate) fn consume(&mut self, count: usize) {
        debug_assert!(count <= self.end - self.start);
        self.start += count;
    }

    /// Moves the unread bytes to the front and fills the window behind them. Says whether any byte
    /// came: not at the end of the source, and not when the window is full of unread bytes.
    pub(crate) fn refill(&mut self) -> Result<bool> {
        self.control.checkpoint()?;
        self.buffer.copy_within(self.start..self.end, PADDING);
        self.offset = self.offset.wrapping_add((self.start - PADDING) as u64);
        self.end -= self.start - PADDING;
        self.start = PADDING;
        let room = self.end..self.buffer.len() - PADDING;
        let wanted = room.len();
        let filled = self.source.fill(&mut self.buffer[room])?;
        self.end += filled;
        self.at_end = filled < wanted;
        let bytes = self.offset.wrapping_add(self.end as u64);
        let total_bytes = self.source.exact_size();
        let phase = self.source.phase();
        self.control.progress(Progress { phase, bytes, total_bytes });
        Ok(filled > 0)
    }

    /// How many bytes the window can hold.
    pub(crate) fn capacity(&self) -> usize {
        self.buffer.len() - 2 * PADDING
    }

    /// Takes the unread bytes out of the window, and what is behind them as blocks. Until
    /// [`Input::resume`] there is nothing in the window.
    pub(crate) fn take_blocks(&mut self) -> (Vec<u8>, Blocks<'_>) {
        let unread = self.buffer[self.start..self.end].to_vec();
        self.offset = self.position().wrapping_sub(PADDING as u64);
        (self.start, self.end) = (PADDING, PADDING);
        (unread, Blocks::new(&mut self.source, self.control))
    }

    /// Goes on at `offset`, which is in the bytes that were taken as blocks. `bytes` are those from
    /// there on that have been taken, for a source that [has to be read in
    /// order](Input::is_in_order).
    pub(crate) fn resume(&mut self, offset: u64, bytes: Vec<u8>) {
        self.offset = offset.wrapping_sub(PADDING as u64);
        (self.start, self.end, self.at_end) = (PADDING, PADDING, false);
        self.source.put_back(offset, bytes);
    }

    /// Whether bytes can be had only once.
    pub(crate) fn is_in_order(&self) -> bool {
        self.source.is_in_order()
    }

    /// Whether the window is full and nothing in it could be used.
    pub(crate) fn is_full(&self) -> bool {
        self.end - self.start == self.capacity()
    }

    /// The next byte, unread. `None` at the end.
    #[inline]
    pub(crate) fn peek(&mut self) -> Result<Option<u8>> {
        if self.start == self.end && (self.at_end || !self.refill()?) {
            return Ok(None);
        }
        Ok(Some(self.buffer[self.start]))
    }

    /// The next byte, read. The end is an error: `inside` says of what.
    #[inline]
    pub(crate) fn next(&mut self, inside: &str) -> Result<u8> {
        match self.peek()? {
            Some(byte) => {
                self.start += 1;
                Ok(byte)
            }
            None => Err(self.truncated(inside)),
        }
    }

    /// Passes over white space and gives the next byte, unread.
    pub(crate) fn peek_token(&mut self) -> Result<Option<u8>> {
        loop {
            match self.peek()? {
                Some(b' ' | b'\n' | b'\r' | b'\t') => self.start += 1,
                other => return Ok(other),
            }
        }
    }

    /// Passes over white space and reads one byte, which must be `byte`.
    pub(crate) fn expect(&mut self, byte: u8, inside: &str) -> Result<()> {
        match self.peek_token()? {
            Some(found) if found == byte => {
                self.start += 1;
                Ok(())
            }
            Some(found) => Err(self.unexpected(found, &format!("'{}'", char::from(byte)), inside)),
            None => Err(self.truncated(inside)),
        }
    }

    /// Reads a short string without escapes: an object key.
    pub(crate) fn key(&mut self) -> Result<String> {
        const INSIDE: &str = "the name of a section";
        self.expect(b'"', INSIDE)?;
        let start = self.position();
        let mut key = String::new();
        loop {
            match self.next(INSIDE)? {
                b'"' => return Ok(key),
                byte if byte.is_ascii() && byte >= b' ' && key.len() < 256 => {
                    key.push(char::from(byte));
                }
                _ => return Err(Error::invalid(start, "a section has no readable name")),
            }
        }
    }

    /// Reads a JSON value of at most `limit` bytes as text, without looking into it any further
    /// than to find its end.
    pub(crate) fn small_value(&mut self, limit: usize, inside: &str) -> Result<Vec<u8>> {
        let start = self.position();
        let mut text = Vec::new();
        let mut too_long = false;
        self.walk_value(inside, &mut |byte| {
            too_long |= text.len() >= limit;
            if !too_long {
                text.push(byte);
            }
        })?;
        if too_long {
            return Err(Error::invalid(start, format!("{inside} is longer than {limit} bytes")));
        }
        Ok(text)
    }

    /// Passes over a JSON value of any size and depth.
    pub(crate) fn skip_value(&mut self, inside: &str) -> Result<()> {
        self.walk_value(inside, &mut |_| {})
    }

    /// Finds the end of a JSON value by counting brackets outside strings. Depth is a counter, not
    /// a stack: `trace_tree` nests thousands deep.
    fn walk_value(&mut self, inside: &str, each: &mut dyn FnMut(u8)) -> Result<()> {
        let mut depth = 0_u64;
        loop {
            let Some(byte) = self.peek_token()? else { return Err(self.truncated(inside)) };
            match byte {
                b'[' | b'{' => depth += 1,
                b']' | b'}' | b',' | b':' if depth == 0 => {
                    return Err(self.unexpected(byte, "a value", inside));
                }
                b']' | b'}' => depth -= 1,
                b',' | b':' => {}
                b'"' => {
                    self.walk_string(inside, each)?;
                    if depth == 0 {
                        return Ok(());
                    }
                    continue;
                }
                _ => {
                    self.walk_scalar(each)?;
                    if depth == 0 {
                        return Ok(());
                    }
                    continue;
                }
            }
            each(byte);
            self.start += 1;
            if depth == 0 {
                return Ok(());
            }
        }
    }

    fn walk_string(&mut self, inside: &str, each: &mut dyn FnMut(u8)) -> Result<()> {
        each(self.next(inside)?);
        loop {
            let byte = self.next(inside)?;
            each(byte);
            match byte {
                b'"' => return Ok(()),
                b'\\' => each(self.next(inside)?),
                _ => {}
            }
        }
    }

    /// A number, `true`, `false` or `null`: everything up to the next byte that cannot be in one.
    fn walk_scalar(&mut self, each: &mut dyn FnMut(u8)) -> Result<()> {
        while let Some(byte) = self.peek()? {
            if !(byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'+' | b'.')) {
                if matches!(byte, b' ' | b'\n' | b'\r' | b'\t' | b',' | b']' | b'}') {
                    return Ok(());
                }
                return Err(self.unexpected(byte, "a value", "a section"));
            }
            each(byte);
            self.start += 1;
        }
        Ok(())
    }

    /// The error for a byte that has no business here.
    pub(crate) fn unexpected(&self, found: u8, wanted: &str, inside: &str) -> Error {
        unexpected(self.position(), found, wanted, inside)
    }

    /// The error for input that ends here.
    pub(crate) fn truncated(&self, inside: &str) -> Error {
        Error::truncated(self.position(), format!("it ends inside {inside}"))
    }
}

/// The error for a byte at `offset` that has no business there.
pub(crate) fn unexpected(offset: u64, found: u8, wanted: &str, inside: &str) -> Error {
    Error::invalid(offset, format!("{wanted} expected in {inside}, found {}", printable(found)))
}
