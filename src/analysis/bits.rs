//! A set of nodes or edges as one bit each. A set of 2.5 million nodes is 312 KB and stays in a
//! core's cache, where a column of bytes would not.

/// A set of small numbers.
#[derive(Clone, Debug, Default)]
pub struct BitSet {
    words: Vec<u64>,
}

impl BitSet {
    /// The empty set of numbers below `len`.
    pub fn new(len: usize) -> Self {
        Self { words: vec![0; len.div_ceil(64)] }
    }

    /// Whether `at` is in the set.
    #[inline(always)]
    pub fn contains(&self, at: u32) -> bool {
        self.words[at as usize / 64] >> (at % 64) & 1 != 0
    }

    /// Adds `at`. True if it was not in the set.
    #[inline(always)]
    pub fn insert(&mut self, at: u32) -> bool {
        let word = &mut self.words[at as usize / 64];
        let bit = 1u64 << (at % 64);
        let is_new = *word & bit == 0;
        *word |= bit;
        is_new
    }

    /// Removes `at`. True if it was in the set.
    #[inline(always)]
    pub fn remove(&mut self, at: u32) -> bool {
        let word = &mut self.words[at as usize / 64];
        let bit = 1u64 << (at % 64);
        let was_in = *word & bit != 0;
        *word &= !bit;
        was_in
    }

    /// How many numbers are in the set.
    pub fn len(&self) -> usize {
        self.words.iter().map(|word| word.count_ones() as usize).sum()
    }

    /// Whether nothing is in the set.
    pub fn is_empty(&self) -> bool {
        self.words.iter().all(|&word| word == 0)
    }

    /// The numbers in the set, ascending.
    pub fn iter(&self) -> impl Iterator<Item = u32> + '_ {
        self.words.iter().enumerate().flat_map(|(at, &word)| {
            let mut rest = word;
            std::iter::from_fn(move || {
                let bit = (rest != 0).then(|| rest.trailing_zeros())?;
                rest &= rest - 1;
                Some(at as u32 * 64 + bit)
            })
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_set_holds_what_was_put_in() {
        let mut set = BitSet::new(200);
        assert!(set.is_empty());
        for at in [0, 63, 64, 199] {
            assert!(set.insert(at));
            assert!(!set.insert(at));
        }
        assert!(set.remove(63) && !set.remove(63));
        assert!(set.contains(64) && !set.contains(63));
        assert_eq!(set.iter().collect::<Vec<_>>(), [0, 64, 199]);
        assert_eq!(set.len(), 3);
    }
}
