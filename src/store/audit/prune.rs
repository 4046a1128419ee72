//! Removing the oldest records of a chain. A signed checkpoint takes their place, from which the rest verifies.

use callboard_orchestra::{Tenant, Timestamp, journal::JournalError};
use sea_orm::{
    ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect,
    sea_query::Condition,
};

use super::{
    AuditLog, AuditRow, history, read, sign,
    sound::{follows, is_signed},
};
use crate::{
    audit::{Checkpoint, CheckpointKind, GENESIS, PublishedKey, SigningKey},
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
    /// Removes records from before `cutoff`, from the oldest on; answers how many. Removes none that is not signed, and none
    /// of a chain that was changed: what is gone cannot be shown any more. Nothing is done before there is a key.
    pub async fn prune(&self, cutoff: Timestamp, now: Timestamp) -> Result<u64, JournalError> {
        let Some(key) = self.key() else {
            return Ok(0);
        };
        sign::settle(self).await?;
        let keys = history::published(&self.readers).await?;
        let mut pruned = 0;
        let mut pieces = 0;
        for tenant in read::tenants(&self.readers).await? {
            let mut sound = 0;
            while pieces < PIECES_MAX && !self.broken.borrow().contains(&tenant) {
                let Some(through) = self.piece_end(&tenant, cutoff).await? else {
                    break;
                };
                if through > sound {
                    match self.sound_to(&tenant, through, &keys).await? {
                        Some(seq) => sound = seq,
                        None => break,
                    }
                }
                pruned += self
                    .prune_piece(&tenant, through, (&key, &keys), now)
                    .await?;
                pieces += 1;
            }
        }
        Ok(pruned)
    }

    /// The last record of the next piece, all of which is from before `cutoff`.
    async fn piece_end(
        &self,
        tenant: &Tenant,
        cutoff: Timestamp,
    ) -> Result<Option<u64>, JournalError> {
        if !self.has_older(tenant, cutoff).await? {
            return Ok(None);
        }
        let oldest = read::after(&self.readers, tenant, 0, PIECE_ROWS).await?;
        let due = oldest.iter().take_while(|row| row.at < cutoff.millis());
        Ok(due.last().map(|row| row.seq.unsigned_abs()))
    }

    /// Verifies the chain from its beginning to the first record from `through` on that was signed; answers which. None
    /// when nothing is signed there yet, and when the chain was changed.
    async fn sound_to(
        &self,
        tenant: &Tenant,
        through: u64,
        keys: &[PublishedKey],
    ) -> Result<Option<u64>, JournalError> {
        let checkpoint = read::checkpoint_from(&self.readers, tenant, through).await?;
        let anchor = self.anchors.borrow().of(tenant.as_str()).cloned();
        let signed = match (checkpoint, anchor) {
            (Some(row), _) if is_signed(&row, keys) => (row.seq.unsigned_abs(), row.hash),
            (Some(row), _) => {
                sign::tell_broken(self, tenant, row.seq.unsigned_abs());
                return Ok(None);
            }
            (None, Some(anchor)) if anchor.seq >= through => (anchor.seq, anchor.hash),
            (None, _) => return Ok(None),
        };
        let Some((mut seq, mut hash)) = self.base(&self.readers, tenant, keys).await? else {
            return Ok(None);
        };
        while seq < signed.0 {
            let page = read::after(&self.readers, tenant, seq, PIECE_ROWS).await?;
            let Some(last) = follow(&page, (seq, &hash), signed.0) else {
                sign::tell_broken(self, tenant, seq + 1);
                return Ok(None);
            };
            (seq, hash) = last;
        }
        if hash != signed.1 {
            sign::tell_broken(self, tenant, seq);
            return Ok(None);
        }
        Ok(Some(seq))
    }

    /// Removes the records up to `through`, if they are those that were written.
    async fn prune_piece(
        &self,
        tenant: &Tenant,
        through: u64,
        (key, keys): (&SigningKey, &[PublishedKey]),
        now: Timestamp,
    ) -> Result<u64, JournalError> {
        let mut lease = self.writer.lease().await?;
        let pens = &mut *lease.pens;
        pens.heads
            .load(&pens.aside, std::iter::once(tenant))
            .await?;
        let txn = begin(&lease, self.epoch).await?;
        let rows = read::after(&txn, tenant, 0, PIECE_ROWS).await?;
        let base = self.base(&txn, tenant, keys).await?;
        let last = base
            .as_ref()
            .and_then(|(seq, hash)| follow(&rows, (*seq, hash), through))
            .filter(|(seq, _)| *seq == through);
        let (Some((before, _)), Some((_, hash))) = (base, last) else {
            txn.rollback().await.map_err(failed(PRUNE))?;
            lease.put_back();
            sign::tell_broken(self, tenant, through);
            return Ok(0);
        };
        sign::advance(self, std::iter::once((tenant.as_str(), through, &*hash))).await?;
        // Those before it say no more than this one.
        use audit_checkpoint::Column;
        let covered = Condition::any().add(Column::Seq.lt(int(through))).add(
            Condition::all()
                .add(Column::Seq.eq(int(through)))
                .add(Column::Kind.eq(CheckpointKind::Pruned.name())),
        );
        let removed = audit_checkpoint::Entity::delete_many()
            .filter(Column::Tenant.eq(tenant.as_str()))
            .filter(covered)
            .exec(&txn);
        removed.await.map_err(failed(PRUNE))?;
        let kind = CheckpointKind::Pruned;
        let made = Checkpoint::sign(key, kind, tenant.as_str(), through, &hash, now);
        sign::put(&txn, made).await?;
        lease.pens.heads.sign(tenant, through);
        let removed = audit_record::Entity::delete_many()
            .filter(audit_record::Column::Tenant.eq(tenant.as_str()))
            .filter(audit_record::Column::Seq.lte(int(through)))
            .exec(&txn);
        removed.await.map_err(failed(PRUNE))?;
        end(txn, lease, PRUNE).await?;
        Ok(through - before)
    }

    /// What the oldest record follows: seq and hash. None when what says so was changed.
    async fn base<C: ConnectionTrait>(
        &self,
        connection: &C,
        tenant: &Tenant,
        keys: &[PublishedKey],
    ) -> Result<Option<(u64, String)>, JournalError> {
        let kind = Some(CheckpointKind::Pruned);
        Ok(
            match read::last_checkpoint(connection, tenant, kind).await? {
                None => Some((0, GENESIS.to_owned())),
                Some(row) if is_signed(&row, keys) => Some((row.seq.unsigned_abs(), row.hash)),
                Some(row) => {
                    sign::tell_broken(self, tenant, row.seq.unsigned_abs());
                    None
                }
            },
        )
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

/// The last of the rows up to `end`, each of which follows the one before it. None when one does not, and without rows.
fn follow(rows: &[AuditRow], (seq, hash): (u64, &str), end: u64) -> Option<(u64, String)> {
    let mut last = (seq, hash.to_owned());
    for row in rows {
        if last.0 == end {
            break;
        }
        if !follows(row, last.0, &last.1) {
            return None;
        }
        last = (row.seq.unsigned_abs(), row.hash.clone());
    }
    (last.0 > seq).then_some(last)
}
