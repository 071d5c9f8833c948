//! The columns of the edges.

use super::{
    NameCheck, RowPart, RowTable, check_count, check_rows, full_column, resize, split_front,
};
use crate::error::{Error, Result};
use crate::graph::{EdgeIndex, EdgeLabel, NodeIndex};
use crate::snapshot::divisor::Divisor;
use crate::snapshot::meta::{EdgeLayout, Header};
use crate::snapshot::rows::{MAX_FIELDS, RowSink};

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
