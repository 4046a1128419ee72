//! Cuts a sentence into words.

/// Marks that may surround a word without meaning.
const WRAPPING: &[char] = &[
    '(', ')', '[', ']', '"', '\'', '`', '\u{201c}', '\u{201d}', '\u{2018}', '\u{2019}', '?', '!',
    ':',
];

/// One word as written and in lower case; a comma is a word of its own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Word {
    pub text: String,
    pub lower: String,
}

impl Word {
    fn new(text: &str) -> Self {
        Self {
            text: text.to_owned(),
            lower: text.to_lowercase(),
        }
    }

    /// Whether it is spelled as tickers usually are: capitals, digits and marks.
    pub fn is_capitals(&self) -> bool {
        self.text.chars().any(char::is_uppercase) && !self.text.chars().any(char::is_lowercase)
    }
}

/// Cuts at white space, then inside each piece at marks and hyphens, unless `is_whole` says that the piece is one word.
pub fn words(sentence: &str, is_whole: &dyn Fn(&str) -> bool) -> Vec<Word> {
    let plain: String = sentence
        .chars()
        .map(|c| match c {
            '\u{2010}'..='\u{2015}' | '\u{2212}' => '-',
            other => other,
        })
        .collect();
    let mut words = Vec::new();
    for piece in plain.split_whitespace() {
        cut(piece, is_whole, &mut words);
    }
    words
}

fn cut(piece: &str, is_whole: &dyn Fn(&str) -> bool, words: &mut Vec<Word>) {
    if piece.is_empty() {
        return;
    }
    if is_whole(piece) {
        words.push(Word::new(piece));
        return;
    }
    let bare = piece.trim_matches(WRAPPING);
    if bare.len() < piece.len() {
        return cut(bare, is_whole, words);
    }
    if let Some(sentence_end) = piece.strip_suffix('.') {
        return cut(sentence_end, is_whole, words);
    }
    for possessive in ["'s", "\u{2019}s", "'S"] {
        if let Some(owner) = piece.strip_suffix(possessive) {
            return cut(owner, is_whole, words);
        }
    }
    for (mark, word) in [
        (',', ","),
        (';', ","),
        ('/', ","),
        ('&', "and"),
        ('+', "and"),
    ] {
        if let Some((before, after)) = piece.split_once(mark) {
            cut(before, is_whole, words);
            words.push(Word::new(word));
            return cut(after, is_whole, words);
        }
    }
    let word = Word::new(piece);
    let cut_at: &[char] = if word.is_capitals() {
        &['=', '_', ':', '(']
    } else {
        &['=', '_', ':', '(', '-']
    };
    match piece
        .split_once(cut_at)
        .filter(|(before, _)| !before.is_empty())
    {
        Some((before, after)) => {
            cut(before, is_whole, words);
            cut(after, is_whole, words);
        }
        None => words.push(word),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lower(sentence: &str) -> Vec<String> {
        let whole =
            |piece: &str| ["BTC-USD", "S&P", "BRK.B", "2005-2009", "2005/01/02"].contains(&piece);
        words(sentence, &whole)
            .into_iter()
            .map(|word| word.lower)
            .collect()
    }

    #[test]
    fn marks_and_hyphens_separate_words() {
        assert_eq!(
            lower("AAPL,MSFT & \"GOOG\""),
            ["aapl", ",", "msft", "and", "goog"]
        );
        assert_eq!(
            lower("a 2% risk-free rate (rf=0.02)."),
            ["a", "2%", "risk", "free", "rate", "rf", "0.02"]
        );
        assert_eq!(
            lower("What\u{2019}s AAPL's max_drawdown?"),
            ["what", "aapl", "max", "drawdown"]
        );
    }

    #[test]
    fn whole_words_keep_their_marks() {
        assert_eq!(
            lower("BTC-USD vs S&P and BRK.B."),
            ["btc-usd", "vs", "s&p", "and", "brk.b"]
        );
        assert_eq!(lower("over 2005\u{2013}2009"), ["over", "2005-2009"]);
        assert_eq!(lower("on 2005/01/02."), ["on", "2005/01/02"]);
    }
}
