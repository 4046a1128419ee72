//! A titled table whose columns fit the width there is, scrolled to the selected row.

use ratatui::{
    buffer::Buffer,
    layout::{Constraint, Rect},
    text::{Line, Text},
    widgets::{
        Block, Borders, Cell, HighlightSpacing, Paragraph, Row, StatefulWidget, Table, TableState,
        Widget,
    },
};

use super::palette::Palette;
use crate::cli::top::{
    pane::{Order, Pane},
    part::Part,
};

/// Lines of a list that are no rows: its title and the names of its columns.
pub const HEAD_LINES: u16 = 2;
/// Before the selected row, for those who see no inversion.
const MARK: &str = "> ";

/// A column of a table.
pub struct Column<R> {
    pub title: &'static str,
    pub width: Constraint,
    /// The least width of the list that the column is shown at.
    pub from: u16,
    pub is_number: bool,
    pub cell: fn(&R, Palette) -> Line<'static>,
}

/// One list as it is drawn.
pub struct List<'a, O: Order> {
    pub name: &'static str,
    pub columns: &'a [Column<O::Row>],
    pub pane: &'a Pane<O>,
    pub part: &'a Part<Vec<O::Row>>,
    /// Keys go to it.
    pub has_focus: bool,
    pub palette: Palette,
}

impl<O: Order> List<'_, O> {
    pub fn draw(&self, area: Rect, buffer: &mut Buffer) {
        let rows = self.part.known.as_deref().unwrap_or_default();
        let shown = self.pane.shown(rows);
        let block = Block::new()
            .borders(Borders::TOP)
            .title(self.title(shown.len(), rows.len()));
        let columns: Vec<&Column<O::Row>> = self
            .columns
            .iter()
            .filter(|column| column.from <= area.width)
            .collect();
        if shown.is_empty() {
            let inner = block.inner(area);
            block.render(area, buffer);
            return Paragraph::new(self.nothing(rows.len())).render(inner, buffer);
        }
        let cells = |row: &&O::Row| {
            let cells = columns.iter().map(|column| {
                let line = (column.cell)(row, self.palette);
                Cell::from(aligned(line, column.is_number))
            });
            Row::new(cells.collect::<Vec<_>>())
        };
        let names = columns
            .iter()
            .map(|column| Cell::from(aligned(Line::from(column.title), column.is_number)));
        let header = Row::new(names.collect::<Vec<_>>()).style(self.palette.quiet());
        let table = Table::new(
            shown.iter().map(cells),
            columns.iter().map(|column| column.width),
        )
        .header(header)
        .block(block)
        .highlight_symbol(MARK)
        .highlight_spacing(HighlightSpacing::Always)
        .row_highlight_style(self.palette.inverse());
        let selected = self.pane.index(&shown).filter(|_| self.has_focus);
        let room = usize::from(area.height.saturating_sub(HEAD_LINES));
        let at = self.pane.index(&shown).unwrap_or_default();
        let mut state = TableState::new()
            .with_selected(selected)
            .with_offset(offset(at, shown.len(), room));
        StatefulWidget::render(table, area, buffer, &mut state);
    }

    fn title(&self, shown: usize, all: usize) -> Line<'static> {
        let (name, order) = (self.name, self.pane.order.name());
        let mut text = match self.part.known {
            None => format!(" {name} "),
            Some(_) if shown == all => format!(" {name} {all}, by {order} "),
            Some(_) => format!(" {name} {shown} of {all}, by {order} "),
        };
        if !self.pane.filter.is_empty() {
            text.push_str(&format!("with `{}` ", self.pane.filter));
        }
        let mut line = Line::from(text);
        if self.has_focus {
            line = line.style(self.palette.title());
        }
        if let (Some(trouble), Some(_)) = (&self.part.trouble, &self.part.known) {
            line.push_span(ratatui::text::Span::styled(
                format!("! {trouble} "),
                self.palette.bad(),
            ));
        }
        line
    }

    /// What stands in place of rows.
    fn nothing(&self, all: usize) -> Text<'static> {
        match (&self.part.known, &self.part.trouble) {
            (_, _) if all > 0 => Text::from(" nothing has the text of the filter"),
            (None, Some(trouble)) => Text::styled(format!(" ! {trouble}"), self.palette.bad()),
            (None, None) => Text::from(" no answer so far"),
            (Some(_), _) => Text::from(" none"),
        }
    }
}

fn aligned(line: Line<'static>, is_number: bool) -> Line<'static> {
    match is_number {
        true => line.right_aligned(),
        false => line,
    }
}

/// The first row that is drawn, so that the selected one is in the middle as far as there are rows.
fn offset(selected: usize, rows: usize, room: usize) -> usize {
    selected
        .saturating_sub(room / 2)
        .min(rows.saturating_sub(room))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_selected_row_is_always_among_those_drawn() {
        for rows in 1..40 {
            for room in 1..12 {
                for selected in 0..rows {
                    let first = offset(selected, rows, room);
                    assert!(
                        (first..first + room).contains(&selected),
                        "{selected} of {rows} from {first} in {room}"
                    );
                }
            }
        }
    }
}
