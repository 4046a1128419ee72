//! GET /v1/anomalies

use actix_web::{HttpResponse, web::Data};
use serde::Serialize;
use utoipa::ToSchema;

use crate::{
    anomalies::{Anomaly, Ending, Series},
    http::desk::Desk,
};

/// What was higher than usual since the server started, newest first.
#[derive(Serialize, ToSchema)]
pub struct AnomaliesPage {
    /// Whether series are watched.
    watching: bool,
    /// Series that have samples.
    series: usize,
    /// How many of them have too few samples for the next to be judged: fewer than 12.
    learning: usize,
    /// How many of the items go on.
    current: usize,
    items: Vec<AnomalyView>,
}

/// One time that a series was higher than usual.
#[derive(Serialize, ToSchema)]
#[schema(as = Anomaly)]
struct AnomalyView {
    #[schema(value_type = SeriesName)]
    series: &'static str,
    /// The kind or the role; `journal` of commits.
    #[schema(example = "market.compare")]
    subject: String,
    state: AnomalyState,
    /// The sample that was furthest off, in the unit of the series.
    value: f64,
    /// What was usual: the median of the window.
    median: f64,
    /// How many deviations `value` is above `median`.
    z: f64,
    /// Of the first unusual sample.
    at: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    over_at: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    ending: Option<EndingName>,
}

/// What a series measures.
#[derive(ToSchema)]
#[schema(rename_all = "snake_case")]
#[expect(dead_code, reason = "describes what series are called")]
pub enum SeriesName {
    /// Median milliseconds from submission to end of the jobs of a kind.
    JobLatencyMs,
    /// Part of the jobs of a kind that fail.
    JobFailureRate,
    /// Instances of a role rebuilt from one sample to the next.
    Restarts,
    /// Median milliseconds of a commit of the journal.
    CommitLatencyMs,
}

#[derive(Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum AnomalyState {
    /// It goes on.
    Current,
    Over,
}

/// Why it is over.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum EndingName {
    /// The series is as usual again.
    Returned,
    /// It lasted for 20 samples and is what is usual.
    Accepted,
    /// The series has no more samples.
    Silent,
}

/// List what is higher than usual
///
/// Series are of the whole server, whatever tenant jobs are of.
#[utoipa::path(
    get, path = "/v1/anomalies", tag = "health", operation_id = "list_anomalies",
    responses((status = 200, description = "Up to 512 anomalies", body = AnomaliesPage))
)]
pub async fn list(desk: Data<Desk>) -> HttpResponse {
    let seen = desk.anomalies.seen();
    HttpResponse::Ok().json(AnomaliesPage {
        watching: desk.anomalies.is_watching,
        series: seen.series,
        learning: seen.learning,
        current: seen.current().count(),
        items: seen.anomalies.iter().map(AnomalyView::of).collect(),
    })
}

impl AnomalyView {
    fn of(anomaly: &Anomaly) -> Self {
        let ending = anomaly.over.map(|(_, ending)| match ending {
            Ending::Returned => EndingName::Returned,
            Ending::Accepted => EndingName::Accepted,
            Ending::Silent => EndingName::Silent,
        });
        Self {
            series: Series::name(anomaly.series),
            subject: anomaly.subject.to_string(),
            state: match anomaly.over {
                Some(_) => AnomalyState::Over,
                None => AnomalyState::Current,
            },
            value: anomaly.value,
            median: anomaly.median,
            z: anomaly.z,
            at: anomaly.at.rfc3339(),
            over_at: anomaly.over.map(|(at, _)| at.rfc3339()),
            ending,
        }
    }
}

#[cfg(test)]
mod tests {
    use callboard_orchestra::Timestamp;
    use serde_json::json;
    use utoipa::PartialSchema;

    use super::*;

    #[test]
    fn an_anomaly_that_is_over_says_when_and_why() {
        let mut anomaly = Anomaly {
            series: Series::Restarts,
            subject: "drill.runner".into(),
            value: 9.0,
            median: 0.0,
            z: 9.0,
            at: Timestamp::from_millis(1_000),
            over: None,
        };
        let mut wire = json!({
            "series": "restarts", "subject": "drill.runner", "state": "current",
            "value": 9.0, "median": 0.0, "z": 9.0, "at": "1970-01-01T00:00:01.000Z"
        });
        let written = |anomaly: &Anomaly| serde_json::to_value(AnomalyView::of(anomaly)).unwrap();
        assert_eq!(written(&anomaly), wire);
        anomaly.over = Some((Timestamp::from_millis(2_000), Ending::Accepted));
        wire["state"] = json!("over");
        wire["over_at"] = json!("1970-01-01T00:00:02.000Z");
        wire["ending"] = json!("accepted");
        assert_eq!(written(&anomaly), wire);
    }

    #[test]
    fn every_series_is_described_by_its_name() {
        let schema = serde_json::to_value(SeriesName::schema()).unwrap();
        let described = schema.to_string();
        for series in Series::ALL {
            let name = format!("\"{}\"", series.name());
            assert!(described.contains(&name), "{name} {described}");
        }
    }
}
