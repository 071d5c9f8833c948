//! Numbers of strings, of which most have none.
//!
//! A large array has a string for each of its slots, which names nothing else. A column of zeros costs
//! no memory where it is not touched, so numbers are kept one higher, and 0 is none.
//!
//! Time: one access. Memory: 4 bytes a string, in pages of the strings that have a number.

use crate::graph::StringIndex;

/// A number for some strings of a file. Numbers are below `u32::MAX`.
#[derive(Debug)]
pub(super) struct ByString(Vec<u32>);

impl ByString {
    /// No numbers, for so many strings.
    pub(super) fn new(strings: usize) -> Self {
        Self(vec![0; strings])
    }

    /// Whether it is a string of the file.
    pub(super) fn has_room_for(&self, string: StringIndex) -> bool {
        string.at() < self.0.len()
    }

    /// The number of a string. One that is not of the file has none.
    #[inline(always)]
    pub(super) fn get(&self, string: StringIndex) -> Option<u32> {
        self.0.get(string.at()).copied().and_then(|one_higher| one_higher.checked_sub(1))
    }

    /// Gives a string a number, if it is of the file.
    pub(super) fn set(&mut self, string: StringIndex, number: u32) {
        if let Some(one_higher) = self.0.get_mut(string.at()) {
            *one_higher = number + 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strings_have_the_number_they_were_given() {
        let mut numbers = ByString::new(3);
        numbers.set(StringIndex(1), 0);
        numbers.set(StringIndex(2), 7);
        numbers.set(StringIndex(3), 9);
        let found: Vec<_> = (0..4).map(|at| numbers.get(StringIndex(at))).collect();
        assert_eq!(found, [None, Some(0), Some(7), None]);
        assert!(numbers.has_room_for(StringIndex(2)) && !numbers.has_room_for(StringIndex(3)));
    }
}
