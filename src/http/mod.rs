//! The HTTP interface: requests in, calls to the coordinator, JSON, problem documents and streams out.

mod approvals;
mod armour;
mod bounds;
mod caller;
mod conditional;
mod connections;
mod cursor;
mod desk;
mod effects;
mod error;
#[cfg(feature = "failpoints")]
mod failpoint;
mod filtering;
mod health;
mod host;
mod idempotency;
mod jobs;
mod json;
mod kinds;
mod metrics;
mod observe;
mod openapi;
mod query;
mod range;
mod rate;
mod remark;
mod responses;
mod router;
mod server;
mod supervision;
mod webhooks;

pub use connections::stream_of;
pub use desk::{Desk, HttpLimits};
pub use jobs::{
    view::{JobView, WaitingFor},
    why::{BecauseView, OwnerView, WhyTaskView, WhyView},
};
pub use openapi::openapi;
pub use router::{OPERATIONS, routes};
pub use server::serve;
