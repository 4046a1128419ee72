//! What is found of one part, and of all of them together.

use std::{
    future::Future,
    time::{Duration, Instant},
};

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// How well something is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    Healthy,
    Degraded,
    Unhealthy,
    /// It was not looked at, or cannot be.
    Unknown,
}

/// How well a part of the server is.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct Component {
    #[schema(example = "crew market.analyst")]
    pub name: String,
    pub status: Status,
    /// Without it nothing works: when it is unhealthy, so is the server.
    pub essential: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
    /// Milliseconds the check took.
    pub response_ms: f64,
}

/// What a check found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    pub status: Status,
    pub message: Option<String>,
}

impl Finding {
    pub const fn healthy() -> Self {
        Self {
            status: Status::Healthy,
            message: None,
        }
    }

    pub fn well(message: impl Into<String>) -> Self {
        Self::of(Status::Healthy, message)
    }

    pub fn degraded(message: impl Into<String>) -> Self {
        Self::of(Status::Degraded, message)
    }

    pub fn unhealthy(message: impl Into<String>) -> Self {
        Self::of(Status::Unhealthy, message)
    }

    pub fn unknown(message: impl Into<String>) -> Self {
        Self::of(Status::Unknown, message)
    }

    fn of(status: Status, message: impl Into<String>) -> Self {
        Self {
            status,
            message: Some(message.into()),
        }
    }
}

/// Looks at one part. One that does not answer in time is unhealthy.
pub async fn check(
    name: impl Into<String>,
    essential: bool,
    timeout: Duration,
    finding: impl Future<Output = Finding>,
) -> Component {
    let started = Instant::now();
    let late = || Finding::unhealthy(format!("no answer within {timeout:?}"));
    let found = tokio::time::timeout(timeout, finding).await;
    let Finding { status, message } = found.unwrap_or_else(|_| late());
    Component {
        name: name.into(),
        status,
        essential,
        message,
        response_ms: started.elapsed().as_secs_f64() * 1e3,
    }
}

/// Unhealthy when something essential is; degraded when anything is less than healthy, or something essential unknown.
pub fn overall(components: &[Component]) -> Status {
    let mut whole = Status::Healthy;
    for Component {
        status, essential, ..
    } in components
    {
        match (status, essential) {
            (Status::Unhealthy, true) => return Status::Unhealthy,
            (Status::Unhealthy, false) | (Status::Degraded, _) | (Status::Unknown, true) => {
                whole = Status::Degraded;
            }
            (Status::Healthy, _) | (Status::Unknown, false) => {}
        }
    }
    whole
}

#[cfg(test)]
mod tests {
    use super::*;

    fn part(status: Status, essential: bool) -> Component {
        Component {
            name: "part".to_owned(),
            status,
            essential,
            message: None,
            response_ms: 0.0,
        }
    }

    #[test]
    fn the_whole_is_as_its_essential_parts_let_it_be() {
        let well = part(Status::Healthy, true);
        for (status, essential, whole) in [
            (Status::Healthy, false, Status::Healthy),
            (Status::Unknown, false, Status::Healthy),
            (Status::Degraded, false, Status::Degraded),
            (Status::Unhealthy, false, Status::Degraded),
            (Status::Unknown, true, Status::Degraded),
            (Status::Degraded, true, Status::Degraded),
            (Status::Unhealthy, true, Status::Unhealthy),
        ] {
            let parts = [well.clone(), part(status, essential), well.clone()];
            assert_eq!(overall(&parts), whole, "{status:?} {essential}");
        }
        assert_eq!(overall(&[]), Status::Healthy);
    }

    #[tokio::test(start_paused = true)]
    async fn a_part_that_does_not_answer_in_time_is_unhealthy() {
        let timeout = Duration::from_secs(2);
        let silent = check("silent", false, timeout, std::future::pending()).await;
        assert_eq!(silent.status, Status::Unhealthy);
        assert!(silent.message.unwrap().contains("2s"));
    }
}
