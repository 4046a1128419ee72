//! The HTTP interface: requests in, calls to the coordinator, JSON, problem documents and streams out.

mod access;
mod advice;
mod anomalies;
mod approvals;
mod armour;
mod audit;
mod bounds;
mod caller;
mod client_address;
mod conditional;
mod connections;
mod console;
mod cursor;
mod departure;
mod desk;
mod effects;
mod error;
#[cfg(feature = "failpoints")]
mod failpoint;
mod filtering;
mod generate;
mod guard;
mod health;
mod host;
mod idempotency;
mod jobs;
mod json;
mod keys;
mod kinds;
mod me;
mod metrics;
mod observe;
mod openapi;
mod prefer;
mod query;
mod range;
mod rate;
mod refusals;
mod remark;
mod responses;
mod roles;
mod router;
mod security;
mod server;
mod sessions;
mod stream_tickets;
mod supervision;
mod turns;
mod usage;
mod users;
mod webhooks;

pub use access::{Access, Operation};
pub use connections::stream_of;
pub use departure::Departure;
pub use desk::{Desk, HttpLimits};
pub use generate::Generation;
pub use health::report::Health;
pub use jobs::{
    list::JobsPage,
    view::{JobView, WaitingFor},
    why::{BecauseView, OwnerView, WhyTaskView, WhyView},
};
pub use openapi::openapi;
pub use router::{OPERATIONS, routes};
pub use server::serve;
pub use turns::Turns;
pub use usage::show::Usage;
