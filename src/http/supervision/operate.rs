//! POST /v1/supervision/roles/{role}/pause, resume, drain, restart and reset-breaker
//!
//! What is asked for is recorded before it is done. It is the memory of this process: after a restart every crew hands out.

use std::time::Duration;

use actix_web::{
    Error, FromRequest, HttpRequest, HttpResponse,
    dev::Payload,
    web::{Data, Path, Payload as Body},
};
use callboard_orchestra::crew::RoleCrew;
use callboard_runtime::{CrewVitals, Intervention};
use futures_util::future::LocalBoxFuture;
use serde_json::json;

use super::crew::{CrewState, CrewView, state};
use crate::http::{
    caller::Caller,
    desk::Desk,
    error::{Kind, Problem, ProblemBody},
    prefer,
    remark::Reason,
    responses::BodyFailures,
};

/// What is recorded when the client gives no reason.
const REASON_DEFAULT: &str = "asked for by the client";
/// How long a crew may take to do what it can do at once.
const ANSWER_WAIT: Duration = Duration::from_secs(2);
/// How long a drain is waited for where the client does not say.
const DRAIN_WAIT_DEFAULT: Duration = Duration::from_secs(10);

/// Pause a crew
///
/// It hands out nothing more: tasks wait, and those in hand go on. Jobs that need the role wait with the reason
/// `role_paused` in `why`. Lasts until it is resumed or the process ends.
#[utoipa::path(
    post, path = "/v1/supervision/roles/{role}/pause", tag = "supervision", operation_id = "pause_role",
    params(("role" = String, Path, description = "Name of the role")),
    request_body(content = Option<Reason>, content_type = "application/json"),
    responses(
        (status = 200, description = "The crew is paused", body = CrewView),
        (status = 202, description = "The crew has been told and has not answered yet", body = CrewView),
        (status = 404, description = "There is no such role", body = ProblemBody, content_type = "application/problem+json"),
        BodyFailures,
    )
)]
pub async fn pause(asked: Asked) -> Result<HttpResponse, Problem> {
    asked.perform(Intervention::Pause).await
}

/// Resume a crew
///
/// Ends a pause and a drain: what waits is handed out.
#[utoipa::path(
    post, path = "/v1/supervision/roles/{role}/resume", tag = "supervision", operation_id = "resume_role",
    params(("role" = String, Path, description = "Name of the role")),
    request_body(content = Option<Reason>, content_type = "application/json"),
    responses(
        (status = 200, description = "The crew hands out tasks", body = CrewView),
        (status = 202, description = "The crew has been told and has not answered yet", body = CrewView),
        (status = 404, description = "There is no such role", body = ProblemBody, content_type = "application/problem+json"),
        BodyFailures,
    )
)]
pub async fn resume(asked: Asked) -> Result<HttpResponse, Problem> {
    asked.perform(Intervention::Resume).await
}

/// Drain a crew
///
/// Pauses it and waits for the tasks in hand: 10 s, or as long as `Prefer: wait=N` says. Goes on draining after the answer.
#[utoipa::path(
    post, path = "/v1/supervision/roles/{role}/drain", tag = "supervision", operation_id = "drain_role",
    params(
        ("role" = String, Path, description = "Name of the role"),
        ("Prefer" = Option<String>, Header, description = "`wait=N`: wait up to N seconds for the tasks in hand", example = "wait=30"),
    ),
    request_body(content = Option<Reason>, content_type = "application/json"),
    responses(
        (status = 200, description = "The crew is paused and has nothing in hand", body = CrewView),
        (status = 202, description = "The crew hands out nothing more; `in_hand` tasks are not done yet", body = CrewView),
        (status = 404, description = "There is no such role", body = ProblemBody, content_type = "application/problem+json"),
        BodyFailures,
    )
)]
pub async fn drain(asked: Asked) -> Result<HttpResponse, Problem> {
    asked.perform(Intervention::Drain).await
}

/// Restart the workers of a crew
///
/// Each gets a new instance of the role, of the next generation; tasks in hand end on the old ones. It counts neither as a
/// failure nor against restart intensity.
#[utoipa::path(
    post, path = "/v1/supervision/roles/{role}/restart", tag = "supervision", operation_id = "restart_role",
    params(("role" = String, Path, description = "Name of the role")),
    request_body(content = Option<Reason>, content_type = "application/json"),
    responses(
        (status = 200, description = "Every worker has a new instance, or has died of making it", body = CrewView),
        (status = 202, description = "The workers have been told and have not all answered yet", body = CrewView),
        (status = 404, description = "There is no such role", body = ProblemBody, content_type = "application/problem+json"),
        BodyFailures,
    )
)]
pub async fn restart(asked: Asked) -> Result<HttpResponse, Problem> {
    asked.perform(Intervention::Restart).await
}

/// Reset the breaker of a role
///
/// It is closed, and forgets the outcomes it has seen.
#[utoipa::path(
    post, path = "/v1/supervision/roles/{role}/reset-breaker", tag = "supervision", operation_id = "reset_breaker",
    params(("role" = String, Path, description = "Name of the role")),
    request_body(content = Option<Reason>, content_type = "application/json"),
    responses(
        (status = 200, description = "The breaker is closed", body = CrewView),
        (status = 202, description = "The crew has been told and has not answered yet", body = CrewView),
        (status = 404, description = "There is no such role", body = ProblemBody, content_type = "application/problem+json"),
        BodyFailures,
    )
)]
pub async fn reset_breaker(asked: Asked) -> Result<HttpResponse, Problem> {
    asked.perform(Intervention::ResetBreaker).await
}

/// Who steps in at which crew, and why.
pub struct Asked {
    desk: Data<Desk>,
    caller: Caller,
    crew: RoleCrew,
    reason: String,
    /// How long the client would wait for it to come about.
    wait: Option<Duration>,
}

impl FromRequest for Asked {
    type Error = Error;
    type Future = LocalBoxFuture<'static, Result<Self, Error>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let request = request.clone();
        let asked = <(Caller, Data<Desk>, Path<String>, Body)>::from_request(&request, payload);
        Box::pin(async move {
            let (caller, desk, role, body) = asked.await?;
            let Some(crew) = desk.house.crews.get(role.as_str()) else {
                let detail = "no pack brings this role";
                return Err(Problem::new(Kind::NotFound, "role_not_found", detail).into());
            };
            Ok(Self {
                crew: crew.clone(),
                reason: Reason::read(&request, body, &desk, REASON_DEFAULT).await?,
                wait: prefer::wait(request.headers(), desk.limits.request_wait_max),
                caller,
                desk,
            })
        })
    }
}

impl Asked {
    async fn perform(self, intervention: Intervention) -> Result<HttpResponse, Problem> {
        let Self {
            desk, caller, crew, ..
        } = &self;
        let role = crew.role();
        if changes(intervention, &crew.vitals()) {
            let details = json!({"reason": self.reason});
            let entry = caller.entry(action(intervention), role, details);
            desk.audit.record(&[entry]).await?;
            tracing::info!(role.name = role, principal = %caller.author.principal, "{}", action(intervention));
        }
        let wait = match intervention {
            Intervention::Drain => self.wait.unwrap_or(DRAIN_WAIT_DEFAULT),
            Intervention::Pause
            | Intervention::Resume
            | Intervention::Restart
            | Intervention::ResetBreaker => ANSWER_WAIT,
        };
        let cause = format!("{}: {}", caller.author.principal, self.reason);
        let done = tokio::select! {
            done = crew.intervene(intervention, &cause, wait) => done,
            () = desk.draining() => false,
        };
        let mut response = match done {
            true => HttpResponse::Ok(),
            false => HttpResponse::Accepted(),
        };
        Ok(response.json(CrewView::of(&crew.vitals())))
    }
}

/// False where the crew is already as it is asked to be.
fn changes(intervention: Intervention, crew: &CrewVitals) -> bool {
    match intervention {
        Intervention::Pause => state(crew) != CrewState::Paused,
        // Of a paused crew as well: it tells when nothing is in hand any more.
        Intervention::Drain => state(crew) != CrewState::Draining,
        Intervention::Resume => state(crew) != CrewState::Running,
        Intervention::Restart | Intervention::ResetBreaker => true,
    }
}

/// As the audit log has it.
const fn action(intervention: Intervention) -> &'static str {
    match intervention {
        Intervention::Pause => "crew.paused",
        Intervention::Drain => "crew.drained",
        Intervention::Resume => "crew.resumed",
        Intervention::Restart => "crew.restarted",
        Intervention::ResetBreaker => "crew.breaker_reset",
    }
}
