//! An approval as clients see it.

use callboard_orchestra::{
    ApprovalId, JobId, Timestamp,
    journal::{ApprovalRow, ApprovalState},
};
use serde::Serialize;
use utoipa::ToSchema;

use crate::http::jobs::facts::TaskRef;

/// A task's request for a person's consent.
#[derive(Serialize, ToSchema)]
#[schema(as = Approval)]
pub struct ApprovalView {
    #[schema(value_type = String, example = "apr_019c8f0e5a7c7d0bb1a2c3d4e5f60718")]
    id: ApprovalId,
    #[schema(value_type = String)]
    job: JobId,
    task: TaskRef,
    /// What the person is asked.
    why: String,
    #[schema(value_type = ApprovalStateName, inline)]
    state: ApprovalState,
    requested_at: String,
    /// Without an answer by then the task fails.
    expires_at: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    decided_at: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    decided_by: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
}

/// The states of an approval; all but the first are final.
#[derive(ToSchema)]
#[schema(rename_all = "snake_case")]
#[expect(
    dead_code,
    reason = "names the states for the API description; a test holds it to `ApprovalState::ALL`"
)]
pub enum ApprovalStateName {
    Pending,
    Approved,
    Rejected,
    /// Nobody answered in time.
    Expired,
    /// The job ended before anyone answered.
    Withdrawn,
}

impl ApprovalView {
    pub fn of(row: &ApprovalRow) -> Self {
        Self {
            id: row.id,
            job: row.job,
            task: TaskRef::new(row.task, &row.task_name, &row.role),
            why: row.why.clone(),
            state: row.state,
            requested_at: row.requested_at.rfc3339(),
            expires_at: row.expires_at.rfc3339(),
            decided_at: row.decided_at.map(Timestamp::rfc3339),
            decided_by: row.decided_by.clone(),
            reason: row.reason.clone(),
        }
    }
}
