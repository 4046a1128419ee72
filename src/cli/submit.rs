//! `callboard submit`

use std::collections::BTreeMap;

use callboard::http::JobView;
use serde_json::json;

use super::{
    batch,
    client::ServerArgs,
    failure::Failure,
    follow::{Standing, follow},
    input::InputArgs,
    job,
    progress::Progress,
    terminal,
};

#[derive(clap::Args)]
pub struct Args {
    /// Kind of the job, for example market.compare
    #[arg(required_unless_present = "batch")]
    kind: Option<String>,
    #[command(flatten)]
    input: InputArgs,
    /// 0 to 9, higher first
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u8).range(0..=9))]
    priority: Option<u8>,
    /// A label of the job; may be repeated
    #[arg(long = "label", value_name = "KEY=VALUE", value_parser = label)]
    labels: Vec<(String, String)>,
    /// What a job does when a task has used up its attempts
    #[arg(long, value_name = "POLICY", value_parser = ["fail", "pause"])]
    on_exhausted: Option<String>,
    /// The same key with the same submission makes one job within 24 hours
    #[arg(long, value_name = "KEY")]
    idempotency_key: Option<String>,
    /// Submit many jobs: a file, or `-` for stdin, with a line {"kind": ..., "input": ...} for each
    #[arg(
        long,
        value_name = "FILE|-",
        conflicts_with_all = ["kind", "query", "input", "priority", "labels", "on_exhausted", "wait"]
    )]
    batch: Option<String>,
    /// Follow the job to its end and print its result
    #[arg(long)]
    wait: bool,
    /// Print each job as one JSON object
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    server: ServerArgs,
}

fn label(text: &str) -> Result<(String, String), String> {
    let (key, value) = text
        .split_once('=')
        .ok_or("a label has the form KEY=VALUE")?;
    Ok((key.to_owned(), value.to_owned()))
}

/// What a header can carry and the server accepts.
fn checked_key(key: &str) -> Result<&str, Failure> {
    if key.bytes().all(|byte| matches!(byte, b' '..=b'~')) {
        Ok(key)
    } else {
        Err(Failure::BadInput(format!(
            "--idempotency-key {key:?} has characters other than visible ASCII"
        )))
    }
}

pub async fn submit(args: Args) -> Result<(), Failure> {
    let key = args
        .idempotency_key
        .as_deref()
        .map(checked_key)
        .transpose()?;
    let client = args.server.client()?;
    if let Some(source) = &args.batch {
        return batch::submit(&client, source, key, args.json).await;
    }
    let labels: BTreeMap<String, String> = args.labels.into_iter().collect();
    let mut body = json!({"kind": args.kind, "labels": labels});
    if let Some(priority) = args.priority {
        body["priority"] = priority.into();
    }
    if let Some(policy) = args.on_exhausted {
        body["on_exhausted"] = policy.into();
    }
    let mut text = body.to_string();
    // The input goes out as it came, with every digit of its numbers.
    text.truncate(text.len() - 1);
    let text = format!("{text},\"input\":{}}}", args.input.read()?.text());

    let mut request = client
        .post(&["v1", "jobs"])
        .header("content-type", "application/json")
        .body(text);
    if let Some(key) = key {
        request = request.header("idempotency-key", key);
    }
    let accepted: JobView = client.json(request).await?;
    if !args.wait {
        let line = format!("{} {}", accepted.id, accepted.state.0.name());
        return terminal::print(
            if args.json {
                job::to_json(&accepted)
            } else {
                line
            }
            .as_str(),
        );
    }
    let mut progress = Progress::quiet_unless_watched();
    progress.tell(&format!("{} accepted", accepted.id));
    let finished = follow(&client, accepted.id, Standing::Accepted, &mut progress).await?;
    job::print(&finished, args.json)?;
    job::ending(&finished)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_label_is_cut_at_its_first_equals_sign() {
        assert_eq!(label("a=b=c"), Ok(("a".to_owned(), "b=c".to_owned())));
        assert!(label("ab").is_err());
    }

    #[test]
    fn a_key_that_no_header_can_carry_is_refused_by_name() {
        assert_eq!(checked_key("order 7"), Ok("order 7"));
        for key in ["a\nb", "\u{e9}", "\u{7f}"] {
            let refused = checked_key(key);
            assert!(
                matches!(&refused, Err(Failure::BadInput(why)) if why.contains("--idempotency-key") && !why.contains('\n')),
                "{refused:?}"
            );
        }
    }
}
