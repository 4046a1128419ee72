//! Section `server`: the listener and its limits.

use std::{
    net::{Ipv4Addr, SocketAddr},
    num::NonZeroUsize,
    time::Duration,
};

use serde::{Deserialize, Serialize};

use super::{address, duration};

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ServerConfig {
    #[serde(deserialize_with = "address::deserialize")]
    pub listen: SocketAddr,
    pub body_bytes_max: NonZeroUsize,
    pub batch_bytes_max: NonZeroUsize,
    /// Longest `Prefer: wait` that is honoured.
    #[serde(with = "duration")]
    pub request_wait_max: Duration,
    /// Requests that may wait for their job at one time.
    pub waiters_max: usize,
    /// Time for tasks in hand at shutdown.
    #[serde(with = "duration")]
    pub drain_grace: Duration,
}

impl Default for ServerConfig {
    fn default() -> Self {
        Self {
            listen: (Ipv4Addr::LOCALHOST, 7070).into(),
            body_bytes_max: NonZeroUsize::new(1024 * 1024).expect("not zero"),
            batch_bytes_max: NonZeroUsize::new(8 * 1024 * 1024).expect("not zero"),
            request_wait_max: Duration::from_secs(60),
            waiters_max: 10_000,
            drain_grace: Duration::from_secs(30),
        }
    }
}
