//! Jobs in the process of the command.

use std::{fs, process::Stdio};

use serde_json::json;

use super::desk::{Desk, Ended, signal};
use crate::eventually::eventually;

#[test]
fn a_comparison_in_words_prints_tables_and_writes_its_chart() {
    let desk = Desk::new();
    let ended = desk.run(&[
        "run",
        "market.compare",
        "Compare Sharpe ratios of AAPL, MSFT, GOOG and AMZN",
    ]);
    assert_eq!(
        (ended.code, ended.stderr.as_str()),
        (Some(0), ""),
        "{ended:?}"
    );
    for text in [
        "Sharpe ratio",
        "AAPL > GOOG > AMZN > MSFT",
        "correlation",
        "Conventions",
    ] {
        assert!(ended.stdout.contains(text), "no {text} in {}", ended.stdout);
    }
    let wrote = ended
        .stdout
        .lines()
        .find_map(|line| line.strip_prefix("wrote "))
        .unwrap();
    assert!(
        fs::read_to_string(desk.path().join(wrote))
            .unwrap()
            .starts_with("<svg")
    );
}

#[test]
fn the_json_of_a_run_is_the_job_alone_and_artifacts_go_where_they_are_sent() {
    let desk = Desk::new();
    let ended = desk.run(&[
        "run",
        "market.compare",
        "Sharpe of IBM and MSFT",
        "--json",
        "--out",
        "charts",
    ]);
    let job = ended.json();
    assert_eq!(
        (ended.code, &job["kind"], &job["state"]),
        (Some(0), &json!("market.compare"), &json!("succeeded"))
    );
    for key in [
        "assets",
        "ranking",
        "correlation",
        "conventions",
        "summary",
        "facts",
    ] {
        assert!(!job["result"][key].is_null(), "no {key}");
    }
    assert!(desk.path().join("charts/comparison.svg").exists());
}

#[test]
fn input_that_is_refused_is_one_line_and_leaves_nothing_behind() {
    let desk = Desk::new();
    desk.write("bad.json", "{\"tasks\": }");
    let refused = |args: &[&str], part: &str| {
        let ended = desk.run(args);
        assert!(
            ended.refused(2).contains(part),
            "{part} is not in {ended:?}"
        );
    };
    refused(
        &["run", "market.compare", "Sharpe of APPL and MSFT"],
        "did you mean AAPL",
    );
    refused(
        &["run", "market.compar", "x"],
        "did you mean `market.compare`?",
    );
    refused(
        &["run", "drill.fanout", "--input", "{\"tasks\":0}"],
        "tasks is 0",
    );
    refused(
        &["run", "drill.fanout", "--input", "{tasks}"],
        "--input is not JSON",
    );
    refused(
        &["run", "drill.fanout", "--input", "bad.json"],
        "bad.json is not JSON",
    );
    refused(
        &["run", "drill.fanout", "--input", "absent.json"],
        "absent.json",
    );
    refused(
        &[
            "run",
            "drill.fanout",
            "--input",
            "{\"tasks\":1}",
            "--prices",
            "x.csv",
        ],
        "market kinds",
    );
    assert!(desk.runs().is_empty());
}

#[test]
fn a_price_file_is_read_and_its_errors_name_the_line() {
    let desk = Desk::new();
    desk.write("bad.csv", "date,AAA,BBB\n2015-01-02,1,2\n2015-01-05,1,x\n");
    let ended = desk.run(&[
        "run",
        "market.compare",
        "Sharpe of AAA",
        "--prices",
        "bad.csv",
    ]);
    assert_eq!(
        ended.refused(2),
        "bad.csv, line 3: `x` in column BBB is not a number"
    );
    let absent = desk.run(&[
        "run",
        "market.compare",
        "Sharpe of AAA",
        "--prices",
        "absent.csv",
    ]);
    assert!(absent.refused(2).contains("absent.csv"));

    desk.write(
        "good.csv",
        "date,AAA,BBB\n2015-01-02,10,2\n2015-01-05,11,3\n2015-01-06,12,4\n2015-01-07,9,5\n",
    );
    let input = r#"{"tickers":["AAA","BBB"]}"#;
    let job = desk
        .run(&[
            "run",
            "market.compare",
            "--input",
            input,
            "--prices",
            "good.csv",
            "--json",
        ])
        .json();
    let total = job["result"]["assets"]["BBB"]["total_return"]
        .as_f64()
        .unwrap();
    assert!((total - 1.5).abs() < 1e-12, "{total}");
}

#[test]
fn input_may_come_from_a_file_or_from_stdin() {
    let desk = Desk::new();
    desk.write("job.json", "{\"tasks\": 3}\n");
    let from_file = desk.run(&["run", "drill.fanout", "--input", "job.json", "--json"]);
    assert_eq!(from_file.json()["result"]["sum"], 6);
    let stdin = fs::File::open(desk.path().join("job.json")).unwrap();
    let from_stdin = desk
        .command(&["run", "drill.fanout", "--input", "-", "--json"])
        .stdin(stdin)
        .output()
        .unwrap();
    assert_eq!(Ended::of(from_stdin).json()["result"]["sum"], 6);
}

#[test]
fn a_job_that_fails_ends_with_1_and_its_reason() {
    let desk = Desk::new();
    desk.write(
        "callboard.toml",
        "[roles.\"drill.runner\"]\ntimeout = \"20ms\"\n",
    );
    let ended = desk.run(&[
        "run",
        "drill.fanout",
        "--input",
        "{\"tasks\":1,\"wait_ms\":60000}",
        "--json",
    ]);
    assert_eq!(
        (ended.code, &ended.json()["state"]),
        (Some(1), &json!("failed")),
        "{ended:?}"
    );
    let line = ended.stderr.trim_end();
    assert!(
        line.starts_with("error: job_") && line.ends_with("(timeout)") && !line.contains('\n'),
        "{line}"
    );
}

#[tokio::test]
async fn an_interrupted_run_cancels_its_job() {
    let desk = Desk::new();
    let mut command = desk.command(&[
        "run",
        "drill.fanout",
        "--input",
        "{\"tasks\":1,\"wait_ms\":60000}",
        "--json",
    ]);
    let process = command
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // Signals are heard before the folder of the run is made.
    eventually("a run in progress", || async {
        desk.runs()
            .iter()
            .any(|run| run.join("lock").exists())
            .then_some(())
    })
    .await;
    signal(process.id(), "INT");
    let ended = Ended::of(process.wait_with_output().unwrap());
    assert_eq!(
        (ended.code, &ended.json()["state"]),
        (Some(130), &json!("cancelled")),
        "{ended:?}"
    );
}
