//! The actor around a resident's instance: it builds the instance from the factory, delivers messages and timers to it.
//! It catches nothing: a panic goes to the lifeline, which restarts this shell with its mailbox and without the instance.

use std::panic::resume_unwind;

use actix::{Actor, ActorContext, ArbiterHandle, AsyncContext, Context, Handler, Supervised};
use tokio::sync::mpsc;
use tokio::time::Instant;
use tokio_util::sync::{CancellationToken, DropGuard};

use super::context::TaskPanicked;
use super::timer::Timers;
use super::{Resident, ResidentContext};
use crate::alarm::{Alarm, Alarmed};
use crate::exit::Scope;
use crate::failpoint;
use crate::handle::{Handle, Told};
use crate::lifeline::{Halt, berth, launch};
use crate::tree::{ChildLink, Order};

struct Shell<R: Resident> {
    name: String,
    factory: Box<dyn FnMut() -> R>,
    instance: Option<R>,
    rctx: ResidentContext<R>,
    link: ChildLink,
    _tasks: DropGuard,
}

/// Starts a resident on `arbiter`.
pub(crate) fn start<R: Resident>(
    arbiter: &ArbiterHandle,
    name: String,
    link: ChildLink,
    orders: mpsc::UnboundedReceiver<Order>,
    factory: impl FnMut() -> R + Send + 'static,
) -> Handle<R::Message> {
    let (addr, berth) = berth::<Shell<R>>();
    let own = addr.clone();
    launch(arbiter, berth, link.clone(), orders, move || {
        let ended = CancellationToken::new();
        Shell {
            name,
            factory: Box::new(factory),
            instance: None,
            rctx: ResidentContext {
                handle: Handle::new(own.clone().recipient()),
                incarnation: 0,
                timers: Timers::new(),
                stopping: false,
                scope: Scope {
                    node: link.subject.node.clone(),
                    task: None,
                },
                link: link.clone(),
                panicked: own.recipient(),
                ended: ended.clone(),
            },
            link,
            _tasks: ended.drop_guard(),
        }
    });
    Handle::new(addr.recipient())
}

impl<R: Resident> Shell<R> {
    fn deliver(&mut self, message: R::Message, ctx: &mut Context<Self>) {
        failpoint::reach("resident::handle", "");
        failpoint::reach("resident", &self.name);
        self.instance
            .as_mut()
            .expect("started builds the instance before the first message")
            .handle(message, &mut self.rctx);
        self.stop_if_asked(ctx);
    }

    fn stop_if_asked(&mut self, ctx: &mut Context<Self>) {
        if self.rctx.stopping {
            ctx.stop();
        }
    }
}

// The instance is touched by one call at a time and dropped after a panic in it.
impl<R: Resident> Unpin for Shell<R> {}

impl<R: Resident> Actor for Shell<R> {
    type Context = Context<Self>;

    fn started(&mut self, ctx: &mut Context<Self>) {
        let mut instance = (self.factory)();
        self.rctx.stopping = false;
        self.rctx.incarnation = self.link.built();
        instance.started(&mut self.rctx);
        self.instance = Some(instance);
        ctx.spawn(Alarm::default());
        self.stop_if_asked(ctx);
    }
}

impl<R: Resident> Supervised for Shell<R> {
    fn restarting(&mut self, _: &mut Context<Self>) {
        self.rctx.timers.clear();
        drop(self.instance.take());
    }
}

impl<R: Resident> Alarmed for Shell<R> {
    fn alarm(&mut self) -> Option<Instant> {
        match self.rctx.stopping {
            true => None,
            false => self.rctx.timers.next(),
        }
    }

    fn ring(&mut self, now: Instant, ctx: &mut Context<Self>) {
        if let Some(message) = self.rctx.timers.pop(now) {
            self.deliver(message, ctx);
        }
    }
}

impl<R: Resident> Handler<Told<R::Message>> for Shell<R> {
    type Result = ();

    fn handle(&mut self, Told(message): Told<R::Message>, ctx: &mut Context<Self>) {
        self.deliver(message, ctx);
    }
}

impl<R: Resident> Handler<TaskPanicked> for Shell<R> {
    type Result = ();

    fn handle(&mut self, TaskPanicked(cause): TaskPanicked, _: &mut Context<Self>) {
        // The hook has seen this panic in the task itself.
        resume_unwind(Box::new(cause));
    }
}

impl<R: Resident> Handler<Halt> for Shell<R> {
    type Result = ();

    fn handle(&mut self, _: Halt, ctx: &mut Context<Self>) {
        ctx.stop();
    }
}
