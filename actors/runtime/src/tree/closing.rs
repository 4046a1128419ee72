//! The orderly end of the tree: last started, first stopped; workers before the queue that feeds them.

use std::{sync::Arc, time::Duration};

use tokio::sync::{mpsc, watch};
use tokio::time::timeout;

use super::Tree;
use super::node::{Forest, NodeId, Order, Part, ROOT};
use crate::event::Subject;

/// How long a child that was killed may take to be gone; a thread that spins never lets it go.
const KILL_GRACE: Duration = Duration::from_secs(1);

enum Step {
    Halt(Arc<dyn Fn() + Send + Sync>),
    /// Children that stop side by side.
    Stop(Vec<Leaving>),
}

struct Leaving {
    subject: Arc<Subject>,
    orders: mpsc::UnboundedSender<Order>,
    end: watch::Receiver<bool>,
    shutdown: Duration,
}

impl Tree {
    pub(crate) async fn close(&self) {
        let steps = {
            let mut forest = self.lock();
            forest.closing = true;
            let mut steps = Vec::new();
            forest.closing_steps(ROOT, &mut steps);
            steps
        };
        for step in steps {
            match step {
                Step::Halt(halt) => halt(),
                Step::Stop(children) => {
                    futures_util::future::join_all(children.into_iter().map(Leaving::leave)).await;
                }
            }
        }
    }
}

impl Forest {
    fn closing_steps(&self, id: NodeId, steps: &mut Vec<Step>) {
        match self.node(id).map(|node| &node.part) {
            Some(Part::Group(group)) => match &group.crew {
                Some(crew) => {
                    steps.push(Step::Halt(crew.halt.clone()));
                    let queue = group.children.first();
                    let workers = group.children.iter().skip(1).rev();
                    steps.push(Step::Stop(
                        workers.filter_map(|id| self.leaving(*id)).collect(),
                    ));
                    steps.push(Step::Stop(
                        queue.and_then(|id| self.leaving(*id)).into_iter().collect(),
                    ));
                }
                None => {
                    for child in group.children.iter().rev() {
                        self.closing_steps(*child, steps);
                    }
                }
            },
            Some(Part::Child(_)) => {
                steps.push(Step::Stop(self.leaving(id).into_iter().collect()));
            }
            None => {}
        }
    }

    fn leaving(&self, id: NodeId) -> Option<Leaving> {
        let node = self.node(id)?;
        match &node.part {
            Part::Child(child) => Some(Leaving {
                subject: node.subject.clone(),
                orders: child.orders.clone(),
                end: child.vitals.end(),
                shutdown: child.shutdown,
            }),
            Part::Group(_) => None,
        }
    }
}

impl Leaving {
    async fn leave(mut self) {
        let _ = self.orders.send(Order::Stop);
        if timeout(self.shutdown, self.end.wait_for(|ended| *ended))
            .await
            .is_err()
        {
            tracing::warn!(
                node = &*self.subject.node,
                shutdown_ms = self.shutdown.as_millis() as u64,
                "a child did not stop in its time and is ended"
            );
            let _ = self.orders.send(Order::Kill);
            let _ = timeout(KILL_GRACE, self.end.wait_for(|ended| *ended)).await;
        }
    }
}
