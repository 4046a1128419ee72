//! Artifacts that no job refers to. A file from before references were kept stays: nobody knows who refers to it.

use std::{
    fs, io,
    path::Path,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use callboard_orchestra::{journal::JournalError, time::Timestamp};
use sea_orm::DatabaseConnection;

use super::rows::unreferenced;
use crate::store::{DirArtifacts, commit::failed};

/// Removes loose artifacts put after `since`, in seconds, and longer ago than `kept`; answers how many.
pub async fn sweep(
    artifacts: &DirArtifacts,
    readers: &DatabaseConnection,
    since: i64,
    now: Timestamp,
    kept: Duration,
) -> Result<u64, JournalError> {
    let operation = "sweep artifacts";
    let put_after = UNIX_EPOCH + Duration::from_secs(since.unsigned_abs());
    let put_before = UNIX_EPOCH + Duration::from_millis(now.millis().unsigned_abs());
    let put_before = put_before.checked_sub(kept).unwrap_or(UNIX_EPOCH);
    let is_due = move |put: SystemTime| put >= put_after && put < put_before;
    let mut swept = 0;
    for shelf in artifacts.shelves() {
        let listed = shelf.clone();
        let due = blocking(move || due_in(&listed, is_due)).await;
        let due = due.map_err(failed(operation))?;
        if due.is_empty() {
            continue;
        }
        let loose = unreferenced(readers, &due).await?;
        let unfinished = artifacts.unfinished();
        let removed = blocking(move || {
            let mut removed = 0;
            for hash in &loose {
                removed += u64::from(remove(&shelf.join(hash), &unfinished.join(hash), is_due)?);
            }
            Ok(removed)
        });
        swept += removed.await.map_err(failed(operation))?;
    }
    Ok(swept)
}

async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> io::Result<T> + Send + 'static,
) -> io::Result<T> {
    let done = tokio::task::spawn_blocking(work).await;
    done.unwrap_or_else(|error| Err(io::Error::other(error)))
}

fn due_in(shelf: &Path, is_due: impl Fn(SystemTime) -> bool) -> io::Result<Vec<String>> {
    let mut due = Vec::new();
    for entry in fs::read_dir(shelf)? {
        let entry = entry?;
        if is_due(entry.metadata()?.modified()?) {
            due.extend(entry.file_name().into_string().ok());
        }
    }
    Ok(due)
}

/// Taken from its place before its time is read once more: whoever puts the same content meanwhile puts a new file.
fn remove(file: &Path, aside: &Path, is_due: impl Fn(SystemTime) -> bool) -> io::Result<bool> {
    fs::rename(file, aside)?;
    if is_due(fs::metadata(aside)?.modified()?) {
        fs::remove_file(aside)?;
        return Ok(true);
    }
    fs::rename(aside, file)?;
    Ok(false)
}
