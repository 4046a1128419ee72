//! From text to a typed tree.

use super::{
    ast::{Comparison, Filter, Node, Term, Test, Value},
    error::FilterError,
    schema::{Field, Schema},
    token::{Literal, Token, tokens},
};

/// Longest filter.
const FILTER_BYTES_MAX: usize = 4_096;
/// Brackets and `not` within each other.
const DEPTH_MAX: usize = 16;
/// Comparisons of one filter.
const TERMS_MAX: usize = 64;
/// Values of one list.
const LIST_MAX: usize = 100;
/// `%` of one pattern: the time of a match grows with a power of them.
const WILDCARDS_MAX: usize = 8;

/// The filter that `text` is for rows of `schema`; refused with the place of the first fault.
pub fn parse(text: &str, schema: &'static Schema) -> Result<Filter, FilterError> {
    if text.len() > FILTER_BYTES_MAX {
        let message = format!("a filter has at most {FILTER_BYTES_MAX} bytes");
        return Err(FilterError::new(FILTER_BYTES_MAX, message));
    }
    let mut reader = Reader {
        tokens: tokens(text)?,
        next: 0,
        end: text.len(),
        schema,
        terms: 0,
    };
    let root = reader.any(0)?;
    if reader.peek().is_some() {
        return Err(reader.fault("expected `and`, `or` or the end"));
    }
    Ok(Filter { root })
}

struct Reader {
    tokens: Vec<(Token, usize)>,
    next: usize,
    end: usize,
    schema: &'static Schema,
    terms: usize,
}

impl Reader {
    fn any(&mut self, depth: usize) -> Result<Node, FilterError> {
        self.chain("or", Node::Any, |reader| {
            reader.chain("and", Node::All, |reader| reader.operand(depth))
        })
    }

    /// One operand alone, or several joined by `word`.
    fn chain(
        &mut self,
        word: &str,
        join: fn(Vec<Node>) -> Node,
        operand: impl Fn(&mut Self) -> Result<Node, FilterError>,
    ) -> Result<Node, FilterError> {
        let first = operand(self)?;
        let mut nodes = vec![first];
        while self.take_word(word) {
            nodes.push(operand(self)?);
        }
        match nodes.len() {
            1 => Ok(nodes.remove(0)),
            _ => Ok(join(nodes)),
        }
    }

    fn operand(&mut self, depth: usize) -> Result<Node, FilterError> {
        let at_not = self.peek_word("not");
        let at_bracket = self.peek() == Some(&Token::Open);
        if (at_not || at_bracket) && depth == DEPTH_MAX {
            return Err(self.fault(format!("a filter is at most {DEPTH_MAX} deep")));
        }
        if at_not {
            self.next += 1;
            return Ok(Node::Not(Box::new(self.operand(depth + 1)?)));
        }
        if at_bracket {
            self.next += 1;
            let inner = self.any(depth + 1)?;
            self.expect(&Token::Close, "expected `and`, `or` or `)`")?;
            return Ok(inner);
        }
        self.term().map(Node::Term)
    }

    fn term(&mut self) -> Result<Term, FilterError> {
        let position = self.position();
        let Some(Token::Word(name)) = self.peek().cloned() else {
            return Err(self.fault("expected a field, `not` or `(`"));
        };
        self.terms += 1;
        if self.terms > TERMS_MAX {
            return Err(self.fault(format!("a filter has at most {TERMS_MAX} comparisons")));
        }
        let (field, key) = self.schema.field(&name, position)?;
        self.next += 1;
        let test = self.test(field)?;
        Ok(Term { field, key, test })
    }

    fn test(&mut self, field: &'static Field) -> Result<Test, FilterError> {
        let at = self.position();
        let operator = self.operator()?;
        if let Some(comparison) = Comparison::ALL
            .into_iter()
            .find(|comparison| comparison.symbol() == operator)
        {
            let is_equality = matches!(comparison, Comparison::Equal | Comparison::NotEqual);
            if !is_equality && !field.is_ordered() {
                return Err(unfit(field, &operator, at));
            }
            let value = self.value(field)?;
            return Ok(Test::Compare(comparison, value));
        }
        match operator.as_str() {
            "in" => self.list(field).map(Test::In),
            "!in" => self.list(field).map(Test::NotIn),
            _ if !field.is_text() => Err(unfit(field, &operator, at)),
            "like" => self.pattern().map(Test::Like),
            "!like" => self.pattern().map(Test::NotLike),
            "starts" => self.text().map(Test::Starts),
            _ => self.text().map(Test::Ends),
        }
    }

    /// One of the twelve operators, in its plain form.
    fn operator(&mut self) -> Result<String, FilterError> {
        const EXPECTED: &str = "expected one of = != < <= > >= in !in like !like starts ends";
        let found = match self.peek() {
            Some(Token::Symbol("!")) => match self.tokens.get(self.next + 1) {
                Some((Token::Word(word), _)) => {
                    let word = format!("!{}", word.to_ascii_lowercase());
                    ["!in", "!like"]
                        .contains(&word.as_str())
                        .then_some((word, 2))
                }
                _ => None,
            },
            Some(Token::Symbol(symbol)) => Some(((*symbol).to_owned(), 1)),
            Some(Token::Word(word)) => {
                let word = word.to_ascii_lowercase();
                let known = ["in", "like", "starts", "ends"].contains(&word.as_str());
                known.then_some((word, 1))
            }
            _ => None,
        };
        let (operator, tokens) = found.ok_or_else(|| self.fault(EXPECTED))?;
        self.next += tokens;
        Ok(operator)
    }

    fn value(&mut self, field: &Field) -> Result<Value, FilterError> {
        let position = self.position();
        let Some(Token::Literal(literal)) = self.peek() else {
            return Err(self.fault("expected a text in quotes, a number or a time"));
        };
        let value = field.value(literal, position)?;
        self.next += 1;
        Ok(value)
    }

    fn list(&mut self, field: &Field) -> Result<Vec<Value>, FilterError> {
        self.expect(&Token::Open, "expected `(` and a list of values")?;
        let mut values = vec![self.value(field)?];
        while self.peek() == Some(&Token::Comma) {
            self.next += 1;
            if values.len() == LIST_MAX {
                return Err(self.fault(format!("a list has at most {LIST_MAX} values")));
            }
            values.push(self.value(field)?);
        }
        self.expect(&Token::Close, "expected `,` or `)`")?;
        Ok(values)
    }

    fn text(&mut self) -> Result<String, FilterError> {
        let Some(Token::Literal(Literal::Text(text))) = self.peek().cloned() else {
            return Err(self.fault("expected a text in quotes"));
        };
        self.next += 1;
        Ok(text)
    }

    fn pattern(&mut self) -> Result<String, FilterError> {
        let position = self.position();
        let pattern = self.text()?;
        if pattern.matches('%').count() > WILDCARDS_MAX {
            let message = format!("a pattern has at most {WILDCARDS_MAX} `%`");
            return Err(FilterError::new(position, message));
        }
        Ok(pattern)
    }

    fn peek(&self) -> Option<&Token> {
        self.tokens.get(self.next).map(|(token, _)| token)
    }

    fn peek_word(&self, wanted: &str) -> bool {
        matches!(self.peek(), Some(Token::Word(word)) if word.eq_ignore_ascii_case(wanted))
    }

    fn take_word(&mut self, wanted: &str) -> bool {
        let found = self.peek_word(wanted);
        self.next += usize::from(found);
        found
    }

    fn expect(&mut self, token: &Token, otherwise: &str) -> Result<(), FilterError> {
        if self.peek() != Some(token) {
            return Err(self.fault(otherwise));
        }
        self.next += 1;
        Ok(())
    }

    /// Where the next token begins.
    fn position(&self) -> usize {
        let next = self.tokens.get(self.next);
        next.map_or(self.end, |(_, position)| *position)
    }

    fn fault(&self, message: impl Into<String>) -> FilterError {
        FilterError::new(self.position(), message)
    }
}

fn unfit(field: &Field, operator: &str, position: usize) -> FilterError {
    let message = format!("`{operator}` does not apply to `{}`", field.name);
    FilterError::new(position, message)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::{filter::strategy::filters, store::JOBS};

    fn fault(text: &str) -> (usize, String) {
        let error = parse(text, &JOBS).expect_err(text);
        (error.position, error.message)
    }

    #[test]
    fn every_operator_parses_and_prints_in_its_plain_form() {
        for text in [
            "state = 'failed'",
            "state != 'failed'",
            "priority > 3",
            "priority < 3",
            "priority >= -3",
            "created_at <= 2026-01-31T09:30:00.000Z",
            "state in ('failed', 'queued')",
            "labels.team !in ('a')",
            "kind like 'drill.%'",
            "kind !like '_'",
            "kind starts 'drill'",
            r"kind ends 'it\'s'",
            "(state = 'failed' or priority = 1) and not (kind = 'a' and kind = 'b')",
        ] {
            assert_eq!(parse(text, &JOBS).unwrap().to_string(), text);
        }
        let loose = r#"state="failed"AND(Not(priority>1)or(kind LIKE"%"))"#;
        assert_eq!(
            parse(loose, &JOBS).unwrap().to_string(),
            "state = 'failed' and (not priority > 1 or kind like '%')"
        );
        let offset = parse("created_at > '2026-01-31T10:30:00+01:00'", &JOBS).unwrap();
        assert_eq!(offset.to_string(), "created_at > 2026-01-31T09:30:00.000Z");
    }

    #[test]
    fn a_fault_is_told_with_its_place() {
        for (text, position, says) in [
            ("", 0, "expected a field"),
            ("sate = 'failed'", 0, "did you mean `state`?"),
            ("quux = 1", 0, "jobs have id, kind, state"),
            ("state = 'faild'", 8, "did you mean 'failed'?"),
            ("state = failed", 8, "expected a text in quotes"),
            ("state > 'failed'", 6, "`>` does not apply to `state`"),
            (
                "priority like '1%'",
                9,
                "`like` does not apply to `priority`",
            ),
            ("priority = '1'", 11, "a whole number"),
            ("priority = 99999999999999999999", 11, "a whole number"),
            ("priority = 1 1", 13, "expected `and`, `or` or the end"),
            ("(priority = 1", 13, "`)`"),
            ("created_at = 2026-13-01T00:00:00Z", 13, "a time such as"),
            (
                "created_at = 2026-01-01T00:00:00.0001Z",
                13,
                "with milliseconds",
            ),
            ("id = 'job_1'", 5, "an id such as"),
            ("labels = 'a'", 0, "needs a key"),
            ("labels. = 'a'", 0, "needs a key"),
            ("kind = 'a", 9, "quotes are not closed"),
            ("kind = 'a\0'", 9, "null character"),
            (r"kind = 'a\n'", 10, "a backslash in quotes"),
            (
                "kind = 'a' ; drop table jobs",
                11,
                "no filter goes on like this",
            ),
            ("state in ()", 10, "expected a text in quotes"),
            ("state in 'failed'", 9, "expected `(`"),
            ("kind !starts 'a'", 5, "expected one of"),
        ] {
            let (at, message) = fault(text);
            assert!(message.contains(says), "{text}: {message}");
            assert_eq!(at, position, "{text}: {message}");
        }
    }

    #[test]
    fn length_depth_terms_lists_and_wildcards_are_bounded() {
        let deep = |depth| format!("{}priority = 1{}", "(".repeat(depth), ")".repeat(depth));
        assert!(parse(&deep(DEPTH_MAX), &JOBS).is_ok());
        assert!(fault(&deep(DEPTH_MAX + 1)).1.contains("deep"));
        assert!(fault(&"not ".repeat(1_000)).1.contains("deep"));
        assert!(fault(&"(".repeat(FILTER_BYTES_MAX)).1.contains("deep"));
        let terms = |terms| vec!["priority = 1"; terms].join(" or ");
        assert!(parse(&terms(TERMS_MAX), &JOBS).is_ok());
        assert!(fault(&terms(TERMS_MAX + 1)).1.contains("comparisons"));
        let list = |values| format!("priority in ({})", vec!["1"; values].join(","));
        assert!(parse(&list(LIST_MAX), &JOBS).is_ok());
        assert!(fault(&list(LIST_MAX + 1)).1.contains("list"));
        assert!(
            fault(&format!("kind like '{}'", "%".repeat(9)))
                .1
                .contains("`%`")
        );
        assert!(fault(&" ".repeat(FILTER_BYTES_MAX + 1)).1.contains("bytes"));
    }

    proptest! {
        #[test]
        fn a_filter_prints_as_a_text_that_parses_to_it(filter in filters(&JOBS)) {
            let text = filter.to_string();
            if text.len() <= FILTER_BYTES_MAX {
                prop_assert_eq!(parse(&text, &JOBS).unwrap(), filter);
            }
        }

        #[test]
        fn no_text_makes_the_parser_panic(text in any::<String>()) {
            let position = parse(&text, &JOBS).err().map(|error| error.position);
            prop_assert!(position.unwrap_or(0) <= text.len());
        }

        #[test]
        fn what_looks_like_a_filter_parses_or_is_refused_with_a_place(
            text in "((not|and|or|in|!in|like|state|kind|labels\\.[a-z]|=|<|!|\\(|\\)|,|'[a%_]*'|\"x|-?[0-9]{1,20}|2026-01-01T00:00:00Z) ?){0,20}"
        ) {
            if let Err(error) = parse(&text, &JOBS) {
                prop_assert!(error.position <= text.len());
                prop_assert!(!error.message.is_empty());
            }
        }
    }
}
