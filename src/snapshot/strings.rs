//! The string table: one arena of bytes and an offset for each string.
//!
//! Texts are WTF-8: UTF-8, except that a lone surrogate is encoded as if it were a character.
//! V8 strings are sequences of UTF-16 units and may hold such halves; nothing is lost this way.
//! Memory: the bytes, and 4 bytes a string.

use crate::graph::StringIndex;
use crate::prefix_sums::PrefixSums;

/// All strings of a snapshot.
#[derive(Debug, Default)]
pub struct StringTable {
    bytes: Vec<u8>,
    /// The lengths of the strings.
    lengths: PrefixSums,
    /// Where the string begins that is being written.
    start: usize,
}

impl StringTable {
    /// An empty table.
    pub fn new() -> Self {
        Self::default()
    }

    /// How many strings there are.
    pub fn len(&self) -> usize {
        self.lengths.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.lengths.is_empty()
    }

    /// Bytes on our heap.
    pub fn memory_bytes(&self) -> usize {
        self.bytes.len() + self.lengths.memory_bytes()
    }

    /// The text of a string, as WTF-8. Strings out of range are empty.
    #[inline]
    pub fn get(&self, index: StringIndex) -> &[u8] {
        let at = index.at();
        if at >= self.lengths.len() {
            return &[];
        }
        &self.bytes[self.lengths.before(at) as usize..self.lengths.before(at + 1) as usize]
    }

    /// The first string whose text is `text`. Linear: for a few look-ups per snapshot.
    pub fn find(&self, text: &[u8]) -> Option<StringIndex> {
        (0..self.len() as u32).map(StringIndex).find(|&index| self.get(index) == text)
    }

    /// Appends a string that is already WTF-8.
    pub fn push(&mut self, text: &[u8]) -> StringIndex {
        self.bytes.extend_from_slice(text);
        self.end_string();
        StringIndex((self.lengths.len() - 1) as u32)
    }

    /// The bytes written so far, for a decoder that appends in place. Call [`Self::end_string`]
    /// after each string.
    pub(crate) fn arena(&mut self) -> &mut Vec<u8> {
        &mut self.bytes
    }

    /// Gives back what is reserved for more strings.
    pub(crate) fn shrink(&mut self) {
        self.bytes.shrink_to_fit();
        self.lengths.shrink();
    }

    /// Ends the string that was appended to the arena.
    pub(crate) fn end_string(&mut self) {
        self.lengths.push((self.bytes.len() - self.start) as u64);
        self.start = self.bytes.len();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strings_come_back_as_they_went_in() {
        let mut table = StringTable::new();
        let first = table.push(b"<dummy>");
        let empty = table.push(b"");
        let last = table.push("caf\u{e9}".as_bytes());
        assert_eq!(table.get(first), b"<dummy>");
        assert_eq!(table.get(empty), b"");
        assert_eq!(table.get(last), "caf\u{e9}".as_bytes());
        assert_eq!(table.get(StringIndex(99)), b"");
        assert_eq!(table.find(b""), Some(empty));
    }
}
