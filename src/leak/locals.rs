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
use crate::leak::declaration::{offset_of, position_of};
use crate::leak::describe::Describer;
use crate::leak::naming::{Handle, REGISTERS, class_name};
use crate::leak::route::Step;
use crate::leak::scripts::{Place, internal_target, place_of_call};
use crate::leak::suspects::Newer;
use crate::source_map::source_text;

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
        let Newer { graph, words, .. } = self.newer;
        let is_local = graph.edge_name(route[handle.at].edge) == REGISTERS;
        let variable = route.get(handle.at + 1).filter(|_| is_local)?;
        let place = place_of_call(graph, words, handle.owner).filter(|it| !it.is_internal())?;
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
    let names = body.into_iter().flat_map(|body| blocks.variables_in(&body));
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
