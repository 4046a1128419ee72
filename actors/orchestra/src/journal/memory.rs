//! The journal in memory: for tests and for universes that need not outlive their process.

#![expect(
    clippy::disallowed_types,
    reason = "the writer and readers on other threads share the shelves"
)]

use std::{
    collections::{BTreeMap, HashMap},
    sync::{Arc, Mutex, MutexGuard},
};

use super::{
    Journal, JournalError, JournalFuture,
    record::{
        ApprovalRow, ApprovalsQuery, Asides, EffectRow, EffectsQuery, History, JobRow, JobsQuery,
        LiveJobRow, Record, Remembered, Snapshot, StoredRecord, SupervisionNote,
    },
};
use crate::{
    id::{ApprovalId, EffectId, JobId, Tenant},
    time::Timestamp,
};

#[derive(Default)]
struct Shelves {
    records: BTreeMap<JobId, Vec<StoredRecord>>,
    rows: BTreeMap<JobId, Arc<JobRow>>,
    remembered: HashMap<(Tenant, String), Remembered>,
    approvals: BTreeMap<ApprovalId, ApprovalRow>,
    effects: BTreeMap<EffectId, EffectRow>,
    snapshots: HashMap<JobId, Snapshot>,
    supervision: Vec<SupervisionNote>,
    pos: u64,
}

#[derive(Default)]
pub struct MemoryJournal {
    // A lock because the writer and readers on other threads share it; never held across an await.
    shelves: Mutex<Shelves>,
}

impl MemoryJournal {
    fn shelves(&self) -> MutexGuard<'_, Shelves> {
        self.shelves
            .lock()
            .expect("no holder of this lock can panic")
    }
}

impl Shelves {
    fn refuse_conflicts(&self, batch: &[Record]) -> Result<(), JournalError> {
        let mut last_seqs = HashMap::new();
        for record in batch {
            let job = record.job;
            let last_seq = last_seqs
                .entry(job)
                .or_insert_with(|| self.rows.get(&job).map_or(0, |row| row.seq));
            if record.first_seq != *last_seq + 1 {
                return Err(JournalError::Conflict {
                    job,
                    seq: record.first_seq,
                });
            }
            *last_seq = record.last_seq();
            if let Some(remember) = &record.remember
                && let Some(known) = self
                    .remembered
                    .get(&(record.tenant.clone(), remember.key.clone()))
                && known.expires_at > record.at
                && known.job != job
            {
                return Err(JournalError::Conflict {
                    job,
                    seq: record.first_seq,
                });
            }
        }
        Ok(())
    }

    fn keep(&mut self, record: &Record) -> u64 {
        self.pos += 1;
        self.records
            .entry(record.job)
            .or_default()
            .push(StoredRecord {
                pos: self.pos,
                job: record.job,
                first_seq: record.first_seq,
                at: record.at,
                events: record.events.clone(),
            });
        self.rows.insert(record.job, record.row.clone());
        let Asides {
            approvals, effects, ..
        } = &record.asides;
        self.approvals
            .extend(approvals.iter().map(|row| (row.id, row.clone())));
        self.effects
            .extend(effects.iter().map(|row| (row.id, row.clone())));
        if let Some(remember) = &record.remember {
            self.remembered.insert(
                (record.tenant.clone(), remember.key.clone()),
                remember.clone(),
            );
        }
        self.pos
    }
}

fn live_row(row: &JobRow) -> LiveJobRow {
    LiveJobRow {
        id: row.id,
        tenant: row.tenant.clone(),
        state: row.state,
        waiting_for: row.waiting_for.clone(),
        deadline: row.deadline,
        seq: row.seq,
        unfinished: row.total - row.done,
    }
}

fn last_seq(record: &StoredRecord) -> u64 {
    record.first_seq + record.events.len() as u64 - 1
}

impl Journal for MemoryJournal {
    fn commit<'a>(&'a self, batch: &'a [Record]) -> JournalFuture<'a, Vec<u64>> {
        Box::pin(async move {
            let mut shelves = self.shelves();
            shelves.refuse_conflicts(batch)?;
            Ok(batch.iter().map(|record| shelves.keep(record)).collect())
        })
    }

    fn live_jobs(&self, after: Option<JobId>, limit: usize) -> JournalFuture<'_, Vec<LiveJobRow>> {
        Box::pin(async move {
            let shelves = self.shelves();
            let live = shelves
                .rows
                .values()
                .filter(|row| !row.state.is_final() && after.is_none_or(|after| row.id > after));
            Ok(live.take(limit).map(|row| live_row(row)).collect())
        })
    }

    fn histories<'a>(&'a self, jobs: &'a [JobId]) -> JournalFuture<'a, Vec<History>> {
        Box::pin(async move {
            let shelves = self.shelves();
            let history = |job: &JobId| {
                let records = shelves.records.get(job)?;
                let snapshot = shelves.snapshots.get(job).cloned();
                let after = snapshot.as_ref().map_or(0, |snapshot| snapshot.seq);
                let later = records.iter().filter(|record| last_seq(record) > after);
                Some(History {
                    job: *job,
                    snapshot,
                    records: later.cloned().collect(),
                })
            };
            Ok(jobs.iter().filter_map(history).collect())
        })
    }

    fn keep_snapshot(&self, snapshot: Snapshot) -> JournalFuture<'_, ()> {
        Box::pin(async move {
            self.shelves().snapshots.insert(snapshot.job, snapshot);
            Ok(())
        })
    }

    fn approvals<'a>(&'a self, query: &'a ApprovalsQuery) -> JournalFuture<'a, Vec<ApprovalRow>> {
        Box::pin(async move {
            let shelves = self.shelves();
            let wanted = |row: &&ApprovalRow| {
                row.tenant == query.tenant
                    && query.state.is_none_or(|state| row.state == state)
                    && query.job.is_none_or(|job| row.job == job)
                    && query.before.is_none_or(|before| row.id < before)
            };
            let rows = shelves.approvals.values().rev().filter(wanted);
            Ok(rows.take(query.limit).cloned().collect())
        })
    }

    fn approval<'a>(
        &'a self,
        tenant: &'a Tenant,
        id: ApprovalId,
    ) -> JournalFuture<'a, Option<ApprovalRow>> {
        Box::pin(async move {
            let found = self.shelves().approvals.get(&id).cloned();
            Ok(found.filter(|row| row.tenant == *tenant))
        })
    }

    fn effects<'a>(&'a self, query: &'a EffectsQuery) -> JournalFuture<'a, Vec<EffectRow>> {
        Box::pin(async move {
            let shelves = self.shelves();
            let wanted = |row: &&EffectRow| {
                row.tenant == query.tenant
                    && query.state.is_none_or(|state| row.state == state)
                    && query.job.is_none_or(|job| row.job == job)
                    && query.before.is_none_or(|before| row.id < before)
            };
            let rows = shelves.effects.values().rev().filter(wanted);
            Ok(rows.take(query.limit).cloned().collect())
        })
    }

    fn effect<'a>(
        &'a self,
        tenant: &'a Tenant,
        id: EffectId,
    ) -> JournalFuture<'a, Option<EffectRow>> {
        Box::pin(async move {
            let found = self.shelves().effects.get(&id).cloned();
            Ok(found.filter(|row| row.tenant == *tenant))
        })
    }

    fn records(
        &self,
        job: JobId,
        after: u64,
        limit: usize,
    ) -> JournalFuture<'_, Vec<StoredRecord>> {
        Box::pin(async move {
            let shelves = self.shelves();
            let records = shelves
                .records
                .get(&job)
                .map(Vec::as_slice)
                .unwrap_or_default();
            Ok(records
                .iter()
                .filter(|record| last_seq(record) > after)
                .take(limit)
                .cloned()
                .collect())
        })
    }

    fn tenant_records<'a>(
        &'a self,
        tenant: &'a Tenant,
        after_pos: u64,
        limit: usize,
    ) -> JournalFuture<'a, Vec<StoredRecord>> {
        Box::pin(async move {
            let shelves = self.shelves();
            let of_tenant = |job: &JobId| {
                shelves
                    .rows
                    .get(job)
                    .is_some_and(|row| row.tenant == *tenant)
            };
            let mut records: Vec<_> = shelves
                .records
                .values()
                .flatten()
                .filter(|record| record.pos > after_pos && of_tenant(&record.job))
                .cloned()
                .collect();
            records.sort_by_key(|record| record.pos);
            records.truncate(limit);
            Ok(records)
        })
    }

    fn job<'a>(&'a self, tenant: &'a Tenant, job: JobId) -> JournalFuture<'a, Option<JobRow>> {
        Box::pin(async move {
            let shelves = self.shelves();
            Ok(shelves
                .rows
                .get(&job)
                .filter(|row| row.tenant == *tenant)
                .map(|row| JobRow::clone(row)))
        })
    }

    fn jobs<'a>(&'a self, query: &'a JobsQuery) -> JournalFuture<'a, Vec<JobRow>> {
        Box::pin(async move {
            let shelves = self.shelves();
            let wanted = |row: &&Arc<JobRow>| {
                row.tenant == query.tenant
                    && query.state.is_none_or(|state| row.state == state)
                    && query.kind.as_deref().is_none_or(|kind| *row.kind == *kind)
                    && query.before.is_none_or(|before| row.id < before)
            };
            let rows = shelves.rows.values().rev().filter(wanted).take(query.limit);
            Ok(rows.map(|row| row.in_short()).collect())
        })
    }

    fn remembered<'a>(
        &'a self,
        tenant: &'a Tenant,
        key: &'a str,
        now: Timestamp,
    ) -> JournalFuture<'a, Option<Remembered>> {
        Box::pin(async move {
            let shelves = self.shelves();
            let found = shelves.remembered.get(&(tenant.clone(), key.to_owned()));
            Ok(found
                .filter(|remembered| remembered.expires_at > now)
                .cloned())
        })
    }

    fn note_supervision(&self, notes: Vec<SupervisionNote>) -> JournalFuture<'_, ()> {
        Box::pin(async move {
            let mut shelves = self.shelves();
            for mut note in notes {
                note.id = shelves.supervision.len() as u64 + 1;
                shelves.supervision.push(note);
            }
            Ok(())
        })
    }

    fn supervision(&self, after: u64, limit: usize) -> JournalFuture<'_, Vec<SupervisionNote>> {
        Box::pin(async move {
            let shelves = self.shelves();
            Ok(shelves
                .supervision
                .iter()
                .filter(|note| note.id > after)
                .take(limit)
                .cloned()
                .collect())
        })
    }
}
