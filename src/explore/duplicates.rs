//! Strings that are on the heap more than once.
//!
//! V8 writes equal texts once into the string table of a snapshot, so two string nodes with the
//! same index have the same value. It cuts values after 1,024 characters: longer strings that begin
//! alike count as the same, as they do in Chrome DevTools.
//!
//! Time: linear in nodes and strings. Memory: 12 bytes a string of the table while it runs, then a
//! row for each text that is there twice.

use crate::control::Control;
use crate::error::Result;
use crate::graph::{HeapGraph, NodeType, StringIndex};

/// A text that several strings have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Duplicate {
    /// The text.
    pub text: StringIndex,
    /// How many strings have it.
    pub count: u32,
    /// Their self sizes in bytes.
    pub bytes: u64,
}

/// The texts of at least two strings, most bytes first. `self_size` is by node. Strings without a
/// size, which live in V8's read-only space, do not count.
///
/// # Errors
///
/// `ABORT_ERR`, `ERR_TIMEOUT`.
pub fn duplicates(
    graph: &HeapGraph,
    self_size: &[u32],
    control: &Control,
) -> Result<Vec<Duplicate>> {
    let mut sums = vec![(0_u32, 0_u64); graph.strings().len()];
    for node in graph.nodes() {
        control.checkpoint_at(node.at())?;
        let size = self_size[node.at()];
        if graph.node_type(node) == NodeType::STRING && size != 0 {
            let sum = &mut sums[graph.name_index(node).at()];
            sum.0 += 1;
            sum.1 += u64::from(size);
        }
    }
    let mut rows: Vec<Duplicate> = (0_u32..)
        .zip(sums)
        .filter(|&(_, (count, _))| count > 1)
        .map(|(text, (count, bytes))| Duplicate { text: StringIndex(text), count, bytes })
        .collect();
    rows.sort_by_key(|row| std::cmp::Reverse(row.bytes));
    Ok(rows)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::GraphBuilder;

    #[test]
    fn texts_are_counted_once_they_are_there_twice() {
        let mut heap = GraphBuilder::new();
        for (node_type, text, size) in [
            (NodeType::STRING, "twice", 24),
            (NodeType::STRING, "twice", 24),
            (NodeType::STRING, "once", 1000),
            (NodeType::STRING, "large", 300),
            (NodeType::STRING, "large", 400),
            (NodeType::STRING, "large", 0),
            (NodeType::OBJECT, "once", 16),
        ] {
            heap.node(node_type, text, size);
        }
        let graph = heap.build();
        let sizes: Vec<_> = graph.nodes().map(|node| graph.file_self_size(node)).collect();
        let rows = duplicates(&graph, &sizes, &Control::default()).unwrap();
        let rows: Vec<_> =
            rows.iter().map(|row| (graph.strings().get(row.text), row.count, row.bytes)).collect();
        assert_eq!(rows, [(&b"large"[..], 2, 700), (&b"twice"[..], 2, 48)]);
    }
}
