//! Where a source defines a function or class of a name, for one whose position is not known.
//!
//! The usual forms are searched for: `function name`, `class name`, `name = (…) =>`, `name: function`, and
//! methods, with types or without.
//!
//! Time and memory: linear in the source, as [`Blocks`].

use crate::leak::blocks::{Blocks, Kind, Pair};
use crate::leak::declaration_rank::is_modifier;
use crate::source_words::{Position, is_alone, is_word, only_position};

/// Where the only function or class of a name is; `None` if there are several, or none.
pub(super) fn definition_of(source: &str, name: &str) -> Option<Position> {
    // Of accessors V8 says which they are.
    let name = name.strip_prefix("get ").or_else(|| name.strip_prefix("set ")).unwrap_or(name);
    if name.is_empty() {
        return None;
    }
    let blocks = Blocks::of(source);
    let words = source
        .match_indices(name)
        .map(|(at, _)| at)
        .filter(|&at| is_alone(source, at, name) && blocks.is_code(at));
    only_position(source, words.filter_map(|at| defined_at(&blocks, at, name)))
}

/// Where the function or class begins that a word is the name of where it stands, if it is: a class with its
/// keyword, a function with its name.
fn defined_at(blocks: &Blocks, at: usize, name: &str) -> Option<usize> {
    let before = blocks.source[..at].trim_end();
    let behind = &blocks.source[at + name.len()..];
    let keyword = before.trim_end_matches('*').trim_end();
    let last_word = keyword.rsplit(|c: char| !is_word(c)).next().unwrap_or("");
    match last_word {
        "class" => return Some(keyword.len() - last_word.len()),
        "function" => return Some(at),
        _ => {}
    }
    let is_one = is_value_function(blocks, behind) || is_method(blocks, before, last_word, behind);
    is_one.then_some(at)
}

/// Whether what is behind a name gives it a function or class as value.
fn is_value_function(blocks: &Blocks, behind: &str) -> bool {
    let behind = behind.trim_start();
    let value = behind.strip_prefix(['=', ':']).map_or("", str::trim_start);
    let value = value.strip_prefix("async").map_or(value, str::trim_start);
    if let Some(parameters) = pair_before(blocks, value) {
        let head = blocks.source[parameters.close + 1..].trim_start();
        return head.starts_with("=>") || (head.starts_with(':') && line(head).contains("=>"));
    }
    let word = value.split(|c: char| !is_word(c)).next().unwrap_or("");
    let is_arrow = || !word.is_empty() && value[word.len()..].trim_start().starts_with("=>");
    matches!(word, "function" | "class") || is_arrow()
}

/// Whether a name stands in front of parameters and a body, and nothing is done with it.
fn is_method(blocks: &Blocks, before: &str, last_word: &str, behind: &str) -> bool {
    let may_begin = before.is_empty()
        || before.ends_with(['{', '}', ';', ',', '*', ')'])
        || is_modifier(last_word)
        || ["async", "get", "set"].contains(&last_word);
    let Some(parameters) = pair_before(blocks, behind).filter(|_| may_begin) else { return false };
    let body = blocks.source[parameters.close + 1..].trim_start();
    // A type may stand in front of the body; a declaration without one ends in the line.
    body.starts_with('{') || (body.starts_with(':') && line(body).contains('{'))
}

/// The parameters that a text begins with, behind those of its types.
fn pair_before<'b>(blocks: &'b Blocks, text: &str) -> Option<&'b Pair> {
    let start = blocks.source.len() - text.len();
    let first = blocks.pairs.partition_point(|pair| pair.open < start);
    let pair = blocks.pairs.get(first).filter(|pair| pair.kind == Kind::Parentheses)?;
    let types = blocks.source[start..pair.open].trim();
    (types.is_empty() || (types.starts_with('<') && types.ends_with('>'))).then_some(pair)
}

fn line(text: &str) -> &str {
    text.split(['\n', ';']).next().unwrap_or("")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn functions_methods_and_classes_are_found_by_name() {
        let check = |source: &str, name: &str, expected| {
            assert_eq!(definition_of(source, name), expected, "{name} in {source}");
        };
        check("add(1);\nfunction add(n: number): void {}\nadd(2);", "add", Some((2, 10)));
        check("async function* add(n) {}", "add", Some((1, 17)));
        check("export const add = async (n: number): Promise<void> => {};", "add", Some((1, 14)));
        check("const add = n => n;", "add", Some((1, 7)));
        check("const t = { add: function () {}, b: 1 };", "add", Some((1, 13)));
        check(
            "class A {\n  static async add<T>(n: T): Map<T, { a: 1 }> {}\n}",
            "add",
            Some((2, 16)),
        );
        check("class A { get size(): number { return 1; } }", "get size", Some((1, 15)));
        check("class A {\n  @logged()\n  add() {}\n}", "add", Some((3, 3)));
        check("new A();\nexport abstract class A<T> extends B {}", "A", Some((2, 17)));
        check("const a = x ? add(1) : { b: 2 };\nif (add(1)) {}", "add", None);
        check("interface A { add(n: number): void; }\nconst a = add(1);", "add", None);
        check("const add = (1 + 2), b = 3;", "add", None);
        check("// function add() {}\nconst t = 'function add() {}';", "add", None);
        check("class A { add() {} }\nclass B { add() {} }", "add", None);
        check("f();", "", None);
    }
}
