//! A number array into columns of full length, by several threads.
//!
//! Each thread takes the next block of the input, counts the numbers in it, and waits until all
//! blocks before have had their turn. In its turn it finds where the last whole row ends, and takes
//! the part of the columns that the rows belong in; the bytes behind that row are left for the next
//! block, which puts them in front of its own. Making columns of the digits, which is most of the
//! work, is done after the turn, beside the others.
//!
//! Time: linear in bytes; only the turns, a few hundred bytes each, are one after the other.
//! Memory: room for two blocks a thread.

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

use rayon::prelude::*;

use super::blocks::Blocks;
use super::columns::{RowPart, RowTable};
use super::input::Input;
use super::row_reader::Array;
use super::rows::{PADDING, Scanned, Window, count_numbers, scan_rows};
use crate::error::{Error, Result};

/// Reads up to the end of the array, which is left unread.
pub(super) fn read_in_lanes<T: RowTable>(
    input: &mut Input<'_>,
    table: &mut T,
    array: Array,
    lanes: usize,
) -> Result<()> {
    let (outcomes, rest) = scan_in_lanes(input, table.part(0), array, lanes);
    for outcome in outcomes {
        let Done { offset, first_row, rows, rest } = outcome.result?;
        table.absorb(rest, offset, first_row, rows);
    }
    input.resume(rest.offset, rest.bytes);
    Ok(())
}

/// What became of all pieces, in the order of the file, and what is behind the array. Pieces behind
/// an error may be missing.
fn scan_in_lanes<P: RowPart>(
    input: &mut Input<'_>,
    columns: P,
    array: Array,
    lanes: usize,
) -> (Vec<Outcome<P::Rest>>, Rest) {
    let (block_bytes, offset) = (input.capacity(), input.position());
    let keeps_rest = input.is_in_order();
    let (carry, blocks) = input.take_blocks();
    let (tail, rest) = (columns, Vec::new());
    let queue = Mutex::new(Queue { turn: 0, ended: false, carry, offset, tail, rows: 0, rest });
    let shared =
        Shared { array, block_bytes, keeps_rest, blocks, queue, turn_passed: Condvar::new() };
    let mut outcomes: Vec<Outcome<_>> = (0..lanes)
        .into_par_iter()
        .flat_map_iter(|_| {
            let shared = &shared;
            let mut buffer = Buffer::new(block_bytes);
            std::iter::from_fn(move || shared.next_outcome(&mut buffer))
        })
        .collect();
    outcomes.sort_unstable_by_key(|outcome| outcome.piece);
    (outcomes, shared.into_rest())
}

/// What is behind the array.
struct Rest {
    /// Where it begins: at the byte that ends the array.
    offset: u64,
    /// What has been taken of it, if it can be had only once.
    bytes: Vec<u8>,
}

/// Room for a block, and for what the one before it left.
struct Buffer {
    bytes: Vec<u8>,
    /// Where the block begins.
    block: usize,
}

impl Buffer {
    fn new(block_bytes: usize) -> Self {
        Self { bytes: vec![0; 2 * (block_bytes + PADDING)], block: PADDING + block_bytes }
    }
}

/// What the threads share.
struct Shared<'i, P> {
    array: Array,
    block_bytes: usize,
    /// Whether what is behind the array can be had only once.
    keeps_rest: bool,
    blocks: Blocks<'i>,
    queue: Mutex<Queue<P>>,
    turn_passed: Condvar,
}

/// What changes from turn to turn.
struct Queue<P> {
    /// The number of the block whose turn it is.
    turn: usize,
    /// Whether nothing more is to be taken: the end, or an error.
    ended: bool,
    /// What the block before left.
    carry: Vec<u8>,
    /// Where in the file that begins; at the end, where the array ends.
    offset: u64,
    /// The columns from the first row on that nobody has taken.
    tail: P,
    /// How many rows have been taken.
    rows: usize,
    /// Blocks, or what is left of them, that are behind the array, with their numbers.
    rest: Vec<(usize, Vec<u8>)>,
}

/// A block that has been read, and not had its turn.
struct Block {
    number: usize,
    /// Where its bytes end in the buffer.
    end: usize,
    /// Where the array ends in it, if it does.
    array_end: Option<usize>,
    /// How many numbers end in it, before the end of the array and not at its first byte.
    numbers: usize,
}

/// Whole rows in a buffer, and where they go.
struct Piece<P> {
    start: usize,
    /// One byte more than the rows: a number has ended only where something else begins.
    end: usize,
    /// Offset in the file of the first byte of the buffer.
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

impl<P: RowPart> Shared<'_, P> {
    /// Takes the next piece and puts it into the columns; `None` if there is none left.
    fn next_outcome(&self, buffer: &mut Buffer) -> Option<Outcome<P::Rest>> {
        let _guard = EndOfPanic(self);
        if self.lock().ended {
            return None;
        }
        let taken = self.blocks.next(&mut buffer.bytes[buffer.block..][..self.block_bytes]);
        let number = taken.number;
        let block = taken.bytes.map(|bytes| Block::new(number, bytes, buffer));
        let piece = self.take_turn(number, block, buffer);
        let result = piece?.and_then(|piece| scan_piece(piece, &buffer.bytes, self.array));
        if result.is_err() {
            self.end(&mut self.lock());
        }
        Some(Outcome { piece: number, result })
    }

    /// Waits for the turn of block `number`, and takes its rows. `None` if the array ended before.
    fn take_turn(
        &self,
        number: usize,
        block: Result<Block>,
        buffer: &mut Buffer,
    ) -> Option<Result<Piece<P>>> {
        let mut queue = self.lock();
        while queue.turn != number && !queue.ended {
            queue = self.turn_passed.wait(queue).unwrap_or_else(PoisonError::into_inner);
        }
        if queue.ended {
            if let Ok(block) = block {
                self.keep(&mut queue, number, &buffer.bytes[buffer.block..block.end]);
            }
            return None;
        }
        let piece = block.and_then(|block| self.take_piece(&mut queue, &block, buffer));
        queue.turn += 1;
        match &piece {
            Ok(piece) if !piece.is_last => {
                self.blocks.progress(queue.offset + queue.carry.len() as u64);
                self.turn_passed.notify_all();
            }
            _ => self.end(&mut queue),
        }
        Some(piece)
    }

    /// Puts what the block before left in front of this one, and takes the whole rows of both.
    fn take_piece(
        &self,
        queue: &mut Queue<P>,
        block: &Block,
        buffer: &mut Buffer,
    ) -> Result<Piece<P>> {
        let array = self.array;
        let start = buffer.block - queue.carry.len();
        let padded = &mut buffer.bytes;
        padded[start..buffer.block].copy_from_slice(&queue.carry);
        // What stands there is of another block; no number goes on in this one.
        padded[start - 1] = 0;
        let padded = &*padded;
        let offset = queue.offset.wrapping_sub(start as u64);
        let end_in_carry = memchr::memchr(b']', &queue.carry).map(|length| start + length);
        let array_end = end_in_carry.or(block.array_end);
        let numbers = match end_in_carry {
            Some(end) => count_numbers(padded, start, end + 1),
            None => block.numbers + count_numbers(padded, start, block.end.min(buffer.block + 1)),
        };
        let rows = numbers / array.fields;
        if array_end.is_none() && rows == 0 {
            return Err(self.why_no_row(queue, padded, start, block.end));
        }
        let is_last = array_end.is_some();
        let cut = array_end.unwrap_or_else(|| {
            end_of_number_back(padded, start, block.end, numbers % array.fields)
        });
        queue.offset = offset.wrapping_add(cut as u64);
        if is_last {
            self.keep(queue, block.number, &padded[cut..block.end]);
        } else if block.end - cut > self.block_bytes {
            return Err(array.row_too_long(queue.offset, self.block_bytes));
        } else {
            queue.carry.clear();
            queue.carry.extend_from_slice(&padded[cut..block.end]);
        }
        let first_row = queue.rows;
        queue.rows += rows;
        let part = queue.tail.split(rows);
        Ok(Piece { start, end: cut + 1, offset, first_row, rows, is_last, part })
    }

    /// What is wrong with bytes in which neither a row nor the array ends.
    fn why_no_row(&self, queue: &mut Queue<P>, padded: &[u8], start: usize, end: usize) -> Error {
        let array = self.array;
        let Array { name, fields } = array;
        let is_full = end - start >= self.block_bytes;
        let end = end.min(start + self.block_bytes);
        let offset = queue.offset.wrapping_sub(start as u64);
        let window = Window { padded, start, end, offset, after_row: queue.rows > 0, fields, name };
        match scan_rows(&window, &mut queue.tail.split(0)) {
            Err(error) => error,
            Ok(Scanned { terminator: Some(at), .. }) => array.no_end(offset, padded, at),
            Ok(_) if is_full => array.row_too_long(queue.offset, self.block_bytes),
            Ok(_) => array.truncated(queue.offset + (end - start) as u64),
        }
    }

    /// Keeps bytes that are behind the array, if they can be had only once.
    fn keep(&self, queue: &mut Queue<P>, number: usize, bytes: &[u8]) {
        if self.keeps_rest {
            queue.rest.push((number, bytes.to_vec()));
        }
    }

    /// Nobody takes anything more, or waits for it.
    fn end(&self, queue: &mut Queue<P>) {
        queue.ended = true;
        self.turn_passed.notify_all();
    }

    /// A thread that panicked in its turn has ended the job; what the others still do is lost.
    fn lock(&self) -> MutexGuard<'_, Queue<P>> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn into_rest(self) -> Rest {
        let mut queue = self.queue.into_inner().unwrap_or_else(PoisonError::into_inner);
        queue.rest.sort_unstable_by_key(|&(number, _)| number);
        let bytes = queue.rest.into_iter().flat_map(|(_, bytes)| bytes).collect();
        Rest { offset: queue.offset, bytes }
    }
}

/// Ends the job for the others when its thread panics: they would wait for its turn for ever.
struct EndOfPanic<'s, 'i, P: RowPart>(&'s Shared<'i, P>);

impl<P: RowPart> Drop for EndOfPanic<'_, '_, P> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.0.end(&mut self.0.lock());
        }
    }
}

impl Block {
    /// Looks through a block of which `bytes` bytes came.
    fn new(number: usize, bytes: usize, buffer: &Buffer) -> Self {
        let end = buffer.block + bytes;
        let content = &buffer.bytes[buffer.block..end];
        let array_end = memchr::memchr(b']', content).map(|length| buffer.block + length);
        // A number that goes on behind the block does not count.
        let counted_to = array_end.map_or(end, |array_end| array_end + 1);
        let numbers = count_numbers(&buffer.bytes, buffer.block + 1, counted_to);
        Self { number, end, array_end, numbers }
    }
}

/// Where the number ends that is `back` numbers before the last one that ends in `start..end`.
fn end_of_number_back(bytes: &[u8], start: usize, end: usize, back: usize) -> usize {
    let ends_here = |at: usize| !bytes[at].is_ascii_digit() && bytes[at - 1].is_ascii_digit();
    (start + 1..end).rev().filter(|&at| ends_here(at)).nth(back).unwrap_or(start)
}

/// Puts the rows of a piece into the columns.
fn scan_piece<P: RowPart>(piece: Piece<P>, padded: &[u8], array: Array) -> Result<Done<P::Rest>> {
    let Array { name, fields } = array;
    let Piece { start, end, offset, first_row, rows, is_last, mut part } = piece;
    let after_row = first_row > 0;
    let window = Window { padded, start, end, offset, after_row, fields, name };
    let Scanned { rows: found, terminator, .. } = scan_rows(&window, &mut part)?;
    let expected = is_last.then_some(end - 1);
    if let Some(at) = terminator
        && terminator != expected
    {
        return Err(array.no_end(offset, padded, at));
    }
    if found != rows {
        return Err(Error::internal(format!("{found} rows of `{name}` where {rows} were counted")));
    }
    let offset = offset.wrapping_add(start as u64);
    Ok(Done { offset, first_row, rows, rest: part.rest() })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Read;
    use std::panic::{AssertUnwindSafe, catch_unwind};

    use crate::control::Control;
    use crate::snapshot::Source;
    use crate::snapshot::rows::{MAX_FIELDS, RowSink};

    /// Columns that keep nothing.
    struct Nowhere;

    impl RowSink for Nowhere {
        fn restart(&mut self) {}

        fn row(&mut self, _: usize, _: &[u64; MAX_FIELDS]) -> std::result::Result<(), String> {
            Ok(())
        }
    }

    impl RowPart for Nowhere {
        type Rest = ();

        fn split(&mut self, _: usize) -> Self {
            Nowhere
        }

        fn rest(self) {}
    }

    /// Rows without end; one read panics.
    struct Panics {
        reads: usize,
    }

    impl Read for Panics {
        fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
            self.reads += 1;
            assert!(self.reads != 40, "this is the panic that the test is about");
            for (at, byte) in buffer.iter_mut().enumerate() {
                *byte = b"1,"[at % 2];
            }
            Ok(buffer.len() & !1)
        }
    }

    /// A thread that panics before its turn takes none; those behind it must not wait for it.
    #[test]
    fn a_panic_ends_the_job_and_does_not_hang_it() {
        let control = Control::default();
        let reader = Box::new(Panics { reads: 0 });
        let source =
            Source::Stream { name: "rows".into(), reader, phase: crate::control::Phase::Parse };
        let mut input = Input::new(source.open(&control).unwrap(), 64, &control);
        let array = Array { name: "rows", fields: 1 };
        let scan = || scan_in_lanes(&mut input, Nowhere, array, 4).0.len();
        assert!(catch_unwind(AssertUnwindSafe(scan)).is_err());
    }
}
