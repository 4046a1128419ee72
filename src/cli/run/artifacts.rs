//! Writes what a job left behind to files.

use std::{
    collections::BTreeMap,
    fs::{self, File},
    io::Write as _,
    path::{Path, PathBuf},
};

use callboard::boot::Instance;
use callboard_orchestra::{JobId, Tenant, artifact::Artifacts};

use super::files::files;
use crate::cli::failure::{Failure, chain};

/// Writes the artifacts of `job` to files in `out`, which their names cannot leave; of several with one name the last.
pub async fn write(instance: &Instance, job: JobId, out: &Path) -> Result<Vec<PathBuf>, Failure> {
    let coordinator = &instance.house.coordinator;
    let Some(inspection) = coordinator.inspect(&Tenant::default(), job).await? else {
        return Ok(Vec::new());
    };
    let job = inspection.job;
    let hashes: BTreeMap<&str, &str> = job
        .artifacts
        .iter()
        .map(|(_, artifact)| (artifact.name.as_str(), artifact.sha256.as_str()))
        .collect();
    let mut paths = Vec::new();
    for (name, parts) in files(&job.kind, job.result(), hashes.keys().copied()) {
        let path = out.join(name);
        let failed = |why: String| {
            Failure::Failed(format!("cannot write artifact {}: {why}", path.display()))
        };
        let io_failed = |error: std::io::Error| failed(error.to_string());
        fs::create_dir_all(out).map_err(io_failed)?;
        let mut file = File::create(&path).map_err(io_failed)?;
        for part in parts {
            let missing = || failed(format!("the bytes of {part} are missing"));
            let sha256 = hashes.get(part.as_str()).ok_or_else(missing)?;
            let content = instance.store.artifacts().get(sha256).await;
            let content = content.map_err(|error| failed(chain(&error)))?;
            file.write_all(&content.ok_or_else(missing)?)
                .map_err(io_failed)?;
        }
        paths.push(path);
    }
    Ok(paths)
}
