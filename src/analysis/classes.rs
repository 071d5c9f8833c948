//! Classes: what the nodes of a group are called once interface definitions are chosen.
//!
//! Chrome DevTools keys its class tables by text, and different classes can have the same key: an
//! object that V8 names `Function`, and functions. Then one of the two vanishes from its views.
//! Here classes are numbered and none is lost; the public keys are there to reproduce DevTools'
//! tables.

use hashbrown::HashMap;

use crate::analysis::groups::{Group, GroupName, Groups, Place};
use crate::analysis::interfaces::{self, InterfaceDefinition};
use crate::control::Control;
use crate::error::Result;
use crate::graph::{NodeIndex, StringIndex};
use crate::snapshot::StringTable;

/// The number of a class in one snapshot under one set of interface definitions.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ClassIndex(pub u32);

/// The classes of a snapshot's groups under a set of interface definitions.
#[derive(Debug, Default)]
pub struct Classes {
    of_group: Vec<ClassIndex>,
    classes: Vec<Class>,
    texts: StringTable,
}

#[derive(Clone, Copy, Debug)]
struct Class {
    name: StringIndex,
    place: Option<Place>,
}

/// What makes two groups the same class.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
enum ClassName {
    Type(StringIndex),
    /// Also of plain objects that fit no definition, together with native nodes of that name.
    Name(StringIndex),
    Markup(StringIndex),
    Interface(u32),
}

impl Classes {
    /// The classes of `groups` under `definitions`, which may come from another snapshot.
    pub fn new(
        groups: &Groups,
        definitions: &[InterfaceDefinition],
        control: &Control,
    ) -> Result<Self> {
        let interface_of = interfaces::apply(groups.shapes(), definitions, control)?;
        let object = groups.object_text().unwrap_or_default();
        let mut result = Self::default();
        let mut by_name: HashMap<(ClassName, Option<Place>), ClassIndex> = HashMap::new();
        let mut texts: HashMap<ClassName, StringIndex> = HashMap::new();
        for (at, &Group { name, place }) in groups.groups().iter().enumerate() {
            control.checkpoint_at(at)?;
            let name = match name {
                GroupName::Type(text) => ClassName::Type(text),
                GroupName::Name(text) => ClassName::Name(text),
                GroupName::Markup(text) => ClassName::Markup(text),
                GroupName::Shape(shape) => match interface_of[shape.0 as usize] {
                    Some(definition) => ClassName::Interface(definition),
                    None => ClassName::Name(object),
                },
            };
            let class = *by_name.entry((name, place)).or_insert_with(|| {
                let name = *texts.entry(name).or_insert_with(|| {
                    result.texts.push(match name {
                        ClassName::Type(text) | ClassName::Name(text) | ClassName::Markup(text) => {
                            groups.texts().get(text)
                        }
                        ClassName::Interface(at) => &definitions[at as usize].name,
                    })
                });
                result.classes.push(Class { name, place });
                ClassIndex(result.classes.len() as u32 - 1)
            });
            result.of_group.push(class);
        }
        Ok(result)
    }

    /// How many classes there are.
    pub fn len(&self) -> usize {
        self.classes.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.classes.is_empty()
    }

    /// All classes.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = ClassIndex> + use<> {
        (0..self.len() as u32).map(ClassIndex)
    }

    /// The class of a group.
    #[inline(always)]
    pub fn of_group(&self, group: u32) -> ClassIndex {
        self.of_group[group as usize]
    }

    /// The class of a node.
    #[inline(always)]
    pub fn of(&self, groups: &Groups, node: NodeIndex) -> ClassIndex {
        self.of_group(groups.of(node))
    }

    /// The name of a class, as WTF-8.
    pub fn name(&self, class: ClassIndex) -> &[u8] {
        self.texts.get(self.classes[class.0 as usize].name)
    }

    /// Where the constructor of the objects of a class is, if that is part of the class.
    pub fn place(&self, class: ClassIndex) -> Option<Place> {
        self.classes[class.0 as usize].place
    }

    /// The key of a class in Chrome DevTools' tables: `,name`, or `script,line,column,name` for
    /// objects with a location. Different classes may have the same.
    pub fn public_key(&self, class: ClassIndex) -> Vec<u8> {
        let mut key = match self.place(class) {
            Some(Place { script_id, line, column }) => format!("{script_id},{line},{column},"),
            None => ",".to_owned(),
        }
        .into_bytes();
        key.extend_from_slice(self.name(class));
        key
    }
}
