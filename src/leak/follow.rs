//! Where the growth below a young node is: it is followed down for as long as one child has most of it.
//!
//! Memory outside of V8's heap, as that of a compressor, has a new id in each snapshot. Below something young it
//! came with that, and is no survivor.
//!
//! Time: linear in the children of the nodes on the way. Memory: those nodes.

use crate::graph::{NodeIndex, NodeType};
use crate::leak::chain::{are_keys, entry_of};
use crate::leak::growth::Walk;
use crate::leak::spine::Spine;

/// Where the growth below a young node ends.
#[derive(Clone, Copy, Debug)]
pub(super) enum End {
    /// At something that a developer would call a thing; `links` says how long a list it heads.
    Thing { node: NodeIndex, links: usize },
    /// In a part of the survivor above.
    Part { links: usize },
    /// At a survivor below: the young node only came in between.
    Survivor,
}

impl Walk<'_> {
    /// Follows the growth down from a young node for as long as one child has most of it.
    pub(super) fn follow(&self, start: u32) -> End {
        let tree = &self.analysis.dominators;
        let top = tree.node_at(start);
        let retained = |position: u32| self.analysis.retained.at(tree.node_at(position).at());
        let mut at = start;
        // The last young node on the way: memory outside of the heap is nothing that has a name.
        let mut last = top;
        let mut spine = Spine::default();
        let mut meets_survivor = false;
        loop {
            if self.before.is_young(tree.node_at(at)) {
                last = tree.node_at(at);
                spine.add(self.graph, last);
            }
            let heaviest = tree.children(at).max_by_key(|&child| retained(child));
            let Some(child) = heaviest else { break };
            if retained(child) < retained(at) / 2 {
                break;
            }
            let below = tree.node_at(child);
            meets_survivor =
                !self.before.is_young(below) && !self.before.is_outside(self.graph, below);
            if meets_survivor {
                break;
            }
            at = child;
        }
        if let Some(node) = self.container_of_shared(last) {
            return End::Thing { node, links: 0 };
        }
        let (end, links) = match spine.list(self.graph) {
            Some((first, links)) if self.is_branch(first, &spine) => return End::Part { links },
            Some((first, links)) => (first, links),
            None if meets_survivor => return End::Survivor,
            None => (last, 0),
        };
        match self.owner(end, top) {
            Some(node) => End::Thing { node, links },
            None => End::Part { links },
        }
    }

    /// Whether a young list is a branch of a tree that was there before: its keys are data, and the
    /// node above is of the same class.
    fn is_branch(&self, first: NodeIndex, spine: &Spine) -> bool {
        let above = self.analysis.dominators.idom(first);
        let class = |node| (self.graph.node_type(node), self.graph.name_index(node));
        let is_object = self.graph.node_type(above) == NodeType::OBJECT;
        let of_class = spine.nodes.iter().filter(|&&node| class(node) == class(first));
        let entry = |&node: &NodeIndex| entry_of(self.graph, self.analysis, node);
        is_object
            && class(above) == class(first)
            && !self.before.is_young(above)
            && are_keys(&of_class.map(entry).collect::<Vec<_>>())
    }
}

#[cfg(test)]
mod tests {
    use crate::graph::{EdgeType, NodeType};
    use crate::leak::stage::{function, property, scope, suspects};

    /// What is found where compressors are kept in a list: name and growth in bytes.
    fn found(memory: u32) -> Vec<(String, i64)> {
        let found = suspects(|heap, global, is_grown| {
            let ship = function(heap, global, "ship", "/srv/app/ship.js", 2);
            let scope = scope(heap, ship);
            let compressors = property(heap, scope, "compressors", "Array");
            for at in 0..if is_grown { 105 } else { 5 } {
                let compressor = heap.node(NodeType::OBJECT, "Compressor", 200);
                heap.numbered(compressors, EdgeType::ELEMENT, at, compressor);
                heap.set_id(compressor, 90_001 + 2 * at);
                let wrapper = heap.node(NodeType::NATIVE, "ZlibContext", 80);
                let stream = heap.node(NodeType::NATIVE, "zlib memory", memory);
                heap.edge(compressor, EdgeType::INTERNAL, "native_to_javascript", wrapper);
                heap.edge(wrapper, EdgeType::INTERNAL, "memory", stream);
                // V8 makes these ids of addresses.
                heap.set_id(wrapper, 4 + 8 * at);
                heap.set_id(stream, 8 + 8 * at);
            }
        });
        found.into_iter().map(|it| (it.name, it.growth.retained_bytes)).collect()
    }

    #[test]
    fn memory_outside_of_the_heap_came_with_what_is_young_above_it() {
        for memory in [80, 30_000] {
            let found = found(memory);
            let [(name, bytes)] = &found[..] else { panic!("{found:?}") };
            assert_eq!(name, "compressors");
            assert!(*bytes >= 100 * i64::from(200 + 80 + memory), "{found:?}");
        }
    }
}
