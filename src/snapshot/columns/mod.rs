//! The columns that rows are read into: nodes and edges.
//!
//! A [`RowTable`] hands out [`RowSink`]s that write to disjoint runs of its columns, so that several
//! threads can fill one table. What is rare (detached nodes, sizes over 4 GiB, slots over 2^29) is
//! collected in short lists on the side.

mod edges;
mod nodes;

use bytemuck::Zeroable;
use bytemuck::allocation::try_zeroed_slice_box;

use super::rows::RowSink;
use crate::error::{Error, Result};

pub(crate) use edges::{EdgeColumns, EdgeTable};
pub(crate) use nodes::{NodeColumns, NodeTable};

/// A table that is filled row by row, by one or several threads.
pub(crate) trait RowTable {
    /// Writes a run of rows.
    type Part<'t>: RowPart<Rest = Self::Rest>
    where
        Self: 't;
    /// What a part collected beside the columns.
    type Rest: Send;

    /// Whether the columns are as long as they will ever be.
    fn has_full_length(&self) -> bool;
    /// Makes the columns long enough for `room` rows from `first_row` on.
    fn make_room(&mut self, first_row: usize, room: usize) -> Result<()>;
    /// The columns from `first_row` on.
    fn part(&mut self, first_row: usize) -> Self::Part<'_>;
    /// Takes in what a part of `rows` rows collected. It began at `offset` in the file.
    fn absorb(&mut self, rest: Self::Rest, offset: u64, first_row: usize, rows: usize);
}

/// A run of rows in the columns of a table.
pub(crate) trait RowPart: RowSink + Send {
    /// What it collects beside the columns.
    type Rest: Send;

    /// Takes the first `rows` rows away, as a part of their own; fewer if there are not so many.
    #[must_use]
    fn split(&mut self, rows: usize) -> Self;
    /// Ends the part.
    fn rest(self) -> Self::Rest;
}

/// Where a run of rows began in the file: enough to say later where a bad row is.
#[derive(Clone, Copy, Debug)]
struct Run {
    first_row: usize,
    offset: u64,
}

/// The largest string index that any row uses, and the runs to find it again.
#[derive(Debug, Default)]
struct NameCheck {
    largest: u32,
    runs: Vec<Run>,
}

impl NameCheck {
    fn absorb(&mut self, largest: u32, offset: u64, first_row: usize) {
        self.largest = self.largest.max(largest);
        self.runs.push(Run { first_row, offset });
    }

    /// The offset at which the run of `row` began.
    fn offset_of(&self, row: usize) -> u64 {
        let at = self.runs.partition_point(|run| run.first_row <= row);
        self.runs[..at].last().map_or(0, |run| run.offset)
    }
}

/// Checks a count from the header against the bytes there are: a number needs a digit and a comma.
fn check_count(
    what: &str,
    count: u64,
    fields: usize,
    size_bound: Option<u64>,
    offset: u64,
) -> Result<()> {
    let least = count.saturating_mul(2 * fields as u64);
    match size_bound {
        Some(bound) if least > bound.saturating_add(1) => Err(Error::truncated(
            offset,
            format!("{what} is {count}, which cannot be in an input of {bound} bytes"),
        )),
        _ => Ok(()),
    }
}

/// A column of `count` zeros. Its pages cost nothing until rows are written to them, so this is for
/// counts that [`check_count`] has held against the size of the input.
fn full_column<T: Zeroable>(count: usize) -> Result<Vec<T>> {
    try_zeroed_slice_box(count)
        .map(Vec::from)
        .map_err(|()| Error::out_of_memory(count.saturating_mul(size_of::<T>()) as u64))
}

/// Makes a column exactly `length` long.
fn resize<T: Clone + Default>(column: &mut Vec<T>, length: usize) -> Result<()> {
    if length > column.len() {
        column
            .try_reserve(length - column.len())
            .map_err(|_| Error::out_of_memory((length * size_of::<T>()) as u64))?;
        column.resize(length, T::default());
    }
    Ok(())
}

/// Takes the first `count` entries away from a slice, or as many as it has.
fn split_front<'s, T>(slice: &mut &'s mut [T], count: usize) -> &'s mut [T] {
    let count = count.min(slice.len());
    let (front, back) = std::mem::take(slice).split_at_mut(count);
    *slice = back;
    front
}

/// Fails unless as many rows came as the header says.
fn check_rows(name: &str, rows: usize, claimed: usize, offset: u64) -> Result<()> {
    if rows != claimed {
        let message = format!("`{name}` has {rows} rows, but the header says {claimed}");
        return Err(Error::invalid(offset, message));
    }
    Ok(())
}
