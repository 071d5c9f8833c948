//! The line of the code in which a variable or property is declared.
//!
//! A snapshot says where functions begin, not where variables are declared. The source of the script
//! says it, if its file is there: a snapshot holds no more than the beginning of it. This is a
//! search for the usual forms (`const name =`, `static name =`, `this.name =`, ...), not a parser:
//! it gives the declaration nearest above the function that captured the variable, and nothing where
//! it finds none.

/// A line and a column, 1-based; the column counts UTF-16 units, as V8 does.
pub type Position = (u32, u32);

/// A declaration.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Declaration {
    /// Where the name is.
    pub position: Position,
    /// How it looks: the less, the surer.
    rank: u32,
}

impl Declaration {
    /// Whether it is a declaration or an assignment. A key in a literal may be of anything.
    pub fn is_sure(&self) -> bool {
        self.rank < RANK_OF_A_CALL
    }

    /// Whether it is an assignment to a property of something that is not `this`.
    pub fn is_assigned(&self) -> bool {
        self.rank == RANK_OF_AN_ASSIGNMENT
    }

    /// Whether a function is told the name and a value.
    pub fn is_handed_over(&self) -> bool {
        self.rank == RANK_OF_A_CALL
    }
}

/// What is declared.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Named {
    /// The variable or property.
    pub name: String,
    /// Whether it is a variable: of a property, what is written behind `let` may have the same name
    /// only.
    pub is_variable: bool,
    /// Whether what it is the name of is a function: nothing else is written behind `function`.
    pub is_function: bool,
}

/// An assignment to a property of something.
const RANK_OF_AN_ASSIGNMENT: u32 = 2;

/// A variable that has the name of a property.
const RANK_OF_A_VARIABLE: u32 = 3;

/// A name that is handed to a function together with a value, as to `decorate` or `defineProperty`.
const RANK_OF_A_CALL: u32 = 4;

/// A key of a literal, or of a computed property.
const RANK_OF_A_KEY: u32 = 5;

/// Where something is declared: the last declaration that begins at or above line `near`, else the
/// first one below it.
pub fn find_declaration(source: &str, named: &Named, near: Option<u32>) -> Option<Declaration> {
    let name = named.name.as_str();
    let word = name.rsplit('.').next().unwrap_or(name);
    let word = word.strip_prefix("Symbol(").and_then(|w| w.strip_suffix(')')).unwrap_or(word);
    if word.is_empty() {
        return None;
    }
    let near = near.unwrap_or(u32::MAX);
    let mut best: Option<(u32, Position)> = None;
    for (at, line) in source.lines().enumerate() {
        let line_number = at as u32 + 1;
        let Some((rank, column)) = declaration_in(line, word, named) else { continue };
        let better = match best {
            None => true,
            // Among declarations of one form: the nearest above, or else the first below.
            Some((best_rank, _)) if rank == best_rank => line_number <= near,
            Some((best_rank, _)) => rank < best_rank,
        };
        if better {
            best = Some((rank, (line_number, column)));
        }
    }
    best.map(|(rank, position)| Declaration { position, rank })
}

/// Whether a line declares a word: how surely (0 is best), and the column of the word.
fn declaration_in(line: &str, word: &str, named: &Named) -> Option<(u32, u32)> {
    let trimmed = line.trim_start();
    if trimmed.starts_with("//") || trimmed.starts_with('*') || trimmed.starts_with("/*") {
        return None;
    }
    let mut best: Option<(u32, u32)> = None;
    for (start, _) in line.match_indices(word) {
        let end = start + word.len();
        let before = &line[..start];
        let after = line[end..].trim_start();
        if !is_alone(line, start, word) {
            continue;
        }
        if let Some(rank) = rank_of(before, after, named) {
            let column = before.encode_utf16().count() as u32 + 1;
            if best.is_none_or(|(best_rank, _)| rank < best_rank) {
                best = Some((rank, column));
            }
        }
    }
    best
}

/// Whether a text has a word that touches no other one. The name of a file in a path is none.
pub fn has_word(text: &str, word: &str) -> bool {
    let is_in_path = |start: usize| text[..start].ends_with('/');
    let mut places = text.match_indices(word).map(|(start, _)| start);
    !word.is_empty() && places.any(|start| is_alone(text, start, word) && !is_in_path(start))
}

/// Whether the word that begins at `start` touches no other one.
fn is_alone(text: &str, start: usize, word: &str) -> bool {
    let before = text[..start].chars().next_back();
    let after = text[start + word.len()..].chars().next();
    !before.is_some_and(is_word) && !after.is_some_and(is_word)
}

fn is_word(character: char) -> bool {
    character.is_alphanumeric() || matches!(character, '_' | '$' | '#')
}

/// How surely a word between these two texts is declared there.
fn rank_of(before: &str, after: &str, named: &Named) -> Option<u32> {
    let last_word = before.trim_end().rsplit(|c: char| !is_word(c)).next().unwrap_or("");
    let assigned = (after.starts_with('=') && !after.starts_with("==") && !after.starts_with("=>"))
        || ["??=", "||=", "&&="].iter().any(|operator| after.starts_with(operator));
    let head = before.trim_start();
    let in_declaration = ["const ", "let ", "var ", "export "]
        .iter()
        .any(|keyword| head.starts_with(keyword) || head.contains(&format!(" {keyword}")));
    let rank_of_variable = if named.is_variable { 0 } else { RANK_OF_A_VARIABLE };
    let ends_name = after.is_empty() || after.starts_with([';', ',', ':', '}', ')', ']']);
    match last_word {
        "const" | "let" | "var" => return Some(rank_of_variable),
        "static" => return Some(0),
        "class" | "function" => return named.is_function.then_some(0),
        _ => {}
    }
    // A field of a class: alone at the beginning of the line, or behind modifiers.
    let only_modifiers = head
        .split_whitespace()
        .all(|word| matches!(word, "static" | "readonly" | "private" | "public" | "protected"));
    if only_modifiers && (assigned || after.starts_with(';') || after.starts_with(':')) {
        return Some(1);
    }
    if (before.ends_with("this.") || before.ends_with("exports.")) && assigned {
        return Some(1);
    }
    if before.ends_with('.') && assigned {
        return Some(RANK_OF_AN_ASSIGNMENT);
    }
    if in_declaration && (assigned || ends_name) {
        // What is unpacked, or packed into something, is declared elsewhere.
        let is_packed = !named.is_variable && !assigned;
        return Some(if is_packed { RANK_OF_A_KEY } else { rank_of_variable.max(1) });
    }
    let quote = ['\'', '"', '`'].into_iter().find(|&quote| before.ends_with(quote));
    let behind = quote.and_then(|quote| after.strip_prefix(quote));
    if behind.is_some_and(|behind| behind.trim_start().starts_with(',')) {
        return Some(RANK_OF_A_CALL);
    }
    // A property of a literal, or one that a symbol or string names.
    if after.starts_with(':') || (before.ends_with(['[', '\'', '"']) && after.contains('=')) {
        return Some(RANK_OF_A_KEY);
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(source: &str, name: &str, near: Option<u32>, expected: Option<Position>) {
        let named = Named { name: name.into(), is_variable: true, is_function: false };
        check_named(source, &named, near, expected);
    }

    fn check_named(source: &str, named: &Named, near: Option<u32>, expected: Option<Position>) {
        let found = find_declaration(source, named, near).map(|found| found.position);
        assert_eq!(found, expected, "{named:?} in {source}");
    }

    #[test]
    fn a_property_is_not_what_a_variable_or_function_of_its_name_is() {
        let of = |is_variable, is_function| {
            let name = "list".to_owned();
            Named { name, is_variable, is_function }
        };
        let source = "class A {\n  list = [];\n}\nfor (let list = 0;;) f();\n";
        check_named(source, &of(false, false), None, Some((2, 3)));
        check_named(source, &of(true, false), None, Some((4, 10)));
        check_named("const list = [];\n", &of(false, false), None, Some((1, 7)));
        let source = "const list = () => [];\nconst all = join({ list, other });\n";
        check_named(source, &of(false, true), None, Some((1, 7)));
        let source = "const serve = (socket) => { socket.list = []; };\n";
        check_named(source, &of(false, false), None, Some((1, 36)));
        let found = find_declaration(source, &of(false, false), None);
        assert!(found.is_some_and(|found| found.is_assigned()));
        check_named("function list() {}\n", &of(false, false), None, None);
        check_named("function list() {}\n", &of(false, true), None, Some((1, 10)));
    }

    #[test]
    fn variables_fields_and_properties_are_found() {
        check("'use strict';\nconst leaks = [];\n", "leaks", None, Some((2, 7)));
        check("let a = 1, cache = new Map();", "cache", None, Some((1, 12)));
        check("class A {\n  #seen = new Set();\n}", "#seen", None, Some((2, 3)));
        check("class A {\n  static all = [];\n}", "all", None, Some((2, 10)));
        check("constructor() {\n  this.jobs = [];\n}", "jobs", None, Some((2, 8)));
        check("get jobs() {\n  return (this._jobs ??= []);\n}", "_jobs", None, Some((2, 16)));
        check("const app = {\n  sessions: {},\n};", "sessions", None, Some((2, 3)));
        check("export const { a, pool } = load();", "pool", None, Some((1, 19)));
        check("// const x = 1\nuse(x);", "x", None, None);
        check("const items2 = [];", "items", None, None);
        check("app.decorate('visits', new Map());", "visits", None, Some((1, 15)));
        check("Object.defineProperty(it, \"log\", { value: [] });", "log", None, Some((1, 28)));
        check("bus.emit('visits');", "visits", None, None);
        check("const kSpans = Symbol('kSpans');", "Symbol(kSpans)", None, Some((1, 7)));
    }

    #[test]
    fn a_word_is_not_a_part_of_another() {
        assert!(has_word("state.log.push(entry)", "log"));
        assert!(!has_word("login(); backlog; $log", "log"));
        assert!(!has_word("require('./log')", "log"));
        assert!(!has_word("log", ""));
    }

    #[test]
    fn of_several_the_one_above_the_function_is_meant() {
        let source =
            "const list = [];\nfunction f() {\n  const list = [];\n  return () => list;\n}\n";
        check(source, "list", Some(4), Some((3, 9)));
        check(source, "list", Some(2), Some((1, 7)));
        check("f();\nvar list = [];", "list", Some(1), Some((2, 5)));
    }
}
