//! Section `auth.jwt`: tokens that somebody else issues.

use std::{path::PathBuf, time::Duration};

use serde::{Deserialize, Serialize};

use super::{duration, error::Finding};

/// By what a token may be signed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum JwtAlgorithm {
    EdDSA,
    RS256,
    HS256,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct JwtConfig {
    /// None: tokens are not taken.
    pub algorithms: Vec<JwtAlgorithm>,
    /// A public key in PEM, or the secret of HS256.
    pub key_file: PathBuf,
    /// Where the issuer publishes its keys.
    pub jwks_url: String,
    pub issuer: String,
    pub audience: String,
    /// What clocks may differ by.
    #[serde(with = "duration")]
    pub leeway: Duration,
    /// Path of the claim with the tenant; empty for tenant `default`.
    pub tenant_claim: String,
    /// Path of the claim with one value or a list of them.
    pub roles_claim: String,
    /// `value=role` for each value of that claim that gives a role.
    pub roles: Vec<String>,
}

impl Default for JwtConfig {
    fn default() -> Self {
        Self {
            algorithms: Vec::new(),
            key_file: PathBuf::new(),
            jwks_url: String::new(),
            issuer: String::new(),
            audience: String::new(),
            leeway: Duration::from_secs(60),
            tenant_claim: String::new(),
            roles_claim: "roles".to_owned(),
            roles: Vec::new(),
        }
    }
}

impl JwtConfig {
    /// Value of the claim and the role that it gives.
    pub fn roles(&self) -> impl Iterator<Item = (&str, &str)> {
        self.roles.iter().filter_map(|pair| pair.rsplit_once('='))
    }

    pub(super) fn check(&self, findings: &mut Vec<Finding>) {
        if self.algorithms.is_empty() {
            return;
        }
        let mut find = |key: &str, message: &str| {
            findings.push(Finding::new(["auth", "jwt", key], message.to_owned()));
        };
        let has_file = !self.key_file.as_os_str().is_empty();
        let has_url = !self.jwks_url.is_empty();
        if has_file == has_url {
            find(
                "key_file",
                "tokens need a key file or a JWKS URL, and not both",
            );
        }
        let by_secret = self.algorithms.contains(&JwtAlgorithm::HS256);
        if by_secret && (self.algorithms.len() > 1 || !has_file) {
            let why = "HS256 stands alone and with a key file: a public key must never count as its secret";
            find("algorithms", why);
        }
        if has_file && self.algorithms.len() > 1 && !by_secret {
            find("algorithms", "one key file is of one algorithm");
        }
        if self.issuer.is_empty() {
            find("issuer", "tokens of any issuer would be taken");
        }
        if self.audience.is_empty() {
            find("audience", "tokens for any audience would be taken");
        }
        if self.roles.iter().any(|pair| !pair.contains('=')) {
            find(
                "roles",
                "each is the value of a claim and a role, such as \"engineers=user\"",
            );
        }
    }
}
