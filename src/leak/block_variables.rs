//! Variables of a block that has numbers beside them: V8 tells neither their names nor exactly where they stand.
//!
//! The source tells the name, if it is there: of those that the variable may have, the one that is declared as
//! a thing of that class in a block around a function that captured it. If there are several, their order tells
//! which is which.
//!
//! Time: linear in the source of the function's file, and in the edges of the scope.

use std::ops::Range;

use crate::graph::{Edge, EdgeType, HeapGraph, NodeIndex};
use crate::leak::blocks::Blocks;
use crate::leak::describe::Describer;
use crate::leak::locals::variables_in;
use crate::leak::naming::{BlockVariables, Handle, class_name};
use crate::leak::route::Step;
use crate::leak::scripts::Place;
use crate::leak::suspects::Newer;
use crate::source_map::source_text;
use crate::source_words::{offset_of, position_of};

impl Describer<'_> {
    /// If a route leads over such a variable below the last name on it, the name of the variable and where it is
    /// declared.
    pub(super) fn variable_beside_numbers(
        &self,
        handle: Option<&Handle>,
        route: &[Step],
    ) -> Option<(Handle, Place)> {
        let Newer { graph, words, .. } = self.newer;
        let below = handle.map_or(0, |handle| handle.at + 1);
        let steps = route.iter().enumerate().skip(below).rev();
        let (at, step, possible) = steps
            .filter(|(_, step)| step.edge.label.edge_type() == EdgeType::HIDDEN)
            .map(|(at, step)| (at, step, BlockVariables::possible_names(graph, words, step)))
            .find(|(_, _, possible)| possible.len() > 1)?;
        let place = self.places.place_of_scope(step.from).filter(|place| !place.is_internal())?;
        let text = source_text(&place.url)?;
        let class = class_name(graph, step.edge.target);
        let blocks = Blocks::of(&text);
        let around = blocks.around(offset_of(&text, place.position?));
        let alike = alike_in_scope(graph, step);
        let which = alike.iter().position(|&node| node == step.edge.target)?;
        let name = around.iter().find_map(|block| {
            let declared = variables_in(&blocks, block, &class);
            let may_be =
                |name: &&Range<usize>| possible.iter().any(|it| *it == text[(*name).clone()]);
            let may_be: Vec<_> = declared.iter().filter(may_be).collect();
            match may_be[..] {
                [] => None,
                [name] => Some(Some(name.clone())),
                // Of several, their order tells which it is, if all of them are there.
                _ => Some(declared.get(which).filter(|_| declared.len() == alike.len()).cloned()),
            }
        })??;
        let position = Some(position_of(&text, name.start));
        let name = text[name.clone()].to_owned();
        Some((Handle { name, at, owner: step.from }, Place { position, ..place }))
    }
}

/// The things in a scope that are of the class of the one that a step leads to, in the order of its variables.
fn alike_in_scope(graph: &HeapGraph, step: &Step) -> Vec<NodeIndex> {
    let class = |node: NodeIndex| (graph.node_type(node), graph.name_index(node));
    let is_alike = |edge: &Edge| {
        edge.label.edge_type() == EdgeType::HIDDEN && class(edge.target) == class(step.edge.target)
    };
    let mut alike: Vec<_> = graph.edges(step.from).filter(is_alike).collect();
    alike.sort_by_key(|edge| graph.edge_number(*edge));
    alike.into_iter().map(|edge| edge.target).collect()
}
