//! A frame without what it carries: for callers who may see what happens to a job and not what goes in and comes out.

use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize)]
struct Bare<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    seq: Option<u64>,
    #[serde(borrow)]
    at: &'a str,
    #[serde(borrow)]
    job: &'a str,
    #[serde(borrow, rename = "type")]
    name: &'a str,
}

/// `{seq, at, job, type}` of a frame, or of a sign of life, which has no seq.
pub fn without_data(frame: &str) -> String {
    let bare: Bare<'_> = serde_json::from_str(frame).expect("a frame says what happened and when");
    serde_json::to_string(&bare).expect("a bare frame is plain data")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_happened_and_when_is_left() {
        let frame = r#"{"seq":3,"at":"t","job":"j","type":"job.succeeded","data":{"result":{"a":"\u00e9"}}}"#;
        assert_eq!(
            without_data(frame),
            r#"{"seq":3,"at":"t","job":"j","type":"job.succeeded"}"#
        );
        let tick = r#"{"at":"t","job":"j","type":"task.progress","data":1}"#;
        assert_eq!(
            without_data(tick),
            r#"{"at":"t","job":"j","type":"task.progress"}"#
        );
    }
}
