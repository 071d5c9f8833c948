//! A set of numbers.

/// Bits of a page: 4 KiB.
const PAGE_BITS: usize = 1 << 15;
const PAGE_WORDS: usize = PAGE_BITS / 64;

/// A bit each, in pages that are there only where a number is: a damaged file may name a few large
/// ones.
#[derive(Debug, Default)]
pub(super) struct Bits(Vec<Option<Box<[u64; PAGE_WORDS]>>>);

impl Bits {
    pub(super) fn insert(&mut self, index: usize) {
        let (page, word, bit) = place(index);
        if self.0.len() <= page {
            self.0.resize(page + 1, None);
        }
        self.0[page].get_or_insert_with(|| Box::new([0; PAGE_WORDS]))[word] |= bit;
    }

    pub(super) fn contains(&self, index: usize) -> bool {
        let (page, word, bit) = place(index);
        self.0.get(page).and_then(Option::as_ref).is_some_and(|page| page[word] & bit != 0)
    }
}

/// The page of a number, the word in that, and the bit.
fn place(index: usize) -> (usize, usize, u64) {
    (index / PAGE_BITS, index % PAGE_BITS / 64, 1 << (index % 64))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_set_has_what_was_put_in() {
        let numbers = [0, 1, 63, 64, PAGE_BITS - 1, PAGE_BITS, 5 * PAGE_BITS + 70, 1 << 29];
        let mut bits = Bits::default();
        for number in numbers {
            assert!(!bits.contains(number));
            bits.insert(number);
        }
        for number in numbers {
            assert!(bits.contains(number));
            assert_eq!(bits.contains(number + 1), numbers.contains(&(number + 1)));
        }
        let pages = bits.0.iter().flatten().count();
        assert_eq!(pages, 4, "a page where a number is, and no other");
    }
}
