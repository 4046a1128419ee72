//! Section `server`: the listener and its limits.

use std::{
    net::{Ipv4Addr, SocketAddr},
    num::NonZeroUsize,
    time::Duration,
};

use ipnet::IpNet;
use serde::{Deserialize, Serialize};

use super::{address, duration, error::Finding};
use crate::shutdown::HANDOVER_GRACE_MAX;

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
    /// Requests worked on at one time.
    pub turns_max: NonZeroUsize,
    /// Longest that a request waits for its turn.
    #[serde(with = "duration")]
    pub turn_wait_max: Duration,
    /// Origins whose pages may read answers, such as `https://board.example`.
    pub cors_origins: Vec<String>,
    /// Connections open at one time.
    pub connections_max: NonZeroUsize,
    /// Connections of one address among them.
    pub connections_per_address_max: NonZeroUsize,
    /// Networks of proxies, whose word is taken for who asks.
    pub trusted_proxies: Vec<IpNet>,
    /// Time for tasks in hand at shutdown.
    #[serde(with = "duration")]
    pub drain_grace: Duration,
    /// Time for tasks in hand when another process takes this one's place.
    #[serde(with = "duration")]
    pub handover_grace: Duration,
}

impl Default for ServerConfig {
    fn default() -> Self {
        Self {
            listen: (Ipv4Addr::LOCALHOST, 7070).into(),
            body_bytes_max: NonZeroUsize::new(1024 * 1024).expect("not zero"),
            batch_bytes_max: NonZeroUsize::new(8 * 1024 * 1024).expect("not zero"),
            request_wait_max: Duration::from_secs(60),
            waiters_max: 10_000,
            turns_max: NonZeroUsize::new(256).expect("not zero"),
            turn_wait_max: Duration::from_millis(500),
            cors_origins: Vec::new(),
            connections_max: NonZeroUsize::new(25_000).expect("not zero"),
            connections_per_address_max: NonZeroUsize::new(12_000).expect("not zero"),
            trusted_proxies: Vec::new(),
            drain_grace: Duration::from_secs(30),
            handover_grace: Duration::from_millis(250),
        }
    }
}

impl ServerConfig {
    pub(super) fn check(&self, findings: &mut Vec<Finding>) {
        for origin in &self.cors_origins {
            if !is_origin(origin) {
                let message = format!("`{origin}` is not an origin such as https://board.example");
                findings.push(Finding::new(["server", "cors_origins"], message));
            }
        }
        if self.handover_grace > HANDOVER_GRACE_MAX {
            let message = format!("must be at most {} s", HANDOVER_GRACE_MAX.as_secs());
            findings.push(Finding::new(["server", "handover_grace"], message));
        }
    }
}

/// Scheme, host and perhaps port, as browsers send it.
fn is_origin(text: &str) -> bool {
    let url = reqwest::Url::parse(text);
    url.is_ok_and(|url| url.origin().is_tuple() && url.origin().ascii_serialization() == text)
}
