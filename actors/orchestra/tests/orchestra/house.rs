//! Jobs in a house: what their tasks do and what becomes of them.

use std::time::Duration;

use callboard_orchestra::{
    FactId, FailureKind, HouseSpec, Payload, Submission, SubmitError, TaskId, Tenant, Timestamp,
    admission::AdmissionLimits, artifact::Artifacts, hub::Signal, job::JobState,
    shard::CommandError, submission::IdempotencyKey,
};
use callboard_runtime::testing::universe;

use crate::stage::{Act, KIND, Play, Stage, spec};

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
fn a_cancelled_job_ends_at_once_and_starts_nothing_more() {
    universe(|universe| async move {
        let stage = Stage::open(&universe);
        let mut play = Play::of([Act::Done, Act::Hang, Act::Done]);
        play.tasks[2].2 = vec!["t1".to_owned()];
        let job = stage.submit(&play).await;
        let mut frames = stage.house.coordinator.hub().follow_job(job);
        while stage.performances.lock().unwrap().len() < 2 {
            frames.recv().await.unwrap();
        }
        let tenant = Tenant::default();
        let receipt = stage
            .house
            .coordinator
            .cancel(&tenant, job, "enough")
            .await
            .unwrap();
        assert_eq!((receipt.stopped, receipt.already_done), (3, 2));
        assert_eq!(stage.end_of(job).await.state, JobState::Cancelled);
        let refused = stage.house.coordinator.cancel(&tenant, job, "again").await;
        assert!(
            matches!(refused, Err(SubmitError::Command(CommandError::Ended))),
            "{refused:?}"
        );
        let fence = stage.play(&Play::of([Act::Done])).await;
        assert_eq!(fence.state, JobState::Succeeded);
        let performed = stage
            .performances
            .lock()
            .unwrap()
            .iter()
            .filter(|(of, _, _)| *of == job)
            .count();
        assert_eq!(performed, 2);
    });
}

#[test]
fn a_job_fails_at_its_deadline() {
    universe(|universe| async move {
        let stage = Stage::open(&universe);
        let mut submission = Submission::new(KIND, Payload::of(&Play::of([Act::Hang])).unwrap());
        submission.deadline = Some(Timestamp::now().plus(Duration::from_secs(5)));
        let job = stage
            .house
            .coordinator
            .submit(submission)
            .await
            .unwrap()
            .row
            .id;
        let row = stage.end_of(job).await;
        assert_eq!(row.failure.as_ref().unwrap().kind, FailureKind::Expired);
    });
}

#[test]
fn an_idempotency_key_makes_one_job_however_often_it_is_sent() {
    universe(|universe| async move {
        let stage = Stage::open(&universe);
        let keyed = |body: &str| {
            let mut submission =
                Submission::new(KIND, Payload::of(&Play::of([Act::Done])).unwrap());
            submission.idempotency = Some(IdempotencyKey {
                key: "once".to_owned(),
                body_sha256: body.to_owned(),
            });
            submission
        };
        let coordinator = &stage.house.coordinator;
        let together = (0..20).map(|_| coordinator.submit(keyed("a")));
        let answers = futures_util::future::join_all(together).await;
        let ids: std::collections::HashSet<_> =
            answers.iter().map(|a| a.as_ref().unwrap().row.id).collect();
        assert_eq!(ids.len(), 1);
        assert_eq!(
            answers
                .iter()
                .filter(|answer| !answer.as_ref().unwrap().replayed)
                .count(),
            1
        );
        let other = coordinator.submit(keyed("b")).await;
        assert!(
            matches!(other, Err(SubmitError::IdempotencyMismatch)),
            "{other:?}"
        );
        stage.end_of(*ids.iter().next().unwrap()).await;
    });
}

#[test]
fn a_full_house_refuses_and_takes_jobs_again_when_one_has_ended() {
    universe(|universe| async move {
        let limits = AdmissionLimits {
            live_jobs_max: 1,
            tasks_max: 100,
        };
        let spec = HouseSpec {
            admission: limits,
            ..spec()
        };
        let stage = Stage::open_on(&universe, Stage::open(&universe).journal, &spec);
        let play = Play::of([Act::Wait { ms: 1_000 }]);
        let job = stage.submit(&play).await;
        let refused = stage
            .house
            .coordinator
            .submit(Submission::new(KIND, Payload::of(&play).unwrap()))
            .await;
        assert!(
            matches!(refused, Err(SubmitError::Overloaded)),
            "{refused:?}"
        );
        stage.end_of(job).await;
        assert_eq!(stage.play(&play).await.state, JobState::Succeeded);
    });
}

#[test]
fn one_job_never_has_more_than_its_window_with_a_crew() {
    universe(|universe| async move {
        let stage = Stage::open_on(
            &universe,
            Stage::open(&universe).journal,
            &HouseSpec {
                window: 5,
                ..spec()
            },
        );
        let job = stage
            .submit(&Play::of((0..200).map(|_| Act::Wait { ms: 10 })))
            .await;
        let crew = &stage.house.crews["stage.actor"];
        let mut frames = stage.house.coordinator.hub().follow_job(job);
        let mut most = 0;
        while let Ok(signal) = frames.recv().await {
            let vitals = crew.vitals();
            most = most.max(vitals.queue_depth + vitals.in_hand);
            if matches!(signal, Signal::Committed(frame) if frame.is_final) {
                break;
            }
        }
        assert!((1..=5).contains(&most), "the crew held {most}");
        assert_eq!(stage.end_of(job).await.state, JobState::Succeeded);
    });
}

#[test]
fn a_drain_releases_what_outlives_its_grace_and_the_next_start_runs_it() {
    let mut journal = None;
    let mut job = None;
    universe(|universe| {
        let (journal, job) = (&mut journal, &mut job);
        async move {
            let stage = Stage::open(&universe);
            let id = stage
                .submit(&Play::of([Act::Done, Act::Wait { ms: 50_000 }]))
                .await;
            let mut frames = stage.house.coordinator.hub().follow_job(id);
            while stage.performances.lock().unwrap().len() < 2 {
                frames.recv().await.unwrap();
            }
            stage.house.coordinator.drain(Duration::from_secs(10)).await;
            let refused = stage
                .house
                .coordinator
                .submit(Submission::new(KIND, Payload::of(&()).unwrap()))
                .await;
            assert!(
                matches!(refused, Err(SubmitError::Command(CommandError::Draining))),
                "{refused:?}"
            );
            assert!(stage.events_of(id).await.contains(&"task.released"));
            (*journal, *job) = (Some(stage.journal), Some(id));
        }
    });
    universe(|universe| async move {
        let stage = Stage::open_on(&universe, journal.unwrap(), &spec());
        let row = stage.end_of(job.unwrap()).await;
        assert_eq!(row.state, JobState::Succeeded);
        let attempts: Vec<_> = stage
            .performances
            .lock()
            .unwrap()
            .iter()
            .map(|(_, _, attempt)| *attempt)
            .collect();
        assert_eq!(
            attempts,
            [1, 1],
            "the released task and the aggregate, both on their first attempt"
        );
    });
}
