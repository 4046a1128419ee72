//! `callboard backup FILE`

use std::{
    fs::{self, File},
    io,
    path::{Path, PathBuf},
};

use callboard::boot::store_spec;
use callboard::store::{self, BackupError, Census};
use callboard_orchestra::Timestamp;

use super::{
    archive::Writer,
    manifest::{ARTIFACTS, DATABASE, FORMAT, Manifest, is_hash},
};
use crate::cli::{
    failure::{Failure, chain},
    settings::Settings,
    terminal,
};

#[derive(clap::Args)]
pub struct BackupArgs {
    /// The file to write; it must not exist
    file: PathBuf,
    #[command(flatten)]
    settings: Settings,
}

/// Writes a backup beside a running server, or without one. The file appears whole or not at all.
pub async fn backup(args: BackupArgs) -> Result<(), Failure> {
    let spec = store_spec(&args.settings.load([])?).await?;
    let data_dir = spec.data_dir.clone();
    let file = args.file;
    if file.exists() {
        let exists = format!("{} exists; a backup overwrites nothing", file.display());
        return Err(Failure::BadInput(exists));
    }
    let folder = match file.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder.to_owned(),
        _ => PathBuf::from("."),
    };
    let failed = |error: io::Error| Failure::Failed(format!("write {}: {error}", file.display()));
    let workshop = tempfile::Builder::new()
        .prefix(".callboard-backup-")
        .tempdir_in(&folder)
        .map_err(failed)?;
    let created_at = Timestamp::now().rfc3339();
    let copy = workshop.path().join(DATABASE);
    store::copy_store(&spec, &copy).await?;
    let census = store::take_census(&copy).await?;

    let (unfinished, artifacts) = (workshop.path().join("backup"), data_dir.join(ARTIFACTS));
    let summary = summary(&census);
    let packing = tokio::task::spawn_blocking(move || {
        pack(&copy, &artifacts, &unfinished, census, created_at).map(|files| (unfinished, files))
    });
    let (unfinished, files) = packing.await.map_err(io::Error::other)?.map_err(failed)?;
    // A link refuses what exists, a rename would replace it.
    fs::hard_link(&unfinished, &file)
        .and_then(|()| File::open(&folder)?.sync_all())
        .map_err(failed)?;
    let bytes = fs::metadata(&file).map_err(failed)?.len();
    terminal::print(&format!(
        "{}: {summary}, {} artifacts, {bytes} bytes",
        file.display(),
        files - 1
    ))
}

pub fn summary(census: &Census) -> String {
    let Census {
        jobs, live_jobs, ..
    } = census;
    format!("{jobs} jobs, {live_jobs} of them live")
}

/// Answers how many files there are. Artifacts are listed after the database was copied: whatever it names was on disk
/// before it was committed.
fn pack(
    copy: &Path,
    artifacts: &Path,
    into: &Path,
    census: Census,
    created_at: String,
) -> io::Result<usize> {
    let mut writer = Writer::create(into)?;
    writer.add(DATABASE, copy)?;
    for (name, path) in artifact_files(artifacts)? {
        match writer.add(&name, &path) {
            // Swept meanwhile: nothing that is kept refers to it.
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            added => added?,
        }
    }
    let files = writer.entries.clone();
    let count = files.len();
    writer.finish(&Manifest {
        format: FORMAT,
        callboard: env!("CARGO_PKG_VERSION").to_owned(),
        created_at,
        schema: census.schema,
        epoch: census.epoch,
        jobs: census.jobs,
        live_jobs: census.live_jobs,
        files,
    })?;
    Ok(count)
}

/// Name in the archive and path of each artifact, in order.
fn artifact_files(artifacts: &Path) -> io::Result<Vec<(String, PathBuf)>> {
    let mut found = Vec::new();
    let shelves = match fs::read_dir(artifacts) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(found),
        shelves => shelves?,
    };
    for shelf in shelves {
        let shelf = shelf?.path();
        if !shelf.is_dir() {
            continue;
        }
        for file in fs::read_dir(&shelf)? {
            let file = file?;
            let sha256 = file.file_name().to_string_lossy().into_owned();
            if is_hash(&sha256) && shelf.ends_with(&sha256[..2]) {
                let name = format!("{ARTIFACTS}/{}/{sha256}", &sha256[..2]);
                found.push((name, file.path()));
            }
        }
    }
    found.sort();
    Ok(found)
}

impl From<BackupError> for Failure {
    fn from(error: BackupError) -> Self {
        match error {
            BackupError::NoDatabase { .. } | BackupError::Moved { .. } => {
                Self::BadInput(chain(&error))
            }
            BackupError::Store(error) => error.into(),
            error => Self::Failed(chain(&error)),
        }
    }
}
