//! Section `roles`: what the operator changes in the profile of one role. A key left out keeps the role's own value.

use std::{num::NonZeroU32, time::Duration};

use serde::{Deserialize, Serialize};

use super::{duration, error::Finding};

#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RoleConfig {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub workers: Option<NonZeroU32>,
    /// Tasks one worker has in hand at one time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub concurrency: Option<NonZeroU32>,
    /// Time for one attempt.
    #[serde(
        default,
        with = "duration::optional",
        skip_serializing_if = "Option::is_none"
    )]
    pub timeout: Option<Duration>,
}

impl RoleConfig {
    /// Has every key, to know them by.
    pub(super) fn every_key() -> Self {
        Self {
            workers: Some(NonZeroU32::MIN),
            concurrency: Some(NonZeroU32::MIN),
            timeout: Some(Duration::from_secs(1)),
        }
    }

    pub(super) fn check(&self, role: &str, findings: &mut Vec<Finding>) {
        if self.timeout.is_some_and(|timeout| timeout.is_zero()) {
            findings.push(Finding::new(
                ["roles", role, "timeout"],
                "must be longer than nothing",
            ));
        }
    }
}
