//! One snapshot to look around in: `openSnapshot`.
//!
//! [`explore`] does all the work there is; the questions are then answered from columns: a node in
//! O(log n), its edges and retainers in O(their number), a path in O(the retainers on it).
//!
//! Memory beyond graph and analysis: 4 bytes an edge and 16 a node.

pub mod retainers;

use serde::Serialize;

use crate::analysis::class_table::{ClassRow, ClassRows};
use crate::analysis::display::{DisplayNames, edge_name};
use crate::analysis::distances::BASE_SYSTEM_DISTANCE;
use crate::analysis::duplicate_strings::{StringColumns, duplicate_strings};
use crate::analysis::ids::IdIndex;
use crate::analysis::ropes::BlankRopes;
use crate::analysis::wtf8::lossy;
use crate::analysis::{Analysis, What, analyse};
use crate::control::{Control, Progress};
use crate::error::Result;
use crate::graph::{Edge, EdgeIndex, EdgeType, HeapGraph, NodeIndex};
use crate::report::{PathStep, SnapshotStats, StatisticsRow};
use crate::snapshot::{ReadOptions, Source, read};
use retainers::{Retainers, source_of};

/// A snapshot that has been read and analysed.
#[derive(Debug)]
pub struct Explorer {
    graph: HeapGraph,
    analysis: Analysis,
    retainers: Retainers,
    ids: IdIndex,
    blank_ropes: BlankRopes,
    /// Where each node stands in the dominator tree.
    positions: Vec<u32>,
    classes: Vec<ClassRow>,
    /// The same as Chrome DevTools has them.
    devtools_classes: Vec<ClassRow>,
    duplicates: Vec<DuplicateRow>,
    stats: SnapshotStats,
    warnings: Vec<String>,
}

/// A row of the Summary view. See `ClassSummary` in `index.d.ts`.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
#[allow(missing_docs)] // The names say it; `index.d.ts` has the units.
pub struct ClassSummary {
    pub class_name: String,
    pub count: u64,
    pub self_bytes: u64,
    pub retained_bytes: u64,
    pub distance: i32,
}

/// A node. See `SnapshotNode` in `index.d.ts`.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
#[allow(missing_docs)]
pub struct NodeRow {
    pub id: u32,
    #[serde(rename = "type")]
    pub node_type: String,
    pub name: String,
    pub class_name: String,
    pub self_bytes: u32,
    pub retained_bytes: u64,
    pub distance: i32,
    pub dominator_id: u32,
}

/// An edge and the node at its other end. See `SnapshotEdge` in `index.d.ts`.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
#[allow(missing_docs)]
pub struct EdgeRow {
    pub edge: String,
    pub edge_type: &'static str,
    pub node: NodeRow,
}

/// A text that several strings have. See `DuplicateString` in `index.d.ts`.
#[derive(Clone, Debug, Serialize)]
#[allow(missing_docs)]
pub struct DuplicateRow {
    pub value: String,
    pub count: u32,
    pub bytes: u64,
}

impl DuplicateRow {
    fn memory_bytes(&self) -> usize {
        size_of::<Self>() + self.value.capacity()
    }
}

/// Reads and analyses a snapshot. Runs on the calling thread and rayon's pool.
///
/// # Errors
///
/// Those of [`read`], `ABORT_ERR`, `ERR_TIMEOUT`.
pub fn explore(source: Source, control: &Control) -> Result<Explorer> {
    let name = source.name();
    let graph = read(source, &ReadOptions::default(), control)?;
    explore_graph(name, graph, control)
}

fn explore_graph(name: String, graph: HeapGraph, control: &Control) -> Result<Explorer> {
    let bytes = graph.tables().bytes;
    control.progress(Progress::analyzed(0, bytes));
    let analysis = analyse(&graph, What::ALL, control)?;
    let retainers = Retainers::new(&graph, control)?;
    let ids = IdIndex::new(&graph.tables().node_id, control)?;
    let positions = analysis.dominators.positions();
    let classes = analysis.class_table(ClassRows::Merged, control)?;
    let devtools_classes = analysis.class_table(ClassRows::Devtools, control)?;
    let blank_ropes = BlankRopes::new(&graph, &analysis.names, &analysis.detachedness, control)?;
    let duplicates = duplicates(&graph, &analysis, &blank_ropes, control)?;
    let warnings = graph.tables().all_warnings(&name);
    let stats = stats(name, &graph, &analysis);
    control.progress(Progress::analyzed(bytes, bytes));
    Ok(Explorer {
        graph,
        analysis,
        retainers,
        ids,
        blank_ropes,
        positions,
        classes,
        devtools_classes,
        duplicates,
        stats,
        warnings,
    })
}

impl Explorer {
    /// The snapshot in numbers.
    pub fn stats(&self) -> &SnapshotStats {
        &self.stats
    }

    /// What its numbers do not say, in words.
    pub fn warnings(&self) -> &[String] {
        &self.warnings
    }

    /// About how many bytes on our heap this takes.
    pub fn memory_bytes(&self) -> usize {
        const GRAPH_NODE: usize = 17;
        const ANALYSIS_NODE: usize = 4 + 12 + 8 + 4 + 4;
        const EXPLORER_NODE: usize = 12;
        const GRAPH_EDGE: usize = 8;
        self.graph.node_count() * (GRAPH_NODE + ANALYSIS_NODE + EXPLORER_NODE)
            + self.graph.edge_count() * GRAPH_EDGE
            + self.graph.strings().memory_bytes()
            + self.retainers.memory_bytes()
            + self.duplicates.iter().map(DuplicateRow::memory_bytes).sum::<usize>()
    }

    /// The classes whose name contains `filter`, largest retained size first.
    pub fn classes(&self, rows: ClassRows, filter: &str) -> impl Iterator<Item = ClassSummary> {
        let classes = match rows {
            ClassRows::Merged => &self.classes,
            ClassRows::Devtools => &self.devtools_classes,
        };
        let matching = classes.iter().map(|row| (lossy(&row.name), row));
        matching.filter(move |(name, _)| name.contains(filter)).map(|(class_name, row)| {
            ClassSummary {
                class_name,
                count: row.count,
                self_bytes: row.self_size,
                retained_bytes: row.retained_size,
                distance: row.distance,
            }
        })
    }

    /// The node with an id.
    pub fn node(&self, id: u32) -> Option<NodeRow> {
        Some(self.node_row(self.find(id)?))
    }

    /// At most `top` of the nodes that `of` (default: the root) dominates immediately, largest
    /// retained size first. None if there is no such node.
    pub fn dominators(&self, of: Option<u32>, top: usize) -> impl Iterator<Item = NodeRow> {
        let dominator = of.map_or(Some(self.graph.root()), |id| self.find(id));
        let tree = &self.analysis.dominators;
        let mut nodes: Vec<NodeIndex> = (dominator.into_iter())
            .flat_map(|dominator| tree.children(self.positions[dominator.at()]))
            .map(|position| tree.node_at(position))
            .collect();
        let largest_first =
            |node: &NodeIndex| (std::cmp::Reverse(self.analysis.retained.at(node.at())), node.0);
        if top < nodes.len() {
            nodes.select_nth_unstable_by_key(top, largest_first);
            nodes.truncate(top);
        }
        nodes.sort_unstable_by_key(largest_first);
        nodes.into_iter().map(|node| self.node_row(node))
    }

    /// The references to the node with an id, nearest to the roots first.
    pub fn retainers(&self, id: u32) -> impl Iterator<Item = EdgeRow> {
        let mut retainers: Vec<(NodeIndex, EdgeIndex)> = (self.find(id).into_iter())
            .flat_map(|node| self.retainers.of(node))
            .map(|&edge| (source_of(&self.graph, edge), edge))
            .collect();
        // Unreachable ones, whose distance is negative, come last.
        retainers.sort_by_key(|&(source, _)| self.distance(source) as u32);
        retainers.into_iter().map(|(source, edge)| self.edge_row(self.edge(edge), source))
    }

    /// What the node with an id refers to, in the order of the file.
    pub fn edges(&self, id: u32) -> impl Iterator<Item = EdgeRow> {
        let edges = self.find(id).into_iter().flat_map(|node| self.graph.edges(node));
        edges.map(|edge| self.edge_row(edge, edge.target))
    }

    /// The shortest way from a user root, or where there is none from the root, to the node with
    /// an id. The root itself is no step. Empty if nothing leads there.
    pub fn path(&self, id: u32) -> impl Iterator<Item = PathStep> {
        let way = self.find(id).and_then(|node| self.way_to(node)).unwrap_or_default();
        way.into_iter().rev().map(|edge| PathStep {
            edge: self.edge_text(edge),
            edge_type: edge.label.edge_type().name().into(),
            class_name: lossy(self.analysis.class_name(edge.target)),
            node_id: self.graph.id(edge.target),
        })
    }

    /// The edges of the shortest way to a node, the last one first.
    fn way_to(&self, mut node: NodeIndex) -> Option<Vec<Edge>> {
        let mut way = Vec::new();
        // The distance falls with each step, so this ends.
        while node != self.graph.root() {
            let (source, edge) = self.nearest_retainer(node)?;
            way.push(edge);
            node = source;
        }
        Some(way)
    }

    /// The texts of several strings, most bytes first.
    pub fn duplicate_strings(&self) -> &[DuplicateRow] {
        &self.duplicates
    }

    fn find(&self, id: u32) -> Option<NodeIndex> {
        self.ids.get(id)
    }

    fn distance(&self, node: NodeIndex) -> i32 {
        self.analysis.distances.as_ref().map_or(0, |distances| distances[node.at()])
    }

    /// The retainer one step nearer to the roots; of several, one whose edge has a name in the
    /// program. For a user root that is the root.
    fn nearest_retainer(&self, node: NodeIndex) -> Option<(NodeIndex, Edge)> {
        let distance = self.distance(node);
        let root = self.graph.root();
        let retainers = self.retainers.of(node).iter().map(|&edge| {
            let source = source_of(&self.graph, edge);
            (source, self.edge(edge))
        });
        retainers
            .filter(|&(source, edge)| match distance {
                // A user root: its distance does not depend on the edge's type.
                1 if source == root => true,
                _ if edge.label.edge_type() == EdgeType::WEAK => false,
                // The root is nearer than anything that only it leads to.
                _ if source == root => distance >= BASE_SYSTEM_DISTANCE || distance == 1,
                _ => (0..distance).contains(&self.distance(source)),
            })
            .min_by_key(|&(source, edge)| {
                let is_internal =
                    matches!(edge.label.edge_type(), EdgeType::INTERNAL | EdgeType::HIDDEN);
                let step = if source == root { 1 } else { distance - self.distance(source) };
                (step, is_internal, edge.index.0)
            })
    }

    fn edge(&self, index: EdgeIndex) -> Edge {
        let tables = self.graph.tables();
        let (label, target) = (tables.edge_label[index.at()], tables.edge_target[index.at()]);
        Edge { index, label, target }
    }

    fn edge_row(&self, edge: Edge, node: NodeIndex) -> EdgeRow {
        EdgeRow {
            edge: self.edge_text(edge),
            edge_type: edge.label.edge_type().name(),
            node: self.node_row(node),
        }
    }

    fn edge_text(&self, edge: Edge) -> String {
        lossy(&edge_name(&self.graph, edge))
    }

    fn node_row(&self, node: NodeIndex) -> NodeRow {
        let Self { graph, analysis, blank_ropes, .. } = self;
        let names = DisplayNames::new(graph, &analysis.names, &analysis.detachedness, blank_ropes);
        let type_names = &graph.tables().node_type_names;
        NodeRow {
            id: graph.id(node),
            node_type: type_names
                .get(usize::from(graph.node_type(node).0))
                .cloned()
                .unwrap_or_default(),
            name: lossy(&names.node(node)),
            class_name: lossy(analysis.class_name(node)),
            self_bytes: analysis.self_size[node.at()],
            retained_bytes: analysis.retained.at(node.at()),
            distance: self.distance(node),
            dominator_id: graph.id(analysis.dominators.idom(node)),
        }
    }
}

/// Texts of several strings, most bytes first.
fn duplicates(
    graph: &HeapGraph,
    analysis: &Analysis,
    blank_ropes: &BlankRopes,
    control: &Control,
) -> Result<Vec<DuplicateRow>> {
    let columns = StringColumns {
        names: &analysis.names,
        detachedness: &analysis.detachedness,
        blank_ropes,
        self_size: &analysis.self_size,
        retained: &analysis.retained,
    };
    let groups = duplicate_strings(graph, columns, control)?;
    let mut rows: Vec<DuplicateRow> = groups
        .into_iter()
        .map(|group| DuplicateRow {
            value: lossy(&group.value),
            count: group.nodes.len() as u32,
            bytes: group.self_size,
        })
        .collect();
    rows.sort_by_key(|row| std::cmp::Reverse(row.bytes));
    Ok(rows)
}

pub(crate) fn stats(source: String, graph: &HeapGraph, analysis: &Analysis) -> SnapshotStats {
    let totals = &analysis.statistics;
    SnapshotStats {
        source,
        node_count: graph.node_count() as u64,
        edge_count: graph.edge_count() as u64,
        heap_bytes: totals.v8_heap,
        statistics: StatisticsRow {
            total: totals.total,
            native: totals.native,
            typed_arrays: totals.typed_arrays,
            code: totals.code,
            strings: totals.strings,
            js_arrays: totals.js_arrays,
            system: totals.system,
        },
        taken_at: None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::graph::NodeType;
    use crate::testing::GraphBuilder;

    #[test]
    fn texts_that_several_strings_have_count_twice() {
        let memory = |are_equal: bool| {
            let mut heap = GraphBuilder::new();
            for at in 0..200 {
                let mut text = format!("{:?}", if are_equal { at / 2 } else { at });
                text.push_str(&"-".repeat(5_000 - text.len()));
                let string = heap.node(NodeType::STRING, &text, 5_016);
                heap.numbered(heap.root(), EdgeType::ELEMENT, at, string);
            }
            let graph = heap.build();
            let texts = graph.strings().memory_bytes();
            let explorer = explore_graph("a test".into(), graph, &Control::default()).unwrap();
            (explorer.memory_bytes(), texts)
        };
        let (equal, texts) = memory(true);
        assert!(equal >= texts + 100 * 5_000, "the answer to `duplicateStrings` holds them, too");
        let (different, texts) = memory(false);
        assert!(different < texts + 100 * 5_000);
    }
}
