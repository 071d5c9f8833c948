//! The names by which V8 and Node call what the leak finder has to recognise, resolved once per
//! snapshot to string indices. Comparing an index is cheaper than comparing a text.

use std::collections::HashMap;

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
            /// Looks the names up. One pass over the strings that are as short as a name.
            pub fn new(strings: &StringTable) -> Self {
                let wanted = [$($text,)*];
                let found = find_all(strings, &wanted);
                let mut found = found.into_iter();
                Self { $($field: found.next().unwrap_or(Self::ABSENT),)* }
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

    /// Whether a class is one of which everything is made: arrays, Maps, Sets and plain objects.
    pub(crate) fn is_everyday(&self, class: StringIndex) -> bool {
        [self.array_class, self.map_class, self.set_class, self.object_class].contains(&class)
    }
}

fn find_all(strings: &StringTable, wanted: &[&str]) -> Vec<StringIndex> {
    let longest = wanted.iter().map(|text| text.len()).max().unwrap_or(0);
    let positions: HashMap<&[u8], usize> =
        wanted.iter().enumerate().map(|(at, text)| (text.as_bytes(), at)).collect();
    let mut found = vec![Vocabulary::ABSENT; wanted.len()];
    let mut missing = wanted.len();
    for index in (0..strings.len() as u32).map(StringIndex) {
        let text = strings.get(index);
        if text.len() > longest || missing == 0 {
            continue;
        }
        if let Some(&at) = positions.get(text)
            && found[at] == Vocabulary::ABSENT
        {
            found[at] = index;
            missing -= 1;
        }
    }
    found
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
        let vocabulary = Vocabulary::new(&strings);
        assert_eq!(vocabulary.table, StringIndex(1));
        assert_eq!(vocabulary.map_class, StringIndex(2));
        assert_eq!(vocabulary.context, Vocabulary::ABSENT);
    }
}
