//! Hash tables of V8, recognised by their first words: the length of the array they lie in follows
//! from their capacity.

use std::ops::Range;

use super::memory::small_integer;

/// What the head of a hash table says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Table {
    /// Its slots that may hold references.
    pub(super) slots: Range<u64>,
    /// Words that hold `undefined`, because nothing was put there yet.
    pub(super) unused: u64,
    /// Words that stand for deleted entries of a `Map` or a `Set`.
    pub(super) holes: u64,
    /// Pairs, if it may be the table of a `WeakMap`.
    pub(super) ephemerons: u64,
    /// Whether it may be a cache of compiled code, which V8 empties before it takes a snapshot.
    pub(super) is_cache: bool,
    /// Whether it is of a `Map` or a `Set`, which keep an order.
    pub(super) is_ordered: bool,
}

impl Table {
    /// In front of the entries, in a table of pairs: map, length, two counts, capacity.
    pub(super) const HEAD_WORDS: usize = 5;

    /// The table that begins with `words`, the first of which leads to a map.
    ///
    /// * Tables that probe (objects in dictionary mode, `WeakMap`) have a length, the counts of
    ///   elements and deleted ones, a capacity, and entries of one to four words behind up to three
    ///   more words.
    /// * Tables that keep an order (`Map`, `Set`) have the number of buckets in place of the
    ///   capacity, which is twice that, and an entry has one more word, for the chain.
    pub(super) fn at(words: &[u64]) -> Option<Self> {
        const COUNTS: u64 = 3;
        const MAX_PREFIX: u64 = 3;
        let &[_, length, elements, deleted, size, ..] = words else { return None };
        let [length, elements, deleted, size] =
            [length, elements, deleted, size].map(small_integer);
        let (length, size) = (length?, size?);
        let (elements, deleted) = (elements?, deleted?);
        let taken = elements + deleted;
        if !size.is_power_of_two() {
            return None;
        }
        // After its length the array has these three words and the rest.
        let rest = length.checked_sub(COUNTS)?;
        // Buckets, and two entries for each, which are filled from the first to the last.
        for entry in [2, 3] {
            if (size * (2 * entry + 1)..=size * (2 * entry + 1) + 1).contains(&rest) {
                let unused = (2 * size).checked_sub(taken)? * entry;
                let slots = COUNTS + size..length - unused;
                // All words of an entry but that for the chain.
                let holes = deleted * (entry - 1);
                return Some(Self { slots, unused, holes, is_ordered: true, ..Self::default() });
            }
        }
        let entry =
            (1..=4).find(|entry| (size * entry..=size * entry + MAX_PREFIX).contains(&rest))?;
        Some(Self {
            slots: COUNTS..length,
            unused: size.checked_sub(taken)? * entry,
            holes: 0,
            ephemerons: if rest == 2 * size { elements } else { 0 },
            is_cache: rest == 3 * size,
            is_ordered: false,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(numbers: [u64; 4]) -> Option<Table> {
        let words = numbers.map(|number| number << 32);
        Table::at(&[&[0x2095_c54c_0011], words.as_slice()].concat())
    }

    #[test]
    fn tables_are_told_from_other_arrays() {
        let table = |slots, unused, ephemerons| {
            Some(Table { slots, unused, ephemerons, ..Table::default() })
        };
        let ordered = |slots, unused, holes| {
            Some(Table { slots, unused, holes, is_ordered: true, ..Table::default() })
        };
        assert_eq!(at([3 + 512, 100, 20, 256]), table(3..515, 2 * 136, 100), "of a WeakMap");
        assert_eq!(at([6 + 3 * 64, 40, 0, 64]), table(3..198, 3 * 24, 0), "of a dictionary");
        assert_eq!(at([3 + 7 * 32, 60, 4, 32]), ordered(35..227, 0, 2 * 4), "of a Map");
        assert_eq!(at([3 + 5 * 32, 10, 0, 32]), ordered(35..55, 2 * 54, 0), "of a Set");
        assert_eq!(at([3 + 3 * 32, 10, 0, 32]).map(|table| table.is_cache), Some(true));
        for other in [[10, 1, 2, 3], [3 + 512, 300, 0, 256], [3 + 2 * 100, 1, 1, 100], [0; 4]] {
            assert_eq!(at(other), None, "{other:?}");
        }
        assert_eq!(Table::at(&[0x11, 7 << 32]), None, "cut off");
        assert_eq!(Table::at(&[0x11, 515 << 32, 1 << 32, 0x2095_c54c_0011, 256 << 32]), None);
    }
}
