//! Arrays and tables that lie among other objects.
//!
//! Such an array begins with a map in read-only memory and its length. A block may begin inside of
//! one, and then the head lies before it: in front of the items there is nothing that could be an item
//! of an array itself, so the nearest head in front of the block decides.

use std::ops::Range;

use super::memory::{CHUNK, small_integer};
use super::tables::Table;

/// Map and length.
const HEAD_WORDS: u64 = 2;
/// The longest array in an ordinary chunk fills half of it.
pub(super) const MAX_BYTES: usize = CHUNK / 2;
/// An array of properties has its length in so many bits, and a hash in those above.
const LENGTH_OF_PROPERTIES: u64 = (1 << 10) - 1;

/// An array, from its head on.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Array {
    end: usize,
    /// Whether V8 has two edges for a reference from it: one of what has the array, as an element or
    /// a property, and one of the array. A `Map` and a `Set` have no such edges.
    has_items: bool,
    /// Where words may be that nothing was put into yet, and what share of those there are such.
    unused: Range<usize>,
    unused_share: f64,
    /// Whether it is all of a chunk.
    is_whole: bool,
    /// Whether it holds numbers as they are, of which none is a reference, whatever it looks like.
    is_of_numbers: bool,
}

impl Array {
    /// All of a chunk, which holds nothing else.
    pub(super) fn of_chunk(chunk: &Range<usize>, is_of_numbers: bool) -> Self {
        let has_items = !is_of_numbers;
        Self { end: chunk.end, has_items, is_whole: true, is_of_numbers, ..Self::default() }
    }

    /// The array of numbers at `address` that begins with `words`, if the second one is a length.
    pub(super) fn of_numbers(address: usize, words: &[u64]) -> Option<Self> {
        let bytes = (HEAD_WORDS + small_integer(*words.get(1)?)?) as usize * 8;
        let end = address + bytes;
        (bytes <= MAX_BYTES).then_some(Self { end, is_of_numbers: true, ..Self::default() })
    }

    /// Whether it is known to be all of `chunk`.
    pub(super) fn is_all_of(&self, chunk: &Range<usize>) -> bool {
        self.is_whole && self.end == chunk.end
    }

    pub(super) fn is_whole(&self) -> bool {
        self.is_whole
    }

    /// The array at `address` that begins with `words`, the first of which leads to a map that is no
    /// string's. `None` if it is none, as its second word is no length.
    pub(super) fn at(address: usize, words: &[u64]) -> Option<Self> {
        let length = small_integer(*words.get(1)?)?;
        let is_length = (HEAD_WORDS + length) * 8 <= MAX_BYTES as u64;
        let length = if is_length { length } else { length & LENGTH_OF_PROPERTIES };
        let place = |slot: u64| address + (HEAD_WORDS + slot) as usize * 8;
        let Some(table) = Table::at(words).filter(|_| is_length) else {
            return Some(Self { end: place(length), has_items: true, ..Self::default() });
        };
        // Those of tables that keep an order are the last ones, and of others they lie anywhere.
        let first = if table.is_ordered { table.slots.end } else { table.slots.start };
        Some(Self {
            end: place(length),
            has_items: !table.is_ordered,
            unused: place(first)..place(length),
            unused_share: table.unused as f64 / length.saturating_sub(first).max(1) as f64,
            ..Self::default()
        })
    }

    pub(super) fn end(&self) -> usize {
        self.end
    }

    /// Whether a reference at `address` behind the head has two edges.
    pub(super) fn has_item(&self, address: usize) -> bool {
        self.has_items && address < self.end
    }

    /// Whether what is at `address` behind the head is a number.
    pub(super) fn has_number(&self, address: usize) -> bool {
        self.is_of_numbers && address < self.end
    }

    /// How many words of `block` nothing was put into yet.
    pub(super) fn unused_in(&self, block: Range<usize>) -> f64 {
        let (start, end) = (self.unused.start.max(block.start), self.unused.end.min(block.end));
        end.saturating_sub(start) as f64 / 8.0 * self.unused_share
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(numbers: &[u64]) -> Option<Array> {
        let words = numbers.iter().map(|number| number << 32);
        Array::at(0x1000, &std::iter::once(0x2095_c54c_0011).chain(words).collect::<Vec<_>>())
    }

    #[test]
    fn ends_of_arrays_are_found() {
        let end = |length| at(&[length, 5, 5, 5]).map(|array| (array.end - 0x1000) / 8);
        assert_eq!(end(1000), Some(1002));
        assert_eq!(end((77 << 10) | 20), Some(22), "properties of an object with a hash");
        assert!(at(&[1000]).unwrap().has_item(0x1000 + 8 * 1001));
        assert!(!at(&[1000]).unwrap().has_item(0x1000 + 8 * 1002));
        for other in [7, f64::to_bits(1.1), u64::MAX << 32, 0x2095_c54c_0011] {
            assert_eq!(Array::at(0, &[0x2095_c54c_0011, other, 0]), None);
        }
    }

    #[test]
    fn unused_words_of_tables_are_where_they_may_be() {
        let block = 0x1000..0x1000 + (1 << 20);
        let dictionary = at(&[6 + 3 * 64, 40, 0, 64]).unwrap();
        assert!(dictionary.has_item(0x1000 + 8 * 20));
        assert_eq!(dictionary.unused_in(block.clone()).round(), 3.0 * 24.0);
        let half = 0x1000 + 8 * (5 + 195 / 2);
        assert_eq!(dictionary.unused_in(half..block.end).round(), 36.0);
        let map = at(&[3 + 7 * 32, 50, 4, 32]).unwrap();
        assert!(!map.has_item(0x1000 + 8 * 20));
        assert_eq!(map.unused_in(block.clone()), 3.0 * 10.0);
        assert_eq!(map.unused_in(block.start..0x1000 + 8 * 199), 0.0);
    }
}
