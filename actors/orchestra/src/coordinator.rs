//! The way into the house: admits submissions, finds the shard of a job, and answers reads from the journal.

#![expect(
    clippy::disallowed_types,
    reason = "HTTP threads share the turns of idempotency keys"
)]

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use callboard_runtime::{AskError, Handle};
use tokio::sync::{oneshot, watch};

use crate::{
    admission::Admission,
    catalog::Catalog,
    hub::EventHub,
    id::{JobId, Tenant},
    job::{Job, Submit},
    journal::{JobRow, Journal, JournalError},
    pack::{InvalidInput, Kind},
    shard::{CancelReceipt, CommandError, HeldTask, NewJob, ShardDesk, ShardMessage, read_job},
    submission::{IDEMPOTENCY_KEPT, IdempotencyKey, Submission},
    time::Clock,
};

/// How long a shard may take to answer.
const ANSWER_DEADLINE: Duration = Duration::from_secs(10);
/// Times a command is sent again when its shard died on the way.
const SENDS_MAX: u32 = 5;
/// Pause before a command is sent again.
const RESEND_DELAY: Duration = Duration::from_millis(200);
/// What clients are told to wait when the house is full or restarting.
pub const RETRY_AFTER: Duration = Duration::from_secs(1);

#[derive(Debug, thiserror::Error)]
pub enum SubmitError {
    #[error("there is no kind `{kind}`{}", near.map(|near| format!("; did you mean `{near}`?")).unwrap_or_default())]
    UnknownKind {
        kind: String,
        near: Option<&'static str>,
    },
    #[error(transparent)]
    Invalid(#[from] InvalidInput),
    #[error("the idempotency key was used with another body")]
    IdempotencyMismatch,
    #[error("too many jobs are live")]
    Overloaded,
    #[error(transparent)]
    Command(#[from] CommandError),
    #[error(transparent)]
    Journal(#[from] JournalError),
}

/// An accepted submission. It is in the journal.
#[derive(Debug, Clone)]
pub struct Submitted {
    pub row: Arc<JobRow>,
    /// True when an earlier submission under the same idempotency key made the job.
    pub replayed: bool,
}

/// A job with what crews hold of it at this moment.
#[derive(Debug, Clone)]
pub struct Inspection {
    pub job: Job,
    pub held: Vec<HeldTask>,
}

type KeyLocks = HashMap<(Tenant, String), Arc<tokio::sync::Mutex<()>>>;

/// A handle on the coordinator. Clones share it.
#[derive(Clone)]
pub struct Coordinator(Arc<Inner>);

pub(crate) struct Inner {
    pub catalog: Catalog,
    pub journal: Arc<dyn Journal>,
    pub hub: EventHub,
    pub admission: Admission,
    pub clock: Clock,
    pub shards: Vec<Handle<ShardMessage>>,
    pub recovered: Vec<watch::Receiver<bool>>,
    pub draining: AtomicBool,
    /// One submission at a time per idempotency key. A lock because HTTP threads share it.
    pub keys: Mutex<KeyLocks>,
}

impl Coordinator {
    pub(crate) fn new(inner: Inner) -> Self {
        Self(Arc::new(inner))
    }

    pub fn catalog(&self) -> &Catalog {
        &self.0.catalog
    }

    pub fn journal(&self) -> &Arc<dyn Journal> {
        &self.0.journal
    }

    pub fn hub(&self) -> &EventHub {
        &self.0.hub
    }

    pub fn admission(&self) -> &Admission {
        &self.0.admission
    }

    /// True while every shard holds its live jobs and new ones are taken.
    pub fn is_ready(&self) -> bool {
        !self.0.draining.load(Ordering::Acquire)
            && self.0.recovered.iter().all(|shard| *shard.borrow())
    }

    /// Resolves when every shard holds its live jobs.
    pub async fn recovered(&self) {
        for shard in &self.0.recovered {
            // Err means that the universe is shutting down.
            let _ = shard.clone().wait_for(|recovered| *recovered).await;
        }
    }

    /// Admits a job and answers when its submission is in the journal.
    pub async fn submit(&self, submission: Submission) -> Result<Submitted, SubmitError> {
        if self.0.draining.load(Ordering::Acquire) {
            return Err(CommandError::Draining.into());
        }
        let Some(kind) = self.0.catalog.kind(&submission.kind) else {
            let near = self.0.catalog.near_kind(&submission.kind);
            return Err(SubmitError::UnknownKind {
                kind: submission.kind,
                near,
            });
        };
        submission.check(self.0.clock.now())?;
        match submission.idempotency.clone() {
            None => self.submit_new(kind, submission).await,
            Some(idempotency) => self.submit_once(kind, submission, idempotency).await,
        }
    }

    async fn submit_once(
        &self,
        kind: &Kind,
        submission: Submission,
        idempotency: IdempotencyKey,
    ) -> Result<Submitted, SubmitError> {
        let name = (submission.tenant.clone(), idempotency.key.clone());
        let lock = self.key_locks().entry(name.clone()).or_default().clone();
        let submitted = {
            let _turn = lock.lock().await;
            match self.remembered(&submission.tenant, &idempotency).await? {
                Some(row) => Ok(Submitted {
                    row,
                    replayed: true,
                }),
                None => self.submit_new(kind, submission).await,
            }
        };
        let mut locks = self.key_locks();
        drop(lock);
        if locks
            .get(&name)
            .is_some_and(|lock| Arc::strong_count(lock) == 1)
        {
            locks.remove(&name);
        }
        submitted
    }

    async fn remembered(
        &self,
        tenant: &Tenant,
        idempotency: &IdempotencyKey,
    ) -> Result<Option<Arc<JobRow>>, SubmitError> {
        let now = self.0.clock.now();
        let Some(remembered) = self
            .0
            .journal
            .remembered(tenant, &idempotency.key, now)
            .await?
        else {
            return Ok(None);
        };
        if remembered.body_sha256 != idempotency.body_sha256 {
            return Err(SubmitError::IdempotencyMismatch);
        }
        Ok(self
            .0
            .journal
            .job(tenant, remembered.job)
            .await?
            .map(Arc::new))
    }

    async fn submit_new(
        &self,
        kind: &Kind,
        submission: Submission,
    ) -> Result<Submitted, SubmitError> {
        let input = (kind.admit)(&submission.input)?;
        let now = self.0.clock.now();
        let remember = submission.idempotency.map(|idempotency| {
            (
                idempotency.key,
                idempotency.body_sha256,
                now.plus(IDEMPOTENCY_KEPT),
            )
        });
        let tenant = submission.tenant;
        let submit = Submit {
            tenant: tenant.clone(),
            input,
            priority: submission.priority,
            labels: submission.labels,
            deadline: submission.deadline,
        };
        let id = JobId::mint();
        for _ in 0..SENDS_MAX {
            let permit = self.0.admission.admit().ok_or(SubmitError::Overloaded)?;
            let (submit, remember) = (submit.clone(), remember.clone());
            let message = |reply| {
                ShardMessage::Submit(Box::new(NewJob {
                    id,
                    kind: kind.name,
                    submit,
                    remember,
                    permit,
                    reply,
                }))
            };
            match self.shard(id).ask(ANSWER_DEADLINE, message).await {
                Ok(Ok(row)) => {
                    return Ok(Submitted {
                        row,
                        replayed: false,
                    });
                }
                Ok(Err(CommandError::Unavailable)) | Err(AskError::Lost) => {}
                Ok(Err(error)) => return Err(error.into()),
                Err(AskError::Closed | AskError::Timeout) => break,
            }
            // The shard or the writer died on the way, or the journal refused; the journal says what became of it.
            tokio::time::sleep(RESEND_DELAY).await;
            if let Some(row) = self.0.journal.job(&tenant, id).await? {
                return Ok(Submitted {
                    row: Arc::new(row),
                    replayed: false,
                });
            }
        }
        Err(CommandError::Unavailable.into())
    }

    /// Cancels a live job; the receipt comes after the commit.
    pub async fn cancel(
        &self,
        tenant: &Tenant,
        job: JobId,
        reason: &str,
    ) -> Result<CancelReceipt, SubmitError> {
        for _ in 0..SENDS_MAX {
            let (tenant, reason) = (tenant.clone(), reason.to_owned());
            let message = |reply| ShardMessage::Cancel {
                job,
                tenant,
                reason,
                reply,
            };
            match self.shard(job).ask(ANSWER_DEADLINE, message).await {
                Ok(Err(CommandError::NotFound)) => break,
                Ok(answer) => return Ok(answer?),
                Err(AskError::Lost) => {}
                Err(AskError::Closed | AskError::Timeout) => {
                    return Err(CommandError::Unavailable.into());
                }
            }
        }
        let ended = self.0.journal.job(tenant, job).await?;
        Err(ended
            .map_or(CommandError::NotFound, |_| CommandError::Ended)
            .into())
    }

    /// The job's row once its end is committed; `None` when `wait` passes before, or too many wait already.
    pub async fn finished(
        &self,
        tenant: &Tenant,
        job: JobId,
        wait: Duration,
    ) -> Result<Option<Arc<JobRow>>, JournalError> {
        let Ok(end) = self.0.hub.wait_for_end(job) else {
            return Ok(None);
        };
        if let Some(row) = self
            .0
            .journal
            .job(tenant, job)
            .await?
            .filter(|row| row.state.is_final())
        {
            return Ok(Some(Arc::new(row)));
        }
        match tokio::time::timeout(wait, end).await {
            Ok(Ok(row)) => Ok(Some(row)),
            Ok(Err(_)) | Err(_) => Ok(None),
        }
    }

    /// A job as its journal has it, with what crews hold of it now.
    pub async fn inspect(
        &self,
        tenant: &Tenant,
        id: JobId,
    ) -> Result<Option<Inspection>, JournalError> {
        let Some(job) = read_job(&*self.0.journal, id)
            .await?
            .filter(|job| job.tenant == *tenant)
        else {
            return Ok(None);
        };
        if job.state.is_final() {
            return Ok(Some(Inspection {
                job,
                held: Vec::new(),
            }));
        }
        let held = self
            .shard(id)
            .ask(ANSWER_DEADLINE, |reply| ShardMessage::Tasks {
                job: id,
                reply,
            })
            .await;
        // While the shard restarts nothing is known to be in hand.
        Ok(Some(Inspection {
            job,
            held: held.unwrap_or_default(),
        }))
    }

    /// Stops the house in order: no new jobs, no new dispatch, `grace` for what is in hand, the rest released.
    pub async fn drain(&self, grace: Duration) {
        self.0.draining.store(true, Ordering::Release);
        let mut drained = Vec::new();
        for shard in &self.0.shards {
            let (reply, when_drained) = oneshot::channel();
            if shard.tell(ShardMessage::Drain { reply }).is_ok() {
                drained.push((shard, when_drained));
            }
        }
        let deadline = tokio::time::Instant::now() + grace;
        for (shard, mut when_drained) in drained {
            if tokio::time::timeout_at(deadline, &mut when_drained)
                .await
                .is_err()
                && shard.tell(ShardMessage::Release).is_ok()
            {
                // Err means that the shard did not get to it; its jobs are recovered at the next start.
                let _ = tokio::time::timeout(ANSWER_DEADLINE, when_drained).await;
            }
        }
    }

    fn shard(&self, job: JobId) -> &Handle<ShardMessage> {
        let count = u32::try_from(self.0.shards.len()).expect("a handful of shards");
        &self.0.shards[ShardDesk::shard_of(job, count) as usize]
    }

    fn key_locks(&self) -> std::sync::MutexGuard<'_, KeyLocks> {
        self.0
            .keys
            .lock()
            .expect("no holder of this lock can panic")
    }
}
