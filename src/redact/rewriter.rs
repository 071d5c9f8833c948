//! The rewriter itself: bytes of a snapshot in, bytes of a redacted one out. Here is the document with its sections and
//! texts; the rows of its arrays are in [`super::rows`].

use super::grammar::Grammar;
use super::meta::{Meta, is_of_format};
use super::rows::{RowKind, Rows};
use super::strings::Strings;
use super::texts::Salt;
use crate::error::{Error, Result};
use crate::snapshot::{BYTE_ORDER_MARK, check_escapes, check_header, unexpected};

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
    grammar: Grammar,
    offset: u64,
    section: Section,
    seen: Seen,
    key: Vec<u8>,
    text: Vec<u8>,
    /// Where that text begins, behind its quote.
    text_start: u64,
    /// What came last in `strings`.
    item: Item,
    header: Vec<u8>,
    /// Where that begins.
    header_start: u64,
    rows: Rows,
    strings: Strings,
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
    Rows(RowKind),
    Strings,
}

/// What there is in the array of strings.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Item {
    Start,
    Comma,
    Text,
}

/// Which sections have begun. Strings come last: what they are used for has to be known then.
#[derive(Clone, Copy, Debug, Default)]
struct Seen {
    header: bool,
    nodes: bool,
    edges: bool,
    strings: bool,
}

impl Redactor {
    /// A redactor that has seen nothing yet.
    pub fn new(salt: Salt) -> Self {
        Self {
            salt,
            state: State::Outside,
            grammar: Grammar::default(),
            offset: 0,
            section: Section::Other,
            seen: Seen::default(),
            key: Vec::new(),
            text: Vec::new(),
            text_start: 0,
            item: Item::Start,
            header: Vec::new(),
            header_start: 0,
            rows: Rows::default(),
            strings: Strings::default(),
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
                (State::Outside, Section::Rows(kind)) if self.grammar.depth() == 2 => {
                    self.take_rows(kind, bytes, out)?
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
        if BYTE_ORDER_MARK.get(self.offset as usize) == Some(&byte) {
            out.push(byte);
            return Ok(());
        }
        if self.section == Section::Strings {
            self.check_item(byte)?;
        }
        self.grammar.take(byte, self.offset)?;
        match byte {
            b'"' => {
                self.state = State::Inside;
                self.text.clear();
                self.text_start = self.offset + 1;
                return Ok(());
            }
            b'{' | b'[' if self.grammar.depth() == 2 => self.begin_section(byte)?,
            b'}' | b']' if self.grammar.depth() == 1 => self.end_section()?,
            b'}' | b']' if self.grammar.depth() == 0 => self.end_document()?,
            b',' if self.section == Section::Strings => return Ok(()),
            _ => {}
        }
        out.push(byte);
        Ok(())
    }

    /// Strings and commas take turns in `strings`, as only the strings go into the copy: there it would not
    /// show any more. And one that is not counted would move all others to the uses of their neighbours.
    fn check_item(&mut self, byte: u8) -> Result<()> {
        let wanted = if self.item == Item::Text { "',' or ']'" } else { "'\"'" };
        self.item = match (self.item, byte) {
            (item, b' ' | b'\n' | b'\r' | b'\t') => item,
            (Item::Start | Item::Comma, b'"') => Item::Text,
            (Item::Text, b',') => Item::Comma,
            (Item::Start | Item::Text, b']') => Item::Start,
            _ => return Err(unexpected(self.offset, byte, wanted, "`strings`")),
        };
        Ok(())
    }

    fn begin_section(&mut self, byte: u8) -> Result<()> {
        self.section = match (self.key.as_slice(), byte) {
            (b"snapshot", b'{') => Section::Header,
            (b"nodes", b'[') => Section::Rows(RowKind::Nodes),
            (b"edges", b'[') => Section::Rows(RowKind::Edges),
            (b"trace_function_infos", b'[') => Section::Rows(RowKind::TraceFunctions),
            (b"scope_context_vars", b'[') => Section::Rows(RowKind::ContextVariables),
            (b"locations", b'[') if self.has_columns(RowKind::Locations) => {
                Section::Rows(RowKind::Locations)
            }
            (b"samples", b'[') if self.has_columns(RowKind::Samples) => {
                Section::Rows(RowKind::Samples)
            }
            (b"strings", b'[') => Section::Strings,
            _ => Section::Other,
        };
        self.check_order()?;
        match self.section {
            Section::Header => {
                self.header = vec![byte];
                self.header_start = self.offset;
            }
            Section::Rows(kind) => self.rows.begin(kind),
            Section::Strings | Section::Other => {}
        }
        Ok(())
    }

    fn has_columns(&self, kind: RowKind) -> bool {
        self.rows.meta.columns(kind).count > 0
    }

    /// Sections may come in any order, but for those that tell what is in others.
    fn check_order(&mut self) -> Result<()> {
        let Seen { header, nodes, edges, strings } = &mut self.seen;
        let wrong = match self.section {
            Section::Other => false,
            Section::Header => std::mem::replace(header, true),
            Section::Rows(RowKind::Nodes) => !*header || *strings || std::mem::replace(nodes, true),
            Section::Rows(RowKind::Edges) => !*nodes || *strings || std::mem::replace(edges, true),
            Section::Rows(RowKind::Locations) => !*nodes,
            Section::Rows(RowKind::Samples) => false,
            Section::Rows(_) => !*header || *strings,
            Section::Strings => !*edges || std::mem::replace(strings, true),
        };
        if !wrong {
            return Ok(());
        }
        let key = String::from_utf8_lossy(&self.key);
        let order = "`snapshot`, `nodes`, `edges` and `strings` have to come once, in that order";
        Err(self.invalid(&format!("`{key}` is not where it can be redacted: {order}")))
    }

    fn end_document(&mut self) -> Result<()> {
        if !self.seen.strings {
            return Err(self.invalid("there is no `strings`"));
        }
        self.state = State::Done;
        Ok(())
    }

    fn end_section(&mut self) -> Result<()> {
        if self.section == Section::Header {
            check_header(&self.header, self.header_start)?;
            let refuse = |what: String| Error::invalid(self.header_start, what);
            self.rows.meta = Meta::parse(&self.header).map_err(refuse)?;
        } else if self.section == Section::Strings {
            self.rows.check_names(self.strings.count())?;
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
        check_escapes(&self.text, self.text_start)?;
        if self.section == Section::Strings {
            self.strings.write(&self.text, &self.salt, out);
            return Ok(());
        }
        if self.grammar.depth() == 1 {
            self.key.clear();
            self.key.extend_from_slice(&self.text[..self.text.len().min(MAX_KEY_BYTES)]);
        } else if self.section != Section::Header {
            // Outside the header there are texts in `strings` only.
            return Err(self.invalid("a string where a number belongs"));
        }
        out.push(b'"');
        if is_of_format(&self.text) {
            out.extend_from_slice(&self.text);
        } else {
            self.salt.write_token(&self.text, out);
        }
        out.push(b'"');
        Ok(())
    }

    fn take_rows(&mut self, kind: RowKind, bytes: &[u8], out: &mut Vec<u8>) -> Result<usize> {
        let (used, ended) = self.rows.take(kind, bytes, self.offset, &mut self.strings, out)?;
        if ended {
            self.grammar.end_array();
            self.section = Section::Other;
        }
        Ok(used)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `root` -> `object` with the string value `secret`, which is also the name of a property.
    const DOCUMENT: &str = concat!(
        r#"{"snapshot":{"meta":{"node_fields":["type","name","id","self_size","edge_count"],"#,
        r#""node_types":[["hidden","array","string","object"]],"#,
        r#""edge_fields":["type","name_or_index","to_node"],"#,
        r#""edge_types":[["element","property","internal","shortcut"]]},"#,
        r#""node_count":5,"edge_count":6},"nodes":[0,1,1,0,2,3,2,3,0,2,2,3,5,0,0,3,2,7,0,2,1,6,9,0,0],"#,
        r#""edges":[1,4,5,1,5,15,1,3,10,0,7,10,1,3,10,2,5,20],"#,
        r#""strings":["<dummy>","","Box","secret","box","properties","(object properties)"]}"#,
    );

    fn redact(document: &str, chunk: usize) -> Result<serde_json::Value> {
        let (mut redactor, mut out) = (Redactor::new(Salt::new(Some("salt"))), Vec::new());
        for piece in document.as_bytes().chunks(chunk) {
            redactor.push(piece, &mut out)?;
        }
        Ok(serde_json::from_slice(&out).unwrap())
    }

    /// What becomes of the strings of a snapshot where they are labels.
    fn labels<const COUNT: usize>(
        node_types: [&str; 4],
        nodes: &str,
        edges: &str,
        strings: [&str; COUNT],
    ) -> impl Fn(usize) -> String {
        let document = format!(
            r#"{{"snapshot":{{"meta":{{"node_fields":["type","name","id","self_size","edge_count"],
                "node_types":[{node_types:?}],"edge_fields":["type","name_or_index","to_node"],
                "edge_types":[["element","property","internal","shortcut"]]}},
                "node_count":9,"edge_count":9}},"nodes":[{nodes}],"edges":[{edges}],"strings":{strings:?}}}"#
        );
        let redacted = redact(&document, 9).unwrap();
        move |index| redacted["strings"][2 * index].as_str().unwrap().into()
    }

    #[test]
    fn values_go_and_labels_stay_however_it_is_cut() {
        let whole = redact(DOCUMENT, DOCUMENT.len()).unwrap();
        for chunk in 1..60 {
            assert_eq!(redact(DOCUMENT, chunk).unwrap(), whole);
        }
        let strings = whole["strings"].as_array().unwrap();
        let name = |index: &serde_json::Value| strings[index.as_u64().unwrap() as usize].as_str();
        let node = |node: usize| name(&whole["nodes"][node * 5 + 1]).unwrap();
        let edge = |edge: usize| name(&whole["edges"][edge * 3 + 1]).unwrap();
        assert_eq!([node(0), node(1), node(3)], ["", "Box", "Box"]);
        assert!(node(2).starts_with("~8~"));
        assert_eq!([edge(0), edge(2), edge(5)], ["box", "secret", "properties"]);
        assert_eq!(edge(4), "secret", "the key of a dictionary that is a label elsewhere");
        assert_eq!(whole["edges"][3 * 3 + 1], 7, "numbers of elements stay");
    }

    #[test]
    fn a_byte_order_mark_stays_in_front_and_is_wrong_elsewhere() {
        let mut redactor = Redactor::new(Salt::new(Some("salt")));
        let mut out = Vec::new();
        redactor.push(format!("\u{feff}{DOCUMENT}").as_bytes(), &mut out).unwrap();
        let document = out.strip_prefix(&BYTE_ORDER_MARK).unwrap();
        let redacted: serde_json::Value = serde_json::from_slice(document).unwrap();
        assert_eq!(redacted, redact(DOCUMENT, 9).unwrap());
        for wrong in [format!(" \u{feff}{DOCUMENT}"), format!("{DOCUMENT}\u{feff}")] {
            assert_eq!(redact(&wrong, 9).unwrap_err().code(), "ERR_INVALID_SNAPSHOT");
        }
    }

    #[test]
    fn a_key_of_a_dictionary_that_is_no_label_is_a_value() {
        let document = DOCUMENT.replace("1,3,10,0,7,10", "1,4,10,0,7,10");
        let redacted = redact(&document, 9).unwrap();
        let name =
            |index: &serde_json::Value| &redacted["strings"][index.as_u64().unwrap() as usize];
        assert_eq!(name(&redacted["edges"][4 * 3 + 1]), name(&redacted["nodes"][2 * 5 + 1]));
        assert!(!redacted["strings"].as_array().unwrap().iter().any(|text| text == "secret"));
    }

    #[test]
    fn keys_of_a_dictionary_that_a_global_variable_holds_are_values() {
        let label = labels(
            ["hidden", "array", "string", "object"],
            "0,1,1,0,1,3,2,3,0,2,1,5,5,0,0,3,6,7,0,2,1,5,9,0,0,3,6,11,0,1",
            "3,2,5,2,7,10,1,3,15,2,7,20,1,4,25,1,8,15",
            [
                "<dummy>",
                "",
                "global",
                "sessions",
                "secret",
                "(object properties)",
                "Object",
                "properties",
                "a@example.org",
            ],
        );
        assert_eq!(label(3), "sessions", "the key of the global object");
        assert!(label(4).starts_with("~8~"), "the key of what it holds");
        assert!(label(8).starts_with("~16~"), "a name of a property that looks like data");
    }

    #[test]
    fn texts_outside_of_strings_are_those_of_the_format() {
        let document = DOCUMENT
            .replace(r#""node_count":5"#, r#""title":"secret","uid":1,"node_count":5"#)
            .replace(r#""meta":{"#, r#""meta":{"secret":["secret"],"#)
            .replace(r#""nodes""#, r#""secret":"secret","nodes""#);
        let redacted = redact(&document, 9).unwrap();
        let header = &redacted["snapshot"];
        assert_eq!(header["meta"]["node_fields"][4], "edge_count");
        assert_eq!(header["node_count"], 5);
        assert!(header["title"].as_str().unwrap().starts_with("~8~"));
        let text = redacted.to_string();
        let (outside, _) = text.split_once(r#""strings""#).unwrap();
        assert!(!outside.contains("secret"), "{outside}");
    }

    #[test]
    fn names_of_functions_and_of_the_global_object_that_look_like_data_are_values() {
        let label = labels(
            ["hidden", "array", "closure", "object"],
            "0,1,1,0,1,3,2,3,0,2,2,1,5,0,2",
            "3,2,5,1,3,10,1,4,10,1,5,5,1,6,5",
            ["<dummy>", "", "global", "memo", "a@example.org", "limit", "b@example.org"],
        );
        assert_eq!([label(3), label(5)], ["memo", "limit"]);
        assert!(label(4).starts_with("~16~"), "of the global object: {}", label(4));
        assert!(label(6).starts_with("~16~"), "of a function: {}", label(6));
    }

    #[test]
    fn a_heap_without_an_edge_is_one() {
        let (start, rest) = DOCUMENT.split_once("\"nodes\"").unwrap();
        let (_, strings) = rest.split_once("\"strings\"").unwrap();
        let document = format!("{start}\"nodes\":[0,1,1,0,0],\"edges\":[],\"strings\"{strings}");
        assert_eq!(redact(&document, 9).unwrap()["nodes"], serde_json::json!([0, 2, 1, 0, 0]));
    }

    #[test]
    fn what_the_reader_refuses_in_strings_is_refused_at_the_same_byte() {
        let cases = [
            (r#""Box""#, r#""B\ox""#),
            (r#""Box""#, r#""B\u12ox""#),
            (r#""Box""#, r#""Box\u00""#),
            (r#""Box","#, r#""Box" "#),
            (r#""Box","#, r#""Box",,"#),
            (r#""Box","#, r#""Box",null,"#),
            (r#""Box","#, r#"["Box"],"#),
            (r#"(object properties)"]"#, r#"(object properties)",]"#),
            (r#"["<dummy>""#, r#"[,"<dummy>""#),
        ];
        for (good, bad) in cases {
            let document = DOCUMENT
                .replace("[0,1,1,0,2,3,2,3,0,2,2,3,5,0,0,3,2,7,0,2,1,6,9,0,0]", "[0,1,1,0,2]")
                .replace("[1,4,5,1,5,15,1,3,10,0,7,10,1,3,10,2,5,20]", "[1,4,0,1,5,0]")
                .replace(r#""node_count":5,"edge_count":6"#, r#""node_count":1,"edge_count":2"#);
            let read = |document: &str| {
                let source = crate::snapshot::Source::Bytes(document.into());
                crate::snapshot::read(source, &Default::default(), &Default::default())
            };
            assert!(read(&document).is_ok() && redact(&document, 9).is_ok());
            let document = document.replace(good, bad);
            let expected = read(&document).unwrap_err();
            for chunk in [1, 9, document.len()] {
                let error = redact(&document, chunk).unwrap_err().in_source("bytes");
                assert_eq!(error.to_string(), expected.to_string(), "{bad}");
            }
        }
    }

    #[test]
    fn what_is_no_snapshot_is_refused() {
        let cases = [
            DOCUMENT.replace("\"snapshot\"", "\"snapshut\""),
            DOCUMENT.replace("[1,4,5,", "[1,4,"),
            DOCUMENT.replace("[1,4,5,", "[1,4,5,1,4,5,"),
            DOCUMENT.replace("\"type\"", "\"tipe\""),
            DOCUMENT.replace("[\"<dummy>\"", "[[\"<dummy>\"]"),
            DOCUMENT.replace("\"nodes\"", "\"strings\":[\"secret\"],\"nodes\""),
            DOCUMENT.replace("\"strings\"", "\"edges\":[],\"strings\""),
            DOCUMENT.replace("\"strings\"", "\"stringz\""),
            DOCUMENT.replace("\"Box\"", "5,\"Box\""),
            DOCUMENT.replace("\"strings\"", "\"novel\":secret,\"strings\""),
            DOCUMENT.replace("[1,4,5,", "[1,4,-5,"),
            DOCUMENT.replace("[1,4,5,", "[1,4,\"5\","),
            DOCUMENT.replace("[1,4,5,", "[1,4,18446744073709551616,"),
            DOCUMENT.replace("\"to_node\"]", "\"to_node\",\"novel\"]"),
            "}".into(),
        ];
        for case in cases {
            assert_eq!(redact(&case, 7).unwrap_err().code(), "ERR_INVALID_SNAPSHOT", "{case}");
        }
    }
}
