//! Two snapshots of one process, class by class: Chrome DevTools' Comparison view.
//!
//! A node is *added* if the older snapshot has no node of its id in the same row, and *removed* the
//! other way round. A node that is in both counts as neither, whatever happened to its size; one
//! whose class has changed is removed from one row and added to another. Both snapshots' plain
//! objects get the class names that the *newer* one's interface definitions give them.
//!
//! What the older snapshot has to keep for this is in [`OlderNodes`]: ids, self sizes and groups, 12
//! bytes a node, in the order of the ids. Edges, strings and all else can be dropped before the newer
//! one is read.
//!
//! Time: linear in nodes where ids mostly ascend ([`super::ids`]); no node is hashed. Memory: none that
//! grows with the nodes.

use hashbrown::HashMap;
use hashbrown::hash_map::Entry;

use crate::analysis::bits::BitSet;
use crate::analysis::class_table::{ClassRow, ClassRows, RowAssignment};
use crate::analysis::classes::Classes;
use crate::analysis::groups::Groups;
use crate::analysis::ids::Search;
use crate::analysis::wtf8::cmp_utf16;
use crate::control::{CHECKPOINT_STEPS, Control};
use crate::error::Result;
use crate::graph::NodeIndex;

/// The nodes of an older snapshot, for comparisons with newer ones.
#[derive(Debug)]
pub struct OlderNodes {
    /// Ascending.
    ids: Vec<u32>,
    /// Self size of each node in bytes, after ownership transfer, by place among the ids.
    self_size: Vec<u32>,
    /// The group of each node, by place among the ids.
    group: Vec<u32>,
    /// The groups, without their nodes.
    groups: Groups,
    /// The nodes summed up, by group.
    totals: Vec<Total>,
    /// The classes of the groups under this snapshot's own interface definitions.
    own_classes: Classes,
}

impl OlderNodes {
    /// Keeps what is needed. `by_id` are the nodes in the order of their ids
    /// ([`nodes_by_id`](crate::analysis::ids::nodes_by_id)), `self_size` the sizes after ownership
    /// transfer.
    ///
    /// # Errors
    /// `ABORT_ERR`, `ERR_TIMEOUT`.
    pub fn new(
        ids: &[u32],
        by_id: &[NodeIndex],
        self_size: &[u32],
        mut groups: Groups,
        own_classes: Classes,
        control: &Control,
    ) -> Result<Self> {
        let totals = totals_of_groups(ids, self_size, &groups, control)?;
        let group_of_node = groups.take_of_nodes();
        let in_order = |column: &[u32]| -> Result<Vec<u32>> {
            let mut ordered = Vec::with_capacity(by_id.len());
            for part in by_id.chunks(CHECKPOINT_STEPS) {
                control.checkpoint()?;
                ordered.extend(part.iter().map(|node| column[node.at()]));
            }
            Ok(ordered)
        };
        Ok(Self {
            self_size: in_order(self_size)?,
            group: in_order(&group_of_node)?,
            ids: in_order(ids)?,
            groups,
            totals,
            own_classes,
        })
    }

    /// The groups, which no longer know their nodes.
    pub fn groups(&self) -> &Groups {
        &self.groups
    }
}

/// What a comparison reads of the newer snapshot.
#[derive(Clone, Copy, Debug)]
pub struct NewerNodes<'a> {
    /// The id of each node.
    pub ids: &'a [u32],
    /// Self size of each node in bytes, after ownership transfer.
    pub self_size: &'a [u32],
    /// The group of each node.
    pub groups: &'a Groups,
    /// The classes of the groups.
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
    /// Whether ids mean nothing: then all that was there is gone, and all that is there is new.
    pub ignore_ids: bool,
    /// Whether to list the ids.
    pub with_ids: bool,
    /// The class rows of the newer snapshot, made with the same `rows`, for the retained sizes.
    pub current_rows: &'a [ClassRow],
}

/// The rows in which something was added or removed, most bytes added first, then by name.
///
/// `base_classes` are the classes of the older snapshot's groups under the newer one's interface
/// definitions. One thread.
///
/// # Errors
/// `ABORT_ERR`, `ERR_TIMEOUT`.
pub fn compare(
    base: &OlderNodes,
    base_classes: &Classes,
    current: NewerNodes<'_>,
    options: ComparisonOptions<'_>,
    control: &Control,
) -> Result<Vec<ComparisonRow>> {
    let base_totals = Totals::of(&base.totals, base_classes, options.rows);
    let of_groups = totals_of_groups(current.ids, current.self_size, current.groups, control)?;
    let current_totals = Totals::of(&of_groups, current.classes, options.rows);
    let mut keys: HashMap<Vec<u8>, u32> = HashMap::new();
    let mut rows: Vec<ComparisonRow> = Vec::new();
    // The newer snapshot goes first: a row that it has too is named as it says.
    let current_row_of = current_totals.unify(current.classes, None, &mut keys, &mut rows);
    let base_row_of =
        base_totals.unify(base_classes, Some(&base.own_classes), &mut keys, &mut rows);

    let mut search = Search::new(&base.ids);
    let mut survivors = options.with_ids.then(|| BitSet::new(base.ids.len()));
    for (node, &size) in current.self_size.iter().enumerate() {
        control.checkpoint_at(node)?;
        let row = current_row_of[current.groups.of_nodes()[node] as usize];
        if size == 0 || row == NONE {
            continue;
        }
        let before = if options.ignore_ids { None } else { search.find(current.ids[node]) };
        if let Some(before) = before
            && base.self_size[before] != 0
            && base_row_of[base.group[before] as usize] == row
        {
            let row = &mut rows[row as usize];
            row.removed_count -= 1;
            row.removed_size -= u64::from(base.self_size[before]);
            if let Some(survivors) = &mut survivors {
                survivors.insert(before as u32);
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
fn list_removed(base: &OlderNodes, row_of: &[u32], survivors: &BitSet, rows: &mut [ComparisonRow]) {
    for (at, &size) in base.self_size.iter().enumerate() {
        let row = row_of[base.group[at] as usize];
        if size != 0 && row != NONE && !survivors.contains(at as u32) {
            rows[row as usize].removed_ids.push(base.ids[at]);
        }
    }
    for row in rows {
        row.added_ids.sort_unstable();
    }
}

/// The nodes of one snapshot summed up by row.
struct Totals {
    assignment: RowAssignment,
    /// How many groups there are.
    groups: u32,
    /// By row of the assignment.
    sums: Vec<Total>,
}

#[derive(Clone, Copy, Debug)]
struct Total {
    count: u64,
    size: u64,
    first_node: u32,
    /// The group of the member with the highest id.
    highest: (u32, u32),
}

impl Total {
    const NOTHING: Self = Self { count: 0, size: 0, first_node: u32::MAX, highest: (0, 0) };
}

/// The nodes that have a size, summed up by group.
fn totals_of_groups(
    ids: &[u32],
    self_size: &[u32],
    groups: &Groups,
    control: &Control,
) -> Result<Vec<Total>> {
    let mut totals = vec![Total::NOTHING; groups.groups().len()];
    for (node, (&size, &group)) in self_size.iter().zip(groups.of_nodes()).enumerate() {
        control.checkpoint_at(node)?;
        if size == 0 {
            continue;
        }
        let total = &mut totals[group as usize];
        if total.count == 0 {
            total.first_node = node as u32;
        }
        total.count += 1;
        total.size += u64::from(size);
        total.highest = total.highest.max((ids[node], group));
    }
    Ok(totals)
}

impl Totals {
    /// Sums of groups, as sums of the rows that `classes` put them in.
    fn of(of_groups: &[Total], classes: &Classes, rows: ClassRows) -> Self {
        let assignment = RowAssignment::new(classes, rows);
        let mut sums = vec![Total::NOTHING; assignment.len()];
        for (group, total) in of_groups.iter().enumerate() {
            let class = classes.of_group(group as u32);
            let sum = &mut sums[assignment.row_of_class[class.0 as usize] as usize];
            sum.count += total.count;
            sum.size += total.size;
            sum.first_node = sum.first_node.min(total.first_node);
            sum.highest = sum.highest.max(total.highest);
        }
        Self { assignment, groups: of_groups.len() as u32, sums }
    }

    /// Finds or makes the common row of each row here, and gives the common row of each group. The
    /// nodes of `base` are put in as removed; those that turn out to survive are taken out again.
    ///
    /// `restored`: the classes to name rows by that the other snapshot does not have. Chrome
    /// DevTools reads their names when the older snapshot's own definitions are back in force.
    fn unify(
        &self,
        classes: &Classes,
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
            let (key, _) = self.assignment.key_and_name(classes, at);
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
                    let (key, mut name) = self.assignment.key_and_name(classes, at);
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
        (0..self.groups)
            .map(|group| classes.of_group(group))
            .map(|class| common_row[self.assignment.row_of_class[class.0 as usize] as usize])
            .collect()
    }
}
