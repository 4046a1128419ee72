//! Computations off the arbiter: their flag, their permit, their panics.

use callboard_runtime::testing::universe;
use callboard_runtime::{CrewSpec, Fault};
use tokio::sync::oneshot;

use crate::drill::{OWNER, Order, crew, key, offer};

#[test]
fn a_computation_learns_that_its_task_was_withdrawn_and_frees_its_permit() {
    universe(|u| async move {
        let crew = crew(&u, CrewSpec::new("compute"));
        let mut inbox = u.inbox(&crew, OWNER);
        for number in 0..64 {
            let ((begin, began), (end, ended)) = (oneshot::channel(), oneshot::channel());
            crew.offer(offer(key(number), Order::Compute(begin, end)));
            began.await.unwrap();
            crew.withdraw(key(number));
            assert_eq!(inbox.finished().await.outcome, Err(Fault::Aborted));
            ended.await.unwrap();
        }
    });
}

#[test]
fn a_panic_in_a_computation_is_a_panic_of_its_task() {
    universe(|u| async move {
        u.expect_panics(1);
        let crew = crew(&u, CrewSpec::new("compute-panic"));
        let mut inbox = u.inbox(&crew, OWNER);
        crew.offer(offer(key(1), Order::PanicInCompute));
        let cause = "while computing".to_owned();
        assert_eq!(inbox.finished().await.outcome, Err(Fault::Panicked(cause)));
        let ((begin, began), (end, ended)) = (oneshot::channel(), oneshot::channel());
        crew.offer(offer(key(2), Order::Compute(begin, end)));
        began.await.unwrap();
        crew.withdraw(key(2));
        ended.await.unwrap();
    });
}
