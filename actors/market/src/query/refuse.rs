//! What is said of a sentence that is not understood.

use super::{vocabulary::known_words, word::Word};
use crate::{
    prices::PriceBook,
    refusal::{Refusal, RefusalCode, known_tickers, unknown_ticker},
};

pub const FIELD: &str = "query";
/// Jaro-Winkler similarity from which a word of the grammar is suggested for one that is not.
const SUGGESTION_SIMILARITY_MIN: f64 = 0.88;

/// A sentence that this book understands.
pub fn example(book: &PriceBook) -> String {
    let tickers: Vec<&str> = book.tickers().take(2).collect();
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

/// Refuses a word as an unknown ticker when it is spelled like one, else as no word of the grammar.
pub fn word_not_understood(book: &PriceBook, word: &Word) -> Refusal {
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
