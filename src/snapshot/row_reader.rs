//! A number array into the columns of a table: by one thread, or by several that share the input.
//!
//! One thread reads window after window; the columns grow as rows arrive.
//!
//! Several threads take turns at the input. Whose turn it is fills a window, finds by counting
//! numbers where the last whole row in it ends, and takes the window away, together with the part
//! of the columns that its rows belong in; the bytes behind that row go into an empty window, which
//! stays for the next thread. Making columns of the digits, which is most of the work, needs no
//! lock, and nobody waits for anybody else's rows. The columns have their full length from the
//! start, so this is for input of a known size.
//!
//! Time: linear in bytes. A turn copies the bytes out of the page cache and counts their numbers, a
//! quarter of the work, so that up to four threads find enough to do. Memory: a window a thread.

use std::sync::{Mutex, PoisonError};

use rayon::prelude::*;

use super::columns::{RowPart, RowTable};
use super::input::Input;
use super::rows::{PADDING, Scanned, Window, count_numbers, printable, scan_rows};
use crate::error::{Error, Result};

/// The array to read.
#[derive(Clone, Copy)]
pub(crate) struct Array {
    /// The key it has.
    pub(crate) name: &'static str,
    /// Numbers in a row.
    pub(crate) fields: usize,
}

impl Array {
    fn inside(self) -> String {
        format!("`{}`", self.name)
    }

    fn row_too_long(self, offset: u64, bytes: usize) -> Error {
        let inside = self.inside();
        Error::invalid(offset, format!("{inside} has a row of more than {bytes} bytes"))
    }

    /// Something stands at `at` that ends the array, and is not what ends arrays.
    fn no_end(self, offset: u64, bytes: &[u8], at: usize) -> Error {
        let message = format!("']' expected in {}, found {}", self.inside(), printable(bytes[at]));
        Error::invalid(offset.wrapping_add(at as u64), message)
    }

    fn truncated(self, offset: u64) -> Error {
        Error::truncated(offset, format!("it ends inside {}", self.inside()))
    }
}

/// Reads `[1,2,3,...]` into a table.
///
/// # Errors
///
/// `ERR_INVALID_SNAPSHOT`, `ERR_TRUNCATED_SNAPSHOT`, and those of the input.
pub(crate) fn read_rows<T: RowTable>(
    input: &mut Input<'_>,
    table: &mut T,
    array: Array,
    lanes: usize,
) -> Result<()> {
    input.expect(b'[', &array.inside())?;
    if lanes > 1 && table.has_full_length() {
        read_in_lanes(input, table, array, lanes)?;
    } else {
        read_in_one(input, table, array)?;
    }
    input.expect(b']', &array.inside())
}

/// Reads up to the end of the array, window by window.
fn read_in_one<T: RowTable>(input: &mut Input<'_>, table: &mut T, array: Array) -> Result<()> {
    let Array { name, fields } = array;
    let mut rows = 0;
    loop {
        let offset = input.buffer_offset();
        let (padded, start, end) = input.buffer();
        let window = Window { padded, start, end, offset, after_row: rows > 0, fields, name };
        table.make_room(rows, rows_at_most(end - start, fields))?;
        let (scanned, rest) = {
            let mut part = table.part(rows);
            (scan_rows(&window, &mut part)?, part.rest())
        };
        table.absorb(rest, offset.wrapping_add(start as u64), rows, scanned.rows);
        rows += scanned.rows;
        if let Some(terminator) = scanned.terminator {
            input.consume(terminator - start);
            return Ok(());
        }
        input.consume(scanned.end_of_rows - start);
        if scanned.rows == 0 && input.is_full() {
            return Err(array.row_too_long(input.position(), end - start));
        }
        if !input.refill()? && scanned.rows == 0 {
            return Err(array.truncated(input.position() + input.unread().len() as u64));
        }
    }
}

/// A row needs a digit and a comma for each number; one more for the last row's missing comma.
fn rows_at_most(bytes: usize, fields: usize) -> usize {
    bytes / (2 * fields) + 1
}

/// Reads up to the end of the array with several threads.
fn read_in_lanes<T: RowTable>(
    input: &mut Input<'_>,
    table: &mut T,
    array: Array,
    lanes: usize,
) -> Result<()> {
    for outcome in scan_in_lanes(input, table.part(0), array, lanes) {
        let Done { offset, first_row, rows, rest } = outcome.result?;
        table.absorb(rest, offset, first_row, rows);
    }
    Ok(())
}

/// What became of all pieces, in the order of the file. Those behind an error may be missing.
fn scan_in_lanes<P: RowPart>(
    input: &mut Input<'_>,
    columns: P,
    array: Array,
    lanes: usize,
) -> Vec<Outcome<P::Rest>> {
    let window = input.buffer().0.len();
    let queue = Queue { input, tail: columns, array, rows: 0, pieces: 0, ended: false };
    let queue = Mutex::new(queue);
    let mut outcomes: Vec<Outcome<_>> = (0..lanes)
        .into_par_iter()
        .flat_map_iter(|_| {
            let queue = &queue;
            let mut buffer = vec![0; window];
            std::iter::from_fn(move || next_outcome(queue, &mut buffer))
        })
        .collect();
    outcomes.sort_unstable_by_key(|outcome| outcome.piece);
    outcomes
}

/// What the threads share.
struct Queue<'q, 'c, P> {
    input: &'q mut Input<'c>,
    /// The columns from the first row on that nobody has taken.
    tail: P,
    array: Array,
    /// How many rows have been taken.
    rows: usize,
    /// How many pieces have been taken.
    pieces: usize,
    /// Whether there is nothing more to take: the end, or an error.
    ended: bool,
}

/// A window of whole rows, and where they go. Its bytes are in the buffer of whoever took it.
struct Piece<P> {
    start: usize,
    /// One byte more than the rows: a number has ended only where something else begins.
    end: usize,
    offset: u64,
    first_row: usize,
    /// How many rows there must be.
    rows: usize,
    /// Whether the last byte ends the array.
    is_last: bool,
    part: P,
}

/// What became of a piece.
struct Outcome<R> {
    /// Its number, in the order of the file.
    piece: usize,
    result: Result<Done<R>>,
}

/// A piece that is in the columns.
struct Done<R> {
    offset: u64,
    first_row: usize,
    rows: usize,
    rest: R,
}

/// Takes the next piece and puts it into the columns; `None` if there is none left.
fn next_outcome<P: RowPart>(
    queue: &Mutex<Queue<'_, '_, P>>,
    buffer: &mut Vec<u8>,
) -> Option<Outcome<P::Rest>> {
    let (array, number, taken) = {
        // A thread that panicked in its turn has ended the job; what the others still do is lost.
        let mut queue = queue.lock().unwrap_or_else(PoisonError::into_inner);
        if queue.ended {
            return None;
        }
        let taken = queue.take_piece(buffer);
        queue.ended = taken.as_ref().map_or(true, |piece| piece.is_last);
        queue.pieces += 1;
        (queue.array, queue.pieces, taken)
    };
    let result = taken.and_then(|piece| scan_piece(piece, buffer, array));
    if result.is_err() {
        queue.lock().unwrap_or_else(PoisonError::into_inner).ended = true;
    }
    Some(Outcome { piece: number, result })
}

impl<P: RowPart> Queue<'_, '_, P> {
    /// Fills the window and exchanges it for `spare`.
    fn take_piece(&mut self, spare: &mut Vec<u8>) -> Result<Piece<P>> {
        let array = self.array;
        while !self.input.is_full() && self.input.refill()? {}
        let (padded, start, end) = self.input.buffer();
        let array_end = memchr::memchr(b']', &padded[start..end]).map(|length| start + length);
        let bytes_end = array_end.unwrap_or(end);
        // What ends right where the window begins is of the row before it, or a byte left over.
        let ends_before = padded[start - 1].is_ascii_digit() && !padded[start].is_ascii_digit();
        // A number that goes on behind the window does not count.
        let numbers = count_numbers(padded, start, bytes_end + usize::from(array_end.is_some()))
            - usize::from(ends_before);
        let rows = numbers / array.fields;
        let cut = match array_end {
            Some(array_end) => array_end,
            None => end_of_number_back(padded, start, bytes_end, numbers % array.fields),
        };
        if array_end.is_none() && rows == 0 {
            return Err(self.why_no_row());
        }
        let offset = self.input.buffer_offset();
        self.input.exchange(cut, spare);
        let first_row = self.rows;
        self.rows += rows;
        let part = self.tail.split(rows);
        let is_last = array_end.is_some();
        Ok(Piece { start, end: cut + 1, offset, first_row, rows, is_last, part })
    }
}

impl<P: RowPart> Queue<'_, '_, P> {
    /// What is wrong with a window in which neither a row nor the array ends.
    fn why_no_row(&mut self) -> Error {
        let Array { name, fields } = self.array;
        let offset = self.input.buffer_offset();
        let (padded, start, end) = self.input.buffer();
        let window = Window { padded, start, end, offset, after_row: self.rows > 0, fields, name };
        match scan_rows(&window, &mut self.tail.split(0)) {
            Err(error) => error,
            Ok(Scanned { terminator: Some(at), .. }) => self.array.no_end(offset, padded, at),
            Ok(_) if self.input.is_full() => {
                self.array.row_too_long(self.input.position(), end - start)
            }
            Ok(_) => self.array.truncated(self.input.position() + (end - start) as u64),
        }
    }
}

/// Where the number ends that is `back` numbers before the last one that ends in `start..end`.
fn end_of_number_back(bytes: &[u8], start: usize, end: usize, back: usize) -> usize {
    let ends_here = |at: usize| !bytes[at].is_ascii_digit() && bytes[at - 1].is_ascii_digit();
    (start.max(PADDING) + 1..end).rev().filter(|&at| ends_here(at)).nth(back).unwrap_or(start)
}

/// Puts the rows of a piece into the columns.
fn scan_piece<P: RowPart>(piece: Piece<P>, buffer: &[u8], array: Array) -> Result<Done<P::Rest>> {
    let Array { name, fields } = array;
    let Piece { start, end, offset, first_row, rows, is_last, mut part } = piece;
    let after_row = first_row > 0;
    let window = Window { padded: buffer, start, end, offset, after_row, fields, name };
    let Scanned { rows: found, terminator, .. } = scan_rows(&window, &mut part)?;
    let expected = is_last.then_some(end - 1);
    if let Some(at) = terminator
        && terminator != expected
    {
        return Err(array.no_end(offset, buffer, at));
    }
    if found != rows {
        return Err(Error::internal(format!("{found} rows of `{name}` where {rows} were counted")));
    }
    let offset = offset.wrapping_add(start as u64);
    Ok(Done { offset, first_row, rows, rest: part.rest() })
}
