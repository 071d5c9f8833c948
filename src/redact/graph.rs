//! What has to be known of the graph to tell the key of a dictionary from the name of a property.

use super::bits::Bits;
use super::meta::{EDGE_FIELDS, EdgeKind, Meta};
use super::strings::Use;

/// Every global object has more constructors than these under their own names: `Object`, `Array` ...
const MIN_CONSTRUCTORS: usize = 16;

/// The variable of a module that is exported is a cell: a hidden class and a value, and nothing else that a
/// table refers to is as small. A `Proxy` is hidden as well, and twice as large.
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
    /// Variables that modules export.
    cells: Bits,
}

impl Graph {
    /// Notes that the next node is of so many bytes, if it is a hidden one: it may be a variable of a module.
    pub(super) fn note_size(&mut self, node_type: u8, bytes: u64, meta: &Meta) {
        if meta.hidden_type == Some(node_type) && bytes == CELL_BYTES {
            self.cells.insert(self.types.len());
        }
    }

    /// Notes the next node.
    pub(super) fn push(&mut self, node_type: u8, name: u32, edge_count: u32) {
        self.types.push(node_type);
        self.names.push(name);
        self.edge_counts.push(edge_count);
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
            } else if meta.edge_kind(kind) == EdgeKind::Shortcut {
                self.own.insert(target);
                if self.types.get(target).copied() != meta.object_type {
                    self.user_roots.insert(target);
                }
            }
        }
    }

    /// The names under which a module exports variables, if the owner of `edges` is its table of those: each
    /// name with a cell behind it. To V8 they are strings like any other.
    pub(super) fn export_names<'e>(
        &'e self,
        edges: &'e [[u64; EDGE_FIELDS]],
        meta: &'e Meta,
    ) -> impl Iterator<Item = u32> + 'e {
        let node = |edge: &[u64; EDGE_FIELDS]| edge[2] as usize / meta.node_fields;
        let is_internal = |edge: &[u64; EDGE_FIELDS]| meta.edge_kind(edge[0]) == EdgeKind::Internal;
        let is_table =
            meta.array_type.is_some() && self.types.get(self.owner).copied() == meta.array_type;
        let pairs = edges.windows(2).filter(move |_| is_table);
        pairs.filter_map(move |pair| {
            let name = node(&pair[0]);
            let is_name =
                meta.string_type.is_some() && self.types.get(name).copied() == meta.string_type;
            let is_pair = pair.iter().all(is_internal) && self.cells.contains(node(&pair[1]));
            (is_name && is_pair).then(|| self.names[name])
        })
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
            meta.edge_kind(kind) == EdgeKind::Internal && is(target, meta.object_type)
        });
        let constructors = edges.iter().filter(|&&[kind, name, target]| {
            meta.edge_kind(kind) == EdgeKind::Property
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
                let is_array = meta.edge_kind(kind) == EdgeKind::Internal
                    && self.types.get(target).copied() == meta.array_type;
                let name = self.names.get(target).copied();
                name.filter(|_| is_array && name != empty_name)
            })
        };
        let mut names = arrays();
        let (first, second) = (names.next(), names.next());
        if self.elements_name.is_none() {
            let has_elements =
                edges.iter().any(|&[kind, ..]| meta.edge_kind(kind) == EdgeKind::Element);
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
