//! A place in a list of words.

use super::word::Word;

/// Reads words from left to right; a clause that does not match leaves the place where it was.
#[derive(Debug, Clone, Copy)]
pub struct Cursor<'a> {
    words: &'a [Word],
    at: usize,
}

impl<'a> Cursor<'a> {
    pub fn new(words: &'a [Word]) -> Self {
        Self { words, at: 0 }
    }

    pub fn peek(&self) -> Option<&'a Word> {
        self.words.get(self.at)
    }

    pub fn lower(&self) -> Option<&'a str> {
        self.peek().map(|word| word.lower.as_str())
    }

    pub fn previous(&self) -> Option<&'a Word> {
        self.at.checked_sub(1).and_then(|at| self.words.get(at))
    }

    pub fn rest(&self) -> &'a [Word] {
        &self.words[self.at.min(self.words.len())..]
    }

    pub fn skip(&mut self, count: usize) {
        self.at += count;
    }

    /// Steps over the next word when it is one of `wanted`.
    pub fn take(&mut self, wanted: &[&str]) -> bool {
        let found = self.lower().is_some_and(|word| wanted.contains(&word));
        self.at += usize::from(found);
        found
    }

    /// Steps over all of `phrase` or nothing.
    pub fn take_phrase(&mut self, phrase: &[&str]) -> bool {
        let rest = self.rest();
        let found = rest.len() >= phrase.len()
            && phrase
                .iter()
                .zip(rest)
                .all(|(want, word)| *want == word.lower);
        if found {
            self.at += phrase.len();
        }
        found
    }

    /// Steps over as many of `wanted` as follow.
    pub fn take_all(&mut self, wanted: &[&str]) {
        while self.take(wanted) {}
    }
}
