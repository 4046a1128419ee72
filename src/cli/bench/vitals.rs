//! What a process costs, as the kernel counts it.

use std::fs;

use crate::cli::failure::Failure;

/// Unit of the times in /proc/<pid>/stat: USER_HZ, which Linux fixes at 100 for programs on every common architecture.
const CLOCK_TICKS_PER_S: f64 = 100.0;
/// Fields of /proc/<pid>/stat after the command's name: utime and stime, in clock ticks.
const UTIME: usize = 11;
const STIME: usize = 12;
/// Times of all CPUs in /proc/stat: from here idle and waiting for the disk, and where the guests' begin.
const IDLE: usize = 3;
const GUEST: usize = 8;

/// One process by its number.
#[derive(Debug, Clone, Copy)]
pub struct Vitals {
    pid: u32,
}

impl Vitals {
    pub fn of(pid: u32) -> Self {
        Self { pid }
    }

    /// CPU time of all its threads so far, in seconds.
    pub fn cpu_s(self) -> Result<f64, Failure> {
        cpu_s(&self.pid.to_string())
    }

    /// Memory it holds, in KiB.
    pub fn rss_kib(self) -> Result<u64, Failure> {
        self.status("VmRSS:")
    }

    /// Most memory it has held since its start, in MiB.
    pub fn rss_mib_max(self) -> Result<f64, Failure> {
        Ok(self.status("VmHWM:")? as f64 / 1024.0)
    }

    fn status(self, name: &str) -> Result<u64, Failure> {
        let path = format!("/proc/{}/status", self.pid);
        kib(&read(&path)?, name).ok_or_else(|| Failure::Failed(format!("{path} has no {name}")))
    }
}

/// CPU time of everything on the machine so far, in seconds.
pub fn machine_cpu_s() -> Result<f64, Failure> {
    let path = "/proc/stat";
    busy(&read(path)?)
        .map(|ticks| ticks as f64 / CLOCK_TICKS_PER_S)
        .ok_or_else(|| Failure::Failed(format!("{path} has no CPU times")))
}

/// CPU time of this process so far, in seconds.
pub fn own_cpu_s() -> Result<f64, Failure> {
    cpu_s("self")
}

fn cpu_s(pid: &str) -> Result<f64, Failure> {
    let path = format!("/proc/{pid}/stat");
    ticks(&read(&path)?)
        .map(|ticks| ticks as f64 / CLOCK_TICKS_PER_S)
        .ok_or_else(|| Failure::Failed(format!("{path} has no CPU times")))
}

fn read(path: &str) -> Result<String, Failure> {
    fs::read_to_string(path).map_err(|error| Failure::Failed(format!("read {path}: {error}")))
}

fn ticks(stat: &str) -> Option<u64> {
    // The name before may hold anything, a parenthesis too.
    let (_, fields) = stat.rsplit_once(')')?;
    let fields: Vec<&str> = fields.split_whitespace().collect();
    Some(fields.get(UTIME)?.parse::<u64>().ok()? + fields.get(STIME)?.parse::<u64>().ok()?)
}

fn busy(stat: &str) -> Option<u64> {
    let times = stat.lines().next()?.strip_prefix("cpu ")?;
    let times = times.split_whitespace().map(str::parse::<u64>);
    let times: Vec<u64> = times.collect::<Result<_, _>>().ok()?;
    let idle: u64 = times.iter().skip(IDLE).take(2).sum();
    // Time of guests is in that of users already.
    Some(times.iter().take(GUEST).sum::<u64>() - idle)
}

fn kib(status: &str, name: &str) -> Option<u64> {
    let value = status.lines().find_map(|line| line.strip_prefix(name))?;
    value.trim().strip_suffix("kB")?.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cpu_time_is_found_behind_any_name() {
        assert_eq!(
            ticks("7 (a) b) S 1 7 7 0 -1 4194560 100 0 0 0 25 17 0 0 20 0"),
            Some(42)
        );
        assert_eq!(ticks("7 (a"), None);
    }

    #[test]
    fn the_machine_is_busy_with_all_that_is_not_idle() {
        assert_eq!(
            busy("cpu  1 2 4 800 900 8 16 32 64 128\ncpu0 1 2"),
            Some(63)
        );
        assert_eq!(busy("cpu0 1 2 4"), None);
    }

    #[test]
    fn memory_is_found_by_its_name() {
        let status = "Name:\tx\nVmHWM:\t  2048 kB\nVmRSS:\t 1024 kB\n";
        assert_eq!(kib(status, "VmHWM:"), Some(2_048));
        assert_eq!(kib(status, "VmRSS:"), Some(1_024));
        assert_eq!(kib("Name:\tx\n", "VmRSS:"), None);
    }

    #[test]
    fn this_process_has_used_cpu_time_and_memory() {
        let before = own_cpu_s().unwrap();
        let mut sum = 0_u64;
        while own_cpu_s().unwrap() <= before {
            sum = std::hint::black_box(sum.wrapping_add(1));
        }
        let vitals = Vitals::of(std::process::id());
        assert!(vitals.cpu_s().unwrap() > before);
        assert!(vitals.rss_kib().unwrap() > 0);
        assert!(vitals.rss_mib_max().unwrap() * 1024.0 >= vitals.rss_kib().unwrap() as f64 / 2.0);
    }
}
