//! Node types: what V8 says a node is.

use bytemuck::Zeroable;

/// The type of a node, in V8's own order, so that the number in a file of Node 20-26 is the number
/// here. A snapshot whose `meta` lists other types gets numbers from
/// [`NodeType::FIRST_UNKNOWN`] on for them; their names are in
/// [`SnapshotTables::node_type_names`](crate::snapshot::SnapshotTables::node_type_names).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Zeroable)]
#[repr(transparent)]
pub struct NodeType(pub u8);

/// The known types' names, by number.
pub const NODE_TYPE_NAMES: [&str; 16] = [
    "hidden",
    "array",
    "string",
    "object",
    "code",
    "closure",
    "regexp",
    "number",
    "native",
    "synthetic",
    "concatenated string",
    "sliced string",
    "symbol",
    "bigint",
    "object shape",
    "wasm object",
];

impl NodeType {
    /// V8's internal structures.
    pub const HIDDEN: Self = Self(0);
    /// Backing stores: elements, dictionary properties, hash tables.
    pub const ARRAY: Self = Self(1);
    /// A flat string.
    pub const STRING: Self = Self(2);
    /// A JavaScript object.
    pub const OBJECT: Self = Self(3);
    /// Code and what belongs to it: scripts, function infos, feedback.
    pub const CODE: Self = Self(4);
    /// A function.
    pub const CLOSURE: Self = Self(5);
    /// A regular expression.
    pub const REGEXP: Self = Self(6);
    /// A number on the heap.
    pub const NUMBER: Self = Self(7);
    /// Memory outside V8's heap.
    pub const NATIVE: Self = Self(8);
    /// Made up by the snapshot generator: roots and groups.
    pub const SYNTHETIC: Self = Self(9);
    /// `a + b`, not yet flattened.
    pub const CONS_STRING: Self = Self(10);
    /// A substring that keeps its parent alive.
    pub const SLICED_STRING: Self = Self(11);
    /// A symbol.
    pub const SYMBOL: Self = Self(12);
    /// A bigint.
    pub const BIGINT: Self = Self(13);
    /// Hidden classes and what belongs to them.
    pub const OBJECT_SHAPE: Self = Self(14);
    /// A WebAssembly object.
    pub const WASM_OBJECT: Self = Self(15);
    /// From here on: types that this version does not know, in the order `meta` lists them.
    pub const FIRST_UNKNOWN: u8 = 16;

    /// The type of that name, if it is one of the known.
    pub fn from_name(name: &str) -> Option<Self> {
        NODE_TYPE_NAMES.iter().position(|&known| known == name).map(|at| Self(at as u8))
    }

    /// A flat, concatenated or sliced string.
    #[inline(always)]
    pub fn is_string(self) -> bool {
        self == Self::STRING || self == Self::CONS_STRING || self == Self::SLICED_STRING
    }

    /// An object of the program's or of Node's, of which functions are some.
    #[inline(always)]
    pub fn is_object_or_function(self) -> bool {
        self == Self::OBJECT || self == Self::CLOSURE
    }

    /// Whether the name in the file is a value of the program, and not a label.
    #[inline(always)]
    pub fn is_named_by_value(self) -> bool {
        self.is_string() || [Self::REGEXP, Self::SYMBOL, Self::BIGINT].contains(&self)
    }
}
