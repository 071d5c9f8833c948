//! Where a name is declared: in the code that owns a suspect, in a class that it inherits from, beside
//! the methods of an object, or elsewhere in the program.
//!
//! Time: linear in the sources that are searched, of which there are [`MOST_SEARCHED`] bytes at most
//! beside those on the way.

use std::cell::{Cell, OnceCell, RefCell};
use std::collections::{BTreeSet, HashMap, HashSet};

use crate::analysis::wtf8::lossy;
use crate::graph::{EdgeType, HeapGraph, NodeIndex, NodeType};
use crate::leak::anchors::{file_of_module, may_be_modules};
use crate::leak::declaration::{Declaration, Named, find_declaration};
use crate::leak::edges::{bases, property};
use crate::leak::file_names::{PACKAGES, path_of};
use crate::leak::loaded_texts::LoadedTexts;
use crate::leak::naming::{Handle, is_identifier};
use crate::leak::places::most_frequent;
use crate::leak::route::Step;
use crate::leak::scripts::{
    Constructors, Place, file_loaded, place_of_call, place_of_closure, urls_of_functions,
};
use crate::leak::suspects::Newer;
use crate::leak::vocabulary::Vocabulary;
use crate::source_map::source_text;
use crate::source_words::has_word;

/// So many bytes of source are searched for declarations in files that are not on the way.
const MOST_SEARCHED: usize = 32 << 20;

/// Files of this package that every capture loads, side by side in its `lib/`, and that hardly another
/// package has all of.
const OWN_SCRIPTS: [&str; 4] = ["capture.js", "native.js", "job.js", "write-snapshot.js"];

/// What it takes to find declarations.
pub(super) struct Declarations<'a> {
    newer: Newer<'a>,
    /// By name: the scripts of the program that declare it.
    declaring: RefCell<HashMap<Named, Vec<(String, Declaration)>>>,
    searched: Cell<usize>,
    /// The URLs of all functions.
    urls: OnceCell<BTreeSet<String>>,
    /// Found when the first name is searched for.
    own_scripts: OnceCell<Vec<String>>,
    own_folder: OnceCell<Option<String>>,
    /// What CommonJS modules export.
    exported: OnceCell<HashSet<NodeIndex>>,
    texts: LoadedTexts<'a>,
}

impl<'a> Declarations<'a> {
    /// Nothing is looked at yet.
    pub(super) fn new(newer: Newer<'a>) -> Self {
        let (declaring, searched) = (RefCell::default(), Cell::new(0));
        let (urls, own_scripts, own_folder) = Default::default();
        let (exported, texts) = (OnceCell::new(), LoadedTexts::new(newer));
        Self { newer, declaring, searched, urls, own_scripts, own_folder, exported, texts }
    }

    /// Where a function is in its file.
    pub(super) fn place_of_function(&self, function: NodeIndex) -> Option<Place> {
        let Newer { graph, words, .. } = self.newer;
        place_of_closure(graph, words, function).map(|place| self.in_file(place))
    }

    /// Where the function of a call that is suspended is in its file; `None` for any other object.
    pub(super) fn place_of_call(&self, call: NodeIndex) -> Option<Place> {
        let Newer { graph, words, .. } = self.newer;
        place_of_call(graph, words, call).map(|place| self.in_file(place))
    }

    /// Where the constructor of an object is in its file.
    pub(super) fn place_of_constructor(
        &self,
        constructors: &Constructors,
        object: NodeIndex,
    ) -> Option<Place> {
        let Newer { graph, words, .. } = self.newer;
        let place = constructors.place(graph, words, object)?;
        Some(self.texts.in_file(place, &lossy(graph.raw_name(object))))
    }

    /// The place of a function that has a name.
    fn in_file(&self, place: Place) -> Place {
        let name = place.function.clone().unwrap_or_default();
        self.texts.in_file(place, &name)
    }

    /// Where a name is declared: in the code at `place`, which owns it, or else somewhere that is
    /// likely.
    pub(super) fn find(
        &self,
        place: Option<&Place>,
        handle: &Handle,
        named: &Named,
    ) -> Option<(Place, Declaration)> {
        let here = place.filter(|place| !place.is_internal()).and_then(|place| {
            self.declared_in(place, named).map(|declared| (place.clone(), declared))
        });
        match here {
            Some((_, declared)) if declared.is_imported => {
                self.declared_where_exported(named).or(here)
            }
            Some(_) => here,
            None => self.declared_elsewhere(place, handle, named),
        }
    }

    /// Where a name is declared that a module imports by a call, if just one other script does.
    fn declared_where_exported(&self, named: &Named) -> Option<(Place, Declaration)> {
        let is_own = |declared: &Declaration| declared.is_sure() && !declared.is_imported;
        let (url, found) = self.only_script(named, is_own)?;
        Some((Place { url, position: None, function: None }, found))
    }

    /// Whether the file of a place declares the name of a handle in any way.
    pub(super) fn is_declared_in(&self, place: &Place, handle: &Handle) -> bool {
        self.declared_in(place, &self.named(handle)).is_some()
    }

    /// Whether a way leads over a property that a file of the program gives to one of Node's emitters,
    /// as to a socket. Names that begin with `_` and symbols are Node's own.
    pub(super) fn is_on_an_emitter(&self, route: &[Step]) -> bool {
        let Newer { graph, words, .. } = self.newer;
        let is_emitter = |node: NodeIndex| {
            graph.node_type(node) == NodeType::OBJECT
                && property(graph, node, words.events).is_some()
        };
        let mut properties = route.iter().rev().take_while(|step| {
            matches!(step.edge.label.edge_type(), EdgeType::PROPERTY | EdgeType::ELEMENT)
        });
        properties.find(|step| is_emitter(step.from)).is_some_and(|step| {
            let name = lossy(graph.edge_name(step.edge));
            let named = Named { name, ..Named::default() };
            !named.name.starts_with('_')
                && is_identifier(&named.name)
                && self.only_script(&named, Declaration::is_assigned).is_some()
        })
    }

    /// What a handle is the name of.
    pub(super) fn named(&self, handle: &Handle) -> Named {
        let Newer { graph, words, .. } = self.newer;
        let name = handle.name.as_bytes();
        let is_function = graph.edges(handle.owner).any(|edge| {
            matches!(edge.label.edge_type(), EdgeType::PROPERTY | EdgeType::CONTEXT)
                && graph.node_type(edge.target) == NodeType::CLOSURE
                && graph.edge_name(edge) == name
        });
        // V8 keeps a variable in a scope or, if a module exports it, in a cell. A call that waits goes by
        // the name of its function or by that of a variable.
        let of_variables = [
            words.context_node,
            words.cell_node,
            words.generator_class,
            words.async_generator_class,
        ];
        let is_variable = of_variables.contains(&graph.name_index(handle.owner));
        let is_exported =
            graph.name_index(handle.owner) == words.object_class && self.is_exported(handle.owner);
        let owner = self.name_of(handle.owner).filter(|_| !is_variable);
        Named { name: handle.name.clone(), is_variable, is_function, is_exported, owner }
    }

    /// What a thing is called by what has it.
    fn name_of(&self, thing: NodeIndex) -> Option<String> {
        let Newer { graph, routes, .. } = self.newer;
        let step = routes.arrival(graph, thing)?;
        let is_name = matches!(step.edge.label.edge_type(), EdgeType::PROPERTY | EdgeType::CONTEXT);
        let name = is_name.then(|| lossy(graph.edge_name(step.edge)))?;
        is_identifier(&name).then_some(name)
    }

    /// Where a name is declared that the code nearest on the way does not declare: in the base classes
    /// or beside the methods of the object that has it, or, if that code is a package's or Node's or does
    /// not know the name, in the program.
    fn declared_elsewhere(
        &self,
        place: Option<&Place>,
        handle: &Handle,
        named: &Named,
    ) -> Option<(Place, Declaration)> {
        let Newer { graph, words, .. } = self.newer;
        if let Some(found) = self.declared_in_a_base(handle, named) {
            return Some(found);
        }
        let properties = graph.edges(handle.owner).filter(|edge| {
            edge.label.edge_type() == EdgeType::PROPERTY
                && graph.node_type(edge.target) == NodeType::CLOSURE
        });
        let methods = properties.filter_map(|edge| self.place_of_function(edge.target));
        if let Some(method) = most_frequent(methods)
            && let Some(found) = self.declared_in(&method, named)
        {
            return Some((Place { position: None, function: None, ..method }, found));
        }
        let outside_of_node = place.filter(|place| !place.is_internal());
        let (url, found) = match outside_of_node {
            // A file that does not know the word hands on what another one has made.
            Some(own) if !is_of_package(&own.url) => match mentions(own, &named.name) {
                true => return None,
                false => self.only_script(named, Declaration::is_sure)?,
            },
            // A program tells a package by a name what is to be there, or assigns it. A variable or a key
            // somewhere in the program may be a word that the package uses as well, unless it does not: then
            // the package keeps an object that the program made.
            Some(package) => {
                let is_foreign = graph.name_index(handle.owner) == words.object_class
                    && !self.is_word_of_package(package, &named.name);
                self.only_script(named, |it| {
                    is_foreign || it.is_handed_over() || (it.is_sure() && !it.is_other_variable())
                })?
            }
            None => self.only_script(named, |it| !it.is_handed_over())?,
        };
        Some((Place { url, position: None, function: None }, found))
    }

    /// Whether a file of a package has a word anywhere, or another file of it whose functions are on the heap.
    fn is_word_of_package(&self, file: &Place, word: &str) -> bool {
        if mentions(file, word) {
            return true;
        }
        let package = package_of(&file.url);
        self.urls().iter().any(|url| {
            if *url == file.url || package_of(url) != package {
                return false;
            }
            let is_too_much = self.searched.get() > MOST_SEARCHED;
            is_too_much
                || source_text(url).is_some_and(|text| {
                    self.searched.set(self.searched.get() + text.len());
                    has_word(&text, word)
                })
        })
    }

    /// Where a class that an object inherits from declares a name, the nearest first.
    fn declared_in_a_base(&self, handle: &Handle, named: &Named) -> Option<(Place, Declaration)> {
        let Newer { graph, words, .. } = self.newer;
        for base in bases(graph, words, handle.owner) {
            let constructor = property(graph, base, words.constructor);
            let place = constructor
                .filter(|&it| graph.node_type(it) == NodeType::CLOSURE)
                .and_then(|constructor| self.place_of_function(constructor))
                .filter(|place| !place.is_internal());
            if let Some(place) = place
                && let Some(found) = self.declared_in(&place, named)
            {
                return Some((Place { position: None, function: None, ..place }, found));
            }
        }
        None
    }

    /// The script of the program that declares a name in one of the ways that are `wanted`, if there is
    /// just one.
    fn only_script(
        &self,
        named: &Named,
        wanted: impl Fn(&Declaration) -> bool,
    ) -> Option<(String, Declaration)> {
        self.search(named);
        let known = self.declaring.borrow();
        let declared = known.get(named)?.iter().filter(|(_, declared)| wanted(declared));
        let sure = || declared.clone().filter(|(_, declared)| declared.is_sure());
        let mut found: Vec<_> = match sure().next() {
            Some(_) => sure().collect(),
            None => declared.collect(),
        };
        found.pop().filter(|_| found.is_empty()).cloned()
    }

    /// Whether a script of the program has a word as a name.
    pub(super) fn is_name(&self, named: &Named) -> bool {
        self.search(named);
        let known = self.declaring.borrow();
        known.get(named).is_some_and(|found| found.iter().any(|(_, declared)| declared.is_name()))
    }

    /// Whether a node is what a CommonJS module exports, whose properties the module's code names.
    pub(super) fn is_exported(&self, node: NodeIndex) -> bool {
        let Newer { graph, words, .. } = self.newer;
        let find = || {
            let modules = may_be_modules(graph, words);
            modules.filter_map(|module| property(graph, module, words.exports)).collect()
        };
        self.exported.get_or_init(find).contains(&node)
    }

    /// Where the code at a place declares a name. Of code that is somewhere in a file, no one knows where,
    /// only what the file declares once.
    fn declared_in(&self, place: &Place, named: &Named) -> Option<Declaration> {
        let found = find_declaration(&source_text(&place.url)?, named, place.position)?;
        let is_known = || place.position.is_some() || self.texts.is_in_file(&place.url);
        (found.is_only || is_known()).then_some(found)
    }

    /// Notes which scripts of the program declare a name.
    fn search(&self, named: &Named) {
        let mut known = self.declaring.borrow_mut();
        if !known.contains_key(named) {
            known.insert(named.clone(), self.search_scripts(named));
        }
    }

    /// Whether a file is of this very package, which may have taken the snapshot.
    pub(super) fn is_own(&self, url: &str) -> bool {
        let Newer { graph, words, .. } = self.newer;
        let own = self.own_folder.get_or_init(|| own_folder(graph, words));
        own.as_ref().is_some_and(|own| url.starts_with(own))
    }

    /// The scripts of the program that declare a name, in any way.
    fn search_scripts(&self, named: &Named) -> Vec<(String, Declaration)> {
        let mut found = Vec::new();
        for url in self.own_scripts.get_or_init(|| self.find_scripts()) {
            if self.searched.get() > MOST_SEARCHED {
                return Vec::new();
            }
            let Some(text) = source_text(url) else { continue };
            self.searched.set(self.searched.get() + text.len());
            let declared = find_declaration(&text, named, None).filter(|it| !it.is_namesake);
            found.extend(declared.map(|declared| (url.clone(), declared)));
        }
        found
    }

    fn urls(&self) -> &BTreeSet<String> {
        let Newer { graph, words, .. } = self.newer;
        self.urls.get_or_init(|| urls_of_functions(graph, words))
    }

    /// The scripts in the program's own files. Of a module without functions nothing but the module
    /// itself is left.
    fn find_scripts(&self) -> Vec<String> {
        let Newer { graph, words, .. } = self.newer;
        let modules = may_be_modules(graph, words);
        let mut urls = self.urls().clone();
        urls.extend(modules.filter_map(|node| file_of_module(graph, words, node)));
        // An addon is a module, too, and megabytes without a line of source.
        let is_programs = |url: &String| {
            !url.starts_with("node:")
                && !url.ends_with(".node")
                && !is_of_package(url)
                && !self.is_own(url)
        };
        // A module has a URL and its script a path, if it is imported and written as CommonJS.
        let mut files = HashSet::new();
        let mut is_other_file = |url: &String| files.insert(path_of(file_loaded(url)));
        urls.into_iter().filter(|url| is_programs(url) && is_other_file(url)).collect()
    }
}

/// Where the JavaScript of this very package is, which may lie outside of any `node_modules`: in a
/// checkout. It is told by the addon that has been loaded beside it or, where names of modules were
/// redacted, by the URLs of its scripts, which stay.
fn own_folder(graph: &HeapGraph, words: &Vocabulary) -> Option<String> {
    let modules = may_be_modules(graph, words);
    let mut files = modules.filter_map(|node| file_of_module(graph, words, node));
    let of_addon = files.find_map(|file| {
        let (folder, name) = file.rsplit_once('/')?;
        let is_addon = name.starts_with("heapdiff.") && name.ends_with(".node");
        is_addon.then(|| format!("{folder}/lib/"))
    });
    of_addon.or_else(|| folder_of_own_scripts(graph, words))
}

/// The folder that has scripts by the names of all of [`OWN_SCRIPTS`], if there is one.
fn folder_of_own_scripts(graph: &HeapGraph, words: &Vocabulary) -> Option<String> {
    let urls = urls_of_functions(graph, words);
    let mut found: HashMap<&str, BTreeSet<&str>> = HashMap::new();
    for url in &urls {
        let Some((folder, name)) = url.rsplit_once('/') else { continue };
        if let Some(own) = OWN_SCRIPTS.into_iter().find(|&own| own == name) {
            found.entry(folder).or_default().insert(own);
        }
    }
    let folders = found
        .into_iter()
        .filter(|(folder, names)| folder.ends_with("/lib") && names.len() == OWN_SCRIPTS.len());
    folders.map(|(folder, _)| format!("{folder}/")).min()
}

/// Whether a file is of an installed package.
pub(super) fn is_of_package(url: &str) -> bool {
    url.contains("node_modules")
}

/// The folder of the package that a file is of, up to its name.
fn package_of(url: &str) -> &str {
    let Some(at) = url.rfind(PACKAGES) else { return url };
    let name = &url[at + PACKAGES.len()..];
    let parts = if name.starts_with('@') { 2 } else { 1 };
    let length = name.match_indices('/').nth(parts - 1).map_or(name.len(), |(slash, _)| slash);
    &url[..at + PACKAGES.len() + length]
}

/// Whether a declaration is inside the class or function that begins at a place, or in the class that has it
/// as a method. A function may only be near: one that has captured what holds the thing.
pub(super) fn is_in_function(place: &Place, declared: &Declaration) -> bool {
    let (Some(near), Some(_)) = (place.position, place.function.as_ref()) else { return false };
    source_text(&place.url).is_some_and(|text| declared.is_inside(&text, near))
}

/// Whether the file of a place has a word anywhere. What cannot be read may have it.
fn mentions(place: &Place, word: &str) -> bool {
    source_text(&place.url).is_none_or(|text| has_word(&text, word))
}
