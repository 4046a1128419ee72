//! A small file system of its own, where the test may mount one.

use std::{
    path::{Path, PathBuf},
    process::Command,
};

pub struct Volume(PathBuf);

impl Volume {
    /// Mounts an empty one at `at`; None, with the reason on stderr, where that is not allowed.
    pub fn mount(at: &Path, mebibytes: u32) -> Option<Self> {
        std::fs::create_dir_all(at).unwrap();
        let size = format!("size={mebibytes}m");
        let mounted = Command::new("mount")
            .args(["-t", "tmpfs", "-o", &size, "tmpfs"])
            .arg(at)
            .output();
        match mounted {
            Ok(output) if output.status.success() => Some(Self(at.to_owned())),
            Ok(output) => {
                let why = String::from_utf8_lossy(&output.stderr);
                eprintln!("skipped: no file system can be mounted: {}", why.trim());
                None
            }
            Err(error) => {
                eprintln!("skipped: mount cannot be run: {error}");
                None
            }
        }
    }

    /// No file of it may be open for writing.
    pub fn make_read_only(&self) {
        let remounted = Command::new("mount")
            .args(["-o", "remount,ro"])
            .arg(&self.0)
            .status();
        assert!(remounted.unwrap().success());
    }
}

impl Drop for Volume {
    fn drop(&mut self) {
        // Lazy: a server that a failed test left behind must not keep the rest from being cleaned up.
        let _ = Command::new("umount").arg("-l").arg(&self.0).status();
    }
}
