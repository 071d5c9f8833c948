//! The columns that rows are read into: nodes and edges.
//!
//! A [`RowTable`] hands out [`RowSink`]s that write to disjoint runs of its columns, so that several
//! threads can fill one table. What is rare (detached nodes, sizes over 4 GiB, slots over 2^29) is
//! collected in short lists on the side.

use bytemuck::Zeroable;
use bytemuck::allocation::try_zeroed_slice_box;

use super::meta::{EdgeLayout, Header, NodeLayout};
use super::rows::{MAX_FIELDS, RowSink};
use crate::error::{Error, Result};
use crate::graph::{EdgeIndex, EdgeLabel, NodeIndex, NodeType, StringIndex};

/// A table that is filled row by row, by one or several threads.
pub(crate) trait RowTable {
    /// Writes a run of rows.
    type Part<'t>: RowPart<Rest = Self::Rest>
    where
        Self: 't;
    /// What a part collected beside the columns.
    type Rest: Send;

    /// Whether the columns are as long as they will ever be.
    fn has_full_length(&self) -> bool;
    /// Makes the columns long enough for `room` rows from `first_row` on.
    fn make_room(&mut self, first_row: usize, room: usize) -> Result<()>;
    /// The columns from `first_row` on.
    fn part(&mut self, first_row: usize) -> Self::Part<'_>;
    /// Takes in what a part of `rows` rows collected. It began at `offset` in the file.
    fn absorb(&mut self, rest: Self::Rest, offset: u64, first_row: usize, rows: usize);
}

/// A run of rows in the columns of a table.
pub(crate) trait RowPart: RowSink + Send {
    /// What it collects beside the columns.
    type Rest: Send;

    /// Takes the first `rows` rows away, as a part of their own; fewer if there are not so many.
    #[must_use]
    fn split(&mut self, rows: usize) -> Self;
    /// Ends the part.
    fn rest(self) -> Self::Rest;
}

/// Where a run of rows began in the file: enough to say later where a bad row is.
#[derive(Clone, Copy, Debug)]
struct Run {
    first_row: usize,
    offset: u64,
}

/// The largest string index that any row uses, and the runs to find it again.
#[derive(Debug, Default)]
struct NameCheck {
    largest: u32,
    runs: Vec<Run>,
}

impl NameCheck {
    fn absorb(&mut self, largest: u32, offset: u64, first_row: usize) {
        self.largest = self.largest.max(largest);
        self.runs.push(Run { first_row, offset });
    }

    /// The offset at which the run of `row` began.
    fn offset_of(&self, row: usize) -> u64 {
        let at = self.runs.partition_point(|run| run.first_row <= row);
        self.runs[..at].last().map_or(0, |run| run.offset)
    }
}

/// Checks a count from the header against the bytes there are: a number needs a digit and a comma.
fn check_count(
    what: &str,
    count: u64,
    fields: usize,
    size_bound: Option<u64>,
    offset: u64,
) -> Result<()> {
    let least = count.saturating_mul(2 * fields as u64);
    match size_bound {
        Some(bound) if least > bound.saturating_add(1) => Err(Error::truncated(
            offset,
            format!("{what} is {count}, which cannot be in an input of {bound} bytes"),
        )),
        _ => Ok(()),
    }
}

/// A column of `count` zeros. Its pages cost nothing until rows are written to them, so this is for
/// counts that [`check_count`] has held against the size of the input.
fn full_column<T: Zeroable>(count: usize) -> Result<Vec<T>> {
    try_zeroed_slice_box(count)
        .map(Vec::from)
        .map_err(|()| Error::out_of_memory(count.saturating_mul(size_of::<T>()) as u64))
}

/// Makes a column exactly `length` long.
fn resize<T: Clone + Default>(column: &mut Vec<T>, length: usize) -> Result<()> {
    if length > column.len() {
        column
            .try_reserve(length - column.len())
            .map_err(|_| Error::out_of_memory((length * size_of::<T>()) as u64))?;
        column.resize(length, T::default());
    }
    Ok(())
}

/// Takes the first `count` entries away from a slice, or as many as it has.
fn split_front<'s, T>(slice: &mut &'s mut [T], count: usize) -> &'s mut [T] {
    let count = count.min(slice.len());
    let (front, back) = std::mem::take(slice).split_at_mut(count);
    *slice = back;
    front
}

/// `n / divisor` for 32-bit `n` by one multiplication (Granlund & Montgomery 1994: with a 64-bit
/// reciprocal the quotient is exact for every 32-bit dividend).
#[derive(Clone, Copy)]
pub(super) struct Divisor {
    divisor: u64,
    reciprocal: u64,
}

impl Divisor {
    pub(super) fn new(divisor: usize) -> Self {
        let divisor = divisor.max(2) as u64;
        Self { divisor, reciprocal: u64::MAX / divisor + 1 }
    }

    /// The quotient if `n` is a multiple below 2^32 of the divisor.
    #[inline(always)]
    pub(super) fn exact(self, n: u64) -> Option<u64> {
        let quotient = ((u128::from(self.reciprocal) * u128::from(n)) >> 64) as u64;
        (n <= u64::from(u32::MAX) && quotient * self.divisor == n).then_some(quotient)
    }
}

/// Fails unless as many rows came as the header says.
fn check_rows(name: &str, rows: usize, claimed: usize, offset: u64) -> Result<()> {
    if rows != claimed {
        let message = format!("`{name}` has {rows} rows, but the header says {claimed}");
        return Err(Error::invalid(offset, message));
    }
    Ok(())
}

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

/// The finished columns of the edges.
#[derive(Default)]
pub(crate) struct EdgeColumns {
    pub(crate) targets: Vec<NodeIndex>,
    pub(crate) labels: Vec<EdgeLabel>,
    pub(crate) wide: Vec<(EdgeIndex, u32)>,
    names_seen: NameCheck,
}

impl EdgeColumns {
    /// Fails if a name is no string of the file, or if there are more strings than a label can
    /// tell apart.
    pub(crate) fn check_names(&self, strings: usize) -> Result<()> {
        if strings >= EdgeLabel::WIDE as usize {
            return Err(Error::invalid(0, format!("{strings} strings are more than can be read")));
        }
        if (self.names_seen.largest as usize) < strings {
            return Ok(());
        }
        let is_bad = |label: &EdgeLabel| {
            !label.edge_type().is_numbered() && label.raw_name() as usize >= strings
        };
        let row = self.labels.iter().position(is_bad).unwrap_or(0);
        let name = self.labels[row].raw_name();
        let message = format!("edge {row} has name {name}, but there are {strings} strings");
        Err(Error::invalid(self.names_seen.offset_of(row), message))
    }
}

/// The columns of the edges while they are being filled.
pub(crate) struct EdgeTable<'h> {
    layout: &'h EdgeLayout,
    node_fields: Divisor,
    node_count: u64,
    claimed: usize,
    rows: usize,
    columns: EdgeColumns,
}

impl<'h> EdgeTable<'h> {
    pub(crate) fn new(header: &'h Header, size_bound: Option<u64>, offset: u64) -> Result<Self> {
        let layout = &header.edges;
        check_count("edge_count", header.edge_count, layout.fields, size_bound, offset)?;
        let claimed = header.edge_count as usize;
        let mut columns = EdgeColumns::default();
        if size_bound.is_some() {
            columns.targets = full_column(claimed)?;
            columns.labels = full_column(claimed)?;
        }
        let node_fields = Divisor::new(header.nodes.fields);
        Ok(Self { layout, node_fields, node_count: header.node_count, claimed, rows: 0, columns })
    }

    /// Checks that all rows came.
    pub(crate) fn finish(self, offset: u64) -> Result<EdgeColumns> {
        check_rows("edges", self.rows, self.claimed, offset)?;
        Ok(self.columns)
    }
}

/// A run of edges.
pub(crate) struct EdgePart<'t> {
    layout: &'t EdgeLayout,
    node_fields: Divisor,
    node_count: u64,
    targets: &'t mut [NodeIndex],
    labels: &'t mut [EdgeLabel],
    rest: EdgeRest,
}

/// What a run of edges leaves beside the columns. Rows count from the first of the run.
#[derive(Default)]
pub(crate) struct EdgeRest {
    largest_name: u32,
    wide: Vec<(usize, u32)>,
}

impl RowSink for EdgePart<'_> {
    fn restart(&mut self) {
        self.rest = EdgeRest::default();
    }

    #[inline(always)]
    fn row(&mut self, row: usize, numbers: &[u64; MAX_FIELDS]) -> std::result::Result<(), String> {
        let layout = self.layout;
        if row >= self.targets.len() {
            return Err("has more rows than edge_count says".into());
        }
        let edge_type = numbers[layout.edge_type % MAX_FIELDS];
        let Some(&edge_type) = layout.types.get(edge_type as usize) else {
            return Err(format!("has an edge of type {edge_type}, which meta does not list"));
        };
        let to_node = numbers[layout.to_node % MAX_FIELDS];
        let target = match self.node_fields.exact(to_node) {
            Some(target) if target < self.node_count => target,
            _ => return Err(format!("has an edge to {to_node}, which is no node")),
        };
        let name = numbers[layout.name_or_index % MAX_FIELDS];
        if edge_type.is_numbered() {
            if name >= u64::from(EdgeLabel::WIDE) {
                // DevTools keeps numbers modulo 2^32.
                self.rest.wide.push((row, name as u32));
            }
        } else {
            if name >= u64::from(EdgeLabel::WIDE) {
                return Err(format!("has an edge with name {name}, which is no string"));
            }
            self.rest.largest_name = self.rest.largest_name.max(name as u32);
        }
        self.targets[row] = NodeIndex(target as u32);
        let name = name.min(u64::from(EdgeLabel::WIDE)) as u32;
        self.labels[row] = EdgeLabel::new(edge_type, name);
        Ok(())
    }
}

impl RowPart for EdgePart<'_> {
    type Rest = EdgeRest;

    fn split(&mut self, rows: usize) -> Self {
        Self {
            layout: self.layout,
            node_fields: self.node_fields,
            node_count: self.node_count,
            targets: split_front(&mut self.targets, rows),
            labels: split_front(&mut self.labels, rows),
            rest: EdgeRest::default(),
        }
    }

    fn rest(self) -> EdgeRest {
        self.rest
    }
}

impl RowTable for EdgeTable<'_> {
    type Part<'t>
        = EdgePart<'t>
    where
        Self: 't;
    type Rest = EdgeRest;

    fn has_full_length(&self) -> bool {
        self.columns.targets.len() == self.claimed
    }

    fn make_room(&mut self, first_row: usize, room: usize) -> Result<()> {
        let length = (first_row + room).min(self.claimed);
        resize(&mut self.columns.targets, length)?;
        resize(&mut self.columns.labels, length)
    }

    fn part(&mut self, first_row: usize) -> EdgePart<'_> {
        EdgePart {
            layout: self.layout,
            node_fields: self.node_fields,
            node_count: self.node_count,
            targets: &mut self.columns.targets[first_row..],
            labels: &mut self.columns.labels[first_row..],
            rest: EdgeRest::default(),
        }
    }

    fn absorb(&mut self, rest: EdgeRest, offset: u64, first_row: usize, rows: usize) {
        let edge = |row: usize| EdgeIndex((first_row + row) as u32);
        let wide = rest.wide.into_iter().map(|(row, number)| (edge(row), number));
        self.columns.wide.extend(wide);
        self.columns.names_seen.absorb(rest.largest_name, offset, first_row);
        self.rows = first_row + rows;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn exact_division_agrees_with_the_processor(n: u32, divisor in 2..16usize) {
            let expected = (n as usize).is_multiple_of(divisor).then_some(u64::from(n) / divisor as u64);
            prop_assert_eq!(Divisor::new(divisor).exact(u64::from(n)), expected);
        }
    }

    #[test]
    fn no_number_past_32_bits_is_a_node() {
        assert_eq!(Divisor::new(5).exact(5 << 32), None);
    }
}
