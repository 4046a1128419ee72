//! Section `tls`: the certificate of the listener.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::error::Finding;

#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TlsConfig {
    /// PEM file of the certificate and those that lead to its issuer; empty for plain HTTP.
    pub certificate: PathBuf,
    /// PEM file of the certificate's private key.
    pub private_key: PathBuf,
}

impl TlsConfig {
    pub fn is_on(&self) -> bool {
        !self.certificate.as_os_str().is_empty()
    }

    pub(super) fn check(&self, findings: &mut Vec<Finding>) {
        if self.is_on() == self.private_key.as_os_str().is_empty() {
            let message = "goes with tls.certificate: set both or neither";
            findings.push(Finding::new(["tls", "private_key"], message));
        }
    }
}
