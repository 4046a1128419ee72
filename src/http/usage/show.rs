//! GET /v1/usage

use std::collections::BTreeMap;

use actix_web::{HttpResponse, web::Data};
use callboard_orchestra::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::{
    http::{
        caller::Caller,
        desk::Desk,
        error::{Kind, Problem, ProblemBody},
        query::{self, Asked},
        responses::StoreFailures,
    },
    store::JobCounts,
};

const HOURS_DEFAULT: i64 = 24;
/// A month.
const HOURS_MAX: i64 = 31 * 24;
const HOUR_MS: i64 = 3_600_000;

/// Which jobs to count.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct Period {
    /// Jobs that were submitted in the last so many hours.
    #[param(minimum = 1, maximum = 744, default = 24)]
    #[serde(default, deserialize_with = "query::whole_number")]
    hours: Option<i64>,
}

/// What the caller's tenant has.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct Usage {
    #[schema(example = "default")]
    pub tenant: String,
    pub at: String,
    /// Jobs that have not ended.
    pub live_jobs: Share,
    /// Bytes of the artifacts that jobs of the tenant refer to, as they were a moment ago.
    pub storage_bytes: Share,
    /// Requests that the tenant may make in a minute; missing where there is no bound.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub requests_per_minute_max: Option<u64>,
    pub jobs: JobsOfPeriod,
}

/// A figure and its bound.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct Share {
    pub used: u64,
    /// Missing where there is no bound.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max: Option<u64>,
}

/// Jobs that were submitted since a moment, as they are.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct JobsOfPeriod {
    /// Later than was asked for when there are more jobs than are counted.
    pub since: String,
    pub total: u64,
    /// Jobs of each kind by their state.
    #[schema(example = json!({"market.compare": {"succeeded": 12, "failed": 1}}))]
    pub by_kind: BTreeMap<String, BTreeMap<String, u64>>,
}

/// Show what the tenant has of what it may have
///
/// Of more than 50,000 jobs of the period the latest so many are counted, and `since` says from when.
#[utoipa::path(
    get, path = "/v1/usage", tag = "usage", operation_id = "show_usage",
    params(Period),
    responses(
        (status = 200, description = "What the caller's tenant has", body = Usage),
        (status = 400, description = "The query cannot be read", body = ProblemBody, content_type = "application/problem+json"),
        StoreFailures,
    )
)]
pub async fn usage(
    Asked(asked): Asked<Period>,
    caller: Caller,
    desk: Data<Desk>,
) -> Result<HttpResponse, Problem> {
    let hours = asked.hours.unwrap_or(HOURS_DEFAULT);
    if !(1..=HOURS_MAX).contains(&hours) {
        let detail = format!("hours is {hours}, but runs from 1 to {HOURS_MAX}");
        return Err(Problem::new(Kind::Malformed, "invalid_query", detail).field("hours"));
    }
    let now = Timestamp::now();
    let since = Timestamp::from_millis(now.millis() - HOUR_MS * hours);
    let (holdings, counts) = tokio::try_join!(
        desk.quotas.holdings(&caller.tenant),
        desk.listing.job_counts(&caller.tenant, since),
    )?;
    let bounds = desk.quotas.bounds(&caller.tenant);
    Ok(HttpResponse::Ok().json(Usage {
        tenant: caller.tenant.to_string(),
        at: now.rfc3339(),
        live_jobs: Share {
            used: holdings.live_jobs,
            max: bounds.live_jobs_max,
        },
        storage_bytes: Share {
            used: holdings.storage_bytes,
            max: bounds.storage_bytes_max,
        },
        requests_per_minute_max: bounds.requests_per_minute,
        jobs: JobsOfPeriod::of(counts, since),
    }))
}

impl JobsOfPeriod {
    fn of(JobCounts { counts, cut_at }: JobCounts, since: Timestamp) -> Self {
        let mut by_kind: BTreeMap<String, BTreeMap<String, u64>> = BTreeMap::new();
        let total = counts.iter().map(|count| count.jobs).sum();
        for count in counts {
            let of_kind = by_kind.entry(count.kind).or_default();
            of_kind.insert(count.state.name().to_owned(), count.jobs);
        }
        Self {
            since: cut_at.unwrap_or(since).rfc3339(),
            total,
            by_kind,
        }
    }
}
