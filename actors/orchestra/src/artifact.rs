//! Named bytes a job leaves behind, and the port that keeps them.

use std::{
    collections::HashMap,
    sync::{Arc, RwLock},
};

use futures_util::future::BoxFuture;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

/// Longest artifact name, in bytes.
pub const NAME_BYTES_MAX: usize = 128;
/// Largest artifact, in bytes.
pub const ARTIFACT_BYTES_MAX: usize = 64 * 1024 * 1024;

/// What the job knows of an artifact; the bytes lie in the store under their hash.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Artifact {
    pub name: String,
    pub media_type: String,
    pub bytes: u64,
    /// SHA-256 of the content, in hex.
    pub sha256: String,
}

#[derive(Debug, thiserror::Error)]
pub enum ArtifactError {
    #[error(
        "artifact name `{0}` must be 1 to {NAME_BYTES_MAX} of a-z 0-9 . _ - and start with a letter or digit"
    )]
    Name(String),
    #[error("artifact `{name}` has {bytes} bytes, more than {ARTIFACT_BYTES_MAX}")]
    TooLarge { name: String, bytes: usize },
    #[error("keep artifact")]
    Store(#[source] std::io::Error),
}

/// An artifact a task has made and the store does not hold yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewArtifact {
    pub artifact: Artifact,
    pub content: Arc<[u8]>,
}

impl NewArtifact {
    pub fn new(name: &str, media_type: &str, content: Vec<u8>) -> Result<Self, ArtifactError> {
        let allowed =
            |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || matches!(b, b'.' | b'_' | b'-');
        let starts_well = name
            .bytes()
            .next()
            .is_some_and(|b| b.is_ascii_lowercase() || b.is_ascii_digit());
        if !starts_well || name.len() > NAME_BYTES_MAX || !name.bytes().all(allowed) {
            return Err(ArtifactError::Name(name.to_owned()));
        }
        if content.len() > ARTIFACT_BYTES_MAX {
            return Err(ArtifactError::TooLarge {
                name: name.to_owned(),
                bytes: content.len(),
            });
        }
        let artifact = Artifact {
            name: name.to_owned(),
            media_type: media_type.to_owned(),
            bytes: content.len() as u64,
            sha256: hex::encode(Sha256::digest(&content)),
        };
        Ok(Self {
            artifact,
            content: content.into(),
        })
    }
}

/// Keeps artifact bytes by hash. `put` returns only when the bytes would survive a power loss.
pub trait Artifacts: Send + Sync + 'static {
    fn put(&self, artifact: NewArtifact) -> BoxFuture<'_, Result<(), ArtifactError>>;
    /// The bytes of a hash in hex; `None` when there are none.
    fn get<'a>(
        &'a self,
        sha256: &'a str,
    ) -> BoxFuture<'a, Result<Option<Arc<[u8]>>, ArtifactError>>;
    /// At most `len` bytes from `offset` on, fewer only where the content ends; `None` when there is none under the hash.
    /// What is read in part is not checked against its hash.
    fn read_at<'a>(
        &'a self,
        sha256: &'a str,
        offset: u64,
        len: usize,
    ) -> BoxFuture<'a, Result<Option<Vec<u8>>, ArtifactError>>;
}

/// Artifacts in memory, for jobs that need not outlive the process.
#[derive(Default)]
pub struct MemoryArtifacts {
    // A lock because readers on HTTP threads and the writing role share it; held for a map operation only.
    by_hash: RwLock<HashMap<String, Arc<[u8]>>>,
}

impl Artifacts for MemoryArtifacts {
    fn put(&self, new: NewArtifact) -> BoxFuture<'_, Result<(), ArtifactError>> {
        Box::pin(async move {
            let mut by_hash = self
                .by_hash
                .write()
                .expect("no holder of this lock can panic");
            by_hash.insert(new.artifact.sha256, new.content);
            Ok(())
        })
    }

    fn get<'a>(
        &'a self,
        sha256: &'a str,
    ) -> BoxFuture<'a, Result<Option<Arc<[u8]>>, ArtifactError>> {
        Box::pin(async move {
            let by_hash = self
                .by_hash
                .read()
                .expect("no holder of this lock can panic");
            Ok(by_hash.get(sha256).cloned())
        })
    }

    fn read_at<'a>(
        &'a self,
        sha256: &'a str,
        offset: u64,
        len: usize,
    ) -> BoxFuture<'a, Result<Option<Vec<u8>>, ArtifactError>> {
        Box::pin(async move {
            let content = self.get(sha256).await?;
            Ok(content.map(|content| {
                let start =
                    usize::try_from(offset).map_or(content.len(), |at| at.min(content.len()));
                let end = start.saturating_add(len).min(content.len());
                content[start..end].to_vec()
            }))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_cannot_leave_its_folder() {
        for name in ["", "../x", "a/b", ".hidden", "A", "x y"] {
            assert!(
                NewArtifact::new(name, "text/plain", vec![]).is_err(),
                "{name:?} passed"
            );
        }
        assert!(NewArtifact::new("growth.svg", "image/svg+xml", vec![]).is_ok());
    }

    #[test]
    fn the_hash_is_that_of_the_content() {
        let new = NewArtifact::new("a", "text/plain", b"abc".to_vec()).unwrap();
        assert_eq!(
            new.artifact.sha256,
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
        );
    }
}
