//! What an operator may ask of a crew, and what the desk does about it. What is in hand is never touched.
//! All of it is the memory of the process: the next one starts with every crew at work and every breaker closed.

use std::sync::Arc;

use tokio::sync::oneshot;
use tokio::time::Instant;

use super::desk::Desk;
use super::letter::Command;
use crate::event::{Detail, EventKind};

/// What an operator may ask of a crew. All but a restart change nothing when asked again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Intervention {
    /// Hand out nothing more; offers are still queued. Comes about at once.
    Pause,
    /// The same. Comes about once nothing is in hand, unless the crew is resumed before.
    Drain,
    /// End a pause and a drain.
    Resume,
    /// Replace the instance of every worker; tasks in hand end on the old ones. Comes about once every worker has done so,
    /// or has died.
    Restart,
    /// Close the breaker and forget its outcomes.
    ResetBreaker,
}

/// Tells somebody once the last clone is gone.
#[derive(Clone)]
pub(super) struct Told(#[expect(dead_code, reason = "held for its drop")] Option<Arc<OnLast>>);

struct OnLast(Option<oneshot::Sender<()>>);

impl Told {
    pub(super) fn nobody() -> Self {
        Self(None)
    }

    fn on_last(told: Option<oneshot::Sender<()>>) -> Self {
        Self(Some(Arc::new(OnLast(told))))
    }
}

impl Drop for OnLast {
    fn drop(&mut self) {
        tell(self.0.take());
    }
}

fn tell(told: Option<oneshot::Sender<()>>) {
    if let Some(told) = told {
        // An error means that the asker gave up.
        let _ = told.send(());
    }
}

impl<T: Send + 'static, O: Clone + Send + 'static> Desk<T, O> {
    pub(super) fn intervene(
        &mut self,
        intervention: Intervention,
        cause: &Arc<str>,
        told: Option<oneshot::Sender<()>>,
        now: Instant,
    ) {
        match intervention {
            Intervention::Pause => {
                self.pause(cause);
                tell(told);
            }
            Intervention::Drain => {
                let waiting = self.hands.get_or_insert_default();
                waiting.retain(|told| !told.is_closed());
                waiting.extend(told);
                self.pause(cause);
            }
            Intervention::Resume => {
                self.resume(cause);
                tell(told);
            }
            Intervention::Restart => {
                let told = Told::on_last(told);
                for worker in &self.workers {
                    let (cause, told) = (cause.clone(), told.clone());
                    let _ = worker.try_send(Command::Renew { cause, told });
                }
            }
            Intervention::ResetBreaker => {
                let change = self.breaker.reset();
                self.breaker_changed(change, now);
                tell(told);
            }
        }
    }

    fn pause(&mut self, cause: &Arc<str>) {
        if !self.paused {
            let detail = Detail::default().cause(&**cause);
            self.link.publish(EventKind::Paused, detail);
        }
        self.paused = true;
        self.show_modes();
    }

    fn resume(&mut self, cause: &Arc<str>) {
        if self.paused || self.draining {
            let detail = Detail::default().cause(&**cause);
            self.link.publish(EventKind::Resumed, detail);
        }
        self.hands = None;
        self.paused = false;
        self.draining = self.closed;
        self.show_modes();
    }

    pub(super) fn show_modes(&self) {
        let draining = self.draining || self.hands.is_some();
        self.gauge.set_modes(self.paused, draining);
    }

    /// After every letter: tells those who wait for the crew's hands to be empty.
    pub(super) fn look_at_hands(&mut self) {
        if self.ledger.in_hand() > 0 {
            return;
        }
        if let Some(waiting) = self.hands.take() {
            self.show_modes();
            self.link.publish(EventKind::Drained, Detail::default());
            waiting.into_iter().for_each(|told| tell(Some(told)));
        }
    }
}
