//! The outside of a crew: the handle that owners use, and how its parts are started.

use std::sync::Arc;
use std::time::Duration;

use actix::Recipient;
use tokio::sync::oneshot;
use tokio::time::timeout;

use super::desk::Desk;
use super::intervention::Intervention;
use super::letter::{Command, Letter, Line, Sink};
use super::notice::{Holding, Offer, OwnerId, TaskKey};
use super::spec::CrewSpec;
use super::vitals::{CrewGauge, CrewVitals};
use super::worker::{Factory, Worker};
use super::worker_core::WorkerCore;
use crate::child::{Restart, Strategy, SupervisorSpec};
use crate::handle::{AskError, wait_for};
use crate::lifeline::{berth, launch};
use crate::tree::{ChildEntry, CrewNode, NodeId};
use crate::universe::{Home, Shared};
use crate::work::Work;

/// How much longer than its workers the desk may take to end.
const DESK_SHUTDOWN: Duration = Duration::from_secs(1);
/// The cause of what nobody gave a cause for.
const ASKED_FOR: &str = "asked for";

/// The handle of a crew. Clones share it; none of its methods waits for a worker.
pub struct Crew<T: Send + 'static, O: Clone + Send + 'static> {
    line: Arc<Line<T, O>>,
    gauge: Arc<CrewGauge>,
}

impl<T: Send + 'static, O: Clone + Send + 'static> Crew<T, O> {
    pub fn role(&self) -> &str {
        &self.gauge.role
    }

    /// From here on `sink` hears everything about the owner's tasks, on the thread of the crew: it must not block.
    /// Replaces an earlier sink of the owner.
    pub fn enrol(&self, owner: OwnerId, sink: Sink<O>) {
        self.line.send(Letter::Enrol(owner, sink));
    }

    /// Offers a task; a key that is queued, in hand or held is ignored. The answer comes as notices to the owner.
    pub fn offer(&self, offer: Offer<T>) {
        self.line.send(Letter::Offer(offer));
    }

    /// The result is durable: the crew forgets the task. Every finished task needs this.
    pub fn acknowledge(&self, key: TaskKey) {
        self.line.send(Letter::Acknowledge(key));
    }

    /// Takes a task back. One that is queued or in hand ends as aborted; a held result is sent once more.
    pub fn withdraw(&self, key: TaskKey) {
        self.line.send(Letter::Withdraw(key));
    }

    /// Everything the crew holds for an owner. Before the answer, its sink hears every unacknowledged result again.
    pub async fn holdings(
        &self,
        owner: OwnerId,
        deadline: Duration,
    ) -> Result<Vec<Holding>, AskError> {
        let (answer, answered) = oneshot::channel();
        self.line
            .0
            .try_send(Letter::Holdings(owner, answer))
            .map_err(|_| AskError::Closed)?;
        wait_for(deadline, answered).await
    }

    /// Hands out nothing more; offers are still queued.
    pub fn pause(&self) {
        self.ask_for(Intervention::Pause);
    }

    /// Ends a pause and a drain.
    pub fn resume(&self) {
        self.ask_for(Intervention::Resume);
    }

    /// Closes the breaker and forgets its outcomes.
    pub fn reset_breaker(&self) {
        self.ask_for(Intervention::ResetBreaker);
    }

    /// Replaces the instance of every worker; tasks in hand end on the old ones.
    pub fn restart(&self) {
        self.ask_for(Intervention::Restart);
    }

    /// What an operator asks for, with `cause` in the events that come of it. True once it has come about; it goes on when
    /// the deadline passes before.
    pub async fn intervene(
        &self,
        intervention: Intervention,
        cause: &str,
        deadline: Duration,
    ) -> bool {
        let (told, done) = oneshot::channel();
        let letter = Letter::Intervene(intervention, cause.into(), Some(told));
        self.line.send(letter);
        matches!(timeout(deadline, done).await, Ok(Ok(())))
    }

    fn ask_for(&self, intervention: Intervention) {
        let letter = Letter::Intervene(intervention, ASKED_FOR.into(), None);
        self.line.send(letter);
    }

    /// Refuses new offers from here on, until [`resume`](Self::resume). True once nothing is queued or in hand.
    pub async fn drain(&self, deadline: Duration) -> bool {
        let (done, drained) = oneshot::channel();
        self.line.send(Letter::Drain(done));
        matches!(timeout(deadline, drained).await, Ok(Ok(())))
    }

    /// The figures of the crew, without asking it.
    pub fn vitals(&self) -> CrewVitals {
        self.gauge.vitals()
    }
}

impl<T: Send + 'static, O: Clone + Send + 'static> Clone for Crew<T, O> {
    fn clone(&self) -> Self {
        Self {
            line: self.line.clone(),
            gauge: self.gauge.clone(),
        }
    }
}

/// Starts a crew under `parent`: a group of its desk and its workers.
pub(crate) fn start<W: Work>(
    shared: &Arc<Shared>,
    parent: NodeId,
    spec: CrewSpec,
    factory: impl Fn() -> W + Send + Sync + 'static,
) -> Crew<W::Task, W::Output> {
    let spec = CrewSpec {
        workers: spec.workers.max(1),
        concurrency: spec.concurrency.max(1),
        ..spec
    };
    let (addr, desk_berth) = berth::<Desk<W::Task, W::Output>>();
    let line = Arc::new(Line(addr));
    let group = SupervisorSpec {
        name: spec.role.clone(),
        strategy: Strategy::OneForOne,
        intensity: spec.intensity,
    };
    let node = shared.tree.add_group(parent, &group, Some(&spec.role));
    let entry = |name: String, worker: Option<u32>, shutdown: Duration| ChildEntry {
        name,
        restart: Restart::Permanent,
        backoff: spec.backoff,
        shutdown,
        worker,
    };
    let desk = shared
        .tree
        .add_child(node, entry("desk".to_owned(), None, DESK_SHUTDOWN));
    let workers: Vec<_> = (0..spec.workers)
        .map(|index| {
            let name = format!("worker {index}");
            shared
                .tree
                .add_child(node, entry(name, Some(index), spec.shutdown))
        })
        .collect();
    let vitals = workers.iter().map(|(link, _)| link.vitals.clone());
    let gauge = Arc::new(CrewGauge::new(&spec, vitals));
    shared.tree.set_crew(node, crew_node(&gauge, &line));

    let factory: Factory<W> = Arc::new(factory);
    let recipients: Vec<Recipient<Command<W::Task, W::Output>>> = workers
        .into_iter()
        .zip(0..)
        .map(|((link, orders), index)| {
            let (addr, berth) = berth::<Worker<W>>();
            let wake = addr.clone().recipient();
            let (spec, gauge, line) = (spec.clone(), gauge.clone(), line.clone());
            let (factory, compute) = (factory.clone(), shared.compute.clone());
            let arbiter = shared.arbiters.at(spec.home);
            launch(arbiter, berth, link.clone(), orders, move || Worker {
                index,
                role: gauge.role.clone(),
                factory,
                core: WorkerCore::new(&spec, index, gauge, link, wake),
                line,
                compute,
                early: Default::default(),
            });
            addr.recipient()
        })
        .collect();

    let (link, orders) = desk;
    let crew = Crew {
        line: line.clone(),
        gauge: gauge.clone(),
    };
    let core = shared.arbiters.at(Home::Core);
    launch(core, desk_berth, link.clone(), orders, move || {
        Desk::new(spec, W::is_failure, gauge, link, line, recipients)
    });
    crew
}

fn crew_node<T: Send + 'static, O: Clone + Send + 'static>(
    gauge: &Arc<CrewGauge>,
    line: &Arc<Line<T, O>>,
) -> CrewNode {
    let (gauge, line) = (gauge.clone(), line.clone());
    CrewNode {
        vitals: Arc::new(move || gauge.vitals()),
        halt: Arc::new(move || line.send(Letter::Close)),
    }
}
