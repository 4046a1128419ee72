//! Artifacts in a folder, each under the SHA-256 of its content: `ab/ab12...`.
//!
//! A file appears whole or not at all: it is written beside, synced, renamed, and its folder synced. What is read whole
//! is checked against its name, so that decay on disk is an error and never an answer.

use std::{
    fs::{self, File},
    io::{self, ErrorKind, Read, Seek, SeekFrom, Write},
    path::{Path, PathBuf},
    sync::Arc,
};

use callboard_orchestra::artifact::{ArtifactError, Artifacts, NewArtifact};
use futures_util::future::BoxFuture;
use sha2::{Digest, Sha256};
use uuid::Uuid;

/// Where files are written before they get their names. Emptied when the store opens.
const UNFINISHED_DIR: &str = "tmp";
/// What is written to see whether it can be.
const PROBE: &[u8] = b"callboard";
const HASH_HEX_LEN: usize = 64;
const SHELF_HEX_LEN: usize = 2;

/// Keeps artifacts under one folder.
#[derive(Debug)]
pub struct DirArtifacts {
    dir: PathBuf,
}

impl DirArtifacts {
    pub(super) fn open(dir: &Path) -> io::Result<Self> {
        let unfinished = dir.join(UNFINISHED_DIR);
        fs::create_dir_all(&unfinished)?;
        for left_over in fs::read_dir(&unfinished)? {
            fs::remove_file(left_over?.path())?;
        }
        // All shelves at once, so that `put` need not wonder whether the entry of its shelf is on disk.
        for shelf in 0..=u8::MAX {
            fs::create_dir_all(dir.join(format!("{shelf:02x}")))?;
        }
        sync_dir(dir)?;
        Ok(Self {
            dir: dir.to_owned(),
        })
    }

    /// Whether the folder is there.
    pub(super) fn is_there(&self) -> io::Result<()> {
        fs::metadata(self.unfinished()).map(drop)
    }

    /// Writes a file, syncs it and removes it, as far as `put` would go before the file gets its name.
    pub(super) async fn probe(&self) -> io::Result<()> {
        let unfinished = self.unfinished().join(Uuid::now_v7().simple().to_string());
        let written = tokio::task::spawn_blocking(move || {
            let written = write_synced(&unfinished, PROBE);
            fs::remove_file(&unfinished).and(written)
        });
        written.await.map_err(io::Error::other)?
    }

    /// The folders that files lie in.
    pub(super) fn shelves(&self) -> impl Iterator<Item = PathBuf> {
        (0..=u8::MAX).map(|shelf| self.dir.join(format!("{shelf:02x}")))
    }

    /// Where files lie that have no name.
    pub(super) fn unfinished(&self) -> PathBuf {
        self.dir.join(UNFINISHED_DIR)
    }

    fn shelf(&self, sha256: &str) -> io::Result<PathBuf> {
        let is_hash = sha256.len() == HASH_HEX_LEN
            && sha256
                .bytes()
                .all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
        if !is_hash {
            return Err(io::Error::new(
                ErrorKind::InvalidInput,
                format!("`{sha256}` is no SHA-256 in hex"),
            ));
        }
        Ok(self.dir.join(&sha256[..SHELF_HEX_LEN]))
    }
}

impl Artifacts for DirArtifacts {
    fn put(&self, new: NewArtifact) -> BoxFuture<'_, Result<(), ArtifactError>> {
        Box::pin(async move {
            let shelf = self
                .shelf(&new.artifact.sha256)
                .map_err(ArtifactError::Store)?;
            let unfinished = self
                .dir
                .join(UNFINISHED_DIR)
                .join(Uuid::now_v7().simple().to_string());
            blocking(move || write(&new, &shelf, &unfinished)).await
        })
    }

    fn get<'a>(
        &'a self,
        sha256: &'a str,
    ) -> BoxFuture<'a, Result<Option<Arc<[u8]>>, ArtifactError>> {
        Box::pin(async move {
            let path = self
                .shelf(sha256)
                .map_err(ArtifactError::Store)?
                .join(sha256);
            let sha256 = sha256.to_owned();
            blocking(move || read(&path, &sha256)).await
        })
    }

    fn read_at<'a>(
        &'a self,
        sha256: &'a str,
        offset: u64,
        len: usize,
    ) -> BoxFuture<'a, Result<Option<Vec<u8>>, ArtifactError>> {
        Box::pin(async move {
            let path = self
                .shelf(sha256)
                .map_err(ArtifactError::Store)?
                .join(sha256);
            blocking(move || read_at(&path, offset, len)).await
        })
    }
}

async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> io::Result<T> + Send + 'static,
) -> Result<T, ArtifactError> {
    let done = tokio::task::spawn_blocking(work).await;
    done.unwrap_or_else(|error| Err(io::Error::other(error)))
        .map_err(ArtifactError::Store)
}

fn write(new: &NewArtifact, shelf: &Path, unfinished: &Path) -> io::Result<()> {
    check(&new.content, &new.artifact.sha256)?;
    let written = write_synced(unfinished, &new.content)
        .and_then(|()| fs::rename(unfinished, shelf.join(&new.artifact.sha256)));
    if written.is_err() {
        // The failure that is reported is the one above; what is left over goes when the store opens.
        let _ = fs::remove_file(unfinished);
    }
    written?;
    sync_dir(shelf)
}

fn write_synced(path: &Path, content: &[u8]) -> io::Result<()> {
    let mut file = File::create_new(path)?;
    file.write_all(content)?;
    file.sync_all()
}

fn sync_dir(dir: &Path) -> io::Result<()> {
    File::open(dir)?.sync_all()
}

fn read(path: &Path, sha256: &str) -> io::Result<Option<Arc<[u8]>>> {
    let content = match fs::read(path) {
        Ok(content) => content,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error),
    };
    check(&content, sha256)?;
    Ok(Some(content.into()))
}

fn read_at(path: &Path, offset: u64, len: usize) -> io::Result<Option<Vec<u8>>> {
    let mut file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error),
    };
    file.seek(SeekFrom::Start(offset))?;
    let mut piece = Vec::with_capacity(len);
    file.take(len as u64).read_to_end(&mut piece)?;
    Ok(Some(piece))
}

fn check(content: &[u8], sha256: &str) -> io::Result<()> {
    let actual = hex::encode(Sha256::digest(content));
    if actual == sha256 {
        return Ok(());
    }
    Err(io::Error::new(
        ErrorKind::InvalidData,
        format!("content of artifact {sha256} has the hash {actual}"),
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn new(content: &[u8]) -> NewArtifact {
        NewArtifact::new("a.txt", "text/plain", content.to_vec()).unwrap()
    }

    fn path_of(dir: &Path, sha256: &str) -> PathBuf {
        dir.join(&sha256[..2]).join(sha256)
    }

    #[tokio::test]
    async fn a_probe_leaves_nothing_and_fails_where_nothing_can_be_written() {
        let dir = tempfile::tempdir().unwrap();
        let artifacts = DirArtifacts::open(dir.path()).unwrap();
        artifacts.probe().await.unwrap();
        assert_eq!(fs::read_dir(artifacts.unfinished()).unwrap().count(), 0);
        fs::remove_dir(artifacts.unfinished()).unwrap();
        assert!(artifacts.probe().await.is_err() && artifacts.is_there().is_err());
    }

    #[tokio::test]
    async fn what_was_put_is_read_back_also_after_reopening() {
        let dir = tempfile::tempdir().unwrap();
        let artifact = new(b"growth");
        let artifacts = DirArtifacts::open(dir.path()).unwrap();
        assert!(
            artifacts
                .get(&artifact.artifact.sha256)
                .await
                .unwrap()
                .is_none()
        );
        artifacts.put(artifact.clone()).await.unwrap();
        artifacts.put(artifact.clone()).await.unwrap();

        let reopened = DirArtifacts::open(dir.path()).unwrap();
        assert_eq!(
            &*reopened
                .get(&artifact.artifact.sha256)
                .await
                .unwrap()
                .unwrap(),
            b"growth"
        );
        assert_eq!(
            fs::read_dir(dir.path().join(UNFINISHED_DIR))
                .unwrap()
                .count(),
            0
        );
    }

    #[tokio::test]
    async fn a_part_is_read_from_where_it_lies_and_ends_with_the_content() {
        let dir = tempfile::tempdir().unwrap();
        let artifacts = DirArtifacts::open(dir.path()).unwrap();
        let artifact = new(b"growth");
        let sha256 = artifact.artifact.sha256.clone();
        assert_eq!(artifacts.read_at(&sha256, 0, 3).await.unwrap(), None);
        artifacts.put(artifact).await.unwrap();
        for (offset, len, part) in [
            (0, 6, b"growth".as_slice()),
            (2, 3, b"owt"),
            (4, 100, b"th"),
            (6, 1, b""),
            (u64::from(u32::MAX), 1, b""),
        ] {
            let read = artifacts.read_at(&sha256, offset, len).await.unwrap();
            assert_eq!(read.as_deref(), Some(part), "{offset} {len}");
        }
    }

    #[tokio::test]
    async fn decayed_content_is_an_error_and_putting_it_again_heals() {
        let dir = tempfile::tempdir().unwrap();
        let artifacts = DirArtifacts::open(dir.path()).unwrap();
        let artifact = new(b"growth");
        artifacts.put(artifact.clone()).await.unwrap();
        fs::write(path_of(dir.path(), &artifact.artifact.sha256), b"grow").unwrap();
        assert!(artifacts.get(&artifact.artifact.sha256).await.is_err());
        artifacts.put(artifact.clone()).await.unwrap();
        assert!(
            artifacts
                .get(&artifact.artifact.sha256)
                .await
                .unwrap()
                .is_some()
        );
    }

    #[tokio::test]
    async fn a_name_that_is_no_hash_never_reaches_the_disk() {
        let dir = tempfile::tempdir().unwrap();
        let artifacts = DirArtifacts::open(dir.path()).unwrap();
        for name in [
            "",
            "../../etc/passwd",
            "ab",
            &"A".repeat(64),
            &format!("../{}", "a".repeat(61)),
        ] {
            assert!(
                matches!(artifacts.get(name).await, Err(ArtifactError::Store(_))),
                "{name:?}"
            );
            let mut forged = new(b"x");
            forged.artifact.sha256 = name.to_owned();
            assert!(
                matches!(artifacts.put(forged).await, Err(ArtifactError::Store(_))),
                "{name:?}"
            );
        }
    }

    #[tokio::test]
    async fn content_under_the_hash_of_another_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        let artifacts = DirArtifacts::open(dir.path()).unwrap();
        let mut forged = new(b"x");
        forged.artifact.sha256 = new(b"y").artifact.sha256;
        assert!(artifacts.put(forged).await.is_err());
        assert!(
            artifacts
                .get(&new(b"y").artifact.sha256)
                .await
                .unwrap()
                .is_none()
        );
    }

    #[tokio::test]
    async fn unfinished_files_are_swept_at_opening() {
        let dir = tempfile::tempdir().unwrap();
        DirArtifacts::open(dir.path()).unwrap();
        let left_over = dir.path().join(UNFINISHED_DIR).join("half");
        fs::write(&left_over, b"h").unwrap();
        DirArtifacts::open(dir.path()).unwrap();
        assert!(!left_over.exists());
    }
}
