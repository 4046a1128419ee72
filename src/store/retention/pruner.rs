//! One round of retention after the other, in pieces that hold the writer for a few milliseconds.
//!
//! Never touches a job that has not ended, one with an effect of unknown outcome, one with an approval that waits, or
//! one with events that have yet to become deliveries of a webhook.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use callboard_orchestra::{journal::JournalError, time::Timestamp};
use sea_orm::{DatabaseConnection, EntityTrait, PaginatorTrait};

use super::{RetentionPolicy, artifacts, rows};
use crate::store::{
    AuditLog, DirArtifacts,
    commit::{self, failed},
    entity::job,
    writer::Writer,
};

/// How long a piece should hold the writer.
const HOLD: Duration = Duration::from_millis(5);
/// Rows of a piece, at first and at the most.
const PIECE_ROWS: u64 = 64;
const PIECE_ROWS_MAX: u64 = 1_024;
/// Pieces of one round; the rest comes with the next.
const PIECES_MAX: usize = 10_000;
/// Counting every job reads a whole index.
const COUNT_EVERY_ROUNDS: u64 = 60;

/// What a round removed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Pruned {
    pub jobs: u64,
    pub records: u64,
    pub supervision_events: u64,
    pub snapshots: u64,
    pub artifacts: u64,
    pub audit_records: u64,
}

pub struct Pruner {
    pub(in crate::store) writer: Arc<Writer>,
    pub(in crate::store) readers: DatabaseConnection,
    pub(in crate::store) artifacts: Arc<DirArtifacts>,
    pub(in crate::store) epoch: u64,
    pub(in crate::store) policy: RetentionPolicy,
    pub(in crate::store) rounds: AtomicU64,
    pub(in crate::store) audit: AuditLog,
}

impl Pruner {
    /// Removes everything whose time has come at `now`.
    pub async fn round(&self, now: Timestamp) -> Result<Pruned, JournalError> {
        let round = self.rounds.fetch_add(1, Ordering::Relaxed);
        let mut pruned = Pruned::default();
        let mut surplus = 0;
        if round.is_multiple_of(COUNT_EVERY_ROUNDS) {
            let count = job::Entity::find().count(&self.readers).await;
            let count = count.map_err(failed("count jobs"))?;
            surplus = count.saturating_sub(self.policy.jobs_max);
            pruned.artifacts = self.loose_artifacts(now).await?;
            let before = before(now, self.policy.audit_kept);
            pruned.audit_records = self.audit.prune(before, now).await?;
        }
        let cutoff = before(now, self.policy.ended_jobs_kept).millis();
        let mut piece = PIECE_ROWS;
        for _ in 0..PIECES_MAX {
            let due = if surplus > 0 {
                rows::Due::Oldest(surplus)
            } else {
                rows::Due::EndedBefore(cutoff)
            };
            let began = Instant::now();
            let removed = self.piece(due, piece).await?;
            let held = began.elapsed();
            surplus = surplus.saturating_sub(removed.jobs);
            pruned.jobs += removed.jobs;
            pruned.records += removed.records;
            pruned.supervision_events += removed.supervision_events;
            pruned.snapshots += removed.snapshots;
            if removed == Pruned::default() {
                if surplus == 0 {
                    break;
                }
                // What is left over the maximum may not be removed.
                surplus = 0;
            }
            piece = if held > HOLD {
                (piece / 2).max(1)
            } else {
                (piece * 2).min(PIECE_ROWS_MAX)
            };
        }
        Ok(pruned)
    }

    async fn piece(&self, due: rows::Due, rows: u64) -> Result<Pruned, JournalError> {
        let lease = self.writer.lease().await?;
        let txn = commit::begin(&lease, self.epoch).await?;
        let mut pruned = Pruned {
            records: rows::remove_records(&txn, rows).await?,
            ..Pruned::default()
        };
        if pruned.records == 0 {
            pruned.jobs = rows::remove_jobs(&txn, due, rows).await?;
            pruned.snapshots = rows::remove_snapshots(&txn, rows).await?;
            let kept = self.policy.supervision_events_max;
            pruned.supervision_events = rows::remove_supervision(&txn, kept, rows).await?;
        }
        commit::end(txn, lease, "prune").await?;
        Ok(pruned)
    }

    async fn loose_artifacts(&self, now: Timestamp) -> Result<u64, JournalError> {
        let Some(since) = rows::references_since(&self.readers).await? else {
            return Ok(0);
        };
        let kept = self.policy.loose_artifacts_kept;
        artifacts::sweep(&self.artifacts, &self.readers, since, now, kept).await
    }
}

/// The instant `kept` before `now`.
fn before(now: Timestamp, kept: Duration) -> Timestamp {
    let kept_ms = i64::try_from(kept.as_millis()).unwrap_or(i64::MAX);
    Timestamp::from_millis(now.millis().saturating_sub(kept_ms))
}

#[cfg(test)]
mod tests {
    use std::{num::NonZeroU32, path::Path};

    use callboard_orchestra::{
        Payload, Tenant,
        artifact::{Artifacts, NewArtifact},
        id::{ApprovalId, EffectId, JobId, TaskId},
        journal::{
            ApprovalRow, ApprovalState, ArtifactRef, EffectRow, EffectState, Journal, Record,
            Remembered, Snapshot, SupervisionNote, conformance,
        },
        policy::EffectClass,
    };

    use super::*;
    use crate::store::{Store, StoreSpec, Synchronous, postgres::testing};

    const EVERYTHING: usize = 10_000;
    const HOUR: Duration = Duration::from_secs(3_600);

    fn spec(data_dir: &Path, url: Option<String>) -> StoreSpec {
        StoreSpec {
            data_dir: data_dir.to_owned(),
            url,
            synchronous: Synchronous::Normal,
            readers: NonZeroU32::new(2).unwrap(),
        }
    }

    fn policy() -> RetentionPolicy {
        RetentionPolicy {
            ended_jobs_kept: HOUR,
            jobs_max: 1_000,
            supervision_events_max: 3,
            loose_artifacts_kept: HOUR,
            audit_kept: HOUR,
        }
    }

    /// The records of a job that was created when it says, so that its id is as old as it is.
    fn whole_job(tenant: &Tenant) -> Vec<Record> {
        let batch = conformance::whole_job(tenant);
        let created = batch[0].at.millis().unsigned_abs();
        let random = *batch[0].job.uuid().as_bytes().last_chunk::<10>().unwrap();
        let id = uuid::Builder::from_unix_timestamp_millis(created, &random).into_uuid();
        let id = JobId::from_uuid(id);
        let renamed = batch.into_iter().map(|record| Record {
            job: id,
            row: callboard_orchestra::journal::JobRow {
                id,
                ..(*record.row).clone()
            }
            .into(),
            ..record
        });
        renamed.collect()
    }

    fn end_of(batch: &[Record]) -> Timestamp {
        batch.last().unwrap().row.finished_at.unwrap()
    }

    async fn gone_and_kept(store: Store) {
        let journal = store.journal();
        let pruner = store.pruner(policy());
        let (mine, yours) = (Tenant::new("mine"), Tenant::new("yours"));
        let old = whole_job(&mine);
        let live = whole_job(&mine);
        let unsolved = with_effect(whole_job(&yours), EffectState::Unknown);
        let waiting = with_approval(whole_job(&yours), ApprovalState::Pending);
        let solved = with_effect(whole_job(&yours), EffectState::Resolved);
        let decided = with_approval(whole_job(&yours), ApprovalState::Expired);
        let pos = journal.commit(&old).await.unwrap();
        journal.commit(&live[..3]).await.unwrap();
        for batch in [&unsolved, &waiting, &solved, &decided] {
            journal.commit(batch).await.unwrap();
        }
        let snapshot = Snapshot {
            job: unsolved[0].job,
            seq: 2,
            version: 1,
            text: String::new(),
        };
        journal.keep_snapshot(snapshot).await.unwrap();

        let early = end_of(&old).plus(HOUR);
        let pruned = pruner.round(early).await.unwrap();
        assert_eq!((pruned.jobs, pruned.snapshots), (0, 1));
        assert_eq!(journal.pruned_to(&mine).await.unwrap(), 0);

        let late = end_of(&decided).plus(HOUR).plus(Duration::from_secs(60));
        let pruned = pruner.round(late).await.unwrap();
        assert_eq!(pruned.jobs, 3, "{pruned:?}");
        for (batch, kept) in [
            (&old, false),
            (&solved, false),
            (&decided, false),
            (&unsolved, true),
            (&waiting, true),
        ] {
            let (tenant, job) = (&batch[0].tenant, batch[0].job);
            let row = journal.job(tenant, job).await.unwrap();
            assert_eq!(row.is_some(), kept);
            let records = journal.records(job, 0, EVERYTHING).await.unwrap();
            assert_eq!(records.len(), if kept { batch.len() } else { 0 });
        }
        let live_jobs = journal.live_jobs(None, EVERYTHING).await.unwrap();
        assert_eq!(live_jobs.len(), 1);
        let pruned_to = journal.pruned_to(&mine).await.unwrap();
        assert_eq!(pruned_to, *pos.last().unwrap());
        let left = journal.tenant_records(&mine, 0, EVERYTHING).await.unwrap();
        assert!(left.iter().all(|record| record.job == live[0].job));
        assert_eq!(pruner.round(late).await.unwrap(), Pruned::default());

        // Positions go on where they were, also after the newest records are gone and the store is opened again.
        let next = journal.commit(&live[3..]).await.unwrap();
        assert!(next[0] > pos[0]);
        drop((journal, pruner));
        store.close().await.unwrap();
    }

    fn with_effect(mut batch: Vec<Record>, state: EffectState) -> Vec<Record> {
        let first = &mut batch[0];
        first.asides.effects.push(EffectRow {
            id: EffectId::mint(),
            job: first.job,
            tenant: first.tenant.clone(),
            task: TaskId(1),
            task_name: "pay".into(),
            role: "r".into(),
            attempt: 1,
            class: EffectClass::Once,
            key: String::new(),
            state,
            intended_at: first.at,
            ended_at: None,
            resolved_by: None,
            reason: None,
        });
        batch
    }

    fn with_approval(mut batch: Vec<Record>, state: ApprovalState) -> Vec<Record> {
        let first = &mut batch[0];
        first.remember = Some(Remembered {
            key: first.job.to_string(),
            body_sha256: String::new(),
            job: first.job,
            expires_at: first.at,
        });
        first.asides.approvals.push(ApprovalRow {
            id: ApprovalId::mint(),
            job: first.job,
            tenant: first.tenant.clone(),
            task: TaskId(1),
            task_name: "ask".into(),
            role: "r".into(),
            why: String::new(),
            state,
            requested_at: first.at,
            expires_at: first.at,
            decided_at: None,
            decided_by: None,
            reason: None,
        });
        batch
    }

    #[tokio::test]
    async fn jobs_go_with_their_records_once_they_have_been_kept_long_enough() {
        let dir = tempfile::tempdir().unwrap();
        gone_and_kept(Store::open(spec(dir.path(), None)).await.unwrap()).await;
    }

    #[tokio::test]
    async fn jobs_go_from_postgresql_too() {
        let Some(url) = testing::database().await else {
            return;
        };
        let dir = tempfile::tempdir().unwrap();
        gone_and_kept(Store::open(spec(dir.path(), Some(url))).await.unwrap()).await;
    }

    #[tokio::test]
    async fn positions_go_on_after_the_newest_records_are_gone() {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(spec(dir.path(), None)).await.unwrap();
        let batch = whole_job(&Tenant::default());
        let before = store.journal().commit(&batch).await.unwrap();
        let late = end_of(&batch).plus(2 * HOUR);
        let pruned = store.pruner(policy()).round(late).await.unwrap();
        assert_eq!(pruned.jobs, 1);
        store.close().await.unwrap();
        let store = Store::open(spec(dir.path(), None)).await.unwrap();
        let batch = whole_job(&Tenant::default());
        let after = store.journal().commit(&batch).await.unwrap();
        assert_eq!(after[0], before.last().unwrap() + 1);
    }

    #[tokio::test]
    async fn above_the_maximum_the_oldest_that_have_ended_go_however_young() {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(spec(dir.path(), None)).await.unwrap();
        let journal = store.journal();
        let tenant = Tenant::default();
        let mut batches: Vec<_> = (0..5).map(|_| whole_job(&tenant)).collect();
        batches.sort_by_key(|batch| batch[0].job);
        journal.commit(&batches[0][..2]).await.unwrap();
        for batch in &batches[1..] {
            journal.commit(batch).await.unwrap();
        }
        let pruner = store.pruner(RetentionPolicy {
            jobs_max: 3,
            ..policy()
        });
        let pruned = pruner.round(batches[0][0].at).await.unwrap();
        assert_eq!(pruned.jobs, 2);
        for (batch, kept) in batches.iter().zip([true, false, false, true, true]) {
            let row = journal.job(&tenant, batch[0].job).await.unwrap();
            assert_eq!(row.is_some(), kept);
        }
    }

    #[tokio::test]
    async fn only_the_latest_supervision_events_are_kept() {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(spec(dir.path(), None)).await.unwrap();
        let journal = store.journal();
        let at = Timestamp::from_millis(0);
        let event = Payload::of("x").unwrap();
        let note = SupervisionNote { id: 0, at, event };
        journal.note_supervision(vec![note; 5]).await.unwrap();
        let pruned = store.pruner(policy()).round(at).await.unwrap();
        assert_eq!(pruned.supervision_events, 2);
        let kept = journal.supervision(0, EVERYTHING).await.unwrap();
        let ids: Vec<_> = kept.iter().map(|note| note.id).collect();
        assert_eq!(ids, [3, 4, 5]);
    }

    #[tokio::test]
    async fn an_artifact_goes_once_no_job_has_referred_to_it_for_long_enough() {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(spec(dir.path(), None)).await.unwrap();
        let artifacts = store.artifacts();
        let put = |content: &str| {
            NewArtifact::new("a.txt", "text/plain", content.as_bytes().to_vec()).unwrap()
        };
        let (used, loose) = (put("used"), put("loose"));
        artifacts.put(used.clone()).await.unwrap();
        artifacts.put(loose.clone()).await.unwrap();
        let mut batch = whole_job(&Tenant::default());
        batch[0].asides.artifacts = vec![ArtifactRef {
            sha256: used.artifact.sha256.as_str().into(),
            bytes: used.artifact.bytes,
        }];
        store.journal().commit(&batch).await.unwrap();
        let held = async |of: &NewArtifact| {
            let found = artifacts.get(&of.artifact.sha256).await.unwrap();
            found.is_some()
        };
        let policy = RetentionPolicy {
            ended_jobs_kept: 1_000_000 * HOUR,
            ..policy()
        };
        let now = Timestamp::now();
        for (after, swept, left) in [(HOUR / 2, 0, true), (2 * HOUR, 1, false)] {
            // Each time the first round of a pruner, which is one that looks at artifacts.
            let pruner = store.pruner(policy.clone());
            let pruned = pruner.round(now.plus(after)).await.unwrap();
            assert_eq!(pruned.artifacts, swept);
            assert_eq!((held(&used).await, held(&loose).await), (true, left));
        }
    }
}
