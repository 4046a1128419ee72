//! A list that is ordered, filtered and walked through. What is selected stays selected while rows come, go and move.

/// How the rows of a pane are told apart, ordered and searched.
pub trait Order: Copy + Default + PartialEq {
    type Row;

    fn name(self) -> &'static str;

    /// The order that comes after this one.
    fn next(self) -> Self;

    /// Stable: rows that are equal stay as the server has them.
    fn sort(self, rows: &mut [&Self::Row]);

    /// What a row is known by from one look to the next.
    fn id(row: &Self::Row) -> String;

    /// What a filter is held against.
    fn text(row: &Self::Row) -> String;
}

#[derive(Debug, Clone, Default)]
pub struct Pane<O> {
    pub order: O,
    /// Rows with this text in them are shown; empty shows all.
    pub filter: String,
    selected: Option<String>,
    /// Where the selected row was last: what is there when it is gone is selected next.
    at: usize,
}

impl<O: Order> Pane<O> {
    /// The rows that are shown, in order.
    pub fn shown<'a>(&self, rows: &'a [O::Row]) -> Vec<&'a O::Row> {
        let wanted = self.filter.to_lowercase();
        let mut shown: Vec<&O::Row> = rows
            .iter()
            .filter(|row| wanted.is_empty() || O::text(row).to_lowercase().contains(&wanted))
            .collect();
        self.order.sort(&mut shown);
        shown
    }

    /// Which of the shown rows is selected; None when there is no row.
    pub fn index(&self, shown: &[&O::Row]) -> Option<usize> {
        let found = self
            .selected
            .as_ref()
            .and_then(|id| shown.iter().position(|row| O::id(row) == *id));
        found.or_else(|| Some(self.at.min(shown.len().checked_sub(1)?)))
    }

    pub fn selected<'a>(&self, rows: &'a [O::Row]) -> Option<&'a O::Row> {
        let shown = self.shown(rows);
        Some(shown[self.index(&shown)?])
    }

    /// Selects the row `by` rows further, or the last there is.
    pub fn walk(&mut self, rows: &[O::Row], by: isize) {
        let shown = self.shown(rows);
        let Some(at) = self.index(&shown) else { return };
        self.select(&shown, at.saturating_add_signed(by));
    }

    /// Remembers by name what is selected, so that it stays so when rows move.
    pub fn hold(&mut self, rows: &[O::Row]) {
        if self.selected.is_some() {
            self.walk(rows, 0);
        }
    }

    fn select(&mut self, shown: &[&O::Row], at: usize) {
        self.at = at.min(shown.len().saturating_sub(1));
        self.selected = shown.get(self.at).map(|row| O::id(row));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, Clone, Copy, Default, PartialEq)]
    enum Letters {
        #[default]
        AsTheyCome,
        Sorted,
    }

    impl Order for Letters {
        type Row = &'static str;

        fn name(self) -> &'static str {
            "letters"
        }

        fn next(self) -> Self {
            Self::Sorted
        }

        fn sort(self, rows: &mut [&Self::Row]) {
            if self == Self::Sorted {
                rows.sort();
            }
        }

        fn id(row: &Self::Row) -> String {
            (*row).to_owned()
        }

        fn text(row: &Self::Row) -> String {
            (*row).to_owned()
        }
    }

    fn selected(pane: &Pane<Letters>, rows: &[&'static str]) -> Option<&'static str> {
        pane.selected(rows).copied()
    }

    #[test]
    fn a_walk_ends_at_the_ends() {
        let (mut pane, rows) = (Pane::<Letters>::default(), ["a", "b", "c"]);
        assert_eq!(selected(&pane, &rows), Some("a"));
        pane.walk(&rows, -1);
        assert_eq!(selected(&pane, &rows), Some("a"));
        pane.walk(&rows, 10);
        assert_eq!(selected(&pane, &rows), Some("c"));
        pane.walk(&[], 1);
        assert_eq!(selected(&pane, &[]), None);
    }

    #[test]
    fn what_is_selected_stays_so_while_rows_move() {
        let mut pane = Pane::<Letters>::default();
        pane.walk(&["b", "a"], 1);
        assert_eq!(selected(&pane, &["c", "b", "a"]), Some("a"));
        pane.order = pane.order.next();
        assert_eq!(selected(&pane, &["c", "b", "a"]), Some("a"));
    }

    #[test]
    fn the_row_in_the_place_of_one_that_has_gone_is_selected() {
        let mut pane = Pane::<Letters>::default();
        pane.walk(&["a", "b", "c"], 1);
        pane.hold(&["a", "c"]);
        assert_eq!(selected(&pane, &["a", "c"]), Some("c"));
        assert_eq!(selected(&pane, &["c", "d", "a"]), Some("c"));
    }

    #[test]
    fn before_the_first_step_the_first_row_is_selected_whatever_comes() {
        let mut pane = Pane::<Letters>::default();
        pane.hold(&["a"]);
        assert_eq!(selected(&pane, &["b", "a"]), Some("b"));
    }

    #[test]
    fn a_filter_passes_rows_with_its_text_in_any_case() {
        let pane = Pane::<Letters> {
            filter: "AN".to_owned(),
            ..Pane::default()
        };
        let rows = ["plan", "run", "Answer"];
        let shown: Vec<&str> = pane.shown(&rows).into_iter().copied().collect();
        assert_eq!(shown, ["plan", "Answer"]);
    }
}
