//! The `samples` section: the time line of a snapshot with allocation tracking.

use super::lists::RowList;
use super::meta::SampleLayout;
use super::rows::MAX_FIELDS;

/// A row of `samples`: the last id that had been given out at a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sample {
    /// Microseconds since tracking began.
    pub timestamp_us: u64,
    /// The last id given out by then.
    pub last_assigned_id: u64,
}

impl RowList<SampleLayout> for Vec<Sample> {
    fn push_row(
        &mut self,
        layout: &SampleLayout,
        numbers: &[u64; MAX_FIELDS],
    ) -> Result<(), String> {
        self.push(Sample {
            timestamp_us: numbers[layout.timestamp_us],
            last_assigned_id: numbers[layout.last_assigned_id],
        });
        Ok(())
    }

    fn append(&mut self, more: Self) {
        self.extend(more);
    }
}
