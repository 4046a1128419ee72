//! Tells whoever traces jobs of what ended.

use callboard_runtime::Report;

use super::{Shard, dispatch::attempt_of};
use crate::{
    crew::Delivery,
    job::Job,
    trace::{Ended, EndedAttempt, EndedJob, TellEnded, TraceContext},
};

impl Shard {
    /// Of an attempt that a worker had.
    pub(super) fn tell_attempt(&self, report: &Report<Delivery>, outcome: &'static str) {
        let (id, task, attempt) = attempt_of(report.key);
        let Some(live) = self.jobs.get(&id).filter(|_| report.worker.is_some()) else {
            return;
        };
        let job = &live.job;
        let Some((tell, parent)) = self.traces(job) else {
            return;
        };
        let entry = &job.tasks[task.index()].entry;
        tell(Ended::Attempt(EndedAttempt {
            span: parent.of_attempt(report.key),
            parent: parent.of_job(id),
            job: id,
            tenant: job.tenant.clone(),
            kind: job.kind.clone(),
            task,
            name: entry.name.clone(),
            role: entry.role.clone(),
            attempt,
            outcome,
            queued: report.queued,
            elapsed: report.elapsed,
            ended: report.ended,
        }));
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

    /// Who hears of the job, and the span that it is a child of.
    fn traces(&self, job: &Job) -> Option<(&TellEnded, TraceContext)> {
        let tell = self.ports.ended.as_ref()?;
        Some((tell, job.trace.filter(|parent| parent.is_sampled())?))
    }
}
