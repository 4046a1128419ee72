//! Properties of the job machine over random plans and random histories.

use callboard_orchestra::{
    Failure, FailureKind, OnExhausted, Plan, TaskId, TaskSpec,
    job::{Command, Job, JobState},
};
use proptest::prelude::*;

use crate::driver::{Driver, IDLE, any_plan, any_step};

proptest! {
    #[test]
    fn waves_respect_the_dag_and_every_job_can_end(plan in any_plan(), steps in prop::collection::vec(any_step(), 0..60), pauses in any::<bool>()) {
        let mut driver = Driver::start_with(if pauses { OnExhausted::Pause } else { OnExhausted::Fail });
        driver.plan(&plan);
        for step in &steps {
            driver.step(step);
            driver.assert_stands();
        }
        driver.complete();
        prop_assert!(driver.job.state.is_final(), "stuck in {:?}", driver.job.state);
    }

    #[test]
    fn every_prefix_of_a_history_replays_to_a_valid_job(plan in any_plan(), steps in prop::collection::vec(any_step(), 0..40)) {
        let mut driver = Driver::start();
        driver.plan(&plan);
        for step in &steps {
            driver.step(step);
        }
        let id = driver.job.id;
        let whole = Job::replay(id, driver.events.iter().map(|(event, at)| (event, *at))).unwrap();
        prop_assert_eq!(&whole, &driver.job);
        for length in 1..driver.events.len() {
            let prefix = Job::replay(id, driver.events[..length].iter().map(|(event, at)| (event, *at))).unwrap();
            prop_assert_eq!(prefix.seq, length as u64);
        }
    }

    #[test]
    fn no_command_leads_out_of_a_final_state(plan in any_plan(), steps in prop::collection::vec(any_step(), 0..40)) {
        let mut driver = Driver::start();
        driver.plan(&plan);
        driver.command(Command::Cancel { reason: "done".to_owned() }).unwrap();
        let ended = driver.job.clone();
        for step in &steps {
            driver.step(step);
        }
        prop_assert_eq!(driver.job.state, JobState::Cancelled);
        prop_assert_eq!(driver.job, ended);
    }
}

#[test]
fn a_plan_with_a_cycle_fails_the_job_and_names_a_task_on_it() {
    let task = |name: &str, after: &str| TaskSpec::new(name, IDLE, &()).unwrap().after([after]);
    let plan = Plan {
        tasks: vec![task("a", "b"), task("b", "a")],
        aggregate: TaskSpec::new("aggregate", IDLE, &()).unwrap(),
        check: None,
    };
    let mut driver = Driver::start();
    driver.plan(&plan);
    assert_eq!(driver.job.state, JobState::Failed);
    let (failure, _) = driver.job.failure.unwrap();
    assert!(failure.message.contains("cycle"), "{}", failure.message);
}

#[test]
fn a_plan_that_names_an_unknown_role_is_told_the_near_one() {
    let plan = Plan {
        tasks: vec![TaskSpec::new("a", "test.idel", &()).unwrap()],
        aggregate: TaskSpec::new("aggregate", IDLE, &()).unwrap(),
        check: None,
    };
    let mut driver = Driver::start();
    driver.plan(&plan);
    let (failure, _) = driver.job.failure.unwrap();
    assert!(
        failure.message.contains("did you mean `test.idle`"),
        "{}",
        failure.message
    );
}

#[test]
fn a_task_that_panics_its_role_three_times_is_poison() {
    let mut driver = Driver::start();
    let failed = |attempt| Command::TaskFailed {
        task: TaskId::PLAN,
        attempt,
        failure: Failure::new(FailureKind::Panicked, "boom"),
        after: None,
    };
    for attempt in 1..=3 {
        assert!(!driver.job.state.is_final());
        driver.command(failed(attempt)).unwrap();
        driver.wake_all();
    }
    assert_eq!(driver.job.failure.unwrap().0.kind, FailureKind::Poisoned);
}

#[test]
fn an_open_breaker_uses_no_attempt() {
    let mut driver = Driver::start();
    for _ in 0..50 {
        let failure = Failure::new(FailureKind::BreakerOpen, "open");
        driver
            .command(Command::TaskFailed {
                task: TaskId::PLAN,
                attempt: 1,
                failure,
                after: None,
            })
            .unwrap();
    }
    assert_eq!(driver.job.task(TaskId::PLAN).unwrap().attempt, 1);
}
