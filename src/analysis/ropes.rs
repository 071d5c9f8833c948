//! Concatenated strings ("ropes"): their halves, and which of them have no text at all.
//!
//! Ropes share parts, and in a file that V8 did not write they may contain themselves. A walk that
//! goes only into halves that have text gets one unit or more from each, so it never spends long
//! on a part of which nothing is shown.
//!
//! Time: one look at each edge of a rope, and O(log n) for each half of a rope that is a rope and
//! does not tell at once. Memory: a bit a node, and 8 bytes for each such half while it runs.

use crate::analysis::bits::BitSet;
use crate::analysis::detachedness::Detachedness;
use crate::analysis::names::{Known, KnownNames};
use crate::control::Control;
use crate::error::Result;
use crate::graph::{EdgeType, HeapGraph, NodeIndex, NodeType};

/// The concatenated strings of a snapshot that have no text: every leaf is empty.
#[derive(Clone, Debug, Default)]
pub struct BlankRopes(BitSet);

impl BlankRopes {
    /// Finds them.
    ///
    /// # Errors
    /// `ABORT_ERR`, `ERR_TIMEOUT`.
    pub fn new(
        graph: &HeapGraph,
        names: &KnownNames,
        detachedness: &Detachedness,
        control: &Control,
    ) -> Result<Self> {
        let mut blank = BitSet::new(graph.node_count());
        // A rope that no leaf of its own gives text, under each rope that is a half of it.
        let mut parents: Vec<(NodeIndex, NodeIndex)> = Vec::new();
        for node in graph.nodes() {
            control.checkpoint_at(node.at())?;
            if graph.node_type(node) != NodeType::CONS_STRING {
                continue;
            }
            let (first, second) = halves(graph, names, node);
            let is_rope = |half: &NodeIndex| graph.node_type(*half) == NodeType::CONS_STRING;
            let has_text =
                |half: &NodeIndex| !is_rope(half) && !detachedness.name(graph, *half).is_empty();
            if ![first, second].iter().any(has_text) {
                blank.insert(node.0);
                parents.extend(
                    [first, second].iter().filter(|half| is_rope(half)).map(|&half| (half, node)),
                );
            }
        }
        parents.sort_unstable();
        spread_text(&parents, &mut blank, control)?;
        Ok(Self(blank))
    }

    /// Whether a concatenated string has no text. False for all other nodes.
    pub fn contains(&self, node: NodeIndex) -> bool {
        self.0.contains(node.0)
    }
}

/// Whoever has a half with text has text: takes them out of `blank`.
fn spread_text(
    parents: &[(NodeIndex, NodeIndex)],
    blank: &mut BitSet,
    control: &Control,
) -> Result<()> {
    let mut with_text: Vec<NodeIndex> =
        parents.iter().map(|&(half, _)| half).filter(|half| !blank.contains(half.0)).collect();
    with_text.dedup();
    let mut steps = 0;
    while let Some(half) = with_text.pop() {
        control.checkpoint_at(steps)?;
        steps += 1;
        let start = parents.partition_point(|&(other, _)| other < half);
        let own = parents[start..].iter().take_while(|&&(other, _)| other == half);
        with_text.extend(own.map(|&(_, parent)| parent).filter(|parent| blank.remove(parent.0)));
    }
    Ok(())
}

/// The two parts of a concatenated string. Chrome DevTools takes node 0 for "not found yet", and a
/// missing part for node 0.
pub(super) fn halves(
    graph: &HeapGraph,
    names: &KnownNames,
    node: NodeIndex,
) -> (NodeIndex, NodeIndex) {
    let (mut first, mut second) = (NodeIndex(0), NodeIndex(0));
    for edge in graph.edges(node) {
        if first.0 != 0 && second.0 != 0 {
            break;
        }
        if edge.label.edge_type() == EdgeType::INTERNAL {
            match names.of_edge(edge.label) {
                Known::First => first = edge.target,
                Known::Second => second = edge.target,
                _ => {}
            }
        }
    }
    (first, second)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::GraphBuilder;

    #[test]
    fn a_rope_is_blank_if_no_leaf_below_it_has_text() {
        let mut heap = GraphBuilder::new();
        let empty = heap.node(NodeType::STRING, "", 8);
        let text = heap.node(NodeType::STRING, "a", 8);
        let ropes: Vec<NodeIndex> =
            (0..6).map(|_| heap.node(NodeType::CONS_STRING, "(concatenated string)", 8)).collect();
        let halves = [
            (empty, empty),
            (ropes[0], ropes[0]),
            // Text far below, behind halves that stand before and after their wholes.
            (ropes[1], ropes[3]),
            (ropes[1], ropes[4]),
            (empty, text),
            // Itself, and nothing.
            (ropes[5], ropes[5]),
        ];
        for (&rope, (first, second)) in ropes.iter().zip(halves) {
            heap.edge(rope, EdgeType::INTERNAL, "first", first);
            heap.edge(rope, EdgeType::INTERNAL, "second", second);
        }
        let graph = heap.build();
        let control = Control::default();
        let names = KnownNames::new(graph.strings(), &control).unwrap();
        let detachedness = Detachedness::new(&graph, &control).unwrap();
        let blank = BlankRopes::new(&graph, &names, &detachedness, &control).unwrap();
        let found: Vec<bool> = ropes.iter().map(|&rope| blank.contains(rope)).collect();
        assert_eq!(found, [true, true, false, false, false, true]);
    }
}
