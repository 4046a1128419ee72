//! What must not be repeated outside: whether it was, who says so, and what the ledger keeps of it.

use std::sync::Arc;

use callboard_orchestra::{
    Author, EffectClass, FailureKind, JobId, Payload, ResolveError, Tenant,
    job::{JobState, Resolution, WaitReason},
    journal::{EffectRow, EffectState, EffectsQuery, MemoryJournal},
    why::Because,
};
use callboard_runtime::testing::universe;

use crate::{
    lives::live_and_die,
    stage::{Act, Part, Play, Stage, spec},
};

/// Outlives every process that is killed with it in hand.
const LONG: Act = Act::Wait { ms: 50_000 };

/// Entries of a job in the ledger, the first first.
async fn effects_of(stage: &Stage, job: JobId) -> Vec<EffectRow> {
    let query = EffectsQuery {
        job: Some(job),
        limit: 100,
        ..EffectsQuery::default()
    };
    let mut effects = stage.journal.effects(&query).await.unwrap();
    effects.sort_by_key(|effect| (effect.task, effect.attempt));
    effects
}

async fn resolve(
    stage: &Stage,
    effect: &EffectRow,
    resolution: Resolution,
) -> Result<EffectRow, ResolveError> {
    let (tenant, why) = (Tenant::default(), Some("seen".to_owned()));
    let coordinator = &stage.house.coordinator;
    coordinator
        .resolve(&tenant, effect.id, resolution, &Author::of("ann"), why)
        .await
}

fn succeeded() -> Resolution {
    let product = Payload::of(&"paid").unwrap();
    Resolution::Succeeded { product }
}

/// A job whose one payment has panicked, and the entry of that.
async fn lost_payment(stage: &Stage) -> (JobId, EffectRow) {
    let act = Act::PanicUntil { attempt: 2 }.by(Part::Payer);
    let job = stage.submit(&Play::of([act])).await;
    stage.until(job, "effect.unknown", 1).await;
    let mut effects = effects_of(stage, job).await;
    assert_eq!(effects.len(), 1);
    (job, effects.remove(0))
}

#[test]
fn a_once_task_that_panics_is_not_run_again_and_waits_for_a_person() {
    universe(|universe| async move {
        universe.expect_panics(1);
        let stage = Stage::open(&universe);
        let (job, lost) = lost_payment(&stage).await;
        assert_eq!(
            (lost.state, lost.class, lost.attempt),
            (EffectState::Unknown, EffectClass::Once, 1)
        );
        let (coordinator, tenant) = (&stage.house.coordinator, Tenant::default());
        let row = stage.journal.job(&tenant, job).await.unwrap().unwrap();
        let effect = lost.id;
        assert_eq!(row.waiting_for, Some(WaitReason::UnknownOutcome { effect }));
        let why = coordinator.why(&tenant, job).await.unwrap().unwrap();
        assert_eq!(why.tasks[0].because, Because::UnknownOutcome { effect });
        stage.fence().await;
        assert_eq!(stage.attempts_of(job), [(1, 1)]);
        let resolved = resolve(&stage, &lost, succeeded()).await.unwrap();
        assert_eq!(resolved.state, EffectState::Resolved);
        assert_eq!(resolved.resolved_by.as_deref(), Some("ann"));
        assert_eq!(stage.end_of(job).await.state, JobState::Succeeded);
        assert_eq!(stage.attempts_of(job), [(1, 1), (2, 1)]);
        let job = coordinator.replay(&tenant, job).await.unwrap().unwrap();
        let product = job.tasks[1].product.as_ref().unwrap();
        assert_eq!(product.text(), r#""paid""#);
    });
}

#[test]
fn an_effect_that_a_person_says_has_failed_fails_its_job() {
    universe(|universe| async move {
        universe.expect_panics(1);
        let stage = Stage::open(&universe);
        let (job, lost) = lost_payment(&stage).await;
        resolve(&stage, &lost, Resolution::Failed).await.unwrap();
        let row = stage.end_of(job).await;
        assert_eq!(row.failure.as_ref().unwrap().kind, FailureKind::Refused);
        let again = resolve(&stage, &lost, succeeded()).await;
        assert!(
            matches!(&again, Err(ResolveError::NotUnknown(row)) if row.state == EffectState::Resolved),
            "{again:?}"
        );
    });
}

#[test]
fn an_effect_that_a_person_says_did_not_take_place_is_tried_again_as_a_new_one() {
    universe(|universe| async move {
        universe.expect_panics(1);
        let stage = Stage::open(&universe);
        let (job, lost) = lost_payment(&stage).await;
        resolve(&stage, &lost, Resolution::Again).await.unwrap();
        assert_eq!(stage.end_of(job).await.state, JobState::Succeeded);
        assert_eq!(stage.attempts_of(job), [(1, 1), (1, 2), (2, 1)]);
        let effects = effects_of(&stage, job).await;
        let states: Vec<_> = effects
            .iter()
            .map(|effect| (effect.attempt, effect.state))
            .collect();
        assert_eq!(
            states,
            [(1, EffectState::Resolved), (2, EffectState::Succeeded)]
        );
        assert_ne!(effects[0].id, effects[1].id);
    });
}

#[test]
fn two_people_who_resolve_one_effect_are_heard_once() {
    universe(|universe| async move {
        universe.expect_panics(1);
        let stage = Stage::open(&universe);
        let (job, lost) = lost_payment(&stage).await;
        let (one, other) = futures_util::join!(
            resolve(&stage, &lost, succeeded()),
            resolve(&stage, &lost, Resolution::Again)
        );
        assert!(one.is_ok() != other.is_ok(), "{one:?}, {other:?}");
        let loser = one.err().or(other.err());
        assert!(
            matches!(loser, Some(ResolveError::NotUnknown(_))),
            "{loser:?}"
        );
        assert_eq!(stage.end_of(job).await.state, JobState::Succeeded);
    });
}

#[test]
fn a_process_that_dies_leaves_a_once_task_unknown_and_the_others_to_be_run_again() {
    let journal = Arc::new(MemoryJournal::default());
    let mut before = None;
    live_and_die(&journal, async |stage: &Stage| {
        let job = stage
            .submit(&Play::of([
                LONG.by(Part::Payer),
                LONG.by(Part::Poster),
                LONG,
            ]))
            .await;
        stage.begun(job, 3).await;
        let effects = effects_of(stage, job).await;
        let states: Vec<_> = effects
            .iter()
            .map(|effect| (effect.task.0, effect.class, effect.state))
            .collect();
        assert_eq!(
            states,
            [
                (1, EffectClass::Once, EffectState::Intended),
                (2, EffectClass::Keyed, EffectState::Intended)
            ]
        );
        before = Some((job, effects, stage.keys.lock().unwrap().clone()));
    });
    let (job, before, keys_before) = before.unwrap();
    universe(|universe| async move {
        let stage = Stage::open_on(&universe, journal, &spec());
        stage.until(job, "effect.unknown", 1).await;
        stage.until(job, "task.succeeded", 2).await;
        stage.fence().await;
        let mut attempts = stage.attempts_of(job);
        attempts.sort_unstable();
        assert_eq!(
            attempts,
            [(2, 1), (3, 1)],
            "the payment is not made again, the others are"
        );
        let repeated = before[1].key.clone();
        assert!(keys_before.contains(&repeated), "{keys_before:?}");
        assert!(stage.keys.lock().unwrap().contains(&repeated));
        let effects = effects_of(&stage, job).await;
        assert_eq!(effects.len(), 2);
        assert_eq!(
            (effects[0].id, effects[0].state),
            (before[0].id, EffectState::Unknown)
        );
        assert_eq!(
            (effects[1].id, effects[1].state),
            (before[1].id, EffectState::Succeeded)
        );
        resolve(&stage, &effects[0], succeeded()).await.unwrap();
        assert_eq!(stage.end_of(job).await.state, JobState::Succeeded);
        assert!(!stage.attempts_of(job).contains(&(1, 1)));
    });
}

#[test]
fn a_cancel_counts_the_effects_it_leaves_open_and_they_are_resolved_after_the_end() {
    universe(|universe| async move {
        let stage = Stage::open(&universe);
        let (coordinator, tenant) = (&stage.house.coordinator, Tenant::default());
        let job = stage
            .submit(&Play::of([Act::Hang.by(Part::Payer), Act::Hang, Act::Done]))
            .await;
        stage.begun(job, 3).await;
        stage.until(job, "task.succeeded", 1).await;
        let receipt = coordinator
            .cancel(&tenant, job, "enough", &Author::anonymous())
            .await
            .unwrap();
        assert_eq!(
            (
                receipt.stopped,
                receipt.already_done,
                receipt.unknown_outcome
            ),
            (3, 2, 1)
        );
        assert_eq!(stage.end_of(job).await.state, JobState::Cancelled);
        let effects = effects_of(&stage, job).await;
        assert_eq!(effects.len(), 1);
        assert_eq!(effects[0].state, EffectState::Unknown);
        let resolved = resolve(&stage, &effects[0], succeeded()).await.unwrap();
        assert_eq!(resolved.state, EffectState::Resolved);
        let row = stage.journal.job(&tenant, job).await.unwrap().unwrap();
        assert_eq!(row.state, JobState::Cancelled);
        let again = resolve(&stage, &effects[0], Resolution::Failed).await;
        assert!(
            matches!(again, Err(ResolveError::NotUnknown(_))),
            "{again:?}"
        );
        stage.fence().await;
        assert_eq!(coordinator.admission().live_jobs(), 0);
    });
}
