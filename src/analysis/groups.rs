//! The class of each node, before interface names are known.
//!
//! A *group* is a set of nodes that have the same class whatever the interface definitions are:
//! nodes of a type, objects of a name, plain objects of a shape; objects with a location are kept
//! apart by it. Each node's group is found once, in one pass. When a comparison gives the nodes of
//! the older snapshot the newer one's interface names, only the table of groups is read again, and
//! nothing of the graph is needed any more.
//!
//! Time: linear in nodes and in the property edges of plain objects; one hash look-up for each
//! plain object and each located object. Memory: 4 bytes a node, and the table.

use hashbrown::HashMap;

use crate::analysis::by_string::ByString;
use crate::analysis::detachedness::Detachedness;
use crate::analysis::names::{Known, KnownNames};
use crate::analysis::shapes::{ShapeCollector, ShapeIndex, Shapes};
use crate::control::Control;
use crate::error::Result;
use crate::graph::{HeapGraph, NodeIndex, NodeType, StringIndex};
use crate::snapshot::{self, StringTable};

/// Where the constructor of an object is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Place {
    /// V8's script id.
    pub script_id: u32,
    /// 0-based.
    pub line: u32,
    /// 0-based.
    pub column: u32,
}

impl From<snapshot::Place> for Place {
    fn from(place: snapshot::Place) -> Self {
        Self { script_id: place.script_id, line: place.line, column: place.column }
    }
}

/// What the class of a group is made from. Equal texts from different sources are different
/// classes: Chrome DevTools compares indices of strings, and so makes the same difference.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum GroupName {
    /// The type says it all: `(string)`. Text in [`Groups::texts`].
    Type(StringIndex),
    /// The name of an object or a native node. Text in [`Groups::texts`].
    Name(StringIndex),
    /// A name that begins with a tag, cut after it. Text in [`Groups::texts`].
    Markup(StringIndex),
    /// The shape of a plain object.
    Shape(ShapeIndex),
}

/// A set of nodes that always have the same class.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Group {
    /// What its class is made from.
    pub name: GroupName,
    /// Where the constructor is, for objects that have a location.
    pub place: Option<Place>,
}

/// The groups of a snapshot's nodes. Refers to nothing outside.
#[derive(Debug, Default)]
pub struct Groups {
    /// By node.
    of_node: Vec<u32>,
    groups: Vec<Group>,
    shapes: Shapes,
    texts: StringTable,
    object_text: Option<StringIndex>,
}

impl Groups {
    /// Finds the group of every node.
    pub fn new(
        graph: &HeapGraph,
        names: &KnownNames,
        detachedness: &Detachedness,
        control: &Control,
    ) -> Result<Self> {
        let mut collector = Collector::new(graph, names, detachedness);
        let mut of_node = Vec::with_capacity(graph.node_count());
        let mut locations = graph.tables().locations.iter().peekable();
        for node in graph.nodes() {
            control.checkpoint_at(node.at())?;
            let mut place = None;
            while let Some(location) = locations.next_if(|location| location.node <= node) {
                place = (location.node == node).then(|| Place::from(location.place));
            }
            of_node.push(collector.group_of(node, place));
        }
        Ok(collector.finish(of_node))
    }

    /// The group of each node, by node.
    #[inline(always)]
    pub fn of_nodes(&self) -> &[u32] {
        &self.of_node
    }

    /// Takes the column away: what is left knows the groups, and no longer which nodes are in them.
    pub fn take_of_nodes(&mut self) -> Vec<u32> {
        std::mem::take(&mut self.of_node)
    }

    /// The group of a node.
    #[inline(always)]
    pub fn of(&self, node: NodeIndex) -> u32 {
        self.of_node[node.at()]
    }

    /// The groups, in the order of their first nodes.
    pub fn groups(&self) -> &[Group] {
        &self.groups
    }

    /// The shapes of the plain objects.
    pub fn shapes(&self) -> &Shapes {
        &self.shapes
    }

    /// The texts of types and names.
    pub fn texts(&self) -> &StringTable {
        &self.texts
    }

    /// The text `Object` among [`Self::texts`], if there is a plain object.
    pub fn object_text(&self) -> Option<StringIndex> {
        self.object_text
    }
}

/// Not given out.
const NONE: u32 = u32::MAX;

/// How many groups with a place are remembered.
const RECENT: usize = 256;

struct Collector<'a> {
    graph: &'a HeapGraph,
    names: &'a KnownNames,
    detachedness: &'a Detachedness,
    shapes: ShapeCollector,
    groups: Vec<Group>,
    texts: StringTable,
    /// Groups without a place that are not markup, by type or by string of the file.
    of_type: [u32; 256],
    of_string: ByString,
    /// Groups of plain objects without a place, by shape.
    of_shape: Vec<u32>,
    /// Groups with a place that were asked for last.
    recent: [Option<(StringIndex, Place, u32)>; RECENT],
    /// All others.
    others: HashMap<Group, u32>,
    /// Texts of names that are in no table of the file, and cut names.
    cut: HashMap<Vec<u8>, StringIndex>,
    appended: HashMap<StringIndex, StringIndex>,
    /// By string of the file: its copy in `texts`.
    copies: ByString,
    object_text: Option<StringIndex>,
}

impl<'a> Collector<'a> {
    fn new(graph: &'a HeapGraph, names: &'a KnownNames, detachedness: &'a Detachedness) -> Self {
        Self {
            graph,
            names,
            detachedness,
            shapes: ShapeCollector::default(),
            groups: Vec::new(),
            texts: StringTable::new(),
            of_type: [NONE; 256],
            of_string: ByString::new(graph.strings().len()),
            of_shape: Vec::new(),
            recent: [None; RECENT],
            others: HashMap::new(),
            cut: HashMap::new(),
            appended: HashMap::new(),
            copies: ByString::new(graph.strings().len()),
            object_text: None,
        }
    }

    #[inline(always)]
    fn group_of(&mut self, node: NodeIndex, place: Option<Place>) -> u32 {
        let node_type = self.graph.node_type(node);
        match node_type {
            NodeType::OBJECT => self.group_of_object(node, place),
            NodeType::NATIVE => self.group_of_name(self.name_of(node), None),
            _ => match self.of_type[usize::from(node_type.0)] {
                NONE => self.new_type(node_type),
                known => known,
            },
        }
    }

    fn group_of_object(&mut self, node: NodeIndex, place: Option<Place>) -> u32 {
        let string = self.graph.name_index(node);
        if self.names.of(string) == Known::Object {
            if self.object_text.is_none() {
                self.object_text = Some(self.copy(string));
            }
            let shape = self.shapes.add(self.graph, node);
            return self.group_of_shape(shape, place);
        }
        self.group_of_name(string, place)
    }

    fn group_of_shape(&mut self, shape: ShapeIndex, place: Option<Place>) -> u32 {
        let at = shape.0 as usize;
        if at >= self.of_shape.len() {
            self.of_shape.resize(at + 1, NONE);
        }
        if place.is_some() || self.of_shape[at] == NONE {
            let group = self.find(Group { name: GroupName::Shape(shape), place });
            if place.is_some() {
                return group;
            }
            self.of_shape[at] = group;
        }
        self.of_shape[at]
    }

    /// Only native nodes have other names than in the file.
    fn name_of(&self, node: NodeIndex) -> StringIndex {
        self.detachedness.name_index(self.graph, node)
    }

    fn group_of_name(&mut self, string: StringIndex, place: Option<Place>) -> u32 {
        // Instances of one class come in crowds.
        if let Some(place) = place {
            let slot = (place.line ^ place.column.rotate_left(3)) as usize % RECENT;
            if let Some((known, known_place, group)) = self.recent[slot]
                && (known, known_place) == (string, place)
            {
                return group;
            }
            let group = self.find_group_of_name(string, Some(place));
            self.recent[slot] = Some((string, place, group));
            return group;
        }
        self.find_group_of_name(string, None)
    }

    fn find_group_of_name(&mut self, string: StringIndex, place: Option<Place>) -> u32 {
        if let (Some(known), None) = (self.of_string.get(string), place) {
            return known;
        }
        let text = self.detachedness.text(self.graph, string);
        let name = if text.starts_with(b"<") || text.starts_with(b"Detached <") {
            GroupName::Markup(self.cut(text))
        } else {
            GroupName::Name(self.copy(string))
        };
        let group = self.find(Group { name, place });
        if place.is_none() {
            self.of_string.set(string, group);
        }
        group
    }

    /// The class of `<div id="a">` is `<div>`.
    fn cut(&mut self, text: &[u8]) -> StringIndex {
        const DETACHED: usize = b"Detached ".len();
        let from = if text.starts_with(b"<") { 0 } else { DETACHED + 1 };
        let class = match memchr::memchr(b' ', &text[from..]) {
            Some(space) => [&text[..from + space], b">"].concat(),
            None => text.to_vec(),
        };
        let texts = &mut self.texts;
        *self.cut.entry(class).or_insert_with_key(|class| texts.push(class))
    }

    /// The copy in `texts` of a string of the file or an appended one.
    fn copy(&mut self, string: StringIndex) -> StringIndex {
        if let Some(copy) = self.copies.get(string) {
            return StringIndex(copy);
        }
        let text = self.detachedness.text(self.graph, string);
        let texts = &mut self.texts;
        if !self.copies.has_room_for(string) {
            return *self.appended.entry(string).or_insert_with(|| texts.push(text));
        }
        let copy = texts.push(text);
        self.copies.set(string, copy.0);
        copy
    }

    #[cold]
    fn new_type(&mut self, node_type: NodeType) -> u32 {
        let names = &self.graph.tables().node_type_names;
        let text = match node_type {
            NodeType::HIDDEN => "(system)".to_owned(),
            NodeType::CODE => "(compiled code)".to_owned(),
            NodeType::CLOSURE => "Function".to_owned(),
            NodeType::REGEXP => "RegExp".to_owned(),
            _ => match names.get(usize::from(node_type.0)) {
                Some(name) => format!("({name})"),
                None => "(unknown)".to_owned(),
            },
        };
        let name = GroupName::Type(self.texts.push(text.as_bytes()));
        let group = self.groups.len() as u32;
        self.groups.push(Group { name, place: None });
        self.of_type[usize::from(node_type.0)] = group;
        group
    }

    fn find(&mut self, group: Group) -> u32 {
        let groups = &mut self.groups;
        *self.others.entry(group).or_insert_with(|| {
            groups.push(group);
            groups.len() as u32 - 1
        })
    }

    fn finish(self, of_node: Vec<u32>) -> Groups {
        Groups {
            of_node,
            groups: self.groups,
            shapes: self.shapes.finish(self.graph),
            texts: self.texts,
            object_text: self.object_text,
        }
    }
}
