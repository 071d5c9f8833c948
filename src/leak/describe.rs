//! Everything a report says about one suspect.

use std::collections::HashMap;

use crate::graph::{EdgeType, HeapGraph, NodeIndex, NodeType};
use crate::leak::before::Before;
use crate::leak::declaration::find_declaration;
use crate::leak::hash::Fnv;
use crate::leak::kind::kind;
use crate::leak::naming::{Handle, class_name, edge_text, handle};
use crate::leak::route::{Routes, Step};
use crate::leak::scripts::{Place, place_of_closure, place_of_constructor};
use crate::leak::sentence::sentence;
use crate::leak::suspects::{Candidate, Newer};
use crate::report::{
    Holding, Items, PathStep, PerWork, SourcePosition, Suspect, SuspectGrowth, SuspectKind,
};
use crate::source_map::source_text;

/// How many classes of contents are listed.
const HOLDINGS: usize = 5;

/// How many steps of a path are shown: the last ones, which are nearest to the suspect.
const PATH_STEPS: usize = 24;

/// What it takes to describe.
pub(crate) struct Describer<'a> {
    pub(crate) newer: Newer<'a>,
    pub(crate) before: &'a Before<'a>,
    pub(crate) routes: &'a Routes,
    pub(crate) work: Option<f64>,
}

impl Describer<'_> {
    /// Describes a candidate; `None` if it turns out to belong to Node or V8 alone.
    pub(crate) fn describe(&self, candidate: &Candidate) -> Option<Suspect> {
        let Newer { graph, words, analysis } = self.newer;
        let node = candidate.point.node;
        let route = self.routes.to(graph, node);
        if route.is_empty() || is_script_text(graph, &route) {
            return None;
        }
        let grew_items = candidate.point.more_items() > 0;
        let is_chain = candidate.links > 0;
        let mut kind = kind(graph, words, node, &route, &candidate.contents, is_chain, grew_items);
        if candidate.scattered.is_some() && kind == SuspectKind::Other {
            kind = SuspectKind::Instances;
        }
        let handle = handle(graph, words, &route);
        let place = self.place(&route, handle.as_ref(), node, kind);
        if place.is_none() && handle.is_none() {
            return None;
        }
        let (name, class_name) = self.names(candidate, handle.as_ref(), kind, place.as_ref());
        let owner = handle.as_ref().and_then(|handle| self.owner_class(handle.owner));
        let items = self.items(candidate);
        let growth = SuspectGrowth {
            retained_bytes: candidate.point.bytes as i64,
            items,
            per_work: self.work.map(|work| PerWork {
                bytes: candidate.point.bytes as f64 / work,
                items: items.map_or(0.0, |items| (items.after as f64 - items.before as f64) / work),
            }),
        };
        let mut suspect = Suspect {
            name,
            class_name,
            kind,
            node_id: graph.id(node),
            confidence: self.confidence(candidate),
            growth,
            source: place.map(|place| self.source_position(place, handle.as_ref())),
            path: self.path(&route),
            holds: holdings(candidate),
            fingerprint: String::new(),
            summary: String::new(),
        };
        suspect.fingerprint = fingerprint(&suspect, owner.as_deref());
        suspect.summary = sentence(&suspect, owner.as_deref());
        let _ = analysis;
        Some(suspect)
    }

    /// Name and class of a suspect.
    fn names(
        &self,
        candidate: &Candidate,
        handle: Option<&Handle>,
        kind: SuspectKind,
        place: Option<&Place>,
    ) -> (String, String) {
        let Newer { graph, .. } = self.newer;
        let class = class_name(graph, candidate.point.node);
        match (kind, handle) {
            (SuspectKind::Instances, _) => (class.clone(), class),
            (SuspectKind::Timers, _) => {
                let callback = place.and_then(|place| place.function.clone());
                (callback.unwrap_or_else(|| "_onTimeout".into()), "Timeout".into())
            }
            (SuspectKind::Listeners, Some(handle)) if handle.name.starts_with("_events.") => {
                (handle.name.clone(), self.emitter_class(handle).unwrap_or(class))
            }
            (_, Some(handle)) => (handle.name.clone(), class),
            (_, None) => (class.clone(), class),
        }
    }

    /// The class of the emitter whose `_events` object owns a handle.
    fn emitter_class(&self, handle: &Handle) -> Option<String> {
        let Newer { graph, .. } = self.newer;
        let step = self.routes.arrival(graph, handle.owner)?;
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

    /// The code that owns the suspect: that of the nearest function, instance or module on the way
    /// to it; what is Node's own only if nothing else is there.
    fn place(
        &self,
        route: &[Step],
        handle: Option<&Handle>,
        node: NodeIndex,
        kind: SuspectKind,
    ) -> Option<Place> {
        if kind == SuspectKind::Timers || kind == SuspectKind::Listeners {
            if let Some(place) = self.place_of_route(route, handle).filter(|p| !p.is_internal())
                && kind == SuspectKind::Listeners
            {
                return Some(place);
            }
            if let Some(place) = self.place_of_contents(node) {
                return Some(place);
            }
        }
        let own = self.place_of_route(route, handle);
        match own {
            Some(place) if !place.is_internal() => Some(place),
            other => self.place_of_contents(node).or(other),
        }
    }

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
            _ => None,
        }
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
    fn place_of_contents(&self, node: NodeIndex) -> Option<Place> {
        /// Enough to see which code it is.
        const SAMPLE: usize = 4096;
        let Newer { graph, words, analysis } = self.newer;
        let tree = &analysis.dominators;
        let position = tree.order().iter().position(|&other| other == node)? as u32;
        let young = tree.order()[tree.subtree(position)]
            .iter()
            .filter(|&&node| self.before.is_young(graph.id(node)))
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
    fn source_position(&self, place: Place, handle: Option<&Handle>) -> SourcePosition {
        let near = place.position.map(|(line, _)| line);
        let declared = handle
            .and_then(|handle| find_declaration(&source_text(&place.url)?, &handle.name, near));
        let position = declared.or(place.position);
        SourcePosition {
            url: place.url,
            line: position.map(|(line, _)| line),
            column: position.map(|(_, column)| column),
            function_name: place.function,
            original: None,
        }
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

/// Whether a way leads to the text of a script.
fn is_script_text(graph: &HeapGraph, route: &[Step]) -> bool {
    let Some(step) = route.last() else { return false };
    graph.node_type(step.edge.target).is_string() && graph.node_type(step.from) == NodeType::CODE
}

fn holdings(candidate: &Candidate) -> Vec<Holding> {
    let classes = candidate.contents.classes.iter().take(HOLDINGS);
    classes
        .map(|class| Holding {
            class_name: class.class_name.clone(),
            count: class.count,
            bytes: class.bytes,
        })
        .collect()
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
