//! Several journals given the same random batches: they must answer the same to everything.

use std::time::Duration;

use rand::{Rng, RngExt, SeedableRng, rngs::StdRng, seq::IndexedRandom};

use super::author::{Author, ECHO, EPOCH_START, null, remembered, tenant};
use crate::{
    id::{ApprovalId, EffectId, TaskId, Tenant},
    job::JobState,
    journal::{
        ApprovalRow, ApprovalState, ApprovalsQuery, ArtifactRef, EffectRow, EffectState,
        EffectsQuery, JobsQuery, Journal, JournalError, Record, Snapshot,
    },
    policy::EffectClass,
};

const LIVE_JOBS_MAX: usize = 8;
const BATCHES: usize = 25;
const BATCH_RECORDS: usize = 24;
const EVERYTHING: usize = 10_000;
const KEYS: [&str; 4] = ["a", "b", "c", "naïve \"d\""];

/// Drives fresh journals with the batches that `seed` draws and compares what they answer. Panics where they differ.
pub async fn compare(journals: &[&dyn Journal], seed: u64) {
    let mut world = World::new(seed);
    for _ in 0..BATCHES {
        let batch = world.batch();
        if let Some(unsound) = world.spoil(&batch) {
            let answers = commit_all(journals, &unsound).await;
            let (first, rest) = answers.split_first().expect("there are journals");
            assert!(
                first.starts_with("conflict") && rest.iter().all(|answer| answer == first),
                "seed {seed}: {answers:?}"
            );
        }
        let answers = commit_all(journals, &batch).await;
        let (first, rest) = answers.split_first().expect("there are journals");
        assert!(
            rest.iter().all(|answer| answer == first),
            "seed {seed}: {answers:?}"
        );
        world.settled(first.starts_with("committed"));
        if world.draw.random_ratio(1, 4) {
            world.snapshot(journals).await;
        }
    }
    let mut read = Vec::new();
    for journal in journals {
        read.push(world.read(*journal).await);
    }
    for other in &read[1..] {
        for (of_first, of_other) in read[0].iter().zip(other) {
            assert_eq!(of_first, of_other, "seed {seed}");
        }
    }
}

/// Positions, or what was in conflict.
async fn commit_all(journals: &[&dyn Journal], batch: &[Record]) -> Vec<String> {
    let mut answers = Vec::new();
    for journal in journals {
        answers.push(match journal.commit(batch).await {
            Ok(positions) => format!("committed {positions:?}"),
            Err(JournalError::Conflict { job, seq }) => format!("conflict {job} {seq}"),
            Err(other) => format!("{other:?}"),
        });
    }
    answers
}

struct World {
    draw: StdRng,
    tenant: Tenant,
    jobs: Vec<Known>,
    /// Jobs as they were before the batch in hand.
    before: Vec<Known>,
}

#[derive(Clone)]
struct Known {
    author: Author,
    next_task: u32,
    /// The last record made, to be sent again.
    last: Record,
}

impl World {
    fn new(seed: u64) -> Self {
        Self {
            draw: StdRng::seed_from_u64(seed),
            tenant: tenant(),
            jobs: Vec::new(),
            before: Vec::new(),
        }
    }

    /// Records of several jobs, each job's in order, with what belongs to them.
    fn batch(&mut self) -> Vec<Record> {
        self.before = self.jobs.clone();
        let records = self.draw.random_range(1..=BATCH_RECORDS);
        let mut batch = Vec::new();
        while batch.len() < records {
            let mut record = self.record();
            self.adorn(&mut record);
            batch.push(record);
        }
        batch
    }

    fn record(&mut self) -> Record {
        let live: Vec<usize> = (0..self.jobs.len())
            .filter(|index| !self.jobs[*index].author.job.state.is_final())
            .collect();
        let more = live.len() < LIVE_JOBS_MAX && self.draw.random_ratio(1, 6);
        let Some(index) = live.choose(&mut self.draw).copied().filter(|_| !more) else {
            let (author, first) = Author::submit(&self.tenant, ECHO);
            self.jobs.push(Known {
                author,
                next_task: 1,
                last: first.clone(),
            });
            return first;
        };
        let known = &mut self.jobs[index];
        let record = match known.author.job.state {
            JobState::Planning => known.author.plan(),
            JobState::Aggregating => known.author.finish(TaskId(known.next_task), null()),
            JobState::Queued
            | JobState::Running
            | JobState::Waiting
            | JobState::Validating
            | JobState::Succeeded
            | JobState::Failed
            | JobState::Cancelled => match self.draw.random_range(0..10) {
                0 => known.author.cancel(),
                1..4 => {
                    known.next_task += 1;
                    known.author.finish(TaskId(known.next_task - 1), null())
                }
                _ => known.author.remark(),
            },
        };
        known.last = record.clone();
        record
    }

    /// A key, an approval, an effect or a reference, now and then.
    fn adorn(&mut self, record: &mut Record) {
        if record.first_seq == 1 && self.draw.random_ratio(1, 3) {
            let key = KEYS.choose(&mut self.draw).expect("there are keys");
            let expires_at = if self.draw.random_bool(0.5) {
                EPOCH_START.plus(Duration::from_secs(1_000_000))
            } else {
                EPOCH_START
            };
            record.remember = Some(remembered(key, record.job, expires_at));
        }
        if self.draw.random_ratio(1, 6) {
            let state = *ApprovalState::ALL
                .choose(&mut self.draw)
                .expect("there are states");
            record
                .asides
                .approvals
                .push(approval(record, self.draw.next_u64() % 5, state));
        }
        if self.draw.random_ratio(1, 6) {
            let state = *EffectState::ALL
                .choose(&mut self.draw)
                .expect("there are states");
            record
                .asides
                .effects
                .push(effect(record, self.draw.next_u64() % 5, state));
            record.asides.artifacts.push(ArtifactRef {
                sha256: "5e".repeat(32).into(),
                bytes: 7,
            });
        }
    }

    /// The batch with one record that does not belong into it.
    fn spoil(&mut self, batch: &[Record]) -> Option<Vec<Record>> {
        if !self.draw.random_ratio(1, 3) {
            return None;
        }
        // Keys may be refused for reasons of their own.
        if batch.iter().any(|record| record.remember.is_some()) {
            return None;
        }
        let mut unsound = batch.to_vec();
        if self.draw.random_bool(0.5)
            && let Some(known) = self.before.choose(&mut self.draw)
        {
            let again = known.last.clone();
            if batch.iter().all(|record| record.job != again.job) {
                unsound.push(again);
                return Some(unsound);
            }
        }
        let gap = self.draw.random_range(0..batch.len());
        let gone = unsound.remove(gap);
        unsound[gap..]
            .iter()
            .any(|record| record.job == gone.job)
            .then_some(unsound)
    }

    /// A batch that was refused leaves its jobs as they were.
    fn settled(&mut self, committed: bool) {
        if !committed {
            self.jobs = std::mem::take(&mut self.before);
        }
    }

    async fn snapshot(&mut self, journals: &[&dyn Journal]) {
        let Some(known) = self.jobs.choose(&mut self.draw) else {
            return;
        };
        let seq = self.draw.random_range(1..=known.author.job.seq + 1);
        for journal in journals {
            let snapshot = Snapshot {
                job: known.author.id(),
                seq,
                version: 1,
                text: format!("at {seq}"),
            };
            let kept = journal.keep_snapshot(snapshot).await;
            assert_eq!(kept.is_ok(), seq <= known.author.job.seq, "{kept:?}");
        }
    }

    /// Everything there is to read, as text.
    async fn read(&self, journal: &dyn Journal) -> Vec<String> {
        const READ: &str = "what was committed can be read";
        let tenant = &self.tenant;
        let mut read = Vec::new();
        let jobs = JobsQuery {
            tenant: tenant.clone(),
            limit: EVERYTHING,
            ..JobsQuery::default()
        };
        read.push(format!("{:?}", journal.jobs(&jobs).await.expect(READ)));
        let live = journal.live_jobs(None, EVERYTHING).await.expect(READ);
        read.push(format!("{live:?}"));
        let records = journal.tenant_records(tenant, 0, EVERYTHING).await;
        read.push(format!("{:?}", records.expect(READ)));
        for known in &self.jobs {
            let id = known.author.id();
            let row = journal.job(tenant, id).await.expect(READ);
            read.push(format!("{row:?}"));
            let middle = known.author.job.seq / 2;
            let records = journal.records(id, middle, 5).await.expect(READ);
            read.push(format!("{records:?}"));
        }
        let ids: Vec<_> = self.jobs.iter().map(|known| known.author.id()).collect();
        let histories = journal.histories(&ids).await.expect(READ);
        read.push(format!("{histories:?}"));
        let approvals = ApprovalsQuery {
            tenant: tenant.clone(),
            limit: EVERYTHING,
            ..ApprovalsQuery::default()
        };
        let found = journal.approvals(&approvals).await.expect(READ);
        read.push(format!("{found:?}"));
        let effects = EffectsQuery {
            tenant: tenant.clone(),
            limit: EVERYTHING,
            ..EffectsQuery::default()
        };
        let found = journal.effects(&effects).await.expect(READ);
        read.push(format!("{found:?}"));
        for key in KEYS {
            let found = journal.remembered(tenant, key, EPOCH_START).await;
            read.push(format!("{:?}", found.expect(READ)));
        }
        read
    }
}

/// One of a few approvals of the record's job.
fn approval(record: &Record, number: u64, state: ApprovalState) -> ApprovalRow {
    let id = uuid::Uuid::from_u128(record.job.uuid().as_u128() ^ u128::from(number));
    ApprovalRow {
        id: ApprovalId::from_uuid(id),
        job: record.job,
        tenant: record.tenant.clone(),
        task: TaskId(1),
        task_name: "ask".into(),
        role: ECHO.into(),
        why: format!("{state:?}"),
        state,
        requested_at: EPOCH_START,
        expires_at: record.at,
        decided_at: (state != ApprovalState::Pending).then_some(record.at),
        decided_by: None,
        reason: Some("\u{1F600} 'quoted'".to_owned()),
    }
}

/// One of a few effects of the record's job.
fn effect(record: &Record, number: u64, state: EffectState) -> EffectRow {
    let id = uuid::Uuid::from_u128(record.job.uuid().as_u128() ^ u128::from(number));
    EffectRow {
        id: EffectId::from_uuid(id),
        job: record.job,
        tenant: record.tenant.clone(),
        task: TaskId(1),
        task_name: "pay".into(),
        role: ECHO.into(),
        attempt: 1,
        class: EffectClass::Once,
        key: number.to_string(),
        state,
        intended_at: EPOCH_START,
        ended_at: (state != EffectState::Intended).then_some(record.at),
        resolved_by: None,
        reason: None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::journal::MemoryJournal;

    #[tokio::test]
    async fn two_journals_in_memory_answer_the_same() {
        for seed in 0..50 {
            let (one, other) = (MemoryJournal::default(), MemoryJournal::default());
            compare(&[&one, &other], seed).await;
        }
    }
}
