//! Makes a comparison of a request, or says why it makes none.

use crate::{
    comparison::{Comparison, ComparisonInput, RISK_FREE_MAX, TICKERS_MAX},
    prices::PriceBook,
    query::{Period, Query, example, parse, parse_period, refuse_two_readings},
    refusal::{Refusal, RefusalCode, known_tickers, unknown_benchmark, unknown_ticker},
    study::Study,
};

/// Reads a request against the prices of `book`. A refusal says what would be accepted.
pub fn resolve(input: ComparisonInput, book: &PriceBook) -> Result<Comparison, Refusal> {
    let asked = asked(&input, book)?;
    let benchmark = match &input.benchmark {
        Some(text) => Some(
            named(book, text.trim()).ok_or_else(|| unknown_benchmark(book, "benchmark", text))?,
        ),
        None => None,
    };
    let benchmark = agreed(asked.benchmark, benchmark, "benchmark")?;
    let from = agreed(
        asked.from,
        bound(&input.from, "from")?.map(|period| period.first),
        "from",
    )?;
    let to = agreed(
        asked.to,
        bound(&input.to, "to")?.map(|period| period.last),
        "to",
    )?;
    let risk_free = agreed(asked.risk_free, input.risk_free, "risk_free")?.unwrap_or(0.0);
    if !(-RISK_FREE_MAX..=RISK_FREE_MAX).contains(&risk_free) {
        let message = format!(
            "risk_free is {risk_free}, but must lie between -{RISK_FREE_MAX} and {RISK_FREE_MAX}: it is a yearly fraction, so 2% is 0.02"
        );
        return Err(Refusal::new(
            RefusalCode::InvalidRiskFree,
            "risk_free",
            message,
        ));
    }
    let metrics = once_each(if asked.metrics.is_empty() {
        input.metrics.unwrap_or_default()
    } else {
        asked.metrics
    });
    if benchmark.is_none()
        && !metrics.is_empty()
        && metrics.iter().all(|metric| metric.needs_benchmark())
    {
        let message = format!(
            "{} needs a benchmark: name one of {}, for example `against {}`",
            metrics[0].label(),
            known_tickers(book),
            book.tickers().next().unwrap_or("SPX")
        );
        return Err(Refusal::new(
            RefusalCode::BenchmarkRequired,
            "benchmark",
            message,
        ));
    }
    let frequency = agreed(asked.spacing, input.frequency, "frequency")?;
    let tickers = if asked.tickers.is_empty() {
        let held: Vec<String> = book
            .tickers()
            .filter(|ticker| benchmark.as_deref() != Some(ticker))
            .map(str::to_owned)
            .collect();
        if held.is_empty() {
            let message =
                "no prices are imported, and a price provider lists no tickers: name them";
            return Err(Refusal::new(RefusalCode::NoTicker, "query", message));
        }
        held
    } else {
        asked.tickers
    };
    if tickers.len() > TICKERS_MAX {
        let message = format!(
            "{} tickers are asked for; one comparison takes {TICKERS_MAX}",
            tickers.len()
        );
        return Err(Refusal::new(
            RefusalCode::TooManyTickers,
            "tickers",
            message,
        ));
    }
    if let Some((from, to)) = from.zip(to).filter(|(from, to)| from > to) {
        return Err(Refusal::new(
            RefusalCode::FromAfterTo,
            "from",
            format!("the window starts on {from}, after its end on {to}"),
        ));
    }
    let mut comparison = Comparison {
        tickers,
        metrics,
        from,
        to,
        frequency,
        risk_free,
        benchmark,
    };
    let aligned = comparison.aligned();
    if aligned.iter().any(|ticker| book.series(ticker).is_none()) {
        // Of prices that must be fetched, only the job itself can tell more.
        return Ok(comparison);
    }
    let common = book.common_dates(&aligned);
    comparison.from = from.or_else(|| common.first().copied());
    comparison.to = to.or_else(|| common.last().copied());
    let mut comparison = Study::open(book, comparison)?.into_comparison();
    comparison.frequency = None;
    Ok(comparison)
}

/// What the query asks for, or the tickers of a structured input.
fn asked(input: &ComparisonInput, book: &PriceBook) -> Result<Query, Refusal> {
    match (&input.query, &input.tickers) {
        (Some(sentence), None) => {
            let mut asked = parse(sentence, book)?;
            asked.tickers = once_each(asked.tickers);
            if input.metrics.as_ref().is_some_and(|metrics| {
                !metrics.is_empty() && !asked.metrics.is_empty() && *metrics != asked.metrics
            }) {
                return Err(twice("metrics"));
            }
            Ok(asked)
        }
        (None, Some(tickers)) if !tickers.is_empty() => Ok(Query {
            tickers: spelled(tickers, book)?,
            ..Query::default()
        }),
        (None, Some(_)) => {
            let message = format!(
                "tickers is empty; the price data has {}",
                known_tickers(book)
            );
            Err(Refusal::new(RefusalCode::NoTicker, "tickers", message))
        }
        (None, None) => {
            let message = format!(
                "give a query such as \"{}\", or tickers such as [\"{}\"]",
                example(book),
                book.tickers().take(2).collect::<Vec<_>>().join("\", \"")
            );
            Err(Refusal {
                code: RefusalCode::InvalidInput,
                field: None,
                message,
            })
        }
        (Some(_), Some(_)) => Err(Refusal::new(
            RefusalCode::StatedTwice,
            "tickers",
            "give either a query or tickers, not both",
        )),
    }
}

/// The ticker that `text` means: one of the book, else one to ask a provider for.
fn named(book: &PriceBook, text: &str) -> Option<String> {
    let held = book.spelled(text).map(str::to_owned);
    held.or_else(|| book.asked_elsewhere(text))
}

fn spelled(tickers: &[String], book: &PriceBook) -> Result<Vec<String>, Refusal> {
    let mut known = Vec::with_capacity(tickers.len());
    for (at, text) in tickers.iter().enumerate() {
        let ticker = named(book, text.trim())
            .ok_or_else(|| unknown_ticker(book, &format!("tickers[{at}]"), text, text))?;
        known.push(ticker);
    }
    Ok(once_each(known))
}

/// The values in their order; one named again counts once.
fn once_each<T: PartialEq>(values: Vec<T>) -> Vec<T> {
    let mut kept = Vec::with_capacity(values.len());
    for value in values {
        if !kept.contains(&value) {
            kept.push(value);
        }
    }
    kept
}

fn bound(text: &Option<String>, field: &str) -> Result<Option<Period>, Refusal> {
    let Some(text) = text else { return Ok(None) };
    refuse_two_readings(field, text)?;
    match parse_period(text) {
        Some(period) => Ok(Some(period)),
        None => {
            let message = format!(
                "{field} is `{text}`, which is not a date; write it as 2005-01-31, 2005-01 or 2005"
            );
            Err(Refusal::new(RefusalCode::InvalidDate, field, message))
        }
    }
}

/// The value that the query or the field states; both only when they say the same.
fn agreed<T: PartialEq>(
    query: Option<T>,
    field: Option<T>,
    name: &str,
) -> Result<Option<T>, Refusal> {
    match (query, field) {
        (Some(query), Some(field)) if query != field => Err(twice(name)),
        (query, field) => Ok(query.or(field)),
    }
}

fn twice(field: &str) -> Refusal {
    Refusal::new(
        RefusalCode::StatedTwice,
        field,
        format!("the query and the field {field} say different things"),
    )
}

#[cfg(test)]
mod tests {
    use chrono::NaiveDate;

    use super::*;
    use crate::prices::embedded;

    fn input(json: serde_json::Value) -> ComparisonInput {
        serde_json::from_value(json).unwrap()
    }

    fn day(text: &str) -> Option<NaiveDate> {
        Some(text.parse().unwrap())
    }

    fn refused(json: serde_json::Value) -> Refusal {
        resolve(input(json), &embedded()).unwrap_err()
    }

    #[test]
    fn a_query_and_its_structured_form_resolve_to_the_same_comparison() {
        let book = embedded();
        let query = input(
            serde_json::json!({"query": "Compare Sharpe ratios of AAPL, MSFT and GOOG from 2005 to 2009 with risk free 2%"}),
        );
        let fields = input(
            serde_json::json!({"tickers": ["aapl", "MSFT", "GOOG"], "metrics": ["sharpe"], "from": "2005", "to": "2009-12-31", "risk_free": 0.02}),
        );
        let comparison = resolve(query, &book).unwrap();
        assert_eq!(comparison, resolve(fields, &book).unwrap());
        let again = serde_json::to_value(&comparison).unwrap();
        assert_eq!(
            resolve(input(again), &book).unwrap(),
            comparison,
            "a resolved comparison is itself an input"
        );
    }

    #[test]
    fn an_open_window_is_that_of_the_common_dates() {
        let comparison = resolve(
            input(serde_json::json!({"query": "AAPL and GOOG"})),
            &embedded(),
        )
        .unwrap();
        assert_eq!(
            (comparison.from, comparison.to),
            (day("2004-08-01"), day("2010-03-01"))
        );
    }

    #[test]
    fn a_ticker_named_again_counts_once_in_a_query_and_in_a_list() {
        let book = embedded();
        let [query, list] = [
            serde_json::json!({"query": "Compare AAPL, IBM and aapl"}),
            serde_json::json!({"tickers": ["AAPL", "IBM", "aapl"]}),
        ]
        .map(|json| resolve(input(json), &book).unwrap());
        assert_eq!(query.tickers, ["AAPL", "IBM"]);
        assert_eq!(query, list);
    }

    #[test]
    fn the_spacing_of_the_data_may_be_named() {
        let book = embedded();
        let [named, plain] = ["monthly volatility of AAPL", "volatility of AAPL"]
            .map(|query| resolve(input(serde_json::json!({"query": query})), &book).unwrap());
        assert_eq!(named, plain);
    }

    #[test]
    fn all_tickers_leave_the_benchmark_out() {
        let comparison = resolve(
            input(serde_json::json!({"query": "rank all stocks against IBM"})),
            &embedded(),
        )
        .unwrap();
        assert_eq!(comparison.tickers, ["AAPL", "AMZN", "GOOG", "MSFT"]);
    }

    #[test]
    fn what_makes_no_sense_is_refused_with_its_field() {
        for (json, code, field, part) in [
            (
                serde_json::json!({}),
                RefusalCode::InvalidInput,
                None,
                "give a query such as",
            ),
            (
                serde_json::json!({"query": "AAPL", "tickers": ["AAPL"]}),
                RefusalCode::StatedTwice,
                Some("tickers"),
                "not both",
            ),
            (
                serde_json::json!({"tickers": []}),
                RefusalCode::NoTicker,
                Some("tickers"),
                "AAPL, AMZN, GOOG, IBM, MSFT",
            ),
            (
                serde_json::json!({"tickers": ["AAPL", "GOOGL"]}),
                RefusalCode::UnknownTicker,
                Some("tickers[1]"),
                "did you mean GOOG (2004-08-01 to 2010-03-01)?",
            ),
            (
                serde_json::json!({"query": "weekly volatility of AAPL"}),
                RefusalCode::UnknownFrequency,
                Some("query"),
                "speaks of weekly prices, but those of AAPL are monthly",
            ),
            (
                serde_json::json!({"query": "monthly returns of AAPL"}),
                RefusalCode::NotUnderstood,
                Some("query"),
                "monthly returns are not ranked",
            ),
            (
                serde_json::json!({"tickers": ["AAPL"], "from": "soon"}),
                RefusalCode::InvalidDate,
                Some("from"),
                "`soon`",
            ),
            (
                serde_json::json!({"tickers": ["AAPL"], "to": "03/04/2005"}),
                RefusalCode::InvalidDate,
                Some("to"),
                "`03/04/2005` is 2005-03-04 or 2005-04-03",
            ),
            (
                serde_json::json!({"tickers": ["AAPL"], "from": "2009", "to": "2005"}),
                RefusalCode::FromAfterTo,
                Some("from"),
                "2009-01-01",
            ),
            (
                serde_json::json!({"tickers": ["AAPL"], "from": "2015"}),
                RefusalCode::EmptyWindow,
                Some("from"),
                "they run from 2000-01-01 to 2010-03-01",
            ),
            (
                serde_json::json!({"tickers": ["AAPL", "GOOG"], "to": "2003"}),
                RefusalCode::EmptyWindow,
                Some("from"),
                "2004-08-01",
            ),
            (
                serde_json::json!({"tickers": ["AAPL"], "risk_free": 2.0}),
                RefusalCode::InvalidRiskFree,
                Some("risk_free"),
                "2% is 0.02",
            ),
            (
                serde_json::json!({"tickers": ["AAPL"], "benchmark": "SPX"}),
                RefusalCode::UnknownBenchmark,
                Some("benchmark"),
                "SPX",
            ),
            (
                serde_json::json!({"tickers": ["AAPL"], "metrics": ["beta"]}),
                RefusalCode::BenchmarkRequired,
                Some("benchmark"),
                "needs a benchmark",
            ),
            (
                serde_json::json!({"query": "AAPL since 2005", "from": "2006"}),
                RefusalCode::StatedTwice,
                Some("from"),
                "different",
            ),
        ] {
            let refusal = refused(json.clone());
            assert_eq!(
                (refusal.code, refusal.field.as_deref()),
                (code, field),
                "{json}: {refusal}"
            );
            assert!(refusal.message.contains(part), "{json}: {refusal}");
        }
    }

    #[test]
    fn with_a_provider_unheld_tickers_are_taken_and_the_rest_is_still_refused_early() {
        let book = embedded().open();
        let comparison = resolve(
            input(serde_json::json!({"query": "daily Sharpe of Tesla and NVDA against ^GSPC since 2015"})),
            &book,
        )
        .unwrap();
        assert_eq!(comparison.tickers, ["TSLA", "NVDA"]);
        assert_eq!(comparison.benchmark.as_deref(), Some("^GSPC"));
        assert_eq!((comparison.from, comparison.to), (day("2015-01-01"), None));
        assert_eq!(comparison.frequency, Some(crate::Frequency::Daily));
        let again = input(serde_json::to_value(&comparison).unwrap());
        assert_eq!(resolve(again, &book).unwrap(), comparison);
        for (json, code) in [
            (
                serde_json::json!({"query": "Sharpe of nvda"}),
                RefusalCode::NotUnderstood,
            ),
            (
                serde_json::json!({"tickers": ["../x"]}),
                RefusalCode::UnknownTicker,
            ),
            (
                serde_json::json!({"query": "NVDA from 2009 to 2005"}),
                RefusalCode::FromAfterTo,
            ),
            (
                serde_json::json!({"query": "beta of NVDA"}),
                RefusalCode::BenchmarkRequired,
            ),
            (
                serde_json::json!({"query": "weekly Sharpe of AAPL"}),
                RefusalCode::UnknownFrequency,
            ),
        ] {
            let refusal = resolve(input(json.clone()), &book).unwrap_err();
            assert_eq!(refusal.code, code, "{json}: {refusal}");
        }
    }

    #[test]
    fn more_tickers_than_a_comparison_takes_are_refused() {
        let day = |d| NaiveDate::from_ymd_opt(2015, 1, d).unwrap();
        let many = (0..=TICKERS_MAX).map(|n| {
            crate::prices::Series::new(format!("T{n}"), vec![(day(1), 1.0), (day(2), 2.0)]).unwrap()
        });
        let book = PriceBook::new("test", many);
        let all = ComparisonInput {
            query: Some("compare all tickers".to_owned()),
            ..ComparisonInput::default()
        };
        assert_eq!(
            resolve(all, &book).unwrap_err().code,
            RefusalCode::TooManyTickers
        );
    }
}
