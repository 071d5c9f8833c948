//! Edge types and the packed form of an edge.

use bytemuck::Zeroable;

/// The type of an edge, in V8's own order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(transparent)]
pub struct EdgeType(pub u8);

/// The known types' names, by number.
pub const EDGE_TYPE_NAMES: [&str; 7] =
    ["context", "element", "property", "internal", "hidden", "shortcut", "weak"];

impl EdgeType {
    /// A variable in a function's context.
    pub const CONTEXT: Self = Self(0);
    /// An array slot; the name is a number.
    pub const ELEMENT: Self = Self(1);
    /// A named property.
    pub const PROPERTY: Self = Self(2);
    /// A reference inside V8 that has a name.
    pub const INTERNAL: Self = Self(3);
    /// A reference inside V8; the name is a number.
    pub const HIDDEN: Self = Self(4);
    /// A reference that stands for a path of others.
    pub const SHORTCUT: Self = Self(5);
    /// A reference that does not keep its target alive.
    pub const WEAK: Self = Self(6);
    /// A type that this version does not know: strong, and named by a string.
    pub const UNKNOWN: Self = Self(7);

    /// The type of that name.
    pub fn from_name(name: &str) -> Self {
        match EDGE_TYPE_NAMES.iter().position(|&known| known == name) {
            Some(at) => Self(at as u8),
            None => Self::UNKNOWN,
        }
    }

    /// The type's name.
    pub fn name(self) -> &'static str {
        EDGE_TYPE_NAMES.get(usize::from(self.0)).copied().unwrap_or("unknown")
    }

    /// Whether edges of this type are named by a number and not by a string.
    #[inline(always)]
    pub fn is_numbered(self) -> bool {
        self == Self::ELEMENT || self == Self::HIDDEN
    }
}

/// Type and name of an edge in one word: 3 bits of type, 29 bits of name.
///
/// The name is a string index or, for numbered types, a number. Numbers of 2^29 - 1 and above do
/// not fit (an array may have slots up to 2^32 - 2); they are stored as [`EdgeLabel::WIDE`] and
/// kept in a side table. String indices always fit, because decoding refuses larger tables.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Zeroable)]
#[repr(transparent)]
pub struct EdgeLabel(u32);

impl EdgeLabel {
    const NAME_BITS: u32 = 29;
    /// The name that says "look in the side table".
    pub const WIDE: u32 = (1 << Self::NAME_BITS) - 1;

    /// Packs a type and a name. A name that does not fit becomes [`EdgeLabel::WIDE`].
    #[inline(always)]
    pub fn new(edge_type: EdgeType, name: u32) -> Self {
        let name = if name < Self::WIDE { name } else { Self::WIDE };
        Self(u32::from(edge_type.0) << Self::NAME_BITS | name)
    }

    /// The type.
    #[inline(always)]
    pub fn edge_type(self) -> EdgeType {
        EdgeType((self.0 >> Self::NAME_BITS) as u8)
    }

    /// The name as it is stored: a string index, a number, or [`EdgeLabel::WIDE`].
    #[inline(always)]
    pub fn raw_name(self) -> u32 {
        self.0 & Self::WIDE
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_label_gives_back_what_was_packed() {
        for edge_type in 0..8 {
            for name in [0, 1, 4711, EdgeLabel::WIDE - 1] {
                let label = EdgeLabel::new(EdgeType(edge_type), name);
                assert_eq!((label.edge_type().0, label.raw_name()), (edge_type, name));
            }
        }
        assert_eq!(EdgeLabel::new(EdgeType::ELEMENT, u32::MAX).raw_name(), EdgeLabel::WIDE);
    }
}
