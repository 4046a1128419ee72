//! The audit log that killed servers leave: whole chains, with a record of every job.

use std::{num::NonZeroU32, path::Path};

use callboard::store::{StoreSpec, Synchronous, verify_audit};

use crate::cli::failure::chain;

/// Data directory of the servers, in their working directory.
const DATA_DIR: &str = "data";

/// What is wrong with the log of the store in `dir`, or in the database at `url`. `jobs` were accepted, each of them with
/// a record at the least.
pub async fn check(dir: &Path, url: Option<String>, jobs: usize) -> Vec<String> {
    let spec = StoreSpec {
        data_dir: dir.join(DATA_DIR),
        url,
        synchronous: Synchronous::Full,
        readers: NonZeroU32::MIN,
    };
    let verdict = match verify_audit(&spec, None).await {
        Ok(verdict) => verdict,
        Err(error) => return vec![chain(&error)],
    };
    let mut findings: Vec<String> = verdict.findings.iter().map(ToString::to_string).collect();
    let records: u64 = verdict.chains.iter().map(|chain| chain.records).sum();
    if records < jobs as u64 {
        findings.push(format!("{records} records of {jobs} accepted jobs"));
    }
    findings
}
