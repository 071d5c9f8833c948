//! FNV-1a, 64 bits (Fowler, Noll & Vo; draft-eastlake-fnv). For what has to be the same in every
//! process and version: slot keys, tags, shapes, fingerprints. The standard library's hashers
//! promise no such thing.

/// A hash in the making.
#[derive(Clone, Copy, Debug)]
pub struct Fnv(u64);

impl Default for Fnv {
    fn default() -> Self {
        Self(0xcbf2_9ce4_8422_2325)
    }
}

impl Fnv {
    /// Adds a byte.
    #[inline]
    pub fn byte(&mut self, byte: u8) {
        self.0 = (self.0 ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
    }

    /// Adds bytes, and where they end.
    #[inline]
    pub fn bytes(&mut self, bytes: &[u8]) {
        for &byte in bytes {
            self.byte(byte);
        }
        self.byte(0xff);
    }

    /// Adds a text: all of it or, of one that is longer than any name that V8 writes, its ends and its length.
    /// A file may have such a name for each of its nodes.
    #[inline]
    pub fn text(&mut self, text: &[u8]) {
        /// Bytes at each end of a text.
        const END: usize = 256;
        if text.len() <= 2 * END {
            return self.bytes(text);
        }
        self.bytes(&text[..END]);
        self.bytes(&text[text.len() - END..]);
        self.word(text.len() as u64);
    }

    /// Adds a number that is a hash itself, in one step instead of eight: a product, whose upper half is folded
    /// into the lower, as numbers only carry upwards.
    #[inline]
    pub fn word(&mut self, word: u64) {
        let product = (self.0 ^ word).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        self.0 = product ^ product >> 32;
    }

    /// The hash.
    #[inline]
    pub fn finish(self) -> u64 {
        self.0
    }
}

/// The hash of a text.
pub fn hash_of(text: &[u8]) -> u64 {
    let mut hash = Fnv::default();
    hash.text(text);
    hash.finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_text_is_told_from_others_by_its_ends_and_its_length() {
        let text =
            |middle: usize, end: &str| hash_of(format!("a{}{end}", "b".repeat(middle)).as_bytes());
        let long = text(10_000, "c");
        assert_eq!(long, text(10_000, "c"));
        assert_ne!(long, text(10_001, "c"));
        assert_ne!(long, text(10_000, "d"));
    }

    #[test]
    fn the_hash_is_the_published_one() {
        let mut hash = Fnv::default();
        for &byte in b"foobar" {
            hash.byte(byte);
        }
        assert_eq!(hash.finish(), 0x8594_4171_f739_67e8);
    }
}
