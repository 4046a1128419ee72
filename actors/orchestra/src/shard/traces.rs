//! Tells whoever traces jobs of what ended.

use std::time::Duration;

use callboard_runtime::{Report, TaskKey};
use tokio::time::Instant;

use super::{
    Shard,
    dispatch::{attempt_of, key_of},
    live::Held,
};
use crate::{
    crew::Delivery,
    id::TaskId,
    job::Job,
    trace::{Ended, EndedAttempt, EndedJob, TellEnded, TraceContext},
};

/// As in the metric of attempts that were withdrawn.
const ABORTED: &str = "aborted";

/// When an attempt was in hand.
struct Times {
    queued: Option<Duration>,
    elapsed: Duration,
    ended: Instant,
}

impl Shard {
    /// Of an attempt that a worker had.
    pub(super) fn tell_attempt(&self, report: &Report<Delivery>, outcome: &'static str) {
        let (id, ..) = attempt_of(report.key);
        let Some(live) = self.jobs.get(&id).filter(|_| report.worker.is_some()) else {
            return;
        };
        let times = Times {
            queued: Some(report.waited),
            elapsed: report.elapsed,
            ended: report.ended,
        };
        self.tell(&live.job, report.key, outcome, times);
    }

    /// Of an attempt that a worker has while its job ends: what becomes of it, nobody will hear.
    pub(super) fn tell_withdrawn(&self, job: &Job, task: TaskId, held: &Held) {
        let Some(begun) = held.begun else {
            return;
        };
        let ended = Instant::now();
        let times = Times {
            queued: None,
            elapsed: ended - begun,
            ended,
        };
        let key = key_of(job.id, task, held.attempt, held.dispatch);
        self.tell(job, key, ABORTED, times);
    }

    /// Of a job whose end is committed.
    pub(super) fn tell_job(&self, job: &Job) {
        let Some((tell, parent)) = self.traces(job) else {
            return;
        };
        tell(Ended::Job(EndedJob {
            span: parent.of_job(job.id),
            parent,
            job: job.id,
            tenant: job.tenant.clone(),
            kind: job.kind.clone(),
            state: job.state,
            failure: job.failure.as_ref().map(|(failure, _)| failure.kind),
            created_at: job.created_at,
        }));
    }

    fn tell(&self, job: &Job, key: TaskKey, outcome: &'static str, times: Times) {
        let Some((tell, parent)) = self.traces(job) else {
            return;
        };
        let (_, task, attempt) = attempt_of(key);
        let entry = &job.tasks[task.index()].entry;
        tell(Ended::Attempt(EndedAttempt {
            span: parent.of_attempt(key),
            parent: parent.of_job(job.id),
            job: job.id,
            tenant: job.tenant.clone(),
            kind: job.kind.clone(),
            task,
            name: entry.name.clone(),
            role: entry.role.clone(),
            attempt,
            outcome,
            queued: times.queued,
            elapsed: times.elapsed,
            ended: times.ended,
        }));
    }

    /// Who hears of the job, and the span that it is a child of.
    fn traces(&self, job: &Job) -> Option<(&TellEnded, TraceContext)> {
        let tell = self.ports.ended.as_ref()?;
        Some((tell, job.trace.filter(|parent| parent.is_sampled())?))
    }
}
