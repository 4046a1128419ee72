//! Lines of an export: the keys, then the checkpoints, then the records of a tenant, each as canonical JSON.

use serde::{Deserialize, Serialize};

use super::{checkpoint::Checkpoint, hash::canonical, key::PublishedKey, record::Body};

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Line {
    Key(PublishedKey),
    Checkpoint(Checkpoint),
    Record(RecordLine),
}

/// A record with the hash that was kept beside it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RecordLine {
    pub hash: String,
    pub record: Body,
}

impl Line {
    /// Without a line end.
    pub fn text(&self) -> String {
        canonical(self)
    }
}

/// The line of a record, of its kept text.
pub fn record_line(body: &str, hash: &str) -> String {
    format!("{{\"hash\":\"{hash}\",\"record\":{body},\"type\":\"record\"}}")
}

#[cfg(test)]
mod tests {
    use callboard_orchestra::{AuditEntry, Author, Tenant, Timestamp};

    use super::*;
    use crate::audit::{Draft, GENESIS};

    #[test]
    fn the_line_of_a_record_is_canonical() {
        let entry = AuditEntry {
            tenant: Tenant::default(),
            at: Timestamp::from_millis(1),
            author: Author::system(),
            action: "job.paused",
            subject: None,
            details: serde_json::Map::new(),
        };
        let sealed = Draft::of(&entry).seal(1, GENESIS);
        let text = record_line(&sealed.body, &sealed.hash);
        let line: Line = serde_json::from_str(&text).unwrap();
        assert!(matches!(&line, Line::Record(line) if line.record.seq == 1));
        assert_eq!(line.text(), text);
    }
}
