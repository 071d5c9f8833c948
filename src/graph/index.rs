//! Typed u32 indices. A snapshot has fewer than 2^32 nodes, edges and strings (the format's own
//! ceiling is about 357 million nodes), so half a machine word is enough and halves the columns.

use bytemuck::{Pod, Zeroable};

/// The ordinal of a node: 0 for the first row of `nodes`, 1 for the next.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Pod, Zeroable)]
#[repr(transparent)]
pub struct NodeIndex(pub u32);

/// The ordinal of an edge.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Zeroable)]
#[repr(transparent)]
pub struct EdgeIndex(pub u32);

/// The ordinal of a string.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Zeroable)]
#[repr(transparent)]
pub struct StringIndex(pub u32);

impl NodeIndex {
    /// For indexing a column.
    #[inline(always)]
    pub fn at(self) -> usize {
        self.0 as usize
    }
}

impl EdgeIndex {
    /// For indexing a column.
    #[inline(always)]
    pub fn at(self) -> usize {
        self.0 as usize
    }
}

impl StringIndex {
    /// For indexing a column.
    #[inline(always)]
    pub fn at(self) -> usize {
        self.0 as usize
    }
}
