//! What an attempt came to, and the commands that callers and timers bring.

use std::sync::Arc;

use callboard_runtime::{Fault, Report};

use super::{
    CommandError, Shard, dispatch::attempt_of, live::AfterCommit, message::CancelReply,
    timers::Alarm,
};
use crate::{
    crew::Delivery,
    id::{JobId, TaskId, Tenant},
    job::{Command, JobEvent, Refused},
    outcome::{Failure, FailureKind, Outcome},
};

impl Shard {
    pub(super) fn task_reported(&mut self, role: &Arc<str>, report: Report<Delivery>) {
        let (id, task, attempt) = attempt_of(report.key);
        let Some(live) = self.jobs.get_mut(&id) else {
            return self.forget_result(role, &report);
        };
        if live.is_settling(report.key) {
            return;
        }
        let outcome = label(&report.outcome);
        metrics::histogram!("callboard_task_duration_seconds", "role" => role.to_string(), "outcome" => outcome)
            .record(report.elapsed.as_secs_f64());
        if live
            .held
            .get(&task)
            .is_some_and(|held| held.attempt == attempt)
        {
            live.put_down(role, task);
        }
        let released = self.is_draining() && matches!(report.outcome, Err(Fault::Aborted));
        let key = report.key;
        let command = if released {
            Command::Release { task, attempt }
        } else {
            command_of(task, attempt, report.outcome)
        };
        let after = AfterCommit {
            acknowledge: Some((role.clone(), key)),
            cancelled: None,
        };
        match self.command(id, command, after) {
            Ok(()) => self.offer_ready(id),
            Err(Refused::Ended | Refused::NoSuchTask | Refused::Stale) => {
                metrics::counter!("callboard_stale_results_total", "role" => role.to_string())
                    .increment(1);
                self.ports.crews[role].acknowledge(key);
            }
        }
    }

    /// Says in the log what a person may have to know of.
    pub(super) fn log(&self, id: JobId, events: &[JobEvent]) {
        let Some(live) = self.jobs.get(&id) else {
            return;
        };
        let request_id = live.job.request_id.as_deref();
        for event in events {
            if let JobEvent::TaskRetried {
                task,
                attempt,
                cause: Failure { kind, message },
                ..
            } = event
            {
                let (name, role) = live.name_and_role(*task);
                tracing::warn!(
                    request.id = request_id, job.id = %id, task.name = name, role.name = role, task.attempt = attempt,
                    failure = kind.code(), "task will be tried again: {message}"
                );
            }
            if let JobEvent::JobFailed {
                failure: Failure { kind, message },
                ..
            } = event
            {
                tracing::warn!(
                    request.id = request_id, job.id = %id, failure = kind.code(), "job failed: {message}"
                );
            }
            if let JobEvent::JobCancelled { reason } = event {
                tracing::info!(request.id = request_id, job.id = %id, "job cancelled: {reason}");
            }
        }
    }

    fn forget_result(&self, role: &Arc<str>, report: &Report<Delivery>) {
        if !matches!(report.outcome, Err(Fault::Aborted)) {
            metrics::counter!("callboard_stale_results_total", "role" => role.to_string())
                .increment(1);
        }
        self.ports.crews[role].acknowledge(report.key);
    }

    pub(super) fn cancel(
        &mut self,
        id: JobId,
        tenant: &Tenant,
        reason: String,
        reply: CancelReply,
    ) {
        if self.reloading.contains(&id) {
            let _ = reply.send(Err(CommandError::Unavailable));
            return;
        }
        let known = self.jobs.get(&id).filter(|live| live.job.tenant == *tenant);
        let Some(live) = known else {
            let _ = reply.send(Err(CommandError::NotFound));
            return;
        };
        if live.job.state.is_final() {
            let _ = reply.send(Err(CommandError::Ended));
            return;
        }
        let after = AfterCommit {
            acknowledge: None,
            cancelled: Some(reply),
        };
        self.command(id, Command::Cancel { reason }, after)
            .expect("a job that has not ended can be cancelled");
    }

    pub(super) fn run_due(&mut self) {
        self.timers.fired();
        while let Some(alarm) = self.timers.pop_due(self.ports.clock.now()) {
            let (id, command) = match alarm {
                Alarm::Wake { job, task } => (job, Command::Wake { task }),
                Alarm::Expire { job } => (job, Command::Expire),
            };
            // Refused means that the job or the task has moved on since the timer was set.
            let _ = self.command(id, command, AfterCommit::default());
        }
    }
}

fn command_of(task: TaskId, attempt: u32, outcome: Result<Delivery, Fault>) -> Command {
    let failed = |kind, message: String, after| Command::TaskFailed {
        task,
        attempt,
        failure: Failure::new(kind, message),
        after,
    };
    match outcome {
        Ok(Delivery {
            outcome,
            deliverables,
            ..
        }) => match outcome {
            Outcome::Done(product) => Command::TaskFinished {
                task,
                attempt,
                product,
                deliverables,
            },
            Outcome::Retry { after, cause } => failed(FailureKind::Retry, cause, after),
            Outcome::Snooze { until } => Command::TaskSnoozed {
                task,
                attempt,
                until,
            },
            Outcome::Reject { reason } => failed(FailureKind::Domain, reason, None),
        },
        Err(fault) => {
            let (kind, message) = match fault {
                Fault::Panicked(message) => (FailureKind::Panicked, message),
                Fault::Aborted => (FailureKind::Aborted, "aborted with its worker".to_owned()),
                Fault::Timeout => (FailureKind::Timeout, "not finished in its time".to_owned()),
                Fault::Stalled => (
                    FailureKind::Stalled,
                    "no sign of progress within the heartbeat".to_owned(),
                ),
                Fault::WorkerLost => (FailureKind::WorkerLost, "its worker died".to_owned()),
            };
            failed(kind, message, None)
        }
    }
}

fn label(outcome: &Result<Delivery, Fault>) -> &'static str {
    match outcome {
        Ok(Delivery { outcome, .. }) => match outcome {
            Outcome::Done(_) => "done",
            Outcome::Retry { .. } => "retry",
            Outcome::Snooze { .. } => "snooze",
            Outcome::Reject { .. } => "reject",
        },
        Err(Fault::Panicked(_)) => "panicked",
        Err(Fault::Aborted) => "aborted",
        Err(Fault::Timeout) => "timeout",
        Err(Fault::Stalled) => "stalled",
        Err(Fault::WorkerLost) => "worker_lost",
    }
}
