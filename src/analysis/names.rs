//! Which strings of a snapshot mean something to the algorithms.
//!
//! Chrome DevTools compares names with literals in the middle of its graph walks. Here the string
//! table is read once, and each string gets one byte that says which of those literals it is, so
//! that a walk compares a byte. Time: one pass over the strings; memory: a byte a string, and 16
//! bytes for each name of an ephemeron edge.

use std::collections::HashMap;

use crate::control::Control;
use crate::error::Result;
use crate::graph::{EdgeLabel, EdgeType, HeapGraph, NodeIndex, StringIndex};
use crate::snapshot::StringTable;

/// What a string is to the algorithms. A string is at most one of these.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Known {
    /// Nothing special.
    Other,
    /// The name of one of the two edges of a WeakMap entry.
    Ephemeron,
    /// `Object`
    Object,
    /// `Array`
    Array,
    /// `__proto__`
    Proto,
    /// `elements`
    Elements,
    /// `map`
    Map,
    /// `native_context`
    NativeContextEdge,
    /// `sloppy_function_map`
    SloppyFunctionMap,
    /// `(map descriptors)`
    MapDescriptors,
    /// `(Document DOM trees)`
    DocumentDomTrees,
    /// `system / ExternalStringData`
    ExternalStringData,
    /// `system / JSArrayBufferData`
    ArrayBufferData,
    /// Exactly `system / NativeContext`.
    NativeContext,
    /// `system / NativeContext / ...`, or either form with `Detached ` before it.
    NativeContextVariant,
    /// `system / Context`, also with ` / ...` after it.
    Context,
    /// `first`
    First,
    /// `second`
    Second,
    /// `V8EventListener`
    EventListener,
    /// `code`
    Code,
    /// `1`
    One,
    /// Another name that begins with `<` or with `Detached <`: class names are cut there.
    Markup,
    /// Another name that begins with `Detached `.
    Detached,
}

/// The parts of an ephemeron edge's name that matter.
#[derive(Clone, Copy, Debug)]
struct Ephemeron {
    string: StringIndex,
    /// The id of the WeakMap's table, where it fits 32 bits.
    table_id: Option<u32>,
    /// Equal for the two edges of one entry.
    pair: u32,
}

/// The known names of one snapshot.
#[derive(Debug, Default)]
pub struct KnownNames {
    tags: Vec<Known>,
    /// Sorted by string.
    ephemerons: Vec<Ephemeron>,
    pair_count: u32,
}

impl KnownNames {
    /// Reads the string table.
    pub fn new(strings: &StringTable, control: &Control) -> Result<Self> {
        let mut tags = Vec::with_capacity(strings.len());
        let mut ephemerons = Vec::new();
        let mut pairs: HashMap<&[u8], u32> = HashMap::new();
        for at in 0..strings.len() {
            control.checkpoint_at(at)?;
            let string = StringIndex(at as u32);
            let text = strings.get(string);
            let tag = classify(text);
            tags.push(tag);
            if tag == Known::Ephemeron
                && let Some(name) = parse_ephemeron(text)
            {
                let next = pairs.len() as u32;
                let pair = *pairs.entry(name.pair).or_insert(next);
                ephemerons.push(Ephemeron { string, table_id: name.table_id, pair });
            }
        }
        let pair_count = pairs.len() as u32;
        Ok(Self { tags, ephemerons, pair_count })
    }

    /// What a string is.
    #[inline(always)]
    pub fn of(&self, string: StringIndex) -> Known {
        self.tags.get(string.at()).copied().unwrap_or(Known::Other)
    }

    /// The first string that is `known`.
    pub fn first(&self, known: Known) -> Option<StringIndex> {
        let at = self.tags.iter().position(|&tag| tag == known)?;
        Some(StringIndex(at as u32))
    }

    /// What the name of a node in the file is.
    #[inline(always)]
    pub fn of_node(&self, graph: &HeapGraph, node: NodeIndex) -> Known {
        self.of(graph.name_index(node))
    }

    /// What the name of an edge is. Numbered edges have no known name.
    #[inline(always)]
    pub fn of_edge(&self, label: EdgeLabel) -> Known {
        if label.edge_type().is_numbered() {
            Known::Other
        } else {
            self.of(StringIndex(label.raw_name()))
        }
    }

    /// Whether an edge belongs to an entry of a WeakMap: internal, and named like one.
    #[inline(always)]
    pub fn is_ephemeron(&self, label: EdgeLabel) -> bool {
        label.edge_type() == EdgeType::INTERNAL
            && self.of(StringIndex(label.raw_name())) == Known::Ephemeron
    }

    /// The id of the WeakMap's table in the name of an ephemeron edge.
    pub fn ephemeron_table(&self, label: EdgeLabel) -> Option<u32> {
        self.ephemeron(label)?.table_id
    }

    /// The entry that an ephemeron edge belongs to: equal for the edge from the table and the one
    /// from the key. Below [`Self::pair_count`].
    pub fn ephemeron_pair(&self, label: EdgeLabel) -> Option<u32> {
        Some(self.ephemeron(label)?.pair)
    }

    /// How many WeakMap entries there are by name.
    pub fn pair_count(&self) -> u32 {
        self.pair_count
    }

    fn ephemeron(&self, label: EdgeLabel) -> Option<&Ephemeron> {
        let string = StringIndex(label.raw_name());
        let at = self.ephemerons.binary_search_by_key(&string, |name| name.string).ok()?;
        Some(&self.ephemerons[at])
    }
}

pub(super) fn classify(text: &[u8]) -> Known {
    match text {
        b"Object" => Known::Object,
        b"Array" => Known::Array,
        b"__proto__" => Known::Proto,
        b"elements" => Known::Elements,
        b"map" => Known::Map,
        b"native_context" => Known::NativeContextEdge,
        b"sloppy_function_map" => Known::SloppyFunctionMap,
        b"(map descriptors)" => Known::MapDescriptors,
        b"(Document DOM trees)" => Known::DocumentDomTrees,
        b"system / ExternalStringData" => Known::ExternalStringData,
        b"system / JSArrayBufferData" => Known::ArrayBufferData,
        b"system / NativeContext" => Known::NativeContext,
        b"system / Context" => Known::Context,
        b"first" => Known::First,
        b"second" => Known::Second,
        b"V8EventListener" => Known::EventListener,
        b"code" => Known::Code,
        b"1" => Known::One,
        _ => classify_by_prefix(text),
    }
}

fn classify_by_prefix(text: &[u8]) -> Known {
    match text {
        [b'<', ..] => Known::Markup,
        [b'0'..=b'9', .., b')'] if parse_ephemeron(text).is_some() => Known::Ephemeron,
        [b's', ..] if text.starts_with(b"system / NativeContext / ") => Known::NativeContextVariant,
        [b's', ..] if text.starts_with(b"system / Context / ") => Known::Context,
        [b'D', ..] => match text.strip_prefix(b"Detached ") {
            Some([b'<', ..]) => Known::Markup,
            Some(rest) if is_native_context_name(rest) => Known::NativeContextVariant,
            Some(_) => Known::Detached,
            None => Known::Other,
        },
        _ => Known::Other,
    }
}

fn is_native_context_name(text: &[u8]) -> bool {
    text == b"system / NativeContext" || text.starts_with(b"system / NativeContext / ")
}

struct EphemeronName<'a> {
    /// The name without the position in front.
    pair: &'a [u8],
    table_id: Option<u32>,
}

/// Takes apart a name of the form `<digits> / part of key (X @<digits>) -> value (Y @<digits>)
/// pair in WeakMap (table @<digits>)`, in which X and Y hold no line break.
fn parse_ephemeron(text: &[u8]) -> Option<EphemeronName<'_>> {
    const ARROW: &[u8] = b") -> value (";
    let pair = strip_digits(text)?;
    let middle = pair.strip_prefix(b" / part of key (")?;
    let (middle, table) = split_trailing_digits(middle.strip_suffix(b")")?)?;
    let middle = middle.strip_suffix(b") pair in WeakMap (table @")?;
    // X, its id, the arrow and Y are left, and the id of Y.
    let (middle, _) = split_trailing_digits(middle)?;
    let middle = middle.strip_suffix(b" @")?;
    let splits = memchr::memmem::find_iter(middle, ARROW).any(|arrow| {
        split_trailing_digits(&middle[..arrow]).is_some_and(|(key, _)| key.ends_with(b" @"))
    });
    (splits && !has_line_break(text)).then(|| EphemeronName { pair, table_id: parse_u32(table) })
}

/// What follows one or more digits at the start.
fn strip_digits(text: &[u8]) -> Option<&[u8]> {
    let end = text.iter().position(|byte| !byte.is_ascii_digit())?;
    (end > 0).then(|| &text[end..])
}

/// What precedes one or more digits at the end, and the digits.
fn split_trailing_digits(text: &[u8]) -> Option<(&[u8], &[u8])> {
    let start = text.iter().rposition(|byte| !byte.is_ascii_digit())? + 1;
    (start < text.len()).then(|| text.split_at(start))
}

fn parse_u32(digits: &[u8]) -> Option<u32> {
    std::str::from_utf8(digits).ok()?.parse().ok()
}

/// Whether there is what a JavaScript `.` does not match: LF, CR, U+2028 or U+2029.
fn has_line_break(text: &[u8]) -> bool {
    memchr::memchr2(b'\n', b'\r', text).is_some()
        || memchr::memmem::find_iter(text, b"\xE2\x80")
            .any(|at| matches!(text.get(at + 2), Some(0xA8 | 0xA9)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table(text: &str) -> Option<Option<u32>> {
        parse_ephemeron(text.as_bytes()).map(|name| name.table_id)
    }

    #[test]
    fn the_name_of_an_ephemeron_edge_is_taken_apart() {
        let tail = "value (b @7) pair in WeakMap (table @9)";
        assert_eq!(table(&format!("3 / part of key (a @5) -> {tail}")), Some(Some(9)));
        // Names may hold the very words that separate them.
        assert_eq!(table(&format!("3 / part of key (x) -> value (a @5) -> {tail}")), Some(Some(9)));
        assert_eq!(table(&format!("3 / part of key ( @5) -> {tail}")), Some(Some(9)));
        for wrong in [
            format!("x3 / part of key (a @5) -> {tail}"),
            format!(" / part of key (a @5) -> {tail}"),
            format!("3 / part of key (a @5) -> {tail} "),
            format!("3 / part of key (a\nb @5) -> {tail}"),
            format!("3 / part of key (a\u{2028}b @5) -> {tail}"),
            format!("3 / part of key (a @) -> {tail}"),
            "3 / part of key (%s @%u) -> value (%s @%u) pair in WeakMap (table @%u)".to_owned(),
            "3 / part of key (a @5) pair in WeakMap (table @9)".to_owned(),
        ] {
            assert_eq!(table(&wrong), None, "{wrong}");
        }
        // An id that no node can have.
        assert_eq!(
            table(&format!("3 / part of key (a @5) -> {}", tail.replace('9', "99999999999"))),
            Some(None)
        );
    }

    #[test]
    fn both_edges_of_an_entry_share_a_pair() {
        let mut strings = StringTable::new();
        let tail = " / part of key (a @5) -> value (b @7) pair in WeakMap (table @9)";
        strings.push(format!("1{tail}").as_bytes());
        strings.push(b"map");
        strings.push(format!("22{tail}").as_bytes());
        let names = KnownNames::new(&strings, &Control::default()).unwrap();
        assert_eq!(names.pair_count(), 1);
        assert_eq!(names.of(StringIndex(1)), Known::Map);
        assert_eq!(names.of(StringIndex(2)), Known::Ephemeron);
        assert_eq!(names.of(StringIndex(99)), Known::Other);
    }
}
