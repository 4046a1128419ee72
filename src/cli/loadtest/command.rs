//! The command: stock, drive, judge, report, compare.

use std::{
    fs,
    net::SocketAddr,
    path::{Path, PathBuf},
    time::Duration,
};

use callboard_orchestra::Timestamp;
use reqwest::Url;

use super::{
    compare::regressions,
    criteria::{Limits, ms},
    drive::{Schedule, drive, lost},
    exchange::Pool,
    page::page,
    profile::Profile,
    questions::Questions,
    report::Report,
    stock::stock,
    summary,
};
use crate::cli::{bench::machine::Machine, claim::patience, client, failure::Failure, terminal};

/// A saved report has no more bytes than this.
const BASELINE_BYTES_MAX: u64 = 16 * 1024 * 1024;

#[derive(clap::Args)]
pub struct Args {
    /// How much is asked
    #[arg(long)]
    profile: Profile,
    /// The server to load, over plain HTTP
    #[arg(long, value_name = "URL", default_value = "http://127.0.0.1:7070")]
    url: String,
    /// File with the API key to send; without it the key in the environment variable CALLBOARD_KEY, if there is one
    #[arg(long, value_name = "FILE")]
    key_file: Option<PathBuf>,
    /// Time to measure
    #[arg(long, value_name = "TIME", default_value = "60s", value_parser = patience)]
    duration: Duration,
    /// Time to load before measuring
    #[arg(long, value_name = "TIME", default_value = "10s", value_parser = patience)]
    warm_up: Duration,
    /// Jobs to run to their end first, so that reads and lists meet a store of some size; at least 100
    #[arg(long, value_name = "N", default_value = "100", value_parser = clap::value_parser!(u32).range(0..=10_000_000))]
    jobs: u32,
    /// Requests under way at one time; what is due beyond them counts as the error `not_sent`
    #[arg(long, value_name = "N", default_value = "8000", value_parser = clap::value_parser!(u32).range(1..=60_000))]
    in_flight_max: u32,
    /// Instead of the profile's limit on the median
    #[arg(long, value_name = "TIME", value_parser = patience)]
    p50_max: Option<Duration>,
    /// Instead of the profile's limit on the 99th percentile
    #[arg(long, value_name = "TIME", value_parser = patience)]
    p99_max: Option<Duration>,
    /// Limit on the time without a right answer
    #[arg(long, value_name = "TIME", value_parser = patience)]
    gap_max: Option<Duration>,
    /// Limit on the requests that were sent again because their connection closed before a byte of an answer
    #[arg(long, value_name = "N")]
    resent_max: Option<u64>,
    /// Write the report as JSON to this file
    #[arg(long, value_name = "FILE")]
    save: Option<PathBuf>,
    /// Write the report as an HTML page to this file
    #[arg(long, value_name = "FILE")]
    html: Option<PathBuf>,
    /// Name what is worse than in this saved report
    #[arg(long, value_name = "FILE")]
    compare: Option<PathBuf>,
    /// Per cent that a figure may be worse than in the saved report
    #[arg(long, value_name = "N", default_value = "20", value_parser = clap::value_parser!(u32).range(0..=1_000))]
    tolerance: u32,
    /// Print the report as JSON
    #[arg(long)]
    json: bool,
}

pub async fn loadtest(args: Args) -> Result<(), Failure> {
    if args.duration < Duration::from_secs(1) {
        let message = "--duration is at least 1s".to_owned();
        return Err(Failure::BadInput(message));
    }
    let address = address(&args.url).await?;
    let key = client::key(args.key_file.as_deref())?;
    let before = args.compare.as_deref().map(baseline).transpose()?;
    let report = tokio::select! {
        report = measured(&args, address, key) => report?,
        _ = tokio::signal::ctrl_c() => return Err(Failure::Interrupted("interrupted".to_owned())),
    };
    let worse = match &before {
        Some(before) => {
            let tolerance = f64::from(args.tolerance) / 100.0;
            Some(regressions(before, &report, tolerance)?)
        }
        None => None,
    };
    if let Some(path) = &args.save {
        write(path, &report.to_json())?;
    }
    if let Some(path) = &args.html {
        write(path, &page(&report, worse.as_deref())?)?;
    }
    terminal::print(&if args.json {
        report.to_json()
    } else {
        report.table()
    })?;
    let worse = worse.unwrap_or_default();
    for line in &worse {
        terminal::tell(&format!("worse than the baseline: {line}"));
    }
    match (report.passed, worse.len()) {
        (true, 0) => Ok(()),
        (false, _) => Err(Failure::Failed("criteria are not met".to_owned())),
        (true, count) => Err(Failure::Failed(format!(
            "{count} figures are worse than in the baseline"
        ))),
    }
}

async fn measured(
    args: &Args,
    address: SocketAddr,
    key: Option<String>,
) -> Result<Report, Failure> {
    let stocked = stock(address, key.clone(), args.jobs).await?;
    let jobs = u32::try_from(stocked.len()).expect("no more than were asked for");
    let schedule = Schedule {
        rate_per_s: args.profile.rate_per_s(),
        warm_up: args.warm_up,
        time: args.duration,
        in_flight_max: args.in_flight_max as usize,
    };
    let (pool, questions) = (Pool::new(address), Questions::new(address, key, stocked));
    let seconds = (args.warm_up + args.duration).as_secs();
    terminal::tell(&format!("loading {} for {seconds} s", args.url));
    let at = Timestamp::now().rfc3339();
    let tally = drive(&schedule, &pool, &questions).await;
    let lost = lost(&tally.accepted, &pool, &questions).await;
    let classes = summary::classes(&tally);
    let of_profile = Limits::of(args.profile);
    let limits = Limits {
        p50: args.p50_max.or(of_profile.p50),
        p99: args.p99_max.or(of_profile.p99),
        gap: args.gap_max,
        resent: args.resent_max,
        ..of_profile
    };
    let found = summary::found(&tally, &classes[super::report::ALL], lost);
    let criteria = limits.judge(&found);
    Ok(Report {
        version: env!("CARGO_PKG_VERSION").to_owned(),
        at,
        profile: args.profile,
        url: args.url.clone(),
        machine: Some(Machine::around(&std::env::temp_dir())),
        rate_per_s: schedule.rate_per_s,
        seconds: args.duration.as_secs(),
        warm_up_s: args.warm_up.as_secs(),
        jobs,
        in_flight_max: schedule.in_flight_max,
        timeline: summary::timeline(&tally),
        resent: tally.resent,
        accepted: tally.accepted.len() as u64,
        lost,
        gap_ms_max: ms(tally.longest_gap()),
        passed: criteria.iter().all(|criterion| criterion.met),
        criteria,
        classes,
    })
}

/// Where a server answers plain HTTP.
async fn address(url: &str) -> Result<SocketAddr, Failure> {
    let refused = || {
        Failure::BadInput(format!(
            "`{url}` is not the URL of a server over plain HTTP, such as http://127.0.0.1:7070"
        ))
    };
    let parsed = Url::parse(url).ok().filter(|url| url.scheme() == "http");
    let parsed = parsed.ok_or_else(refused)?;
    let host = parsed.host_str().ok_or_else(refused)?;
    let port = parsed.port_or_known_default().ok_or_else(refused)?;
    let host = host.trim_start_matches('[').trim_end_matches(']');
    let mut found = tokio::net::lookup_host((host, port))
        .await
        .map_err(|error| Failure::BadInput(format!("find {host}: {error}")))?;
    found.next().ok_or_else(refused)
}

fn baseline(path: &Path) -> Result<Report, Failure> {
    let unreadable = |why: &dyn std::fmt::Display| {
        Failure::BadInput(format!("cannot read the report {}: {why}", path.display()))
    };
    let bytes = fs::metadata(path)
        .map_err(|error| unreadable(&error))?
        .len();
    if bytes > BASELINE_BYTES_MAX {
        return Err(unreadable(&"it is too large"));
    }
    let text = fs::read_to_string(path).map_err(|error| unreadable(&error))?;
    serde_json::from_str(&text).map_err(|error| unreadable(&error))
}

fn write(path: &Path, text: &str) -> Result<(), Failure> {
    fs::write(path, text)
        .map_err(|error| Failure::Failed(format!("write {}: {error}", path.display())))
}
