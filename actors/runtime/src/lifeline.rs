//! The future that runs one actor and survives its panics.
//! It catches a panic inside the poll, so that mailbox and address live on and nothing is dropped while unwinding, asks the
//! tree what follows, and restarts the actor after the backoff. A child that ends is dropped here, under guard.

use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::task::{self, Poll, ready};

use actix::dev::{AsyncContextParts, ContextFut, channel};
use actix::{Actor, Addr, ArbiterHandle, Context, Handler, Message, Supervised};
use tokio::sync::mpsc;
use tokio::time::Sleep;

use crate::exit::{self, Exit, SCOPE, Scope};
use crate::tree::{ChildLink, Order, Verdict};

/// How often a restart is tried when destructors of the old instance panic; each attempt gets past one of them.
const RESTART_ATTEMPTS_MAX: u32 = 64;
/// The bound of a mailbox here is its crew's queue or its callers' own; an actix limit does not bind.
const UNBOUNDED: usize = 0;

/// Ends an actor after the messages told before it.
#[derive(Message)]
#[rtype(result = "()")]
pub(crate) struct Halt;

pub(crate) struct Lifeline<A>
where
    A: Actor<Context = Context<A>> + Supervised + Handler<Halt> + Unpin,
{
    actor: Option<ContextFut<A, Context<A>>>,
    // Keeps the mailbox connected however many handles were dropped.
    addr: Addr<A>,
    orders: mpsc::UnboundedReceiver<Order>,
    rest: Option<Pin<Box<Sleep>>>,
    stopping: bool,
    link: ChildLink,
    scope: Scope,
}

/// The mailbox of an actor that has not been started yet.
pub(crate) struct Berth<A: Actor<Context = Context<A>>> {
    addr: Addr<A>,
    receiver: channel::AddressReceiver<A>,
}

/// An address that takes messages before its actor is launched.
pub(crate) fn berth<A: Actor<Context = Context<A>>>() -> (Addr<A>, Berth<A>) {
    let (sender, receiver) = channel::channel(UNBOUNDED);
    let addr = Addr::new(sender);
    (addr.clone(), Berth { addr, receiver })
}

/// Starts the actor that `make` builds on `arbiter`.
pub(crate) fn launch<A>(
    arbiter: &ArbiterHandle,
    berth: Berth<A>,
    link: ChildLink,
    orders: mpsc::UnboundedReceiver<Order>,
    make: impl FnOnce() -> A + Send + 'static,
) where
    A: Actor<Context = Context<A>> + Supervised + Handler<Halt> + Unpin,
{
    // A dead arbiter drops the closure and with it the mailbox: every message told then answers `Closed`.
    arbiter.spawn_fn(move || {
        let mut context = Context::with_receiver(berth.receiver);
        context.set_mailbox_capacity(UNBOUNDED);
        let scope = Scope {
            node: link.subject.node.clone(),
            task: None,
        };
        actix::spawn(Lifeline {
            actor: Some(context.into_future(make())),
            addr: berth.addr,
            orders,
            rest: None,
            stopping: false,
            link,
            scope,
        });
    });
}

impl<A> Lifeline<A>
where
    A: Actor<Context = Context<A>> + Supervised + Handler<Halt> + Unpin,
{
    fn obey(&mut self, order: Order) -> Poll<()> {
        match order {
            Order::Recycle => {
                self.rest = None;
                self.link.vitals.recycling();
                if self.restart() {
                    Poll::Pending
                } else {
                    Poll::Ready(())
                }
            }
            Order::Stop => {
                self.rest = None;
                self.stopping = true;
                match self.addr.try_send(Halt) {
                    Ok(()) => Poll::Pending,
                    Err(_) => Poll::Ready(()),
                }
            }
            Order::Kill => Poll::Ready(()),
        }
    }

    /// Polls the actor under guard; ready when it died.
    fn live(&mut self, cx: &mut task::Context<'_>) -> Poll<Exit> {
        let Some(actor) = self.actor.as_mut() else {
            return Poll::Ready(Exit::Stopped);
        };
        let polled = SCOPE.sync_scope(self.scope.clone(), || {
            catch_unwind(AssertUnwindSafe(|| Pin::new(actor).poll(cx)))
        });
        match polled {
            Ok(Poll::Pending) => Poll::Pending,
            Ok(Poll::Ready(())) => Poll::Ready(Exit::Stopped),
            Err(payload) => Poll::Ready(Exit::Panicked(exit::text(&*payload))),
        }
    }

    /// Cancels what the actor had spawned and lets it begin again; false when it cannot.
    fn restart(&mut self) -> bool {
        let Some(actor) = self.actor.as_mut() else {
            return false;
        };
        for _ in 0..RESTART_ATTEMPTS_MAX {
            let restarted = SCOPE.sync_scope(self.scope.clone(), || {
                catch_unwind(AssertUnwindSafe(|| actor.restart()))
            });
            if let Ok(restarted) = restarted {
                return restarted;
            }
        }
        false
    }

    fn end(&mut self) {
        if let Some(actor) = self.actor.take() {
            let scope = self.scope.clone();
            SCOPE.sync_scope(scope, || {
                exit::shielded("the end of an actor", || drop(actor))
            });
            self.link.ended();
        }
    }
}

impl<A> Future for Lifeline<A>
where
    A: Actor<Context = Context<A>> + Supervised + Handler<Halt> + Unpin,
    Context<A>: AsyncContextParts<A>,
{
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut task::Context<'_>) -> Poll<()> {
        let this = self.get_mut();
        loop {
            while let Poll::Ready(Some(order)) = this.orders.poll_recv(cx) {
                if this.obey(order).is_ready() {
                    this.end();
                    return Poll::Ready(());
                }
            }
            if let Some(rest) = this.rest.as_mut() {
                ready!(rest.as_mut().poll(cx));
                this.rest = None;
            }
            let exit = ready!(this.live(cx));
            let verdict = match (&exit, this.stopping) {
                (Exit::Stopped, true) => Verdict::End,
                _ => this.link.died(&exit),
            };
            let delay = match verdict {
                Verdict::Restart(delay) if this.restart() => delay,
                Verdict::Restart(_) | Verdict::End => {
                    this.end();
                    return Poll::Ready(());
                }
            };
            if delay.is_zero() {
                // Yields, so that an actor which dies at each start cannot keep its arbiter.
                cx.waker().wake_by_ref();
                return Poll::Pending;
            }
            this.rest = Some(Box::pin(tokio::time::sleep(delay)));
        }
    }
}

impl<A> Drop for Lifeline<A>
where
    A: Actor<Context = Context<A>> + Supervised + Handler<Halt> + Unpin,
{
    fn drop(&mut self) {
        self.end();
    }
}
