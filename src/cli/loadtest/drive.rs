//! Asks on schedule, whether or not earlier answers have come.

use std::{future::ready, time::Duration};

use futures_util::{
    StreamExt,
    stream::{self, FuturesUnordered},
};
use tokio::time::{Instant, sleep, sleep_until, timeout_at};

use super::{
    exchange::{Exchanged, Pool, Trouble},
    profile::Class,
    questions::{Questions, Right},
    tally::{Answered, Tally},
};

/// Jobs that were accepted and not waited for, all of them, must have ended this long after the last request.
const ENDED_WITHIN: Duration = Duration::from_secs(60);
const ENDED_LOOK_EVERY: Duration = Duration::from_millis(50);
/// Jobs that are asked for at one time.
const LOOKS_AT_ONCE: usize = 32;

/// How much, and how long.
#[derive(Debug, Clone)]
pub struct Schedule {
    pub rate_per_s: u32,
    /// Requests due in it are asked and not counted.
    pub warm_up: Duration,
    pub time: Duration,
    /// Requests under way at one time; what is due beyond them is not sent.
    pub in_flight_max: usize,
}

impl Schedule {
    /// When the request with this number is due, from the start.
    fn due(&self, number: u64) -> Duration {
        Duration::from_secs_f64(number as f64 / f64::from(self.rate_per_s))
    }
}

/// Runs the schedule to its end and waits for every answer.
pub async fn drive(schedule: &Schedule, pool: &Pool, questions: &Questions) -> Tally {
    let mut tally = Tally::new(schedule.warm_up, schedule.time);
    let mut flying = FuturesUnordered::new();
    let began = Instant::now();
    let end = schedule.warm_up + schedule.time;
    let mut next = 0;
    loop {
        while schedule.due(next) < end && began + schedule.due(next) <= Instant::now() {
            let (due, number, class) = (schedule.due(next), next, Class::of(next));
            next += 1;
            if flying.len() >= schedule.in_flight_max {
                let outcome = Err(Trouble::NotSent);
                tally.add(Answered {
                    class,
                    due,
                    at: due,
                    outcome,
                    resends: 0,
                });
                continue;
            }
            flying.push(async move {
                let Exchanged { outcome, resends } = questions.ask(pool, class, number).await;
                Answered {
                    class,
                    due,
                    at: began.elapsed(),
                    outcome,
                    resends,
                }
            });
        }
        let due = schedule.due(next);
        if due >= end && flying.is_empty() {
            return tally;
        }
        tokio::select! {
            () = sleep_until(began + due), if due < end => {}
            Some(answered) = flying.next(), if !flying.is_empty() => tally.add(answered),
        }
    }
}

/// How many of the jobs that were accepted have not succeeded in the end.
pub async fn lost(accepted: &[String], pool: &Pool, questions: &Questions) -> u64 {
    let until = Instant::now() + ENDED_WITHIN;
    let looks = accepted
        .iter()
        .map(|id| timeout_at(until, has_succeeded(id, pool, questions)));
    let seen = stream::iter(looks).buffer_unordered(LOOKS_AT_ONCE);
    let lost = seen.filter(|look| ready(!matches!(look, Ok(true))));
    lost.count().await as u64
}

async fn has_succeeded(id: &str, pool: &Pool, questions: &Questions) -> bool {
    loop {
        match questions.state(pool, id).await.as_deref() {
            Some("succeeded") => return true,
            Some("failed" | "cancelled") => return false,
            Some(_) | None => sleep(ENDED_LOOK_EVERY).await,
        }
    }
}

/// What a right answer leaves to be looked after.
pub fn accepted(outcome: &Result<Right, Trouble>) -> Option<&str> {
    match outcome {
        Ok(Right::Accepted(id)) => Some(id),
        Ok(Right::Whole) | Err(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_are_due_at_even_intervals() {
        let schedule = Schedule {
            rate_per_s: 1_000,
            warm_up: Duration::ZERO,
            time: Duration::from_secs(1),
            in_flight_max: 1,
        };
        assert_eq!(schedule.due(0), Duration::ZERO);
        assert_eq!(schedule.due(1_500), Duration::from_millis(1_500));
    }
}
