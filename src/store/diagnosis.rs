//! Why a rule refused a batch. The writing statements only fail; this asks what the store has.

use std::collections::HashMap;

use callboard_orchestra::journal::JournalError;
use sea_orm::{
    ColumnTrait, DatabaseConnection, EntityTrait, ExprTrait, QueryFilter, QuerySelect,
    sea_query::Expr,
};
use uuid::Uuid;

use super::{
    commit::failed,
    digest::Digest,
    entity::{idempotency_key, job, store_epoch},
    rows::int,
};

/// Rows asked for in one statement.
const PIECE_ROWS: usize = 256;

/// None when the store has nothing against the batch. To be called while no other write can happen.
pub async fn diagnose(
    readers: &DatabaseConnection,
    epoch: u64,
    digest: &Digest<'_>,
) -> Result<Option<JournalError>, JournalError> {
    let owner = store_epoch::Entity::find_by_id(store_epoch::ONLY_ROW)
        .filter(store_epoch::Column::Epoch.eq(int(epoch)))
        .one(readers)
        .await
        .map_err(failed("check the epoch"))?;
    if owner.is_none() {
        return Ok(Some(JournalError::Fenced { epoch }));
    }
    if let Some(conflict) = conflict(readers, digest).await? {
        return Ok(Some(conflict));
    }
    taken_key(readers, digest).await
}

async fn conflict(
    readers: &DatabaseConnection,
    digest: &Digest<'_>,
) -> Result<Option<JournalError>, JournalError> {
    let changes: Vec<_> = digest.changes().collect();
    for piece in changes.chunks(PIECE_ROWS) {
        let ids = piece.iter().map(|change| change.row.id.uuid());
        let known: Vec<(Uuid, i64)> = job::Entity::find()
            .select_only()
            .columns([job::Column::Id, job::Column::Seq])
            .filter(job::Column::Id.is_in(ids))
            .into_tuple()
            .all(readers)
            .await
            .map_err(failed("read seqs of jobs"))?;
        let known: HashMap<Uuid, i64> = known.into_iter().collect();
        let elsewhere = piece.iter().find(|change| {
            let seq = known.get(&change.row.id.uuid()).copied().unwrap_or(0);
            seq != int(change.before)
        });
        if let Some(change) = elsewhere {
            return Ok(Some(JournalError::Conflict {
                job: change.row.id,
                seq: change.before + 1,
            }));
        }
    }
    Ok(None)
}

async fn taken_key(
    readers: &DatabaseConnection,
    digest: &Digest<'_>,
) -> Result<Option<JournalError>, JournalError> {
    use idempotency_key::Column;
    for piece in digest.keyed.chunks(PIECE_ROWS) {
        let names = piece.iter().map(|(record, remembered)| {
            Expr::tuple([
                Expr::value(record.tenant.as_str()),
                Expr::value(remembered.key.as_str()),
            ])
        });
        let name = Expr::tuple([Expr::col(Column::Tenant), Expr::col(Column::Key)]);
        let known: Vec<(String, String, Uuid)> = idempotency_key::Entity::find()
            .select_only()
            .columns([Column::Tenant, Column::Key, Column::JobId])
            .filter(name.is_in(names))
            .filter(Column::ExpiresAt.gt(digest.now))
            .into_tuple()
            .all(readers)
            .await
            .map_err(failed("read idempotency keys"))?;
        let taken = piece.iter().find(|(record, remembered)| {
            known.iter().any(|(tenant, key, job)| {
                tenant == record.tenant.as_str()
                    && *key == remembered.key
                    && *job != remembered.job.uuid()
            })
        });
        if let Some((record, remembered)) = taken {
            let (job, seq) = (remembered.job, record.first_seq);
            return Ok(Some(JournalError::Conflict { job, seq }));
        }
    }
    Ok(None)
}
