//! Reads a job's input into the type its kind takes, and says in plain words what does not fit.

use serde::de::DeserializeOwned;

use crate::{pack::InvalidInput, payload::Payload};

/// Jaro-Winkler similarity from which a known field is suggested for one that is not.
const SUGGESTION_SIMILARITY_MIN: f64 = 0.8;
/// Code of an input that has not the shape of its kind.
pub const INVALID_INPUT: &str = "invalid_input";

/// Reads an input whose kind takes an object. Errors, naming the field at fault, when it is anything else or a field has
/// the wrong type, is missing, unknown or stated twice.
pub fn read_input<T: DeserializeOwned>(input: &Payload) -> Result<T, InvalidInput> {
    // A struct is read from a list of its fields too, which no schema of a kind allows.
    if let Some(found) = not_an_object(input.text()) {
        return Err(InvalidInput {
            code: INVALID_INPUT,
            field: None,
            message: format!("the input is {found}, but must be an object"),
        });
    }
    let mut reader = serde_json::Deserializer::from_str(input.text());
    serde_path_to_error::deserialize(&mut reader).map_err(|error| {
        let path = Some(error.path().to_string()).filter(|path| path != ".");
        refusal(path, error.inner())
    })
}

/// What a JSON text is when it is no object.
fn not_an_object(text: &str) -> Option<&'static str> {
    match text.trim_start().bytes().next() {
        Some(b'{') => None,
        Some(b'[') => Some("a list"),
        Some(b'"') => Some("a text"),
        Some(b't' | b'f') => Some("a boolean"),
        Some(b'n') => Some("null"),
        _ => Some("a number"),
    }
}

fn refusal(path: Option<String>, error: &serde_json::Error) -> InvalidInput {
    let place = format!(" at line {} column {}", error.line(), error.column());
    let text = error.to_string();
    let text = text.strip_suffix(&place).unwrap_or(&text);
    let name = path.as_deref().unwrap_or("the input");
    let (field, message) = if let Some(missing) = quoted_after(text, "missing field ") {
        let field = path.map_or_else(|| missing.to_owned(), |path| format!("{path}.{missing}"));
        let message = format!("{field} is missing");
        (Some(field), message)
    } else if let Some(twice) = quoted_after(text, "duplicate field ") {
        let field = path.unwrap_or_else(|| twice.to_owned());
        let message = format!("{field} is stated twice");
        (Some(field), message)
    } else if let Some(unknown) = quoted_after(text, "unknown field ") {
        let message = unknown_field(unknown, text);
        (path, message)
    } else if let Some((found, wanted)) = mismatch(text) {
        let message = format!("{name} is {}, but must be {wanted}", plain(found));
        (path, message)
    } else if text == "number out of range" {
        let message = format!("{name} is a number too large to be read");
        (path, message)
    } else {
        (path, text.to_owned())
    };
    InvalidInput {
        code: INVALID_INPUT,
        field,
        message,
    }
}

/// The word in backquotes that follows `start`.
fn quoted_after<'a>(text: &'a str, start: &str) -> Option<&'a str> {
    let rest = text.strip_prefix(start)?.strip_prefix('`')?;
    rest.split_once('`').map(|(word, _)| word)
}

fn unknown_field(unknown: &str, text: &str) -> String {
    let listed = text.split_once(", expected ").map_or("", |(_, list)| list);
    let known: Vec<&str> = listed.split('`').skip(1).step_by(2).collect();
    let near = known
        .iter()
        .map(|field| (strsim::jaro_winkler(unknown, field), *field))
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .filter(|(score, _)| *score >= SUGGESTION_SIMILARITY_MIN);
    let fields = known.join(", ");
    match near {
        Some((_, near)) => {
            format!("there is no field {unknown}; did you mean {near}? The fields are {fields}")
        }
        None => format!("there is no field {unknown}; the fields are {fields}"),
    }
}

/// What was found and, in plain words, what is wanted, of serde's `invalid type: F, expected W`.
fn mismatch(text: &str) -> Option<(&str, String)> {
    let rest = ["invalid type: ", "invalid value: "]
        .iter()
        .find_map(|start| text.strip_prefix(start))?;
    // What was found comes first and may hold anything; what is wanted does not hold the separator.
    let (found, wanted) = rest.rsplit_once(", expected ")?;
    let wanted = match wanted {
        "u8" => format!("a whole number from 0 to {}", u8::MAX),
        "u16" => format!("a whole number from 0 to {}", u16::MAX),
        "u32" => format!("a whole number from 0 to {}", u32::MAX),
        "u64" | "usize" => "a whole number, 0 or more".to_owned(),
        "i8" | "i16" | "i32" | "i64" | "isize" => "a whole number".to_owned(),
        "f32" | "f64" => "a number".to_owned(),
        "a string" | "string" | "str" => "a text".to_owned(),
        "a boolean" => "true or false".to_owned(),
        "a sequence" => "a list".to_owned(),
        "a map" => "an object".to_owned(),
        structure if structure.starts_with("struct ") => "an object".to_owned(),
        other => other.to_owned(),
    };
    Some((found, wanted))
}

/// A found value without the name of its type.
fn plain(found: &str) -> String {
    match found {
        "sequence" => return "a list".to_owned(),
        "map" => return "an object".to_owned(),
        _ => {}
    }
    if let Some(text) = found.strip_prefix("string ") {
        return format!("the text {}", clip(text));
    }
    ["integer ", "floating point ", "boolean "]
        .iter()
        .find_map(|kind| found.strip_prefix(kind))
        .unwrap_or(found)
        .trim_matches('`')
        .to_owned()
}

/// Values come from outside and may be long: a message shows the start.
fn clip(text: &str) -> String {
    const SHOWN_CHARS_MAX: usize = 60;
    match text.char_indices().nth(SHOWN_CHARS_MAX) {
        Some((at, _)) => format!("{}...", &text[..at]),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::*;

    #[derive(Debug, Deserialize, PartialEq)]
    #[serde(deny_unknown_fields)]
    struct Errand {
        tasks: u32,
        #[serde(default)]
        wait_ms: u64,
        #[serde(default)]
        names: Vec<String>,
        rate: Option<f64>,
        inner: Option<Inner>,
    }

    #[derive(Debug, Deserialize, PartialEq)]
    struct Inner {
        #[serde(rename = "depth")]
        _depth: i64,
    }

    fn read(text: &str) -> Result<Errand, InvalidInput> {
        read_input(&Payload::from_text(text.to_owned()).unwrap())
    }

    #[test]
    fn an_input_that_is_no_object_is_refused_as_what_it_is() {
        for (text, found) in [
            ("[3, 0]", "a list"),
            ("\"3\"", "a text"),
            ("3", "a number"),
            ("-3", "a number"),
            ("true", "a boolean"),
            ("null", "null"),
        ] {
            let refused = read(text).unwrap_err();
            assert_eq!(
                refused.message,
                format!("the input is {found}, but must be an object")
            );
            assert_eq!((refused.code, refused.field), (INVALID_INPUT, None));
        }
        assert_eq!(read(" {\"tasks\": 3} ").map(|errand| errand.tasks), Ok(3));
    }

    #[test]
    fn what_does_not_fit_is_named_with_its_field_in_plain_words() {
        for (text, field, message) in [
            (
                r#"{"tasks": "many, expected few"}"#,
                "tasks",
                "tasks is the text \"many, expected few\", but must be a whole number from 0 to 4294967295",
            ),
            (
                r#"{"tasks": -1}"#,
                "tasks",
                "tasks is -1, but must be a whole number from 0 to 4294967295",
            ),
            (
                r#"{"tasks": 1, "wait_ms": 1.5}"#,
                "wait_ms",
                "wait_ms is 1.5, but must be a whole number, 0 or more",
            ),
            (
                r#"{"tasks": null}"#,
                "tasks",
                "tasks is null, but must be a whole number from 0 to 4294967295",
            ),
            (
                r#"{"tasks": 1, "names": "A"}"#,
                "names",
                "names is the text \"A\", but must be a list",
            ),
            (
                r#"{"tasks": 1, "names": ["A", {}]}"#,
                "names[1]",
                "names[1] is an object, but must be a text",
            ),
            (
                r#"{"tasks": 1, "rate": []}"#,
                "rate",
                "rate is a list, but must be a number",
            ),
            (
                r#"{"tasks": 1, "rate": 1e999}"#,
                "rate",
                "rate is a number too large to be read",
            ),
            (
                r#"{"tasks": 1, "inner": true}"#,
                "inner",
                "inner is true, but must be an object",
            ),
            (
                r#"{"tasks": 1, "inner": {}}"#,
                "inner.depth",
                "inner.depth is missing",
            ),
            ("{}", "tasks", "tasks is missing"),
            (
                r#"{"tasks": 1, "tasks": 2}"#,
                "tasks",
                "tasks is stated twice",
            ),
            (
                r#"{"tasks": 1, "wait": 3}"#,
                "wait",
                "there is no field wait; did you mean wait_ms? The fields are tasks, wait_ms, names, rate, inner",
            ),
            (
                r#"{"zzz": 3}"#,
                "zzz",
                "there is no field zzz; the fields are tasks, wait_ms, names, rate, inner",
            ),
        ] {
            let refused = read(text).unwrap_err();
            assert_eq!(refused.message, message, "{text}");
            assert_eq!(refused.field.as_deref(), Some(field), "{text}");
        }
    }
}
