//! The input of a job, from the command line, a file or stdin.

use std::{
    fs::File,
    io::{self, Read},
};

use callboard_orchestra::Payload;
use serde_json::json;

use super::failure::Failure;

/// Largest input, in bytes.
const INPUT_BYTES_MAX: u64 = 1024 * 1024;

#[derive(clap::Args)]
pub struct InputArgs {
    /// A request in words; stands for the input {"query": "..."}
    #[arg(value_name = "QUERY", conflicts_with = "input")]
    query: Vec<String>,
    /// Input of the job: JSON that starts with `{`, a file, or `-` for stdin
    #[arg(long, value_name = "JSON|FILE|-")]
    input: Option<String>,
}

impl InputArgs {
    /// The input as JSON; an empty object when nothing is given.
    pub fn read(&self) -> Result<Payload, Failure> {
        let (text, source) = match &self.input {
            None if self.query.is_empty() => ("{}".to_owned(), "--input"),
            None => (
                json!({"query": self.query.join(" ")}).to_string(),
                "the query",
            ),
            Some(text) if text.trim_start().starts_with('{') => (text.clone(), "--input"),
            Some(dash) if dash == "-" => (bounded(io::stdin(), "stdin")?, "stdin"),
            Some(path) => (bounded(open(path)?, path)?, path.as_str()),
        };
        let payload = Payload::from_text(text.trim().to_owned());
        payload.map_err(|error| Failure::BadInput(format!("{source} is not JSON: {error}")))
    }
}

/// JSON of any sort: the text itself, a file of that name, or `-` for stdin.
pub fn read_json(text: &str) -> Result<Payload, Failure> {
    let given = Payload::from_text(text.trim().to_owned());
    let is_meant_as_json = text.trim_start().starts_with(['{', '[', '"']);
    let (text, source) = match given {
        Ok(payload) => return Ok(payload),
        Err(error) if is_meant_as_json => {
            return Err(Failure::BadInput(format!("{text} is not JSON: {error}")));
        }
        Err(_) if text == "-" => (bounded(io::stdin(), "stdin")?, "stdin"),
        Err(_) => (bounded(open(text)?, text)?, text),
    };
    Payload::from_text(text.trim().to_owned())
        .map_err(|error| Failure::BadInput(format!("{source} is not JSON: {error}")))
}

fn open(path: &str) -> Result<File, Failure> {
    File::open(path)
        .map_err(|error| Failure::BadInput(format!("cannot read input file {path}: {error}")))
}

fn bounded(reader: impl Read, name: &str) -> Result<String, Failure> {
    let mut text = String::new();
    let read = reader.take(INPUT_BYTES_MAX + 1).read_to_string(&mut text);
    read.map_err(|error| Failure::BadInput(format!("cannot read {name}: {error}")))?;
    if text.len() as u64 > INPUT_BYTES_MAX {
        return Err(Failure::BadInput(format!(
            "{name} has more than {INPUT_BYTES_MAX} bytes"
        )));
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(query: &[&str], input: Option<&str>) -> Result<String, Failure> {
        let query = query.iter().map(|word| (*word).to_owned()).collect();
        let args = InputArgs {
            query,
            input: input.map(str::to_owned),
        };
        args.read().map(|payload| payload.text().to_owned())
    }

    #[test]
    fn words_become_a_query() {
        assert_eq!(
            read(&["Sharpe", "of \"IBM\""], None).unwrap(),
            r#"{"query":"Sharpe of \"IBM\""}"#
        );
    }

    #[test]
    fn an_input_with_a_brace_is_taken_as_it_is() {
        assert_eq!(
            read(&[], Some(" {\"tasks\": 1.50} ")).unwrap(),
            "{\"tasks\": 1.50}"
        );
    }

    #[test]
    fn what_is_not_json_or_not_there_is_bad_input() {
        assert!(
            matches!(read(&[], Some("{tasks")), Err(Failure::BadInput(why)) if why.starts_with("--input is not JSON"))
        );
        assert!(
            matches!(read(&[], Some("/no/such/file")), Err(Failure::BadInput(why)) if why.contains("/no/such/file"))
        );
    }

    #[test]
    fn any_json_is_taken_as_it_is_and_what_only_looks_like_it_is_no_file() {
        for text in ["{}", "[1]", "\"go\"", "1.50", "true", "null"] {
            assert_eq!(read_json(text).unwrap().text(), text);
        }
        assert!(
            matches!(read_json("[1"), Err(Failure::BadInput(why)) if why.starts_with("[1 is not JSON"))
        );
        assert!(
            matches!(read_json("no/such"), Err(Failure::BadInput(why)) if why.contains("cannot read input file"))
        );
    }

    #[test]
    fn an_input_beyond_the_bound_is_refused() {
        assert!(bounded(io::repeat(b'x'), "stdin").is_err());
    }
}
