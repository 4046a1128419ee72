//! One timer for an actor that has any number of things to do later: it says when the next is due, and is rung then.

use std::future::Future;
use std::pin::Pin;
use std::task::{self, Poll};
use std::time::Duration;

use actix::Actor;
use actix::fut::ActorFuture;
use tokio::time::{Instant, Sleep, sleep_until};

/// What lies further ahead is as good as never.
const FAR: Duration = Duration::from_secs(365 * 24 * 60 * 60);

/// `now` and `delay` together, however long the delay.
pub(crate) fn later(now: Instant, delay: Duration) -> Instant {
    now + delay.min(FAR)
}

pub(crate) trait Alarmed: Actor {
    /// When the next thing is due. Ringing must move it.
    fn alarm(&mut self) -> Option<Instant>;
    fn ring(&mut self, now: Instant, ctx: &mut Self::Context);
}

/// Spawned into the context of the actor in `started`; a restart cancels it and `started` spawns another.
#[derive(Default)]
pub(crate) struct Alarm {
    armed: Option<(Instant, Pin<Box<Sleep>>)>,
}

impl<A: Alarmed> ActorFuture<A> for Alarm {
    type Output = ();

    fn poll(
        self: Pin<&mut Self>,
        actor: &mut A,
        ctx: &mut A::Context,
        cx: &mut task::Context<'_>,
    ) -> Poll<()> {
        let this = self.get_mut();
        loop {
            let Some(due) = actor.alarm() else {
                this.armed = None;
                return Poll::Pending;
            };
            let sleep = match &mut this.armed {
                Some((at, sleep)) if *at == due => sleep,
                armed => {
                    let now = Instant::now();
                    if due <= now {
                        actor.ring(now, ctx);
                        continue;
                    }
                    &mut armed.insert((due, Box::pin(sleep_until(due)))).1
                }
            };
            if sleep.as_mut().poll(cx).is_pending() {
                return Poll::Pending;
            }
            this.armed = None;
            actor.ring(Instant::now(), ctx);
        }
    }
}
