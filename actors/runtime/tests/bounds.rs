//! Whatever is thrown at a crew, it keeps its bounds and gets every slot back.

use std::collections::HashSet;
use std::time::Duration;

use callboard_runtime::testing::universe;
use callboard_runtime::{BreakerSpec, CrewSpec, Notice, Offer};
use proptest::prelude::*;

use crate::drill::{OWNER, Order, crew, key, offer, wait};

const WORKERS: u32 = 3;
const CONCURRENCY: u32 = 2;
const QUEUE_MAX: usize = 12;

#[derive(Clone, Copy, Debug)]
enum Throw {
    Answer,
    Panic,
    PanicLater,
    TimeOut,
    /// Waits until it is withdrawn.
    Withdraw,
    WithdrawAtOnce,
}

fn throws() -> impl Strategy<Value = Vec<(Throw, u64, u8)>> {
    let throw = prop_oneof![
        3 => Just(Throw::Answer),
        2 => Just(Throw::Panic),
        1 => Just(Throw::PanicLater),
        2 => Just(Throw::TimeOut),
        2 => Just(Throw::Withdraw),
        1 => Just(Throw::WithdrawAtOnce),
    ];
    prop::collection::vec((throw, 0_u64..3, 0_u8..10), 1..80)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]
    #[test]
    fn slots_always_return_under_panics_timeouts_and_withdrawals(throws in throws()) {
        universe(|u| async move {
            let crew = crew(
                &u,
                CrewSpec {
                    workers: WORKERS,
                    concurrency: CONCURRENCY,
                    queue_max: QUEUE_MAX,
                    breaker: BreakerSpec { streak: usize::MAX, ..BreakerSpec::default() },
                    ..CrewSpec::new("thrown-at")
                },
            );
            let mut inbox = u.inbox(&crew, OWNER);
            let mut keep = Vec::new();
            for (number, (throw, share, priority)) in (0..).zip(&throws) {
                let (order, began, go) = wait();
                keep.push((began, go));
                let order = match throw {
                    Throw::Answer => Order::Answer(number),
                    Throw::Panic => Order::Panic("thrown"),
                    Throw::PanicLater => Order::PanicLater("thrown"),
                    Throw::TimeOut => Order::Forever,
                    Throw::Withdraw | Throw::WithdrawAtOnce => order,
                };
                crew.offer(Offer {
                    share: (*share).into(),
                    priority: *priority,
                    timeout: Duration::from_millis(number * 7 % 400 + 1),
                    ..offer(key(number), order)
                });
                if let Throw::WithdrawAtOnce = throw {
                    crew.withdraw(key(number));
                }
                let vitals = crew.vitals();
                assert!(vitals.queue_depth <= QUEUE_MAX);
                assert!(vitals.in_hand <= (WORKERS * CONCURRENCY) as usize);
            }
            for (number, (throw, ..)) in (0..).zip(&throws) {
                if let Throw::Withdraw = throw {
                    crew.withdraw(key(number));
                }
            }
            let mut open: HashSet<u64> = (0..throws.len() as u64).collect();
            let mut ended = HashSet::new();
            while !open.is_empty() {
                match inbox.next().await {
                    Notice::Finished(report) => {
                        let number = report.key.number;
                        crew.acknowledge(report.key);
                        open.remove(&number);
                        ended.insert(number);
                    }
                    Notice::Refused { key, .. } => {
                        assert!(!ended.contains(&key.number), "finished and refused");
                        open.remove(&key.number);
                    }
                    Notice::Started { .. } | Notice::Progress { .. } | Notice::Room => {}
                }
            }
            u.expect_panics(crew.vitals().panics);
            assert!(crew.drain(Duration::from_secs(60)).await);
            // Every slot must be free again: as many tasks as there are slots are in hand at once.
            crew.resume();
            crew.reset_breaker();
            let mut gates = Vec::new();
            for number in 0..u64::from(WORKERS * CONCURRENCY) {
                let (order, began, go) = wait();
                crew.offer(offer(key(10_000 + number), order));
                gates.push((began, go));
            }
            for (began, _) in &mut gates {
                began.await.unwrap();
            }
            assert_eq!(crew.vitals().in_hand, (WORKERS * CONCURRENCY) as usize);
        });
    }
}

#[test]
fn a_blocked_crew_accepts_what_its_bounds_allow_and_refuses_the_next() {
    universe(|u| async move {
        let crew = crew(
            &u,
            CrewSpec {
                workers: WORKERS,
                concurrency: CONCURRENCY,
                queue_max: QUEUE_MAX,
                ..CrewSpec::new("blocked")
            },
        );
        let mut inbox = u.inbox(&crew, OWNER);
        let bound = QUEUE_MAX as u64 + u64::from(WORKERS * CONCURRENCY);
        for number in 0..bound {
            crew.offer(offer(key(number), Order::Forever));
            crew.holdings(OWNER, Duration::from_secs(1)).await.unwrap();
        }
        let refused = |notice: &Notice<u64>| matches!(notice, Notice::Refused { .. });
        assert!(!inbox.so_far().iter().any(refused));
        crew.offer(offer(key(bound), Order::Forever));
        crew.holdings(OWNER, Duration::from_secs(1)).await.unwrap();
        assert!(inbox.so_far().iter().any(refused));
    });
}
