//! What stands in the cells of a price file.

/// What an absent price looks like, beside an empty cell.
const EMPTY_CELLS: [&str; 6] = ["nan", "na", "n/a", "null", "none", "-"];

pub fn is_empty(cell: &str) -> bool {
    cell.is_empty()
        || EMPTY_CELLS
            .iter()
            .any(|empty| cell.eq_ignore_ascii_case(empty))
}

/// A finite decimal number, with or without a dollar sign and thousands commas in their places.
pub fn number(text: &str) -> Option<f64> {
    let text = text.strip_prefix('$').unwrap_or(text);
    let value = if text.contains(',') {
        let (whole, fraction) = text.split_once('.').unwrap_or((text, "0"));
        let mut groups = whole.split(',');
        let leading = groups
            .next()
            .is_some_and(|group| (1..=3).contains(&group.trim_start_matches('-').len()));
        if !leading || !groups.all(|group| group.len() == 3) {
            return None;
        }
        format!("{}.{fraction}", whole.replace(',', "")).parse::<f64>()
    } else {
        text.parse::<f64>()
    };
    value.ok().filter(|value| value.is_finite())
}

/// The separator of the header line: a comma unless semicolons or tabs outnumber the commas.
pub fn delimiter(bytes: &[u8]) -> u8 {
    let header = bytes
        .split(|byte| *byte == b'\n')
        .next()
        .unwrap_or_default();
    let count = |wanted: u8| header.iter().filter(|byte| **byte == wanted).count();
    *[b'\t', b';', b',']
        .iter()
        .max_by_key(|candidate| count(**candidate))
        .expect("the candidates are three")
}

/// The file name without directories and extension.
pub fn stem(name: &str) -> &str {
    let file = name.rsplit(['/', '\\']).next().unwrap_or(name);
    file.split_once('.')
        .map_or(file, |(stem, _)| if stem.is_empty() { file } else { stem })
}

/// Cells come from outside and may be long: an error shows the start.
pub fn clip(text: &str) -> String {
    const SHOWN_CHARS_MAX: usize = 40;
    match text.char_indices().nth(SHOWN_CHARS_MAX) {
        Some((at, _)) => format!("{}...", &text[..at]),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_may_have_a_currency_sign_and_thousands_in_their_places() {
        for (text, value) in [
            ("1", Some(1.0)),
            ("$1,002.5", Some(1002.5)),
            ("1e3", Some(1000.0)),
            ("1,2", None),
            ("inf", None),
            ("x1", None),
        ] {
            assert_eq!(number(text), value, "{text}");
        }
    }

    #[test]
    fn the_stem_of_a_path_is_its_file_up_to_the_first_dot() {
        assert_eq!(stem("dir/tsla.us.csv"), "tsla");
        assert_eq!(stem(".hidden"), ".hidden");
    }
}
