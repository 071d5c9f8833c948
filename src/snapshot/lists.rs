//! Number arrays of few rows, which are collected in a list: locations and samples.

use super::columns::{RowPart, RowTable};
use super::rows::{MAX_FIELDS, RowSink};
use crate::error::Result;

/// What rows are collected in. `F` says where in a row the fields are, and what they may be.
pub(crate) trait RowList<F>: Default + Send {
    /// Adds a row. The error is a sentence about it.
    fn push_row(
        &mut self,
        fields: &F,
        numbers: &[u64; MAX_FIELDS],
    ) -> std::result::Result<(), String>;
    /// Adds the rows of another list behind these.
    fn append(&mut self, more: Self);
}

/// Reads rows into a list.
pub(crate) struct ListTable<'f, F, L> {
    fields: &'f F,
    list: L,
}

impl<'f, F, L: RowList<F>> ListTable<'f, F, L> {
    pub(crate) fn new(fields: &'f F) -> Self {
        Self { fields, list: L::default() }
    }

    /// What was read.
    pub(crate) fn finish(self) -> L {
        self.list
    }
}

/// Rows of a [`ListTable`], on their way.
pub(crate) struct ListPart<'f, F, L> {
    fields: &'f F,
    list: L,
}

impl<F, L: RowList<F>> RowSink for ListPart<'_, F, L> {
    fn restart(&mut self) {
        self.list = L::default();
    }

    fn row(&mut self, _row: usize, numbers: &[u64; MAX_FIELDS]) -> std::result::Result<(), String> {
        self.list.push_row(self.fields, numbers)
    }
}

impl<F: Sync, L: RowList<F>> RowPart for ListPart<'_, F, L> {
    type Rest = L;

    fn split(&mut self, _rows: usize) -> Self {
        Self { fields: self.fields, list: L::default() }
    }

    fn rest(self) -> L {
        self.list
    }
}

impl<'f, F: Sync, L: RowList<F>> RowTable for ListTable<'f, F, L> {
    type Part<'t>
        = ListPart<'f, F, L>
    where
        Self: 't;
    type Rest = L;

    fn has_full_length(&self) -> bool {
        true
    }

    fn make_room(&mut self, _first_row: usize, _room: usize) -> Result<()> {
        Ok(())
    }

    fn part(&mut self, _first_row: usize) -> ListPart<'f, F, L> {
        ListPart { fields: self.fields, list: L::default() }
    }

    fn absorb(&mut self, rest: L, _offset: u64, _first_row: usize, _rows: usize) {
        self.list.append(rest);
    }
}
