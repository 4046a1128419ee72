//! What a planner answers: the tasks of a job and the order they need.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::{
    payload::Payload,
    policy::{RetryPolicy, optional_millis},
};

/// A job's plan. `tasks` run as soon as the tasks they name in `after` have succeeded; `aggregate` runs when all of
/// them have, and its product is the job's result; `check`, if any, judges that result before the job succeeds.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Plan {
    pub tasks: Vec<TaskSpec>,
    pub aggregate: TaskSpec,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub check: Option<TaskSpec>,
}

/// One task of a plan. What is left out comes from the role's profile.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TaskSpec {
    /// Unique in the job, for people and for `after`: `analyse:AAPL`.
    pub name: String,
    pub role: String,
    pub input: Payload,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub after: Vec<String>,
    #[serde(
        default,
        rename = "timeout_ms",
        with = "optional_millis",
        skip_serializing_if = "Option::is_none"
    )]
    pub timeout: Option<Duration>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry: Option<RetryPolicy>,
}

impl TaskSpec {
    /// A task of `role` on `input`. Errors when `input` cannot be JSON.
    pub fn new<T: Serialize + ?Sized>(
        name: impl Into<String>,
        role: impl Into<String>,
        input: &T,
    ) -> Result<Self, serde_json::Error> {
        Ok(Self {
            name: name.into(),
            role: role.into(),
            input: Payload::of(input)?,
            after: Vec::new(),
            timeout: None,
            retry: None,
        })
    }

    pub fn after<N: Into<String>>(mut self, names: impl IntoIterator<Item = N>) -> Self {
        self.after.extend(names.into_iter().map(Into::into));
        self
    }

    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = Some(timeout);
        self
    }

    pub fn retry(mut self, retry: RetryPolicy) -> Self {
        self.retry = Some(retry);
        self
    }
}
