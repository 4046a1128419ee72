//! What belongs to one tenant does not exist for another.

use std::num::NonZeroU32;

use callboard::config::RoleConfig;
use reqwest::Method;
use serde_json::{Value, json};

use super::guarded;
use crate::keyed::admin_of;
use crate::{
    app::{Setup, TestApp},
    artifacts::compared,
    client::{Client, Job, answer},
    eventually::eventually,
    socket::Watcher,
};

#[tokio::test]
async fn no_door_of_a_job_opens_for_another_tenant() {
    let app = guarded().await;
    let (acme, beta) = (
        admin_of(&app.admin(), "acme").await,
        admin_of(&app.admin(), "beta").await,
    );
    let job = compared(&acme).await;
    assert_eq!(job.tenant, "acme");
    let listed = acme
        .get_json(&format!("/v1/jobs/{}/artifacts", job.id))
        .await;
    let href = listed["items"][0]["href"].as_str().unwrap().to_owned();
    assert_eq!(acme.get(&href).await.status, 200);

    let id = &job.id;
    let mut doors = vec![(Method::GET, href)];
    for part in [
        "",
        "/tasks",
        "/events",
        "/facts",
        "/lineage",
        "/why",
        "/evidence",
        "/artifacts",
        "/stream",
    ] {
        doors.push((Method::GET, format!("/v1/jobs/{id}{part}")));
    }
    for verb in ["cancel", "pause", "resume", "retry", "signals/go"] {
        doors.push((Method::POST, format!("/v1/jobs/{id}/{verb}")));
    }
    for other in [beta, app.admin()] {
        for (method, path) in &doors {
            let mut request = other.request(method.clone(), path);
            if *method == Method::POST {
                request = request.json(&json!({}));
            }
            let refused = answer(request).await;
            assert_eq!(refused.status, 404, "{method} {path}");
            let text = String::from_utf8_lossy(&refused.body).into_owned();
            assert!(!text.contains("acme"), "{text}");
        }
        let bearer = format!("Bearer {}", other.key());
        let headers = [("authorization", bearer.as_str())];
        let stream = format!("/v1/jobs/{id}/stream");
        let refused = Watcher::open_with(app.address, &stream, &headers).await;
        assert_eq!(refused.err().unwrap(), 404);
        let jobs = other.get_json("/v1/jobs").await;
        assert_eq!(jobs["items"], json!([]));
    }
}

#[tokio::test]
async fn the_stream_of_a_tenant_has_its_own_jobs_alone() {
    let app = guarded().await;
    let (acme, beta) = (
        admin_of(&app.admin(), "acme").await,
        admin_of(&app.admin(), "beta").await,
    );
    let theirs = acme.fanout(3).await;
    acme.finished(&theirs.id).await;
    let bearer = format!("Bearer {}", beta.key());
    let headers = [("authorization", bearer.as_str())];
    let stream = Watcher::open_with(app.address, "/v1/stream?after=0", &headers).await;
    let mut stream = stream.unwrap_or_else(|status| panic!("{status}"));
    let more = acme.fanout(1).await;
    acme.finished(&more.id).await;
    let own = beta.fanout(1).await;
    beta.finished(&own.id).await;
    loop {
        let frame = stream.next_kept().await.unwrap();
        assert_eq!(frame["job"], own.id.as_str(), "{frame}");
        if frame["type"] == "job.succeeded" {
            break;
        }
    }
}

#[tokio::test]
async fn an_idempotency_key_of_one_tenant_says_nothing_to_another() {
    let app = guarded().await;
    let submit = async |client: &Client, tasks: u32| -> Job {
        let body = json!({"kind": "drill.fanout", "input": {"tasks": tasks}});
        let request = client.request(Method::POST, "/v1/jobs").json(&body);
        let made = answer(request.header("idempotency-key", "the-same")).await;
        assert_eq!(made.status, 202);
        assert_eq!(made.header("idempotent-replayed"), None);
        made.json()
    };
    let acme = admin_of(&app.admin(), "acme").await;
    let beta = admin_of(&app.admin(), "beta").await;
    let (one, other) = (submit(&acme, 1).await, submit(&beta, 2).await);
    assert_ne!(one.id, other.id);
    acme.finished(&one.id).await;
    beta.finished(&other.id).await;
}

#[tokio::test]
async fn an_approval_is_neither_seen_nor_decided_by_another_tenant() {
    let app = guarded().await;
    let (acme, beta) = (
        admin_of(&app.admin(), "acme").await,
        admin_of(&app.admin(), "beta").await,
    );
    let job = acme
        .submit("drill.approval", json!({"why": "Send it?"}))
        .await;
    let approval = acme.approval_of(&job.id).await;
    assert_eq!(
        beta.get_json("/v1/approvals?state=pending").await["items"],
        json!([])
    );
    let of_job = beta
        .get_json(&format!("/v1/approvals?job={}", job.id))
        .await;
    assert_eq!(of_job["items"], json!([]));
    let path = format!("/v1/approvals/{approval}");
    assert_eq!(beta.get(&path).await.problem(), "approval_not_found");
    for verb in ["approve", "reject"] {
        let refused = beta
            .post(&format!("{path}/{verb}"), &json!({"reason": "why not"}))
            .await;
        assert_eq!(refused.problem(), "approval_not_found");
    }
    let approved = acme
        .post(&format!("{path}/approve"), &json!({"reason": "it is due"}))
        .await;
    let approved: Value = approved.json();
    let decided_by = approved["decided_by"].as_str().unwrap();
    assert!(decided_by.starts_with("key:key_"), "{decided_by}");
    acme.finished(&job.id).await;
}

#[tokio::test]
async fn an_effect_is_neither_seen_nor_settled_by_another_tenant() {
    let ledgers = tempfile::tempdir().unwrap();
    let mut setup = Setup {
        auth: true,
        ..Setup::default()
    };
    setup.config.drill.ledger_dir = ledgers.path().to_owned();
    let app = TestApp::start_with(setup).await;
    let (acme, beta) = (
        admin_of(&app.admin(), "acme").await,
        admin_of(&app.admin(), "beta").await,
    );
    let input = json!({"ledger": ledgers.path().join("ledger"), "tasks": 1, "once": 1});
    let job = acme.submit("drill.effects", input).await;
    assert_eq!(acme.finished(&job.id).await.state, "succeeded");
    let listed = acme.get_json("/v1/effects").await;
    let effect = listed["items"][0]["id"].as_str().unwrap();
    assert_eq!(beta.get_json("/v1/effects").await["items"], json!([]));
    let path = format!("/v1/effects/{effect}");
    assert_eq!(acme.get(&path).await.status, 200);
    assert_eq!(beta.get(&path).await.problem(), "effect_not_found");
    let settle = json!({"outcome": "again"});
    let settled = beta.post(&format!("{path}/resolve"), &settle).await;
    assert_eq!(settled.problem(), "effect_not_found");
    let own = acme.post(&format!("{path}/resolve"), &settle).await;
    assert_eq!(own.problem(), "not_unknown");
}

#[tokio::test]
async fn keys_and_roles_of_one_tenant_are_unknown_to_another() {
    let app = guarded().await;
    let (acme, beta) = (
        admin_of(&app.admin(), "acme").await,
        admin_of(&app.admin(), "beta").await,
    );
    let keys = acme.get_json("/v1/keys").await;
    let id = keys["items"][0]["id"].as_str().unwrap();
    assert_eq!(keys["items"].as_array().unwrap().len(), 1);
    for (method, path) in [
        (Method::GET, format!("/v1/keys/{id}")),
        (Method::POST, format!("/v1/keys/{id}/rotate")),
        (Method::POST, format!("/v1/keys/{id}/revoke")),
    ] {
        let refused = answer(beta.request(method, &path)).await;
        assert_eq!(refused.problem(), "key_not_found", "{path}");
    }
    let role = json!({"permissions": ["jobs:read"]});
    let put = acme.request(Method::PUT, "/v1/roles/reader").json(&role);
    assert_eq!(answer(put).await.status, 200);
    let key = json!({"name": "k", "role": "reader"});
    assert_eq!(beta.post("/v1/keys", &key).await.problem(), "unknown_role");
}

#[tokio::test]
async fn the_server_itself_belongs_to_the_default_tenant() {
    let app = guarded().await;
    let acme = admin_of(&app.admin(), "acme").await;
    for path in [
        "/metrics",
        "/v1/supervision",
        "/v1/supervision/events",
        "/v1/health",
        "/v1/anomalies",
        "/v1/advice",
    ] {
        assert_eq!(
            acme.get(path).await.problem(),
            "permission_denied",
            "{path}"
        );
        assert_eq!(app.admin().get(path).await.status, 200, "{path}");
    }
    let elsewhere = json!({"name": "k", "role": "viewer", "tenant": "default"});
    assert_eq!(
        acme.post("/v1/keys", &elsewhere).await.problem(),
        "permission_denied"
    );
}

#[tokio::test]
async fn who_runs_the_server_sees_and_revokes_the_keys_it_made_elsewhere() {
    let app = guarded().await;
    let admin = app.admin();
    let acme = admin_of(&admin, "acme").await;
    let listed = admin.get_json("/v1/keys?tenant=acme").await;
    let id = listed["items"][0]["id"].as_str().unwrap().to_owned();
    let told = acme.get_json("/v1/audit").await;
    let record = &told["items"][0];
    assert_eq!(
        (&record["action"], &record["subject"]),
        (&json!("key.created"), &json!(id))
    );
    let path = format!("/v1/keys/{id}");
    assert_eq!(admin.get(&path).await.problem(), "key_not_found");
    let shown = admin.get_json(&format!("{path}?tenant=acme")).await;
    assert_eq!(shown["tenant"], "acme");
    let no_name = admin.get("/v1/keys?tenant=No%20Name").await;
    assert_eq!(
        (no_name.status.as_u16(), no_name.problem().as_str()),
        (400, "invalid_tenant")
    );

    let beta = admin_of(&admin, "beta").await;
    for (method, path) in [
        (Method::GET, "/v1/keys?tenant=acme".to_owned()),
        (Method::GET, format!("{path}?tenant=acme")),
        (Method::POST, format!("{path}/revoke?tenant=acme")),
    ] {
        let refused = answer(beta.request(method, &path)).await;
        assert_eq!(refused.problem(), "permission_denied", "{path}");
    }
    assert_eq!(acme.get("/v1/me").await.status, 200);
    let revoke = admin.request(Method::POST, &format!("{path}/revoke?tenant=acme"));
    assert_eq!(answer(revoke).await.status, 200);
    assert_eq!(acme.get("/v1/me").await.status, 401);
}

#[tokio::test]
async fn every_tenant_has_webhooks_and_redacts_records_of_its_own() {
    let app = guarded().await;
    let (acme, beta) = (
        admin_of(&app.admin(), "acme").await,
        admin_of(&app.admin(), "beta").await,
    );
    let new = json!({"url": "https://hooks.example/acme"});
    let made = acme.post("/v1/webhooks", &new).await;
    assert_eq!(made.status, 201);
    let webhook = made.json::<Value>()["id"].as_str().unwrap().to_owned();
    let told = acme.get_json("/v1/audit").await;
    let record = told["items"][0]["id"].as_str().unwrap().to_owned();
    for other in [&beta, &app.admin()] {
        assert_eq!(other.get_json("/v1/webhooks").await["items"], json!([]));
        let path = format!("/v1/webhooks/{webhook}");
        assert_eq!(other.get(&path).await.problem(), "webhook_not_found");
        let path = format!("/v1/audit/{record}/redact");
        let asked = json!({"fields": ["author.address"]});
        let refused = other.post(&path, &asked).await;
        assert_eq!(refused.problem(), "audit_record_not_found");
    }
    let path = format!("/v1/audit/{record}/redact");
    let asked = json!({"fields": ["author.address"]});
    let redacted: Value = acme.post(&path, &asked).await.json();
    assert_eq!(redacted["redacted"], json!(["author.address"]));
    let path = format!("/v1/webhooks/{webhook}");
    assert_eq!(acme.get(&path).await.status, 200);
    let remove = acme.request(Method::DELETE, &path);
    assert_eq!(answer(remove).await.status, 204);
}

#[tokio::test]
async fn a_tenant_with_much_to_do_does_not_keep_another_waiting() {
    let mut setup = Setup {
        auth: true,
        ..Setup::default()
    };
    let one = RoleConfig {
        workers: Some(NonZeroU32::MIN),
        concurrency: Some(NonZeroU32::MIN),
        ..RoleConfig::default()
    };
    setup.config.roles.insert("drill.runner".to_owned(), one);
    let app = TestApp::start_with(setup).await;
    let (noisy, quiet) = (
        admin_of(&app.admin(), "noisy").await,
        admin_of(&app.admin(), "quiet").await,
    );
    let fanout = |tasks: u32| json!({"tasks": tasks, "wait_ms": 20});
    let mut long = Vec::new();
    for _ in 0..3 {
        long.push(noisy.submit("drill.fanout", fanout(100)).await);
    }
    let done = async || {
        let mut done = 0;
        for job in &long {
            let shown = noisy.get_json(&format!("/v1/jobs/{}", job.id)).await;
            done += shown["progress"]["done"].as_u64().unwrap();
        }
        done
    };
    eventually("the one worker has much to do", async || {
        (done().await > 5).then_some(())
    })
    .await;
    let before = done().await;
    let short = quiet.submit("drill.fanout", fanout(5)).await;
    quiet.finished(&short.id).await;
    // By turns: about as many tasks of the other were done meanwhile, and most of them wait still.
    let meanwhile = done().await - before;
    assert!(meanwhile < 100, "{meanwhile} tasks went first");
    for job in &long {
        noisy.cancel(&job.id).await;
    }
}
