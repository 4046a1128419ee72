//! Events as bytes. Each row of the journal says which version of the vocabulary it was written in; older ones are
//! upcast here.
//!
//! A row holds one record, `{"v":2,"events":[..]}`, or several of one job that were committed together,
//! `{"v":2,"records":[{"at":..,"events":[..]},..]}`. Of n records the i-th, from 0, has the row's `pos` less n - 1 - i.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::record::{Record, StoredRecord};
use crate::{
    id::JobId,
    job::{EVENTS_VERSION, JobEvent},
    time::Timestamp,
};

#[derive(Debug, thiserror::Error)]
pub enum CodecError {
    #[error("write events")]
    Encode(#[source] serde_json::Error),
    #[error("read events")]
    Decode(#[source] serde_json::Error),
    #[error("events of version {0} were written by a newer release")]
    Newer(u16),
}

/// A row of the journal as it is stored.
#[derive(Debug, Clone, Copy)]
pub struct StoredRow<'a> {
    /// Position of the row's last record.
    pub pos: u64,
    pub job: JobId,
    /// Seq of the row's first event.
    pub first_seq: u64,
    /// When its only record was made; several say it themselves.
    pub at: Timestamp,
    pub payload: &'a str,
}

#[derive(Serialize)]
struct OneWritten<'a> {
    v: u16,
    events: &'a [JobEvent],
}

#[derive(Serialize)]
struct ManyWritten<'a> {
    v: u16,
    records: Vec<PartWritten<'a>>,
}

#[derive(Serialize)]
struct PartWritten<'a> {
    at: Timestamp,
    events: &'a [JobEvent],
}

#[derive(Deserialize)]
struct Read {
    v: u16,
    events: Option<Vec<JobEvent>>,
    records: Option<Vec<PartRead>>,
}

#[derive(Deserialize)]
struct PartRead {
    at: Timestamp,
    events: Vec<JobEvent>,
}

#[derive(Deserialize)]
struct VersionOnly {
    v: u16,
}

/// The payload of a row with these records, which are of one job and follow each other.
pub fn encode(records: &[Record]) -> Result<String, CodecError> {
    let v = EVENTS_VERSION;
    let written = match records {
        [record] => serde_json::to_string(&OneWritten {
            v,
            events: &record.events,
        }),
        records => serde_json::to_string(&ManyWritten {
            v,
            records: records
                .iter()
                .map(|record| PartWritten {
                    at: record.at,
                    events: &record.events,
                })
                .collect(),
        }),
    };
    written.map_err(CodecError::Encode)
}

/// All events of a payload, in order.
pub fn decode(payload: &str) -> Result<Vec<JobEvent>, CodecError> {
    let parts = parts(payload, Timestamp::from_millis(0))?;
    Ok(parts.into_iter().flat_map(|part| part.events).collect())
}

/// The records of a row, in order.
pub fn decode_row(row: StoredRow<'_>) -> Result<Vec<StoredRecord>, CodecError> {
    let parts = parts(row.payload, row.at)?;
    let (mut left, mut first_seq) = (parts.len() as u64, row.first_seq);
    let records = parts.into_iter().map(|part| {
        left -= 1;
        let record = StoredRecord {
            pos: row.pos.saturating_sub(left),
            job: row.job,
            first_seq,
            at: part.at,
            events: Arc::from(part.events),
        };
        first_seq = record.last_seq() + 1;
        record
    });
    Ok(records.collect())
}

fn parts(payload: &str, at: Timestamp) -> Result<Vec<PartRead>, CodecError> {
    let read = match serde_json::from_str::<Read>(payload) {
        Ok(read) if read.v > EVENTS_VERSION => return Err(CodecError::Newer(read.v)),
        Ok(read) => read,
        Err(error) => {
            return Err(match serde_json::from_str::<VersionOnly>(payload) {
                Ok(VersionOnly { v }) if v > EVENTS_VERSION => CodecError::Newer(v),
                Ok(_) | Err(_) => CodecError::Decode(error),
            });
        }
    };
    let one = read.events.map(|events| PartRead { at, events });
    let mut parts: Vec<PartRead> = one.into_iter().collect();
    parts.extend(read.records.into_iter().flatten());
    if parts.is_empty() {
        return Err(CodecError::Decode(serde::de::Error::custom(
            "neither events nor records",
        )));
    }
    Ok(parts)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        id::{TaskId, Tenant},
        payload::Payload,
    };

    fn row(payload: &str) -> StoredRow<'_> {
        StoredRow {
            pos: 12,
            job: JobId::mint(),
            first_seq: 1,
            at: Timestamp::from_millis(5),
            payload,
        }
    }

    #[test]
    fn events_read_back_as_they_were_written() {
        let product = Payload::from_text("{\"b\":1,\"a\":0.10000000000000001}".to_owned()).unwrap();
        let events = vec![
            JobEvent::TaskSucceeded {
                task: TaskId(3),
                attempt: 2,
                product,
                claims: vec![],
                verdicts: vec![],
                quotes: vec![],
                artifacts: vec![],
                ran_ms: Some(1_250),
            },
            JobEvent::JobSucceeded {},
        ];
        let text = serde_json::to_string(&OneWritten {
            v: EVENTS_VERSION,
            events: &events,
        });
        assert_eq!(decode(&text.unwrap()).unwrap(), events);
    }

    #[test]
    fn an_attempt_whose_journal_does_not_say_how_long_it_ran_reads_and_is_written_without_it() {
        let old = r#"{"v":2,"events":[{"type":"task.snoozed","data":{"task":3,"until":5}}]}"#;
        let events = decode(old).unwrap();
        let put_off = JobEvent::TaskSnoozed {
            task: TaskId(3),
            until: Timestamp::from_millis(5),
            ran_ms: None,
        };
        assert_eq!(events, [put_off]);
        let written = OneWritten {
            v: EVENTS_VERSION,
            events: &events,
        };
        assert_eq!(serde_json::to_string(&written).unwrap(), old);
    }

    #[test]
    fn records_of_one_row_keep_their_times_seqs_and_positions() {
        let records = crate::journal::conformance::whole_job(&Tenant::default());
        let read = decode_row(row(&encode(&records).unwrap())).unwrap();
        assert_eq!(read.len(), records.len());
        for (index, (stored, record)) in read.iter().zip(&records).enumerate() {
            assert_eq!(
                (stored.first_seq, stored.at, &stored.events),
                (record.first_seq, record.at, &record.events)
            );
            assert_eq!(stored.pos, 12 + 1 - (records.len() - index) as u64);
        }
        let alone = decode_row(row(&encode(&records[..1]).unwrap())).unwrap();
        assert_eq!(alone[0].at, Timestamp::from_millis(5));
    }

    #[test]
    fn events_of_a_newer_release_are_refused_by_version() {
        let newer = r#"{"v":999,"events":[{"type":"job.dreamt","data":{}}]}"#;
        assert!(matches!(decode(newer), Err(CodecError::Newer(999))));
        let newer = r#"{"v":999,"pages":[]}"#;
        assert!(matches!(decode(newer), Err(CodecError::Newer(999))));
    }

    #[test]
    fn a_payload_without_events_is_refused() {
        assert!(matches!(decode(r#"{"v":1}"#), Err(CodecError::Decode(_))));
    }
}
