//! Everything a report says about one suspect.

use std::collections::HashMap;

use crate::graph::{EdgeType, HeapGraph, NodeIndex, NodeType, StringIndex};
use crate::leak::alike::Described;
use crate::leak::anchors::file_of_module;
use crate::leak::before::Before;
use crate::leak::candidate::Candidate;
use crate::leak::grown::Grown;
use crate::leak::hash::Fnv;
use crate::leak::kind::{event_target, kind};
use crate::leak::naming::{
    Handle, class_name, edge_text, handle as find_handle, is_entry_of_container,
};
use crate::leak::places::Places;
use crate::leak::route::Step;
use crate::leak::scripts::{Place, internal_target, place_of_closure};
use crate::leak::sentence::grouped;
use crate::leak::suspects::Newer;
use crate::report::{PathStep, Suspect, SuspectKind};
use crate::source_map::without_query;

/// Objects of Node's own that the global object has.
const GLOBALS_OF_NODE: [&str; 9] = [
    "console",
    "crypto",
    "global",
    "globalThis",
    "localStorage",
    "navigator",
    "performance",
    "process",
    "sessionStorage",
];

/// How many steps of a path are shown: the last ones, which are nearest to the suspect.
const PATH_STEPS: usize = 24;

/// A container of Node itself that gains this many items is reported: a thousand modules, or a
/// thousand entries of a performance timeline, are no warm-up.
const MANY_ITEMS_OF_NODE: u64 = 1000;

/// A container in a module that is younger than the baseline is reported from this many items on:
/// tables that come with a module (of MIME types, of characters) are smaller.
const MANY_ITEMS_OF_A_MODULE: u64 = 10_000;

/// In another process, a container of Node's that has so many items more has grown.
const SURELY_MORE: u64 = 64;

/// A program loads each of its files once, or, where plugins or tests do, a few times.
const LOADS_OF_ONE_FILE: u64 = 32;

/// What it takes to describe.
pub(crate) struct Describer<'a> {
    pub(crate) newer: Newer<'a>,
    pub(crate) before: &'a Before<'a>,
    pub(crate) places: Places<'a>,
    pub(crate) work: Option<f64>,
}

impl Describer<'_> {
    /// Describes a candidate; `None` if it turns out to belong to Node or V8 alone.
    pub(crate) fn describe(&self, candidate: &Candidate) -> Option<Described> {
        let Newer { graph, words, .. } = self.newer;
        let node = candidate.point.node;
        let route = self.newer.routes.to(graph, node);
        if route.is_empty() || is_script_text(graph, &route) {
            return None;
        }
        let grew_items = candidate.more_items() > 0;
        let is_chain = candidate.links > 0;
        let mut kind = kind(graph, words, node, &route, &candidate.contents, is_chain, grew_items);
        let everyday = [words.object_class, words.array_class];
        if candidate.scattered.is_some()
            && matches!(kind, SuspectKind::Other | SuspectKind::Object)
            && !everyday.contains(&graph.name_index(node))
        {
            kind = SuspectKind::Instances;
        }
        let handle = find_handle(graph, words, &route).map(|it| self.of_export(it, &route));
        let own_place = self.places.place_of_route(&route, handle.as_ref());
        let owner = self.places.nearest_place(&route, handle.as_ref());
        let belongs_to_node = owner.as_ref().filter(|place| {
            place.is_internal() && !self.places.declarations.is_on_an_emitter(&route)
        });
        let is_nameless = own_place.is_none() && handle.is_none();
        if (is_nameless && kind != SuspectKind::Instances)
            || belongs_to_node
                .is_some_and(|owner| !self.is_worth_it_in_node(candidate, kind, owner))
            || self.is_state_of_young_module(candidate, &route)
            || (own_place.as_ref().is_none_or(Place::is_internal)
                && is_of_nodes_set_up(graph, &route)
                && candidate.more_items() < MANY_ITEMS_OF_NODE)
        {
            return None;
        }
        // A variable of Node's timers module: one of its lists.
        let is_variable = handle
            .as_ref()
            .is_some_and(|handle| route[handle.at].edge.label.edge_type() == EdgeType::CONTEXT);
        if is_variable && belongs_to_node.is_some_and(|owner| owner.url.ends_with("timers")) {
            kind = SuspectKind::Timers;
        }
        let place = self.places.place(own_place, candidate, kind);
        let keeps = matches!(kind, SuspectKind::Timers | SuspectKind::Listeners);
        let program_handle = match belongs_to_node {
            Some(_) if !keeps => self.handle_in_program(&route),
            _ => None,
        };
        let (name, class_name) = match &program_handle {
            Some((name, held)) => (name.clone(), class_name(graph, *held)),
            None => self.names(candidate, &route, handle.as_ref(), kind, place.as_ref()),
        };
        let inside = match (&program_handle, &handle) {
            (None, Some(handle)) => self.inside(candidate, &route, handle),
            _ => None,
        };
        // Timers are in Node's lists, which own nothing; nor does what Node made for the program.
        let owner =
            handle.as_ref().filter(|_| kind != SuspectKind::Timers && program_handle.is_none());
        let owner = owner.and_then(|handle| self.owner_class(handle.owner));
        let is_of_node = belongs_to_node.is_some() && !keeps && program_handle.is_none();
        let Grown { growth, holds, things } = self.grown(candidate);
        let mut suspect = Suspect {
            name,
            class_name,
            kind,
            node_id: graph.id(node),
            alike: candidate.alike.containers,
            confidence: self.confidence(candidate),
            growth,
            source: self.places.source(place, handle.as_ref(), kind),
            path: self.path(&route),
            holds,
            fingerprint: String::new(),
            summary: String::new(),
        };
        suspect.fingerprint = fingerprint(&suspect, owner.as_deref());
        Some(Described { suspect, owner, inside, things, is_of_node })
    }

    /// Name and class of a suspect.
    fn names(
        &self,
        candidate: &Candidate,
        route: &[Step],
        handle: Option<&Handle>,
        kind: SuspectKind,
        place: Option<&Place>,
    ) -> (String, String) {
        let Newer { graph, words, .. } = self.newer;
        let class = class_name(graph, candidate.point.node);
        match (kind, handle) {
            (SuspectKind::Instances, _) => {
                let class = class_name(graph, self.front(candidate.point.node));
                (class.clone(), class)
            }
            (SuspectKind::Timers, _) => {
                let callback = place.filter(|place| !place.is_internal());
                let callback = callback.and_then(|place| place.function.clone());
                (callback.unwrap_or_else(|| "_onTimeout".into()), "Timeout".into())
            }
            (SuspectKind::Listeners, Some(handle)) if handle.name.starts_with("_events.") => {
                (handle.name.clone(), self.emitter_class(handle).unwrap_or(class))
            }
            (SuspectKind::Listeners, Some(handle)) => match event_target(graph, route) {
                Some(at) => {
                    let target = route[at].from;
                    let held = find_handle(graph, words, &route[..at]);
                    let name = held.map_or_else(|| "Symbol(kEvents)".into(), |held| held.name);
                    (name, class_name(graph, target))
                }
                None => (handle.name.clone(), class),
            },
            (_, Some(handle)) => (handle.name.clone(), class),
            (_, None) => (class.clone(), class),
        }
    }

    /// A handle or, if a module exports its target as a whole, the variable that the module has it in.
    fn of_export(&self, handle: Handle, route: &[Step]) -> Handle {
        let Newer { graph, words, .. } = self.newer;
        let step = &route[handle.at];
        let is_export = step.edge.label.edge_type() == EdgeType::PROPERTY
            && graph.edge_name(step.edge) == b"exports"
            && graph.name_index(step.from) == words.module_class;
        let variable =
            is_export.then(|| self.places.variable_of_export(step.from, step.edge.target));
        match variable.flatten() {
            Some(name) => Handle { name, ..handle },
            None => handle,
        }
    }

    /// What a program sees of something that Node holds by a handle: of two objects that refer to
    /// each other, the one behind the handle's.
    fn front(&self, node: NodeIndex) -> NodeIndex {
        let Newer { graph, words, analysis, .. } = self.newer;
        let is_wrapper = graph.edges(node).any(|edge| {
            edge.label.edge_type() == EdgeType::INTERNAL
                && StringIndex(edge.label.raw_name()) == words.javascript_to_native
        });
        let properties = |node| {
            let edges = graph.edges(node);
            edges.filter(|edge| edge.label.edge_type() == EdgeType::PROPERTY)
        };
        let mut held = properties(node).map(|edge| edge.target).filter(|&target| {
            graph.node_type(target) == NodeType::OBJECT && analysis.dominators.idom(target) == node
        });
        let front = held.find(|&held| properties(held).any(|edge| edge.target == node));
        front.filter(|_| is_wrapper).unwrap_or(node)
    }

    /// Inside something of Node's, the program's word is the one for the thing as a whole: the last
    /// name on the way that is in code outside of Node, and what it holds.
    fn handle_in_program(&self, route: &[Step]) -> Option<(String, NodeIndex)> {
        let Newer { graph, words, .. } = self.newer;
        let mut end = route.len();
        while let Some(handle) = find_handle(graph, words, &route[..end]) {
            let place = self.places.place_of_node(route, handle.at);
            // What the program puts on the global object is declared nowhere.
            let is_global = || is_global_of_program(graph, &handle, &route[handle.at]);
            if place.map_or_else(is_global, |place| !place.is_internal()) {
                return Some((handle.name, route[handle.at].edge.target));
            }
            end = handle.at;
        }
        None
    }

    /// Which containers the items are in, if those are in the one that the name is of: how many there
    /// are, and their class.
    fn inside(&self, candidate: &Candidate, route: &[Step], handle: &Handle) -> Option<String> {
        let Newer { graph, words, .. } = self.newer;
        if let Some(inner) = candidate.items_of() {
            let class = class_name(graph, inner.sample);
            return Some(format!("{} {class} objects", grouped(inner.containers)));
        }
        let is_listed = handle.name.starts_with("_events.");
        let is_entry = |step: &Step| is_entry_of_container(graph, words, step);
        let is_deeper = !is_listed && route[handle.at + 1..].iter().any(is_entry);
        is_deeper.then(|| format!("one {}", class_name(graph, candidate.point.node)))
    }

    /// The class of the emitter whose `_events` object owns a handle.
    fn emitter_class(&self, handle: &Handle) -> Option<String> {
        let Newer { graph, .. } = self.newer;
        let step = self.newer.routes.arrival(graph, handle.owner)?;
        Some(class_name(graph, step.from))
    }

    /// The class of an instance that owns something, if the program gave it one.
    fn owner_class(&self, owner: NodeIndex) -> Option<String> {
        let Newer { graph, words, .. } = self.newer;
        let name = graph.name_index(owner);
        let is_class = graph.node_type(owner) == NodeType::OBJECT
            && name != words.object_class
            && name != words.context_node
            && !graph.raw_name(owner).starts_with(b"global");
        is_class.then(|| class_name(graph, owner))
    }

    /// How sure it is: many items in one container is the surest sign, a few large ones the least.
    fn confidence(&self, candidate: &Candidate) -> f64 {
        let more = candidate.more_items().max(candidate.links as u64);
        let was_there = candidate.point.prior.is_some() || candidate.links > 0;
        let by_count = match more {
            0..64 => 0.4,
            64..1024 => 0.7,
            _ => 0.9,
        };
        if was_there { by_count } else { by_count - 0.1 }
    }

    /// Whether growth in a container that belongs to Node is reported. Node keeps listeners and
    /// timers for the program; what else it keeps is reported if there are things of the program
    /// in it, or very many of one class (events that nobody takes out of their queue are plain
    /// objects), except for the caches of what it loaded: those grow while a program warms up, unless
    /// it is one file that is loaded time and again.
    fn is_worth_it_in_node(&self, candidate: &Candidate, kind: SuspectKind, owner: &Place) -> bool {
        const LOADERS: [&str; 3] =
            ["internal/modules", "internal/bootstrap", "internal/process/esm"];
        // Without ids, what piled up may be anything that a container leads to, old or new.
        let is_sure = self.before.knows_young() || candidate.more_items() >= SURELY_MORE;
        let are_many = || {
            candidate.contents.classes.iter().any(|class| {
                class.node_type == NodeType::OBJECT && class.count >= MANY_ITEMS_OF_NODE
            })
        };
        let is_kept_for_program = || {
            matches!(kind, SuspectKind::Listeners | SuspectKind::Timers | SuspectKind::Instances)
                || (is_sure && (are_many() || self.places.place_of_contents(candidate).is_some()))
        };
        let is_loaders = LOADERS.iter().any(|loader| owner.url.contains(loader));
        candidate.more_items() >= MANY_ITEMS_OF_NODE
            || match is_loaders {
                true => self.loads_of_one_file(candidate) >= LOADS_OF_ONE_FILE,
                false => is_kept_for_program(),
            }
    }

    /// How often one file is among the modules that piled up.
    fn loads_of_one_file(&self, candidate: &Candidate) -> u64 {
        let Newer { graph, words, .. } = self.newer;
        let mut loads: HashMap<String, u64> = HashMap::new();
        for node in self.places.young_in(candidate) {
            let file = file_of_module(graph, words, node).filter(|file| !file.is_empty());
            if let Some(file) = file {
                *loads.entry(file_loaded(&file).to_owned()).or_default() += 1;
            }
        }
        loads.into_values().max().unwrap_or(0)
    }

    /// Whether a candidate is part of a module that was loaded since the baseline: what a module
    /// sets up once cannot be told from what piles up in it, unless it is a lot.
    fn is_state_of_young_module(&self, candidate: &Candidate, route: &[Step]) -> bool {
        let Newer { graph, words, analysis, .. } = self.newer;
        let is_young = |node: NodeIndex| self.before.is_young(node);
        if candidate.point.prior.is_some() || !is_young(candidate.point.node) {
            return false;
        }
        let is_module = |node: NodeIndex| {
            let name = graph.name_index(node);
            name == words.module_class || name == words.source_text_module_node
        };
        let total = analysis.retained.at(graph.root().at());
        let is_a_lot =
            candidate.more_items() >= MANY_ITEMS_OF_A_MODULE || candidate.point.bytes >= total / 4;
        !is_a_lot && route.iter().any(|step| is_young(step.from) && is_module(step.from))
    }

    /// The steps that a developer can read.
    fn path(&self, route: &[Step]) -> Vec<PathStep> {
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
            .map(|(_, &step)| PathStep {
                edge: edge_text(graph, words, step),
                edge_type: step.edge.label.edge_type().name().to_owned(),
                class_name: self.step_class(step.edge.target),
                node_id: graph.id(step.edge.target),
            })
            .collect();
        steps[steps.len().saturating_sub(PATH_STEPS)..].to_vec()
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
            return format!("call of {}()", String::from_utf8_lossy(graph.raw_name(function)));
        }
        let name = graph.raw_name(node);
        if graph.node_type(node) == NodeType::CLOSURE && !name.is_empty() {
            return format!("{}()", String::from_utf8_lossy(name));
        }
        class_name(graph, node)
    }
}

/// Whether a name is that of a property which the program gave the global object.
fn is_global_of_program(graph: &HeapGraph, handle: &Handle, step: &Step) -> bool {
    handle.owner == step.from
        && graph.raw_name(handle.owner).starts_with(b"global")
        && graph.node_type(step.edge.target) == NodeType::OBJECT
        && !GLOBALS_OF_NODE.contains(&handle.name.as_str())
        // By symbols, Node and packages keep there what they share.
        && !handle.name.starts_with("Symbol(")
}

/// The file of a module. Code in a URL is in none: it is made, time and again.
fn file_loaded(url: &str) -> &str {
    const IN_URL: &str = "data:";
    match url.starts_with(IN_URL) {
        true => IN_URL,
        false => without_query(url),
    }
}

/// Whether a step is one that a developer wrote.
fn is_named(step: &Step) -> bool {
    matches!(step.edge.label.edge_type(), EdgeType::PROPERTY | EdgeType::CONTEXT)
}

/// Whether a way leads through what Node sets up for itself before any program runs: the built-in
/// objects it keeps for its own use, under symbols of its own.
fn is_of_nodes_set_up(graph: &HeapGraph, route: &[Step]) -> bool {
    route.iter().any(|step| {
        step.edge.label.edge_type() == EdgeType::PROPERTY
            && graph.edge_name(step.edge).starts_with(b"<symbol node:")
    })
}

/// Whether a way leads to the text of a script.
fn is_script_text(graph: &HeapGraph, route: &[Step]) -> bool {
    let Some(step) = route.last() else { return false };
    graph.node_type(step.edge.target).is_string() && graph.node_type(step.from) == NodeType::CODE
}

/// A hash of what a leak is called and whose it is: no ids, no lines, no directories.
fn fingerprint(suspect: &Suspect, owner: Option<&str>) -> String {
    let mut hash = Fnv::default();
    hash.bytes(suspect.name.as_bytes());
    hash.bytes(suspect.class_name.as_bytes());
    hash.bytes(owner.unwrap_or("").as_bytes());
    let url = suspect.source.as_ref().map_or("", |source| source.url.as_str());
    hash.bytes(file_loaded(url).rsplit(['/', '\\']).next().unwrap_or(url).as_bytes());
    format!("{:016x}", hash.finish())
}

#[cfg(test)]
mod tests {
    use crate::graph::{EdgeType, NodeType};
    use crate::leak::stage::{elements, function, property, suspects, suspects_by_shape};
    use crate::report::{Suspect, SuspectKind};
    use crate::testing::GraphBuilder;

    fn only(suspects: Vec<Suspect>) -> Suspect {
        assert_eq!(suspects.len(), 1, "{suspects:?}");
        suspects.into_iter().next().unwrap()
    }

    fn count(is_grown: bool) -> u32 {
        if is_grown { 300 } else { 4 }
    }

    #[test]
    fn a_suspect_says_whose_it_is_how_it_grew_and_what_is_in_it() {
        let build = |heap: &mut GraphBuilder, global, is_grown| {
            let store = property(heap, global, "store", "SessionStore");
            function(heap, global, "handle", "/srv/app/store.js", 3);
            heap.locate(store, 7, 11, 2);
            let list = property(heap, store, "sessions", "Array");
            elements(heap, list, 0..count(is_grown), "Session", 100);
        };
        let found = only(suspects(build));
        assert_eq!((found.name.as_str(), found.class_name.as_str()), ("sessions", "Array"));
        assert_eq!(found.kind, SuspectKind::Array);
        let items = found.growth.items.unwrap();
        assert_eq!((items.before, items.after), (4, 300));
        let source = found.source.as_ref().unwrap();
        assert_eq!((source.url.as_str(), source.line), ("/srv/app/store.js", Some(12)));
        assert_eq!((found.holds[0].class_name.as_str(), found.holds[0].count), ("Session", 296));
        assert!(
            found
                .summary
                .starts_with("`sessions` (Array) in app/store.js:12, owned by SessionStore")
        );
        let by_shape = only(suspects_by_shape(build));
        assert_eq!(by_shape.fingerprint, found.fingerprint);
        assert_eq!(by_shape.growth.items.unwrap().before, 4);
        assert_eq!(by_shape.holds[0].count, 296, "of what is in it, the share that is more");
    }

    #[test]
    fn the_properties_of_the_head_of_a_list_are_not_its_items() {
        let found = only(suspects(|heap, global, is_grown| {
            let log = property(heap, global, "log", "Log");
            let mut last = log;
            for number in 0..if is_grown { 1_000 } else { 0 } {
                last = property(heap, last, if number == 0 { "head" } else { "next" }, "Entry");
            }
        }));
        assert_eq!((found.name.as_str(), found.kind), ("head", SuspectKind::List));
        assert_eq!(found.growth.items, None);
    }

    #[test]
    fn the_path_shows_calls_by_their_functions_and_not_what_makes_them_wait() {
        let found = only(suspects(|heap, global, is_grown| {
            let function = heap.node(NodeType::CLOSURE, "main", 32);
            let generator = property(heap, global, "running", "Generator");
            heap.edge(generator, EdgeType::INTERNAL, "function", function);
            let promise = heap.node(NodeType::OBJECT, "Promise", 32);
            let resume = heap.node(NodeType::CLOSURE, "", 32);
            let inner = heap.node(NodeType::OBJECT, "Service", 32);
            heap.numbered(generator, EdgeType::HIDDEN, 3, promise);
            heap.numbered(promise, EdgeType::HIDDEN, 1, resume);
            heap.edge(resume, EdgeType::INTERNAL, "extension", inner);
            let list = property(heap, inner, "jobs", "Array");
            elements(heap, list, 0..count(is_grown), "Job", 100);
        }));
        let steps: Vec<_> = found.path.iter().map(|step| step.class_name.as_str()).collect();
        assert_eq!(steps, ["global", "call of main()", "Service", "Array"]);
    }

    /// A Map of modules inside Node's loader, that gains `loads` modules of each of `files`.
    fn loaded(files: u32, loads: u32) -> Vec<Suspect> {
        suspects(move |heap, global, is_grown| {
            let loader = function(heap, global, "load", "node:internal/modules/esm/loader", 3);
            let scope = heap.node(NodeType::OBJECT, "system / Context", 48);
            heap.edge(loader, EdgeType::INTERNAL, "context", scope);
            let cache = heap.node(NodeType::OBJECT, "LoadCache", 32);
            heap.edge(scope, EdgeType::CONTEXT, "loadCache", cache);
            for number in 0..if is_grown { files * loads } else { 0 } {
                let module = heap.node(NodeType::OBJECT, "ModuleWrap", 400);
                let url = format!("file:///srv/plugin{}.mjs?v={number}", number % files);
                let url = heap.node(NodeType::STRING, url, 64);
                heap.numbered(cache, EdgeType::ELEMENT, number, module);
                heap.edge(module, EdgeType::PROPERTY, "url", url);
            }
        })
    }

    #[test]
    fn modules_of_the_loader_are_a_leak_only_if_one_file_is_loaded_time_and_again() {
        assert_eq!(only(loaded(2, 100)).name, "loadCache");
        assert_eq!(loaded(200, 1).len(), 0, "a program that requires its parts as it needs them");
    }

    #[test]
    fn per_unit_of_work_is_what_it_grew_by_the_units() {
        use crate::control::Control;
        use crate::leak::before::Before;
        use crate::leak::stage::grown;
        use crate::leak::suspects::find_suspects;
        use crate::report::DiffOptions;
        let (census, heap) = grown(|heap, global, is_grown| {
            let list = property(heap, global, "jobs", "Array");
            elements(heap, list, 0..count(is_grown), "Job", 100);
        });
        let options = DiffOptions { work: Some(74.0), ..DiffOptions::default() };
        let before = Before::by_id(&census, &heap.graph, &Control::default()).unwrap();
        let found = find_suspects(heap.newer(), &before, &options, &Control::default()).unwrap();
        let per_work = found[0].growth.per_work.unwrap();
        assert_eq!((per_work.bytes, per_work.items), (400.0, 4.0));
    }
}
