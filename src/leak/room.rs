//! Room that came without anything in it.
//!
//! Where entries of a Map or Set come and go, V8 keeps the deleted ones until the table is full, and then
//! makes one of twice the size, unless half of it is free. So the table of a cache that is full doubles
//! once, some time after the cache was filled, and stays so. Elements of arrays and dictionaries are
//! replaced in the same way. Source: V8's `OrderedHashTable::EnsureCapacityForAdding`.
//!
//! Time: linear in the edges of the containers. Memory: none.

use crate::graph::{Edge, EdgeType, NodeIndex, NodeType};
use crate::leak::before::Before;
use crate::leak::candidate::Candidate;
use crate::leak::items;
use crate::leak::suspects::Newer;

/// A container that gained one in so many items, or fewer, has not grown out of its table.
const SMALL_GAIN: u64 = 8;
/// A new table is at most this many times as large as the one before.
const LARGEST_STEP: u64 = 2;

/// Objects of so many bytes have a chunk of their own. When such a one is replaced, the next one may get the same
/// chunk, and with the address V8 gives it the id of the one before.
const LARGE_OBJECT: u64 = 128 << 10;

/// How much of the growth of a candidate may be new tables of containers that hardly gained an item.
pub(super) fn room_that_came(newer: Newer<'_>, before: &Before<'_>, candidate: &Candidate) -> u64 {
    let point = candidate.point;
    let of_credited = candidate.credited.iter().map(|&other| room_of(newer, before, other, 0));
    room_of(newer, before, point.node, point.bytes) + of_credited.sum::<u64>()
}

/// `bytes` are the growth that is known of the container.
fn room_of(newer: Newer<'_>, before: &Before<'_>, container: NodeIndex, bytes: u64) -> u64 {
    let Newer { graph, words, analysis, .. } = newer;
    if graph.node_type(container) != NodeType::OBJECT {
        return 0;
    }
    // The size of a store belongs to its container.
    let size = u64::from(analysis.self_size[container.at()]);
    let room = size - size / LARGEST_STEP;
    let is_about_all = bytes.abs_diff(room) <= room / SMALL_GAIN;
    let is_new = |store: NodeIndex| {
        let is_large = u64::from(graph.file_self_size(store)) >= LARGE_OBJECT;
        before.is_young(store) || (is_large && is_about_all)
    };
    let is_new_store = |edge: Edge| {
        edge.label.edge_type() == EdgeType::INTERNAL
            && graph.node_type(edge.target) == NodeType::ARRAY
            && is_new(edge.target)
    };
    let has_gained_little = || {
        let prior = before.of(graph, container)?;
        let (_, now) = items::count(graph, words, container)?;
        Some(now.saturating_sub(prior.items) * SMALL_GAIN <= prior.items)
    };
    let is_replaced = graph.edges(container).any(is_new_store) && has_gained_little() == Some(true);
    if is_replaced { room } else { 0 }
}

#[cfg(test)]
mod tests {
    use crate::graph::{EdgeType, NodeIndex, NodeType};
    use crate::leak::stage::{property, suspects};
    use crate::testing::GraphBuilder;

    /// Whether a Map is found whose table has `sizes` in the two heaps and is another one in the second, or keeps
    /// its id, with so many entries, which are others.
    fn is_found(sizes: [u32; 2], entries: [u32; 2], keeps_id: bool) -> bool {
        let found = suspects(|heap: &mut GraphBuilder, global: NodeIndex, is_grown| {
            let at = usize::from(is_grown);
            let map = property(heap, global, "sessions", "Map");
            let table = heap.node(NodeType::ARRAY, "", sizes[at]);
            heap.edge(map, EdgeType::INTERNAL, "table", table);
            heap.set_id(map, 5_001);
            heap.set_id(table, if is_grown && !keeps_id { 900_001 } else { 5_003 });
            for number in 0..entries[at] {
                let session = heap.node(NodeType::OBJECT, "Session", 50);
                heap.edge(table, EdgeType::INTERNAL, (9 + 3 * number).to_string(), session);
                heap.set_id(session, if is_grown { 800_001 } else { 10_001 } + 2 * number);
            }
        });
        !found.is_empty()
    }

    #[test]
    fn a_table_that_doubled_is_no_growth_of_what_is_in_it() {
        let doubled = [1_000_000, 2_000_000];
        assert!(!is_found(doubled, [3_000, 3_000], false));
        assert!(!is_found(doubled, [3_000, 3_000], true), "V8 gave it the id of the one before");
        assert!(!is_found(doubled, [3_000, 3_100], false));
        assert!(is_found(doubled, [3_000, 30_000], false));
        assert!(is_found([1_000_000, 1_000_000], [3_000, 30_000], true));
    }
}
