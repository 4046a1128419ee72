//! Which result is rendered how.

use callboard::http::JobView;
use callboard_market::COMPARE;
use callboard_synth::DATASET;
use serde_json::Value;

use super::{comparison, dataset};

/// The result of a job for people; `None` when it has none.
pub fn result(job: &JobView) -> Option<String> {
    let result = job.result.as_ref()?;
    let rendered = match job.kind.as_str() {
        COMPARE => comparison::render(job.input.as_ref(), result),
        DATASET => dataset::render(result),
        _ => None,
    };
    Some(rendered.unwrap_or_else(|| match result.read::<Value>() {
        Ok(value) => format!("{value:#}"),
        Err(_) => result.text().to_owned(),
    }))
}
