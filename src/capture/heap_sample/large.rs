//! One large object, which has a chunk of its own: beside a sample of its blocks its head is read, which
//! tells what the blocks cannot, and its slots are looked at for numerals.

use std::ops::Range;

use super::contents::Contents;
use super::indices::Span;
use super::memory::is_pointer;
use super::sampler::{BLOCKS_PER_CHECKPOINT, Sampler, WORDS};
use super::tables::Table;

/// The head of a large object lies in the first so many blocks of its chunk.
const HEAD_BLOCKS: usize = 3;
/// After so many slots of an array without a numeral no more are looked at for one.
const PROBED: usize = 64;

impl Sampler {
    /// The same for the chunk of one large object, whose head is read in any case; and where its
    /// references are.
    pub(super) fn sample_large(
        &mut self,
        chunk: &Range<usize>,
        samples: usize,
    ) -> (Contents, Option<Span>) {
        self.filled_to = chunk.start;
        self.has_drawn = self.draw_numerals(chunk);
        let contents = self.sample(std::slice::from_ref(chunk), samples);
        self.has_drawn = false;
        let table = self.head_of(chunk);
        if table.as_ref().is_some_and(|table| table.is_cache) {
            return (Contents { bytes: contents.bytes, ..Contents::default() }, None);
        }
        let slots = match &table {
            Some(table) => table.slots.start as f64..table.slots.end as f64,
            None => 0.0..self.filled_to.saturating_sub(chunk.start).min(chunk.len()) as f64 / 8.0,
        };
        let Table { unused, ephemerons, holes, .. } = table.unwrap_or_default();
        let holes = self.edges_to_holes(holes) as f64;
        let density = (contents.pointers + holes) / (slots.end - slots.start).max(1.0);
        let contents = Contents {
            oddballs: (contents.oddballs - unused as f64).max(0.0),
            holes,
            ephemerons: ephemerons as f64,
            items: contents.pointers,
            ..contents
        };
        (contents, Some(Span { slots, density }))
    }

    /// Notes numerals that the array in `chunk` leads to. False if there seem to be none.
    fn draw_numerals(&mut self, chunk: &Range<usize>) -> bool {
        let slots = chunk.len() / 8;
        let drawn = self.lots.draw(slots);
        let weight = slots as f64 / drawn.len().max(1) as f64;
        let (mut word, mut has_any) = ([0], false);
        for (number, slot) in drawn.iter().enumerate() {
            let is_over = number == PROBED && !has_any;
            let checks = number.is_multiple_of(BLOCKS_PER_CHECKPOINT);
            if is_over || checks && self.control.checkpoint().is_err() {
                return false;
            }
            if self.memory.read(chunk.start + slot * 8, &mut word)
                && is_pointer(word[0])
                && let Some(words) = self.memory.object(word[0])
            {
                has_any |= self.see_numeral(words, weight);
            }
        }
        self.lots.use_up(drawn.len());
        has_any
    }

    /// The table that fills `chunk`, if it is one.
    fn head_of(&mut self, chunk: &Range<usize>) -> Option<Table> {
        let mut words = [0; HEAD_BLOCKS * WORDS];
        if !self.memory.read(chunk.start, &mut words) {
            return None;
        }
        (0..words.len())
            .filter(|&at| self.is_read_only(words[at]))
            .find_map(|at| Some((Table::at(&words[at..])?, at)))
            .map(|(table, at)| self.without_names(table, &words[at..]))
    }

    /// Whether the object that fills `chunk` is an array of doubles: its map is the first word there that
    /// leads into read-only memory.
    pub(super) fn is_of_numbers(&mut self, chunk: &Range<usize>) -> bool {
        let mut words = [0; HEAD_BLOCKS * WORDS];
        self.facts.double_array_map.is_some()
            && self.memory.read(chunk.start, &mut words)
            && words.into_iter().find(|&word| self.is_read_only(word))
                == self.facts.double_array_map
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::capture::heap_sample::facts::V8Facts;
    use crate::capture::heap_sample::sampler::tests::sampler;

    #[test]
    fn a_chunk_of_doubles_is_told_by_its_map() {
        let doubles = 0x1000_0021;
        let mut words = vec![0x2095_c54c_0011_u64; 8 * WORDS];
        words[7] = doubles;
        let start = words.as_ptr() as usize;
        let chunk = start..start + words.len() * 8;
        let contents = |double_array_map| {
            let facts = V8Facts { double_array_map, ..V8Facts::default() };
            sampler(facts, &[]).sample_large(&chunk, 8).0
        };
        assert!(contents(None).pointers > 4000.0);
        assert_eq!(contents(Some(0x1000_0031)).pointers, contents(None).pointers);
        let found = contents(Some(doubles));
        assert_eq!((found.pointers, found.large_referring), (0.0, 0.0));
        assert!(found.bytes > 30e3);
    }
}
