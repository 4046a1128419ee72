//! The clause that names the spacing of the prices.

use super::{
    cursor::Cursor,
    vocabulary::{Asked, take_asked},
};
use crate::{frequency::Frequency, metric::Metric};

/// Steps over `monthly`, `weekly prices`, `from daily data`.
pub fn take_spacing(cursor: &mut Cursor<'_>) -> Option<Frequency> {
    let mut ahead = *cursor;
    ahead.take(&["from", "in", "over"]);
    ahead.take(&["the"]);
    let spacings = [Frequency::Daily, Frequency::Weekly, Frequency::Monthly];
    let spacing = spacings
        .into_iter()
        .find(|spacing| ahead.take(&[spacing.name()]))?;
    ahead.take(&["data", "prices", "closes", "figures"]);
    *cursor = ahead;
    Some(spacing)
}

/// Whether a return follows: that of one period, which no metric is.
pub fn before_return(mut cursor: Cursor<'_>) -> bool {
    take_asked(&mut cursor) == Some(Asked::Metric(Metric::TotalReturn))
}

#[cfg(test)]
mod tests {
    use super::{super::word::words, *};

    #[test]
    fn the_spacing_is_read_with_the_words_around_it() {
        for (sentence, spacing, left) in [
            ("monthly volatility", Some(Frequency::Monthly), 1),
            ("weekly prices", Some(Frequency::Weekly), 0),
            ("from the daily data", Some(Frequency::Daily), 0),
            ("from 2005", None, 2),
            ("quarterly", None, 1),
        ] {
            let words = words(sentence, &|_| false);
            let mut cursor = Cursor::new(&words);
            assert_eq!(take_spacing(&mut cursor), spacing, "{sentence}");
            assert_eq!(cursor.rest().len(), left, "{sentence}");
        }
    }
}
