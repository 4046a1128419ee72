//! A filter as an expression of sea-query. Every value is a bound parameter; columns come from the schema alone. No term
//! answers null, so that `not` is the opposite.

use sea_orm::{
    DbBackend,
    sea_query::{
        Expr, ExprTrait, Func, LikeExpr, SimpleExpr,
        extension::{postgres::PgExpr, sqlite::SqliteExpr},
    },
};

use super::{
    ast::{Comparison, Filter, Node, Term, Test, Value},
    schema::Kind,
};

const ESCAPE: char = '\\';

impl Filter {
    /// The condition in the language of `backend`.
    pub fn condition(&self, backend: DbBackend) -> SimpleExpr {
        node(&self.root, backend)
    }
}

fn node(tree: &Node, backend: DbBackend) -> SimpleExpr {
    let folded = |nodes: &[Node], join: fn(SimpleExpr, SimpleExpr) -> SimpleExpr| {
        let all = nodes.iter().map(|inner| node(inner, backend));
        all.reduce(join).expect("a chain has two nodes at least")
    };
    match tree {
        Node::All(nodes) => folded(nodes, |left, right| left.and(right)),
        Node::Any(nodes) => folded(nodes, |left, right| left.or(right)),
        Node::Not(inner) => node(inner, backend).not(),
        Node::Term(term) => {
            let (test, holds_of_null) = test(term, backend);
            let is_null = || column(term, backend).is_null();
            match (term.field.nullable || term.key.is_some(), holds_of_null) {
                (false, _) => test,
                (true, false) => is_null().not().and(test),
                (true, true) => is_null().or(test),
            }
        }
    }
}

/// What is asked of a value that is there, and whether it holds where there is none.
fn test(term: &Term, backend: DbBackend) -> (SimpleExpr, bool) {
    let column = column(term, backend);
    match &term.test {
        Test::Compare(comparison, value) => {
            let value = bound(value);
            match comparison {
                Comparison::Equal => (column.eq(value), false),
                Comparison::NotEqual => (column.ne(value), true),
                Comparison::Less => (column.lt(value), false),
                Comparison::LessOrEqual => (column.lte(value), false),
                Comparison::Greater => (column.gt(value), false),
                Comparison::GreaterOrEqual => (column.gte(value), false),
            }
        }
        Test::In(values) => (column.is_in(values.iter().map(bound)), false),
        Test::NotIn(values) => (column.is_not_in(values.iter().map(bound)), true),
        Test::Like(pattern) => (
            like(column, pattern.chars().map(Piece::asked), backend),
            false,
        ),
        Test::NotLike(pattern) => {
            let like = like(column, pattern.chars().map(Piece::asked), backend);
            (like.not(), true)
        }
        Test::Starts(text) => {
            let pieces = text.chars().map(Piece::Literal).chain([Piece::AnyText]);
            (like(column, pieces, backend), false)
        }
        Test::Ends(text) => {
            let text = text.chars().map(Piece::Literal);
            (
                like(column, [Piece::AnyText].into_iter().chain(text), backend),
                false,
            )
        }
    }
}

fn column(term: &Term, backend: DbBackend) -> SimpleExpr {
    let column = Expr::col(term.field.column);
    match (&term.key, &term.field.kind) {
        (Some(key), Kind::Map) => match backend {
            DbBackend::Postgres => {
                let object = SimpleExpr::from(Func::cast_as(column, "json"));
                PgExpr::cast_json_field(object, key.as_str())
            }
            // Keys of a filter have no quotes: they are words.
            _ => Func::cust("json_extract")
                .arg(column)
                .arg(format!("$.\"{key}\""))
                .into(),
        },
        _ => column,
    }
}

fn bound(value: &Value) -> SimpleExpr {
    match value {
        Value::Text(text) => Expr::val(text.clone()),
        Value::Number(number) => Expr::val(*number),
        Value::Time(at) => Expr::val(at.millis()),
        Value::Id(id) => Expr::val(*id),
    }
}

/// A part of a pattern.
enum Piece {
    AnyText,
    AnyCharacter,
    Literal(char),
}

impl Piece {
    /// What a character of `like` means.
    const fn asked(character: char) -> Self {
        match character {
            '%' => Self::AnyText,
            '_' => Self::AnyCharacter,
            other => Self::Literal(other),
        }
    }
}

/// SQLite's LIKE takes `a` for `A`, its GLOB does not.
fn like(column: SimpleExpr, pieces: impl Iterator<Item = Piece>, backend: DbBackend) -> SimpleExpr {
    let mut pattern = String::new();
    match backend {
        DbBackend::Postgres => {
            for piece in pieces {
                match piece {
                    Piece::AnyText => pattern.push('%'),
                    Piece::AnyCharacter => pattern.push('_'),
                    Piece::Literal(literal) => {
                        if ['%', '_', ESCAPE].contains(&literal) {
                            pattern.push(ESCAPE);
                        }
                        pattern.push(literal);
                    }
                }
            }
            column.like(LikeExpr::new(pattern).escape(ESCAPE))
        }
        _ => {
            for piece in pieces {
                match piece {
                    Piece::AnyText => pattern.push('*'),
                    Piece::AnyCharacter => pattern.push('?'),
                    Piece::Literal(literal @ ('*' | '?' | '[')) => {
                        pattern.extend(['[', literal, ']']);
                    }
                    Piece::Literal(literal) => pattern.push(literal),
                }
            }
            SqliteExpr::glob(column, pattern)
        }
    }
}
