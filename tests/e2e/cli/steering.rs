//! Commands by which people step in.

use serde_json::{Value, json};

use super::desk::{Desk, Ended, Serving};

struct Server {
    desk: Desk,
    serving: Serving,
}

impl Server {
    fn start() -> Self {
        let desk = Desk::new();
        let ledgers = desk.path().to_str().unwrap().to_owned();
        desk.write(
            "callboard.toml",
            &format!(
                "[drill]\nledger_dir = {ledgers:?}\n[roles.\"drill.once\"]\ntimeout = \"200ms\"\n"
            ),
        );
        let serving = Serving::start(&desk);
        Self { desk, serving }
    }

    fn at(&self, args: &[&str]) -> Ended {
        self.desk
            .run(&[args, &["--server", &self.serving.url]].concat())
    }

    fn submit(&self, kind: &str, input: &Value) -> String {
        let job = self.at(&["submit", kind, "--input", &input.to_string(), "--json"]);
        job.json()["id"].as_str().unwrap().to_owned()
    }

    /// The first thing a list shows of a job.
    fn listed(&self, command: &str, job: &str) -> Value {
        for _ in 0..500 {
            let listed = self.at(&[command, "--job", job, "--json"]).json();
            if let Some(first) = listed.get(0) {
                return first.clone();
            }
        }
        panic!("{command} never lists anything of {job}");
    }

    fn ended(&self, job: &str) -> Option<i32> {
        self.at(&["watch", job]).code
    }
}

fn text<'a>(value: &'a Value, key: &str) -> &'a str {
    value[key].as_str().unwrap()
}

#[test]
fn people_answer_what_tasks_ask() {
    let server = Server::start();
    assert_eq!(server.at(&["approvals"]).stderr.trim(), "no approvals");
    let job = server.submit("drill.approval", &json!({"why": "Send it?"}));
    let approval = server.listed("approvals", &job);
    let id = text(&approval, "id");
    let shown = server.at(&["approvals"]);
    assert!(
        shown.stdout.contains(id) && shown.stdout.contains("Send it?"),
        "{shown:?}"
    );
    let why = server.at(&["why", &job]);
    let line = format!("  ask (drill.asker), attempt 1 of 5: needs approval {id} until ");
    assert!(why.stdout.contains(&line), "{why:?}");
    assert_eq!(
        server.at(&["why", &job, "--json"]).json()["state"],
        "waiting"
    );
    let approved = server.at(&["approve", id, "--reason", "fine"]);
    assert_eq!(
        approved.stdout.trim(),
        format!("{id} approved by anonymous: ask of {job} asked \"Send it?\"")
    );
    assert_eq!(server.ended(&job), Some(0));
    let late = server.at(&["reject", id]);
    assert!(late.refused(2).contains("already_decided"), "{late:?}");
    let all = server.at(&["approvals", "--all", "--json"]).json();
    assert_eq!(all[0]["state"], "approved");

    let other = server.submit("drill.approval", &json!({"why": "And this?"}));
    let approval = server.listed("approvals", &other);
    let rejected = server.at(&["reject", text(&approval, "id"), "--json"]);
    assert_eq!(rejected.json()["state"], "rejected");
    assert_eq!(server.ended(&other), Some(1));
    assert_eq!(server.serving.stop(), Some(0));
}

#[test]
fn people_signal_pause_and_resume_jobs() {
    let server = Server::start();
    let job = server.submit("drill.signal", &json!({"name": "go"}));
    let paused = server.at(&["pause", &job, "--reason", "lunch"]);
    assert_eq!(paused.stdout.trim(), format!("{job} waiting for a resume"));
    let twice = server.at(&["pause", &job]);
    assert!(twice.refused(2).contains("already_paused"), "{twice:?}");
    server.desk.write("word.json", "{\"amount\": 1.50}");
    let sent = server.at(&["signal", &job, "go", "--payload", "word.json"]);
    assert_eq!(sent.stdout.trim(), format!("{job} waiting for a resume"));
    let resumed = server.at(&["resume", &job, "--json"]).json();
    assert_eq!(resumed["id"], job.as_str());
    assert_eq!(server.ended(&job), Some(0));
    let retried = server.at(&["retry", &job]);
    assert!(retried.refused(2).contains("job_ended"), "{retried:?}");
    for (args, why) in [
        (&["signal", &job, "a b"][..], "a signal is named by"),
        (&["signal", &job, ".."], "a signal is named by"),
        (&["signal", &job, "go", "--payload", "{"], "{ is not JSON"),
        (&["pause", "job_1"], "is not a job id"),
        (&["approve", &job], "is not an approval id"),
    ] {
        let ended = server.at(args);
        assert_eq!(ended.code, Some(2), "{ended:?}");
        assert!(ended.stderr.contains(why), "{ended:?}");
    }
    assert_eq!(server.serving.stop(), Some(0));
}

#[test]
fn people_find_out_what_became_of_an_effect() {
    let server = Server::start();
    let ledger = server.desk.path().join("ledger");
    let input = json!({"ledger": ledger, "tasks": 1, "once": 1, "work_ms": 300});
    let job = server.submit("drill.effects", &input);
    let effect = server.listed("effects", &job);
    let id = text(&effect, "id");
    assert_eq!(effect["class"], "once");
    let shown = server.at(&["effects"]);
    assert!(
        shown.stdout.contains(id) && shown.stdout.contains("once:1"),
        "{shown:?}"
    );
    let wrong = server.at(&["resolve", id, "again", "--product", "1"]);
    assert!(wrong.refused(2).contains("--product"), "{wrong:?}");
    let product = r#"{"number": 1, "payload": ""}"#;
    let resolved = server.at(&["resolve", id, "succeeded", "--product", product]);
    assert_eq!(
        resolved.stdout.trim(),
        format!("{id} resolved as succeeded: once:1 of {job}")
    );
    assert_eq!(server.ended(&job), Some(0));
    let late = server.at(&["resolve", id, "failed"]);
    assert!(late.refused(2).contains("not_unknown"), "{late:?}");
    assert_eq!(server.at(&["effects"]).stderr.trim(), "no effects");
    let whole = server.at(&["effects", "--all", "--json"]).json();
    assert_eq!(whole[0]["state"], "resolved");
    assert_eq!(server.serving.stop(), Some(0));
}

#[test]
fn people_step_in_at_crews() {
    let server = Server::start();
    let tree = server.at(&["supervision", "tree"]);
    let row = tree
        .stdout
        .lines()
        .find(|line| line.contains("drill.asker"));
    assert!(row.unwrap().contains("running"), "{tree:?}");
    let crew = |verb: &str| server.at(&["supervision", verb, "drill.asker", "--reason", "lunch"]);
    let line =
        |state: &str| format!("drill.asker {state}: 0 tasks in hand, 0 wait, breaker closed");
    assert_eq!(crew("pause").stdout.trim(), line("paused"));
    let job = server.submit("drill.approval", &json!({"why": "Send it?"}));
    let waits = (0..500).any(|_| {
        let why = server.at(&["why", &job]);
        why.stdout.contains("the role is paused or drains")
    });
    assert!(waits, "the task waits for its role");
    let resumed = server.at(&["supervision", "resume", "drill.asker", "--json"]);
    assert_eq!(resumed.json()["state"], "running");
    server.listed("approvals", &job);
    assert_eq!(crew("drain").stdout.trim(), line("paused"));
    crew("resume");
    assert_eq!(crew("restart").stdout.trim(), line("running"));
    assert_eq!(crew("reset-breaker").stdout.trim(), line("running"));
    let nobody = server.at(&["supervision", "pause", "nobody"]);
    assert!(nobody.refused(2).contains("role_not_found"), "{nobody:?}");
    server.at(&["cancel", &job]);
    assert_eq!(server.serving.stop(), Some(0));
}
