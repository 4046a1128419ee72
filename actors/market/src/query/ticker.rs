//! Finds tickers in a sentence.

use std::collections::HashSet;

use super::{cursor::Cursor, vocabulary::is_shaping, word::Word};
use crate::prices::PriceBook;

/// Names that people use for tickers: the first of the tickers that the price data holds is meant.
const NAMES: &[(&str, &[&str])] = &[
    ("apple", &["AAPL"]),
    ("microsoft", &["MSFT"]),
    ("google", &["GOOG", "GOOGL"]),
    ("alphabet", &["GOOGL", "GOOG"]),
    ("amazon", &["AMZN"]),
    ("tesla", &["TSLA"]),
    ("facebook", &["META", "FB"]),
    ("meta", &["META", "FB"]),
    ("netflix", &["NFLX"]),
    ("nvidia", &["NVDA"]),
    ("s&p 500", &["SPX", "^GSPC", "^SPX", "SP500", "SPY"]),
    ("s&p500", &["SPX", "^GSPC", "^SPX", "SP500", "SPY"]),
    ("s&p", &["SPX", "^GSPC", "^SPX", "SP500", "SPY"]),
];

/// What stands where a ticker may stand.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Found {
    Known(String),
    /// A name without a ticker in the price data: the name and the ticker usually meant.
    Missing {
        name: String,
        ticker: String,
    },
}

/// The tickers of a price book and the names people use for them, cut into words once.
pub struct Tickers<'a> {
    book: &'a PriceBook,
    known: Vec<Known<'a>>,
    /// Every word of a ticker or a name, in lower case.
    whole: HashSet<String>,
}

struct Known<'a> {
    ticker: &'a str,
    written: Vec<&'a str>,
    lower: Vec<String>,
}

impl<'a> Tickers<'a> {
    /// `elsewhere` are tickers that the price data does not hold, but a provider may.
    pub fn new(book: &'a PriceBook, elsewhere: &'a [String]) -> Self {
        let known: Vec<Known<'a>> = book
            .tickers()
            .chain(elsewhere.iter().map(String::as_str))
            .map(|ticker| Known {
                ticker,
                written: ticker.split(' ').collect(),
                lower: ticker
                    .to_lowercase()
                    .split(' ')
                    .map(str::to_owned)
                    .collect(),
            })
            .collect();
        let names = NAMES
            .iter()
            .flat_map(|(name, _)| name.split(' ').map(str::to_owned));
        let whole = known
            .iter()
            .flat_map(|known| known.lower.iter().cloned())
            .chain(names)
            .collect();
        Self { book, known, whole }
    }

    /// Whether `piece` is a word of a ticker or of a name, and must not be cut at its marks.
    pub fn is_whole(&self, piece: &str) -> bool {
        self.whole.contains(&piece.to_lowercase())
    }

    /// Steps over a ticker written as the price data writes it. A word of the grammar in lower case is never a ticker.
    pub fn take_exact(&self, cursor: &mut Cursor<'_>) -> Option<String> {
        if cursor
            .peek()
            .is_some_and(|word| word.text == word.lower && is_shaping(&word.lower))
        {
            return None;
        }
        self.take_longest(cursor, |known, rest| {
            fits(
                known.written.iter().copied(),
                rest.iter().map(|word| &word.text),
            )
        })
    }

    /// Steps over a ticker in any case, or a name.
    pub fn take_any(&self, cursor: &mut Cursor<'_>) -> Option<Found> {
        let lower = self.take_longest(cursor, |known, rest| {
            fits(
                known.lower.iter().map(String::as_str),
                rest.iter().map(|word| &word.lower),
            )
        });
        if let Some(ticker) = lower {
            return Some(Found::Known(ticker));
        }
        let (name, candidates) = NAMES
            .iter()
            .find(|(name, _)| cursor.take_phrase(&name.split(' ').collect::<Vec<_>>()))?;
        let known = candidates
            .iter()
            .find(|ticker| self.book.series(ticker).is_some());
        Some(match known {
            Some(ticker) => Found::Known((*ticker).to_owned()),
            None if self.book.is_open() => Found::Known(candidates[0].to_owned()),
            None => Found::Missing {
                name: (*name).to_owned(),
                ticker: candidates[0].to_owned(),
            },
        })
    }

    /// Steps over the ticker of most words for which `length` tells how many of the next words are it.
    fn take_longest(
        &self,
        cursor: &mut Cursor<'_>,
        length: impl Fn(&Known<'a>, &[Word]) -> Option<usize>,
    ) -> Option<String> {
        let rest = cursor.rest();
        let matching = self
            .known
            .iter()
            .filter_map(|known| Some((length(known, rest)?, known.ticker)));
        let (length, ticker) = matching.max_by_key(|(length, _)| *length)?;
        cursor.skip(length);
        Some(ticker.to_owned())
    }
}

/// The number of `parts` when the words begin with all of them.
fn fits<'a>(
    parts: impl ExactSizeIterator<Item = &'a str>,
    mut words: impl Iterator<Item = &'a String>,
) -> Option<usize> {
    let count = parts.len();
    parts
        .into_iter()
        .all(|part| words.next().is_some_and(|word| word == part))
        .then_some(count)
}

#[cfg(test)]
mod tests {
    use chrono::NaiveDate;

    use super::{super::word::words, *};
    use crate::prices::Series;

    fn found(sentence: &str) -> Option<Found> {
        let day = NaiveDate::from_ymd_opt(2015, 1, 2).unwrap();
        let series = ["AAPL", "GOOGL", "OR", "S&P 500 TR", "BRK-B"]
            .map(|t| Series::new(t, vec![(day, 1.0)]).unwrap());
        let book = PriceBook::new("test", series);
        let tickers = Tickers::new(&book, &[]);
        let words = words(sentence, &|piece| tickers.is_whole(piece));
        let mut cursor = Cursor::new(&words);
        tickers
            .take_exact(&mut cursor)
            .map(Found::Known)
            .or_else(|| tickers.take_any(&mut cursor))
    }

    #[test]
    fn tickers_and_names_are_found_in_any_case() {
        let known = |ticker: &str| Some(Found::Known(ticker.to_owned()));
        assert_eq!(found("AAPL"), known("AAPL"));
        assert_eq!(found("aapl's"), known("AAPL"));
        assert_eq!(found("brk-b"), known("BRK-B"));
        assert_eq!(found("Google"), known("GOOGL"));
        assert_eq!(found("S&P 500 TR"), known("S&P 500 TR"));
        assert_eq!(found("OR"), known("OR"));
        assert_eq!(
            found("Tesla"),
            Some(Found::Missing {
                name: "tesla".to_owned(),
                ticker: "TSLA".to_owned()
            })
        );
        assert_eq!(found("IBM"), None);
    }
}
