//! An entry of the effect ledger as clients see it.

use callboard_orchestra::{
    EffectClass, EffectId, JobId, Timestamp,
    journal::{EffectRow, EffectState},
};
use serde::Serialize;
use utoipa::ToSchema;

use crate::http::jobs::facts::TaskRef;

/// An attempt that acts outside.
#[derive(Serialize, ToSchema)]
#[schema(as = Effect)]
pub struct EffectView {
    #[schema(value_type = String, example = "eff_019c8f0e5a7c7d0bb1a2c3d4e5f60718")]
    id: EffectId,
    #[schema(value_type = String)]
    job: JobId,
    task: TaskRef,
    attempt: u32,
    #[schema(value_type = EffectClassName, inline)]
    class: EffectClass,
    /// The idempotency key that the attempt was given.
    key: String,
    #[schema(value_type = EffectStateName, inline)]
    state: EffectState,
    intended_at: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    ended_at: Option<String>,
    /// Who found out about an unknown outcome.
    #[serde(skip_serializing_if = "Option::is_none")]
    resolved_by: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
}

/// What a repetition does outside.
#[derive(ToSchema)]
#[schema(rename_all = "snake_case")]
#[expect(dead_code, reason = "names the classes for the API description")]
pub enum EffectClassName {
    Idempotent,
    /// The same under the same key.
    Keyed,
    /// It must not be repeated.
    Once,
}

/// The states of an effect.
#[derive(ToSchema)]
#[schema(rename_all = "snake_case")]
#[expect(
    dead_code,
    reason = "names the states for the API description; a test holds it to `EffectState::ALL`"
)]
pub enum EffectStateName {
    /// The attempt may have begun.
    Intended,
    Succeeded,
    Failed,
    /// The attempt ended without an answer: it may or may not have happened.
    Unknown,
    /// A person has said what happened.
    Resolved,
}

impl EffectView {
    pub fn of(row: &EffectRow) -> Self {
        Self {
            id: row.id,
            job: row.job,
            task: TaskRef::new(row.task, &row.task_name, &row.role),
            attempt: row.attempt,
            class: row.class,
            key: row.key.clone(),
            state: row.state,
            intended_at: row.intended_at.rfc3339(),
            ended_at: row.ended_at.map(Timestamp::rfc3339),
            resolved_by: row.resolved_by.clone(),
            reason: row.reason.clone(),
        }
    }
}
