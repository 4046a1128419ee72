//! A private universe for every test: paused time, events to wait for, and a check that nothing panicked unexpectedly.

use std::future::Future;
use std::num::NonZeroUsize;
use std::ops::Deref;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use actix::System;
use tokio::runtime::Builder;
use tokio::sync::{broadcast, mpsc};
use tokio::time::timeout;

use crate::crew::{Crew, Notice, OwnerId, Report};
use crate::event::{EventKind, SupervisionEvent};
use crate::exit::install_panic_hook;
use crate::universe::Universe;

/// How long a test waits for something that should happen; in paused time this passes at once when nothing else can.
const PATIENCE: Duration = Duration::from_secs(600);
const PATIENCE_REAL_TIME: Duration = Duration::from_secs(30);

/// The universe of one test. Clones share it.
#[derive(Clone)]
pub struct TestUniverse {
    universe: Universe,
    panics_expected: Arc<AtomicU64>,
    patience: Duration,
}

/// Runs a test in a universe of its own, on one thread with paused time, and shuts it down.
/// Fails if there were more or fewer panics than [`TestUniverse::expect_panics`] announced.
pub fn universe<F: Future<Output = ()>>(test: impl FnOnce(TestUniverse) -> F) {
    run(true, PATIENCE, Universe::current_thread, test);
}

/// As [`universe`], with real time and threads: one core arbiter, `role_arbiters` more, and the watchdog.
pub fn threads<F: Future<Output = ()>>(
    role_arbiters: NonZeroUsize,
    test: impl FnOnce(TestUniverse) -> F,
) {
    let start = || Universe::threads(role_arbiters);
    run(false, PATIENCE_REAL_TIME, start, test);
}

fn run<F: Future<Output = ()>>(
    paused: bool,
    patience: Duration,
    start: impl FnOnce() -> Universe,
    test: impl FnOnce(TestUniverse) -> F,
) {
    install_panic_hook();
    let system = System::with_tokio_rt(|| {
        Builder::new_current_thread()
            .enable_all()
            .start_paused(paused)
            .build()
            .expect("a test can start a runtime")
    });
    let test_universe = system.block_on(async {
        let test_universe = TestUniverse {
            universe: start(),
            panics_expected: Arc::default(),
            patience,
        };
        test(test_universe.clone()).await;
        test_universe.universe.shutdown().await;
        test_universe
    });
    assert_eq!(
        test_universe.events_total(EventKind::Panicked),
        test_universe.panics_expected.load(Ordering::Relaxed),
        "panics of tasks and actors in this test"
    );
}

impl TestUniverse {
    /// Announces `more` panics of tasks, factories or actors.
    pub fn expect_panics(&self, more: u64) {
        self.panics_expected.fetch_add(more, Ordering::Relaxed);
    }

    /// Collects the events from here on.
    pub fn watch(&self) -> EventWatch {
        EventWatch {
            events: self.universe.events(),
            patience: self.patience,
        }
    }

    /// Enrols a new inbox with a crew as `owner`.
    pub fn inbox<T: Send + 'static, O: Clone + Send + 'static>(
        &self,
        crew: &Crew<T, O>,
        owner: OwnerId,
    ) -> Inbox<O> {
        let (sender, notices) = mpsc::unbounded_channel();
        crew.enrol(
            owner,
            Arc::new(move |notice| {
                // An error means that the test has dropped its inbox.
                let _ = sender.send(notice);
            }),
        );
        Inbox {
            notices,
            patience: self.patience,
        }
    }
}

impl Deref for TestUniverse {
    type Target = Universe;

    fn deref(&self) -> &Universe {
        &self.universe
    }
}

/// The events of a universe, in order.
pub struct EventWatch {
    events: broadcast::Receiver<SupervisionEvent>,
    patience: Duration,
}

impl EventWatch {
    /// The next event, whatever it is.
    pub async fn next(&mut self) -> SupervisionEvent {
        timeout(self.patience, self.events.recv())
            .await
            .expect("no event within the patience of a test")
            .expect("the watch did not lag and the universe lives")
    }

    /// The next event of a kind.
    pub async fn until(&mut self, kind: EventKind) -> SupervisionEvent {
        self.until_that(|event| event.kind == kind).await
    }

    /// The next event that satisfies `wanted`.
    pub async fn until_that(
        &mut self,
        wanted: impl Fn(&SupervisionEvent) -> bool,
    ) -> SupervisionEvent {
        loop {
            let event = self.next().await;
            if wanted(&event) {
                return event;
            }
        }
    }

    /// What has been published and not read yet.
    pub fn so_far(&mut self) -> Vec<SupervisionEvent> {
        std::iter::from_fn(|| self.events.try_recv().ok()).collect()
    }
}

/// What a crew tells one owner, in order.
pub struct Inbox<O> {
    notices: mpsc::UnboundedReceiver<Notice<O>>,
    patience: Duration,
}

impl<O> Inbox<O> {
    /// The next notice, whatever it is.
    pub async fn next(&mut self) -> Notice<O> {
        timeout(self.patience, self.notices.recv())
            .await
            .expect("no notice within the patience of a test")
            .expect("the crew holds the sink")
    }

    /// The next report, skipping other notices.
    pub async fn finished(&mut self) -> Report<O> {
        loop {
            if let Notice::Finished(report) = self.next().await {
                return report;
            }
        }
    }

    /// What has arrived and was not read yet.
    pub fn so_far(&mut self) -> Vec<Notice<O>> {
        std::iter::from_fn(|| self.notices.try_recv().ok()).collect()
    }
}
