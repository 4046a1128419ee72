//! The journal in memory: for tests and for universes that need not outlive their process.

#![expect(
    clippy::disallowed_types,
    reason = "the writer and readers on other threads share the shelves"
)]

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    sync::{Arc, Mutex, MutexGuard},
};

use super::{
    Journal, JournalError, JournalFuture,
    aside::{ApprovalRow, ApprovalsQuery, EffectRow, EffectsQuery},
    history::{History, LiveJobRow, Snapshot},
    record::{JobRow, JobsQuery, Record, Remembered, StoredRecord, SupervisionNote},
};
use crate::{
    audit::KeptEntry,
    id::{ApprovalId, EffectId, JobId, Tenant},
    time::Timestamp,
};

#[derive(Default)]
struct Shelves {
    records: BTreeMap<JobId, Vec<StoredRecord>>,
    rows: BTreeMap<JobId, Arc<JobRow>>,
    remembered: HashMap<(Tenant, String), Remembered>,
    snapshots: HashMap<JobId, Snapshot>,
    approvals: BTreeMap<ApprovalId, ApprovalRow>,
    effects: BTreeMap<EffectId, EffectRow>,
    supervision: Vec<SupervisionNote>,
    audit: HashMap<Tenant, Vec<KeptEntry>>,
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
        let approvals = record.asides.approvals.iter();
        self.approvals
            .extend(approvals.map(|row| (row.id, row.clone())));
        let effects = record.asides.effects.iter();
        self.effects
            .extend(effects.map(|row| (row.id, row.clone())));
        for entry in &record.audit {
            let chain = self.audit.entry(entry.tenant.clone()).or_default();
            chain.push(KeptEntry {
                seq: chain.len() as u64 + 1,
                at: entry.at,
                principal: Some(entry.author.principal.to_string()),
                action: entry.action.to_owned(),
                subject: entry.subject.clone(),
                details: entry.details.clone(),
            });
        }
        self.pos
    }
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
            Ok(shelves
                .rows
                .values()
                .filter(|row| !row.state.is_final() && after.is_none_or(|after| row.id > after))
                .take(limit)
                .map(|row| LiveJobRow::of(row))
                .collect())
        })
    }

    fn live_jobs_total(&self) -> JournalFuture<'_, u64> {
        Box::pin(async move {
            let shelves = self.shelves();
            let live = shelves.rows.values().filter(|row| !row.state.is_final());
            Ok(live.count() as u64)
        })
    }

    fn histories<'a>(&'a self, jobs: &'a [JobId]) -> JournalFuture<'a, Vec<History>> {
        Box::pin(async move {
            let shelves = self.shelves();
            let asked: BTreeSet<JobId> = jobs.iter().copied().collect();
            let history = |job: JobId| {
                let records = shelves.records.get(&job)?.clone();
                let snapshot = shelves.snapshots.get(&job).cloned();
                Some(History::new(job, snapshot, records))
            };
            Ok(asked.into_iter().filter_map(history).collect())
        })
    }

    fn keep_snapshot(&self, snapshot: Snapshot) -> JournalFuture<'_, ()> {
        Box::pin(async move {
            let mut shelves = self.shelves();
            let (job, seq) = (snapshot.job, snapshot.seq);
            if shelves.rows.get(&job).is_none_or(|row| row.seq < seq) {
                return Err(JournalError::Conflict { job, seq });
            }
            let kept = shelves.snapshots.get(&job);
            if kept.is_none_or(|kept| kept.seq <= seq) {
                shelves.snapshots.insert(job, snapshot);
            }
            Ok(())
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
                .filter(|record| record.last_seq() > after)
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
        approval: ApprovalId,
    ) -> JournalFuture<'a, Option<ApprovalRow>> {
        Box::pin(async move {
            let shelves = self.shelves();
            let found = shelves.approvals.get(&approval);
            Ok(found.filter(|row| row.tenant == *tenant).cloned())
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
        effect: EffectId,
    ) -> JournalFuture<'a, Option<EffectRow>> {
        Box::pin(async move {
            let shelves = self.shelves();
            let found = shelves.effects.get(&effect);
            Ok(found.filter(|row| row.tenant == *tenant).cloned())
        })
    }

    fn audit<'a>(
        &'a self,
        tenant: &'a Tenant,
        after: u64,
        limit: usize,
    ) -> JournalFuture<'a, Vec<KeptEntry>> {
        Box::pin(async move {
            let shelves = self.shelves();
            let chain = shelves.audit.get(tenant).map(Vec::as_slice);
            let kept = chain.unwrap_or_default().iter();
            let wanted = kept.filter(|entry| entry.seq > after).take(limit);
            Ok(wanted.cloned().collect())
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
