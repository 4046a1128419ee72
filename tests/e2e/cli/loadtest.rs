//! `callboard loadtest` as a program: what its report holds, and when it fails.

use std::fs;

use serde_json::{Value, json};

use super::desk::{Desk, Ended, Serving};

/// The criteria of a profile are for a build and a machine that are measured.
const PATIENT: [&str; 4] = ["--p50-max", "60s", "--p99-max", "60s"];

fn loadtest(desk: &Desk, url: &str, args: &[&str]) -> Ended {
    let of_all = ["loadtest", "--profile", "light", "--url", url];
    let short = ["--warm-up", "0s", "--duration", "2s"];
    desk.run(&[&of_all[..], &short, args].concat())
}

fn saved(desk: &Desk, name: &str) -> Value {
    serde_json::from_str(&fs::read_to_string(desk.path().join(name)).unwrap()).unwrap()
}

#[test]
fn a_load_test_reports_every_class_and_is_compared_with_an_earlier_one() {
    let desk = Desk::new();
    let server = Serving::start(&desk);
    let files = ["--save", "first.json", "--html", "first.html"];
    let first = loadtest(&desk, &server.url, &[&PATIENT[..], &files].concat());
    assert_eq!(first.code, Some(0), "{first:?}");
    assert!(
        first.stdout.contains("errors: 0.0, at most 0.0: met"),
        "{first:?}"
    );
    let mut report = saved(&desk, "first.json");
    assert_eq!(
        (&report["profile"], &report["passed"], &report["jobs"]),
        (&json!("light"), &json!(true), &json!(100))
    );
    for (class, answered) in [("read", 140), ("submit", 40), ("list", 20), ("all", 200)] {
        let figures = &report["classes"][class];
        assert_eq!(figures["answered"], answered, "{class} in {report}");
        let latency = &figures["latency_ms"];
        let percentiles = ["p50", "p75", "p90", "p95", "p99", "max"];
        let values = percentiles.map(|name| latency[name].as_f64().unwrap());
        assert!(values[0] > 0.0 && values.is_sorted(), "{latency}");
    }
    assert_eq!(report["timeline"].as_array().unwrap().len(), 2);
    let page = fs::read_to_string(desk.path().join("first.html")).unwrap();
    assert_eq!(page.matches("<svg").count(), 2);
    assert!(page.contains("<title>Load test: passed</title>"));

    for name in ["p50", "p75", "p90", "p95", "p99"] {
        report["classes"]["read"]["latency_ms"][name] = json!(-1_000.0);
    }
    desk.write("better.json", &report.to_string());
    let compare = ["--compare", "better.json"];
    let worse = loadtest(&desk, &server.url, &[&PATIENT[..], &compare].concat());
    assert_eq!(worse.code, Some(1), "{worse:?}");
    assert!(
        worse
            .stderr
            .contains("worse than the baseline: read, p99: "),
        "{worse:?}"
    );

    report["profile"] = json!("heavy");
    desk.write("other.json", &report.to_string());
    let compare = ["--compare", "other.json"];
    let other = loadtest(&desk, &server.url, &compare);
    assert_eq!(other.code, Some(2), "{other:?}");
    assert_eq!(server.stop(), Some(0));
}

#[test]
fn a_load_test_that_misses_a_criterion_fails_and_names_it() {
    let desk = Desk::new();
    let server = Serving::start(&desk);
    let strict = ["--p50-max", "0ms", "--json"];
    let missed = loadtest(&desk, &server.url, &strict);
    assert_eq!(missed.code, Some(1), "{missed:?}");
    let report = missed.json();
    let criteria = report["criteria"].as_array().unwrap();
    let p50 = criteria.iter().find(|of| of["name"] == "p50 ms").unwrap();
    assert_eq!(
        (&p50["met"], &report["passed"]),
        (&json!(false), &json!(false))
    );
    assert_eq!(server.stop(), Some(0));
    for url in ["https://127.0.0.1:1", "nonsense"] {
        assert_eq!(loadtest(&desk, url, &[]).code, Some(2), "{url}");
    }
}

#[test]
fn what_is_due_beyond_the_requests_under_way_is_counted_and_not_sent() {
    let desk = Desk::new();
    let server = Serving::start(&desk);
    let one = ["--in-flight-max", "1", "--profile", "extreme", "--json"];
    let short = ["--warm-up", "0s", "--duration", "1s", "--url", &server.url];
    let loaded = desk.run(&[&["loadtest"][..], &one, &short].concat());
    assert_eq!(loaded.code, Some(1), "{loaded:?}");
    let all = loaded.json()["classes"]["all"].clone();
    let (answered, not_sent) = (all["answered"].as_u64(), all["errors"]["not_sent"].as_u64());
    assert!(not_sent.unwrap() > 0, "{all}");
    assert_eq!(answered.unwrap() + not_sent.unwrap(), 5_000, "{all}");
    assert_eq!(server.stop(), Some(0));
}
