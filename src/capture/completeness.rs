//! Whether a heap snapshot that passes by is whole.
//!
//! A capture may break off anywhere: the disk of the pipe's other end fills up, the child is
//! killed, V8 runs out of memory. The file must then never appear under its name. So every byte
//! goes through a [`Completeness`], which knows just enough JSON to see that the document closes,
//! and counts the numbers of `nodes` and `edges` against what the header promises.
//!
//! `O(n)` time, `O(1)` memory. The two large arrays are flat, so their bytes are only searched for
//! commas and the closing bracket (several GB/s); the rest is a byte-wise scan.

use memchr::{memchr, memchr_iter, memchr2};
use serde::Deserialize;

use crate::error::{Error, Result};
use crate::snapshot::BYTE_ORDER_MARK as MARK;

/// The header is some 2 KB; one that is larger than this is no header.
const MAX_HEADER_BYTES: usize = 1 << 20;
/// The longest top-level key is `trace_function_infos`.
const MAX_KEY_BYTES: usize = 64;

/// The whole document is about this much larger than its nodes and edges: 1.05 to 1.2 where there
/// are few strings. Where there are many, the estimate grows as they pass.
const STRINGS_SHARE: f64 = 1.15;

/// What a whole snapshot says about itself.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Bytes of the document, uncompressed.
    pub bytes: u64,
    /// Nodes, as in the header and checked against the array.
    pub nodes: u64,
    /// Edges, as in the header and checked against the array.
    pub edges: u64,
}

/// Follows a snapshot document as it streams by. See the module docs.
#[derive(Debug)]
pub struct Completeness {
    offset: u64,
    /// How many bytes of a byte order mark there were.
    marked: usize,
    depth: u32,
    text: Text,
    section: Section,
    key: Vec<u8>,
    header: Vec<u8>,
    promised: Option<Promised>,
    node_numbers: Tally,
    edge_numbers: Tally,
    structure_bytes: u64,
    closed: bool,
}

/// Where the scan is with respect to string literals.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Text {
    Outside,
    Inside,
    AfterBackslash,
}

/// The top-level member that the scan is in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Section {
    Header,
    Nodes,
    Edges,
    Other,
}

/// Commas and whether there was anything at all between the brackets.
#[derive(Clone, Copy, Debug, Default)]
struct Tally {
    commas: u64,
    any: bool,
}

impl Tally {
    fn add(&mut self, bytes: &[u8]) {
        self.any = self.any || bytes.iter().any(u8::is_ascii_digit);
        self.commas += memchr_iter(b',', bytes).count() as u64;
    }

    fn numbers(self) -> u64 {
        if self.any { self.commas + 1 } else { 0 }
    }
}

#[derive(Debug, Deserialize)]
struct Promised {
    meta: Meta,
    node_count: u64,
    edge_count: u64,
}

#[derive(Debug, Deserialize)]
struct Meta {
    node_fields: Vec<String>,
    edge_fields: Vec<String>,
}

impl Promised {
    fn node_numbers(&self) -> u64 {
        self.node_count.saturating_mul(self.meta.node_fields.len() as u64)
    }

    fn edge_numbers(&self) -> u64 {
        self.edge_count.saturating_mul(self.meta.edge_fields.len() as u64)
    }
}

impl Default for Completeness {
    fn default() -> Self {
        Self::new()
    }
}

impl Completeness {
    /// A check that has seen nothing yet.
    pub fn new() -> Self {
        Self {
            offset: 0,
            marked: 0,
            depth: 0,
            text: Text::Outside,
            section: Section::Other,
            key: Vec::with_capacity(MAX_KEY_BYTES),
            header: Vec::new(),
            promised: None,
            node_numbers: Tally::default(),
            edge_numbers: Tally::default(),
            structure_bytes: 0,
            closed: false,
        }
    }

    /// Looks at the next bytes of the document.
    ///
    /// # Errors
    /// `ERR_INVALID_SNAPSHOT` when they cannot belong to a snapshot.
    pub fn push(&mut self, mut bytes: &[u8]) -> Result<()> {
        while !bytes.is_empty() {
            let used = match self.text {
                Text::Outside if self.in_number_array() => self.skip_numbers(bytes),
                Text::Outside => self.step(bytes[0])?,
                _ => self.skip_text(bytes)?,
            };
            self.offset += used as u64;
            bytes = &bytes[used..];
        }
        Ok(())
    }

    /// How many nodes and edges the header promises, as soon as it has passed.
    pub fn promised(&self) -> Option<(u64, u64)> {
        self.promised.as_ref().map(|promised| (promised.node_count, promised.edge_count))
    }

    /// Bytes seen so far.
    pub fn bytes(&self) -> u64 {
        self.offset
    }

    /// How many bytes the whole document will have: exact at its end, before that an estimate from
    /// the share of the nodes and edges that have passed. `None` before the header has.
    pub fn expected_bytes(&self) -> Option<u64> {
        if self.closed {
            return Some(self.offset);
        }
        let promised = self.promised.as_ref()?;
        let total = promised.node_numbers().saturating_add(promised.edge_numbers());
        let seen = self.node_numbers.numbers() + self.edge_numbers.numbers();
        let structure = if seen < total {
            // Numbers are about equally long throughout.
            self.offset as f64 * total as f64 / seen.max(1) as f64
        } else {
            self.structure_bytes as f64
        };
        Some((structure * STRINGS_SHARE).max(self.offset as f64 * 1.01) as u64)
    }

    /// The counts of the document that ended here.
    ///
    /// # Errors
    /// `ERR_TRUNCATED_SNAPSHOT` when the document has not closed, `ERR_INVALID_SNAPSHOT` when it
    /// holds other numbers than its header promises.
    pub fn finish(&self) -> Result<Counts> {
        if !self.closed {
            return Err(Error::truncated(self.offset, "the document does not close"));
        }
        let Some(promised) = &self.promised else {
            return Err(Error::invalid(self.offset, "there is no `snapshot` header"));
        };
        let rows = [
            ("nodes", self.node_numbers.numbers(), promised.node_numbers()),
            ("edges", self.edge_numbers.numbers(), promised.edge_numbers()),
        ];
        for (name, given, expected) in rows {
            if given != expected {
                let message = format!("`{name}` holds {given} numbers, the header says {expected}");
                return Err(Error::invalid(self.offset, message));
            }
        }
        Ok(Counts { bytes: self.offset, nodes: promised.node_count, edges: promised.edge_count })
    }

    fn in_number_array(&self) -> bool {
        self.depth == 2 && matches!(self.section, Section::Nodes | Section::Edges)
    }

    /// Takes the part of `bytes` before the `]` of a flat array, or the `]` itself.
    fn skip_numbers(&mut self, bytes: &[u8]) -> usize {
        let end = memchr(b']', bytes).unwrap_or(bytes.len());
        if end == 0 {
            self.depth -= 1;
            self.section = Section::Other;
            self.structure_bytes = self.offset;
            return 1;
        }
        let tally = match self.section {
            Section::Nodes => &mut self.node_numbers,
            _ => &mut self.edge_numbers,
        };
        tally.add(&bytes[..end]);
        end
    }

    /// Takes the rest of a string literal, or as much of it as there is.
    fn skip_text(&mut self, bytes: &[u8]) -> Result<usize> {
        let used = match self.text {
            Text::AfterBackslash => {
                self.text = Text::Inside;
                1
            }
            _ => match memchr2(b'"', b'\\', bytes) {
                Some(at) => {
                    let quote = bytes[at] == b'"';
                    self.text = if quote { Text::Outside } else { Text::AfterBackslash };
                    at + 1
                }
                None => bytes.len(),
            },
        };
        if self.depth == 1 {
            let room = MAX_KEY_BYTES.saturating_sub(self.key.len());
            self.key.extend_from_slice(&bytes[..used.min(room)]);
        }
        self.keep_header(&bytes[..used])?;
        Ok(used)
    }

    /// Whether `byte` is the next of a byte order mark at the very beginning.
    fn is_marked(&mut self, byte: u8) -> bool {
        let is_next = self.offset == self.marked as u64 && MARK.get(self.marked) == Some(&byte);
        self.marked += usize::from(is_next);
        is_next
    }

    /// Takes one byte outside of string literals and number arrays.
    fn step(&mut self, byte: u8) -> Result<usize> {
        if self.is_marked(byte) {
            return Ok(1);
        }
        if (1..MARK.len()).contains(&self.marked) {
            return Err(Error::invalid(self.offset, "a byte order mark breaks off"));
        }
        if self.closed {
            return match byte {
                b' ' | b'\t' | b'\r' | b'\n' => Ok(1),
                _ => Err(Error::invalid(self.offset, "something follows the document")),
            };
        }
        self.keep_header(&[byte])?;
        match byte {
            b'"' => {
                self.text = Text::Inside;
                if self.depth == 1 {
                    self.key.clear();
                }
            }
            b'{' | b'[' => self.open(byte)?,
            b'}' | b']' => self.close()?,
            _ if self.depth == 0 && !byte.is_ascii_whitespace() => {
                return Err(Error::invalid(self.offset, "a heap snapshot begins with `{`"));
            }
            _ => {}
        }
        Ok(1)
    }

    fn open(&mut self, byte: u8) -> Result<()> {
        if self.depth == 0 && byte != b'{' {
            return Err(Error::invalid(self.offset, "a heap snapshot begins with `{`"));
        }
        if self.depth == 1 {
            // The key was kept with its closing quote.
            self.section = match (self.key.as_slice(), byte) {
                (b"snapshot\"", b'{') => Section::Header,
                (b"nodes\"", b'[') => Section::Nodes,
                (b"edges\"", b'[') => Section::Edges,
                _ => Section::Other,
            };
            if self.section == Section::Header {
                self.header.clear();
                self.header.push(byte);
            }
        }
        self.depth += 1;
        Ok(())
    }

    fn close(&mut self) -> Result<()> {
        self.depth = match self.depth.checked_sub(1) {
            Some(depth) => depth,
            None => return Err(Error::invalid(self.offset, "a bracket closes nothing")),
        };
        match self.depth {
            0 => self.closed = true,
            1 => {
                if self.section == Section::Header {
                    self.promised =
                        Some(serde_json::from_slice(&self.header).map_err(|error| {
                            Error::invalid(self.offset, format!("the `snapshot` header: {error}"))
                        })?);
                }
                self.section = Section::Other;
            }
            _ => {}
        }
        Ok(())
    }

    fn keep_header(&mut self, bytes: &[u8]) -> Result<()> {
        if self.section == Section::Header {
            if self.header.len() + bytes.len() > MAX_HEADER_BYTES {
                return Err(Error::invalid(self.offset, "the `snapshot` header does not end"));
            }
            self.header.extend_from_slice(bytes);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const WHOLE: &str = concat!(
        r#"{"snapshot":{"meta":{"node_fields":["type","name"],"edge_fields":["a","b","c"],"#,
        r#""odd\"key]}":[["x]"]]},"node_count":2,"edge_count":1,"trace_function_count":0},"#,
        "\n\"nodes\":[9,1\n,9,2\n],\n\"edges\":[1,2,3],\n\"trace_tree\":[1,[2,[]]],\n",
        r#""strings":["<dummy>","a\\","]}","\"{["]}"#,
    );

    fn check(document: impl AsRef<[u8]>, chunk: usize) -> Result<Counts> {
        let mut completeness = Completeness::new();
        for piece in document.as_ref().chunks(chunk) {
            completeness.push(piece)?;
        }
        completeness.finish()
    }

    #[test]
    fn a_whole_document_passes_however_it_is_cut() {
        for chunk in 1..=WHOLE.len() {
            let counts = check(WHOLE, chunk).unwrap();
            assert_eq!(counts, Counts { bytes: WHOLE.len() as u64, nodes: 2, edges: 1 });
        }
    }

    #[test]
    fn every_proper_prefix_is_truncated() {
        for end in 0..WHOLE.len() {
            let error = check(&WHOLE[..end], 7).unwrap_err();
            assert_eq!(error.code(), "ERR_TRUNCATED_SNAPSHOT", "cut at {end}");
        }
    }

    #[test]
    fn what_contradicts_the_header_is_invalid() {
        let cases = [
            WHOLE.replace("[9,1\n,9,2\n]", "[9,1\n,9\n]"),
            WHOLE.replace("[1,2,3]", "[]"),
            WHOLE.replace("\"snapshot\"", "\"snapshop\""),
            WHOLE.replace("\"node_count\":2", "\"node_count\":-2"),
            format!("{WHOLE}x"),
            format!("[{WHOLE}]"),
            format!("x{WHOLE}"),
            "}".to_owned(),
        ];
        for case in cases {
            for chunk in [1, 5, case.len()] {
                let error = check(&case, chunk).unwrap_err();
                assert_eq!(error.code(), "ERR_INVALID_SNAPSHOT", "{case}");
            }
        }
    }

    #[test]
    fn white_space_may_follow() {
        assert!(check(format!("{WHOLE}\n \n"), 9).is_ok());
    }

    #[test]
    fn a_byte_order_mark_may_stand_in_front_once_and_whole() {
        for chunk in 1..6 {
            let counts = check(format!("\u{feff}{WHOLE}"), chunk).unwrap();
            assert_eq!(counts.bytes, WHOLE.len() as u64 + 3);
            for broken in [&MARK[..1], &MARK[..2], &MARK[1..], b" \xbb", &MARK.repeat(2)] {
                let error = check([broken, WHOLE.as_bytes()].concat(), chunk).unwrap_err();
                assert_eq!(error.code(), "ERR_INVALID_SNAPSHOT", "{broken:?}");
            }
        }
    }

    #[test]
    fn an_endless_header_is_refused() {
        let document = format!("{{\"snapshot\":{{\"meta\":\"{}", "x".repeat(MAX_HEADER_BYTES));
        assert_eq!(check(&document, 4096).unwrap_err().code(), "ERR_INVALID_SNAPSHOT");
    }
}
