//! Jobs of 4 tasks and their sum: throughput from many connections, then latency from one.

use super::{WARM_UP, fanout::FOUR};
use crate::cli::{
    bench::{
        child::Server,
        cost::{counted, per_1000},
        drive::{one_at_a_time, sustained},
        measure::{Measure, Round},
        plan::Plan,
        site::Site,
    },
    failure::Failure,
};

static RSS_IDLE: Measure = Measure {
    key: "rss_mib_idle",
    label: "server RSS when ready, MiB",
    digits: 1,
    beside: &[],
};
static JOBS: Measure = Measure {
    key: "jobs_per_s",
    label: "jobs/s",
    digits: 0,
    beside: &[
        "single_commits_per_s",
        "batched_rows_per_s",
        "hello_requests_per_s",
    ],
};
static CPU: Measure = Measure {
    key: "cpu_s_per_1000_jobs",
    label: "server CPU s per 1000 jobs",
    digits: 3,
    beside: &["hello_cpu_s_per_1000"],
};
static LOAD_P50: Measure = Measure {
    key: "load_ms_p50",
    label: "latency under load, p50 ms",
    digits: 2,
    beside: &[],
};
static LOAD_P99: Measure = Measure {
    key: "load_ms_p99",
    label: "latency under load, p99 ms",
    digits: 2,
    beside: &[],
};
static DRIVER_CPU: Measure = Measure {
    key: "driver_cpu_s_per_1000_jobs",
    label: "driver CPU s per 1000 jobs",
    digits: 3,
    beside: &["hello_driver_cpu_s_per_1000"],
};
static P50: Measure = Measure {
    key: "latency_ms_p50",
    label: "latency one at a time, p50 ms",
    digits: 2,
    beside: &["fdatasync_ms_p50", "hello_ms_p50"],
};
static P99: Measure = Measure {
    key: "latency_ms_p99",
    label: "latency one at a time, p99 ms",
    digits: 2,
    beside: &["fdatasync_ms_p99"],
};
static ALONE_CHECKPOINTS: Measure = Measure {
    key: "checkpoints_one_at_a_time",
    label: "checkpoints one at a time, at least",
    digits: 0,
    beside: &[],
};

pub async fn round(plan: &Plan) -> Result<Round, Failure> {
    Site::with(&plan.dir, &plan.store, async |site| on(site, plan).await).await
}

async fn on(site: &Site, plan: &Plan) -> Result<Round, Failure> {
    let server = Server::start(site).await?;
    let address = server.address;
    let idle_kib = server.vitals.rss_kib()?;
    let warm = sustained(address, &FOUR, plan.connections, WARM_UP).await?;
    let load = sustained(address, &FOUR, plan.connections, plan.time);
    let (load, cost) = counted(&server, site, load).await?;
    let under_load = cost.readings(&server, load.elapsed.as_secs_f64())?;
    let alone = one_at_a_time(address, &FOUR, plan.time);
    let (alone, alone_cost) = counted(&server, site, alone).await?;
    server.stop().await?;

    let jobs = load.latencies.len();
    let mut readings = vec![
        JOBS.reads(load.per_s()?),
        CPU.reads(per_1000(cost.server_cpu_s, jobs)),
        P50.reads(alone.latency_ms(50)?),
        P99.reads(alone.latency_ms(99)?),
        LOAD_P50.reads(load.latency_ms(50)?),
        LOAD_P99.reads(load.latency_ms(99)?),
        RSS_IDLE.reads(idle_kib as f64 / 1024.0),
        DRIVER_CPU.reads(per_1000(cost.driver_cpu_s, jobs)),
    ];
    readings.extend(under_load);
    readings.push(ALONE_CHECKPOINTS.reads(f64::from(alone_cost.checkpoints)));
    Ok(Round {
        readings,
        failed: warm.failed + load.failed + alone.failed,
    })
}
