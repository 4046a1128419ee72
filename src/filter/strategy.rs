//! Filters drawn at random, for property tests.

use callboard_orchestra::Timestamp;
use proptest::prelude::*;
use uuid::Uuid;

use super::{
    ast::{Comparison, Filter, Node, Term, Test, Value},
    schema::{Field, Kind, Schema},
};

/// Texts and keys from a few, so that rows and filters meet.
pub const TEXTS: [&str; 10] = [
    "",
    "a",
    "A",
    "ab%",
    "a_b",
    "a*b",
    "[a]",
    "back\\slash",
    "it's \"x\"",
    "äöü",
];
pub const KEYS: [&str; 3] = ["team", "a.b", "x-1"];

/// Any filter of the schema.
pub fn filters(schema: &'static Schema) -> impl Strategy<Value = Filter> {
    let leaf = terms(schema).prop_map(Node::Term);
    let tree = leaf.prop_recursive(4, 24, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 2..4).prop_map(Node::All),
            prop::collection::vec(inner.clone(), 2..4).prop_map(Node::Any),
            inner.prop_map(|node| Node::Not(Box::new(node))),
        ]
    });
    tree.prop_map(|root| Filter { root })
}

fn terms(schema: &'static Schema) -> impl Strategy<Value = Term> {
    prop::sample::select(schema.fields.iter().collect::<Vec<_>>()).prop_flat_map(|field| {
        let key = match field.kind {
            Kind::Map => prop::sample::select(&KEYS[..])
                .prop_map(|key| Some(key.to_owned()))
                .boxed(),
            _ => Just(None).boxed(),
        };
        (key, tests(field)).prop_map(move |(key, test)| Term { field, key, test })
    })
}

fn tests(field: &'static Field) -> BoxedStrategy<Test> {
    let list = || prop::collection::vec(values(field), 1..4);
    let comparisons: Vec<Comparison> = if field.is_ordered() {
        Comparison::ALL.to_vec()
    } else {
        vec![Comparison::Equal, Comparison::NotEqual]
    };
    let compare = (prop::sample::select(comparisons), values(field));
    let of_any = prop_oneof![
        compare.prop_map(|(comparison, value)| Test::Compare(comparison, value)),
        list().prop_map(Test::In),
        list().prop_map(Test::NotIn),
    ];
    if !field.is_text() {
        return of_any.boxed();
    }
    prop_oneof![
        of_any,
        patterns().prop_map(Test::Like),
        patterns().prop_map(Test::NotLike),
        texts().prop_map(Test::Starts),
        texts().prop_map(Test::Ends),
    ]
    .boxed()
}

pub fn texts() -> impl Strategy<Value = String> {
    prop::sample::select(&TEXTS[..]).prop_map(str::to_owned)
}

fn patterns() -> impl Strategy<Value = String> {
    prop_oneof![texts(), "[aA%_\\\\*?\\[\\]b']{0,5}"]
}

pub fn values(field: &'static Field) -> BoxedStrategy<Value> {
    match field.kind {
        Kind::Text | Kind::Map => texts().prop_map(Value::Text).boxed(),
        Kind::Name(names) => prop::sample::select(names)
            .prop_map(|name| Value::Text(name.to_owned()))
            .boxed(),
        Kind::Number => prop_oneof![0..10_i64, any::<i64>()]
            .prop_map(Value::Number)
            .boxed(),
        Kind::Time => (0..10_i64)
            .prop_map(|millis| Value::Time(Timestamp::from_millis(millis)))
            .boxed(),
        Kind::Id(_) => (0..10_u128)
            .prop_map(|number| Value::Id(Uuid::from_u128(number << 64)))
            .boxed(),
    }
}
