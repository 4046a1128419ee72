//! Input and result of `drill.fanout`.

use callboard_orchestra::{InvalidInput, Payload, admit::read_input};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub const FANOUT: &str = "drill.fanout";

const TASKS_MAX: u32 = 10_000;
const WAIT_MS_MAX: u64 = 60_000;
const SNOOZE_MS_MAX: u64 = 7 * 24 * 3_600_000;
const NOTE_BYTES_MAX: usize = 64 * 1024;
const PAYLOAD_BYTES_MAX: usize = 64 * 1024;

/// What to run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Fanout {
    /// Tasks that run side by side.
    #[schemars(range(min = 1, max = TASKS_MAX))]
    pub tasks: u32,
    /// How long each waits, in milliseconds.
    #[serde(default)]
    #[schemars(range(max = WAIT_MS_MAX))]
    pub wait_ms: u64,
    /// Size of each task's product, in bytes.
    #[serde(default)]
    #[schemars(range(max = PAYLOAD_BYTES_MAX))]
    pub payload_bytes: usize,
    /// How long each puts itself off first, in milliseconds: the job waits without anything in hand.
    #[serde(default)]
    #[schemars(range(max = SNOOZE_MS_MAX))]
    pub snooze_ms: u64,
    /// Kept with the job, and otherwise without effect.
    #[serde(default)]
    #[schemars(length(max = NOTE_BYTES_MAX))]
    pub note: String,
}

/// What it came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tally {
    pub tasks: u32,
    /// Sum of the tasks' numbers, 1 to `tasks`: shows that each was counted once.
    pub sum: u64,
}

pub(crate) fn admit(input: &Payload) -> Result<Payload, InvalidInput> {
    let fanout: Fanout = read_input(input)?;
    if !(1..=TASKS_MAX).contains(&fanout.tasks) {
        let message = format!("tasks is {}, but runs from 1 to {TASKS_MAX}", fanout.tasks);
        return Err(invalid("out_of_range", Some("tasks"), message));
    }
    if fanout.wait_ms > WAIT_MS_MAX {
        let message = format!(
            "wait_ms is {}, but is at most {WAIT_MS_MAX}",
            fanout.wait_ms
        );
        return Err(invalid("out_of_range", Some("wait_ms"), message));
    }
    if fanout.payload_bytes > PAYLOAD_BYTES_MAX {
        let message = format!(
            "payload_bytes is {}, but is at most {PAYLOAD_BYTES_MAX}",
            fanout.payload_bytes
        );
        return Err(invalid("out_of_range", Some("payload_bytes"), message));
    }
    if fanout.snooze_ms > SNOOZE_MS_MAX {
        let message = format!(
            "snooze_ms is {}, but is at most {SNOOZE_MS_MAX}",
            fanout.snooze_ms
        );
        return Err(invalid("out_of_range", Some("snooze_ms"), message));
    }
    if fanout.note.len() > NOTE_BYTES_MAX {
        let message = format!(
            "note has {} bytes, but has at most {NOTE_BYTES_MAX}",
            fanout.note.len()
        );
        return Err(invalid("out_of_range", Some("note"), message));
    }
    Ok(input.clone())
}

pub(crate) fn invalid(code: &'static str, field: Option<&str>, message: String) -> InvalidInput {
    InvalidInput {
        code,
        field: field.map(str::to_owned),
        message,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn an_input_out_of_range_names_its_field() {
        for (input, field) in [
            (json!({"tasks": 0}), "tasks"),
            (json!({"tasks": 10_001}), "tasks"),
            (json!({"tasks": 1, "wait_ms": 60_001}), "wait_ms"),
            (
                json!({"tasks": 1, "payload_bytes": 65_537}),
                "payload_bytes",
            ),
        ] {
            let refused = admit(&Payload::of(&input).unwrap()).unwrap_err();
            assert_eq!(refused.field.as_deref(), Some(field), "{input}");
        }
    }

    #[test]
    fn an_input_of_another_shape_is_refused_with_its_field() {
        for (input, field, part) in [
            (json!([3, 0, 0]), None, "a list"),
            (json!({"tasks": "3"}), Some("tasks"), "a whole number"),
            (json!({"wait_ms": 3}), Some("tasks"), "missing"),
            (json!({"tasks": 1, "waits": 3}), Some("waits"), "wait_ms?"),
        ] {
            let refused = admit(&Payload::of(&input).unwrap()).unwrap_err();
            assert_eq!(
                (refused.code, refused.field.as_deref()),
                ("invalid_input", field),
                "{input}"
            );
            assert!(refused.message.contains(part), "{input}: {refused}");
        }
    }
}
