//! What blocks of V8's memory hold: as it was counted, and what there is of it in all.

use super::indices::Span;
use super::sampler::BLOCK;

/// How much there is of each in a part of V8's memory.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(in crate::capture) struct Contents {
    /// Bytes that have ever been used.
    pub(super) bytes: f64,
    /// References.
    pub(in crate::capture) pointers: f64,
    /// Objects.
    pub(in crate::capture) objects: f64,
    /// Strings, and the characters of theirs that a snapshot may hold.
    pub(in crate::capture) strings: f64,
    pub(super) characters: f64,
    /// Strings in V8's table of them.
    pub(super) internalized: f64,
    /// References to `undefined` and the like.
    pub(super) oddballs: f64,
    /// References to what stands for deleted entries of a `Map` or a `Set`.
    pub(super) holes: f64,
    /// Pairs of tables of `WeakMap`s.
    pub(in crate::capture) ephemerons: f64,
    /// References from arrays and tables.
    pub(super) items: f64,
    /// Native objects that belong to one of V8's.
    pub(super) natives: f64,
    /// Bytes of the pages that hold references, and of those that are of large objects.
    pub(super) referring: f64,
    pub(super) large_referring: f64,
}

impl Contents {
    pub(super) fn add(&mut self, other: &Self) {
        self.bytes += other.bytes;
        self.pointers += other.pointers;
        self.objects += other.objects;
        self.strings += other.strings;
        self.characters += other.characters;
        self.internalized += other.internalized;
        self.oddballs += other.oddballs;
        self.holes += other.holes;
        self.ephemerons += other.ephemerons;
        self.items += other.items;
        self.natives += other.natives;
        self.referring += other.referring;
        self.large_referring += other.large_referring;
    }

    /// An array of so many bytes that is like the average of what was found in `bytes`.
    pub(super) fn as_array(&self, length: usize, bytes: f64) -> Span {
        let density = (self.pointers + self.holes) / (bytes / 8.0).max(1.0);
        Span { slots: 0.0..length as f64 / 8.0, density }
    }

    /// A share of it.
    pub(super) fn scale(&self, share: f64) -> Self {
        Self {
            bytes: self.bytes * share,
            pointers: self.pointers * share,
            objects: self.objects * share,
            strings: self.strings * share,
            characters: self.characters * share,
            internalized: self.internalized * share,
            oddballs: self.oddballs * share,
            holes: self.holes * share,
            ephemerons: self.ephemerons * share,
            items: self.items * share,
            natives: self.natives * share,
            referring: self.referring * share,
            large_referring: self.large_referring * share,
        }
    }
}

/// Counts of what was read.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Counts {
    pub(super) used: usize,
    pub(super) pointers: usize,
    pub(super) followed: usize,
    pub(super) to_maps: usize,
    pub(super) strings: usize,
    pub(super) characters: usize,
    pub(super) internalized: usize,
    pub(super) oddballs: usize,
    pub(super) holes: usize,
    pub(super) items: usize,
    /// Words of tables that nothing was put into yet. They hold `undefined`.
    pub(super) unused: f64,
    pub(super) ephemerons: usize,
    pub(super) natives: usize,
    /// Blocks with any word that may be a reference.
    pub(super) referring: usize,
    /// Blocks of large objects that hold references.
    pub(super) large_referring: usize,
}

impl Counts {
    /// What there is if each block stands for `scale` of them.
    pub(super) fn scale(&self, scale: f64) -> Contents {
        let scaled = |count: usize| count as f64 * scale;
        let share_of_maps = self.to_maps as f64 / self.followed.max(1) as f64;
        Contents {
            bytes: scaled(self.used * BLOCK),
            pointers: scaled(self.pointers),
            objects: scaled(self.pointers) * share_of_maps,
            strings: scaled(self.strings),
            characters: scaled(self.characters),
            internalized: scaled(self.internalized),
            oddballs: (self.oddballs as f64 - self.unused) * scale,
            holes: scaled(self.holes),
            ephemerons: scaled(self.ephemerons),
            items: scaled(self.items),
            natives: scaled(self.natives),
            referring: scaled(self.referring * BLOCK),
            large_referring: scaled(self.large_referring * BLOCK),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unused_slots_of_tables_are_taken_off_what_arrays_hold() {
        let counts = Counts { oddballs: 100, unused: 30.0, ephemerons: 5, ..Counts::default() };
        let contents = counts.scale(2.0);
        assert_eq!((contents.oddballs, contents.ephemerons), (140.0, 10.0));
    }
}
