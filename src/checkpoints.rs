//! Has the chains of the audit log signed: after enough records, after some time, and when the server stops.

use std::{path::Path, time::Duration};

use callboard_orchestra::{Timestamp, journal::JournalError};
use callboard_runtime::{Home, Universe};

use crate::{
    audit::{Anchors, SigningKey},
    config::AuditConfig,
    store::{AuditError, AuditLog, AuditPolicy},
};

/// Extension of the file beside the key that says where chains were signed last.
const ANCHORS: &str = "anchors";

/// Sets the log of an open store up; its key is made when there is none.
pub async fn set_up(
    log: &AuditLog,
    config: &AuditConfig,
    data_dir: &Path,
) -> Result<(), AuditError> {
    log.set(&AuditPolicy {
        enabled: config.enabled,
        sign_every: config.checkpoint_records.get(),
    });
    if config.enabled {
        let path = data_dir.join(&config.key_file);
        let key = SigningKey::open(&path)?;
        log.hold_to(Anchors::open(&path.with_extension(ANCHORS))?);
        log.sign_with(key).await?;
    }
    Ok(())
}

/// Starts signing.
pub fn run(universe: &Universe, log: AuditLog, every: Duration) {
    universe.spawn(Home::Core, async move {
        if let Err(error) = log.take_up().await {
            tracing::warn!(error = %error, "cannot verify which audit chains are unsigned");
        }
        let due = log.due();
        loop {
            tokio::select! {
                () = due.notified() => {}
                () = tokio::time::sleep(every) => {}
            }
            match sign(&log).await {
                Ok(()) => {}
                // The writer ends the process.
                Err(JournalError::Fenced { .. }) => return,
                Err(error) => tracing::warn!(error = %error, "the audit log was not signed"),
            }
        }
    });
}

/// Signs what is unsigned.
pub async fn sign(log: &AuditLog) -> Result<(), JournalError> {
    let signed = log.sign(Timestamp::now()).await?;
    metrics::counter!("callboard_audit_checkpoints_total").increment(signed as u64);
    Ok(())
}
