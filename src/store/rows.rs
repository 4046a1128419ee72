//! Between the journal's records and the tables' rows.

use std::{error::Error, sync::Arc};

use callboard_orchestra::{
    id::{JobId, TaskId, Tenant},
    journal::{JobRow, JournalError, Record, Remembered, StoredRecord, SupervisionNote, decode},
    payload::Payload,
    time::Timestamp,
};
use sea_orm::ActiveValue::{NotSet, Set};
use serde::Serialize;

use super::entity::{idempotency_key, job, job_event, supervision_event};

/// A count as SQL keeps it. Bounds that clients name may exceed what can exist; they saturate.
pub fn int(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

fn json<T: Serialize>(value: &T) -> String {
    serde_json::to_string(value).expect("plain data with text keys has a JSON form")
}

pub fn event_row(record: &Record, payload: String, pos: i64, epoch: i64) -> job_event::ActiveModel {
    job_event::ActiveModel {
        pos: Set(pos),
        job_id: Set(record.job.uuid()),
        seq: Set(int(record.last_seq())),
        first_seq: Set(int(record.first_seq)),
        tenant: Set(record.tenant.as_str().to_owned()),
        at: Set(record.at.millis()),
        epoch: Set(epoch),
        payload: Set(payload),
    }
}

/// `input` is bound only for a job the table does not have: it never changes, and it may be long.
pub fn job_row(row: &JobRow, is_new: bool) -> job::ActiveModel {
    job::ActiveModel {
        id: Set(row.id.uuid()),
        seq: Set(int(row.seq)),
        tenant: Set(row.tenant.as_str().to_owned()),
        kind: Set(row.kind.to_string()),
        state: Set(job::State(row.state)),
        waiting_for: Set(row.waiting_for.as_ref().map(json)),
        done: Set(row.done.into()),
        total: Set(row.total.into()),
        priority: Set(row.priority.into()),
        deadline: Set(row.deadline.map(Timestamp::millis)),
        created_at: Set(row.created_at.millis()),
        started_at: Set(row.started_at.map(Timestamp::millis)),
        finished_at: Set(row.finished_at.map(Timestamp::millis)),
        failed_task: Set(row.failed_task.map(|task| task.0.into())),
        failure: Set(row.failure.as_ref().map(json)),
        labels: Set(json(&row.labels)),
        input: Set(if is_new {
            row.input.text().to_owned()
        } else {
            String::new()
        }),
        result: Set(row.result.as_ref().map(|result| result.text().to_owned())),
    }
}

pub fn key_row(tenant: &Tenant, remembered: &Remembered) -> idempotency_key::ActiveModel {
    idempotency_key::ActiveModel {
        tenant: Set(tenant.as_str().to_owned()),
        key: Set(remembered.key.clone()),
        body_sha256: Set(remembered.body_sha256.clone()),
        job_id: Set(remembered.job.uuid()),
        expires_at: Set(remembered.expires_at.millis()),
    }
}

pub fn note_row(note: &SupervisionNote) -> supervision_event::ActiveModel {
    supervision_event::ActiveModel {
        id: NotSet,
        at: Set(note.at.millis()),
        event: Set(note.event.text().to_owned()),
    }
}

pub fn stored_record(row: job_event::Model) -> Result<StoredRecord, JournalError> {
    Ok(StoredRecord {
        pos: row.pos.unsigned_abs(),
        job: JobId::from_uuid(row.job_id),
        first_seq: row.first_seq.unsigned_abs(),
        at: Timestamp::from_millis(row.at),
        events: decode(&row.payload)?.into(),
    })
}

pub fn read_job(row: job::Model) -> Result<JobRow, JournalError> {
    read(row).map_err(|source| JournalError::Store {
        operation: "read the row of a job",
        source,
    })
}

fn read(row: job::Model) -> Result<JobRow, Box<dyn Error + Send + Sync>> {
    Ok(JobRow {
        id: JobId::from_uuid(row.id),
        tenant: Tenant::new(row.tenant),
        kind: Arc::from(row.kind),
        state: row.state.0,
        waiting_for: row
            .waiting_for
            .as_deref()
            .map(serde_json::from_str)
            .transpose()?,
        done: row.done.try_into()?,
        total: row.total.try_into()?,
        input: Payload::from_text(row.input)?,
        result: row.result.map(Payload::from_text).transpose()?,
        failure: row
            .failure
            .as_deref()
            .map(serde_json::from_str)
            .transpose()?,
        failed_task: row.failed_task.map(u32::try_from).transpose()?.map(TaskId),
        priority: row.priority.try_into()?,
        labels: serde_json::from_str(&row.labels)?,
        deadline: row.deadline.map(Timestamp::from_millis),
        seq: row.seq.unsigned_abs(),
        created_at: Timestamp::from_millis(row.created_at),
        started_at: row.started_at.map(Timestamp::from_millis),
        finished_at: row.finished_at.map(Timestamp::from_millis),
    })
}

pub fn remembered(row: idempotency_key::Model) -> Remembered {
    Remembered {
        key: row.key,
        body_sha256: row.body_sha256,
        job: JobId::from_uuid(row.job_id),
        expires_at: Timestamp::from_millis(row.expires_at),
    }
}

pub fn note(row: supervision_event::Model) -> Result<SupervisionNote, JournalError> {
    let event = Payload::from_text(row.event).map_err(|source| JournalError::Store {
        operation: "read a supervision event",
        source: source.into(),
    })?;
    Ok(SupervisionNote {
        id: row.id.unsigned_abs(),
        at: Timestamp::from_millis(row.at),
        event,
    })
}
