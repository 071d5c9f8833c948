//! What code defines is no growth of data: a prototype with its methods, the exports of a module, a table
//! of handlers.
//!
//! Such an object is full of functions, each of another text, and all of a few scripts: there is no more
//! of them than somebody wrote. Functions that a program piles up are of one text, or each of a script
//! of its own.
//!
//! So is the object that V8 keeps of a literal, to copy it each time: there is one for each place in the code.
//!
//! Time: linear in the edges of the object. Memory: some words for each of its functions.

use std::collections::HashSet;

use crate::graph::{NodeIndex, NodeType};
use crate::leak::before::Before;
use crate::leak::candidate::Candidate;
use crate::leak::edges::property;
use crate::leak::grown::new_items;
use crate::leak::scripts::{internal_target, script_of};
use crate::leak::suspects::Newer;

/// So many functions of each script, on average, are what a file defines.
const FUNCTIONS_OF_A_SCRIPT: usize = 8;

/// So deep are objects of literals in each other at most.
const DEEPEST_LITERAL: usize = 16;

/// Whether the new items of a container are what code defines.
pub(super) fn are_definitions(
    newer: Newer<'_>,
    before: &Before<'_>,
    candidate: &Candidate,
) -> bool {
    let Newer { graph, words, .. } = newer;
    let node = candidate.point.node;
    let stands_for_itself = candidate.links == 0
        && candidate.scattered.is_none()
        && candidate.inner.is_none()
        && candidate.alike.containers == 0;
    if !stands_for_itself || graph.node_type(node) != NodeType::OBJECT {
        return false;
    }
    if candidate.point.prior.is_none() && (is_prototype(newer, node) || is_of_literal(newer, node))
    {
        return true;
    }
    let items = new_items(newer, before, node, usize::MAX);
    let is_thing = |item: NodeIndex| graph.node_type(item) != NodeType::HIDDEN;
    let things = items.iter().filter(|&&item| is_thing(item)).count();
    let functions = items.into_iter().filter(|&item| graph.node_type(item) == NodeType::CLOSURE);
    let functions: Vec<NodeIndex> = functions.collect();
    let texts: HashSet<_> = functions
        .iter()
        .filter_map(|&function| internal_target(graph, function, [words.shared; 2]))
        .collect();
    let scripts: HashSet<_> =
        functions.iter().filter_map(|&function| script_of(graph, words, function)).collect();
    // Of ten things, nine are functions, and of ten functions, nine have a text of their own.
    functions.len() * 10 >= things * 9
        && texts.len() * 10 >= functions.len() * 9
        && functions.len() >= scripts.len().max(1) * FUNCTIONS_OF_A_SCRIPT
}

/// Whether a node is the prototype of a function, which came with it.
fn is_prototype(newer: Newer<'_>, node: NodeIndex) -> bool {
    let Newer { graph, words, .. } = newer;
    let constructor = property(graph, node, words.constructor);
    constructor.is_some_and(|function| property(graph, function, words.prototype) == Some(node))
}

/// Whether a node is what V8 copies when a literal is evaluated, or a part of it.
fn is_of_literal(newer: Newer<'_>, node: NodeIndex) -> bool {
    let Newer { graph, words, analysis, .. } = newer;
    let above = |&node: &NodeIndex| Some(analysis.dominators.idom(node));
    let mut around = std::iter::successors(above(&node), above).take(DEEPEST_LITERAL);
    around.any(|it| {
        graph.name_index(it) == words.allocation_site_node && graph.node_type(it) == NodeType::CODE
    })
}

#[cfg(test)]
mod tests {
    use crate::graph::{EdgeType, NodeType};
    use crate::leak::stage::{property, suspects};

    /// Whether a list that gains 100 functions is found, which have so many texts, of so many scripts.
    fn is_found(texts: usize, scripts: usize) -> bool {
        let found = suspects(|heap, global, is_grown| {
            let methods = property(heap, global, "methods", "Array");
            if !is_grown {
                return;
            }
            let scripts: Vec<_> = (0..scripts)
                .map(|number| heap.node(NodeType::CODE, format!("/srv/app/{number}.js"), 32))
                .collect();
            let texts: Vec<_> = (0..texts)
                .map(|number| {
                    let text = heap.node(NodeType::CODE, "text", 32);
                    heap.edge(text, EdgeType::INTERNAL, "script", scripts[number % scripts.len()]);
                    text
                })
                .collect();
            for number in 0..100 {
                let function = heap.node(NodeType::CLOSURE, "f", 500);
                heap.edge(function, EdgeType::INTERNAL, "shared", texts[number % texts.len()]);
                heap.numbered(methods, EdgeType::ELEMENT, number as u32, function);
            }
        });
        !found.is_empty()
    }

    #[test]
    fn the_prototype_of_a_new_class_is_one() {
        let found = suspects(|heap, global, is_grown| {
            if is_grown {
                let class = heap.node(NodeType::CLOSURE, "Model", 32);
                heap.edge(global, EdgeType::PROPERTY, "Model", class);
                let prototype = property(heap, class, "prototype", "Object");
                heap.edge(prototype, EdgeType::PROPERTY, "constructor", class);
                for number in 0..100 {
                    let getter = heap.node(NodeType::CLOSURE, "get", 500);
                    heap.edge(prototype, EdgeType::PROPERTY, format!("get f{number}"), getter);
                }
            }
        });
        assert_eq!(found.len(), 0);
    }

    #[test]
    fn the_object_that_a_literal_is_copied_from_is_one() {
        let found = |node_type: NodeType, name: &str| {
            let found = suspects(|heap, global, is_grown| {
                let class = heap.node(NodeType::CLOSURE, "messages", 32);
                heap.edge(global, EdgeType::PROPERTY, "messages", class);
                let site = heap.node(node_type, name, 40);
                heap.edge(class, EdgeType::PROPERTY, "site", site);
                let copied = property(heap, site, "texts", "Object");
                for number in 0..if is_grown { 400 } else { 0 } {
                    let text = heap.node(NodeType::OBJECT, "Text", 200);
                    heap.edge(copied, EdgeType::PROPERTY, format!("text{number}"), text);
                }
            });
            found.len()
        };
        assert_eq!(found(NodeType::CODE, "system / AllocationSite"), 0);
        assert_eq!(found(NodeType::OBJECT, "Messages"), 1);
    }

    #[test]
    fn functions_are_definitions_if_each_has_a_text_of_its_own_in_one_of_few_scripts() {
        assert!(!is_found(100, 1));
        assert!(!is_found(95, 10));
        assert!(is_found(1, 1), "closures of one function");
        assert!(is_found(100, 100), "compiled at run time");
    }
}
