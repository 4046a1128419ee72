//! The look of every table.

use comfy_table::{CellAlignment, Table, presets::UTF8_FULL_CONDENSED};

/// A table whose first column names the rows; the others are aligned to the right when `figures` says that they hold
/// numbers.
pub fn plain(header: Vec<String>, rows: Vec<Vec<String>>, figures: bool) -> String {
    let mut table = Table::new();
    table
        .load_style(UTF8_FULL_CONDENSED)
        .set_header(header)
        .add_rows(rows);
    if figures {
        for column in table.column_iter_mut().skip(1) {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    table.trim_fmt()
}
