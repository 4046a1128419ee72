//! Names of keys, users and sessions.

pub use callboard_orchestra::id::BadId;
use callboard_orchestra::uuid_id;

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
