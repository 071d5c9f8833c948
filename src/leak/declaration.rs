//! The line of the code in which a variable or property is declared.
//!
//! A snapshot says where functions begin, not where variables are declared. The source of the script
//! says it, if its file is there: a snapshot holds no more than the beginning of it. This is a
//! search for the usual forms (`const name =`, `static name =`, `this.name =`, ...), not a parser:
//! it gives the declaration nearest above the function that captured the variable, and nothing where
//! it finds none.

use std::cell::LazyCell;
use std::ops::Range;

use crate::leak::blocks::Blocks;
use crate::leak::declaration_rank::{
    RANK_IN_A_LIST, RANK_OF_A_PARAMETER, RANK_OF_A_VARIABLE, RANK_OF_AN_ASSIGNMENT, is_exported_at,
    is_handed_over, is_key, is_sure, rank_of,
};
use crate::leak::parameters::Parameters;
use crate::source_words::{Position, is_alone, offset_of, position_of};

/// A declaration.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Declaration {
    /// Where the name is.
    pub position: Position,
    /// How it looks: the less, the surer.
    rank: u32,
    /// How many declarations of this name come before it in the source: what tells it from them
    /// wherever lines are moved.
    pub ordinal: usize,
    /// Whether nothing else in the source looks as much like one.
    pub is_only: bool,
    /// Whether it is a variable that has the name of the property that was searched for, where nothing in the
    /// source has a property of that name.
    pub is_namesake: bool,
    /// Whether it is unpacked from what another module exports, which declares it, too.
    pub is_imported: bool,
    /// Whether the source has the name as a key somewhere, here or elsewhere.
    has_key: bool,
}

impl Declaration {
    /// Whether it is a declaration or an assignment. A key in a literal may be of anything.
    pub fn is_sure(&self) -> bool {
        is_sure(self.rank) && !self.is_namesake
    }

    /// Whether it is an assignment to a property of something that is not `this`.
    pub fn is_assigned(&self) -> bool {
        self.rank == RANK_OF_AN_ASSIGNMENT
    }

    /// Whether it is a variable that has the name of what is a property.
    pub fn is_other_variable(&self) -> bool {
        self.rank == RANK_OF_A_VARIABLE
    }

    /// Whether it is one, or the source has a key that is written as such: a text that is handed to something
    /// neither makes the word a name nor, if it is one, takes that from it.
    pub fn is_name(&self) -> bool {
        self.is_sure() || self.has_key
    }

    /// Whether it is in the class or function that begins at `near`, or in the class around that.
    pub(super) fn is_inside(&self, source: &str, near: Position) -> bool {
        let (near, at) = (offset_of(source, near), offset_of(source, self.position));
        let blocks = Blocks::of(source);
        let class = blocks.around(near).into_iter().next().filter(|block| blocks.is_class(block));
        let mut own = class.into_iter().chain(blocks.body_at(near));
        own.any(|body| body.contains(&at))
    }

    /// Whether a function is told the name and a value.
    pub fn is_handed_over(&self) -> bool {
        is_handed_over(self.rank)
    }
}

/// What is declared.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Named {
    /// The variable or property.
    pub name: String,
    /// Whether it is a variable: of a property, what is written behind `let` may have the same name
    /// only.
    pub is_variable: bool,
    /// Whether what it is the name of is a function: nothing else is written behind `function`.
    pub is_function: bool,
    /// Whether it is a property of the object that a CommonJS module exports, which the code of the module
    /// itself declares, and not a function in it.
    pub is_exported: bool,
    /// What the thing is called that has it as a property.
    pub owner: Option<String>,
}

/// Where something is declared, as seen from the code that has it, which begins at `near`: a variable in
/// the innermost block around that code, a property in its class or function. If it is declared in
/// neither, the last declaration that begins above, or else the first one below.
pub fn find_declaration(
    source: &str,
    named: &Named,
    near: Option<Position>,
) -> Option<Declaration> {
    let name = named.name.as_str();
    let word = name.rsplit('.').next().unwrap_or(name);
    let word = word.strip_prefix("Symbol(").and_then(|w| w.strip_suffix(')')).unwrap_or(word);
    if word.is_empty() {
        return None;
    }
    let blocks = LazyCell::new(|| Blocks::of(source));
    let near = near.map_or(source.len(), |near| offset_of(source, near));
    let parameters = LazyCell::new(|| Parameters::around(&blocks, near));
    let parameter = |at: usize| parameters.scope_of(&blocks, at);
    let mut found = declarations_of(source, word, named, &blocks, parameter);
    let is_name = |it: &Found| blocks.may_be_name(it.at, word.len());
    if found.len() > 1 && found.iter().any(is_name) {
        found.retain(is_name);
    }
    retain_of_owner(source, named, &mut found);
    let best = match found.as_slice() {
        [] => return None,
        [only] => *only,
        _ if named.is_exported => outermost(&blocks, &found)?,
        _ => in_scope(&blocks, &found, named, near, parameter).or_else(|| nearest(&found, near))?,
    };
    let is_before = |it: &&Found| it.rank <= RANK_IN_A_LIST && it.at < best.at;
    let ordinal = found.iter().filter(is_before).count();
    // Only a list of variables has names that are unpacked, and it has been read by then.
    let is_imported = best.rank == RANK_IN_A_LIST && blocks.is_imported(best.at);
    let is_only = found.iter().filter(|it| it.rank <= best.rank).count() == 1;
    let is_namesake = best.rank == RANK_OF_A_VARIABLE
        && !is_exported_at(source, best.at)
        && !is_property_somewhere(&blocks, word);
    let has_key = found.iter().any(|it| is_key(it.rank));
    let (position, rank) = (position_of(source, best.at), best.rank);
    Some(Declaration { position, rank, ordinal, is_only, is_namesake, is_imported, has_key })
}

/// A word that looks as if it were declared.
#[derive(Clone, Copy, Debug)]
struct Found {
    /// Its offset in the source.
    at: usize,
    rank: u32,
}

/// All of them, in the order of the source.
fn declarations_of<'s>(
    source: &'s str,
    word: &str,
    named: &Named,
    blocks: &LazyCell<Blocks<'s>, impl FnOnce() -> Blocks<'s>>,
    parameter: impl Fn(usize) -> Option<usize>,
) -> Vec<Found> {
    let mut found = Vec::new();
    let mut start = 0;
    for line in source.split_inclusive('\n') {
        let code = behind_comments(line);
        start += line.len() - code.len();
        for (at, _) in code.match_indices(word) {
            let after = code[at + word.len()..].trim();
            let is_listed = || blocks.declared_at(start + at).is_some();
            let is_parameter = || parameter(start + at).is_some();
            if is_alone(code, at, word)
                && let Some(rank) = rank_of(&code[..at], after, named, is_listed, is_parameter)
            {
                found.push(Found { at: start + at, rank });
            }
        }
        start += code.len();
    }
    found
}

/// Where a property is nothing but assigned to things, those that are called as its owner count, if there are
/// such.
fn retain_of_owner(source: &str, named: &Named, found: &mut Vec<Found>) {
    let Some(owner) = &named.owner else { return };
    let is_assigned = |it: &Found| it.rank == RANK_OF_AN_ASSIGNMENT;
    let is_of_owner = |it: &Found| {
        let before = source[..it.at].strip_suffix('.').filter(|_| is_assigned(it));
        let start = before.and_then(|before| before.len().checked_sub(owner.len()));
        start.is_some_and(|start| {
            source[start..].starts_with(owner.as_str()) && is_alone(source, start, owner)
        })
    };
    let is_surest = found.iter().all(|it| it.rank >= RANK_OF_AN_ASSIGNMENT);
    if is_surest && !named.is_variable && found.iter().any(is_of_owner) {
        found.retain(is_of_owner);
    }
}

/// Of those that look most like a declaration, the first one that is in the fewest functions: what a module
/// exports may be replaced later on.
fn outermost(blocks: &Blocks, found: &[Found]) -> Option<Found> {
    let order = |it: &&Found| (it.rank, blocks.functions_around(it.at), it.at);
    found.iter().min_by_key(order).copied()
}

/// Whether a word is used as the name of a property anywhere: behind a dot, or in a literal.
fn is_property_somewhere(blocks: &Blocks, word: &str) -> bool {
    let source = blocks.source;
    let mut places = source.match_indices(word).map(|(at, _)| at);
    places.any(|at| {
        let (before, after) = (source[..at].trim_end(), source[at + word.len()..].trim_start());
        let is_behind_dot = before.ends_with('.') && !before.ends_with("...");
        let is_key = || before.ends_with(['{', ',']) && after.starts_with([',', '}']);
        is_alone(source, at, word)
            && blocks.is_code(at)
            && (is_behind_dot || after.starts_with(':') || is_key())
    })
}

/// What is behind the comments that a line begins with, which may be all of it.
fn behind_comments(line: &str) -> &str {
    let mut rest = line;
    loop {
        let text = rest.trim_start();
        if text.starts_with("//") {
            return "";
        }
        if !text.starts_with("/*") && !text.starts_with('*') {
            return rest;
        }
        let Some((_, behind)) = text.split_once("*/") else { return "" };
        rest = behind;
    }
}

/// The best in the scope that the name is looked up in.
fn in_scope(
    blocks: &Blocks,
    found: &[Found],
    named: &Named,
    near: usize,
    parameter: impl Fn(usize) -> Option<usize>,
) -> Option<Found> {
    let around = blocks.around(near);
    let whole = around.last()?.end;
    if near >= whole {
        return None;
    }
    if !named.is_variable {
        let body = blocks.body_at(near);
        // A method is in its class, or in the literal with what it works on.
        let own = around.first().filter(|block| blocks.is_class(block)).or(body.as_ref());
        let scopes = own.into_iter().chain(around.first());
        let sure = |block: &Range<usize>| {
            let inside = found.iter().filter(|it| block.contains(&it.at) && is_sure(it.rank));
            inside.min_by_key(|it| (it.rank, it.at)).copied()
        };
        return scopes.filter(|block| block.end < whole).find_map(sure);
    }
    let place = |it: &Found| match it.rank {
        RANK_OF_A_PARAMETER => parameter(it.at).unwrap_or(it.at),
        _ => blocks.declared_at(it.at).unwrap_or(it.at),
    };
    let mut found: Vec<(usize, Found)> = found.iter().map(|it| (place(it), *it)).collect();
    found.sort_by_key(|&(place, _)| place);
    let places: Vec<usize> = found.iter().map(|&(place, _)| place).collect();
    let innermost = blocks.innermost(&places);
    let direct = |block: &Range<usize>| {
        let inside = found.iter().zip(&innermost).filter(|&(_, its)| its == block);
        let variables = inside.map(|(&(_, it), _)| it).filter(|it| it.rank <= RANK_OF_A_PARAMETER);
        nearest(&variables.collect::<Vec<_>>(), near)
    };
    around.iter().find_map(direct)
}

/// Of those that look most like a declaration the last one above, or else the first one below.
fn nearest(found: &[Found], near: usize) -> Option<Found> {
    let least = found.iter().map(|it| it.rank).min()?;
    let mut best = found.iter().filter(|it| it.rank == least);
    let above = best.clone().rfind(|it| it.at <= near);
    above.or_else(|| best.next()).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(source: &str, name: &str, near: Option<Position>, expected: Option<Position>) {
        let named = Named { name: name.into(), is_variable: true, ..Named::default() };
        check_named(source, &named, near, expected);
    }

    fn check_named(
        source: &str,
        named: &Named,
        near: Option<Position>,
        expected: Option<Position>,
    ) {
        let found = find_declaration(source, named, near).map(|found| found.position);
        assert_eq!(found, expected, "{named:?} in {source}");
    }

    #[test]
    fn a_property_is_not_what_a_variable_or_function_of_its_name_is() {
        let of = |is_variable, is_function| {
            let name = "list".to_owned();
            Named { name, is_variable, is_function, ..Named::default() }
        };
        let source = "class A {\n  list = [];\n}\nfor (let list = 0;;) f();\n";
        check_named(source, &of(false, false), None, Some((2, 3)));
        check_named(source, &of(true, false), None, Some((4, 10)));
        let source = "class B extends A {\n  protected override list = [];\n}\n";
        check_named(source, &of(false, false), None, Some((2, 22)));
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
        check("if (typeof seen === 'undefined') seen = [];", "seen", None, Some((1, 34)));
        check("if (a) b();\nelse seen = [];", "seen", None, Some((2, 6)));
        check("if ((a) == seen) f(seen);", "seen", None, None);
        check("export const { a, pool } = load();", "pool", None, Some((1, 19)));
        check("// const x = 1\nuse(x);", "x", None, None);
        check("const items2 = [];", "items", None, None);
        check("app.decorate('visits', new Map());", "visits", None, Some((1, 15)));
        check("Object.defineProperty(it, \"log\", { value: [] });", "log", None, Some((1, 28)));
        check("bus.emit('visits');", "visits", None, None);
        let source =
            "class App {\n  hooks = { start: [], end };\n}\napp.on('start', (it) => it);\n";
        check(source, "start", None, Some((2, 13)));
        check("app.on('start', new Set());\nadd({ start: [] });", "start", None, Some((1, 9)));
        check("add({ start: list });\nadd({ start: new Set() });", "start", None, Some((2, 7)));
        check("const kSpans = Symbol('kSpans');", "Symbol(kSpans)", None, Some((1, 7)));
    }

    #[test]
    fn of_several_the_one_above_the_function_is_meant() {
        let source =
            "const list = [];\nfunction f() {\n  const list = [];\n  return () => list;\n}\n";
        check(source, "list", Some((4, 10)), Some((3, 9)));
        check(source, "list", Some((2, 1)), Some((1, 7)));
        check("f();\nvar list = [];", "list", Some((1, 1)), Some((2, 5)));
    }
    /// Where a name is declared as seen from the place of `from` in the source.
    fn declared(source: &str, name: &str, from: &str, is_variable: bool) -> Option<Position> {
        let near = position_of(source, source.find(from).unwrap());
        let named = Named { name: name.into(), is_variable, ..Named::default() };
        find_declaration(source, &named, Some(near)).map(|found| found.position)
    }

    #[test]
    fn a_key_is_a_name_whatever_else_is_told_that_word() {
        let found = |source| find_declaration(source, &property_named("items"), None).unwrap();
        let source = "log('items', n);\nconst initial = { items: [] };\n";
        assert!(found(source).is_name());
        assert_eq!(found(source).position, (2, 19));
        let source = "log('items', n);\nconst initial = { items: list };\n";
        assert!(found(source).is_name());
        assert!(!found("log('items', n);\n").is_name());
        let source = "send({ type: 'items', at: 1 });\nconst initial = { at: 0, items: list };\n";
        assert_eq!(found(source).position, (2, 26), "no argument");
    }

    #[test]
    fn a_field_is_declared_in_the_class_that_has_it() {
        let source = "class A {\n  items = [];\n}\nclass B {\n  b() {}\n  items = [];\n}\n";
        assert_eq!(declared(source, "items", "class A", false), Some((2, 3)));
        assert_eq!(declared(source, "items", "class B", false), Some((6, 3)));
        assert_eq!(declared(source, "items", "b()", false), Some((6, 3)));
        let source = "class A {\n  constructor(x) {\n    this.items = x;\n  }\n}\nclass B {\n  \
                      items = [];\n  constructor({ y }) {\n    y();\n  }\n}\n";
        assert_eq!(declared(source, "items", "({ y })", false), Some((7, 3)));
        assert_eq!(declared(source, "items", "(x)", false), Some((3, 10)));
        let source = "const k=['items','x'];class A{x=1;items=new Map}class B{items=new Set;y=2}";
        assert_eq!(declared(source, "items", "class A", false), Some((1, 35)));
        assert_eq!(declared(source, "items", "class B", false), Some((1, 57)));
        let source =
            "function A() {\n  this.log = [];\n}\nfunction B({ c }) {\n  this.log = c;\n}\n";
        assert_eq!(declared(source, "log", "({ c })", false), Some((5, 8)));
    }

    #[test]
    fn a_variable_is_declared_in_a_block_around_the_function_that_has_it() {
        let source = "f(() => {\n  let c = 1;\n  g(() => c);\n});\nf(() => {\n  h(() => c);\n  let c = 2;\n});\n";
        assert_eq!(declared(source, "c", "() => c);\n}", true), Some((2, 7)));
        assert_eq!(declared(source, "c", "() => c);\n  let", true), Some((7, 7)));
        let source =
            "function a(){const t=new Set;return()=>t}function b(){const t=new Map;return(x)=>t}";
        assert_eq!(declared(source, "t", "()=>t", true), Some((1, 20)));
        assert_eq!(declared(source, "t", "(x)=>t", true), Some((1, 61)));
    }

    #[test]
    fn a_variable_is_found_in_a_list_wherever_that_began() {
        let of_x = |source: &str, from| declared(source, "x", from, true);
        let webpack = "(()=>{\"use strict\";const e=new Map;class t{s(x){const x=1}}const n=class{a(){\
                       return 1}},x=new Map,i={};function o(e){x.set(e)}})();";
        let column = webpack.find("x=new").map(|at| at as u32 + 1).unwrap();
        assert_eq!(of_x(webpack, "(e)"), Some((1, column)));
        let source =
            "const app = {\n  stop() {},\n}, x = new Map();\nfunction put(k) { x.set(k); }";
        assert_eq!(of_x(source, "(k)"), Some((3, 4)));
        let source = "import h from\"h\";const c={a:1},x=new Map;function f(){let x=1}c.b=()=>x";
        assert_eq!(of_x(source, "()=>x"), Some((1, 32)));
        let source = "const {\n  a,\n  x,\n} = load();\nfunction f() { return g(a, x); }";
        assert_eq!(of_x(source, "() {"), Some((3, 3)));
        let source = "function f() {\n  const [a, x] = y;\n  return () => x;\n}\nlet x;";
        assert_eq!(of_x(source, "() =>"), Some((2, 13)));
    }

    #[test]
    fn a_declaration_may_be_in_another_function_than_the_one_that_is_near() {
        let source = "const d = (a) => { f(a); };\nconst r = (s, a) => ({ prev: s });\n\
                      class C {\n  m() { return this.prev; }\n  prev = 1;\n}\n";
        let is_inside = |near: &str| {
            let near = position_of(source, source.find(near).unwrap());
            let prev = find_declaration(source, &property_named("prev"), Some(near)).unwrap();
            prev.is_inside(source, near)
        };
        assert!(!is_inside("(a) =>"));
        assert!(is_inside("class C"));
        assert!(is_inside("() { return"), "a method of the class");
    }

    #[test]
    fn a_key_in_quotes_is_declared_where_it_is_given_a_value() {
        let source =
            "const app = {\n  'by-id': {},\n  of(k) { return (this['by-id'][k] = { k }); },\n};\n";
        check_named(source, &property_named("by-id"), None, Some((2, 4)));
        let source = "app['by-id'].x = 1;\napp['by-id'] ??= {};\n";
        check_named(source, &property_named("by-id"), None, Some((2, 6)));
    }

    #[test]
    fn what_is_written_in_texts_declares_nothing() {
        let source = "// a\nconst t = `const c = 1`, r = /const c = \\[\\]/; let s = 'let c = 2;';\n\
                      function f() { const c = []; }\nf(); /* const c = 1 */\nconst c = 1;\n";
        assert_eq!(declared(source, "c", "f(); ", true), Some((5, 7)));
        assert_eq!(declared(source, "c", "// a", true), Some((5, 7)));
    }

    #[test]
    fn a_parameter_is_declared_in_the_head_of_its_function() {
        let source = "function of({\n  table, store = [],\n}) {\n  return { add: (r) => { store.push(r); } };\n}\n\
                      function other(store) { return () => store; }\nlet x, store;\n";
        assert_eq!(declared(source, "store", "(r)", true), Some((2, 10)));
        assert_eq!(declared(source, "store", "() => store", true), Some((6, 16)));
        assert_eq!(declared(source, "store", "let x", true), Some((7, 8)));
        assert_eq!(declared("f(list);\nf((x) => list);", "list", "(x)", true), None);
    }

    #[test]
    fn what_a_variable_is_assigned_or_handed_to_does_not_declare_it() {
        let source =
            "export let list = [];\nexport function add(it) {\n  list = [...list, it];\n}\n";
        check(source, "list", None, Some((1, 12)));
        assert_eq!(declared(source, "list", "(it)", true), Some((1, 12)));
        let source = "var a=1;function b(){return()=>list=a}function c(){const d=f(list);g(()=>d)}var e,list;";
        let column = source.find("list;").map(|at| at as u32 + 1).unwrap();
        assert_eq!(declared(source, "list", "()=>list", true), Some((1, column)));
        assert_eq!(declared(source, "list", "()=>d", true), Some((1, column)));
    }

    #[test]
    fn what_a_module_exports_is_declared_where_its_variable_is() {
        let of = |source| check_named(source, &property_named("log"), None, Some((1, 7)));
        of("const log = [];\nexports.log = log;\n");
        of("const log = [];\nmodule.exports.log = log\n");
        let check = |source, at| check_named(source, &property_named("log"), None, Some(at));
        check("const log = load();\nexports.log = log.lines;\n", (2, 9));
        check("exports.log = log;\nfunction log() {}\n", (1, 9));
    }

    #[test]
    fn what_a_module_exports_is_declared_by_the_code_of_the_module() {
        let exported = Named { is_exported: true, ..property_named("log") };
        let source = "exports.b = exports.log = void 0;\nexports.add = add;\nexports.log = [];\n\
                      exports.b = 1;\nfunction add(it) {\n  exports.log = [...exports.log, it];\n}\n";
        check_named(source, &exported, Some((5, 13)), Some((3, 9)));
        let source =
            "export let log: It[] = [];\nexport function add(it: It) { log = [...log, it]; }\n";
        check_named(source, &exported, Some((2, 20)), Some((1, 12)));
    }

    #[test]
    fn a_variable_is_no_sign_of_a_property_that_nothing_in_the_source_has() {
        let is_namesake = |source: &str| {
            find_declaration(source, &property_named("rows"), None).unwrap().is_namesake
        };
        assert!(is_namesake("const rows = load();\nsend(...rows, rows);\n"));
        assert!(is_namesake("const rows = [];\n// it.rows\n"));
        assert!(!is_namesake("const rows = [];\nserve({ rows });\n"));
        assert!(!is_namesake("const rows = [];\nserve({ all: 1,\n  rows, });\n"));
        assert!(!is_namesake("const rows = [];\nserve({ rows: rows });\n"));
        assert!(!is_namesake("const rows = it.rows;\n"));
        assert!(!is_namesake("namespace A {\n  export const rows = [];\n}\n"));
        assert!(!is_namesake("const it = {};\nit.rows = [];\n"));
    }

    #[test]
    fn of_assignments_to_things_those_to_the_owner_are_meant() {
        let source = "(function (A) {\n  A.log = [];\n})(A);\n(function (B) {\n  B.log = [];\n  BA.log = [];\n\
                      })(B);\n";
        let of = |owner: &str| Named { owner: Some(owner.into()), ..property_named("log") };
        check_named(source, &of("A"), None, Some((2, 5)));
        check_named(source, &of("B"), None, Some((5, 5)));
        check_named(source, &of("C"), None, Some((6, 6)));
        let source = "class Log {\n  log = [];\n}\nconst a = new Log();\na.log = [];\n";
        check_named(source, &of("a"), None, Some((2, 3)));
    }

    fn property_named(name: &str) -> Named {
        Named { name: name.into(), ..Named::default() }
    }

    #[test]
    fn what_is_behind_a_comment_in_its_line_is_code() {
        let of_class = |field| format!("class Q {{\n  constructor() {{\n{field}\n  }}\n}}\n");
        let source = of_class("/** \"done\" */ /* b */ this.done = [];");
        assert_eq!(declared(&source, "done", "() {", false), Some((3, 28)));
        let source = of_class("/** done: */ _define_property(this, \"done\", []);");
        assert_eq!(declared(&source, "done", "() {", false), Some((3, 38)));
        let source = of_class("/*\n * done = 1;\n * the end */ this.done = [];");
        assert_eq!(declared(&source, "done", "() {", false), Some((5, 20)));
        check("/*! (c) */const a=1,done=[];", "done", None, Some((1, 21)));
    }
}
