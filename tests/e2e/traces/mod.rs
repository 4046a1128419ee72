//! Spans of requests, jobs and attempts, as a receiver of OTLP gets them.

mod collector;
mod outside;
mod trouble;
mod within;

use reqwest::Method;
use serde_json::{Value, json};

use self::collector::Collector;
use crate::{
    app::Setup,
    client::{Answer, Client, Job, answer},
};

/// What a caller says it is part of.
const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";
const CALLER: &str = "00f067aa0ba902b7";
const KIND_INTERNAL: i32 = 1;
const KIND_SERVER: i32 = 2;

fn traceparent(is_sampled: bool) -> String {
    format!("00-{TRACE}-{CALLER}-{:02}", u8::from(is_sampled))
}

/// A server whose spans go to `collector`.
fn traced(collector: &Collector) -> Setup {
    let mut setup = Setup::default();
    setup.config.telemetry.otlp_url = collector.0.url();
    setup
}

async fn submit(client: &Client, traceparent: &str, body: &Value) -> Job {
    let request = client.request(Method::POST, "/v1/jobs");
    let answered: Answer = answer(request.header("traceparent", traceparent).json(body)).await;
    assert_eq!(answered.status, 202, "{answered:?}");
    answered.json()
}

fn fanout(tasks: u32) -> Value {
    json!({"kind": "drill.fanout", "input": {"tasks": tasks}})
}
