//! One job of 1000 tasks at a time.

use super::{WARM_UP, fanout::Fanout};
use crate::cli::{
    bench::{
        child::Server,
        cost::{counted, per_1000},
        drive::one_at_a_time,
        measure::{Measure, Round},
        plan::Plan,
        site::Site,
    },
    failure::Failure,
};

const THOUSAND: Fanout = Fanout {
    tasks: 1_000,
    wait_ms: 0,
};

static P50: Measure = Measure {
    key: "job_ms_p50",
    label: "job of 1000 tasks, p50 ms",
    digits: 1,
    beside: &["fdatasync_ms_p50"],
};
static P99: Measure = Measure {
    key: "job_ms_p99",
    label: "job of 1000 tasks, p99 ms",
    digits: 1,
    beside: &["fdatasync_ms_p99"],
};
static TASKS: Measure = Measure {
    key: "tasks_per_s",
    label: "tasks/s",
    digits: 0,
    beside: &["batched_rows_per_s"],
};
static CPU: Measure = Measure {
    key: "cpu_s_per_1000_jobs",
    label: "server CPU s per 1000 jobs",
    digits: 1,
    beside: &[],
};

pub async fn round(plan: &Plan) -> Result<Round, Failure> {
    Site::with(&plan.dir, &plan.store, async |site| on(site, plan).await).await
}

async fn on(site: &Site, plan: &Plan) -> Result<Round, Failure> {
    let server = Server::start(site).await?;
    let warm = one_at_a_time(server.address, &THOUSAND, WARM_UP).await?;
    let run = one_at_a_time(server.address, &THOUSAND, plan.time);
    let (run, cost) = counted(&server, site, run).await?;
    let costs = cost.readings(&server, run.elapsed.as_secs_f64())?;
    server.stop().await?;

    let mut readings = vec![
        P50.reads(run.latency_ms(50)?),
        P99.reads(run.latency_ms(99)?),
        TASKS.reads(run.per_s()? * f64::from(THOUSAND.tasks)),
        CPU.reads(per_1000(cost.server_cpu_s, run.latencies.len())),
    ];
    readings.extend(costs);
    Ok(Round {
        readings,
        failed: warm.failed + run.failed,
    })
}
