//! From bytes to tables. This stage knows JSON and V8's schema, and nothing about graphs.

#[cfg(target_arch = "x86_64")]
mod avx2;
#[cfg(target_arch = "x86_64")]
mod avx512;
mod blocks;
mod columns;
mod decode;
mod digits;
mod divisor;
mod gzip;
mod input;
mod lanes;
mod lists;
mod locations;
mod meta;
mod patient;
mod row_reader;
mod rows;
mod samples;
mod source;
mod strings;
mod text;

pub use decode::{ReadOptions, read};
pub(crate) use input::unexpected;
pub use locations::{Location, Locations, Place};
pub(crate) use meta::check_header;
pub use samples::Sample;
pub use source::Source;
pub use strings::StringTable;
pub(crate) use text::check_escapes;

use crate::graph::{EdgeIndex, EdgeLabel, NodeIndex, NodeType, StringIndex};

/// What may stand in front of the document.
pub(crate) const BYTE_ORDER_MARK: [u8; 3] = [0xef, 0xbb, 0xbf];

/// A decoded file: flat columns, indexed by node, edge and string.
#[derive(Debug, Default)]
pub struct SnapshotTables {
    /// The root, usually node 0.
    pub root: NodeIndex,
    /// Type of each node.
    pub node_type: Vec<NodeType>,
    /// Name of each node.
    pub node_name: Vec<StringIndex>,
    /// V8's id of each node. V8's ids are 32-bit; a larger number in a file is taken modulo 2^32,
    /// as DevTools does.
    pub node_id: Vec<u32>,
    /// Self size of each node in the file, modulo 2^32 as in DevTools. [`Self::oversized`] has the
    /// whole number of those that are larger.
    pub self_size: Vec<u32>,
    /// Where each node's edges begin, and one more entry for the end.
    pub first_edge: Vec<u32>,
    /// Target of each edge.
    pub edge_target: Vec<NodeIndex>,
    /// Type and name of each edge.
    pub edge_label: Vec<EdgeLabel>,
    /// Numbers of edges that do not fit into the label, sorted by edge.
    pub wide_edge_numbers: Vec<(EdgeIndex, u32)>,
    /// Nodes of 4 GiB and more with their true self size, sorted by node.
    pub oversized: Vec<(NodeIndex, u64)>,
    /// Nodes whose detachedness is not 0, sorted by node.
    pub detachedness: Vec<(NodeIndex, u8)>,
    /// Whether the file has the detachedness column at all.
    pub has_detachedness: bool,
    /// Trace node of each node; empty unless allocation tracking ran.
    pub trace_node_id: Vec<u32>,
    /// Where functions and constructors are.
    pub locations: Locations,
    /// The time line of an allocation-tracking snapshot.
    pub samples: Vec<Sample>,
    /// The strings.
    pub strings: StringTable,
    /// Names of the node types, by [`NodeType`] number: the known ones and then the file's own.
    pub node_type_names: Vec<String>,
    /// The type for each number that the file has, in its own order.
    pub file_node_types: Vec<NodeType>,
    /// `snapshot.extra_native_bytes`, 0 if absent.
    pub extra_native_bytes: u64,
    /// How long the snapshot was, uncompressed.
    pub bytes: u64,
    /// What the reader had to overlook, in words.
    pub warnings: Vec<String>,
}

/// Nodes of 4 GiB and more that are named in warnings; a damaged file can have millions.
const MOST_OVERSIZED_NAMED: usize = 5;

impl SnapshotTables {
    /// The number of an edge whose label says [`EdgeLabel::WIDE`].
    pub fn wide_edge_number(&self, edge: EdgeIndex) -> u32 {
        match self.wide_edge_numbers.binary_search_by_key(&edge, |&(at, _)| at) {
            Ok(at) => self.wide_edge_numbers[at].1,
            Err(_) => EdgeLabel::WIDE,
        }
    }

    /// What a reader of the numbers has to know, in words: what was overlooked, and which sizes
    /// are not what they seem. Sizes are summed up modulo 2^32, as Chrome DevTools does. `source` is
    /// what the file is called.
    pub fn all_warnings(&self, source: &str) -> Vec<String> {
        let mut warnings = self.warnings.clone();
        let named = self.oversized.len().min(MOST_OVERSIZED_NAMED);
        warnings.extend(self.oversized[..named].iter().map(|&(node, bytes)| {
            let id = self.node_id[node.at()];
            format!(
                "{source}: node @{id} has {bytes} bytes; like Chrome DevTools, the sums here count \
                 it modulo 4 GiB"
            )
        }));
        let more = self.oversized.len() - named;
        if more > 0 {
            warnings.push(format!("{source}: {more} more nodes have 4 GiB or more"));
        }
        warnings
    }

    /// The number that the file has for each type; of several, the first.
    pub fn file_type_numbers(&self) -> [u8; 256] {
        let mut numbers = std::array::from_fn(|number| number as u8);
        for (number, node_type) in self.file_node_types.iter().enumerate().rev() {
            numbers[usize::from(node_type.0)] = number as u8;
        }
        numbers
    }
}
