//! The clause that names the benchmark.

use super::{
    clause::Clause,
    cursor::Cursor,
    ticker::{Found, Tickers},
};

const NOUNS: &[&str] = &["benchmark", "index", "market"];
const WANTED: &str = "a ticker as benchmark";

/// Steps over `against SPX`, `relative to SPX`, `benchmark SPX`, `SPX as benchmark`, or `to SPX` right after beta or
/// alpha. The text of a benchmark that is no known ticker comes back as missing.
pub fn take_benchmark(
    cursor: &mut Cursor<'_>,
    tickers: &Tickers<'_>,
    after_market_metric: bool,
) -> Clause<Found> {
    let mut trailing = *cursor;
    if let Some(found) = take_trailing(&mut trailing, tickers) {
        *cursor = trailing;
        return Clause::Read(found);
    }
    let mut ahead = *cursor;
    let strong = ahead.take(&["against", "benchmarked"])
        || ahead.take_phrase(&["relative", "to"])
        || ahead.take_phrase(&["with", "respect", "to"]);
    if strong {
        ahead.take_all(&["against", "to", "on", "the", "a"]);
        ahead.take(NOUNS);
    } else if ahead.take(&["benchmark"]) {
        // Only a noun here: what it is follows.
    } else if after_market_metric && ahead.take(&["to", "vs", "versus", "on", "over"]) {
        ahead.take(&["the"]);
        ahead.take(NOUNS);
        return match take_ticker(&mut ahead, tickers) {
            Some(found) => {
                *cursor = ahead;
                Clause::Read(found)
            }
            None => Clause::Absent,
        };
    } else {
        return Clause::Absent;
    }
    ahead.take_all(&["of", "is", "as", "being", "the"]);
    match take_ticker(&mut ahead, tickers) {
        Some(found) => {
            *cursor = ahead;
            Clause::Read(found)
        }
        None => match ahead.peek() {
            Some(word) => Clause::Read(Found::Missing {
                name: word.text.clone(),
                ticker: word.text.clone(),
            }),
            None => Clause::Incomplete(WANTED),
        },
    }
}

fn take_ticker(cursor: &mut Cursor<'_>, tickers: &Tickers<'_>) -> Option<Found> {
    tickers
        .take_exact(cursor)
        .map(Found::Known)
        .or_else(|| tickers.take_any(cursor))
}

/// `SPX as the benchmark`.
fn take_trailing(cursor: &mut Cursor<'_>, tickers: &Tickers<'_>) -> Option<Found> {
    let found = take_ticker(cursor, tickers)?;
    cursor.take(&["as"]).then_some(())?;
    cursor.take(&["the", "a", "its", "their"]);
    cursor.take(NOUNS).then_some(found)
}
