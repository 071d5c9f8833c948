//! Lists of numbers by target, that grow one number at a time and lie close together.
//!
//! In a heap, most nodes have few edges that need to be kept, and a handful (hidden classes,
//! prototypes, `undefined`) have millions. A list of one number is kept in its head, one of two in a
//! pair; a longer one in chunks, each twice as large as the one before it, as differences from number
//! to number. Numbers come in ascending order and close to each other where there are many, so that a
//! long list costs little more than a byte a number and is read in sequence. No list costs more than
//! 16 bytes a number beyond its head.
//!
//! What was measured against this: linked cells of 8 bytes (more memory, and slower to read back), a
//! counting sort (a second pass over all edges), and whole numbers in the chunks (more memory, and no
//! faster).

use crate::error::Result;
use crate::pages_ahead::PageRange;

/// No number. A column of zeros costs nothing until it is touched.
const EMPTY: u32 = 0;
/// Marks a head that is the place of a chunk and not a number.
const CHUNK: u32 = 1 << 31;
/// Chunks begin at multiples of so many words, and the smallest, a pair, has so many.
const UNIT: usize = 4;
/// Words of a pair before its numbers: the chunk or number before it, and its state.
const PAIR_HEADER: usize = 2;
/// Words of a longer chunk before its differences: those of a pair, and the last number.
const HEADER: usize = 3;
/// Chunks stop growing at `UNIT << MAX_CLASS` words.
const MAX_CLASS: u32 = 12;
/// In the state of a chunk, the class is above the count of what is in it: numbers in a pair, bytes in
/// a longer one.
const CLASS_SHIFT: u32 = 24;
/// Stands before a difference of four bytes. A smaller one is a byte.
const LONG: u8 = u8::MAX;

/// The lists. Numbers and targets are below 2^31, and numbers above 0.
pub(super) struct SourceLists {
    heads: Vec<u32>,
    words: Vec<u32>,
}

impl SourceLists {
    /// Empty lists of targets below `count`.
    pub(super) fn new(count: usize) -> Self {
        Self { heads: vec![EMPTY; count], words: Vec::new() }
    }

    /// The memory of the heads.
    pub(super) fn head_pages(&self) -> PageRange {
        PageRange::of(&self.heads)
    }

    /// Appends a number. It costs least if it is a little above the one before it.
    #[inline(always)]
    pub(super) fn push(&mut self, target: u32, number: u32) {
        let head = self.heads[target as usize];
        if head == EMPTY {
            self.heads[target as usize] = number;
        } else if head & CHUNK == 0 {
            let pair = self.new_chunk(0, EMPTY);
            self.words[pair + PAIR_HEADER..][..2].copy_from_slice(&[head, number]);
            self.heads[target as usize] = head_of(pair);
        } else if !self.push_to_chunk(place(head), number) {
            let class = self.words[place(head) + 1] >> CLASS_SHIFT;
            let chunk = self.new_chunk((class + 1).min(MAX_CLASS), head);
            self.push_to_chunk(chunk, number);
            self.heads[target as usize] = head_of(chunk);
        }
    }

    /// Appends a number to a chunk, if there is room.
    #[inline(always)]
    fn push_to_chunk(&mut self, chunk: usize, number: u32) -> bool {
        let state = self.words[chunk + 1];
        let (class, used) = (state >> CLASS_SHIFT, (state & ((1 << CLASS_SHIFT) - 1)) as usize);
        if class == 0 {
            return false;
        }
        let difference = number.wrapping_sub(self.words[chunk + 2]);
        let room: &mut [u8] =
            bytemuck::cast_slice_mut(&mut self.words[chunk + HEADER..chunk + (UNIT << class)]);
        let bytes = if difference < u32::from(LONG) {
            let Some(byte) = room.get_mut(used) else { return false };
            *byte = difference as u8;
            1
        } else {
            let Some(bytes) = room.get_mut(used..used + 5) else { return false };
            bytes[0] = LONG;
            bytes[1..].copy_from_slice(&difference.to_le_bytes());
            5
        };
        self.words[chunk + 1] = state + bytes;
        self.words[chunk + 2] = number;
        true
    }

    #[inline(never)]
    fn new_chunk(&mut self, class: u32, before: u32) -> usize {
        let chunk = self.words.len();
        self.words.resize(chunk + (UNIT << class), 0);
        self.words[chunk] = before;
        self.words[chunk + 1] = class << CLASS_SHIFT;
        chunk
    }

    /// Calls `visit` with the numbers of a list until it says false. The latest chunk is first. Before a chunk of
    /// more than two it tells `before_chunk` how many numbers there are at most.
    ///
    /// # Errors
    /// Those of `before_chunk`.
    #[inline(always)]
    pub(super) fn for_each(
        &self,
        target: u32,
        mut before_chunk: impl FnMut(usize) -> Result<()>,
        mut visit: impl FnMut(u32) -> bool,
    ) -> Result<()> {
        let mut at = self.heads[target as usize];
        while at != EMPTY {
            if at & CHUNK == 0 {
                visit(at);
                return Ok(());
            }
            let chunk = place(at);
            let state = self.words[chunk + 1];
            let (class, used) = (state >> CLASS_SHIFT, (state & ((1 << CLASS_SHIFT) - 1)) as usize);
            if class == 0 {
                let pair = &self.words[chunk + PAIR_HEADER..chunk + UNIT];
                let _ = visit(pair[0]) && visit(pair[1]);
                return Ok(());
            }
            before_chunk(used)?;
            let room: &[u8] =
                bytemuck::cast_slice(&self.words[chunk + HEADER..chunk + (UNIT << class)]);
            let mut differences = &room[..used];
            let mut number = 0_u32;
            while let Some((&byte, rest)) = differences.split_first() {
                let mut difference = u32::from(byte);
                differences = rest;
                if byte == LONG
                    && let Some((bytes, rest)) = rest.split_first_chunk()
                {
                    difference = u32::from_le_bytes(*bytes);
                    differences = rest;
                }
                number = number.wrapping_add(difference);
                if !visit(number) {
                    return Ok(());
                }
            }
            at = self.words[chunk];
        }
        Ok(())
    }

    /// Gives up a list that is no longer needed, for one number that is to be kept in its place.
    #[inline(always)]
    pub(super) fn replace(&mut self, target: u32, number: u32) {
        self.heads[target as usize] = number;
    }

    /// The numbers that were put in place of the lists.
    pub(super) fn into_replacements(self) -> Vec<u32> {
        self.heads
    }
}

fn place(head: u32) -> usize {
    (head & !CHUNK) as usize * UNIT
}

fn head_of(chunk: usize) -> u32 {
    CHUNK | (chunk / UNIT) as u32
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Error;
    use crate::testing::Random;

    #[test]
    fn a_list_gives_back_every_number_once() {
        let mut random = Random::new(1);
        let mut lists = SourceLists::new(20);
        let mut naive = vec![Vec::new(); 20];
        for number in 1..30_000 {
            // The first few lists get most of the numbers.
            let end = 1 + random.below(20);
            let target = random.below(end);
            lists.push(target, number);
            naive[target as usize].push(number);
        }
        for (target, numbers) in naive.iter().enumerate() {
            let mut found = Vec::new();
            let visit = |number| {
                found.push(number);
                true
            };
            lists.for_each(target as u32, |_| Ok(()), visit).unwrap();
            found.sort_unstable();
            assert_eq!(&found, numbers);
        }
        let mut seen = 0;
        let visit = |_| {
            seen += 1;
            seen < 10
        };
        lists.for_each(0, |_| Ok(()), visit).unwrap();
        assert_eq!(seen, 10, "a visit can end early");
        let (mut due, mut seen) = (0, 0);
        let stop = |count| {
            due += count;
            if due > 5_000 { Err(Error::cancelled()) } else { Ok(()) }
        };
        let visit = |_| {
            seen += 1;
            true
        };
        assert!(lists.for_each(0, stop, visit).is_err(), "or be stopped between chunks");
        assert!(seen < naive[0].len());
    }
}
