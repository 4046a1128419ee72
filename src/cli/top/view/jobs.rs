//! The newest jobs as a table.

use std::time::Duration;

use ratatui::{
    layout::Constraint::{Fill, Length},
    text::Line,
};

use super::list::Column;
use crate::cli::top::{job_row::JobRow, span::span};

/// Cells of a bar of progress.
const BAR_CELLS: u64 = 6;

pub const COLUMNS: [Column<JobRow>; 8] = [
    Column {
        title: "job",
        width: Length(8),
        from: 0,
        is_number: false,
        cell: |row, _| Line::from(row.short_id()),
    },
    Column {
        title: "kind",
        width: Fill(2),
        from: 0,
        is_number: false,
        cell: |row, _| Line::from(row.job.kind.clone()),
    },
    Column {
        title: "state",
        width: Length(11),
        from: 0,
        is_number: false,
        cell: |row, palette| {
            let state = row.job.state.0;
            Line::styled(state.name(), palette.job(state))
        },
    },
    Column {
        title: "tasks done",
        width: Length(17),
        from: 52,
        is_number: false,
        cell: |row, _| Line::from(progress(row.job.progress.done, row.job.progress.total)),
    },
    Column {
        title: "age",
        width: Length(11),
        from: 62,
        is_number: true,
        cell: |row, _| length(row.age),
    },
    Column {
        title: "took",
        width: Length(11),
        from: 74,
        is_number: true,
        cell: |row, _| length(row.took),
    },
    Column {
        title: "tenant",
        width: Length(12),
        from: 100,
        is_number: false,
        cell: |row, _| Line::from(row.job.tenant.clone()),
    },
    Column {
        title: "why",
        width: Fill(4),
        from: 110,
        is_number: false,
        cell: |row, _| Line::from(row.note().unwrap_or_default()),
    },
];

/// A bar and the figures; the bar is full only when all is done.
pub fn progress(done: u32, total: u32) -> String {
    if total == 0 {
        return "-".to_owned();
    }
    let full = u64::from(done.min(total)) * BAR_CELLS / u64::from(total);
    let (full, rest) = (full as usize, (BAR_CELLS - full) as usize);
    format!("{}{} {done}/{total}", "#".repeat(full), "-".repeat(rest))
}

fn length(length: Option<Duration>) -> Line<'static> {
    Line::from(length.map_or_else(String::new, span))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bar_is_full_only_when_all_is_done() {
        for (done, total, bar) in [
            (0, 0, "-"),
            (0, 7, "------ 0/7"),
            (6, 7, "#####- 6/7"),
            (7, 7, "###### 7/7"),
        ] {
            assert_eq!(progress(done, total), bar);
        }
    }
}
