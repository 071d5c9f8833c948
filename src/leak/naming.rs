//! What a developer calls a node: the variable or property that holds it, and whose that is.

use crate::graph::{EdgeIndex, EdgeType, HeapGraph, NodeIndex, NodeType, StringIndex};
use crate::leak::route::{Step, step_of};
use crate::leak::scripts::internal_target;
use crate::leak::vocabulary::Vocabulary;

/// A plain object with more properties than this is a dictionary: its keys are data.
const KEYS_OF_A_DICTIONARY: usize = 64;

/// The name by which the code refers to a node.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Handle {
    /// The variable or property.
    pub name: String,
    /// Index in the route of the step that has the name.
    pub at: usize,
    /// The node that has the variable or property: a scope, an instance, a function.
    pub owner: NodeIndex,
}

/// The last name on a route: that of the node itself, or of the nearest thing around it that has
/// one. `None`: nothing on the way has a name that a developer gave.
pub fn handle(graph: &HeapGraph, words: &Vocabulary, route: &[Step]) -> Option<Handle> {
    let last = route.iter().rposition(|step| is_name(graph, words, step));
    if let Some(local) = local_of_suspended(graph, words, route, last) {
        return Some(local);
    }
    let last = last?;
    // The key of a dictionary is data; what the code has a word for is the dictionary.
    let reads_like_code = |step: &Step| {
        is_name(graph, words, step)
            && !is_key_of_dictionary(graph, words, step)
            && is_identifier(&edge_text(graph, words, *step))
    };
    let of_events = last > 0 && is_events(words, &route[last - 1]);
    let at = match route[..=last].iter().rposition(reads_like_code) {
        Some(identifier) if !of_events => identifier,
        _ => last,
    };
    let step = route[at];
    let own_name = edge_text(graph, words, step);
    let name = match route[..at].iter().rposition(|step| is_name(graph, words, step)) {
        Some(outer) if is_events(words, &route[outer]) && outer + 1 == at => {
            format!("_events.{own_name}")
        }
        _ => own_name,
    };
    Some(Handle { name, at, owner: step.from })
}

/// A local variable of a suspended generator or async function that no closure captured: V8 keeps it
/// in a register and has forgotten its name. The function is what is left to be named.
fn local_of_suspended(
    graph: &HeapGraph,
    words: &Vocabulary,
    route: &[Step],
    last_name: Option<usize>,
) -> Option<Handle> {
    let below = last_name.map_or(0, |at| at + 1);
    let registers = route[below..].iter().rposition(|step| {
        step.edge.label.edge_type() == EdgeType::INTERNAL
            && graph.edge_name(step.edge) == b"parameters_and_registers"
    })?;
    let at = below + registers;
    let generator = route[at].from;
    let function = internal_target(graph, generator, [words.function, words.function])?;
    let name = String::from_utf8_lossy(graph.raw_name(function)).into_owned();
    (!name.is_empty()).then_some(Handle { name, at, owner: generator })
}

/// Bytes of a scope before its variables: hidden class, length, description, the scope around it.
const SCOPE_HEADER: u32 = 32;

/// Bytes of a variable.
const SLOT: u32 = 8;

/// The variable of a block that a step is over. V8 names the variables of functions and modules; those
/// of blocks are numbered by the order of those that are on the heap. Their names are in the
/// description of the scope, in order. `None` where numbers among the variables make it uncertain.
pub fn variable_of_block(graph: &HeapGraph, words: &Vocabulary, step: &Step) -> Option<String> {
    if step.edge.label.edge_type() != EdgeType::HIDDEN
        || graph.node_type(step.from) != NodeType::OBJECT
        || graph.name_index(step.from) != words.context_node
    {
        return None;
    }
    let size = graph.file_self_size(step.from);
    let variables = size.checked_sub(SCOPE_HEADER)? / SLOT;
    let last = last_hidden(graph, step.from)?;
    let scope_info = internal_target(graph, step.from, [words.scope_info; 2])?;
    let number = graph.edge_number(step.edge);
    let name = graph.edges(scope_info).find(|edge| {
        edge.label.edge_type() == EdgeType::HIDDEN && graph.edge_number(*edge) == number
    })?;
    let is_certain = last + 1 == variables && graph.node_type(name.target) == NodeType::STRING;
    is_certain.then(|| String::from_utf8_lossy(graph.raw_name(name.target)).into_owned())
}

/// The highest number of a node's hidden edges.
fn last_hidden(graph: &HeapGraph, node: NodeIndex) -> Option<u32> {
    let hidden = graph.edges(node).filter(|edge| edge.label.edge_type() == EdgeType::HIDDEN);
    hidden.map(|edge| graph.edge_number(edge)).max()
}

/// Whether a text can be a name in code: of a variable, a property, a private field or a symbol.
pub fn is_identifier(text: &str) -> bool {
    let text = text.strip_prefix("Symbol(").and_then(|t| t.strip_suffix(')')).unwrap_or(text);
    let text = text.strip_prefix('#').unwrap_or(text);
    let is_part = |c: char| c.is_alphanumeric() || c == '_' || c == '$';
    !text.is_empty()
        && text.chars().count() <= 64
        && text.chars().all(is_part)
        && !text.starts_with(|c: char| c.is_ascii_digit())
}

/// Whether a step is over the `_events` of an EventEmitter.
pub fn is_events(words: &Vocabulary, step: &Step) -> bool {
    step.edge.label.edge_type() == EdgeType::PROPERTY
        && StringIndex(step.edge.label.raw_name()) == words.events
}

/// Whether a step is one that code has a word for.
fn is_name(graph: &HeapGraph, words: &Vocabulary, step: &Step) -> bool {
    let name = StringIndex(step.edge.label.raw_name());
    match step.edge.label.edge_type() {
        EdgeType::CONTEXT => true,
        EdgeType::HIDDEN => variable_of_block(graph, words, step).is_some(),
        EdgeType::PROPERTY => {
            let not_names = [words.proto, words.constructor, words.prototype];
            !not_names.contains(&name)
        }
        EdgeType::INTERNAL => {
            name == words.value && exported_name(graph, words, step.from).is_some()
        }
        _ => false,
    }
}

/// Whether a step goes from a container to what is in it: an element, an entry, the value of a key.
pub fn is_entry_of_container(graph: &HeapGraph, words: &Vocabulary, step: &Step) -> bool {
    match step.edge.label.edge_type() {
        EdgeType::ELEMENT => true,
        EdgeType::INTERNAL => {
            graph.node_type(step.from) == NodeType::ARRAY
                && slot_number(graph.edge_name(step.edge)).is_some()
        }
        EdgeType::PROPERTY => {
            is_key_of_dictionary(graph, words, step)
                || !is_identifier(&edge_text(graph, words, *step))
        }
        _ => false,
    }
}

/// Whether a step is over a property of a plain object that has so many that they are data. An object
/// with many methods is an interface.
fn is_key_of_dictionary(graph: &HeapGraph, words: &Vocabulary, step: &Step) -> bool {
    has_many_properties(graph, words, step) && {
        let methods = graph.edges(step.from).filter(|edge| {
            edge.label.edge_type() == EdgeType::PROPERTY
                && graph.node_type(edge.target) == NodeType::CLOSURE
        });
        methods.count() * 4 < graph.edge_range(step.from).len()
    }
}

/// Whether a step is over a property of a plain object with more of them than code has words for.
pub fn has_many_properties(graph: &HeapGraph, words: &Vocabulary, step: &Step) -> bool {
    step.edge.label.edge_type() == EdgeType::PROPERTY
        && graph.node_type(step.from) == NodeType::OBJECT
        && graph.name_index(step.from) == words.object_class
        && graph.edge_range(step.from).len() > KEYS_OF_A_DICTIONARY
}

/// The text of a step's edge, as a developer would write it.
pub fn edge_text(graph: &HeapGraph, words: &Vocabulary, step: Step) -> String {
    let label = step.edge.label;
    if label.edge_type().is_numbered() {
        let variable = variable_of_block(graph, words, &step);
        return variable.unwrap_or_else(|| graph.edge_number(step.edge).to_string());
    }
    if label.edge_type() == EdgeType::INTERNAL
        && graph.node_type(step.from) == NodeType::HIDDEN
        && let Some(export) = export_of(graph, step.from)
    {
        return export.name;
    }
    let text = String::from_utf8_lossy(graph.edge_name(step.edge)).into_owned();
    match text.strip_prefix("<symbol ").and_then(|text| text.strip_suffix('>')) {
        Some(description) => format!("Symbol({description})"),
        None => text,
    }
}

fn exported_name(graph: &HeapGraph, words: &Vocabulary, cell: NodeIndex) -> Option<String> {
    (graph.name_index(cell) == words.cell_node).then(|| export_of(graph, cell))?.map(|e| e.name)
}

/// The export that a cell is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Export {
    /// The name under which it is exported.
    pub name: String,
    /// The table of the exporting module.
    pub table: NodeIndex,
}

/// The export of an ES module that a cell is: in the hash table of the exports, the slot before the
/// cell holds its name. All retainers of the cell are looked at: linear in the edges, once or twice
/// a report.
pub fn export_of(graph: &HeapGraph, cell: NodeIndex) -> Option<Export> {
    let targets = &graph.tables().edge_target;
    let retainers = targets.iter().enumerate().filter(|&(_, &target)| target == cell);
    for (index, _) in retainers {
        let step = step_of(graph, EdgeIndex(index as u32));
        if graph.node_type(step.from) != NodeType::ARRAY
            || step.edge.label.edge_type() != EdgeType::INTERNAL
        {
            continue;
        }
        let Some(slot) = slot_number(graph.edge_name(step.edge)) else { continue };
        let before = graph.edges(step.from).find(|edge| {
            edge.label.edge_type() == EdgeType::INTERNAL
                && slot_number(graph.edge_name(*edge)).is_some_and(|number| number + 1 == slot)
        });
        if let Some(key) = before
            && graph.node_type(key.target) == NodeType::STRING
        {
            let name = String::from_utf8_lossy(graph.raw_name(key.target)).into_owned();
            return Some(Export { name, table: step.from });
        }
    }
    None
}

fn slot_number(text: &[u8]) -> Option<u64> {
    std::str::from_utf8(text).ok()?.parse().ok()
}

/// What the class of a node is called.
pub fn class_name(graph: &HeapGraph, node: NodeIndex) -> String {
    let node_type = graph.node_type(node);
    match node_type {
        NodeType::OBJECT | NodeType::NATIVE => {
            String::from_utf8_lossy(graph.raw_name(node)).into_owned()
        }
        NodeType::CLOSURE => "Function".into(),
        NodeType::REGEXP => "RegExp".into(),
        NodeType::SYMBOL => "Symbol".into(),
        NodeType::BIGINT => "BigInt".into(),
        NodeType::NUMBER => "Number".into(),
        NodeType::SYNTHETIC => String::from_utf8_lossy(graph.raw_name(node)).into_owned(),
        _ if node_type.is_string() => "String".into(),
        _ => {
            let names = &graph.tables().node_type_names;
            format!("({})", names.get(usize::from(node_type.0)).map_or("?", String::as_str))
        }
    }
}
