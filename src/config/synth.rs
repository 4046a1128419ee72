//! Section `synth`: bounds of generated answers.

use std::{
    num::{NonZeroU64, NonZeroUsize},
    time::Duration,
};

use serde::{Deserialize, Serialize};

use super::duration;

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SynthConfig {
    /// Rows of one answer.
    pub rows_max_per_request: NonZeroU64,
    /// Long answers that are being sent at one time.
    pub streams_max: NonZeroUsize,
    /// Those of one tenant among them.
    pub streams_of_tenant_max: NonZeroUsize,
    /// Those of one principal among them.
    pub streams_of_principal_max: NonZeroUsize,
    /// How long a client may take nothing of what is ready for it.
    #[serde(with = "duration")]
    pub client_stall_max: Duration,
}

impl Default for SynthConfig {
    fn default() -> Self {
        Self {
            rows_max_per_request: NonZeroU64::new(100_000_000).expect("not zero"),
            streams_max: NonZeroUsize::new(64).expect("not zero"),
            streams_of_tenant_max: NonZeroUsize::new(32).expect("not zero"),
            streams_of_principal_max: NonZeroUsize::new(16).expect("not zero"),
            client_stall_max: Duration::from_secs(30),
        }
    }
}
