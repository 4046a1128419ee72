//! Files into a tar archive and out of it, with the hash of each taken on the way.

use std::{
    fs::{self, File},
    io::{self, Read, Write},
    path::Path,
};

use sha2::{Digest, Sha256};

use super::manifest::{Entry, MANIFEST, Manifest, may_hold};

const COPY_BYTES: usize = 256 * 1024;
const MANIFEST_BYTES_MAX: u64 = 256 * 1024 * 1024;
const MODE: u32 = 0o600;

pub struct Writer {
    tar: tar::Builder<File>,
    pub entries: Vec<Entry>,
}

impl Writer {
    pub fn create(path: &Path) -> io::Result<Self> {
        let file = File::create_new(path)?;
        Ok(Self {
            tar: tar::Builder::new(file),
            entries: Vec::new(),
        })
    }

    /// Adds a file under a name; its size must not change meanwhile.
    pub fn add(&mut self, name: &str, from: &Path) -> io::Result<()> {
        let file = File::open(from)?;
        let bytes = file.metadata()?.len();
        let mut hashing = Hashing {
            from: file,
            hash: Sha256::new(),
        };
        let mut header = header(bytes);
        self.tar.append_data(&mut header, name, &mut hashing)?;
        self.entries.push(Entry {
            path: name.to_owned(),
            bytes,
            sha256: hex::encode(hashing.hash.finalize()),
        });
        Ok(())
    }

    /// Adds the manifest as the last file and syncs the archive.
    pub fn finish(mut self, manifest: &Manifest) -> io::Result<()> {
        let text = serde_json::to_vec_pretty(manifest)?;
        let mut header = header(text.len() as u64);
        self.tar.append_data(&mut header, MANIFEST, &text[..])?;
        self.tar.into_inner()?.sync_all()
    }
}

fn header(bytes: u64) -> tar::Header {
    let mut header = tar::Header::new_gnu();
    header.set_size(bytes);
    header.set_mode(MODE);
    header
}

/// Unpacks an archive into an empty directory, syncing every file, and answers its manifest. Errors when anything is
/// missing, left over or other than the manifest says.
pub fn unpack(archive: &Path, into: &Path) -> io::Result<Manifest> {
    let mut tar = tar::Archive::new(File::open(archive)?);
    let mut entries: Vec<Entry> = Vec::new();
    let mut manifest: Option<Manifest> = None;
    for file in tar.entries()? {
        let mut file = file?;
        let name = String::from_utf8_lossy(&file.path_bytes()).into_owned();
        if manifest.is_some() {
            return Err(invalid(format!("`{name}` comes after the manifest")));
        }
        if name == MANIFEST {
            let text = io::read_to_string((&mut file).take(MANIFEST_BYTES_MAX))?;
            manifest = Some(serde_json::from_str(&text)?);
            continue;
        }
        if !may_hold(&name) || !file.header().entry_type().is_file() {
            return Err(invalid(format!("`{name}` does not belong into a backup")));
        }
        entries.push(write_out(&mut file, name, into)?);
    }
    let manifest = manifest.ok_or_else(|| invalid("it has no manifest: it is cut short".into()))?;
    for pair in manifest.files.iter().zip(&entries) {
        if pair.0 != pair.1 {
            let name = &pair.1.path;
            return Err(invalid(format!("`{name}` is not as the manifest says")));
        }
    }
    if manifest.files.len() != entries.len() {
        return Err(invalid("files are missing or left over".into()));
    }
    Ok(manifest)
}

fn write_out(file: &mut impl Read, name: String, into: &Path) -> io::Result<Entry> {
    let path = into.join(&name);
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    let mut hashing = Hashing {
        from: file,
        hash: Sha256::new(),
    };
    let mut out = File::create_new(&path)?;
    let bytes = copy(&mut hashing, &mut out)?;
    out.sync_all()?;
    Ok(Entry {
        path: name,
        bytes,
        sha256: hex::encode(hashing.hash.finalize()),
    })
}

fn copy(from: &mut impl Read, into: &mut impl Write) -> io::Result<u64> {
    let mut buffer = vec![0; COPY_BYTES];
    let mut total = 0;
    loop {
        match from.read(&mut buffer)? {
            0 => return Ok(total),
            n => {
                into.write_all(&buffer[..n])?;
                total += n as u64;
            }
        }
    }
}

struct Hashing<R> {
    from: R,
    hash: Sha256,
}

impl<R: Read> Read for Hashing<R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let n = self.from.read(into)?;
        self.hash.update(&into[..n]);
        Ok(n)
    }
}

fn invalid(why: String) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, why)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::backup::manifest::{DATABASE, FORMAT};

    fn manifest(files: Vec<Entry>) -> Manifest {
        Manifest {
            format: FORMAT,
            callboard: "0".to_owned(),
            created_at: String::new(),
            schema: "m".to_owned(),
            epoch: 1,
            jobs: 0,
            live_jobs: 0,
            files,
        }
    }

    /// An archive of a database file with this content; `spoil` may change what the manifest says.
    fn archive(dir: &Path, spoil: impl FnOnce(&mut Vec<Entry>)) -> std::path::PathBuf {
        let (source, target) = (dir.join("source"), dir.join("target.tar"));
        fs::write(&source, b"pages").unwrap();
        let mut writer = Writer::create(&target).unwrap();
        writer.add(DATABASE, &source).unwrap();
        let mut entries = writer.entries.clone();
        spoil(&mut entries);
        writer.finish(&manifest(entries)).unwrap();
        target
    }

    fn unpacked(archive: &Path) -> io::Result<Manifest> {
        let into = tempfile::tempdir().unwrap();
        unpack(archive, into.path())
    }

    #[test]
    fn what_goes_in_comes_out() {
        let dir = tempfile::tempdir().unwrap();
        let archive = archive(dir.path(), |_| {});
        let into = tempfile::tempdir().unwrap();
        let manifest = unpack(&archive, into.path()).unwrap();
        assert_eq!(manifest.files[0].bytes, 5);
        assert_eq!(fs::read(into.path().join(DATABASE)).unwrap(), b"pages");
    }

    #[test]
    fn an_archive_that_is_not_as_its_manifest_says_is_refused() {
        type Spoil = fn(&mut Vec<Entry>);
        let spoilt: [Spoil; 3] = [
            |files| files[0].sha256 = "0".repeat(64),
            |files| files.clear(),
            |files| files.push(files[0].clone()),
        ];
        for spoil in spoilt {
            let dir = tempfile::tempdir().unwrap();
            let archive = archive(dir.path(), spoil);
            let refused = unpacked(&archive).unwrap_err();
            assert_eq!(refused.kind(), io::ErrorKind::InvalidData);
        }
    }

    #[test]
    fn an_archive_that_is_cut_short_is_refused_wherever_it_is_cut() {
        let dir = tempfile::tempdir().unwrap();
        let archive = archive(dir.path(), |_| {});
        let whole = fs::read(&archive).unwrap();
        // What follows the manifest is padding.
        for cut in (0..1_536).step_by(100) {
            fs::write(&archive, &whole[..cut]).unwrap();
            assert!(unpacked(&archive).is_err(), "cut at {cut}");
        }
    }

    #[test]
    fn a_name_that_leads_elsewhere_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("evil.tar");
        let mut tar = tar::Builder::new(File::create(&path).unwrap());
        let mut header = header(1);
        header.as_gnu_mut().unwrap().name[..9].copy_from_slice(b"../escape");
        header.set_cksum();
        tar.append(&header, &b"x"[..]).unwrap();
        tar.into_inner().unwrap();
        let refused = unpacked(&path).unwrap_err();
        assert!(refused.to_string().contains("../escape"), "{refused}");
    }
}
