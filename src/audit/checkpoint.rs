//! A signed statement of where the chain of a tenant stood.

use callboard_orchestra::Timestamp;
use serde::{Deserialize, Serialize};

use super::{
    hash::canonical,
    key::{KeyBody, SigningKey},
};

const CHECKPOINT_TAG: &str = "callboard.audit.checkpoint.v1\n";

/// Why a checkpoint was made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CheckpointKind {
    /// Enough was recorded, enough time has passed, or the server stopped.
    Regular,
    /// This record and all before it were removed; the rest follows its hash.
    Pruned,
}

impl CheckpointKind {
    pub const fn name(self) -> &'static str {
        match self {
            Self::Regular => "regular",
            Self::Pruned => "pruned",
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CheckpointBody {
    pub at: String,
    /// Records of the chain so far, those removed included.
    pub count: u64,
    /// Hash of the record at `seq`.
    pub hash: String,
    /// Id of the key that signs.
    pub key: String,
    pub kind: CheckpointKind,
    pub seq: u64,
    pub tenant: String,
}

/// A statement with its signature.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Checkpoint {
    pub checkpoint: CheckpointBody,
    pub signature: String,
}

impl Checkpoint {
    /// Signs that the record at `seq` of a tenant has this hash.
    pub fn sign(
        key: &SigningKey,
        kind: CheckpointKind,
        tenant: &str,
        seq: u64,
        hash: &str,
        at: Timestamp,
    ) -> Self {
        let checkpoint = CheckpointBody {
            at: at.rfc3339(),
            count: seq,
            hash: hash.to_owned(),
            key: key.id().to_owned(),
            kind,
            seq,
            tenant: tenant.to_owned(),
        };
        let signature = key.sign(CHECKPOINT_TAG, &canonical(&checkpoint));
        Self {
            checkpoint,
            signature,
        }
    }

    pub fn is_signed_by(&self, key: &KeyBody) -> bool {
        let text = canonical(&self.checkpoint);
        self.checkpoint.key == key.id && key.signed(CHECKPOINT_TAG, &text, &self.signature)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audit::GENESIS;

    #[test]
    fn a_checkpoint_that_was_changed_is_not_signed() {
        let at = Timestamp::from_millis(7);
        let key = SigningKey::generate().unwrap();
        let public = key.announced(&key, at).key;
        let kind = CheckpointKind::Regular;
        let made = Checkpoint::sign(&key, kind, "default", 3, GENESIS, at);
        assert!(made.is_signed_by(&public));
        let mut changed = made.clone();
        changed.checkpoint.seq = 2;
        assert!(!changed.is_signed_by(&public));
        let mut changed = made;
        changed.signature.replace_range(..1, "?");
        assert!(!changed.is_signed_by(&public));
    }
}
