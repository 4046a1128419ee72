//! The last line: the keys, or the filter while it is written. And the help, which has all the room.

use ratatui::{
    buffer::Buffer,
    layout::Rect,
    text::{Line, Span},
    widgets::{Block, Borders, Paragraph, Widget},
};

use super::palette::Palette;
use crate::cli::top::{
    keys::{KEYS, Mode},
    model::Model,
};

/// Room for the names of keys in the help.
const KEY_COLUMNS: usize = 22;
const SHORT: &str = " q quit  ? help  tab list  enter detail  / filter  s sort  p pause";

pub fn draw(model: &Model, palette: Palette, area: Rect, buffer: &mut Buffer) {
    let line = match model.mode {
        Mode::Filtering => Line::from(vec![
            Span::styled(" filter: ", palette.title()),
            Span::raw(model.filter().to_owned()),
            Span::styled(" ", palette.inverse()),
            Span::raw("  enter keeps it, esc drops it"),
        ]),
        Mode::Browsing | Mode::Help => Line::styled(SHORT, palette.quiet()),
    };
    Paragraph::new(line).render(area, buffer);
}

pub fn help(palette: Palette, area: Rect, buffer: &mut Buffer) {
    let line = |(keys, what): (&'static str, &'static str)| {
        Line::from(vec![
            Span::styled(format!(" {keys:KEY_COLUMNS$}"), palette.title()),
            Span::raw(what),
        ])
    };
    let mut lines: Vec<Line<'_>> = KEYS.map(line).to_vec();
    lines.extend([
        Line::default(),
        Line::from(" queue: tasks that wait; hand: tasks that workers have; busy: workers"),
        Line::from(" with a task; restarts: deaths within the window, of those that are borne"),
    ]);
    let block = Block::new().borders(Borders::TOP).title(" Keys ");
    Paragraph::new(lines)
        .wrap(ratatui::widgets::Wrap { trim: false })
        .block(block)
        .render(area, buffer);
}
