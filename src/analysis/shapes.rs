//! Which properties plain objects have: the raw material of interface names.
//!
//! A *plain object* is one that V8 names `Object`. Objects with the same sequence of property
//! names share a *shape*, and everything that DevTools says about a plain object's class follows
//! from its shape, so it is computed once a shape.
//!
//! Time: linear in the property edges of plain objects. Memory: 4 bytes for each property of each
//! different shape.

use hashbrown::{DefaultHashBuilder, HashTable};
use std::hash::BuildHasher;

use crate::analysis::by_string::ByString;
use crate::graph::{EdgeType, HeapGraph, NodeIndex, StringIndex};
use crate::snapshot::StringTable;

/// The number of a shape, in the order of their first objects.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ShapeIndex(pub u32);

/// The shapes of a snapshot's plain objects, with their own copy of the property names.
#[derive(Debug, Default)]
pub struct Shapes {
    /// The properties of all shapes, as indices into `texts`.
    properties: Vec<StringIndex>,
    /// Where each shape's properties end.
    ends: Vec<usize>,
    /// How many objects each shape has.
    counts: Vec<u32>,
    texts: StringTable,
}

impl Shapes {
    /// How many shapes there are.
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    /// Whether there is no plain object.
    pub fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    /// All shapes, in the order of their first objects.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = ShapeIndex> + use<> {
        (0..self.len() as u32).map(ShapeIndex)
    }

    /// How many plain objects there are.
    pub fn object_count(&self) -> u64 {
        self.counts.iter().map(|&count| u64::from(count)).sum()
    }

    /// How many objects have the shape.
    pub fn count(&self, shape: ShapeIndex) -> u32 {
        self.counts[shape.0 as usize]
    }

    /// The names of the shape's properties, `__proto__` included, in the order of the edges.
    #[inline]
    pub fn properties(&self, shape: ShapeIndex) -> &[StringIndex] {
        let at = shape.0 as usize;
        let start = if at == 0 { 0 } else { self.ends[at - 1] };
        &self.properties[start..self.ends[at]]
    }

    /// The texts of the property names.
    pub fn texts(&self) -> &StringTable {
        &self.texts
    }
}

/// Finds the shape of one object after another.
#[derive(Debug, Default)]
pub(super) struct ShapeCollector {
    shapes: Shapes,
    /// Shapes by the hash of their properties. Seeded, so that no file can make it slow.
    table: HashTable<(u64, ShapeIndex)>,
    hasher: DefaultHashBuilder,
    scratch: Vec<StringIndex>,
}

impl ShapeCollector {
    /// The shape of a plain object.
    pub(super) fn add(&mut self, graph: &HeapGraph, object: NodeIndex) -> ShapeIndex {
        self.scratch.clear();
        let properties =
            graph.edges(object).filter(|edge| edge.label.edge_type() == EdgeType::PROPERTY);
        self.scratch.extend(properties.map(|edge| StringIndex(edge.label.raw_name())));
        let hash = self.hasher.hash_one(&self.scratch);
        let (shapes, scratch) = (&self.shapes, &self.scratch);
        let same = |&(other, shape): &(u64, ShapeIndex)| {
            other == hash && shapes.properties(shape) == scratch
        };
        if let Some(&(_, shape)) = self.table.find(hash, same) {
            self.shapes.counts[shape.0 as usize] += 1;
            return shape;
        }
        let shape = ShapeIndex(self.shapes.len() as u32);
        self.shapes.properties.extend_from_slice(&self.scratch);
        self.shapes.ends.push(self.shapes.properties.len());
        self.shapes.counts.push(1);
        self.table.insert_unique(hash, (hash, shape), |&(hash, _)| hash);
        shape
    }

    /// The shapes, with a copy of the names they use.
    pub(super) fn finish(self, graph: &HeapGraph) -> Shapes {
        let mut shapes = self.shapes;
        let mut copies = ByString::new(graph.strings().len());
        for property in &mut shapes.properties {
            let known = copies.get(*property).map(StringIndex);
            let copy = known.unwrap_or_else(|| {
                let copy = shapes.texts.push(graph.strings().get(*property));
                copies.set(*property, copy.0);
                copy
            });
            *property = copy;
        }
        shapes
    }
}
