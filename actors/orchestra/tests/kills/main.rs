//! The house when one of its actors is killed under load. Failpoints are global to their process, so this test has a
//! process of its own.
#![cfg(test)]
#![cfg(feature = "failpoints")]

#[path = "../orchestra/stage.rs"]
#[expect(dead_code, reason = "these plays use few of the acts")]
mod stage;

use std::sync::Arc;

use callboard_orchestra::{job::JobState, journal::JobRow};
use callboard_runtime::{EventKind, testing::universe};

use stage::{Act, Play, Stage};

async fn jobs_under(stage: &Stage, failpoint: &str, action: &str) -> Vec<Arc<JobRow>> {
    let mut jobs = Vec::new();
    for index in 0..200u64 {
        if index == 50 {
            fail::cfg(failpoint, action).unwrap();
        }
        let act = |at| match at {
            3 if index % 5 == 0 => Act::RetryUntil { attempt: 2 },
            at => Act::Wait {
                ms: (index * 7 + at) % 50,
            },
        };
        jobs.push(stage.submit(&Play::of((0..4).map(act))).await);
    }
    let mut rows = Vec::new();
    for job in jobs {
        rows.push(stage.end_of(job).await);
    }
    fail::remove(failpoint);
    rows
}

fn assert_nothing_ran_twice(stage: &Stage) {
    let mut performances = stage.performances.lock().unwrap().clone();
    let performed = performances.len();
    performances.sort();
    performances.dedup();
    assert_eq!(
        performed,
        performances.len(),
        "a task in hand was executed twice"
    );
}

#[test]
fn every_job_ends_and_nothing_runs_twice_when_a_shard_or_the_writer_is_killed_under_load() {
    let scenario = fail::FailScenario::setup();
    for (failpoint, action, kills) in [
        ("shard::handle", "1%4*panic", 4),
        ("resident::journal-writer", "1%2*panic", 2),
        ("journal::before_commit", "1%2*panic", 2),
        ("journal::after_commit", "1%2*panic", 2),
    ] {
        universe(|universe| async move {
            universe.expect_panics(kills);
            let stage = Stage::open(&universe);
            let mut events = universe.watch();
            let rows = jobs_under(&stage, failpoint, action).await;
            assert_eq!(rows.len(), 200);
            for row in rows {
                assert_eq!(
                    row.state,
                    JobState::Succeeded,
                    "{failpoint}: {:?}",
                    row.failure
                );
            }
            assert_nothing_ran_twice(&stage);
            let killed = events
                .so_far()
                .iter()
                .filter(|e| e.kind == EventKind::Panicked)
                .count();
            assert_eq!(
                killed as u64, kills,
                "{failpoint} was not hit as often as meant"
            );
        });
    }
    scenario.teardown();
}
