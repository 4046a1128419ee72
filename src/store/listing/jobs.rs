//! Jobs by a filter.

use callboard_orchestra::{
    id::{JOB_PREFIX, JobId},
    job::JobState,
    journal::{JobRow, JobsQuery, JournalError},
};

use super::{Filtered, Listing, names};
use crate::{
    filter::{Field, Filter, Kind, Schema},
    store::{read, rows},
};

const STATES: [&str; JobState::ALL.len()] = names!(JobState);

/// What jobs can be filtered by.
pub static JOBS: Schema = Schema {
    resource: "jobs",
    fields: &[
        Field::indexed("id", Kind::Id(JOB_PREFIX)),
        Field::new("kind", Kind::Text),
        Field::new("state", Kind::Name(&STATES)),
        Field::new("priority", Kind::Number),
        Field::new("done", Kind::Number),
        Field::new("total", Kind::Number),
        Field::new("created_at", Kind::Time),
        Field::optional("started_at", Kind::Time),
        Field::optional("finished_at", Kind::Time),
        Field::optional("deadline", Kind::Time),
        Field::optional("labels", Kind::Map),
    ],
};

impl Listing {
    /// Jobs of a tenant that `filter` chooses, newest first, in short.
    pub async fn jobs(
        &self,
        query: &JobsQuery,
        filter: &Filter,
    ) -> Result<Filtered<JobRow>, JournalError> {
        let before = query.before.map(JobId::uuid);
        let page = self.page(&query.tenant, before, read::listed(query), filter);
        page.await?.read(rows::read_job)
    }
}

#[cfg(test)]
mod tests {
    use std::num::NonZeroU32;

    use callboard_orchestra::{id::Tenant, time::Timestamp};
    use proptest::{
        prelude::*,
        strategy::ValueTree,
        test_runner::{Config, TestRunner},
    };
    use sea_orm::{ActiveValue::Set, EntityTrait};
    use uuid::Uuid;

    use super::*;
    use crate::{
        filter::{
            Value, parse,
            strategy::{KEYS, filters, texts},
        },
        store::{
            Store, StoreSpec, Synchronous, entity::job, listing::end_of_page, postgres::testing,
        },
    };

    const ROWS: usize = 60;
    const FILTERS: usize = 400;

    fn some_millis() -> impl Strategy<Value = Option<i64>> {
        prop::option::of(0..10_i64)
    }

    fn job_rows() -> impl Strategy<Value = Vec<job::Model>> {
        let names = (texts(), prop::sample::select(&JobState::ALL[..]));
        let figures = (0..10_i64, 0..10_i64, 0..10_i16, 0..10_i64);
        let times = (some_millis(), some_millis(), some_millis());
        let labels = prop::collection::btree_map(
            prop::sample::select(&KEYS[..]).prop_map(str::to_owned),
            texts(),
            0..3,
        );
        let row = (names, figures, times, labels).prop_map(
            |((kind, state), (done, total, priority, created_at), times, labels)| job::Model {
                id: Uuid::nil(),
                seq: 1,
                tenant: Tenant::default().as_str().to_owned(),
                kind,
                state: job::State(state),
                waiting_for: None,
                done,
                total,
                priority,
                deadline: times.0,
                created_at,
                started_at: times.1,
                finished_at: times.2,
                failed_task: None,
                failure: None,
                labels: rows::json(&labels),
                input: "null".to_owned(),
                result: None,
            },
        );
        prop::collection::vec(row, ROWS..=ROWS).prop_map(|mut rows| {
            for (index, row) in rows.iter_mut().enumerate() {
                row.id = Uuid::from_u128((index as u128) << 64);
            }
            rows
        })
    }

    fn value(row: &JobRow, name: &str, key: Option<&str>) -> Option<Value> {
        let number = |number: u32| Some(Value::Number(number.into()));
        match name {
            "id" => Some(Value::Id(row.id.uuid())),
            "kind" => Some(Value::Text(row.kind.to_string())),
            "state" => Some(Value::Text(row.state.name().to_owned())),
            "priority" => number(row.priority.into()),
            "done" => number(row.done),
            "total" => number(row.total),
            "created_at" => Some(Value::Time(row.created_at)),
            "started_at" => row.started_at.map(Value::Time),
            "finished_at" => row.finished_at.map(Value::Time),
            "deadline" => row.deadline.map(Value::Time),
            "labels" => row.labels.get(key?).cloned().map(Value::Text),
            other => panic!("no field {other}"),
        }
    }

    async fn stores(dir: &std::path::Path) -> Vec<Store> {
        let mut stores = Vec::new();
        for (name, url) in [("sqlite", None), ("postgres", testing::database().await)] {
            if name == "postgres" && url.is_none() {
                continue;
            }
            let spec = StoreSpec {
                data_dir: dir.join(name),
                url,
                synchronous: Synchronous::Normal,
                readers: NonZeroU32::MIN,
            };
            stores.push(Store::open(spec).await.unwrap());
        }
        stores
    }

    async fn insert(store: &Store, rows: &[job::Model]) {
        let lease = store.writer.lease().await.unwrap();
        let rows = rows.iter().map(|row| job::ActiveModel {
            id: Set(row.id),
            seq: Set(row.seq),
            tenant: Set(row.tenant.clone()),
            kind: Set(row.kind.clone()),
            state: Set(row.state),
            waiting_for: Set(None),
            done: Set(row.done),
            total: Set(row.total),
            priority: Set(row.priority),
            deadline: Set(row.deadline),
            created_at: Set(row.created_at),
            started_at: Set(row.started_at),
            finished_at: Set(row.finished_at),
            failed_task: Set(None),
            failure: Set(None),
            labels: Set(row.labels.clone()),
            input: Set(row.input.clone()),
            result: Set(None),
        });
        job::Entity::insert_many(rows)
            .exec_without_returning(&lease.pens.aside)
            .await
            .unwrap();
        lease.give_back();
    }

    fn everything() -> JobsQuery {
        JobsQuery {
            limit: ROWS + 1,
            ..JobsQuery::default()
        }
    }

    #[tokio::test]
    async fn sqlite_and_postgresql_choose_the_rows_that_the_filter_chooses_in_memory() {
        let dir = tempfile::tempdir().unwrap();
        let mut runner = TestRunner::new_with_rng(
            Config::default(),
            proptest::test_runner::TestRng::deterministic_rng(
                proptest::test_runner::RngAlgorithm::ChaCha,
            ),
        );
        let rows = job_rows().new_tree(&mut runner).unwrap().current();
        let parsed: Vec<JobRow> = rows
            .iter()
            .cloned()
            .map(|row| rows::read_job(row).unwrap())
            .collect();
        let stores = stores(dir.path()).await;
        for store in &stores {
            insert(store, &rows).await;
        }
        let (mut some, mut all) = (0, 0);
        for _ in 0..FILTERS {
            let filter = filters(&JOBS).new_tree(&mut runner).unwrap().current();
            let mut expected: Vec<JobId> = parsed
                .iter()
                .filter(|row| filter.matches(&|name, key| value(row, name, key)))
                .map(|row| row.id)
                .collect();
            expected.reverse();
            some += usize::from(!expected.is_empty() && expected.len() < ROWS);
            all += usize::from(expected.len() == ROWS);
            for store in &stores {
                let found = store.listing().jobs(&everything(), &filter).await;
                let found: Vec<JobId> = found.unwrap().rows.iter().map(|row| row.id).collect();
                assert_eq!(found, expected, "{} in {}", filter, store.name());
            }
        }
        assert!(
            some > FILTERS / 4 && all < FILTERS / 2,
            "{some} of {FILTERS} filters choose some rows, {all} all"
        );
        for store in stores {
            store.close().await.unwrap();
        }
    }

    #[tokio::test]
    async fn a_page_of_a_filter_without_an_index_reads_so_many_rows_and_goes_on_after_them() {
        let dir = tempfile::tempdir().unwrap();
        for store in stores(dir.path()).await {
            let mut runner = TestRunner::deterministic();
            let mut rows = job_rows().new_tree(&mut runner).unwrap().current();
            for row in &mut rows {
                row.created_at = Timestamp::from_millis(7).millis();
            }
            insert(&store, &rows).await;
            let listing = store.listing();
            let end = async |before, rows_max| {
                let tenant = Tenant::default();
                let end = end_of_page::<job::Entity>(&listing.readers, &tenant, before, rows_max);
                end.await.unwrap()
            };
            let last = end(None, 10).await;
            assert_eq!(last, Some(rows[ROWS - 10].id));
            assert_eq!(end(last, 10).await, Some(rows[ROWS - 20].id));
            assert_eq!(end(None, 61).await, None);
            let none = parse("created_at > 1970-01-01T00:00:00.007Z", &JOBS).unwrap();
            let page = listing.jobs(&everything(), &none).await.unwrap();
            assert_eq!(page, Filtered::all(Vec::new()));
            store.close().await.unwrap();
        }
    }
}
