//! Everything a report says about one suspect.

use std::cell::{Cell, OnceCell};

use crate::analysis::wtf8::lossy;
use crate::graph::{EdgeType, HeapGraph, NodeIndex, NodeType, StringIndex};
use crate::leak::alike::Described;
use crate::leak::before::Before;
use crate::leak::candidate::Candidate;
use crate::leak::file_names::FileNames;
use crate::leak::fingerprint::fingerprint;
use crate::leak::grown::Grown;
use crate::leak::kind::{event_target, kind};
use crate::leak::naming::{Handle, Naming, class_name, is_identifier};
use crate::leak::places::Places;
use crate::leak::route::Step;
use crate::leak::scripts::Place;
use crate::leak::sentence::Inside;
use crate::leak::suspects::Newer;
use crate::leak::young_modules::YoungExports;
use crate::report::{Suspect, SuspectKind};

/// What it takes to describe.
pub(crate) struct Describer<'a> {
    pub(crate) newer: Newer<'a>,
    pub(crate) before: &'a Before<'a>,
    pub(crate) naming: &'a Naming<'a>,
    pub(crate) places: Places<'a>,
    pub(crate) files: FileNames,
    pub(crate) work: Option<f64>,
    /// Whether other snapshots tell what was set up once from what grows.
    pub(crate) is_trend: bool,
    /// How often all edges were gone through for another way to something.
    pub(crate) searches: Cell<usize>,
    /// What young modules export, once somebody has asked.
    pub(crate) young_exports: OnceCell<YoungExports>,
}

/// What is found where a candidate is.
pub(super) struct Seen<'r> {
    /// The way to it.
    pub(super) route: &'r [Step],
    pub(super) kind: SuspectKind,
    /// The variable or property that it is called by.
    pub(super) handle: Option<Handle>,
    /// The program's code near it, or Node's if there is no other.
    pub(super) own_place: Option<Place>,
    /// Node's code that it belongs to, if it does.
    pub(super) in_node: Option<Place>,
}

impl Describer<'_> {
    /// Describes a candidate; `None` if it turns out to belong to Node or V8 alone.
    pub(crate) fn describe(&self, candidate: &Candidate) -> Option<Described> {
        let Newer { graph, .. } = self.newer;
        let node = candidate.point.node;
        let route = self.way_to(node);
        if route.is_empty() || is_script_text(graph, &route) {
            return None;
        }
        let seen = self.see(candidate, &route);
        if !self.is_of_somebody(candidate, &seen) {
            return None;
        }
        let kind = self.kind_for_report(&seen);
        let Seen { handle, own_place, in_node, .. } = seen;
        let place = self.places.place(own_place, candidate, kind);
        // Node keeps timers and listeners for the program, one by one; of what else it keeps, the
        // program has a word for the whole, as of a package's collections.
        let is_in_node =
            in_node.is_some() && !matches!(kind, SuspectKind::Timers | SuspectKind::Listeners);
        let of_program = match is_in_node {
            true => self.handle_in_program(&route),
            false => handle.as_ref().and_then(|part| self.handle_of_collection(&route, part)),
        };
        // Who has an object of Node's does not own what Node keeps in it; who has a package's collection does.
        let place = match &of_program {
            Some(handle) if is_in_node => self.places.place_in_program(&route, handle).or(place),
            Some(handle) => self.places.place_outside_node(&route, handle).or(place),
            None if kind == SuspectKind::Instances => self.place_of_front(candidate).or(place),
            None => place,
        };
        let (name, class_name) = match &of_program {
            Some(handle) => (handle.name.clone(), self.class_behind(handle, &route)),
            None => self.names(candidate, &route, handle.as_ref(), kind, place.as_ref()),
        };
        let inside = match (&of_program, &handle) {
            (Some(whole), _) => self.inside_of_whole(candidate, &route, whole),
            (None, Some(handle)) => self.inside(candidate, &route, handle),
            (None, None) => None,
        };
        let named = of_program.as_ref().or(handle.as_ref());
        // Timers are in Node's lists, which own nothing.
        let owner = named.filter(|_| kind != SuspectKind::Timers);
        let owner = owner.and_then(|handle| self.owner_class(handle.owner));
        let Grown { growth, holds, things, alike } = self.grown(candidate);
        let declared = match self.held_target(&route, kind) {
            // The program has a word for it, and it is where that is declared.
            Some((_, Some(held))) => {
                let place = self.places.place_in_program(&route, &held).or(place);
                self.places.source(place, Some(&held), false)
            }
            _ => {
                let is_listed = matches!(kind, SuspectKind::Timers | SuspectKind::Listeners);
                self.places.source(place, named, is_listed)
            }
        };
        let ordinal = declared.as_ref().map_or(0, |declared| declared.ordinal);
        let is_declared = declared.as_ref().is_some_and(|declared| declared.is_declared);
        let mut suspect = Suspect {
            name,
            class_name,
            kind,
            node_id: graph.id(node),
            alike,
            confidence: confidence(candidate),
            growth,
            source: declared.map(|declared| declared.source),
            path: self.path(&route),
            holds,
            fingerprint: String::new(),
            summary: String::new(),
        };
        suspect.fingerprint = fingerprint(&suspect, owner.as_deref(), ordinal, &self.files);
        // Timers that call nothing of the program's are Node's, too.
        let calls_node = kind == SuspectKind::Timers
            && suspect.source.as_ref().is_some_and(|source| source.url.starts_with("node:"));
        let is_of_node = (is_in_node && of_program.is_none()) || calls_node;
        let whole = of_program.map(|whole| route[whole.at].edge.target);
        let emitter = handle.and_then(|handle| self.emitter_of_node(candidate, &handle, kind));
        let (nodes, beside) = (candidate.nodes().to_vec(), Vec::new());
        Some(Described {
            suspect,
            owner,
            inside,
            things,
            is_declared,
            is_of_node,
            whole,
            emitter,
            nodes,
            beside,
        })
    }

    /// Looks around where a candidate is.
    fn see<'r>(&self, candidate: &Candidate, route: &'r [Step]) -> Seen<'r> {
        let Newer { graph, words, .. } = self.newer;
        let node = candidate.point.node;
        let (is_chain, grew_items) = (candidate.links > 0, candidate.more_items() > 0);
        let mut kind = kind(graph, words, node, route, &candidate.contents, is_chain, grew_items);
        let everyday = [words.object_class, words.array_class];
        if candidate.scattered.is_some()
            && matches!(kind, SuspectKind::Other | SuspectKind::Object)
            && !everyday.contains(&graph.name_index(node))
        {
            kind = SuspectKind::Instances;
        }
        let handle = self.handle_in_code(route);
        let (handle, local_place) = self.with_local(handle, route);
        let handle = self.with_store(handle, route);
        let own_place = local_place.or_else(|| self.places.place_of_route(route, handle.as_ref()));
        let nearest = self.places.nearest_place(route, handle.as_ref());
        let in_node = nearest
            .filter(|it| it.is_internal() && !self.places.declarations.is_on_an_emitter(route));
        Seen { route, kind, handle, own_place, in_node }
    }

    /// A handle, with the name of the variable and its place if it is a local one that is found in the
    /// source. What has no name at all goes by its class.
    fn with_local(
        &self,
        handle: Option<Handle>,
        route: &[Step],
    ) -> (Option<Handle>, Option<Place>) {
        if let Some((variable, place)) = self.variable_beside_numbers(handle.as_ref(), route) {
            return (Some(variable), Some(place));
        }
        let Some(handle) = handle else { return (None, None) };
        match self.local_variable(&handle, route) {
            Some((local, place)) => (Some(local), Some(place)),
            None if handle.name.is_empty() => {
                let at = (handle.at + 1).min(route.len() - 1);
                let name = class_name(self.newer.graph, route[at].edge.target);
                (Some(Handle { name, at, ..handle }), None)
            }
            None => (Some(handle), None),
        }
    }

    /// Whether there is somebody whose growth it is: a name or code for it and, if Node has it or hangs it onto
    /// things, a reason to report it nevertheless.
    fn is_of_somebody(&self, candidate: &Candidate, seen: &Seen<'_>) -> bool {
        let is_nameless = seen.own_place.is_none() && seen.handle.is_none();
        (!is_nameless || seen.kind == SuspectKind::Instances)
            && !self.is_hung_onto_promises(candidate)
            && self.is_worth_it_in_node(candidate, seen)
            && !self.is_state_of_young_module(candidate, seen)
    }

    /// The kind, now that it is known whose code has it: a variable of Node's timers module is one of its
    /// lists.
    fn kind_for_report(&self, seen: &Seen<'_>) -> SuspectKind {
        let is_variable = seen.handle.as_ref().is_some_and(|handle| {
            seen.route[handle.at].edge.label.edge_type() == EdgeType::CONTEXT
        });
        let in_timers = seen.in_node.as_ref().is_some_and(|place| place.url.ends_with("timers"));
        if is_variable && in_timers { SuspectKind::Timers } else { seen.kind }
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
        let Newer { graph, .. } = self.newer;
        let class = class_name(graph, candidate.point.node);
        match (kind, handle) {
            (SuspectKind::Instances, _) => {
                let class = class_name(graph, self.front_of(candidate));
                (class.clone(), class)
            }
            (SuspectKind::Timers, _) => {
                let callback = place.filter(|place| !place.is_internal());
                let callback = callback.and_then(|place| place.function.clone());
                (callback.unwrap_or_else(|| "_onTimeout".into()), "Timeout".into())
            }
            (SuspectKind::Listeners, Some(handle)) if handle.name.starts_with("_events.") => (
                handle.name.clone(),
                self.emitter(handle).map_or(class, |it| class_name(graph, it)),
            ),
            (SuspectKind::Listeners, Some(handle)) => match self.held_target(route, kind) {
                Some((target, held)) => {
                    let name = held.map_or_else(|| "Symbol(kEvents)".into(), |held| held.name);
                    (name, class_name(graph, target))
                }
                None => (handle.name.clone(), class),
            },
            (_, Some(handle)) => (handle.name.clone(), class),
            (_, None) => (class.clone(), class),
        }
    }

    /// The `EventTarget` whose listeners a suspect is, and what the program has it by. A signal is in a private
    /// field of its controller, which the program has a word for.
    fn held_target(
        &self,
        route: &[Step],
        kind: SuspectKind,
    ) -> Option<(NodeIndex, Option<Handle>)> {
        let at =
            event_target(self.newer.graph, route).filter(|_| kind == SuspectKind::Listeners)?;
        let held = self.handle_in_program(&route[..at]);
        Some((route[at].from, held.or_else(|| self.naming.handle(&route[..at]))))
    }

    /// The variable or property that leads to the end of a route.
    pub(super) fn handle(&self, route: &[Step]) -> Option<Handle> {
        self.naming.handle(route).map(|it| self.of_export(it, route))
    }

    /// A handle or, if a module exports its target as a whole, the variable that the module has it in.
    pub(super) fn of_export(&self, handle: Handle, route: &[Step]) -> Handle {
        let Newer { graph, words, .. } = self.newer;
        let step = &route[handle.at];
        let is_export = step.edge.label.edge_type() == EdgeType::PROPERTY
            && StringIndex(step.edge.label.raw_name()) == words.exports
            && graph.name_index(step.from) == words.module_class;
        let variable =
            is_export.then(|| self.places.variable_of_export(step.from, step.edge.target));
        match variable.flatten() {
            Some(name) => Handle { name, ..handle },
            None => handle,
        }
    }

    /// Which containers the items are in, if those are in the one that the name is of: how many there
    /// are, and their class.
    fn inside(&self, candidate: &Candidate, route: &[Step], handle: &Handle) -> Option<Inside> {
        let Newer { graph, .. } = self.newer;
        if let Some(inner) = candidate.items_of() {
            let class_name = class_name(graph, inner.sample);
            return Some(Inside { count: inner.containers, class_name });
        }
        let is_listed = handle.name.starts_with("_events.");
        let is_entry = |step: &Step| self.naming.is_entry_of_container(step);
        let is_deeper = !is_listed && route[handle.at + 1..].iter().any(is_entry);
        let one = || Inside { count: 1, class_name: class_name(graph, candidate.point.node) };
        is_deeper.then(one)
    }

    /// The same of something of Node's or a package's, which is a whole that has its container inside.
    fn inside_of_whole(
        &self,
        candidate: &Candidate,
        route: &[Step],
        handle: &Handle,
    ) -> Option<Inside> {
        let Newer { graph, .. } = self.newer;
        let node = candidate.point.node;
        let is_deeper = route[handle.at].edge.target != node;
        (is_deeper && graph.node_type(node) == NodeType::OBJECT)
            .then(|| Inside { count: 1, class_name: class_name(graph, node) })
    }

    /// The class of what a handle is the name of.
    fn class_behind(&self, handle: &Handle, route: &[Step]) -> String {
        class_name(self.newer.graph, route[handle.at].edge.target)
    }

    /// The emitter whose `_events` object owns a handle.
    fn emitter(&self, handle: &Handle) -> Option<NodeIndex> {
        let step = self.newer.routes.arrival(self.newer.graph, handle.owner)?;
        Some(step.from)
    }

    /// The emitter of listeners of which none is the program's.
    fn emitter_of_node(
        &self,
        candidate: &Candidate,
        handle: &Handle,
        kind: SuspectKind,
    ) -> Option<NodeIndex> {
        let is_listed = kind == SuspectKind::Listeners && handle.name.starts_with("_events.");
        let is_of_others = || self.places.place_of_listeners(candidate.point.node).is_some();
        self.emitter(handle).filter(|_| is_listed && !is_of_others())
    }

    /// The class of an instance that owns something, if the program gave it one, or the class or function
    /// that does.
    fn owner_class(&self, owner: NodeIndex) -> Option<String> {
        let Newer { graph, words, .. } = self.newer;
        if graph.node_type(owner) == NodeType::CLOSURE {
            let name = lossy(graph.raw_name(owner));
            return is_identifier(&name).then_some(name);
        }
        let name = graph.name_index(owner);
        let is_class = graph.node_type(owner) == NodeType::OBJECT
            && ![words.generator_class, words.async_generator_class].contains(&name)
            && name != words.object_class
            && name != words.context_node
            && !graph.raw_name(owner).starts_with(b"global");
        is_class.then(|| class_name(graph, owner))
    }
}

/// How sure it is: many items in one container is the surest sign, a few large ones the least.
fn confidence(candidate: &Candidate) -> f64 {
    let was_there = candidate.point.prior.is_some() || candidate.links > 0;
    let by_count = match candidate.more() {
        0..64 => 0.4,
        64..1024 => 0.7,
        _ => 0.9,
    };
    if was_there { by_count } else { by_count - 0.1 }
}

/// Whether a way leads to the text of a script.
fn is_script_text(graph: &HeapGraph, route: &[Step]) -> bool {
    let Some(step) = route.last() else { return false };
    graph.node_type(step.edge.target).is_string() && graph.node_type(step.from) == NodeType::CODE
}

#[cfg(test)]
mod tests {
    use crate::graph::{EdgeType, NodeType};
    use crate::leak::stage::{elements, function, property, scope, suspects, suspects_by_shape};
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
            let scope = scope(heap, loader);
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
