//! Memory of this process and how much it may have, as Linux tells it.

use std::{
    fs,
    path::{Path, PathBuf},
};

const BYTES_OF_KIB: u64 = 1024;
/// A limit of control groups of version 1 that is none is a number about this large.
const NO_LIMIT_MIN: u64 = 1 << 60;

/// What the process has and may have, in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Memory {
    pub resident: u64,
    /// The least of the limits of its control groups and of the machine.
    pub limit: u64,
}

impl Memory {
    /// None where the system does not say.
    pub fn of_process() -> Option<Self> {
        Self::read(Path::new("/"))
    }

    /// As the system below `root` has it, which is `/` but in tests; None where it does not say.
    fn read(root: &Path) -> Option<Self> {
        let text = |path: &str| fs::read_to_string(root.join(path)).ok();
        let resident = kib(&text("proc/self/status")?, "VmRSS:")?;
        let machine = kib(&text("proc/meminfo")?, "MemTotal:")?;
        let groups = text("proc/self/cgroup").unwrap_or_default();
        let limits = groups.lines().flat_map(|line| limits(root, line));
        Some(Self {
            resident,
            limit: limits.fold(machine, u64::min),
        })
    }

    pub fn percent(self) -> u64 {
        self.resident.saturating_mul(100) / self.limit.max(1)
    }
}

/// The value of a line in KiB, in bytes.
fn kib(text: &str, name: &str) -> Option<u64> {
    let value = text.lines().find_map(|line| line.strip_prefix(name))?;
    let kib: u64 = value.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kib * BYTES_OF_KIB)
}

/// The limits of a control group and of those above it. A line is `0::/path` in version 2, `N:memory:/path` in version 1.
fn limits(root: &Path, line: &str) -> Vec<u64> {
    let mut parts = line.splitn(3, ':').skip(1);
    let (Some(controllers), Some(path)) = (parts.next(), parts.next()) else {
        return Vec::new();
    };
    let (mount, file) = if controllers.is_empty() {
        ("sys/fs/cgroup", "memory.max")
    } else if controllers.split(',').any(|name| name == "memory") {
        ("sys/fs/cgroup/memory", "memory.limit_in_bytes")
    } else {
        return Vec::new();
    };
    let group = PathBuf::from(path.trim_start_matches('/'));
    let limit = |group: &Path| {
        let text = fs::read_to_string(root.join(mount).join(group).join(file)).ok()?;
        let limit: u64 = text.trim().parse().ok()?;
        (limit < NO_LIMIT_MIN).then_some(limit)
    };
    group.ancestors().filter_map(limit).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const MIB: u64 = 1024 * 1024;

    /// A machine of 64 MiB on which the process has 16 MiB.
    fn machine(files: &[(&str, &str)]) -> tempfile::TempDir {
        let root = tempfile::tempdir().unwrap();
        let write = |path: &str, text: &str| {
            let path = root.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        };
        write("proc/self/status", "Name:\tx\nVmRSS:\t   16384 kB\n");
        write(
            "proc/meminfo",
            "MemTotal:          65536 kB\nMemFree: 1 kB\n",
        );
        for (path, text) in files {
            write(path, text);
        }
        root
    }

    #[test]
    fn without_control_groups_the_limit_is_the_machine() {
        let root = machine(&[]);
        let memory = Memory::read(root.path()).unwrap();
        assert_eq!((memory.resident, memory.limit), (16 * MIB, 64 * MIB));
        assert_eq!(memory.percent(), 25);
        assert_eq!(Memory::read(&root.path().join("proc")), None);
    }

    #[test]
    fn the_least_limit_of_a_group_and_those_above_it_counts() {
        let root = machine(&[
            ("proc/self/cgroup", "0::/pod/app\n"),
            ("sys/fs/cgroup/pod/app/memory.max", "max\n"),
            ("sys/fs/cgroup/pod/memory.max", "33554432\n"),
        ]);
        let memory = Memory::read(root.path()).unwrap();
        assert_eq!((memory.limit, memory.percent()), (32 * MIB, 50));
    }

    #[test]
    fn in_a_container_the_group_is_the_root_and_version_1_has_a_tree_of_its_own() {
        let root = machine(&[
            ("proc/self/cgroup", "0::/\n"),
            ("sys/fs/cgroup/memory.max", "20971520\n"),
        ]);
        assert_eq!(Memory::read(root.path()).unwrap().limit, 20 * MIB);
        let root = machine(&[
            ("proc/self/cgroup", "5:cpu:/x\n4:memory:/x\n"),
            ("sys/fs/cgroup/memory/x/memory.limit_in_bytes", "17825792"),
            (
                "sys/fs/cgroup/memory/memory.limit_in_bytes",
                "9223372036854771712",
            ),
        ]);
        assert_eq!(Memory::read(root.path()).unwrap().limit, 17 * MIB);
    }
}
