//! What a process costs, as the kernel counts it.

use std::{cell::Cell, fs, time::Duration};

use tokio::time::{MissedTickBehavior, interval};

use crate::cli::failure::Failure;

/// Unit of the times in /proc/<pid>/stat: USER_HZ, which Linux fixes at 100 for programs on every common architecture.
const CLOCK_TICKS_PER_S: f64 = 100.0;
/// Fields of /proc/<pid>/stat after the command's name: utime and stime, in clock ticks.
const UTIME: usize = 11;
const STIME: usize = 12;
const POLL: Duration = Duration::from_millis(100);

pub struct Vitals {
    pid: u32,
    rss_kib_max: Cell<u64>,
}

impl Vitals {
    pub fn of(pid: u32) -> Self {
        Self {
            pid,
            rss_kib_max: Cell::new(0),
        }
    }

    /// CPU time of all its threads so far, in seconds.
    pub fn cpu_s(&self) -> Result<f64, Failure> {
        cpu_s(&self.pid.to_string())
    }

    /// Runs `work` and notes how much memory the process holds meanwhile.
    pub async fn watched<T>(&self, work: impl Future<Output = T>) -> Result<T, Failure> {
        let mut ticks = interval(POLL);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        tokio::pin!(work);
        let done = loop {
            tokio::select! {
                done = &mut work => break done,
                _ = ticks.tick() => self.poll()?,
            }
        };
        self.poll()?;
        Ok(done)
    }

    /// Most memory it held, in MiB: its own high-water mark or the most that was seen.
    pub fn rss_mib_max(&self) -> f64 {
        self.rss_kib_max.get() as f64 / 1024.0
    }

    fn poll(&self) -> Result<(), Failure> {
        let status = read(&format!("/proc/{}/status", self.pid))?;
        self.rss_kib_max
            .set(self.rss_kib_max.get().max(rss_kib(&status)));
        Ok(())
    }
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

fn rss_kib(status: &str) -> u64 {
    let field = |name: &str| {
        let value = status.lines().find_map(|line| line.strip_prefix(name))?;
        value.trim().strip_suffix("kB")?.trim().parse::<u64>().ok()
    };
    field("VmHWM:")
        .into_iter()
        .chain(field("VmRSS:"))
        .max()
        .unwrap_or(0)
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
    fn memory_is_the_larger_of_mark_and_present() {
        assert_eq!(
            rss_kib("Name:\tx\nVmHWM:\t  2048 kB\nVmRSS:\t 1024 kB\n"),
            2_048
        );
        assert_eq!(rss_kib("Name:\tx\nVmRSS:\t 1024 kB\n"), 1_024);
    }

    #[test]
    fn this_process_has_used_cpu_time() {
        let before = own_cpu_s().unwrap();
        let mut sum = 0_u64;
        while own_cpu_s().unwrap() <= before {
            sum = std::hint::black_box(sum.wrapping_add(1));
        }
        assert!(own_cpu_s().unwrap() > before);
    }
}
