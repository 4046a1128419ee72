//! Type errors in words for people who do not know the types.

use figment::error::{Actual, Kind};

pub fn explain(kind: &Kind) -> String {
    match kind {
        Kind::InvalidType(actual, expected) | Kind::InvalidValue(actual, expected) => {
            format!("expected {}, found {}", wanted(expected), found(actual))
        }
        Kind::UnknownVariant(actual, expected) => {
            format!("expected one of {}, found `{actual}`", expected.join(", "))
        }
        kind => kind.to_string(),
    }
}

fn wanted(expected: &str) -> String {
    match expected {
        "a nonzero u32" => format!("a whole number from 1 to {}", u32::MAX),
        "u32" => format!("a whole number from 0 to {}", u32::MAX),
        "a nonzero usize" => "a whole number of at least 1".to_owned(),
        "usize" => "a whole number of at least 0".to_owned(),
        "a boolean" => "true or false".to_owned(),
        "a string" | "path string" => "text".to_owned(),
        expected => expected.to_owned(),
    }
}

fn found(actual: &Actual) -> String {
    match actual {
        Actual::Bool(value) => value.to_string(),
        Actual::Unsigned(value) => value.to_string(),
        Actual::Signed(value) => value.to_string(),
        Actual::Float(value) => value.to_string(),
        Actual::Str(text) => format!("{text:?}"),
        Actual::Seq => "a list".to_owned(),
        Actual::Map => "a section".to_owned(),
        actual => actual.to_string(),
    }
}
