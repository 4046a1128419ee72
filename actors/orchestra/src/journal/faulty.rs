//! A journal that fails when it is told to, around a real one.

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

use super::{
    ApprovalRow, ApprovalsQuery, EffectRow, EffectsQuery, History, JobRow, JobsQuery, Journal,
    JournalError, JournalFuture, LiveJobRow, Record, Remembered, Snapshot, StoredRecord,
    SupervisionNote,
};
use crate::{
    audit::KeptEntry,
    id::{ApprovalId, EffectId, JobId, Tenant},
    time::Timestamp,
};

/// A call of the port.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Call {
    Commit,
    LiveJobs,
    Histories,
    KeepSnapshot,
    Records,
    TenantRecords,
    Job,
    Jobs,
    Remembered,
    Approvals,
    Approval,
    Effects,
    Effect,
    NoteSupervision,
    Supervision,
}

/// How a call fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// Nothing is done.
    Refused,
    /// It is done, and answered as if it were not: the connection broke before the answer.
    Denied,
}

type Plan = dyn Fn(Call, u64) -> Option<Fault> + Send + Sync;

pub struct FaultyJournal {
    journal: Arc<dyn Journal>,
    plan: Box<Plan>,
    calls: AtomicU64,
}

impl FaultyJournal {
    /// `plan` says of each call, with its number from 1, how it fails, if it does.
    pub fn new(
        journal: Arc<dyn Journal>,
        plan: impl Fn(Call, u64) -> Option<Fault> + Send + Sync + 'static,
    ) -> Self {
        Self {
            journal,
            plan: Box::new(plan),
            calls: AtomicU64::new(0),
        }
    }

    /// Calls so far.
    pub fn calls(&self) -> u64 {
        self.calls.load(Ordering::SeqCst)
    }

    fn stumble<'a, T: Send + 'a>(
        &'a self,
        call: Call,
        done: JournalFuture<'a, T>,
    ) -> JournalFuture<'a, T> {
        let number = self.calls.fetch_add(1, Ordering::SeqCst) + 1;
        let fault = (self.plan)(call, number);
        Box::pin(async move {
            match fault {
                None => done.await,
                Some(Fault::Refused) => Err(fault_of(call)),
                Some(Fault::Denied) => {
                    done.await?;
                    Err(fault_of(call))
                }
            }
        })
    }
}

fn fault_of(call: Call) -> JournalError {
    JournalError::Store {
        operation: "fail as planned",
        source: format!("{call:?}").into(),
    }
}

impl Journal for FaultyJournal {
    fn commit<'a>(&'a self, batch: &'a [Record]) -> JournalFuture<'a, Vec<u64>> {
        self.stumble(Call::Commit, self.journal.commit(batch))
    }

    fn live_jobs(&self, after: Option<JobId>, limit: usize) -> JournalFuture<'_, Vec<LiveJobRow>> {
        self.stumble(Call::LiveJobs, self.journal.live_jobs(after, limit))
    }

    fn live_jobs_total(&self) -> JournalFuture<'_, u64> {
        self.journal.live_jobs_total()
    }

    fn histories<'a>(&'a self, jobs: &'a [JobId]) -> JournalFuture<'a, Vec<History>> {
        self.stumble(Call::Histories, self.journal.histories(jobs))
    }

    fn keep_snapshot(&self, snapshot: Snapshot) -> JournalFuture<'_, ()> {
        self.stumble(Call::KeepSnapshot, self.journal.keep_snapshot(snapshot))
    }

    fn records(
        &self,
        job: JobId,
        after: u64,
        limit: usize,
    ) -> JournalFuture<'_, Vec<StoredRecord>> {
        self.stumble(Call::Records, self.journal.records(job, after, limit))
    }

    fn tenant_records<'a>(
        &'a self,
        tenant: &'a Tenant,
        after_pos: u64,
        limit: usize,
    ) -> JournalFuture<'a, Vec<StoredRecord>> {
        let read = self.journal.tenant_records(tenant, after_pos, limit);
        self.stumble(Call::TenantRecords, read)
    }

    fn pruned_to<'a>(&'a self, tenant: &'a Tenant) -> JournalFuture<'a, u64> {
        self.journal.pruned_to(tenant)
    }

    fn job<'a>(&'a self, tenant: &'a Tenant, job: JobId) -> JournalFuture<'a, Option<JobRow>> {
        self.stumble(Call::Job, self.journal.job(tenant, job))
    }

    fn jobs<'a>(&'a self, query: &'a JobsQuery) -> JournalFuture<'a, Vec<JobRow>> {
        self.stumble(Call::Jobs, self.journal.jobs(query))
    }

    fn remembered<'a>(
        &'a self,
        tenant: &'a Tenant,
        key: &'a str,
        now: Timestamp,
    ) -> JournalFuture<'a, Option<Remembered>> {
        let read = self.journal.remembered(tenant, key, now);
        self.stumble(Call::Remembered, read)
    }

    fn approvals<'a>(&'a self, query: &'a ApprovalsQuery) -> JournalFuture<'a, Vec<ApprovalRow>> {
        self.stumble(Call::Approvals, self.journal.approvals(query))
    }

    fn approval<'a>(
        &'a self,
        tenant: &'a Tenant,
        approval: ApprovalId,
    ) -> JournalFuture<'a, Option<ApprovalRow>> {
        self.stumble(Call::Approval, self.journal.approval(tenant, approval))
    }

    fn effects<'a>(&'a self, query: &'a EffectsQuery) -> JournalFuture<'a, Vec<EffectRow>> {
        self.stumble(Call::Effects, self.journal.effects(query))
    }

    fn effect<'a>(
        &'a self,
        tenant: &'a Tenant,
        effect: EffectId,
    ) -> JournalFuture<'a, Option<EffectRow>> {
        self.stumble(Call::Effect, self.journal.effect(tenant, effect))
    }

    fn audit<'a>(
        &'a self,
        tenant: &'a Tenant,
        after: u64,
        limit: usize,
    ) -> JournalFuture<'a, Vec<KeptEntry>> {
        self.journal.audit(tenant, after, limit)
    }

    fn note_supervision(&self, notes: Vec<SupervisionNote>) -> JournalFuture<'_, ()> {
        self.stumble(Call::NoteSupervision, self.journal.note_supervision(notes))
    }

    fn supervision(&self, after: u64, limit: usize) -> JournalFuture<'_, Vec<SupervisionNote>> {
        self.stumble(Call::Supervision, self.journal.supervision(after, limit))
    }
}
