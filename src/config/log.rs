//! Section `log`: what is logged and in which form.

use serde::{Deserialize, Serialize};
use tracing_subscriber::EnvFilter;

use super::error::Finding;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LogFormat {
    /// For people.
    Pretty,
    /// One JSON object a line.
    Json,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LogConfig {
    pub format: LogFormat,
    /// `tracing` directives: `info`, `warn,callboard=debug`.
    pub filter: String,
}

impl Default for LogConfig {
    fn default() -> Self {
        Self {
            format: LogFormat::Pretty,
            filter: "info,actix_server=warn,sea_orm_migration=warn".to_owned(),
        }
    }
}

impl LogConfig {
    pub(super) fn check(&self, findings: &mut Vec<Finding>) {
        if let Err(error) = EnvFilter::try_new(&self.filter) {
            findings.push(Finding::new(["log", "filter"], error.to_string()));
        }
    }
}
