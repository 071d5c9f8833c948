//! The rows of the number arrays: what they say of the strings, and how they are written again.
//!
//! Time: linear in the numbers. Memory: a row, the edges of a node, and what [`Graph`] keeps.

use super::graph::Graph;
use super::meta::{EDGE_FIELDS, EdgeKind, Meta};
use super::numbers::{Numbers, Stop, write_number};
use super::strings::{Strings, Use};
use crate::error::{Error, Result};

/// Arrays of rows some of whose columns are strings.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum RowKind {
    Nodes,
    Edges,
    TraceFunctions,
    ContextVariables,
}

/// The arrays, one after the other.
#[derive(Default)]
pub(super) struct Rows {
    /// What the header says of the columns.
    pub(super) meta: Meta,
    /// Where the bytes that are being taken begin.
    offset: u64,
    numbers: Numbers,
    column: usize,
    row: Vec<u64>,
    first: bool,
    graph: Graph,
}

impl Rows {
    /// Prepares for the next array.
    pub(super) fn begin(&mut self) {
        self.first = true;
        self.column = 0;
        self.row.clear();
    }

    /// Takes the next bytes of an array, which begin at `offset`, and appends what is ready to `out`. Answers how
    /// many of them it took, and whether the array ended.
    ///
    /// # Errors
    ///
    /// `ERR_INVALID_SNAPSHOT` if they are no rows, or not as many as there have to be.
    pub(super) fn take(
        &mut self,
        kind: RowKind,
        bytes: &[u8],
        offset: u64,
        strings: &mut Strings,
        out: &mut Vec<u8>,
    ) -> Result<(usize, bool)> {
        self.offset = offset;
        let mut numbers = std::mem::take(&mut self.numbers);
        let taken = numbers.take(bytes, |value| self.take_number(kind, value, strings, out));
        self.numbers = numbers;
        match taken? {
            Stop::More(used) => Ok((used, false)),
            Stop::End(used) => {
                self.end(kind, strings)?;
                out.push(b']');
                Ok((used, true))
            }
            Stop::Wrong(at) => {
                let message = "an array of numbers holds something else";
                Err(Error::invalid(offset + at as u64, message))
            }
        }
    }

    fn invalid(&self, message: &str) -> Error {
        Error::invalid(self.offset, message)
    }

    fn end(&mut self, kind: RowKind, strings: &mut Strings) -> Result<()> {
        if self.column != 0 {
            return Err(self.invalid("an array ends in the middle of a row"));
        }
        self.graph.skip_owners_without_edges();
        if kind == RowKind::Edges && self.graph.edges_of_owner().is_some() {
            return Err(self.invalid("`edges` has fewer rows than the nodes promise"));
        }
        if kind == RowKind::Edges {
            for name in self.graph.export_names() {
                strings.refer(u64::from(name), Use::Export);
            }
        }
        Ok(())
    }

    fn take_number(
        &mut self,
        kind: RowKind,
        value: u64,
        strings: &mut Strings,
        out: &mut Vec<u8>,
    ) -> Result<()> {
        self.row.push(value);
        self.column += 1;
        let fields = match kind {
            RowKind::Nodes => self.meta.node_fields,
            RowKind::Edges => EDGE_FIELDS,
            RowKind::TraceFunctions => self.meta.trace_strings.len().max(1),
            RowKind::ContextVariables => 1,
        };
        if self.column < fields {
            return Ok(());
        }
        self.column = 0;
        match kind {
            RowKind::Nodes => self.end_node(strings, out)?,
            RowKind::Edges => self.end_edge(strings, out)?,
            RowKind::TraceFunctions | RowKind::ContextVariables => {
                self.end_row(kind, strings, out);
            }
        }
        self.row.clear();
        Ok(())
    }

    fn end_row(&mut self, kind: RowKind, strings: &mut Strings, out: &mut Vec<u8>) {
        for at in 0..self.row.len() {
            let is_string = match kind {
                RowKind::ContextVariables => true,
                _ => self.meta.trace_strings.get(at).copied().unwrap_or(false),
            };
            let value =
                if is_string { strings.refer(self.row[at], Use::Label) } else { self.row[at] };
            self.write(value, out);
        }
    }

    fn end_node(&mut self, strings: &mut Strings, out: &mut Vec<u8>) -> Result<()> {
        let [kind, name, edges] = [self.meta.node_type, self.meta.node_name, self.meta.node_edges]
            .map(|column| self.row[column]);
        let narrow = |value: u64| u32::try_from(value);
        let (Ok(kind), Ok(narrow_name), Ok(edges)) =
            (u8::try_from(kind), narrow(name), narrow(edges))
        else {
            return Err(self.invalid("a number of a node is too large"));
        };
        let is_value = self.meta.is_value.get(usize::from(kind)).copied().unwrap_or(true);
        if let Some(bytes) = self.meta.node_size.map(|column| self.row[column]) {
            self.graph.note_size(kind, bytes, &self.meta);
        }
        self.graph.push(kind, narrow_name, edges);
        let use_ = match is_value {
            true => Use::Value,
            false if self.meta.code_type == Some(kind) => Use::Code,
            false => Use::Label,
        };
        self.row[self.meta.node_name] = strings.refer(name, use_);
        for at in 0..self.row.len() {
            self.write(self.row[at], out);
        }
        Ok(())
    }

    fn end_edge(&mut self, strings: &mut Strings, out: &mut Vec<u8>) -> Result<()> {
        self.graph.skip_owners_without_edges();
        let Some(count) = self.graph.edges_of_owner() else {
            return Err(self.invalid("`edges` has more rows than the nodes promise"));
        };
        let columns = [self.meta.edge_type, self.meta.edge_name, self.meta.edge_to];
        self.graph.edges.push(columns.map(|column| self.row[column]));
        if self.graph.edges.len() == count as usize {
            self.write_edges(strings, out);
            self.graph.end_owner();
        }
        Ok(())
    }

    /// All edges of a node, of which it is only now known what the names of its properties are.
    fn write_edges(&mut self, strings: &mut Strings, out: &mut Vec<u8>) {
        let edges = std::mem::take(&mut self.graph.edges);
        self.graph.note_user_roots(&edges, &self.meta);
        let use_of_names = self.graph.use_of_names(&edges, &self.meta);
        self.graph.note_exports(&edges, &self.meta);
        for &[kind, name, target] in &edges {
            let name = match self.meta.edge_kind(kind) {
                EdgeKind::Numbered | EdgeKind::Element => name,
                EdgeKind::Property => strings.refer(name, use_of_names),
                _ => strings.refer(name, Use::Label),
            };
            let mut row = [0; EDGE_FIELDS];
            // The columns in the order of the file.
            let columns = [self.meta.edge_type, self.meta.edge_name, self.meta.edge_to];
            for (column, value) in columns.into_iter().zip([kind, name, target]) {
                row[column] = value;
            }
            for value in row {
                self.write(value, out);
            }
        }
        self.graph.edges = edges;
    }

    fn write(&mut self, value: u64, out: &mut Vec<u8>) {
        write_number(value, self.first, out);
        self.first = false;
    }
}
