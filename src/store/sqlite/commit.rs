//! A commit of records to SQLite: one IMMEDIATE transaction that fails by itself when it must not be.
//!
//! No statement asks before it writes. The epoch of a record is read from the owner's row where it has the writer's
//! epoch, else it is null, which the column refuses; a job that begins is inserted, which its primary key refuses when the
//! job is there; a job that goes on is updated where its seq is the expected one, and the statement after counts.

use callboard_orchestra::{
    journal::{ApprovalRow, EffectRow, JobRow},
    time::Timestamp,
};
use sea_orm::sqlx::{self, SqliteConnection};

use super::script::{PIECE_ROWS_MAX, Script};
use crate::{
    audit::Sealed,
    store::{
        digest::{Digest, EventRow, JobChange},
        refusal::Refusal,
        rows::{int, json},
    },
};

/// Up to so many rows of each table a transaction goes as one text.
const WHOLE_ROWS_MAX: usize = 16;
/// Expired idempotency keys removed by one commit: more than a batch can add.
const EXPIRED_SWEPT_MAX: i64 = 2_000;

/// Writes a batch whose first record gets the position `last_pos + 1`. After an error the transaction may still be
/// open.
pub async fn commit(
    connection: &mut SqliteConnection,
    epoch: u64,
    last_pos: u64,
    digest: &Digest<'_>,
    told: &[Sealed],
) -> Result<(), Refusal> {
    let whole = digest.rows_max() <= WHOLE_ROWS_MAX;
    let mut script = Script::new(connection, whole);
    script.sql("BEGIN IMMEDIATE");
    script.end().await?;
    for piece in digest.begun.chunks(PIECE_ROWS_MAX) {
        begin_jobs(&mut script, piece);
        script.end().await?;
    }
    let mut changed = None;
    for (jobs, ended) in [(&digest.live, false), (&digest.ended, true)] {
        for piece in jobs.chunks(PIECE_ROWS_MAX) {
            change_jobs(&mut script, piece, ended, changed);
            let expected = piece.len() as u64;
            changed = match script.end().await? {
                // The next statement counts.
                None => Some(int(expected)),
                Some(updated) if updated == expected => None,
                Some(_) => {
                    return Err(Refusal::Rule(sqlx::Error::RowNotFound));
                }
            };
        }
    }
    for piece in digest.events.chunks(PIECE_ROWS_MAX) {
        add_events(&mut script, piece, epoch, last_pos, changed.take());
        script.end().await?;
    }
    write_keys(&mut script, digest).await?;
    write_asides(&mut script, digest).await?;
    for piece in told.chunks(PIECE_ROWS_MAX) {
        put_audit(&mut script, piece);
        script.end().await?;
    }
    script.sql("COMMIT");
    script.send().await?;
    Ok(())
}

fn begin_jobs(script: &mut Script<'_>, jobs: &[JobChange<'_>]) {
    const COLUMNS: usize = 18;
    script.sql(
        "INSERT INTO jobs (id, seq, tenant, kind, state, waiting_for, done, total, priority, deadline, created_at, \
         started_at, finished_at, failed_task, failure, labels, input, result) \
         SELECT * FROM (VALUES ",
    );
    script.rows(jobs.len(), COLUMNS);
    script.sql(") WHERE column1 IS NOT NULL");
    for JobChange { row, .. } in jobs {
        script
            .bind(row.id.uuid())
            .bind(int(row.seq))
            .bind(row.tenant.as_str())
            .bind(row.kind.as_ref())
            .bind(row.state.name())
            .bind(row.waiting_for.as_ref().map(json))
            .bind(i64::from(row.done))
            .bind(i64::from(row.total))
            .bind(i64::from(row.priority))
            .bind(row.deadline.map(Timestamp::millis))
            .bind(row.created_at.millis())
            .bind(row.started_at.map(Timestamp::millis))
            .bind(row.finished_at.map(Timestamp::millis));
        bind_end(script, row)
            .bind(labels(row))
            .bind(row.input.text())
            .bind(row.result.as_ref().map(|result| result.text()));
    }
    script.fill(jobs.len(), COLUMNS);
}

fn labels(row: &JobRow) -> String {
    if row.labels.is_empty() {
        "{}".to_owned()
    } else {
        json(&row.labels)
    }
}

fn bind_end<'s, 'c>(script: &'s mut Script<'c>, row: &JobRow) -> &'s mut Script<'c> {
    script
        .bind(row.failed_task.map(|task| i64::from(task.0)))
        .bind(row.failure.as_ref().map(json))
}

/// `finished_at` is left alone while a job has not ended: an index has it, and naming it would rewrite the index.
fn change_jobs(script: &mut Script<'_>, jobs: &[JobChange<'_>], ended: bool, changed: Option<i64>) {
    const COLUMNS: usize = 12;
    script.sql(
        "UPDATE jobs SET seq = v.column3, state = v.column4, waiting_for = v.column5, done = v.column6, \
         total = v.column7, started_at = v.column8, failed_task = v.column9, failure = v.column10, result = v.column11",
    );
    script.sql(if ended {
        ", finished_at = v.column12"
    } else {
        ""
    });
    script.sql(" FROM (VALUES ");
    script.rows(jobs.len(), COLUMNS);
    script.sql(") AS v WHERE jobs.id = v.column1 AND jobs.seq = v.column2");
    script.sql(if ended {
        ""
    } else {
        " AND jobs.finished_at IS NULL"
    });
    script.sql(" AND changes() = coalesce(?, changes())");
    for JobChange { row, before } in jobs {
        script
            .bind(row.id.uuid())
            .bind(int(*before))
            .bind(int(row.seq))
            .bind(row.state.name())
            .bind(row.waiting_for.as_ref().map(json))
            .bind(i64::from(row.done))
            .bind(i64::from(row.total))
            .bind(row.started_at.map(Timestamp::millis));
        bind_end(script, row)
            .bind(row.result.as_ref().map(|result| result.text()))
            .bind(row.finished_at.map(Timestamp::millis));
    }
    script.fill(jobs.len(), COLUMNS);
    script.bind(changed);
}

fn add_events(
    script: &mut Script<'_>,
    rows: &[EventRow<'_>],
    epoch: u64,
    last_pos: u64,
    changed: Option<i64>,
) {
    const COLUMNS: usize = 7;
    script.sql(
        "INSERT INTO job_events (pos, job_id, seq, first_seq, tenant, at, payload, epoch) \
         SELECT *, (SELECT epoch FROM store_epoch WHERE id = 1 AND epoch = ? AND changes() = coalesce(?, changes())) \
         FROM (VALUES ",
    );
    script.rows(rows.len(), COLUMNS);
    script.sql(") WHERE column1 IS NOT NULL");
    script.bind(int(epoch)).bind(changed);
    for row in rows {
        script
            .bind(int(last_pos + row.place))
            .bind(row.first.job.uuid())
            .bind(int(row.last.last_seq()))
            .bind(int(row.first.first_seq))
            .bind(row.first.tenant.as_str())
            .bind(row.first.at.millis())
            .bind(row.payload.as_str());
    }
    script.fill(rows.len(), COLUMNS);
}

/// A key that has not expired stays with its job: for another job its new owner is null, which the column refuses.
async fn write_keys(script: &mut Script<'_>, digest: &Digest<'_>) -> Result<(), Refusal> {
    const COLUMNS: usize = 5;
    if digest.keys.is_empty() {
        return Ok(());
    }
    script.sql(
        "DELETE FROM idempotency_keys WHERE (tenant, key) IN \
         (SELECT tenant, key FROM idempotency_keys WHERE expires_at <= ? LIMIT ?)",
    );
    script.bind(digest.now).bind(EXPIRED_SWEPT_MAX);
    script.end().await?;
    let keys: Vec<_> = digest.keys.iter().collect();
    for piece in keys.chunks(PIECE_ROWS_MAX) {
        script.sql(
            "INSERT INTO idempotency_keys (tenant, key, body_sha256, job_id, expires_at) \
             SELECT * FROM (VALUES ",
        );
        script.rows(piece.len(), COLUMNS);
        script.sql(
            ") WHERE column1 IS NOT NULL ON CONFLICT (tenant, key) DO UPDATE SET body_sha256 = excluded.body_sha256, \
             expires_at = excluded.expires_at, job_id = CASE WHEN idempotency_keys.expires_at <= ? \
             OR idempotency_keys.job_id = excluded.job_id THEN excluded.job_id END",
        );
        for ((tenant, key), remembered) in piece {
            script
                .bind(tenant.as_str())
                .bind(*key)
                .bind(remembered.body_sha256.as_str())
                .bind(remembered.job.uuid())
                .bind(remembered.expires_at.millis());
        }
        script.fill(piece.len(), COLUMNS);
        script.bind(digest.now);
        script.end().await?;
    }
    Ok(())
}

async fn write_asides(script: &mut Script<'_>, digest: &Digest<'_>) -> Result<(), Refusal> {
    let approvals: Vec<_> = digest.approvals.values().copied().collect();
    for piece in approvals.chunks(PIECE_ROWS_MAX) {
        put_approvals(script, piece);
        script.end().await?;
    }
    let effects: Vec<_> = digest.effects.values().copied().collect();
    for piece in effects.chunks(PIECE_ROWS_MAX) {
        put_effects(script, piece);
        script.end().await?;
    }
    for piece in digest.artifacts.chunks(PIECE_ROWS_MAX) {
        const COLUMNS: usize = 4;
        script.sql(
            "INSERT INTO artifact_refs (sha256, job_id, tenant, bytes) SELECT * FROM (VALUES ",
        );
        script.rows(piece.len(), COLUMNS);
        script.sql(") WHERE column1 IS NOT NULL ON CONFLICT DO NOTHING");
        for (record, artifact) in piece {
            script
                .bind(artifact.sha256.as_ref())
                .bind(record.job.uuid())
                .bind(record.tenant.as_str())
                .bind(int(artifact.bytes));
        }
        script.fill(piece.len(), COLUMNS);
        script.end().await?;
    }
    Ok(())
}

fn put_approvals(script: &mut Script<'_>, approvals: &[&ApprovalRow]) {
    const COLUMNS: usize = 13;
    script.sql(
        "INSERT INTO approvals (id, job_id, tenant, task, task_name, role, why, state, requested_at, expires_at, \
         decided_at, decided_by, reason) SELECT * FROM (VALUES ",
    );
    script.rows(approvals.len(), COLUMNS);
    script.sql(
        ") WHERE column1 IS NOT NULL ON CONFLICT (id) DO UPDATE SET why = excluded.why, state = excluded.state, \
         expires_at = excluded.expires_at, decided_at = excluded.decided_at, decided_by = excluded.decided_by, \
         reason = excluded.reason",
    );
    for row in approvals {
        script
            .bind(row.id.uuid())
            .bind(row.job.uuid())
            .bind(row.tenant.as_str())
            .bind(i64::from(row.task.0))
            .bind(row.task_name.as_ref())
            .bind(row.role.as_ref())
            .bind(row.why.as_str())
            .bind(row.state.name())
            .bind(row.requested_at.millis())
            .bind(row.expires_at.millis())
            .bind(row.decided_at.map(Timestamp::millis))
            .bind(row.decided_by.as_deref())
            .bind(row.reason.as_deref());
    }
    script.fill(approvals.len(), COLUMNS);
}

fn put_audit(script: &mut Script<'_>, told: &[Sealed]) {
    const COLUMNS: usize = 9;
    script.sql(
        "INSERT INTO audit_records (tenant, seq, id, at, principal, action, subject, body, hash) \
         SELECT * FROM (VALUES ",
    );
    script.rows(told.len(), COLUMNS);
    script.sql(") WHERE column1 IS NOT NULL");
    for record in told {
        script
            .bind(record.tenant.as_str())
            .bind(int(record.seq))
            .bind(record.id)
            .bind(record.at.millis())
            .bind(record.principal.as_str())
            .bind(record.action)
            .bind(record.subject.as_deref())
            .bind(record.body.as_str())
            .bind(record.hash.as_str());
    }
    script.fill(told.len(), COLUMNS);
}

fn put_effects(script: &mut Script<'_>, effects: &[&EffectRow]) {
    const COLUMNS: usize = 14;
    script.sql(
        "INSERT INTO effects (id, job_id, tenant, task, task_name, role, attempt, class, key, state, intended_at, \
         ended_at, resolved_by, reason) SELECT * FROM (VALUES ",
    );
    script.rows(effects.len(), COLUMNS);
    script.sql(
        ") WHERE column1 IS NOT NULL ON CONFLICT (id) DO UPDATE SET state = excluded.state, \
         ended_at = excluded.ended_at, resolved_by = excluded.resolved_by, reason = excluded.reason",
    );
    for row in effects {
        script
            .bind(row.id.uuid())
            .bind(row.job.uuid())
            .bind(row.tenant.as_str())
            .bind(i64::from(row.task.0))
            .bind(row.task_name.as_ref())
            .bind(row.role.as_ref())
            .bind(i64::from(row.attempt))
            .bind(row.class.name())
            .bind(row.key.as_str())
            .bind(row.state.name())
            .bind(row.intended_at.millis())
            .bind(row.ended_at.map(Timestamp::millis))
            .bind(row.resolved_by.as_deref())
            .bind(row.reason.as_deref());
    }
    script.fill(effects.len(), COLUMNS);
}
