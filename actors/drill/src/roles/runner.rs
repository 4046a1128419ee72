//! Runs one errand: waits, and brings back its number.

use std::{rc::Rc, time::Duration};

use callboard_orchestra::{Outcome, Role, RoleContext, RoleProfile, Timestamp};
use serde::{Deserialize, Serialize};

/// One task of a fan-out.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub struct Errand {
    pub number: u32,
    #[serde(default, skip_serializing_if = "is_zero")]
    pub wait_ms: u64,
    #[serde(default, skip_serializing_if = "is_empty")]
    pub payload_bytes: usize,
    #[serde(default, skip_serializing_if = "is_zero")]
    pub snooze_ms: u64,
}

fn is_zero(wait_ms: &u64) -> bool {
    *wait_ms == 0
}

fn is_empty(payload_bytes: &usize) -> bool {
    *payload_bytes == 0
}

/// What an errand brings back.
#[derive(Debug, Serialize, Deserialize)]
pub struct Trophy {
    pub number: u32,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub payload: String,
}

pub struct Runner;

impl Role for Runner {
    const NAME: &'static str = "drill.runner";
    type Task = Errand;
    type Product = Trophy;

    async fn perform(self: Rc<Self>, errand: Errand, ctx: RoleContext) -> Outcome<Trophy> {
        if errand.snooze_ms > 0 && ctx.snoozes() == 0 {
            let until = Timestamp::now().plus(Duration::from_millis(errand.snooze_ms));
            return Outcome::Snooze { until };
        }
        if errand.wait_ms > 0 {
            tokio::time::sleep(Duration::from_millis(errand.wait_ms)).await;
        }
        Outcome::Done(Trophy {
            number: errand.number,
            payload: "x".repeat(errand.payload_bytes),
        })
    }

    fn profile() -> RoleProfile {
        RoleProfile {
            workers: 2,
            concurrency: 32,
            pure: true,
            ..RoleProfile::default()
        }
    }
}
