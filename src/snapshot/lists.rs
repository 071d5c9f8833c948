//! Tables of few rows, which are kept as lists: locations and samples.

use super::columns::{Divisor, RowPart, RowTable};
use super::meta::{Header, LocationLayout, SampleLayout};
use super::rows::{MAX_FIELDS, RowSink};
use super::{Location, Sample};
use crate::error::Result;
use crate::graph::NodeIndex;

/// A table whose rows are few, kept as a list.
pub(crate) struct ListTable<R, F> {
    make: F,
    pub(crate) rows: Vec<R>,
}

/// Rows of a [`ListTable`], on their way.
pub(crate) struct ListPart<'t, R, F> {
    make: &'t F,
    rows: Vec<R>,
}

/// The table of `locations`.
pub(crate) fn location_table(
    header: &Header,
    layout: &LocationLayout,
) -> ListTable<Location, impl Fn(&[u64; MAX_FIELDS]) -> std::result::Result<Location, String>> {
    let node_fields = Divisor::new(header.nodes.fields);
    let node_count = header.node_count;
    let node_at = move |index: u64| {
        let node = node_fields.exact(index).filter(|&node| node < node_count)?;
        Some(NodeIndex(node as u32))
    };
    ListTable {
        rows: Vec::new(),
        make: move |numbers: &[u64; MAX_FIELDS]| {
            let index = numbers[layout.object_index];
            let Some(node) = node_at(index) else {
                return Err(format!("has a row for {index}, which is no node"));
            };
            Ok(Location {
                node,
                script_id: numbers[layout.script_id] as u32,
                line: numbers[layout.line] as u32,
                column: numbers[layout.column] as u32,
                script: layout.script_object_index.and_then(|field| node_at(numbers[field])),
            })
        },
    }
}

/// The table of `samples`.
pub(crate) fn sample_table(
    layout: &SampleLayout,
) -> ListTable<Sample, impl Fn(&[u64; MAX_FIELDS]) -> std::result::Result<Sample, String>> {
    ListTable {
        rows: Vec::new(),
        make: move |numbers: &[u64; MAX_FIELDS]| {
            Ok(Sample {
                timestamp_us: numbers[layout.timestamp_us],
                last_assigned_id: numbers[layout.last_assigned_id],
            })
        },
    }
}

impl<R, F> RowSink for ListPart<'_, R, F>
where
    F: Fn(&[u64; MAX_FIELDS]) -> std::result::Result<R, String>,
{
    fn restart(&mut self) {
        self.rows.clear();
    }

    fn row(&mut self, _row: usize, numbers: &[u64; MAX_FIELDS]) -> std::result::Result<(), String> {
        self.rows.push((self.make)(numbers)?);
        Ok(())
    }
}

impl<R, F> RowPart for ListPart<'_, R, F>
where
    R: Send,
    F: Fn(&[u64; MAX_FIELDS]) -> std::result::Result<R, String> + Sync,
{
    type Rest = Vec<R>;

    fn split(&mut self, _rows: usize) -> Self {
        Self { make: self.make, rows: Vec::new() }
    }

    fn rest(self) -> Vec<R> {
        self.rows
    }
}

impl<R, F> RowTable for ListTable<R, F>
where
    R: Send,
    F: Fn(&[u64; MAX_FIELDS]) -> std::result::Result<R, String> + Sync,
{
    type Part<'t>
        = ListPart<'t, R, F>
    where
        Self: 't;
    type Rest = Vec<R>;

    fn has_full_length(&self) -> bool {
        true
    }

    fn make_room(&mut self, _first_row: usize, _room: usize) -> Result<()> {
        Ok(())
    }

    fn part(&mut self, _first_row: usize) -> ListPart<'_, R, F> {
        ListPart { make: &self.make, rows: Vec::new() }
    }

    fn absorb(&mut self, rest: Vec<R>, _offset: u64, _first_row: usize, _rows: usize) {
        self.rows.extend(rest);
    }
}
