//! Prefix sums that may pass 4 GiB, at 4 bytes each.
//!
//! The column has the lower halves of the sums, and a short list says where the upper half becomes
//! one more. Time: one access and a search in that list, which is mostly empty. Memory: 4 bytes an
//! item.

use std::ops::Range;

/// Sums of the items before each place.
#[derive(Clone, Debug)]
pub(crate) struct PrefixSums {
    /// One more than there are items; the first is 0.
    low: Vec<u32>,
    /// The places in `low` at which another 2^32 was passed, ascending; some more than once.
    carries: Vec<usize>,
}

impl Default for PrefixSums {
    fn default() -> Self {
        Self::with_capacity(0)
    }
}

impl PrefixSums {
    /// No item yet, and room for `count`.
    pub(crate) fn with_capacity(count: usize) -> Self {
        let mut low = Vec::with_capacity(count + 1);
        low.push(0);
        Self { low, carries: Vec::new() }
    }

    /// How many items there are.
    pub(crate) fn len(&self) -> usize {
        self.low.len() - 1
    }

    /// Whether there is none.
    pub(crate) fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// One more item.
    #[inline(always)]
    pub(crate) fn push(&mut self, item: u64) {
        let sum = u64::from(self.low[self.low.len() - 1]) + item;
        for _ in 0..sum >> 32 {
            self.carries.push(self.low.len());
        }
        self.low.push(sum as u32);
    }

    /// Gives back what is reserved for more.
    pub(crate) fn shrink(&mut self) {
        self.low.shrink_to_fit();
    }

    /// The sum of the items before a place.
    #[inline(always)]
    pub(crate) fn before(&self, place: usize) -> u64 {
        let carries = self.carries.partition_point(|&at| at <= place);
        (carries as u64) << 32 | u64::from(self.low[place])
    }

    /// The sum of the items in a range.
    #[inline(always)]
    pub(crate) fn of(&self, range: Range<usize>) -> u64 {
        self.before(range.end) - self.before(range.start)
    }

    /// Bytes on our heap.
    pub(crate) fn memory_bytes(&self) -> usize {
        4 * self.low.len() + size_of::<usize>() * self.carries.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn sums_are_those_of_whole_words(
            items in prop::collection::vec(
                prop_oneof![0u64..100, (1u64 << 32) - 50..(1 << 32) + 50, 0u64..1 << 35], 0..30),
        ) {
            let mut sums = PrefixSums::default();
            items.iter().for_each(|&item| sums.push(item));
            prop_assert_eq!(sums.len(), items.len());
            for end in 0..=items.len() {
                for start in 0..=end {
                    prop_assert_eq!(sums.of(start..end), items[start..end].iter().sum::<u64>());
                }
            }
        }
    }
}
