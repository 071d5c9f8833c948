//! A census as a digest keeps it: in columns, keys as the distance to the one before. What comes after
//! each other is alike, and compresses to a hundredth of what rows take.

use std::collections::{BTreeSet, HashMap};

use serde::{Deserialize, Serialize};

use super::{ByShape, Census, Instances, Together};
use crate::leak::records::{Record, Records};

/// What a digest keeps of a census.
#[derive(Debug, Serialize, Deserialize)]
pub struct CensusParts {
    records: Columns,
    slots: Keyed<u32>,
    shapes: Keyed<u32>,
    /// The shapes that several nodes have.
    several: Keyed<Together>,
    classes: Keyed<Instances>,
    total: u64,
    last_id: u32,
    /// Whether there is a record of all that was counted.
    is_whole: bool,
}

impl CensusParts {
    /// Fails if columns do not belong together.
    pub fn check(&self) -> Result<(), String> {
        let Self { records, slots, shapes, several, classes, .. } = self;
        let is_sound = records.is_sound()
            && slots.is_sound()
            && shapes.is_sound()
            && several.is_sound()
            && classes.is_sound();
        is_sound.then_some(()).ok_or_else(|| "the columns of the digest do not match".into())
    }
}

impl Census {
    /// What a digest keeps: at most `most` records, those that retain most.
    pub fn parts(&self, most: usize) -> CensusParts {
        let mut kept: Vec<Record> = self.records.iter().collect();
        let is_whole = self.is_whole && kept.len() <= most;
        if kept.len() > most {
            kept.select_nth_unstable_by_key(most, |record| std::cmp::Reverse(record.retained));
            kept.truncate(most);
            kept.sort_unstable_by_key(|record| record.id);
        }
        let is_kept = |id: u32| kept.binary_search_by_key(&id, |record| record.id).is_ok();
        let slots = self.slots.iter().map(|(&key, &id)| (key, id)).filter(|&(_, id)| is_kept(id));
        let mut shapes = Vec::new();
        let mut several = Vec::new();
        for (&shape, by) in &self.shapes {
            match by {
                ByShape::One(record) if is_kept(record.id) => shapes.push((shape, record.id)),
                ByShape::One(_) => {}
                ByShape::Several(together) => several.push((shape, *together)),
            }
        }
        CensusParts {
            slots: Keyed::of(slots.collect()),
            shapes: Keyed::of(shapes),
            several: Keyed::of(several),
            classes: Keyed::of(self.classes.iter().map(|(&key, &of)| (key, of)).collect()),
            records: Columns::of(&kept),
            total: self.total,
            last_id: self.last_id,
            is_whole,
        }
    }

    /// The census that a digest kept. `parts` has been checked.
    pub fn from_parts(parts: CensusParts) -> Self {
        let CensusParts { records, slots, shapes, several, classes, total, last_id, is_whole } =
            parts;
        let records: Records = records.rows().collect();
        let ones = shapes
            .pairs()
            .filter_map(|(shape, id)| Some((shape, ByShape::One(records.by_id(id)?))));
        let several = several.pairs().map(|(shape, together)| (shape, ByShape::Several(together)));
        Self {
            shapes: ones.chain(several).collect(),
            slots: slots.pairs().collect(),
            classes: classes.pairs().collect(),
            records,
            total,
            last_id,
            is_whole,
        }
    }
}

/// Records, by id.
#[derive(Debug, Serialize, Deserialize)]
struct Columns {
    /// How far each id is above the one before.
    steps: Vec<u32>,
    /// The tags that there are.
    tags: Vec<u32>,
    /// Which of them each record has.
    tag_at: Vec<u32>,
    items: Vec<u32>,
    retained: Vec<u64>,
}

impl Columns {
    fn of(rows: &[Record]) -> Self {
        let tags: Vec<u32> =
            rows.iter().map(|row| row.tag).collect::<BTreeSet<_>>().into_iter().collect();
        let at: HashMap<u32, u32> = tags.iter().zip(0..).map(|(&tag, at)| (tag, at)).collect();
        let mut last = 0;
        let step = |row: &Record| row.id - std::mem::replace(&mut last, row.id);
        Self {
            steps: rows.iter().map(step).collect(),
            tag_at: rows.iter().map(|row| at[&row.tag]).collect(),
            items: rows.iter().map(|row| row.items).collect(),
            retained: rows.iter().map(|row| row.retained).collect(),
            tags,
        }
    }

    fn is_sound(&self) -> bool {
        let Self { steps, tags, tag_at, items, retained } = self;
        let last = steps.iter().try_fold(0_u32, |id, &step| id.checked_add(step));
        let ascend = steps.iter().skip(1).all(|&step| step > 0);
        let known = tag_at.iter().all(|&at| (at as usize) < tags.len());
        let lengths = [tag_at.len(), items.len(), retained.len()];
        last.is_some() && ascend && known && lengths.iter().all(|&length| length == steps.len())
    }

    fn rows(self) -> impl Iterator<Item = Record> {
        let Self { steps, tags, tag_at, items, retained } = self;
        let mut id = 0;
        let columns = steps.into_iter().zip(tag_at).zip(items).zip(retained);
        columns.map(move |(((step, tag_at), items), retained)| {
            id += step;
            Record { id, tag: tags[tag_at as usize], items, retained }
        })
    }
}

/// Values by key.
#[derive(Debug, Serialize, Deserialize)]
struct Keyed<V> {
    /// How far each key is above the one before.
    steps: Vec<u64>,
    values: Vec<V>,
}

impl<V> Keyed<V> {
    fn of(mut pairs: Vec<(u64, V)>) -> Self {
        pairs.sort_unstable_by_key(|&(key, _)| key);
        let (keys, values): (Vec<u64>, Vec<V>) = pairs.into_iter().unzip();
        let mut last = 0;
        let steps = keys.into_iter().map(|key| key - std::mem::replace(&mut last, key)).collect();
        Self { steps, values }
    }

    fn is_sound(&self) -> bool {
        let last = self.steps.iter().try_fold(0_u64, |key, &step| key.checked_add(step));
        last.is_some() && self.steps.len() == self.values.len()
    }

    fn pairs(self) -> impl Iterator<Item = (u64, V)> {
        let mut key = 0;
        self.steps.into_iter().zip(self.values).map(move |(step, value)| {
            key += step;
            (key, value)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows() -> Vec<Record> {
        let row = |id, tag, items, retained| Record { id, tag, items, retained };
        vec![row(1, 9, 3, 5_000_000_000), row(7, 4, 0, 80), row(u32::MAX, 9, 1, 0)]
    }

    #[test]
    fn columns_give_back_what_was_put_in_them() {
        let columns = Columns::of(&rows());
        assert!(columns.is_sound());
        assert_eq!(columns.tags, [4, 9], "each tag once");
        assert!(columns.rows().eq(rows()));
        let pairs = vec![(u64::MAX, 'c'), (0, 'a'), (12, 'b')];
        let keyed = Keyed::of(pairs);
        assert!(keyed.is_sound());
        let back: Vec<_> = keyed.pairs().collect();
        assert_eq!(back, [(0, 'a'), (12, 'b'), (u64::MAX, 'c')]);
    }

    #[test]
    fn columns_that_do_not_belong_together_are_found_out() {
        let damages: [fn(&mut Columns); 5] = [
            |it| it.items.truncate(1),
            |it| it.tag_at[1] = 2,
            |it| it.steps[1] = 0,
            |it| it.steps[2] = u32::MAX,
            |it| it.retained.push(1),
        ];
        for damage in damages {
            let mut columns = Columns::of(&rows());
            damage(&mut columns);
            assert!(!columns.is_sound(), "{columns:?}");
        }
        let mut keyed = Keyed::of(vec![(1, 'a'), (u64::MAX, 'b')]);
        keyed.steps[0] = 2;
        assert!(!keyed.is_sound());
        keyed = Keyed { steps: vec![1, 2], values: vec!['a'] };
        assert!(!keyed.is_sound());
    }
}
