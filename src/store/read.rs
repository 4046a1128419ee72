//! Reads of the journal and its projections.

use std::collections::BTreeMap;

use callboard_orchestra::{
    id::{JobId, Tenant},
    journal::{
        ApprovalsQuery, EffectsQuery, History, JobsQuery, JournalError, Snapshot, StoredRecord,
    },
};
use sea_orm::{
    ColumnTrait, DatabaseConnection, EntityTrait, ExprTrait, IdenStatic, Iterable, QueryFilter,
    QueryOrder, QuerySelect, QueryTrait, Select,
    sea_query::{Expr, Func, Query},
};
use uuid::Uuid;

use super::{
    commit::failed,
    entity::{approval, effect, job, job_event, job_snapshot},
    rows,
};

/// Jobs that have not ended, with the columns of `LiveColumns`.
pub fn live(after: Option<JobId>, limit: usize) -> Select<job::Entity> {
    use job::Column;
    job::Entity::find()
        .select_only()
        .columns([
            Column::Id,
            Column::Tenant,
            Column::State,
            Column::WaitingFor,
            Column::Deadline,
            Column::Seq,
            Column::Done,
            Column::Total,
        ])
        .filter(Column::FinishedAt.is_null())
        .apply_if(after, |find, after| {
            find.filter(Column::Id.gt(after.uuid()))
        })
        .order_by_asc(Column::Id)
        .limit(limit as u64)
}

/// Histories of jobs: the rows of their records, then their snapshots. A snapshot that is kept between the two reads
/// is of records that were left out or come with it, so none is missing.
pub async fn histories(
    readers: &DatabaseConnection,
    jobs: &[JobId],
) -> Result<Vec<History>, JournalError> {
    let mut ids: Vec<Uuid> = jobs.iter().map(|job| job.uuid()).collect();
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    // Filled up with an id that no job has, so that few lengths are ever prepared.
    ids.resize(ids.len().next_power_of_two(), Uuid::nil());
    let found = after_snapshots(&ids).all(readers).await;
    let found = found.map_err(failed("read histories"))?;
    let snapshots = job_snapshot::Entity::find()
        .filter(job_snapshot::Column::JobId.is_in(ids))
        .all(readers)
        .await
        .map_err(failed("read snapshots"))?;
    let mut histories: BTreeMap<JobId, (Option<Snapshot>, Vec<StoredRecord>)> = BTreeMap::new();
    for row in &found {
        let history = histories.entry(JobId::from_uuid(row.job_id)).or_default();
        history.1.extend(rows::stored_records(row)?);
    }
    for row in snapshots {
        let snapshot = rows::snapshot(row)?;
        let job = snapshot.job;
        histories.entry(job).or_default().0 = Some(snapshot);
    }
    let histories = histories
        .into_iter()
        .map(|(job, (snapshot, records))| History::new(job, snapshot, records));
    Ok(histories.collect())
}

fn after_snapshots(ids: &[Uuid]) -> Select<job_event::Entity> {
    let covered = Query::select()
        .column(job_snapshot::Column::Seq)
        .from(job_snapshot::Entity)
        .and_where(
            Expr::col((job_snapshot::Entity, job_snapshot::Column::JobId))
                .equals((job_event::Entity, job_event::Column::JobId)),
        )
        .to_owned();
    let covered = Func::coalesce([Expr::SubQuery(None, Box::new(covered.into())), 0.into()]);
    job_event::Entity::find()
        .filter(job_event::Column::JobId.is_in(ids.iter().copied()))
        .filter(Expr::col((job_event::Entity, job_event::Column::Seq)).gt(covered))
        .order_by_asc(job_event::Column::JobId)
        .order_by_asc(job_event::Column::Seq)
}

pub fn of_job(job: JobId, after: u64, limit: usize) -> Select<job_event::Entity> {
    job_event::Entity::find()
        .filter(job_event::Column::JobId.eq(job.uuid()))
        .filter(job_event::Column::Seq.gt(rows::int(after)))
        .order_by_asc(job_event::Column::Seq)
        .limit(limit as u64)
}

pub fn of_tenant(tenant: &Tenant, after_pos: u64, limit: usize) -> Select<job_event::Entity> {
    job_event::Entity::find()
        .filter(job_event::Column::Tenant.eq(tenant.as_str()))
        .filter(job_event::Column::Pos.gt(rows::int(after_pos)))
        .order_by_asc(job_event::Column::Pos)
        .limit(limit as u64)
}

/// Rows without input and result: they may be large, and a list does not show them.
pub fn listed(query: &JobsQuery) -> Select<job::Entity> {
    use job::Column;
    let shown = Column::iter().filter(|column| !matches!(column, Column::Input | Column::Result));
    job::Entity::find()
        .select_only()
        .columns(shown)
        .expr_as(Expr::value("null"), Column::Input.as_str())
        .expr_as(Expr::value(None::<String>), Column::Result.as_str())
        .filter(job::Column::Tenant.eq(query.tenant.as_str()))
        .apply_if(query.state, |find, state| {
            find.filter(job::Column::State.eq(job::State(state)))
        })
        .apply_if(query.kind.as_deref(), |find, kind| {
            find.filter(job::Column::Kind.eq(kind))
        })
        .apply_if(query.before, |find, before| {
            find.filter(job::Column::Id.lt(before.uuid()))
        })
        .order_by_desc(job::Column::Id)
        .limit(query.limit as u64)
}

pub fn approvals(query: &ApprovalsQuery) -> Select<approval::Entity> {
    use approval::Column;
    approval::Entity::find()
        .filter(Column::Tenant.eq(query.tenant.as_str()))
        .apply_if(query.state, |find, state| {
            find.filter(Column::State.eq(state.name()))
        })
        .apply_if(query.job, |find, job| {
            find.filter(Column::JobId.eq(job.uuid()))
        })
        .apply_if(query.before, |find, before| {
            find.filter(Column::Id.lt(before.uuid()))
        })
        .order_by_desc(Column::Id)
        .limit(query.limit as u64)
}

pub fn effects(query: &EffectsQuery) -> Select<effect::Entity> {
    use effect::Column;
    effect::Entity::find()
        .filter(Column::Tenant.eq(query.tenant.as_str()))
        .apply_if(query.state, |find, state| {
            find.filter(Column::State.eq(state.name()))
        })
        .apply_if(query.job, |find, job| {
            find.filter(Column::JobId.eq(job.uuid()))
        })
        .apply_if(query.before, |find, before| {
            find.filter(Column::Id.lt(before.uuid()))
        })
        .order_by_desc(Column::Id)
        .limit(query.limit as u64)
}

#[cfg(test)]
mod tests {
    use callboard_migrations::{Migrator, MigratorTrait};
    use sea_orm::{ConnectionTrait, DbBackend};

    use super::*;
    use crate::store::{Synchronous, sqlite::SqliteFile};

    #[tokio::test]
    async fn hot_reads_use_their_indexes() {
        let dir = tempfile::tempdir().unwrap();
        let file = SqliteFile {
            path: dir.path().join("plans.db"),
            synchronous: Synchronous::Normal,
        };
        let readers = file.aside(true).await.unwrap();
        Migrator::up(&readers, None).await.unwrap();
        let tenant = Tenant::default();
        let query = JobsQuery {
            before: Some(JobId::mint()),
            limit: 9,
            ..JobsQuery::default()
        };
        let plans = [
            (
                live(Some(JobId::mint()), 9).build(DbBackend::Sqlite),
                "INDEX jobs_live",
            ),
            (
                listed(&query).build(DbBackend::Sqlite),
                "INDEX jobs_by_tenant",
            ),
            (
                of_job(JobId::mint(), 3, 9).build(DbBackend::Sqlite),
                "INDEX job_events_by_job",
            ),
            (
                of_tenant(&tenant, 3, 9).build(DbBackend::Sqlite),
                "INDEX job_events_by_tenant",
            ),
        ];
        for (mut statement, index) in plans {
            statement.sql.insert_str(0, "EXPLAIN QUERY PLAN ");
            let sql = statement.sql.clone();
            let rows = readers.query_all_raw(statement).await.unwrap();
            let steps: Vec<String> = rows
                .iter()
                .map(|row| row.try_get("", "detail").unwrap())
                .collect();
            assert!(
                steps.len() == 1 && steps[0].contains(index),
                "{sql}: {steps:?}"
            );
        }
    }
}
