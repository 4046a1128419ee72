//! Turns what came of every request into figures.

use std::{collections::BTreeMap, time::Duration};

use super::{
    criteria::{Found, ms},
    profile::Class,
    report::{ALL, Figures, Latency, Second},
    tally::Tally,
};
use crate::cli::bench::measure::percentile;

/// Figures by class, and of all together.
pub fn classes(tally: &Tally) -> BTreeMap<String, Figures> {
    let each = Class::ALL.map(|class| (class.name(), figures(tally, |of| of == class)));
    each.into_iter()
        .chain([(ALL, figures(tally, |_| true))])
        .map(|(name, figures)| (name.to_owned(), figures))
        .collect()
}

fn figures(tally: &Tally, counts: impl Fn(Class) -> bool) -> Figures {
    let samples = tally.samples.iter().filter(|sample| counts(sample.class));
    let latencies: Vec<Duration> = samples.map(|sample| sample.latency).collect();
    let mut errors = BTreeMap::<String, u64>::new();
    for ((class, trouble), count) in &tally.errors {
        if counts(*class) {
            *errors.entry(trouble.name()).or_default() += count;
        }
    }
    Figures {
        answered: latencies.len() as u64,
        answered_per_s: latencies.len() as f64 / tally.time.as_secs_f64(),
        errors,
        latency_ms: latency(&latencies),
    }
}

/// None of nothing.
fn latency(latencies: &[Duration]) -> Option<Latency> {
    let at = |percent| percentile(latencies.iter().copied().map(ms), percent);
    Some(Latency {
        p50: at(50)?,
        p75: at(75)?,
        p90: at(90)?,
        p95: at(95)?,
        p99: at(99)?,
        max: at(100)?,
    })
}

/// Every second of the measured time.
pub fn timeline(tally: &Tally) -> Vec<Second> {
    let seconds = tally.time.as_secs() as usize;
    let mut latencies = vec![Vec::new(); seconds];
    for sample in &tally.samples {
        if let Some(second) = latencies.get_mut(sample.second) {
            second.push(ms(sample.latency));
        }
    }
    let seconds = latencies.into_iter().enumerate();
    seconds
        .map(|(second, latencies)| Second {
            second: second as u64,
            answered: latencies.len() as u64,
            errors: tally
                .errors_by_second
                .get(&second)
                .copied()
                .unwrap_or_default(),
            p50_ms: percentile(latencies.iter().copied(), 50),
            p99_ms: percentile(latencies, 99),
        })
        .collect()
}

/// What criteria look at.
pub fn found(tally: &Tally, all: &Figures, lost: u64) -> Found {
    let refusals = tally.errors.iter();
    let refusals = refusals.filter(|((_, trouble), _)| trouble.is_refusal());
    Found {
        answered: all.answered,
        errors: all.failed(),
        refusals: refusals.map(|(_, count)| count).sum(),
        lost,
        resent: tally.resent,
        gap_ms: ms(tally.longest_gap()),
        latency: all.latency_ms,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::loadtest::{exchange::Trouble, questions::Right, tally::Answered};

    fn tally() -> Tally {
        let mut tally = Tally::new(Duration::ZERO, Duration::from_secs(2));
        for number in 0..100 {
            let due = Duration::from_millis(number * 20);
            let class = Class::of(number);
            let outcome = match number {
                99 => Err(Trouble::Status {
                    status: 503,
                    code: Some("overloaded".to_owned()),
                    retry_after: true,
                }),
                _ => Ok(Right::Whole),
            };
            tally.add(Answered {
                class,
                due,
                at: due + Duration::from_millis(number + 1),
                outcome,
                resends: 0,
            });
        }
        tally
    }

    #[test]
    fn every_class_has_its_figures_and_all_have_theirs() {
        let classes = classes(&tally());
        let answered = |name: &str| classes[name].answered;
        assert_eq!(
            [answered("read"), answered("submit"), answered("list")],
            [69, 20, 10]
        );
        let all = &classes["all"];
        assert_eq!((all.answered, all.failed()), (99, 1));
        assert_eq!(all.errors["http_503_overloaded_retry_after"], 1);
        assert_eq!(all.answered_per_s, 49.5);
        let latency = all.latency_ms.unwrap();
        assert_eq!((latency.p50, latency.p99, latency.max), (50.0, 99.0, 99.0));
        assert_eq!(found(&tally(), all, 0).refusals, 1);
    }

    #[test]
    fn every_second_has_its_answers_and_errors() {
        let timeline = timeline(&tally());
        assert_eq!(timeline.len(), 2);
        assert_eq!((timeline[0].answered, timeline[0].errors), (50, 0));
        assert_eq!((timeline[1].answered, timeline[1].errors), (49, 1));
        assert_eq!(timeline[0].p50_ms, Some(25.0));
    }
}
