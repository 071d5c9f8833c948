//! The names by which V8 and Node call what the leak finder has to recognise, resolved once per
//! snapshot to string indices. Comparing an index is cheaper than comparing a text.

use hashbrown::HashMap;

use crate::control::Control;
use crate::error::Result;
use crate::graph::StringIndex;
use crate::snapshot::StringTable;

macro_rules! vocabulary {
    ($($(#[$doc:meta])* $field:ident = $text:literal,)*) => {
        /// Where in the string table the names are; [`Vocabulary::ABSENT`] if a snapshot lacks one.
        #[derive(Clone, Debug)]
        pub struct Vocabulary {
            $($(#[$doc])* pub $field: StringIndex,)*
        }

        impl Vocabulary {
            /// Looks the names up. One pass over the strings.
            ///
            /// # Errors
            /// `ABORT_ERR`, `ERR_TIMEOUT`.
            pub fn new(strings: &StringTable, control: &Control) -> Result<Self> {
                let wanted = [$($text,)*];
                let found = find_all(strings, &wanted, control)?;
                let mut found = found.into_iter();
                Ok(Self { $($field: found.next().unwrap_or(Self::ABSENT),)* })
            }
        }
    };
}

vocabulary! {
    /// The backing store of a Map, Set or WeakMap.
    table = "table",
    /// The backing store of indexed properties.
    elements = "elements",
    /// The backing store of named properties.
    properties = "properties",
    /// What a module exports.
    exports = "exports",
    /// A hidden class.
    map = "map",
    /// The scope of a function.
    context = "context",
    /// The scope around a scope.
    previous = "previous",
    /// What all closures of one function share.
    shared = "shared",
    /// Function to script, from Node 22 on.
    script = "script",
    /// Function to script, in Node 20.
    script_or_debug_info = "script_or_debug_info",
    /// What a cell holds.
    value = "value",
    /// The text of a script.
    source = "source",
    /// What a function is called, if that was set apart from its code.
    name = "name",
    /// The prototype of an object.
    proto = "__proto__",
    /// A class of a prototype.
    constructor = "constructor",
    /// A prototype of a class.
    prototype = "prototype",
    /// The listeners of an EventEmitter.
    events = "_events",
    /// The timer of a socket.
    symbol_timeout = "<symbol timeout>",
    /// What an AsyncLocalStorage holds for a callback (until Node 22).
    symbol_store = "<symbol kResourceStore>",
    /// What it holds for everything that waits in one context (from Node 24 on).
    async_context_frame_class = "AsyncContextFrame",
    /// A class name.
    async_local_storage_class = "AsyncLocalStorage",
    /// The timer behind a timer that runs.
    idle_next = "_idleNext",
    /// The HTTP message that a socket carries.
    http_message = "_httpMessage",
    /// The event by which an agent is told that a socket is free.
    free_event = "free",
    /// The agent that listens for it.
    agent = "agent",
    /// What a native handle is of.
    symbol_owner = "<symbol owner_symbol>",
    /// The client of `fetch` that a socket belongs to.
    symbol_client = "<symbol client>",
    /// What a timer of `fetch` calls to close a connection.
    on_parser_timeout = "onParserTimeout",
    /// The socket of a client of `fetch`.
    symbol_socket = "<symbol socket>",
    /// The requests of a client of `fetch`.
    symbol_queue = "<symbol queue>",
    /// A timer of `fetch`.
    fast_timer_class = "FastTimer",
    /// The mark of one.
    symbol_fast_timer = "<symbol kFastTimer>",
    /// The callback of a timer.
    on_timeout = "_onTimeout",
    /// After how long a timer comes again, or `null` for never.
    repeat = "_repeat",
    /// The memory of an ArrayBuffer.
    backing_store = "backing_store",
    /// The ArrayBuffer of a view.
    buffer = "buffer",
    /// The left half of a concatenated string.
    first = "first",
    /// The right half of a concatenated string.
    second = "second",
    /// The string that a slice is of.
    parent = "parent",
    /// The flat form of a string.
    actual = "actual",
    /// The realm of a function.
    native_context = "native_context",
    /// The global object of a realm (Node 26).
    global_object = "global_object",
    /// The reactions to a promise, or its value.
    reactions_or_result = "reactions_or_result",
    /// Type feedback.
    feedback_cell = "feedback_cell",
    /// Machine code.
    code = "code",
    /// A module, behind its scope.
    extension = "extension",
    /// Description of a scope.
    scope_info = "scope_info",
    /// The function of a generator.
    function = "function",
    /// The function that a bound function calls.
    bound_function = "bound_function",
    /// The arguments of a bound function.
    bindings = "bindings",
    /// What Node has outside of V8's heap for an object.
    javascript_to_native = "javascript_to_native",
    /// `this` of a bound function.
    bound_this = "bound_this",
    /// A class name.
    array_class = "Array",
    /// A class name.
    object_class = "Object",
    /// A class name.
    map_class = "Map",
    /// A class name.
    set_class = "Set",
    /// What goes through a Map.
    map_iterator_class = "MapIterator",
    /// What goes through a Set.
    set_iterator_class = "SetIterator",
    /// A class name.
    promise_class = "Promise",
    /// A call that is suspended, or a generator.
    generator_class = "Generator",
    /// An async generator.
    async_generator_class = "AsyncGenerator",
    /// A class name.
    timeout_class = "Timeout",
    /// A class name.
    timers_list_class = "TimersList",
    /// A class name.
    weak_map_class = "WeakMap",
    /// A class name.
    module_class = "Module",
    /// A module of Node's own.
    builtin_module_class = "BuiltinModule",
    /// An ES module, as Node sees it.
    module_wrap_class = "ModuleWrap",
    /// What has callbacks for when things are collected.
    finalization_registry_class = "FinalizationRegistry",
    /// A reference that does not keep what it leads to.
    weak_ref_class = "WeakRef",
    /// What a FinalizationRegistry has for each thing.
    weak_cell_node = "system / WeakCell",
    /// What such a cell, or a reference, leads to.
    target = "target",
    /// By which such a cell is found again.
    unregister_token = "unregister_token",
    /// The scope of a function.
    context_node = "system / Context",
    /// The scope of all scripts.
    native_context_node = "system / NativeContext",
    /// What V8 keeps of a place in the code where an object is made.
    allocation_site_node = "system / AllocationSite",
    /// The property by which heapdiff marks an isolate that has loaded it.
    heapdiff_isolate = "heapdiffIsolate",
    /// A `Proxy`, which V8 shows as a part of its own.
    proxy_node = "system / JSProxy",
    /// What Node keeps in a realm.
    embedder_data = "embedder_data",
    /// What holds an exported variable of an ES module.
    cell_node = "system / Cell",
    /// What holds a variable that several functions write (Node 26).
    context_cell_node = "system / ContextCell",
    /// What holds a property of the global object.
    property_cell_node = "system / PropertyCell",
    /// What waits for a promise.
    promise_reaction_node = "system / PromiseReaction",
    /// Memory of an ArrayBuffer.
    array_buffer_data_node = "system / JSArrayBufferData",
    /// What stands where an entry was deleted.
    hole_node = "system / Hole",
    /// Node's list of the objects that it made for the program.
    base_object_list_node = "Node / BaseObjectList",
    /// The table of texts that serve as keys.
    internalized_strings = "(Internalized strings)",
    /// A getter and a setter.
    accessor_pair_node = "system / AccessorPair",
    /// An ES module.
    source_text_module_node = "system / SourceTextModule",
    /// A module that Node makes, as of a package in CommonJS.
    synthetic_module_node = "system / SyntheticModule",
}

impl Vocabulary {
    /// The index of a name that the snapshot does not have: equal to no index of it.
    pub const ABSENT: StringIndex = StringIndex(u32::MAX);

    /// For tests: that of a graph which was built by hand.
    #[cfg(test)]
    pub(crate) fn of(graph: &crate::graph::HeapGraph) -> Self {
        Self::new(graph.strings(), &Control::default()).unwrap()
    }

    /// Whether a class is one of which everything is made: arrays, Maps, Sets and plain objects.
    pub(crate) fn is_everyday(&self, class: StringIndex) -> bool {
        [self.array_class, self.map_class, self.set_class, self.object_class].contains(&class)
    }
}

fn find_all(strings: &StringTable, wanted: &[&str], control: &Control) -> Result<Vec<StringIndex>> {
    let positions: HashMap<&[u8], usize> =
        wanted.iter().enumerate().map(|(at, text)| (text.as_bytes(), at)).collect();
    let outlines = Outlines::of(wanted);
    let mut found = vec![Vocabulary::ABSENT; wanted.len()];
    for index in (0..strings.len() as u32).map(StringIndex) {
        control.checkpoint_at(index.at())?;
        let text = strings.get(index);
        if outlines.may_contain(text)
            && let Some(&at) = positions.get(text)
            && found[at] == Vocabulary::ABSENT
        {
            found[at] = index;
        }
    }
    Ok(found)
}

/// How long texts are that begin with a byte. Most strings of a heap with large arrays are the numbers of
/// slots, and this tells them from names without hashing them.
struct Outlines([u64; 256]);

impl Outlines {
    fn of(texts: &[&str]) -> Self {
        let mut lengths = [0; 256];
        for text in texts {
            if let Some(&first) = text.as_bytes().first() {
                lengths[usize::from(first)] |= Self::bit(text.len());
            }
        }
        Self(lengths)
    }

    #[inline(always)]
    fn may_contain(&self, text: &[u8]) -> bool {
        text.first().is_some_and(|&first| self.0[usize::from(first)] & Self::bit(text.len()) != 0)
    }

    /// All that are longer than a bit can tell have the last one.
    fn bit(length: usize) -> u64 {
        1 << length.min(63)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_found_once_and_absent_ones_equal_nothing() {
        let mut strings = StringTable::new();
        for text in ["<dummy>", "table", "Map", "table", "x"] {
            strings.push(text.as_bytes());
        }
        let vocabulary = Vocabulary::new(&strings, &Control::default()).unwrap();
        assert_eq!(vocabulary.table, StringIndex(1));
        assert_eq!(vocabulary.map_class, StringIndex(2));
        assert_eq!(vocabulary.context, Vocabulary::ABSENT);
    }
}
