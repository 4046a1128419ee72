//! Roles that a tenant defines.

use reqwest::Method;
use serde_json::{Value, json};

use super::guarded;
use crate::client::{Answer, Client, answer};
use crate::keyed::with_role;

async fn put(client: &Client, name: &str, permissions: &[&str]) -> Answer {
    let path = format!("/v1/roles/{name}");
    let body = json!({"permissions": permissions});
    answer(client.request(Method::PUT, &path).json(&body)).await
}

async fn remove(client: &Client, name: &str) -> Answer {
    answer(client.request(Method::DELETE, &format!("/v1/roles/{name}"))).await
}

#[tokio::test]
async fn a_changed_role_permits_more_or_less_at_once() {
    let app = guarded().await;
    let admin = app.admin();
    assert_eq!(put(&admin, "runner", &["jobs:create"]).await.status, 200);
    let runner = with_role(&admin, "runner").await;
    assert_eq!(runner.get("/v1/jobs").await.status, 403);
    assert_eq!(put(&admin, "runner", &["jobs:read"]).await.status, 200);
    assert_eq!(runner.get("/v1/jobs").await.status, 200);
    assert_eq!(remove(&admin, "runner").await.problem(), "role_in_use");
    let listed = admin.get_json("/v1/roles").await;
    let names: Vec<&Value> = listed["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|role| &role["name"])
        .collect();
    assert_eq!(names, ["admin", "user", "viewer", "service", "runner"]);
}

#[tokio::test]
async fn a_role_that_every_tenant_has_is_not_changed_and_what_is_unknown_is_refused() {
    let app = guarded().await;
    let admin = app.admin();
    for (name, permissions, code) in [
        ("viewer", "jobs:read", "built_in_role"),
        ("Upper", "jobs:read", "invalid_name"),
        ("dreamer", "jobs:dream", "unknown_permission"),
    ] {
        assert_eq!(put(&admin, name, &[permissions]).await.problem(), code);
    }
    assert_eq!(remove(&admin, "viewer").await.problem(), "role_not_found");
    assert_eq!(put(&admin, "brief", &[]).await.status, 200);
    assert_eq!(remove(&admin, "brief").await.status, 204);
    assert_eq!(remove(&admin, "brief").await.status, 404);
}
