//! What is found of each part. The costly looks are for whoever asks for them.

use std::time::Duration;

use callboard_orchestra::{JournalVitals, RecoveryProgress};
use callboard_runtime::{BreakerState, Condition, CrewVitals};

use crate::{health::Finding, http::desk::Desk, redis_link::RedisLink};

/// Records that have waited for so long for a commit will hardly be committed.
const COMMIT_STUCK: Duration = Duration::from_secs(10);
/// A commit that takes longer is felt by everyone.
const COMMIT_SLOW: Duration = Duration::from_secs(1);
/// How long a slow commit is spoken of.
const COMMIT_RECENT: Duration = Duration::from_secs(60);

/// Reads a row and looks how the last commit went; `deep` begins a write as well.
pub async fn store(desk: &Desk, deep: bool) -> Finding {
    let read = desk.store.probe().await;
    let written = match deep {
        true => read.and(desk.store.probe_writer().await),
        false => read,
    };
    match (written, desk.store.refusal()) {
        (Err(error), _) => Finding::unhealthy(error.to_string()),
        (Ok(()), Some(cause)) => Finding::degraded(format!("the last commit failed: {cause}")),
        (Ok(()), None) => Finding::healthy(),
    }
}

pub fn journal(vitals: &JournalVitals) -> Finding {
    let JournalVitals {
        waiting,
        committing_for,
        last_commit,
    } = *vitals;
    let ms = |time: Duration| time.as_secs_f64() * 1e3;
    if let Some(so_far) = committing_for.filter(|so_far| *so_far > COMMIT_STUCK) {
        let seconds = so_far.as_secs_f64();
        return Finding::unhealthy(format!(
            "a commit has taken {seconds:.1} s so far; {waiting} records wait"
        ));
    }
    let Some(last) = last_commit else {
        return Finding::well(format!("no commit yet; {waiting} records wait"));
    };
    let message = format!(
        "the last commit, {:.1} s ago, took {:.1} ms; {waiting} records wait",
        last.ago.as_secs_f64(),
        ms(last.took)
    );
    let is_slow = last.took > COMMIT_SLOW && last.ago < COMMIT_RECENT
        || committing_for.is_some_and(|so_far| so_far > COMMIT_SLOW);
    match is_slow {
        true => Finding::degraded(message),
        false => Finding::well(message),
    }
}

/// Asks only where `deep`; otherwise says how the last question went.
pub async fn redis(link: &RedisLink, deep: bool) -> Finding {
    let answers = match deep {
        true => {
            let pong = link.ask(async |connection| {
                let pong: Result<String, redis::RedisError> =
                    redis::cmd("PING").query_async(connection).await;
                pong
            });
            pong.await.is_some()
        }
        false => link.answers(),
    };
    match answers {
        true => Finding::healthy(),
        false => Finding::degraded("does not answer: this node goes by limits of its own"),
    }
}

/// Looks whether the folder is there; `deep` writes a file.
pub async fn artifacts(desk: &Desk, deep: bool) -> Finding {
    match desk.store.probe_artifacts(deep).await {
        Ok(()) => Finding::healthy(),
        Err(error) => Finding::unhealthy(error.to_string()),
    }
}

pub fn coordinator(desk: &Desk) -> Finding {
    if desk.is_draining() {
        return Finding::unhealthy("shutting down");
    }
    if !desk.house.coordinator.is_ready() {
        let progress = match desk.house.coordinator.recovery() {
            Some(RecoveryProgress {
                taken_up,
                found: Some(found),
            }) => format!(": {taken_up} of {found}"),
            Some(_) | None => String::new(),
        };
        return Finding::unhealthy(format!("taking up live jobs from the journal{progress}"));
    }
    let admission = desk.house.coordinator.admission();
    Finding::well(format!(
        "{} live jobs, {} unfinished tasks",
        admission.live_jobs(),
        admission.unfinished_tasks()
    ))
}

pub fn arbiters(desk: &Desk) -> Finding {
    match desk.universe.condition() {
        Condition::Failed(cause) => Finding::unhealthy(cause),
        Condition::Degraded(reasons) if !desk.universe.is_ready() => {
            Finding::unhealthy(reasons.join("; "))
        }
        Condition::Degraded(_) | Condition::Sound => Finding::healthy(),
    }
}

pub fn crew(crew: &CrewVitals) -> Finding {
    let because = crew
        .last_failure
        .as_ref()
        .map(|failure| format!("; last failure: {failure}"))
        .unwrap_or_default();
    match crew.breaker.state {
        BreakerState::Open => {
            let retry_s = crew.breaker.retry_after_ms as f64 / 1e3;
            Finding::degraded(format!("breaker open, next try in {retry_s:.1} s{because}"))
        }
        BreakerState::HalfOpen => Finding::degraded(format!(
            "breaker half-open, one task is let through{because}"
        )),
        BreakerState::Closed if crew.draining => {
            Finding::degraded(format!("draining, {} tasks in hand", crew.in_hand))
        }
        BreakerState::Closed if crew.paused => {
            Finding::degraded(format!("paused, {} tasks wait", crew.queue_depth))
        }
        BreakerState::Closed => Finding::healthy(),
    }
}

#[cfg(test)]
mod tests {
    use callboard_orchestra::LastCommit;

    use super::*;
    use crate::health::Status;

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn a_slow_commit_degrades_the_journal_and_one_that_does_not_end_is_unhealthy() {
        let last = |took, ago| Some(LastCommit { ago, took });
        for (committing_for, last_commit, status) in [
            (None, None, Status::Healthy),
            (None, last(SECOND / 100, SECOND), Status::Healthy),
            (None, last(SECOND * 2, SECOND), Status::Degraded),
            (None, last(SECOND * 2, SECOND * 600), Status::Healthy),
            (
                Some(SECOND * 2),
                last(SECOND / 100, SECOND),
                Status::Degraded,
            ),
            (Some(SECOND * 11), None, Status::Unhealthy),
        ] {
            let vitals = JournalVitals {
                waiting: 1,
                committing_for,
                last_commit,
            };
            assert_eq!(journal(&vitals).status, status, "{vitals:?}");
        }
    }
}
