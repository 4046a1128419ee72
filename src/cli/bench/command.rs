//! The command: rounds, limits, report.

use std::{path::PathBuf, time::Duration};

use clap::ValueEnum;

use super::{
    limit,
    plan::{Plan, Store},
    report::{Report, Section},
    table::table,
    workload::Workload,
};
use crate::cli::{failure::Failure, terminal};

#[derive(clap::Args)]
pub struct Args {
    subject: Subject,
    /// Time to measure in each phase of a run
    #[arg(long, value_name = "N", default_value = "30", value_parser = clap::value_parser!(u32).range(1..=3_600))]
    seconds: u32,
    /// Runs, each with a server and a store of its own; the median and the spread are reported
    #[arg(long, value_name = "N", default_value = "3", value_parser = clap::value_parser!(u32).range(1..=100))]
    runs: u32,
    /// Connections that submit at one time, for w1
    #[arg(long, value_name = "N", default_value = "64", value_parser = clap::value_parser!(u32).range(1..=1_000))]
    connections: u32,
    /// What the server keeps jobs in: `sqlite`, or the URL of a PostgreSQL whose role may create databases
    #[arg(long, value_name = "STORE", default_value = "sqlite")]
    store: Store,
    /// Let the server ask who calls, and send an API key with every request, for w1
    #[arg(long)]
    with_auth: bool,
    /// Where data directories are made; the system's folder for temporary files by default
    #[arg(long, value_name = "DIR")]
    dir: Option<PathBuf>,
    /// Jobs that wait, for waiting
    #[arg(long, value_name = "N", default_value = "100000", value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    jobs: u32,
    /// Starts in one run, for start
    #[arg(long, value_name = "N", default_value = "20", value_parser = clap::value_parser!(u32).range(1..=1_000))]
    starts: u32,
    /// Rows of a stream, for generate
    #[arg(long, value_name = "N", default_value = "1000000", value_parser = clap::value_parser!(u64).range(1..=100_000_000))]
    rows: u64,
    /// Print the report as one JSON object
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Clone, Copy)]
enum Subject {
    One(Workload),
    All,
    Hello,
}

impl ValueEnum for Subject {
    fn value_variants<'a>() -> &'a [Self] {
        &[
            Self::One(Workload::W1),
            Self::One(Workload::W2),
            Self::One(Workload::Parallel),
            Self::One(Workload::Start),
            Self::One(Workload::Waiting),
            Self::One(Workload::Generate),
            Self::All,
            Self::Hello,
        ]
    }

    fn to_possible_value(&self) -> Option<clap::builder::PossibleValue> {
        match self {
            Self::One(workload) => workload.to_possible_value(),
            Self::All => Some(
                clap::builder::PossibleValue::new("all").help("All of these, one after another"),
            ),
            // What HTTP costs is measured on it; of no use to anyone else.
            Self::Hello => Some(clap::builder::PossibleValue::new("hello").hide(true)),
        }
    }
}

pub async fn bench(args: Args) -> Result<(), Failure> {
    let workloads = match args.subject {
        Subject::One(workload) => vec![workload],
        Subject::All => Workload::ALL.to_vec(),
        Subject::Hello => return limit::serve_hello().await,
    };
    if args.with_auth && !matches!(args.subject, Subject::One(Workload::W1)) {
        let what = "--with-auth is for w1 alone";
        return Err(Failure::BadInput(what.to_owned()));
    }
    let plan = Plan {
        time: Duration::from_secs(u64::from(args.seconds)),
        connections: args.connections,
        jobs: args.jobs,
        starts: args.starts,
        rows: args.rows,
        store: args.store,
        with_auth: args.with_auth,
        dir: args.dir.unwrap_or_else(std::env::temp_dir),
    };
    let mut report = Report::new(&plan, args.runs);
    let measured = async {
        for workload in workloads {
            report.add(measured(workload, &plan, args.runs).await?);
        }
        Ok::<(), Failure>(())
    };
    // What is given up takes its servers and folders with it.
    tokio::select! {
        done = measured => done?,
        _ = tokio::signal::ctrl_c() => return Err(Failure::Interrupted("interrupted".to_owned())),
    }
    terminal::print(&if args.json {
        report.to_json()
    } else {
        table(&report)
    })?;
    match report.failed {
        0 => Ok(()),
        failed => Err(Failure::Failed(format!(
            "{failed} answers were wrong or missing"
        ))),
    }
}

async fn measured(workload: Workload, plan: &Plan, runs: u32) -> Result<Section, Failure> {
    let name = workload.name();
    let (mut rounds, mut limits) = (Vec::new(), Vec::new());
    for run in 1..=runs {
        if terminal::is_watched() {
            terminal::tell(&format!("{name}, run {run} of {runs}"));
        }
        limits.push(limit::measure(plan).await?);
        rounds.push(workload.round(plan).await?);
    }
    Ok(Section::of(name, &rounds, &limits))
}
