//! What a tenant has of what it may have.

use serde_json::{Value, json};

use crate::app::{Setup, TestApp};

#[tokio::test]
async fn usage_shows_what_a_tenant_has_of_what_it_may_have() {
    let mut setup = Setup::default();
    setup.config.quota.tenant_live_jobs_max = 7;
    setup.config.quota.tenant_requests_per_minute = 60_000;
    setup.config.quota.tenant_storage_bytes_max = 0;
    let app = TestApp::start_with(setup).await;
    let client = app.client();
    let done = [client.fanout(1).await, client.fanout(2).await];
    for job in &done {
        client.finished(&job.id).await;
    }
    let live = client.endless().await;
    let usage = client.get_json("/v1/usage").await;
    assert_eq!(usage["tenant"], "default");
    assert_eq!(usage["live_jobs"], json!({"used": 1, "max": 7}));
    assert_eq!(usage["storage_bytes"], json!({"used": 0}), "without bound");
    assert_eq!(usage["requests_per_minute_max"], 60_000);
    assert_eq!(usage["jobs"]["total"], 3);
    let by_state = &usage["jobs"]["by_kind"]["drill.fanout"];
    assert_eq!(by_state["succeeded"], 2, "{usage}");
    let states: u64 = by_state
        .as_object()
        .unwrap()
        .values()
        .filter_map(Value::as_u64)
        .sum();
    assert_eq!(states, 3);
    client.cancel(&live.id).await;
    client.finished(&live.id).await;
    let later = client.get_json("/v1/usage?hours=1").await;
    assert_eq!(later["live_jobs"]["used"], 0);
    assert_eq!(
        later["jobs"]["by_kind"]["drill.fanout"],
        json!({"succeeded": 2, "cancelled": 1})
    );
    for path in [
        "/v1/usage?hours=0",
        "/v1/usage?hours=745",
        "/v1/usage?days=1",
    ] {
        assert_eq!(client.get(path).await.problem(), "invalid_query", "{path}");
    }
}
