//! What each of several things was, where only their sum is known.
//!
//! Things of one shape in another process: which is which nobody knows. If they are no more than they
//! were, and all together have grown, those that are largest now are taken to have grown: each was as
//! large as it is, up to a level at which the sum comes to what it was. Where all of them are equal,
//! that is the average; where one stands out, it is that one that has grown; and where all together
//! have not grown, none has, however they are distributed.
//!
//! Time: O(n log n) in the things of shapes that have grown. Memory: 24 bytes for each of them.

use hashbrown::HashMap;
use rayon::slice::ParallelSliceMut;

use crate::control::Control;
use crate::error::Result;
use crate::leak::census::Together;

/// Up to which size things of a shape were as large as they are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Level {
    pub(super) items: u64,
    pub(super) retained: u64,
}

/// One of the things of a shape.
#[derive(Clone, Copy, Debug)]
pub(super) struct Member {
    pub(super) shape: u64,
    pub(super) items: u64,
    pub(super) retained: u64,
}

/// The levels of shapes, from what there is of each now and what there was all together. Sorts on all cores.
///
/// # Errors
///
/// `ABORT_ERR`, `ERR_TIMEOUT`.
pub(super) fn levels(
    mut members: Vec<Member>,
    was: impl Fn(u64) -> Together,
    control: &Control,
) -> Result<HashMap<u64, Level>> {
    let mut levels = HashMap::new();
    control.checkpoint()?;
    members.par_sort_unstable_by_key(|member| (member.shape, member.items));
    control.checkpoint()?;
    for family in members.chunk_by(|a, b| a.shape == b.shape) {
        let items = level(family.iter().map(|member| member.items), was(family[0].shape).items);
        levels.insert(family[0].shape, Level { items, retained: u64::MAX });
    }
    control.checkpoint()?;
    members.par_sort_unstable_by_key(|member| (member.shape, member.retained));
    control.checkpoint()?;
    for family in members.chunk_by(|a, b| a.shape == b.shape) {
        let sizes = family.iter().map(|member| member.retained);
        let retained = level(sizes, was(family[0].shape).retained);
        levels.entry(family[0].shape).and_modify(|level| level.retained = retained);
    }
    Ok(levels)
}

/// The level at which sizes, which ascend, have that sum; the largest number if they do not reach it.
fn level(sizes: impl ExactSizeIterator<Item = u64>, sum: u64) -> u64 {
    let mut left = sum;
    let mut higher = sizes.len() as u64;
    for size in sizes {
        if size.saturating_mul(higher) > left {
            return left / higher;
        }
        left -= size;
        higher -= 1;
    }
    u64::MAX
}

#[cfg(test)]
mod tests {
    use super::*;

    fn level_of(sizes: &[u64], sum: u64) -> u64 {
        level(sizes.iter().copied(), sum)
    }

    #[test]
    fn equal_things_were_as_they_were_on_average_and_what_stands_out_has_grown() {
        assert_eq!(level_of(&[50, 50, 50], 30), 10);
        assert_eq!(level_of(&[1, 1, 1, 1, 900], 6), 2);
        assert_eq!(level_of(&[1, 1, 1, 1, 900], 5), 1);
        assert_eq!(level_of(&[0, 0, 7], 0), 0);
    }

    #[test]
    fn what_has_not_grown_all_together_has_no_level() {
        assert_eq!(level_of(&[5, 20, 1_000], 1_025), u64::MAX);
        assert_eq!(level_of(&[5, 20, 1_000], 2_000), u64::MAX);
        assert_eq!(level_of(&[], 0), u64::MAX);
        assert_eq!(level_of(&[u64::MAX, u64::MAX], 10), 5);
    }

    #[test]
    fn each_shape_has_levels_of_its_own() {
        let member = |shape, items, retained| Member { shape, items, retained };
        let members =
            vec![member(2, 4, 100), member(1, 1, 900), member(2, 8, 100), member(1, 9, 100)];
        let was =
            |shape| Together { count: 2, items: 6, retained: if shape == 1 { 200 } else { 99 } };
        let levels = levels(members, was, &Control::default()).unwrap();
        assert_eq!(levels[&1], Level { items: 5, retained: 100 });
        assert_eq!(levels[&2], Level { items: 3, retained: 49 });
    }
}
