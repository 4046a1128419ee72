//! A filter as a typed tree, and its text.

use std::fmt;

use callboard_orchestra::Timestamp;
use uuid::Uuid;

use super::schema::{Field, Kind};

/// A filter of one resource's rows. Its text parses to itself.
#[derive(Debug, Clone, PartialEq)]
pub struct Filter {
    pub(super) root: Node,
}

#[derive(Debug, Clone, PartialEq)]
pub enum Node {
    /// Two at least.
    All(Vec<Node>),
    /// Two at least.
    Any(Vec<Node>),
    Not(Box<Node>),
    Term(Term),
}

/// One field and what is asked of it.
#[derive(Debug, Clone, PartialEq)]
pub struct Term {
    pub field: &'static Field,
    /// Which text of a map.
    pub key: Option<String>,
    pub test: Test,
}

#[derive(Debug, Clone, PartialEq)]
pub enum Test {
    Compare(Comparison, Value),
    /// One at least.
    In(Vec<Value>),
    NotIn(Vec<Value>),
    /// `%` stands for any text, `_` for any character.
    Like(String),
    NotLike(String),
    Starts(String),
    Ends(String),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Comparison {
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

#[derive(Debug, Clone, PartialEq, PartialOrd)]
pub enum Value {
    Text(String),
    Number(i64),
    Time(Timestamp),
    Id(Uuid),
}

impl Filter {
    /// Whether an index narrows the rows down to those of a few values.
    pub fn is_indexed(&self) -> bool {
        let narrows = |node: &Node| match node {
            Node::Term(term) => {
                let few = matches!(term.test, Test::Compare(Comparison::Equal, _) | Test::In(_));
                few && term.field.indexed
            }
            Node::All(_) | Node::Any(_) | Node::Not(_) => false,
        };
        match &self.root {
            Node::All(nodes) => nodes.iter().any(narrows),
            root @ (Node::Any(_) | Node::Not(_) | Node::Term(_)) => narrows(root),
        }
    }
}

impl Comparison {
    pub const ALL: [Self; 6] = [
        Self::Equal,
        Self::NotEqual,
        Self::Less,
        Self::LessOrEqual,
        Self::Greater,
        Self::GreaterOrEqual,
    ];

    pub const fn symbol(self) -> &'static str {
        match self {
            Self::Equal => "=",
            Self::NotEqual => "!=",
            Self::Less => "<",
            Self::LessOrEqual => "<=",
            Self::Greater => ">",
            Self::GreaterOrEqual => ">=",
        }
    }
}

impl fmt::Display for Filter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.root)
    }
}

impl fmt::Display for Node {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::All(nodes) => joined(f, nodes, " and "),
            Self::Any(nodes) => joined(f, nodes, " or "),
            Self::Not(node) => {
                f.write_str("not ")?;
                operand(f, node)
            }
            Self::Term(term) => write!(f, "{term}"),
        }
    }
}

fn joined(f: &mut fmt::Formatter<'_>, nodes: &[Node], word: &str) -> fmt::Result {
    for (index, node) in nodes.iter().enumerate() {
        if index > 0 {
            f.write_str(word)?;
        }
        operand(f, node)?;
    }
    Ok(())
}

/// Brackets wherever a tree is in a tree, so that its shape is the text's.
fn operand(f: &mut fmt::Formatter<'_>, node: &Node) -> fmt::Result {
    match node {
        Node::All(_) | Node::Any(_) => write!(f, "({node})"),
        Node::Not(_) | Node::Term(_) => write!(f, "{node}"),
    }
}

impl fmt::Display for Term {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.field.name)?;
        if let Some(key) = &self.key {
            write!(f, ".{key}")?;
        }
        match &self.test {
            Test::Compare(comparison, value) => {
                write!(f, " {} ", comparison.symbol())?;
                self.literal(f, value)
            }
            Test::In(values) => self.list(f, "in", values),
            Test::NotIn(values) => self.list(f, "!in", values),
            Test::Like(text) => quoted(f, " like ", text),
            Test::NotLike(text) => quoted(f, " !like ", text),
            Test::Starts(text) => quoted(f, " starts ", text),
            Test::Ends(text) => quoted(f, " ends ", text),
        }
    }
}

impl Term {
    fn list(&self, f: &mut fmt::Formatter<'_>, word: &str, values: &[Value]) -> fmt::Result {
        write!(f, " {word} (")?;
        for (index, value) in values.iter().enumerate() {
            if index > 0 {
                f.write_str(", ")?;
            }
            self.literal(f, value)?;
        }
        f.write_str(")")
    }

    fn literal(&self, f: &mut fmt::Formatter<'_>, value: &Value) -> fmt::Result {
        match value {
            Value::Text(text) => quoted(f, "", text),
            Value::Number(number) => write!(f, "{number}"),
            Value::Time(at) => f.write_str(&at.rfc3339()),
            Value::Id(id) => {
                let prefix = match self.field.kind {
                    Kind::Id(prefix) => prefix,
                    Kind::Text | Kind::Name(_) | Kind::Number | Kind::Time | Kind::Map => "",
                };
                write!(f, "'{prefix}{}'", id.simple())
            }
        }
    }
}

fn quoted(f: &mut fmt::Formatter<'_>, before: &str, text: &str) -> fmt::Result {
    let escaped = text.replace('\\', r"\\").replace('\'', r"\'");
    write!(f, "{before}'{escaped}'")
}
