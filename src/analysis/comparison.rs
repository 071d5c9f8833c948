//! Two snapshots of one process, class by class: Chrome DevTools' Comparison view.
//!
//! A node is *added* if the older snapshot has no node of its id in the same row, and *removed* the
//! other way round. A node that is in both counts as neither, whatever happened to its size; one
//! whose class has changed is removed from one row and added to another. Both snapshots' plain
//! objects get the class names that the *newer* one's interface definitions give them.
//!
//! What the older snapshot has to keep for this is in [`ComparisonSide`]: ids, self sizes and
//! groups, 12 bytes a node. Edges, strings and all else can be dropped before the newer one is
//! read.
//!
//! Time: linear in nodes; no node is hashed. Memory: the match of each node of the newer snapshot,
//! 4 bytes, which other stages use as well.

use hashbrown::HashMap;
use hashbrown::hash_map::Entry;

use crate::analysis::bits::BitSet;
use crate::analysis::class_table::{ClassRow, ClassRows, RowAssignment};
use crate::analysis::classes::Classes;
use crate::analysis::groups::Groups;
use crate::analysis::ids::NO_MATCH;
use crate::analysis::wtf8::cmp_utf16;
use crate::control::Control;
use crate::error::Result;

/// What a comparison reads of one snapshot.
#[derive(Clone, Copy, Debug)]
pub struct ComparisonSide<'a> {
    /// The id of each node.
    pub ids: &'a [u32],
    /// Self size of each node in bytes, after ownership transfer.
    pub self_size: &'a [u32],
    /// The group of each node.
    pub groups: &'a Groups,
    /// The classes of the groups under this snapshot's own interface definitions.
    pub own_classes: &'a Classes,
    /// The classes of the groups under the newer snapshot's interface definitions. For the newer
    /// snapshot itself: the same as `own_classes`.
    pub classes: &'a Classes,
}

/// How one row changed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ComparisonRow {
    /// The key of the row, as in [`ClassRow::key`].
    pub key: Vec<u8>,
    /// The name of the class, as WTF-8.
    pub name: Vec<u8>,
    /// How many nodes are new.
    pub added_count: u64,
    /// How many are gone.
    pub removed_count: u64,
    /// The sum of the self sizes of the new ones, in bytes.
    pub added_size: u64,
    /// The sum of the self sizes that those that are gone had, in bytes.
    pub removed_size: u64,
    /// What the members of the row retain together in the newer snapshot, in bytes; 0 if the row
    /// was not among the class rows given to [`compare`].
    pub retained_size: u64,
    /// The ids of the new ones, ascending, if asked for.
    pub added_ids: Vec<u32>,
    /// The ids of those that are gone, ascending, if asked for.
    pub removed_ids: Vec<u32>,
}

impl ComparisonRow {
    /// New nodes less those that are gone.
    pub fn count_delta(&self) -> i64 {
        self.added_count as i64 - self.removed_count as i64
    }

    /// Bytes of new nodes less bytes of those that are gone.
    pub fn size_delta(&self) -> i64 {
        self.added_size as i64 - self.removed_size as i64
    }
}

/// How [`compare`] makes its rows.
#[derive(Clone, Copy, Debug, Default)]
pub struct ComparisonOptions<'a> {
    /// Which nodes share a row.
    pub rows: ClassRows,
    /// Whether to list the ids.
    pub with_ids: bool,
    /// The class rows of the newer snapshot, made with the same `rows`, for the retained sizes.
    pub current_rows: &'a [ClassRow],
}

/// The rows in which something was added or removed, most bytes added first, then by name.
///
/// `matches` gives for each node of `current` the node of `base` with the same id, or [`NO_MATCH`]:
/// [`IdIndex::matches`](crate::analysis::ids::IdIndex::matches).
pub fn compare(
    base: ComparisonSide<'_>,
    current: ComparisonSide<'_>,
    matches: &[u32],
    options: ComparisonOptions<'_>,
    control: &Control,
) -> Result<Vec<ComparisonRow>> {
    let base_totals = Totals::of(base, options.rows, control)?;
    let current_totals = Totals::of(current, options.rows, control)?;
    let mut keys: HashMap<Vec<u8>, u32> = HashMap::new();
    let mut rows: Vec<ComparisonRow> = Vec::new();
    // The newer snapshot goes first: a row that it has too is named as it says.
    let current_row_of = current_totals.unify(current, None, &mut keys, &mut rows);
    let base_row_of = base_totals.unify(base, Some(base.own_classes), &mut keys, &mut rows);

    let mut survivors = options.with_ids.then(|| BitSet::new(base.ids.len()));
    for (node, &size) in current.self_size.iter().enumerate() {
        control.checkpoint_at(node)?;
        let row = current_row_of[current.groups.of_nodes()[node] as usize];
        if size == 0 || row == NONE {
            continue;
        }
        let before = matches[node];
        if before != NO_MATCH
            && base.self_size[before as usize] != 0
            && base_row_of[base.groups.of_nodes()[before as usize] as usize] == row
        {
            let row = &mut rows[row as usize];
            row.removed_count -= 1;
            row.removed_size -= u64::from(base.self_size[before as usize]);
            if let Some(survivors) = &mut survivors {
                survivors.insert(before);
            }
        } else {
            let row = &mut rows[row as usize];
            row.added_count += 1;
            row.added_size += u64::from(size);
            if options.with_ids {
                row.added_ids.push(current.ids[node]);
            }
        }
    }
    if let Some(survivors) = survivors {
        list_removed(base, &base_row_of, &survivors, &mut rows);
    }
    rows.retain(|row| row.added_count != 0 || row.removed_count != 0);
    let retained: HashMap<&[u8], u64> =
        options.current_rows.iter().map(|row| (row.key.as_slice(), row.retained_size)).collect();
    for row in &mut rows {
        row.retained_size = retained.get(row.key.as_slice()).copied().unwrap_or(0);
    }
    rows.sort_by(|left, right| {
        let by_size = right.added_size.cmp(&left.added_size);
        by_size.then_with(|| cmp_utf16(&left.name, &right.name))
    });
    Ok(rows)
}

/// No row.
const NONE: u32 = u32::MAX;

/// Lists the ids of the nodes of `base` that did not survive.
fn list_removed(
    base: ComparisonSide<'_>,
    row_of: &[u32],
    survivors: &BitSet,
    rows: &mut [ComparisonRow],
) {
    for (node, &size) in base.self_size.iter().enumerate() {
        let row = row_of[base.groups.of_nodes()[node] as usize];
        if size != 0 && row != NONE && !survivors.contains(node as u32) {
            rows[row as usize].removed_ids.push(base.ids[node]);
        }
    }
    for row in rows {
        row.added_ids.sort_unstable();
        row.removed_ids.sort_unstable();
    }
}

/// The nodes of one snapshot summed up by row.
struct Totals {
    assignment: RowAssignment,
    /// By row of the assignment.
    sums: Vec<Total>,
}

#[derive(Clone, Copy)]
struct Total {
    count: u64,
    size: u64,
    first_node: u32,
    /// The group of the member with the highest id.
    highest: (u32, u32),
}

impl Totals {
    fn of(side: ComparisonSide<'_>, rows: ClassRows, control: &Control) -> Result<Self> {
        let assignment = RowAssignment::new(side.classes, rows);
        let empty = Total { count: 0, size: 0, first_node: u32::MAX, highest: (0, 0) };
        let mut of_group = vec![empty; side.groups.groups().len()];
        for (node, &size) in side.self_size.iter().enumerate() {
            control.checkpoint_at(node)?;
            if size == 0 {
                continue;
            }
            let group = side.groups.of_nodes()[node];
            let total = &mut of_group[group as usize];
            if total.count == 0 {
                total.first_node = node as u32;
            }
            total.count += 1;
            total.size += u64::from(size);
            total.highest = total.highest.max((side.ids[node], group));
        }
        let mut sums = vec![empty; assignment.len()];
        for (group, total) in of_group.iter().enumerate() {
            let class = side.classes.of_group(group as u32);
            let sum = &mut sums[assignment.row_of_class[class.0 as usize] as usize];
            sum.count += total.count;
            sum.size += total.size;
            sum.first_node = sum.first_node.min(total.first_node);
            sum.highest = sum.highest.max(total.highest);
        }
        Ok(Self { assignment, sums })
    }

    /// Finds or makes the common row of each row here, and gives the common row of each group. The
    /// nodes of `base` are put in as removed; those that turn out to survive are taken out again.
    ///
    /// `restored`: the classes to name rows by that the other snapshot does not have. Chrome
    /// DevTools reads their names when the older snapshot's own definitions are back in force.
    fn unify(
        &self,
        side: ComparisonSide<'_>,
        restored: Option<&Classes>,
        keys: &mut HashMap<Vec<u8>, u32>,
        rows: &mut Vec<ComparisonRow>,
    ) -> Vec<u32> {
        let mut order: Vec<usize> =
            (0..self.sums.len()).filter(|&at| self.sums[at].count != 0).collect();
        order.sort_by_key(|&at| self.sums[at].first_node);
        // Of several with one key, the last takes the row.
        let mut winners: HashMap<Vec<u8>, usize> = HashMap::new();
        let mut row_keys = Vec::with_capacity(order.len());
        for &at in &order {
            let (key, _) = self.assignment.key_and_name(side.classes, at);
            winners.insert(key.clone(), at);
            row_keys.push((at, key));
        }
        let mut common_row = vec![NONE; self.sums.len()];
        for (at, key) in row_keys {
            if winners[&key] != at {
                continue;
            }
            let sum = &self.sums[at];
            let row = match keys.entry(key) {
                Entry::Occupied(known) => *known.get(),
                Entry::Vacant(vacant) => {
                    let (key, mut name) = self.assignment.key_and_name(side.classes, at);
                    if let (Some(own), ClassRows::Devtools) = (restored, self.assignment.rows()) {
                        name = own.name(own.of_group(sum.highest.1)).to_vec();
                    }
                    rows.push(ComparisonRow { key, name, ..ComparisonRow::default() });
                    *vacant.insert(rows.len() as u32 - 1)
                }
            };
            common_row[at] = row;
            if restored.is_some() {
                rows[row as usize].removed_count = sum.count;
                rows[row as usize].removed_size = sum.size;
            }
        }
        let groups = 0..side.groups.groups().len() as u32;
        groups
            .map(|group| side.classes.of_group(group))
            .map(|class| common_row[self.assignment.row_of_class[class.0 as usize] as usize])
            .collect()
    }
}
