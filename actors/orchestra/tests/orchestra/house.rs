//! What a house does with jobs: admits, cancels, ends and releases them.

use std::time::Duration;

use callboard_orchestra::{
    Author, ControlError, FailureKind, HouseSpec, Payload, Submission, SubmitError, Tenant,
    Timestamp, admission::AdmissionLimits, hub::Signal, job::JobState, shard::CommandError,
    submission::IdempotencyKey,
};
use callboard_runtime::testing::universe;

use crate::stage::{Act, KIND, Play, Stage, spec};

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
            .cancel(&tenant, job, "enough", &Author::anonymous())
            .await
            .unwrap();
        assert_eq!((receipt.stopped, receipt.already_done), (3, 2));
        assert_eq!(stage.end_of(job).await.state, JobState::Cancelled);
        let refused = stage
            .house
            .coordinator
            .cancel(&tenant, job, "again", &Author::anonymous())
            .await;
        assert!(
            matches!(refused, Err(ControlError::Command(CommandError::Ended))),
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

#[test]
fn a_role_that_was_drained_and_resumed_takes_up_what_it_had_refused() {
    universe(|universe| async move {
        let stage = Stage::open(&universe);
        let crew = &stage.house.crews["stage.actor"];
        assert!(crew.drain(Duration::from_secs(1)).await);
        let job = stage.submit(&Play::of([Act::Done])).await;
        let mut frames = stage.house.coordinator.hub().follow_job(job);
        while !stage.events_of(job).await.contains(&"job.planned") {
            frames.recv().await.unwrap();
        }
        crew.resume();
        assert_eq!(stage.end_of(job).await.state, JobState::Succeeded);
    });
}

#[test]
fn a_job_that_fails_starts_nothing_more() {
    universe(|universe| async move {
        let stage = Stage::open_on(
            &universe,
            Stage::open(&universe).journal,
            &HouseSpec {
                window: 1,
                ..spec()
            },
        );
        let row = stage
            .play(&Play::of([Act::Reject, Act::Done, Act::Done]))
            .await;
        assert_eq!(row.state, JobState::Failed);
        let fence = stage.play(&Play::of([Act::Done])).await;
        assert_eq!(fence.state, JobState::Succeeded);
        let performed = stage
            .performances
            .lock()
            .unwrap()
            .iter()
            .filter(|(of, _, _)| *of == row.id)
            .count();
        assert_eq!(performed, 1);
    });
}

#[test]
fn nobody_hears_of_the_end_of_another_tenants_job() {
    universe(|universe| async move {
        let stage = Stage::open(&universe);
        let job = stage.submit(&Play::of([Act::Wait { ms: 1_000 }])).await;
        let patience = Duration::from_secs(600);
        let stranger = Tenant::new("stranger");
        let overheard =
            stage
                .house
                .coordinator
                .finished(&stranger, job, patience, Default::default());
        let (overheard, own) = futures_util::join!(overheard, stage.end_of(job));
        assert_eq!(own.state, JobState::Succeeded);
        assert_eq!(overheard.unwrap(), None);
    });
}
