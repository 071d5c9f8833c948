//! Local variables of calls that wait: an async function or generator, or an ES module, that nobody captured
//! them from. V8 keeps them in registers, in the order in which they are declared, and forgets their names.
//!
//! The source tells them, if it is there: of the variables of the function, those that begin as a thing of
//! that class does. If there are as many in the registers, their order tells which is which.
//!
//! Time: linear in the source of the function's file.

use std::ops::Range;

use crate::graph::{EdgeType, HeapGraph, NodeIndex};
use crate::leak::blocks::Blocks;
use crate::leak::describe::Describer;
use crate::leak::naming::{Handle, class_name, leads_to_registers};
use crate::leak::route::Step;
use crate::leak::scripts::{Place, internal_target};
use crate::leak::suspects::Newer;
use crate::source_map::source_text;
use crate::source_words::{offset_of, position_of};

/// So many scopes around a call are looked at for its variables that functions captured.
const MOST_SCOPES: usize = 4;

impl Describer<'_> {
    /// If a handle is a local variable of a call that waits, its name and where it is declared, as far as
    /// that can be told.
    pub(super) fn local_variable(
        &self,
        handle: &Handle,
        route: &[Step],
    ) -> Option<(Handle, Place)> {
        let graph = self.newer.graph;
        let is_local = leads_to_registers(graph, route[handle.at].edge);
        let variable = route.get(handle.at + 1).filter(|_| is_local)?;
        let place = self.places.declarations.place_of_call(handle.owner);
        let place = place.filter(|place| !place.is_internal())?;
        let text = source_text(&place.url)?;
        let function = offset_of(&text, place.position?);
        let class = class_name(graph, variable.edge.target);
        let captured = self.captured_by_functions(handle.owner);
        let is_captured = |name: &str| captured.contains(&name.as_bytes());
        let mut declared = variables(&text, function, &class);
        declared.retain(|variable| !is_captured(&text[variable.clone()]));
        let registers = registers_of(graph, route[handle.at].edge.target, variable.edge.target);
        let which = registers.iter().position(|&node| node == variable.edge.target)?;
        let name = declared.get(which).filter(|_| declared.len() == registers.len())?;
        let position = Some(position_of(&text, name.start));
        let name = text[name.clone()].to_owned();
        let handle = Handle { name, at: handle.at + 1, owner: handle.owner };
        Some((handle, Place { position, ..place }))
    }

    /// The variables that are in the scopes of a call.
    fn captured_by_functions(&self, call: NodeIndex) -> Vec<&[u8]> {
        let Newer { graph, words, .. } = self.newer;
        let scope = internal_target(graph, call, [words.context; 2]);
        let outer = |&scope: &NodeIndex| internal_target(graph, scope, [words.previous; 2]);
        let scopes = std::iter::successors(scope, outer).take(MOST_SCOPES);
        let variables = scopes.flat_map(|scope| graph.edges(scope));
        let variables = variables.filter(|edge| edge.label.edge_type() == EdgeType::CONTEXT);
        variables.map(|edge| graph.edge_name(edge)).collect()
    }
}

/// The things in the registers that are of the class of `like`, in the order of the registers.
fn registers_of(graph: &HeapGraph, registers: NodeIndex, like: NodeIndex) -> Vec<NodeIndex> {
    let class = |node: NodeIndex| (graph.node_type(node), graph.name_index(node));
    let slot = |text: &[u8]| std::str::from_utf8(text).ok()?.parse::<u32>().ok();
    let mut found: Vec<(u32, NodeIndex)> = graph
        .edges(registers)
        .filter(|edge| class(edge.target) == class(like))
        .filter_map(|edge| match edge.label.edge_type() {
            EdgeType::INTERNAL => Some((slot(graph.edge_name(edge))?, edge.target)),
            _ => None,
        })
        .collect();
    found.sort_unstable();
    let mut nodes: Vec<NodeIndex> = Vec::new();
    for (_, node) in found {
        if !nodes.contains(&node) {
            nodes.push(node);
        }
    }
    nodes
}

/// The variables of the function at a place that are declared as something of a class, in the order of the
/// source. At the beginning of a source, those of the whole script.
fn variables(source: &str, function: usize, class: &str) -> Vec<Range<usize>> {
    let blocks = Blocks::of(source);
    let body = match function {
        0 => Some(0..source.len()),
        _ => blocks.body_at(function),
    };
    body.map_or_else(Vec::new, |body| variables_in(&blocks, &body, class))
}

/// The variables of a function with this body, or of a block, that are declared as something of a class.
pub(super) fn variables_in(
    blocks: &Blocks<'_>,
    body: &Range<usize>,
    class: &str,
) -> Vec<Range<usize>> {
    let source = blocks.source;
    let names = blocks.variables_in(body).into_iter();
    let name = |at: usize| {
        let is_part = |c: char| c.is_alphanumeric() || c == '_' || c == '$';
        let length = source[at..].find(|c: char| !is_part(c)).unwrap_or(source.len() - at);
        at..at + length
    };
    let is_exported = |at: usize| {
        let line = source[..at].rsplit(['\n', ';']).next().unwrap_or("");
        line.trim_start().starts_with("export ")
    };
    let is_of_class = |name: &Range<usize>| begins_as(&source[name.end..], class);
    names.filter(|&at| !is_exported(at)).map(name).filter(is_of_class).collect()
}

/// Whether what is behind the name of a variable makes it a thing of a class.
fn begins_as(behind: &str, class: &str) -> bool {
    // TypeScript, whose types may stand in between, if Node runs it as it is.
    let value = match behind.trim_start().strip_prefix(':') {
        Some(typed) => typed.split_once(" = ").map(|(_, value)| value),
        None => behind.trim_start().strip_prefix('='),
    };
    let Some(value) = value.map(str::trim_start).filter(|it| !it.starts_with(['=', '>'])) else {
        return false;
    };
    let is_made = || {
        let made = value.strip_prefix("new ").map(str::trim_start);
        let made = made.and_then(|made| made.strip_prefix(class));
        made.is_some_and(|rest| !rest.starts_with(|c: char| c.is_alphanumeric() || c == '_'))
    };
    match class {
        "Array" => value.starts_with(['[']) || value.starts_with("Array.from(") || is_made(),
        "Object" => value.starts_with('{') || value.starts_with("Object.") || is_made(),
        _ => is_made(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::graph::NodeType;
    use crate::leak::stage::{self, Sources, elements, suspects};

    fn names<'s>(source: &'s str, function: &str, class: &str) -> Vec<&'s str> {
        let place = source.find(function).unwrap();
        variables(source, place, class).into_iter().map(|name| &source[name]).collect()
    }

    #[test]
    fn variables_begin_as_things_of_their_class() {
        let source = "const seen = new Set(), pages = new Map();\nlet list = [], other = await f();\n\
                      export const index = new Map();\nconst typed: Map<string, X> = new Map();\n\
                      const g = () => { const inner = new Map(); };\nlet record = { a: 1 };";
        assert_eq!(names(source, "const seen", "Map"), ["pages", "typed"]);
        assert_eq!(names(source, "const seen", "Set"), ["seen"]);
        assert_eq!(names(source, "const seen", "Array"), ["list"]);
        assert_eq!(names(source, "const seen", "Object"), ["record"]);
        assert_eq!(names(source, "() =>", "Map"), ["inner"]);
        assert_eq!(names("let a = new Mapper();", "let", "Map"), [""; 0]);
    }

    /// What an array is called that the call of a function has in a register, beside another one.
    fn name_in_register(text: &str, registers: u32) -> (String, Option<u32>) {
        let sources =
            Sources::new(&format!("locals-{registers}-{}", text.len()), &[("main.js", text)]);
        let found = suspects(|heap, global, is_grown| {
            let slots = stage::registers(heap, global, &sources.url("main.js"));
            for number in 0..registers {
                let list = heap.node(NodeType::OBJECT, "Array", 32);
                heap.edge(slots, EdgeType::INTERNAL, (number + 2).to_string(), list);
                let grows = is_grown && number == 1;
                elements(heap, list, 0..if grows { 300 } else { 4 }, "Item", 100);
            }
        });
        assert_eq!(found.len(), 1, "{found:?}");
        (found[0].name.clone(), found[0].source.as_ref().unwrap().line)
    }

    #[test]
    fn a_variable_in_a_register_is_found_by_its_order() {
        let two =
            "f(async function run() {\n  const first = [];\n  const second = [];\n  await x;\n});";
        assert_eq!(name_in_register(two, 2), ("second".into(), Some(3)));
        // With one more in the registers, nobody knows which is which.
        assert_eq!(name_in_register(two, 3), ("run".into(), Some(1)));
    }
}
