//! The rows of the number arrays: what they say of the strings, and how they are written again.
//!
//! Time: linear in the numbers. Memory: a row, the edges of a node, and what [`Graph`] keeps.

use super::graph::Graph;
use super::meta::{EDGE_FIELDS, EdgeKind, Meta};
use super::numbers::{Number, Numbers, Stop, write_number};
use super::strings::{Strings, Use};
use crate::error::{Error, Result};

/// Arrays of rows. Of locations and samples no column is a string: they are only looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum RowKind {
    Nodes,
    Edges,
    TraceFunctions,
    ContextVariables,
    Locations,
    Samples,
}

impl RowKind {
    /// What the array is called.
    fn key(self) -> &'static str {
        match self {
            Self::Nodes => "nodes",
            Self::Edges => "edges",
            Self::TraceFunctions => "trace_function_infos",
            Self::ContextVariables => "scope_context_vars",
            Self::Locations => "locations",
            Self::Samples => "samples",
        }
    }

    fn invalid(self, offset: u64, what: &str) -> Error {
        Error::invalid(offset, format!("`{}` {what}", self.key()))
    }
}

/// The columns of the array that is being read.
#[derive(Clone, Copy, Default)]
pub(super) struct Columns {
    pub(super) count: usize,
    /// Whether some may be strings.
    pub(super) may_be_strings: bool,
    /// Of those without strings: which is the index of a node.
    pub(super) node: Option<usize>,
}

/// The arrays, one after the other.
#[derive(Default)]
pub(super) struct Rows {
    /// What the header says of the columns.
    pub(super) meta: Meta,
    numbers: Numbers,
    columns: Columns,
    /// Where the row begins.
    row_start: u64,
    /// The largest number of a string that a node or edge has as its name.
    largest_name: Option<Number>,
    column: usize,
    row: Vec<u64>,
    first: bool,
    graph: Graph,
}

impl Rows {
    /// Prepares for the next array.
    pub(super) fn begin(&mut self, kind: RowKind) {
        // V8 has written lines and columns of -1.
        self.numbers.begin(matches!(kind, RowKind::Locations | RowKind::Samples));
        self.columns = self.meta.columns(kind);
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
        let mut numbers = std::mem::take(&mut self.numbers);
        let taken =
            numbers.take(bytes, offset, |number| self.take_number(kind, number, strings, out));
        self.numbers = numbers;
        match taken? {
            Stop::More(used) => Ok((used, false)),
            Stop::End(used) => {
                self.end(kind, strings, offset + used as u64 - 1)?;
                out.push(b']');
                Ok((used, true))
            }
            Stop::Wrong(at) => {
                Err(kind
                    .invalid(offset + at as u64, "is an array of numbers and holds something else"))
            }
        }
    }

    /// Checks that all names are those of strings, of which there are so many.
    ///
    /// # Errors
    ///
    /// `ERR_INVALID_SNAPSHOT` with the place of one that is not.
    pub(super) fn check_names(&self, strings: usize) -> Result<()> {
        match self.largest_name {
            Some(Number { value, start, .. }) if value >= strings as u64 => {
                let message = format!("a row has name {value}, but there are {strings} strings");
                Err(Error::invalid(start, message))
            }
            _ => Ok(()),
        }
    }

    fn invalid(&self, kind: RowKind, what: &str) -> Error {
        kind.invalid(self.row_start, what)
    }

    /// The array ends at `offset`.
    fn end(&mut self, kind: RowKind, strings: &mut Strings, offset: u64) -> Result<()> {
        if self.column != 0 {
            return Err(kind.invalid(offset, "ends in the middle of a row"));
        }
        self.graph.skip_owners_without_edges();
        if kind == RowKind::Edges && self.graph.edges_of_owner().is_some() {
            return Err(kind.invalid(offset, "has fewer rows than the nodes promise"));
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
        number: Number,
        strings: &mut Strings,
        out: &mut Vec<u8>,
    ) -> Result<()> {
        if self.column == 0 {
            self.row_start = number.start;
        }
        if !self.columns.may_be_strings {
            return self.pass_on(kind, number, out);
        }
        self.row.push(number.value);
        self.column += 1;
        if self.column < self.columns.count {
            return Ok(());
        }
        self.column = 0;
        match kind {
            RowKind::Nodes => self.end_node(strings, out)?,
            RowKind::Edges => self.end_edge(strings, out)?,
            _ => self.end_row(kind, strings, out),
        }
        self.row.clear();
        Ok(())
    }

    /// Writes a number as it is. The index of a node has to be one.
    fn pass_on(&mut self, kind: RowKind, number: Number, out: &mut Vec<u8>) -> Result<()> {
        let Number { value, is_negative, .. } = number;
        let is_of_node = self.columns.node == Some(self.column);
        self.column = (self.column + 1) % self.columns.count.max(1);
        if is_of_node && !self.meta.is_node(value, self.graph.nodes()) {
            return Err(self.invalid(kind, &format!("has a row for {value}, which is no node")));
        }
        write_number(value, is_negative, self.first, out);
        self.first = false;
        Ok(())
    }

    fn note_name(&mut self, value: u64) {
        if self.largest_name.is_none_or(|largest| largest.value < value) {
            self.largest_name = Some(Number { value, is_negative: false, start: self.row_start });
        }
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
            let what = format!("has a node of type {kind} with name {name} and {edges} edges");
            return Err(self.invalid(RowKind::Nodes, &what));
        };
        let Some(&is_value) = self.meta.is_value.get(usize::from(kind)) else {
            let what = format!("has a node of type {kind}, which meta does not list");
            return Err(self.invalid(RowKind::Nodes, &what));
        };
        self.note_name(name);
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
            return Err(self.invalid(RowKind::Edges, "has more rows than the nodes promise"));
        };
        let columns = [self.meta.edge_type, self.meta.edge_name, self.meta.edge_to];
        let edge @ [kind, name, target] = columns.map(|column| self.row[column]);
        self.check_edge(kind, name, target)?;
        self.graph.edges.push(edge);
        if self.graph.edges.len() == count as usize {
            self.write_edges(strings, out);
            self.graph.end_owner();
        }
        Ok(())
    }

    fn check_edge(&mut self, kind: u64, name: u64, target: u64) -> Result<()> {
        let invalid = |what: &str| Err(self.invalid(RowKind::Edges, what));
        let Some(edge_kind) = self.meta.edge_kind(kind) else {
            return invalid(&format!("has an edge of type {kind}, which meta does not list"));
        };
        if !self.meta.is_node(target, self.graph.nodes()) {
            return invalid(&format!("has an edge to {target}, which is no node"));
        }
        if !edge_kind.is_numbered() {
            self.note_name(name);
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
                Some(kind) if kind.is_numbered() => name,
                Some(EdgeKind::Property) => strings.refer(name, use_of_names),
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
        write_number(value, false, self.first, out);
        self.first = false;
    }
}
