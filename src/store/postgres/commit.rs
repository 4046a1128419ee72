//! A commit of records to PostgreSQL: one statement, which is its own transaction and fails by itself when it must not be.
//!
//! Every list goes as arrays, so one text serves batches of every size. The owner's row is updated where it has the
//! writer's epoch, which locks it until the commit; when it has not, the epoch of the records is null, which the column
//! refuses. A job that begins is inserted, which its primary key refuses when the job is there; jobs that go on are updated
//! where their seq is the expected one, and a wrong count of them divides by zero.

use std::{borrow::Cow, time::Duration};

use callboard_orchestra::time::Timestamp;
use sea_orm::sqlx::{
    self, Arguments, AssertSqlSafe, Encode, PgConnection, Postgres, Type, postgres::PgArguments,
};

use crate::{
    audit::Sealed,
    store::{
        digest::{Digest, JobChange},
        refusal::Refusal,
        rows::{int, json},
    },
};

/// A statement that is not answered for so long has an unknown outcome, which counts as failure.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(30);

const RECORDS: &str = "\
WITH owner AS (
    UPDATE store_epoch SET last_pos = last_pos + $2 WHERE id = 1 AND epoch = $1
    RETURNING epoch, last_pos - $2 AS base
), begun AS (
    INSERT INTO jobs (id, seq, tenant, kind, state, waiting_for, done, total, priority, deadline, created_at,
        started_at, finished_at, failed_task, failure, labels, input, result)
    SELECT * FROM unnest($3::uuid[], $4::bigint[], $5::text[], $6::text[], $7::text[], $8::text[], $9::bigint[],
        $10::bigint[], $11::smallint[], $12::bigint[], $13::bigint[], $14::bigint[], $15::bigint[], $16::bigint[],
        $17::text[], $18::text[], $19::text[], $20::text[])
), changed AS (
    UPDATE jobs SET seq = v.seq, state = v.state, waiting_for = v.waiting_for, done = v.done, total = v.total,
        started_at = v.started_at, finished_at = v.finished_at, failed_task = v.failed_task, failure = v.failure,
        result = v.result
    FROM unnest($21::uuid[], $22::bigint[], $23::bigint[], $24::text[], $25::text[], $26::bigint[], $27::bigint[],
        $28::bigint[], $29::bigint[], $30::bigint[], $31::text[], $32::text[])
        AS v (id, before, seq, state, waiting_for, done, total, started_at, finished_at, failed_task, failure, result)
    WHERE jobs.id = v.id AND jobs.seq = v.before
    RETURNING 1
), told AS (
    INSERT INTO job_events (pos, job_id, seq, first_seq, tenant, at, payload, epoch)
    SELECT (SELECT base FROM owner) + v.place, v.job_id, v.seq, v.first_seq, v.tenant, v.at, v.payload,
        (SELECT epoch FROM owner)
    FROM unnest($33::bigint[], $34::uuid[], $35::bigint[], $36::bigint[], $37::text[], $38::bigint[], $39::text[])
        AS v (place, job_id, seq, first_seq, tenant, at, payload)
)";
/// The last value that `RECORDS` names.
const RECORDS_VALUES: usize = 39;

const KEYS: &str = "\
, keys AS (
    SELECT * FROM unnest($40::text[], $41::text[], $42::text[], $43::uuid[], $44::bigint[])
        AS v (tenant, key, body_sha256, job_id, expires_at)
), swept AS (
    DELETE FROM idempotency_keys WHERE (tenant, key) IN (
        SELECT tenant, key FROM idempotency_keys
        WHERE expires_at <= $45 AND (tenant, key) NOT IN (SELECT tenant, key FROM keys) LIMIT 2000)
), kept AS (
    INSERT INTO idempotency_keys (tenant, key, body_sha256, job_id, expires_at) SELECT * FROM keys
    ON CONFLICT (tenant, key) DO UPDATE SET body_sha256 = excluded.body_sha256, expires_at = excluded.expires_at,
        job_id = CASE WHEN idempotency_keys.expires_at <= $45 OR idempotency_keys.job_id = excluded.job_id
            THEN excluded.job_id END
)";
const KEYS_VALUES: usize = 6;

const ASIDES: &str = "\
, asked AS (
    INSERT INTO approvals (id, job_id, tenant, task, task_name, role, why, state, requested_at, expires_at, decided_at,
        decided_by, reason)
    SELECT * FROM unnest($a1::uuid[], $a2::uuid[], $a3::text[], $a4::bigint[], $a5::text[], $a6::text[], $a7::text[],
        $a8::text[], $a9::bigint[], $a10::bigint[], $a11::bigint[], $a12::text[], $a13::text[])
    ON CONFLICT (id) DO UPDATE SET why = excluded.why, state = excluded.state, expires_at = excluded.expires_at,
        decided_at = excluded.decided_at, decided_by = excluded.decided_by, reason = excluded.reason
), acted AS (
    INSERT INTO effects (id, job_id, tenant, task, task_name, role, attempt, class, key, state, intended_at, ended_at,
        resolved_by, reason)
    SELECT * FROM unnest($a14::uuid[], $a15::uuid[], $a16::text[], $a17::bigint[], $a18::text[], $a19::text[],
        $a20::bigint[], $a21::text[], $a22::text[], $a23::text[], $a24::bigint[], $a25::bigint[], $a26::text[],
        $a27::text[])
    ON CONFLICT (id) DO UPDATE SET state = excluded.state, ended_at = excluded.ended_at,
        resolved_by = excluded.resolved_by, reason = excluded.reason
), referred AS (
    INSERT INTO artifact_refs (sha256, job_id, tenant, bytes)
    SELECT * FROM unnest($a28::text[], $a29::uuid[], $a30::text[], $a31::bigint[])
    ON CONFLICT DO NOTHING
)";
const ASIDES_VALUES: usize = 31;

const AUDIT: &str = "\
, audited AS (
    INSERT INTO audit_records (tenant, seq, id, at, principal, action, subject, body, hash)
    SELECT * FROM unnest($a1::text[], $a2::bigint[], $a3::uuid[], $a4::bigint[], $a5::text[], $a6::text[], $a7::text[],
        $a8::text[], $a9::text[])
)";
const AUDIT_VALUES: usize = 9;

/// Writes a batch and answers the position before its first record.
pub async fn commit(
    connection: &mut PgConnection,
    epoch: u64,
    digest: &Digest<'_>,
    records: &[Sealed],
) -> Result<u64, Refusal> {
    let mut values = Values::default();
    values.add(int(epoch)).add(int(digest.records));
    begun(&mut values, digest);
    let changed: Vec<&JobChange<'_>> = digest.live.iter().chain(&digest.ended).collect();
    changes(&mut values, &changed);
    told(&mut values, digest);
    let mut sql = RECORDS.to_owned();
    let mut named = RECORDS_VALUES;
    if !digest.keys.is_empty() {
        sql.push_str(KEYS);
        named += KEYS_VALUES;
        keys(&mut values, digest);
    }
    if !(digest.approvals.is_empty() && digest.effects.is_empty() && digest.artifacts.is_empty()) {
        sql.push_str(&numbered(ASIDES, ASIDES_VALUES, named));
        named += ASIDES_VALUES;
        asides(&mut values, digest);
    }
    if !records.is_empty() {
        sql.push_str(&numbered(AUDIT, AUDIT_VALUES, named));
        named += AUDIT_VALUES;
        audited(&mut values, records);
    }
    let last = format!(
        " SELECT base, 1 / (CASE (SELECT count(*) FROM changed) WHEN ${} THEN 1 ELSE 0 END) FROM owner",
        named + 1
    );
    sql.push_str(&last);
    values.add(int(changed.len() as u64));

    let query = sqlx::query_as_with::<Postgres, (i64, i32), _>(AssertSqlSafe(sql), values.0);
    let answer = tokio::time::timeout(ANSWER_TIMEOUT, query.fetch_one(connection)).await;
    let (base, _) = answer.unwrap_or(Err(sqlx::Error::PoolTimedOut))?;
    Ok(base.unsigned_abs())
}

/// Names the values `$a1`, `$a2`.. of a part of a statement by the numbers they have in the whole of it.
fn numbered(part: &str, values: usize, before: usize) -> String {
    (1..=values).rev().fold(part.to_owned(), |sql, value| {
        sql.replace(&format!("$a{value}"), &format!("${}", before + value))
    })
}

#[derive(Default)]
struct Values(PgArguments);

impl Values {
    fn add<'v>(&mut self, value: impl Encode<'v, Postgres> + Type<Postgres>) -> &mut Self {
        self.0
            .add(value)
            .expect("numbers, text and bytes have a form in PostgreSQL");
        self
    }

    /// One column of a list.
    fn column<'l, R, T>(&mut self, list: &'l [R], of: impl Fn(&'l R) -> T) -> &mut Self
    where
        Vec<T>: for<'v> Encode<'v, Postgres> + Type<Postgres>,
    {
        let column: Vec<T> = list.iter().map(of).collect();
        self.add(column)
    }
}

/// PostgreSQL's text has no character zero.
fn plain(text: &str) -> Cow<'_, str> {
    if text.contains('\0') {
        Cow::Owned(text.replace('\0', "\u{fffd}"))
    } else {
        Cow::Borrowed(text)
    }
}

fn begun(values: &mut Values, digest: &Digest<'_>) {
    let jobs = &digest.begun;
    values
        .column(jobs, |job| job.row.id.uuid())
        .column(jobs, |job| int(job.row.seq))
        .column(jobs, |job| job.row.tenant.as_str().to_owned())
        .column(jobs, |job| job.row.kind.to_string())
        .column(jobs, |job| job.row.state.name().to_owned())
        .column(jobs, |job| job.row.waiting_for.as_ref().map(json))
        .column(jobs, |job| i64::from(job.row.done))
        .column(jobs, |job| i64::from(job.row.total))
        .column(jobs, |job| i16::from(job.row.priority))
        .column(jobs, |job| job.row.deadline.map(Timestamp::millis))
        .column(jobs, |job| job.row.created_at.millis())
        .column(jobs, |job| job.row.started_at.map(Timestamp::millis))
        .column(jobs, |job| job.row.finished_at.map(Timestamp::millis))
        .column(jobs, |job| {
            job.row.failed_task.map(|task| i64::from(task.0))
        })
        .column(jobs, |job| job.row.failure.as_ref().map(json))
        .column(jobs, |job| json(&job.row.labels))
        .column(jobs, |job| job.row.input.text().to_owned())
        .column(jobs, |job| result(job));
}

fn result(job: &JobChange<'_>) -> Option<String> {
    let result = job.row.result.as_ref();
    result.map(|result| result.text().to_owned())
}

fn changes(values: &mut Values, jobs: &[&JobChange<'_>]) {
    values
        .column(jobs, |job| job.row.id.uuid())
        .column(jobs, |job| int(job.before))
        .column(jobs, |job| int(job.row.seq))
        .column(jobs, |job| job.row.state.name().to_owned())
        .column(jobs, |job| job.row.waiting_for.as_ref().map(json))
        .column(jobs, |job| i64::from(job.row.done))
        .column(jobs, |job| i64::from(job.row.total))
        .column(jobs, |job| job.row.started_at.map(Timestamp::millis))
        .column(jobs, |job| job.row.finished_at.map(Timestamp::millis))
        .column(jobs, |job| {
            job.row.failed_task.map(|task| i64::from(task.0))
        })
        .column(jobs, |job| job.row.failure.as_ref().map(json))
        .column(jobs, |job| result(job));
}

fn told(values: &mut Values, digest: &Digest<'_>) {
    let rows = &digest.events;
    values
        .column(rows, |row| int(row.place))
        .column(rows, |row| row.first.job.uuid())
        .column(rows, |row| int(row.last.last_seq()))
        .column(rows, |row| int(row.first.first_seq))
        .column(rows, |row| row.first.tenant.as_str().to_owned())
        .column(rows, |row| row.first.at.millis())
        .column(rows, |row| row.payload.clone());
}

fn keys(values: &mut Values, digest: &Digest<'_>) {
    let keys: Vec<_> = digest.keys.iter().collect();
    values
        .column(&keys, |((tenant, _), _)| tenant.as_str().to_owned())
        .column(&keys, |((_, key), _)| plain(key).into_owned())
        .column(&keys, |(_, remembered)| remembered.body_sha256.clone())
        .column(&keys, |(_, remembered)| remembered.job.uuid())
        .column(&keys, |(_, remembered)| remembered.expires_at.millis())
        .add(digest.now);
}

/// What PostgreSQL's text cannot hold is escaped in a body.
fn audited(values: &mut Values, records: &[Sealed]) {
    let text = |text: &str| plain(text).into_owned();
    values
        .column(records, |record| record.tenant.as_str().to_owned())
        .column(records, |record| int(record.seq))
        .column(records, |record| record.id)
        .column(records, |record| record.at.millis())
        .column(records, |record| text(&record.principal))
        .column(records, |record| record.action.to_owned())
        .column(records, |record| record.subject.as_deref().map(text))
        .column(records, |record| record.body.clone())
        .column(records, |record| record.hash.clone());
}

fn asides(values: &mut Values, digest: &Digest<'_>) {
    let text = |text: &str| plain(text).into_owned();
    let optional = |text: &Option<String>| text.as_deref().map(|text| plain(text).into_owned());
    let asked: Vec<_> = digest.approvals.values().collect();
    values
        .column(&asked, |row| row.id.uuid())
        .column(&asked, |row| row.job.uuid())
        .column(&asked, |row| row.tenant.as_str().to_owned())
        .column(&asked, |row| i64::from(row.task.0))
        .column(&asked, |row| text(&row.task_name))
        .column(&asked, |row| row.role.to_string())
        .column(&asked, |row| text(&row.why))
        .column(&asked, |row| row.state.name().to_owned())
        .column(&asked, |row| row.requested_at.millis())
        .column(&asked, |row| row.expires_at.millis())
        .column(&asked, |row| row.decided_at.map(Timestamp::millis))
        .column(&asked, |row| optional(&row.decided_by))
        .column(&asked, |row| optional(&row.reason));
    let acted: Vec<_> = digest.effects.values().collect();
    values
        .column(&acted, |row| row.id.uuid())
        .column(&acted, |row| row.job.uuid())
        .column(&acted, |row| row.tenant.as_str().to_owned())
        .column(&acted, |row| i64::from(row.task.0))
        .column(&acted, |row| text(&row.task_name))
        .column(&acted, |row| row.role.to_string())
        .column(&acted, |row| i64::from(row.attempt))
        .column(&acted, |row| row.class.name().to_owned())
        .column(&acted, |row| text(&row.key))
        .column(&acted, |row| row.state.name().to_owned())
        .column(&acted, |row| row.intended_at.millis())
        .column(&acted, |row| row.ended_at.map(Timestamp::millis))
        .column(&acted, |row| optional(&row.resolved_by))
        .column(&acted, |row| optional(&row.reason));
    values
        .column(&digest.artifacts, |(_, artifact)| {
            artifact.sha256.to_string()
        })
        .column(&digest.artifacts, |(record, _)| record.job.uuid())
        .column(&digest.artifacts, |(record, _)| {
            record.tenant.as_str().to_owned()
        })
        .column(&digest.artifacts, |(_, artifact)| int(artifact.bytes));
}
