//! How often and how soon a failed attempt is tried again.

use std::time::Duration;

use serde::{Deserialize, Serialize};

/// Serde form of a `Duration` as whole milliseconds.
pub(crate) mod millis {
    use std::time::Duration;

    use serde::{Deserialize, Deserializer, Serializer};

    pub fn serialize<S: Serializer>(value: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_u64(u64::try_from(value.as_millis()).unwrap_or(u64::MAX))
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Duration, D::Error> {
        u64::deserialize(deserializer).map(Duration::from_millis)
    }
}

/// Serde form of an `Option<Duration>` as whole milliseconds.
pub(crate) mod optional_millis {
    use std::time::Duration;

    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    pub fn serialize<S: Serializer>(
        value: &Option<Duration>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        value
            .map(|d| u64::try_from(d.as_millis()).unwrap_or(u64::MAX))
            .serialize(serializer)
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Option<Duration>, D::Error> {
        Option::<u64>::deserialize(deserializer).map(|ms| ms.map(Duration::from_millis))
    }
}

/// Retries of one task: `attempts_max` attempts in all, with exponential backoff between them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct RetryPolicy {
    pub attempts_max: u32,
    #[serde(with = "millis", rename = "base_ms")]
    pub base: Duration,
    #[serde(with = "millis", rename = "max_ms")]
    pub max: Duration,
    /// After so many panics the task is poison and is not tried again.
    pub panics_max: u32,
}

impl Default for RetryPolicy {
    fn default() -> Self {
        Self {
            attempts_max: 5,
            base: Duration::from_millis(200),
            max: Duration::from_secs(30),
            panics_max: 3,
        }
    }
}

impl RetryPolicy {
    /// Delay before attempt `attempt` (2 is the first retry): `min(base * 2^(attempt-2), max)` times a jitter of
    /// 0.5 to 1.5 drawn from `seed`.
    pub fn delay(&self, attempt: u32, seed: u64) -> Duration {
        let doublings = attempt.saturating_sub(2).min(31);
        let full = self.base.saturating_mul(1 << doublings).min(self.max);
        full.mul_f64(0.5 + unit_interval(seed))
    }
}

/// A number in [0, 1) from the top 53 bits of a SplitMix64 step (Steele, Lea, Flood 2014).
fn unit_interval(seed: u64) -> f64 {
    let mut z = seed.wrapping_add(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    ((z ^ (z >> 31)) >> 11) as f64 / (1u64 << 53) as f64
}

/// What repeating a task does to the world outside, as its role declares it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EffectClass {
    /// Nothing that a second run would not do alike.
    #[default]
    Idempotent,
    /// Something that the other side does once for one idempotency key: repeated with the same key.
    Keyed,
    /// Something that must not be repeated: an attempt whose outcome is unknown waits for a person.
    Once,
}

impl EffectClass {
    pub const ALL: [Self; 3] = [Self::Idempotent, Self::Keyed, Self::Once];

    pub const fn name(self) -> &'static str {
        match self {
            Self::Idempotent => "idempotent",
            Self::Keyed => "keyed",
            Self::Once => "once",
        }
    }

    pub(crate) fn is_idempotent(&self) -> bool {
        *self == Self::Idempotent
    }
}

/// What becomes of a job when a task has used up its attempts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OnExhausted {
    /// The job fails.
    #[default]
    Fail,
    /// The job waits for an operator, who retries or cancels.
    Pause,
}

impl OnExhausted {
    pub(crate) fn is_fail(&self) -> bool {
        *self == Self::Fail
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn delays_double_up_to_the_ceiling_within_their_jitter() {
        let policy = RetryPolicy::default();
        for seed in 0..1000 {
            for (attempt, full_ms) in [
                (2, 200),
                (3, 400),
                (4, 800),
                (20, 30_000),
                (u32::MAX, 30_000),
            ] {
                let delay = policy.delay(attempt, seed);
                let full = Duration::from_millis(full_ms);
                assert!(
                    delay >= full / 2 && delay < full * 3 / 2,
                    "attempt {attempt}: {delay:?}"
                );
            }
        }
    }

    #[test]
    fn different_seeds_spread_the_delays() {
        let policy = RetryPolicy::default();
        let delays: std::collections::BTreeSet<_> =
            (0..100).map(|seed| policy.delay(2, seed)).collect();
        assert!(delays.len() > 90);
    }
}
