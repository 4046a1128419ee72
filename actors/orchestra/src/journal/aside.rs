//! Rows of the projections beside the jobs: approvals, effects, and which artifacts a job refers to.
//!
//! They are written in the transaction of the record that changes them, and name the job they belong to.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::{
    id::{ApprovalId, EffectId, JobId, TaskId, Tenant},
    policy::EffectClass,
    time::Timestamp,
};

/// SHA-256 of an artifact's content, in hex.
pub type Sha256Hex = Arc<str>;

/// What a record changes beside its job's row. Approvals and effects replace the row of their id.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Asides {
    pub approvals: Vec<ApprovalRow>,
    pub effects: Vec<EffectRow>,
    /// Artifacts that the record's job refers to.
    pub artifacts: Vec<ArtifactRef>,
}

/// An artifact that a job refers to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ArtifactRef {
    pub sha256: Sha256Hex,
    pub bytes: u64,
}

impl Asides {
    pub fn is_empty(&self) -> bool {
        self.approvals.is_empty() && self.effects.is_empty() && self.artifacts.is_empty()
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ApprovalState {
    Pending,
    Approved,
    Rejected,
    Expired,
    /// Its job ended before anyone decided.
    Withdrawn,
}

impl ApprovalState {
    pub const ALL: [Self; 5] = [
        Self::Pending,
        Self::Approved,
        Self::Rejected,
        Self::Expired,
        Self::Withdrawn,
    ];

    pub const fn name(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Approved => "approved",
            Self::Rejected => "rejected",
            Self::Expired => "expired",
            Self::Withdrawn => "withdrawn",
        }
    }
}

/// A question to a person, and the answer.
#[derive(Debug, Clone, PartialEq)]
pub struct ApprovalRow {
    pub id: ApprovalId,
    pub job: JobId,
    pub tenant: Tenant,
    pub task: TaskId,
    pub task_name: Arc<str>,
    pub role: Arc<str>,
    pub why: String,
    pub state: ApprovalState,
    pub requested_at: Timestamp,
    pub expires_at: Timestamp,
    pub decided_at: Option<Timestamp>,
    pub decided_by: Option<String>,
    pub reason: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EffectState {
    /// Its attempt may have begun.
    Intended,
    Succeeded,
    Failed,
    /// Its attempt ended without an answer: it may or may not have happened.
    Unknown,
    /// A person has said what happened.
    Resolved,
}

impl EffectState {
    pub const ALL: [Self; 5] = [
        Self::Intended,
        Self::Succeeded,
        Self::Failed,
        Self::Unknown,
        Self::Resolved,
    ];

    pub const fn name(self) -> &'static str {
        match self {
            Self::Intended => "intended",
            Self::Succeeded => "succeeded",
            Self::Failed => "failed",
            Self::Unknown => "unknown",
            Self::Resolved => "resolved",
        }
    }
}

/// One attempt that acts outside.
#[derive(Debug, Clone, PartialEq)]
pub struct EffectRow {
    pub id: EffectId,
    pub job: JobId,
    pub tenant: Tenant,
    pub task: TaskId,
    pub task_name: Arc<str>,
    pub role: Arc<str>,
    pub attempt: u32,
    pub class: EffectClass,
    /// The idempotency key the attempt was given.
    pub key: String,
    pub state: EffectState,
    pub intended_at: Timestamp,
    pub ended_at: Option<Timestamp>,
    pub resolved_by: Option<String>,
    pub reason: Option<String>,
}

/// Which approvals to list: newest first, `before` is the last row of the page before.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ApprovalsQuery {
    pub tenant: Tenant,
    pub state: Option<ApprovalState>,
    pub job: Option<JobId>,
    pub before: Option<ApprovalId>,
    pub limit: usize,
}

/// Which effects to list: newest first, `before` is the last row of the page before.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct EffectsQuery {
    pub tenant: Tenant,
    pub state: Option<EffectState>,
    pub job: Option<JobId>,
    pub before: Option<EffectId>,
    pub limit: usize,
}
