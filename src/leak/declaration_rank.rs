//! How surely a word is declared where it stands, by what is before and behind it in its line.
//!
//! A rank is a number: the less, the surer. 0 is behind `const`, `let`, `var` or `static`, 1 an assignment to a
//! property of `this`.
//!
//! Time: linear in the line. Memory: none.

use crate::leak::declaration::Named;
use crate::source_words::{is_empty_literal, is_word};

/// A variable that is declared behind others, or unpacked.
pub(super) const RANK_IN_A_LIST: u32 = 1;

/// A parameter of a function around the code that has the variable.
pub(super) const RANK_OF_A_PARAMETER: u32 = 2;

/// An assignment to a property of something.
pub(super) const RANK_OF_AN_ASSIGNMENT: u32 = 3;

/// A variable that has the name of a property.
pub(super) const RANK_OF_A_VARIABLE: u32 = 4;

/// A name that is handed to a function together with a literal or something new, as to `decorate` or
/// `defineProperty`.
pub(super) const RANK_OF_A_CALL: u32 = 5;

/// A key of a literal that gets a container of its own there, as an array or a Map.
pub(super) const RANK_OF_A_NEW_CONTAINER: u32 = 6;

/// A name that is handed over together with a value that was made elsewhere: a log or a metric is told names
/// like this as well.
pub(super) const RANK_OF_A_CALL_WITH_ANY: u32 = 7;

/// A name that is handed over together with a function: it may be made by that, or be what that listens to.
pub(super) const RANK_OF_A_CALLBACK: u32 = 8;

/// A key of a literal, or of a computed property.
pub(super) const RANK_OF_A_KEY: u32 = 9;

/// A text that something is done with.
pub(super) const RANK_OF_A_TEXT: u32 = 10;

/// Whether a rank is that of a name that a function is told.
pub(super) fn is_handed_over(rank: u32) -> bool {
    [RANK_OF_A_CALL, RANK_OF_A_CALL_WITH_ANY, RANK_OF_A_CALLBACK].contains(&rank)
}

/// Whether a rank is that of a key which is written as such.
pub(super) fn is_key(rank: u32) -> bool {
    [RANK_OF_A_KEY, RANK_OF_A_NEW_CONTAINER].contains(&rank)
}

/// Whether a rank is that of a declaration or an assignment.
pub(super) fn is_sure(rank: u32) -> bool {
    rank < RANK_OF_A_CALL
}

/// How surely a word between these two texts of a line is declared there. `is_listed` tells whether it is
/// in a list of variables, which may have begun far away.
pub(super) fn rank_of(
    before: &str,
    after: &str,
    named: &Named,
    is_listed: impl FnOnce() -> bool,
    is_parameter: impl FnOnce() -> bool,
) -> Option<u32> {
    let last_word = before.trim_end().rsplit(|c: char| !is_word(c)).next().unwrap_or("");
    let assigned = (after.starts_with('=') && !after.starts_with("==") && !after.starts_with("=>"))
        || ["??=", "||=", "&&="].iter().any(|operator| after.starts_with(operator));
    let rank_of_variable = if named.is_variable { 0 } else { RANK_OF_A_VARIABLE };
    let ends_name = after.is_empty() || after.starts_with([';', ',', ':', '}', ')', ']']);
    let is_export = || statement_of(before).starts_with("export ");
    match last_word {
        "const" | "let" | "var" if named.is_exported && is_export() => return Some(0),
        "const" | "let" | "var" => return Some(rank_of_variable),
        "static" => return Some(0),
        "class" | "function" => return named.is_function.then_some(0),
        _ => {}
    }
    // What is unpacked, or packed into something, is declared elsewhere.
    let is_packed = !named.is_variable && !assigned;
    if (assigned || ends_name) && may_be_in_list(before) && is_listed() {
        return Some(if is_packed { RANK_OF_A_KEY } else { rank_of_variable.max(RANK_IN_A_LIST) });
    }
    if named.is_variable && (assigned || ends_name) && may_be_parameter(before) && is_parameter() {
        return Some(RANK_OF_A_PARAMETER);
    }
    let rank_of_field = if named.is_variable { RANK_OF_AN_ASSIGNMENT } else { 1 };
    // A field of a class: alone at the beginning of the line, or behind modifiers.
    if is_of_modifiers(before)
        && (assigned || (!named.is_variable && after.starts_with([';', ':'])))
    {
        return Some(rank_of_field);
    }
    // Or behind another one, or the brace of the class.
    let behind_other = before.rsplit(['{', '}', ';']).next().unwrap_or("");
    if is_of_modifiers(behind_other) && assigned {
        return Some(rank_of_field);
    }
    if before.ends_with("exports.") && (is_handed_on(after, &named.name) || is_left_empty(after)) {
        return Some(RANK_OF_A_KEY);
    }
    if (before.ends_with("this.") || before.ends_with("exports.")) && assigned {
        return Some(1);
    }
    // Behind a condition, as a variable that nobody declared.
    let is_behind_condition = before.trim_end().ends_with(')') || last_word == "else";
    if (before.ends_with('.') || is_behind_condition) && assigned {
        return Some(RANK_OF_AN_ASSIGNMENT);
    }
    let makes_container = after.strip_prefix(':').is_some_and(is_new_container);
    if (assigned || ends_name) && !makes_container && is_in_declaration(before) {
        return Some(if assigned { RANK_OF_A_VARIABLE } else { RANK_OF_A_KEY });
    }
    let quote = ['\'', '"', '`'].into_iter().find(|&quote| before.ends_with(quote));
    let behind = quote.and_then(|quote| after.strip_prefix(quote));
    if let Some(value) = behind.and_then(|behind| behind.trim_start().strip_prefix(','))
        && may_be_argument(&before[..before.len() - 1])
    {
        return Some(match value.trim_start() {
            value if !named.is_function && is_function(value) => RANK_OF_A_CALLBACK,
            value if value.starts_with(['[', '{']) || is_new_container(value) => RANK_OF_A_CALL,
            _ => RANK_OF_A_CALL_WITH_ANY,
        });
    }
    if makes_container {
        return Some(RANK_OF_A_NEW_CONTAINER);
    }
    // A property of a literal, or one that a symbol or string names.
    let is_key = behind.is_some_and(|behind| is_behind_key(behind.trim_start()));
    if is_key
        || after.starts_with(':')
        || (before.ends_with(['[', '\'', '"']) && after.contains('='))
    {
        return Some(if quote.is_some() && !is_key { RANK_OF_A_TEXT } else { RANK_OF_A_KEY });
    }
    None
}

/// Whether a text behind this one in its line may be handed to a function: it is not the value of a key, the first
/// of an array, or what something is compared with.
fn may_be_argument(before: &str) -> bool {
    let before = before.trim_end();
    before.is_empty() || before.ends_with(['(', ','])
}

/// Whether a value begins as a function.
fn is_function(value: &str) -> bool {
    let value = value.trim_start();
    let value = value.strip_prefix("async ").map_or(value, str::trim_start);
    let word = value.split(|c: char| !is_word(c)).next().unwrap_or("");
    let is_arrow = || value[word.len()..].trim_start().starts_with("=>");
    word == "function" || value.starts_with('(') || (!word.is_empty() && is_arrow())
}

/// Whether a value begins as an array or object that is empty, or is made by a constructor.
fn is_new_container(value: &str) -> bool {
    let value = value.trim_start();
    is_empty_literal(value) || value.starts_with("new ") || value.starts_with("Object.create(")
}

/// Whether what is behind a string in quotes makes that the key of a value: in a literal, or in an assignment.
fn is_behind_key(behind: &str) -> bool {
    let assigned = behind.strip_prefix(']').map(str::trim_start);
    behind.starts_with(':')
        || assigned.is_some_and(|behind| behind.starts_with('=') && !behind.starts_with("=="))
        || assigned.is_some_and(|behind| behind.starts_with("??=") || behind.starts_with("||="))
}

/// Whether a word behind this text of a line may be one of a list of variables but the first, or be
/// unpacked.
fn may_be_in_list(before: &str) -> bool {
    let before = before.trim_end();
    before.is_empty() || before.ends_with([',', '{', '[', ':', '.'])
}

/// Whether a word behind this text of a line may be a parameter, or be unpacked from one.
fn may_be_parameter(before: &str) -> bool {
    may_be_in_list(before) || before.trim_end().ends_with('(')
}

/// Whether what is behind a name assigns it the variable of that name, which is declared elsewhere.
fn is_handed_on(after: &str, name: &str) -> bool {
    let value = after.strip_prefix('=').map(str::trim_start);
    let behind = value.and_then(|value| value.strip_prefix(name));
    behind.is_some_and(|behind| behind.is_empty() || behind.starts_with([';', ',']))
}

/// Whether a name, maybe with others, is given no value yet, as compilers announce what a module exports.
fn is_left_empty(after: &str) -> bool {
    let statement = after.split(';').next().unwrap_or("");
    statement.rsplit('=').next().is_some_and(|value| value.trim() == "void 0")
}

/// Whether the statement that a place is in is one that exports something.
pub(super) fn is_exported_at(source: &str, place: usize) -> bool {
    let line = source[..place].rsplit('\n').next().unwrap_or("");
    statement_of(line).starts_with("export ")
}

/// The beginning of the statement that a text of a line ends in.
fn statement_of(before: &str) -> &str {
    before.rsplit(';').next().unwrap_or("").trim_start()
}

/// Whether a text of a line ends in a statement that declares or exports something, though maybe not the
/// word behind the text: a parameter, or what is exported.
fn is_in_declaration(before: &str) -> bool {
    let statement = statement_of(before);
    ["const ", "let ", "var ", "export "].iter().any(|keyword| {
        let mut places = statement.match_indices(keyword).map(|(at, _)| at);
        places.any(|at| at == 0 || statement[..at].ends_with(' '))
    })
}

/// Whether a text is nothing but words that may stand before the name of a field.
fn is_of_modifiers(text: &str) -> bool {
    text.split_whitespace().all(is_modifier)
}

/// Whether a word may stand before the name of a member of a class.
pub(super) fn is_modifier(word: &str) -> bool {
    const OF_MEMBERS: [&str; 7] =
        ["static", "readonly", "private", "public", "protected", "override", "accessor"];
    OF_MEMBERS.contains(&word)
}
