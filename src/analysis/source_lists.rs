//! Lists of numbers by target, that grow one number at a time and lie close together.
//!
//! In a heap, most nodes have few edges that need to be kept, and a handful (hidden classes,
//! prototypes, `undefined`) have millions. A list of one number is kept in its head; a longer one
//! in chunks, each twice as large as the one before it. So a long list costs 4 bytes a number and
//! is read in sequence, and no list costs more than 12 bytes a number beyond its head.
//!
//! What was measured against this: linked cells of 8 bytes (twice the memory, and slower to read
//! back), and a counting sort (a second pass over all edges).

/// No number.
const EMPTY: u32 = u32::MAX;
/// Marks a head that is the place of a chunk and not a number.
const CHUNK: u32 = 1 << 31;
/// Chunks begin at multiples of so many words, and the smallest has so many.
const UNIT: usize = 4;
/// Words of a chunk before its numbers: the chunk or number before it, and how full it is.
const HEADER: usize = 2;
/// Chunks stop growing at `UNIT << MAX_CLASS` words.
const MAX_CLASS: u32 = 12;
/// In the second word of a chunk, the class is above the count.
const CLASS_SHIFT: u32 = 24;

/// The lists. Numbers and targets are below 2^31.
pub(super) struct SourceLists {
    heads: Vec<u32>,
    words: Vec<u32>,
}

impl SourceLists {
    /// Empty lists of targets below `count`.
    pub(super) fn new(count: usize) -> Self {
        Self { heads: vec![EMPTY; count], words: Vec::new() }
    }

    /// Appends a number.
    #[inline(always)]
    pub(super) fn push(&mut self, target: u32, number: u32) {
        let head = self.heads[target as usize];
        if head == EMPTY {
            self.heads[target as usize] = number;
        } else if head & CHUNK == 0 {
            self.heads[target as usize] = self.new_chunk(0, EMPTY, &[head, number]);
        } else {
            let chunk = place(head);
            let state = self.words[chunk + 1];
            let (class, used) = (state >> CLASS_SHIFT, state & ((1 << CLASS_SHIFT) - 1));
            if (used as usize) < (UNIT << class) - HEADER {
                self.words[chunk + HEADER + used as usize] = number;
                self.words[chunk + 1] = state + 1;
            } else {
                let class = (class + 1).min(MAX_CLASS);
                self.heads[target as usize] = self.new_chunk(class, head, &[number]);
            }
        }
    }

    #[inline(never)]
    fn new_chunk(&mut self, class: u32, before: u32, numbers: &[u32]) -> u32 {
        let chunk = self.words.len();
        self.words.resize(chunk + (UNIT << class), 0);
        self.words[chunk] = before;
        self.words[chunk + 1] = class << CLASS_SHIFT | numbers.len() as u32;
        self.words[chunk + HEADER..][..numbers.len()].copy_from_slice(numbers);
        CHUNK | (chunk / UNIT) as u32
    }

    /// Calls `visit` with the numbers of a list until it says false. The latest chunk is first.
    #[inline(always)]
    pub(super) fn for_each(&self, target: u32, mut visit: impl FnMut(u32) -> bool) {
        let mut at = self.heads[target as usize];
        while at != EMPTY {
            if at & CHUNK == 0 {
                visit(at);
                return;
            }
            let chunk = place(at);
            let used = (self.words[chunk + 1] & ((1 << CLASS_SHIFT) - 1)) as usize;
            for &number in &self.words[chunk + HEADER..][..used] {
                if !visit(number) {
                    return;
                }
            }
            at = self.words[chunk];
        }
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::Random;

    #[test]
    fn a_list_gives_back_every_number_once() {
        let mut random = Random::new(1);
        let mut lists = SourceLists::new(20);
        let mut naive = vec![Vec::new(); 20];
        for number in 0..30_000 {
            // The first few lists get most of the numbers.
            let end = 1 + random.below(20);
            let target = random.below(end);
            lists.push(target, number);
            naive[target as usize].push(number);
        }
        for (target, numbers) in naive.iter().enumerate() {
            let mut found = Vec::new();
            lists.for_each(target as u32, |number| {
                found.push(number);
                true
            });
            found.sort_unstable();
            assert_eq!(&found, numbers);
        }
        let mut seen = 0;
        lists.for_each(0, |_| {
            seen += 1;
            seen < 10
        });
        assert_eq!(seen, 10, "a visit can end early");
    }
}
