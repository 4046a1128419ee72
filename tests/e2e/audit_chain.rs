//! Where the chain of the audit log stands.

use serde_json::json;

use crate::{
    app::TestApp,
    audit::{records, signing, until_signed},
};

#[tokio::test]
async fn the_chain_says_how_far_it_is_signed() {
    let app = TestApp::start_with(signing()).await;
    let client = app.client();
    let empty = client.get_json("/v1/audit/chain").await;
    assert_eq!(
        empty,
        json!({"tenant": "default", "enabled": true, "records": 0, "signed_to": 0, "broken": false, "checkpoints": []})
    );
    let job = client.fanout(1).await;
    client.finished(&job.id).await;
    let signed = until_signed(&client, 1).await;
    let chain = client.get_json("/v1/audit/chain").await;
    assert_eq!(
        (&chain["records"], &chain["signed_to"]),
        (&json!(1), &json!(1))
    );
    assert_eq!(chain["last_at"], records(&client, "").await[0]["at"]);
    assert_eq!(chain["checkpoints"], json!([signed]));
}
