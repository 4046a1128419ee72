//! The workloads.

use std::time::Duration;

use clap::ValueEnum;

use super::{
    child::Server,
    drive::{Fanout, Run, one_at_a_time, sustained},
    report::{Report, median_ms},
    vitals::own_cpu_s,
};
use crate::cli::{failure::Failure, terminal};

/// Time before measuring starts.
const WARM_UP: Duration = Duration::from_secs(1);
/// Part of the time that goes to one-at-a-time latency under `w1`, and its bounds.
const LATENCY_SHARE: u32 = 4;
const W2_TASKS: u32 = 1_000;
const PARALLEL_TASKS: u32 = 4;
const PARALLEL_WAIT_MS: u64 = 200;

#[derive(clap::Args)]
pub struct Args {
    workload: Workload,
    /// Time to measure
    #[arg(long, value_name = "N", default_value = "10", value_parser = clap::value_parser!(u32).range(1..=3_600))]
    seconds: u32,
    /// Connections that submit at one time, for w1
    #[arg(long, value_name = "N", default_value = "64", value_parser = clap::value_parser!(u32).range(1..=1_000))]
    connections: u32,
    /// Print the figures as one JSON object
    #[arg(long)]
    json: bool,
}

#[derive(Clone, Copy, ValueEnum)]
enum Workload {
    /// Jobs of 4 tasks and their sum, from many connections at one time, then one at a time
    W1,
    /// One job of 1000 tasks at a time
    W2,
    /// Jobs of 4 tasks that wait 200 ms against jobs of one such task
    Parallel,
}

pub async fn bench(args: Args) -> Result<(), Failure> {
    let server = Server::start().await?;
    let measured = match args.workload {
        Workload::W1 => w1(&server, &args).await,
        Workload::W2 => w2(&server, &args).await,
        Workload::Parallel => parallel(&server, &args).await,
    };
    let stopped = server.stop().await;
    let report = measured?;
    stopped?;
    terminal::print(&if args.json {
        report.to_json()
    } else {
        report.to_table()
    })?;
    match report.failed {
        0 => Ok(()),
        failed => Err(Failure::Failed(format!(
            "{failed} answers were wrong or missing"
        ))),
    }
}

fn seconds(args: &Args) -> Duration {
    Duration::from_secs(u64::from(args.seconds))
}

async fn w1(server: &Server, args: &Args) -> Result<Report, Failure> {
    let fanout = Fanout {
        tasks: 4,
        wait_ms: 0,
    };
    let warm = sustained(server.address, fanout, args.connections, WARM_UP).await?;
    let before = (server.vitals.cpu_s()?, own_cpu_s()?);
    let load = server
        .vitals
        .watched(sustained(
            server.address,
            fanout,
            args.connections,
            seconds(args),
        ))
        .await??;
    let cpu = (server.vitals.cpu_s()? - before.0, own_cpu_s()? - before.1);
    let alone = one_at_a_time(server.address, fanout, seconds(args) / LATENCY_SHARE).await?;
    let failed = warm.failed + load.failed + alone.failed;
    Ok(Report {
        connections: args.connections,
        failed,
        ..Report::of("w1", &load, &alone, cpu, server)?
    })
}

async fn w2(server: &Server, args: &Args) -> Result<Report, Failure> {
    let fanout = Fanout {
        tasks: W2_TASKS,
        wait_ms: 0,
    };
    let warm = one_at_a_time(server.address, fanout, WARM_UP).await?;
    let before = (server.vitals.cpu_s()?, own_cpu_s()?);
    let run = server
        .vitals
        .watched(one_at_a_time(server.address, fanout, seconds(args)))
        .await??;
    let cpu = (server.vitals.cpu_s()? - before.0, own_cpu_s()? - before.1);
    Ok(Report {
        failed: warm.failed + run.failed,
        ..Report::of("w2", &run, &run, cpu, server)?
    })
}

async fn parallel(server: &Server, args: &Args) -> Result<Report, Failure> {
    let [one, four] = [1, PARALLEL_TASKS].map(|tasks| Fanout {
        tasks,
        wait_ms: PARALLEL_WAIT_MS,
    });
    let warm = one_at_a_time(
        server.address,
        Fanout {
            tasks: PARALLEL_TASKS,
            wait_ms: 0,
        },
        WARM_UP,
    )
    .await?;
    let before = (server.vitals.cpu_s()?, own_cpu_s()?);
    let both = async {
        let single = one_at_a_time(server.address, one, seconds(args) / 2).await?;
        let fanned = one_at_a_time(server.address, four, seconds(args) / 2).await?;
        Ok::<(Run, Run), Failure>((single, fanned))
    };
    let (single, fanned) = server.vitals.watched(both).await??;
    let cpu = (server.vitals.cpu_s()? - before.0, own_cpu_s()? - before.1);
    let (one_ms, four_ms) = (median_ms(&single.latencies), median_ms(&fanned.latencies));
    let failed = warm.failed + single.failed + fanned.failed;
    let all = Run::joined(single, fanned);
    let mut report = Report {
        failed,
        ..Report::of("parallel", &all, &all, cpu, server)?
    };
    (report.one_ms, report.four_ms) = (one_ms, four_ms);
    report.ratio = one_ms.zip(four_ms).map(|(one, four)| four / one);
    Ok(report)
}
