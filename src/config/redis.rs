//! Section `redis`: what nodes share beside the store.

use serde::{Deserialize, Serialize};

use super::{Secret, error::Finding};

#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RedisConfig {
    /// `redis://host:6379/0`; empty for none.
    pub url: Secret,
}

impl RedisConfig {
    pub(super) fn check(&self, findings: &mut Vec<Finding>) {
        if !self.url.is_empty() && !self.url.may_begin_with(&["redis://"]) {
            let message = "must be empty or begin with redis://";
            findings.push(Finding::new(["redis", "url"], message));
        }
    }
}
