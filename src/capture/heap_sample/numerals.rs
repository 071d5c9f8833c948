//! Numbers that are there as strings. V8 has their texts when it comes to the indices of long arrays,
//! and spells out only the others.
//!
//! How many different ones there are is told by how few of a sample are the same (Chao, *Nonparametric
//! estimation of the number of classes in a population*, 1984). From n that all differ it follows that
//! there are at least some n² / 2; so of a long array many are drawn, each slot as likely as any other.

use std::collections::{HashMap, HashSet};
use std::hash::{DefaultHasher, Hasher};

use super::strings::{StringMap, length_of};

/// The longest numeral that can be an index.
const MAX_NUMERAL_BYTES: u32 = 7;
/// So many slots of long arrays of numerals are drawn, at most half of what is left of each array:
/// some milliseconds.
const DRAWN: usize = 1 << 13;
/// In so many parts at most a range of numbers is looked at, of so many numbers at least.
const MOST_PARTS: f64 = 64.0;
const LEAST_PART: f64 = 1000.0;

/// Numbers that were seen as strings.
#[derive(Default)]
pub(super) struct Numerals(HashMap<u64, Seen>);

#[derive(Clone, Copy, Default)]
struct Seen {
    times: u32,
    /// How many references those were drawn from, for each: the most that it may stand for.
    weight: f64,
}

impl Numerals {
    /// Looks at an object with this map that begins with these words. A reference to it was one of
    /// `weight`. True if it is a numeral.
    pub(super) fn see(&mut self, map: StringMap, words: [u64; 3], weight: f64) -> bool {
        let [_, length, text] = words;
        map.one_byte && map.sequential && self.see_text(text, length_of(length), weight)
    }

    /// `text` is the first word of a string of `length` characters.
    fn see_text(&mut self, text: u64, length: u32, weight: f64) -> bool {
        if !(1..=MAX_NUMERAL_BYTES).contains(&length) {
            return false;
        }
        let bytes = text.to_le_bytes();
        let digits = &bytes[..length as usize];
        let is_index = digits.iter().all(u8::is_ascii_digit) && (digits[0] != b'0' || length == 1);
        if is_index {
            let value = digits.iter().fold(0, |value, digit| value * 10 + u64::from(digit - b'0'));
            let seen = self.0.entry(value).or_default();
            seen.times += 1;
            seen.weight = seen.weight.max(weight);
        }
        is_index
    }

    /// The different ones from `start` to `end`, seen and unseen.
    pub(super) fn different(&self, start: f64, end: f64) -> Different {
        let in_range = |(&number, &seen): (&u64, &Seen)| {
            (start..end).contains(&(number as f64)).then_some((number as f64, seen))
        };
        let mut seen: Vec<_> = self.0.iter().filter_map(in_range).collect();
        seen.sort_by(|a, b| a.0.total_cmp(&b.0));
        let count = |times| seen.iter().filter(|(_, seen)| seen.times == times).count() as f64;
        let (once, twice) = (count(1), count(2));
        // Chao's estimate: those that were seen once tell of more the fewer were seen twice.
        let for_once = 1.0 + f64::max(once - 1.0, 0.0) / (2.0 * (twice + 1.0));
        let stands_for = |seen: Seen| if seen.times == 1 { seen.weight.min(for_once) } else { 1.0 };
        Different(seen.into_iter().map(|(number, seen)| (number, stands_for(seen))).collect())
    }
}

/// Different numerals, in ascending order, and how many each stands for.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Different(Vec<(f64, f64)>);

impl Different {
    /// These, in ascending order, and no others.
    #[cfg(test)]
    pub(super) fn of(numbers: &[f64]) -> Self {
        Self(numbers.iter().map(|&number| (number, 1.0)).collect())
    }

    /// How many there are from `start` to `end`, at least. No part of that has more than there is room
    /// for.
    pub(super) fn between(&self, start: f64, end: f64) -> f64 {
        let length = f64::max(end - start, 0.0);
        let parts = (length / LEAST_PART).clamp(1.0, MOST_PARTS);
        let width = length / parts.floor();
        (0..parts as usize)
            .map(|part| start + part as f64 * width)
            .map(|start| self.expected(start, start + width).min(width))
            .sum()
    }

    fn expected(&self, start: f64, end: f64) -> f64 {
        let at = |border: f64| self.0.partition_point(|(number, _)| *number < border);
        let seen = self.0.get(at(start)..at(end)).unwrap_or_default();
        seen.iter().map(|(_, stands_for)| stands_for).sum()
    }
}

/// Slots of arrays, drawn by lot.
pub(super) struct Lots {
    left: usize,
}

impl Lots {
    pub(super) fn new() -> Self {
        Self { left: DRAWN }
    }

    /// Draws some of the first `slots` slots, each once. The same ones for arrays of one length.
    pub(super) fn draw(&self, slots: usize) -> Vec<usize> {
        let drawn: HashSet<usize> = (0..(self.left / 2).min(slots))
            .map(|number| {
                let mut hasher = DefaultHasher::new();
                hasher.write_usize(number);
                (hasher.finish() % slots as u64) as usize
            })
            .collect();
        drawn.into_iter().collect()
    }

    /// That many have been looked at.
    pub(super) fn use_up(&mut self, drawn: usize) {
        self.left = self.left.saturating_sub(drawn);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numerals_are_counted_without_their_repetitions() {
        let see = |numerals: &mut Numerals, text: &str| {
            let mut bytes = [0; 8];
            bytes[..text.len()].copy_from_slice(text.as_bytes());
            numerals.see_text(u64::from_le_bytes(bytes), text.len() as u32, 400.0)
        };
        let mut numerals = Numerals::default();
        for other in ["", "a", "01", "1x", "12345678"] {
            assert!(!see(&mut numerals, other));
        }
        let between = |numerals: &Numerals, start, end| {
            let different = numerals.different(0.0, 1e6);
            different.between(start, end)
        };
        assert_eq!(between(&numerals, 0.0, 1e6), 0.0);
        for _ in 0..3 {
            (0..100).for_each(|number| assert!(see(&mut numerals, &number.to_string())));
        }
        assert_eq!(between(&numerals, 0.0, 1e6), 100.0, "all were seen more than twice");
        assert_eq!(between(&numerals, 50.0, 80.0), 30.0);
        assert_eq!(between(&numerals, 80.0, 50.0), 0.0);
        (1000..2000).for_each(|number| assert!(see(&mut numerals, &number.to_string())));
        let all = numerals.different(0.0, 1e6).expected(0.0, 1e6);
        assert_eq!(all, 100.0 + 1000.0 * 400.0, "none was seen twice, each was one of so many");
        assert_eq!(between(&numerals, 0.0, 1000.0), 100.0, "and those are elsewhere");
        assert_eq!(between(&numerals, 1000.0, 9000.0), 1000.0, "there is room for so many");
        assert_eq!(numerals.different(0.0, 500.0).between(0.0, 1e6), 100.0);
    }

    #[test]
    fn slots_are_drawn_once_and_not_without_end() {
        let mut lots = Lots::new();
        assert!(lots.draw(0).is_empty());
        let few = lots.draw(3);
        assert!(!few.is_empty() && few.len() <= 3 && few.iter().all(|&slot| slot < 3));
        let many = lots.draw(1 << 20);
        assert!((3_900..=DRAWN / 2).contains(&many.len()), "{}", many.len());
        let different: HashSet<_> = many.iter().collect();
        assert_eq!(different.len(), many.len());
        for _ in 0..100 {
            lots.use_up(lots.draw(1 << 20).len());
        }
        assert!(lots.draw(1 << 20).len() < 100);
    }
}
