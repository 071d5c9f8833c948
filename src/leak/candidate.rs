//! A candidate for a suspect: where growth piles up, and what belongs to it.

use crate::graph::NodeIndex;
use crate::leak::alike::Look;
use crate::leak::before::Before;
use crate::leak::contents::Contents;
use crate::leak::credit::Scattered;
use crate::leak::growth::{Accumulation, Scatter};
use crate::report::Items;

/// A point, and what else is known of it.
#[derive(Clone, Debug)]
pub(crate) struct Candidate {
    pub(crate) point: Accumulation,
    /// Links of the chain whose head it is; 0: no chain.
    pub(crate) links: usize,
    /// Instances scattered over many owners: their class stands for them.
    pub(crate) scattered: Option<Scatter>,
    /// What it holds without dominating it.
    pub(crate) credited: Vec<NodeIndex>,
    /// How much of its bytes may be room that came without anything in it.
    pub(crate) room: u64,
    /// Other containers of the same objects.
    pub(crate) also: Vec<Accumulation>,
    /// The containers inside it that grew, if it stands for them.
    pub(crate) inner: Option<Inner>,
    /// The small containers that grew as it did, if it stands for them.
    pub(crate) alike: Alike,
    pub(crate) contents: Contents,
    /// What its timers call, if it stands for those of one function.
    pub(crate) function: Option<NodeIndex>,
}

/// Containers of one class inside another one.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Inner {
    /// One of them.
    pub(crate) sample: NodeIndex,
    /// How many grew.
    pub(crate) containers: u64,
    /// Their items, all together.
    pub(crate) items: Items,
}

/// Small containers that a candidate stands for beside itself.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Alike {
    /// How many.
    pub(crate) containers: u64,
    /// The items that they gained.
    pub(crate) more_items: u64,
}

impl Candidate {
    pub(super) fn new(point: Accumulation) -> Self {
        Self {
            links: point.links,
            point,
            scattered: None,
            credited: Vec::new(),
            room: 0,
            also: Vec::new(),
            inner: None,
            alike: Alike::default(),
            contents: Contents::default(),
            function: None,
        }
    }

    /// It, or the instances that it stands for.
    pub(super) fn nodes(&self) -> &[NodeIndex] {
        match &self.scattered {
            Some(scatter) => &scatter.members,
            None => std::slice::from_ref(&self.point.node),
        }
    }

    /// What of its growth is more than room.
    pub(super) fn bytes_of_things(&self) -> u64 {
        self.point.bytes.saturating_sub(self.room)
    }

    /// Whether it is a container whose growth is its own: no list, and no other containers or scattered
    /// objects go by it.
    pub(super) fn stands_for_itself(&self) -> bool {
        self.scattered.is_none()
            && self.links == 0
            && self.inner.is_none()
            && self.alike.containers == 0
    }

    /// Its items, or those of the containers in it if they gained more.
    pub(crate) fn items(&self) -> Option<Items> {
        match self.items_of() {
            Some(inner) => Some(inner.items),
            None => self.own_items(),
        }
    }

    /// How many more they are than before.
    pub(crate) fn more_items(&self) -> u64 {
        self.items().map_or(0, |items| items.after.saturating_sub(items.before))
    }

    /// How many more they are than before, or links of the chain.
    pub(crate) fn more(&self) -> u64 {
        self.more_items().max(self.links as u64)
    }

    /// The containers inside it that its items are in, if they are not its own.
    pub(crate) fn items_of(&self) -> Option<Inner> {
        let more = |inner: &Inner| inner.items.after.saturating_sub(inner.items.before);
        self.inner.filter(|inner| more(inner) >= self.point.more_items())
    }

    fn own_items(&self) -> Option<Items> {
        let before = self.point.prior.map_or(0, |prior| prior.items);
        self.point.items.map(|after| Items { before, after })
    }

    /// It as one of several inside another container. Where nothing is known of each, it was as they
    /// were on average.
    pub(super) fn as_inner(&self, before: &Before<'_>) -> Inner {
        let mut items = self.items().unwrap_or(Items { before: 0, after: 0 });
        if self.point.prior.is_none()
            && let Some(average) = before.average_of(self.point.node)
        {
            items.before = average.items.min(items.after);
        }
        self.inner.unwrap_or(Inner { sample: self.point.node, containers: 1, items })
    }

    /// Credits scattered objects to it.
    pub(super) fn take(&mut self, group: Scattered) {
        self.point.bytes += group.bytes;
        self.credited.extend(group.scatter.members);
    }

    /// What it looks like; `shape` is that of the way to it.
    pub(super) fn look(&self, shape: u64) -> Look {
        Look {
            // All lists of timers look the same, whatever the timers do.
            shape: self.function.map_or(shape, |function| shape ^ u64::from(function.0)),
            has_more_items: self.more_items() > 0,
            is_chain: self.links > 0,
            is_scattered: self.scattered.is_some(),
        }
    }

    /// The ways to look at it, the best first.
    pub(super) fn views(&self) -> impl Iterator<Item = Candidate> + '_ {
        let others =
            self.also.iter().map(|point| Accumulation { bytes: self.point.bytes, ..*point });
        let others = others.map(|point| Candidate { point, ..self.clone() });
        std::iter::once(self.clone()).chain(others)
    }
}
