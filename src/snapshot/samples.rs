//! The `samples` section: the time line of a snapshot with allocation tracking.

use super::columns::{RowPart, RowTable};
use super::meta::SampleLayout;
use super::rows::{MAX_FIELDS, RowSink};
use crate::error::Result;

/// A row of `samples`: the last id that had been given out at a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sample {
    /// Microseconds since tracking began.
    pub timestamp_us: u64,
    /// The last id given out by then.
    pub last_assigned_id: u64,
}

/// Reads rows into a list: there are few.
pub(crate) struct SampleTable<'h> {
    layout: &'h SampleLayout,
    rows: Vec<Sample>,
}

impl<'h> SampleTable<'h> {
    pub(crate) fn new(layout: &'h SampleLayout) -> Self {
        Self { layout, rows: Vec::new() }
    }

    pub(crate) fn finish(self) -> Vec<Sample> {
        self.rows
    }
}

/// Rows of a [`SampleTable`], on their way.
pub(crate) struct SamplePart<'h> {
    layout: &'h SampleLayout,
    rows: Vec<Sample>,
}

impl RowSink for SamplePart<'_> {
    fn restart(&mut self) {
        self.rows.clear();
    }

    fn row(&mut self, _row: usize, numbers: &[u64; MAX_FIELDS]) -> std::result::Result<(), String> {
        self.rows.push(Sample {
            timestamp_us: numbers[self.layout.timestamp_us],
            last_assigned_id: numbers[self.layout.last_assigned_id],
        });
        Ok(())
    }
}

impl RowPart for SamplePart<'_> {
    type Rest = Vec<Sample>;

    fn split(&mut self, _rows: usize) -> Self {
        Self { layout: self.layout, rows: Vec::new() }
    }

    fn rest(self) -> Vec<Sample> {
        self.rows
    }
}

impl<'h> RowTable for SampleTable<'h> {
    type Part<'t>
        = SamplePart<'h>
    where
        Self: 't;
    type Rest = Vec<Sample>;

    fn has_full_length(&self) -> bool {
        true
    }

    fn make_room(&mut self, _first_row: usize, _room: usize) -> Result<()> {
        Ok(())
    }

    fn part(&mut self, _first_row: usize) -> SamplePart<'h> {
        SamplePart { layout: self.layout, rows: Vec::new() }
    }

    fn absorb(&mut self, rest: Vec<Sample>, _offset: u64, _first_row: usize, _rows: usize) {
        self.rows.extend(rest);
    }
}
