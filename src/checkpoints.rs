//! Has the chains of the audit log signed: after enough records, after some time, and when the server stops.

use std::{
    io,
    path::{Path, PathBuf},
    time::Duration,
};

use callboard_orchestra::{Timestamp, journal::JournalError};
use callboard_runtime::{Home, Universe};

use crate::{
    audit::{Anchors, AnchorsError, SigningKey, sha256_hex},
    config::AuditConfig,
    store::{AuditError, AuditLog, AuditPolicy},
};

/// Extension of the file beside the key that says where chains were signed last.
const ANCHORS: &str = "anchors";
/// Hex digits that name a store among those of one key.
const STORE_CHARS: usize = 16;

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
        log.hold_to(anchors(&path, data_dir)?);
        log.sign_with(key).await?;
    }
    Ok(())
}

/// Those beside the key, where whoever may write the database need not be able to; in the data directory when nobody can
/// write there.
fn anchors(key: &Path, data_dir: &Path) -> Result<Anchors, AnchorsError> {
    match Anchors::open(&beside(key, data_dir)) {
        Err(AnchorsError::File { source, .. }) if is_for_reading_alone(&source) => {
            Anchors::open(&data_dir.join("audit").with_extension(ANCHORS))
        }
        opened => opened,
    }
}

fn is_for_reading_alone(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::ReadOnlyFilesystem | io::ErrorKind::PermissionDenied
    )
}

/// A key outside of the data directory may be that of several stores, each with a file of its own.
fn beside(key: &Path, data_dir: &Path) -> PathBuf {
    if key.starts_with(data_dir) {
        return key.with_extension(ANCHORS);
    }
    let absolute = std::path::absolute(data_dir).unwrap_or_else(|_| data_dir.to_owned());
    let mut store = sha256_hex(absolute.as_os_str().as_encoded_bytes());
    store.truncate(STORE_CHARS);
    key.with_extension(format!("{store}.{ANCHORS}"))
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stores_with_one_key_have_anchors_of_their_own() {
        let own = beside(Path::new("/data/one/audit-key.pem"), Path::new("/data/one"));
        assert_eq!(own, Path::new("/data/one/audit-key.anchors"));
        let key = Path::new("/keys/audit.pem");
        let [one, two] = ["/data/one", "/data/two"].map(|dir| beside(key, Path::new(dir)));
        assert_ne!(one, two);
        assert_eq!(one.parent(), key.parent());
    }
}
