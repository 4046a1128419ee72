//! What could be done about the cost of a kind.

use super::{
    figures::KindCost,
    suggestion::{Suggestion, figures, part, percent},
};

/// Of the submissions of the kind.
const REFUSED_PART_MIN: f64 = 0.1;
const REFUSED_MIN: u64 = 10;
/// Of the jobs that have ended.
const FAILED_PART_MIN: f64 = 0.1;
const FAILED_MIN: u64 = 5;

const RULES: [fn(&KindCost) -> Option<Suggestion>; 2] = [fails_often, is_refused_often];

pub(super) fn suggestions(cost: &KindCost) -> Vec<Suggestion> {
    RULES.iter().filter_map(|rule| rule(cost)).collect()
}

fn fails_often(cost: &KindCost) -> Option<Suggestion> {
    let failed = part(cost.failed as f64, cost.jobs as f64);
    if cost.failed < FAILED_MIN || failed < FAILED_PART_MIN {
        return None;
    }
    let text = format!(
        "{} of its jobs fail, and what they cost is lost. `GET /v1/jobs?filter=kind = '{}' and state = 'failed'` lists them, \
         and `/why` of each says what went wrong.",
        percent(failed),
        cost.kind
    );
    Some(Suggestion {
        code: "fails_often",
        text,
        setting: None,
        figures: figures([
            ("failed_jobs", cost.failed as f64),
            ("jobs", cost.jobs as f64),
        ]),
    })
}

fn is_refused_often(cost: &KindCost) -> Option<Suggestion> {
    let submissions = cost.refused + cost.jobs;
    let refused = part(cost.refused as f64, submissions as f64);
    if cost.refused < REFUSED_MIN || refused < REFUSED_PART_MIN {
        return None;
    }
    let text = format!(
        "{} submissions were refused for their input. `GET /v1/kinds/{}` has the schema and examples; whoever submits reads in \
         `detail` and `field` what is wrong.",
        cost.refused, cost.kind
    );
    Some(Suggestion {
        code: "is_refused_often",
        text,
        setting: None,
        figures: figures([
            ("refused_submissions", cost.refused as f64),
            ("jobs", cost.jobs as f64),
        ]),
    })
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn kind(jobs: u64, failed: u64, refused: u64) -> Vec<Suggestion> {
        suggestions(&KindCost {
            kind: "market.compare".into(),
            jobs,
            failed,
            refused,
            task_time: Duration::from_secs(1),
            median_latency: Duration::from_millis(20),
            suggestions: Vec::new(),
        })
    }

    #[test]
    fn a_kind_whose_jobs_succeed_gets_no_suggestion() {
        assert_eq!(kind(100, 0, 0), []);
        assert_eq!(kind(0, 0, 0), []);
    }

    #[test]
    fn a_kind_whose_jobs_fail_is_told_where_they_are_listed() {
        let found = kind(50, 5, 0);
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].code, "fails_often");
        assert!(found[0].text.contains("kind = 'market.compare'"));
        assert_eq!(kind(51, 5, 0), [], "less than a tenth");
        assert_eq!(kind(4, 4, 0), [], "too few to say");
    }

    #[test]
    fn a_kind_whose_inputs_are_refused_is_told_where_its_schema_is() {
        let found = kind(90, 0, 10);
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].code, "is_refused_often");
        assert!(found[0].text.contains("/v1/kinds/market.compare"));
        assert_eq!(kind(91, 0, 10), [], "less than a tenth");
        assert_eq!(kind(0, 0, 9), [], "too few to say");
    }
}
