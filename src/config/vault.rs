//! Section `vault`: where `vault:PATH#KEY` is looked up.

use serde::{Deserialize, Serialize};

use super::{Secret, error::Finding, secret::Place};

#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct VaultConfig {
    /// `https://vault.example:8200`; empty for none.
    pub address: String,
    pub token: Secret,
}

impl VaultConfig {
    pub(super) fn check(&self, findings: &mut Vec<Finding>) {
        if matches!(self.token.place(), Place::Vault { .. }) {
            let message = "cannot itself be in Vault";
            findings.push(Finding::new(["vault", "token"], message));
        }
    }
}
