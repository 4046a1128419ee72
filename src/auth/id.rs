//! Names of keys, users and sessions.

use std::{fmt, str::FromStr};

use serde::{Serialize, Serializer};
use uuid::Uuid;

#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("`{text}` is not {expected}")]
pub struct BadId {
    text: String,
    expected: &'static str,
}

macro_rules! uuid_id {
    ($(#[$doc:meta])* $id:ident, $prefix:literal, $expected:literal) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $id(Uuid);

        impl $id {
            pub fn mint() -> Self {
                Self(Uuid::now_v7())
            }

            pub const fn from_uuid(uuid: Uuid) -> Self {
                Self(uuid)
            }

            pub const fn uuid(self) -> Uuid {
                self.0
            }
        }

        impl fmt::Display for $id {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!($prefix, "{}"), self.0.simple())
            }
        }

        impl FromStr for $id {
            type Err = BadId;

            fn from_str(text: &str) -> Result<Self, BadId> {
                let hex = text.strip_prefix($prefix).filter(|hex| hex.len() == 32);
                let uuid = hex.and_then(|hex| Uuid::try_parse(hex).ok());
                uuid.map(Self).ok_or_else(|| BadId {
                    text: text.to_owned(),
                    expected: $expected,
                })
            }
        }

        impl Serialize for $id {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }
    };
}

uuid_id!(
    /// Identifies an API key: `key_` and a UUIDv7 in 32 hex digits, so ids sort by time of creation.
    KeyId,
    "key_",
    "a key id such as key_0198c0de..."
);
uuid_id!(
    /// Identifies a user: `usr_` and a UUIDv7 in 32 hex digits.
    UserId,
    "usr_",
    "a user id such as usr_0198c0de..."
);
uuid_id!(
    /// Identifies a session: `ses_` and a UUIDv7 in 32 hex digits.
    SessionId,
    "ses_",
    "a session id such as ses_0198c0de..."
);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_id_reads_back_and_another_prefix_does_not() {
        let id = KeyId::mint();
        assert_eq!(id.to_string().parse(), Ok(id));
        assert!(id.to_string().parse::<UserId>().is_err());
    }
}
