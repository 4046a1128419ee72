//! The machine that is measured, for whoever compares reports.

use std::{fs, path::Path, thread};

use serde::Serialize;

#[derive(Debug, Serialize)]
pub struct Machine {
    pub cpus: usize,
    pub cpu: String,
    pub kernel: String,
    /// Of the data directories. On tmpfs a sync costs nothing and no figure means much.
    pub filesystem: String,
}

impl Machine {
    /// `dir` is where data directories lie. What the kernel does not tell is `unknown`.
    pub fn around(dir: &Path) -> Self {
        let read = |path: &str| fs::read_to_string(path).unwrap_or_default();
        let dir = fs::canonicalize(dir).unwrap_or_else(|_| dir.to_owned());
        let known = |found: Option<String>| found.unwrap_or_else(|| "unknown".to_owned());
        Self {
            cpus: thread::available_parallelism().map_or(1, usize::from),
            cpu: known(model(&read("/proc/cpuinfo"))),
            kernel: known(
                read("/proc/sys/kernel/osrelease")
                    .lines()
                    .next()
                    .map(str::to_owned),
            ),
            filesystem: known(filesystem(&read("/proc/self/mounts"), &dir)),
        }
    }
}

fn model(cpuinfo: &str) -> Option<String> {
    let line = cpuinfo
        .lines()
        .find(|line| line.starts_with("model name"))?;
    Some(line.split_once(':')?.1.trim().to_owned())
}

/// Type of the file system whose mount point is the longest above `dir`.
fn filesystem(mounts: &str, dir: &Path) -> Option<String> {
    let mounts = mounts.lines().filter_map(|line| {
        let mut fields = line.split(' ').skip(1);
        Some((fields.next()?, fields.next()?))
    });
    mounts
        .filter(|(point, _)| dir.starts_with(point))
        // The last of equals covers those before it.
        .max_by_key(|(point, _)| point.len())
        .map(|(_, kind)| kind.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_mount_tells_the_file_system() {
        let mounts = "/dev/a / ext4 rw 0 0\ntmpfs /tmp tmpfs rw 0 0\n/dev/b /tmp/disk xfs rw 0 0\n";
        let of = |dir: &str| filesystem(mounts, Path::new(dir)).unwrap();
        assert_eq!(of("/var/tmp"), "ext4");
        assert_eq!(of("/tmp/x"), "tmpfs");
        assert_eq!(of("/tmp/disk/y"), "xfs");
        assert_eq!(of("/tmpfiles"), "ext4");
        assert_eq!(filesystem("", Path::new("/")), None);
    }

    #[test]
    fn the_processor_is_named_by_its_model() {
        assert_eq!(
            model("processor\t: 0\nmodel name\t: X 1\n").as_deref(),
            Some("X 1")
        );
        assert_eq!(model("processor\t: 0\n"), None);
    }
}
