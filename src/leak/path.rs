//! The way to a suspect as a report shows it: the steps that a developer can read.

use crate::graph::{EdgeType, NodeIndex, NodeType};
use crate::leak::describe::Describer;
use crate::leak::naming::{class_name, text_of_name};
use crate::leak::route::Step;
use crate::leak::scripts::{internal_target, place_of_closure};
use crate::leak::suspects::Newer;
use crate::report::PathStep;

/// How many steps of a path are shown: the last ones, which are nearest to the suspect.
const PATH_STEPS: usize = 24;

impl Describer<'_> {
    /// The steps that a developer can read.
    pub(super) fn path(&self, route: &[Step]) -> Vec<PathStep> {
        let Newer { graph, words, .. } = self.newer;
        let is_store = |node: NodeIndex| {
            matches!(graph.node_type(node), NodeType::ARRAY | NodeType::HIDDEN | NodeType::CODE)
        };
        let is_shown = |node: NodeIndex| {
            let is_list_of_roots = graph.node_type(node) == NodeType::SYNTHETIC;
            !is_store(node)
                && !is_list_of_roots
                && !self.only_waits(node)
                && !self.is_own_call(node)
        };
        let steps: Vec<_> = route
            .iter()
            .enumerate()
            .filter(|&(at, step)| {
                at + 1 == route.len() || is_named(step) || is_shown(step.edge.target)
            })
            .filter(|(_, step)| graph.name_index(step.edge.target) != words.context_node)
            .map(|(_, step)| step)
            .collect();
        let last = &steps[steps.len().saturating_sub(PATH_STEPS)..];
        let shown = last.iter().map(|step| PathStep {
            edge: self.naming.edge_text(step),
            edge_type: step.edge.label.edge_type().name().to_owned(),
            class_name: self.step_class(step.edge.target),
            node_id: graph.id(step.edge.target),
        });
        shown.collect()
    }

    /// Whether a node is only there because a call waits for another one: a promise, or a function of
    /// V8's that goes on with the call.
    fn only_waits(&self, node: NodeIndex) -> bool {
        let Newer { graph, words, .. } = self.newer;
        match graph.node_type(node) {
            NodeType::OBJECT => graph.name_index(node) == words.promise_class,
            NodeType::CLOSURE => graph.raw_name(node).is_empty(),
            _ => false,
        }
    }

    /// Whether a node is a call of this very package that waits: one that takes the snapshot.
    fn is_own_call(&self, node: NodeIndex) -> bool {
        let Newer { graph, words, .. } = self.newer;
        let function = internal_target(graph, node, [words.function; 2])
            .filter(|&function| graph.node_type(function) == NodeType::CLOSURE);
        let place = function.and_then(|function| place_of_closure(graph, words, function));
        graph.node_type(node) == NodeType::OBJECT
            && place.is_some_and(|place| self.places.declarations.is_own(&place.url))
    }

    /// A class, or for a function its name, and for a call that waits that of its function.
    fn step_class(&self, node: NodeIndex) -> String {
        let Newer { graph, words, .. } = self.newer;
        if let Some(function) = internal_target(graph, node, [words.function; 2])
            && graph.node_type(node) == NodeType::OBJECT
            && graph.node_type(function) == NodeType::CLOSURE
            && !graph.raw_name(function).is_empty()
        {
            return format!("call of {}()", text_of_name(graph.raw_name(function)));
        }
        let name = graph.raw_name(node);
        if graph.node_type(node) == NodeType::CLOSURE && !name.is_empty() {
            return format!("{}()", text_of_name(name));
        }
        class_name(graph, node)
    }
}

/// Whether a step is one that a developer wrote.
fn is_named(step: &Step) -> bool {
    matches!(step.edge.label.edge_type(), EdgeType::PROPERTY | EdgeType::CONTEXT)
}
