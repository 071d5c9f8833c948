//! The `locations` section: where functions are, and the constructors of objects.
//!
//! Objects of one class share a place. So a place is kept once, and a row is a node and a number.
//!
//! Time: one hash look-up a row whose place is not that of the row before it. Memory: 8 bytes a row,
//! and some 60 a place.

use hashbrown::HashMap;
use rayon::prelude::*;

use super::divisor::Divisor;
use super::lists::RowList;
use super::meta::{Header, LocationLayout};
use super::rows::MAX_FIELDS;
use crate::graph::NodeIndex;

/// A row of `locations`: where the function is, or the constructor of the object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Location {
    /// The node it belongs to.
    pub node: NodeIndex,
    /// Where.
    pub place: Place,
}

/// A place in the code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Place {
    /// V8's script id.
    pub script_id: u32,
    /// 0-based line of the opening parenthesis of the parameter list.
    pub line: u32,
    /// 0-based column of the same.
    pub column: u32,
    /// The node of the script, in files that have the column (newer than Node 26).
    pub script: Option<NodeIndex>,
}

/// All rows, sorted by node.
#[derive(Debug, Default)]
pub struct Locations {
    /// Node, and number of the place.
    rows: Vec<(NodeIndex, u32)>,
    places: Vec<Place>,
    numbers: HashMap<Place, u32>,
}

impl Locations {
    /// Where a node's function or constructor is.
    pub fn of(&self, node: NodeIndex) -> Option<Place> {
        let at = self.rows.binary_search_by_key(&node, |&(node, _)| node).ok()?;
        Some(self.places[self.rows[at].1 as usize])
    }

    /// All rows in the order of nodes.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = Location> + '_ {
        let rows = self.rows.iter();
        rows.map(|&(node, number)| Location { node, place: self.places[number as usize] })
    }

    /// Adds a row, in any order.
    pub(crate) fn push(&mut self, Location { node, place }: Location) {
        let number = match self.rows.last() {
            Some(&(_, last)) if self.places[last as usize] == place => last,
            _ => self.number_of(place),
        };
        self.rows.push((node, number));
    }

    /// Ends the building: puts the rows in the order of nodes.
    pub(crate) fn sort(&mut self) {
        self.numbers = HashMap::new();
        self.rows.shrink_to_fit();
        if !self.rows.is_sorted_by_key(|&(node, _)| node) {
            self.rows.par_sort_by_key(|&(node, _)| node);
        }
    }

    fn number_of(&mut self, place: Place) -> u32 {
        let Self { places, numbers, .. } = self;
        *numbers.entry(place).or_insert_with(|| {
            places.push(place);
            places.len() as u32 - 1
        })
    }
}

/// Where the fields of a row are, and which node an index in it means.
pub(crate) struct LocationFields<'h> {
    layout: &'h LocationLayout,
    node_fields: Divisor,
    node_count: u64,
}

impl<'h> LocationFields<'h> {
    pub(crate) fn new(header: &Header, layout: &'h LocationLayout) -> Self {
        let node_fields = Divisor::new(header.nodes.fields);
        Self { layout, node_fields, node_count: header.node_count }
    }

    fn node_at(&self, index: u64) -> Option<NodeIndex> {
        let node = self.node_fields.exact(index).filter(|&node| node < self.node_count)?;
        Some(NodeIndex(node as u32))
    }
}

impl<'h> RowList<LocationFields<'h>> for Locations {
    fn push_row(
        &mut self,
        fields: &LocationFields<'h>,
        numbers: &[u64; MAX_FIELDS],
    ) -> Result<(), String> {
        let layout = fields.layout;
        let index = numbers[layout.object_index];
        let Some(node) = fields.node_at(index) else {
            return Err(format!("has a row for {index}, which is no node"));
        };
        let place = Place {
            script_id: numbers[layout.script_id] as u32,
            line: numbers[layout.line] as u32,
            column: numbers[layout.column] as u32,
            script: layout.script_object_index.and_then(|field| fields.node_at(numbers[field])),
        };
        self.push(Location { node, place });
        Ok(())
    }

    fn append(&mut self, more: Self) {
        let numbers: Vec<u32> = more.places.iter().map(|&place| self.number_of(place)).collect();
        let rows = more.rows.iter().map(|&(node, number)| (node, numbers[number as usize]));
        self.rows.extend(rows);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_kept_once_and_found_by_node() {
        let place = |line| Place { script_id: 3, line, column: 1, script: None };
        let mut locations = Locations::default();
        let mut more = Locations::default();
        for node in (0..100).rev() {
            let part = if node % 3 == 0 { &mut more } else { &mut locations };
            part.push(Location { node: NodeIndex(2 * node), place: place(node % 4) });
        }
        locations.append(more);
        locations.sort();
        assert_eq!(locations.places.len(), 4);
        assert!(locations.iter().is_sorted_by_key(|location| location.node));
        for node in 0..200 {
            let expected = (node % 2 == 0).then(|| place(node / 2 % 4));
            assert_eq!(locations.of(NodeIndex(node)), expected);
        }
    }
}
