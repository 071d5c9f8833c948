//! Nodes summed up by class: Chrome DevTools' Summary view.
//!
//! The nodes are taken in the preorder of the dominator tree, in which everything a node
//! dominates follows it at once. So a node has a dominator of its own class exactly if it stands
//! before the end of the last outermost one's subtree, and one number for each class is enough to
//! know: no stack and no walk.
//!
//! Time: linear in nodes. Memory: a few words a class.

use hashbrown::HashMap;
use serde::{Deserialize, Serialize};

use crate::analysis::classes::{ClassIndex, Classes};
use crate::analysis::distances::NO_DISTANCE;
use crate::analysis::dominator_tree::DominatorTree;
use crate::analysis::groups::Groups;
use crate::analysis::sizes::Sizes;
use crate::analysis::wtf8::cmp_utf16;
use crate::control::Control;
use crate::error::Result;
use crate::graph::NodeIndex;

/// Which nodes share a row.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ClassRows {
    /// Classes of the same name share a row, and every node is in one.
    #[default]
    Merged,
    /// The rows of Chrome DevTools: one for each key; of two classes with the same key, the one
    /// whose first node comes later takes the row and the other is in none.
    Devtools,
}

/// What all members of a row have together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClassRow {
    /// The key of the row: [`Classes::public_key`] of its class; for merged rows `,name`.
    pub key: Vec<u8>,
    /// The name of the class, as WTF-8.
    pub name: Vec<u8>,
    /// The class of the row; for merged rows, the first of those with its name.
    pub class: ClassIndex,
    /// How many nodes there are. Nodes of self size 0 do not count.
    pub count: u64,
    /// The sum of their self sizes in bytes.
    pub self_size: u64,
    /// What they retain together in bytes: the sum of the retained sizes of those that no other
    /// member dominates.
    pub retained_size: u64,
    /// The least distance of a member; [`NO_DISTANCE`] if any cannot be reached.
    pub distance: i32,
}

/// The columns the table is made from.
#[derive(Clone, Copy, Debug)]
pub struct ClassColumns<'a> {
    /// The group of each node.
    pub groups: &'a Groups,
    /// The class of each group.
    pub classes: &'a Classes,
    /// Self size of each node in bytes, after ownership transfer.
    pub self_size: &'a [u32],
    /// The dominator tree.
    pub dominators: &'a DominatorTree,
    /// Retained size of each node in bytes.
    pub retained: &'a Sizes,
    /// Distance of each node, if known.
    pub distances: Option<&'a [i32]>,
}

/// The rows of nodes that `passes` lets through, by retained size descending and then by name.
pub fn class_table(
    columns: ClassColumns<'_>,
    rows: ClassRows,
    passes: impl Fn(NodeIndex) -> bool,
    control: &Control,
) -> Result<Vec<ClassRow>> {
    let assignment = RowAssignment::new(columns.classes, rows);
    let sums = sum_up(columns, &assignment, passes, control)?;
    let mut table: Vec<ClassRow> = Vec::new();
    let mut by_key: HashMap<Vec<u8>, usize> = HashMap::new();
    // In the order in which DevTools would make the rows.
    let mut used: Vec<usize> = (0..sums.len()).filter(|&at| sums[at].count != 0).collect();
    used.sort_by_key(|&at| sums[at].first_node);
    for at in used {
        let (key, name) = assignment.key_and_name(columns.classes, at);
        let Sum { count, self_size, retained_size, distance, .. } = sums[at];
        let class = assignment.class_of_row[at];
        let row = ClassRow { key, name, class, count, self_size, retained_size, distance };
        match by_key.get(&row.key) {
            // A later row takes the place of an earlier one; its position does not change.
            Some(&known) => table[known] = row,
            None => {
                by_key.insert(row.key.clone(), table.len());
                table.push(row);
            }
        }
    }
    table.sort_by(|left, right| {
        let by_size = right.retained_size.cmp(&left.retained_size);
        by_size.then_with(|| cmp_utf16(&left.name, &right.name))
    });
    Ok(table)
}

/// Which row each class belongs to.
#[derive(Debug)]
pub(super) struct RowAssignment {
    pub(super) row_of_class: Vec<u32>,
    /// A class of each row.
    class_of_row: Vec<ClassIndex>,
    rows: ClassRows,
}

impl RowAssignment {
    pub(super) fn new(classes: &Classes, rows: ClassRows) -> Self {
        if rows == ClassRows::Devtools {
            let row_of_class = (0..classes.len() as u32).collect();
            return Self { row_of_class, class_of_row: classes.iter().collect(), rows };
        }
        let mut by_name: HashMap<&[u8], u32> = HashMap::new();
        let mut class_of_row = Vec::new();
        let row_of_class = classes.iter().map(|class| {
            *by_name.entry(classes.name(class)).or_insert_with(|| {
                class_of_row.push(class);
                class_of_row.len() as u32 - 1
            })
        });
        let row_of_class = row_of_class.collect();
        Self { row_of_class, class_of_row, rows }
    }

    pub(super) fn rows(&self) -> ClassRows {
        self.rows
    }

    /// How many rows there can be.
    pub(super) fn len(&self) -> usize {
        self.class_of_row.len()
    }

    pub(super) fn key_and_name(&self, classes: &Classes, row: usize) -> (Vec<u8>, Vec<u8>) {
        let class = self.class_of_row[row];
        let name = classes.name(class).to_vec();
        match self.rows {
            ClassRows::Devtools => (classes.public_key(class), name),
            ClassRows::Merged => ([b",", name.as_slice()].concat(), name),
        }
    }
}

#[derive(Clone, Copy)]
struct Sum {
    count: u64,
    self_size: u64,
    retained_size: u64,
    distance: i32,
    first_node: u32,
    /// Where the subtree of the last member that no other member dominates ends.
    covered_until: u32,
}

fn sum_up(
    columns: ClassColumns<'_>,
    assignment: &RowAssignment,
    passes: impl Fn(NodeIndex) -> bool,
    control: &Control,
) -> Result<Vec<Sum>> {
    let ClassColumns { groups, classes, self_size, dominators, retained, distances } = columns;
    let row_of_group: Vec<u32> = (0..groups.groups().len() as u32)
        .map(|group| assignment.row_of_class[classes.of_group(group).0 as usize])
        .collect();
    let empty = Sum {
        count: 0,
        self_size: 0,
        retained_size: 0,
        distance: i32::MAX,
        first_node: u32::MAX,
        covered_until: 0,
    };
    let mut sums = vec![empty; assignment.len()];
    for (position, &node) in dominators.order().iter().enumerate() {
        control.checkpoint_at(position)?;
        let size = self_size[node.at()];
        if size == 0 || !passes(node) {
            continue;
        }
        let position = position as u32;
        let sum = &mut sums[row_of_group[groups.of(node) as usize] as usize];
        sum.count += 1;
        sum.self_size += u64::from(size);
        sum.first_node = sum.first_node.min(node.0);
        if let Some(distances) = distances {
            sum.distance = sum.distance.min(distances[node.at()]);
        }
        if position >= sum.covered_until {
            sum.retained_size += retained.at(node.at());
            sum.covered_until = position + dominators.extent(position);
        }
    }
    if distances.is_none() {
        for sum in &mut sums {
            sum.distance = NO_DISTANCE;
        }
    }
    Ok(sums)
}
