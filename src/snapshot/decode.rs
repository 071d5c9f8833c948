//! The sections of a snapshot, in the order they come, into tables.
//!
//! Number arrays, which are most of a snapshot, are read by [`super::row_reader`]. Memory: the columns,
//! and a window for each lane.
//!
//! Counts from the header are checked against the size of the input before anything is reserved;
//! where that is not known, columns grow as rows arrive. So a small file cannot ask for much memory.

use super::columns::{EdgeColumns, EdgeTable, NodeColumns, NodeTable};
use super::input::Input;
use super::lists::ListTable;
use super::locations::{LocationFields, Locations};
use super::meta::Header;
use super::row_reader::{Array, read_rows};
use super::samples::Sample;
use super::source::Source;
use super::text::read_strings;
use super::{BYTE_ORDER_MARK, SnapshotTables, StringTable};
use crate::control::Control;
use crate::error::{Error, Result};
use crate::graph::HeapGraph;

/// How to read.
#[derive(Clone, Copy, Debug)]
pub struct ReadOptions {
    /// How many threads read one number array. More than the idle cores helps nobody.
    pub lanes: usize,
}

impl Default for ReadOptions {
    fn default() -> Self {
        Self { lanes: rayon::current_num_threads().max(1) }
    }
}

/// Bytes of a window: with its columns it fits a second-level cache.
const WINDOW_BYTES: usize = 256 << 10;

/// No header of a real snapshot is longer than a few kilobytes.
const MAX_HEADER_BYTES: usize = 1 << 20;

/// Reads a snapshot: plain or gzip, from whatever source. Runs on the calling thread and, with more
/// than one lane, on rayon's pool.
///
/// # Errors
///
/// `ERR_INVALID_SNAPSHOT` or `ERR_TRUNCATED_SNAPSHOT` with the source and the offset in its
/// uncompressed bytes, `ABORT_ERR`, `ERR_TIMEOUT`, `ENOMEM`, or the errno code of a failed read.
pub fn read(source: Source, options: &ReadOptions, control: &Control) -> Result<HeapGraph> {
    let name = source.name();
    read_in_windows(source, options.lanes.clamp(1, 64), WINDOW_BYTES, control)
        .map_err(|error| error.in_source(&name))
}

fn read_in_windows(
    source: Source,
    lanes: usize,
    window_bytes: usize,
    control: &Control,
) -> Result<HeapGraph> {
    let input = Input::new(source.open(control)?, window_bytes, control);
    let mut decoder = Decoder { input, lanes, header: None, tables: Parts::default() };
    decoder.document()?;
    decoder.finish()
}

/// The sections that have been read.
#[derive(Default)]
struct Parts {
    nodes: Option<NodeColumns>,
    /// Where each node's edges begin, if somebody has already added that up.
    first_edges: Option<Result<Vec<u32>>>,
    edges: Option<EdgeColumns>,
    locations: Locations,
    samples: Vec<Sample>,
    strings: Option<StringTable>,
    warnings: Vec<String>,
}

struct Decoder<'c> {
    input: Input<'c>,
    lanes: usize,
    header: Option<Header>,
    tables: Parts,
}

impl Decoder<'_> {
    fn document(&mut self) -> Result<()> {
        const INSIDE: &str = "the snapshot";
        match self.input.peek()? {
            None => return Err(Error::truncated(0, "it is empty")),
            // The first letter of `digest::MAGIC`, and of no JSON document.
            Some(b'h') => {
                let message = "it begins like a digest, which is only good as an older snapshot \
                               to compare with";
                return Err(Error::invalid(0, message));
            }
            Some(_) => {}
        }
        self.skip_byte_order_mark()?;
        self.input.expect(b'{', "the snapshot, which is one JSON object")?;
        loop {
            let start = self.input.position();
            let key = self.input.key()?;
            self.input.expect(b':', INSIDE)?;
            self.section(&key, start)?;
            match self.input.peek_token()? {
                Some(b',') => self.input.consume(1),
                Some(b'}') => {
                    self.input.consume(1);
                    break;
                }
                Some(byte) => return Err(self.input.unexpected(byte, "',' or '}'", INSIDE)),
                None => return Err(self.input.truncated(INSIDE)),
            }
        }
        if self.input.peek_token()?.is_some() {
            let at = self.input.position();
            let name = self.input.source_name();
            let warning = format!("{name}: bytes behind the snapshot, from {at} on, are ignored");
            self.tables.warnings.push(warning);
        }
        if self.input.has_bytes_behind() {
            let name = self.input.source_name();
            let warning = format!("{name}: bytes behind the compressed snapshot are ignored");
            self.tables.warnings.push(warning);
        }
        Ok(())
    }

    fn skip_byte_order_mark(&mut self) -> Result<()> {
        let first = self.input.peek()?;
        if first == Some(BYTE_ORDER_MARK[0]) && self.input.unread().starts_with(&BYTE_ORDER_MARK) {
            self.input.consume(BYTE_ORDER_MARK.len());
        }
        Ok(())
    }

    fn section(&mut self, key: &str, start: u64) -> Result<()> {
        match key {
            "snapshot" => {
                self.input.peek_token()?;
                let offset = self.input.position();
                let text = self.input.small_value(MAX_HEADER_BYTES, "`snapshot`")?;
                self.once(key, start, self.header.is_some())?;
                self.header = Some(Header::parse(&text, offset)?);
            }
            "nodes" => {
                self.once(key, start, self.tables.nodes.is_some())?;
                let header = require_header(self.header.as_ref(), key, start)?;
                let mut table = NodeTable::new(header, self.input.size_bound(), start)?;
                let array = Array { name: "nodes", fields: header.nodes.fields };
                read_rows(&mut self.input, &mut table, array, self.lanes)?;
                self.tables.nodes = Some(table.finish(start)?);
            }
            "edges" => {
                self.once(key, start, self.tables.edges.is_some())?;
                let header = require_header(self.header.as_ref(), key, start)?;
                let mut table = EdgeTable::new(header, self.input.size_bound(), start)?;
                let array = Array { name: "edges", fields: header.edges.fields };
                read_rows(&mut self.input, &mut table, array, self.lanes)?;
                self.tables.edges = Some(table.finish(start)?);
            }
            "locations" => {
                match self.header.as_ref().and_then(|h| Some((h, h.locations.as_ref()?))) {
                    Some((header, layout)) => {
                        let fields = LocationFields::new(header, layout);
                        let mut table: ListTable<_, Locations> = ListTable::new(&fields);
                        let array = Array { name: "locations", fields: layout.fields };
                        read_rows(&mut self.input, &mut table, array, self.lanes)?;
                        self.tables.locations = table.finish();
                    }
                    None => self.input.skip_value("`locations`")?,
                }
            }
            "samples" => match self.header.as_ref().and_then(|header| header.samples.as_ref()) {
                Some(layout) => {
                    let mut table: ListTable<_, Vec<Sample>> = ListTable::new(layout);
                    let array = Array { name: "samples", fields: layout.fields };
                    read_rows(&mut self.input, &mut table, array, self.lanes)?;
                    self.tables.samples = table.finish();
                }
                None => self.input.skip_value("`samples`")?,
            },
            "strings" => {
                self.once(key, start, self.tables.strings.is_some())?;
                self.tables.strings = Some(self.strings()?);
            }
            // `trace_function_infos`, `trace_tree`, and whatever newer versions add.
            _ => self.input.skip_value("a section")?,
        }
        Ok(())
    }

    /// Reads the strings. It takes one thread, so where there are more, another adds up the edges of
    /// the nodes and sorts the locations meanwhile; not beside a pipe, for which rayon's threads must
    /// not wait.
    fn strings(&mut self) -> Result<StringTable> {
        let beside = self.tables.nodes.as_mut().zip(self.header.as_ref());
        match beside {
            Some((nodes, header)) if self.lanes > 1 && !self.input.is_in_order() => {
                let locations = &mut self.tables.locations;
                let (strings, first_edges) = rayon::join(
                    || read_strings(&mut self.input),
                    || {
                        locations.sort();
                        nodes.take_first_edges(header.edge_count)
                    },
                );
                self.tables.first_edges = Some(first_edges);
                strings
            }
            _ => read_strings(&mut self.input),
        }
    }

    fn once(&self, key: &str, start: u64, seen: bool) -> Result<()> {
        if seen {
            return Err(Error::invalid(start, format!("`{key}` comes twice")));
        }
        Ok(())
    }

    /// Puts the sections together and checks what only the whole can show.
    fn finish(mut self) -> Result<HeapGraph> {
        let end = self.input.position();
        let missing = |key: &str| Error::invalid(end, format!("there is no `{key}`"));
        let header = self.header.ok_or_else(|| missing("snapshot"))?;
        let mut nodes = self.tables.nodes.ok_or_else(|| missing("nodes"))?;
        let edges = self.tables.edges.ok_or_else(|| missing("edges"))?;
        let strings = self.tables.strings.ok_or_else(|| missing("strings"))?;
        nodes.check_names(strings.len())?;
        edges.check_names(strings.len())?;
        let root = header.root(0)?;
        // Costs next to nothing if they have been sorted beside the strings.
        self.tables.locations.sort();
        let first_edge = match self.tables.first_edges {
            Some(added_up) => added_up?,
            None => nodes.take_first_edges(header.edge_count)?,
        };
        Ok(HeapGraph::new(SnapshotTables {
            root,
            node_type: nodes.types,
            node_name: nodes.names,
            node_id: nodes.ids,
            self_size: nodes.self_sizes,
            first_edge,
            edge_target: edges.targets,
            edge_label: edges.labels,
            wide_edge_numbers: edges.wide,
            oversized: nodes.oversized,
            detachedness: nodes.detachedness,
            has_detachedness: header.nodes.detachedness.is_some(),
            trace_node_id: nodes.trace_node_ids,
            locations: self.tables.locations,
            samples: self.tables.samples,
            strings,
            node_type_names: header.node_type_names,
            file_node_types: header.nodes.types,
            extra_native_bytes: header.extra_native_bytes,
            bytes: self.input.position(),
            warnings: self.tables.warnings,
        }))
    }
}

fn require_header<'h>(header: Option<&'h Header>, key: &str, start: u64) -> Result<&'h Header> {
    header.ok_or_else(|| Error::invalid(start, format!("`{key}` comes before `snapshot`")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::capture::random_token;
    use crate::graph::{EdgeType, NodeIndex, NodeType, StringIndex};
    use proptest::prelude::*;

    /// A small snapshot, its rows as given.
    fn snapshot(nodes: &str, edges: &str, strings: &str) -> String {
        format!(
            r#"{{"snapshot":{{"meta":{{"node_fields":["type","name","id","self_size","edge_count","detachedness"],
"node_types":[["hidden","array","string","object","code","closure","regexp","number","native","synthetic","concatenated string","sliced string","symbol","bigint","object shape","moon rock"],"string","number","number","number","number","number"],
"edge_fields":["type","name_or_index","to_node"],
"edge_types":[["context","element","property","internal","hidden","shortcut","weak"],"string_or_number","node"],
"location_fields":["object_index","script_id","line","column"]}},
"node_count":3,"edge_count":2,"trace_function_count":0,"extra_native_bytes":7}},
"nodes":[{nodes}],
"edges":[{edges}],
"trace_function_infos":[],
"trace_tree":[1,0,0,0,[[[{{"a":"]"}}]]]],
"samples":[],
"locations":[12,4,5,6,6,1,2,3],
"strings":{strings}}}"#
        )
    }

    const NODES: &str = "9,1,1,0,1,0\n,3,2,3,16,1,0\n,15,0,5,4294967299,0,2";
    const EDGES: &str = "1,1,6\n,1,4294967294,12";
    const STRINGS: &str = r#"["<dummy>","","Foo \"\u00e9\ud83d\ude00\ud800x\\\n"]"#;

    fn decode(text: &str) -> Result<HeapGraph> {
        read(Source::Bytes(text.as_bytes().to_vec()), &ReadOptions::default(), &Control::default())
    }

    #[test]
    fn a_snapshot_becomes_columns() {
        let graph = decode(&snapshot(NODES, EDGES, STRINGS)).unwrap();
        let tables = graph.tables();
        assert_eq!((graph.node_count(), graph.edge_count()), (3, 2));
        assert_eq!(tables.node_type, [NodeType::SYNTHETIC, NodeType::OBJECT, NodeType(16)]);
        assert_eq!(tables.node_type_names[16], "moon rock");
        let numbers = tables.file_type_numbers();
        assert_eq!((numbers[3], numbers[16]), (3, 15), "as the file has them");
        assert_eq!(tables.node_id, [1, 3, 5]);
        assert_eq!(tables.self_size, [0, 16, 3]);
        assert_eq!(tables.oversized, [(NodeIndex(2), 4_294_967_299)]);
        assert_eq!(tables.detachedness, [(NodeIndex(2), 2)]);
        assert_eq!(tables.first_edge, [0, 1, 2, 2]);
        assert_eq!(tables.extra_native_bytes, 7);
        let edge = graph.edges(NodeIndex(1)).next().unwrap();
        assert_eq!((edge.label.edge_type(), edge.target), (EdgeType::ELEMENT, NodeIndex(2)));
        assert_eq!(graph.edge_number(edge), 4_294_967_294);
        let name = graph.strings().get(StringIndex(2));
        assert_eq!(name, b"Foo \"\xc3\xa9\xf0\x9f\x98\x80\xed\xa0\x80x\\\n");
        let lines: Vec<_> =
            tables.locations.iter().map(|row| (row.node.0, row.place.line)).collect();
        assert_eq!(lines, [(1, 2), (2, 5)]);
    }

    #[test]
    fn what_contradicts_itself_is_refused_with_an_offset() {
        let check = |nodes: &str, edges: &str, strings: &str, message: &str| {
            let text = snapshot(nodes, edges, strings);
            let error = decode(&text).unwrap_err();
            assert_eq!(error.code(), "ERR_INVALID_SNAPSHOT", "{error}");
            assert!(error.to_string().contains(message), "{error}");
            assert!(error.offset().unwrap() < text.len() as u64);
        };
        check(NODES, "1,1,6,1,1,7", STRINGS, "has an edge to 7, which is no node");
        check(NODES, "1,1,6,1,1,18", STRINGS, "has an edge to 18, which is no node");
        check(NODES, "1,1,6,2,3,6", STRINGS, "edge 1 has name 3, but there are 3 strings");
        check(NODES, "1,1,6,9,3,6", STRINGS, "has an edge of type 9");
        check(NODES, "1,1,6", STRINGS, "`edges` has 1 rows, but the header says 2");
        check(NODES, "1,1,6,1,1,6,1,1,6", STRINGS, "more rows than edge_count says");
        check(&NODES.replace(",16,1", ",16,2"), EDGES, STRINGS, "the nodes have 3 edges");
        check(&NODES.replace("3,2,3", "3,8,3"), EDGES, STRINGS, "node 1 has name 8");
        check(&NODES.replace("9,1,1", "99,1,1"), EDGES, STRINGS, "has a node of type 99");
        check(NODES, EDGES, r#"["a","b","\x"]"#, "an escape that JSON does not know");
        check(NODES, EDGES, r#"["a","b","\u12g4"]"#, "not four hex digits");
        check(NODES, EDGES, r#"["a","b" "c"]"#, "',' or ']' expected");
    }

    #[test]
    fn warnings_are_few_however_many_nodes_are_too_large() {
        let text = snapshot(NODES, EDGES, STRINGS);
        let warnings = decode(&format!("{text} and more")).unwrap().tables().all_warnings("a");
        assert_eq!(warnings.len(), 2, "{warnings:?}");
        let behind = format!("bytes: bytes behind the snapshot, from {} on", text.len() + 1);
        assert!(warnings[0].starts_with(&behind), "{warnings:?}");
        assert!(warnings[1].starts_with("a: node @5 has 4294967299 bytes"), "{warnings:?}");
        let rows: Vec<_> = (0..99).map(|at| format!("3,2,{at},5000000000,0,0")).collect();
        let many = snapshot(&rows.join(","), "", STRINGS)
            .replace("\"node_count\":3,\"edge_count\":2", "\"node_count\":99,\"edge_count\":0")
            .replace("[12,4,5,6,6,1,2,3]", "[]");
        let warnings = decode(&many).unwrap().tables().all_warnings("b");
        assert_eq!(warnings.len(), 6);
        assert_eq!(warnings[5], "b: 94 more nodes have 4 GiB or more");
    }

    #[test]
    fn every_truncation_is_an_error() {
        let text = snapshot(NODES, EDGES, STRINGS);
        for length in 0..text.len() {
            let error = decode(&text[..length]).unwrap_err();
            assert_eq!(error.code(), "ERR_TRUNCATED_SNAPSHOT", "{length}: {error}");
            assert_eq!(error.offset(), Some(length as u64), "{error}");
        }
        assert!(decode(&text).is_ok());
    }

    #[test]
    fn a_header_cannot_ask_for_memory_that_the_input_does_not_fill() {
        let text = snapshot(NODES, EDGES, STRINGS);
        let error = decode(&text.replace("\"node_count\":3", "\"node_count\":300000000"));
        assert!(error.unwrap_err().to_string().contains("cannot be in an input of"));
        let error = decode(&text.replace("\"edge_count\":2", "\"edge_count\":99999999999"));
        assert!(error.unwrap_err().to_string().contains("impossible edge_count"));
    }

    #[test]
    fn gzip_is_told_by_content_and_damage_is_noticed() {
        let bytes = gzip(snapshot(NODES, EDGES, STRINGS).as_bytes());
        let read_bytes = |bytes: &[u8]| {
            let control = Control::default();
            read(Source::Bytes(bytes.to_vec()), &ReadOptions::default(), &control)
        };
        assert_eq!(read_bytes(&bytes).unwrap().node_count(), 3);
        let behind = read_bytes(&[&bytes[..], b"\0\0 and more"].concat()).unwrap();
        let warning = "bytes: bytes behind the compressed snapshot are ignored";
        assert_eq!(behind.tables().warnings, [warning]);
        let cut = read_bytes(&bytes[..bytes.len() - 9]).unwrap_err();
        assert_eq!(cut.code(), "ERR_TRUNCATED_SNAPSHOT", "{cut}");
        let mut damaged = bytes.clone();
        let at = damaged.len() - 6;
        damaged[at] ^= 1;
        let damaged = read_bytes(&damaged).unwrap_err();
        assert_eq!(damaged.code(), "ERR_INVALID_SNAPSHOT", "{damaged}");
    }

    /// What the bytes of a snapshot come from.
    #[derive(Clone, Copy, Debug)]
    enum Kind {
        /// Memory, which is read in order.
        Bytes,
        Gzip,
        /// A file, which several threads read at several places.
        File,
    }

    const KINDS: [Kind; 3] = [Kind::Bytes, Kind::Gzip, Kind::File];

    /// Reads `text` from a source of some kind.
    fn read_from(kind: Kind, text: &[u8], lanes: usize, window: usize) -> Result<HeapGraph> {
        let read = |source| read_in_windows(source, lanes, window, &Control::default());
        match kind {
            Kind::Bytes => read(Source::Bytes(text.to_vec())),
            Kind::Gzip => read(Source::Bytes(gzip(text))),
            Kind::File => {
                let name = format!("heapdiff-test-{}", random_token());
                let path = std::env::temp_dir().join(name);
                std::fs::write(&path, text).unwrap();
                let graph = read(Source::file(path.clone()));
                std::fs::remove_file(&path).unwrap();
                graph
            }
        }
    }

    fn gzip(text: &[u8]) -> Vec<u8> {
        use std::io::Write as _;
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        encoder.write_all(text).unwrap();
        encoder.finish().unwrap()
    }

    proptest! {
        /// Rows, windows and lanes fall where they may: the columns are the same.
        #[test]
        fn windows_and_lanes_change_nothing(
            ids in prop::collection::vec(any::<u32>(), 1..400),
            line_feeds in any::<bool>(),
            lanes in 1..5usize,
            window_bytes in 64..300usize,
            kind in prop::sample::select(&KINDS),
        ) {
            let count = ids.len();
            let separator = if line_feeds { "\n," } else { "," };
            let rows: Vec<_> = ids.iter().map(|id| format!("3,2,{id},16,1,0")).collect();
            let edges: Vec<_> =
                ids.iter().map(|&id| format!("1,{id},{}", id as usize % count * 6)).collect();
            let text = snapshot(&rows.join(separator), &edges.join(separator), STRINGS)
                .replace("\"node_count\":3", &format!("\"node_count\":{count}"))
                .replace("\"edge_count\":2", &format!("\"edge_count\":{count}"))
                .replace("[12,4,5,6,6,1,2,3]", "[]");
            let graph = read_from(kind, text.as_bytes(), lanes, window_bytes).unwrap();
            prop_assert_eq!(&graph.tables().node_id, &ids);
            for node in graph.nodes() {
                let edge = graph.edges(node).next().unwrap();
                prop_assert_eq!(graph.edge_number(edge), ids[node.at()]);
                prop_assert_eq!(edge.target.at(), ids[node.at()] as usize % count);
            }
        }

        /// Whatever is wrong, several lanes find the same as one: the first of it.
        #[test]
        fn several_lanes_refuse_what_one_refuses(
            count in 1..120usize,
            damage in prop::option::of((0..4000usize, prop::sample::select(b"07,-]}[ \n.x\"".to_vec()))),
            cut in prop::option::of(0..4000usize),
            lanes in 2..5usize,
            window_bytes in 64..300usize,
            kind in prop::sample::select(&KINDS),
        ) {
            let rows = |row: &dyn Fn(usize) -> String| (0..count).map(row).collect::<Vec<_>>().join("\n,");
            let nodes = rows(&|at| format!("3,2,{},16,1,0", at * 2 + 1));
            let edges = rows(&|at| format!("1,{at},{}", (at + 1) % count * 6));
            let mut text = snapshot(&nodes, &edges, STRINGS)
                .replace("\"node_count\":3", &format!("\"node_count\":{count}"))
                .replace("\"edge_count\":2", &format!("\"edge_count\":{count}"))
                .replace("[12,4,5,6,6,1,2,3]", "[]")
                .into_bytes();
            let header = text.windows(8).position(|bytes| bytes == b"\"nodes\":").unwrap();
            if let Some((at, byte)) = damage && header + at < text.len() {
                text[header + at] = byte;
            }
            if let Some(cut) = cut {
                text.truncate(header + cut);
            }
            let outcome = |lanes| {
                read_from(kind, &text, lanes, window_bytes)
                    .map(|graph| (graph.tables().node_id.clone(), graph.tables().edge_target.clone()))
                    .map_err(|error| {
                        let text = error.to_string();
                        // Of a bad name only the window is known, and lanes have others.
                        let known = if text.contains("has name") { text.find(" (at") } else { None };
                        (error.code().to_owned(), text[..known.unwrap_or(text.len())].to_owned())
                    })
            };
            prop_assert_eq!(outcome(1), outcome(lanes));
        }
    }
}
