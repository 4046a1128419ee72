//! Traces that go on elsewhere: requests that the server makes bear them.

use serde_json::json;

use super::{TRACE, collector::Collector, fanout, submit, traced, traceparent};
use crate::{
    app::TestApp,
    cli::desk::{Desk, Serving},
    peer::Peer,
};

#[tokio::test]
async fn a_webhook_bears_the_span_of_its_job() {
    let (collector, hook) = (Collector::start().await, Peer::start(204).await);
    let mut setup = traced(&collector);
    setup.config.outbound.allowed_networks = vec!["127.0.0.0/8".parse().unwrap()];
    let app = TestApp::start_with(setup).await;
    let client = app.client();
    let made = client
        .post(
            "/v1/webhooks",
            &json!({"url": hook.url(), "event_types": ["job.succeeded"]}),
        )
        .await;
    assert_eq!(made.status, 201, "{made:?}");
    let job = submit(&client, &traceparent(true), &fanout(1)).await;
    let spans = collector.until_job(&job.id).await;
    let of_job = spans.iter().find(|span| span.is_of_job(&job.id)).unwrap();
    assert_eq!(of_job.trace, TRACE);

    let arrived = hook.until("the end arrives", |all| !all.is_empty()).await;
    assert_eq!(arrived[0].headers["traceparent"], of_job.traceparent());
    let event: serde_json::Value = serde_json::from_slice(&arrived[0].body).unwrap();
    assert_eq!(event["subject"], job.id);
    assert_eq!(event["traceparent"], of_job.traceparent());
}

#[tokio::test]
async fn what_a_role_asks_of_the_outside_bears_the_span_of_its_attempt() {
    let (collector, vendor) = (Collector::start().await, Peer::start(404).await);
    let desk = Desk::new();
    let config = format!(
        "[outbound]\nallowed_networks = [\"127.0.0.0/8\"]\n[market]\nprice_url = \"{}/{{ticker}}.csv\"\n\
         [telemetry]\notlp_url = \"{}\"\n",
        vendor.url(),
        collector.0.url()
    );
    desk.write("callboard.toml", &config);
    let server = Serving::start(&desk);
    let client = server.client();
    let body = json!({"kind": "market.compare", "input": {"tickers": ["AAA", "BBB"]}});
    let job = submit(&client, &traceparent(true), &body).await;
    assert_eq!(client.finished(&job.id).await.state, "failed");
    let spans = collector.until_job(&job.id).await;
    let of_job = spans.iter().find(|span| span.is_of_job(&job.id)).unwrap();
    assert!(of_job.is_error);
    assert_eq!(of_job.get("callboard.job.outcome"), "failed");
    assert_eq!(of_job.get("error.type"), "domain");

    let asked = vendor.arrived();
    assert!(!asked.is_empty());
    for request in asked {
        let named = &request.headers["traceparent"];
        let attempt = spans.iter().find(|span| span.traceparent() == *named);
        let attempt = attempt.unwrap_or_else(|| panic!("{named} is of none of {spans:#?}"));
        assert_eq!(attempt.get("gen_ai.agent.name"), "market.quoter");
    }
}
