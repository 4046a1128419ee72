//! GET /v1/kinds/{kind}

use actix_web::{
    HttpResponse,
    web::{Data, Path},
};
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use crate::http::{
    desk::Desk,
    error::{Kind as Sort, Problem, ProblemBody},
};

/// A kind with what it accepts.
#[derive(Serialize, ToSchema)]
#[schema(as = Kind)]
pub struct KindView<'a> {
    #[schema(example = "market.compare")]
    name: &'static str,
    summary: &'static str,
    /// The role that plans such jobs.
    planner: &'static str,
    /// JSON schema of the input.
    #[schema(value_type = Value)]
    schema: &'a Value,
    /// Inputs that are accepted.
    #[schema(value_type = Vec<Value>)]
    examples: &'a [Value],
}

/// Show a kind with the schema of its input
#[utoipa::path(
    get, path = "/v1/kinds/{kind}", tag = "kinds", operation_id = "show_kind",
    params(("kind" = String, Path, description = "Name of the kind", example = "market.compare")),
    responses(
        (status = 200, description = "The kind", body = KindView),
        (status = 404, description = "No such kind", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub async fn show(name: Path<String>, desk: Data<Desk>) -> Result<HttpResponse, Problem> {
    let catalog = desk.house.coordinator.catalog();
    let Some(kind) = catalog.kind(&name) else {
        let near = catalog
            .near_kind(&name)
            .map(|near| format!("; did you mean `{near}`?"))
            .unwrap_or_default();
        return Err(Problem::new(
            Sort::NotFound,
            "kind_not_found",
            format!("there is no kind `{name}`{near}"),
        ));
    };
    Ok(HttpResponse::Ok().json(KindView {
        name: kind.name,
        summary: kind.summary,
        planner: kind.planner,
        schema: &kind.schema,
        examples: &kind.examples,
    }))
}
