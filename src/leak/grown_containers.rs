//! Containers that were there before and have more items now, whoever dominates what they hold.
//!
//! Time: one pass over the nodes, and the edges of objects that are large enough. Memory: some words for
//! each that grew.

use crate::control::Control;
use crate::error::Result;
use crate::graph::NodeType;
use crate::leak::growth::{Accumulation, Walk};
use crate::leak::holders::slots;
use crate::leak::items::{self, Counter};

impl Walk<'_> {
    /// The survivors that have so many items more than before. What they dominate the walk has seen;
    /// they may hold more than that.
    pub(super) fn grown_containers(
        &self,
        least_items: u64,
        control: &Control,
    ) -> Result<Vec<Accumulation>> {
        let mut grown = Vec::new();
        // Their tables are not part of their sizes.
        let shared = self.containers_of_shared();
        let may_have = |node| {
            items::may_have(self.graph, &self.analysis.self_size, node, least_items)
                || shared.contains(&node)
        };
        let mut counter = Counter::new(self.graph, self.words);
        for node in self.graph.nodes() {
            control.checkpoint_at(node.at())?;
            if self.graph.node_type(node) != NodeType::OBJECT
                || !may_have(node)
                || self.before.is_young(node)
            {
                continue;
            }
            let Some((_, now)) = counter.count(node) else { continue };
            if now < least_items {
                continue;
            }
            let prior = self.before.of(self.graph, node);
            let point = Accumulation { node, bytes: 0, prior, items: Some(now), links: 0 };
            if point.more_items() >= least_items {
                grown.push(point);
            }
        }
        Ok(grown)
    }

    /// Of what a container holds and does not dominate, the share of the items that are more: where
    /// ids say nothing, nobody knows which of them they are.
    pub fn share_of_more(&self, container: &Accumulation) -> u64 {
        let idom = |node| self.analysis.dominators.idom(node);
        let held: u64 = slots(self.graph, self.analysis, container.node)
            .map(|edge| edge.target)
            .filter(|&target| self.graph.node_type(target) == NodeType::OBJECT)
            .filter(|&target| idom(target) != container.node && self.is_hub(idom(target)))
            .map(|target| self.analysis.retained.at(target.at()))
            .sum();
        let now = container.items.unwrap_or(0).max(1);
        (u128::from(held) * u128::from(container.more_items()) / u128::from(now)) as u64
    }
}
