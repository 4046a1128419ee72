//! Who owns the data directory: an exclusive lock of the operating system, which ends with the process however it ends.

use std::{
    fs::{self, File, OpenOptions, TryLockError},
    io::{self, Read, Seek, Write},
    path::Path,
};

use callboard_orchestra::time::Timestamp;

use super::StoreError;

const LOCK_FILE: &str = "lock";
const HOST_NAME: &str = "/proc/sys/kernel/hostname";
/// The text in the file is for people; more than this is not ours.
const OWNER_BYTES_MAX: u64 = 256;

/// Held for as long as the store is open.
pub struct OwnerLock {
    file: File,
    owner: String,
}

impl OwnerLock {
    pub fn acquire(data_dir: &Path) -> Result<Self, StoreError> {
        let path = data_dir.join(LOCK_FILE);
        let failed = |source: io::Error| StoreError::DataDir {
            path: path.clone(),
            source,
        };
        let mut file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(&path)
            .map_err(failed)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                let owner = read_owner(&mut file).unwrap_or_else(|| "another process".to_owned());
                return Err(StoreError::Owned {
                    data_dir: data_dir.to_owned(),
                    owner,
                });
            }
            Err(TryLockError::Error(source)) => return Err(failed(source)),
        }
        let owner = format!(
            "process {} since {}",
            std::process::id(),
            Timestamp::now().rfc3339()
        );
        write_owner(&mut file, &owner).map_err(failed)?;
        Ok(Self { file, owner })
    }

    /// Who this process is. A database may be shared by machines, so it also hears which this is.
    pub fn owner_for(&self, shared: bool) -> String {
        let machine = shared.then(|| fs::read_to_string(HOST_NAME).ok()).flatten();
        match machine.as_deref().map(str::trim) {
            Some(machine) if !machine.is_empty() => format!("{} on {machine}", self.owner),
            Some(_) | None => self.owner.clone(),
        }
    }

    pub fn release(&self) -> io::Result<()> {
        self.file.unlock()
    }
}

fn write_owner(file: &mut File, owner: &str) -> io::Result<()> {
    file.set_len(0)?;
    file.rewind()?;
    writeln!(file, "{owner}")
}

fn read_owner(file: &mut File) -> Option<String> {
    let mut text = String::new();
    file.take(OWNER_BYTES_MAX).read_to_string(&mut text).ok()?;
    let text = text.trim();
    (!text.is_empty()).then(|| text.to_owned())
}
