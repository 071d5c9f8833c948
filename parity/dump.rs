//! The accused of the parity check: answers from heapdiff's core what DevTools is asked.
//!
//! `dump serve` reads requests and writes answers, one JSON text a line; `dump nodes FILE`,
//! `dump all FILE` and `dump diff BASE CURRENT` answer one. The questions and the form of the
//! answers are in README.md beside this file.
#![allow(clippy::print_stdout, missing_docs)]

use std::io::{BufRead, Read, Write};

use heapdiff::analysis::bits::BitSet;
use heapdiff::analysis::class_table::{ClassRow, ClassRows, class_table};
use heapdiff::analysis::classes::Classes;
use heapdiff::analysis::comparison::{ComparisonOptions, NewerNodes, OlderNodes, compare};
use heapdiff::analysis::display::DisplayNames;
use heapdiff::analysis::duplicate_strings::{
    DuplicateString, StringColumns, duplicate_strings, duplicated_nodes,
};
use heapdiff::analysis::filters::{Filters, RetainedBy};
use heapdiff::analysis::ids::nodes_by_id;
use heapdiff::analysis::native_contexts::{NO_CONTEXT, NativeContexts, SHARED, native_contexts};
use heapdiff::analysis::ropes::BlankRopes;
use heapdiff::analysis::wtf8::{cmp_utf16, push_json};
use heapdiff::analysis::{Analysis, What, analyse, roots, samples};
use heapdiff::control::Control;
use heapdiff::error::{Error, Result};
use heapdiff::graph::{HeapGraph, NodeIndex};
use heapdiff::snapshot::{ReadOptions, Source, read};

fn main() -> std::io::Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let mut out = std::io::stdout().lock();
    if arguments.first().map(String::as_str) != Some("serve") {
        return match answer(&arguments) {
            Ok(Answer::Text(text)) => out.write_all(&text),
            Ok(Answer::Json(json)) => out.write_all(&[json.as_slice(), b"\n"].concat()),
            Err(error) => Err(std::io::Error::other(error.to_string())),
        };
    }
    for line in std::io::stdin().lock().lines() {
        let request: Vec<String> = serde_json::from_str(&line?)?;
        let mut reply = Vec::new();
        match answer(&request) {
            Ok(Answer::Text(text)) => {
                reply.extend_from_slice(b"{\"ok\":");
                push_json(&text, &mut reply);
            }
            Ok(Answer::Json(json)) => {
                reply.extend_from_slice(b"{\"ok\":");
                reply.extend_from_slice(&json);
            }
            Err(error) => {
                reply.extend_from_slice(b"{\"error\":");
                push_json(error.to_string().as_bytes(), &mut reply);
            }
        }
        reply.extend_from_slice(b"}\n");
        out.write_all(&reply)?;
        out.flush()?;
    }
    Ok(())
}

enum Answer {
    Text(Vec<u8>),
    Json(Vec<u8>),
}

fn answer(request: &[String]) -> Result<Answer> {
    let request: Vec<&str> = request.iter().map(String::as_str).collect();
    match request[..] {
        ["nodes", file] => Ok(Answer::Text(Snapshot::load(file)?.nodes()?)),
        ["all", file] => Ok(Answer::Json(Snapshot::load(file)?.all()?)),
        ["diff", base, current] => {
            Ok(Answer::Json(diff(Snapshot::load(base)?, &Snapshot::load(current)?)?))
        }
        _ => {
            Err(Error::invalid_arg("usage: dump serve | nodes FILE | all FILE | diff BASE CURRENT"))
        }
    }
}

/// Writes JSON: serde cannot, because names may hold lone surrogates.
#[derive(Default)]
struct Json(Vec<u8>);

impl Json {
    fn object(&mut self, write: impl FnOnce(&mut Self)) {
        self.wrapped(b'{', b'}', write);
    }

    fn array<T>(&mut self, items: impl IntoIterator<Item = T>, write: impl Fn(&mut Self, T)) {
        self.wrapped(b'[', b']', |json| {
            for item in items {
                write(json, item);
                json.0.push(b',');
            }
        });
    }

    fn wrapped(&mut self, open: u8, close: u8, write: impl FnOnce(&mut Self)) {
        self.0.push(open);
        write(self);
        if self.0.last() == Some(&b',') {
            self.0.pop();
        }
        self.0.push(close);
    }

    fn key(&mut self, key: &str, write: impl FnOnce(&mut Self)) {
        push_json(key.as_bytes(), &mut self.0);
        self.0.push(b':');
        write(self);
        self.0.push(b',');
    }

    fn text(&mut self, text: &[u8]) {
        push_json(text, &mut self.0);
    }

    fn raw(&mut self, value: impl std::fmt::Display) {
        self.0.extend_from_slice(value.to_string().as_bytes());
    }

    fn number(&mut self, key: &str, value: impl std::fmt::Display) {
        self.key(key, |json| json.raw(value));
    }

    fn ids(&mut self, key: &str, ids: impl IntoIterator<Item = u32>) {
        self.key(key, |json| json.array(ids, |json, id| json.raw(id)));
    }
}

struct Snapshot {
    graph: HeapGraph,
    analysis: Analysis,
    distances: Vec<i32>,
    blank_ropes: BlankRopes,
    /// Numbers in a row of `nodes`: DevTools speaks of indices into the file's array.
    field_count: u64,
    control: Control,
}

impl Snapshot {
    fn load(path: &str) -> Result<Self> {
        let control = Control::default();
        let graph = read(Source::file(path), &ReadOptions::default(), &control)?;
        let mut analysis = analyse(&graph, What::ALL, &control)?;
        let distances = analysis.distances.clone().unwrap_or_default();
        analysis.distances = Some(distances.clone());
        let Analysis { names, detachedness, .. } = &analysis;
        let blank_ropes = BlankRopes::new(&graph, names, detachedness, &control)?;
        let field_count = node_field_count(path)?;
        Ok(Self { graph, analysis, distances, blank_ropes, field_count, control })
    }

    fn native_contexts(&self) -> Result<NativeContexts> {
        let Analysis { names, detachedness, .. } = &self.analysis;
        native_contexts(&self.graph, names, detachedness, &self.control)
    }

    fn display(&self) -> DisplayNames<'_> {
        let Analysis { names, detachedness, .. } = &self.analysis;
        DisplayNames::new(&self.graph, names, detachedness, &self.blank_ropes)
    }

    fn nodes(&self) -> Result<Vec<u8>> {
        let Self { graph, analysis, control, .. } = self;
        let contexts = self.native_contexts()?;
        let queryable = roots::queryable_objects(graph, control)?;
        let page = roots::page_objects(graph, &analysis.names, control)?;
        let display = self.display();
        let type_numbers = graph.tables().file_type_numbers();
        let mut out = Vec::new();
        for node in graph.nodes() {
            let is_detached = analysis.detachedness.is_detached_dom(graph, node);
            let flags = u8::from(queryable.contains(node.0))
                | u8::from(is_detached) << 1
                | u8::from(page.contains(node.0)) << 2;
            let numbers = format!(
                "{}\t{}\t{}\t{}\t{}\t{}\t{}\t{}\t{}\t",
                graph.id(node),
                type_numbers[usize::from(graph.node_type(node).0)],
                analysis.self_size[node.at()],
                analysis.retained.at(node.at()),
                self.distances[node.at()],
                analysis.dominators.idom(node).0,
                analysis.detachedness.state(node),
                flags,
                contexts.attribution[node.at()],
            );
            out.extend_from_slice(numbers.as_bytes());
            push_json(analysis.class_name(node), &mut out);
            out.push(b'\t');
            push_json(&display.node(node), &mut out);
            out.push(b'\n');
        }
        Ok(out)
    }

    fn all(&self) -> Result<Vec<u8>> {
        let duplicates = self.duplicate_strings()?;
        let contexts = self.native_contexts()?;
        let filters = self.filter_tables(&duplicates, &contexts)?;
        let table = self.class_table(|_| true)?;
        let retained_by_contexts =
            self.filters().retained_by_contexts(&self.analysis.self_size, &self.control)?;
        let mut json = Json::default();
        json.object(|json| {
            json.key("static", |json| self.write_static(json));
            json.key("statistics", |json| self.write_statistics(json));
            json.key("interfaces", |json| self.write_interfaces(json));
            json.key("aggregates", |json| json.0.extend_from_slice(&table));
            json.key("filters", |json| {
                json.object(|json| {
                    for (name, table) in &filters {
                        json.key(name, |json| json.0.extend_from_slice(table));
                    }
                });
            });
            json.key("duplicateStrings", |json| self.write_duplicates(json, &duplicates));
            json.key("nativeContexts", |json| self.write_contexts(json, &contexts));
            json.key("retainedByContext", |json| {
                let sums = retained_by_contexts;
                json.object(|json| {
                    json.number("contextCount", sums.context_count);
                    json.number("retainedByContextSize", sums.retained_size);
                    json.number("retainedByContextCount", sums.retained_count);
                    json.number("notRetainedByContextSize", sums.other_size);
                    json.number("notRetainedByContextCount", sums.other_count);
                    json.number("totalSize", sums.retained_size + sums.other_size);
                });
            });
            json.key("samples", |json| self.write_samples(json));
        });
        Ok(json.0)
    }

    fn write_static(&self, json: &mut Json) {
        let odd_ids = self.graph.tables().node_id.iter().filter(|&id| id % 2 == 1);
        json.object(|json| {
            json.number("nodeCount", self.graph.node_count());
            json.number("rootNodeIndex", self.file_index(self.graph.root()));
            json.number("totalSize", self.analysis.statistics.total);
            json.number("maxJSObjectId", odd_ids.max().copied().unwrap_or(0));
        });
    }

    fn file_index(&self, node: NodeIndex) -> u64 {
        u64::from(node.0) * self.field_count
    }

    fn write_statistics(&self, json: &mut Json) {
        let sums = self.analysis.statistics;
        json.object(|json| {
            json.number("total", sums.total);
            json.key("native", |json| {
                json.object(|json| {
                    json.number("total", sums.native);
                    json.number("typedArrays", sums.typed_arrays);
                });
            });
            json.key("v8heap", |json| {
                json.object(|json| {
                    json.number("total", sums.v8_heap);
                    json.number("code", sums.code);
                    json.number("jsArrays", sums.js_arrays);
                    json.number("strings", sums.strings);
                    json.number("system", sums.system);
                });
            });
        });
    }

    fn write_interfaces(&self, json: &mut Json) {
        json.array(&self.analysis.definitions, |json, definition| {
            json.object(|json| {
                json.key("name", |json| json.text(&definition.name));
                json.key("properties", |json| {
                    json.array(&definition.properties, |json, property| json.text(property));
                });
                json.number("count", definition.count);
            });
        });
    }

    /// The Summary table of the nodes that pass, as JSON.
    fn class_table(&self, passes: impl Fn(NodeIndex) -> bool) -> Result<Vec<u8>> {
        let columns = self.analysis.class_columns();
        let mut rows = class_table(columns, ClassRows::Devtools, &passes, &self.control)?;
        rows.sort_by(|left, right| {
            let by_size = right.retained_size.cmp(&left.retained_size);
            let by_name = by_size.then_with(|| cmp_utf16(&left.name, &right.name));
            by_name.then_with(|| cmp_utf16(&left.key, &right.key))
        });
        let mut ids = vec![Vec::new(); self.analysis.classes.len()];
        for node in self.graph.nodes() {
            if self.analysis.self_size[node.at()] != 0 && passes(node) {
                let class = self.analysis.classes.of(&self.analysis.groups, node);
                ids[class.0 as usize].push(self.graph.id(node));
            }
        }
        let mut json = Json::default();
        json.array(rows, |json, row: ClassRow| {
            json.object(|json| {
                json.key("classKey", |json| json.text(&row.key));
                json.key("name", |json| json.text(&row.name));
                json.number("count", row.count);
                json.number("distance", row.distance);
                json.number("shallowSize", row.self_size);
                json.number("retainedSize", row.retained_size);
                json.ids("ids", ids[row.class.0 as usize].iter().copied());
            });
        });
        Ok(json.0)
    }

    fn filters(&self) -> Filters<'_> {
        let Analysis { names, detachedness, .. } = &self.analysis;
        Filters::new(&self.graph, names, detachedness, &self.distances)
    }

    fn filter_tables(
        &self,
        duplicates: &[DuplicateString],
        contexts: &NativeContexts,
    ) -> Result<Vec<(&'static str, Vec<u8>)>> {
        let mut tables = Vec::new();
        let duplicated = duplicated_nodes(&self.graph, duplicates);
        let table_of = |set: &BitSet| self.class_table(|node| set.contains(node.0));
        tables.push(("duplicatedStrings", table_of(&duplicated)?));
        for name in [
            "objectsRetainedByDetachedDomNodes",
            "objectsRetainedByContexts",
            "objectsRetainedByConsole",
            "objectsRetainedByEventHandlers",
        ] {
            let Some(retained_by) = RetainedBy::from_name(name) else { continue };
            tables.push((name, table_of(&self.filters().passing(retained_by, &self.control)?)?));
        }
        for (name, owner) in [("sharedNativeContext", SHARED), ("noNativeContext", NO_CONTEXT)] {
            let table = self.class_table(|node| contexts.attribution[node.at()] == owner)?;
            tables.push((name, table));
        }
        Ok(tables)
    }

    fn duplicate_strings(&self) -> Result<Vec<DuplicateString>> {
        let Analysis { names, detachedness, self_size, retained, .. } = &self.analysis;
        let blank_ropes = &self.blank_ropes;
        let columns = StringColumns { names, detachedness, blank_ropes, self_size, retained };
        duplicate_strings(&self.graph, columns, &self.control)
    }

    fn write_duplicates(&self, json: &mut Json, groups: &[DuplicateString]) {
        json.array(groups, |json, group| {
            json.object(|json| {
                json.key("value", |json| json.text(&group.value));
                json.number("count", group.nodes.len());
                json.number("totalSelfSize", group.self_size);
                json.number("totalRetainedSize", group.retained_size);
                json.key("nodes", |json| {
                    json.array(&group.nodes, |json, &node| {
                        json.object(|json| {
                            json.number("id", self.graph.id(node));
                            json.number("selfSize", self.analysis.self_size[node.at()]);
                            json.number("retainedSize", self.analysis.retained.at(node.at()));
                            json.number("distance", self.distances[node.at()]);
                        });
                    });
                });
                json.number("truncated", group.cut.is_some());
                if let Some(cut) = group.cut {
                    // JSON leaves out what is undefined.
                    for (key, number) in [("length", cut.length), ("hash", cut.hash)] {
                        if let Some(number) = number {
                            json.number(key, number + 0.0);
                        }
                    }
                }
            });
        });
    }

    fn write_contexts(&self, json: &mut Json, contexts: &NativeContexts) {
        let sizes = contexts.sizes(&self.analysis.self_size);
        json.object(|json| {
            json.key("nativeContexts", |json| {
                let rows = contexts.contexts.iter().zip(&sizes.attributed);
                json.array(rows, |json, (&context, attributed)| {
                    json.object(|json| {
                        json.number("nodeId", self.graph.id(context));
                        json.number("nodeIndex", self.file_index(context));
                        json.key("nodeName", |json| json.text(&self.display().node(context)));
                        json.number("attributedSize", attributed);
                        json.number("retainedSize", self.analysis.retained.at(context.at()));
                        json.number("selfSize", self.analysis.self_size[context.at()]);
                    });
                });
            });
            json.number("sharedSize", sizes.shared);
            json.number("noAttributionSize", sizes.unattributed);
        });
    }

    fn write_samples(&self, json: &mut Json) {
        let rows = &self.graph.tables().samples;
        if rows.is_empty() {
            return json.raw("null");
        }
        let sizes = samples::live_bytes(&self.graph, &self.analysis.self_size);
        json.object(|json| {
            json.key("timestamps", |json| {
                json.array(rows, |json, row| json.raw(row.timestamp_us as f64 / 1000.0));
            });
            json.key("lastAssignedIds", |json| {
                json.array(rows, |json, row| json.raw(row.last_assigned_id));
            });
            json.key("sizes", |json| json.array(sizes, |json, size| json.raw(size)));
        });
    }
}

fn diff(base: Snapshot, current: &Snapshot) -> Result<Vec<u8>> {
    let control = &current.control;
    let ids = &base.graph.tables().node_id;
    let by_id = nodes_by_id(ids, control)?;
    let Analysis { self_size, groups, classes, .. } = base.analysis;
    let older = OlderNodes::new(ids, &by_id, &self_size, groups, classes, control)?;
    let classes = Classes::new(older.groups(), &current.analysis.definitions, control)?;
    let newer = NewerNodes {
        ids: &current.graph.tables().node_id,
        self_size: &current.analysis.self_size,
        groups: &current.analysis.groups,
        classes: &current.analysis.classes,
    };
    let options = ComparisonOptions {
        rows: ClassRows::Devtools,
        with_ids: true,
        ..ComparisonOptions::default()
    };
    let mut rows = compare(&older, &classes, newer, options, control)?;
    rows.sort_by(|left, right| {
        let by_size = right.added_size.cmp(&left.added_size);
        let by_name = by_size.then_with(|| cmp_utf16(&left.name, &right.name));
        by_name.then_with(|| cmp_utf16(&left.key, &right.key))
    });
    let mut json = Json::default();
    json.array(rows, |json, row| {
        json.object(|json| {
            json.key("classKey", |json| json.text(&row.key));
            json.key("name", |json| json.text(&row.name));
            json.number("addedCount", row.added_count);
            json.number("removedCount", row.removed_count);
            json.number("countDelta", row.count_delta());
            json.number("addedSize", row.added_size);
            json.number("removedSize", row.removed_size);
            json.number("sizeDelta", row.size_delta());
            json.ids("addedIds", row.added_ids);
            json.ids("deletedIds", row.removed_ids);
        });
    });
    Ok(json.0)
}

/// How many fields a node has in a file, from its header.
fn node_field_count(path: &str) -> Result<u64> {
    let failed = |error| Error::io("read", path, error);
    let mut head = Vec::new();
    let file = std::fs::File::open(path).map_err(failed)?;
    file.take(1 << 16).read_to_end(&mut head).map_err(failed)?;
    let head = String::from_utf8_lossy(&head);
    let fields = head.split_once("\"node_fields\"").and_then(|(_, rest)| rest.split_once(']'));
    Ok(fields.map_or(1, |(list, _)| list.matches('"').count() as u64 / 2))
}
