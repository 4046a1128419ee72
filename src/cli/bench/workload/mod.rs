//! What the server is put through. Each round has a server and a store of its own.

mod access;
pub mod fanout;
mod generate;
mod parallel;
pub mod shelf;
mod start;
mod w1;
mod w2;
mod waiting;

use std::time::Duration;

use clap::ValueEnum;

use super::{measure::Round, plan::Plan};
use crate::cli::failure::Failure;

/// Time before measuring starts.
const WARM_UP: Duration = Duration::from_secs(2);

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Workload {
    /// Jobs of 4 tasks and their sum, from many connections at one time, then one at a time
    W1,
    /// The load of w1 on servers with API keys and audit against servers without, in turns
    Access,
    /// One job of 1000 tasks at a time
    W2,
    /// Jobs of 4 tasks that wait 200 ms against jobs of one such task
    Parallel,
    /// From the start of the process to ready, on an empty store
    Start,
    /// Jobs that wait on a timer: memory, and time to ready after kill -9
    Waiting,
    /// One stream of synthetic transactions, beside what threads make and the disk takes
    Generate,
}

impl Workload {
    pub const ALL: [Self; 7] = [
        Self::W1,
        Self::Access,
        Self::W2,
        Self::Parallel,
        Self::Start,
        Self::Waiting,
        Self::Generate,
    ];

    pub fn name(self) -> &'static str {
        match self {
            Self::W1 => "w1",
            Self::Access => "access",
            Self::W2 => "w2",
            Self::Parallel => "parallel",
            Self::Start => "start",
            Self::Waiting => "waiting",
            Self::Generate => "generate",
        }
    }

    pub async fn round(self, plan: &Plan) -> Result<Round, Failure> {
        match self {
            Self::W1 => w1::round(plan).await,
            Self::Access => access::round(plan).await,
            Self::W2 => w2::round(plan).await,
            Self::Parallel => parallel::round(plan).await,
            Self::Start => start::round(plan).await,
            Self::Waiting => waiting::round(plan).await,
            Self::Generate => generate::round(plan).await,
        }
    }
}
