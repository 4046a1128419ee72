//! Events as bytes. Each record says which version of the vocabulary it was written in; older ones are upcast here.

use serde::{Deserialize, Serialize};

use crate::job::{EVENTS_VERSION, JobEvent};

#[derive(Debug, thiserror::Error)]
pub enum CodecError {
    #[error("write events")]
    Encode(#[source] serde_json::Error),
    #[error("read events")]
    Decode(#[source] serde_json::Error),
    #[error("events of version {0} were written by a newer release")]
    Newer(u16),
}

#[derive(Serialize)]
struct Written<'a> {
    v: u16,
    events: &'a [JobEvent],
}

#[derive(Deserialize)]
struct Read {
    v: u16,
    events: Vec<JobEvent>,
}

#[derive(Deserialize)]
struct VersionOnly {
    v: u16,
}

pub fn encode(events: &[JobEvent]) -> Result<String, CodecError> {
    serde_json::to_string(&Written {
        v: EVENTS_VERSION,
        events,
    })
    .map_err(CodecError::Encode)
}

pub fn decode(text: &str) -> Result<Vec<JobEvent>, CodecError> {
    match serde_json::from_str::<Read>(text) {
        Ok(read) if read.v <= EVENTS_VERSION => Ok(read.events),
        Ok(read) => Err(CodecError::Newer(read.v)),
        Err(error) => match serde_json::from_str::<VersionOnly>(text) {
            Ok(VersionOnly { v }) if v > EVENTS_VERSION => Err(CodecError::Newer(v)),
            Ok(_) | Err(_) => Err(CodecError::Decode(error)),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{id::TaskId, payload::Payload};

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
            },
            JobEvent::JobSucceeded {},
        ];
        assert_eq!(decode(&encode(&events).unwrap()).unwrap(), events);
    }

    #[test]
    fn events_of_a_newer_release_are_refused_by_version() {
        let newer = r#"{"v":999,"events":[{"type":"job.dreamt","data":{}}]}"#;
        assert!(matches!(decode(newer), Err(CodecError::Newer(999))));
    }
}
