//! Everything a report says about one suspect.

use std::cmp::Reverse;
use std::collections::{BTreeSet, HashMap};

use crate::graph::{EdgeType, HeapGraph, NodeIndex, NodeType, StringIndex};
use crate::leak::alike::{Described, HOLDINGS};
use crate::leak::before::Before;
use crate::leak::declaration::find_declaration;
use crate::leak::hash::Fnv;
use crate::leak::kind::{event_target, kind};
use crate::leak::naming::{Handle, class_name, edge_text, export_of, handle as find_handle};
use crate::leak::route::Step;
use crate::leak::scripts::{
    Place, place_of_closure, place_of_constructor, place_of_module, script_of, url_of,
};
use crate::leak::suspects::{Candidate, Newer};
use crate::report::{
    Holding, Items, PathStep, PerWork, SourcePosition, Suspect, SuspectGrowth, SuspectKind,
};
use crate::source_map::source_text;

/// How many steps of a path are shown: the last ones, which are nearest to the suspect.
const PATH_STEPS: usize = 24;

/// A container of Node itself that gains this many items is reported: a thousand modules, or a
/// thousand entries of a performance timeline, are no warm-up.
const MANY_ITEMS_OF_NODE: u64 = 1000;

/// A container in a module that is younger than the baseline is reported from this many items on:
/// tables that come with a module (of MIME types, of characters) are smaller.
const MANY_ITEMS_OF_A_MODULE: u64 = 10_000;

/// What it takes to describe.
pub(crate) struct Describer<'a> {
    pub(crate) newer: Newer<'a>,
    pub(crate) before: &'a Before<'a>,
    /// By node: where it stands in the dominator tree.
    pub(crate) positions: &'a [u32],
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
        let grew_items = candidate.point.more_items() > 0;
        let is_chain = candidate.links > 0;
        let mut kind = kind(graph, words, node, &route, &candidate.contents, is_chain, grew_items);
        let everyday = [words.object_class, words.array_class];
        if candidate.scattered.is_some()
            && matches!(kind, SuspectKind::Other | SuspectKind::Object)
            && !everyday.contains(&graph.name_index(node))
        {
            kind = SuspectKind::Instances;
        }
        let handle = find_handle(graph, words, &route);
        let own_place = self.place_of_route(&route, handle.as_ref());
        let owner = self.nearest_place(&route, handle.as_ref());
        let belongs_to_node = owner.as_ref().filter(|place| place.is_internal());
        let is_nameless = own_place.is_none() && handle.is_none();
        if (is_nameless && kind != SuspectKind::Instances)
            || belongs_to_node
                .is_some_and(|owner| !self.is_worth_it_in_node(candidate, kind, owner))
            || self.is_state_of_young_module(candidate, &route)
            || (own_place.as_ref().is_none_or(Place::is_internal)
                && is_of_nodes_set_up(graph, &route)
                && candidate.point.more_items() < MANY_ITEMS_OF_NODE)
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
        let place = self.place(own_place, candidate, kind);
        let keeps = matches!(kind, SuspectKind::Timers | SuspectKind::Listeners);
        let program_handle = match belongs_to_node {
            Some(_) if !keeps => self.handle_in_program(&route),
            _ => None,
        };
        let (name, class_name) = match program_handle {
            Some((name, held)) => (name, class_name(graph, held)),
            None => self.names(candidate, &route, handle.as_ref(), kind, place.as_ref()),
        };
        let owner = handle.as_ref().and_then(|handle| self.owner_class(handle.owner));
        let mut suspect = Suspect {
            name,
            class_name,
            kind,
            node_id: graph.id(node),
            alike: 0,
            confidence: self.confidence(candidate),
            growth: self.growth(candidate),
            source: self.source(place, handle.as_ref(), kind),
            path: self.path(&route),
            holds: self.holdings(candidate),
            fingerprint: String::new(),
            summary: String::new(),
        };
        suspect.fingerprint = fingerprint(&suspect, owner.as_deref());
        Some(Described { suspect, owner })
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
            let place = self.place_of_node(route, handle.at);
            if place.is_some_and(|place| !place.is_internal()) {
                return Some((handle.name, route[handle.at].edge.target));
            }
            end = handle.at;
        }
        None
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

    fn items(&self, candidate: &Candidate) -> Option<Items> {
        let Newer { graph, .. } = self.newer;
        if let Some(scatter) = &candidate.scattered {
            let before = self
                .before
                .census()
                .instances(crate::leak::census::class_key(graph, scatter.members[0]));
            let after = before.count + scatter.members.len() as u64;
            return Some(Items { before: before.count, after });
        }
        let after = candidate.point.items?;
        let before = candidate.point.prior.map_or(0, |prior| prior.items);
        (after != before || candidate.links == 0).then_some(Items { before, after })
    }

    /// How much it grew.
    pub(crate) fn growth(&self, candidate: &Candidate) -> SuspectGrowth {
        let items = self.items(candidate);
        let more = items.map_or(0.0, |items| items.after as f64 - items.before as f64);
        let bytes = candidate.point.bytes;
        let per_work =
            self.work.map(|work| PerWork { bytes: bytes as f64 / work, items: more / work });
        SuspectGrowth { retained_bytes: bytes as i64, items, per_work }
    }

    /// What piled up. Without ids there is no telling what was there before: of all that is in a
    /// container, the share of its items that are more.
    pub(crate) fn holdings(&self, candidate: &Candidate) -> Vec<Holding> {
        // What has no size of its own is a part of something that has been counted already.
        let sized = candidate.contents.classes.iter().filter(|class| class.bytes > 0);
        let classes = sized.take(HOLDINGS);
        let more = |number: u64| match candidate.point.items {
            Some(items) if !self.before.knows_young() && items > 0 => {
                (u128::from(number) * u128::from(candidate.point.more_items()) / u128::from(items))
                    as u64
            }
            _ => number,
        };
        classes
            .map(|class| Holding {
                class_name: class.class_name.clone(),
                count: more(class.count),
                bytes: more(class.bytes),
            })
            .collect()
    }

    /// How sure it is: many items in one container is the surest sign, a few large ones the least.
    fn confidence(&self, candidate: &Candidate) -> f64 {
        let more = candidate.point.more_items().max(candidate.links as u64);
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
    /// in it, except for the caches of what it loaded: those grow while a program warms up.
    fn is_worth_it_in_node(&self, candidate: &Candidate, kind: SuspectKind, owner: &Place) -> bool {
        const LOADERS: [&str; 3] =
            ["internal/modules", "internal/bootstrap", "internal/process/esm"];
        let is_kept_for_program = || {
            matches!(kind, SuspectKind::Listeners | SuspectKind::Timers | SuspectKind::Instances)
                || self.place_of_contents(candidate).is_some()
        };
        let is_loaders = LOADERS.iter().any(|loader| owner.url.contains(loader));
        candidate.point.more_items() >= MANY_ITEMS_OF_NODE || (!is_loaders && is_kept_for_program())
    }

    /// Whether a candidate is part of a module that was loaded since the baseline: what a module
    /// sets up once cannot be told from what piles up in it, unless it is a lot.
    fn is_state_of_young_module(&self, candidate: &Candidate, route: &[Step]) -> bool {
        let Newer { graph, words, analysis, .. } = self.newer;
        let is_young = |node: NodeIndex| self.before.is_young(graph, node);
        if candidate.point.prior.is_some() || !is_young(candidate.point.node) {
            return false;
        }
        let is_module = |node: NodeIndex| {
            let name = graph.name_index(node);
            name == words.module_class || name == words.source_text_module_node
        };
        let total = analysis.retained[graph.root().at()];
        let is_a_lot = candidate.point.more_items() >= MANY_ITEMS_OF_A_MODULE
            || candidate.point.bytes >= total / 4;
        !is_a_lot && route.iter().any(|step| is_young(step.from) && is_module(step.from))
    }

    /// The code to look at: that which owns the suspect; where Node owns it, that of the functions
    /// and objects in it.
    fn place(&self, own: Option<Place>, candidate: &Candidate, kind: SuspectKind) -> Option<Place> {
        if kind == SuspectKind::Timers
            && let Some(place) = self.place_of_timers()
        {
            return Some(place);
        }
        match own {
            Some(place) if !place.is_internal() => Some(place),
            other => self.place_of_contents(candidate).or(other),
        }
    }

    /// Where most callbacks of young timers are.
    fn place_of_timers(&self) -> Option<Place> {
        let Newer { graph, words, .. } = self.newer;
        let timers = graph.nodes().filter(|&node| {
            graph.node_type(node) == NodeType::OBJECT
                && graph.name_index(node) == words.timeout_class
                && self.before.is_young(graph, node)
        });
        let callbacks = timers.filter_map(|timer| {
            let mut edges = graph.edges(timer);
            edges.find(|edge| {
                edge.label.edge_type() == EdgeType::PROPERTY
                    && edge.label.raw_name() == words.on_timeout.0
            })
        });
        let callbacks = callbacks.filter(|edge| graph.node_type(edge.target) == NodeType::CLOSURE);
        most_frequent(callbacks.filter_map(|edge| place_of_closure(graph, words, edge.target)))
    }

    /// Whose code the handle is in, be it Node's.
    fn nearest_place(&self, route: &[Step], handle: Option<&Handle>) -> Option<Place> {
        let last = handle.map_or(route.len().checked_sub(1)?, |handle| handle.at);
        (0..=last).rev().find_map(|at| self.place_of_node(route, at))
    }

    /// The nearest code outside of Node on the way to a handle; Node's if there is no other near.
    fn place_of_route(&self, route: &[Step], handle: Option<&Handle>) -> Option<Place> {
        let last = handle.map_or(route.len().checked_sub(1)?, |handle| handle.at);
        let mut internal = None;
        for at in (0..=last).rev() {
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
    fn place_of_node(&self, route: &[Step], at: usize) -> Option<Place> {
        let Newer { graph, words, .. } = self.newer;
        let node = route[at].from;
        match graph.node_type(node) {
            NodeType::CLOSURE => place_of_closure(graph, words, node),
            NodeType::OBJECT if graph.name_index(node) == words.context_node => {
                self.place_of_scope(node)
            }
            NodeType::OBJECT if graph.name_index(node) == words.module_class => {
                self.module_file(node)
            }
            NodeType::OBJECT => place_of_constructor(graph, words, node),
            NodeType::HIDDEN if graph.name_index(node) == words.cell_node => {
                self.place_of_export(node)
            }
            NodeType::HIDDEN if graph.name_index(node) == words.source_text_module_node => {
                place_of_module(graph, words, node)
            }
            _ => None,
        }
    }

    /// The code of the module that exports a cell.
    fn place_of_export(&self, cell: NodeIndex) -> Option<Place> {
        let Newer { graph, words, .. } = self.newer;
        let export = export_of(graph, cell)?;
        let mut modules = graph.nodes().filter(|&node| {
            graph.node_type(node) == NodeType::HIDDEN
                && graph.name_index(node) == words.source_text_module_node
        });
        let module =
            modules.find(|&module| graph.edges(module).any(|edge| edge.target == export.table))?;
        place_of_module(graph, words, module)
    }

    /// A scope's code is that of a function that captured it.
    fn place_of_scope(&self, scope: NodeIndex) -> Option<Place> {
        let Newer { graph, words, .. } = self.newer;
        let closures = graph.nodes().filter(|&node| graph.node_type(node) == NodeType::CLOSURE);
        let mut best: Option<Place> = None;
        for closure in closures {
            let captures = graph.edges(closure).any(|edge| {
                edge.target == scope
                    && edge.label.edge_type() == EdgeType::INTERNAL
                    && edge.label.raw_name() == words.context.0
            });
            if captures && let Some(place) = place_of_closure(graph, words, closure) {
                let is_better = match &best {
                    Some(best) => place.function.is_some() && best.function.is_none(),
                    None => true,
                };
                if is_better {
                    best = Some(place);
                }
            }
        }
        best
    }

    /// The file of a CommonJS module object.
    fn module_file(&self, module: NodeIndex) -> Option<Place> {
        let Newer { graph, .. } = self.newer;
        let filename = graph.edges(module).find(|edge| {
            edge.label.edge_type() == EdgeType::PROPERTY && graph.edge_name(*edge) == b"filename"
        })?;
        let url = String::from_utf8_lossy(graph.raw_name(filename.target)).into_owned();
        Some(Place { url, position: None, function: None })
    }

    /// The code that most functions among what piled up come from.
    fn place_of_contents(&self, candidate: &Candidate) -> Option<Place> {
        /// Enough to see which code it is.
        const SAMPLE: usize = 4096;
        let Newer { graph, words, analysis, .. } = self.newer;
        let tree = &analysis.dominators;
        let node = [candidate.point.node];
        let tops = match &candidate.scattered {
            Some(scatter) => scatter.members.as_slice(),
            None => &node,
        };
        let tops = tops.iter().chain(&candidate.credited).take(SAMPLE);
        let mut positions: Vec<u32> = tops.map(|top| self.positions[top.at()]).collect();
        positions.sort_unstable();
        positions.dedup();
        let young = positions
            .iter()
            .flat_map(|&at| &tree.order()[tree.subtree(at)])
            .filter(|&&node| self.before.is_young(graph, node))
            .take(SAMPLE);
        let mut places: HashMap<Place, usize> = HashMap::new();
        for &node in young {
            let place = match graph.node_type(node) {
                NodeType::CLOSURE => place_of_closure(graph, words, node),
                NodeType::OBJECT => place_of_constructor(graph, words, node),
                _ => None,
            };
            if let Some(place) = place.filter(|place| !place.is_internal()) {
                *places.entry(place).or_default() += 1;
            }
        }
        let most = places.into_iter().max_by(|a, b| {
            a.1.cmp(&b.1)
                .then_with(|| b.0.url.cmp(&a.0.url))
                .then_with(|| b.0.position.cmp(&a.0.position))
        })?;
        Some(most.0)
    }

    /// The position to report: where the name is declared if the source tells, else where the
    /// function is that owns it.
    fn source(
        &self,
        place: Option<Place>,
        handle: Option<&Handle>,
        kind: SuspectKind,
    ) -> Option<SourcePosition> {
        let declared_in =
            |url: &str, near| find_declaration(&source_text(url)?, &handle?.name, near);
        let is_listed = matches!(kind, SuspectKind::Timers | SuspectKind::Listeners);
        let (place, declared) = match place {
            // The callback is what to look at, not where Node declares its lists.
            Some(place) if is_listed => (place, None),
            Some(place) if !place.is_internal() => {
                let near = place.position.map(|(line, _)| line);
                let declared = declared_in(&place.url, near);
                (place, declared)
            }
            // Nothing on the way belongs to the program: its only file with such a declaration does.
            other => match self.only_script_with(|url| declared_in(url, None)) {
                Some((url, position)) => {
                    (Place { url, position: None, function: None }, Some(position))
                }
                None => (other?, None),
            },
        };
        let position = declared.or(place.position);
        Some(SourcePosition {
            url: place.url,
            line: position.map(|(line, _)| line),
            column: position.map(|(_, column)| column),
            function_name: place.function,
            original: None,
        })
    }

    /// The script of the program for which `find` finds something, if there is just one.
    fn only_script_with<T>(&self, find: impl Fn(&str) -> Option<T>) -> Option<(String, T)> {
        let Newer { graph, words, .. } = self.newer;
        let functions = graph.nodes().filter(|&node| graph.node_type(node) == NodeType::CLOSURE);
        let scripts: BTreeSet<NodeIndex> =
            functions.filter_map(|closure| script_of(graph, words, closure)).collect();
        let urls: BTreeSet<String> = scripts.iter().map(|&script| url_of(graph, script)).collect();
        let is_programs =
            |url: &&String| !url.starts_with("node:") && !url.contains("node_modules");
        let mut found = urls
            .iter()
            .filter(is_programs)
            .filter_map(|url| find(url).map(|found| (url.clone(), found)));
        let first = found.next();
        if found.next().is_some() { None } else { first }
    }

    /// The steps that a developer can read.
    fn path(&self, route: &[Step]) -> Vec<PathStep> {
        let Newer { graph, words, .. } = self.newer;
        let is_store = |node: NodeIndex| {
            matches!(graph.node_type(node), NodeType::ARRAY | NodeType::HIDDEN | NodeType::CODE)
        };
        let steps: Vec<_> = route
            .iter()
            .enumerate()
            .filter(|&(at, step)| at + 1 == route.len() || !is_store(step.edge.target))
            .filter(|(_, step)| graph.name_index(step.edge.target) != words.context_node)
            .map(|(_, &step)| PathStep {
                edge: edge_text(graph, step),
                edge_type: step.edge.label.edge_type().name().to_owned(),
                class_name: self.step_class(step.edge.target),
                node_id: graph.id(step.edge.target),
            })
            .collect();
        steps[steps.len().saturating_sub(PATH_STEPS)..].to_vec()
    }

    /// A class, or for a function its name.
    fn step_class(&self, node: NodeIndex) -> String {
        let Newer { graph, .. } = self.newer;
        let name = graph.raw_name(node);
        if graph.node_type(node) == NodeType::CLOSURE && !name.is_empty() {
            return format!("{}()", String::from_utf8_lossy(name));
        }
        class_name(graph, node)
    }
}

/// The place outside of Node that comes most often.
fn most_frequent(places: impl Iterator<Item = Place>) -> Option<Place> {
    let mut counts: HashMap<Place, usize> = HashMap::new();
    for place in places.filter(|place| !place.is_internal()) {
        *counts.entry(place).or_default() += 1;
    }
    let order = |place: &Place| (place.url.clone(), place.position);
    let most = counts.into_iter().min_by_key(|(place, count)| (Reverse(*count), order(place)));
    Some(most?.0)
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
    let file = url.rsplit(['/', '\\']).next().unwrap_or(url);
    hash.bytes(file.as_bytes());
    format!("{:016x}", hash.finish())
}
