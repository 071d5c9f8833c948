//! The columns of the nodes.

use super::{
    NameCheck, RowPart, RowTable, check_count, check_rows, full_column, resize, split_front,
};
use crate::error::{Error, Result};
use crate::graph::{NodeIndex, NodeType, StringIndex};
use crate::snapshot::meta::{Header, NodeLayout};
use crate::snapshot::rows::{MAX_FIELDS, RowSink};

/// The finished columns of the nodes.
#[derive(Default)]
pub(crate) struct NodeColumns {
    pub(crate) types: Vec<NodeType>,
    pub(crate) names: Vec<StringIndex>,
    pub(crate) ids: Vec<u32>,
    pub(crate) self_sizes: Vec<u32>,
    pub(crate) trace_node_ids: Vec<u32>,
    pub(crate) detachedness: Vec<(NodeIndex, u8)>,
    pub(crate) oversized: Vec<(NodeIndex, u64)>,
    /// And a zero behind them.
    edge_counts: Vec<u32>,
    names_seen: NameCheck,
}

impl NodeColumns {
    /// Fails if a name is no string of the file.
    pub(crate) fn check_names(&self, strings: usize) -> Result<()> {
        if (self.names_seen.largest as usize) < strings {
            return Ok(());
        }
        let row = self.names.iter().position(|name| name.at() >= strings).unwrap_or(0);
        let message =
            format!("node {row} has name {}, but there are {strings} strings", self.names[row].0);
        Err(Error::invalid(self.names_seen.offset_of(row), message))
    }

    /// Turns the edge counts into the places where each node's edges begin.
    pub(crate) fn take_first_edges(&mut self, edge_count: u64) -> Result<Vec<u32>> {
        let mut first_edges = std::mem::take(&mut self.edge_counts);
        let mut sum = 0_u64;
        for entry in &mut first_edges {
            let count = u64::from(*entry);
            // A sum past 32 bits cannot equal the edge count, so the cut number is never used.
            *entry = sum as u32;
            sum += count;
        }
        if sum != edge_count {
            let message = format!("the nodes have {sum} edges, but the header says {edge_count}");
            return Err(Error::invalid(self.names_seen.offset_of(0), message));
        }
        Ok(first_edges)
    }
}

/// The columns of the nodes while they are being filled.
pub(crate) struct NodeTable<'h> {
    layout: &'h NodeLayout,
    claimed: usize,
    rows: usize,
    keep_traces: bool,
    columns: NodeColumns,
}

impl<'h> NodeTable<'h> {
    pub(crate) fn new(header: &'h Header, size_bound: Option<u64>, offset: u64) -> Result<Self> {
        let layout = &header.nodes;
        check_count("node_count", header.node_count, layout.fields, size_bound, offset)?;
        let claimed = header.node_count as usize;
        let keep_traces = header.has_traces && layout.trace_node_id.is_some();
        let mut columns = NodeColumns::default();
        if size_bound.is_some() {
            columns.types = full_column(claimed)?;
            columns.names = full_column(claimed)?;
            columns.ids = full_column(claimed)?;
            columns.self_sizes = full_column(claimed)?;
            columns.edge_counts = full_column(claimed + 1)?;
            if keep_traces {
                columns.trace_node_ids = full_column(claimed)?;
            }
        }
        Ok(Self { layout, claimed, rows: 0, keep_traces, columns })
    }

    /// Checks that all rows came.
    pub(crate) fn finish(self, offset: u64) -> Result<NodeColumns> {
        check_rows("nodes", self.rows, self.claimed, offset)?;
        Ok(self.columns)
    }
}

/// A run of nodes.
pub(crate) struct NodePart<'t> {
    layout: &'t NodeLayout,
    types: &'t mut [NodeType],
    names: &'t mut [StringIndex],
    ids: &'t mut [u32],
    self_sizes: &'t mut [u32],
    edge_counts: &'t mut [u32],
    trace_node_ids: &'t mut [u32],
    rest: NodeRest,
}

/// What a run of nodes leaves beside the columns. Rows count from the first of the run.
#[derive(Default)]
pub(crate) struct NodeRest {
    largest_name: u32,
    detachedness: Vec<(usize, u8)>,
    oversized: Vec<(usize, u64)>,
}

impl RowSink for NodePart<'_> {
    fn restart(&mut self) {
        self.rest = NodeRest::default();
    }

    #[inline(always)]
    fn row(&mut self, row: usize, numbers: &[u64; MAX_FIELDS]) -> std::result::Result<(), String> {
        let layout = self.layout;
        if row >= self.types.len() {
            return Err("has more rows than node_count says".into());
        }
        let node_type = numbers[layout.node_type % MAX_FIELDS];
        let Some(&node_type) = layout.types.get(node_type as usize) else {
            return Err(format!("has a node of type {node_type}, which meta does not list"));
        };
        let name = numbers[layout.name % MAX_FIELDS];
        let edge_count = numbers[layout.edge_count % MAX_FIELDS];
        if name | edge_count > u64::from(u32::MAX) {
            return Err(format!("has a node with name {name} and {edge_count} edges"));
        }
        let self_size = numbers[layout.self_size % MAX_FIELDS];
        self.types[row] = node_type;
        self.names[row] = StringIndex(name as u32);
        self.ids[row] = numbers[layout.id % MAX_FIELDS] as u32;
        self.self_sizes[row] = self_size as u32;
        self.edge_counts[row] = edge_count as u32;
        self.rest.largest_name = self.rest.largest_name.max(name as u32);
        if self_size > u64::from(u32::MAX) {
            self.rest.oversized.push((row, self_size));
        }
        if let Some(field) = layout.detachedness {
            let detachedness = numbers[field % MAX_FIELDS];
            if detachedness != 0 {
                self.rest.detachedness.push((row, detachedness as u8));
            }
        }
        if let (Some(field), false) = (layout.trace_node_id, self.trace_node_ids.is_empty()) {
            self.trace_node_ids[row] = numbers[field % MAX_FIELDS] as u32;
        }
        Ok(())
    }
}

impl RowPart for NodePart<'_> {
    type Rest = NodeRest;

    fn split(&mut self, rows: usize) -> Self {
        Self {
            layout: self.layout,
            types: split_front(&mut self.types, rows),
            names: split_front(&mut self.names, rows),
            ids: split_front(&mut self.ids, rows),
            self_sizes: split_front(&mut self.self_sizes, rows),
            edge_counts: split_front(&mut self.edge_counts, rows),
            trace_node_ids: split_front(&mut self.trace_node_ids, rows),
            rest: NodeRest::default(),
        }
    }

    fn rest(self) -> NodeRest {
        self.rest
    }
}

impl RowTable for NodeTable<'_> {
    type Part<'t>
        = NodePart<'t>
    where
        Self: 't;
    type Rest = NodeRest;

    fn has_full_length(&self) -> bool {
        self.columns.types.len() == self.claimed
    }

    fn make_room(&mut self, first_row: usize, room: usize) -> Result<()> {
        let length = (first_row + room).min(self.claimed);
        resize(&mut self.columns.types, length)?;
        resize(&mut self.columns.names, length)?;
        resize(&mut self.columns.ids, length)?;
        resize(&mut self.columns.self_sizes, length)?;
        resize(&mut self.columns.edge_counts, length + 1)?;
        if self.keep_traces {
            resize(&mut self.columns.trace_node_ids, length)?;
        }
        Ok(())
    }

    fn part(&mut self, first_row: usize) -> NodePart<'_> {
        let columns = &mut self.columns;
        let traces = if self.keep_traces { first_row } else { 0 };
        NodePart {
            layout: self.layout,
            types: &mut columns.types[first_row..],
            names: &mut columns.names[first_row..],
            ids: &mut columns.ids[first_row..],
            self_sizes: &mut columns.self_sizes[first_row..],
            edge_counts: &mut columns.edge_counts[first_row..],
            trace_node_ids: &mut columns.trace_node_ids[traces..],
            rest: NodeRest::default(),
        }
    }

    fn absorb(&mut self, rest: NodeRest, offset: u64, first_row: usize, rows: usize) {
        let columns = &mut self.columns;
        let node = |row: usize| NodeIndex((first_row + row) as u32);
        let detached = rest.detachedness.into_iter().map(|(row, value)| (node(row), value));
        columns.detachedness.extend(detached);
        let oversized = rest.oversized.into_iter().map(|(row, size)| (node(row), size));
        columns.oversized.extend(oversized);
        columns.names_seen.absorb(rest.largest_name, offset, first_row);
        self.rows = first_row + rows;
    }
}
