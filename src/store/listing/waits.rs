//! Approvals and effects by a filter.

use super::{Filtered, Listing, names};
use crate::{
    filter::{Field, Filter, Kind, Schema},
    store::{read, rows},
};
use callboard_orchestra::{
    id::{APPROVAL_PREFIX, ApprovalId, EFFECT_PREFIX, EffectId, JOB_PREFIX},
    journal::{
        ApprovalRow, ApprovalState, ApprovalsQuery, EffectRow, EffectState, EffectsQuery,
        JournalError,
    },
    policy::EffectClass,
};

const APPROVAL_STATES: [&str; ApprovalState::ALL.len()] = names!(ApprovalState);
const EFFECT_STATES: [&str; EffectState::ALL.len()] = names!(EffectState);
const EFFECT_CLASSES: [&str; EffectClass::ALL.len()] = names!(EffectClass);

/// The job that a row belongs to.
const OF_JOB: Field = Field {
    column: "job_id",
    ..Field::new("job", Kind::Id(JOB_PREFIX))
};

/// What approvals can be filtered by.
pub static APPROVALS: Schema = Schema {
    resource: "approvals",
    fields: &[
        Field::indexed("id", Kind::Id(APPROVAL_PREFIX)),
        OF_JOB,
        Field::new("task", Kind::Number),
        Field::new("task_name", Kind::Text),
        Field::new("role", Kind::Text),
        Field::new("why", Kind::Text),
        Field::new("state", Kind::Name(&APPROVAL_STATES)),
        Field::new("requested_at", Kind::Time),
        Field::new("expires_at", Kind::Time),
        Field::optional("decided_at", Kind::Time),
        Field::optional("decided_by", Kind::Text),
        Field::optional("reason", Kind::Text),
    ],
};

/// What effects can be filtered by.
pub static EFFECTS: Schema = Schema {
    resource: "effects",
    fields: &[
        Field::indexed("id", Kind::Id(EFFECT_PREFIX)),
        OF_JOB,
        Field::new("task", Kind::Number),
        Field::new("task_name", Kind::Text),
        Field::new("role", Kind::Text),
        Field::new("attempt", Kind::Number),
        Field::new("class", Kind::Name(&EFFECT_CLASSES)),
        Field::new("key", Kind::Text),
        Field::new("state", Kind::Name(&EFFECT_STATES)),
        Field::new("intended_at", Kind::Time),
        Field::optional("ended_at", Kind::Time),
        Field::optional("resolved_by", Kind::Text),
        Field::optional("reason", Kind::Text),
    ],
};

impl Listing {
    /// Approvals of a tenant that `filter` chooses, newest first.
    pub async fn approvals(
        &self,
        query: &ApprovalsQuery,
        filter: &Filter,
    ) -> Result<Filtered<ApprovalRow>, JournalError> {
        let before = query.before.map(ApprovalId::uuid);
        let page = self.page(&query.tenant, before, read::approvals(query), filter);
        page.await?.read(rows::approval)
    }

    /// Effects of a tenant that `filter` chooses, newest first.
    pub async fn effects(
        &self,
        query: &EffectsQuery,
        filter: &Filter,
    ) -> Result<Filtered<EffectRow>, JournalError> {
        let before = query.before.map(EffectId::uuid);
        let page = self.page(&query.tenant, before, read::effects(query), filter);
        page.await?.read(rows::effect)
    }
}

#[cfg(test)]
mod tests {
    use std::num::NonZeroU32;

    use callboard_orchestra::{
        id::{JobId, TaskId, Tenant},
        journal::{Journal, conformance},
    };

    use super::*;
    use crate::{
        filter::parse,
        store::{Store, StoreSpec, Synchronous, postgres::testing},
    };

    async fn stores(dir: &std::path::Path) -> Vec<Store> {
        let urls = [Some(None), testing::database().await.map(Some)];
        let mut stores = Vec::new();
        for (index, url) in urls.into_iter().flatten().enumerate() {
            let spec = StoreSpec {
                data_dir: dir.join(index.to_string()),
                url,
                synchronous: Synchronous::Normal,
                readers: NonZeroU32::MIN,
            };
            stores.push(Store::open(spec).await.unwrap());
        }
        stores
    }

    /// A job with an approval that was decided, and an effect that has succeeded.
    async fn fill(store: &Store) -> (ApprovalRow, EffectRow) {
        let mut batch = conformance::whole_job(&Tenant::default());
        let first = &mut batch[0];
        let approval = ApprovalRow {
            id: ApprovalId::mint(),
            job: first.job,
            tenant: first.tenant.clone(),
            task: TaskId(7),
            task_name: "ask".into(),
            role: "asker".into(),
            why: "Send it?".to_owned(),
            state: ApprovalState::Approved,
            requested_at: first.at,
            expires_at: first.at,
            decided_at: Some(first.at),
            decided_by: Some("user:kim".to_owned()),
            reason: Some("due".to_owned()),
        };
        let effect = EffectRow {
            id: EffectId::mint(),
            job: first.job,
            tenant: first.tenant.clone(),
            task: TaskId(7),
            task_name: "pay".into(),
            role: "payer".into(),
            attempt: 1,
            class: EffectClass::Once,
            key: "k".to_owned(),
            state: EffectState::Resolved,
            intended_at: first.at,
            ended_at: Some(first.at),
            resolved_by: Some("user:kim".to_owned()),
            reason: Some("seen".to_owned()),
        };
        first.asides.approvals.push(approval.clone());
        first.asides.effects.push(effect.clone());
        store.journal().commit(&batch).await.unwrap();
        (approval, effect)
    }

    #[tokio::test]
    async fn both_databases_find_a_row_by_each_field_it_has() {
        let dir = tempfile::tempdir().unwrap();
        for store in stores(dir.path()).await {
            let (approval, effect) = fill(&store).await;
            let listing = store.listing();
            let job: JobId = approval.job;
            let at = approval.requested_at.rfc3339();
            let shared = [
                ("job", format!("'{job}'")),
                ("task", "7".to_owned()),
                ("reason", "'{reason}'".to_owned()),
            ];
            let of_approval = [
                ("id", format!("'{}'", approval.id)),
                ("task_name", "'ask'".to_owned()),
                ("role", "'asker'".to_owned()),
                ("why", "'Send it?'".to_owned()),
                ("state", "'approved'".to_owned()),
                ("requested_at", at.clone()),
                ("expires_at", at.clone()),
                ("decided_at", at.clone()),
                ("decided_by", "'user:kim'".to_owned()),
            ];
            let of_effect = [
                ("id", format!("'{}'", effect.id)),
                ("task_name", "'pay'".to_owned()),
                ("role", "'payer'".to_owned()),
                ("attempt", "1".to_owned()),
                ("class", "'once'".to_owned()),
                ("key", "'k'".to_owned()),
                ("state", "'resolved'".to_owned()),
                ("intended_at", at.clone()),
                ("ended_at", at),
                ("resolved_by", "'user:kim'".to_owned()),
            ];
            let cases = |own: &[(&'static str, String)], reason: &str| {
                let all = own.iter().chain(&shared).cloned();
                let texts = all.map(|(name, value)| (name, value.replace("{reason}", reason)));
                texts.collect::<Vec<_>>()
            };
            let (mine, theirs) = (cases(&of_approval, "due"), cases(&of_effect, "seen"));
            let limit = 9;
            for (name, value) in &mine {
                for (sign, found) in [("=", vec![approval.clone()]), ("!=", vec![])] {
                    let filter = parse(&format!("{name} {sign} {value}"), &APPROVALS).unwrap();
                    let query = ApprovalsQuery {
                        limit,
                        ..ApprovalsQuery::default()
                    };
                    let page = listing.approvals(&query, &filter).await.unwrap();
                    assert_eq!(page.rows, found, "{filter} in {}", store.name());
                }
            }
            for (name, value) in &theirs {
                for (sign, found) in [("=", vec![effect.clone()]), ("!=", vec![])] {
                    let filter = parse(&format!("{name} {sign} {value}"), &EFFECTS).unwrap();
                    let query = EffectsQuery {
                        limit,
                        ..EffectsQuery::default()
                    };
                    let page = listing.effects(&query, &filter).await.unwrap();
                    assert_eq!(page.rows, found, "{filter} in {}", store.name());
                }
            }
            for (schema, cases) in [(&APPROVALS, &mine), (&EFFECTS, &theirs)] {
                let is_told = |field: &Field| cases.iter().any(|(name, _)| *name == field.name);
                assert!(schema.fields.iter().all(is_told), "{}", schema.resource);
            }
            store.close().await.unwrap();
        }
    }
}
