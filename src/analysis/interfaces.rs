//! Interface names: Chrome DevTools gives plain objects that have common properties a class like
//! `{id, name}`.
//!
//! Inference counts, for each sequence of properties, the objects that have it, and keeps the
//! sequences that are common. Application gives each object the definition with the most
//! properties that the object has all of. Definitions carry texts, so that those of one snapshot
//! can be applied to another, as a comparison does.
//!
//! Time: linear in the properties of different shapes, and for the application also in the
//! definitions that share their rarest property with the shape.

use std::collections::HashMap;

use crate::analysis::shapes::{ShapeIndex, Shapes};
use crate::analysis::wtf8::{push_json, utf16_len};
use crate::control::Control;
use crate::error::Result;
use crate::graph::StringIndex;
use crate::snapshot::StringTable;

/// No longer name is made, unless its first property alone is longer. UTF-16 units.
const MAX_NAME_LENGTH: usize = 120;
/// A definition has to be that of at least so many objects.
const MIN_OBJECTS: u64 = 2;
/// A definition has to be that of at least one of so many objects.
const MAX_OBJECTS_PER_DEFINITION: u64 = 1000;

/// A name for plain objects that have certain properties.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InterfaceDefinition {
    /// The name, as WTF-8: `{id, name}`.
    pub name: Vec<u8>,
    /// The properties, as WTF-8, in the order of the first object that had them.
    pub properties: Vec<Vec<u8>>,
    /// How many objects began with these properties in this order.
    pub count: u64,
}

/// The definitions that are common in a snapshot, the most common first.
pub fn infer(shapes: &Shapes, control: &Control) -> Result<Vec<InterfaceDefinition>> {
    let names = FormattedNames::new(shapes.texts(), control)?;
    let mut candidates: Vec<(ShapeIndex, usize, u64)> = Vec::new();
    let mut by_name: HashMap<Vec<u8>, usize> = HashMap::new();
    let mut name = Vec::new();
    for shape in shapes.iter() {
        control.checkpoint_at(shape.0 as usize)?;
        let used = names.write(shapes.properties(shape), &mut name);
        if used == 0 {
            continue;
        }
        let count = u64::from(shapes.count(shape));
        if let Some(&known) = by_name.get(&name) {
            candidates[known].2 += count;
        } else {
            by_name.insert(name.clone(), candidates.len());
            candidates.push((shape, used, count));
        }
    }
    drop(by_name);
    // Stable: ties stay in the order of their first objects.
    candidates.sort_by_key(|&(_, _, count)| std::cmp::Reverse(count));
    let objects = shapes.object_count();
    let is_common = |&&(_, _, count): &&(ShapeIndex, usize, u64)| {
        count >= MIN_OBJECTS && count * MAX_OBJECTS_PER_DEFINITION >= objects
    };
    let definitions = candidates.iter().take_while(is_common).map(|&(shape, used, count)| {
        names.write(shapes.properties(shape), &mut name);
        let own = shapes.properties(shape).iter().filter(|&&at| !names.is_proto(at));
        let properties = own.take(used).map(|&at| shapes.texts().get(at).to_vec()).collect();
        InterfaceDefinition { name: name.clone(), properties, count }
    });
    Ok(definitions.collect())
}

/// Property names as they appear in an interface name, and their lengths.
struct FormattedNames<'a> {
    texts: &'a StringTable,
    /// Length in UTF-16 units of each formatted name; `PROTO` for `__proto__`.
    lengths: Vec<u32>,
}

/// Stands for a length: this property never takes part.
const PROTO: u32 = u32::MAX;

impl<'a> FormattedNames<'a> {
    fn new(texts: &'a StringTable, control: &Control) -> Result<Self> {
        let mut formatted = Vec::new();
        let lengths = (0..texts.len()).map(|at| {
            control.checkpoint_at(at)?;
            let text = texts.get(StringIndex(at as u32));
            if text == b"__proto__" {
                return Ok(PROTO);
            }
            formatted.clear();
            push_formatted(text, &mut formatted);
            Ok(utf16_len(&formatted) as u32)
        });
        let lengths = lengths.collect::<Result<_>>()?;
        Ok(Self { texts, lengths })
    }

    fn is_proto(&self, property: StringIndex) -> bool {
        self.lengths[property.at()] == PROTO
    }

    /// Writes the interface name of a sequence of properties, and gives how many of them, not
    /// counting `__proto__`, found room.
    fn write(&self, properties: &[StringIndex], name: &mut Vec<u8>) -> usize {
        name.clear();
        name.push(b'{');
        let mut length = 1;
        let mut used = 0;
        for &property in properties {
            let own = self.lengths[property.at()];
            if own == PROTO {
                continue;
            }
            let own = own as usize;
            if length > 1 && length + own > MAX_NAME_LENGTH {
                break;
            }
            if length != 1 {
                name.extend_from_slice(b", ");
                length += 2;
            }
            push_formatted(self.texts.get(property), name);
            length += own;
            used += 1;
        }
        name.push(b'}');
        used
    }
}

/// Appends a property name, quoted if it could be mistaken for the punctuation around it.
pub(super) fn push_formatted(text: &[u8], name: &mut Vec<u8>) {
    if text.iter().any(|byte| matches!(byte, b',' | b'\'' | b'"' | b'{' | b'}')) {
        push_json(text, name);
    } else {
        name.extend_from_slice(text);
    }
}

/// Which definition each shape fits best, as an index into `definitions`.
pub fn apply(
    shapes: &Shapes,
    definitions: &[InterfaceDefinition],
    control: &Control,
) -> Result<Vec<Option<u32>>> {
    let matcher = Matcher::new(definitions);
    let ids = matcher.property_ids(shapes.texts(), control)?;
    let mut counts = vec![0u32; matcher.keyed_by.len()];
    let mut present = Vec::new();
    let mut best = Vec::with_capacity(shapes.len());
    for shape in shapes.iter() {
        control.checkpoint_at(shape.0 as usize)?;
        present.clear();
        for property in shapes.properties(shape) {
            let id = ids[property.at()];
            if id == ABSENT {
                continue;
            }
            if counts[id as usize] == 0 {
                present.push(id);
            }
            counts[id as usize] += 1;
        }
        best.push(matcher.best(&present, &counts));
        for &id in &present {
            counts[id as usize] = 0;
        }
    }
    Ok(best)
}

/// A property that no definition has.
const ABSENT: u32 = u32::MAX;

/// Finds the best definition for a multiset of properties.
struct Matcher<'a> {
    /// A number for each property name in a definition.
    ids: HashMap<&'a [u8], u32>,
    /// By definition: how often it has which property, and how many properties it has.
    needs: Vec<(Vec<(u32, u32)>, usize)>,
    /// By property: the definitions of which it is the rarest property.
    keyed_by: Vec<Vec<u32>>,
}

impl<'a> Matcher<'a> {
    fn new(definitions: &'a [InterfaceDefinition]) -> Self {
        let mut ids: HashMap<&[u8], u32> = HashMap::new();
        let mut uses: Vec<u32> = Vec::new();
        let mut needs = Vec::with_capacity(definitions.len());
        for definition in definitions {
            let mut multiset: Vec<(u32, u32)> = Vec::new();
            for property in &definition.properties {
                let next = ids.len() as u32;
                let id = *ids.entry(property).or_insert(next);
                match multiset.iter_mut().find(|(known, _)| *known == id) {
                    Some((_, times)) => *times += 1,
                    None => multiset.push((id, 1)),
                }
            }
            uses.resize(ids.len(), 0);
            for &(id, _) in &multiset {
                uses[id as usize] += 1;
            }
            needs.push((multiset, definition.properties.len()));
        }
        let mut keyed_by = vec![Vec::new(); ids.len()];
        for (at, (multiset, _)) in needs.iter().enumerate() {
            if let Some(&(rarest, _)) = multiset.iter().min_by_key(|(id, _)| uses[*id as usize]) {
                keyed_by[rarest as usize].push(at as u32);
            }
        }
        Self { ids, needs, keyed_by }
    }

    /// The number of each text's property.
    fn property_ids(&self, texts: &StringTable, control: &Control) -> Result<Vec<u32>> {
        let id_at = |at| {
            control.checkpoint_at(at)?;
            let text = texts.get(StringIndex(at as u32));
            Ok(self.ids.get(text).copied().unwrap_or(ABSENT))
        };
        (0..texts.len()).map(id_at).collect()
    }

    /// The definition with the most properties, all of which are there often enough; the earliest
    /// of several.
    fn best(&self, present: &[u32], counts: &[u32]) -> Option<u32> {
        let mut best: Option<(usize, u32)> = None;
        for &id in present {
            for &at in &self.keyed_by[id as usize] {
                let (multiset, size) = &self.needs[at as usize];
                let is_better = best.is_none_or(|(best_size, best_at)| {
                    *size > best_size || *size == best_size && at < best_at
                });
                if is_better && multiset.iter().all(|&(id, times)| counts[id as usize] >= times) {
                    best = Some((*size, at));
                }
            }
        }
        best.map(|(_, at)| at)
    }
}
