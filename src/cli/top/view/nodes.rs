//! The supervision tree as a table.

use callboard_runtime::CrewSnapshot;
use ratatui::{
    layout::Constraint::{Fill, Length},
    text::Line,
};

use super::{list::Column, palette::Palette};
use crate::cli::top::node_row::{self, NodeRow};

pub const COLUMNS: [Column<NodeRow>; 9] = [
    Column {
        title: "supervised",
        width: Fill(2),
        from: 0,
        is_number: false,
        cell: |row, _| Line::from(format!("{}{}", " ".repeat(row.depth), row.node.name)),
    },
    Column {
        title: "state",
        width: Length(9),
        from: 0,
        is_number: false,
        cell: |row, palette| {
            let state = row.node.state;
            Line::styled(node_row::state(state), palette.node(state))
        },
    },
    Column {
        title: "queue",
        width: Length(5),
        from: 0,
        is_number: true,
        cell: |row, _| of_crew(row, |crew| crew.queue_depth.to_string()),
    },
    Column {
        title: "hand",
        width: Length(4),
        from: 44,
        is_number: true,
        cell: |row, _| of_crew(row, |crew| crew.in_hand.to_string()),
    },
    Column {
        title: "busy",
        width: Length(5),
        from: 68,
        is_number: true,
        cell: |row, _| {
            let busy = row.busy();
            Line::from(busy.map_or_else(String::new, |(busy, of)| format!("{busy}/{of}")))
        },
    },
    Column {
        title: "restarts",
        width: Length(8),
        from: 62,
        is_number: true,
        cell: restarts,
    },
    Column {
        title: "breaker",
        width: Length(9),
        from: 54,
        is_number: false,
        cell: breaker,
    },
    Column {
        title: "panics",
        width: Length(6),
        from: 74,
        is_number: true,
        cell: |row, palette| {
            let panics = row.panics();
            let style = match panics {
                Some(0) | None => palette.quiet(),
                Some(_) => palette.warning(),
            };
            let text = panics.map_or_else(String::new, |panics| panics.to_string());
            Line::styled(text, style)
        },
    },
    Column {
        title: "last failure",
        width: Fill(3),
        from: 110,
        is_number: false,
        cell: |row, _| of_crew(row, |crew| crew.last_failure.clone().unwrap_or_default()),
    },
];

fn of_crew(row: &NodeRow, text: impl FnOnce(&CrewSnapshot) -> String) -> Line<'static> {
    Line::from(row.node.crew.as_ref().map_or_else(String::new, text))
}

/// Deaths within the window, against those that are borne.
fn restarts(row: &NodeRow, palette: Palette) -> Line<'static> {
    let restarts = row.node.restarts_in_window;
    let Some(intensity) = row.node.intensity else {
        return Line::default();
    };
    let style = match restarts {
        0 => palette.quiet(),
        _ if restarts < intensity.restarts_max as usize => palette.warning(),
        _ => palette.bad(),
    };
    Line::styled(format!("{restarts}/{}", intensity.restarts_max), style)
}

fn breaker(row: &NodeRow, palette: Palette) -> Line<'static> {
    let Some(crew) = &row.node.crew else {
        return Line::default();
    };
    let state = crew.breaker.state;
    Line::styled(node_row::breaker(state), palette.breaker(state))
}
