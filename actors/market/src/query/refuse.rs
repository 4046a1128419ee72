//! What is said of a sentence that is not understood.

use super::{
    period::{is_period_word, readings, without_year},
    vocabulary::known_words,
    word::{Word, words},
};
use crate::{
    prices::PriceBook,
    refusal::{Refusal, RefusalCode, known_tickers, unknown_ticker},
};

pub const FIELD: &str = "query";
/// Jaro-Winkler similarity from which a word of the grammar is suggested for one that is not.
const SUGGESTION_SIMILARITY_MIN: f64 = 0.88;

/// Two tickers for examples: of the book, or ones that most providers know.
pub fn example_tickers(book: &PriceBook) -> Vec<&str> {
    let held: Vec<&str> = book.tickers().take(2).collect();
    if held.is_empty() {
        vec!["AAPL", "MSFT"]
    } else {
        held
    }
}

/// A sentence that this book understands.
pub fn example(book: &PriceBook) -> String {
    let tickers = example_tickers(book);
    let first = tickers.first().and_then(|ticker| book.range(ticker));
    let since = first.map_or(String::new(), |(first, _)| format!(" since {first}"));
    format!("Compare Sharpe ratios of {}{since}", tickers.join(" and "))
}

/// Refuses with `fault` and an example.
pub fn refuse(book: &PriceBook, fault: &str) -> Refusal {
    let message = format!("{fault}; a query reads like: {}", example(book));
    Refusal::new(RefusalCode::NotUnderstood, FIELD, message)
}

pub fn no_ticker(book: &PriceBook) -> Refusal {
    let message = format!(
        "no ticker is named; the price data has {}; a query reads like: {}",
        known_tickers(book),
        example(book)
    );
    Refusal::new(RefusalCode::NoTicker, FIELD, message)
}

/// Refuses the first date of `sentence` that can be read month first and day first.
pub fn refuse_two_readings(field: &str, sentence: &str) -> Result<(), Refusal> {
    let found = words(sentence, &is_period_word)
        .into_iter()
        .find_map(|word| readings(&word.text).map(|both| (word.text, both)));
    match found {
        Some((text, [month_first, day_first])) => Err(Refusal::new(
            RefusalCode::InvalidDate,
            field,
            format!("`{text}` is {month_first} or {day_first}; write the one that is meant"),
        )),
        None => Ok(()),
    }
}

/// Refuses a month or a quarter that has no year. `May` opens questions and `MAR` may be meant for a ticker: those need a
/// word such as `since` before them, `led`, or small letters.
pub fn year_wanted(book: &PriceBook, word: &Word, led: bool) -> Option<Refusal> {
    let what = without_year(&word.lower)?;
    let doubtful = what == "month"
        && (word.lower == "may" && !led || word.is_capitals() && word.text.len() <= 4);
    (!doubtful).then(|| {
        let text = &word.text;
        refuse(
            book,
            &format!("the {what} `{text}` needs a year, such as {text} 2005"),
        )
    })
}

/// Refuses a word as a date without a year or an unknown ticker when it is spelled like one, else as no word of the
/// grammar. `led` tells that a word which may lead a date stands before it.
pub fn word_not_understood(book: &PriceBook, word: &Word, led: bool) -> Refusal {
    if let Some(refusal) = year_wanted(book, word, led) {
        return refusal;
    }
    let lower = word.lower.as_str();
    let scored = known_words()
        .filter(|known| *known != lower)
        .map(|known| (strsim::jaro_winkler(lower, known), known));
    let nearest = scored
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .filter(|(score, _)| *score >= SUGGESTION_SIMILARITY_MIN);
    if word.is_capitals() || (nearest.is_none() && !book.near(&word.text).is_empty()) {
        return unknown_ticker(book, FIELD, &word.text, &word.text);
    }
    let hint = nearest.map_or(String::new(), |(_, known)| {
        format!(" (did you mean `{known}`?)")
    });
    refuse(
        book,
        &format!("the word `{}` is not understood{hint}", word.text),
    )
}
