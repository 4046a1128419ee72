//! `callboard restore FILE`

use std::{
    fs::{self, File},
    io,
    path::{Path, PathBuf},
};

use callboard::store;

use super::{
    archive::unpack,
    manifest::{ARTIFACTS, DATABASE, FORMAT, Manifest},
    save::summary,
};
use crate::cli::{failure::Failure, settings::Settings, terminal};

#[derive(clap::Args)]
pub struct RestoreArgs {
    /// The backup to read
    file: PathBuf,
    #[command(flatten)]
    settings: Settings,
}

/// Makes a data directory of a backup. The directory must not exist or be empty; it appears whole or not at all.
pub async fn restore(args: RestoreArgs) -> Result<(), Failure> {
    let data_dir = args.settings.load([])?.store.data_dir;
    refuse_occupied(&data_dir)?;
    let folder = match data_dir.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder.to_owned(),
        _ => PathBuf::from("."),
    };
    let failed =
        |error: io::Error| Failure::Failed(format!("restore into {}: {error}", data_dir.display()));
    fs::create_dir_all(&folder).map_err(failed)?;
    let workshop = tempfile::Builder::new()
        .prefix(".callboard-restore-")
        .tempdir_in(&folder)
        .map_err(failed)?;
    let (file, staging) = (args.file.clone(), workshop.path().join("data"));
    let unpacking = tokio::task::spawn_blocking(move || {
        let manifest = unpack_whole(&file, &staging)?;
        Ok::<_, io::Error>((manifest, staging))
    });
    let unpacked = unpacking.await.map_err(io::Error::other)?;
    let (manifest, staging) = unpacked
        .map_err(|error| Failure::Failed(format!("backup {}: {error}", args.file.display())))?;
    let census = store::take_census(&staging.join(DATABASE)).await?;
    if (census.jobs, census.epoch) != (manifest.jobs, manifest.epoch) {
        let other = "the database is not the one that the manifest tells of";
        return Err(Failure::Failed(other.to_owned()));
    }
    if data_dir.exists() {
        fs::remove_dir(&data_dir).map_err(failed)?;
    }
    fs::rename(&staging, &data_dir)
        .and_then(|()| File::open(&folder)?.sync_all())
        .map_err(failed)?;
    terminal::print(&format!(
        "{}: {}, as of {}",
        data_dir.display(),
        summary(&census),
        manifest.created_at
    ))
}

fn refuse_occupied(data_dir: &Path) -> Result<(), Failure> {
    let occupied = match fs::read_dir(data_dir) {
        Ok(mut entries) => entries.next().is_some(),
        Err(error) if error.kind() == io::ErrorKind::NotFound => false,
        Err(error) => {
            let why = format!("cannot use data directory {}: {error}", data_dir.display());
            return Err(Failure::Failed(why));
        }
    };
    if occupied {
        let occupied = format!(
            "{} is not empty; a restore overwrites nothing",
            data_dir.display()
        );
        return Err(Failure::BadInput(occupied));
    }
    Ok(())
}

fn unpack_whole(file: &Path, staging: &Path) -> io::Result<Manifest> {
    fs::create_dir(staging)?;
    let manifest = unpack(file, staging)?;
    if manifest.format != FORMAT {
        let format = manifest.format;
        let newer = format!("it has format {format}, this release reads {FORMAT}");
        return Err(io::Error::new(io::ErrorKind::InvalidData, newer));
    }
    if !staging.join(DATABASE).is_file() {
        let none = "it has no database";
        return Err(io::Error::new(io::ErrorKind::InvalidData, none));
    }
    let artifacts = staging.join(ARTIFACTS);
    if artifacts.is_dir() {
        for shelf in fs::read_dir(&artifacts)? {
            File::open(shelf?.path())?.sync_all()?;
        }
        File::open(&artifacts)?.sync_all()?;
    }
    File::open(staging)?.sync_all()?;
    Ok(manifest)
}
