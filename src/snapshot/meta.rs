//! The header: `snapshot.meta` says which column is where and what the type numbers mean.
//! Nothing is read by position; see the specification of the format, section 1.2.

use serde::Deserialize;
use serde_json::Value;

use super::rows::MAX_FIELDS;
use crate::error::{Error, Result};
use crate::graph::{EdgeType, NODE_TYPE_NAMES, NodeIndex, NodeType};

/// What the header says, resolved once.
#[derive(Debug)]
pub(crate) struct Header {
    pub(crate) node_count: u64,
    pub(crate) edge_count: u64,
    pub(crate) has_traces: bool,
    pub(crate) extra_native_bytes: u64,
    /// Index into `nodes` of the root, as the file has it.
    pub(crate) root_index: u64,
    pub(crate) nodes: NodeLayout,
    pub(crate) edges: EdgeLayout,
    pub(crate) locations: Option<LocationLayout>,
    pub(crate) samples: Option<SampleLayout>,
    /// Names by [`NodeType`] number.
    pub(crate) node_type_names: Vec<String>,
}

/// Whether the value of `snapshot`, which began at `offset`, is one that can be read.
///
/// # Errors
///
/// `ERR_INVALID_SNAPSHOT` if it is not.
pub(crate) fn check_header(text: &[u8], offset: u64) -> Result<()> {
    let header = Header::parse(text, offset)?;
    header.root(offset)?;
    Ok(())
}

/// Where the fields of a node are.
#[derive(Debug)]
pub(crate) struct NodeLayout {
    pub(crate) fields: usize,
    pub(crate) node_type: usize,
    pub(crate) name: usize,
    pub(crate) id: usize,
    pub(crate) self_size: usize,
    pub(crate) edge_count: usize,
    pub(crate) trace_node_id: Option<usize>,
    pub(crate) detachedness: Option<usize>,
    /// The type for each number the file may have.
    pub(crate) types: Vec<NodeType>,
}

/// Where the fields of an edge are.
#[derive(Debug)]
pub(crate) struct EdgeLayout {
    pub(crate) fields: usize,
    pub(crate) edge_type: usize,
    pub(crate) name_or_index: usize,
    pub(crate) to_node: usize,
    /// The type for each number the file may have.
    pub(crate) types: Vec<EdgeType>,
}

/// Where the fields of a location are.
#[derive(Debug)]
pub(crate) struct LocationLayout {
    pub(crate) fields: usize,
    pub(crate) object_index: usize,
    pub(crate) script_id: usize,
    pub(crate) line: usize,
    pub(crate) column: usize,
    pub(crate) script_object_index: Option<usize>,
}

/// Where the fields of a sample are.
#[derive(Debug)]
pub(crate) struct SampleLayout {
    pub(crate) fields: usize,
    pub(crate) timestamp_us: usize,
    pub(crate) last_assigned_id: usize,
}

#[derive(Deserialize)]
#[serde(expecting = "an object")]
struct RawHeader {
    meta: RawMeta,
    node_count: u64,
    edge_count: u64,
    #[serde(default)]
    trace_function_count: u64,
    #[serde(default)]
    extra_native_bytes: f64,
    #[serde(default)]
    root_index: u64,
}

#[derive(Deserialize)]
#[serde(expecting = "an object")]
struct RawMeta {
    node_fields: Vec<String>,
    node_types: Vec<Value>,
    edge_fields: Vec<String>,
    edge_types: Vec<Value>,
    #[serde(default)]
    location_fields: Option<Vec<String>>,
    #[serde(default)]
    sample_fields: Option<Vec<String>>,
}

impl Header {
    /// Reads the value of `snapshot`, which began at `offset`.
    pub(crate) fn parse(text: &[u8], offset: u64) -> Result<Self> {
        let invalid = |what: String| Error::invalid(offset, format!("`snapshot` {what}"));
        let raw: RawHeader = serde_json::from_slice(text)
            .map_err(|error| invalid(format!("cannot be understood: {error}")))?;
        let mut node_type_names: Vec<String> =
            NODE_TYPE_NAMES.iter().map(|&name| name.to_owned()).collect();
        let nodes = NodeLayout::resolve(&raw.meta, &mut node_type_names).map_err(invalid)?;
        let edges = EdgeLayout::resolve(&raw.meta).map_err(invalid)?;
        let fields = raw.meta.location_fields.as_deref().filter(|fields| !fields.is_empty());
        let locations = fields.map(LocationLayout::resolve).transpose().map_err(invalid)?;
        let fields = raw.meta.sample_fields.as_deref().filter(|fields| !fields.is_empty());
        let samples = fields.map(SampleLayout::resolve).transpose().map_err(invalid)?;
        // The last two values of u32 are DevTools' "no node"; V8 itself ends at about 357 million.
        if raw.node_count == 0 || raw.node_count >= u64::from(u32::MAX - 1) {
            return Err(invalid(format!("has an impossible node_count, {}", raw.node_count)));
        }
        if raw.edge_count >= u64::from(u32::MAX) {
            return Err(invalid(format!("has an impossible edge_count, {}", raw.edge_count)));
        }
        Ok(Self {
            node_count: raw.node_count,
            edge_count: raw.edge_count,
            has_traces: raw.trace_function_count != 0,
            extra_native_bytes: raw.extra_native_bytes.max(0.0) as u64,
            root_index: raw.root_index,
            nodes,
            edges,
            locations,
            samples,
            node_type_names,
        })
    }

    /// The root. `offset` is for the error where there is none.
    pub(crate) fn root(&self, offset: u64) -> Result<NodeIndex> {
        let (index, fields) = (self.root_index, self.nodes.fields as u64);
        let root = index / fields;
        if !index.is_multiple_of(fields) || root >= self.node_count {
            return Err(Error::invalid(offset, format!("root_index {index} is no node")));
        }
        Ok(NodeIndex(root as u32))
    }
}

impl NodeLayout {
    fn resolve(meta: &RawMeta, names: &mut Vec<String>) -> std::result::Result<Self, String> {
        let fields = Fields::new("node_fields", &meta.node_fields)?;
        let node_type = fields.require("type")?;
        let types = type_names("node_types", &meta.node_types, node_type)?
            .into_iter()
            .map(|name| match NodeType::from_name(&name) {
                Some(known) => Ok(known),
                None => {
                    names.push(name);
                    u8::try_from(names.len() - 1)
                        .map(NodeType)
                        .map_err(|_| "has more than 256 node types".to_owned())
                }
            })
            .collect::<std::result::Result<_, _>>()?;
        Ok(Self {
            fields: meta.node_fields.len(),
            node_type,
            name: fields.require("name")?,
            id: fields.require("id")?,
            self_size: fields.require("self_size")?,
            edge_count: fields.require("edge_count")?,
            trace_node_id: fields.find("trace_node_id"),
            detachedness: fields.find("detachedness"),
            types,
        })
    }
}

impl EdgeLayout {
    fn resolve(meta: &RawMeta) -> std::result::Result<Self, String> {
        let fields = Fields::new("edge_fields", &meta.edge_fields)?;
        let edge_type = fields.require("type")?;
        Ok(Self {
            fields: meta.edge_fields.len(),
            edge_type,
            name_or_index: fields.require("name_or_index")?,
            to_node: fields.require("to_node")?,
            types: type_names("edge_types", &meta.edge_types, edge_type)?
                .iter()
                .map(|name| EdgeType::from_name(name))
                .collect(),
        })
    }
}

impl LocationLayout {
    fn resolve(names: &[String]) -> std::result::Result<Self, String> {
        let fields = Fields::new("location_fields", names)?;
        Ok(Self {
            fields: names.len(),
            object_index: fields.require("object_index")?,
            script_id: fields.require("script_id")?,
            line: fields.require("line")?,
            column: fields.require("column")?,
            script_object_index: fields.find("script_object_index"),
        })
    }
}

impl SampleLayout {
    fn resolve(names: &[String]) -> std::result::Result<Self, String> {
        let fields = Fields::new("sample_fields", names)?;
        Ok(Self {
            fields: names.len(),
            timestamp_us: fields.require("timestamp_us")?,
            last_assigned_id: fields.require("last_assigned_id")?,
        })
    }
}

/// The list of a table's field names.
struct Fields<'a> {
    of: &'static str,
    names: &'a [String],
}

impl<'a> Fields<'a> {
    fn new(of: &'static str, names: &'a [String]) -> std::result::Result<Self, String> {
        if names.is_empty() || names.len() > MAX_FIELDS {
            return Err(format!("has {} names in meta.{of}", names.len()));
        }
        Ok(Self { of, names })
    }

    fn find(&self, name: &str) -> Option<usize> {
        self.names.iter().position(|field| field == name)
    }

    fn require(&self, name: &str) -> std::result::Result<usize, String> {
        self.find(name).ok_or_else(|| format!("lists no `{name}` in meta.{}", self.of))
    }
}

/// The names of the types, which stand where the type column is. `node_types` may have more
/// entries than there are fields (Node 24), so only that one is looked at.
fn type_names(
    of: &str,
    types: &[Value],
    column: usize,
) -> std::result::Result<Vec<String>, String> {
    let names = types.get(column).and_then(Value::as_array);
    let names = names.ok_or_else(|| format!("lists no type names in meta.{of}"))?;
    if names.len() > 256 {
        return Err(format!("lists {} types in meta.{of}", names.len()));
    }
    names
        .iter()
        .map(|name| name.as_str().map(str::to_owned))
        .collect::<Option<_>>()
        .ok_or_else(|| format!("has a type in meta.{of} that is not a string"))
}
