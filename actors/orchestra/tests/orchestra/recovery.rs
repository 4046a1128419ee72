//! A new process finds again what the one before it left, and counts it as that one did.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use callboard_orchestra::{
    Author, Payload, Tenant, Timestamp,
    job::JobState,
    journal::{Call, FaultyJournal, MemoryJournal},
    why::Because,
};
use callboard_runtime::testing::universe;

use crate::{
    lives::live_and_die,
    stage::{Act, Play, Stage, spec},
};

const PARKED_JOBS: usize = 2_000;
const LONG: Act = Act::Wait { ms: 50_000 };

/// Jobs and tasks that the house counts as live.
fn admitted(stage: &Stage) -> (usize, usize) {
    let admission = stage.house.coordinator.admission();
    (admission.live_jobs(), admission.unfinished_tasks())
}

#[test]
fn two_thousand_jobs_that_wait_for_an_instant_are_found_unread_and_end() {
    let journal = Arc::new(MemoryJournal::default());
    let mut left = None;
    let at_ms = Timestamp::now().plus(Duration::from_secs(600)).millis();
    live_and_die(&journal, async |stage: &Stage| {
        let play = Play::of([Act::SnoozeUntil { at_ms }]);
        let submitted = (0..PARKED_JOBS).map(|_| stage.submit(&play));
        let jobs = futures_util::future::join_all(submitted).await;
        for job in &jobs {
            stage.until(*job, "task.snoozed", 1).await;
        }
        left = Some((jobs, admitted(stage)));
    });
    let (jobs, counted) = left.unwrap();
    assert_eq!(counted.0, PARKED_JOBS);
    universe(|universe| async move {
        let read = Arc::new(AtomicU64::new(0));
        let reads = read.clone();
        let journal = FaultyJournal::new(journal, move |call, _| {
            reads.fetch_add(u64::from(call == Call::Histories), Ordering::SeqCst);
            None
        });
        let stage = Stage::open_on(&universe, Arc::new(journal), &spec());
        stage.house.coordinator.recovered().await;
        assert_eq!(
            read.load(Ordering::SeqCst),
            0,
            "histories read at the start"
        );
        assert_eq!(admitted(&stage), counted);
        for job in jobs {
            let row = stage.end_of(job).await;
            assert_eq!(row.state, JobState::Succeeded);
            assert!(row.finished_at.unwrap().millis() >= at_ms);
        }
        stage.fence().await;
        assert_eq!(admitted(&stage), (0, 0));
    });
}

#[test]
fn a_job_counts_alike_while_it_is_parked_and_while_it_is_not() {
    universe(|universe| async move {
        let stage = Stage::open(&universe);
        let (coordinator, tenant) = (&stage.house.coordinator, Tenant::default());
        let name = "go".to_owned();
        let awaited = Act::Signal {
            name,
            within_ms: None,
        };
        let job = stage.submit(&Play::of([awaited])).await;
        stage.until(job, "signal.awaited", 1).await;
        stage.fence().await;
        let counted = admitted(&stage);
        assert_eq!(counted, (1, 2));
        let other = Payload::of(&1).unwrap();
        for _ in 0..3 {
            let author = Author::anonymous();
            let sent = coordinator.signal(&tenant, job, "other", other.clone(), &author);
            sent.await.unwrap();
            stage.fence().await;
            assert_eq!(admitted(&stage), counted);
        }
        coordinator
            .signal(&tenant, job, "go", other, &Author::anonymous())
            .await
            .unwrap();
        assert_eq!(stage.end_of(job).await.state, JobState::Succeeded);
        stage.fence().await;
        assert_eq!(admitted(&stage), (0, 0));
    });
}

#[test]
fn a_job_that_processes_die_of_runs_one_task_at_a_time_and_its_suspect_is_quarantined() {
    let journal = Arc::new(MemoryJournal::default());
    let mut submitted = None;
    live_and_die(&journal, async |stage: &Stage| {
        let job = stage.submit(&Play::of([LONG, LONG, LONG])).await;
        stage.begun(job, 3).await;
        submitted = Some(job);
    });
    let job = submitted.unwrap();
    live_and_die(&journal, async |stage: &Stage| {
        stage.begun(job, 3).await;
        assert!(!stage.events_of(job).await.contains(&"task.started"));
    });
    live_and_die(&journal, async |stage: &Stage| {
        stage.begun(job, 1).await;
        stage.fence().await;
        assert_eq!(stage.attempts_of(job), [(1, 1)], "one task at a time");
        let events = stage.events_of(job).await;
        let count = |of: &str| events.iter().filter(|name| **name == of).count();
        assert_eq!((count("job.recovered"), count("task.started")), (2, 1));
    });
    universe(|universe| async move {
        let stage = Stage::open_on(&universe, journal, &spec());
        let (coordinator, tenant) = (&stage.house.coordinator, Tenant::default());
        stage.until(job, "task.quarantined", 1).await;
        stage.begun(job, 1).await;
        stage.fence().await;
        assert_eq!(stage.attempts_of(job), [(2, 1)], "the next, alone");
        stage.until(job, "job.waiting", 1).await;
        assert_eq!(stage.attempts_of(job), [(2, 1), (3, 1)]);
        let why = coordinator.why(&tenant, job).await.unwrap().unwrap();
        assert_eq!(
            why.tasks[0].because,
            Because::Operator { process_deaths: 3 }
        );
        coordinator
            .retry(&tenant, job, &Author::anonymous())
            .await
            .unwrap();
        assert_eq!(stage.end_of(job).await.state, JobState::Succeeded);
        assert_eq!(stage.attempts_of(job), [(2, 1), (3, 1), (1, 2), (4, 1)]);
    });
}
