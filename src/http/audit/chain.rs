//! GET /v1/audit/chain

use actix_web::{HttpResponse, web::Data};
use serde::Serialize;
use utoipa::ToSchema;

use super::{checkpoints::CheckpointView, view::AuditView};
use crate::{
    http::{caller::Caller, desk::Desk, error::Problem, responses::StoreFailures},
    store::AuditQuery,
};

/// Checkpoints that are shown.
const CHECKPOINTS_SHOWN: usize = 20;

/// Where the chain of a tenant stands.
#[derive(Serialize, ToSchema)]
#[schema(as = AuditChain)]
pub struct ChainView {
    tenant: String,
    /// Whether anything is recorded.
    enabled: bool,
    /// Records of the chain so far, those removed included.
    records: u64,
    /// When the last record was made; missing before there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    last_at: Option<String>,
    /// The last record that a checkpoint covers.
    signed_to: u64,
    /// The chain was found changed outside the server: it is signed no more. `callboard audit verify` says where.
    broken: bool,
    /// The latest 20, newest first.
    checkpoints: Vec<CheckpointView>,
}

/// Show where the chain of the tenant stands
#[utoipa::path(
    get, path = "/v1/audit/chain", tag = "audit", operation_id = "show_audit_chain",
    responses(
        (status = 200, description = "The chain", body = ChainView),
        StoreFailures,
    )
)]
pub async fn chain(caller: Caller, desk: Data<Desk>) -> Result<HttpResponse, Problem> {
    let newest = AuditQuery {
        tenant: caller.tenant.clone(),
        limit: 1,
        ..AuditQuery::default()
    };
    let made = desk
        .audit
        .latest_checkpoints(&caller.tenant, CHECKPOINTS_SHOWN);
    // The checkpoints first: what they cover must be among the records.
    let made = made.await?;
    let last = desk.audit.list(&newest).await?;
    let last = last.first().map(AuditView::of).transpose()?;
    let signed_to = made.first().map_or(0, |made| made.checkpoint.seq);
    Ok(HttpResponse::Ok().json(ChainView {
        tenant: caller.tenant.to_string(),
        enabled: desk.audit.is_enabled(),
        records: last.as_ref().map_or(signed_to, |last| last.seq),
        last_at: last.map(|last| last.at),
        signed_to,
        broken: desk.audit.is_broken(&caller.tenant),
        checkpoints: made.into_iter().map(CheckpointView::from).collect(),
    }))
}
