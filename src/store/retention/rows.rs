//! The rows that retention removes. The texts are understood by both databases.

use std::collections::BTreeMap;

use callboard_orchestra::journal::JournalError;
use sea_orm::{
    ConnectionTrait, DatabaseConnection, DatabaseTransaction, DbErr, QueryResult, Statement, Value,
};
use uuid::Uuid;

use crate::store::{commit::failed, rows::int};

/// Which jobs are to go.
#[derive(Debug, Clone, Copy)]
pub enum Due {
    /// Those that ended before a time in milliseconds.
    EndedBefore(i64),
    /// So many of the oldest that have ended.
    Oldest(u64),
}

/// The migration from which on references to artifacts are kept.
const REFERENCES: &str = "m20261121_000004_create_projections";

async fn execute(
    txn: &DatabaseTransaction,
    sql: &str,
    values: impl IntoIterator<Item = Value>,
) -> Result<u64, JournalError> {
    let statement = Statement::from_sql_and_values(txn.get_database_backend(), sql, values);
    let done = txn.execute_raw(statement).await;
    Ok(done.map_err(failed("prune"))?.rows_affected())
}

async fn query(
    connection: &impl ConnectionTrait,
    sql: &str,
    values: impl IntoIterator<Item = Value>,
) -> Result<Vec<QueryResult>, JournalError> {
    let backend = connection.get_database_backend();
    let statement = Statement::from_sql_and_values(backend, sql, values);
    let rows = connection.query_all_raw(statement).await;
    rows.map_err(failed("prune"))
}

/// Removes records of jobs that are gone, up to `rows` of them.
pub async fn remove_records(txn: &DatabaseTransaction, rows: u64) -> Result<u64, JournalError> {
    let limit = int(rows);
    let records = "DELETE FROM job_events WHERE pos IN (SELECT pos FROM job_events WHERE job_id IN \
                   (SELECT job_id FROM pruned_jobs LIMIT $1) LIMIT $2)";
    let removed = execute(txn, records, [limit.into(), limit.into()]).await?;
    if removed > 0 {
        let done = "DELETE FROM pruned_jobs WHERE NOT EXISTS \
                    (SELECT 1 FROM job_events WHERE job_events.job_id = pruned_jobs.job_id)";
        execute(txn, done, []).await?;
    }
    Ok(removed)
}

/// Removes up to `rows` jobs that are due, with what belongs to them but their records, which the next pieces remove.
pub async fn remove_jobs(
    txn: &DatabaseTransaction,
    due: Due,
    rows: u64,
) -> Result<u64, JournalError> {
    let found = match due {
        Due::EndedBefore(cutoff) => {
            // A job that ended before then began before then, and ids rise with time.
            let bound = uuid::Builder::from_unix_timestamp_millis(cutoff.unsigned_abs(), &[0; 10]);
            let ended = unresolved_left_out("finished_at < $1 AND id < $2", 3);
            let values = [cutoff.into(), bound.into_uuid().into(), int(rows).into()];
            query(txn, &ended, values).await?
        }
        Due::Oldest(surplus) => {
            let ended = unresolved_left_out("finished_at IS NOT NULL", 1);
            query(txn, &ended, [int(rows.min(surplus)).into()]).await?
        }
    };
    if found.is_empty() {
        return Ok(0);
    }
    let jobs = found
        .iter()
        .map(|row| Ok((row.try_get_by_index(0)?, row.try_get_by_index(1)?)))
        .collect::<Result<BTreeMap<Uuid, String>, DbErr>>()
        .map_err(failed("prune"))?;
    note_positions(txn, &jobs).await?;
    for piece in jobs.keys().collect::<Vec<_>>().chunks(IDS_MAX) {
        let ids = || piece.iter().map(|id| Value::from(**id));
        let doom = format!(
            "INSERT INTO pruned_jobs (job_id) SELECT id FROM jobs WHERE id IN ({})",
            places(piece.len())
        );
        execute(txn, &doom, ids()).await?;
        let remove = format!("DELETE FROM jobs WHERE id IN ({})", places(piece.len()));
        execute(txn, &remove, ids()).await?;
    }
    Ok(jobs.len() as u64)
}

/// Ids bound to one statement.
const IDS_MAX: usize = 64;

/// `$1,$2,..`
fn places(count: usize) -> String {
    let places: Vec<String> = (1..=count).map(|place| format!("${place}")).collect();
    places.join(",")
}

fn unresolved_left_out(due: &str, limit: usize) -> String {
    format!(
        "SELECT id, tenant FROM jobs WHERE {due} \
         AND NOT EXISTS (SELECT 1 FROM effects WHERE effects.job_id = jobs.id AND effects.state = 'unknown') \
         AND NOT EXISTS (SELECT 1 FROM approvals WHERE approvals.job_id = jobs.id AND approvals.state = 'pending') \
         AND NOT EXISTS (SELECT 1 FROM webhook_endpoints WHERE webhook_endpoints.tenant = jobs.tenant \
         AND webhook_endpoints.enabled AND webhook_endpoints.cursor < \
         (SELECT max(pos) FROM job_events WHERE job_events.job_id = jobs.id)) \
         ORDER BY id LIMIT ${limit}"
    )
}

/// Notes the last position of the store, and up to where records of a tenant may be missing.
async fn note_positions(
    txn: &DatabaseTransaction,
    jobs: &BTreeMap<Uuid, String>,
) -> Result<(), JournalError> {
    let last = "UPDATE store_epoch SET last_pos = (SELECT max(pos) FROM job_events) \
                WHERE last_pos < (SELECT max(pos) FROM job_events)";
    execute(txn, last, []).await?;
    let mut tenants: BTreeMap<&str, i64> = BTreeMap::new();
    for piece in jobs.keys().collect::<Vec<_>>().chunks(IDS_MAX) {
        let ends = format!(
            "SELECT job_id, max(pos) FROM job_events WHERE job_id IN ({}) GROUP BY job_id",
            places(piece.len())
        );
        let ids = piece.iter().map(|id| Value::from(**id));
        for row in query(txn, &ends, ids).await? {
            let (job, pos): (Uuid, i64) = (
                row.try_get_by_index(0).map_err(failed("prune"))?,
                row.try_get_by_index(1).map_err(failed("prune"))?,
            );
            let known = tenants.entry(jobs[&job].as_str()).or_default();
            *known = pos.max(*known);
        }
    }
    for (tenant, pos) in tenants {
        let note = "INSERT INTO pruned_tenants (tenant, pos) VALUES ($1, $2) \
                    ON CONFLICT (tenant) DO UPDATE SET pos = excluded.pos WHERE pruned_tenants.pos < excluded.pos";
        execute(txn, note, [tenant.into(), pos.into()]).await?;
    }
    Ok(())
}

/// Snapshots of jobs that have ended: whoever goes on with one reads its records.
pub async fn remove_snapshots(txn: &DatabaseTransaction, rows: u64) -> Result<u64, JournalError> {
    let remove = "DELETE FROM job_snapshots WHERE job_id IN (SELECT job_id FROM job_snapshots \
                  JOIN jobs ON jobs.id = job_snapshots.job_id WHERE jobs.finished_at IS NOT NULL LIMIT $1)";
    execute(txn, remove, [int(rows).into()]).await
}

pub async fn remove_supervision(
    txn: &DatabaseTransaction,
    kept: u64,
    rows: u64,
) -> Result<u64, JournalError> {
    let remove = "DELETE FROM supervision_events WHERE id IN (SELECT id FROM supervision_events \
                  WHERE id <= (SELECT max(id) FROM supervision_events) - $1 ORDER BY id LIMIT $2)";
    execute(txn, remove, [int(kept).into(), int(rows).into()]).await
}

/// Since when references to artifacts are kept, in seconds since the epoch.
pub async fn references_since(readers: &DatabaseConnection) -> Result<Option<i64>, JournalError> {
    let applied = "SELECT applied_at FROM seaql_migrations WHERE version = $1";
    let found = query(readers, applied, [REFERENCES.into()]).await?;
    let since = found.first().map(|row| row.try_get_by_index(0));
    since.transpose().map_err(failed("prune"))
}

/// Those of the hashes that no job refers to.
pub async fn unreferenced(
    readers: &DatabaseConnection,
    hashes: &[String],
) -> Result<Vec<String>, JournalError> {
    let mut loose = Vec::new();
    for piece in hashes.chunks(IDS_MAX) {
        let known = format!(
            "SELECT DISTINCT sha256 FROM artifact_refs WHERE sha256 IN ({})",
            places(piece.len())
        );
        let found = query(
            readers,
            &known,
            piece.iter().map(|hash| hash.clone().into()),
        )
        .await?;
        let known = found
            .iter()
            .map(|row| row.try_get_by_index(0))
            .collect::<Result<Vec<String>, DbErr>>()
            .map_err(failed("prune"))?;
        loose.extend(piece.iter().filter(|hash| !known.contains(hash)).cloned());
    }
    Ok(loose)
}
