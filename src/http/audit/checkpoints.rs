//! GET /v1/audit/checkpoints

use actix_web::{HttpResponse, web::Data};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::{
    audit::{Checkpoint, CheckpointKind},
    http::{
        caller::Caller,
        desk::Desk,
        error::{Problem, ProblemBody},
        query::{self, Asked},
        responses::StoreFailures,
    },
};

const CHECKPOINTS_DEFAULT: usize = 50;
const CHECKPOINTS_MAX: usize = 500;

/// Which checkpoints to list.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct CheckpointsAfter {
    /// Checkpoints of later records only: `next_after` of the page before.
    #[serde(default, deserialize_with = "query::whole_number")]
    after: Option<u64>,
    /// Checkpoints of a page.
    #[param(minimum = 1, maximum = 500, default = 50)]
    #[serde(default, deserialize_with = "query::whole_number")]
    limit: Option<usize>,
}

/// A signed statement of where the chain of the tenant stood.
#[derive(Serialize, ToSchema)]
#[schema(as = AuditCheckpoint)]
pub struct CheckpointView {
    tenant: String,
    /// The last record it covers.
    seq: u64,
    /// Hash of that record.
    hash: String,
    /// Records of the chain so far, those removed included.
    count: u64,
    at: String,
    #[schema(value_type = CheckpointKindName, inline)]
    kind: CheckpointKind,
    /// Id of the key that signs.
    key: String,
    /// Ed25519 over the fields above, in base64.
    signature: String,
}

/// Why a checkpoint was made.
#[derive(ToSchema)]
#[schema(rename_all = "snake_case")]
#[expect(dead_code, reason = "names `CheckpointKind` for the API description")]
pub enum CheckpointKindName {
    Regular,
    /// The record and all before it were removed.
    Pruned,
}

/// A page of checkpoints, oldest first.
#[derive(Serialize, ToSchema)]
pub struct CheckpointsPage {
    items: Vec<CheckpointView>,
    /// `after` of the next page; missing when this one is empty.
    #[serde(skip_serializing_if = "Option::is_none")]
    next_after: Option<u64>,
}

impl From<Checkpoint> for CheckpointView {
    fn from(made: Checkpoint) -> Self {
        let Checkpoint {
            checkpoint,
            signature,
        } = made;
        Self {
            tenant: checkpoint.tenant,
            seq: checkpoint.seq,
            hash: checkpoint.hash,
            count: checkpoint.count,
            at: checkpoint.at,
            kind: checkpoint.kind,
            key: checkpoint.key,
            signature,
        }
    }
}

/// List signed checkpoints, oldest first
#[utoipa::path(
    get, path = "/v1/audit/checkpoints", tag = "audit", operation_id = "list_audit_checkpoints",
    params(CheckpointsAfter),
    responses(
        (status = 200, description = "A page of checkpoints", body = CheckpointsPage),
        (status = 400, description = "The query cannot be read", body = ProblemBody, content_type = "application/problem+json"),
        StoreFailures,
    )
)]
pub async fn checkpoints(
    Asked(asked): Asked<CheckpointsAfter>,
    caller: Caller,
    desk: Data<Desk>,
) -> Result<HttpResponse, Problem> {
    let limit = query::page_limit(asked.limit, CHECKPOINTS_DEFAULT, CHECKPOINTS_MAX)?;
    let after = asked.after.map(|seq| (seq, CheckpointKind::Pruned));
    let found = desk.audit.checkpoints(&caller.tenant, after, limit).await?;
    let next_after = found.last().map(|made| made.checkpoint.seq);
    let items = found.into_iter().map(CheckpointView::from).collect();
    Ok(HttpResponse::Ok().json(CheckpointsPage { items, next_after }))
}
