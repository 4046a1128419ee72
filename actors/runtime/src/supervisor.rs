//! A group of supervised children, and how children are added to it.

use std::sync::Arc;

use crate::child::{ChildSpec, SupervisorSpec};
use crate::crew::{self, Crew, CrewSpec};
use crate::handle::Handle;
use crate::resident::{self, Resident};
use crate::tree::{ChildEntry, NodeId};
use crate::universe::Shared;
use crate::work::Work;

/// A group in the tree. Clones name the same group; dropping it stops nothing.
#[derive(Clone)]
pub struct Supervisor {
    shared: Arc<Shared>,
    node: NodeId,
}

impl Supervisor {
    pub(crate) fn under(shared: Arc<Shared>, parent: NodeId, spec: &SupervisorSpec) -> Self {
        let node = shared.tree.add_group(parent, spec, None);
        Self { shared, node }
    }

    /// A group within this group.
    pub fn supervisor(&self, spec: SupervisorSpec) -> Supervisor {
        Self::under(self.shared.clone(), self.node, &spec)
    }

    /// Starts a long-lived actor. `factory` is called on its arbiter for every instance; a panic in it counts as a death.
    pub fn resident<R: Resident>(
        &self,
        spec: ChildSpec,
        factory: impl FnMut() -> R + Send + 'static,
    ) -> Handle<R::Message> {
        let (link, orders) = self.shared.tree.add_child(
            self.node,
            ChildEntry {
                name: spec.name.clone(),
                restart: spec.restart,
                backoff: spec.backoff,
                shutdown: spec.shutdown,
                worker: None,
            },
        );
        let arbiter = self.shared.arbiters.at(spec.home);
        resident::start(arbiter, spec.name, link, orders, factory)
    }

    /// Starts a crew: its queue and its workers. `factory` is called on a worker's arbiter for every instance.
    pub fn crew<W: Work>(
        &self,
        spec: CrewSpec,
        factory: impl Fn() -> W + Send + Sync + 'static,
    ) -> Crew<W::Task, W::Output> {
        crew::start(&self.shared, self.node, spec, factory)
    }
}
