//! A server as a process, and the commands that talk to one.

use std::{
    io::{BufRead, BufReader, Read},
    process::Stdio,
};

use serde_json::{Value, json};

use super::desk::{Desk, Ended, SERVE, Serving};

#[test]
fn a_run_prints_the_same_job_view_as_a_server() {
    let desk = Desk::new();
    let server = Serving::start(&desk);
    let input = r#"{"tasks":2}"#;
    let here = desk
        .run(&["run", "drill.fanout", "--input", input, "--json"])
        .json();
    let there = desk.run(&[
        "submit",
        "drill.fanout",
        "--input",
        input,
        "--wait",
        "--json",
        "--server",
        &server.url,
    ]);
    let there = there.json();
    let keys = |job: &Value| job.as_object().unwrap().keys().cloned().collect::<Vec<_>>();
    assert_eq!(keys(&here), keys(&there));
    assert_eq!(here["result"], json!({"tasks": 2, "sum": 3}));
    for key in [
        "kind", "state", "progress", "input", "result", "priority", "labels", "tenant",
    ] {
        assert_eq!(here[key], there[key], "{key}");
    }
    assert_eq!(server.stop(), Some(0));
}

#[test]
fn a_second_server_on_one_data_directory_names_the_owner() {
    let desk = Desk::new();
    let server = Serving::start(&desk);
    let second = desk.run(&SERVE);
    let owner = format!("in use by process {} since", server.process.id());
    assert!(second.refused(2).contains(&owner), "{second:?}");
    assert_eq!(server.stop(), Some(0));
}

#[test]
fn the_health_of_a_server_is_an_exit_code_and_one_line() {
    let desk = Desk::new();
    let server = Serving::start(&desk);
    let url = server.url.clone();
    for (probe, well) in [(&[][..], "ready\n"), (&["--live"], "alive\n")] {
        let asked = desk.run(&[&["health", "--server", &url], probe].concat());
        assert_eq!((asked.code, asked.stdout.as_str()), (Some(0), well));
    }
    assert_eq!(server.stop(), Some(0));
    let gone = desk.run(&["health", "--server", &url]);
    assert!(gone.refused(1).contains("no server answers"), "{gone:?}");
}

#[test]
fn health_without_a_server_asks_the_one_that_file_and_environment_describe() {
    let desk = Desk::new();
    let server = Serving::start(&desk);
    let port = server.address().port();
    desk.write(
        "callboard.toml",
        &format!("[server]\nlisten = \"0.0.0.0:{port}\"\n"),
    );
    let asked = desk.run(&["health"]);
    assert_eq!((asked.code, asked.stdout.as_str()), (Some(0), "ready\n"));
    desk.write("callboard.toml", "");
    let mut named = desk.command(&["health"]);
    named.env("CALLBOARD_SERVER__LISTEN", format!("127.0.0.1:{port}"));
    let named = Ended::of(named.output().unwrap());
    assert_eq!(named.code, Some(0), "{named:?}");
    assert_eq!(server.stop(), Some(0));
    desk.write("callboard.toml", "[server]\nlisten = \"127.0.0.1:0\"\n");
    let open = desk.run(&["health"]);
    assert!(open.refused(1).contains("--server"), "{open:?}");
}

#[test]
fn jobs_are_submitted_watched_listed_and_cancelled_by_url() {
    let desk = Desk::new();
    let server = Serving::start(&desk);
    let at = |args: &[&str]| desk.run(&[args, &["--server", &server.url]].concat());

    let labelled = [
        "--label",
        "team=a",
        "--priority",
        "7",
        "--idempotency-key",
        "k1",
        "--json",
    ];
    let submit = [
        &[
            "submit",
            "drill.fanout",
            "--input",
            "{\"tasks\":4,\"wait_ms\":50}",
        ][..],
        &labelled,
    ]
    .concat();
    let job = at(&submit).json();
    assert_eq!(
        (&job["labels"], &job["priority"]),
        (&json!({"team": "a"}), &json!(7))
    );
    assert_eq!(
        at(&submit).json()["id"],
        job["id"],
        "the same key makes one job"
    );

    let watched = at(&["watch", job["id"].as_str().unwrap()]);
    assert_eq!(watched.code, Some(0), "{watched:?}");
    for line in [
        "planned: 6 tasks",
        "collect succeeded (6/6)",
        "job succeeded",
    ] {
        assert!(watched.stderr.contains(line), "no {line} in {watched:?}");
    }
    let result: Value = serde_json::from_str(&watched.stdout).unwrap();
    assert_eq!(result, json!({"tasks": 4, "sum": 10}));
    let watched = at(&["watch", job["id"].as_str().unwrap(), "--json"]).json();
    assert_eq!((&watched["id"], &watched["result"]), (&job["id"], &result));

    let long = at(&[
        "submit",
        "drill.fanout",
        "--input",
        "{\"tasks\":1,\"wait_ms\":60000}",
        "--json",
    ])
    .json();
    let long = long["id"].as_str().unwrap();
    let cancelled = at(&["cancel", long, "--reason", "no need"]);
    assert!(
        cancelled.stdout.starts_with(&format!("{long} cancelled")),
        "{cancelled:?}"
    );
    assert!(at(&["cancel", long]).refused(2).contains("job_ended"));
    assert_eq!(at(&["watch", long]).code, Some(1));

    let other = at(&[
        "submit",
        "drill.fanout",
        "--input",
        "{\"tasks\":1,\"wait_ms\":60000}",
        "--json",
    ]);
    let other = other.json();
    let cancelled = at(&["cancel", other["id"].as_str().unwrap(), "--json"]).json();
    assert_eq!(cancelled["job"], other["id"]);

    let listed = at(&["jobs", "--json", "--state", "cancelled"]).json();
    assert_eq!(
        listed
            .as_array()
            .unwrap()
            .iter()
            .map(|job| job["id"].as_str().unwrap())
            .collect::<Vec<_>>(),
        [other["id"].as_str().unwrap(), long]
    );
    assert!(at(&["jobs"]).stdout.contains("succeeded"));
    assert!(at(&["kinds"]).stdout.contains("market.compare"));
    assert!(
        at(&["kinds", "drill.fanout"])
            .stdout
            .contains("\"wait_ms\"")
    );
    assert!(
        at(&["kinds", "drill.fanou"])
            .refused(2)
            .contains("did you mean `drill.fanout`?")
    );
    assert!(
        at(&["submit", "drill.fanout", "--input", "{\"tasks\":0}"])
            .refused(2)
            .contains("tasks is 0")
    );
    assert_eq!(server.stop(), Some(0));
}

#[test]
fn a_server_that_is_not_there_is_one_line() {
    let desk = Desk::new();
    let port = std::net::TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap()
        .port();
    let ended = desk.run(&["jobs", "--server", &format!("http://127.0.0.1:{port}")]);
    assert!(ended.refused(1).contains("callboard serve"), "{ended:?}");
    assert!(
        desk.run(&["jobs", "--server", "nonsense"])
            .refused(2)
            .contains("URL")
    );
}

#[test]
fn words_that_no_request_can_carry_are_refused_before_one_is_made() {
    let desk = Desk::new();
    let key = ["--input", "{}", "--idempotency-key", "a\nb"];
    let ended = desk.run(&[&["submit", "drill.fanout"][..], &key].concat());
    assert!(
        ended.refused(2).contains("--idempotency-key \"a\\nb\""),
        "{ended:?}"
    );
    for command in ["watch", "cancel"] {
        let ended = desk.run(&[command, "job_1/../../kinds"]);
        assert_eq!(
            (ended.code, ended.stdout.as_str()),
            (Some(2), ""),
            "{ended:?}"
        );
        assert!(ended.stderr.contains("is not a job id"), "{ended:?}");
    }
    let ended = desk.run(&["kinds", ".."]);
    assert!(
        ended.code == Some(2) && ended.stderr.contains("no kind has this name"),
        "{ended:?}"
    );
}

#[test]
fn a_proxy_does_not_stand_between_a_command_and_a_server_on_this_machine() {
    let desk = Desk::new();
    let server = Serving::start(&desk);
    let nobody = std::net::TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap();
    let mut command = desk.command(&["kinds", "drill.fanout?x#y", "--server", &server.url]);
    for name in ["http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"] {
        command.env(name, format!("http://{nobody}"));
    }
    let ended = Ended::of(command.output().unwrap());
    assert!(ended.refused(2).contains("drill.fanout?x#y"), "{ended:?}");
    assert_eq!(server.stop(), Some(0));
}

#[test]
fn a_submission_that_waits_outlives_its_server_and_says_so() {
    let desk = Desk::new();
    let server = Serving::start(&desk);
    let address = server.url.strip_prefix("http://").unwrap().to_owned();
    let input = "{\"tasks\":2,\"wait_ms\":1000}";
    let args = [
        "submit",
        "drill.fanout",
        "--input",
        input,
        "--wait",
        "--server",
        &server.url,
    ];
    let mut submit = desk.command(&args);
    let mut submit = submit
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stderr = BufReader::new(submit.stderr.take().unwrap());
    let mut accepted = String::new();
    stderr.read_line(&mut accepted).unwrap();
    assert!(
        accepted.starts_with("job_") && accepted.ends_with(" accepted\n"),
        "{accepted}"
    );

    // Dropping it kills the process.
    drop(server);
    let mut lost = String::new();
    stderr.read_line(&mut lost).unwrap();
    assert_eq!(lost, "lost the server, trying again\n");
    let _server = Serving::start_at(&desk, &address);

    let ended = Ended::of(submit.wait_with_output().unwrap());
    assert_eq!(ended.code, Some(0), "{ended:?}");
    assert_eq!(ended.json(), json!({"tasks": 2, "sum": 3}));
    let mut rest = String::new();
    stderr.read_to_string(&mut rest).unwrap();
    assert_eq!(rest, "");
}

#[test]
fn a_watch_outlives_its_server_and_repeats_nothing() {
    let desk = Desk::new();
    let server = Serving::start(&desk);
    let address = server.url.strip_prefix("http://").unwrap().to_owned();
    let url = server.url.clone();
    let input = "{\"tasks\":2,\"wait_ms\":1000}";
    let submitted = desk.run(&[
        "submit",
        "drill.fanout",
        "--input",
        input,
        "--server",
        &url,
        "--json",
    ]);
    let id = submitted.json()["id"].as_str().unwrap().to_owned();
    let mut watch = desk.command(&["watch", &id, "--server", &url]);
    let mut watch = watch
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stderr = BufReader::new(watch.stderr.take().unwrap());
    let mut heard = String::new();
    while !heard.contains("planned: ") {
        assert!(stderr.read_line(&mut heard).unwrap() > 0, "{heard}");
    }

    // Dropping it kills the process.
    drop(server);
    let _server = Serving::start_at(&desk, &address);

    stderr.read_to_string(&mut heard).unwrap();
    assert!(watch.wait().unwrap().success(), "{heard}");
    for line in [
        "job submitted",
        "planned: 4 tasks",
        "run:1 succeeded",
        "run:2 succeeded",
        "job succeeded",
        "lost the server, trying again",
    ] {
        assert_eq!(heard.matches(line).count(), 1, "{line} in {heard}");
    }
}

#[test]
fn a_file_of_submissions_is_submitted_line_by_line_and_once_under_a_key() {
    let desk = Desk::new();
    let server = Serving::start(&desk);
    let good = r#"{"kind":"drill.fanout","input":{"tasks":2}}"#;
    let mut lines = vec![good; 1_001].join("\n");
    desk.write("good.jsonl", &lines);
    lines.push_str("\n\n{\"kind\":\"drill.fanuot\",\"input\":{}}\n");
    desk.write("bad.jsonl", &lines);
    desk.write("broken.jsonl", &format!("{good}\n{{"));
    let batch = |file: &str, more: &[&str]| {
        let args = ["submit", "--batch", file, "--server", &server.url];
        desk.run(&[&args, more].concat())
    };
    let under_key = ["--idempotency-key", "night"];
    let first = batch("good.jsonl", &under_key);
    assert_eq!(first.code, Some(0), "{first:?}");
    let ids = |ended: &Ended| {
        let lines = ended.stdout.lines();
        lines
            .map(|line| line.split(' ').next().unwrap().to_owned())
            .collect::<Vec<_>>()
    };
    assert_eq!(ids(&first).len(), 1_001);
    assert!(ids(&first).iter().all(|id| id.starts_with("job_")));
    assert_eq!(ids(&batch("good.jsonl", &under_key)), ids(&first));

    let second = batch("bad.jsonl", &["--json"]);
    assert_eq!(second.code, Some(2));
    assert_eq!(second.stdout.lines().count(), 1_001);
    let job: Value = serde_json::from_str(second.stdout.lines().next().unwrap()).unwrap();
    assert_eq!(job["kind"], "drill.fanout");
    let told: Vec<&str> = second.stderr.lines().collect();
    assert!(
        told[0].starts_with("line 1003: there is no kind `drill.fanuot`"),
        "{told:?}"
    );
    assert_eq!(told[1], "error: 1 of 1002 jobs were refused");

    let broken = batch("broken.jsonl", &[]);
    let why = broken.refused(2);
    assert!(why.contains("line 2 of broken.jsonl is not JSON"), "{why}");
    for more in [&["--wait"][..], &["--priority", "1"], &["drill.fanout"]] {
        assert_eq!(batch("good.jsonl", more).code, Some(2), "{more:?}");
    }
    assert_eq!(server.stop(), Some(0));
}
