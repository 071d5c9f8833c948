//! What piled up under a node, by class.

use hashbrown::HashMap;
use rayon::prelude::*;

use crate::control::Control;
use crate::error::Result;
use crate::graph::{HeapGraph, NodeIndex, NodeType};
use crate::leak::before::Before;
use crate::leak::naming::class_name;

/// What young memory a part of the heap consists of.
#[derive(Clone, Debug, Default)]
pub struct Contents {
    /// By class, largest first.
    pub classes: Vec<ClassShare>,
    /// All of it.
    pub bytes: u64,
    /// Of that, code, scripts, feedback, hidden classes: what V8 makes of a program, not the
    /// program of the heap.
    pub code_bytes: u64,
}

/// The young nodes of a class.
#[derive(Clone, Debug)]
pub struct ClassShare {
    /// What the class is called.
    pub class_name: String,
    /// The nodes' type.
    pub node_type: NodeType,
    /// How many.
    pub count: u64,
    /// Their self sizes, after ownership transfer.
    pub bytes: u64,
}

/// Sums up the young ones among nodes, which come in runs. Linear in them, on rayon's pool if there are many;
/// memory for each class.
///
/// # Errors
/// `ABORT_ERR`, `ERR_TIMEOUT`.
pub fn contents(
    graph: &HeapGraph,
    self_sizes: &[u32],
    before: &Before<'_>,
    runs: &[&[NodeIndex]],
    control: &Control,
) -> Result<Contents> {
    let sum = |nodes: &[NodeIndex]| -> Result<Sums> {
        control.checkpoint()?;
        Ok(Sums::of(graph, self_sizes, before, nodes))
    };
    let add = |sums: Sums, more: Sums| Ok(sums.add(more));
    let chunks: Vec<&[NodeIndex]> = runs.iter().flat_map(|run| run.chunks(CHUNK)).collect();
    let are_many = chunks.len() > runs.len() + 1;
    let sums = match are_many {
        true => chunks.par_iter().map(|nodes| sum(nodes)).try_reduce(Sums::default, add)?,
        false => {
            chunks.into_iter().map(sum).try_fold(Sums::default(), |sums, more| add(sums, more?))?
        }
    };
    Ok(sums.contents(graph))
}

/// So many nodes are summed up at a time.
const CHUNK: usize = 1 << 14;

/// What has been summed up.
#[derive(Default)]
struct Sums {
    by_class: HashMap<(NodeType, u32), Sum>,
    bytes: u64,
    code_bytes: u64,
}

/// Of a class.
struct Sum {
    sample: NodeIndex,
    count: u64,
    bytes: u64,
}

impl Sums {
    fn of(graph: &HeapGraph, self_sizes: &[u32], before: &Before<'_>, nodes: &[NodeIndex]) -> Self {
        let mut sums = Self::default();
        for &node in nodes.iter().filter(|&&node| before.is_young(node)) {
            let node_type = graph.node_type(node);
            let bytes = u64::from(self_sizes[node.at()]);
            sums.bytes += bytes;
            if is_code(node_type) {
                sums.code_bytes += bytes;
            }
            let is_named = matches!(node_type, NodeType::OBJECT | NodeType::NATIVE);
            let name = if is_named { graph.name_index(node).0 } else { 0 };
            let family = if node_type.is_string() { NodeType::STRING } else { node_type };
            let sum = sums.by_class.entry((family, name));
            let sum = sum.or_insert(Sum { sample: node, count: 0, bytes: 0 });
            sum.count += 1;
            sum.bytes += bytes;
        }
        sums
    }

    fn add(mut self, other: Self) -> Self {
        self.bytes += other.bytes;
        self.code_bytes += other.code_bytes;
        for (class, its) in other.by_class {
            self.by_class
                .entry(class)
                .and_modify(|sum| {
                    sum.count += its.count;
                    sum.bytes += its.bytes;
                })
                .or_insert(its);
        }
        self
    }

    fn contents(self, graph: &HeapGraph) -> Contents {
        let classes = self.by_class.into_iter().map(|((node_type, _), sum)| ClassShare {
            class_name: class_name(graph, sum.sample),
            node_type,
            count: sum.count,
            bytes: sum.bytes,
        });
        let mut classes: Vec<_> = classes.collect();
        classes.sort_by(|a, b| {
            b.bytes.cmp(&a.bytes).then(b.count.cmp(&a.count)).then(a.class_name.cmp(&b.class_name))
        });
        Contents { classes, bytes: self.bytes, code_bytes: self.code_bytes }
    }
}

/// Whether a node is part of what V8 compiled or learned.
pub fn is_code(node_type: NodeType) -> bool {
    matches!(node_type, NodeType::CODE | NodeType::OBJECT_SHAPE | NodeType::HIDDEN)
}
