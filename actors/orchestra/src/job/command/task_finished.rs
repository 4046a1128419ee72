//! An attempt succeeded: its claims and verdicts are checked, what waited for it goes out, and the job moves on when it
//! was the last.

use super::{Applied, Moment, growth, plan_accepted, spoiled};
use crate::{
    context::Deliverables,
    fact::{Standing, Verdict},
    id::{FactId, TaskId},
    job::{Effect, Job, JobEvent, Stage, Task, wave},
    payload::Payload,
};

/// Claims, verdicts or quotes of one task.
pub const CLAIMS_MAX: usize = 10_000;

pub(super) fn apply(
    job: &Job,
    task: &Task,
    product: Payload,
    mut deliverables: Deliverables,
    moment: Moment<'_>,
) -> Applied {
    if task.stage == Stage::Plan {
        return plan_accepted::apply(job, task, &product, &deliverables, moment);
    }
    if let Err(reason) = lint(job, task, &deliverables) {
        return spoiled(task, reason);
    }
    let growth = std::mem::take(&mut deliverables.growth);
    let mut applied = Applied {
        events: vec![succeeded(task, product, deliverables)],
        effects: Vec::new(),
    };
    match task.stage {
        Stage::Plan => {}
        Stage::Execute => {
            let unblocked = wave::unblocked_by(job, task.id());
            applied
                .effects
                .extend(unblocked.into_iter().map(Effect::Offer));
            let is_last = job.open_tasks == 1 && growth.is_empty();
            if !growth.is_empty() {
                match growth::add(job, task.id(), growth, moment.catalog) {
                    Ok((event, effects)) => {
                        applied.events.push(event);
                        applied.effects.extend(effects);
                    }
                    Err(error) => return spoiled(task, error.to_string()),
                }
            }
            if is_last {
                move_on(&mut applied, JobEvent::JobAggregating {}, job.aggregate);
            }
        }
        Stage::Aggregate if job.check.is_some() => {
            move_on(&mut applied, JobEvent::JobValidating {}, job.check)
        }
        Stage::Aggregate | Stage::Check => {
            applied.events.push(JobEvent::JobSucceeded {});
            applied.effects.push(Effect::End);
        }
    }
    applied
}

fn move_on(applied: &mut Applied, event: JobEvent, next: Option<TaskId>) {
    applied.events.push(event);
    applied.effects.extend(next.map(Effect::Offer));
}

fn succeeded(task: &Task, product: Payload, deliverables: Deliverables) -> JobEvent {
    JobEvent::TaskSucceeded {
        task: task.id(),
        attempt: task.attempt,
        product,
        claims: deliverables.claims,
        verdicts: deliverables.verdicts,
        quotes: deliverables.quotes,
        artifacts: deliverables
            .artifacts
            .into_iter()
            .map(|new| new.artifact)
            .collect(),
        ran_ms: None,
    }
}

/// A claim rests on known facts, a verdict concerns a claim of a task it depends on, a report quotes verified facts.
fn lint(job: &Job, task: &Task, deliverables: &Deliverables) -> Result<(), String> {
    let Deliverables {
        claims,
        verdicts,
        quotes,
        ..
    } = deliverables;
    if task.stage != Stage::Execute && !deliverables.growth.is_empty() {
        return Err("a plan grows only while its tasks run".to_owned());
    }
    for (what, count) in [
        ("claims", claims.len()),
        ("verdicts", verdicts.len()),
        ("quotes", quotes.len()),
    ] {
        if count > CLAIMS_MAX {
            return Err(format!("{count} {what}, more than {CLAIMS_MAX}"));
        }
    }
    for (index, claim) in (0..).zip(claims) {
        let is_known =
            |id: &FactId| job.facts.contains_key(id) || (id.task == task.id() && id.index < index);
        if let Some(unknown) = claim.derived_from.iter().find(|id| !is_known(id)) {
            return Err(format!(
                "claim `{}` rests on {unknown}, which does not exist",
                claim.statement
            ));
        }
    }
    for fact in verdicts.iter().map(Verdict::fact) {
        if !(task.entry.after.contains(&fact.task) && job.facts.contains_key(&fact)) {
            return Err(format!(
                "verdict on {fact}, which is no claim of a task this one depends on"
            ));
        }
    }
    for quote in quotes {
        match job.facts.get(quote).map(|fact| &fact.standing) {
            Some(Standing::Verified { .. }) => {}
            Some(Standing::Claimed | Standing::Refuted { .. }) | None => {
                return Err(format!("the report quotes {quote}, which is not verified"));
            }
        }
    }
    Ok(())
}
