//! The body of a submission: read, checked as far as no kind is needed, and turned into what the coordinator takes.

use std::collections::BTreeMap;

use callboard_orchestra::{
    OnExhausted, Payload, Submission, Timestamp,
    submission::{IdempotencyKey, PRIORITY_DEFAULT},
};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Deserializer, de::Error as _};
use utoipa::ToSchema;

use crate::http::{
    caller::Caller,
    error::{Kind, Problem},
    json, observe,
};

/// A job to be done.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewJob {
    #[schema(example = "market.compare")]
    kind: String,
    /// As the schema of the kind asks.
    #[schema(value_type = Value, example = json!({"query": "Compare Sharpe ratios of AAPL, MSFT and GOOG"}))]
    input: Payload,
    /// 0 to 9, higher first.
    #[serde(default)]
    #[schema(minimum = 0, maximum = 9, default = 5)]
    priority: Option<u8>,
    #[serde(default)]
    labels: BTreeMap<String, String>,
    /// RFC 3339. The job fails when it has not ended by then.
    #[serde(default, deserialize_with = "instant")]
    deadline: Option<DateTime<Utc>>,
    /// What becomes of the job when a task has used up its attempts: it fails, or waits for an operator.
    #[serde(default)]
    #[schema(value_type = Option<OnExhaustedName>)]
    on_exhausted: OnExhausted,
}

/// What becomes of a job when a task has used up its attempts.
#[derive(ToSchema)]
#[schema(rename_all = "snake_case")]
#[expect(dead_code, reason = "names `OnExhausted` for the API description")]
pub enum OnExhaustedName {
    Fail,
    Pause,
}

impl NewJob {
    pub fn read(body: &[u8]) -> Result<Self, Problem> {
        let new: Self = json::parse(body)?;
        if json::is_object(new.input.text().as_bytes()) {
            return Ok(new);
        }
        let detail = "input must be a JSON object";
        Err(Problem::new(Kind::Invalid, "invalid_input", detail))
    }

    pub fn submission(self, caller: &Caller, idempotency: Option<IdempotencyKey>) -> Submission {
        Submission {
            tenant: caller.tenant.clone(),
            kind: self.kind,
            input: self.input,
            priority: self.priority.unwrap_or(PRIORITY_DEFAULT),
            labels: self.labels,
            deadline: self.deadline.map(Timestamp::from),
            on_exhausted: self.on_exhausted,
            idempotency,
            author: caller.author.clone(),
            trace: observe::trace(),
        }
    }
}

fn instant<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<DateTime<Utc>>, D::Error> {
    let Some(text) = Option::<String>::deserialize(deserializer)? else {
        return Ok(None);
    };
    text.parse().map(Some).map_err(|_| {
        D::Error::custom(format!(
            "`{text}` is not a time such as 2026-01-31T09:30:00Z"
        ))
    })
}
