//! What a phase of a workload costs, beside what it yields.

use super::{
    child::Server,
    measure::{Measure, Reading},
    site::Site,
    vitals::{machine_cpu_s, own_cpu_s},
    wal::Wal,
};
use crate::cli::failure::Failure;

/// During one phase.
#[derive(Debug, Clone, Copy)]
pub struct Cost {
    pub server_cpu_s: f64,
    /// Of this process, which drives the server on the same machine.
    pub driver_cpu_s: f64,
    /// Of everything else on the machine, the kernel's own work included.
    pub other_cpu_s: f64,
    pub checkpoints: u32,
}

/// Does `work` and counts what it takes.
pub async fn counted<T>(
    server: &Server,
    site: &Site,
    work: impl Future<Output = Result<T, Failure>>,
) -> Result<(T, Cost), Failure> {
    let wal = Wal::of(site);
    let times = || Ok::<_, Failure>((server.vitals.cpu_s()?, own_cpu_s()?, machine_cpu_s()?));
    let before = times()?;
    let done = tokio::select! {
        done = work => done?,
        never = wal.watch() => match never {},
    };
    let after = times()?;
    let (server_cpu_s, driver_cpu_s) = (after.0 - before.0, after.1 - before.1);
    let cost = Cost {
        server_cpu_s,
        driver_cpu_s,
        // The clocks tick apart.
        other_cpu_s: (after.2 - before.2 - server_cpu_s - driver_cpu_s).max(0.0),
        checkpoints: wal.checkpoints(),
    };
    Ok((done, cost))
}

const PER_JOBS: f64 = 1_000.0;

/// For a number of `of`.
pub fn per_1000(cpu_s: f64, of: usize) -> f64 {
    cpu_s / of as f64 * PER_JOBS
}

pub static CHECKPOINTS: Measure = Measure {
    key: "checkpoints",
    label: "checkpoints, at least",
    digits: 0,
    beside: &[],
};
pub static DRIVER_CORES: Measure = Measure {
    key: "driver_cpu_cores",
    label: "driver CPU, cores",
    digits: 2,
    beside: &[],
};
pub static OTHER_CORES: Measure = Measure {
    key: "other_cpu_cores",
    label: "CPU of all others, cores",
    digits: 2,
    beside: &[],
};
pub static RSS_MIB_MAX: Measure = Measure {
    key: "rss_mib_max",
    label: "server RSS, most MiB",
    digits: 1,
    beside: &[],
};

impl Cost {
    /// What stands below the figures of every workload.
    pub fn readings(self, server: &Server, elapsed_s: f64) -> Result<[Reading; 4], Failure> {
        Ok([
            RSS_MIB_MAX.reads(server.vitals.rss_mib_max()?),
            DRIVER_CORES.reads(self.driver_cpu_s / elapsed_s),
            OTHER_CORES.reads(self.other_cpu_s / elapsed_s),
            CHECKPOINTS.reads(f64::from(self.checkpoints)),
        ])
    }
}
