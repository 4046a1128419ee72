//! Jobs that wait on a timer: what each holds in memory, and how long a server that was killed takes to be ready again.

use std::time::Duration;

use tokio::time::{MissedTickBehavior, interval, timeout};

use super::shelf::{INPUT_BYTES, Shelf};
use crate::cli::{
    bench::{
        child::Server,
        measure::{Measure, Round},
        plan::Plan,
        site::Site,
    },
    failure::Failure,
};

/// Time for the jobs to be planned and to fall asleep once they are accepted.
const ASLEEP_MAX: Duration = Duration::from_secs(600);
const POLL: Duration = Duration::from_millis(200);
/// Memory is read once it has stayed within this part of itself for this many looks, or after the most.
const SETTLED_WITHIN: f64 = 0.01;
const SETTLED_LOOKS: usize = 5;
const SETTLE_LOOKS_MAX: usize = 60;
const SETTLE_LOOK: Duration = Duration::from_secs(1);
const KIB: f64 = 1_024.0;

static EACH: Measure = Measure {
    key: "rss_bytes_per_job",
    label: "server RSS for each waiting job, bytes",
    digits: 0,
    beside: &[],
};
static EACH_RECOVERED: Measure = Measure {
    key: "rss_bytes_per_job_recovered",
    label: "the same after kill -9 and recovery, bytes",
    digits: 0,
    beside: &[],
};
static READY: Measure = Measure {
    key: "recovered_ready_s",
    label: "start to ready after kill -9, s",
    digits: 2,
    beside: &[],
};
static RECOVERED: Measure = Measure {
    key: "recovered_jobs_per_s",
    label: "jobs recovered/s",
    digits: 0,
    beside: &["batched_rows_per_s"],
};
static FILL: Measure = Measure {
    key: "filled_jobs_per_s",
    label: "jobs accepted/s, in batches",
    digits: 0,
    beside: &["batched_rows_per_s"],
};
static RSS_EMPTY: Measure = Measure {
    key: "rss_mib_empty",
    label: "server RSS when ready, no job, MiB",
    digits: 1,
    beside: &[],
};
static RSS_WAITING: Measure = Measure {
    key: "rss_mib_waiting",
    label: "server RSS with the waiting jobs, MiB",
    digits: 1,
    beside: &[],
};
static JOBS: Measure = Measure {
    key: "jobs",
    label: "waiting jobs",
    digits: 0,
    beside: &[],
};

pub async fn round(plan: &Plan) -> Result<Round, Failure> {
    Site::with(&plan.dir, &plan.store, async |site| on(site, plan).await).await
}

async fn on(site: &Site, plan: &Plan) -> Result<Round, Failure> {
    let server = Server::start(site).await?;
    let empty_kib = server.vitals.rss_kib()? as f64;
    let mut shelf = Shelf::open(server.address).await?;
    let filled = shelf.fill(plan.jobs).await?;
    timeout(ASLEEP_MAX, asleep(&mut shelf))
        .await
        .map_err(|_| Failure::Failed("the jobs do not come to wait in time".to_owned()))??;
    let waiting_kib = settled_kib(&server).await?;
    let waiting = shelf.waiting().await?;
    server.kill().await?;

    let server = Server::start(site).await?;
    let ready_s = server.ready_after.as_secs_f64();
    let recovered_kib = settled_kib(&server).await?;
    let mut shelf = Shelf::open(server.address).await?;
    let recovered = shelf.waiting().await?;
    shelf.require_input(INPUT_BYTES).await?;
    // An orderly end would be of no use: the store goes too.
    server.kill().await?;

    let jobs = f64::from(plan.jobs);
    let each = |kib: f64| (kib - empty_kib) * KIB / jobs;
    Ok(Round {
        readings: vec![
            EACH.reads(each(waiting_kib)),
            READY.reads(ready_s),
            EACH_RECOVERED.reads(each(recovered_kib)),
            RECOVERED.reads(jobs / ready_s),
            FILL.reads(jobs / filled.as_secs_f64()),
            RSS_EMPTY.reads(empty_kib / KIB),
            RSS_WAITING.reads(waiting_kib / KIB),
            JOBS.reads(f64::from(waiting)),
        ],
        failed: u64::from(plan.jobs.abs_diff(waiting)) + u64::from(plan.jobs.abs_diff(recovered)),
    })
}

/// Returns when no job is on its way to its timer any more.
async fn asleep(shelf: &mut Shelf) -> Result<(), Failure> {
    let mut ticks = interval(POLL);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    while shelf.is_any_active().await? {
        ticks.tick().await;
    }
    Ok(())
}

async fn settled_kib(server: &Server) -> Result<f64, Failure> {
    let mut ticks = interval(SETTLE_LOOK);
    let mut seen: Vec<f64> = Vec::new();
    loop {
        ticks.tick().await;
        seen.push(server.vitals.rss_kib()? as f64);
        if is_settled(&seen) || seen.len() >= SETTLE_LOOKS_MAX {
            return Ok(seen[seen.len() - 1]);
        }
    }
}

fn is_settled(seen: &[f64]) -> bool {
    let Some(last) = seen.len().checked_sub(SETTLED_LOOKS) else {
        return false;
    };
    let now = seen[seen.len() - 1];
    seen[last..]
        .iter()
        .all(|kib| (kib - now).abs() <= now * SETTLED_WITHIN)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_has_settled_when_it_stays_nearly_the_same() {
        assert!(!is_settled(&[100.0; SETTLED_LOOKS - 1]));
        assert!(is_settled(&[100.0; SETTLED_LOOKS]));
        assert!(!is_settled(&[90.0, 100.0, 100.0, 100.0, 100.0]));
        assert!(is_settled(&[50.0, 100.5, 100.0, 100.0, 100.0, 100.0]));
    }
}
