//! A filter of what is in memory.

use super::ast::{Comparison, Filter, Node, Term, Test, Value};

impl Filter {
    /// Whether the row is chosen whose fields `read` answers, by name and key.
    pub fn matches(&self, read: &dyn Fn(&str, Option<&str>) -> Option<Value>) -> bool {
        holds(&self.root, read)
    }
}

fn holds(node: &Node, read: &dyn Fn(&str, Option<&str>) -> Option<Value>) -> bool {
    match node {
        Node::All(nodes) => nodes.iter().all(|node| holds(node, read)),
        Node::Any(nodes) => nodes.iter().any(|node| holds(node, read)),
        Node::Not(node) => !holds(node, read),
        Node::Term(term) => {
            let found = read(term.field.name, term.key.as_deref());
            passes(term, found.as_ref())
        }
    }
}

fn passes(term: &Term, found: Option<&Value>) -> bool {
    match &term.test {
        Test::Compare(Comparison::NotEqual, value) => found != Some(value),
        Test::Compare(comparison, value) => found.is_some_and(|found| match comparison {
            Comparison::Equal => found == value,
            Comparison::NotEqual => found != value,
            Comparison::Less => found < value,
            Comparison::LessOrEqual => found <= value,
            Comparison::Greater => found > value,
            Comparison::GreaterOrEqual => found >= value,
        }),
        Test::In(values) => found.is_some_and(|found| values.contains(found)),
        Test::NotIn(values) => found.is_none_or(|found| !values.contains(found)),
        Test::Like(pattern) => text(found).is_some_and(|text| is_like(text, pattern)),
        Test::NotLike(pattern) => text(found).is_none_or(|text| !is_like(text, pattern)),
        Test::Starts(start) => text(found).is_some_and(|text| text.starts_with(start)),
        Test::Ends(end) => text(found).is_some_and(|text| text.ends_with(end)),
    }
}

fn text(found: Option<&Value>) -> Option<&str> {
    match found {
        Some(Value::Text(text)) => Some(text),
        _ => None,
    }
}

/// Whether `%` for any text and `_` for any character make `pattern` the text. Goes back to the last `%` alone, so its
/// time is at most the product of both lengths.
fn is_like(text: &str, pattern: &str) -> bool {
    let (text, pattern): (Vec<char>, Vec<char>) =
        (text.chars().collect(), pattern.chars().collect());
    let (mut at, mut in_pattern) = (0, 0);
    let mut retry = None;
    while at < text.len() {
        match pattern.get(in_pattern) {
            Some('%') => {
                in_pattern += 1;
                retry = Some((in_pattern, at));
            }
            Some(wanted) if *wanted == '_' || *wanted == text[at] => {
                (at, in_pattern) = (at + 1, in_pattern + 1);
            }
            _ => {
                let Some((after, from)) = retry else {
                    return false;
                };
                retry = Some((after, from + 1));
                (at, in_pattern) = (from + 1, after);
            }
        }
    }
    pattern[in_pattern..].iter().all(|left| *left == '%')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pattern_is_the_whole_text() {
        for (text, pattern, expected) in [
            ("drill.fanout", "drill.%", true),
            ("drill.fanout", "drill", false),
            ("drill.fanout", "%fan%out", true),
            ("abcbc", "%bc", true),
            ("abc", "a_c", true),
            ("äc", "_c", true),
            ("", "%", true),
            ("", "_", false),
            ("a%", "a%", true),
            ("A", "a", false),
        ] {
            assert_eq!(is_like(text, pattern), expected, "{text} like {pattern}");
        }
    }
}
