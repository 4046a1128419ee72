//! What is known of one question to the server.

use super::trouble::Trouble;

/// The last answer, and why the last question had none.
#[derive(Debug, Clone)]
pub struct Part<T> {
    pub known: Option<T>,
    pub trouble: Option<Trouble>,
}

impl<T> Default for Part<T> {
    fn default() -> Self {
        Self {
            known: None,
            trouble: None,
        }
    }
}

impl<T> Part<T> {
    /// A question without an answer leaves what is known.
    pub fn hear(&mut self, answer: Result<T, Trouble>) {
        self.trouble = match answer {
            Ok(known) => {
                self.known = Some(known);
                None
            }
            Err(trouble) => Some(trouble),
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn trouble_leaves_what_is_known_and_an_answer_ends_it() {
        let mut part = Part::default();
        part.hear(Ok(1));
        part.hear(Err(Trouble::NoAnswer("connection refused".to_owned())));
        assert_eq!((part.known, part.trouble.is_some()), (Some(1), true));
        part.hear(Ok(2));
        assert_eq!((part.known, part.trouble), (Some(2), None));
    }
}
