//! Submits the lines of a file, as many in one request as a batch takes.

use std::{
    fs::File,
    io::{self, BufRead, BufReader, Read},
};

use callboard::http::JobView;
use callboard_orchestra::Payload;
use serde::Deserialize;

use super::{
    client::{Client, Problem},
    failure::Failure,
    terminal,
};

/// Lines of one request.
const REQUEST_LINES_MAX: usize = 1_000;
/// Bytes of one request, below what a server takes unless it is told otherwise.
const REQUEST_BYTES_MAX: usize = 4 * 1024 * 1024;
/// Bytes read in all.
const READ_BYTES_MAX: u64 = 256 * 1024 * 1024;

/// Submissions with the numbers of their lines.
type Lines = Vec<(usize, Payload)>;

#[derive(Deserialize)]
struct Answer {
    results: Vec<Outcome>,
}

#[derive(Deserialize)]
struct Outcome {
    status: u16,
    job: Option<JobView>,
    error: Option<Problem>,
}

/// Submits every line of `source`, a file or `-` for stdin. Nothing is sent unless all can be read. Errors when a line was
/// refused, after all have been tried.
pub async fn submit(
    client: &Client,
    source: &str,
    key: Option<&str>,
    json: bool,
) -> Result<(), Failure> {
    let lines = if source == "-" {
        read(io::stdin(), "stdin")?
    } else {
        let file = File::open(source)
            .map_err(|error| Failure::BadInput(format!("cannot read file {source}: {error}")))?;
        read(file, source)?
    };
    let (count, mut refused, mut later) = (lines.len(), 0, 0);
    for (number, request) in (1..).zip(requests(lines)) {
        let texts: Vec<&str> = request.iter().map(|(_, text)| text.text()).collect();
        let mut post = client
            .post(&["v1", "jobs", "batch"])
            .header("content-type", "application/json")
            .body(format!("{{\"jobs\":[{}]}}", texts.join(",")));
        if let Some(key) = key {
            post = post.header("idempotency-key", format!("{key}/{number}"));
        }
        let text = client.text(post).await?;
        let Answer { results } = client.read(&text)?;
        for ((line, _), outcome) in request.iter().zip(results) {
            if let Some(job) = &outcome.job {
                let shown = if json {
                    super::job::to_json(job)
                } else {
                    format!("{} {}", job.id, job.state.0.name())
                };
                terminal::print(&shown)?;
            }
            if let Some(problem) = &outcome.error {
                terminal::tell(&format!("line {line}: {}", problem.line()));
                refused += 1;
                later += usize::from(matches!(outcome.status, 429 | 500..));
            }
        }
    }
    let told = format!("{refused} of {count} jobs were refused");
    match (refused, later) {
        (0, _) => Ok(()),
        (_, 0) => Err(Failure::BadInput(told)),
        _ => Err(Failure::Failed(told)),
    }
}

fn read(reader: impl Read, name: &str) -> Result<Lines, Failure> {
    let mut lines = Vec::new();
    let mut bounded = BufReader::new(reader.take(READ_BYTES_MAX + 1));
    let (mut number, mut bytes) = (0, 0);
    loop {
        let mut line = String::new();
        let read = bounded
            .read_line(&mut line)
            .map_err(|error| Failure::BadInput(format!("cannot read {name}: {error}")))?;
        if read == 0 {
            return Ok(lines);
        }
        (number, bytes) = (number + 1, bytes + read as u64);
        if bytes > READ_BYTES_MAX {
            let message = format!("{name} has more than {READ_BYTES_MAX} bytes");
            return Err(Failure::BadInput(message));
        }
        let text = line.trim();
        if text.is_empty() {
            continue;
        }
        let payload = Payload::from_text(text.to_owned()).map_err(|error| {
            Failure::BadInput(format!("line {number} of {name} is not JSON: {error}"))
        })?;
        lines.push((number, payload));
    }
}

/// Cuts lines into requests within the bounds; a line beyond them goes alone, for the server to judge.
fn requests(lines: Lines) -> Vec<Lines> {
    let mut requests: Vec<Lines> = Vec::new();
    let mut bytes = 0;
    for line in lines {
        let more = line.1.text().len() + 1;
        match requests.last_mut() {
            Some(last) if last.len() < REQUEST_LINES_MAX && bytes + more <= REQUEST_BYTES_MAX => {
                bytes += more;
                last.push(line);
            }
            _ => {
                bytes = more;
                requests.push(vec![line]);
            }
        }
    }
    requests
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_numbered_as_in_the_file_and_blank_ones_skipped() {
        let lines = read("{\"a\":1}\n\n  {}  \r\n[2]".as_bytes(), "f").unwrap();
        let numbered: Vec<_> = lines.iter().map(|(at, text)| (*at, text.text())).collect();
        assert_eq!(numbered, [(1, "{\"a\":1}"), (3, "{}"), (4, "[2]")]);
    }

    #[test]
    fn a_line_that_is_not_json_is_named_before_anything_is_sent() {
        let refused = read("{}\n{".as_bytes(), "jobs.jsonl");
        assert!(
            matches!(&refused, Err(Failure::BadInput(why)) if why.starts_with("line 2 of jobs.jsonl is not JSON"))
        );
    }

    #[test]
    fn requests_keep_the_order_within_both_bounds() {
        let line = |at: usize, bytes: usize| {
            let text = format!("\"{}\"", "x".repeat(bytes));
            (at, Payload::from_text(text).unwrap())
        };
        let many = (0..2_500).map(|at| line(at, 1)).collect();
        let sizes: Vec<usize> = requests(many).iter().map(Vec::len).collect();
        assert_eq!(sizes, [1_000, 1_000, 500]);
        let half = REQUEST_BYTES_MAX / 2;
        let large = requests(vec![
            line(0, half),
            line(1, 8),
            line(2, half),
            line(3, REQUEST_BYTES_MAX),
            line(4, 1),
        ]);
        let numbers: Vec<Vec<usize>> = large
            .iter()
            .map(|request| request.iter().map(|(at, _)| *at).collect())
            .collect();
        assert_eq!(numbers, [vec![0, 1], vec![2], vec![3], vec![4]]);
    }
}
