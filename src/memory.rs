//! How much memory the process may have: what its control group allows, in either version of control groups.

use std::{
    fs,
    path::{Path, PathBuf},
};

const CONTROL_GROUPS: &str = "/sys/fs/cgroup";
const MEMBERSHIP: &str = "/proc/self/cgroup";
/// Version 1 says "no limit" with the largest multiple of a page; no machine has as much.
const UNLIMITED_FROM: u64 = 1 << 60;

/// Bytes that the process may have; the tightest bound of its group and those above it, None without one.
pub fn limit_bytes() -> Option<u64> {
    let membership = fs::read_to_string(MEMBERSHIP).ok()?;
    limit_below(Path::new(CONTROL_GROUPS), &membership)
}

fn limit_below(root: &Path, membership: &str) -> Option<u64> {
    let groups = membership.lines().filter_map(|line| {
        let (_, rest) = line.split_once(':')?;
        let (controllers, path) = rest.split_once(':')?;
        let path = path.trim_start_matches('/');
        match controllers {
            "" => Some((root.to_owned(), path, "memory.max")),
            list if list.split(',').any(|name| name == "memory") => {
                Some((root.join("memory"), path, "memory.limit_in_bytes"))
            }
            _ => None,
        }
    });
    groups
        .flat_map(|(top, path, file)| {
            let within: Vec<PathBuf> = Path::new(path)
                .ancestors()
                .map(|group| top.join(group).join(file))
                .collect();
            within
        })
        .filter_map(|file| fs::read_to_string(file).ok()?.trim().parse().ok())
        .filter(|limit| *limit < UNLIMITED_FROM)
        .min()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn write(root: &Path, file: &str, text: &str) {
        let file = root.join(file);
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(file, text).unwrap();
    }

    #[test]
    fn the_tightest_bound_of_the_group_and_those_above_holds() {
        let root = tempfile::tempdir().unwrap();
        write(root.path(), "pod/memory.max", "4096\n");
        write(root.path(), "pod/server/memory.max", "8192\n");
        assert_eq!(limit_below(root.path(), "0::/pod/server\n"), Some(4_096));
        assert_eq!(limit_below(root.path(), "0::/pod\n"), Some(4_096));
    }

    #[test]
    fn a_group_without_a_bound_has_none() {
        let root = tempfile::tempdir().unwrap();
        write(root.path(), "memory.max", "max\n");
        assert_eq!(limit_below(root.path(), "0::/\n"), None);
        assert_eq!(limit_below(root.path(), "nonsense"), None);
    }

    #[test]
    fn version_1_has_a_tree_for_memory_and_a_number_for_no_bound() {
        let root = tempfile::tempdir().unwrap();
        write(
            root.path(),
            "memory/memory.limit_in_bytes",
            "9223372036854771712\n",
        );
        let membership = "8:pids:/x\n4:cpu,memory:/x\n";
        assert_eq!(limit_below(root.path(), membership), None);
        write(root.path(), "memory/x/memory.limit_in_bytes", "1048576\n");
        assert_eq!(limit_below(root.path(), membership), Some(1_048_576));
    }
}
