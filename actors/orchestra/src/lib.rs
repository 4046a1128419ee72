//! Jobs as state machines, done by crews of agent roles.
//!
//! A client's submission becomes a job; its planner answers a DAG of tasks; the coordinator's shards hand ready tasks
//! to crews, journal what comes back, and act only on what is committed. `docs/architecture.md` draws the picture.

#![deny(clippy::wildcard_enum_match_arm)]

pub mod admission;
pub mod admit;
pub mod artifact;
pub mod audit;
pub mod author;
pub mod catalog;
pub mod context;
pub mod control;
pub mod coordinator;
pub mod crew;
pub mod fact;
pub mod house;
pub mod hub;
pub mod id;
pub mod inspection;
pub mod job;
pub mod journal;
pub mod outcome;
pub mod pack;
pub mod payload;
pub mod plan;
pub mod policy;
mod recovery;
pub mod role;
#[cfg(feature = "test-util")]
pub mod saga;
pub mod shard;
pub mod submission;
pub mod tally;
pub mod time;
pub mod trace;
mod turns;
pub mod why;
mod writer;

pub use audit::{AuditEntry, KeptEntry};
pub use author::Author;
pub use callboard_runtime::OnOpen;
pub use context::{RoleContext, TaskInput};
pub use control::{ControlError, DecideError, ResolveError};
pub use coordinator::{Coordinator, Listening, SubmitError, Submitted};
pub use fact::{Claim, Fact, VerifiedFact};
pub use house::{House, HouseSpec, Ports};
pub use id::{ApprovalId, EffectId, FactId, JobId, TaskId, Tenant};
pub use inspection::Inspection;
pub use outcome::{Failure, FailureKind, Outcome};
pub use pack::{Admit, InvalidInput, Kind, Pack, RoleSpec};
pub use payload::Payload;
pub use plan::{Plan, TaskSpec};
pub use policy::{EffectClass, OnExhausted, RetryPolicy};
pub use recovery::RecoveryProgress;
pub use role::{Role, RoleProfile};
pub use submission::Submission;
pub use time::Timestamp;
pub use trace::TraceContext;
pub use why::Why;
pub use writer::{JournalVitals, LastCommit};
