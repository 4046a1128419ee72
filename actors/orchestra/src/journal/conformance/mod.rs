//! What every journal must do, as checks on the port. A store passes when `check` returns.
//!
//! Records are made as the coordinator makes them: by commands on real jobs. Each check uses tenants and jobs of its
//! own, so the journal may hold other things, and nothing is taken away.

mod asides;
mod audit;
mod author;
mod commits;
mod echo;
mod reads;
mod subject;
mod suite;
mod twins;

pub use author::whole_job;
pub use suite::check;
pub use twins::compare;
