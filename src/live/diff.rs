//! Steps from one list of rows to another.

use std::sync::Arc;

/// One step. Positions count from 0 and hold at the time of the step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Diff<R> {
    /// A row comes in.
    Insert {
        /// Where it stands then.
        at: usize,
        /// The row.
        row: R,
    },
    /// A row shows something else.
    Update {
        /// Where it stands.
        at: usize,
        /// The row.
        row: R,
    },
    /// A row goes.
    Remove {
        /// Where it stood.
        at: usize,
    },
}

impl<R: Clone> Diff<R> {
    /// Takes the step. One that does not fit the rows is not taken.
    pub fn apply(&self, rows: &mut Vec<R>) {
        match self {
            Self::Insert { at, row } if *at <= rows.len() => rows.insert(*at, row.clone()),
            Self::Update { at, row } => {
                if let Some(slot) = rows.get_mut(*at) {
                    slot.clone_from(row);
                }
            }
            Self::Remove { at } if *at < rows.len() => drop(rows.remove(*at)),
            Self::Insert { .. } | Self::Remove { .. } => {}
        }
    }
}

/// The steps from `old` to `new`, both as (number, row) with each number at most once.
pub(super) fn steps<R: Clone + PartialEq>(old: &[(i64, Arc<R>)], new: &[(i64, Arc<R>)]) -> Vec<Diff<R>> {
    let kept: std::collections::HashSet<i64> = new.iter().map(|(n, _)| *n).collect();
    let mut steps = Vec::new();
    let mut now: Vec<&(i64, Arc<R>)> = old.iter().collect();
    for at in (0..now.len()).rev() {
        if now.get(at).is_some_and(|(n, _)| !kept.contains(n)) {
            now.remove(at);
            steps.push(Diff::Remove { at });
        }
    }
    for (at, wanted) in new.iter().enumerate() {
        match now.get(at) {
            Some(there) if there.0 == wanted.0 => {
                if there.1 != wanted.1 {
                    steps.push(Diff::Update { at, row: R::clone(&wanted.1) });
                }
                continue;
            }
            _ => {}
        }
        if let Some(from) = now.iter().position(|(n, _)| *n == wanted.0) {
            now.remove(from);
            steps.push(Diff::Remove { at: from });
        }
        now.insert(at.min(now.len()), wanted);
        steps.push(Diff::Insert { at, row: R::clone(&wanted.1) });
    }
    steps
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn list() -> impl Strategy<Value = Vec<(i64, Arc<u8>)>> {
        prop::collection::btree_map(0..20_i64, (0..3_u8).prop_map(Arc::new), 0..15)
            .prop_map(|map| map.into_iter().collect::<Vec<_>>())
            .prop_shuffle()
    }

    proptest! {
        #[test]
        fn the_steps_lead_from_the_old_rows_to_the_new(old in list(), new in list()) {
            let mut rows: Vec<u8> = old.iter().map(|(_, row)| **row).collect();
            for step in steps(&old, &new) {
                step.apply(&mut rows);
            }
            prop_assert_eq!(rows, new.iter().map(|(_, row)| **row).collect::<Vec<_>>());
        }

        #[test]
        fn one_changed_row_is_one_step(list in list(), at in any::<prop::sample::Index>()) {
            prop_assume!(!list.is_empty());
            let mut new = list.clone();
            let at = at.index(new.len());
            new[at].1 = Arc::new(9);
            prop_assert_eq!(steps(&list, &new), vec![Diff::Update { at, row: 9 }]);
        }
    }
}
