//! The write transactions: every one proves that this process still owns the store, and is all or nothing.

use callboard_orchestra::journal::{JournalError, Record, Snapshot, SupervisionNote};
use sea_orm::{
    ActiveModelTrait, ColumnTrait, DatabaseConnection, DatabaseTransaction, DbErr, EntityTrait,
    ExprTrait, InsertMany, QueryFilter, QuerySelect, SqliteTransactionMode, TransactionOptions,
    TransactionTrait,
    sea_query::{Expr, OnConflict},
    sqlx,
};

use super::{
    diagnosis::diagnose,
    digest::Digest,
    entity::{job, job_snapshot, store_epoch},
    refusal::Refusal,
    rows,
    writer::{Lease, Writer},
};

/// Rows of one statement, largest first.
const PIECES: [usize; 5] = [256, 64, 16, 4, 1];

/// Maps an error of the database to one of the port.
pub fn failed<E: Into<Box<dyn std::error::Error + Send + Sync>>>(
    operation: &'static str,
) -> impl FnOnce(E) -> JournalError {
    move |source| JournalError::Store {
        operation,
        source: source.into(),
    }
}

/// Commits records with the rows and keys that go with them; answers each record's position.
pub async fn records(
    writer: &Writer,
    readers: &DatabaseConnection,
    epoch: u64,
    batch: &[Record],
) -> Result<Vec<u64>, JournalError> {
    let committed = commit_records(writer, readers, epoch, batch).await;
    writer.note(&committed);
    committed
}

async fn commit_records(
    writer: &Writer,
    readers: &DatabaseConnection,
    epoch: u64,
    batch: &[Record],
) -> Result<Vec<u64>, JournalError> {
    if batch.is_empty() {
        return Ok(Vec::new());
    }
    // Before the lease: nobody should wait for the writer while text is being made.
    let mut digest = Digest::of(batch)?;
    if writer.audit().is_on() {
        digest.tell_audit(batch);
    }
    let mut lease = writer.lease().await?;
    let mut refused = match write(&mut lease, epoch, &digest).await? {
        Ok(positions) => {
            lease.give_back();
            return Ok(positions);
        }
        Err(refused) => refused,
    };
    let mut diagnosis = diagnose(readers, epoch, &digest).await?;
    if diagnosis.is_none() && !digest.live.is_empty() {
        digest.reopen();
        match write(&mut lease, epoch, &digest).await? {
            Ok(positions) => {
                lease.give_back();
                return Ok(positions);
            }
            Err(again) => refused = again,
        }
        diagnosis = diagnose(readers, epoch, &digest).await?;
    }
    match diagnosis {
        Some(conflict) => {
            lease.put_back();
            Err(conflict)
        }
        // What the lease knows may be wrong, such as the last position: the next write begins with other connections.
        None => Err(failed("commit records")(refused)),
    }
}

/// Err inside when a rule refused the batch: then no transaction is open.
async fn write(
    lease: &mut Lease<'_>,
    epoch: u64,
    digest: &Digest<'_>,
) -> Result<Result<Vec<u64>, sqlx::Error>, JournalError> {
    let pens = &mut *lease.pens;
    pens.heads.forget_moved();
    let tenants = digest.audit.iter().map(|draft| &draft.tenant);
    pens.heads.load(&pens.aside, tenants).await?;
    let told = pens.heads.seal(&digest.audit);
    let committed = pens.hot.commit(epoch, pens.last_pos, digest, &told).await;
    match committed {
        Ok(last_pos) => {
            pens.last_pos = last_pos;
            Ok(Ok((last_pos + 1 - digest.records..=last_pos).collect()))
        }
        Err(Refusal::Rule(error)) => Ok(Err(error)),
        Err(Refusal::Failed(error)) => Err(failed("commit records")(error)),
    }
}

/// Keeps supervision events.
pub async fn supervision(
    writer: &Writer,
    epoch: u64,
    notes: &[SupervisionNote],
) -> Result<(), JournalError> {
    if notes.is_empty() {
        return Ok(());
    }
    let operation = "keep supervision events";
    let lease = writer.lease().await?;
    let txn = begin(&lease, epoch).await?;
    for insert in inserts(notes.iter().map(rows::note_row)) {
        let inserted = insert.exec_without_returning(&txn).await;
        inserted.map_err(failed(operation))?;
    }
    end(txn, lease, operation).await
}

/// Keeps a snapshot in place of the job's older one.
pub async fn snapshot(writer: &Writer, epoch: u64, snapshot: Snapshot) -> Result<(), JournalError> {
    let operation = "keep a snapshot";
    let (job, seq) = (snapshot.job, snapshot.seq);
    let lease = writer.lease().await?;
    let txn = begin(&lease, epoch).await?;
    let last_seq: Option<i64> = job::Entity::find_by_id(job.uuid())
        .select_only()
        .column(job::Column::Seq)
        .into_tuple()
        .one(&txn)
        .await
        .map_err(failed(operation))?;
    if last_seq.is_none_or(|last_seq| last_seq.unsigned_abs() < seq) {
        end(txn, lease, operation).await?;
        return Err(JournalError::Conflict { job, seq });
    }
    let newer = Expr::col((job_snapshot::Entity, job_snapshot::Column::Seq)).lte(rows::int(seq));
    let kept = job_snapshot::Entity::insert(rows::snapshot_row(snapshot))
        .on_conflict(
            OnConflict::column(job_snapshot::Column::JobId)
                .update_columns([
                    job_snapshot::Column::Seq,
                    job_snapshot::Column::Version,
                    job_snapshot::Column::Text,
                ])
                .action_and_where(newer)
                .to_owned(),
        )
        .exec_without_returning(&txn)
        .await;
    kept.map_err(failed(operation))?;
    end(txn, lease, operation).await
}

/// Begins a transaction of the owner of the store.
pub(super) async fn begin(
    lease: &Lease<'_>,
    epoch: u64,
) -> Result<DatabaseTransaction, JournalError> {
    let options = TransactionOptions {
        sqlite_transaction_mode: Some(SqliteTransactionMode::Immediate),
        ..Default::default()
    };
    let txn = lease
        .pens
        .aside
        .begin_with_options(options)
        .await
        .map_err(failed("begin a transaction"))?;
    let owner = store_epoch::Entity::find_by_id(store_epoch::ONLY_ROW)
        .filter(store_epoch::Column::Epoch.eq(rows::int(epoch)))
        .lock_shared()
        .one(&txn)
        .await
        .map_err(failed("check the epoch"))?;
    owner.map(|_| txn).ok_or(JournalError::Fenced { epoch })
}

pub(super) async fn end(
    txn: DatabaseTransaction,
    lease: Lease<'_>,
    operation: &'static str,
) -> Result<(), JournalError> {
    txn.commit().await.map_err(failed::<DbErr>(operation))?;
    lease.give_back();
    Ok(())
}

/// Multi-row inserts. Batches come in every size; pieces come in a few, so that each statement is prepared only once.
pub(super) fn inserts<A: ActiveModelTrait>(models: impl Iterator<Item = A>) -> Vec<InsertMany<A>> {
    let mut models: Vec<A> = models.collect();
    let mut inserts = Vec::new();
    while !models.is_empty() {
        let fitting = PIECES.into_iter().find(|piece| *piece <= models.len());
        let piece = fitting.expect("one row fills a piece of one");
        inserts.push(A::Entity::insert_many(models.drain(..piece)));
    }
    inserts
}
