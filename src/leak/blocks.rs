//! Which braces and parentheses of a JavaScript source belong together: enough of its structure to tell in
//! which class or function something is written.
//!
//! Strings, templates, comments and regular expressions are skipped. Whether a slash begins one of the
//! latter is told by what stands before it, as a human reader does; where that errs, or the source is
//! broken, pairs are missing and nothing worse.
//!
//! Time: linear in the source. Memory: 24 bytes a pair.

use std::ops::Range;

/// What stands between two braces or parentheses, those excluded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Pair {
    open: usize,
    close: usize,
    is_block: bool,
}

/// The pairs of a source.
pub(super) struct Blocks<'s> {
    source: &'s str,
    /// In the order in which they open.
    pairs: Vec<Pair>,
}

impl<'s> Blocks<'s> {
    /// Reads a source.
    pub(super) fn of(source: &'s str) -> Self {
        let mut pairs = Scanner { bytes: source.as_bytes(), at: 0, pairs: Vec::new() }.run();
        pairs.retain(|pair| pair.close > pair.open);
        Self { source, pairs }
    }

    /// The blocks around a place, the innermost first, and the whole source as the last one.
    pub(super) fn around(&self, place: usize) -> Vec<Range<usize>> {
        let around = self.pairs.iter().rev().filter(|pair| pair.is_block && pair.holds(place));
        around.map(Pair::range).chain(std::iter::once(0..self.source.len())).collect()
    }

    /// The innermost block around each of some places, which ascend.
    pub(super) fn innermost(&self, places: &[usize]) -> Vec<Range<usize>> {
        let mut pairs = self.pairs.iter().filter(|pair| pair.is_block).peekable();
        let mut open: Vec<&Pair> = Vec::new();
        let innermost = |&place: &usize| {
            while let Some(pair) = pairs.next_if(|pair| pair.open < place) {
                open.push(pair);
                // Those that are over by the next place never matter again.
                while open.last().is_some_and(|pair| pair.close < place) {
                    open.pop();
                }
            }
            while open.last().is_some_and(|pair| pair.close < place) {
                open.pop();
            }
            open.last().map_or(0..self.source.len(), |pair| pair.range())
        };
        places.iter().map(innermost).collect()
    }

    /// The body of the class or function that begins at a place: of a class, from its first brace; of a
    /// function, behind its parameters.
    pub(super) fn body_at(&self, place: usize) -> Option<Range<usize>> {
        let first = self.pairs.partition_point(|pair| pair.open < place);
        let is_class = self.source.get(place..).is_some_and(|text| text.starts_with("class"));
        let behind = match self.pairs.get(first) {
            Some(parameters) if !is_class && !parameters.is_block => parameters.close,
            _ => place,
        };
        let mut pairs = self.pairs[first..].iter();
        pairs.find(|pair| pair.is_block && pair.open >= behind).map(Pair::range)
    }

    /// Whether a block is the body of a class.
    pub(super) fn is_class(&self, block: &Range<usize>) -> bool {
        let before = self.source.get(..block.start.saturating_sub(1)).unwrap_or("");
        let head = before.rsplit(['{', '}', ';', '(', ')', '=', ',']).next().unwrap_or("");
        head.split_whitespace().any(|word| word == "class")
    }
}

impl Pair {
    fn holds(&self, place: usize) -> bool {
        self.open < place && place <= self.close
    }

    fn range(&self) -> Range<usize> {
        self.open + 1..self.close
    }
}

/// What is open.
enum Open {
    /// The index of a pair.
    Pair(usize),
    /// Code inside a template.
    Template,
}

struct Scanner<'s> {
    bytes: &'s [u8],
    at: usize,
    pairs: Vec<Pair>,
}

impl Scanner<'_> {
    fn run(mut self) -> Vec<Pair> {
        let mut open: Vec<Open> = Vec::new();
        // Where the last token that is no comment ended.
        let mut last = 0;
        while let Some(&byte) = self.bytes.get(self.at) {
            let start = self.at;
            self.at += 1;
            match byte {
                b'/' if self.skip_comment() => continue,
                b'/' if self.begins_regular_expression(last) => self.skip_regular_expression(),
                b'"' | b'\'' => self.skip_string(byte),
                b'`' => self.skip_template(&mut open),
                b'{' | b'(' => {
                    open.push(Open::Pair(self.pairs.len()));
                    self.pairs.push(Pair { open: start, close: 0, is_block: byte == b'{' });
                }
                b'}' if matches!(open.last(), Some(Open::Template)) => {
                    open.pop();
                    self.skip_template(&mut open);
                }
                b'}' | b')' => self.close(&mut open, start, byte == b'}'),
                _ if byte.is_ascii_whitespace() => continue,
                _ => {}
            }
            last = self.at;
        }
        self.pairs
    }

    /// Closes the innermost pair, if it is of this kind.
    fn close(&mut self, open: &mut Vec<Open>, at: usize, is_block: bool) {
        if let Some(&Open::Pair(index)) = open.last()
            && self.pairs[index].is_block == is_block
        {
            self.pairs[index].close = at;
            open.pop();
        }
    }

    fn skip_comment(&mut self) -> bool {
        let rest = &self.bytes[self.at..];
        let length = match rest.first() {
            Some(b'/') => rest.iter().position(|&byte| byte == b'\n'),
            Some(b'*') => memchr::memmem::find(&rest[1..], b"*/").map(|at| at + 3),
            _ => return false,
        };
        self.at += length.unwrap_or(rest.len());
        true
    }

    /// Whether a slash behind what ended at `last` is no division.
    fn begins_regular_expression(&self, last: usize) -> bool {
        const KEYWORDS: [&[u8]; 7] =
            [b"return", b"typeof", b"case", b"in", b"of", b"await", b"yield"];
        let before = &self.bytes[..last];
        let Some(&byte) = before.last() else { return true };
        if is_of_word(byte) {
            let start = before.iter().rposition(|&byte| !is_of_word(byte)).map_or(0, |at| at + 1);
            return KEYWORDS.contains(&&before[start..]);
        }
        !matches!(byte, b')' | b']' | b'}' | b'"' | b'\'' | b'`')
    }

    fn skip_regular_expression(&mut self) {
        let mut in_class = false;
        while let Some(&byte) = self.bytes.get(self.at) {
            match byte {
                b'\n' => return,
                b'\\' => self.at += 1,
                b'[' => in_class = true,
                b']' => in_class = false,
                b'/' if !in_class => {
                    self.at += 1;
                    return;
                }
                _ => {}
            }
            self.at += 1;
        }
    }

    fn skip_string(&mut self, quote: u8) {
        while let Some(&byte) = self.bytes.get(self.at) {
            self.at += 1;
            match byte {
                b'\\' => self.at += 1,
                b'\n' => return,
                _ if byte == quote => return,
                _ => {}
            }
        }
    }

    /// Goes on in a template, to its end or to code inside it.
    fn skip_template(&mut self, open: &mut Vec<Open>) {
        while let Some(&byte) = self.bytes.get(self.at) {
            self.at += 1;
            match byte {
                b'\\' => self.at += 1,
                b'`' => return,
                b'$' if self.bytes.get(self.at) == Some(&b'{') => {
                    self.at += 1;
                    open.push(Open::Template);
                    return;
                }
                _ => {}
            }
        }
    }
}

fn is_of_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'$') || !byte.is_ascii()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn blocks(source: &str) -> Vec<&str> {
        let blocks = Blocks::of(source);
        let of_blocks = blocks.pairs.iter().filter(|pair| pair.is_block);
        of_blocks.map(|pair| &source[pair.range()]).collect()
    }

    #[test]
    fn braces_in_texts_and_comments_are_none() {
        assert_eq!(blocks("a{b{c}d}e"), ["b{c}d", "c"]);
        assert_eq!(blocks("a{'}'}b{\"\\\"}\"}"), ["'}'", "\"\\\"}\""]);
        assert_eq!(blocks("a{/*}*/}b{// }\n}"), ["/*}*/", "// }\n"]);
        assert_eq!(blocks("f{x=/[/}]}/g}"), ["x=/[/}]}/g"]);
        assert_eq!(blocks("f{x=a/2;y=b/3}"), ["x=a/2;y=b/3"]);
        assert_eq!(blocks("f{return /}/}"), ["return /}/"]);
        assert_eq!(blocks("f{`}${g({})}}`}"), ["`}${g({})}}`", ""]);
    }

    #[test]
    fn a_broken_source_is_read_to_its_end() {
        for source in ["{", "}", "({)}", "`${", "/*", "'", "\\", "/[", "`${{", "x = '\\"] {
            Blocks::of(source);
        }
        assert_eq!(blocks("{a} } {b}"), ["a", "b"]);
    }

    #[test]
    fn places_are_in_the_blocks_around_them() {
        let source = "a { b { c } d { e } } f";
        let blocks = Blocks::of(source);
        let at = |text| source.find(text).unwrap();
        let around: Vec<&str> = blocks.around(at("e")).into_iter().map(|it| &source[it]).collect();
        assert_eq!(around, [" e ", " b { c } d { e } ", source]);
        let places = ["b", "c", "d", "e", "f"].map(at);
        let innermost = blocks.innermost(&places).into_iter().map(|it| &source[it]);
        let all = " b { c } d { e } ";
        assert_eq!(innermost.collect::<Vec<_>>(), [all, " c ", all, " e ", source]);
    }

    #[test]
    fn bodies_of_functions_are_behind_their_parameters() {
        let source = "function f({ a } = {}) { b } class C extends D { e }";
        let blocks = Blocks::of(source);
        let body = |text| blocks.body_at(source.find(text).unwrap()).map(|it| &source[it]);
        assert_eq!(body("function"), Some(" b "));
        assert_eq!(body("("), Some(" b "));
        assert_eq!(body("class"), Some(" e "));
        assert_eq!(blocks.body_at(source.len()), None);
        let class = blocks.body_at(source.find("class").unwrap()).unwrap();
        assert!(blocks.is_class(&class));
        assert!(!blocks.is_class(&blocks.body_at(0).unwrap()));
    }
}
