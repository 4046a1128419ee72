//! Writes what a job left behind to files.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

use callboard::boot::Instance;
use callboard_orchestra::{JobId, Tenant, artifact::Artifacts};

use crate::cli::failure::{Failure, chain};

/// Writes every artifact of `job` under its name, which cannot leave `out`; of several with one name the last.
pub async fn write(instance: &Instance, job: JobId, out: &Path) -> Result<Vec<PathBuf>, Failure> {
    let inspection = instance
        .house
        .coordinator
        .inspect(&Tenant::default(), job)
        .await?;
    let artifacts = inspection
        .map(|inspection| inspection.job.artifacts)
        .unwrap_or_default();
    let by_name: BTreeMap<&str, &str> = artifacts
        .iter()
        .map(|(_, artifact)| (artifact.name.as_str(), artifact.sha256.as_str()))
        .collect();
    let mut paths = Vec::new();
    for (name, sha256) in by_name {
        let path = out.join(name);
        let failed = |why: String| {
            Failure::Failed(format!("cannot write artifact {}: {why}", path.display()))
        };
        let content = instance
            .store
            .artifacts()
            .get(sha256)
            .await
            .map_err(|error| failed(chain(&error)))?;
        let content = content.ok_or_else(|| failed("its bytes are missing".to_owned()))?;
        fs::create_dir_all(out)
            .and_then(|()| fs::write(&path, content))
            .map_err(|error| failed(error.to_string()))?;
        paths.push(path);
    }
    Ok(paths)
}
