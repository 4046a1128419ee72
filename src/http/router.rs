//! The whole URL table.

use actix_web::{
    guard, web,
    web::{ServiceConfig, resource, route},
};

use super::{
    approvals, effects,
    error::{Kind, Problem},
    health, jobs, kinds, metrics, openapi, supervision, webhooks,
};

macro_rules! verb {
    (stream) => {
        "get"
    };
    ($method:ident) => {
        stringify!($method)
    };
}

macro_rules! table {
    ($($path:literal { $($method:ident => $handler:path),+ })+) => {
        /// Every operation the server answers, as method and path pattern.
        pub const OPERATIONS: &[(&str, &str)] = &[$($((verb!($method), $path)),+),+];

        /// Adds every route, and answers for those that do not exist.
        pub fn routes(config: &mut ServiceConfig) {
            $(
                let allow = [$(allowed(stringify!($method))),+].join(", ");
                let refuse = move || std::future::ready(Err::<&str, _>(Problem::method_not_allowed(allow.clone())));
                config.service(resource($path) $(.route($method().to($handler)))+ .default_service(web::to(refuse)));
            )+
            #[cfg(feature = "failpoints")]
            super::failpoint::routes(config);
            config.default_service(web::to(no_such_route));
        }
    };
}

table! {
    "/v1/jobs" { post => jobs::submit::submit, get => jobs::list::list }
    "/v1/jobs/batch" { post => jobs::batch::batch }
    "/v1/jobs/{id}" { get => jobs::show::show }
    "/v1/jobs/{id}/tasks" { get => jobs::tasks::tasks }
    "/v1/jobs/{id}/events" { get => jobs::events::events }
    "/v1/jobs/{id}/facts" { get => jobs::facts::facts }
    "/v1/jobs/{id}/lineage" { get => jobs::lineage::show::lineage }
    "/v1/jobs/{id}/why" { get => jobs::why::why }
    "/v1/jobs/{id}/artifacts" { get => jobs::artifacts::artifacts }
    "/v1/jobs/{id}/artifacts/{name}" { get => jobs::artifact::artifact }
    "/v1/jobs/{id}/cancel" { post => jobs::cancel::cancel }
    "/v1/jobs/{id}/pause" { post => jobs::pause::pause }
    "/v1/jobs/{id}/resume" { post => jobs::pause::resume }
    "/v1/jobs/{id}/retry" { post => jobs::retry::retry }
    "/v1/jobs/{id}/signals/{name}" { post => jobs::signal::signal }
    "/v1/jobs/{id}/stream" { stream => jobs::stream::job_stream }
    "/v1/stream" { stream => jobs::stream::tenant_stream }
    "/v1/approvals" { get => approvals::list::list }
    "/v1/approvals/{id}" { get => approvals::show::show }
    "/v1/approvals/{id}/approve" { post => approvals::decide::approve }
    "/v1/approvals/{id}/reject" { post => approvals::decide::reject }
    "/v1/effects" { get => effects::list::list }
    "/v1/effects/{id}" { get => effects::show::show }
    "/v1/effects/{id}/resolve" { post => effects::resolve::resolve }
    "/v1/webhooks" { post => webhooks::create::create, get => webhooks::list::list }
    "/v1/webhooks/{id}" { get => webhooks::show::show, patch => webhooks::create::change, delete => webhooks::show::remove }
    "/v1/webhooks/{id}/deliveries" { get => webhooks::deliveries::deliveries }
    "/v1/webhooks/{id}/deliveries/{delivery}/replay" { post => webhooks::deliveries::replay }
    "/v1/kinds" { get => kinds::list::list }
    "/v1/kinds/{kind}" { get => kinds::show::show }
    "/v1/supervision" { get => supervision::tree::tree }
    "/v1/supervision/events" { get => supervision::events::events }
    "/v1/supervision/stream" { stream => supervision::stream::stream }
    "/v1/health" { get => health::report::report }
    "/health/live" { get => health::probe::live }
    "/health/ready" { get => health::probe::ready }
    "/metrics" { get => metrics::metrics }
    "/openapi.json" { get => openapi::document }
}

/// GET routes answer HEAD as well.
fn get() -> actix_web::Route {
    route().guard(guard::Any(guard::Get()).or(guard::Head()))
}

/// No HEAD: a stream without a body would be open until its client goes.
fn stream() -> actix_web::Route {
    web::get()
}

fn post() -> actix_web::Route {
    web::post()
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
