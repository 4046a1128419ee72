//! Reads a whole sentence.

use super::{
    benchmark::take_benchmark,
    candidate::candidates,
    clause::{Clause, Query, once},
    cursor::Cursor,
    period::is_period_word,
    refuse::{FIELD, no_ticker, refuse, refuse_two_readings, word_not_understood, year_wanted},
    risk_free::take_risk_free,
    spacing::{before_return, take_spacing},
    ticker::{Found, Tickers},
    vocabulary::{Asked, JOINING, is_shaping, take_asked},
    window::take_window,
    word::{Word, words},
};
use crate::{
    frequency::Frequency,
    prices::PriceBook,
    refusal::{Refusal, RefusalCode, unknown_benchmark, unknown_ticker},
};

/// Longest sentence.
pub const QUERY_BYTES_MAX: usize = 2000;

/// Reads `sentence` against the tickers of `book`. Every word must belong to a clause.
pub fn parse(sentence: &str, book: &PriceBook) -> Result<Query, Refusal> {
    if sentence.len() > QUERY_BYTES_MAX {
        return Err(Refusal::new(
            RefusalCode::TooLong,
            FIELD,
            format!("a query may have {QUERY_BYTES_MAX} bytes"),
        ));
    }
    refuse_two_readings(FIELD, sentence)?;
    let elsewhere = candidates(sentence, book);
    let tickers = Tickers::new(book, &elsewhere);
    let words = words(sentence, &|piece| {
        tickers.is_whole(piece) || is_period_word(piece)
    });
    let mut reading = Reading {
        book,
        tickers,
        cursor: Cursor::new(&words),
        query: Query::default(),
        every_metric: false,
    };
    while reading.cursor.peek().is_some() {
        reading.clause()?;
    }
    reading.finish(&words)
}

struct Reading<'a> {
    book: &'a PriceBook,
    tickers: Tickers<'a>,
    cursor: Cursor<'a>,
    query: Query,
    every_metric: bool,
}

impl Reading<'_> {
    fn clause(&mut self) -> Result<(), Refusal> {
        // The order of every ranking; any other order is not understood.
        if self.cursor.take_phrase(&["from", "best", "to", "worst"])
            || self.cursor.take_phrase(&["best", "first"])
        {
            return Ok(());
        }
        let market_metric = self.cursor.previous().is_some_and(|word| {
            ["beta", "betas", "alpha", "alphas"].contains(&word.lower.as_str())
        });
        let benchmark = take_benchmark(&mut self.cursor, &self.tickers, market_metric);
        if let Some(found) = self.read(benchmark)? {
            return match found {
                Found::Known(ticker) => once(&mut self.query.benchmark, ticker, "benchmark"),
                Found::Missing { ticker, .. } => Err(unknown_benchmark(self.book, FIELD, &ticker)),
            };
        }
        let rate = take_risk_free(&mut self.cursor);
        if let Some(rate) = self.read(rate)? {
            return once(&mut self.query.risk_free, rate, "risk-free rate");
        }
        if let Some(spacing) = take_spacing(&mut self.cursor) {
            return self.spaced(spacing);
        }
        let window = take_window(&mut self.cursor);
        if let Clause::Incomplete(_) = window {
            self.dated()?;
        }
        if let Some(bounds) = self.read(window)? {
            bounds.from.map_or(Ok(()), |from| {
                once(&mut self.query.from, from, "start of the window")
            })?;
            return bounds.to.map_or(Ok(()), |to| {
                once(&mut self.query.to, to, "end of the window")
            });
        }
        if let Some(ticker) = self.tickers.take_exact(&mut self.cursor) {
            self.query.tickers.push(ticker);
            return Ok(());
        }
        if let Some(asked) = take_asked(&mut self.cursor) {
            match asked {
                Asked::Metric(metric) if !self.query.metrics.contains(&metric) => {
                    self.query.metrics.push(metric)
                }
                Asked::Metric(_) | Asked::Correlation => {}
                Asked::EveryMetric => self.every_metric = true,
            }
            return Ok(());
        }
        if self.cursor.take(&["all", "every", "each", "everything"]) {
            self.query.all = true;
            return Ok(());
        }
        let joins_ticker = self
            .cursor
            .lower()
            .is_some_and(|word| ["to", "in"].contains(&word))
            && self.joins();
        if joins_ticker || self.cursor.lower().is_some_and(is_shaping) {
            self.cursor.skip(1);
            return Ok(());
        }
        match self.tickers.take_any(&mut self.cursor) {
            Some(Found::Known(ticker)) => {
                self.query.tickers.push(ticker);
                Ok(())
            }
            Some(Found::Missing { name, ticker }) => Err(unknown_ticker(
                self.book,
                FIELD,
                &format!("{ticker} ({name})"),
                &ticker,
            )),
            None => Err(self.not_understood()),
        }
    }

    fn spaced(&mut self, spacing: Frequency) -> Result<(), Refusal> {
        if before_return(self.cursor) {
            let (name, period) = (spacing.name(), spacing.period());
            let fault = format!(
                "{name} returns are not ranked: a return is that of the whole window, not of a {period}"
            );
            return Err(refuse(self.book, &fault));
        }
        once(&mut self.query.spacing, spacing, "spacing of the prices")
    }

    /// Refuses a month without a year after a word that leads a date.
    fn dated(&self) -> Result<(), Refusal> {
        let mut ahead = self.cursor;
        ahead.skip(1);
        ahead.take_all(&["in", "the"]);
        let refusal = ahead
            .peek()
            .and_then(|word| year_wanted(self.book, word, true));
        refusal.map_or(Ok(()), Err)
    }

    /// Refuses the word at the cursor, or that after a word which only leads.
    fn not_understood(&mut self) -> Refusal {
        let led = self.cursor.take_phrase(&["up", "to"]) || self.cursor.take(&["to", "in"]);
        match (self.cursor.peek(), self.cursor.previous()) {
            (Some(word), previous) => {
                let led = led || previous.is_some_and(|word| word.lower == "for");
                word_not_understood(self.book, word, led)
            }
            (None, Some(last)) => self.ends_after(last),
            (None, None) => no_ticker(self.book),
        }
    }

    fn ends_after(&self, last: &Word) -> Refusal {
        refuse(
            self.book,
            &format!("the sentence ends after `{}`", last.text),
        )
    }

    /// Whether `to` or `in` only leads on: `compare A to B`, `in terms of`.
    fn joins(&self) -> bool {
        let mut ahead = self.cursor;
        ahead.skip(1);
        ahead.lower().is_some_and(is_shaping)
            || self.tickers.take_exact(&mut ahead).is_some()
            || self.tickers.take_any(&mut ahead).is_some()
    }

    fn read<T>(&self, clause: Clause<T>) -> Result<Option<T>, Refusal> {
        match clause {
            Clause::Read(value) => Ok(Some(value)),
            Clause::Absent => Ok(None),
            Clause::Incomplete(wanted) => {
                let word = self.cursor.peek().map_or("", |word| &word.text);
                Err(refuse(
                    self.book,
                    &format!("`{word}` must be followed by {wanted}"),
                ))
            }
        }
    }

    fn finish(mut self, words: &[Word]) -> Result<Query, Refusal> {
        if let Some(last) = words
            .last()
            .filter(|word| JOINING.contains(&word.lower.as_str()) && word.text == word.lower)
        {
            return Err(self.ends_after(last));
        }
        if self.every_metric {
            self.query.metrics.clear();
        }
        if self.query.tickers.is_empty() && !self.query.all {
            return Err(no_ticker(self.book));
        }
        Ok(self.query)
    }
}

#[cfg(test)]
mod tests {
    use chrono::NaiveDate;
    use proptest::prelude::*;

    use super::*;
    use crate::{
        metric::Metric,
        prices::{Series, embedded},
    };

    fn book() -> PriceBook {
        let day = NaiveDate::from_ymd_opt(2000, 1, 3).unwrap();
        let tickers = ["AAPL", "AMZN", "GOOG", "IBM", "MSFT", "SPX", "BRK-B"];
        PriceBook::new(
            "test",
            tickers.map(|ticker| Series::new(ticker, vec![(day, 1.0)]).unwrap()),
        )
    }

    fn read(sentence: &str) -> Query {
        parse(sentence, &book()).unwrap_or_else(|refusal| panic!("{sentence}: {refusal}"))
    }

    fn refused(sentence: &str) -> Refusal {
        match parse(sentence, &book()) {
            Ok(query) => panic!("{sentence} is read as {query:?}"),
            Err(refusal) => refusal,
        }
    }

    fn day(text: &str) -> Option<NaiveDate> {
        Some(text.parse().unwrap())
    }

    #[test]
    fn sentences_name_tickers_and_metrics_in_many_ways() {
        use Metric::{
            Alpha, Beta, Cagr, Cvar95, MaxDrawdown, Sharpe, Sortino, TotalReturn, Var95, Volatility,
        };
        let cases: &[(&str, &[&str], &[Metric])] = &[
            (
                "Compare Sharpe ratios of AAPL, MSFT, GOOG and AMZN",
                &["AAPL", "MSFT", "GOOG", "AMZN"],
                &[Sharpe],
            ),
            (
                "Which of AMZN or IBM had the worst drawdown?",
                &["AMZN", "IBM"],
                &[MaxDrawdown],
            ),
            (
                "rank aapl, msft & ibm by volatility",
                &["AAPL", "MSFT", "IBM"],
                &[Volatility],
            ),
            ("What is AAPL's max drawdown?", &["AAPL"], &[MaxDrawdown]),
            (
                "How did AAPL perform vs. IBM?",
                &["AAPL", "IBM"],
                &[TotalReturn],
            ),
            (
                "Which is riskier, Amazon or Google?",
                &["AMZN", "GOOG"],
                &[Volatility],
            ),
            (
                "Show me the Sharpe, Sortino and CAGR for AAPL versus MSFT",
                &["AAPL", "MSFT"],
                &[Sharpe, Sortino, Cagr],
            ),
            ("AAPL MSFT", &["AAPL", "MSFT"], &[]),
            (
                "compare AAPL to IBM in terms of value at risk (VaR)",
                &["AAPL", "IBM"],
                &[Var95],
            ),
            (
                "Which stock has the highest expected shortfall: AAPL or MSFT?",
                &["AAPL", "MSFT"],
                &[Cvar95],
            ),
            ("all metrics of AAPL/IBM", &["AAPL", "IBM"], &[]),
            (
                "What was the correlation between AAPL and MSFT?",
                &["AAPL", "MSFT"],
                &[],
            ),
            (
                "please give me beta and alpha for brk-b against SPX",
                &["BRK-B"],
                &[Beta, Alpha],
            ),
            (
                "Rank AAPL, MSFT and IBM from best to worst by Sharpe",
                &["AAPL", "MSFT", "IBM"],
                &[Sharpe],
            ),
            (
                "Is AAPL or MSFT more volatile?",
                &["AAPL", "MSFT"],
                &[Volatility],
            ),
        ];
        for (sentence, tickers, metrics) in cases {
            let query = read(sentence);
            assert_eq!(query.tickers, *tickers, "{sentence}");
            assert_eq!(query.metrics, *metrics, "{sentence}");
        }
    }

    #[test]
    fn a_window_a_rate_and_a_benchmark_may_stand_anywhere() {
        for sentence in [
            "Compare beta of AAPL and MSFT against SPX from 2005 to 2009 with risk free 2%",
            "With a 2% risk-free rate, compare beta of AAPL and MSFT between Jan 2005 and 2009-12-31, benchmark SPX",
            "From 2005 until the end of 2009, show AAPL and MSFT's betas to the S&P 500 using a risk-free rate of 0.02",
            "Beta of AAPL and MSFT over 2005-2009 with SPX as the benchmark, rf=2%",
        ] {
            let query = read(sentence);
            let expected = Query {
                tickers: vec!["AAPL".to_owned(), "MSFT".to_owned()],
                all: false,
                metrics: vec![Metric::Beta],
                from: day("2005-01-01"),
                to: day("2009-12-31"),
                spacing: None,
                risk_free: Some(0.02),
                benchmark: Some("SPX".to_owned()),
            };
            assert_eq!(query, expected, "{sentence}");
        }
    }

    #[test]
    fn all_tickers_can_be_asked_for() {
        let query = read("Rank all stocks by return since 2003");
        assert!(query.all && query.tickers.is_empty());
        let everything = read("Rank everything by Sharpe");
        assert_eq!(
            (everything.all, everything.metrics),
            (true, vec![Metric::Sharpe])
        );
        assert_eq!(query.from, day("2003-01-01"));
    }

    #[test]
    fn a_word_that_is_not_understood_is_named_with_an_example() {
        for (sentence, word) in [
            ("Should I buy AAPL?", "Should"),
            ("Forecast AAPL", "Forecast"),
            ("Compare AAPL and MSFT but not IBM", "but"),
            ("Compare Sharpe ratios of AAPL excluding 2008", "excluding"),
            ("VaR 99% of AAPL", "99%"),
            ("quarterly volatility of AAPL", "quarterly"),
            ("Compare AAPL and IBM in March", "March"),
            ("Compare AAPL and IBM since may", "may"),
            ("Compare AAPL and IBM from 2005 to Q3", "Q3"),
            ("Compare AAPL and IBM in Paris", "Paris"),
            ("Compare AAPL to nothing", "nothing"),
            ("Compare AAPL in", "in"),
            ("May I compare AAPL and IBM?", "May"),
            ("average return of AAPL", "average"),
            ("compare the log returns of AAPL and IBM", "log"),
            ("top 3 of AAPL, IBM, MSFT, GOOG by return", "3"),
            ("the weather in Paris", "weather"),
            ("Rank AAPL and IBM by Sharpe, worst first", "first"),
            ("tail risk of AAPL", "tail"),
        ] {
            let refusal = refused(sentence);
            assert_eq!(
                refusal.code,
                RefusalCode::NotUnderstood,
                "{sentence}: {refusal}"
            );
            assert!(
                refusal.message.contains(&format!("`{word}`")),
                "{sentence}: {refusal}"
            );
            assert!(
                refusal
                    .message
                    .ends_with("Compare Sharpe ratios of AAPL and AMZN since 2000-01-03"),
                "{refusal}"
            );
        }
        assert!(
            refused("Compare sharp ratios of AAPL")
                .message
                .contains("did you mean `sharpe`")
        );
    }

    #[test]
    fn an_unknown_ticker_gets_its_neighbours() {
        for sentence in [
            "Compare Sharpe ratios of APPL and IBM",
            "compare appl and IBM",
            "Compare TSLA and IBM",
            "Compare Tesla with IBM",
            "Compare IBM and XYZQ",
        ] {
            assert_eq!(
                refused(sentence).code,
                RefusalCode::UnknownTicker,
                "{sentence}"
            );
        }
        assert!(
            refused("Compare APPL and IBM")
                .message
                .contains("did you mean AAPL (2000-01-03 to 2000-01-03)?")
        );
        assert_eq!(
            refused("Beta of AAPL against NDX").code,
            RefusalCode::UnknownBenchmark
        );
    }

    #[test]
    fn an_unfinished_or_contradictory_sentence_is_refused() {
        for (sentence, code) in [
            ("Compare Sharpe ratios", RefusalCode::NoTicker),
            ("", RefusalCode::NoTicker),
            ("Compare AAPL and", RefusalCode::NotUnderstood),
            ("Compare AAPL since", RefusalCode::NotUnderstood),
            ("Compare AAPL with risk free 2", RefusalCode::NotUnderstood),
            ("Compare AAPL since 01/02/2005.", RefusalCode::InvalidDate),
            (
                "Compare AAPL from 2005 since 2006",
                RefusalCode::StatedTwice,
            ),
            (
                "Beta of AAPL against SPX, benchmark IBM",
                RefusalCode::StatedTwice,
            ),
        ] {
            assert_eq!(refused(sentence).code, code, "{sentence}");
        }
        assert_eq!(refused(&"AAPL ".repeat(500)).code, RefusalCode::TooLong);
    }

    #[test]
    fn the_example_is_understood_by_the_book_it_is_made_for() {
        let book = embedded();
        assert_eq!(
            parse(&super::super::example(&book), &book).unwrap().tickers,
            ["AAPL", "AMZN"]
        );
    }

    proptest! {
        #[test]
        fn no_sentence_panics_the_parser(sentence in "\\PC{0,80}") {
            let _ = parse(&sentence, &book());
        }

        #[test]
        fn no_jumble_of_its_own_words_panics_the_parser(words in proptest::collection::vec(
            prop::sample::select(vec!["compare", "AAPL", "from", "2005", "to", "Jan", "31", ",", "risk", "free", "2%", "against", "SPX", "as",
                "benchmark", "beta", "between", "and", "the", "end", "of", "var", "95%", "at", "max", "drawdown", "period", "2005-2009", "S&P", "500"]), 0..12)) {
            let _ = parse(&words.join(" "), &book());
        }
    }
}
