//! Fits typed roles to the runtime's crews. One message type serves every role: JSON in, a `Delivery` out.

use std::{rc::Rc, sync::Arc};

use callboard_runtime::{Work, WorkContext};
use futures_util::future::{FutureExt, LocalBoxFuture};
use tracing::Instrument;

use crate::{
    artifact::Artifacts,
    context::{Assignment, Deliverables, RoleContext},
    outcome::Outcome,
    payload::Payload,
    role::Role,
    submission::is_signal_name,
    trace::within,
};

/// Largest product of one task with its claims, verdicts and growth, in bytes.
pub const DELIVERY_BYTES_MAX: usize = 4 * 1024 * 1024;
/// Artifacts of one task.
const ARTIFACTS_MAX: usize = 100;

/// How an attempt ended, as the crew holds it until the journal has it.
#[derive(Debug, Clone)]
pub struct Delivery {
    pub outcome: Result<Outcome<Payload>, Spoiled>,
    pub deliverables: Deliverables,
    /// Counts against the role's breaker.
    pub failed: bool,
}

/// The attempt was performed, and what it made is lost.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Spoiled {
    /// It could not be stored.
    Unstored(String),
    /// It is nothing that a job can take.
    Unusable(String),
}

impl Delivery {
    fn rejected(reason: String) -> Self {
        Self {
            outcome: Ok(Outcome::Reject { reason }),
            deliverables: Deliverables::default(),
            failed: false,
        }
    }

    /// The role has done its part, and what it brought cannot be taken.
    fn unusable(reason: String) -> Self {
        Self {
            outcome: Err(Spoiled::Unusable(reason)),
            deliverables: Deliverables::default(),
            failed: false,
        }
    }
}

/// The crew of one role, as a shard knows it.
pub type RoleCrew = callboard_runtime::Crew<Assignment, Delivery>;

/// A role with its types erased.
pub trait Agent: 'static {
    fn perform(
        self: Rc<Self>,
        assignment: Assignment,
        work: WorkContext,
    ) -> LocalBoxFuture<'static, Delivery>;
}

pub(crate) struct Seat<R> {
    role: Rc<R>,
}

impl<R: Role> Seat<R> {
    pub(crate) fn new(role: R) -> Self {
        Self {
            role: Rc::new(role),
        }
    }
}

impl<R: Role> Agent for Seat<R> {
    fn perform(
        self: Rc<Self>,
        assignment: Assignment,
        work: WorkContext,
    ) -> LocalBoxFuture<'static, Delivery> {
        async move {
            let task = match assignment.input.read::<R::Task>() {
                Ok(task) => task,
                Err(error) => {
                    return Delivery::rejected(format!(
                        "{} cannot read its task: {error}",
                        R::NAME
                    ));
                }
            };
            let ctx = RoleContext::new(assignment, work);
            let outcome = self.role.clone().perform(task, ctx.clone()).await;
            let failed = R::profile().breaks_on_retry && matches!(outcome, Outcome::Retry { .. });
            Delivery {
                failed,
                ..deliver(outcome, ctx)
            }
        }
        .boxed_local()
    }
}

fn deliver<P: serde::Serialize>(outcome: Outcome<P>, ctx: RoleContext) -> Delivery {
    let product = match outcome {
        Outcome::Done(product) => product,
        Outcome::Retry { after, cause } => return empty(Outcome::Retry { after, cause }),
        Outcome::Snooze { until } => return empty(Outcome::Snooze { until }),
        Outcome::NeedsApproval { why, within } => {
            return empty(Outcome::NeedsApproval { why, within });
        }
        Outcome::AwaitSignal { name, within } => {
            return match is_signal_name(&name) {
                true => empty(Outcome::AwaitSignal { name, within }),
                false => Delivery::rejected(format!("`{name}` is no name of a signal")),
            };
        }
        Outcome::Reject { reason } => return empty(Outcome::Reject { reason }),
    };
    let product = match Payload::of(&product) {
        Ok(product) => product,
        Err(error) => return Delivery::unusable(format!("product is not JSON: {error}")),
    };
    match ctx.close() {
        Ok(deliverables) => bounded(product, deliverables),
        Err(fault) => Delivery::unusable(fault),
    }
}

fn bounded(product: Payload, deliverables: Deliverables) -> Delivery {
    let (bytes, artifacts) = (
        product.text().len() + deliverables.bytes(),
        deliverables.artifacts.len(),
    );
    if bytes > DELIVERY_BYTES_MAX {
        return Delivery::unusable(format!(
            "product and claims have {bytes} bytes, more than {DELIVERY_BYTES_MAX}"
        ));
    }
    if artifacts > ARTIFACTS_MAX {
        return Delivery::unusable(format!("{artifacts} artifacts, more than {ARTIFACTS_MAX}"));
    }
    Delivery {
        outcome: Ok(Outcome::Done(product)),
        deliverables,
        failed: false,
    }
}

fn empty(outcome: Outcome<Payload>) -> Delivery {
    Delivery {
        outcome: Ok(outcome),
        deliverables: Deliverables::default(),
        failed: false,
    }
}

/// One instance of a role in a worker's hands. Artifacts are in the store before the delivery names them.
pub(crate) struct Instance {
    pub(crate) agent: Rc<dyn Agent>,
    pub(crate) artifacts: Arc<dyn Artifacts>,
}

impl Work for Instance {
    type Task = Assignment;
    type Output = Delivery;

    async fn run(self: Rc<Self>, assignment: Assignment, ctx: WorkContext) -> Delivery {
        let span = tracing::info_span!(
            "task",
            job.id = %assignment.job,
            request.id = assignment.request_id.as_deref(),
            task.id = assignment.task.0,
            task.name = &*assignment.name,
            task.attempt = assignment.attempt,
        );
        let trace = assignment.trace;
        let performing = self.agent.clone().perform(assignment, ctx);
        let mut delivery = within(trace, performing.instrument(span)).await;
        for new in &delivery.deliverables.artifacts {
            if let Err(error) = self.artifacts.put(new.clone()).await {
                return Delivery {
                    outcome: Err(Spoiled::Unstored(with_source(&error))),
                    deliverables: Deliverables::default(),
                    failed: false,
                };
            }
        }
        for new in &mut delivery.deliverables.artifacts {
            new.content = Arc::default();
        }
        delivery
    }

    fn is_failure(delivery: &Delivery) -> bool {
        delivery.failed
    }
}

fn with_source(error: &dyn std::error::Error) -> String {
    match error.source() {
        Some(source) => format!("{error}: {source}"),
        None => error.to_string(),
    }
}
