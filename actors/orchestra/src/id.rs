//! Names of things: jobs, tasks, facts, tenants.

use std::{fmt, str::FromStr, sync::Arc};

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use uuid::Uuid;

use crate::time::Timestamp;

/// What the text of a job id begins with.
pub const JOB_PREFIX: &str = "job_";
const FACT_PREFIX: &str = "fact_";
/// What the text of an approval's id begins with.
pub const APPROVAL_PREFIX: &str = "apr_";
/// What the text of an effect's id begins with.
pub const EFFECT_PREFIX: &str = "eff_";

#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("`{text}` is not {expected}")]
pub struct BadId {
    text: String,
    expected: &'static str,
}

impl BadId {
    /// `expected` says what the text should have been: `a job id such as job_0198c0de...`.
    pub fn new(text: &str, expected: &'static str) -> Self {
        Self {
            text: text.to_owned(),
            expected,
        }
    }
}

/// Makes an id of a UUID that is written as 32 hex digits behind a prefix.
#[macro_export]
macro_rules! uuid_id {
    ($(#[$doc:meta])* $id:ident, $prefix:expr, $expected:literal) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $id(::uuid::Uuid);

        impl $id {
            pub fn mint() -> Self {
                Self(::uuid::Uuid::now_v7())
            }

            pub const fn from_uuid(uuid: ::uuid::Uuid) -> Self {
                Self(uuid)
            }

            pub const fn uuid(self) -> ::uuid::Uuid {
                self.0
            }
        }

        impl ::std::fmt::Display for $id {
            fn fmt(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
                write!(f, "{}{}", $prefix, self.0.simple())
            }
        }

        impl ::std::str::FromStr for $id {
            type Err = $crate::id::BadId;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                let hex = text.strip_prefix($prefix).filter(|hex| hex.len() == 32);
                let uuid = hex.and_then(|hex| ::uuid::Uuid::try_parse(hex).ok());
                uuid.map(Self)
                    .ok_or_else(|| $crate::id::BadId::new(text, $expected))
            }
        }

        impl ::serde::Serialize for $id {
            fn serialize<S: ::serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<'de> ::serde::Deserialize<'de> for $id {
            fn deserialize<D: ::serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = <String as ::serde::Deserialize>::deserialize(deserializer)?;
                text.parse().map_err(::serde::de::Error::custom)
            }
        }
    };
}

uuid_id!(
    /// Identifies a job: `job_` and a UUIDv7 in 32 hex digits, so ids sort by time of creation.
    JobId,
    JOB_PREFIX,
    "a job id such as job_0198c0de..."
);
uuid_id!(
    /// Identifies an approval: `apr_` and a UUIDv7 in 32 hex digits, so ids sort by time of creation.
    ApprovalId,
    APPROVAL_PREFIX,
    "an approval id such as apr_0198c0de..."
);
uuid_id!(
    /// Identifies an effect: `eff_` and a UUIDv7 in 32 hex digits, so ids sort by time of creation.
    EffectId,
    EFFECT_PREFIX,
    "an effect id such as eff_0198c0de..."
);

/// A UUIDv7 of the command's instant and seed: deciding stays free of clock and randomness of its own.
fn drawn(at: Timestamp, seed: u64, job: JobId) -> Uuid {
    let mut random = [0; 10];
    random[..8].copy_from_slice(&seed.to_be_bytes());
    random[8..].copy_from_slice(&job.0.as_bytes()[14..]);
    let millis = u64::try_from(at.millis()).unwrap_or(0);
    uuid::Builder::from_unix_timestamp_millis(millis, &random).into_uuid()
}

impl ApprovalId {
    pub(crate) fn draw(at: Timestamp, seed: u64, job: JobId) -> Self {
        Self(drawn(at, seed, job))
    }
}

impl EffectId {
    pub(crate) fn draw(at: Timestamp, seed: u64, job: JobId) -> Self {
        Self(drawn(at, seed, job))
    }
}

/// Position of a task in its job. Task 0 is the planning task.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct TaskId(pub u32);

impl TaskId {
    pub const PLAN: Self = Self(0);

    pub const fn index(self) -> usize {
        self.0 as usize
    }
}

impl fmt::Display for TaskId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}

/// Identifies a fact within its job: the task that claimed it and which of that task's claims it is (`fact_3.1`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FactId {
    pub task: TaskId,
    pub index: u32,
}

impl fmt::Display for FactId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{FACT_PREFIX}{}.{}", self.task, self.index)
    }
}

impl FromStr for FactId {
    type Err = BadId;

    fn from_str(text: &str) -> Result<Self, BadId> {
        let bad = || BadId::new(text, "a fact id such as fact_3.1");
        let (task, index) = text
            .strip_prefix(FACT_PREFIX)
            .and_then(|rest| rest.split_once('.'))
            .ok_or_else(bad)?;
        Ok(Self {
            task: TaskId(task.parse().map_err(|_| bad())?),
            index: index.parse().map_err(|_| bad())?,
        })
    }
}

impl Serialize for FactId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for FactId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?
            .parse()
            .map_err(de::Error::custom)
    }
}

/// Whose job it is. Every row, stream and queue share belongs to one tenant.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Tenant(Arc<str>);

impl Tenant {
    pub fn new(name: impl Into<Arc<str>>) -> Self {
        Self(name.into())
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Default for Tenant {
    fn default() -> Self {
        Self::new("default")
    }
}

impl fmt::Display for Tenant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_job_id_reads_back_from_its_text() {
        let id = JobId::mint();
        assert_eq!(id.to_string().parse(), Ok(id));
    }

    #[test]
    fn a_job_id_without_its_prefix_is_refused() {
        let bare = JobId::mint().uuid().simple().to_string();
        assert!(bare.parse::<JobId>().is_err());
        assert!("job_42".parse::<JobId>().is_err());
    }

    #[test]
    fn a_fact_id_names_its_task_and_claim() {
        let id = FactId {
            task: TaskId(3),
            index: 1,
        };
        assert_eq!(id.to_string(), "fact_3.1");
        assert_eq!("fact_3.1".parse(), Ok(id));
        assert!("fact_3".parse::<FactId>().is_err());
    }
}
