//! `callboard bench` as a program: what its report holds.

use serde_json::{Value, json};

use super::desk::{Desk, Ended};

fn bench(desk: &Desk, args: &[&str]) -> Ended {
    let mut command = desk.command(&["bench"]);
    command.args(args).args(["--dir", ".", "--json"]);
    // The bench asks a shell to stop its servers.
    Ended::of(command.env("PATH", "/usr/bin:/bin").output().unwrap())
}

#[track_caller]
fn positive(figures: &Value, key: &str) -> f64 {
    let median = figures[key]["median"].as_f64();
    median
        .filter(|median| *median > 0.0)
        .unwrap_or_else(|| panic!("{key} in {figures}"))
}

#[test]
fn a_bench_counts_right_answers_and_puts_the_machines_limits_beside_them() {
    let desk = Desk::new();
    let args = ["w1", "--seconds", "1", "--runs", "2", "--connections", "4"];
    let ended = bench(&desk, &args);
    assert_eq!(ended.code, Some(0), "{ended:?}");
    let report = ended.json();
    assert_eq!(
        [&report["failed"], &report["connections"], &report["store"]],
        [&json!(0), &json!(4), &json!("sqlite")]
    );
    let w1 = &report["workloads"]["w1"];
    for key in [
        "jobs_per_s",
        "latency_ms_p50",
        "latency_ms_p99",
        "cpu_s_per_1000_jobs",
        "rss_mib_max",
        "driver_cpu_cores",
    ] {
        positive(&w1["figures"], key);
        let runs = w1["figures"][key]["runs"].as_array().unwrap();
        assert_eq!(runs.len(), 2, "{key}");
    }
    for key in [
        "single_commits_per_s",
        "batched_rows_per_s",
        "hello_requests_per_s",
    ] {
        let limit = positive(&w1["limits"], key);
        let ratio = w1["figures"]["jobs_per_s"]["beside"][key].as_f64().unwrap();
        assert!(ratio > 0.0 && limit > ratio, "{key}: {ratio} of {limit}");
    }
    assert_eq!(left(&desk), Vec::<String>::new());
}

#[test]
fn a_bench_of_starts_takes_the_time_until_ready() {
    let desk = Desk::new();
    let ended = bench(
        &desk,
        &["start", "--starts", "2", "--runs", "1", "--seconds", "1"],
    );
    assert_eq!(ended.code, Some(0), "{ended:?}");
    let figures = &ended.json()["workloads"]["start"]["figures"];
    let (first, most) = (
        positive(figures, "first_ready_ms_p50"),
        positive(figures, "first_ready_ms_max"),
    );
    assert!(first <= most, "{figures}");
    positive(figures, "ready_ms_p50");
    assert_eq!(left(&desk), Vec::<String>::new());
}

#[test]
fn a_bench_of_generation_reads_a_whole_stream_and_puts_threads_and_disk_beside_it() {
    let desk = Desk::new();
    let args = [
        "generate",
        "--rows",
        "50000",
        "--runs",
        "1",
        "--seconds",
        "1",
    ];
    let ended = bench(&desk, &args);
    assert_eq!(ended.code, Some(0), "{ended:?}");
    let report = ended.json();
    assert_eq!(report["failed"], 0);
    let figures = &report["workloads"]["generate"]["figures"];
    for key in [
        "stream_rows_per_s",
        "stream_mib_per_s",
        "rss_growth_mib",
        "disk_rows_per_s",
        "one_thread_rows_per_s",
        "two_threads_rows_per_s",
        "two_threads_over_one",
    ] {
        positive(figures, key);
    }
    assert_eq!(left(&desk), Vec::<String>::new());
}

#[test]
fn a_bench_of_waiting_jobs_finds_each_again_after_a_kill() {
    let desk = Desk::new();
    let args = ["waiting", "--jobs", "501", "--runs", "1", "--seconds", "1"];
    let ended = bench(&desk, &args);
    assert_eq!(ended.code, Some(0), "{ended:?}");
    let report = ended.json();
    let figures = &report["workloads"]["waiting"]["figures"];
    assert_eq!(positive(figures, "jobs"), 501.0);
    positive(figures, "rss_bytes_per_job");
    positive(figures, "recovered_ready_s");
    assert_eq!(report["failed"], json!(0));
    assert_eq!(left(&desk), Vec::<String>::new());
}

#[test]
fn a_bench_that_cannot_be_made_room_for_says_where() {
    let desk = Desk::new();
    let mut command = desk.command(&["bench", "start", "--dir", "nowhere"]);
    let ended = Ended::of(command.output().unwrap());
    assert_eq!(ended.code, Some(1), "{ended:?}");
    assert!(ended.stderr.contains("nowhere"), "{ended:?}");

    let ended = bench(&desk, &["start", "--store", "mysql://h/d"]);
    assert_eq!(ended.code, Some(2), "{ended:?}");
}

/// What a bench has left in its folder.
fn left(desk: &Desk) -> Vec<String> {
    let entries = std::fs::read_dir(desk.path()).unwrap();
    entries
        .map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned())
        .collect()
}
