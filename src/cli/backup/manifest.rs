//! The table of contents of a backup, and the names its files may have.

use serde::{Deserialize, Serialize};

/// Version of the layout; a reader refuses any other.
pub const FORMAT: u32 = 1;
pub const MANIFEST: &str = "manifest.json";
pub const DATABASE: &str = "callboard.db";
pub const ARTIFACTS: &str = "artifacts";
const HASH_HEX_LEN: usize = 64;
const SHELF_HEX_LEN: usize = 2;

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    pub format: u32,
    /// Version of the program that wrote it.
    pub callboard: String,
    /// RFC 3339; the database is as of this moment or a little later.
    pub created_at: String,
    /// The last migration of the database.
    pub schema: String,
    pub epoch: u64,
    pub jobs: u64,
    /// Jobs that go on when the backup is restored and served.
    pub live_jobs: u64,
    pub files: Vec<Entry>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// Relative, with `/` between its parts.
    pub path: String,
    pub bytes: u64,
    pub sha256: String,
}

/// Whether a backup may hold a file of this name: nothing else is ever written by a restore.
pub fn may_hold(path: &str) -> bool {
    if path == DATABASE {
        return true;
    }
    let Some((shelf, sha256)) = path
        .strip_prefix(ARTIFACTS)
        .and_then(|rest| rest.strip_prefix('/')?.split_once('/'))
    else {
        return false;
    };
    is_hash(sha256) && shelf == &sha256[..SHELF_HEX_LEN]
}

pub fn is_hash(text: &str) -> bool {
    text.len() == HASH_HEX_LEN && text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_database_and_artifacts_on_their_shelves_belong_to_a_backup() {
        let hash = "ab".repeat(32);
        assert!(may_hold(DATABASE));
        assert!(may_hold(&format!("artifacts/ab/{hash}")));
        for path in [
            "manifest.json".to_owned(),
            "/callboard.db".to_owned(),
            "../callboard.db".to_owned(),
            "lock".to_owned(),
            format!("artifacts/ac/{hash}"),
            format!("artifacts/../{hash}"),
            format!("artifacts/ab/{}", hash.to_uppercase()),
            format!("artifacts/ab/x/{hash}"),
            format!("artifacts/{hash}"),
        ] {
            assert!(!may_hold(&path), "{path}");
        }
    }
}
