//! Logs and metrics of the process.

use std::{io::IsTerminal, time::Duration};

use anyhow::Context;
use callboard_runtime::{Home, Universe};
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};
use tracing_subscriber::{EnvFilter, fmt};

use crate::{
    anomalies::Series,
    config::{LogConfig, LogFormat},
    spans::Loss,
};

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
    begin();
    metrics_process::Collector::default().describe();
    Ok(handle)
}

/// Counters are there from the start: a first failure that is also the first sample is no increase to Prometheus.
fn begin() {
    for name in [
        "callboard_audit_broken_total",
        "callboard_audit_checkpoints_total",
        "callboard_connections_refused_total",
        "callboard_journal_failures_total",
        "callboard_pruned_artifacts_total",
        "callboard_pruned_audit_records_total",
        "callboard_pruned_jobs_total",
        "callboard_recovered_jobs_total",
        "callboard_stuck_jobs_total",
        "callboard_trace_spans_total",
        "callboard_unreadable_jobs_total",
    ] {
        metrics::counter!(name).increment(0);
    }
    metrics::gauge!("callboard_generate_streams").increment(0.0);
    for series in Series::ALL {
        metrics::counter!("callboard_anomalies_total", "series" => series.name()).increment(0);
    }
    for transport in ["websocket", "sse"] {
        metrics::gauge!("callboard_ws_clients", "transport" => transport).increment(0.0);
        metrics::counter!("callboard_ws_evicted_total", "transport" => transport).increment(0);
    }
    for (name, label, values) in [
        (
            "callboard_price_requests_total",
            "outcome",
            &["fetched", "cached", "unavailable", "refused"][..],
        ),
        (
            "callboard_webhook_attempts_total",
            "outcome",
            &["delivered", "failed"],
        ),
        (
            "callboard_trace_spans_dropped_total",
            "cause",
            &Loss::ALL.map(Loss::name),
        ),
    ] {
        for value in values {
            metrics::counter!(name, label => *value).increment(0);
        }
    }
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
    describe_counter!(
        "callboard_anomalies_total",
        "Times that a series was higher than usual, by series"
    );
    describe_gauge!(
        "callboard_anomalies",
        "Series that are higher than usual, by series"
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
    describe_counter!(
        "callboard_trace_spans_total",
        "Spans that the receiver of telemetry has taken"
    );
    describe_counter!(
        "callboard_trace_spans_dropped_total",
        "Spans that it has not, by cause: queue_full, undelivered or refused"
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
    describe_counter!(
        "callboard_http_requests_shed_total",
        "Requests refused because they waited too long for their turn"
    );
    describe_histogram!(
        "callboard_http_request_duration_seconds",
        Unit::Seconds,
        "Time of one HTTP request, by route, method and status"
    );
    describe_gauge!(
        "callboard_wal_bytes",
        Unit::Bytes,
        "Length of SQLite's write-ahead log"
    );
    describe_counter!("callboard_pruned_jobs_total", "Jobs that retention removed");
    describe_counter!(
        "callboard_pruned_artifacts_total",
        "Artifacts that retention removed"
    );
    describe_counter!(
        "callboard_pruned_audit_records_total",
        "Audit records that retention removed"
    );
    describe_counter!(
        "callboard_audit_checkpoints_total",
        "Checkpoints of the audit log that were signed"
    );
    describe_counter!(
        "callboard_audit_broken_total",
        "Chains of the audit log found changed outside the server"
    );
    describe_counter!(
        "callboard_cache_requests_total",
        "Small generated answers, by cache and outcome: hit, l2_hit or miss"
    );
    describe_counter!(
        "callboard_generated_rows_total",
        "Synthetic rows made for answers, by entity"
    );
    describe_gauge!(
        "callboard_generate_streams",
        "Long generated answers that are being sent"
    );
    describe_gauge!("callboard_build_info", "1, with the version of the program");
    describe_gauge!("callboard_ready", "Whether jobs are taken: 1, or 0");
    describe_gauge!("callboard_live_jobs", "Jobs that have not ended");
    describe_gauge!(
        "callboard_live_jobs_max",
        "Live jobs above which submissions are refused"
    );
    describe_gauge!(
        "callboard_unfinished_tasks",
        "Tasks of live jobs that have not ended"
    );
    describe_gauge!(
        "callboard_unfinished_tasks_max",
        "Unfinished tasks above which submissions are refused"
    );
    describe_gauge!(
        "callboard_store_connections",
        "Connections that read the store, by state: in_use or idle"
    );
    describe_gauge!(
        "callboard_store_connections_max",
        "Connections that may read the store at one time"
    );
    describe_gauge!(
        "callboard_memory_limit_bytes",
        Unit::Bytes,
        "Memory that the process may have: the least of the bounds of its control groups and of the machine"
    );
    describe_counter!(
        "callboard_verdicts_total",
        "Claims that validators verified or refuted, by kind of job and verdict"
    );
}
