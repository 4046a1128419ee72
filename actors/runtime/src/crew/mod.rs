//! The supervised pool of one role: a desk that owns the queue, and workers that take one task at a time from it.

mod desk;
mod desk_dispatch;
mod desk_time;
mod handle;
mod intervention;
mod ledger;
mod letter;
mod notice;
mod queue;
mod room;
mod spec;
mod vitals;
mod worker;
mod worker_core;

pub use handle::Crew;
pub use intervention::Intervention;
pub use notice::{
    Fault, Holding, HoldingState, Notice, Offer, OwnerId, Refusal, Report, Share, TaskKey, WorkerId,
};
pub use spec::{BreakerSpec, CrewSpec, OnOpen};
pub use vitals::{BreakerState, BreakerVitals, CrewVitals, WorkerState, WorkerVitals};

pub(crate) use handle::start;
