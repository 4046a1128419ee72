//! The circuit breaker of one role, as a value: outcomes and instants in, gate and changes out.
//! It counts panics, timeouts, stalls and failed outputs of tasks; it never sees deaths of shells and never escalates.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tokio::time::Instant;

use crate::alarm::later;
use crate::crew::{BreakerSpec, BreakerState};

pub(crate) struct Breaker {
    spec: BreakerSpec,
    outcomes: VecDeque<Outcome>,
    failures: usize,
    state: State,
    /// Since the breaker was last closed; doubles the cooldown.
    opened_in_a_row: u32,
    probe_out: Arc<AtomicBool>,
}

#[derive(Clone, Copy)]
struct Outcome {
    source: u128,
    failed: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Closed,
    Open { until: Instant },
    HalfOpen,
}

/// Whether a task may be handed out.
#[derive(Debug)]
pub(crate) enum Gate {
    Pass,
    /// As the one probe; it goes back when the value is dropped.
    Probe(Probe),
    Shut {
        retry_after: Duration,
    },
}

/// The right to be the one task of a half-open breaker. Dropping it gives the right back.
#[derive(Debug)]
pub(crate) struct Probe(Arc<AtomicBool>);

impl Drop for Probe {
    fn drop(&mut self) {
        self.0.store(false, Ordering::Release);
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Change {
    Opened { cooldown: Duration },
    HalfOpened,
    Closed,
}

impl Breaker {
    pub(crate) fn new(spec: BreakerSpec) -> Self {
        Self {
            outcomes: VecDeque::with_capacity(spec.window),
            spec,
            failures: 0,
            state: State::Closed,
            opened_in_a_row: 0,
            probe_out: Arc::default(),
        }
    }

    pub(crate) fn state(&self) -> BreakerState {
        match self.state {
            State::Closed => BreakerState::Closed,
            State::Open { .. } => BreakerState::Open,
            State::HalfOpen => BreakerState::HalfOpen,
        }
    }

    /// When an open breaker becomes half-open.
    pub(crate) fn due(&self) -> Option<Instant> {
        match self.state {
            State::Open { until } => Some(until),
            State::Closed | State::HalfOpen => None,
        }
    }

    /// How long it stays open, or would if its probe failed.
    pub(crate) fn cooldown(&self) -> Duration {
        let doublings = self.opened_in_a_row.saturating_sub(1);
        let factor = 2_u32.checked_pow(doublings).unwrap_or(u32::MAX);
        self.spec
            .cooldown
            .saturating_mul(factor)
            .min(self.spec.cooldown_max)
    }

    pub(crate) fn tick(&mut self, now: Instant) -> Option<Change> {
        match self.state {
            State::Open { until } if until <= now => {
                self.state = State::HalfOpen;
                Some(Change::HalfOpened)
            }
            State::Open { .. } | State::Closed | State::HalfOpen => None,
        }
    }

    /// Asks to hand out one task.
    pub(crate) fn gate(&self, now: Instant) -> Gate {
        match self.state {
            State::Closed => Gate::Pass,
            State::Open { until } => Gate::Shut {
                retry_after: until.saturating_duration_since(now),
            },
            State::HalfOpen => match self.probe_out.swap(true, Ordering::AcqRel) {
                false => Gate::Probe(Probe(self.probe_out.clone())),
                true => Gate::Shut {
                    retry_after: self.cooldown(),
                },
            },
        }
    }

    /// Counts the outcome of a task. Half-open, only the probe's counts; open, none does.
    pub(crate) fn record(
        &mut self,
        now: Instant,
        source: u128,
        failed: bool,
        was_probe: bool,
    ) -> Option<Change> {
        match self.state {
            State::Closed => {
                self.remember(Outcome { source, failed });
                (failed && self.must_open()).then(|| self.open(now))
            }
            State::HalfOpen if was_probe && failed => Some(self.open(now)),
            State::HalfOpen if was_probe => Some(self.close()),
            State::HalfOpen | State::Open { .. } => None,
        }
    }

    /// Closes it whatever its state; some change unless it was closed.
    pub(crate) fn reset(&mut self) -> Option<Change> {
        let was_closed = self.state == State::Closed;
        let change = self.close();
        (!was_closed).then_some(change)
    }

    fn remember(&mut self, outcome: Outcome) {
        if self.outcomes.len() == self.spec.window {
            let oldest = self.outcomes.pop_front();
            self.failures -= usize::from(oldest.is_some_and(|oldest| oldest.failed));
        }
        self.failures += usize::from(outcome.failed);
        self.outcomes.push_back(outcome);
    }

    fn must_open(&self) -> bool {
        let by_share = self.failures >= self.spec.failures_min
            && self.failures * 2 >= self.outcomes.len()
            && sources(self.outcomes.iter().filter(|outcome| outcome.failed))
                >= self.spec.sources_min;
        let few = self.outcomes.len() < self.spec.window;
        by_share || (few && self.streak_is_long())
    }

    fn streak_is_long(&self) -> bool {
        let streak = self
            .outcomes
            .iter()
            .rev()
            .take_while(|outcome| outcome.failed);
        streak.clone().count() >= self.spec.streak && sources(streak) >= self.spec.streak_sources
    }

    fn open(&mut self, now: Instant) -> Change {
        self.opened_in_a_row = self.opened_in_a_row.saturating_add(1);
        let cooldown = self.cooldown();
        self.state = State::Open {
            until: later(now, cooldown),
        };
        Change::Opened { cooldown }
    }

    fn close(&mut self) -> Change {
        self.state = State::Closed;
        self.opened_in_a_row = 0;
        self.outcomes.clear();
        self.failures = 0;
        Change::Closed
    }
}

fn sources<'a>(outcomes: impl Iterator<Item = &'a Outcome>) -> usize {
    let mut sources: Vec<u128> = outcomes.map(|outcome| outcome.source).collect();
    sources.sort_unstable();
    sources.dedup();
    sources.len()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn breaker() -> Breaker {
        Breaker::new(BreakerSpec::default())
    }

    fn open_by_streak(breaker: &mut Breaker, now: Instant) -> Change {
        (0..5)
            .find_map(|source| breaker.record(now, source, true, false))
            .expect("five failures in a row from five sources")
    }

    fn half_open(breaker: &mut Breaker, now: Instant) -> Instant {
        open_by_streak(breaker, now);
        let due = breaker.due().unwrap();
        assert_eq!(breaker.tick(due), Some(Change::HalfOpened));
        due
    }

    #[test]
    fn five_failures_in_a_row_from_two_sources_open_a_breaker_with_few_outcomes() {
        let now = Instant::now();
        let mut breaker = breaker();
        for _ in 0..4 {
            assert_eq!(breaker.record(now, 1, true, false), None);
        }
        let change = breaker.record(now, 2, true, false);
        let cooldown = Duration::from_secs(1);
        assert_eq!(change, Some(Change::Opened { cooldown }));
        assert_eq!(breaker.due(), Some(now + cooldown));
    }

    #[test]
    fn one_source_alone_never_opens_it() {
        let now = Instant::now();
        let mut breaker = breaker();
        assert!((0..500).all(|_| breaker.record(now, 1, true, false).is_none()));
        assert_eq!(breaker.state(), BreakerState::Closed);
    }

    #[test]
    fn half_of_a_full_window_from_three_sources_opens_it_and_less_does_not() {
        let now = Instant::now();
        for (failures, opens) in [(25, true), (24, false)] {
            let mut breaker = breaker();
            for _ in 0..50 - failures {
                breaker.record(now, 0, false, false);
            }
            for _ in 0..50 {
                // Keeps the window full while failures and successes alternate at the wanted share.
                breaker.record(now, 0, false, false);
            }
            let mut opened = false;
            let (mut bad, mut good) = (0, 0);
            for nth in 0..50_u128 {
                let failed = bad * 50 <= nth as usize * failures && bad < failures;
                opened |= breaker.record(now, nth % 3, failed, false).is_some();
                if failed { bad += 1 } else { good += 1 }
            }
            assert_eq!((bad, good), (failures, 50 - failures));
            assert_eq!(opened, opens, "{failures} of 50");
        }
    }

    #[test]
    fn a_streak_alone_does_not_open_a_breaker_with_a_full_window() {
        let now = Instant::now();
        let mut breaker = breaker();
        for _ in 0..50 {
            breaker.record(now, 0, false, false);
        }
        for source in 0..24 {
            assert_eq!(breaker.record(now, source, true, false), None);
        }
        assert!(breaker.record(now, 24, true, false).is_some());
    }

    #[test]
    fn half_open_lets_exactly_one_of_a_hundred_through() {
        let mut breaker = breaker();
        let now = half_open(&mut breaker, Instant::now());
        let gates: Vec<Gate> = (0..100).map(|_| breaker.gate(now)).collect();
        let probes = gates
            .iter()
            .filter(|gate| matches!(gate, Gate::Probe(_)))
            .count();
        let shut = gates
            .iter()
            .filter(|gate| matches!(gate, Gate::Shut { .. }))
            .count();
        assert_eq!((probes, shut), (1, 99));
    }

    #[test]
    fn a_dropped_probe_gives_its_right_back() {
        let mut breaker = breaker();
        let now = half_open(&mut breaker, Instant::now());
        let probe = breaker.gate(now);
        assert!(matches!(breaker.gate(now), Gate::Shut { .. }));
        drop(probe);
        assert!(matches!(breaker.gate(now), Gate::Probe(_)));
    }

    #[test]
    fn a_good_probe_closes_it_and_a_bad_one_doubles_the_cooldown_up_to_the_maximum() {
        let mut breaker = breaker();
        let mut now = half_open(&mut breaker, Instant::now());
        let mut cooldowns = Vec::new();
        for _ in 0..8 {
            match breaker.record(now, 9, true, true) {
                Some(Change::Opened { cooldown }) => cooldowns.push(cooldown.as_secs()),
                other => panic!("expected it to open, got {other:?}"),
            }
            now = breaker.due().unwrap();
            breaker.tick(now);
        }
        assert_eq!(cooldowns, [2, 4, 8, 16, 32, 60, 60, 60]);
        assert_eq!(breaker.record(now, 9, false, true), Some(Change::Closed));
        let change = open_by_streak(&mut breaker, now);
        let cooldown = Duration::from_secs(1);
        assert_eq!(change, Change::Opened { cooldown });
    }

    #[test]
    fn outcomes_of_tasks_handed_out_before_it_opened_change_nothing() {
        let mut breaker = breaker();
        let now = Instant::now();
        open_by_streak(&mut breaker, now);
        assert_eq!(breaker.record(now, 1, false, false), None);
        let now = breaker.due().unwrap();
        breaker.tick(now);
        assert_eq!(breaker.record(now, 1, false, false), None);
        assert_eq!(breaker.record(now, 1, true, false), None);
        assert_eq!(breaker.state(), BreakerState::HalfOpen);
    }

    #[test]
    fn it_stays_open_until_its_cooldown_is_over_to_the_instant() {
        let mut breaker = breaker();
        let now = Instant::now();
        open_by_streak(&mut breaker, now);
        let due = breaker.due().unwrap();
        assert_eq!(breaker.tick(due - Duration::from_nanos(1)), None);
        assert!(matches!(
            breaker.gate(due - Duration::from_millis(400)),
            Gate::Shut { retry_after } if retry_after == Duration::from_millis(400)
        ));
        assert_eq!(breaker.tick(due), Some(Change::HalfOpened));
    }

    #[test]
    fn a_reset_closes_it_and_says_so_only_if_it_was_not_closed() {
        let mut breaker = breaker();
        assert_eq!(breaker.reset(), None);
        open_by_streak(&mut breaker, Instant::now());
        assert_eq!(breaker.reset(), Some(Change::Closed));
        assert!(matches!(breaker.gate(Instant::now()), Gate::Pass));
    }

    proptest! {
        #[test]
        fn the_window_never_holds_more_than_it_may_and_counts_its_failures(
            outcomes in prop::collection::vec((0_u128..4, any::<bool>()), 0..300),
        ) {
            let now = Instant::now();
            let mut breaker = breaker();
            for (source, failed) in outcomes {
                breaker.record(now, source, failed, false);
                let failures = breaker.outcomes.iter().filter(|outcome| outcome.failed).count();
                prop_assert_eq!(breaker.failures, failures);
                prop_assert!(breaker.outcomes.len() <= breaker.spec.window);
            }
        }
    }
}
