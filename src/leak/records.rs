//! What is known of single nodes of a baseline, by id.
//!
//! Time: a binary search a look-up. Memory: 16 bytes a record.

use crate::analysis::sizes::Sizes;

/// What is known of a node of the baseline.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Record {
    /// Its id.
    pub id: u32,
    /// Hash of its type and class.
    pub tag: u32,
    /// Elements, entries or properties.
    pub items: u32,
    /// Bytes it retains.
    pub retained: u64,
}

/// Records in the order of their ids, as columns.
#[derive(Debug, Default)]
pub struct Records {
    ids: Vec<u32>,
    tags: Vec<u32>,
    items: Vec<u32>,
    retained: Sizes,
}

impl Records {
    /// How many there are.
    pub fn len(&self) -> usize {
        self.ids.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.ids.is_empty()
    }

    /// One more, whose id is not below that of the last.
    pub fn push(&mut self, record: Record) {
        debug_assert!(self.ids.last().is_none_or(|&last| last <= record.id));
        self.ids.push(record.id);
        self.tags.push(record.tag);
        self.items.push(record.items);
        self.retained.push(record.retained);
    }

    /// Gives back what is reserved for more.
    pub fn shrink(&mut self) {
        self.ids.shrink_to_fit();
        self.tags.shrink_to_fit();
        self.items.shrink_to_fit();
        self.retained.shrink();
    }

    /// The record at a place.
    pub fn at(&self, at: usize) -> Record {
        Record {
            id: self.ids[at],
            tag: self.tags[at],
            items: self.items[at],
            retained: self.retained.at(at),
        }
    }

    /// The record with an id.
    pub fn by_id(&self, id: u32) -> Option<Record> {
        self.ids.binary_search(&id).ok().map(|at| self.at(at))
    }

    /// All of them, in order.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = Record> + '_ {
        (0..self.len()).map(|at| self.at(at))
    }
}

impl FromIterator<Record> for Records {
    /// Of records that are in the order of their ids.
    fn from_iter<I: IntoIterator<Item = Record>>(sorted: I) -> Self {
        let mut records = Self::default();
        sorted.into_iter().for_each(|record| records.push(record));
        records
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_are_found_by_their_ids_as_they_went_in() {
        let record = |id: u32| Record {
            id,
            tag: id * 7,
            items: id % 5,
            retained: u64::from(id) << (id % 40),
        };
        let ids: Vec<u32> = (0..300).map(|at| at * 3).collect();
        let records: Records = ids.iter().map(|&id| record(id)).collect();
        assert_eq!(records.len(), 300);
        for id in 0..900 {
            let expected = (id % 3 == 0).then(|| record(id));
            assert_eq!(records.by_id(id), expected);
        }
        assert!(records.iter().eq(ids.iter().map(|&id| record(id))));
    }
}
