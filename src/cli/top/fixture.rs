//! What a server might answer, for tests of what is made of it.

use std::time::{Duration, Instant};

use callboard_orchestra::Timestamp;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::{counters::Counters, model::Model, plain::Plain, poll::Answers, trouble::Trouble};

/// 2026-01-31T09:30:00Z.
pub const WALL: Timestamp = Timestamp::from_millis(1_769_851_800_000);
pub const SERVER: &str = "http://127.0.0.1:7070";

fn read<T: DeserializeOwned + Plain>(answer: Value) -> Result<T, Trouble> {
    let answer: T = serde_json::from_value(answer).unwrap();
    Ok(answer.plain())
}

pub fn worker(index: u32, state: &str, in_hand: u32, panics: u64) -> Value {
    json!({"index": index, "generation": panics + 1, "state": state, "in_hand": in_hand,
        "since_progress_ms": (in_hand > 0).then_some(1_250), "panics": panics})
}

pub fn crew(name: &str, queue: usize, breaker: &str, workers: Vec<Value>) -> Value {
    let in_hand = workers
        .iter()
        .filter_map(|worker| worker["in_hand"].as_u64());
    let shut_ms = if breaker == "open" { 4_000 } else { 0 };
    json!({"name": name, "path": format!("root/roles/{name}"), "kind": "crew", "strategy": "one_for_one",
    "intensity": {"restarts_max": 5, "window_ms": 30_000}, "restarts_in_window": 0, "generation": 0,
    "state": "running", "children": [], "crew": {
        "queue_depth": queue, "queue_max": 10_000, "in_hand": in_hand.sum::<u64>(), "held": 0,
        "breaker": {"state": breaker, "cooldown_ms": 5_000, "retry_after_ms": shut_ms},
        "workers": workers, "last_failure": null}})
}

fn group(name: &str, path: &str, children: Vec<Value>) -> Value {
    json!({"name": name, "path": path, "kind": "supervisor", "strategy": "one_for_one",
        "intensity": {"restarts_max": 5, "window_ms": 30_000}, "restarts_in_window": 0, "generation": 0,
        "state": "running", "children": children})
}

pub fn tree(crews: Vec<Value>) -> Value {
    let resident = |name: &str| {
        json!({"name": name, "path": format!("root/core/{name}"), "kind": "resident", "restarts_in_window": 0,
            "generation": 1, "state": "running", "children": []})
    };
    let core = vec![resident("journal-writer"), resident("shard-0")];
    let groups = vec![
        group("roles", "root/roles", crews),
        group("core", "root/core", core),
    ];
    json!({"root": group("root", "root", groups)})
}

/// A job by the last digits of its id.
pub fn job(digits: u32, kind: &str, state: &str, done: u32, total: u32) -> Value {
    json!({"id": format!("job_019c8f0e5a7c7d0bb1a2c3d4{digits:08}"), "kind": kind, "state": state,
        "progress": {"done": done, "total": total}, "priority": 5, "labels": {}, "tenant": "default",
        "created_at": "2026-01-31T09:29:00.000Z", "started_at": "2026-01-31T09:29:01.500Z"})
}

/// What a look at a busy server found.
pub fn answers(at: Instant) -> Answers {
    let mut failing = crew(
        "market.quoter",
        12,
        "open",
        vec![worker(0, "backoff", 0, 3)],
    );
    failing["restarts_in_window"] = json!(2);
    failing["crew"]["last_failure"] = json!("index out of bounds: the len is 3 but the index is 7");
    let busy = vec![worker(0, "busy", 1, 0), worker(1, "idle", 0, 0)];
    let crews = vec![
        crew("drill.planner", 0, "closed", vec![worker(0, "idle", 0, 0)]),
        crew("drill.runner", 18, "closed", busy),
        failing,
    ];
    let mut ended = job(3, "market.compare", "failed", 2, 7);
    ended["finished_at"] = json!("2026-01-31T09:29:11.500Z");
    ended["error"] = json!({"code": "timeout", "message": "the quote did not come", "task": 2});
    ended["labels"] = json!({"team": "core"});
    let mut waiting = job(2, "drill.approval", "waiting", 1, 3);
    waiting["waiting_for"] = json!({"reason": "signal", "name": "go"});
    let items = vec![job(4, "drill.fanout", "running", 5, 22), ended, waiting];
    let component = |name: &str, status: &str, message: Option<&str>| json!({"name": name, "status": status, "essential": name == "store", "message": message, "response_ms": 0.1});
    let components = vec![
        component("store", "healthy", None),
        component(
            "crew market.quoter",
            "degraded",
            Some("breaker open, next try in 4.0 s"),
        ),
    ];
    Answers {
        at,
        wall: WALL,
        tree: read(tree(crews)),
        jobs: read(json!({"items": items})),
        health: read(json!({"status": "degraded", "deep": false, "components": components})),
        counters: Ok(counters(40)),
        usage: Some(read(json!({
            "tenant": "default", "at": "2026-01-31T09:30:00.000Z",
            "live_jobs": {"used": 2}, "storage_bytes": {"used": 0},
            "jobs": {"since": "2026-01-30T09:30:00.000Z", "total": 43, "by_kind": {
                "drill.approval": {"waiting": 1}, "drill.fanout": {"running": 1, "succeeded": 40},
                "market.compare": {"failed": 1}}}}))),
    }
}

pub fn counters(ended: u64) -> Counters {
    Counters {
        version: "0.1.0".to_owned(),
        is_ready: true,
        live_jobs: 2,
        live_jobs_max: 250_000,
        unfinished_tasks: 19,
        unfinished_tasks_max: 1_000_000,
        ended,
        started_at: Some(Timestamp::from_millis(WALL.millis() - 7_500_000)),
    }
}

/// What a look at a server that has gone found.
pub fn silence(at: Instant) -> Answers {
    let gone = || Trouble::NoAnswer("connection refused".to_owned());
    Answers {
        at,
        wall: WALL,
        tree: Err(gone()),
        jobs: Err(gone()),
        health: Err(gone()),
        counters: Err(gone()),
        usage: None,
    }
}

/// A model that has looked twice, a second between, and when it did so last.
pub fn model() -> (Model, Instant) {
    let start = Instant::now();
    let mut model = Model::new(SERVER.to_owned(), start);
    model.hear(answers(start));
    let now = start + Duration::from_secs(1);
    model.hear(Answers {
        counters: Ok(counters(52)),
        ..answers(now)
    });
    (model, now)
}
