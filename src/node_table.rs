//! A row of text per node: what `heapdiff nodes` prints and what parity is checked with.
//!
//! Columns, separated by tabs: id, the file's number of the type, self size after ownership transfer,
//! retained size, distance, ordinal of the immediate dominator, detachedness. Sizes are bytes.
//!
//! Time: linear in the nodes. Memory: one block of text, whatever the size of the snapshot.

use std::io::Write;

use crate::analysis::Analysis;
use crate::control::{Control, Phase, Progress};
use crate::error::{Error, Result};
use crate::graph::{HeapGraph, NodeIndex};

/// What is handed to the writer at a time.
const BLOCK_BYTES: usize = 1 << 18;
/// No row is longer: seven numbers of at most twenty digits, and what is between them.
const MAX_ROW_BYTES: usize = 7 * 21;

/// Writes the rows of all nodes, in file order, to `out`, which errors call `name`. `analysis` has
/// to have dominators and distances. Runs on the calling thread.
///
/// # Errors
///
/// `ABORT_ERR`, `ERR_TIMEOUT`, or the errno code of a failed write.
pub fn write_nodes(
    graph: &HeapGraph,
    analysis: &Analysis,
    out: &mut dyn Write,
    name: &str,
    control: &Control,
) -> Result<()> {
    let type_numbers = graph.tables().file_type_numbers();
    let mut block = Vec::with_capacity(BLOCK_BYTES);
    let mut written = 0;
    for node in graph.nodes() {
        push_row(&mut block, graph, analysis, &type_numbers, node);
        if block.len() > BLOCK_BYTES - MAX_ROW_BYTES {
            control.checkpoint()?;
            out.write_all(&block).map_err(|error| Error::io("write", name, error))?;
            written += block.len() as u64;
            control.progress(Progress { phase: Phase::Write, bytes: written, total_bytes: None });
            block.clear();
        }
    }
    out.write_all(&block).map_err(|error| Error::io("write", name, error))
}

fn push_row(
    block: &mut Vec<u8>,
    graph: &HeapGraph,
    analysis: &Analysis,
    type_numbers: &[u8; 256],
    node: NodeIndex,
) {
    let mut digits = itoa::Buffer::new();
    let distance = analysis.distances.as_ref().map_or(0, |distances| distances[node.at()]);
    let columns = [
        u64::from(graph.id(node)),
        u64::from(type_numbers[usize::from(graph.node_type(node).0)]),
        u64::from(analysis.self_size[node.at()]),
        analysis.retained.at(node.at()),
    ];
    for column in columns {
        block.extend_from_slice(digits.format(column).as_bytes());
        block.push(b'\t');
    }
    block.extend_from_slice(digits.format(distance).as_bytes());
    block.push(b'\t');
    block.extend_from_slice(digits.format(analysis.dominators.idom(node).0).as_bytes());
    block.push(b'\t');
    block.extend_from_slice(digits.format(analysis.detachedness.state(node)).as_bytes());
    block.push(b'\n');
}
