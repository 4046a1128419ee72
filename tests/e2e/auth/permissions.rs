//! Every operation against every role and against nobody.

use std::collections::BTreeMap;

use callboard::audit::{Bundle, canonical, sha256_hex};
use reqwest::Method;
use serde_json::{Value, json};

use super::guarded;
use crate::keyed::with_role;
use crate::{
    artifacts::compared,
    client::{Client, answer},
    openapi::{document, operations},
};

const JOB: &str = "job_00000000000000000000000000000000";

/// What each operation needs: a permission, `known`, or `public`.
const NEEDS: &[(&str, &str, &str)] = &[
    ("post", "/v1/jobs", "jobs:create"),
    ("get", "/v1/jobs", "jobs:read"),
    ("post", "/v1/jobs/batch", "jobs:create"),
    ("get", "/v1/jobs/{id}", "jobs:read"),
    ("get", "/v1/jobs/{id}/tasks", "jobs:read"),
    ("get", "/v1/jobs/{id}/events", "jobs:read"),
    ("get", "/v1/jobs/{id}/facts", "results:read"),
    ("get", "/v1/jobs/{id}/lineage", "results:read"),
    ("get", "/v1/jobs/{id}/why", "logs:read"),
    ("get", "/v1/jobs/{id}/evidence", "audit:read"),
    ("get", "/v1/jobs/{id}/artifacts", "jobs:read"),
    ("get", "/v1/jobs/{id}/artifacts/{name}", "results:read"),
    ("post", "/v1/jobs/{id}/cancel", "jobs:cancel"),
    ("post", "/v1/jobs/{id}/pause", "jobs:update"),
    ("post", "/v1/jobs/{id}/resume", "jobs:update"),
    ("post", "/v1/jobs/{id}/retry", "jobs:update"),
    ("post", "/v1/jobs/{id}/signals/{name}", "jobs:update"),
    ("get", "/v1/jobs/{id}/stream", "jobs:read"),
    ("get", "/v1/stream", "jobs:read"),
    ("post", "/v1/stream-tickets", "known"),
    ("get", "/v1/approvals", "jobs:read"),
    ("get", "/v1/approvals/{id}", "jobs:read"),
    ("post", "/v1/approvals/{id}/approve", "approvals:decide"),
    ("post", "/v1/approvals/{id}/reject", "approvals:decide"),
    ("get", "/v1/effects", "jobs:read"),
    ("get", "/v1/effects/{id}", "jobs:read"),
    ("post", "/v1/effects/{id}/resolve", "jobs:update"),
    ("get", "/v1/audit", "audit:read"),
    ("get", "/v1/audit/chain", "audit:read"),
    ("get", "/v1/audit/checkpoints", "audit:read"),
    ("get", "/v1/audit/keys", "audit:read"),
    ("get", "/v1/audit/export", "audit:read"),
    ("post", "/v1/audit/{id}/redact", "settings:manage"),
    ("post", "/v1/webhooks", "settings:manage"),
    ("get", "/v1/webhooks", "settings:manage"),
    ("get", "/v1/webhooks/{id}", "settings:manage"),
    ("patch", "/v1/webhooks/{id}", "settings:manage"),
    ("delete", "/v1/webhooks/{id}", "settings:manage"),
    ("get", "/v1/webhooks/{id}/deliveries", "settings:manage"),
    (
        "post",
        "/v1/webhooks/{id}/deliveries/{delivery}/replay",
        "settings:manage",
    ),
    ("get", "/v1/usage", "jobs:read"),
    ("get", "/v1/kinds", "jobs:read"),
    ("get", "/v1/kinds/{kind}", "jobs:read"),
    ("get", "/v1/generate/{entity}", "results:read"),
    ("post", "/v1/keys", "keys:manage"),
    ("get", "/v1/keys", "keys:manage"),
    ("get", "/v1/keys/{id}", "keys:manage"),
    ("post", "/v1/keys/{id}/rotate", "keys:manage"),
    ("post", "/v1/keys/{id}/revoke", "keys:manage"),
    ("get", "/v1/roles", "roles:manage"),
    ("put", "/v1/roles/{name}", "roles:manage"),
    ("delete", "/v1/roles/{name}", "roles:manage"),
    ("post", "/v1/users", "users:manage"),
    ("get", "/v1/users", "users:manage"),
    ("patch", "/v1/users/{id}", "users:manage"),
    ("delete", "/v1/users/{id}", "users:manage"),
    ("post", "/v1/users/{name}/password", "users:manage"),
    ("post", "/v1/sessions", "public"),
    ("post", "/v1/sessions/refresh", "public"),
    ("post", "/v1/sessions/logout", "known"),
    ("get", "/v1/me", "known"),
    ("post", "/v1/me/password", "known"),
    ("get", "/v1/supervision", "metrics:read"),
    ("get", "/v1/supervision/events", "metrics:read"),
    ("get", "/v1/supervision/stream", "metrics:read"),
    (
        "post",
        "/v1/supervision/roles/{role}/pause",
        "supervision:operate",
    ),
    (
        "post",
        "/v1/supervision/roles/{role}/resume",
        "supervision:operate",
    ),
    (
        "post",
        "/v1/supervision/roles/{role}/drain",
        "supervision:operate",
    ),
    (
        "post",
        "/v1/supervision/roles/{role}/restart",
        "supervision:operate",
    ),
    (
        "post",
        "/v1/supervision/roles/{role}/reset-breaker",
        "supervision:operate",
    ),
    ("get", "/v1/anomalies", "metrics:read"),
    ("get", "/v1/advice", "metrics:read"),
    ("get", "/v1/health", "metrics:read"),
    ("get", "/health/live", "public"),
    ("get", "/health/ready", "public"),
    ("get", "/metrics", "metrics:read"),
    ("get", "/openapi.json", "public"),
];

/// What each role that every tenant has permits; None permits everything.
const ROLES: &[(&str, Option<&[&str]>)] = &[
    ("admin", None),
    (
        "user",
        Some(&[
            "jobs:create",
            "jobs:read",
            "jobs:update",
            "jobs:delete",
            "jobs:cancel",
            "results:read",
            "logs:read",
            "metrics:read",
            "approvals:decide",
        ]),
    ),
    ("viewer", Some(&["jobs:read", "metrics:read"])),
    (
        "service",
        Some(&[
            "jobs:create",
            "jobs:read",
            "jobs:update",
            "jobs:cancel",
            "results:read",
            "logs:read",
        ]),
    ),
    ("auditor", Some(&["audit:read"])),
];

/// An operation with something that leads nowhere in its path, and an empty body.
async fn asked(client: &Client, method: &str, path: &str) -> (u16, Option<String>, Value) {
    let path = path
        .replace("{id}", JOB)
        .replace("{name}", "nobody")
        .replace("{kind}", "none");
    let method: Method = method.to_uppercase().parse().unwrap();
    let has_body = method != Method::GET && method != Method::DELETE;
    let mut request = client.request(method, &path);
    if has_body {
        request = request.json(&json!({}));
    }
    let is_stream = path.ends_with("/stream");
    if is_stream {
        // Its body does not end.
        let response = request.send().await.unwrap();
        let status = response.status().as_u16();
        if status == 200 {
            return (status, None, Value::Null);
        }
        let challenge = response.headers().get("www-authenticate");
        let challenge = challenge.map(|value| value.to_str().unwrap().to_owned());
        return (status, challenge, response.json().await.unwrap());
    }
    let answer = answer(request).await;
    let body = serde_json::from_slice(&answer.body).unwrap_or_default();
    let challenge = answer.header("www-authenticate").map(str::to_owned);
    (answer.status.as_u16(), challenge, body)
}

#[test]
fn every_operation_has_a_case_and_says_what_it_needs() {
    let cases: BTreeMap<(&str, &str), &str> = NEEDS
        .iter()
        .map(|(method, path, needs)| ((*method, *path), *needs))
        .collect();
    let described = operations(&document());
    for (method, path, operation) in &described {
        let case = cases.get(&(method.as_str(), path.as_str()));
        let needs = case.unwrap_or_else(|| panic!("no case for {method} {path}"));
        assert_eq!(operation["x-permission"], *needs, "{method} {path}");
        let is_open = *needs == "public";
        let ways = operation["security"].as_array().unwrap();
        assert_eq!(ways.is_empty(), is_open, "{method} {path}");
        let responses = operation["responses"].as_object().unwrap();
        assert!(is_open || responses.contains_key("401"), "{method} {path}");
        let needs_permission = !["public", "known"].contains(needs);
        assert!(
            !needs_permission || responses.contains_key("403"),
            "{method} {path}"
        );
    }
    assert_eq!(described.len(), cases.len(), "a case of no operation");
}

#[tokio::test]
async fn nobody_gets_past_the_guard_without_a_key_but_where_everyone_may() {
    let app = guarded().await;
    let stranger = app.client();
    let wrong = app.client().with_key(&format!("cb_{}", "A".repeat(43)));
    let nonsense = app.client().with_key("nonsense");
    for (method, path, needs) in NEEDS {
        for (client, error) in [(&stranger, false), (&wrong, true), (&nonsense, true)] {
            let (status, challenge, body) = asked(client, method, path).await;
            // A refresh is public and has no other answer without a cookie.
            if *needs == "public" && !path.ends_with("/refresh") {
                assert!(status != 401 && status != 403, "{method} {path}: {status}");
                continue;
            }
            assert_eq!(status, 401, "{method} {path}");
            assert_eq!(body["code"], "unauthenticated", "{method} {path}");
            let challenge = challenge.unwrap();
            assert!(challenge.starts_with("Bearer "), "{challenge}");
            let of_refresh = path.ends_with("/refresh");
            assert_eq!(
                challenge.contains("invalid_token"),
                error || of_refresh,
                "{challenge}"
            );
        }
    }
}

#[tokio::test]
async fn every_role_does_what_it_permits_and_nothing_else() {
    let app = guarded().await;
    let admin = app.admin();
    let audit = json!({"permissions": ["audit:read"]});
    let put = admin.request(Method::PUT, "/v1/roles/auditor").json(&audit);
    assert_eq!(answer(put).await.status, 200);
    for (role, permits) in ROLES {
        let client = with_role(&admin, role).await;
        for (method, path, needs) in NEEDS {
            let (status, _, body) = asked(&client, method, path).await;
            let may = ["public", "known"].contains(needs)
                || permits.is_none_or(|permits| permits.contains(needs));
            let of = format!("{role}: {method} {path} {status} {body}");
            if may {
                let known = status != 401 || path.ends_with("/refresh");
                assert!(known && status != 403 && status < 500, "{of}");
            } else {
                assert_eq!(status, 403, "{of}");
                assert_eq!(body["code"], "permission_denied", "{of}");
                assert!(body["detail"].as_str().unwrap().contains(needs), "{of}");
            }
        }
        let me = client.get_json("/v1/me").await;
        assert_eq!(me["role"], *role);
        let permissions = me["permissions"].as_array().unwrap();
        let permitted = permits.map_or(15, <[&str]>::len);
        assert_eq!(permissions.len(), permitted, "{me}");
    }
}

#[tokio::test]
async fn a_method_without_an_operation_is_told_so_whoever_asks() {
    let app = guarded().await;
    let asked = app.client().request(Method::DELETE, "/v1/jobs");
    assert_eq!(answer(asked).await.problem(), "method_not_allowed");
    assert_eq!(
        app.client().get("/nowhere").await.problem(),
        "route_not_found"
    );
}

#[tokio::test]
async fn a_viewer_sees_what_happens_and_not_what_goes_in_and_comes_out() {
    let app = guarded().await;
    let admin = app.admin();
    let viewer = with_role(&admin, "viewer").await;
    let done = admin.fanout(2).await;
    let whole = admin.finished(&done.id).await;
    assert!(whole.input.is_some() && whole.result.is_some());
    let asking = admin
        .submit("drill.approval", json!({"why": "Send it?"}))
        .await;
    let approval = admin.approval_of(&asking.id).await;
    let path = format!("/v1/approvals/{approval}/reject");
    let rejected = admin.post(&path, &json!({"reason": "not today"})).await;
    assert_eq!(rejected.status, 200);
    let error = admin.finished(&asking.id).await.error.unwrap();

    let seen = viewer.show(&done.id).await;
    assert_eq!((&seen.id, &seen.state), (&whole.id, &whole.state));
    assert!(seen.input.is_none() && seen.result.is_none());
    assert!(error["message"].as_str().unwrap().contains("not today"));
    let seen = viewer.show(&asking.id).await.error.unwrap();
    assert_eq!(
        (&seen["code"], &seen["message"]),
        (&error["code"], &json!(""))
    );
    let (told, shown) = (
        admin.events(&done.id, 100).await,
        viewer.events(&done.id, 100).await,
    );
    assert_eq!(told.len(), shown.len());
    for (told, shown) in told.iter().zip(&shown) {
        assert!(told.get("data").is_some() && shown.get("data").is_none());
        assert_eq!(
            (&told["seq"], &told["type"]),
            (&shown["seq"], &shown["type"])
        );
    }
}

/// A client with a role of its own.
async fn permitted(admin: &Client, role: &str, permissions: &[&str]) -> Client {
    let asked = json!({"permissions": permissions});
    let path = format!("/v1/roles/{role}");
    let put = admin.request(Method::PUT, &path).json(&asked);
    assert_eq!(answer(put).await.status, 200);
    with_role(admin, role).await
}

#[tokio::test]
async fn evidence_has_hashes_of_what_its_caller_may_not_read() {
    let app = guarded().await;
    let admin = app.admin();
    let auditor = permitted(&admin, "auditor", &["audit:read"]).await;
    let job = compared(&admin).await;
    let path = format!("/v1/jobs/{}/evidence", job.id);
    let (whole, hashed) = (admin.get_json(&path).await, auditor.get_json(&path).await);
    let facts = |bundle: &Value| bundle["parts"]["facts"].as_array().unwrap().clone();
    assert!(!facts(&whole).is_empty());
    assert_eq!(facts(&whole).len(), facts(&hashed).len());
    for (fact, hash) in facts(&whole).iter().zip(facts(&hashed)) {
        assert!(fact.to_string().contains("value"), "{fact}");
        let sha256 = sha256_hex(canonical(fact).as_bytes());
        assert_eq!(hash, json!({"id": fact["id"], "sha256": sha256}));
    }
    let bundle: Bundle = serde_json::from_value(hashed).unwrap();
    assert_eq!(bundle.check(None), []);

    let asking = admin.submit("drill.approval", json!({"why": "?"})).await;
    let approval = admin.approval_of(&asking.id).await;
    let path = format!("/v1/approvals/{approval}/reject");
    let rejected = admin.post(&path, &json!({"reason": "not today"})).await;
    assert_eq!(rejected.status, 200);
    admin.finished(&asking.id).await;
    let path = format!("/v1/jobs/{}/evidence", asking.id);
    let error =
        async |client: &Client| client.get_json(&path).await["parts"]["job"]["error"].clone();
    let (whole, hashed) = (error(&admin).await, error(&auditor).await);
    let message = whole["message"].as_str().unwrap();
    assert!(message.contains("not today"), "{whole}");
    let sha256 = sha256_hex(message.as_bytes());
    assert_eq!(
        hashed,
        json!({"code": whole["code"], "message_sha256": sha256})
    );
}

#[tokio::test]
async fn a_webhook_is_directed_by_who_may_read_what_it_is_sent() {
    let app = guarded().await;
    let admin = app.admin();
    let new = json!({"url": "https://hooks.example/callboard"});
    let settings = ["settings:manage", "results:read", "logs:read"];
    let made: Value = {
        let able = permitted(&admin, "able", &settings).await;
        let made = able.post("/v1/webhooks", &new).await;
        assert_eq!(made.status, 201);
        made.json()
    };
    let path = format!("/v1/webhooks/{}", made["id"].as_str().unwrap());
    for (role, permissions, missing) in [
        ("settings", &settings[..1], "results:read"),
        ("results", &settings[..2], "logs:read"),
    ] {
        let client = permitted(&admin, role, permissions).await;
        assert_eq!(client.get(&path).await.status, 200);
        let change = client.request(Method::PATCH, &path).json(&new);
        for refused in [
            client.post("/v1/webhooks", &new).await,
            answer(change).await,
        ] {
            assert_eq!(refused.problem(), "permission_denied");
            let detail = refused.json::<Value>()["detail"].clone();
            assert!(detail.as_str().unwrap().contains(missing), "{detail}");
        }
    }
    let listed = admin.get_json("/v1/webhooks").await;
    assert_eq!(listed["items"].as_array().unwrap().len(), 1);
}
