//! The description of the interface, OpenAPI 3.1.

use actix_web::HttpResponse;
use utoipa::OpenApi;

use super::{
    advice, anomalies,
    approvals::{self, view::ApprovalStateName},
    audit,
    effects::{
        self,
        view::{EffectClassName, EffectStateName},
    },
    error::ProblemBody,
    generate, health,
    jobs::{self, view::JobStateName},
    keys, kinds, me, metrics, roles, security, sessions, stream_tickets, supervision, usage, users,
    webhooks,
};

#[derive(OpenApi)]
#[openapi(
    info(
        title = "Callboard",
        description = "A durable, supervised job server for multi-agent work. Errors are problem documents (RFC 9457) with stable codes; every answer carries `x-request-id`. A request that calls the server by a name of another host is answered with 421, one with too long a URL with 414, one with too many headers with 431, and one that comes too often with 429.",
        license(name = "Apache-2.0", identifier = "Apache-2.0"),
    ),
    paths(
        jobs::submit::submit,
        jobs::batch::batch,
        jobs::list::list,
        jobs::show::show,
        jobs::tasks::tasks,
        jobs::why::why,
        jobs::events::events,
        jobs::facts::facts,
        jobs::lineage::show::lineage,
        jobs::evidence::evidence,
        jobs::artifacts::artifacts,
        jobs::artifact::artifact,
        jobs::cancel::cancel,
        jobs::pause::pause,
        jobs::pause::resume,
        jobs::retry::retry,
        jobs::signal::signal,
        jobs::stream::job_stream,
        jobs::stream::tenant_stream,
        approvals::list::list,
        approvals::show::show,
        approvals::decide::approve,
        approvals::decide::reject,
        effects::list::list,
        effects::show::show,
        effects::resolve::resolve,
        audit::list::list,
        audit::chain::chain,
        audit::checkpoints::checkpoints,
        audit::keys::keys,
        audit::export::export,
        audit::redact::redact,
        webhooks::create::create,
        webhooks::list::list,
        webhooks::show::show,
        webhooks::create::change,
        webhooks::show::remove,
        webhooks::deliveries::deliveries,
        webhooks::deliveries::replay,
        usage::show::usage,
        kinds::list::list,
        kinds::show::show,
        generate::rows::rows,
        keys::create::create,
        keys::list::list,
        keys::show::show,
        keys::rotate::rotate,
        keys::revoke::revoke,
        roles::list::list,
        roles::put::put,
        roles::remove::remove,
        users::create::create,
        users::list::list,
        users::change::change,
        users::remove::remove,
        users::password::set,
        sessions::login::login,
        sessions::refresh::refresh,
        sessions::logout::logout,
        me::show::me,
        me::password::change,
        stream_tickets::issue,
        supervision::tree::tree,
        supervision::events::events,
        supervision::stream::stream,
        supervision::operate::pause,
        supervision::operate::resume,
        supervision::operate::drain,
        supervision::operate::restart,
        supervision::operate::reset_breaker,
        anomalies::list::list,
        advice::show::advice,
        health::report::report,
        health::probe::live,
        health::probe::ready,
        metrics::metrics,
        document,
    ),
    components(schemas(ProblemBody, JobStateName, ApprovalStateName, EffectStateName, EffectClassName)),
    tags(
        (name = "jobs", description = "Submit jobs, read them and step in"),
        (name = "approvals", description = "What tasks ask of people"),
        (name = "effects", description = "The ledger of attempts that act outside"),
        (name = "audit", description = "Who did what: records, signatures, export"),
        (name = "streams", description = "Follow what happens, by websocket or SSE"),
        (name = "webhooks", description = "Have events sent to other servers"),
        (name = "usage", description = "What a tenant has of what it may have"),
        (name = "kinds", description = "What can be submitted"),
        (name = "generate", description = "Synthetic customers, merchants and transactions"),
        (name = "access", description = "Who may do what: keys, users, logins and roles"),
        (name = "supervision", description = "Supervised actors: the tree, its events, and stepping in at a crew"),
        (name = "health", description = "For operators and their machines"),
    )
)]
struct Document;

/// The OpenAPI document of every route.
pub fn openapi() -> utoipa::openapi::OpenApi {
    let mut document = Document::openapi();
    security::describe(&mut document);
    document
}

/// This description
#[utoipa::path(
    get, path = "/openapi.json", tag = "health", operation_id = "openapi",
    responses((status = 200, description = "The OpenAPI document", body = serde_json::Value))
)]
pub async fn document() -> HttpResponse {
    HttpResponse::Ok().json(openapi())
}
