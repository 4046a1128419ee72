//! Claims, facts and their lineage. A task claims, a validator verifies or refutes, a report quotes.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::id::{FactId, TaskId};

/// A statement an executor makes of its own work, to be verified by another task.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Claim {
    pub statement: String,
    /// A number, a text or a date; numbers keep every digit.
    pub value: Value,
    /// `ratio`, `1/year`, `date`; empty for a value without one.
    pub unit: String,
    /// Where the inputs came from.
    pub source: String,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub derived_from: Vec<FactId>,
}

/// How far a claim has come.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "standing", rename_all = "snake_case")]
pub enum Standing {
    Claimed,
    Verified { by: TaskId, method: String },
    Refuted { by: TaskId, reason: String },
}

/// A claim as its job remembers it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Fact {
    pub id: FactId,
    #[serde(flatten)]
    pub claim: Claim,
    #[serde(flatten)]
    pub standing: Standing,
}

/// A fact that another task verified. Only the orchestra makes one, so a report that holds it may quote it.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(transparent)]
pub struct VerifiedFact(Arc<Fact>);

impl VerifiedFact {
    pub(crate) fn of(fact: &Arc<Fact>) -> Option<Self> {
        match fact.standing {
            Standing::Verified { .. } => Some(Self(fact.clone())),
            Standing::Claimed | Standing::Refuted { .. } => None,
        }
    }

    pub fn id(&self) -> FactId {
        self.0.id
    }

    pub fn statement(&self) -> &str {
        &self.0.claim.statement
    }

    pub fn value(&self) -> &Value {
        &self.0.claim.value
    }

    /// The value when it is a number.
    pub fn number(&self) -> Option<f64> {
        self.0.claim.value.as_f64()
    }

    pub fn unit(&self) -> &str {
        &self.0.claim.unit
    }

    pub fn source(&self) -> &str {
        &self.0.claim.source
    }

    pub fn derived_from(&self) -> &[FactId] {
        &self.0.claim.derived_from
    }
}

/// A validator's word on one claim.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "verdict", rename_all = "snake_case")]
pub enum Verdict {
    Verified { fact: FactId, method: String },
    Refuted { fact: FactId, reason: String },
}

impl Verdict {
    pub const fn fact(&self) -> FactId {
        match self {
            Self::Verified { fact, .. } | Self::Refuted { fact, .. } => *fact,
        }
    }
}
