//! Signing chains where they stand.
//!
//! A chain that an earlier process left unsigned is verified before it is signed, from the record that was signed last:
//! what was changed while no server ran is not confirmed by the next one.

use std::collections::BTreeSet;

use callboard_orchestra::{Tenant, Timestamp, journal::JournalError};
use sea_orm::{ActiveValue::Set, DatabaseTransaction, EntityTrait};

use super::{
    AuditLog, Head, history, read,
    sound::{follows, is_signed},
};
use crate::{
    audit::{Anchor, Checkpoint, CheckpointKind, GENESIS, SigningKey, canonical},
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
    settle(log).await?;
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
        let ends = unsigned.iter();
        let ends = ends.map(|(tenant, head)| (tenant.as_str(), head.seq, head.hash.as_str()));
        if let Err(error) = advance(log, ends).await {
            lease.put_back();
            return Err(error);
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

/// Moves anchors before what is signed there is committed. The caller has the lease of the writer.
pub async fn advance(
    log: &AuditLog,
    ends: impl Iterator<Item = (&str, u64, &str)>,
) -> Result<(), JournalError> {
    let mut anchors = log.anchors.borrow().clone();
    for (tenant, seq, hash) in ends {
        anchors.advance(tenant, seq, hash);
    }
    let written = tokio::task::spawn_blocking(move || anchors.write().map(|()| anchors)).await;
    let anchors = written.map_err(failed(SIGN))?.map_err(failed(SIGN))?;
    log.anchors.send_replace(anchors);
    Ok(())
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

/// Looks at the chains that an earlier process, or a connection that was lost, left unsigned, if that was not done.
pub async fn settle(log: &AuditLog) -> Result<(), JournalError> {
    if !*log.taken_up.borrow() {
        take_up(log).await?;
    }
    let lost = log.writer.lost_chains().borrow().clone();
    for tenant in lost {
        take_up_chain(log, &tenant).await?;
        log.writer.lost_chains().send_if_modified(|lost| {
            lost.remove(&tenant);
            false
        });
    }
    Ok(())
}

/// Has the writer know the chains that are whole behind the place where they were signed last.
pub async fn take_up(log: &AuditLog) -> Result<(), JournalError> {
    let found = read::tenants(&log.readers).await?;
    let mut tenants: BTreeSet<Tenant> = found.into_iter().collect();
    // A chain that was signed and is gone as a whole is broken too.
    tenants.extend(log.anchors.borrow().tenants().map(Tenant::new));
    for tenant in tenants {
        take_up_chain(log, &tenant).await?;
    }
    log.taken_up.send_replace(true);
    Ok(())
}

async fn take_up_chain(log: &AuditLog, tenant: &Tenant) -> Result<(), JournalError> {
    if let Some(seq) = broken_at(log, tenant).await? {
        tell_broken(log, tenant, seq);
        return Ok(());
    }
    let mut lease = log.writer.lease().await?;
    let pens = &mut *lease.pens;
    let loaded = pens.heads.load(&pens.aside, std::iter::once(tenant)).await;
    lease.put_back();
    loaded
}

/// Leaves a chain alone from here on.
pub fn tell_broken(log: &AuditLog, tenant: &Tenant, seq: u64) {
    let is_new = log
        .broken
        .send_if_modified(|broken| broken.insert(tenant.clone()));
    if is_new {
        metrics::counter!("callboard_audit_broken_total").increment(1);
        tracing::error!(
            tenant = %tenant, audit.seq = seq,
            "the audit log was changed outside the server: record {seq} does not verify, and the chain is neither signed nor pruned"
        );
    }
}

/// The first record behind the one that was signed last which does not follow the one before it, or that one itself.
async fn broken_at(log: &AuditLog, tenant: &Tenant) -> Result<Option<u64>, JournalError> {
    let (mut seq, mut hash) = match signed_last(log, tenant).await? {
        Ok(signed) => signed,
        Err(lost) => return Ok(Some(lost)),
    };
    loop {
        let page = read::after(&log.readers, tenant, seq, PAGE_ROWS).await?;
        if page.is_empty() {
            return Ok(None);
        }
        for row in page {
            if !follows(&row, seq, &hash) {
                return Ok(Some(seq + 1));
            }
            (seq, hash) = (row.seq.unsigned_abs(), row.hash);
        }
    }
}

/// The record that was signed last. Err inside names one that was signed and is not in the chain.
async fn signed_last(
    log: &AuditLog,
    tenant: &Tenant,
) -> Result<Result<(u64, String), u64>, JournalError> {
    let keys = history::published(&log.readers).await?;
    let anchor = log.anchors.borrow().of(tenant.as_str()).cloned();
    let Some(Anchor { seq, hash }) = anchor else {
        let last = read::last_checkpoint(&log.readers, tenant, None).await?;
        let last = last.filter(|row| is_signed(row, &keys));
        let signed = last.map(|row| (row.seq.unsigned_abs(), row.hash));
        return Ok(Ok(signed.unwrap_or_else(|| (0, GENESIS.to_owned()))));
    };
    let kept = read::hash_at(&log.readers, tenant, seq).await?;
    if kept.as_ref() == Some(&hash) {
        return Ok(Ok((seq, hash)));
    }
    // A process that had another file may have removed the record in an orderly way.
    let kind = Some(CheckpointKind::Pruned);
    let pruned = read::last_checkpoint(&log.readers, tenant, kind).await?;
    let beyond = pruned.filter(|row| row.seq > int(seq) && is_signed(row, &keys));
    Ok(beyond
        .map(|row| (row.seq.unsigned_abs(), row.hash))
        .ok_or(seq))
}
