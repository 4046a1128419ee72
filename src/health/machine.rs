//! Disk and memory.

use std::path::{Path, PathBuf};

use super::{Finding, memory::Memory};
use crate::config::HealthConfig;

/// Below this part of the floor there may be no room for the next commit.
const FLOOR_PART: u64 = 10;
const GIB: f64 = (1024 * 1024 * 1024) as f64;

/// What the server looks at on its machine. Clones look at the same.
#[derive(Debug, Clone)]
pub struct Machine {
    pub data_dir: PathBuf,
    pub config: HealthConfig,
}

/// Free room in the file system of the data directory.
pub async fn disk(machine: &Machine) -> Finding {
    let (dir, floor) = (machine.data_dir.clone(), machine.config.disk_free_bytes_min);
    let looked = tokio::task::spawn_blocking(move || free(&dir)).await;
    match looked {
        Ok(Ok(free)) => room(free, floor),
        Ok(Err(error)) => Finding::unknown(format!("the file system does not say: {error}")),
        Err(error) => Finding::unknown(error.to_string()),
    }
}

fn free(dir: &Path) -> Result<u64, rustix::io::Errno> {
    let system = rustix::fs::statvfs(dir)?;
    Ok(system.f_bavail.saturating_mul(system.f_frsize))
}

fn room(free: u64, floor: u64) -> Finding {
    let message = format!("{:.1} GiB are free", free as f64 / GIB);
    if free >= floor {
        return Finding::well(message);
    }
    let message = format!("{message}, less than {:.1} GiB", floor as f64 / GIB);
    if free < floor / FLOOR_PART {
        Finding::unhealthy(message)
    } else {
        Finding::degraded(message)
    }
}

/// Memory of the process against what it may have.
pub fn memory(machine: &Machine) -> Finding {
    match Memory::of_process() {
        Some(memory) => used(memory, machine.config.memory_percent_max.into()),
        None => Finding::unknown("this system does not say"),
    }
}

fn used(memory: Memory, percent_max: u64) -> Finding {
    let message = format!(
        "{:.2} GiB of {:.2} GiB, {} %",
        memory.resident as f64 / GIB,
        memory.limit as f64 / GIB,
        memory.percent()
    );
    if memory.percent() < percent_max {
        Finding::well(message)
    } else {
        Finding::degraded(message)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::health::Status;

    #[test]
    fn little_room_degrades_and_hardly_any_is_unhealthy() {
        for (free, floor, status) in [
            (100, 100, Status::Healthy),
            (0, 0, Status::Healthy),
            (99, 100, Status::Degraded),
            (10, 100, Status::Degraded),
            (9, 100, Status::Unhealthy),
        ] {
            assert_eq!(room(free, floor).status, status, "{free} of {floor}");
        }
    }

    #[test]
    fn memory_near_its_limit_degrades() {
        let memory = |resident| Memory {
            resident,
            limit: 1_000,
        };
        assert_eq!(used(memory(899), 90).status, Status::Healthy);
        assert_eq!(used(memory(900), 90).status, Status::Degraded);
    }

    #[test]
    fn a_folder_that_there_is_has_some_room() {
        let dir = tempfile::tempdir().unwrap();
        assert!(free(dir.path()).unwrap() > 0);
        assert!(free(&dir.path().join("none")).is_err());
    }
}
