//! A hundred thousand rebuilds leave nothing behind.

use std::time::Duration;

use callboard_runtime::testing::universe;
use callboard_runtime::{Backoff, BreakerSpec, CrewSpec};

use crate::drill::{OWNER, Order, crew, key, offer};

const REBUILDS: u64 = 100_000;
const WARM_UP: u64 = 10_000;
const GROWTH_MAX_KIB: u64 = 1024;

/// Resident set of this process, in KiB.
fn resident_kib() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|line| line.starts_with("VmRSS:"))?;
    line.split_whitespace().nth(1)?.parse().ok()
}

#[test]
#[ignore = "takes twenty seconds, and reads the memory of the whole test process: run it alone"]
fn a_hundred_thousand_rebuilds_grow_the_process_by_less_than_a_mebibyte() {
    universe(|u| async move {
        u.expect_panics(REBUILDS + WARM_UP);
        let spec = CrewSpec {
            backoff: Backoff {
                base: Duration::ZERO,
                max: Duration::ZERO,
            },
            breaker: BreakerSpec {
                failures_min: usize::MAX,
                streak: usize::MAX,
                ..BreakerSpec::default()
            },
            ..CrewSpec::new("memory")
        };
        let crew = crew(&u, spec);
        let mut inbox = u.inbox(&crew, OWNER);
        let mut before = None;
        for number in 0..REBUILDS + WARM_UP {
            if number == WARM_UP {
                before = resident_kib();
            }
            crew.offer(offer(key(number), Order::Panic("again")));
            let report = inbox.finished().await;
            assert!(report.outcome.is_err());
            crew.acknowledge(report.key);
        }
        let (Some(before), Some(after)) = (before, resident_kib()) else {
            panic!("this test needs /proc");
        };
        let growth = after.saturating_sub(before);
        assert!(growth < GROWTH_MAX_KIB, "grew by {growth} KiB");
        assert!(crew.vitals().workers[0].generation > REBUILDS);
    });
}
