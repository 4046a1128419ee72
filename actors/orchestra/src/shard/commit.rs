//! From a step to the journal and back: what happened is appended, what follows from it is done when it is committed.

use std::sync::Arc;

use callboard_runtime::ResidentContext;

use super::{
    Shard,
    live::{AfterCommit, LiveJob, Pending},
    message::CommandError,
};
use crate::{
    audit::{self, Deed},
    catalog::Catalog,
    id::{JobId, TaskId},
    job::{Effect, Job, Step},
    journal::{Record, Remembered, row_of},
    policy::EffectClass,
    time::Timestamp,
    writer::{Append, Settled, WriterMessage},
};

/// Where a record comes from, beside the step.
#[derive(Default)]
pub(super) struct Origin {
    /// What a caller asked for.
    pub deed: Option<Deed>,
    pub remember: Option<Remembered>,
}

impl Shard {
    /// Sends the events just folded into a live job to the journal.
    pub(super) fn append(
        &mut self,
        id: JobId,
        at: Timestamp,
        step: Step,
        after: AfterCommit,
        origin: Origin,
    ) {
        let live = self
            .jobs
            .get_mut(&id)
            .expect("the caller has just folded into it");
        let Step {
            events,
            effects,
            asides,
        } = step;
        let (events, row): (Arc<[_]>, _) = (events.into(), Arc::new(row_of(&live.job)));
        let Origin { deed, remember } = origin;
        let audit = audit::entries(&live.job.tenant, at, deed, &asides);
        let record = Record {
            job: id,
            tenant: live.job.tenant.clone(),
            first_seq: live.job.seq + 1 - events.len() as u64,
            at,
            events: events.clone(),
            row: row.clone(),
            remember,
            asides,
            audit,
        };
        let last_seq = live.job.seq;
        let catalog = &self.ports.catalog;
        let (ahead, effects): (Vec<_>, Vec<_>) = effects
            .into_iter()
            .partition(|effect| may_run_ahead(&live.job, *effect, catalog));
        let more_to_come = is_followed_at_once(live, &ahead, &effects, &after, catalog);
        live.pend(Pending {
            last_seq,
            events,
            row,
            effects,
            after,
        });
        let sink = self
            .sink
            .clone()
            .expect("set in started, before any message");
        let append = Append::new(record, live.life, sink, more_to_come);
        // Closed means that the universe is shutting down; the dropped append reports itself as failed.
        let _ = self
            .ports
            .writer
            .tell(WriterMessage::Append(Box::new(append)));
        self.run_effects(id, ahead);
    }

    pub(super) fn settled(&mut self, settled: Settled, ctx: &mut ResidentContext<Self>) {
        let Some(live) = self
            .jobs
            .get_mut(&settled.job)
            .filter(|live| live.life == settled.life)
        else {
            return;
        };
        if !settled.committed {
            return self.discard(settled.job, ctx);
        }
        for committed in live.take_committed(settled.last_seq) {
            self.log(settled.job, &committed.events);
            self.count_verdicts(settled.job, &committed.events);
            self.after_commit(settled.job, committed.after);
            self.run_effects(settled.job, committed.effects);
        }
        self.keep_snapshot(settled.job, ctx);
        self.rest(settled.job);
    }

    pub(super) fn after_commit(&mut self, id: JobId, after: AfterCommit) {
        let AfterCommit {
            acknowledge,
            controlled,
        } = after;
        if let Some((role, key)) = acknowledge
            && let Some(crew) = self.ports.crews.get(&role)
        {
            crew.acknowledge(key);
        }
        if let Some(reply) = controlled {
            if self.jobs.get(&id).is_some_and(|live| live.job.paused) {
                self.release_unoffered(id);
            }
            let controlled = self.jobs.get(&id).map(LiveJob::controlled);
            // Err means that the caller has gone.
            let _ = reply.send(controlled.ok_or(CommandError::Ended));
        }
    }

    pub(super) fn run_effects(&mut self, id: JobId, effects: Vec<Effect>) {
        for effect in effects {
            match effect {
                #[cfg(feature = "failpoints")]
                Effect::Offer(_) if is_lost() => {}
                Effect::Offer(task) => {
                    if let Some(live) = self.jobs.get_mut(&id) {
                        live.make_ready(task);
                    }
                }
                Effect::Wake { task, at } => self.timers.wake(at, id, task),
                Effect::Expire { at } => self.timers.expire(at, id),
                Effect::End => self.withdraw_all(id),
            }
        }
        self.offer_ready(id);
    }

    pub(super) fn retire_if_over(&mut self, id: JobId) {
        let Some(live) = self.jobs.get(&id).filter(|live| live.is_over()) else {
            return;
        };
        if !live.is_past {
            let (kind, state) = (live.job.kind.to_string(), live.job.state.name());
            metrics::counter!("callboard_jobs_total", "kind" => kind, "state" => state)
                .increment(1);
            self.tally_job(live);
            self.tell_job(&live.job);
        }
        self.jobs.remove(&id);
        self.timers.forget(id);
    }
}

/// Where a test may lose what was to be handed out.
#[cfg(feature = "failpoints")]
fn is_lost() -> bool {
    fail::fail_point!("shard::offer", |_| true);
    false
}

/// Whether the record of the step just taken is followed by another one at once, and nobody waits for its commit: a task
/// that runs ahead is in hand or about to be, and nothing that it leads to waits for the journal.
fn is_followed_at_once(
    live: &LiveJob,
    ahead: &[Effect],
    behind: &[Effect],
    after: &AfterCommit,
    catalog: &Catalog,
) -> bool {
    let waits = |effect: &Effect| matches!(effect, Effect::Offer(_) | Effect::End);
    let runs_ahead = |task: &TaskId| is_repeatable(&live.job, *task, catalog);
    let in_hand = || live.held.keys().any(runs_ahead);
    after.controlled.is_none()
        && !live.is_hurried()
        && !behind.iter().any(waits)
        && (!ahead.is_empty() || in_hand())
}

/// Whether an effect may be run while the record it follows from is still being committed: handing out a task that
/// touches nothing outside and may be repeated. Should the commit fail, its result is dropped.
fn may_run_ahead(job: &Job, effect: Effect, catalog: &Catalog) -> bool {
    matches!(effect, Effect::Offer(task) if is_repeatable(job, task, catalog))
}

/// Whether a task touches nothing outside and may be repeated.
fn is_repeatable(job: &Job, task: TaskId, catalog: &Catalog) -> bool {
    job.task(task).is_some_and(|task| {
        let is_pure = catalog
            .profile(&task.entry.role)
            .is_some_and(|role| role.pure);
        is_pure && task.entry.effect == EffectClass::Idempotent && !job.is_careful()
    })
}
