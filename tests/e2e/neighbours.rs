//! Two tenants that have a text each, which no other may see, and a stranger.

use reqwest::Method;
use serde_json::{Value, json};

use crate::{
    app::TestApp,
    client::{Client, answer},
    keyed::admin_of,
};

/// What only its tenant may see.
pub const TEXTS: [&str; 2] = ["secret-of-acme-5f1c", "secret-of-beta-91d7"];
/// Stands for the id of a job of another tenant.
pub const THEIRS: &str = "@theirs@";

/// Who sends requests: an admin of a tenant, or a stranger, who has no text.
pub struct Sender {
    pub client: Client,
    pub own: Option<&'static str>,
    /// A job of another tenant.
    pub theirs: String,
}

/// Two tenants with their texts, then the stranger.
pub async fn neighbours(app: &TestApp) -> [Sender; 3] {
    let (acme, of_acme) = tenant_with(&app.admin(), "acme", TEXTS[0]).await;
    let (beta, of_beta) = tenant_with(&app.admin(), "beta", TEXTS[1]).await;
    let sender = |client, own, theirs: &str| Sender {
        client,
        own,
        theirs: theirs.to_owned(),
    };
    [
        sender(acme, Some(TEXTS[0]), &of_beta),
        sender(beta, Some(TEXTS[1]), &of_acme),
        sender(app.client(), None, &of_beta),
    ]
}

/// An admin of a tenant that has its text everywhere it can, and a job with it.
async fn tenant_with(admin: &Client, tenant: &str, text: &str) -> (Client, String) {
    let client = admin_of(admin, tenant).await;
    let role = json!({"permissions": ["jobs:read"]});
    let put = client.request(Method::PUT, &format!("/v1/roles/{text}"));
    assert_eq!(answer(put.json(&role)).await.status, 200);
    let user = json!({"name": text, "role": text, "password": text});
    assert_eq!(client.post("/v1/users", &user).await.status, 201);
    let key = json!({"name": text, "role": text});
    assert_eq!(client.post("/v1/keys", &key).await.status, 201);
    let asks = json!({"kind": "drill.approval", "input": {"why": text}, "labels": {"text": text}});
    let asking = client.post("/v1/jobs", &asks).await.json::<Value>();
    let id = asking["id"].as_str().unwrap().to_owned();
    let approval = client.approval_of(&id).await;
    let path = format!("/v1/approvals/{approval}/reject");
    let rejected = client.post(&path, &json!({"reason": text})).await;
    assert_eq!(rejected.status, 200);
    client.finished(&id).await;
    (client, id)
}
