//! The contract of an agent role, as a pack writes it.

use std::{future::Future, rc::Rc, time::Duration};

use callboard_runtime::OnOpen;
use serde::{Serialize, de::DeserializeOwned};

use crate::{
    context::RoleContext,
    outcome::Outcome,
    policy::{EffectClass, RetryPolicy},
};

/// A kind of agent. Its crew builds instances, hands each one task at a time, and replaces an instance that panics.
pub trait Role: 'static {
    /// Unique over all packs: `market.analyst`.
    const NAME: &'static str;
    /// Read from the task's input; what cannot be read is rejected before `perform`.
    type Task: DeserializeOwned + 'static;
    type Product: Serialize + 'static;

    /// Performs one attempt. Several may run at once on one instance when the profile's `concurrency` exceeds 1, and
    /// the same task may be attempted again after a crash: effects outside must bear repetition, or the profile's
    /// `effect` says that they do not.
    fn perform(
        self: Rc<Self>,
        task: Self::Task,
        ctx: RoleContext,
    ) -> impl Future<Output = Outcome<Self::Product>>;

    fn profile() -> RoleProfile {
        RoleProfile::default()
    }
}

/// How a role is staffed and how its tasks are treated.
#[derive(Debug, Clone, PartialEq)]
pub struct RoleProfile {
    /// Actors in the crew.
    pub workers: u32,
    /// Tasks in hand per worker; above 1 only for roles that mostly wait.
    pub concurrency: u32,
    /// Time for one attempt, from the moment a worker takes it.
    pub timeout: Duration,
    /// A task that shows no progress for so long counts as stalled; `None` trusts the timeout alone.
    pub heartbeat: Option<Duration>,
    pub retry: RetryPolicy,
    /// Whether tasks wait or are refused while the role's breaker is open; a refusal uses no attempt.
    pub on_open: OnOpen,
    /// Whether an attempt that asks for another counts against the role's breaker as a panic does: for roles that ask for
    /// it only when something outside does not answer.
    pub breaks_on_retry: bool,
    /// Whether a panic also ends the other tasks of its worker: for roles whose instance cannot be trusted after one.
    pub abort_inflight: bool,
    /// What a repetition does outside. All but `Idempotent` have each attempt's start committed before it runs.
    pub effect: EffectClass,
    /// The role touches nothing outside (no network, no files): a task that is also idempotent may be handed out
    /// while the record it follows from is still being committed.
    pub pure: bool,
}

impl Default for RoleProfile {
    fn default() -> Self {
        Self {
            workers: 2,
            concurrency: 1,
            timeout: Duration::from_secs(60),
            heartbeat: None,
            retry: RetryPolicy::default(),
            on_open: OnOpen::Wait,
            breaks_on_retry: false,
            abort_inflight: false,
            effect: EffectClass::Idempotent,
            pure: false,
        }
    }
}
