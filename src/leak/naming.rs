//! What a developer calls a node: the variable or property that holds it, and whose that is.

use crate::analysis::wtf8::lossy;
use crate::graph::{Edge, EdgeType, HeapGraph, NodeIndex, NodeType, StringIndex};
use crate::leak::exports::{Export, Exports};
use crate::leak::route::Step;
use crate::leak::scripts::internal_target;
use crate::leak::vocabulary::Vocabulary;

/// Where a suspended call has its local variables.
pub const REGISTERS: &[u8] = b"parameters_and_registers";

/// Whether an edge leads to the local variables of a suspended call. That of a variable of a block has a
/// number, and no name.
pub fn leads_to_registers(graph: &HeapGraph, edge: Edge) -> bool {
    edge.label.edge_type() == EdgeType::INTERNAL && graph.edge_name(edge) == REGISTERS
}

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

/// What it takes to name things.
pub struct Naming<'a> {
    graph: &'a HeapGraph,
    words: &'a Vocabulary,
    /// The variables that ES modules export.
    pub exports: Exports,
}

impl<'a> Naming<'a> {
    /// Looks at the modules. Linear in nodes.
    pub fn new(graph: &'a HeapGraph, words: &'a Vocabulary) -> Self {
        Self { graph, words, exports: Exports::find(graph, words) }
    }

    /// The last name on a route: that of the node itself, or of the nearest thing around it that has
    /// one. `None`: nothing on the way has a name that a developer gave.
    pub fn handle(&self, route: &[Step]) -> Option<Handle> {
        let Self { graph, words, .. } = *self;
        let last = route.iter().rposition(|step| self.is_name(step));
        if let Some(local) = local_of_suspended(graph, words, route, last) {
            return Some(local);
        }
        let last = last?;
        // The key of a dictionary is data; what the code has a word for is the dictionary.
        let reads_like_code = |step: &Step| {
            self.is_name(step)
                && !is_key_of_dictionary(graph, words, step)
                && !is_value_of_box(graph, words, step)
                && is_identifier(&self.edge_text(step))
        };
        let of_events = last > 0 && is_events(words, &route[last - 1]);
        let at = match route[..=last].iter().rposition(reads_like_code) {
            Some(identifier) if !of_events => identifier,
            _ => last,
        };
        let own_name = self.edge_text(&route[at]);
        let name = match route[..at].iter().rposition(|step| self.is_name(step)) {
            Some(outer) if is_events(words, &route[outer]) && outer + 1 == at => {
                format!("_events.{own_name}")
            }
            _ => own_name,
        };
        Some(Handle { name, at, owner: route[at].from })
    }

    /// The text of a step's edge, as a developer would write it.
    pub fn edge_text(&self, step: &Step) -> String {
        let Self { graph, words, .. } = *self;
        let label = step.edge.label;
        if label.edge_type().is_numbered() {
            let variable = variable_of_block(graph, words, step);
            return variable.unwrap_or_else(|| graph.edge_number(step.edge).to_string());
        }
        if let Some(export) = self.exported_by(step) {
            return export.name.clone();
        }
        let text = text_of_name(graph.edge_name(step.edge));
        match text.strip_prefix("<symbol ").and_then(|text| text.strip_suffix('>')) {
            Some(description) => format!("Symbol({description})"),
            None => text,
        }
    }

    /// Whether a step goes from a container to what is in it: an element, an entry, the value of a key.
    pub fn is_entry_of_container(&self, step: &Step) -> bool {
        let Self { graph, words, .. } = *self;
        match step.edge.label.edge_type() {
            EdgeType::ELEMENT => true,
            EdgeType::INTERNAL => {
                graph.node_type(step.from) == NodeType::ARRAY
                    && is_slot_number(graph.edge_name(step.edge))
            }
            EdgeType::PROPERTY => {
                is_key_of_dictionary(graph, words, step) || !is_identifier(&self.edge_text(step))
            }
            _ => false,
        }
    }

    /// Whether a step is one that code has a word for.
    fn is_name(&self, step: &Step) -> bool {
        let Self { graph, words, .. } = *self;
        let name = StringIndex(step.edge.label.raw_name());
        match step.edge.label.edge_type() {
            EdgeType::CONTEXT => true,
            EdgeType::HIDDEN => variable_of_block(graph, words, step).is_some(),
            EdgeType::PROPERTY => {
                let not_names = [words.proto, words.constructor, words.prototype];
                !not_names.contains(&name)
            }
            EdgeType::INTERNAL => self.exported_by(step).is_some(),
            _ => false,
        }
    }

    /// The exported variable whose value a step leads to.
    fn exported_by(&self, step: &Step) -> Option<&Export> {
        let label = step.edge.label;
        let is_value = label.edge_type() == EdgeType::INTERNAL
            && StringIndex(label.raw_name()) == self.words.value;
        is_value.then(|| self.exports.of(step.from))?
    }
}

/// A local variable of a suspended generator or async function that no closure captured: V8 keeps it
/// in a register and has forgotten its name. The function is what is left to be named, if it has one; the
/// source may tell more ([`super::locals`]).
fn local_of_suspended(
    graph: &HeapGraph,
    words: &Vocabulary,
    route: &[Step],
    last_name: Option<usize>,
) -> Option<Handle> {
    let below = last_name.map_or(0, |at| at + 1);
    let registers = route[below..].iter().rposition(|step| leads_to_registers(graph, step.edge))?;
    let at = below + registers;
    let generator = route[at].from;
    let function = internal_target(graph, generator, [words.function, words.function])?;
    Some(Handle { name: lossy(graph.raw_name(function)), at, owner: generator })
}

/// Bytes of a scope before its variables: hidden class, length, description, the scope around it.
const SCOPE_HEADER: u32 = 32;

/// Bytes of a variable.
const SLOT: u32 = 8;

/// The variables of a block. V8 names those of functions and modules; those of blocks are numbered by the
/// order of those that are on the heap. Their names are in the description of the scope, in order.
pub struct BlockVariables(Vec<(u32, NodeIndex)>);

impl BlockVariables {
    /// Those of a scope, or what may be one; none where numbers among the variables make it uncertain which is
    /// which. O(e log e) in the edges of the scope and of its description.
    pub fn of(graph: &HeapGraph, words: &Vocabulary, scope: NodeIndex) -> Self {
        Self(Self::names(graph, words, scope).unwrap_or_default())
    }

    /// The names that the variable over a step may have, where numbers among the variables of its block make it
    /// uncertain: V8 counts what is on the heap, so each number before it moves its name on by one.
    pub fn possible_names(graph: &HeapGraph, words: &Vocabulary, step: &Step) -> Vec<String> {
        let Some((missing, names)) = Self::described(graph, words, step.from) else {
            return Vec::new();
        };
        let first = graph.edge_number(step.edge);
        let is_possible =
            |&&(number, _): &&(u32, NodeIndex)| (first..=first + missing).contains(&number);
        let texts = names.iter().filter(is_possible).map(|&(_, name)| name);
        let texts = texts.filter(|&name| graph.node_type(name) == NodeType::STRING);
        texts.map(|name| lossy(graph.raw_name(name))).collect()
    }

    /// The text that is the name of the variable with a number.
    pub fn name(&self, graph: &HeapGraph, number: u32) -> Option<NodeIndex> {
        let at = self.0.partition_point(|&(other, _)| other < number);
        let &(_, name) = self.0.get(at).filter(|(other, _)| *other == number)?;
        (graph.node_type(name) == NodeType::STRING).then_some(name)
    }

    fn names(
        graph: &HeapGraph,
        words: &Vocabulary,
        scope: NodeIndex,
    ) -> Option<Vec<(u32, NodeIndex)>> {
        let (missing, names) = Self::described(graph, words, scope)?;
        (missing == 0).then_some(names)
    }

    /// How many variables of a scope have no number, and the names of all.
    fn described(
        graph: &HeapGraph,
        words: &Vocabulary,
        scope: NodeIndex,
    ) -> Option<(u32, Vec<(u32, NodeIndex)>)> {
        let is_scope = graph.node_type(scope) == NodeType::OBJECT
            && graph.name_index(scope) == words.context_node;
        if !is_scope {
            return None;
        }
        let variables = graph.file_self_size(scope).checked_sub(SCOPE_HEADER)? / SLOT;
        let (last, _) = hidden(graph, scope).max_by_key(|&(number, _)| number)?;
        let missing = variables.checked_sub(last.checked_add(1)?)?;
        let description = internal_target(graph, scope, [words.scope_info; 2])?;
        let mut names: Vec<_> = hidden(graph, description).collect();
        names.sort_by_key(|&(number, _)| number);
        Some((missing, names))
    }
}

/// The variable of a block that a step is over. Of many steps, [`BlockVariables`] can be asked.
pub fn variable_of_block(graph: &HeapGraph, words: &Vocabulary, step: &Step) -> Option<String> {
    if step.edge.label.edge_type() != EdgeType::HIDDEN {
        return None;
    }
    let variables = BlockVariables::of(graph, words, step.from);
    let name = variables.name(graph, graph.edge_number(step.edge))?;
    Some(lossy(graph.raw_name(name)))
}

/// The hidden edges of a node: their numbers and targets.
fn hidden(graph: &HeapGraph, node: NodeIndex) -> impl Iterator<Item = (u32, NodeIndex)> + '_ {
    let hidden = graph.edges(node).filter(|edge| edge.label.edge_type() == EdgeType::HIDDEN);
    hidden.map(|edge| (graph.edge_number(edge), edge.target))
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

/// Whether a step is over `value` of a plain object that has nothing else but what a description of a
/// property has. Compilers put private fields into such boxes; the name is that of the variable.
fn is_value_of_box(graph: &HeapGraph, words: &Vocabulary, step: &Step) -> bool {
    const WORDS_OF_BOXES: [&[u8]; 6] =
        [b"value", b"writable", b"enumerable", b"configurable", b"get", b"set"];
    let is_property = |edge: &Edge| {
        edge.label.edge_type() == EdgeType::PROPERTY && edge.label.raw_name() != words.proto.0
    };
    is_property(&step.edge)
        && StringIndex(step.edge.label.raw_name()) == words.value
        && graph.node_type(step.from) == NodeType::OBJECT
        && graph.name_index(step.from) == words.object_class
        && graph
            .edges(step.from)
            .filter(is_property)
            .all(|edge| WORDS_OF_BOXES.contains(&graph.edge_name(edge)))
}

fn is_slot_number(text: &[u8]) -> bool {
    std::str::from_utf8(text).is_ok_and(|text| text.parse::<u64>().is_ok())
}

/// A name as a report has it: of one that is too long to be read, the beginning.
pub fn text_of_name(name: &[u8]) -> String {
    const MOST_BYTES: usize = 1024;
    if name.len() <= MOST_BYTES {
        return lossy(name);
    }
    let mut end = MOST_BYTES;
    while end > 0 && name[end] & 0xc0 == 0x80 {
        end -= 1;
    }
    format!("{}…", lossy(&name[..end]))
}

/// What the class of a node is called.
pub fn class_name(graph: &HeapGraph, node: NodeIndex) -> String {
    let node_type = graph.node_type(node);
    match node_type {
        NodeType::OBJECT | NodeType::NATIVE => text_of_name(graph.raw_name(node)),
        NodeType::CLOSURE => "Function".into(),
        NodeType::REGEXP => "RegExp".into(),
        NodeType::SYMBOL => "Symbol".into(),
        NodeType::BIGINT => "BigInt".into(),
        NodeType::NUMBER => "Number".into(),
        NodeType::SYNTHETIC => text_of_name(graph.raw_name(node)),
        NodeType::HIDDEN if graph.raw_name(node) == b"system / JSProxy" => "Proxy".into(),
        _ if node_type.is_string() => "String".into(),
        _ => {
            let names = &graph.tables().node_type_names;
            format!("({})", names.get(usize::from(node_type.0)).map_or("?", String::as_str))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::leak::stage::{Heap, property};
    use crate::testing::GraphBuilder;

    /// What the node that `build` makes is called.
    fn name_of(build: impl FnOnce(&mut GraphBuilder, NodeIndex) -> NodeIndex) -> Option<String> {
        let mut node = NodeIndex(0);
        let heap = Heap::build(|heap, global| node = build(heap, global));
        let Heap { graph, words, routes, .. } = &heap;
        Naming::new(graph, words).handle(&routes.to(graph, node)).map(|handle| handle.name)
    }

    fn scope(heap: &mut GraphBuilder, of: NodeIndex) -> NodeIndex {
        let function = heap.node(NodeType::CLOSURE, "f", 32);
        heap.edge(of, EdgeType::PROPERTY, "f", function);
        let scope = heap.node(NodeType::OBJECT, "system / Context", 48);
        heap.edge(function, EdgeType::INTERNAL, "context", scope);
        scope
    }

    #[test]
    fn the_name_is_that_of_the_nearest_thing_around_that_code_has_a_word_for() {
        let entry = name_of(|heap, global| {
            let store = property(heap, global, "store", "Store");
            let by_id = property(heap, store, "byId", "Map");
            let table = heap.node(NodeType::ARRAY, "", 64);
            heap.edge(by_id, EdgeType::INTERNAL, "table", table);
            let list = heap.node(NodeType::OBJECT, "Array", 32);
            heap.edge(table, EdgeType::INTERNAL, "7", list);
            list
        });
        assert_eq!(entry.as_deref(), Some("byId"));
        let key = name_of(|heap, global| {
            let users = property(heap, global, "users", "Object");
            property(heap, users, "jane@example.org", "Array")
        });
        assert_eq!(key.as_deref(), Some("users"), "a key is data");
    }

    #[test]
    fn what_is_in_a_box_goes_by_the_variable_of_the_box() {
        let name = |other: &'static str| {
            name_of(move |heap, global| {
                let boxed = property(heap, global, "_pending", "Object");
                property(heap, boxed, other, "Object");
                property(heap, boxed, "value", "Array")
            })
        };
        assert_eq!(name("writable").as_deref(), Some("_pending"));
        assert_eq!(name("unit").as_deref(), Some("value"));
    }

    #[test]
    fn of_many_properties_the_names_are_data_unless_it_is_an_interface() {
        let name = |class: NodeType| {
            name_of(|heap, global| {
                let owner = property(heap, global, "owner", "Object");
                for at in 0..80 {
                    let value = heap.node(class, "v", 32);
                    heap.edge(owner, EdgeType::PROPERTY, format!("word{at}"), value);
                }
                property(heap, owner, "cache", "Map")
            })
        };
        assert_eq!(name(NodeType::OBJECT).as_deref(), Some("owner"));
        assert_eq!(name(NodeType::CLOSURE).as_deref(), Some("cache"));
    }

    #[test]
    fn listeners_are_named_by_their_event_even_if_it_is_no_word() {
        let name = name_of(|heap, global| {
            let bus = property(heap, global, "bus", "EventEmitter");
            let events = property(heap, bus, "_events", "Object");
            property(heap, events, "order placed", "Array")
        });
        assert_eq!(name.as_deref(), Some("_events.order placed"));
    }

    #[test]
    fn variables_of_blocks_are_found_in_the_description_of_their_scope() {
        let name = |variables: u32| {
            name_of(|heap, global| {
                let scope = scope(heap, global);
                let block = heap.node(NodeType::OBJECT, "system / Context", 32 + 8 * variables);
                heap.edge(scope, EdgeType::CONTEXT, "handler", block);
                let about = heap.node(NodeType::CODE, "system / ScopeInfo", 64);
                heap.edge(block, EdgeType::INTERNAL, "scope_info", about);
                for (number, word) in ["recent", "backlog"].into_iter().enumerate() {
                    let word = heap.node(NodeType::STRING, word, 24);
                    heap.numbered(about, EdgeType::HIDDEN, number as u32, word);
                }
                let recent = heap.node(NodeType::OBJECT, "Array", 32);
                let backlog = heap.node(NodeType::OBJECT, "Array", 32);
                heap.numbered(block, EdgeType::HIDDEN, 0, recent);
                heap.numbered(block, EdgeType::HIDDEN, 1, backlog);
                backlog
            })
        };
        assert_eq!(name(2).as_deref(), Some("backlog"));
        // One of three variables is a number, which is not on the heap: nobody knows which.
        assert_eq!(name(3).as_deref(), Some("handler"));
    }

    #[test]
    fn an_exported_variable_is_named_by_the_table_of_exports() {
        let name = name_of(|heap, global| {
            let module = heap.node(NodeType::HIDDEN, "system / SourceTextModule", 80);
            heap.edge(global, EdgeType::INTERNAL, "module", module);
            let exports = heap.node(NodeType::ARRAY, "", 64);
            heap.numbered(module, EdgeType::HIDDEN, 0, exports);
            let (key, cell) =
                (heap.node(NodeType::STRING, "visits", 24), heap.node(NodeType::HIDDEN, CELL, 16));
            heap.edge(exports, EdgeType::INTERNAL, "9", key);
            heap.edge(exports, EdgeType::INTERNAL, "10", cell);
            let list = heap.node(NodeType::OBJECT, "Array", 32);
            heap.edge(cell, EdgeType::INTERNAL, "value", list);
            list
        });
        assert_eq!(name.as_deref(), Some("visits"));
    }

    const CELL: &str = "system / Cell";

    #[test]
    fn a_local_of_a_suspended_call_is_named_by_its_function() {
        let name = name_of(|heap, global| {
            let generator = property(heap, global, "iterator", "Generator");
            let function = heap.node(NodeType::CLOSURE, "consume", 32);
            heap.edge(generator, EdgeType::INTERNAL, "function", function);
            let registers = heap.node(NodeType::ARRAY, "", 64);
            heap.edge(generator, EdgeType::INTERNAL, "parameters_and_registers", registers);
            let list = heap.node(NodeType::OBJECT, "Array", 32);
            heap.edge(registers, EdgeType::INTERNAL, "3", list);
            list
        });
        assert_eq!(name.as_deref(), Some("consume"));
    }

    #[test]
    fn identifiers_are_words_of_code() {
        for text in ["leaks", "#seen", "_x", "$", "Symbol(kState)", "naïve"] {
            assert!(is_identifier(text), "{text}");
        }
        for text in ["", "7", "7up", "a b", "/users", "a.b", "#", &"x".repeat(65)] {
            assert!(!is_identifier(text), "{text}");
        }
    }
}
