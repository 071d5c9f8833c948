//! Lists and trees: things that consist of things of their own class.
//!
//! Growth in a list shows at its end, growth in a tree at many of its nodes. Both are one leak, and
//! a developer knows it by the head or root. [`head`] goes up the dominator tree from an
//! accumulation point for as long as the same class comes again.

use std::collections::HashSet;

use crate::analysis::Analysis;
use crate::graph::{Edge, EdgeType, HeapGraph, NodeIndex, NodeType, StringIndex};
use crate::leak::edges;
use crate::leak::holders::slots;
use crate::leak::vocabulary::Vocabulary;

/// How many nodes of other classes may stand between two of a chain: an entry of a Map takes two,
/// a variable of a closure three.
const LONGEST_LINK: usize = 4;

/// A link that comes again this often is a chain, whatever its class.
const LINKS_OF_A_CHAIN: usize = 8;

/// Nodes of a tree have so many branches at most that the program has names for.
const MOST_BRANCHES: usize = 4;

/// Where a chain begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Head {
    /// The first node of the chain.
    pub node: NodeIndex,
    /// How many links there are between it and the node that was asked about.
    pub links: usize,
}

/// The head of the list or the root of the tree that `node` is in, if it is in one.
pub fn head(
    graph: &HeapGraph,
    words: &Vocabulary,
    analysis: &Analysis,
    node: NodeIndex,
) -> Option<Head> {
    let is_own_class = is_of_own_class(graph, words, node);
    let run = run_above(graph, analysis, node);
    // A built-in class in itself is an everyday thing; it is a chain if each link is by the same
    // name, or a tree if the names are data. A class of the program that refers to itself is a list
    // or a tree.
    let entries: Vec<_> = run.iter().map(|link| link.entry).collect();
    let links = match is_own_class || are_keys(&entries) {
        true => run.len(),
        false => entries.iter().take_while(|&&entry| entry == entries[0]).count(),
    };
    let is_chain = links >= if is_own_class { 1 } else { LINKS_OF_A_CHAIN };
    let links =
        if is_chain { links } else { links_of_branches(graph, words, analysis, node, &run)? };
    Some(Head { node: run[links - 1].above, links })
}

/// How many links above a node are those of a tree of plain objects: each has the same properties, mostly as they
/// are of one hidden class, and the way goes by one or another of few. What is below counts as well: growth is
/// at many nodes of a tree, and few of these are deep.
fn links_of_branches(
    graph: &HeapGraph,
    words: &Vocabulary,
    analysis: &Analysis,
    node: NodeIndex,
    run: &[Link],
) -> Option<usize> {
    let hidden_class = |node| edges::hidden_class(graph, words, node);
    let class = hidden_class(node)?;
    let mut names = branches(graph, words, node);
    let mut links = 0;
    for link in run {
        let Some(entry) = link.entry else { break };
        // V8 replaces a hidden class by a more general one, and objects keep the older one for a while.
        let has = |&name: &StringIndex| edges::property(graph, link.above, name).is_some();
        let has_all = || !names.is_empty() && names.iter().all(has);
        if hidden_class(link.above) != Some(class) && !has_all() {
            break;
        }
        let is_new = !names.contains(&entry);
        if is_new && names.len() == MOST_BRANCHES {
            break;
        }
        names.extend(is_new.then_some(entry));
        links += 1;
    }
    let enough = || links + depth_below(graph, analysis, node, &names) >= LINKS_OF_A_CHAIN;
    (links > 0 && enough()).then_some(links)
}

/// The names of properties by which a node has others of its class.
fn branches(graph: &HeapGraph, words: &Vocabulary, node: NodeIndex) -> Vec<StringIndex> {
    let class = |node| (graph.node_type(node), graph.name_index(node));
    let is_branch = |edge: &Edge| {
        edge.label.edge_type() == EdgeType::PROPERTY
            && edge.label.raw_name() != words.proto.0
            && class(edge.target) == class(node)
    };
    let names = graph.edges(node).filter(is_branch);
    names.map(|edge| StringIndex(edge.label.raw_name())).take(MOST_BRANCHES).collect()
}

/// How deep the largest branches below a node go, as far as anybody wants to know.
fn depth_below(
    graph: &HeapGraph,
    analysis: &Analysis,
    node: NodeIndex,
    names: &[StringIndex],
) -> usize {
    let class = (graph.node_type(node), graph.name_index(node));
    let mut at = node;
    for depth in 0..LINKS_OF_A_CHAIN {
        let branches = names.iter().filter_map(|&name| edges::property(graph, at, name));
        let alike = branches.filter(|&it| {
            (graph.node_type(it), graph.name_index(it)) == class
                && analysis.dominators.idom(it) == at
        });
        match alike.max_by_key(|&branch| (analysis.retained.at(branch.at()), branch)) {
            Some(branch) => at = branch,
            None => return depth,
        }
    }
    LINKS_OF_A_CHAIN
}

/// The head of the list or tree of whose nodes one owns a container of the next ones, as in a skip list.
pub(super) fn head_of_owner(
    graph: &HeapGraph,
    words: &Vocabulary,
    analysis: &Analysis,
    container: NodeIndex,
) -> Option<Head> {
    let owner = analysis.dominators.idom(container);
    let is_container =
        graph.node_type(container) == NodeType::OBJECT && !is_of_own_class(graph, words, container);
    if !is_container || !is_of_own_class(graph, words, owner) {
        return None;
    }
    let class = graph.name_index(owner);
    let (mut held, mut alike) = (0, 0);
    for item in slots(graph, analysis, container).map(|edge| edge.target) {
        if graph.node_type(item) == NodeType::OBJECT {
            held += 1;
            alike += usize::from(graph.name_index(item) == class);
        }
    }
    let leads_on = alike > 0 && alike * 2 >= held;
    let itself = Head { node: owner, links: 1 };
    leads_on.then(|| head(graph, words, analysis, owner).unwrap_or(itself))
}

/// Whether a node is an instance of a class that is not an everyday one. That a promise leads to another one
/// which it will settle, as that of an asynchronous function, is an everyday thing as well.
fn is_of_own_class(graph: &HeapGraph, words: &Vocabulary, node: NodeIndex) -> bool {
    let class = graph.name_index(node);
    graph.node_type(node) == NodeType::OBJECT
        && !words.is_everyday(class)
        && class != words.promise_class
}

/// Whether the names by which links are entered are data, as in a tree of letters: there are many,
/// and few come twice.
pub(crate) fn are_keys(entries: &[Option<StringIndex>]) -> bool {
    let named: Vec<_> = entries.iter().flatten().collect();
    let distinct: HashSet<_> = named.iter().copied().collect();
    named.len() >= LINKS_OF_A_CHAIN && distinct.len() * 2 > named.len()
}

/// A step up a chain.
struct Link {
    /// The node of the same class above.
    above: NodeIndex,
    /// How its dominator refers to the node below.
    entry: Option<StringIndex>,
}

/// The nodes of one class above each other, from the nearest on.
fn run_above(graph: &HeapGraph, analysis: &Analysis, node: NodeIndex) -> Vec<Link> {
    let mut run = Vec::new();
    let mut at = node;
    while let Some(above) = same_class_above(graph, analysis, at) {
        run.push(Link { above, entry: entry_of(graph, analysis, at) });
        at = above;
    }
    run
}

/// The nearest dominator of the same class, if it is near.
fn same_class_above(graph: &HeapGraph, analysis: &Analysis, node: NodeIndex) -> Option<NodeIndex> {
    let mut at = node;
    for _ in 0..LONGEST_LINK {
        let above = analysis.dominators.idom(at);
        if above == at || graph.node_type(above) == NodeType::SYNTHETIC {
            return None;
        }
        at = above;
        let same_type = graph.node_type(at) == graph.node_type(node);
        let same_name = graph.name_index(at) == graph.name_index(node);
        let both_strings = graph.node_type(at).is_string() && graph.node_type(node).is_string();
        if both_strings || (same_type && same_name) {
            return Some(at);
        }
    }
    None
}

/// How a node's dominator refers to it: the edge's name, or `None` for elements and the like.
pub(crate) fn entry_of(
    graph: &HeapGraph,
    analysis: &Analysis,
    node: NodeIndex,
) -> Option<StringIndex> {
    let above = analysis.dominators.idom(node);
    let named = |edge_type| matches!(edge_type, EdgeType::PROPERTY | EdgeType::CONTEXT);
    let edges = graph.edges(above).filter(|edge| edge.target == node);
    edges
        .filter(|edge| named(edge.label.edge_type()))
        .map(|edge| StringIndex(edge.label.raw_name()))
        .next()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::wtf8::lossy;
    use crate::leak::stage::{Heap, property};
    use crate::testing::GraphBuilder;

    /// The head of what hangs on `state` of the global object, asked from the last of `links`, each of
    /// which is a property name and a class. Its class, and the number of links.
    fn head_of(links: &[(&str, &str)]) -> Option<(String, usize)> {
        let mut last = NodeIndex(0);
        let heap = Heap::build(|heap: &mut GraphBuilder, global| {
            last = property(heap, global, "state", "State");
            for (name, class) in links {
                last = property(heap, last, name, class);
            }
        });
        let Heap { graph, words, analysis, .. } = &heap;
        let found = head(graph, words, analysis, last)?;
        let step = heap.routes.arrival(graph, found.node).unwrap();
        Some((lossy(graph.edge_name(step.edge)), found.links))
    }

    #[test]
    fn a_class_that_holds_itself_is_a_list_from_the_first_link() {
        let links = [("head", "Entry"), ("next", "Entry"), ("next", "Entry")];
        assert_eq!(head_of(&links), Some(("head".into(), 2)));
        assert_eq!(head_of(&links[..1]), None);
    }

    #[test]
    fn plain_objects_are_a_list_if_each_is_the_same_property_of_the_one_before() {
        let mut links = vec![("first", "Object")];
        links.extend([("next", "Object"); 8]);
        assert_eq!(head_of(&links), Some(("first".into(), 8)));
        assert_eq!(head_of(&links[..8]), None, "seven may be nested settings");
        let tree =
            ["ui", "menu", "items", "menu", "items", "menu", "items", "menu", "items", "menu"];
        let nested: Vec<_> = tree.map(|name| (name, "Object")).to_vec();
        assert_eq!(head_of(&nested), None, "names come again, and not one of them");
    }

    /// The head that is found from a node three levels down in a tree of plain objects that go left and right in
    /// turn. They are of one hidden class or of different ones.
    fn head_of_branch(depth: usize, are_alike: bool) -> Option<(String, usize)> {
        let mut asked = NodeIndex(0);
        let heap = Heap::build(|heap: &mut GraphBuilder, global| {
            let classes = [
                heap.node(NodeType::OBJECT_SHAPE, "Map", 80),
                heap.node(NodeType::OBJECT_SHAPE, "Map", 80),
            ];
            let mut last = property(heap, global, "root", "Object");
            for level in 0..depth {
                heap.edge(
                    last,
                    EdgeType::INTERNAL,
                    "map",
                    classes[if are_alike { 0 } else { level % 2 }],
                );
                last = property(heap, last, ["left", "right"][level % 2], "Object");
                if level == 2 {
                    asked = last;
                }
            }
        });
        let Heap { graph, words, analysis, .. } = &heap;
        let found = head(graph, words, analysis, asked)?;
        let step = heap.routes.arrival(graph, found.node).unwrap();
        Some((lossy(graph.edge_name(step.edge)), found.links))
    }

    #[test]
    fn plain_objects_of_one_hidden_class_in_each_other_are_a_tree() {
        assert_eq!(head_of_branch(9, true), Some(("root".into(), 3)));
        assert_eq!(head_of_branch(9, false), None, "settings that come again");
        assert_eq!(head_of_branch(6, true), None, "too few levels");
    }

    #[test]
    fn plain_objects_whose_names_are_all_different_are_a_tree_of_keys() {
        let names = ["root", "c", "u", "s", "t", "o", "m", "e", "r", "-"];
        let links: Vec<_> = names.map(|name| (name, "Object")).to_vec();
        assert_eq!(head_of(&links), Some(("root".into(), 9)));
        assert_eq!(head_of(&links[..6]), None);
    }

    #[test]
    fn other_nodes_may_stand_between_two_links() {
        let links = [("root", "Node"), ("children", "Map"), ("x", "Node"), ("children", "Map")];
        let mut links = links.to_vec();
        links.push(("y", "Node"));
        assert_eq!(head_of(&links), Some(("root".into(), 2)));
    }
}
