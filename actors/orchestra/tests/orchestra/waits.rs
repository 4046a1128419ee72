//! What jobs wait for, and what ends each wait.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use callboard_orchestra::{
    Author, ControlError, DecideError, FailureKind, JobId, OnExhausted, Payload, Submission,
    Tenant, Timestamp,
    job::{Decision, JobState, Refused, WaitReason},
    journal::{
        ApprovalRow, ApprovalState, ApprovalsQuery, Call, FaultyJournal, JobRow, MemoryJournal,
    },
    shard::CommandError,
    why::Because,
};
use callboard_runtime::testing::universe;

use crate::stage::{Act, KIND, Play, Stage, spec};

const APPROVAL: Act = Act::Approval { within_ms: 60_000 };

fn signal(within_ms: Option<u64>) -> Act {
    let name = "go".to_owned();
    Act::Signal { name, within_ms }
}

async fn row_of(stage: &Stage, job: JobId) -> JobRow {
    let row = stage.journal.job(&Tenant::default(), job).await;
    row.unwrap().unwrap()
}

async fn approval_of(stage: &Stage, job: JobId) -> ApprovalRow {
    stage.until(job, "approval.requested", 1).await;
    let query = ApprovalsQuery {
        job: Some(job),
        limit: 10,
        ..ApprovalsQuery::default()
    };
    let mut found = stage.journal.approvals(&query).await.unwrap();
    assert_eq!(found.len(), 1);
    found.remove(0)
}

async fn decide(
    stage: &Stage,
    approval: &ApprovalRow,
    decision: Decision,
) -> Result<ApprovalRow, DecideError> {
    let (tenant, why) = (Tenant::default(), Some("because".to_owned()));
    let coordinator = &stage.house.coordinator;
    coordinator
        .decide(&tenant, approval.id, decision, &Author::of("ann"), why)
        .await
}

/// What the first open task of a job waits for, as the house explains it.
async fn because(stage: &Stage, job: JobId) -> Because {
    let why = stage.house.coordinator.why(&Tenant::default(), job).await;
    why.unwrap().unwrap().tasks.remove(0).because
}

#[test]
fn a_task_that_needs_approval_waits_out_of_memory_and_goes_on_when_it_is_given() {
    universe(|universe| async move {
        let read = Arc::new(AtomicU64::new(0));
        let counted = read.clone();
        let journal = FaultyJournal::new(Arc::new(MemoryJournal::default()), move |call, _| {
            counted.fetch_add(u64::from(call == Call::Histories), Ordering::SeqCst);
            None
        });
        let stage = Stage::open_on(&universe, Arc::new(journal), &spec());
        let job = stage.submit(&Play::of([APPROVAL])).await;
        let asked = approval_of(&stage, job).await;
        assert_eq!(asked.state, ApprovalState::Pending);
        let row = row_of(&stage, job).await;
        assert_eq!(row.state, JobState::Waiting);
        let reason = row.waiting_for.unwrap();
        assert!(
            matches!(reason, WaitReason::Approval { approval, .. } if approval == asked.id),
            "{reason:?}"
        );
        let named = because(&stage, job).await;
        assert!(
            matches!(&named, Because::Approval { approval, .. } if *approval == asked.id),
            "{named:?}"
        );
        stage.fence().await;
        let before = read.load(Ordering::SeqCst);
        let decided = decide(&stage, &asked, Decision::Approve).await.unwrap();
        assert_eq!(decided.state, ApprovalState::Approved);
        assert_eq!(decided.decided_by.as_deref(), Some("ann"));
        assert!(
            read.load(Ordering::SeqCst) > before,
            "the job was in memory all the time"
        );
        assert_eq!(stage.end_of(job).await.state, JobState::Succeeded);
        assert_eq!(stage.attempts_of(job), [(1, 1), (1, 1), (2, 1)]);
    });
}

#[test]
fn a_job_whose_approval_is_refused_fails_and_says_who_refused() {
    universe(|universe| async move {
        let stage = Stage::open(&universe);
        let job = stage.submit(&Play::of([APPROVAL])).await;
        let asked = approval_of(&stage, job).await;
        let decided = decide(&stage, &asked, Decision::Reject).await.unwrap();
        assert_eq!(decided.state, ApprovalState::Rejected);
        let row = stage.end_of(job).await;
        let failure = row.failure.as_ref().unwrap();
        assert_eq!(failure.kind, FailureKind::Refused);
        assert!(failure.message.contains("ann"), "{}", failure.message);
        assert_eq!(stage.attempts_of(job), [(1, 1)]);
    });
}

#[test]
fn an_approval_nobody_gives_in_time_expires_with_its_job() {
    universe(|universe| async move {
        let stage = Stage::open(&universe);
        let row = stage.play(&Play::of([APPROVAL])).await;
        assert_eq!(row.failure.as_ref().unwrap().kind, FailureKind::Unanswered);
        let waited = row.finished_at.unwrap().since(row.created_at);
        assert!(waited >= Duration::from_secs(60), "{waited:?}");
        assert_eq!(
            approval_of(&stage, row.id).await.state,
            ApprovalState::Expired
        );
    });
}

#[test]
fn an_approval_is_decided_once_however_many_decide() {
    universe(|universe| async move {
        let stage = Stage::open(&universe);
        let job = stage.submit(&Play::of([APPROVAL])).await;
        let asked = approval_of(&stage, job).await;
        let (yes, no) = futures_util::join!(
            decide(&stage, &asked, Decision::Approve),
            decide(&stage, &asked, Decision::Reject)
        );
        assert!(yes.is_ok() != no.is_ok(), "{yes:?}, {no:?}");
        let (winner, loser) = match yes {
            Ok(row) => (row, no.unwrap_err()),
            Err(error) => (no.unwrap(), error),
        };
        let late = decide(&stage, &asked, Decision::Approve).await.unwrap_err();
        for error in [loser, late] {
            assert!(
                matches!(&error, DecideError::AlreadyDecided(row) if **row == winner),
                "{error:?}"
            );
        }
        stage.end_of(job).await;
    });
}

#[test]
fn the_approval_of_a_job_that_is_cancelled_is_withdrawn() {
    universe(|universe| async move {
        let stage = Stage::open(&universe);
        let job = stage.submit(&Play::of([APPROVAL])).await;
        let asked = approval_of(&stage, job).await;
        let coordinator = &stage.house.coordinator;
        let cancelled = coordinator
            .cancel(&Tenant::default(), job, "enough", &Author::anonymous())
            .await;
        assert_eq!(cancelled.unwrap().unknown_outcome, 0);
        let late = decide(&stage, &asked, Decision::Approve).await;
        assert!(
            matches!(&late, Err(DecideError::AlreadyDecided(row)) if row.state == ApprovalState::Withdrawn),
            "{late:?}"
        );
    });
}

#[test]
fn a_signal_reaches_the_task_that_waits_and_one_that_waits_later() {
    universe(|universe| async move {
        let stage = Stage::open(&universe);
        let coordinator = &stage.house.coordinator;
        let send = async |job, payload: u32| {
            let payload = Payload::of(&payload).unwrap();
            let tenant = Tenant::default();
            let author = Author::anonymous();
            let sent = coordinator.signal(&tenant, job, "go", payload, &author);
            sent.await.unwrap()
        };
        let job = stage.submit(&Play::of([signal(None)])).await;
        stage.until(job, "signal.awaited", 1).await;
        let named = because(&stage, job).await;
        assert!(
            matches!(&named, Because::Signal { name, until: None } if name == "go"),
            "{named:?}"
        );
        send(job, 7).await;
        assert_eq!(stage.end_of(job).await.state, JobState::Succeeded);

        let mut play = Play::of([Act::Wait { ms: 1_000 }, signal(None)]);
        play.tasks[1].2 = vec!["t0".to_owned()];
        let early = stage.submit(&play).await;
        stage.begun(early, 1).await;
        send(early, 8).await;
        assert_eq!(stage.end_of(early).await.state, JobState::Succeeded);
        assert!(stage.events_of(early).await.contains(&"signal.taken"));
        for (job, task, sent) in [(job, 1, "7"), (early, 2, "8")] {
            let job = coordinator.replay(&Tenant::default(), job).await;
            let product = &job.unwrap().unwrap().tasks[task].product;
            assert_eq!(product.as_ref().unwrap().text(), sent);
        }
    });
}

#[test]
fn a_signal_that_does_not_come_in_time_fails_the_job() {
    universe(|universe| async move {
        let stage = Stage::open(&universe);
        let row = stage.play(&Play::of([signal(Some(5_000))])).await;
        assert_eq!(row.failure.as_ref().unwrap().kind, FailureKind::Unanswered);
        let waited = row.finished_at.unwrap().since(row.created_at);
        assert!(waited >= Duration::from_secs(5), "{waited:?}");
    });
}

#[test]
fn a_paused_job_takes_what_is_in_hand_and_starts_nothing_until_it_is_resumed() {
    universe(|universe| async move {
        let stage = Stage::open(&universe);
        let (coordinator, tenant) = (&stage.house.coordinator, Tenant::default());
        let mut play = Play::of([Act::Wait { ms: 1_000 }, Act::Done]);
        play.tasks[1].2 = vec!["t0".to_owned()];
        let job = stage.submit(&play).await;
        stage.begun(job, 1).await;
        let row = coordinator
            .pause(&tenant, job, "lunch", &Author::anonymous())
            .await
            .unwrap();
        assert_eq!(row.waiting_for, Some(WaitReason::Paused {}));
        let twice = coordinator
            .pause(&tenant, job, "lunch", &Author::anonymous())
            .await;
        assert!(
            matches!(
                twice,
                Err(ControlError::Command(CommandError::Refused(
                    Refused::Paused
                )))
            ),
            "{twice:?}"
        );
        stage.until(job, "task.succeeded", 1).await;
        assert_eq!(because(&stage, job).await, Because::Paused {});
        stage.fence().await;
        assert_eq!(stage.attempts_of(job), [(1, 1)]);
        assert_eq!(row_of(&stage, job).await.state, JobState::Waiting);
        coordinator
            .resume(&tenant, job, "back", &Author::anonymous())
            .await
            .unwrap();
        assert_eq!(stage.end_of(job).await.state, JobState::Succeeded);
        assert_eq!(stage.attempts_of(job), [(1, 1), (2, 1), (3, 1)]);
        let late = coordinator
            .resume(&tenant, job, "back", &Author::anonymous())
            .await;
        assert!(
            matches!(late, Err(ControlError::Command(CommandError::Ended))),
            "{late:?}"
        );
    });
}

#[test]
fn a_job_that_was_to_pause_has_its_exhausted_task_retried_alone() {
    universe(|universe| async move {
        let stage = Stage::open(&universe);
        let (coordinator, tenant) = (&stage.house.coordinator, Tenant::default());
        let play = Play::of([Act::RetryUntil { attempt: 7 }, Act::Done]);
        let mut submission = Submission::new(KIND, Payload::of(&play).unwrap());
        submission.on_exhausted = OnExhausted::Pause;
        let job = coordinator.submit(submission).await.unwrap().row.id;
        stage.until(job, "task.exhausted", 1).await;
        let row = row_of(&stage, job).await;
        assert!(
            matches!(row.waiting_for, Some(WaitReason::Operator { task }) if task.0 == 1),
            "{:?}",
            row.waiting_for
        );
        assert_eq!(
            because(&stage, job).await,
            Because::Operator { process_deaths: 0 }
        );
        coordinator
            .retry(&tenant, job, &Author::anonymous())
            .await
            .unwrap();
        let twice = coordinator.retry(&tenant, job, &Author::anonymous()).await;
        assert!(
            matches!(
                twice,
                Err(ControlError::Command(CommandError::Refused(
                    Refused::NothingToRetry
                )))
            ),
            "{twice:?}"
        );
        assert_eq!(stage.end_of(job).await.state, JobState::Succeeded);
        let mut attempts = stage.attempts_of(job);
        attempts.sort_unstable();
        let retried = (1..=7).map(|attempt| (1, attempt));
        assert_eq!(
            attempts,
            retried.chain([(2, 1), (3, 1)]).collect::<Vec<_>>()
        );
    });
}

#[test]
fn the_house_says_what_every_other_open_task_waits_for() {
    universe(|universe| async move {
        let stage = Stage::open(&universe);
        let at_ms = Timestamp::now().plus(Duration::from_secs(60)).millis();
        let job = stage
            .submit(&Play::of([
                Act::Hang,
                Act::SnoozeUntil { at_ms },
                Act::RetryUntil { attempt: 9 },
            ]))
            .await;
        stage.until(job, "task.snoozed", 1).await;
        stage.until(job, "task.retried", 1).await;
        let why = stage.house.coordinator.why(&Tenant::default(), job).await;
        let why = why.unwrap().unwrap();
        let named: Vec<_> = why.tasks.iter().map(|task| &task.because).collect();
        assert!(
            matches!(
                named[..],
                [
                    Because::InHand { .. },
                    Because::Timer { until },
                    Because::Retry { .. },
                    Because::Dependency { on, more: 0 },
                ] if until.millis() == at_ms && on == &["t0", "t1", "t2"]
            ),
            "{named:?}"
        );
        assert_eq!(why.tasks[2].attempt, 2);
        assert!(why.tasks[2].last_error.is_some());
    });
}
