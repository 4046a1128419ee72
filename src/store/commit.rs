//! The write transactions: every one is IMMEDIATE, proves that this process still owns the store, and is all or nothing.

use std::collections::HashMap;

use callboard_orchestra::{
    id::{JobId, Tenant},
    journal::{JobRow, JournalError, Record, Remembered, SupervisionNote, encode},
};
use sea_orm::{
    ActiveModelTrait, ColumnTrait, ConnectionTrait, DatabaseConnection, DatabaseTransaction, DbErr,
    EntityTrait, ExprTrait, InsertMany, QueryFilter, QuerySelect, SqliteTransactionMode,
    TransactionOptions, TransactionTrait,
    sea_query::{Expr, OnConflict, Query},
};
use uuid::Uuid;

use super::{
    entity::{idempotency_key, job, store_epoch, supervision_event},
    rows,
    writer::Writer,
};

/// Rows of one statement, largest first. 256 rows of the widest table have 4,608 of SQLite's 32,766 bind parameters.
const PIECES: [usize; 5] = [256, 64, 16, 4, 1];
/// Expired idempotency keys removed by one commit: more than a batch can add.
const EXPIRED_SWEPT_MAX: u64 = 2_000;
/// Supervision events that are kept.
pub const SUPERVISION_EVENTS_MAX: i64 = 100_000;

const OPEN_WRITER: &str = "open the connection that writes";

/// Columns of a job that its events change. The others are written with the job's first record.
const JOB_COLUMNS: [job::Column; 10] = [
    job::Column::Seq,
    job::Column::State,
    job::Column::WaitingFor,
    job::Column::Done,
    job::Column::Total,
    job::Column::StartedAt,
    job::Column::FinishedAt,
    job::Column::FailedTask,
    job::Column::Failure,
    job::Column::Result,
];

pub fn failed(operation: &'static str) -> impl FnOnce(DbErr) -> JournalError {
    move |source| JournalError::Store {
        operation,
        source: source.into(),
    }
}

/// Commits records with the rows and keys that go with them; answers each record's position.
pub async fn records(
    writer: &Writer,
    epoch: u64,
    batch: &[Record],
) -> Result<Vec<u64>, JournalError> {
    let committed = commit_records(writer, epoch, batch).await;
    writer.note(&committed);
    committed
}

async fn commit_records(
    writer: &Writer,
    epoch: u64,
    batch: &[Record],
) -> Result<Vec<u64>, JournalError> {
    if batch.is_empty() {
        return Ok(Vec::new());
    }
    // Before the transaction: nobody should wait for the writer while text is being made.
    let payloads = batch
        .iter()
        .map(|record| encode(&record.events))
        .collect::<Result<Vec<_>, _>>()?;

    let lease = writer.lease().await.map_err(failed(OPEN_WRITER))?;
    let txn = begin(lease.connection()).await?;
    let last_pos = advance(&txn, epoch, batch.len()).await?;
    let positions = last_pos - batch.len() as u64 + 1..=last_pos;
    let seqs = seqs_of(&txn, batch).await?;
    refuse_conflicts(&seqs, batch)?;
    write_jobs(&txn, &seqs, batch).await?;
    write_events(&txn, epoch, batch, payloads, positions.clone()).await?;
    write_keys(&txn, batch).await?;
    txn.commit().await.map_err(failed("commit records"))?;
    lease.give_back();
    Ok(positions.collect())
}

/// Keeps supervision events, and no more than `SUPERVISION_EVENTS_MAX` of them.
pub async fn supervision(
    writer: &Writer,
    epoch: u64,
    notes: &[SupervisionNote],
) -> Result<(), JournalError> {
    if notes.is_empty() {
        return Ok(());
    }
    let operation = "keep supervision events";
    let lease = writer.lease().await.map_err(failed(OPEN_WRITER))?;
    let txn = begin(lease.connection()).await?;
    advance(&txn, epoch, 0).await?;
    for insert in inserts(notes.iter().map(rows::note_row)) {
        insert
            .exec_without_returning(&txn)
            .await
            .map_err(failed(operation))?;
    }
    let newest = Query::select()
        .expr(Expr::col(supervision_event::Column::Id).max())
        .from(supervision_event::Entity)
        .to_owned();
    let surplus = Expr::SubQuery(None, Box::new(newest.into())).sub(SUPERVISION_EVENTS_MAX);
    supervision_event::Entity::delete_many()
        .filter(Expr::col(supervision_event::Column::Id).lte(surplus))
        .exec(&txn)
        .await
        .map_err(failed(operation))?;
    txn.commit().await.map_err(failed(operation))?;
    lease.give_back();
    Ok(())
}

pub(super) async fn begin(
    connection: &DatabaseConnection,
) -> Result<DatabaseTransaction, JournalError> {
    let options = TransactionOptions {
        sqlite_transaction_mode: Some(SqliteTransactionMode::Immediate),
        ..Default::default()
    };
    connection
        .begin_with_options(options)
        .await
        .map_err(failed("begin a transaction"))
}

/// Takes `count` positions and answers the last. Touching the owner's row is also what fences: it is refused when
/// another epoch has begun, and its lock keeps positions in the order of commits.
pub(super) async fn advance(
    txn: &DatabaseTransaction,
    epoch: u64,
    count: usize,
) -> Result<u64, JournalError> {
    let update = Query::update()
        .table(store_epoch::Entity)
        .value(
            store_epoch::Column::LastPos,
            Expr::col(store_epoch::Column::LastPos).add(rows::int(count as u64)),
        )
        .and_where(store_epoch::Column::Id.eq(store_epoch::ONLY_ROW))
        .and_where(store_epoch::Column::Epoch.eq(rows::int(epoch)))
        .returning_col(store_epoch::Column::LastPos)
        .to_owned();
    let row = txn
        .query_one(&update)
        .await
        .map_err(failed("check the epoch"))?;
    let row = row.ok_or(JournalError::Fenced { epoch })?;
    let last_pos: i64 = row.try_get_by_index(0).map_err(failed("check the epoch"))?;
    Ok(last_pos.unsigned_abs())
}

/// The last seq of each job of the batch that the store has.
async fn seqs_of(
    txn: &DatabaseTransaction,
    batch: &[Record],
) -> Result<HashMap<Uuid, u64>, JournalError> {
    let mut ids: Vec<Uuid> = batch.iter().map(|record| record.job.uuid()).collect();
    ids.sort_unstable();
    ids.dedup();
    // Filled up with an id that no job has, to a size whose statement is prepared.
    let pieces = ids.len().div_ceil(PIECES[0]);
    let size = if pieces > 1 {
        PIECES[0]
    } else {
        ids.len().next_power_of_two()
    };
    ids.resize(pieces * size, Uuid::nil());
    let mut seqs = HashMap::with_capacity(ids.len());
    for chunk in ids.chunks(size) {
        let found: Vec<(Uuid, i64)> = job::Entity::find()
            .select_only()
            .columns([job::Column::Id, job::Column::Seq])
            .filter(job::Column::Id.is_in(chunk.iter().copied()))
            .into_tuple()
            .all(txn)
            .await
            .map_err(failed("read seqs of jobs"))?;
        seqs.extend(found.into_iter().map(|(id, seq)| (id, seq.unsigned_abs())));
    }
    Ok(seqs)
}

/// Every record must continue its job, also within the batch.
fn refuse_conflicts(seqs: &HashMap<Uuid, u64>, batch: &[Record]) -> Result<(), JournalError> {
    let mut last_seqs: HashMap<JobId, u64> = HashMap::with_capacity(batch.len());
    for record in batch {
        let job = record.job;
        let last_seq = last_seqs
            .entry(job)
            .or_insert_with(|| seqs.get(&job.uuid()).copied().unwrap_or(0));
        if record.first_seq != *last_seq + 1 {
            return Err(JournalError::Conflict {
                job,
                seq: record.first_seq,
            });
        }
        *last_seq = record.last_seq();
    }
    Ok(())
}

async fn write_jobs(
    txn: &DatabaseTransaction,
    seqs: &HashMap<Uuid, u64>,
    batch: &[Record],
) -> Result<(), JournalError> {
    let last_rows: HashMap<JobId, &JobRow> = batch
        .iter()
        .map(|record| (record.job, &*record.row))
        .collect();
    let mut last_rows: Vec<&JobRow> = last_rows.into_values().collect();
    // In the order of the primary key, so that neighbours share pages.
    last_rows.sort_unstable_by_key(|row| row.id);
    let models = last_rows
        .iter()
        .map(|row| rows::job_row(row, !seqs.contains_key(&row.id.uuid())));
    for insert in inserts(models) {
        insert
            .on_conflict(
                OnConflict::column(job::Column::Id)
                    .update_columns(JOB_COLUMNS)
                    .to_owned(),
            )
            .exec_without_returning(txn)
            .await
            .map_err(failed("write rows of jobs"))?;
    }
    Ok(())
}

async fn write_events(
    txn: &DatabaseTransaction,
    epoch: u64,
    batch: &[Record],
    payloads: Vec<String>,
    positions: impl Iterator<Item = u64>,
) -> Result<(), JournalError> {
    let models = batch
        .iter()
        .zip(payloads)
        .zip(positions)
        .map(|((record, payload), pos)| {
            rows::event_row(record, payload, rows::int(pos), rows::int(epoch))
        });
    for insert in inserts(models) {
        insert
            .exec_without_returning(txn)
            .await
            .map_err(failed("write records"))?;
    }
    Ok(())
}

async fn write_keys(txn: &DatabaseTransaction, batch: &[Record]) -> Result<(), JournalError> {
    use idempotency_key::Column;
    let mut keys: HashMap<(&Tenant, &str), &Remembered> = HashMap::new();
    let mut now = None;
    for record in batch {
        if let Some(remembered) = &record.remember {
            keys.insert((&record.tenant, &remembered.key), remembered);
            now = Ord::max(now, Some(record.at));
        }
    }
    let Some(now) = now else { return Ok(()) };
    refuse_taken_keys(txn, batch, now.millis()).await?;
    sweep_expired(txn, now.millis()).await?;
    let models = keys
        .iter()
        .map(|((tenant, _), remembered)| rows::key_row(tenant, remembered));
    for insert in inserts(models) {
        insert
            .on_conflict(
                OnConflict::columns([Column::Tenant, Column::Key])
                    .update_columns([Column::BodySha256, Column::JobId, Column::ExpiresAt])
                    .to_owned(),
            )
            .exec_without_returning(txn)
            .await
            .map_err(failed("write idempotency keys"))?;
    }
    Ok(())
}

/// A key that has not expired stays with its job.
async fn refuse_taken_keys(
    txn: &DatabaseTransaction,
    batch: &[Record],
    now: i64,
) -> Result<(), JournalError> {
    use idempotency_key::Column;
    let mut asked: Vec<(&Tenant, &Remembered, &Record)> = batch
        .iter()
        .filter_map(|record| Some((&record.tenant, record.remember.as_ref()?, record)))
        .collect();
    while !asked.is_empty() {
        let piece: Vec<_> = asked.drain(..piece(asked.len())).collect();
        let names = piece.iter().map(|(tenant, remembered, _)| {
            Expr::tuple([
                Expr::value(tenant.as_str()),
                Expr::value(remembered.key.as_str()),
            ])
        });
        let name = Expr::tuple([Expr::col(Column::Tenant), Expr::col(Column::Key)]);
        let known: Vec<(String, String, Uuid)> = idempotency_key::Entity::find()
            .select_only()
            .columns([Column::Tenant, Column::Key, Column::JobId])
            .filter(name.is_in(names))
            .filter(Column::ExpiresAt.gt(now))
            .into_tuple()
            .all(txn)
            .await
            .map_err(failed("read idempotency keys"))?;
        let taken = piece.iter().find(|(tenant, remembered, _)| {
            known.iter().any(|(of, key, job)| {
                of == tenant.as_str() && *key == remembered.key && *job != remembered.job.uuid()
            })
        });
        if let Some((_, remembered, record)) = taken {
            let (job, seq) = (remembered.job, record.first_seq);
            return Err(JournalError::Conflict { job, seq });
        }
    }
    Ok(())
}

async fn sweep_expired(txn: &DatabaseTransaction, now: i64) -> Result<(), JournalError> {
    use idempotency_key::Column;
    let expired = Query::select()
        .columns([Column::Tenant, Column::Key])
        .from(idempotency_key::Entity)
        .and_where(Column::ExpiresAt.lte(now))
        .limit(EXPIRED_SWEPT_MAX)
        .to_owned();
    let key = Expr::tuple([Expr::col(Column::Tenant), Expr::col(Column::Key)]);
    idempotency_key::Entity::delete_many()
        .filter(key.in_subquery(expired))
        .exec(txn)
        .await
        .map(drop)
        .map_err(failed("sweep idempotency keys"))
}

/// Multi-row inserts. Batches come in every size; pieces come in a few, so that each statement is prepared only once.
fn inserts<A: ActiveModelTrait>(models: impl Iterator<Item = A>) -> Vec<InsertMany<A>> {
    let mut models: Vec<A> = models.collect();
    let mut inserts = Vec::new();
    while !models.is_empty() {
        let piece = piece(models.len());
        inserts.push(A::Entity::insert_many(models.drain(..piece)));
    }
    inserts
}

/// The largest size of a piece that `count` rows fill.
fn piece(count: usize) -> usize {
    let fitting = PIECES.into_iter().find(|piece| *piece <= count);
    fitting.expect("one row fills a piece of one")
}
