//! What has to be known of the graph to tell the key of a dictionary from the name of a property, and the
//! name of an exported variable from any other string.
//!
//! Memory: nine bytes a node, some bits for few of them, and eight bytes for each string in a table that has
//! what is as small as a cell behind it.

use super::bits::Bits;
use super::meta::{EDGE_FIELDS, EdgeKind, Meta};
use super::strings::Use;

/// Every global object has more constructors than these under their own names: `Object`, `Array` ...
const MIN_CONSTRUCTORS: usize = 16;

/// The variable of a module that is exported is a cell: its hidden class, of which V8 does not tell, and its
/// value. As small are holes, which Node 22 shows in tables of Maps and Sets, and what wraps compiled code: they
/// refer to what is V8's.
const CELL_BYTES: u64 = 16;

/// What is remembered of the nodes, and where the edges are.
#[derive(Debug, Default)]
pub(super) struct Graph {
    types: Vec<u8>,
    names: Vec<u32>,
    edge_counts: Vec<u32>,
    owner: usize,
    /// The edges of the owner so far: type, name, target.
    pub(super) edges: Vec<[u64; EDGE_FIELDS]>,
    /// Name of the arrays that hold elements, once one was seen.
    elements_name: Option<u32>,
    /// User roots, and what contexts among them refer to: dictionaries of V8's own, whose keys are
    /// labels.
    own: Bits,
    user_roots: Bits,
    /// Hidden nodes as small as a cell, and those of them that have an object or function in it and nothing else.
    may_be_cells: Bits,
    cells: Bits,
    /// Names in tables, and what stands behind each: variables that a module exports, if that is a cell.
    in_front: Vec<(u32, u32)>,
}

impl Graph {
    /// Notes that the next node is of so many bytes, if it is a hidden one: it may be a variable of a module.
    pub(super) fn note_size(&mut self, node_type: u8, bytes: u64, meta: &Meta) {
        if meta.hidden_type == Some(node_type) && bytes == CELL_BYTES {
            self.may_be_cells.insert(self.types.len());
        }
    }

    /// Notes the next node.
    pub(super) fn push(&mut self, node_type: u8, name: u32, edge_count: u32) {
        self.types.push(node_type);
        self.names.push(name);
        self.edge_counts.push(edge_count);
    }

    /// How many nodes there have been.
    pub(super) fn nodes(&self) -> u64 {
        self.types.len() as u64
    }

    /// How many edges the owner of the next one has. `None` when no node has any left.
    pub(super) fn edges_of_owner(&self) -> Option<u32> {
        self.edge_counts.get(self.owner).copied()
    }

    /// Goes on to the next owner.
    pub(super) fn end_owner(&mut self) {
        self.edges.clear();
        self.owner += 1;
        self.skip_owners_without_edges();
    }

    /// Makes the owner one that has edges.
    pub(super) fn skip_owners_without_edges(&mut self) {
        while self.edge_counts.get(self.owner) == Some(&0) {
            self.owner += 1;
        }
    }

    /// Shortcuts of the root lead to the user roots. Those are V8's own, and where they are contexts so
    /// is what they refer to, as prototypes. What a global object refers to is the program's.
    pub(super) fn note_user_roots(&mut self, edges: &[[u64; EDGE_FIELDS]], meta: &Meta) {
        let owner = self.owner;
        let of_root = owner == 0;
        if !of_root && !self.user_roots.contains(owner) {
            return;
        }
        for &[kind, _, target] in edges {
            let target = target as usize / meta.node_fields;
            if target >= self.types.len() {
                continue;
            }
            if !of_root {
                self.own.insert(target);
            } else if meta.edge_kind(kind) == Some(EdgeKind::Shortcut) {
                self.own.insert(target);
                if self.types.get(target).copied() != meta.object_type {
                    self.user_roots.insert(target);
                }
            }
        }
    }

    /// Notes what tells the names under which a module exports variables: its table has each with a cell
    /// behind it. To V8 they are strings like any other.
    pub(super) fn note_exports(&mut self, edges: &[[u64; EDGE_FIELDS]], meta: &Meta) {
        let node = |edge: &[u64; EDGE_FIELDS]| edge[2] as usize / meta.node_fields;
        let type_of = |node: usize| self.types.get(node).copied();
        let is = |node: usize, wanted: Option<u8>| wanted.is_some() && type_of(node) == wanted;
        if is(self.owner, meta.array_type) {
            let pairs = edges.windows(2).map(|pair| (node(&pair[0]), node(&pair[1])));
            let pairs = pairs.filter(|&(name, behind)| {
                is(name, meta.string_type) && self.may_be_cells.contains(behind)
            });
            self.in_front.extend(pairs.map(|(name, behind)| (self.names[name], behind as u32)));
        } else if let [value] = edges
            && self.may_be_cells.contains(self.owner)
            && [meta.object_type, meta.closure_type].iter().any(|&wanted| is(node(value), wanted))
        {
            self.cells.insert(self.owner);
        }
    }

    /// The names under which modules export variables. Known once all edges are.
    pub(super) fn export_names(&mut self) -> impl Iterator<Item = u32> {
        let is_cell = |&(_, behind): &(u32, u32)| self.cells.contains(behind as usize);
        std::mem::take(&mut self.in_front).into_iter().filter(is_cell).map(|(name, _)| name)
    }

    /// Whether the owner of `edges` is a global object, which no user root leads to where internals
    /// are exposed: it has a proxy, and constructors under their own names, of which a program's
    /// dictionary hardly has as many.
    fn is_global(&self, edges: &[[u64; EDGE_FIELDS]], meta: &Meta) -> bool {
        let node = |target: u64| target as usize / meta.node_fields;
        let is = |target: u64, wanted: Option<u8>| {
            wanted.is_some() && self.types.get(node(target)).copied() == wanted
        };
        let has_proxy = edges.iter().any(|&[kind, _, target]| {
            meta.edge_kind(kind) == Some(EdgeKind::Internal) && is(target, meta.object_type)
        });
        let constructors = edges.iter().filter(|&&[kind, name, target]| {
            meta.edge_kind(kind) == Some(EdgeKind::Property)
                && is(target, meta.closure_type)
                && self.names.get(node(target)).is_some_and(|&of| u64::from(of) == name)
        });
        has_proxy && constructors.take(MIN_CONSTRUCTORS).count() == MIN_CONSTRUCTORS
    }

    /// What the names of the properties of the owner of `edges` are.
    pub(super) fn use_of_names(&mut self, edges: &[[u64; EDGE_FIELDS]], meta: &Meta) -> Use {
        let is_dictionary = self.is_dictionary(edges, meta);
        let is =
            |wanted: Option<u8>| wanted.is_some() && self.types.get(self.owner).copied() == wanted;
        let is_object = is(meta.object_type) || is(meta.closure_type);
        let is_own = || self.own.contains(self.owner) || self.is_global(edges, meta);
        if is_dictionary && !is_own() {
            Use::Key
        } else if is_object {
            Use::Property
        } else {
            Use::Label
        }
    }

    /// Whether the owner of `edges` keeps its properties in a dictionary: an array that it refers
    /// to internally and that holds no elements. The array of a Map has an empty name, like the
    /// root; elements are known by an object that has some.
    fn is_dictionary(&mut self, edges: &[[u64; EDGE_FIELDS]], meta: &Meta) -> bool {
        let empty_name = self.names.first().copied();
        let arrays = || {
            edges.iter().filter_map(|&[kind, _, target]| {
                let target = target as usize / meta.node_fields;
                let is_array = meta.edge_kind(kind) == Some(EdgeKind::Internal)
                    && self.types.get(target).copied() == meta.array_type;
                let name = self.names.get(target).copied();
                name.filter(|_| is_array && name != empty_name)
            })
        };
        let mut names = arrays();
        let (first, second) = (names.next(), names.next());
        if self.elements_name.is_none() {
            let has_elements =
                edges.iter().any(|&[kind, ..]| meta.edge_kind(kind) == Some(EdgeKind::Element));
            // V8 lists properties before elements.
            self.elements_name = match (first, second) {
                (Some(_), Some(elements)) => Some(elements),
                (Some(elements), None) if has_elements => Some(elements),
                _ => None,
            };
        }
        let elements_name = self.elements_name;
        arrays().any(|name| Some(name) != elements_name)
    }
}
