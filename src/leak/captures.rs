//! Which functions captured a scope: the code that a scope is of.
//!
//! Time: one pass over the functions, when first asked for; then logarithmic in their number, and linear in
//! those that are looked at. Memory: 8 bytes a function.

use crate::graph::{HeapGraph, NodeIndex, NodeType};
use crate::leak::scripts::internal_target;
use crate::leak::vocabulary::Vocabulary;

/// The functions of each scope.
pub(super) struct Captures {
    /// Scopes with their functions, in order.
    pairs: Vec<(NodeIndex, NodeIndex)>,
}

impl Captures {
    /// Looks at all functions.
    pub(super) fn find(graph: &HeapGraph, words: &Vocabulary) -> Self {
        let functions = graph.nodes().filter(|&node| graph.node_type(node) == NodeType::CLOSURE);
        let captured = functions.filter_map(|function| {
            Some((internal_target(graph, function, [words.context; 2])?, function))
        });
        let mut pairs: Vec<_> = captured.collect();
        pairs.sort_unstable();
        Self { pairs }
    }

    /// The functions that captured a scope, in the order of nodes.
    pub(super) fn of(&self, scope: NodeIndex) -> impl Iterator<Item = NodeIndex> + '_ {
        let start = self.pairs.partition_point(|&(captured, _)| captured < scope);
        let of_scope =
            self.pairs[start..].iter().take_while(move |(captured, _)| *captured == scope);
        of_scope.map(|&(_, function)| function)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::graph::EdgeType;
    use crate::leak::stage::{Heap, property};

    #[test]
    fn the_functions_of_a_scope_are_those_that_have_it_as_context() {
        let mut scopes = Vec::new();
        let mut functions = Vec::new();
        let heap = Heap::build(|heap, global| {
            scopes.extend((0..3).map(|_| property(heap, global, "scope", "system / Context")));
            for at in [1, 0, 1] {
                let function = heap.node(NodeType::CLOSURE, "f", 32);
                heap.edge(function, EdgeType::INTERNAL, "context", scopes[at]);
                heap.edge(function, EdgeType::INTERNAL, "other", scopes[2]);
                functions.push(function);
            }
        });
        let captures = Captures::find(&heap.graph, &heap.words);
        let of = |at: usize| captures.of(scopes[at]).collect::<Vec<_>>();
        assert_eq!(of(0), [functions[1]]);
        assert_eq!(of(1), [functions[0], functions[2]]);
        assert_eq!(of(2), []);
    }
}
