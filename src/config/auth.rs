//! Section `auth`: who may call.

use std::{net::SocketAddr, time::Duration};

use serde::{Deserialize, Serialize};

use super::{JwtConfig, duration, error::Finding};

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AuthConfig {
    /// Asks nobody who they are: everyone is an admin of tenant `default`. Only on a loopback address.
    pub insecure_loopback: bool,
    /// Time after which a page must refresh its login.
    #[serde(with = "duration")]
    pub access_token_ttl: Duration,
    /// Time after which a login is over however often it is refreshed.
    #[serde(with = "duration")]
    pub session_ttl: Duration,
    pub jwt: JwtConfig,
}

impl Default for AuthConfig {
    fn default() -> Self {
        Self {
            insecure_loopback: false,
            access_token_ttl: Duration::from_secs(15 * 60),
            session_ttl: Duration::from_secs(12 * 60 * 60),
            jwt: JwtConfig::default(),
        }
    }
}

impl AuthConfig {
    pub(super) fn check(&self, listen: SocketAddr, findings: &mut Vec<Finding>) {
        self.jwt.check(findings);
        if self.insecure_loopback && !listen.ip().is_loopback() {
            let message = format!(
                "other machines can reach {listen}, and nobody would be asked who they are; listen on a loopback address, or \
                 leave auth.insecure_loopback = false"
            );
            findings.push(Finding::new(["auth", "insecure_loopback"], message));
        }
    }
}
