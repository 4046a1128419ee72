//! Signing chains where they stand.
//!
//! A chain that an earlier process left unsigned is verified from its last checkpoint before it is signed: what was
//! changed while no server ran is not confirmed by the next one.

use callboard_orchestra::{Tenant, Timestamp, journal::JournalError};
use sea_orm::{ActiveValue::Set, DatabaseTransaction, EntityTrait};

use super::{AuditLog, Head, read};
use crate::{
    audit::{Body, Checkpoint, CheckpointKind, GENESIS, SigningKey, canonical},
    store::{
        commit::{begin, end, failed},
        entity::audit_checkpoint,
        rows::int,
    },
};

/// Records read at one time.
const PAGE_ROWS: usize = 1_000;
/// Checkpoints of one transaction.
const PIECE_TENANTS: usize = 100;
const SIGN: &str = "sign an audit chain";

/// Signs what is unsigned, some tenants at a time.
pub async fn sign_due(
    log: &AuditLog,
    key: &SigningKey,
    now: Timestamp,
) -> Result<usize, JournalError> {
    let mut signed = 0;
    loop {
        let mut lease = log.writer.lease().await?;
        let broken = log.broken.borrow().clone();
        let unsigned = lease.pens.heads.unsigned();
        let unsigned: Vec<(Tenant, Head)> = unsigned
            .filter(|(tenant, _)| !broken.contains(*tenant))
            .take(PIECE_TENANTS)
            .map(|(tenant, head)| (tenant.clone(), head.clone()))
            .collect();
        if unsigned.is_empty() {
            lease.put_back();
            return Ok(signed);
        }
        let txn = begin(&lease, log.epoch).await?;
        for (tenant, head) in &unsigned {
            let kind = CheckpointKind::Regular;
            let made = Checkpoint::sign(key, kind, tenant.as_str(), head.seq, &head.hash, now);
            put(&txn, made).await?;
            lease.pens.heads.sign(tenant, head.seq);
        }
        end(txn, lease, SIGN).await?;
        signed += unsigned.len();
    }
}

/// Keeps a checkpoint.
pub async fn put(txn: &DatabaseTransaction, made: Checkpoint) -> Result<(), JournalError> {
    let body = &made.checkpoint;
    let row = audit_checkpoint::ActiveModel {
        tenant: Set(body.tenant.clone()),
        seq: Set(int(body.seq)),
        kind: Set(body.kind.name().to_owned()),
        hash: Set(body.hash.clone()),
        body: Set(canonical(body)),
        signature: Set(made.signature),
    };
    let inserted = audit_checkpoint::Entity::insert(row).exec_without_returning(txn);
    inserted.await.map(drop).map_err(failed(SIGN))
}

/// Has the writer know the chains that are whole behind their last checkpoint.
pub async fn take_up(log: &AuditLog) -> Result<(), JournalError> {
    for tenant in read::tenants(&log.readers).await? {
        if let Some(seq) = broken_at(log, &tenant).await? {
            metrics::counter!("callboard_audit_broken_total").increment(1);
            tracing::error!(
                tenant = %tenant, audit.seq = seq,
                "the audit log was changed outside the server: record {seq} does not verify, and the chain is not signed"
            );
            log.broken.send_modify(|broken| {
                broken.insert(tenant);
            });
            continue;
        }
        let mut lease = log.writer.lease().await?;
        let pens = &mut *lease.pens;
        pens.heads
            .load(&pens.aside, std::iter::once(&tenant))
            .await?;
        lease.put_back();
    }
    Ok(())
}

/// The first record behind the last checkpoint that does not follow the one before it.
async fn broken_at(log: &AuditLog, tenant: &Tenant) -> Result<Option<u64>, JournalError> {
    let signed = read::last_checkpoint(&log.readers, tenant).await?;
    let (mut seq, mut hash) = signed.unwrap_or_else(|| (0, GENESIS.to_owned()));
    loop {
        let page = read::after(&log.readers, tenant, seq, PAGE_ROWS).await?;
        if page.is_empty() {
            return Ok(None);
        }
        for row in page {
            let body: Option<Body> = serde_json::from_str(&row.body).ok();
            let follows = body.is_some_and(|body| {
                body.seq == seq + 1
                    && body.seq == row.seq.unsigned_abs()
                    && body.hash(&hash) == row.hash
            });
            if !follows {
                return Ok(Some(seq + 1));
            }
            (seq, hash) = (row.seq.unsigned_abs(), row.hash);
        }
    }
}
