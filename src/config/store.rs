//! Section `store`: where state lies and how durable a commit is.

use std::{num::NonZeroU32, path::PathBuf};

use serde::{Deserialize, Serialize};

use super::{Secret, error::Finding};
use crate::store::Synchronous;

/// More read connections than this only wait for each other.
const READERS_MAX: u32 = 64;

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StoreConfig {
    /// Relative to the working directory.
    pub data_dir: PathBuf,
    /// Address of a PostgreSQL database that holds the state instead of a file in `data_dir`; empty for the file.
    pub url: Secret,
    pub synchronous: Synchronous,
    /// Read connections.
    pub readers: NonZeroU32,
}

impl Default for StoreConfig {
    fn default() -> Self {
        Self {
            data_dir: PathBuf::from("callboard-data"),
            url: Secret::default(),
            synchronous: Synchronous::Full,
            readers: NonZeroU32::new(4).expect("not zero"),
        }
    }
}

/// What the address of a PostgreSQL database begins with.
const URL_SCHEMES: [&str; 2] = ["postgres://", "postgresql://"];

impl StoreConfig {
    pub(super) fn check(&self, findings: &mut Vec<Finding>) {
        if self.data_dir.as_os_str().is_empty() {
            findings.push(Finding::new(["store", "data_dir"], "must name a directory"));
        }
        let is_address = self.url.may_begin_with(&URL_SCHEMES);
        if !self.url.is_empty() && !is_address {
            findings.push(Finding::new(
                ["store", "url"],
                "must be empty or begin with postgres://",
            ));
        }
        if self.readers.get() > READERS_MAX {
            findings.push(Finding::new(
                ["store", "readers"],
                format!("must be at most {READERS_MAX}"),
            ));
        }
    }
}
