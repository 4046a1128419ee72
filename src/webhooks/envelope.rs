//! One event of a job as a CloudEvent 1.0 in JSON.

use callboard_orchestra::{JobId, TraceContext, hub::Frame};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::spans::TRACEPARENT;

/// What types of events begin with outside of this server.
const TYPE_PREFIX: &str = "callboard.";

/// The type of a frame's event, such as `job.succeeded`.
pub fn event_type(frame: &Value) -> &str {
    frame["type"].as_str().unwrap_or_default()
}

/// Whether an endpoint wants a type: each of its own is a whole type or a beginning such as `job.*`. None wants all.
pub fn is_wanted(wanted: &[String], event_type: &str) -> bool {
    wanted.is_empty()
        || wanted.iter().any(|own| match own.strip_suffix('*') {
            Some(start) => event_type.starts_with(start),
            None => own == event_type,
        })
}

/// The body of a delivery. The id is the event's place in the journal, the same in every delivery of it. `span` is the job's,
/// if it is traced (CloudEvents' extension for distributed tracing).
pub fn cloud_event(frame: &Frame, parsed: &Value, span: Option<TraceContext>) -> String {
    let job: JobId = frame.job;
    let mut event = json!({
        "specversion": "1.0",
        "id": format!("{}.{}", frame.pos, frame.seq),
        "source": format!("/v1/jobs/{job}"),
        "type": format!("{TYPE_PREFIX}{}", event_type(parsed)),
        "subject": job.to_string(),
        "time": parsed["at"],
        "datacontenttype": "application/json",
        "data": {"seq": frame.seq, "job": job.to_string(), "event": parsed["data"]},
    });
    if let Some(span) = span {
        event[TRACEPARENT] = json!(span);
    }
    event.to_string()
}

/// The span that the body of a delivery names.
pub fn span_of(body: &str) -> Option<TraceContext> {
    #[derive(Deserialize)]
    struct Named {
        traceparent: Option<TraceContext>,
    }
    // Most name none, and need no parsing.
    if !body.contains(TRACEPARENT) {
        return None;
    }
    serde_json::from_str::<Named>(body).ok()?.traceparent
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_are_wanted_whole_or_by_their_beginning() {
        let wanted = ["job.*".to_owned(), "task.failed".to_owned()];
        for (name, expected) in [
            ("job.succeeded", true),
            ("task.failed", true),
            ("task.failed_twice", false),
            ("jobs.x", false),
        ] {
            assert_eq!(is_wanted(&wanted, name), expected, "{name}");
        }
        assert!(is_wanted(&[], "anything"));
    }
}
