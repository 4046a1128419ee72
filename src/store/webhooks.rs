//! Endpoints of webhooks and their deliveries.
//!
//! Records become deliveries in the transaction that moves the endpoint's cursor past them: none is left out and none
//! comes twice, whenever the process dies.

use std::sync::Arc;

use callboard_orchestra::{
    audit::AuditEntry,
    id::Tenant,
    journal::{JournalError, StoredRecord},
    time::Timestamp,
};
use sea_orm::{
    ActiveModelTrait, ActiveValue::Set, ColumnTrait, DatabaseConnection, DbErr, EntityTrait,
    IntoActiveModel, PaginatorTrait, QueryFilter, QueryOrder, QuerySelect, QueryTrait,
    sea_query::Expr,
};
use uuid::Uuid;

use super::{
    audit::append,
    commit::{self, failed},
    entity::{
        webhook_delivery::{self as delivery, DeliveryState},
        webhook_endpoint as endpoint,
    },
    read, rows,
    writer::Writer,
};

/// Deliveries that have ended and are kept of one endpoint.
const ENDED_KEPT_MAX: u64 = 10_000;

/// What became of an attempt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attempted {
    pub delivery: Uuid,
    pub endpoint: Uuid,
    pub state: DeliveryState,
    pub attempts: i64,
    /// When to try again, of one that is pending.
    pub next_at: Timestamp,
    pub status: Option<u16>,
    pub error: Option<String>,
    /// Why the endpoint gets nothing more.
    pub disable: Option<String>,
}

/// The tables. Clones share the connections.
#[derive(Clone)]
pub struct Webhooks {
    writer: Arc<Writer>,
    readers: DatabaseConnection,
    epoch: u64,
}

impl Webhooks {
    pub(super) const fn new(writer: Arc<Writer>, readers: DatabaseConnection, epoch: u64) -> Self {
        Self {
            writer,
            readers,
            epoch,
        }
    }

    /// Keeps a new endpoint, which gets the events from here on.
    pub async fn create(
        &self,
        mut new: endpoint::Model,
        entry: AuditEntry,
    ) -> Result<endpoint::Model, JournalError> {
        let mut lease = self.writer.lease().await?;
        new.cursor = rows::int(lease.pens.last_pos);
        let txn = commit::begin(&lease, self.epoch).await?;
        let row = new.clone().into_active_model();
        endpoint::Entity::insert(row)
            .exec_without_returning(&txn)
            .await
            .map_err(failed("keep a webhook"))?;
        append(&txn, &mut lease, &[entry]).await?;
        commit::end(txn, lease, "keep a webhook").await?;
        Ok(new)
    }

    /// Changes an endpoint. One that is enabled again goes on where it was.
    pub async fn change(
        &self,
        changed: endpoint::Model,
        entry: AuditEntry,
    ) -> Result<(), JournalError> {
        let mut lease = self.writer.lease().await?;
        let txn = commit::begin(&lease, self.epoch).await?;
        // The cursor is the dispatcher's.
        let row = endpoint::ActiveModel {
            id: Set(changed.id),
            url: Set(changed.url),
            event_types: Set(changed.event_types),
            enabled: Set(changed.enabled),
            disabled_because: Set(changed.disabled_because),
            failing_since: Set(changed.failing_since),
            ..Default::default()
        };
        let written = endpoint::Entity::update_many()
            .set(row)
            .filter(endpoint::Column::Id.eq(changed.id))
            .exec(&txn)
            .await;
        written.map_err(failed("change a webhook"))?;
        append(&txn, &mut lease, &[entry]).await?;
        commit::end(txn, lease, "change a webhook").await?;
        Ok(())
    }

    /// Removes an endpoint with its deliveries.
    pub async fn remove(&self, id: Uuid, entry: AuditEntry) -> Result<(), JournalError> {
        let mut lease = self.writer.lease().await?;
        let txn = commit::begin(&lease, self.epoch).await?;
        delivery::Entity::delete_many()
            .filter(delivery::Column::EndpointId.eq(id))
            .exec(&txn)
            .await
            .map_err(failed("remove deliveries"))?;
        endpoint::Entity::delete_by_id(id)
            .exec(&txn)
            .await
            .map_err(failed("remove a webhook"))?;
        append(&txn, &mut lease, &[entry]).await?;
        commit::end(txn, lease, "remove a webhook").await?;
        Ok(())
    }

    pub async fn count(&self, tenant: &Tenant) -> Result<u64, JournalError> {
        let all = endpoint::Entity::find().filter(endpoint::Column::Tenant.eq(tenant.as_str()));
        let counted = all.count(&self.readers).await;
        counted.map_err(failed("count webhooks"))
    }

    /// Endpoints of a tenant, newest first.
    pub async fn list(
        &self,
        tenant: &Tenant,
        before: Option<Uuid>,
        limit: usize,
    ) -> Result<Vec<endpoint::Model>, JournalError> {
        let found = endpoint::Entity::find()
            .filter(endpoint::Column::Tenant.eq(tenant.as_str()))
            .apply_if(before, |find, before| {
                find.filter(endpoint::Column::Id.lt(before))
            })
            .order_by_desc(endpoint::Column::Id)
            .limit(limit as u64)
            .all(&self.readers)
            .await;
        found.map_err(failed("list webhooks"))
    }

    pub async fn show(
        &self,
        tenant: &Tenant,
        id: Uuid,
    ) -> Result<Option<endpoint::Model>, JournalError> {
        let found = endpoint::Entity::find_by_id(id)
            .filter(endpoint::Column::Tenant.eq(tenant.as_str()))
            .one(&self.readers)
            .await;
        found.map_err(failed("read a webhook"))
    }

    /// Deliveries to an endpoint, newest first.
    pub async fn deliveries(
        &self,
        endpoint: Uuid,
        before: Option<Uuid>,
        limit: usize,
    ) -> Result<Vec<delivery::Model>, JournalError> {
        let found = delivery::Entity::find()
            .filter(delivery::Column::EndpointId.eq(endpoint))
            .apply_if(before, |find, before| {
                find.filter(delivery::Column::Id.lt(before))
            })
            .order_by_desc(delivery::Column::Id)
            .limit(limit as u64)
            .all(&self.readers)
            .await;
        found.map_err(failed("list deliveries"))
    }

    /// Sends a delivery again, as if it were new. None when there is none.
    pub async fn replay(
        &self,
        endpoint: Uuid,
        id: Uuid,
        now: Timestamp,
        give_up_at: Timestamp,
        entry: AuditEntry,
    ) -> Result<Option<delivery::Model>, JournalError> {
        let mut lease = self.writer.lease().await?;
        let txn = commit::begin(&lease, self.epoch).await?;
        let found = delivery::Entity::find_by_id(id)
            .filter(delivery::Column::EndpointId.eq(endpoint))
            .one(&txn)
            .await
            .map_err(failed("read a delivery"))?;
        let Some(found) = found else {
            let left = txn.rollback().await;
            left.map_err(failed::<DbErr>("read a delivery"))?;
            lease.put_back();
            return Ok(None);
        };
        let mut row = found.into_active_model();
        row.state = Set(DeliveryState::Pending);
        row.attempts = Set(0);
        row.next_at = Set(now.millis());
        row.give_up_at = Set(give_up_at.millis());
        row.ended_at = Set(None);
        let row = row
            .update(&txn)
            .await
            .map_err(failed("replay a delivery"))?;
        append(&txn, &mut lease, &[entry]).await?;
        commit::end(txn, lease, "replay a delivery").await?;
        Ok(Some(row))
    }

    /// Endpoints that get events, of all tenants.
    pub async fn enabled(&self) -> Result<Vec<endpoint::Model>, JournalError> {
        let found = endpoint::Entity::find()
            .filter(endpoint::Column::Enabled.eq(true))
            .order_by_asc(endpoint::Column::Id)
            .all(&self.readers)
            .await;
        found.map_err(failed("read webhooks"))
    }

    /// Records of an endpoint's tenant that have not become deliveries yet.
    pub async fn undelivered(
        &self,
        endpoint: &endpoint::Model,
        limit: usize,
    ) -> Result<Vec<StoredRecord>, JournalError> {
        let after = endpoint.cursor.unsigned_abs();
        let tenant = Tenant::new(endpoint.tenant.clone());
        let found = read::of_tenant(&tenant, after, limit)
            .all(&self.readers)
            .await
            .map_err(failed("read records for a webhook"))?;
        rows::wanted_records(&found, limit, |record| record.pos > after)
    }

    /// Keeps the deliveries that records up to `cursor` became.
    pub async fn keep(
        &self,
        endpoint: Uuid,
        cursor: u64,
        new: Vec<delivery::Model>,
    ) -> Result<(), JournalError> {
        const KEEP: &str = "keep deliveries";
        let lease = self.writer.lease().await?;
        let txn = commit::begin(&lease, self.epoch).await?;
        let moved = endpoint::Entity::update_many()
            .col_expr(endpoint::Column::Cursor, Expr::value(rows::int(cursor)))
            .filter(endpoint::Column::Id.eq(endpoint))
            .exec(&txn)
            .await
            .map_err(failed(KEEP))?;
        if moved.rows_affected > 0 {
            let new = new.into_iter().map(IntoActiveModel::into_active_model);
            for insert in commit::inserts(new) {
                let inserted = insert.exec_without_returning(&txn).await;
                inserted.map_err(failed(KEEP))?;
            }
        }
        commit::end(txn, lease, KEEP).await
    }

    /// Deliveries to enabled endpoints whose time has come, with their endpoint, oldest first.
    pub async fn due(
        &self,
        now: Timestamp,
        limit: usize,
    ) -> Result<Vec<(delivery::Model, endpoint::Model)>, JournalError> {
        let endpoints = self.enabled().await?;
        let found = delivery::Entity::find()
            .filter(delivery::Column::State.eq(DeliveryState::Pending))
            .filter(delivery::Column::NextAt.lte(now.millis()))
            .filter(delivery::Column::EndpointId.is_in(endpoints.iter().map(|one| one.id)))
            .order_by_asc(delivery::Column::NextAt)
            .limit(limit as u64)
            .all(&self.readers)
            .await
            .map_err(failed("read due deliveries"))?;
        let with_endpoint = found.into_iter().filter_map(|delivery| {
            let endpoint = endpoints
                .iter()
                .find(|one| one.id == delivery.endpoint_id)?;
            Some((delivery, endpoint.clone()))
        });
        Ok(with_endpoint.collect())
    }

    /// Notes what became of attempts, and lets go of the oldest deliveries of an endpoint that has too many.
    pub async fn note(&self, all: Vec<Attempted>, now: Timestamp) -> Result<(), JournalError> {
        const NOTE: &str = "note deliveries";
        let lease = self.writer.lease().await?;
        let txn = commit::begin(&lease, self.epoch).await?;
        for attempted in &all {
            let ended = attempted.state.has_ended().then_some(now.millis());
            let row = delivery::ActiveModel {
                state: Set(attempted.state),
                attempts: Set(attempted.attempts),
                next_at: Set(attempted.next_at.millis()),
                ended_at: Set(ended),
                status: Set(attempted.status.map(i32::from)),
                error: Set(attempted.error.clone()),
                ..Default::default()
            };
            delivery::Entity::update_many()
                .set(row)
                .filter(delivery::Column::Id.eq(attempted.delivery))
                .exec(&txn)
                .await
                .map_err(failed(NOTE))?;
            let endpoint =
                endpoint::Entity::update_many().filter(endpoint::Column::Id.eq(attempted.endpoint));
            let endpoint = match (
                attempted.state == DeliveryState::Delivered,
                &attempted.disable,
            ) {
                (true, _) => {
                    endpoint.col_expr(endpoint::Column::FailingSince, Expr::value(None::<i64>))
                }
                (false, None) => endpoint
                    .col_expr(endpoint::Column::FailingSince, Expr::value(now.millis()))
                    .filter(endpoint::Column::FailingSince.is_null()),
                (false, Some(why)) => endpoint
                    .col_expr(endpoint::Column::Enabled, Expr::value(false))
                    .col_expr(endpoint::Column::DisabledBecause, Expr::value(why.clone())),
            };
            endpoint.exec(&txn).await.map_err(failed(NOTE))?;
            if attempted.state.has_ended() {
                let oldest_kept: Option<Uuid> = delivery::Entity::find()
                    .select_only()
                    .column(delivery::Column::Id)
                    .filter(delivery::Column::EndpointId.eq(attempted.endpoint))
                    .order_by_desc(delivery::Column::Id)
                    .offset(ENDED_KEPT_MAX)
                    .limit(1)
                    .into_tuple()
                    .one(&txn)
                    .await
                    .map_err(failed(NOTE))?;
                if let Some(oldest_kept) = oldest_kept {
                    delivery::Entity::delete_many()
                        .filter(delivery::Column::EndpointId.eq(attempted.endpoint))
                        .filter(delivery::Column::Id.lte(oldest_kept))
                        .filter(delivery::Column::State.ne(DeliveryState::Pending))
                        .exec(&txn)
                        .await
                        .map_err(failed(NOTE))?;
                }
            }
        }
        commit::end(txn, lease, NOTE).await
    }
}

#[cfg(test)]
mod tests {
    use std::{num::NonZeroU32, time::Duration};

    use callboard_orchestra::{
        Author,
        journal::{Journal, conformance},
    };

    use super::*;
    use crate::store::{RetentionPolicy, Store, StoreSpec, Synchronous, postgres::testing};

    fn entry() -> AuditEntry {
        AuditEntry {
            tenant: Tenant::default(),
            at: Timestamp::now(),
            author: Author::anonymous(),
            action: "webhook.created",
            subject: None,
            details: serde_json::Map::new(),
        }
    }

    async fn needed_then_not(store: Store) {
        let webhooks = store.webhooks();
        let endpoint = webhooks.create(endpoint(), entry()).await.unwrap();
        let batch = conformance::whole_job(&Tenant::default());
        let journal = store.journal();
        let last = *journal.commit(&batch).await.unwrap().last().unwrap();
        let pruner = store.pruner(RetentionPolicy {
            ended_jobs_kept: Duration::ZERO,
            jobs_max: 1_000,
            supervision_events_max: 1,
            loose_artifacts_kept: Duration::ZERO,
            audit_kept: Duration::ZERO,
        });
        let ended = batch.last().unwrap().row.finished_at.unwrap();
        let late = ended.max(Timestamp::now()).plus(Duration::from_secs(3_600));
        assert_eq!(pruner.round(late).await.unwrap().jobs, 0);
        let records = webhooks.undelivered(&endpoint, 100).await.unwrap();
        assert_eq!(records.last().map(|record| record.pos), Some(last));
        webhooks.keep(endpoint.id, last, Vec::new()).await.unwrap();
        assert_eq!(pruner.round(late).await.unwrap().jobs, 1);
        drop((journal, pruner, webhooks));
        store.close().await.unwrap();
    }

    fn endpoint() -> endpoint::Model {
        endpoint::Model {
            id: Uuid::now_v7(),
            tenant: Tenant::default().as_str().to_owned(),
            url: String::new(),
            event_types: "[]".to_owned(),
            secret: String::new(),
            enabled: true,
            disabled_because: None,
            created_at: 0,
            cursor: 0,
            failing_since: None,
        }
    }

    /// More than one statement of either database takes.
    const MANY: usize = 6_000;

    async fn many_at_once(store: Store) {
        let webhooks = store.webhooks();
        let endpoint = webhooks.create(endpoint(), entry()).await.unwrap();
        let one = || delivery::Model {
            id: Uuid::now_v7(),
            endpoint_id: endpoint.id,
            event_type: "job.planned".to_owned(),
            state: DeliveryState::Pending,
            attempts: 0,
            created_at: 0,
            next_at: 0,
            give_up_at: 0,
            ended_at: None,
            status: None,
            error: None,
            body: "{}".to_owned(),
        };
        let new = (0..MANY).map(|_| one()).collect();
        webhooks.keep(endpoint.id, 1, new).await.unwrap();
        let kept = webhooks.deliveries(endpoint.id, None, 2 * MANY).await;
        let kept = kept.unwrap();
        assert_eq!(kept.len(), MANY);
        assert!(kept.iter().all(|one| one.state == DeliveryState::Pending));
        let (now, id) = (Timestamp::now(), Uuid::now_v7());
        let replayed = webhooks.replay(endpoint.id, id, now, now, entry());
        assert_eq!(replayed.await.unwrap(), None);
        drop(webhooks);
        store.close().await.unwrap();
    }

    async fn on_both_databases(check: impl AsyncFn(Store)) {
        for url in [None, testing::database().await] {
            let dir = tempfile::tempdir().unwrap();
            let spec = StoreSpec {
                data_dir: dir.path().to_owned(),
                url,
                synchronous: Synchronous::Normal,
                readers: NonZeroU32::MIN,
            };
            check(Store::open(spec).await.unwrap()).await;
        }
    }

    #[tokio::test]
    async fn a_record_of_many_events_becomes_as_many_deliveries() {
        on_both_databases(many_at_once).await;
    }

    #[tokio::test]
    async fn a_job_stays_until_its_events_have_become_deliveries() {
        on_both_databases(needed_then_not).await;
    }
}
