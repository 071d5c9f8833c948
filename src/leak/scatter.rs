//! Young objects that pile up where nothing holds them all, by class.

use std::collections::HashMap;

use crate::graph::{NodeIndex, NodeType};
use crate::leak::follow::End;
use crate::leak::growth::{Scatter, Walk};
use crate::leak::scripts::internal_target;

impl Walk<'_> {
    /// Groups the young nodes right below a node by class: functions by the code they share, what
    /// hangs on handles outside of V8 by the class of what hangs there.
    pub(super) fn scatter_below(&self, position: u32) -> Vec<Scatter> {
        let tree = &self.analysis.dominators;
        let mut groups: HashMap<(NodeType, u32), Scatter> = HashMap::new();
        for child in tree.children(position) {
            let retained = self.analysis.retained.at(tree.node_at(child).at());
            if retained >= self.least_bytes && !self.is_large_part(child) {
                continue;
            }
            let Some(member) = self.young_member(child) else { continue };
            // V8's own structures are nobody's, and everybody refers to some of them, as to `undefined`.
            if self.graph.node_type(member) == NodeType::HIDDEN {
                continue;
            }
            let group = groups.entry(self.scatter_class(member));
            let group = group.or_insert_with(|| Scatter { members: Vec::new(), bytes: 0 });
            group.members.push(member);
            group.bytes += retained;
        }
        let is_enough = |group: &Scatter| {
            group.bytes >= self.least_bytes && group.members.len() as u64 >= self.least_items
        };
        let mut groups: Vec<_> = groups.into_values().filter(is_enough).collect();
        groups.sort_by_key(|group| std::cmp::Reverse((group.bytes, group.members[0])));
        groups
    }

    /// Whether a young node that is large comes to nothing that a developer would call a thing: a
    /// realm, a scope. Things are points of their own, and survivors are walked through.
    fn is_large_part(&self, position: u32) -> bool {
        self.before.is_young(self.analysis.dominators.node_at(position))
            && matches!(self.follow(position), End::Part { .. })
    }

    /// The young node at a position of the dominator tree, or the young thing that the handle there
    /// holds: ids of embedder nodes say nothing of their age.
    fn young_member(&self, position: u32) -> Option<NodeIndex> {
        let node = self.analysis.dominators.node_at(position);
        if self.before.is_young(node) {
            return Some(node);
        }
        if !matches!(self.graph.node_type(node), NodeType::NATIVE | NodeType::SYNTHETIC) {
            return None;
        }
        match self.follow(position) {
            End::Thing { node, .. } => Some(node).filter(|&n| self.before.is_young(n)),
            _ => None,
        }
    }

    /// What makes scattered nodes belong together. Functions of all kinds come into being while a
    /// program warms up; many of one and the same are a leak.
    fn scatter_class(&self, node: NodeIndex) -> (NodeType, u32) {
        let node_type = self.graph.node_type(node);
        let class = match node_type {
            NodeType::OBJECT => self.graph.name_index(node).0,
            NodeType::CLOSURE => {
                let shared = [self.words.shared, self.words.shared];
                internal_target(self.graph, node, shared).map_or(0, |shared| shared.0)
            }
            _ => 0,
        };
        (node_type, class)
    }
}
