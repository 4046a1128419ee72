//! What the tasks of a plan may do, and what becomes of their job.

use std::time::Duration;

use callboard_orchestra::{
    FactId, FailureKind, TaskId, Tenant, Timestamp, artifact::Artifacts, job::JobState,
};
use callboard_runtime::testing::universe;

use crate::stage::{Act, Play, Stage};

#[test]
fn a_job_runs_its_plan_and_gives_the_aggregate_as_its_result() {
    universe(|universe| async move {
        let stage = Stage::open(&universe);
        let mut play = Play::of([Act::Done, Act::Wait { ms: 10 }, Act::Done]);
        play.tasks[2].2 = vec!["t0".to_owned(), "t1".to_owned()];
        let row = stage.play(&play).await;
        assert_eq!(row.state, JobState::Succeeded);
        assert_eq!(
            row.result.as_ref().unwrap().text(),
            r#"{"facts":0,"inputs":3}"#
        );
        assert_eq!((row.done, row.total), (5, 5));
    });
}

#[test]
fn a_check_that_rejects_fails_the_job_after_its_aggregate() {
    universe(|universe| async move {
        let stage = Stage::open(&universe);
        let row = stage
            .play(&Play {
                check: Some(Act::Reject),
                ..Play::of([Act::Done])
            })
            .await;
        assert_eq!(row.state, JobState::Failed);
        assert_eq!(row.failure.as_ref().unwrap().kind, FailureKind::Domain);
        assert!(stage.events_of(row.id).await.contains(&"job.validating"));
    });
}

#[test]
fn a_task_that_asks_for_it_is_tried_again_with_backoff() {
    universe(|universe| async move {
        let stage = Stage::open(&universe);
        let row = stage
            .play(&Play::of([Act::RetryUntil { attempt: 3 }]))
            .await;
        assert_eq!(row.state, JobState::Succeeded);
        let events = stage.events_of(row.id).await;
        assert_eq!(
            events
                .iter()
                .filter(|name| **name == "task.retried")
                .count(),
            2
        );
        let waited = row.finished_at.unwrap().since(row.created_at);
        assert!(
            waited >= Duration::from_millis(300),
            "two backoffs take at least 100 + 200 ms, not {waited:?}"
        );
    });
}

#[test]
fn exhausted_retries_fail_the_job_with_the_last_cause() {
    universe(|universe| async move {
        let stage = Stage::open(&universe);
        let row = stage
            .play(&Play::of([Act::RetryUntil { attempt: 99 }]))
            .await;
        assert_eq!(row.state, JobState::Failed);
        assert_eq!(row.failure.as_ref().unwrap().message, "not yet");
        assert_eq!(stage.performances.lock().unwrap().len(), 5);
    });
}

#[test]
fn a_task_that_hangs_times_out_and_is_tried_again_until_its_attempts_are_used() {
    universe(|universe| async move {
        let stage = Stage::open(&universe);
        let row = stage.play(&Play::of([Act::Hang])).await;
        assert_eq!(row.failure.as_ref().unwrap().kind, FailureKind::Timeout);
    });
}

#[test]
fn a_snoozed_job_waits_and_goes_on_by_itself() {
    universe(|universe| async move {
        let stage = Stage::open(&universe);
        let at_ms = Timestamp::now().plus(Duration::from_secs(120)).millis();
        let job = stage.submit(&Play::of([Act::SnoozeUntil { at_ms }])).await;
        let row = stage.end_of(job).await;
        assert_eq!(row.state, JobState::Succeeded);
        let events = stage.events_of(job).await;
        let place = |name| {
            events
                .iter()
                .position(|event| *event == name)
                .unwrap_or_else(|| panic!("no {name}"))
        };
        assert!(place("job.waiting") < place("job.running"), "{events:?}");
        assert!(row.finished_at.unwrap().millis() >= at_ms);
    });
}

#[test]
fn a_plan_grows_while_it_runs() {
    universe(|universe| async move {
        let stage = Stage::open(&universe);
        let row = stage.play(&Play::of([Act::Grow { children: 100 }])).await;
        assert_eq!(
            row.result.as_ref().unwrap().text(),
            r#"{"facts":0,"inputs":101}"#
        );
    });
}

#[test]
fn growth_beyond_the_bound_fails_the_job() {
    universe(|universe| async move {
        let stage = Stage::open(&universe);
        let row = stage
            .play(&Play::of([Act::Grow { children: 10_000 }]))
            .await;
        assert!(
            row.failure
                .as_ref()
                .unwrap()
                .message
                .contains("more than 10000"),
            "{:?}",
            row.failure
        );
    });
}

#[test]
fn a_report_may_quote_verified_facts() {
    universe(|universe| async move {
        let stage = Stage::open(&universe);
        let mut play = Play::of([Act::Claim { value: 1.5 }, Act::VerifyInputs]);
        play.tasks[1].2 = vec!["t0".to_owned()];
        let row = stage
            .play(&Play {
                aggregate: Act::QuoteAll,
                ..play
            })
            .await;
        assert_eq!(row.state, JobState::Succeeded, "{:?}", row.failure);
        assert_eq!(
            row.result.as_ref().unwrap().text(),
            r#"{"facts":1,"inputs":2}"#
        );
    });
}

#[test]
fn a_report_that_quotes_an_unverified_or_refuted_fact_fails() {
    universe(|universe| async move {
        let stage = Stage::open(&universe);
        let fact = FactId {
            task: TaskId(1),
            index: 0,
        };
        for second in [Act::Done, Act::RefuteInputs] {
            let mut play = Play::of([Act::Claim { value: 1.5 }, second]);
            play.tasks[1].2 = vec!["t0".to_owned()];
            let row = stage
                .play(&Play {
                    aggregate: Act::Quote { fact },
                    ..play
                })
                .await;
            assert!(
                row.failure
                    .as_ref()
                    .unwrap()
                    .message
                    .contains("not verified"),
                "{:?}",
                row.failure
            );
        }
    });
}

#[test]
fn an_artifact_is_in_the_store_when_its_job_names_it() {
    universe(|universe| async move {
        let stage = Stage::open(&universe);
        let row = stage
            .play(&Play::of([Act::Artifact {
                name: "note.txt".to_owned(),
            }]))
            .await;
        let inspection = stage
            .house
            .coordinator
            .inspect(&Tenant::default(), row.id)
            .await
            .unwrap()
            .unwrap();
        let (_, artifact) = &inspection.job.artifacts[0];
        let content = stage
            .artifacts
            .get(&artifact.sha256)
            .await
            .unwrap()
            .unwrap();
        assert_eq!(&*content, b"content");
    });
}

#[test]
fn an_artifact_with_a_bad_name_fails_its_task() {
    universe(|universe| async move {
        let stage = Stage::open(&universe);
        let row = stage
            .play(&Play::of([Act::Artifact {
                name: "../note".to_owned(),
            }]))
            .await;
        assert!(
            row.failure.as_ref().unwrap().message.contains("../note"),
            "{:?}",
            row.failure
        );
    });
}

#[test]
fn an_aggregate_that_grows_its_plan_fails_the_job() {
    universe(|universe| async move {
        let stage = Stage::open(&universe);
        let row = stage
            .play(&Play {
                aggregate: Act::Grow { children: 1 },
                ..Play::of([])
            })
            .await;
        assert!(
            row.failure
                .as_ref()
                .unwrap()
                .message
                .contains("grows only while"),
            "{:?}",
            row.failure
        );
    });
}
