//! What could be done about the cost of a role: one function a rule, each from figures to a suggestion or none.

use std::time::Duration;

use super::{
    figures::RoleCost,
    suggestion::{Suggestion, figures, part, percent},
};

/// Attempts of a role before anything is said of it.
const ATTEMPTS_MIN: u64 = 20;
/// A wait is long that is so many times as long as the run, and not too short to matter.
const LONG_WAIT_RUNS: u32 = 2;
const LONG_WAIT: Duration = Duration::from_millis(100);
/// Of the time of all attempts.
const WASTE_PART_MIN: f64 = 0.1;
const WASTED_MIN: u64 = 5;
/// Of all attempts.
const NEAR_LIMIT_PART_MIN: f64 = 0.05;
const NEAR_LIMIT_MIN: u64 = 5;
const REJECTED_PART_MIN: f64 = 0.1;
const REJECTED_MIN: u64 = 5;

const RULES: [fn(&RoleCost) -> Option<Suggestion>; 5] = [
    waits_for_workers,
    wastes_attempts,
    ends_near_the_limit,
    opens_its_breaker,
    rejects_tasks,
];

pub(super) fn suggestions(cost: &RoleCost) -> Vec<Suggestion> {
    RULES.iter().filter_map(|rule| rule(cost)).collect()
}

fn waits_for_workers(cost: &RoleCost) -> Option<Suggestion> {
    let (wait, run) = (cost.median_wait, cost.median_run);
    if cost.attempts < ATTEMPTS_MIN || wait < LONG_WAIT || wait < run * LONG_WAIT_RUNS {
        return None;
    }
    let text = format!(
        "Half of its tasks wait {} ms or longer for a worker, and half run {} ms or longer. More workers than the {} it has would \
         take them up sooner, as long as the machine has cores that are idle.",
        wait.as_millis(),
        run.as_millis(),
        cost.workers
    );
    Some(Suggestion {
        code: "waits_for_workers",
        text,
        setting: Some(format!("roles.\"{}\".workers", cost.role)),
        figures: figures([
            ("median_wait_ms", millis(wait)),
            ("median_run_ms", millis(run)),
            ("workers", f64::from(cost.workers)),
        ]),
    })
}

fn wastes_attempts(cost: &RoleCost) -> Option<Suggestion> {
    let wasted = part(cost.wasted_time.as_secs_f64(), cost.task_time.as_secs_f64());
    if cost.wasted < WASTED_MIN || wasted < WASTE_PART_MIN {
        return None;
    }
    let text = format!(
        "{} of its time went into {} attempts that came to nothing. The log says of each why it was tried again (`task will be \
         tried again`); what fails each time is better rejected than retried.",
        percent(wasted),
        cost.wasted
    );
    Some(Suggestion {
        code: "wastes_attempts",
        text,
        setting: None,
        figures: figures([
            ("wasted_ms", millis(cost.wasted_time)),
            ("wasted_attempts", cost.wasted as f64),
            ("task_ms", millis(cost.task_time)),
        ]),
    })
}

fn ends_near_the_limit(cost: &RoleCost) -> Option<Suggestion> {
    let near = part(cost.near_limit as f64, cost.attempts as f64);
    if cost.near_limit < NEAR_LIMIT_MIN || near < NEAR_LIMIT_PART_MIN {
        return None;
    }
    let text = format!(
        "{} of its attempts took more than 80 % of their time limit, and {} ran out of it. Raise the timeout ({} s), or plan \
         smaller tasks.",
        percent(near),
        cost.timed_out,
        cost.timeout.as_secs_f64()
    );
    Some(Suggestion {
        code: "ends_near_the_limit",
        text,
        setting: Some(format!("roles.\"{}\".timeout", cost.role)),
        figures: figures([
            ("near_limit_attempts", cost.near_limit as f64),
            ("timed_out_attempts", cost.timed_out as f64),
            ("attempts", cost.attempts as f64),
            ("timeout_ms", millis(cost.timeout)),
        ]),
    })
}

fn opens_its_breaker(cost: &RoleCost) -> Option<Suggestion> {
    let openings = cost.breaker_openings;
    let often = match openings {
        0 => return None,
        1 => "once".to_owned(),
        more => format!("{more} times"),
    };
    let text = format!(
        "Its breaker opened {often}; its tasks waited meanwhile. `GET /v1/supervision/events?filter=role = '{}'` has the \
         failures before each time.",
        cost.role
    );
    Some(Suggestion {
        code: "opens_its_breaker",
        text,
        setting: None,
        figures: figures([("breaker_openings", openings as f64)]),
    })
}

fn rejects_tasks(cost: &RoleCost) -> Option<Suggestion> {
    let rejected = part(cost.rejected as f64, cost.attempts as f64);
    if cost.rejected < REJECTED_MIN || rejected < REJECTED_PART_MIN {
        return None;
    }
    let text = format!(
        "{} of its attempts found that their task cannot be done. What can be told from the input alone is refused at the \
         submission at no cost.",
        percent(rejected)
    );
    Some(Suggestion {
        code: "rejects_tasks",
        text,
        setting: None,
        figures: figures([
            ("rejected_attempts", cost.rejected as f64),
            ("attempts", cost.attempts as f64),
        ]),
    })
}

fn millis(time: Duration) -> f64 {
    time.as_secs_f64() * 1_000.0
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A role with which all is well.
    fn well() -> RoleCost {
        RoleCost {
            role: "market.analyst".into(),
            workers: 4,
            timeout: Duration::from_secs(60),
            attempts: 100,
            task_time: Duration::from_secs(100),
            wait_time: Duration::from_secs(10),
            median_run: Duration::from_secs(1),
            median_wait: Duration::from_millis(100),
            wasted: 0,
            wasted_time: Duration::ZERO,
            timed_out: 0,
            near_limit: 0,
            rejected: 0,
            breaker_openings: 0,
            suggestions: Vec::new(),
        }
    }

    fn codes(cost: &RoleCost) -> Vec<&'static str> {
        suggestions(cost).iter().map(|one| one.code).collect()
    }

    fn only(cost: &RoleCost) -> Suggestion {
        let mut all = suggestions(cost);
        assert_eq!(all.len(), 1, "{all:?}");
        all.remove(0)
    }

    #[test]
    fn a_role_with_which_all_is_well_gets_no_suggestion() {
        assert!(codes(&well()).is_empty());
    }

    #[test]
    fn a_role_whose_tasks_wait_longer_than_they_run_is_given_more_workers() {
        let mut cost = well();
        cost.median_wait = Duration::from_secs(2);
        let suggestion = only(&cost);
        assert_eq!(suggestion.code, "waits_for_workers");
        let setting = suggestion.setting.unwrap();
        assert_eq!(setting, "roles.\"market.analyst\".workers");
        let names: Vec<_> = suggestion.figures.iter().map(|one| one.name).collect();
        assert_eq!(names, ["median_wait_ms", "median_run_ms", "workers"]);
        assert_eq!(suggestion.figures[0].value, 2_000.0);

        cost.median_wait = Duration::from_millis(1_999);
        assert!(codes(&cost).is_empty(), "not twice as long");
        cost.median_run = Duration::from_millis(1);
        cost.median_wait = Duration::from_millis(99);
        assert!(codes(&cost).is_empty(), "too short to matter");
        cost.median_wait = Duration::from_secs(9);
        cost.attempts = ATTEMPTS_MIN - 1;
        assert!(codes(&cost).is_empty(), "too few to say");
    }

    #[test]
    fn a_role_whose_time_goes_into_retries_is_told_how_much() {
        let mut cost = well();
        (cost.wasted, cost.wasted_time) = (7, Duration::from_secs(12));
        let suggestion = only(&cost);
        assert_eq!(suggestion.code, "wastes_attempts");
        assert!(suggestion.text.starts_with("12 % of its time went into 7 "));
        cost.wasted_time = Duration::from_secs(9);
        assert!(codes(&cost).is_empty(), "hardly any of its time");
        (cost.wasted, cost.wasted_time) = (4, Duration::from_secs(50));
        assert!(codes(&cost).is_empty(), "too few to say");
    }

    #[test]
    fn a_role_whose_attempts_end_near_their_limit_is_given_more_time() {
        let mut cost = well();
        (cost.near_limit, cost.timed_out) = (5, 2);
        let suggestion = only(&cost);
        assert_eq!(suggestion.code, "ends_near_the_limit");
        let setting = suggestion.setting.unwrap();
        assert_eq!(setting, "roles.\"market.analyst\".timeout");
        assert!(suggestion.text.contains("and 2 ran out of it"));
        cost.attempts = 1_000;
        assert!(codes(&cost).is_empty(), "one in two hundred");
        (cost.attempts, cost.near_limit) = (10, 4);
        assert!(codes(&cost).is_empty(), "too few to say");
    }

    #[test]
    fn a_role_whose_breaker_opened_is_told_how_often() {
        let mut cost = well();
        cost.breaker_openings = 1;
        assert!(only(&cost).text.starts_with("Its breaker opened once;"));
        cost.breaker_openings = 3;
        let suggestion = only(&cost);
        assert!(suggestion.text.starts_with("Its breaker opened 3 times;"));
        assert_eq!(suggestion.code, "opens_its_breaker");
    }

    #[test]
    fn a_role_that_rejects_tasks_is_told_where_they_are_refused_at_no_cost() {
        let mut cost = well();
        cost.rejected = 10;
        assert_eq!(only(&cost).code, "rejects_tasks");
        cost.rejected = 9;
        assert!(codes(&cost).is_empty(), "less than a tenth");
        (cost.attempts, cost.rejected) = (4, 4);
        assert!(codes(&cost).is_empty(), "too few to say");
    }

    #[test]
    fn a_role_of_which_nothing_is_known_gets_no_suggestion() {
        let mut cost = well();
        (cost.attempts, cost.task_time) = (0, Duration::ZERO);
        assert!(codes(&cost).is_empty());
    }
}
