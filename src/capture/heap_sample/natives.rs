//! Objects that are not V8's and belong to one of V8's: what Node has for a socket or a key, what V8 notes
//! about the bytes of an `ArrayBuffer`.
//!
//! A word of V8's heap that is an address of the C library's memory leads to one, if it is not that of plain
//! bytes.

use std::ops::Range;

/// Memory that is not V8's but the C library's, in order of address.
#[derive(Debug, Default)]
pub(super) struct NativeMemory(Vec<Range<usize>>);

impl NativeMemory {
    /// Of mappings in order of address.
    pub(super) fn new(mappings: Vec<Range<usize>>) -> Self {
        Self(mappings)
    }

    /// Whether the word at `at` is the address of a native object that V8's garbage collection or its
    /// walk may write to. Not that of the bytes of an `ArrayBuffer`, which are written to by nobody:
    /// there, that of what V8 notes about them comes next; and in a typed array its length is in front,
    /// and a zero behind.
    pub(super) fn is_object(&self, block: &[u64], at: usize) -> bool {
        if !self.is_allocated(block[at]) {
            return false;
        }
        match block.get(at + 1) {
            Some(0) => !ends_with_length(&block[..at]),
            next => next.is_none_or(|&next| !self.is_allocated(next)),
        }
    }

    /// Whether a word is the address of something that the C library has allocated.
    fn is_allocated(&self, word: u64) -> bool {
        const ALIGNMENT: u64 = 16;
        let after = self.0.partition_point(|range| range.end as u64 <= word);
        word.is_multiple_of(ALIGNMENT)
            && self.0.get(after).is_some_and(|range| range.start as u64 <= word)
    }
}

/// Whether the last words are the length of a typed array: in bytes and in items, until V8 12 with another
/// word in between; and from V8 14 on, in bytes and a reference to `undefined` if the array does not
/// follow its buffer's length.
fn ends_with_length(words: &[u64]) -> bool {
    const MOST_BYTES: u64 = 1 << 32;
    let is_reference = |word: u64| word & 3 == 1 && word >= MOST_BYTES;
    let are_lengths = |bytes: u64, items: u64| {
        [1, 2, 4, 8].into_iter().any(|size| items.checked_mul(size) == Some(bytes))
    };
    match words {
        [.., before, bytes, last] => {
            are_lengths(*bytes, *last)
                || (*last > 0 && are_lengths(*before, *last))
                || (*bytes < MOST_BYTES && is_reference(*last))
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn native_objects_count_and_the_bytes_of_buffers_do_not() {
        const FLAGS: u64 = 8;
        let (bytes, note, wrapped) = (0x7f00_0000_0010, 0x7f00_0000_2010, 0x7f00_0000_3010);
        let map = 0x2000_0011;
        let mappings = std::iter::once(0x7f00_0000_0000..0x7f00_0000_4000).collect();
        let native = NativeMemory::new(mappings);
        let count =
            |words: &[u64]| (0..words.len()).filter(|&at| native.is_object(words, at)).count();
        assert_eq!(count(&[map, 4096, 4096, bytes, note, FLAGS]), 1);
        assert_eq!(count(&[map, 4096, 4096, bytes, 0, map]), 0);
        assert_eq!(count(&[map, 4096, 512, bytes, 0, map]), 0);
        let (undefined, elements) = (0x14b9_f7a0_0011, 0x14b9_f7a0_1a79);
        assert_eq!(count(&[map, 4096, 0x14b9_f7a0_04e8, 4096, bytes, 0, map]), 0, "until V8 12");
        assert_eq!(count(&[map, 0, 4096, undefined, bytes, 0, map]), 0, "from V8 14 on");
        assert_eq!(count(&[map, elements, undefined, wrapped, 0, map]), 1);
        assert_eq!(count(&[map, 0x925_7380, wrapped, 0, map]), 1);
        assert_eq!(count(&[map, wrapped, map]), 1);
        assert_eq!(count(&[map, wrapped]), 1);
        assert_eq!(count(&[map, 0x7f00_0000_4010, 0x7f00_0000_0018, map]), 0);
    }
}
