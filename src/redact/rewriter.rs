//! The rewriter itself: bytes of a snapshot in, bytes of a redacted one out.

use super::bits::Bits;
use super::meta::{EdgeKind, Meta};
use super::numbers::{Numbers, write_number};
use super::texts::Salt;
use crate::error::{Error, Result};

/// The header is some 2 KB.
const MAX_HEADER_BYTES: usize = 1 << 20;
/// The longest top-level key is `trace_function_infos`.
const MAX_KEY_BYTES: usize = 64;
/// V8 cuts strings to 1024 units, each at most an escape of six bytes. Others may not.
const MAX_TEXT_BYTES: usize = 1 << 30;

/// Redacts one snapshot as it streams by. See the module docs.
pub struct Redactor {
    salt: Salt,
    state: State,
    depth: u32,
    offset: u64,
    section: Section,
    key: Vec<u8>,
    text: Vec<u8>,
    header: Vec<u8>,
    meta: Meta,
    numbers: Numbers,
    column: usize,
    row: Vec<u64>,
    first: bool,
    graph: Graph,
    strings: u64,
    labels: Bits,
    values: Bits,
    keys: Bits,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Outside,
    Inside,
    AfterBackslash,
    Done,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Section {
    Other,
    Header,
    Nodes,
    Edges,
    /// Rows some of whose columns are strings.
    Rows(RowKind),
    Strings,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum RowKind {
    TraceFunctions,
    ContextVariables,
}

/// How a string is used: which of its entries in the new table is meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Use {
    Label,
    Value,
    /// The key of a dictionary: data, unless the program has it as a label elsewhere.
    Key,
}

/// Entries for each string.
const USES: u64 = 3;

/// What is remembered of the nodes, and where the edges are.
#[derive(Debug, Default)]
struct Graph {
    types: Vec<u8>,
    names: Vec<u32>,
    edge_counts: Vec<u32>,
    owner: usize,
    /// The edges of the owner so far: type, name, target.
    edges: Vec<[u64; 3]>,
    /// Name of the arrays that hold elements, once one was seen.
    elements_name: Option<u32>,
    /// User roots and what they refer to: dictionaries of V8's own, whose keys are labels.
    own: Bits,
    user_roots: Vec<usize>,
}

impl Redactor {
    /// A redactor that has seen nothing yet.
    pub fn new(salt: Salt) -> Self {
        Self {
            salt,
            state: State::Outside,
            depth: 0,
            offset: 0,
            section: Section::Other,
            key: Vec::new(),
            text: Vec::new(),
            header: Vec::new(),
            meta: Meta::default(),
            numbers: Numbers::default(),
            column: 0,
            row: Vec::new(),
            first: true,
            graph: Graph::default(),
            strings: 0,
            labels: Bits::default(),
            values: Bits::default(),
            keys: Bits::default(),
        }
    }

    /// Takes the next bytes of the snapshot and appends what is ready to `out`.
    ///
    /// # Errors
    ///
    /// `ERR_INVALID_SNAPSHOT` when they cannot belong to a snapshot.
    pub fn push(&mut self, mut bytes: &[u8], out: &mut Vec<u8>) -> Result<()> {
        while !bytes.is_empty() {
            let used = match (self.state, self.section) {
                (State::Outside, Section::Nodes | Section::Edges | Section::Rows(_))
                    if self.depth == 2 =>
                {
                    self.take_numbers(bytes, out)?
                }
                (State::Outside | State::Done, _) => {
                    self.take_structure(bytes[0], out)?;
                    1
                }
                (State::Inside | State::AfterBackslash, _) => self.take_text(bytes, out)?,
            };
            self.offset += used as u64;
            bytes = &bytes[used..];
        }
        Ok(())
    }

    fn invalid(&self, message: &str) -> Error {
        Error::invalid(self.offset, message)
    }

    fn take_structure(&mut self, byte: u8, out: &mut Vec<u8>) -> Result<()> {
        if self.section == Section::Header {
            self.keep_header(&[byte])?;
        }
        match byte {
            b'"' => {
                self.state = State::Inside;
                self.text.clear();
                return Ok(());
            }
            b'{' | b'[' => {
                if self.depth == 1 {
                    self.begin_section(byte)?;
                }
                self.depth += 1;
            }
            b'}' | b']' => {
                let depth = self.depth.checked_sub(1);
                self.depth = depth.ok_or_else(|| self.invalid("a bracket closes nothing"))?;
                if self.depth == 1 {
                    self.end_section()?;
                } else if self.depth == 0 {
                    self.state = State::Done;
                }
            }
            b',' if self.section == Section::Strings => return Ok(()),
            _ => {}
        }
        out.push(byte);
        Ok(())
    }

    fn begin_section(&mut self, byte: u8) -> Result<()> {
        let known = !self.meta.edge_kinds.is_empty();
        self.section = match (self.key.as_slice(), byte) {
            (b"snapshot", b'{') => Section::Header,
            (b"nodes", b'[') if known => Section::Nodes,
            (b"edges", b'[') if known => Section::Edges,
            (b"trace_function_infos", b'[') if known => Section::Rows(RowKind::TraceFunctions),
            (b"scope_context_vars", b'[') => Section::Rows(RowKind::ContextVariables),
            (b"strings", b'[') => Section::Strings,
            (b"nodes" | b"edges", _) => {
                return Err(self.invalid("`nodes` comes before the header"));
            }
            _ => Section::Other,
        };
        if self.section == Section::Header {
            self.header = vec![byte];
        }
        self.first = true;
        self.column = 0;
        self.row.clear();
        Ok(())
    }

    fn end_section(&mut self) -> Result<()> {
        if self.section == Section::Header {
            self.meta = Meta::parse(&self.header).map_err(|what| self.invalid(&what))?;
        }
        self.section = Section::Other;
        Ok(())
    }

    fn keep_header(&mut self, bytes: &[u8]) -> Result<()> {
        if self.header.len() + bytes.len() > MAX_HEADER_BYTES {
            return Err(self.invalid("the `snapshot` header does not end"));
        }
        self.header.extend_from_slice(bytes);
        Ok(())
    }

    fn take_text(&mut self, bytes: &[u8], out: &mut Vec<u8>) -> Result<usize> {
        let used = match self.state {
            State::AfterBackslash => {
                self.state = State::Inside;
                1
            }
            _ => match memchr::memchr2(b'"', b'\\', bytes) {
                Some(at) if bytes[at] == b'"' => {
                    self.state = State::Outside;
                    at + 1
                }
                Some(at) => {
                    self.state = State::AfterBackslash;
                    at + 1
                }
                None => bytes.len(),
            },
        };
        let ended = self.state == State::Outside;
        let kept = &bytes[..used - usize::from(ended)];
        if self.text.len() + kept.len() > MAX_TEXT_BYTES {
            return Err(self.invalid("a string does not end"));
        }
        self.text.extend_from_slice(kept);
        if self.section == Section::Header {
            self.keep_header(&bytes[..used])?;
        }
        if ended {
            self.end_text(out)?;
        }
        Ok(used)
    }

    fn end_text(&mut self, out: &mut Vec<u8>) -> Result<()> {
        if self.section == Section::Strings {
            if self.depth != 2 {
                return Err(self.invalid("`strings` holds something else than strings"));
            }
            self.write_string(out);
            return Ok(());
        }
        if self.depth == 1 {
            self.key.clear();
            self.key.extend_from_slice(&self.text[..self.text.len().min(MAX_KEY_BYTES)]);
        } else if self.section != Section::Header {
            // Outside the header there are texts in `strings` only.
            return Err(self.invalid("a string where a number belongs"));
        }
        out.push(b'"');
        out.extend_from_slice(&self.text);
        out.push(b'"');
        Ok(())
    }

    /// The entries of a string, in the order of [`Use`].
    fn write_string(&mut self, out: &mut Vec<u8>) {
        let index = self.strings as usize;
        self.strings += 1;
        if index > 0 {
            out.push(b',');
        }
        out.push(b'"');
        // The first entry is V8's `<dummy>`.
        let is_label = self.labels.contains(index);
        if is_label || (index == 0 && self.text == b"<dummy>") {
            self.salt.write_label(&self.text, out);
        }
        out.extend_from_slice(b"\",\"");
        if self.values.contains(index) {
            self.salt.write_token(&self.text, out);
        }
        out.extend_from_slice(b"\",\"");
        if self.keys.contains(index) {
            if is_label {
                self.salt.write_label(&self.text, out);
            } else {
                self.salt.write_token(&self.text, out);
            }
        }
        out.push(b'"');
    }

    fn take_numbers(&mut self, bytes: &[u8], out: &mut Vec<u8>) -> Result<usize> {
        let mut numbers = std::mem::take(&mut self.numbers);
        let taken = numbers.take(bytes, |value| self.take_number(value, out));
        self.numbers = numbers;
        let (used, ended) = taken?;
        if ended {
            if self.column != 0 {
                return Err(self.invalid("an array ends in the middle of a row"));
            }
            if self.section == Section::Edges && self.graph.owner < self.graph.types.len() {
                return Err(self.invalid("`edges` has fewer rows than the nodes promise"));
            }
            self.depth -= 1;
            self.section = Section::Other;
            out.push(b']');
        }
        Ok(used)
    }

    fn take_number(&mut self, value: u64, out: &mut Vec<u8>) -> Result<()> {
        self.row.push(value);
        self.column += 1;
        let fields = match self.section {
            Section::Nodes => self.meta.node_fields,
            Section::Edges => self.meta.edge_fields,
            Section::Rows(RowKind::TraceFunctions) => self.meta.trace_strings.len().max(1),
            _ => 1,
        };
        if self.column < fields {
            return Ok(());
        }
        self.column = 0;
        match self.section {
            Section::Nodes => self.end_node(out)?,
            Section::Edges => self.end_edge(out)?,
            _ => self.end_row(out),
        }
        self.row.clear();
        Ok(())
    }

    fn end_row(&mut self, out: &mut Vec<u8>) {
        for at in 0..self.row.len() {
            let is_string = match self.section {
                Section::Rows(RowKind::ContextVariables) => true,
                _ => self.meta.trace_strings.get(at).copied().unwrap_or(false),
            };
            let value = if is_string { self.refer(self.row[at], Use::Label) } else { self.row[at] };
            write_number(value, self.first, out);
            self.first = false;
        }
    }

    /// The new number of a string that is used so.
    fn refer(&mut self, index: u64, use_: Use) -> u64 {
        // An index beyond 32 bits names no string. It stays out of range, without memory for it.
        if let Ok(index) = u32::try_from(index) {
            let used = match use_ {
                Use::Label => &mut self.labels,
                Use::Value => &mut self.values,
                Use::Key => &mut self.keys,
            };
            if index < 1 << 30 {
                used.insert(index as usize);
            }
        }
        index.saturating_mul(USES).saturating_add(use_ as u64)
    }

    fn end_node(&mut self, out: &mut Vec<u8>) -> Result<()> {
        let [kind, name, edges] = [self.meta.node_type, self.meta.node_name, self.meta.node_edges]
            .map(|column| self.row[column]);
        let narrow = |value: u64| u32::try_from(value);
        let (Ok(kind), Ok(narrow_name), Ok(edges)) =
            (u8::try_from(kind), narrow(name), narrow(edges))
        else {
            return Err(self.invalid("a number of a node is too large"));
        };
        let is_value = self.meta.is_value.get(usize::from(kind)).copied().unwrap_or(true);
        self.graph.types.push(kind);
        self.graph.names.push(narrow_name);
        self.graph.edge_counts.push(edges);
        let use_ = if is_value { Use::Value } else { Use::Label };
        self.row[self.meta.node_name] = self.refer(name, use_);
        for at in 0..self.row.len() {
            write_number(self.row[at], self.first, out);
            self.first = false;
        }
        Ok(())
    }

    fn end_edge(&mut self, out: &mut Vec<u8>) -> Result<()> {
        self.skip_owners_without_edges();
        let Some(&count) = self.graph.edge_counts.get(self.graph.owner) else {
            return Err(self.invalid("`edges` has more rows than the nodes promise"));
        };
        let columns = [self.meta.edge_type, self.meta.edge_name, self.meta.edge_to];
        self.graph.edges.push(columns.map(|column| self.row[column]));
        if self.graph.edges.len() == count as usize {
            self.write_edges(out);
            self.graph.owner += 1;
            self.skip_owners_without_edges();
        }
        Ok(())
    }

    fn skip_owners_without_edges(&mut self) {
        while self.graph.edge_counts.get(self.graph.owner) == Some(&0) {
            self.graph.owner += 1;
        }
    }

    /// All edges of a node, of which it is only now known what the names of its properties are.
    fn write_edges(&mut self, out: &mut Vec<u8>) {
        let edges = std::mem::take(&mut self.graph.edges);
        self.note_user_roots(&edges);
        let use_of_keys = if self.is_dictionary(&edges) { Use::Key } else { Use::Label };
        for &[kind, name, target] in &edges {
            let name = match self.meta.edge_kind(kind) {
                EdgeKind::Numbered | EdgeKind::Element => name,
                EdgeKind::Property => self.refer(name, use_of_keys),
                _ => self.refer(name, Use::Label),
            };
            let mut row = [0; 3];
            // The three columns in the order of the file.
            let columns = [self.meta.edge_type, self.meta.edge_name, self.meta.edge_to];
            for (column, value) in columns.into_iter().zip([kind, name, target]) {
                row[column] = value;
            }
            for value in row {
                write_number(value, self.first, out);
                self.first = false;
            }
        }
        self.graph.edges = edges;
        self.graph.edges.clear();
    }

    /// Shortcuts of the root lead to the user roots. Those, and what they refer to, are V8's own.
    fn note_user_roots(&mut self, edges: &[[u64; 3]]) {
        let owner = self.graph.owner;
        let of_root = owner == 0;
        if !of_root && !self.graph.user_roots.contains(&owner) {
            return;
        }
        for &[kind, _, target] in edges {
            let target = target as usize / self.meta.node_fields;
            if target >= self.graph.types.len() {
                continue;
            }
            if !of_root {
                self.graph.own.insert(target);
            } else if self.meta.edge_kind(kind) == EdgeKind::Shortcut {
                self.graph.own.insert(target);
                self.graph.user_roots.push(target);
            }
        }
    }

    /// Whether the owner of `edges` keeps its properties in a dictionary: an array that it refers
    /// to internally and that holds no elements. The array of a Map has an empty name, like the
    /// root; elements are known by an object that has some.
    fn is_dictionary(&mut self, edges: &[[u64; 3]]) -> bool {
        let empty_name = self.graph.names.first().copied();
        let arrays = || {
            edges.iter().filter_map(|&[kind, _, target]| {
                let target = target as usize / self.meta.node_fields;
                let is_array = self.meta.edge_kind(kind) == EdgeKind::Internal
                    && self.graph.types.get(target).copied() == self.meta.array_type;
                let name = self.graph.names.get(target).copied();
                name.filter(|_| is_array && name != empty_name)
            })
        };
        let mut names = arrays();
        let (first, second) = (names.next(), names.next());
        if self.graph.elements_name.is_none() {
            let has_elements =
                edges.iter().any(|&[kind, ..]| self.meta.edge_kind(kind) == EdgeKind::Element);
            // V8 lists properties before elements.
            self.graph.elements_name = match (first, second) {
                (Some(_), Some(elements)) => Some(elements),
                (Some(elements), None) if has_elements => Some(elements),
                _ => None,
            };
        }
        let elements_name = self.graph.elements_name;
        let dictionary = arrays().any(|name| Some(name) != elements_name);
        dictionary && !self.graph.own.contains(self.graph.owner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `root` -> `object` with the string value `secret`, which is also the name of a property.
    const DOCUMENT: &str = concat!(
        r#"{"snapshot":{"meta":{"node_fields":["type","name","id","edge_count"],"#,
        r#""node_types":[["hidden","array","string","object"]],"#,
        r#""edge_fields":["type","name_or_index","to_node"],"#,
        r#""edge_types":[["element","property","internal","shortcut"]]},"#,
        r#""node_count":5,"edge_count":6},"nodes":[0,1,1,2,3,2,3,2,2,3,5,0,3,2,7,2,1,6,9,0],"#,
        r#""edges":[1,4,4,1,5,12,1,3,8,0,7,8,1,3,8,2,5,16],"#,
        r#""strings":["<dummy>","","Box","secret","box","properties","(object properties)"]}"#,
    );

    fn redact(document: &str, chunk: usize) -> Result<serde_json::Value> {
        let (mut redactor, mut out) = (Redactor::new(Salt::new(Some("salt"))), Vec::new());
        for piece in document.as_bytes().chunks(chunk) {
            redactor.push(piece, &mut out)?;
        }
        Ok(serde_json::from_slice(&out).unwrap())
    }

    #[test]
    fn values_go_and_labels_stay_however_it_is_cut() {
        let whole = redact(DOCUMENT, DOCUMENT.len()).unwrap();
        for chunk in 1..60 {
            assert_eq!(redact(DOCUMENT, chunk).unwrap(), whole);
        }
        let strings = whole["strings"].as_array().unwrap();
        let name = |index: &serde_json::Value| strings[index.as_u64().unwrap() as usize].as_str();
        let node = |node: usize| name(&whole["nodes"][node * 4 + 1]).unwrap();
        let edge = |edge: usize| name(&whole["edges"][edge * 3 + 1]).unwrap();
        assert_eq!([node(0), node(1), node(3)], ["", "Box", "Box"]);
        assert!(node(2).starts_with("~8~"));
        assert_eq!([edge(0), edge(2), edge(5)], ["box", "secret", "properties"]);
        assert_eq!(edge(4), "secret", "the key of a dictionary that is a label elsewhere");
        assert_eq!(whole["edges"][3 * 3 + 1], 7, "numbers of elements stay");
    }

    #[test]
    fn a_key_of_a_dictionary_that_is_no_label_is_a_value() {
        let document = DOCUMENT.replace("1,3,8,0,7,8", "1,4,8,0,7,8");
        let redacted = redact(&document, 9).unwrap();
        let name =
            |index: &serde_json::Value| &redacted["strings"][index.as_u64().unwrap() as usize];
        assert_eq!(name(&redacted["edges"][4 * 3 + 1]), name(&redacted["nodes"][2 * 4 + 1]));
        assert!(!redacted["strings"].as_array().unwrap().iter().any(|text| text == "secret"));
    }

    #[test]
    fn what_is_no_snapshot_is_refused() {
        let cases = [
            DOCUMENT.replace("\"snapshot\"", "\"snapshut\""),
            DOCUMENT.replace("[1,4,4,", "[1,4,"),
            DOCUMENT.replace("[1,4,4,", "[1,4,4,1,4,4,"),
            DOCUMENT.replace("\"type\"", "\"tipe\""),
            DOCUMENT.replace("[\"<dummy>\"", "[[\"<dummy>\"]"),
            "}".into(),
        ];
        for case in cases {
            assert_eq!(redact(&case, 7).unwrap_err().code(), "ERR_INVALID_SNAPSHOT", "{case}");
        }
    }
}
