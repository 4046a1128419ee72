//! What an attempt came to, and the commands that callers and timers bring.

use std::sync::Arc;

use callboard_runtime::{Fault, Report, ResidentContext};

use super::{
    CommandError, Shard, dispatch::attempt_of, live::AfterCommit, message::Control, timers::Alarm,
};
use crate::{
    audit::Deed,
    context::Deliverables,
    crew::{Delivery, Spoiled},
    id::{JobId, TaskId},
    job::{Command, JobEvent},
    outcome::{Failure, FailureKind, Outcome},
    payload::Payload,
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
        // A handing out that the job gave up, or that rested on a commit that failed.
        let Some(held) = live.held_under(report.key).copied() else {
            return self.forget_result(role, &report);
        };
        let outcome = label(&report.outcome);
        metrics::histogram!("callboard_task_duration_seconds", "role" => role.to_string(), "outcome" => outcome)
            .record(report.elapsed.as_secs_f64());
        let limit = live.job.tasks[task.index()].entry.timeout;
        let kind = live.job.kind.clone();
        live.put_down(role, task);
        self.tally_attempt(role, &kind, limit, &report);
        self.tell_attempt(&report, outcome);
        self.paces.note(role, report.elapsed);
        let released = self.is_draining() && matches!(report.outcome, Err(Fault::Aborted));
        let key = report.key;
        let ran = report.worker.map(|_| report.elapsed);
        let command = if released {
            Command::Release {
                task,
                attempt,
                begun: held.worker.is_some() || report.worker.is_some(),
            }
        } else {
            command_of(task, attempt, report.outcome)
        };
        let after = AfterCommit {
            acknowledge: Some((role.clone(), key)),
            controlled: None,
        };
        match self.decide_end(id, command, ran) {
            Ok(decided) => {
                self.carry_out(id, decided, after, None);
                self.offer_ready(id);
            }
            Err(_) => {
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

    /// Does what a caller asks of a job, reading it from the journal first if it is parked.
    pub(super) fn control(&mut self, control: Control, ctx: &mut ResidentContext<Self>) {
        let id = control.job;
        if self.is_draining() {
            return control.answer(Err(CommandError::Draining));
        }
        if self.reloading.contains_key(&id) {
            return control.answer(Err(CommandError::Unavailable));
        }
        let owner = self
            .jobs
            .get(&id)
            .map(|live| &live.job.tenant)
            .or_else(|| self.parking.tenant_of(id));
        // A person may find out about an effect when its job has long ended.
        let may_have_ended = matches!(control.command, Command::Resolve { .. });
        match owner {
            Some(tenant) if *tenant != control.tenant => {
                control.answer(Err(CommandError::NotFound))
            }
            None if !may_have_ended => control.answer(Err(CommandError::NotFound)),
            Some(_) if self.jobs.contains_key(&id) => self.control_live(control),
            Some(_) | None => self.fetch(id, Some(control), ctx),
        }
    }

    fn control_live(&mut self, control: Control) {
        let Control {
            job: id,
            tenant,
            command,
            author,
            reply,
        } = control;
        let deed = Deed::command(author, id, &command);
        let is_own = self
            .jobs
            .get(&id)
            .is_some_and(|live| live.job.tenant == tenant);
        let decided = match is_own {
            true => self.decide(id, command).map_err(CommandError::from),
            false => Err(CommandError::NotFound),
        };
        match decided {
            Ok(decided) => {
                let after = AfterCommit {
                    acknowledge: None,
                    controlled: Some(reply),
                };
                self.carry_out(id, decided, after, deed);
            }
            // Err means that the caller has gone.
            Err(refused) => drop(reply.send(Err(refused))),
        }
    }

    pub(super) fn run_due(&mut self, ctx: &mut ResidentContext<Self>) {
        self.timers.fired();
        while let Some(alarm) = self.timers.pop_due(self.ports.clock.now()) {
            let (id, command) = match alarm {
                Alarm::Wake { job, task } => (job, Command::Wake { task }),
                Alarm::Expire { job } => (job, Command::Expire),
                Alarm::Rouse { job } => {
                    self.fetch(job, None, ctx);
                    continue;
                }
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
            Err(Spoiled::Unstored(cause)) => failed(FailureKind::Unstored, cause, None),
            Err(Spoiled::Unusable(reason)) => Command::TaskSpoiled {
                task,
                attempt,
                reason,
            },
            Ok(outcome) => command_of_outcome(task, attempt, outcome, deliverables),
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

fn command_of_outcome(
    task: TaskId,
    attempt: u32,
    outcome: Outcome<Payload>,
    deliverables: Deliverables,
) -> Command {
    let failed = |kind, message: String, after| Command::TaskFailed {
        task,
        attempt,
        failure: Failure::new(kind, message),
        after,
    };
    match outcome {
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
        Outcome::NeedsApproval { why, within } => Command::ApprovalNeeded {
            task,
            attempt,
            why,
            within,
        },
        Outcome::AwaitSignal { name, within } => Command::SignalNeeded {
            task,
            attempt,
            name,
            within,
        },
        Outcome::Reject { reason } => failed(FailureKind::Domain, reason, None),
    }
}

fn label(outcome: &Result<Delivery, Fault>) -> &'static str {
    match outcome {
        Ok(Delivery { outcome, .. }) => match outcome {
            Ok(Outcome::Done(_)) => "done",
            Ok(Outcome::Retry { .. }) => "retry",
            Ok(Outcome::Snooze { .. }) => "snooze",
            Ok(Outcome::NeedsApproval { .. }) => "needs_approval",
            Ok(Outcome::AwaitSignal { .. }) => "await_signal",
            Ok(Outcome::Reject { .. }) => "reject",
            Err(Spoiled::Unstored(_)) => "unstored",
            Err(Spoiled::Unusable(_)) => "unusable",
        },
        Err(Fault::Panicked(_)) => "panicked",
        Err(Fault::Aborted) => "aborted",
        Err(Fault::Timeout) => "timeout",
        Err(Fault::Stalled) => "stalled",
        Err(Fault::WorkerLost) => "worker_lost",
    }
}
