//! The whole URL table.

use actix_web::{
    guard as matching,
    middleware::from_fn,
    web::{self, ServiceConfig, resource, route},
};

use super::{
    access::{Access, Operation},
    advice, anomalies, approvals, audit, effects,
    error::{Kind, Problem},
    generate,
    guard::{guard, permit},
    health, jobs, keys, kinds, me, metrics, openapi,
    rate::limit_rate,
    roles, sessions, stream_tickets, supervision, usage, users, webhooks,
};
use crate::auth::Permission;

macro_rules! verb {
    (stream) => {
        "get"
    };
    ($method:ident) => {
        stringify!($method)
    };
}

macro_rules! access {
    (Public) => {
        Access::Public
    };
    (Known) => {
        Access::Known
    };
    ($permission:ident) => {
        Access::Needs(Permission::$permission)
    };
}

macro_rules! is_stream {
    (stream) => {
        true
    };
    ($method:ident) => {
        false
    };
}

macro_rules! operation {
    ($path:literal, $method:ident, $access:ident) => {
        Operation {
            method: verb!($method),
            path: $path,
            access: access!($access),
            is_stream: is_stream!($method),
        }
    };
}

macro_rules! table {
    ($($path:literal { $($method:ident[$access:ident] => $handler:path),+ })+) => {
        /// Every operation the server answers.
        pub const OPERATIONS: &[Operation] = &[$($(operation!($path, $method, $access)),+),+];

        /// Adds every route, and answers for those that do not exist.
        pub fn routes(config: &mut ServiceConfig) {
            $(
                let allow = [$(allowed(stringify!($method))),+].join(", ");
                let refuse = move || std::future::ready(Err::<&str, _>(Problem::method_not_allowed(allow.clone())));
                let guarded = |request, next| {
                    const OF_PATH: &[Operation] = &[$(operation!($path, $method, $access)),+];
                    guard(OF_PATH, request, next)
                };
                let permitted = |request, next| {
                    const OF_PATH: &[Operation] = &[$(operation!($path, $method, $access)),+];
                    permit(OF_PATH, request, next)
                };
                config.service(
                    resource($path)
                        $(.route($method().to($handler)))+
                        .default_service(web::to(refuse))
                        .wrap(from_fn(permitted))
                        .wrap(from_fn(limit_rate))
                        .wrap(from_fn(guarded)),
                );
            )+
            super::console::routes(config);
            #[cfg(feature = "failpoints")]
            super::failpoint::routes(config);
            config.default_service(web::to(no_such_route).wrap(from_fn(limit_rate)));
        }
    };
}

// In brackets: the permission that an operation needs, `Known` where it is enough to say who one is, `Public` where not.
table! {
    "/v1/jobs" { post[JobsCreate] => jobs::submit::submit, get[JobsRead] => jobs::list::list }
    "/v1/jobs/batch" { post[JobsCreate] => jobs::batch::batch }
    "/v1/jobs/{id}" { get[JobsRead] => jobs::show::show }
    "/v1/jobs/{id}/tasks" { get[JobsRead] => jobs::tasks::tasks }
    "/v1/jobs/{id}/events" { get[JobsRead] => jobs::events::events }
    "/v1/jobs/{id}/facts" { get[ResultsRead] => jobs::facts::facts }
    "/v1/jobs/{id}/lineage" { get[ResultsRead] => jobs::lineage::show::lineage }
    "/v1/jobs/{id}/why" { get[LogsRead] => jobs::why::why }
    "/v1/jobs/{id}/evidence" { get[AuditRead] => jobs::evidence::evidence }
    "/v1/jobs/{id}/artifacts" { get[JobsRead] => jobs::artifacts::artifacts }
    "/v1/jobs/{id}/artifacts/{name}" { get[ResultsRead] => jobs::artifact::artifact }
    "/v1/jobs/{id}/cancel" { post[JobsCancel] => jobs::cancel::cancel }
    "/v1/jobs/{id}/pause" { post[JobsUpdate] => jobs::pause::pause }
    "/v1/jobs/{id}/resume" { post[JobsUpdate] => jobs::pause::resume }
    "/v1/jobs/{id}/retry" { post[JobsUpdate] => jobs::retry::retry }
    "/v1/jobs/{id}/signals/{name}" { post[JobsUpdate] => jobs::signal::signal }
    "/v1/jobs/{id}/stream" { stream[JobsRead] => jobs::stream::job_stream }
    "/v1/stream" { stream[JobsRead] => jobs::stream::tenant_stream }
    "/v1/approvals" { get[JobsRead] => approvals::list::list }
    "/v1/approvals/{id}" { get[JobsRead] => approvals::show::show }
    "/v1/approvals/{id}/approve" { post[ApprovalsDecide] => approvals::decide::approve }
    "/v1/approvals/{id}/reject" { post[ApprovalsDecide] => approvals::decide::reject }
    "/v1/effects" { get[JobsRead] => effects::list::list }
    "/v1/effects/{id}" { get[JobsRead] => effects::show::show }
    "/v1/effects/{id}/resolve" { post[JobsUpdate] => effects::resolve::resolve }
    "/v1/audit" { get[AuditRead] => audit::list::list }
    "/v1/audit/chain" { get[AuditRead] => audit::chain::chain }
    "/v1/audit/checkpoints" { get[AuditRead] => audit::checkpoints::checkpoints }
    "/v1/audit/keys" { get[AuditRead] => audit::keys::keys }
    "/v1/audit/export" { stream[AuditRead] => audit::export::export }
    "/v1/audit/{id}/redact" { post[SettingsManage] => audit::redact::redact }
    "/v1/webhooks" { post[SettingsManage] => webhooks::create::create, get[SettingsManage] => webhooks::list::list }
    "/v1/webhooks/{id}" { get[SettingsManage] => webhooks::show::show, patch[SettingsManage] => webhooks::create::change, delete[SettingsManage] => webhooks::show::remove }
    "/v1/webhooks/{id}/deliveries" { get[SettingsManage] => webhooks::deliveries::deliveries }
    "/v1/webhooks/{id}/deliveries/{delivery}/replay" { post[SettingsManage] => webhooks::deliveries::replay }
    "/v1/usage" { get[JobsRead] => usage::show::usage }
    "/v1/kinds" { get[JobsRead] => kinds::list::list }
    "/v1/kinds/{kind}" { get[JobsRead] => kinds::show::show }
    "/v1/generate/{entity}" { get[ResultsRead] => generate::rows::rows }
    "/v1/keys" { post[KeysManage] => keys::create::create, get[KeysManage] => keys::list::list }
    "/v1/keys/{id}" { get[KeysManage] => keys::show::show }
    "/v1/keys/{id}/rotate" { post[KeysManage] => keys::rotate::rotate }
    "/v1/keys/{id}/revoke" { post[KeysManage] => keys::revoke::revoke }
    "/v1/roles" { get[RolesManage] => roles::list::list }
    "/v1/roles/{name}" { put[RolesManage] => roles::put::put, delete[RolesManage] => roles::remove::remove }
    "/v1/users" { post[UsersManage] => users::create::create, get[UsersManage] => users::list::list }
    "/v1/users/{id}" { patch[UsersManage] => users::change::change, delete[UsersManage] => users::remove::remove }
    "/v1/users/{name}/password" { post[UsersManage] => users::password::set }
    "/v1/sessions" { post[Public] => sessions::login::login }
    "/v1/sessions/refresh" { post[Public] => sessions::refresh::refresh }
    "/v1/sessions/logout" { post[Known] => sessions::logout::logout }
    "/v1/me" { get[Known] => me::show::me }
    "/v1/me/password" { post[Known] => me::password::change }
    "/v1/stream-tickets" { post[Known] => stream_tickets::issue }
    "/v1/supervision" { get[MetricsRead] => supervision::tree::tree }
    "/v1/supervision/events" { get[MetricsRead] => supervision::events::events }
    "/v1/supervision/stream" { stream[MetricsRead] => supervision::stream::stream }
    "/v1/supervision/roles/{role}/pause" { post[SupervisionOperate] => supervision::operate::pause }
    "/v1/supervision/roles/{role}/resume" { post[SupervisionOperate] => supervision::operate::resume }
    "/v1/supervision/roles/{role}/drain" { post[SupervisionOperate] => supervision::operate::drain }
    "/v1/supervision/roles/{role}/restart" { post[SupervisionOperate] => supervision::operate::restart }
    "/v1/supervision/roles/{role}/reset-breaker" { post[SupervisionOperate] => supervision::operate::reset_breaker }
    "/v1/anomalies" { get[MetricsRead] => anomalies::list::list }
    "/v1/advice" { get[MetricsRead] => advice::show::advice }
    "/v1/health" { get[MetricsRead] => health::report::report }
    "/health/live" { get[Public] => health::probe::live }
    "/health/ready" { get[Public] => health::probe::ready }
    "/metrics" { get[MetricsRead] => metrics::metrics }
    "/openapi.json" { get[Public] => openapi::document }
}

/// GET routes answer HEAD as well.
fn get() -> actix_web::Route {
    route().guard(matching::Any(matching::Get()).or(matching::Head()))
}

/// No HEAD: a stream without a body would be open until its client goes.
fn stream() -> actix_web::Route {
    web::get()
}

fn post() -> actix_web::Route {
    web::post()
}

fn put() -> actix_web::Route {
    web::put()
}

fn patch() -> actix_web::Route {
    web::patch()
}

fn delete() -> actix_web::Route {
    web::delete()
}

fn allowed(method: &str) -> &'static str {
    match method {
        "get" => "GET, HEAD",
        "stream" => "GET",
        "put" => "PUT",
        "patch" => "PATCH",
        "delete" => "DELETE",
        _ => "POST",
    }
}

async fn no_such_route() -> Result<&'static str, Problem> {
    Err(Problem::new(
        Kind::NotFound,
        "route_not_found",
        "there is nothing at this path",
    ))
}
