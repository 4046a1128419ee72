//! API keys: made, shown once, rotated, revoked, expired.

use std::time::{Duration, Instant};

use sea_orm::{ConnectionTrait, Database};
use serde_json::{Value, json};

use super::guarded;
use crate::keyed::{made, with_role};
use crate::{client::Client, eventually::eventually};

/// Within this a key that another process has revoked stops working.
const PROMPT: Duration = Duration::from_secs(1);

async fn works(client: &Client) -> bool {
    let answer = client.get("/v1/me").await;
    match answer.status.as_u16() {
        200 => true,
        401 => {
            assert_eq!(answer.problem(), "unauthenticated");
            false
        }
        other => panic!("{other}"),
    }
}

#[tokio::test]
async fn a_secret_is_shown_once_and_kept_nowhere() {
    let app = guarded().await;
    let admin = app.admin();
    let new = json!({"name": "nightly", "role": "viewer", "expires_in_s": 3600});
    let answer = admin.post("/v1/keys", &new).await;
    assert_eq!(answer.status, 201);
    assert_eq!(answer.header("cache-control"), Some("no-store"));
    let made: Value = answer.json();
    let secret = made["secret"].as_str().unwrap();
    assert!(secret.starts_with("cb_") && secret.len() == 46, "{secret}");
    let path = answer.header("location").unwrap();
    let shown = admin.get_json(path).await;
    assert_eq!(shown, made["key"]);
    let created_by = shown["created_by"].as_str().unwrap();
    assert!(created_by.starts_with("key:key_"), "{created_by}");
    let listed = admin.get("/v1/keys").await;
    assert!(!String::from_utf8(listed.body).unwrap().contains(secret));
    let kept = std::fs::read(app.data_dir.join("callboard.db")).unwrap();
    let log = std::fs::read(app.data_dir.join("callboard.db-wal")).unwrap_or_default();
    for file in [kept, log] {
        let found = file
            .windows(secret.len())
            .any(|part| part == secret.as_bytes());
        assert!(!found, "the secret is in the store");
    }

    let client = Client::new(app.address).with_key(secret);
    assert!(works(&client).await);
    eventually("the use is noted", || async {
        admin.get_json(path).await["last_used_at"]
            .as_str()
            .map(drop)
    })
    .await;
}

#[tokio::test]
async fn a_revoked_key_stops_working_at_once() {
    let app = guarded().await;
    let admin = app.admin();
    let (client, id) = made(&admin, json!({"name": "k", "role": "viewer"})).await;
    assert!(works(&client).await);
    for _ in 0..2 {
        let revoked = admin
            .post(&format!("/v1/keys/{id}/revoke"), &json!({}))
            .await;
        assert_eq!(revoked.status, 200);
        assert!(revoked.json::<Value>()["revoked_at"].is_string());
        assert!(!works(&client).await);
    }
    let rotated = admin
        .post(&format!("/v1/keys/{id}/rotate"), &json!({}))
        .await;
    assert_eq!(
        (rotated.status.as_u16(), rotated.problem()),
        (409, "key_ended".to_owned())
    );
}

#[tokio::test]
async fn a_key_that_another_process_revokes_stops_working_within_a_second() {
    let app = guarded().await;
    let (client, id) = made(&app.admin(), json!({"name": "k", "role": "viewer"})).await;
    assert!(works(&client).await);
    let file = app.data_dir.join("callboard.db");
    let other = Database::connect(format!("sqlite://{}?mode=rw", file.display()));
    let other = other.await.unwrap();
    let hex = id.strip_prefix("key_").unwrap();
    let revoke = format!(
        "BEGIN IMMEDIATE; UPDATE api_keys SET revoked_at = 1 WHERE hex(id) = upper('{hex}'); \
         INSERT INTO auth_changes (id, version) VALUES (1, 1) \
         ON CONFLICT (id) DO UPDATE SET version = version + 1; COMMIT"
    );
    other.execute_unprepared(&revoke).await.unwrap();
    let revoked = Instant::now();
    eventually("the key is refused", || async {
        (!works(&client).await).then_some(())
    })
    .await;
    assert!(revoked.elapsed() < PROMPT, "{:?}", revoked.elapsed());
    other.close().await.unwrap();
}

#[tokio::test]
async fn both_secrets_of_a_rotated_key_work_until_the_overlap_ends() {
    let app = guarded().await;
    let admin = app.admin();
    let (old, id) = made(&admin, json!({"name": "k", "role": "viewer"})).await;
    let path = format!("/v1/keys/{id}/rotate");
    let rotate = async |overlap_s: u64| {
        let answer = admin.post(&path, &json!({"overlap_s": overlap_s})).await;
        assert_eq!(answer.status, 200);
        let rotated: Value = answer.json();
        assert_eq!(rotated["key"]["id"], id.as_str());
        Client::new(app.address).with_key(rotated["secret"].as_str().unwrap())
    };
    let newer = rotate(600).await;
    assert!(works(&old).await && works(&newer).await);
    let newest = rotate(0).await;
    assert!(!works(&old).await && !works(&newer).await && works(&newest).await);
    let too_long = admin.post(&path, &json!({"overlap_s": 604_801})).await;
    assert_eq!(too_long.problem(), "invalid_overlap");
}

#[tokio::test]
async fn a_key_ends_when_its_time_is_over() {
    let app = guarded().await;
    let new = json!({"name": "k", "role": "viewer", "expires_in_s": 1});
    let (client, _) = made(&app.admin(), new).await;
    let until = eventually("the key ends", || async {
        (!works(&client).await).then_some(())
    });
    until.await;
}

#[tokio::test]
async fn nobody_gives_more_than_they_have() {
    let app = guarded().await;
    let admin = app.admin();
    let role = json!({"permissions": ["keys:manage", "jobs:read", "metrics:read"]});
    let put = admin
        .request(reqwest::Method::PUT, "/v1/roles/keeper")
        .json(&role);
    assert_eq!(crate::client::answer(put).await.status, 200);
    let (_, admin_id) = made(&admin, json!({"name": "other", "role": "admin"})).await;
    let keeper = with_role(&admin, "keeper").await;

    made(&keeper, json!({"name": "v", "role": "viewer"})).await;
    for (path, body, code) in [
        (
            "/v1/keys",
            json!({"name": "a", "role": "admin"}),
            "exceeds_caller",
        ),
        (
            "/v1/keys",
            json!({"name": "a", "role": "viewer", "tenant": "acme"}),
            "permission_denied",
        ),
        (
            &format!("/v1/keys/{admin_id}/rotate"),
            json!({}),
            "exceeds_caller",
        ),
    ] {
        let refused = keeper.post(path, &body).await;
        assert_eq!(
            (refused.status.as_u16(), refused.problem().as_str()),
            (403, code)
        );
    }
    for (body, code) in [
        (json!({"name": "a", "role": "captain"}), "unknown_role"),
        (json!({"name": " ", "role": "viewer"}), "invalid_name"),
        (
            json!({"name": "a", "role": "viewer", "tenant": "../x"}),
            "invalid_tenant",
        ),
        (
            json!({"name": "a", "role": "viewer", "expires_in_s": 0}),
            "invalid_expiry",
        ),
    ] {
        let refused = admin.post("/v1/keys", &body).await;
        assert_eq!(
            (refused.status.as_u16(), refused.problem().as_str()),
            (422, code)
        );
    }
}
