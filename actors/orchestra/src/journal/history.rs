//! What is read of live jobs when a process or a shard begins.

use super::record::{JobRow, StoredRecord};
use crate::{
    id::{JobId, Tenant},
    job::{JobState, WaitReason},
    time::Timestamp,
};

/// What a shard needs of a live job before it folds it.
#[derive(Debug, Clone, PartialEq)]
pub struct LiveJobRow {
    pub id: JobId,
    pub tenant: Tenant,
    pub state: JobState,
    pub waiting_for: Option<WaitReason>,
    pub deadline: Option<Timestamp>,
    /// Seq of the last event in the row.
    pub seq: u64,
    /// Tasks that have not succeeded.
    pub unfinished: u32,
}

impl LiveJobRow {
    pub fn of(row: &JobRow) -> Self {
        Self {
            id: row.id,
            tenant: row.tenant.clone(),
            state: row.state,
            waiting_for: row.waiting_for.as_ref().cloned(),
            deadline: row.deadline,
            seq: row.seq,
            unfinished: row.total.saturating_sub(row.done),
        }
    }
}

/// A job as it was after the event `seq`, in the form of its writer. Disposable: the records give the same job.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Snapshot {
    pub job: JobId,
    pub seq: u64,
    /// Version of the form that `text` has.
    pub version: u16,
    pub text: String,
}

/// All that is needed to fold a job: its snapshot, if there is one, and the records after it.
#[derive(Debug, Clone, PartialEq)]
pub struct History {
    pub job: JobId,
    pub snapshot: Option<Snapshot>,
    pub records: Vec<StoredRecord>,
}

impl History {
    /// Leaves out records that the snapshot covers.
    pub fn new(job: JobId, snapshot: Option<Snapshot>, mut records: Vec<StoredRecord>) -> Self {
        let covered = snapshot.as_ref().map_or(0, |snapshot| snapshot.seq);
        records.retain(|record| record.last_seq() > covered);
        Self {
            job,
            snapshot,
            records,
        }
    }
}
