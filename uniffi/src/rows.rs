//! How the rows of a window change, written once for every kind of row: the border knows no generic types.

macro_rules! rows {
    ($rows:ident, $step:ident, $row:ident) => {
        /// One step from the rows before to the rows now. Positions count from 0 and hold at the time of the step.
        #[derive(Debug, Clone, PartialEq, Eq, uniffi::Enum)]
        pub enum $step {
            /// A row comes in.
            Insert {
                /// Where it stands then.
                at: i32,
                /// The row.
                row: $row,
            },
            /// A row shows something else.
            Update {
                /// Where it stands.
                at: i32,
                /// The row.
                row: $row,
            },
            /// A row goes.
            Remove {
                /// Where it stood.
                at: i32,
            },
        }

        /// How the rows of a window changed.
        #[derive(Debug, Clone, PartialEq, Eq, uniffi::Enum)]
        pub enum $rows {
            /// All rows, in order.
            Reset {
                /// The rows.
                rows: Vec<$row>,
            },
            /// Steps from the last call's rows to these, to be taken one after the other.
            Steps {
                /// The steps.
                steps: Vec<$step>,
            },
        }

        impl From<onsite::live::RowsChange<core::$row>> for $rows {
            fn from(change: onsite::live::RowsChange<core::$row>) -> Self {
                let step = |step: onsite::live::Diff<core::$row>| match step {
                    onsite::live::Diff::Insert { at, row } => {
                        $step::Insert { at: crate::error::place(at), row: row.into() }
                    }
                    onsite::live::Diff::Update { at, row } => {
                        $step::Update { at: crate::error::place(at), row: row.into() }
                    }
                    onsite::live::Diff::Remove { at } => $step::Remove { at: crate::error::place(at) },
                };
                match change {
                    onsite::live::RowsChange::Reset(rows) => {
                        Self::Reset { rows: rows.into_iter().map($row::from).collect() }
                    }
                    onsite::live::RowsChange::Diffs(steps) => {
                        Self::Steps { steps: steps.into_iter().map(step).collect() }
                    }
                }
            }
        }
    };
}

pub(crate) use rows;
