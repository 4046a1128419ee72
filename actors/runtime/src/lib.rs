//! Supervised actors on actix, in OTP terms.
//!
//! A [`Universe`] owns the threads and the supervision tree. Under its [`Supervisor`]s live [`Resident`]s, long-lived
//! actors behind a stable [`Handle`], and [`Crew`]s, pools of workers that pull tasks from a bounded queue. A panic never
//! takes down more than the instance it happened in, and never loses what waits behind it; `SEMANTICS.md` beside this
//! crate says what exactly holds, and which test shows it.

mod alarm;
mod arbiter;
mod backoff;
mod breaker;
mod child;
mod compute;
mod crew;
mod event;
mod exit;
mod failpoint;
mod handle;
mod intensity;
mod lifeline;
mod metrics;
mod pulse;
mod resident;
mod supervisor;
#[cfg(feature = "testing")]
pub mod testing;
mod tree;
mod universe;
mod watchdog;
mod work;

pub use child::{Backoff, ChildSpec, Intensity, Restart, Strategy, SupervisorSpec};
pub use crew::{
    BreakerSpec, BreakerState, BreakerVitals, Crew, CrewSpec, CrewVitals, Fault, Holding,
    HoldingState, Intervention, Notice, Offer, OnOpen, OwnerId, Refusal, Report, Share, TaskKey,
    WorkerId, WorkerState, WorkerVitals,
};
pub use event::{EVENTS_MAX, EventKind, SupervisionEvent};
pub use exit::install_panic_hook;
pub use handle::{AskError, Closed, Handle};
pub use metrics::{BREAKER_STATE, QUEUE_DEPTH, RESTARTS_TOTAL, TASKS_IN_HAND};
pub use pulse::CancelFlag;
pub use resident::{Resident, ResidentContext, Timer};
pub use supervisor::Supervisor;
pub use tree::{CrewSnapshot, IntensitySnapshot, NodeKind, NodeSnapshot, NodeState, TreeSnapshot};
pub use universe::{Condition, Home, Universe};
pub use work::{Work, WorkContext};
