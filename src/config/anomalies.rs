//! Section `anomalies`: what counts as unusual.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::{duration, error::Finding};
use crate::anomalies::NORMAL_AFTER;

/// Samples are read from every crew and kind.
const EVERY_MIN: Duration = Duration::from_millis(100);
/// A day of samples, one each half minute.
const WINDOW_MAX: usize = 2_880;

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AnomaliesConfig {
    /// Series are watched.
    pub enabled: bool,
    /// From one sample to the next.
    #[serde(with = "duration")]
    pub every: Duration,
    /// Samples that say what is usual.
    pub window: usize,
    /// Deviations from the median beyond which a sample is unusual.
    pub threshold: f64,
}

impl Default for AnomaliesConfig {
    fn default() -> Self {
        Self {
            enabled: true,
            every: Duration::from_secs(30),
            window: 120,
            threshold: 3.5,
        }
    }
}

impl AnomaliesConfig {
    pub(super) fn check(&self, findings: &mut Vec<Finding>) {
        let mut refuse = |key, message: String| {
            findings.push(Finding::new(["anomalies", key], message));
        };
        if self.every < EVERY_MIN {
            refuse(
                "every",
                format!("must be at least {} ms", EVERY_MIN.as_millis()),
            );
        }
        if !(NORMAL_AFTER..=WINDOW_MAX).contains(&self.window) {
            refuse(
                "window",
                format!("must be from {NORMAL_AFTER} to {WINDOW_MAX}"),
            );
        }
        if !(self.threshold.is_finite() && self.threshold > 0.0) {
            refuse("threshold", "must be more than 0".to_owned());
        }
    }
}
