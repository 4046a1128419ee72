//! One call of the journal after the other fails, and nothing that was acknowledged is lost.

use std::{sync::Arc, time::Duration};

use callboard_orchestra::{
    JobId, Listening, Payload, Submission, Tenant,
    job::JobState,
    journal::{Fault, FaultyJournal, JobRow, Journal, MemoryJournal},
};
use callboard_runtime::testing::universe;

use crate::stage::{Act, KIND, Play, Stage, spec};

/// Jobs of each run.
const JOBS: usize = 3;
/// Attempts at submitting a job: more than calls that fail.
const ATTEMPTS_MAX: usize = 8;
/// A run without a fault makes fewer calls.
const CALLS_MAX: u64 = 60;
/// Calls that fail, one after the other.
const ROWS: [u64; 2] = [1, 3];
const PATIENCE: Duration = Duration::from_secs(3_600);

async fn accepted(stage: &Stage) -> JobId {
    let play = Play::of([Act::Done, Act::Wait { ms: 20 }, Act::Done]);
    let play = Payload::of(&play).unwrap();
    for _ in 0..ATTEMPTS_MAX {
        let submission = Submission::new(KIND, play.clone());
        if let Ok(submitted) = stage.house.coordinator.submit(submission).await {
            return submitted.row.id;
        }
    }
    panic!("no submission was accepted");
}

async fn end_of(stage: &Stage, job: JobId) -> Arc<JobRow> {
    for _ in 0..ATTEMPTS_MAX {
        let coordinator = &stage.house.coordinator;
        match coordinator
            .finished(&Tenant::default(), job, PATIENCE, Listening::default())
            .await
        {
            Ok(Some(end)) => return end,
            Ok(None) => panic!("{job} does not end"),
            Err(_) => {}
        }
    }
    panic!("nobody says how {job} ended");
}

/// Runs a few jobs while the calls from `first` on fail, `row` of them. Answers how many calls there were.
fn run(fault: Fault, first: u64, row: u64) -> u64 {
    let memory = Arc::new(MemoryJournal::default());
    let failing = first..first + row;
    let journal = Arc::new(FaultyJournal::new(memory.clone(), move |_, number| {
        failing.contains(&number).then_some(fault)
    }));
    let shared = journal.clone();
    universe(move |universe| async move {
        let stage = Stage::open_on(&universe, shared, &spec());
        let mut jobs = Vec::new();
        for _ in 0..JOBS {
            jobs.push(accepted(&stage).await);
        }
        for job in jobs {
            let told = end_of(&stage, job).await;
            assert_eq!(told.state, JobState::Succeeded, "{fault:?} from {first}");
            let kept = memory.job(&Tenant::default(), job).await.unwrap().unwrap();
            assert_eq!(kept, *told, "{fault:?} from {first}");
        }
    });
    journal.calls()
}

#[test]
fn whichever_call_of_the_journal_fails_every_accepted_job_ends_as_it_was_told() {
    for fault in [Fault::Refused, Fault::Denied] {
        for row in ROWS {
            let calls = (1..=CALLS_MAX).find(|first| run(fault, *first, row) < *first);
            assert!(calls.is_some(), "more than {CALLS_MAX} calls");
        }
    }
}
