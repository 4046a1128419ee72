//! What a supervisor is told about its children: supervision as data.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::universe::Home;

const RESTARTS_MAX: u32 = 5;
const RESTART_WINDOW: Duration = Duration::from_secs(30);
const BACKOFF_BASE: Duration = Duration::from_millis(100);
const BACKOFF_MAX: Duration = Duration::from_secs(10);
const SHUTDOWN: Duration = Duration::from_secs(5);

/// How many deaths a group may have within a sliding window before it escalates.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Intensity {
    pub restarts_max: u32,
    pub window: Duration,
}

impl Default for Intensity {
    fn default() -> Self {
        Self {
            restarts_max: RESTARTS_MAX,
            window: RESTART_WINDOW,
        }
    }
}

/// Who is rebuilt when one child of a group dies.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Strategy {
    /// Only the child that died.
    #[default]
    OneForOne,
    /// Every child of the group.
    OneForAll,
    /// The child that died and those that were started after it.
    RestForOne,
}

/// Whether a child is rebuilt when it ends.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Restart {
    /// Always, even after an ordinary stop.
    #[default]
    Permanent,
    /// After a panic only.
    Transient,
    /// Never.
    Temporary,
}

/// The wait before the n-th rebuild in a row: `min(base * 2^n, max)` times a jitter of 0.5 to 1.5.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Backoff {
    pub base: Duration,
    pub max: Duration,
}

impl Default for Backoff {
    fn default() -> Self {
        Self {
            base: BACKOFF_BASE,
            max: BACKOFF_MAX,
        }
    }
}

/// How one long-lived child is restarted, placed and stopped.
#[derive(Clone, Debug)]
pub struct ChildSpec {
    pub name: String,
    pub restart: Restart,
    pub backoff: Backoff,
    /// How long the child may take to finish what was told to it before a shutdown.
    pub shutdown: Duration,
    pub home: Home,
}

impl ChildSpec {
    /// A permanent child on the core arbiter with the default backoff and 5 s to shut down.
    pub fn new(name: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            restart: Restart::default(),
            backoff: Backoff::default(),
            shutdown: SHUTDOWN,
            home: Home::Core,
        }
    }
}

/// A group of children that live and die by one strategy and one intensity.
#[derive(Clone, Debug)]
pub struct SupervisorSpec {
    pub name: String,
    pub strategy: Strategy,
    pub intensity: Intensity,
}

impl SupervisorSpec {
    /// One for one, with the default intensity.
    pub fn new(name: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            strategy: Strategy::default(),
            intensity: Intensity::default(),
        }
    }
}
