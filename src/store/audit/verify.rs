//! Verifies the log as a database holds it, beside its owner or without one.

use callboard_orchestra::{Tenant, journal::JournalError};
use sea_orm::{
    AccessMode, ConnectionTrait, DbBackend, EntityTrait, IsolationLevel, QueryOrder,
    TransactionTrait,
};

use super::{AuditRow, read, sound::differing};
use crate::{
    audit::{Body, CheckpointKind, Fault, PublishedKey, Verdict, Verifier},
    store::{
        StoreError, StoreSpec,
        commit::failed,
        entity::audit_key,
        opening::{backend, open_error},
    },
};

/// Rows read at one time.
const PAGE_ROWS: usize = 1_000;
const VERIFY: &str = "verify the audit log";

/// Why a log was not verified.
#[derive(Debug, thiserror::Error)]
pub enum VerifyError {
    #[error(transparent)]
    Open(#[from] StoreError),
    #[error(transparent)]
    Read(#[from] JournalError),
}

/// Verifies every chain of the store, as it is at one moment. With a trusted key, only checkpoints count that it or keys
/// that descend from it have signed.
pub async fn verify_audit(
    spec: &StoreSpec,
    trusted: Option<String>,
) -> Result<Verdict, VerifyError> {
    let backend = backend(spec)?;
    let opened = backend.readers(std::num::NonZeroU32::MIN).await;
    let connection = opened.map_err(|source| open_error(&backend, source))?;
    // A transaction of SQLite sees one moment by itself.
    let begun = match connection.get_database_backend() {
        DbBackend::Postgres => {
            let (isolation, access) = (IsolationLevel::RepeatableRead, AccessMode::ReadOnly);
            connection
                .begin_with_config(Some(isolation), Some(access))
                .await
        }
        _ => connection.begin().await,
    };
    let snapshot = begun.map_err(failed(VERIFY))?;
    let mut verifier = Verifier::new(trusted);
    keys(&snapshot, &mut verifier).await?;
    for tenant in read::tenants(&snapshot).await? {
        chain(&snapshot, &tenant, &mut verifier).await?;
    }
    Ok(verifier.verdict())
}

async fn keys<C: ConnectionTrait>(
    connection: &C,
    verifier: &mut Verifier,
) -> Result<(), JournalError> {
    let rows = audit_key::Entity::find()
        .order_by_asc(audit_key::Column::Place)
        .all(connection)
        .await
        .map_err(failed(VERIFY))?;
    for row in rows {
        match serde_json::from_str(&row.body) {
            Ok(key) => verifier.key(&PublishedKey {
                key,
                signature: row.signature,
            }),
            Err(_) => verifier.find(None, None, Fault::Key { key: row.id }),
        }
    }
    Ok(())
}

async fn chain<C: ConnectionTrait>(
    connection: &C,
    tenant: &Tenant,
    verifier: &mut Verifier,
) -> Result<(), JournalError> {
    let mut after = None;
    loop {
        let page = read::checkpoint_rows(connection, tenant, after, PAGE_ROWS).await?;
        for row in &page {
            match read::checkpoint(row) {
                Ok(made) => verifier.checkpoint(&made),
                Err(error) => verifier.find(
                    Some(tenant.as_str().to_owned()),
                    Some(row.seq.unsigned_abs()),
                    Fault::Unreadable(format!("its checkpoint: {error}")),
                ),
            }
        }
        let Some(last) = page.last() else { break };
        let kind = match last.kind == CheckpointKind::Pruned.name() {
            true => CheckpointKind::Pruned,
            false => CheckpointKind::Regular,
        };
        after = Some((last.seq.unsigned_abs(), kind));
    }
    if read::has_unnumbered(connection, tenant).await? {
        verifier.find(Some(tenant.as_str().to_owned()), None, Fault::Number);
    }
    let mut seq = 0;
    loop {
        let page = read::after(connection, tenant, seq, PAGE_ROWS).await?;
        for row in &page {
            record(row, verifier);
        }
        match page.last() {
            Some(last) => seq = last.seq.unsigned_abs(),
            None => return Ok(()),
        }
    }
}

fn record(row: &AuditRow, verifier: &mut Verifier) {
    let seq = row.seq.unsigned_abs();
    let body: Body = match serde_json::from_str(&row.body) {
        Ok(body) => body,
        Err(error) => return verifier.unreadable(&row.tenant, seq, error.to_string()),
    };
    verifier.check_form(&body, &row.body);
    for column in differing(row, &body) {
        verifier.find(Some(row.tenant.clone()), Some(seq), Fault::Column(column));
    }
    if body.tenant == row.tenant {
        verifier.record(&body, &row.hash);
    } else {
        let cause = format!("it is a record of tenant {}", body.tenant);
        verifier.unreadable(&row.tenant, seq, cause);
    }
}
