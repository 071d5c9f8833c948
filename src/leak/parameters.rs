//! What the parameters of the functions around a place of a source declare: names, and what is unpacked from
//! an argument, which may be written over several lines.
//!
//! A name behind a parenthesis or a comma may as well be an argument of a call. Only the functions around
//! the code that has captured a variable can have it as a parameter, and those are few.
//!
//! Time: linear in the pairs of the source, once. Memory: some words for each function around the place.

use std::ops::Range;

use crate::leak::blocks::{Blocks, Kind, Pair};

/// The functions around a place, the innermost first: what is between the parentheses, and the body.
pub(super) struct Parameters(Vec<(Range<usize>, Range<usize>)>);

impl Parameters {
    /// Those of the functions that a place is in.
    pub(super) fn around(blocks: &Blocks, near: usize) -> Self {
        let around = blocks.pairs.iter().rev().filter(|pair| pair.holds(near));
        let function = |body: &Pair| Some((blocks.parameters_of(body)?.range(), body.range()));
        Self(around.filter_map(function).collect())
    }

    /// A place in the function that has the name at `place` as a parameter.
    pub(super) fn scope_of(&self, blocks: &Blocks, place: usize) -> Option<usize> {
        let (list, body) = self.0.iter().find(|(list, _)| list.contains(&place))?;
        let first = blocks.pairs.partition_point(|pair| pair.open < list.start);
        let inside = blocks.pairs[first..].iter().take_while(|pair| pair.open < place);
        let mut around = inside.filter(|pair| pair.holds(place)).peekable();
        let is_unpacked = around.peek().is_some();
        let behind =
            blocks.source[place..].trim_start_matches(|c: char| !c.is_ascii() || is_part(c));
        // The key of what is unpacked is none of the names, nor are keys of an object that stands for none.
        let is_key = is_unpacked && behind.trim_start().starts_with(':');
        let is_pattern = |pair: &Pair| {
            let before = blocks.source[..pair.open].trim_end();
            pair.kind == Kind::Braces && before.ends_with(['(', '{', '[', ',', ':', '.'])
        };
        (!is_key && around.all(is_pattern)).then_some(body.start)
    }
}

fn is_part(character: char) -> bool {
    character.is_ascii_alphanumeric() || matches!(character, '_' | '$')
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Which of the one-letter names in the parentheses are parameters, as seen from `near`.
    fn parameters(source: &str, near: &str) -> String {
        let blocks = Blocks::of(source);
        let around = Parameters::around(&blocks, source.find(near).unwrap());
        let letters = source.match_indices(|c: char| c.is_ascii_lowercase());
        letters
            .filter(|&(at, _)| around.scope_of(&blocks, at).is_some())
            .map(|(_, letter)| letter)
            .collect()
    }

    #[test]
    fn parameters_are_those_of_functions_around() {
        assert_eq!(parameters("F(a){ G(b); H((c)=>{ I }) } J(d){ }", "I"), "ac");
        assert_eq!(parameters("F = (a) => (G(b), (c) => I)", "I"), "a");
        assert_eq!(parameters("F(a)(b)", "b"), "");
        assert_eq!(parameters("F(a) { } G(b) { }", "G"), "");
    }

    #[test]
    fn names_may_be_unpacked_from_parameters() {
        assert_eq!(parameters("F({ a, b: c, d = [] } = {}) { I }", "I"), "acd");
        assert_eq!(parameters("F(a, { b: { c } }, ...[d]) { I }", "I"), "acd");
        assert_eq!(parameters("F(a = { b, c: [] }, d = E(f)) { I }", "I"), "ad");
        assert_eq!(parameters("if (a) { I }", "I"), "");
    }
}
