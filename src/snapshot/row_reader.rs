//! A number array into the columns of a table: by one thread, or by [several](super::lanes).
//!
//! One thread reads window after window; the columns grow as rows arrive. Several can only be where
//! the columns have their full length from the start, which needs input of a known size.
//!
//! Time: linear in bytes. Memory: a window a thread.

use super::columns::{RowPart, RowTable};
use super::input::Input;
use super::lanes::read_in_lanes;
use super::rows::{Window, printable, scan_rows};
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

    pub(super) fn row_too_long(self, offset: u64, bytes: usize) -> Error {
        let inside = self.inside();
        Error::invalid(offset, format!("{inside} has a row of more than {bytes} bytes"))
    }

    /// Something stands at `at` that ends the array, and is not what ends arrays.
    pub(super) fn no_end(self, offset: u64, bytes: &[u8], at: usize) -> Error {
        let message = format!("']' expected in {}, found {}", self.inside(), printable(bytes[at]));
        Error::invalid(offset.wrapping_add(at as u64), message)
    }

    pub(super) fn truncated(self, offset: u64) -> Error {
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
