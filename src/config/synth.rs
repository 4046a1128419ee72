//! Section `synth`: bounds of generated answers.

use std::num::{NonZeroU64, NonZeroUsize};

use serde::{Deserialize, Serialize};

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SynthConfig {
    /// Rows of one answer.
    pub rows_max_per_request: NonZeroU64,
    /// Long answers that are being sent at one time.
    pub streams_max: NonZeroUsize,
}

impl Default for SynthConfig {
    fn default() -> Self {
        Self {
            rows_max_per_request: NonZeroU64::new(100_000_000).expect("not zero"),
            streams_max: NonZeroUsize::new(64).expect("not zero"),
        }
    }
}
