//! Path segments and query strings: how they are read and how they are refused.

use actix_web::web::{QueryConfig, ServiceConfig};
use callboard_orchestra::JobId;

use super::error::{Kind, Problem};

/// Makes unreadable query strings answer with a problem document.
pub fn configure(config: &mut ServiceConfig) {
    let query = QueryConfig::default().error_handler(|error, _| {
        Problem::new(
            Kind::Malformed,
            "invalid_query",
            format!("the query cannot be read: {error}"),
        )
        .into()
    });
    config.app_data(query);
}

pub fn job_id(text: &str) -> Result<JobId, Problem> {
    text.parse().map_err(|error| {
        Problem::new(Kind::Malformed, "invalid_job_id", format!("{error}")).field("id")
    })
}

/// Items of a page: `asked` within `1..=max`.
pub fn page_limit(asked: Option<usize>, default: usize, max: usize) -> Result<usize, Problem> {
    match asked {
        None => Ok(default),
        Some(limit) if (1..=max).contains(&limit) => Ok(limit),
        Some(limit) => {
            let detail = format!("limit is {limit}, but runs from 1 to {max}");
            Err(Problem::new(Kind::Malformed, "invalid_query", detail).field("limit"))
        }
    }
}
