//! Logs and metrics of the process.

use std::{io::IsTerminal, time::Duration};

use anyhow::Context;
use callboard_runtime::{Home, Universe};
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};
use tracing_subscriber::{EnvFilter, fmt};

use crate::config::{LogConfig, LogFormat};

/// Upper bounds of the buckets of durations, in seconds.
const SECONDS: [f64; 15] = [
    0.000_1, 0.000_25, 0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1.0, 5.0,
    30.0, 120.0,
];
/// Upper bounds of the buckets of batch sizes.
const RECORDS: [f64; 8] = [1.0, 3.0, 10.0, 30.0, 100.0, 300.0, 600.0, 1_000.0];

const UPKEEP_EVERY: Duration = Duration::from_secs(5);

/// Sends logs to stderr. May be called once a process.
pub fn log(config: &LogConfig) -> anyhow::Result<()> {
    let filter = EnvFilter::try_new(&config.filter).context("read log.filter")?;
    let subscriber = fmt()
        .with_env_filter(filter)
        .with_ansi(std::io::stderr().is_terminal())
        .with_writer(std::io::stderr);
    match config.format {
        LogFormat::Pretty => subscriber.try_init(),
        LogFormat::Json => subscriber.json().flatten_event(true).try_init(),
    }
    .map_err(|error| anyhow::anyhow!("start logging: {error}"))
}

/// Starts collecting metrics. May be called once a process.
pub fn metrics() -> anyhow::Result<PrometheusHandle> {
    let handle = PrometheusBuilder::new()
        .set_buckets_for_metric(Matcher::Suffix("_seconds".to_owned()), &SECONDS)?
        .set_buckets_for_metric(Matcher::Suffix("_records".to_owned()), &RECORDS)?
        .install_recorder()
        .context("start metrics")?;
    describe();
    metrics_process::Collector::default().describe();
    Ok(handle)
}

/// Folds away what histograms have gathered, which they would otherwise keep for ever.
pub fn keep_up(universe: &Universe, prometheus: PrometheusHandle) {
    universe.spawn(Home::Core, async move {
        loop {
            tokio::time::sleep(UPKEEP_EVERY).await;
            prometheus.run_upkeep();
        }
    });
}

fn describe() {
    use metrics::{Unit, describe_counter, describe_gauge, describe_histogram};

    describe_counter!(
        "callboard_jobs_total",
        "Jobs that ended, by kind and final state"
    );
    describe_histogram!(
        "callboard_task_duration_seconds",
        Unit::Seconds,
        "Time of one attempt, by role and outcome"
    );
    describe_gauge!("callboard_queue_depth", "Tasks queued in a crew");
    describe_gauge!(
        "callboard_tasks_in_hand",
        "Tasks that workers of a crew have in hand"
    );
    describe_counter!(
        "callboard_actor_restarts_total",
        "Instances and actors rebuilt, by role and cause"
    );
    describe_gauge!(
        "callboard_breaker_state",
        "Breaker of a role: 0 closed, 1 half-open, 2 open"
    );
    describe_histogram!(
        "callboard_journal_commit_seconds",
        Unit::Seconds,
        "Time of one journal commit"
    );
    describe_histogram!(
        "callboard_journal_batch_records",
        "Records in one journal commit"
    );
    describe_counter!(
        "callboard_journal_failures_total",
        "Batches that the journal refused"
    );
    describe_counter!(
        "callboard_stale_results_total",
        "Results that came after their task was decided, by role"
    );
    describe_counter!(
        "callboard_unreadable_jobs_total",
        "Live jobs whose journal could not be read"
    );
    describe_counter!(
        "callboard_recovered_jobs_total",
        "Live jobs taken up from the journal, at the start and after a failed commit"
    );
    describe_counter!(
        "callboard_stuck_jobs_total",
        "Jobs found without a reason to wait and with nothing under way, and read again"
    );
    describe_gauge!(
        "callboard_stuck_jobs",
        "Such jobs at the last look, by shard"
    );
    describe_counter!(
        "callboard_price_requests_total",
        "Prices asked of the provider, by outcome: fetched, cached, unavailable or refused"
    );
    describe_counter!(
        "callboard_webhook_attempts_total",
        "Attempts to deliver a webhook, by outcome: delivered or failed"
    );
    describe_gauge!("callboard_redis_up", "Whether Redis answers: 1, or 0");
    describe_counter!(
        "callboard_connections_refused_total",
        "Connections closed because their address has too many"
    );
    describe_gauge!("callboard_ws_clients", "Open streams");
    describe_counter!(
        "callboard_ws_evicted_total",
        "Streams ended because their client accepted no bytes"
    );
    describe_counter!(
        "callboard_generate_stalled_total",
        "Long generated answers ended because their client took nothing of them"
    );
    describe_histogram!(
        "callboard_http_request_duration_seconds",
        Unit::Seconds,
        "Time of one HTTP request, by route, method and status"
    );
}
