//! What the header of a snapshot says about its numbers.

use serde::Deserialize;

use super::rows::{Columns, RowKind};

/// Node types whose name is a value.
const VALUE_TYPES: [&str; 6] =
    ["string", "regexp", "symbol", "concatenated string", "sliced string", "bigint"];

/// What V8, from Node 20 on, writes outside of `strings`: names of sections, of columns, and of types.
/// Any other text there is somebody's own, as the `title` that a tool gave. A word of a later V8 goes,
/// too: what is known is found by these.
const FORMAT: [&str; 68] = [
    "array",
    "bigint",
    "children",
    "closure",
    "code",
    "column",
    "concatenated string",
    "context",
    "count",
    "detachedness",
    "edge_count",
    "edge_fields",
    "edge_types",
    "edges",
    "element",
    "extra_native_bytes",
    "function_id",
    "function_info_index",
    "hidden",
    "id",
    "internal",
    "last_assigned_id",
    "line",
    "location_fields",
    "locations",
    "meta",
    "name",
    "name_or_index",
    "native",
    "node",
    "node_count",
    "node_fields",
    "node_types",
    "nodes",
    "number",
    "object",
    "object shape",
    "object_index",
    "property",
    "regexp",
    "root_index",
    "sample_fields",
    "samples",
    "scope_context_vars",
    "script_id",
    "script_name",
    "self_size",
    "shortcut",
    "size",
    "sliced string",
    "snapshot",
    "string",
    "string_or_number",
    "strings",
    "symbol",
    "synthetic",
    "timestamp_us",
    "title",
    "to_node",
    "trace_function_count",
    "trace_function_info_fields",
    "trace_function_infos",
    "trace_node_fields",
    "trace_node_id",
    "trace_tree",
    "type",
    "wasm object",
    "weak",
];

/// Whether a text outside of `strings` belongs to the format.
pub(super) fn is_of_format(text: &[u8]) -> bool {
    FORMAT.iter().any(|word| word.as_bytes() == text)
}

/// Columns of an edge: its type, its name, its target.
pub(super) const EDGE_FIELDS: usize = 3;

/// Where the columns are.
#[derive(Debug, Default)]
pub(super) struct Meta {
    pub(super) node_fields: usize,
    pub(super) node_type: usize,
    pub(super) node_name: usize,
    pub(super) node_edges: usize,
    /// By node type: whether the name is a value.
    pub(super) is_value: Vec<bool>,
    pub(super) array_type: Option<u8>,
    pub(super) object_type: Option<u8>,
    pub(super) closure_type: Option<u8>,
    pub(super) hidden_type: Option<u8>,
    pub(super) string_type: Option<u8>,
    pub(super) code_type: Option<u8>,
    /// What nodes take; not needed by the file to be redacted.
    pub(super) node_size: Option<usize>,
    pub(super) edge_type: usize,
    pub(super) edge_name: usize,
    pub(super) edge_to: usize,
    /// By edge type.
    pub(super) edge_kinds: Vec<EdgeKind>,
    /// Per row of `trace_function_infos`: whether the column is a string.
    pub(super) trace_strings: Vec<bool>,
    /// How many columns `locations` have, and which is the node that is there. Where the header lists none,
    /// nobody reads them.
    location_fields: usize,
    location_node: Option<usize>,
    /// How many columns `samples` have.
    sample_fields: usize,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum EdgeKind {
    /// The name is a number.
    Numbered,
    Property,
    Internal,
    Shortcut,
    Element,
    Other,
}

#[derive(Deserialize)]
struct HeaderFile {
    meta: MetaFile,
}

#[derive(Deserialize)]
struct MetaFile {
    node_fields: Vec<String>,
    node_types: Vec<serde_json::Value>,
    edge_fields: Vec<String>,
    edge_types: Vec<serde_json::Value>,
    #[serde(default)]
    trace_function_info_fields: Vec<String>,
    #[serde(default)]
    location_fields: Vec<String>,
    #[serde(default)]
    sample_fields: Vec<String>,
}

impl Meta {
    /// From the text of the header. The error says what is wrong with it.
    pub(super) fn parse(header: &[u8]) -> Result<Self, String> {
        let header: HeaderFile = serde_json::from_slice(header)
            .map_err(|error| format!("the `snapshot` header: {error}"))?;
        let columns = header.meta.edge_fields.len();
        if columns != EDGE_FIELDS {
            // What a column means that nobody knows, nobody knows either whether to show.
            return Err(format!("edges have {columns} columns; only 3 can be redacted"));
        }
        Self::new(&header.meta).ok_or_else(|| "`meta` does not describe nodes and edges".to_owned())
    }

    fn new(file: &MetaFile) -> Option<Self> {
        let column = |fields: &[String], name: &str| fields.iter().position(|field| field == name);
        let node_type = column(&file.node_fields, "type")?;
        let edge_type = column(&file.edge_fields, "type")?;
        let names = |types: &[serde_json::Value], at: usize| -> Option<Vec<String>> {
            serde_json::from_value(types.get(at)?.clone()).ok()
        };
        let node_types = names(&file.node_types, node_type)?;
        let edge_types = names(&file.edge_types, edge_type)?;
        if edge_types.is_empty() {
            return None;
        }
        let number_of = |wanted: &str| {
            let at = node_types.iter().position(|name| name == wanted);
            at.and_then(|at| u8::try_from(at).ok())
        };
        Some(Self {
            node_fields: file.node_fields.len(),
            node_type,
            node_name: column(&file.node_fields, "name")?,
            node_edges: column(&file.node_fields, "edge_count")?,
            is_value: node_types.iter().map(|name| VALUE_TYPES.contains(&name.as_str())).collect(),
            array_type: number_of("array"),
            object_type: number_of("object"),
            closure_type: number_of("closure"),
            hidden_type: number_of("hidden"),
            string_type: number_of("string"),
            code_type: number_of("code"),
            node_size: column(&file.node_fields, "self_size"),
            edge_type,
            edge_name: column(&file.edge_fields, "name_or_index")?,
            edge_to: column(&file.edge_fields, "to_node")?,
            edge_kinds: edge_types.iter().map(|name| EdgeKind::named(name)).collect(),
            trace_strings: file
                .trace_function_info_fields
                .iter()
                .map(|name| ["name", "script_name"].contains(&name.as_str()))
                .collect(),
            location_fields: file.location_fields.len(),
            location_node: column(&file.location_fields, "object_index"),
            sample_fields: file.sample_fields.len(),
        })
    }

    /// What an edge of this type is. `None` if the header does not list it.
    pub(super) fn edge_kind(&self, kind: u64) -> Option<EdgeKind> {
        usize::try_from(kind).ok().and_then(|kind| self.edge_kinds.get(kind)).copied()
    }

    /// Whether an index into `nodes` is that of one of so many.
    pub(super) fn is_node(&self, index: u64, nodes: u64) -> bool {
        // Half as wide, as that is divided faster; the reader knows no more either.
        u32::try_from(index).is_ok_and(|index| {
            let fields = self.node_fields as u32;
            index.is_multiple_of(fields) && u64::from(index / fields) < nodes
        })
    }

    /// The columns of an array; none where the header does not say.
    pub(super) fn columns(&self, kind: RowKind) -> Columns {
        let without_strings = |count, node| Columns { count, may_be_strings: false, node };
        let count = match kind {
            RowKind::Locations => return without_strings(self.location_fields, self.location_node),
            RowKind::Samples => return without_strings(self.sample_fields, None),
            RowKind::Nodes => self.node_fields,
            RowKind::Edges => EDGE_FIELDS,
            RowKind::TraceFunctions => self.trace_strings.len().max(1),
            RowKind::ContextVariables => 1,
        };
        Columns { count, may_be_strings: true, node: None }
    }
}

impl EdgeKind {
    /// Whether the name of such an edge is a number.
    pub(super) fn is_numbered(self) -> bool {
        matches!(self, Self::Numbered | Self::Element)
    }

    fn named(name: &str) -> Self {
        match name {
            "element" => Self::Element,
            "hidden" => Self::Numbered,
            "property" => Self::Property,
            "internal" => Self::Internal,
            "shortcut" => Self::Shortcut,
            _ => Self::Other,
        }
    }
}
