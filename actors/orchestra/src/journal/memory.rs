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
    record::{JobRow, JobsQuery, Record, Remembered, StoredRecord, SupervisionNote},
};
use crate::{
    id::{JobId, Tenant},
    time::Timestamp,
};

#[derive(Default)]
struct Shelves {
    records: BTreeMap<JobId, Vec<StoredRecord>>,
    rows: BTreeMap<JobId, Arc<JobRow>>,
    remembered: HashMap<(Tenant, String), Remembered>,
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
        if let Some(remember) = &record.remember {
            self.remembered.insert(
                (record.tenant.clone(), remember.key.clone()),
                remember.clone(),
            );
        }
        self.pos
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

    fn live_jobs(&self) -> JournalFuture<'_, Vec<JobId>> {
        Box::pin(async move {
            let shelves = self.shelves();
            Ok(shelves
                .rows
                .values()
                .filter(|row| !row.state.is_final())
                .map(|row| row.id)
                .collect())
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
