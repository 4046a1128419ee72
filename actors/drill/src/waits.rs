//! Inputs of `drill.approval` and `drill.signal`: jobs that wait for a person or a word from outside.

use callboard_orchestra::{InvalidInput, Payload, admit::read_input, submission::is_signal_name};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::fanout::invalid;

pub const APPROVAL: &str = "drill.approval";
pub const SIGNAL: &str = "drill.signal";

/// A job whose one task goes on when a person approves.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AskApproval {
    /// What the person is asked.
    pub why: String,
    /// How long the answer may take, in milliseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub within_ms: Option<u64>,
}

/// A job whose one task goes on when a signal has come.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AwaitSignal {
    /// Name of the signal.
    pub name: String,
    /// How long it may take, in milliseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub within_ms: Option<u64>,
}

pub(crate) fn admit_approval(input: &Payload) -> Result<Payload, InvalidInput> {
    let AskApproval { why, .. } = read_input(input)?;
    if why.trim().is_empty() {
        let message = "why must say what the person is asked".to_owned();
        return Err(invalid("out_of_range", Some("why"), message));
    }
    Ok(input.clone())
}

pub(crate) fn admit_signal(input: &Payload) -> Result<Payload, InvalidInput> {
    let AwaitSignal { name, .. } = read_input(input)?;
    if !is_signal_name(&name) {
        let message = format!("`{name}` is no name of a signal");
        return Err(invalid("out_of_range", Some("name"), message));
    }
    Ok(input.clone())
}
