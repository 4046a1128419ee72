//! Between the journal's records and the tables' rows.

use std::{error::Error, sync::Arc};

use callboard_orchestra::{
    id::{ApprovalId, EffectId, JobId, TaskId, Tenant},
    journal::{
        ApprovalRow, ApprovalState, EffectRow, EffectState, JobRow, JournalError, LiveJobRow,
        Remembered, Snapshot, StoredRecord, StoredRow, SupervisionNote, decode_row,
    },
    payload::Payload,
    policy::EffectClass,
    time::Timestamp,
};
use sea_orm::ActiveValue::{NotSet, Set};
use serde::Serialize;
use uuid::Uuid;

use super::{
    commit::failed,
    entity::{approval, effect, idempotency_key, job, job_event, job_snapshot, supervision_event},
};

/// A count as SQL keeps it. Bounds that clients name may exceed what can exist; they saturate.
pub fn int(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

pub fn json<T: Serialize>(value: &T) -> String {
    serde_json::to_string(value).expect("plain data with text keys has a JSON form")
}

pub fn note_row(note: &SupervisionNote) -> supervision_event::ActiveModel {
    supervision_event::ActiveModel {
        id: NotSet,
        at: Set(note.at.millis()),
        event: Set(note.event.text().to_owned()),
    }
}

pub fn snapshot_row(snapshot: Snapshot) -> job_snapshot::ActiveModel {
    job_snapshot::ActiveModel {
        job_id: Set(snapshot.job.uuid()),
        seq: Set(int(snapshot.seq)),
        version: Set(snapshot.version.into()),
        text: Set(snapshot.text),
    }
}

/// The records that a row holds.
pub fn stored_records(row: &job_event::Model) -> Result<Vec<StoredRecord>, JournalError> {
    let records = decode_row(StoredRow {
        pos: row.pos.unsigned_abs(),
        job: JobId::from_uuid(row.job_id),
        first_seq: row.first_seq.unsigned_abs(),
        at: Timestamp::from_millis(row.at),
        payload: &row.payload,
    });
    Ok(records?)
}

/// Up to `limit` wanted records of rows in order.
pub fn wanted_records(
    rows: &[job_event::Model],
    limit: usize,
    wanted: impl Fn(&StoredRecord) -> bool,
) -> Result<Vec<StoredRecord>, JournalError> {
    let mut records = Vec::new();
    for row in rows {
        if records.len() >= limit {
            break;
        }
        records.extend(stored_records(row)?.into_iter().filter(&wanted));
    }
    records.truncate(limit);
    Ok(records)
}

pub fn snapshot(row: job_snapshot::Model) -> Result<Snapshot, JournalError> {
    Ok(Snapshot {
        job: JobId::from_uuid(row.job_id),
        seq: row.seq.unsigned_abs(),
        version: row.version.try_into().map_err(failed("read a snapshot"))?,
        text: row.text,
    })
}

/// Columns of a live job's row: id, tenant, state, waiting_for, deadline, seq, done, total.
pub type LiveColumns = (
    Uuid,
    String,
    job::State,
    Option<String>,
    Option<i64>,
    i64,
    i64,
    i64,
);

pub fn live_job(columns: LiveColumns) -> Result<LiveJobRow, JournalError> {
    let (id, tenant, state, waiting_for, deadline, seq, done, total) = columns;
    let waiting_for = waiting_for.as_deref().map(serde_json::from_str);
    let unfinished = total.saturating_sub(done).max(0);
    Ok(LiveJobRow {
        id: JobId::from_uuid(id),
        tenant: Tenant::new(tenant),
        state: state.0,
        waiting_for: waiting_for
            .transpose()
            .map_err(failed("read the row of a live job"))?,
        deadline: deadline.map(Timestamp::from_millis),
        seq: seq.unsigned_abs(),
        unfinished: u32::try_from(unfinished).unwrap_or(u32::MAX),
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

pub fn approval(row: approval::Model) -> Result<ApprovalRow, JournalError> {
    let operation = "read an approval";
    Ok(ApprovalRow {
        id: ApprovalId::from_uuid(row.id),
        job: JobId::from_uuid(row.job_id),
        tenant: Tenant::new(row.tenant),
        task: TaskId(row.task.try_into().map_err(failed(operation))?),
        task_name: row.task_name.into(),
        role: row.role.into(),
        why: row.why,
        state: named(&ApprovalState::ALL, ApprovalState::name, &row.state)
            .map_err(failed(operation))?,
        requested_at: Timestamp::from_millis(row.requested_at),
        expires_at: Timestamp::from_millis(row.expires_at),
        decided_at: row.decided_at.map(Timestamp::from_millis),
        decided_by: row.decided_by,
        reason: row.reason,
    })
}

pub fn effect(row: effect::Model) -> Result<EffectRow, JournalError> {
    let operation = "read an effect";
    Ok(EffectRow {
        id: EffectId::from_uuid(row.id),
        job: JobId::from_uuid(row.job_id),
        tenant: Tenant::new(row.tenant),
        task: TaskId(row.task.try_into().map_err(failed(operation))?),
        task_name: row.task_name.into(),
        role: row.role.into(),
        attempt: row.attempt.try_into().map_err(failed(operation))?,
        class: named(&EffectClass::ALL, EffectClass::name, &row.class)
            .map_err(failed(operation))?,
        key: row.key,
        state: named(&EffectState::ALL, EffectState::name, &row.state)
            .map_err(failed(operation))?,
        intended_at: Timestamp::from_millis(row.intended_at),
        ended_at: row.ended_at.map(Timestamp::from_millis),
        resolved_by: row.resolved_by,
        reason: row.reason,
    })
}

#[derive(Debug, thiserror::Error)]
#[error("`{0}` is no name that this release knows")]
struct UnknownName(String);

fn named<T: Copy>(
    all: &[T],
    name: impl Fn(T) -> &'static str,
    text: &str,
) -> Result<T, UnknownName> {
    let found = all.iter().copied().find(|one| name(*one) == text);
    found.ok_or_else(|| UnknownName(text.to_owned()))
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
