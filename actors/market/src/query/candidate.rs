//! Words of a sentence that a provider may know as tickers though the price data holds none of that name.

use super::{
    period::{is_period_word, without_year},
    vocabulary::{is_shaping, is_word},
    word::{Word, words},
};
use crate::prices::PriceBook;

/// The words in capitals that have no other meaning, as tickers to ask a provider for. None without a provider.
pub fn candidates(sentence: &str, book: &PriceBook) -> Vec<String> {
    if !book.is_open() {
        return Vec::new();
    }
    let words = words(sentence, &is_period_word);
    let meant = words.iter().filter(|word| may_be_ticker(word));
    let mut found: Vec<String> = meant
        .filter_map(|word| book.asked_elsewhere(&word.text))
        .filter(|ticker| book.series(ticker).is_none())
        .collect();
    found.sort_unstable();
    found.dedup();
    found
}

fn may_be_ticker(word: &Word) -> bool {
    let lower = word.lower.as_str();
    word.is_capitals()
        && !is_word(lower)
        && !is_shaping(lower)
        && !is_period_word(&word.text)
        && without_year(lower).is_none()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn capitals_without_another_meaning_are_tickers_when_there_is_a_provider() {
        let sentence =
            "COMPARE THE CAGR, VaR AND SHARPE RATIOS OF BRK.B, ^GSPC & nvda SINCE JAN 2005 RF 2%";
        let empty = PriceBook::new("test", []);
        assert!(candidates(sentence, &empty).is_empty());
        assert_eq!(candidates(sentence, &empty.open()), ["BRK.B", "^GSPC"]);
    }
}
