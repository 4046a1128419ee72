//! Section `auth`: who may call.

use std::net::SocketAddr;

use serde::{Deserialize, Serialize};

use super::error::Finding;

#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AuthConfig {
    /// Asks nobody who they are: everyone is an admin of tenant `default`. Only on a loopback address.
    pub insecure_loopback: bool,
}

impl AuthConfig {
    pub(super) fn check(&self, listen: SocketAddr, findings: &mut Vec<Finding>) {
        if self.insecure_loopback && !listen.ip().is_loopback() {
            let message = format!(
                "other machines can reach {listen}, and nobody would be asked who they are; listen on a loopback address, or \
                 leave auth.insecure_loopback = false"
            );
            findings.push(Finding::new(["auth", "insecure_loopback"], message));
        }
    }
}
