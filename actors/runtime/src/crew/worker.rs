//! The shell of one worker: an actor that outlives the instances of the role it runs.
//! Each task runs as a guarded local task on this arbiter; a panic in it replaces the instance, with the next generation.
//! If the shell itself dies, what it had in hand comes back to the desk as lost, and a new instance is built.

use std::collections::VecDeque;
use std::panic::AssertUnwindSafe;
use std::rc::Rc;
use std::sync::Arc;

use actix::{Actor, ActorContext, AsyncContext, Context, Handler, Supervised};
use futures_util::FutureExt;
use tokio::time::Instant;

use super::letter::{Assignment, Command, InHand, Letter, Line};
use super::notice::{Fault, WorkerId};
use super::worker_core::WorkerCore;
use crate::alarm::{Alarm, Alarmed};
use crate::compute::ComputePool;
use crate::event::{Detail, EventKind};
use crate::exit::{self, SCOPE, Scope};
use crate::failpoint;
use crate::lifeline::Halt;
use crate::work::{Work, WorkContext};

pub(super) type Factory<W> = Arc<dyn Fn() -> W + Send + Sync>;

pub(super) struct Worker<W: Work> {
    pub(super) index: u32,
    pub(super) role: Arc<str>,
    pub(super) factory: Factory<W>,
    pub(super) core: Rc<WorkerCore<W>>,
    pub(super) line: Arc<Line<W::Task, W::Output>>,
    pub(super) compute: Arc<ComputePool>,
    /// Handed out just before the instance panicked; at most as many as there are slots.
    pub(super) early: VecDeque<Assignment<W::Task, W::Output>>,
}

impl<W: Work> Worker<W> {
    fn build(&mut self) {
        failpoint::reach("shell::build", &self.role);
        self.core.install((self.factory)());
        self.line.send(Letter::Ready(self.index));
        while let Some(assignment) = self.early.pop_front() {
            self.perform(assignment);
        }
    }

    fn perform(&mut self, assignment: Assignment<W::Task, W::Output>) {
        let Some((instance, generation)) = self.core.instance() else {
            self.early.push_back(assignment);
            return;
        };
        let Assignment { key, task, in_hand } = assignment;
        let InHand { slot, ticket, .. } = in_hand;
        let ctx = WorkContext {
            key,
            worker: WorkerId {
                index: self.index,
                generation,
            },
            slot,
            ticket,
            pulse: in_hand.pulse.clone(),
            line: self.line.clone(),
            compute: self.compute.clone(),
        };
        let scope = Scope {
            node: self.core.link.subject.node.clone(),
            task: Some(key),
        };
        let pulse = in_hand.pulse.clone();
        let role = self.role.clone();
        // Made here: a task that is aborted before its first step is over, too.
        let over = Over {
            core: self.core.clone(),
            ticket,
        };
        let running = actix::spawn(SCOPE.scope(scope, async move {
            // Everything of the role, its destructors too, runs inside the guard.
            let performed = AssertUnwindSafe(async move {
                failpoint::reach("perform", &role);
                instance.run(task, ctx).await
            })
            .catch_unwind()
            .await;
            match performed {
                Ok(output) => {
                    over.core.succeeded(generation);
                    in_hand.finish(Ok(output));
                }
                Err(payload) => {
                    let cause = exit::text(&*payload);
                    over.core.panicked(generation, ticket, key, &cause);
                    in_hand.finish(Err(Fault::Panicked(cause)));
                }
            }
        }));
        self.core
            .begun(ticket, generation, pulse, running.abort_handle());
    }

    fn renew(&mut self, cause: &str) {
        let core = &self.core;
        let next = core.link.vitals.generation() + 1;
        let detail = Detail::generation(next).cause(cause);
        core.link.publish(EventKind::Recycled, detail);
        core.link.vitals.recycling();
        self.build();
    }

    fn end_if_idle(&self, ctx: &mut Context<Self>) {
        if self.core.halting.get() && self.core.is_idle() && self.early.is_empty() {
            ctx.stop();
        }
    }
}

/// Takes the task out of the worker's hands when it ends, however it ends.
struct Over<W: Work> {
    core: Rc<WorkerCore<W>>,
    ticket: u64,
}

impl<W: Work> Drop for Over<W> {
    fn drop(&mut self) {
        self.core.over(self.ticket);
    }
}

impl<W: Work> Drop for Worker<W> {
    fn drop(&mut self) {
        // Its tasks live beside it on this arbiter and would outlive it.
        self.core.lose_all();
    }
}

// The instance is behind an `Rc`; the shell itself pins nothing.
impl<W: Work> Unpin for Worker<W> {}

impl<W: Work> Actor for Worker<W> {
    type Context = Context<Self>;

    fn started(&mut self, ctx: &mut Context<Self>) {
        ctx.spawn(Alarm::default());
        self.build();
    }
}

impl<W: Work> Supervised for Worker<W> {
    fn restarting(&mut self, _: &mut Context<Self>) {
        self.core.lose_all();
        let early = std::mem::take(&mut self.early);
        exit::shielded("the end of lost tasks", || drop(early));
    }
}

impl<W: Work> Alarmed for Worker<W> {
    fn alarm(&mut self) -> Option<Instant> {
        self.core.rebuild_at.get()
    }

    fn ring(&mut self, _: Instant, _: &mut Context<Self>) {
        self.core.rebuild_at.set(None);
        self.build();
    }
}

impl<W: Work> Handler<Command<W::Task, W::Output>> for Worker<W> {
    type Result = ();

    fn handle(&mut self, command: Command<W::Task, W::Output>, ctx: &mut Context<Self>) {
        match command {
            Command::Perform(assignment) => {
                failpoint::reach("shell::perform", &self.role);
                self.perform(assignment);
            }
            Command::Abort { ticket } => {
                self.core.abort(ticket);
                self.early.retain(|early| early.in_hand.ticket != ticket);
            }
            Command::Renew { cause, told } => {
                self.renew(&cause);
                drop(told);
            }
            Command::Wake => {}
        }
        self.end_if_idle(ctx);
    }
}

impl<W: Work> Handler<Halt> for Worker<W> {
    type Result = ();

    fn handle(&mut self, _: Halt, ctx: &mut Context<Self>) {
        self.core.halting.set(true);
        self.end_if_idle(ctx);
    }
}
