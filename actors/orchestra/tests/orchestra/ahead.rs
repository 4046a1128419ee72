//! Pure tasks are handed out while what they follow from is still being committed, and nothing else is: a commit that
//! fails costs work, and never makes a result count twice or a result count that rests on nothing.

use std::{
    collections::BTreeMap,
    sync::{Arc, atomic::Ordering},
};

use callboard_orchestra::{
    Author, JobId, Payload, Tenant,
    hub::Signal,
    job::{Job, JobEvent, JobState, TaskState},
    journal::{JobsQuery, row_of},
};
use callboard_runtime::testing::universe;

use crate::{
    faults::Stumbling,
    stage::{Act, Part, Play, Stage, spec},
};

/// Time a commit takes: in it, whatever may run ahead does.
const COMMIT_MS: u64 = 1_000;
/// Commits that are made to fail, one a house. A `chain` takes at least so many.
const COMMITS: u32 = 8;
/// Tasks of a `chain`, without its plan and its sum.
const LINKS: u32 = 7;

fn slow(journal: Arc<Stumbling>) -> Arc<Stumbling> {
    journal.delay_ms.store(COMMIT_MS, Ordering::SeqCst);
    journal
}

fn pure() -> Act {
    Act::Tally.by(Part::Thinker)
}

/// Every act after the one before it.
fn in_turn(acts: impl IntoIterator<Item = Act>) -> Play {
    let mut play = Play::of(acts);
    for index in 1..play.tasks.len() {
        play.tasks[index].2 = vec![format!("t{}", index - 1)];
    }
    play
}

/// Pure tasks in pairs, and between the pairs a task that waits for its commit: each pair has commits of its own.
fn chain() -> Play {
    in_turn([
        pure(),
        pure(),
        Act::Tally,
        pure(),
        pure(),
        Act::Tally,
        pure(),
    ])
}

async fn replay(stage: &Stage, job: JobId) -> Job {
    let coordinator = &stage.house.coordinator;
    let replayed = coordinator.replay(&Tenant::default(), job).await;
    replayed.unwrap().unwrap()
}

/// How often the journal says of each task but the plan, which `job.planned` tells of, that it succeeded.
async fn successes(stage: &Stage, job: JobId) -> BTreeMap<u32, usize> {
    let records = stage.journal.records(job, 0, 10_000).await.unwrap();
    let mut successes = BTreeMap::new();
    for event in records.iter().flat_map(|record| record.events.iter()) {
        if let JobEvent::TaskSucceeded { task, .. } = event {
            *successes.entry(task.0).or_default() += 1;
        }
    }
    successes
}

/// Plays a chain to its end and returns how many of its handings out were in vain.
async fn play_through(stage: &Stage, fault: &str) -> usize {
    let row = stage.play(&chain()).await;
    let job = replay(stage, row.id).await;
    assert_eq!(row.state, JobState::Succeeded, "{fault}");
    assert_eq!(*row, row_of(&job), "{fault}");
    let all = 1..=LINKS + 1;
    assert_eq!(
        successes(stage, row.id).await,
        all.map(|task| (task, 1)).collect(),
        "{fault}"
    );
    let begun = stage.attempts_of(row.id);
    assert!(begun.iter().all(|(_, attempt)| *attempt == 1), "{fault}");
    for task in 1..=LINKS {
        let times = begun.iter().filter(|(of, _)| *of == task).count();
        let product = job.tasks[task as usize].product.as_ref().unwrap();
        // A tally is how often its task had been begun: only the last handing out counts.
        assert_eq!(product.text(), times.to_string(), "t{}, {fault}", task - 1);
    }
    let jobs = JobsQuery {
        limit: 10,
        ..JobsQuery::default()
    };
    let kept = stage.journal.jobs(&jobs).await.unwrap();
    assert_eq!(kept.len(), 1, "{fault}: a submission made two jobs");
    begun.len() - (LINKS as usize + 1)
}

/// Work done in vain for each failed commit, the first first.
fn in_vain(fault: &str, failing_at: impl Fn(u32) -> Arc<Stumbling>) -> Vec<usize> {
    let mut vain = Vec::new();
    for commit in 1..=COMMITS {
        let fault = format!("commit {commit} {fault}");
        let journal = slow(failing_at(commit - 1));
        let (of, vain) = (journal.clone(), &mut vain);
        universe(|universe| async move {
            let stage = Stage::open_on(&universe, of, &spec());
            vain.push(play_through(&stage, &fault).await);
        });
        let left = [&journal.refusals, &journal.denials].map(|left| left.load(Ordering::SeqCst));
        assert_eq!(left, [0, 0], "the chain ended before commit {commit}");
    }
    vain
}

#[test]
fn what_ran_ahead_of_a_refused_commit_is_run_again_and_counts_once() {
    let vain = in_vain("refused", |before| Stumbling::after(before, 1));
    // All that follows from what the commit was to keep: of a plan the first pair, of a pair its second task.
    assert_eq!(vain, [0, 2, 1, 2, 1, 1, 0, 0]);
}

#[test]
fn what_ran_ahead_of_a_commit_that_seemed_to_fail_counts_once() {
    let vain = in_vain("denied", Stumbling::denying_after);
    // The first of a pair rests on what the journal has, and its result is taken; the second rests on the first.
    assert_eq!(vain, [0, 1, 0, 1, 0, 0, 0, 0]);
}

#[test]
fn a_chain_of_pure_tasks_runs_while_its_plan_is_being_committed() {
    universe(|universe| async move {
        let journal = slow(Stumbling::after(0, 0));
        let stage = Stage::open_on(&universe, journal, &spec());
        let job = stage.submit(&in_turn([pure(), pure(), pure()])).await;
        stage.begun(job, 3).await;
        assert_eq!(stage.attempts_of(job), [(1, 1), (2, 1), (3, 1)]);
        let events = stage.events_of(job).await;
        assert!(events.contains(&"job.submitted"), "{events:?}");
        assert!(!events.contains(&"job.planned"), "{events:?}");
        // The sum is not pure: it waits until the journal has what it sums.
        stage.begun(job, 4).await;
        assert_eq!(successes(&stage, job).await.len(), 3);
        assert_eq!(stage.end_of(job).await.state, JobState::Succeeded);
        assert_eq!(stage.attempts_of(job), [(1, 1), (2, 1), (3, 1), (4, 1)]);
    });
}

#[test]
fn a_payment_waits_for_its_start_to_be_committed_while_pure_tasks_run_ahead() {
    universe(|universe| async move {
        let journal = slow(Stumbling::after(0, 0));
        let stage = Stage::open_on(&universe, journal, &spec());
        let payment = Act::Done.by(Part::Payer);
        let mut play = in_turn([pure(), pure(), payment.clone(), payment]);
        // One payment has nothing to wait for but the journal, the other follows the pure tasks.
        play.tasks[2].2.clear();
        play.tasks[3].2 = vec!["t1".to_owned()];
        let job = stage.submit(&play).await;
        stage.begun(job, 2).await;
        assert_eq!(stage.attempts_of(job), [(1, 1), (2, 1)]);
        assert!(!stage.events_of(job).await.contains(&"job.planned"));
        for (begun, payment) in [(3, 3), (4, 4)] {
            stage.begun(job, begun).await;
            assert_eq!(stage.attempts_of(job)[begun - 1], (payment, 1));
            // As the journal has it at the instant at which the payment is begun.
            let task = &replay(&stage, job).await.tasks[payment as usize];
            assert_eq!(task.state, TaskState::Running, "t{}", payment - 1);
            assert!(task.intent.is_some(), "t{}", payment - 1);
        }
        assert_eq!(stage.end_of(job).await.state, JobState::Succeeded);
    });
}

#[test]
fn a_signal_that_the_journal_does_not_say_was_taken_brings_its_task_nothing() {
    universe(|universe| async move {
        let journal = slow(Stumbling::after(0, 0));
        let stage = Stage::open_on(&universe, journal.clone(), &spec());
        let awaited = Act::Signal {
            name: "go".to_owned(),
            within_ms: None,
        };
        let work = Act::Wait { ms: 10_000 };
        let job = stage
            .submit(&in_turn([work, awaited.by(Part::Thinker)]))
            .await;
        stage.begun(job, 1).await;
        let (coordinator, tenant) = (&stage.house.coordinator, Tenant::default());
        let author = Author::anonymous();
        let sent = coordinator.signal(&tenant, job, "go", Payload::of(&7).unwrap(), &author);
        sent.await.unwrap();
        stage.until(job, "task.succeeded", 1).await;
        // It has asked for the signal, and was handed out again with it while that is being committed.
        assert_eq!(stage.attempts_of(job), [(1, 1), (2, 1), (2, 1)]);
        assert!(!stage.events_of(job).await.contains(&"signal.taken"));
        journal.refusals.store(1, Ordering::SeqCst);
        assert_eq!(stage.end_of(job).await.state, JobState::Succeeded);
        assert_eq!(journal.refusals.load(Ordering::SeqCst), 0);
        let events = stage.events_of(job).await;
        let taken = events.iter().filter(|name| **name == "signal.taken");
        assert_eq!(taken.count(), 1, "{events:?}");
        let product = replay(&stage, job).await.tasks[2].product.clone();
        assert_eq!(product.unwrap().text(), "7");
        assert_eq!(
            stage.attempts_of(job),
            [(1, 1), (2, 1), (2, 1), (2, 1), (3, 1)]
        );
    });
}

#[test]
fn watchers_hear_nothing_of_a_task_before_the_journal_has_it() {
    universe(|universe| async move {
        let journal = slow(Stumbling::after(0, 0));
        let stage = Stage::open_on(&universe, journal, &spec());
        let (work, pure) = (Act::Wait { ms: 10_000 }, Act::Progress.by(Part::Thinker));
        let job = stage.submit(&in_turn([work, pure, Act::Progress])).await;
        stage.begun(job, 1).await;
        let mut signals = stage.house.coordinator.hub().follow_job(job);
        stage.end_of(job).await;
        let mut heard = Vec::new();
        while let Ok(signal) = signals.try_recv() {
            let text = match signal {
                Signal::Committed(frame) => frame.text.clone(),
                Signal::Tick(text) => text,
                Signal::Resync => panic!("nothing failed"),
            };
            let said: serde_json::Value = serde_json::from_str(&text).unwrap();
            heard.push((said["type"].clone(), said["data"]["task"].as_u64()));
        }
        let place = |name: &str, task| {
            let said = (serde_json::json!(name), Some(task));
            heard.iter().position(|heard| *heard == said)
        };
        let committed = place("task.succeeded", 1).unwrap();
        let early = heard[..committed].iter().find(|(_, task)| *task > Some(1));
        assert_eq!(early, None, "{heard:?}");
        // Of the third task, which does not run ahead, all is heard.
        assert!(place("task.progress", 3) > Some(committed), "{heard:?}");
    });
}
