//! The way into the house: admits submissions, finds the shard of a job, and answers reads from the journal.

use std::{
    collections::HashMap,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use callboard_runtime::{AskError, Handle};
use tokio::sync::{oneshot, watch};

use crate::{
    admission::Admission,
    audit::Deed,
    catalog::Catalog,
    crew::RoleCrew,
    hub::EventHub,
    id::{JobId, Tenant},
    job::Submit,
    journal::{JobRow, Journal, JournalError, Remembered},
    pack::{InvalidInput, Kind},
    recovery::{RecoveryGauge, RecoveryProgress},
    shard::{CommandError, NewJob, ShardMessage, ShardPorts},
    submission::{IDEMPOTENCY_KEPT, IdempotencyKey, Submission},
    tally::Tally,
    time::Clock,
    turns::Turns,
    writer::{JournalGauge, JournalVitals},
};

/// How long a shard may take to answer.
pub(crate) const ANSWER_DEADLINE: Duration = Duration::from_secs(10);
/// Times a command is sent again when its shard died on the way.
pub(crate) const SENDS_MAX: u32 = 5;
/// Pause before a command is sent again.
pub(crate) const RESEND_DELAY: Duration = Duration::from_millis(200);
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

/// A place among those who wait for the end of a job; empty when it has to be taken yet.
#[derive(Debug, Default)]
pub struct Listening(Option<oneshot::Receiver<Arc<JobRow>>>);

/// A handle on the coordinator. Clones share it.
#[derive(Clone)]
pub struct Coordinator(pub(crate) Arc<Inner>);

pub(crate) struct Inner {
    pub catalog: Catalog,
    pub journal: Arc<dyn Journal>,
    pub journal_gauge: JournalGauge,
    pub hub: EventHub,
    pub admission: Admission,
    pub clock: Clock,
    pub shards: Vec<Handle<ShardMessage>>,
    pub recovered: Vec<watch::Receiver<bool>>,
    pub recovery: RecoveryGauge,
    pub draining: Arc<AtomicBool>,
    pub turns: Turns,
    pub crews: Arc<HashMap<Arc<str>, RoleCrew>>,
    pub tally: Tally,
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

    /// How the journal's writer is doing, without asking it.
    pub fn journal_vitals(&self) -> JournalVitals {
        self.0.journal_gauge.vitals()
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

    /// How far the house has come in taking up its live jobs; `None` when it holds them, or cannot tell.
    pub fn recovery(&self) -> Option<RecoveryProgress> {
        if self.0.recovered.iter().all(|shard| *shard.borrow()) {
            return None;
        }
        self.0.recovery.progress()
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
        self.submit_listening(submission, &mut None).await
    }

    /// The same, listening from before the job can have ended.
    pub async fn submit_and_listen(
        &self,
        submission: Submission,
    ) -> Result<(Submitted, Listening), SubmitError> {
        let mut listening = Some(Listening::default());
        let submitted = self.submit_listening(submission, &mut listening).await?;
        Ok((submitted, listening.unwrap_or_default()))
    }

    async fn submit_listening(
        &self,
        submission: Submission,
        listening: &mut Option<Listening>,
    ) -> Result<Submitted, SubmitError> {
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
        submission.check()?;
        match submission.idempotency.clone() {
            None => self.submit_new(kind, submission, listening).await,
            Some(idempotency) => {
                self.submit_once(kind, submission, idempotency, listening)
                    .await
            }
        }
    }

    async fn submit_once(
        &self,
        kind: &Kind,
        submission: Submission,
        idempotency: IdempotencyKey,
        listening: &mut Option<Listening>,
    ) -> Result<Submitted, SubmitError> {
        let tenant = submission.tenant.clone();
        let _turn = self.0.turns.take(&tenant, &idempotency.key).await;
        if let Some(row) = self.remembered(&tenant, &idempotency).await? {
            return Ok(Submitted {
                row,
                replayed: true,
            });
        }
        match self.submit_new(kind, submission, listening).await {
            // An earlier submission under the key may have been taken after its caller was told otherwise.
            Err(SubmitError::Command(CommandError::Unavailable)) => {
                let row = self.remembered(&tenant, &idempotency).await?;
                let row = row.ok_or(CommandError::Unavailable)?;
                Ok(Submitted {
                    row,
                    replayed: true,
                })
            }
            submitted => submitted,
        }
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
        listening: &mut Option<Listening>,
    ) -> Result<Submitted, SubmitError> {
        let now = self.0.clock.now();
        submission.check_deadline(now)?;
        let input = (kind.admit)(&submission.input).inspect_err(|_| {
            if let Some(kind) = self.0.tally.kind(kind.name) {
                kind.refused();
            }
        })?;
        let tenant = submission.tenant;
        let author = submission.author;
        let submit = Submit {
            tenant: tenant.clone(),
            input,
            priority: submission.priority,
            labels: submission.labels,
            deadline: submission.deadline,
            request_id: author.request_id.clone(),
            trace: submission.trace,
            on_exhausted: submission.on_exhausted,
        };
        let id = JobId::mint();
        if let Some(Listening(end)) = listening {
            *end = self.0.hub.wait_for_end(id).ok();
        }
        let patient = matches!(listening, Some(Listening(Some(_))));
        let remember = submission.idempotency.map(|idempotency| Remembered {
            key: idempotency.key,
            body_sha256: idempotency.body_sha256,
            job: id,
            expires_at: now.plus(IDEMPOTENCY_KEPT),
        });
        for _ in 0..SENDS_MAX {
            let permit = self.0.admission.admit().ok_or(SubmitError::Overloaded)?;
            let deed = Deed::submission(author.clone(), kind.name, &submit.input).about(id);
            let (submit, remember) = (submit.clone(), remember.clone());
            let message = |reply| {
                ShardMessage::Submit(Box::new(NewJob {
                    id,
                    kind: kind.name,
                    submit,
                    remember,
                    deed,
                    permit,
                    patient,
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

    /// The job's row once its end is committed; `None` when `wait` passes before, when too many wait already, or when
    /// the tenant has no such job.
    pub async fn finished(
        &self,
        tenant: &Tenant,
        job: JobId,
        wait: Duration,
        listening: Listening,
    ) -> Result<Option<Arc<JobRow>>, JournalError> {
        let deadline = tokio::time::Instant::now() + wait;
        if let Listening(Some(end)) = listening {
            match tokio::time::timeout_at(deadline, end).await {
                Ok(Ok(row)) => return Ok(Some(row)),
                // A commit is in doubt; the row knows.
                Ok(Err(_)) => {}
                Err(_) => return Ok(None),
            }
        }
        while let Ok(end) = self.0.hub.wait_for_end(job) {
            match self.0.journal.job(tenant, job).await? {
                Some(row) if row.state.is_final() => return Ok(Some(Arc::new(row))),
                Some(_) => {}
                None => return Ok(None),
            }
            match tokio::time::timeout_at(deadline, end).await {
                Ok(Ok(row)) => return Ok(Some(row)),
                // A commit is in doubt; the row knows.
                Ok(Err(_)) => {}
                Err(_) => break,
            }
        }
        Ok(None)
    }

    /// Stops the house in order: no new jobs, no new dispatch, `grace` for what is in hand, the rest released.
    pub async fn drain(&self, grace: Duration) {
        self.0.draining.store(true, Ordering::Release);
        let deadline = tokio::time::Instant::now() + grace;
        let drained = self
            .0
            .shards
            .iter()
            .map(|shard| drain_shard(shard, deadline));
        futures_util::future::join_all(drained).await;
    }

    pub(crate) fn shard(&self, job: JobId) -> &Handle<ShardMessage> {
        let count = u32::try_from(self.0.shards.len()).expect("a handful of shards");
        &self.0.shards[ShardPorts::shard_of(job, count) as usize]
    }
}

async fn drain_shard(shard: &Handle<ShardMessage>, deadline: tokio::time::Instant) {
    let last = deadline + ANSWER_DEADLINE;
    loop {
        let (reply, mut when_drained) = oneshot::channel();
        if shard.tell(ShardMessage::Drain { reply }).is_err() {
            return;
        }
        let mut drained = tokio::time::timeout_at(deadline, &mut when_drained).await;
        if drained.is_err() && shard.tell(ShardMessage::Release).is_ok() {
            drained = tokio::time::timeout_at(last, when_drained).await;
        }
        match drained {
            // Drained, or out of time: what is left is recovered at the next start.
            Ok(Ok(())) | Err(_) => return,
            // The shard died; its next incarnation drains as well, and may be asked.
            Ok(Err(_)) => {}
        }
    }
}
