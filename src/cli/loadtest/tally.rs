//! What came of every request that counts.

use std::{collections::BTreeMap, time::Duration};

use super::{drive::accepted, exchange::Trouble, profile::Class, questions::Right};

/// What came of one request; times run from the start of the schedule.
#[derive(Debug)]
pub struct Answered {
    pub class: Class,
    pub due: Duration,
    pub at: Duration,
    pub outcome: Result<Right, Trouble>,
    pub resends: u32,
}

/// One right answer.
#[derive(Debug, Clone, Copy)]
pub struct Sample {
    pub class: Class,
    /// Second of the measured time in which it was due.
    pub second: usize,
    /// From the moment it was due.
    pub latency: Duration,
}

#[derive(Debug)]
pub struct Tally {
    warm_up: Duration,
    pub time: Duration,
    pub samples: Vec<Sample>,
    pub errors: BTreeMap<(Class, Trouble), u64>,
    /// Errors by the second in which they were due.
    pub errors_by_second: BTreeMap<usize, u64>,
    /// Ids of jobs that were accepted and not waited for.
    pub accepted: Vec<String>,
    /// Sendings beyond the first.
    pub resent: u64,
    /// Moments at which a right answer came.
    answers: Vec<Duration>,
}

impl Tally {
    pub fn new(warm_up: Duration, time: Duration) -> Self {
        Self {
            warm_up,
            time,
            samples: Vec::new(),
            errors: BTreeMap::new(),
            errors_by_second: BTreeMap::new(),
            accepted: Vec::new(),
            resent: 0,
            answers: Vec::new(),
        }
    }

    pub fn add(&mut self, answered: Answered) {
        // A job counts, whenever it was accepted.
        self.accepted
            .extend(accepted(&answered.outcome).map(str::to_owned));
        let Some(measured) = answered.due.checked_sub(self.warm_up) else {
            return;
        };
        let second = measured.as_secs() as usize;
        self.resent += u64::from(answered.resends);
        match answered.outcome {
            Ok(_) => {
                self.answers.push(answered.at);
                self.samples.push(Sample {
                    class: answered.class,
                    second,
                    latency: answered.at.saturating_sub(answered.due),
                });
            }
            Err(trouble) => {
                *self.errors.entry((answered.class, trouble)).or_default() += 1;
                *self.errors_by_second.entry(second).or_default() += 1;
            }
        }
    }

    /// Longest time between two right answers, one after the other. Zero of fewer than two.
    pub fn longest_gap(&self) -> Duration {
        let mut answers = self.answers.clone();
        answers.sort_unstable();
        let gaps = answers.windows(2).map(|pair| pair[1] - pair[0]);
        gaps.max().unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answered(due_ms: u64, at_ms: u64, outcome: Result<Right, Trouble>) -> Answered {
        Answered {
            class: Class::Read,
            due: Duration::from_millis(due_ms),
            at: Duration::from_millis(at_ms),
            outcome,
            resends: 1,
        }
    }

    #[test]
    fn latency_runs_from_the_moment_a_request_was_due_and_the_warm_up_does_not_count() {
        let mut tally = Tally::new(Duration::from_secs(1), Duration::from_secs(9));
        tally.add(answered(999, 1_500, Ok(Right::Whole)));
        tally.add(answered(500, 600, Ok(Right::Accepted("j".to_owned()))));
        tally.add(answered(2_000, 2_300, Ok(Right::Whole)));
        tally.add(answered(2_100, 2_100, Err(Trouble::NotSent)));
        let [sample] = tally.samples.as_slice() else {
            panic!("{tally:?}");
        };
        assert_eq!((sample.second, sample.latency.as_millis()), (1, 300));
        assert_eq!(tally.errors[&(Class::Read, Trouble::NotSent)], 1);
        assert_eq!(tally.errors_by_second[&1], 1);
        assert_eq!(tally.accepted, ["j"]);
        assert_eq!(tally.resent, 2);
    }

    #[test]
    fn the_longest_gap_is_between_answers_in_the_order_they_came() {
        let mut tally = Tally::new(Duration::ZERO, Duration::from_secs(9));
        assert_eq!(tally.longest_gap(), Duration::ZERO);
        for at in [100, 900, 150, 400] {
            tally.add(answered(0, at, Ok(Right::Whole)));
        }
        assert_eq!(tally.longest_gap(), Duration::from_millis(500));
    }
}
