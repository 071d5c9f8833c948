//! Sums of bytes, one for each node or record: 64-bit numbers at 4 bytes each.
//!
//! Hardly anything retains 4 GiB. What does is in a table on the side, and the column says so.
//!
//! Time: one access each, and a look-up in a hash table for what is wide. Memory: 4 bytes an entry,
//! and some 24 for each that is wide.

use hashbrown::HashMap;

/// Stands in the column for a sum that is in the table.
const WIDE: u32 = u32::MAX;

/// A column of sums.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sizes {
    narrow: Vec<u32>,
    wide: HashMap<u32, u64>,
}

impl Sizes {
    /// An empty column with room for `count` sums.
    pub fn with_capacity(count: usize) -> Self {
        Self { narrow: Vec::with_capacity(count), wide: HashMap::new() }
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.narrow.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.narrow.is_empty()
    }

    /// One more.
    #[inline(always)]
    pub fn push(&mut self, size: u64) {
        let at = self.narrow.len();
        self.narrow.push(0);
        self.set(at, size);
    }

    /// Gives back what is reserved for more.
    pub fn shrink(&mut self) {
        self.narrow.shrink_to_fit();
    }

    /// The sum at a place.
    #[inline(always)]
    pub fn at(&self, at: usize) -> u64 {
        match self.narrow[at] {
            WIDE => self.wide_at(at),
            narrow => u64::from(narrow),
        }
    }

    /// Makes a sum larger.
    #[inline(always)]
    pub fn add(&mut self, at: usize, more: u64) {
        let sum = u64::from(self.narrow[at]) + more;
        if sum < u64::from(WIDE) {
            self.narrow[at] = sum as u32;
        } else {
            self.set(at, self.at(at).saturating_add(more));
        }
    }

    /// All sums, in order.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = u64> + '_ {
        (0..self.len()).map(|at| self.at(at))
    }

    #[inline(always)]
    fn set(&mut self, at: usize, size: u64) {
        if size < u64::from(WIDE) {
            self.narrow[at] = size as u32;
        } else {
            self.set_wide(at, size);
        }
    }

    #[cold]
    fn set_wide(&mut self, at: usize, size: u64) {
        self.narrow[at] = WIDE;
        self.wide.insert(at as u32, size);
    }

    #[cold]
    fn wide_at(&self, at: usize) -> u64 {
        self.wide.get(&(at as u32)).copied().unwrap_or(u64::from(WIDE))
    }
}

impl FromIterator<u64> for Sizes {
    fn from_iter<I: IntoIterator<Item = u64>>(sizes: I) -> Self {
        let sizes = sizes.into_iter();
        let mut column = Self::with_capacity(sizes.size_hint().0);
        sizes.for_each(|size| column.push(size));
        column
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn sums_are_those_of_whole_words(
            steps in prop::collection::vec((0usize..4, prop_oneof![
                0u64..100,
                u64::from(WIDE) - 3..u64::from(WIDE) + 3,
                0u64..1 << 40,
            ]), 0..40),
            first in prop_oneof![0u64..9, u64::from(WIDE) - 2..u64::from(WIDE) + 2],
        ) {
            let mut whole = vec![first; 4];
            let mut sizes: Sizes = whole.iter().copied().collect();
            for (at, more) in steps {
                whole[at] += more;
                sizes.add(at, more);
                prop_assert_eq!(sizes.iter().collect::<Vec<_>>(), whole.clone());
            }
        }
    }
}
