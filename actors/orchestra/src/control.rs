//! What people ask of jobs that run: to stop, to wait, to go on, to hear a decision or a signal. Answers come after the
//! commit.

use std::sync::Arc;

use callboard_runtime::AskError;

use crate::{
    author::Author,
    coordinator::{ANSWER_DEADLINE, Coordinator, RESEND_DELAY, SENDS_MAX},
    id::{ApprovalId, EffectId, JobId, Tenant},
    job::{Command, Decision, Refused, Resolution},
    journal::{ApprovalRow, ApprovalState, EffectRow, EffectState, JobRow, JournalError},
    payload::Payload,
    shard::{CancelReceipt, CommandError, Control, Controlled, ShardMessage},
};

/// Why a job did not do what was asked of it.
#[derive(Debug, thiserror::Error)]
pub enum ControlError {
    #[error(transparent)]
    Command(#[from] CommandError),
    #[error(transparent)]
    Journal(#[from] JournalError),
}

/// Why a decision was not taken down.
#[derive(Debug, thiserror::Error)]
pub enum DecideError {
    #[error("no such approval")]
    NotFound,
    #[error("the approval was {} already", .0.state.name())]
    AlreadyDecided(Box<ApprovalRow>),
    #[error(transparent)]
    Control(#[from] ControlError),
}

/// Why a resolution was not taken down.
#[derive(Debug, thiserror::Error)]
pub enum ResolveError {
    #[error("no such effect")]
    NotFound,
    /// It is under way, has ended, or was resolved before.
    #[error("the outcome of the effect is not unknown: it is {}", .0.state.name())]
    NotUnknown(Box<EffectRow>),
    #[error(transparent)]
    Control(#[from] ControlError),
}

/// Whether someone else came first, as the shard knows before the store does.
fn is_overtaken(error: &ControlError) -> bool {
    matches!(
        error,
        ControlError::Command(
            CommandError::Ended | CommandError::Refused(Refused::NotPending | Refused::NotUnknown)
        )
    )
}

/// The row as whoever came first left it; `None` when nobody did, and the error stands.
async fn overtaken<T, E>(
    error: &ControlError,
    read: impl AsyncFn() -> Result<T, E>,
    is_open: impl Fn(&T) -> bool,
) -> Result<Option<T>, E> {
    for _ in 0..SENDS_MAX {
        let found = read().await?;
        if !is_open(&found) {
            return Ok(Some(found));
        }
        if !is_overtaken(error) {
            break;
        }
        // What came first is being committed.
        tokio::time::sleep(RESEND_DELAY).await;
    }
    Ok(None)
}

impl Coordinator {
    /// Cancels a live job.
    pub async fn cancel(
        &self,
        tenant: &Tenant,
        job: JobId,
        reason: &str,
        author: &Author,
    ) -> Result<CancelReceipt, ControlError> {
        let reason = reason.to_owned();
        let controlled = self
            .control(tenant, job, Command::Cancel { reason }, author)
            .await;
        Ok(controlled?.receipt)
    }

    /// Hands out nothing more of a job; what is in hand goes on.
    pub async fn pause(
        &self,
        tenant: &Tenant,
        job: JobId,
        reason: &str,
        author: &Author,
    ) -> Result<Arc<JobRow>, ControlError> {
        let reason = reason.to_owned();
        let controlled = self
            .control(tenant, job, Command::Pause { reason }, author)
            .await;
        Ok(controlled?.row)
    }

    /// Ends a pause.
    pub async fn resume(
        &self,
        tenant: &Tenant,
        job: JobId,
        reason: &str,
        author: &Author,
    ) -> Result<Arc<JobRow>, ControlError> {
        let reason = reason.to_owned();
        let controlled = self
            .control(tenant, job, Command::Resume { reason }, author)
            .await;
        Ok(controlled?.row)
    }

    /// Gives new attempts to the tasks of a job that have used theirs up.
    pub async fn retry(
        &self,
        tenant: &Tenant,
        job: JobId,
        author: &Author,
    ) -> Result<Arc<JobRow>, ControlError> {
        let controlled = self.control(tenant, job, Command::Retry, author).await;
        Ok(controlled?.row)
    }

    /// Sends a job a signal: for the task that waits for it, or kept for one that will.
    pub async fn signal(
        &self,
        tenant: &Tenant,
        job: JobId,
        name: &str,
        payload: Payload,
        author: &Author,
    ) -> Result<Arc<JobRow>, ControlError> {
        let name = name.to_owned();
        let signal = Command::Signal { name, payload };
        Ok(self.control(tenant, job, signal, author).await?.row)
    }

    /// Answers a request for approval, once.
    pub async fn decide(
        &self,
        tenant: &Tenant,
        approval: ApprovalId,
        decision: Decision,
        author: &Author,
        reason: Option<String>,
    ) -> Result<ApprovalRow, DecideError> {
        let asked = self.approval(tenant, approval).await?;
        if asked.state != ApprovalState::Pending {
            return Err(DecideError::AlreadyDecided(Box::new(asked)));
        }
        let decide = Command::Decide {
            approval,
            decision,
            by: author.principal.to_string(),
            reason,
        };
        match self.control(tenant, asked.job, decide, author).await {
            Ok(_) => self.approval(tenant, approval).await,
            Err(error) => {
                let read = async || self.approval(tenant, approval).await;
                let is_open = |row: &ApprovalRow| row.state == ApprovalState::Pending;
                match overtaken(&error, read, is_open).await? {
                    Some(found) => Err(DecideError::AlreadyDecided(Box::new(found))),
                    None => Err(error.into()),
                }
            }
        }
    }

    /// Takes down what a person found out about an effect whose outcome was unknown.
    pub async fn resolve(
        &self,
        tenant: &Tenant,
        effect: EffectId,
        resolution: Resolution,
        author: &Author,
        reason: Option<String>,
    ) -> Result<EffectRow, ResolveError> {
        let found = self.effect(tenant, effect).await?;
        if found.state != EffectState::Unknown {
            return Err(ResolveError::NotUnknown(Box::new(found)));
        }
        let resolve = Command::Resolve {
            effect,
            resolution,
            by: author.principal.to_string(),
            reason,
        };
        match self.control(tenant, found.job, resolve, author).await {
            Ok(_) => self.effect(tenant, effect).await,
            Err(error) => {
                let read = async || self.effect(tenant, effect).await;
                let is_open = |row: &EffectRow| row.state == EffectState::Unknown;
                match overtaken(&error, read, is_open).await? {
                    Some(found) => Err(ResolveError::NotUnknown(Box::new(found))),
                    None => Err(error.into()),
                }
            }
        }
    }

    async fn approval(&self, tenant: &Tenant, id: ApprovalId) -> Result<ApprovalRow, DecideError> {
        let found = self.journal().approval(tenant, id).await;
        let found = found.map_err(ControlError::from)?;
        found.ok_or(DecideError::NotFound)
    }

    async fn effect(&self, tenant: &Tenant, id: EffectId) -> Result<EffectRow, ResolveError> {
        let found = self.journal().effect(tenant, id).await;
        let found = found.map_err(ControlError::from)?;
        found.ok_or(ResolveError::NotFound)
    }

    async fn control(
        &self,
        tenant: &Tenant,
        job: JobId,
        command: Command,
        author: &Author,
    ) -> Result<Controlled, ControlError> {
        let is_signal = matches!(command, Command::Signal { .. });
        for _ in 0..SENDS_MAX {
            let (tenant_of, command, author) = (tenant.clone(), command.clone(), author.clone());
            let message = |reply| {
                ShardMessage::Control(Box::new(Control {
                    job,
                    tenant: tenant_of,
                    command,
                    author,
                    reply,
                }))
            };
            match self.shard(job).ask(ANSWER_DEADLINE, message).await {
                Ok(Ok(controlled)) => return Ok(controlled),
                // A second signal would be another signal.
                Ok(Err(CommandError::Unavailable)) | Err(AskError::Lost) if is_signal => break,
                Ok(Err(CommandError::Unavailable)) | Err(AskError::Lost) => {}
                Ok(Err(CommandError::NotFound)) => match self.journal().job(tenant, job).await? {
                    Some(row) if row.state.is_final() => return Err(CommandError::Ended.into()),
                    // Not in memory and not ended: being read again.
                    Some(_) => {}
                    None => return Err(CommandError::NotFound.into()),
                },
                Ok(Err(
                    error @ (CommandError::Ended
                    | CommandError::Draining
                    | CommandError::Refused(_)),
                )) => return Err(error.into()),
                Err(AskError::Closed | AskError::Timeout) => break,
            }
            tokio::time::sleep(RESEND_DELAY).await;
        }
        Err(CommandError::Unavailable.into())
    }
}
