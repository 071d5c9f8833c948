//! Whose code a suspect is: the file, line and function that a report points to.
//!
//! The nearest code on the way to a suspect owns it, if its source declares the name. If it does
//! not, somebody else put the thing there: a method that lies beside it, or the program, which hung
//! something of its own onto an object of a package.

use std::cell::OnceCell;
use std::cmp::Reverse;
use std::collections::HashMap;
use std::ops::RangeInclusive;

use crate::analysis::wtf8::lossy;
use crate::graph::{EdgeType, NodeIndex, NodeType};
use crate::leak::before::Before;
use crate::leak::below::Below;
use crate::leak::candidate::Candidate;
use crate::leak::captures::Captures;
use crate::leak::declarations::{Declarations, is_in_function, is_of_package};
use crate::leak::edges::property;
use crate::leak::exports::Exports;
use crate::leak::holders::slots;
use crate::leak::naming::Handle;
use crate::leak::only_calls::{only_call, only_listener};
use crate::leak::route::{Step, steps_to};
use crate::leak::scripts::{Constructors, Place, place_of_module};
use crate::leak::stores::entry_of_store;
use crate::leak::suspects::Newer;
use crate::leak::timers::function_of;
use crate::report::{SourcePosition, SuspectKind};
use crate::source_map::source_text;
use crate::source_words::Position;

/// So many nodes are enough to see which code they are of.
const SAMPLE: usize = 4096;

/// So many variables that refer to an export are looked at: every module that requires it may have one,
/// and the code of each is searched for.
const MOST_VARIABLES: usize = 64;

/// What it takes to find code.
pub(super) struct Places<'a> {
    newer: Newer<'a>,
    before: &'a Before<'a>,
    /// By node: where it stands in the dominator tree.
    positions: &'a [u32],
    /// The variables that ES modules export.
    exports: &'a Exports,
    /// Found when the first scope is asked for.
    captures: OnceCell<Captures>,
    /// Found when the first constructor is asked for.
    constructors: OnceCell<Constructors>,
    /// Where names are declared.
    pub(super) declarations: Declarations<'a>,
}

impl<'a> Places<'a> {
    /// Nothing is looked at yet.
    pub(super) fn new(
        newer: Newer<'a>,
        before: &'a Before<'a>,
        positions: &'a [u32],
        exports: &'a Exports,
    ) -> Self {
        Self {
            newer,
            before,
            positions,
            exports,
            captures: OnceCell::new(),
            constructors: OnceCell::new(),
            declarations: Declarations::new(newer),
        }
    }

    /// Where the constructor of an object is.
    pub(super) fn place_of_constructor(&self, object: NodeIndex) -> Option<Place> {
        let Newer { graph, words, .. } = self.newer;
        let constructors = self.constructors.get_or_init(|| Constructors::find(graph, words));
        self.declarations.place_of_constructor(constructors, object)
    }

    /// The code to look at: that which owns the suspect; where Node owns it, that of the functions
    /// and objects in it.
    pub(super) fn place(
        &self,
        own: Option<Place>,
        candidate: &Candidate,
        kind: SuspectKind,
    ) -> Option<Place> {
        let of_callbacks = match kind {
            SuspectKind::Timers => self.place_of_timers(candidate),
            SuspectKind::Listeners => self.place_of_listeners(candidate.point.node),
            _ => None,
        };
        if of_callbacks.is_some() {
            return of_callbacks;
        }
        match own {
            Some(place) if !place.is_internal() => Some(place),
            other => self.place_of_contents(candidate).or(other),
        }
    }

    /// Where most callbacks of young timers are: of those that piled up or, if the candidate is something
    /// around them, of all. In a list there may be timers of other functions.
    fn place_of_timers(&self, candidate: &Candidate) -> Option<Place> {
        let Newer { graph, words, .. } = self.newer;
        let calls_it = |&node: &NodeIndex| {
            let wanted = candidate.function;
            wanted.is_none_or(|wanted| function_of(graph, words, node) == Some(wanted))
        };
        let all = graph.nodes().filter(|&node| self.before.is_young(node));
        let inside = self.young_in(candidate).filter(calls_it);
        self.place_of_callbacks(inside).or_else(|| self.place_of_callbacks(all))
    }

    /// Where most callbacks of the timers among some nodes are.
    fn place_of_callbacks(&self, nodes: impl Iterator<Item = NodeIndex>) -> Option<Place> {
        let Newer { graph, words, .. } = self.newer;
        let timers = nodes.filter(|&node| {
            graph.node_type(node) == NodeType::OBJECT
                && graph.name_index(node) == words.timeout_class
        });
        let mut timers = timers.peekable();
        let first = *timers.peek()?;
        let callbacks = timers.filter_map(|timer| property(graph, timer, words.on_timeout));
        let callbacks = callbacks.filter(|&it| graph.node_type(it) == NodeType::CLOSURE);
        let place = most_frequent(
            callbacks.filter_map(|callback| self.declarations.place_of_function(callback)),
        )?;
        Some(or_in_file(place, |text| only_call(text, caller_of(self.newer, first))))
    }

    /// Where most young listeners outside of Node are that a list or a single slot has.
    pub(super) fn place_of_listeners(&self, list: NodeIndex) -> Option<Place> {
        let Newer { graph, analysis, .. } = self.newer;
        let function_in = |node: NodeIndex| {
            let mut properties = graph.edges(node).filter(|edge| {
                edge.label.edge_type() == EdgeType::PROPERTY
                    && graph.node_type(edge.target) == NodeType::CLOSURE
            });
            properties.find(|edge| {
                graph.node_type(node) != NodeType::CLOSURE || graph.edge_name(*edge) == b"listener"
            })
        };
        // What listens just once is wrapped by Node, which notes the function; other emitters keep an
        // object for each listener.
        let targets = slots(graph, analysis, list).map(|edge| edge.target);
        let listeners = targets.filter(|&node| self.before.is_young(node));
        let functions =
            listeners.map(|node| function_in(node).map_or(node, |listener| listener.target));
        let closures = functions.filter(|&node| graph.node_type(node) == NodeType::CLOSURE);
        most_frequent(closures.filter_map(|node| self.declarations.place_of_function(node)))
    }

    /// Whose code the handle is in, be it Node's.
    pub(super) fn nearest_place(&self, route: &[Step], handle: Option<&Handle>) -> Option<Place> {
        let steps = self.steps_to_owner(route, handle)?;
        steps.rev().find_map(|at| self.place_of_node(route, at))
    }

    /// The steps to a handle that may tell whose it is: of the way to what is in a store of an
    /// AsyncLocalStorage, those in the store.
    fn steps_to_owner(
        &self,
        route: &[Step],
        handle: Option<&Handle>,
    ) -> Option<RangeInclusive<usize>> {
        let Newer { graph, words, .. } = self.newer;
        let last = handle.map_or(route.len().checked_sub(1)?, |handle| handle.at);
        let store = entry_of_store(graph, words, route);
        Some(store.map_or(0, |entry| entry + 1)..=last)
    }

    /// Whose code the handle is in, if that is not Node's.
    pub(super) fn place_in_program(&self, route: &[Step], handle: &Handle) -> Option<Place> {
        self.nearest_place(route, Some(handle)).filter(|place| !place.is_internal())
    }

    /// The nearest code outside of Node on the way to a handle: of an instance of one of Node's classes, that of
    /// whoever has it.
    pub(super) fn place_outside_node(&self, route: &[Step], handle: &Handle) -> Option<Place> {
        self.place_of_route(route, Some(handle)).filter(|place| !place.is_internal())
    }

    /// The nearest code outside of Node on the way to a handle; Node's if there is no other near.
    pub(super) fn place_of_route(&self, route: &[Step], handle: Option<&Handle>) -> Option<Place> {
        let steps = self.steps_to_owner(route, handle)?;
        let last = *steps.end();
        let mut internal = None;
        for at in steps.rev() {
            let Some(place) = self.place_of_node(route, at) else { continue };
            if !place.is_internal() {
                return Some(place);
            }
            internal.get_or_insert(place);
            // What Node's own code owns is Node's; further up there is only more of it.
            if at + 8 < last {
                break;
            }
        }
        internal
    }

    /// Where the code of the node is that step `at` starts from.
    pub(super) fn place_of_node(&self, route: &[Step], at: usize) -> Option<Place> {
        let Newer { graph, words, .. } = self.newer;
        let node = route[at].from;
        match graph.node_type(node) {
            NodeType::CLOSURE => self.declarations.place_of_function(node),
            NodeType::OBJECT if graph.name_index(node) == words.context_node => {
                self.place_of_scope(node)
            }
            NodeType::OBJECT if graph.name_index(node) == words.module_class => {
                self.module_file(node)
            }
            NodeType::OBJECT => {
                self.declarations.place_of_call(node).or_else(|| self.place_of_constructor(node))
            }
            NodeType::HIDDEN if graph.name_index(node) == words.cell_node => {
                self.place_of_export(node)
            }
            NodeType::HIDDEN if graph.name_index(node) == words.source_text_module_node => {
                place_of_module(graph, words, node)
            }
            _ => None,
        }
    }

    /// The code of the module that declares the variable which a cell is.
    fn place_of_export(&self, cell: NodeIndex) -> Option<Place> {
        let Newer { graph, words, .. } = self.newer;
        place_of_module(graph, words, self.exports.of(cell)?.module)
    }

    /// A scope's code is that of a function that captured it, one with a name and a position if there is any.
    pub(super) fn place_of_scope(&self, scope: NodeIndex) -> Option<Place> {
        let Newer { graph, words, .. } = self.newer;
        let captures = self.captures.get_or_init(|| Captures::find(graph, words));
        let mut best = None;
        for function in captures.of(scope) {
            let Some(place) = self.declarations.place_of_function(function) else { continue };
            let tells = (place.function.is_some(), place.position.is_some());
            if tells == (true, true) {
                return Some(place);
            }
            if best.as_ref().is_none_or(|(known, _)| *known < tells) {
                best = Some((tells, place));
            }
        }
        best.map(|(_, place)| place)
    }

    /// The variable of a CommonJS module's own code for what it exports as a whole: there, and not by
    /// `exports`, it is found in the file. All retainers of the thing are looked at.
    pub(super) fn variable_of_export(
        &self,
        module: NodeIndex,
        exports: NodeIndex,
    ) -> Option<String> {
        let Newer { graph, .. } = self.newer;
        let file = self.module_file(module)?.url;
        let steps = steps_to(graph, |target| target == exports);
        let variables = steps.filter(|step| step.edge.label.edge_type() == EdgeType::CONTEXT);
        let own = variables
            .take(MOST_VARIABLES)
            .find(|step| self.place_of_scope(step.from).is_some_and(|place| place.url == file))?;
        Some(lossy(graph.edge_name(own.edge)))
    }

    /// The file of a CommonJS module object.
    fn module_file(&self, module: NodeIndex) -> Option<Place> {
        let Newer { graph, .. } = self.newer;
        let filename = graph.edges(module).find(|edge| {
            edge.label.edge_type() == EdgeType::PROPERTY && graph.edge_name(*edge) == b"filename"
        })?;
        let url = lossy(graph.raw_name(filename.target));
        Some(Place { url, position: None, function: None })
    }

    /// The code that most functions among what piled up come from: the program's own, if about as many do as
    /// of a package's. For each call of a program, a package may make a function or two.
    pub(super) fn place_of_contents(&self, candidate: &Candidate) -> Option<Place> {
        let Newer { graph, .. } = self.newer;
        let mut places: HashMap<Place, usize> = HashMap::new();
        for node in self.young_in(candidate).take(SAMPLE) {
            let place = match graph.node_type(node) {
                NodeType::CLOSURE => self.declarations.place_of_function(node),
                NodeType::OBJECT => self.place_of_constructor(node),
                _ => None,
            };
            if let Some(place) = place.filter(|place| !place.is_internal()) {
                *places.entry(place).or_default() += 1;
            }
        }
        let most_of = |is_wanted: fn(&Place) -> bool| {
            let wanted = places.iter().filter(|(place, _)| is_wanted(place));
            wanted.max_by(|a, b| {
                a.1.cmp(b.1)
                    .then_with(|| b.0.url.cmp(&a.0.url))
                    .then_with(|| b.0.position.cmp(&a.0.position))
            })
        };
        let (most, count) = most_of(|_| true)?;
        let own = most_of(|place| !is_of_package(&place.url)).filter(|&(_, own)| own * 2 >= *count);
        Some(own.map_or(most, |(own, _)| own).clone())
    }

    /// All that a node dominates, itself first.
    pub(super) fn below(&self, node: NodeIndex) -> &'a [NodeIndex] {
        let tree = &self.newer.analysis.dominators;
        &tree.order()[tree.subtree(self.positions[node.at()])]
    }

    /// The young nodes of what piled up.
    pub(super) fn young_in(&self, candidate: &Candidate) -> impl Iterator<Item = NodeIndex> {
        let tops = candidate.nodes().iter().chain(&candidate.credited).copied();
        let below = Below::of_all(self.newer, self.positions, tops);
        let order = self.newer.analysis.dominators.order();
        let subtrees: Vec<_> = below.subtrees().collect();
        let nodes = subtrees.into_iter().flat_map(|subtree| &order[subtree]);
        nodes.copied().filter(|&node| self.before.is_young(node))
    }

    /// The position to report: where the name is declared if a source tells, else where the function
    /// is that owns it. Of what Node lists, the callback is what to look at, not where the lists are declared.
    pub(super) fn source(
        &self,
        place: Option<Place>,
        handle: Option<&Handle>,
        is_listed: bool,
    ) -> Option<Declared> {
        let is_programs = place.as_ref().is_some_and(|place| !place.is_internal());
        let place = match handle.and_then(|handle| handle.name.strip_prefix("_events.")) {
            Some(event) if is_listed && is_programs => {
                place.map(|place| or_in_file(place, |text| only_listener(text, event)))
            }
            _ => place,
        };
        let of_listed = place.as_ref().filter(|_| is_listed && is_programs);
        let named = handle.map(|handle| self.declarations.named(handle));
        let declared = handle.zip(named.as_ref()).filter(|_| of_listed.is_none());
        let declared = declared
            .and_then(|(handle, named)| self.declarations.find(place.as_ref(), handle, named));
        let is_variable = named.as_ref().is_some_and(|named| named.is_variable);
        // Classes tell fields of one name apart; variables have nothing else.
        let ordinal = declared.as_ref().filter(|_| is_variable).map_or(0, |(_, it)| it.ordinal);
        let (place, declared) = match declared {
            // The function that captured a variable is not the one in which it is declared.
            Some((place, declared)) if is_variable => {
                (Place { function: None, ..place }, Some(declared))
            }
            Some((place, declared)) if !is_in_function(&place, &declared) => {
                (Place { function: None, ..place }, Some(declared))
            }
            Some((place, declared)) => (place, Some(declared)),
            None => (place?, None),
        };
        let is_declared = declared.is_some();
        let position = declared.map(|found| found.position).or(place.position);
        let source = SourcePosition {
            url: place.url,
            line: position.map(|(line, _)| line),
            column: position.map(|(_, column)| column),
            function_name: place.function,
            original: None,
        };
        Some(Declared { source, ordinal, is_declared })
    }
}

/// Where a suspect is declared.
pub(super) struct Declared {
    pub(super) source: SourcePosition,
    /// Whether the source has a declaration of the name, which the position is of.
    pub(super) is_declared: bool,
    /// How many variables of this name are declared before it in the file.
    pub(super) ordinal: usize,
}

/// The place outside of Node that comes most often.
pub(super) fn most_frequent(places: impl Iterator<Item = Place>) -> Option<Place> {
    let mut counts: HashMap<Place, usize> = HashMap::new();
    for place in places.filter(|place| !place.is_internal()) {
        *counts.entry(place).or_default() += 1;
    }
    let order = |place: &Place| (place.url.clone(), place.position);
    let most = counts.into_iter().min_by_key(|(place, count)| (Reverse(*count), order(place)));
    Some(most?.0)
}

/// The place of a function or, if it has no name and was not run as it is in its file, where that has it.
fn or_in_file(place: Place, find: impl FnOnce(&str) -> Option<Position>) -> Place {
    if place.position.is_some() || place.function.is_some() {
        return place;
    }
    let position = source_text(&place.url).and_then(|text| find(&text));
    Place { position, ..place }
}

/// What a program calls to make a timer like this one. One that comes again has a number for how often.
fn caller_of(newer: Newer<'_>, timer: NodeIndex) -> &'static str {
    let Newer { graph, words, .. } = newer;
    let repeat = property(graph, timer, words.repeat);
    match repeat.is_none_or(|repeat| graph.node_type(repeat) == NodeType::NUMBER) {
        true => "setInterval",
        false => "setTimeout",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::leak::stage::{Sources, elements, function, property, suspects};
    use crate::report::Suspect;
    use crate::testing::GraphBuilder;

    /// File and line of the only suspect.
    fn place(suspects: Vec<Suspect>) -> (String, Option<u32>) {
        assert_eq!(suspects.len(), 1, "{suspects:?}");
        let source = suspects[0].source.as_ref().unwrap();
        let file = source.url.rsplit('/').next().unwrap_or_default().to_owned();
        (file, source.line)
    }

    fn grow(heap: &mut GraphBuilder, list: NodeIndex, is_grown: bool) {
        elements(heap, list, 0..if is_grown { 300 } else { 4 }, "Item", 100);
    }

    const APP: &str = "node_modules/server/app.js";

    #[test]
    fn what_the_program_hung_onto_an_object_of_a_package_is_the_programs() {
        let sources = Sources::new(
            "places-program",
            &[
                (APP, "class App {\n  constructor() {\n    this.locals = {};\n  }\n}\n"),
                ("main.js", "const app = new App();\n\napp.locals.trail = [];\n"),
            ],
        );
        let leak = |name: &str| {
            place(suspects(|heap, global, is_grown| {
                let app = function(heap, global, "create", &sources.url(APP), 2);
                let locals = property(heap, app, "locals", "Object");
                function(heap, global, "main", &sources.url("main.js"), 1);
                let list = property(heap, locals, name, "Array");
                grow(heap, list, is_grown);
            }))
        };
        assert_eq!(leak("trail"), ("main.js".into(), Some(3)));
        // Declared nowhere, it stays with the code on the way.
        assert_eq!(leak("unheardOf"), ("app.js".into(), Some(2)));
        assert_eq!(leak("locals"), ("app.js".into(), Some(3)));
    }

    #[test]
    fn what_this_package_declares_itself_is_not_the_programs() {
        const TALKER: &str = "node_modules/talker/app.js";
        let sources = Sources::new(
            "places-own",
            &[
                (APP, "class App {}\n"),
                (TALKER, "class App { trail() {} }\n"),
                ("main.js", "const app = new App();\n\napp.job = { trail: [] };\n"),
                ("checkout/lib/job.js", "exports.trail = [];\n"),
            ],
        );
        let found = |package: &str, addon: &str| {
            place(suspects(|heap, global, is_grown| {
                let app = function(heap, global, "create", &sources.url(package), 1);
                function(heap, global, "main", &sources.url("main.js"), 1);
                function(heap, global, "run", &sources.url("checkout/lib/job.js"), 1);
                let module = property(heap, global, "module", "Module");
                let file = heap.node(NodeType::STRING, sources.url(addon), 32);
                heap.edge(module, EdgeType::PROPERTY, "filename", file);
                let job = property(heap, app, "job", "Object");
                let list = property(heap, job, "trail", "Array");
                grow(heap, list, is_grown);
            }))
        };
        const ADDON: &str = "checkout/heapdiff.linux-x64-gnu.node";
        assert_eq!(found(APP, "checkout/other.node"), ("job.js".into(), Some(1)));
        // A key tells who made the object, unless the package on the way uses that word as well.
        assert_eq!(found(APP, ADDON), ("main.js".into(), Some(3)));
        assert_eq!(found(TALKER, ADDON), ("app.js".into(), Some(1)));
    }

    #[test]
    fn a_word_that_another_file_of_a_package_uses_is_that_of_the_package() {
        const SCOPE: &str = "node_modules/server/lib/scope.js";
        let sources = Sources::new(
            "places-package",
            &[
                (APP, "class App {}\n"),
                (SCOPE, "const into = (job, item) => store(job, 'trail', item);\n"),
                ("main.js", "const app = new App();\napp.job = { trail: [] };\n"),
            ],
        );
        let found = |other: &str| {
            place(suspects(|heap, global, is_grown| {
                let app = function(heap, global, "create", &sources.url(APP), 1);
                function(heap, global, "main", &sources.url("main.js"), 1);
                function(heap, global, "into", &sources.url(other), 1);
                let job = property(heap, app, "job", "Object");
                let list = property(heap, job, "trail", "Array");
                grow(heap, list, is_grown);
            }))
        };
        assert_eq!(found(SCOPE), ("app.js".into(), Some(1)));
        // A package that does not know the word has it from the program.
        assert_eq!(found("node_modules/other/scope.js"), ("main.js".into(), Some(2)));
    }

    #[test]
    fn what_a_file_hands_on_is_searched_for_in_modules_and_not_in_addons() {
        let sources = Sources::new(
            "places-modules",
            &[
                ("index.js", "module.exports = { ...require('./trail') };\n"),
                ("trail.js", "\nexports.trail = [];\n"),
                ("trail.node", "exports.trail = 1;\n"),
            ],
        );
        let found = place(suspects(|heap, global, is_grown| {
            let index = function(heap, global, "index", &sources.url("index.js"), 1);
            for name in ["trail.js", "trail.node"] {
                let module = property(heap, global, name, "Module");
                let file = heap.node(NodeType::STRING, sources.url(name), 32);
                heap.edge(module, EdgeType::PROPERTY, "filename", file);
            }
            let list = property(heap, index, "trail", "Array");
            grow(heap, list, is_grown);
        }));
        assert_eq!(found, ("trail.js".into(), Some(2)), "it is the only one");
    }

    #[test]
    fn what_node_keeps_in_a_thing_that_a_module_exports_goes_by_that_thing() {
        let sources = Sources::new(
            "places-exported",
            &[("audit.js", "\nconst audit = new PassThrough();\nmodule.exports = { audit };\n")],
        );
        let found = suspects(|heap, global, is_grown| {
            function(heap, global, "push", "node:internal/streams/readable", 500);
            let module = property(heap, global, "module", "Module");
            let file = heap.node(NodeType::STRING, sources.url("audit.js"), 32);
            heap.edge(module, EdgeType::PROPERTY, "filename", file);
            let exports = property(heap, module, "exports", "Object");
            let stream = property(heap, exports, "audit", "PassThrough");
            heap.locate(stream, 7, 9, 0);
            let list = property(heap, stream, "buffer", "Array");
            let items = if is_grown { 2_000 } else { 4 };
            elements(heap, list, 0..items, "Item", 100);
        });
        let name = found.first().map(|it| (it.name.as_str(), it.class_name.as_str()));
        assert_eq!(name, Some(("audit", "PassThrough")));
        assert!(found[0].summary.contains(" in one Array inside it"), "{found:?}");
        assert_eq!(place(found), ("audit.js".into(), Some(2)));
    }

    #[test]
    fn what_lies_beside_methods_is_in_their_file() {
        let sources = Sources::new(
            "places-methods",
            &[("cache.js", "exports.cache = {\n  entries: {},\n};\n"), ("index.js", "// none\n")],
        );
        let found = place(suspects(|heap, global, is_grown| {
            let index = function(heap, global, "index", &sources.url("index.js"), 1);
            let cache = property(heap, index, "cache", "Object");
            function(heap, cache, "set", &sources.url("cache.js"), 4);
            let entries = property(heap, cache, "entries", "Array");
            grow(heap, entries, is_grown);
        }));
        assert_eq!(found, ("cache.js".into(), Some(2)));
    }

    #[test]
    fn of_listeners_the_place_is_that_of_most_of_them() {
        let found = place(suspects(|heap, global, is_grown| {
            let bus = function(heap, global, "createBus", "/srv/node_modules/bus/index.js", 5);
            let events = property(heap, bus, "_events", "Object");
            let list = property(heap, events, "tick", "Array");
            for number in 0..if is_grown { 300 } else { 3 } {
                // Every third listens once: Node wraps its function.
                let listener = function(heap, events, "onTick", "/srv/app/watch.js", 21);
                let wrapper = match number % 3 {
                    0 => {
                        let url = "node:events";
                        let wrapper = function(heap, events, "onceWrapper", url, 500);
                        heap.edge(wrapper, EdgeType::PROPERTY, "listener", listener);
                        wrapper
                    }
                    _ => listener,
                };
                heap.numbered(list, EdgeType::ELEMENT, number, wrapper);
            }
        }));
        assert_eq!(found, ("watch.js".into(), Some(21)));
    }
}
