//! Whether the file of a script has the text that V8 runs.
//!
//! Loaders compile on the way from the disk to V8, as for TypeScript, and keep the URL of the file: positions
//! of functions are then those of a text that is nowhere, as they are if a file was replaced under a program
//! that runs. A snapshot has the beginning of the text. Where the file begins otherwise, a function or class
//! is where the file defines one of its name, if it does so once, or else at no known line.
//!
//! A loader may also write blanks over types, so that positions stay. Then the file is as good as the text.
//!
//! Time: linear in nodes and edges of functions, once, and in a file for each name that is looked for in it, of
//! which there are [`MOST_SEARCHED`] bytes at most.
//! Memory: a word and the URL of a script, and the names that were looked for.

use std::cell::{Cell, OnceCell, RefCell};
use std::collections::HashMap;

use crate::analysis::wtf8::lossy;
use crate::graph::{HeapGraph, NodeIndex};
use crate::leak::definition_of::definition_of;
use crate::leak::scripts::{Place, internal_target, scripts_of_functions, url_of};
use crate::leak::suspects::Newer;
use crate::leak::vocabulary::Vocabulary;
use crate::redact::is_token;
use crate::source_map::source_text;
use crate::source_words::Position;

/// So many bytes of source are searched for functions. Whoever asks for more names has code that was made.
const MOST_SEARCHED: usize = 32 << 20;

/// The texts of scripts, and what was found in the files of those that have another one.
pub(super) struct LoadedTexts<'a> {
    newer: Newer<'a>,
    /// By URL: the text that each script of that URL has on the heap. Found when the first file is asked for.
    beginnings: OnceCell<HashMap<String, Vec<NodeIndex>>>,
    /// By URL: whether the file is as good as what V8 runs.
    known: RefCell<HashMap<String, bool>>,
    /// By URL and name: where the file defines it.
    defined: RefCell<HashMap<(String, String), Option<Position>>>,
    searched: Cell<usize>,
}

impl<'a> LoadedTexts<'a> {
    /// Nothing is looked at yet.
    pub(super) fn new(newer: Newer<'a>) -> Self {
        let (known, defined) = (RefCell::default(), RefCell::default());
        Self { newer, beginnings: OnceCell::new(), known, defined, searched: Cell::new(0) }
    }

    /// A place in a script as one in its file: that of the function or class of a name, where V8 runs
    /// another text.
    pub(super) fn in_file(&self, place: Place, name: &str) -> Place {
        if place.position.is_none() || place.is_internal() || self.is_in_file(&place.url) {
            return place;
        }
        let key = (place.url.clone(), name.to_owned());
        let find = || self.definition_in(&place.url, name);
        let position = *self.defined.borrow_mut().entry(key).or_insert_with(find);
        Place { position, ..place }
    }

    /// Where the file of a URL defines the function or class of a name, if it does so once.
    fn definition_in(&self, url: &str, name: &str) -> Option<Position> {
        if name.is_empty() || self.searched.get() > MOST_SEARCHED {
            return None;
        }
        let text = source_text(url)?;
        self.searched.set(self.searched.get() + text.len());
        definition_of(&text, name)
    }

    /// Whether positions in the scripts of a URL are positions in its file. Of a file or script that is not
    /// there nothing else is known.
    pub(super) fn is_in_file(&self, url: &str) -> bool {
        if let Some(&known) = self.known.borrow().get(url) {
            return known;
        }
        let Newer { graph, words, .. } = self.newer;
        let beginnings = self.beginnings.get_or_init(|| beginnings(graph, words));
        let is_in_file = beginnings.get(url).is_none_or(|texts| {
            let file = source_text(url);
            let begins = |file: &str, text| is_beginning(&lossy(graph.raw_name(text)), file);
            file.is_none_or(|file| texts.iter().any(|&text| begins(&file, text)))
        });
        self.known.borrow_mut().insert(url.to_owned(), is_in_file);
        is_in_file
    }
}

/// What the heap has of the texts of scripts that have functions, by URL. A redacted text tells nothing.
fn beginnings(graph: &HeapGraph, words: &Vocabulary) -> HashMap<String, Vec<NodeIndex>> {
    let mut found: HashMap<String, Vec<NodeIndex>> = HashMap::new();
    for script in scripts_of_functions(graph, words) {
        let text = internal_target(graph, script, [words.source; 2])
            .filter(|&it| graph.node_type(it).is_string() && !is_token(graph.raw_name(it)));
        if let Some(text) = text {
            found.entry(url_of(graph, script)).or_default().push(text);
        }
    }
    found
}

/// Whether what V8 runs begins as the file does, but for what was blanked, with a semicolon where a statement
/// would go on otherwise. V8 is told the text without a mark of the order of bytes.
fn is_beginning(script: &str, file: &str) -> bool {
    let file = file.strip_prefix('\u{FEFF}').unwrap_or(file);
    let mut file = file.chars();
    script.chars().all(|run| {
        let written = file.next();
        written == Some(run) || (written.is_some() && (run.is_whitespace() || run == ';'))
    })
}

#[cfg(test)]
mod tests {
    use crate::graph::{EdgeType, NodeType};
    use crate::leak::stage::{Sources, elements, function, property, scope, suspects};

    use super::is_beginning;

    /// Line of the only suspect, of the variable `name` in a scope that a function `add` of a script captured,
    /// which begins with a text.
    fn line_of(test: &str, file: &str, run: Option<&str>, name: &str) -> Option<u32> {
        let sources = Sources::new(test, &[("store.ts", file)]);
        let found = suspects(|heap, global, is_grown| {
            let add = function(heap, global, "add", &sources.url("store.ts"), 1);
            let scope = scope(heap, add);
            if let Some(run) = run {
                let script = crate::graph::NodeIndex(add.0 + 2);
                let text = heap.node(NodeType::STRING, run, 32);
                heap.edge(script, EdgeType::INTERNAL, "source", text);
            }
            let list = heap.node(NodeType::OBJECT, "Array", 32);
            heap.edge(scope, EdgeType::CONTEXT, name, list);
            elements(heap, list, 0..if is_grown { 300 } else { 4 }, "Item", 1_000);
            property(heap, global, "other", "Other");
        });
        assert_eq!(found.len(), 1, "{found:?}");
        found[0].source.as_ref().unwrap().line
    }

    #[test]
    fn a_place_in_a_text_that_is_nowhere_is_that_of_the_functions_name_in_the_file() {
        const FILE: &str = "type Row = { id: string };\n\
            function first() { const rows = []; return () => rows; }\n\
            function second() {\n  const rows: Row[] = [];\n  function add(row: Row): void { rows.push(row); }\n  return add;\n}\n\
            function third() { const rows = []; return () => rows; }\n";
        const RUN: &str = "var rows=[];function first(){const rows=[]}";
        let line = |test, run, name| line_of(test, FILE, run, name);
        assert_eq!(line("loaded-other", Some(RUN), "rows"), Some(4));
        assert_eq!(line("loaded-nowhere", Some(RUN), "unheard"), Some(5));
        assert_eq!(line("loaded-same", Some(&FILE[..80]), "unheard"), Some(1));
        assert_eq!(line("loaded-unknown", None, "unheard"), Some(1));
        assert_eq!(line("loaded-redacted", Some("~512~0123456789abcdef"), "unheard"), Some(1));
    }

    #[test]
    fn a_line_is_not_guessed() {
        const FILE: &str = "const add = () => {}, b = { add() {} };\nf(() => { let rows = []; });\nf(() => { let rows = []; });\n";
        assert_eq!(line_of("loaded-guess", FILE, Some("\"use strict\";"), "rows"), None);
        assert_eq!(line_of("loaded-no-line", FILE, Some("\"use strict\";"), "unheard"), None);
    }

    #[test]
    fn blanks_in_place_of_types_leave_a_text_as_it_is() {
        let file = "import type { A } from './a';\nlet a: A;\nconst b = 1;\n";
        assert!(is_beginning("                             \nlet a   ;\nconst b = 1;\n", file));
        assert!(is_beginning(";                            \nlet a   ;\ncon", file));
        assert!(is_beginning(file, &format!("\u{FEFF}{file}")));
        assert!(!is_beginning("\"use strict\";\nlet a;\n", file));
        assert!(!is_beginning("let a;\nconst b = 1;\n", file));
        assert!(!is_beginning(&format!("{file} "), file), "the file is shorter");
    }
}
