//! Removing the oldest records of a chain. A signed checkpoint takes their place, from which the rest verifies.

use callboard_orchestra::{Tenant, Timestamp, journal::JournalError};
use sea_orm::{
    ColumnTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect, sea_query::Condition,
};

use super::{AuditLog, read, sign};
use crate::{
    audit::{Checkpoint, CheckpointKind},
    store::{
        commit::{begin, end, failed},
        entity::{audit_checkpoint, audit_record},
        rows::int,
    },
};

/// Records of one piece.
const PIECE_ROWS: usize = 256;
/// Pieces of one round; the rest comes with the next.
const PIECES_MAX: usize = 1_000;
const PRUNE: &str = "prune the audit log";

impl AuditLog {
    /// Removes records from before `cutoff`, from the oldest on; answers how many. Nothing is done before there is a key.
    pub async fn prune(&self, cutoff: Timestamp, now: Timestamp) -> Result<u64, JournalError> {
        let mut pruned = 0;
        let mut pieces = 0;
        for tenant in read::tenants(&self.readers).await? {
            while pieces < PIECES_MAX {
                let removed = self.prune_piece(&tenant, cutoff, now).await?;
                pieces += 1;
                pruned += removed;
                if removed < PIECE_ROWS as u64 {
                    break;
                }
            }
        }
        Ok(pruned)
    }

    async fn prune_piece(
        &self,
        tenant: &Tenant,
        cutoff: Timestamp,
        now: Timestamp,
    ) -> Result<u64, JournalError> {
        let Some(key) = self.key() else {
            return Ok(0);
        };
        if !self.has_older(tenant, cutoff).await? {
            return Ok(0);
        }
        let mut lease = self.writer.lease().await?;
        let pens = &mut *lease.pens;
        pens.heads
            .load(&pens.aside, std::iter::once(tenant))
            .await?;
        let txn = begin(&lease, self.epoch).await?;
        let oldest = read::after(&txn, tenant, 0, PIECE_ROWS).await?;
        let due = oldest.iter().take_while(|row| row.at < cutoff.millis());
        let due: Vec<_> = due.collect();
        let Some(last) = due.last() else {
            txn.rollback().await.map_err(failed(PRUNE))?;
            lease.put_back();
            return Ok(0);
        };
        let (count, through) = (due.len() as u64, last.seq.unsigned_abs());
        // Those before it say no more than this one.
        use audit_checkpoint::Column;
        let covered = Condition::any().add(Column::Seq.lt(last.seq)).add(
            Condition::all()
                .add(Column::Seq.eq(last.seq))
                .add(Column::Kind.eq(CheckpointKind::Pruned.name())),
        );
        let removed = audit_checkpoint::Entity::delete_many()
            .filter(Column::Tenant.eq(tenant.as_str()))
            .filter(covered)
            .exec(&txn);
        removed.await.map_err(failed(PRUNE))?;
        let kind = CheckpointKind::Pruned;
        let made = Checkpoint::sign(&key, kind, tenant.as_str(), through, &last.hash, now);
        sign::put(&txn, made).await?;
        lease.pens.heads.sign(tenant, through);
        let removed = audit_record::Entity::delete_many()
            .filter(audit_record::Column::Tenant.eq(tenant.as_str()))
            .filter(audit_record::Column::Seq.lte(int(through)))
            .exec(&txn);
        removed.await.map_err(failed(PRUNE))?;
        end(txn, lease, PRUNE).await?;
        Ok(count)
    }

    /// Whether the oldest record of a tenant is from before `cutoff`; reads one row.
    async fn has_older(&self, tenant: &Tenant, cutoff: Timestamp) -> Result<bool, JournalError> {
        let oldest: Option<i64> = audit_record::Entity::find()
            .select_only()
            .column(audit_record::Column::At)
            .filter(audit_record::Column::Tenant.eq(tenant.as_str()))
            .order_by_asc(audit_record::Column::Seq)
            .limit(1)
            .into_tuple()
            .one(&self.readers)
            .await
            .map_err(failed(PRUNE))?;
        Ok(oldest.is_some_and(|at| at < cutoff.millis()))
    }
}
