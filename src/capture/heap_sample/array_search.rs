//! Which array a word lies in. Blocks are read one by one and an array may begin in front of the one that
//! is read: what the words in that mean, only its head tells.

use std::ops::Range;

use super::arrays::{Array, MAX_BYTES};
use super::contents::Counts;
use super::is_large;
use super::memory::is_pointer;
use super::read_only::ReadOnly;
use super::sampler::{BLOCK, Sampler, WORDS};
use super::tables::Table;

impl Sampler {
    /// Looks for the array that begins in front of `block`, if that begins inside of one.
    pub(super) fn find_array(
        &mut self,
        block: &[u64; WORDS],
        address: usize,
        chunk: &Range<usize>,
    ) {
        if is_large(chunk) {
            if !self.array.is_all_of(chunk) {
                self.array = Array::of_chunk(chunk, self.is_of_numbers(chunk));
            }
            return;
        }
        // That of the last block may go on here.
        if (address + 1..=chunk.end).contains(&self.array.end()) {
            return;
        }
        self.array = Array::default();
        let first = block.iter().find(|&&word| is_pointer(word));
        if first.is_none_or(|&word| self.ends_items(word)) {
            return;
        }
        let start = chunk.start.max(address.saturating_sub(MAX_BYTES));
        let mut before = [0; WORDS];
        for piece in (start..address).step_by(BLOCK).rev() {
            if !self.memory.read(piece, &mut before) {
                return;
            }
            if let Some(at) = before.iter().rposition(|&word| self.ends_items(word)) {
                let array = self.array_at(piece + at * 8, &before[at..]);
                self.array = array.filter(|array| array.end() > address).unwrap_or_default();
                return;
            }
        }
    }

    /// An array at `address` that begins with `words` and goes on behind them, if it is one.
    pub(super) fn count_array(&mut self, words: &[u64], address: usize, counts: &mut Counts) {
        if let Some(table) = Table::at(words) {
            counts.holes += self.edges_to_holes(table.holes) as usize;
            counts.ephemerons += self.without_names(table, words).ephemerons as usize;
        }
        // A chunk of one object is one array from its beginning on.
        if !self.array.is_whole()
            && let Some(array) = self.array_at(address, words)
        {
            counts.unused += array.unused_in(address..address + size_of_val(words));
            self.array = array;
        }
    }

    /// Whether a word is no item of an array of values, but belongs to the head of some object.
    fn ends_items(&mut self, word: u64) -> bool {
        let known = if self.is_read_only(word) { self.read_only_object(word) } else { None };
        matches!(known, Some(ReadOnly::StringMap(_) | ReadOnly::Map | ReadOnly::Empty))
    }

    /// The array at `address`, if one begins there with `words`.
    fn array_at(&mut self, address: usize, words: &[u64]) -> Option<Array> {
        if self.facts.double_array_map == Some(words[0]) {
            return Array::of_numbers(address, words);
        }
        let is_map = matches!(self.read_only_object(words[0]), Some(ReadOnly::Map));
        if is_map { Array::at(address, words) } else { None }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::capture::heap_sample::facts::V8Facts;
    use crate::capture::heap_sample::memory::CHUNK;
    use crate::capture::heap_sample::sampler::tests::sampler;

    #[test]
    fn the_array_in_front_of_a_block_goes_on_in_it() {
        let map = 0x1000_0011;
        let mut words = vec![0x2095_c54c_0011_u64; 3 * WORDS];
        words[100] = map;
        words[101] = 1000 << 32;
        let start = words.as_ptr() as usize;
        let chunk = start..start + CHUNK;
        let mut sampler = sampler(V8Facts::default(), &[(map, ReadOnly::Map)]);
        let mut items = |at: usize| {
            let block = words[at * WORDS..][..WORDS].try_into().unwrap();
            let (address, mut counts) = (start + at * BLOCK, Counts::default());
            sampler.array = Array::default();
            sampler.find_array(block, address, &chunk);
            sampler.count(block, address, 1.0, &mut counts);
            counts.items
        };
        assert_eq!([items(0), items(1), items(2)], [WORDS - 102, WORDS, 102 + 1000 - 2 * WORDS]);
    }

    #[test]
    fn a_hole_ends_no_items() {
        let hole = 0x1000_0021;
        let ends = |hole_of_v8| {
            let facts = V8Facts { hole: hole_of_v8, ..V8Facts::default() };
            // As which it would pass by what is there.
            sampler(facts, &[(hole, ReadOnly::Empty)]).ends_items(hole)
        };
        assert_eq!((ends(None), ends(Some(hole))), (true, false));
    }
}
