//! GET /v1/effects

use actix_web::{HttpResponse, web::Data};
use callboard_orchestra::{
    EffectId, JobId,
    journal::{EffectState, EffectsQuery},
};
use serde::{Deserialize, Deserializer, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::view::{EffectStateName, EffectView};
use crate::{
    http::{
        caller::Caller,
        desk::Desk,
        error::{Problem, ProblemBody},
        filtering::FilteredPage,
        query::{self, Asked},
        responses::StoreFailures,
    },
    store::{EFFECTS, Filtered},
};

const EFFECTS_DEFAULT: usize = 50;
const EFFECTS_MAX: usize = 200;

/// Which effects to list.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct EffectsFilter {
    /// Effects in this state only.
    #[serde(default, deserialize_with = "named_state")]
    #[param(value_type = Option<EffectStateName>, inline)]
    state: Option<EffectState>,
    /// Effects of this job only.
    #[param(value_type = Option<String>)]
    job: Option<JobId>,
    /// Effects that this holds of only, such as `state = 'unknown' and class = 'once'`; see the section on filters.
    #[param(max_length = 4096)]
    filter: Option<String>,
    /// Effects of a page.
    #[param(minimum = 1, maximum = 200, default = 50)]
    #[serde(default, deserialize_with = "query::whole_number")]
    limit: Option<usize>,
    /// `next_cursor` of the page before.
    cursor: Option<String>,
}

/// A page of effects, newest first.
#[derive(Serialize, ToSchema)]
pub struct EffectsPage {
    items: Vec<EffectView>,
    /// Where the next page begins; missing on the last.
    #[serde(skip_serializing_if = "Option::is_none")]
    next_cursor: Option<String>,
}

/// List effects, newest first
#[utoipa::path(
    get, path = "/v1/effects", tag = "effects", operation_id = "list_effects",
    description = "A filter that no index serves is answered with a `Warning` header, and a page of it may be short, or empty, while `next_cursor` leads on.",
    params(EffectsFilter),
    responses(
        (status = 200, description = "A page of effects", body = EffectsPage),
        (status = 400, description = "The query or its filter cannot be read", body = ProblemBody, content_type = "application/problem+json"),
        StoreFailures,
    )
)]
pub async fn list(
    Asked(filter): Asked<EffectsFilter>,
    caller: Caller,
    desk: Data<Desk>,
) -> Result<HttpResponse, Problem> {
    let limit = query::page_limit(filter.limit, EFFECTS_DEFAULT, EFFECTS_MAX)?;
    let (cursor, condition) = (filter.cursor.as_deref(), filter.filter.as_deref());
    let page = FilteredPage::of(limit, cursor, condition, &EFFECTS)?;
    let wanted = EffectsQuery {
        tenant: caller.tenant,
        state: filter.state,
        job: filter.job,
        before: page.before.map(EffectId::from_uuid),
        limit: page.rows(),
    };
    let found = match &page.filter {
        Some(filter) => desk.listing.effects(&wanted, filter).await?,
        None => Filtered::all(desk.house.coordinator.journal().effects(&wanted).await?),
    };
    let (rows, next_cursor) = page.cut(found, |row| row.id.uuid());
    Ok(page.answer().json(EffectsPage {
        items: rows.iter().map(EffectView::of).collect(),
        next_cursor,
    }))
}

fn named_state<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<EffectState>, D::Error> {
    query::named(deserializer, EffectState::ALL, EffectState::name)
}
