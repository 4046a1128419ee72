//! Folders of runs: each has a store of its own, and only the latest are kept.

use std::{
    fs::{self, File},
    io,
    path::{Path, PathBuf},
};

use uuid::Uuid;

/// Runs whose folders are kept, the new one included.
pub const RUNS_KEPT_MAX: usize = 20;
const RUNS_DIR: &str = "runs";
const RUN_PREFIX: &str = "run_";
/// Held by the process that runs in the folder.
const LOCK_FILE: &str = "lock";

/// The folder of a new run, not yet made. Removes the oldest ones beyond the bound.
pub fn fresh(data_dir: &Path) -> PathBuf {
    let runs = data_dir.join(RUNS_DIR);
    if let Err(error) = prune(&runs, RUNS_KEPT_MAX - 1) {
        tracing::warn!(error = %error, folder = %runs.display(), "old runs were not removed");
    }
    runs.join(format!("{RUN_PREFIX}{}", Uuid::now_v7().simple()))
}

/// Names sort by time, so the first are the oldest.
fn prune(runs: &Path, kept_max: usize) -> io::Result<()> {
    if !runs.exists() {
        return Ok(());
    }
    let mut folders: Vec<PathBuf> = fs::read_dir(runs)?
        .map(|entry| entry.map(|entry| entry.path()))
        .collect::<Result<_, _>>()?;
    folders.retain(|folder| {
        let name = folder.file_name().and_then(|name| name.to_str());
        name.is_some_and(|name| name.starts_with(RUN_PREFIX))
    });
    folders.sort();
    let excess = folders.len().saturating_sub(kept_max);
    folders[..excess]
        .iter()
        .try_for_each(|folder| remove_unless_held(folder))
}

fn remove_unless_held(folder: &Path) -> io::Result<()> {
    let lock = match File::open(folder.join(LOCK_FILE)) {
        Ok(lock) => Some(lock),
        Err(error) if error.kind() == io::ErrorKind::NotFound => None,
        Err(error) => return Err(error),
    };
    match lock.as_ref().map(File::try_lock) {
        Some(Err(_)) => Ok(()),
        Some(Ok(())) | None => fs::remove_dir_all(folder),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(runs: &Path, number: u32) -> PathBuf {
        let folder = runs.join(format!("{RUN_PREFIX}{number:04}"));
        fs::create_dir_all(&folder).unwrap();
        fs::write(folder.join(LOCK_FILE), "").unwrap();
        folder
    }

    #[test]
    fn the_oldest_runs_go_and_one_in_progress_stays() {
        let data_dir = tempfile::tempdir().unwrap();
        let runs = data_dir.path().join(RUNS_DIR);
        let folders: Vec<PathBuf> = (0..25).map(|number| run(&runs, number)).collect();
        fs::create_dir(runs.join("notes")).unwrap();
        let held = File::open(folders[1].join(LOCK_FILE)).unwrap();
        held.lock().unwrap();

        let next = fresh(data_dir.path());

        assert!(!next.exists() && next.starts_with(&runs));
        let left: Vec<bool> = folders.iter().map(|folder| folder.exists()).collect();
        assert_eq!(left.iter().filter(|exists| **exists).count(), RUNS_KEPT_MAX);
        assert!(!left[0] && left[1] && !left[5] && left[6], "{left:?}");
        assert!(runs.join("notes").exists());
    }

    #[test]
    fn a_data_directory_without_runs_needs_no_pruning() {
        let data_dir = tempfile::tempdir().unwrap();
        assert!(prune(&data_dir.path().join(RUNS_DIR), 1).is_ok());
    }
}
