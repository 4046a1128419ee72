//! Where each chain was signed last, in a file beside the key.
//!
//! A chain that does not contain its anchor is not the one that was signed, whatever the database says. The file is written
//! before the checkpoint that it is about, so it is never behind a checkpoint.

use std::{
    collections::BTreeMap,
    fs, io,
    path::{Path, PathBuf},
};

use serde::{Deserialize, Serialize};

use super::{file::replace, hash::canonical};

/// A line of some 200 bytes for each tenant.
const FILE_BYTES_MAX: u64 = 256 * 1024 * 1024;

#[derive(Debug, thiserror::Error)]
pub enum AnchorsError {
    #[error("cannot use the file {}, which says where chains were signed last", path.display())]
    File { path: PathBuf, source: io::Error },
    #[error("the file {} does not say where chains were signed last", path.display())]
    Form { path: PathBuf },
}

/// A record that was signed, or is about to be.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Anchor {
    pub hash: String,
    pub seq: u64,
}

/// The anchors of all tenants.
#[derive(Debug, Clone, Default)]
pub struct Anchors {
    /// None keeps them in memory.
    path: Option<PathBuf>,
    of: BTreeMap<String, Anchor>,
}

impl Anchors {
    /// Those in the file; none when it is not there. Errors when it cannot be read or written.
    pub fn open(path: &Path) -> Result<Self, AnchorsError> {
        let failed = |source| AnchorsError::File {
            path: path.to_owned(),
            source,
        };
        let form = || AnchorsError::Form {
            path: path.to_owned(),
        };
        let text = match fs::metadata(path) {
            Ok(metadata) if metadata.len() > FILE_BYTES_MAX => return Err(form()),
            Ok(_) => fs::read_to_string(path).map_err(failed)?,
            Err(error) if error.kind() == io::ErrorKind::NotFound => "{}".to_owned(),
            Err(error) => return Err(failed(error)),
        };
        let anchors = Self {
            path: Some(path.to_owned()),
            of: serde_json::from_str(&text).map_err(|_| form())?,
        };
        anchors.write()?;
        Ok(anchors)
    }

    pub fn of(&self, tenant: &str) -> Option<&Anchor> {
        self.of.get(tenant)
    }

    pub fn tenants(&self) -> impl Iterator<Item = &str> {
        self.of.keys().map(String::as_str)
    }

    /// Moves the anchor of a tenant, if the record comes after it.
    pub fn advance(&mut self, tenant: &str, seq: u64, hash: &str) {
        if self.of(tenant).is_none_or(|known| known.seq < seq) {
            let hash = hash.to_owned();
            self.of.insert(tenant.to_owned(), Anchor { hash, seq });
        }
    }

    /// Writes the file; on a disk, for whoever returns from here.
    pub fn write(&self) -> Result<(), AnchorsError> {
        let Some(path) = &self.path else {
            return Ok(());
        };
        replace(path, &canonical(&self.of)).map_err(|source| AnchorsError::File {
            path: path.clone(),
            source,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn anchors_are_read_as_they_were_written_and_only_move_on() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("key.anchors");
        let mut anchors = Anchors::open(&path).unwrap();
        anchors.advance("acme", 7, "aa");
        anchors.advance("acme", 5, "bb");
        anchors.write().unwrap();
        let read = Anchors::open(&path).unwrap();
        let hash = "aa".to_owned();
        assert_eq!(read.of("acme"), Some(&Anchor { hash, seq: 7 }));
        assert_eq!(read.tenants().collect::<Vec<_>>(), ["acme"]);
        fs::write(&path, "something else").unwrap();
        assert!(matches!(
            Anchors::open(&path),
            Err(AnchorsError::Form { .. })
        ));
    }
}
