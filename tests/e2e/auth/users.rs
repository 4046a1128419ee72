//! What becomes of users: other roles, disabling, removal, passwords of their own choice.

use std::time::{Duration, Instant};

use reqwest::Method;
use serde_json::{Value, json};

use super::{
    guarded,
    sessions::{BARRED, PASSWORD, Page, attempt, login, user},
};
use crate::keyed::{admin_of, made};
use crate::{
    app::TestApp,
    client::{Answer, Client, answer},
    eventually::eventually,
    socket::{End, Watcher},
};

/// A stream ends so soon after its user.
const PROMPT: Duration = Duration::from_secs(1);

/// A user of the tenant `default`, and its path.
async fn made_user(app: &TestApp, name: &str, role: &str) -> String {
    user(app, name, role).await;
    path_of(&app.admin(), name).await
}

async fn listed(admin: &Client, name: &str) -> Option<Value> {
    let page = admin.get_json("/v1/users").await;
    let mut users = page["items"].as_array().unwrap().iter();
    users.find(|user| user["name"] == name).cloned()
}

async fn path_of(admin: &Client, name: &str) -> String {
    let user = listed(admin, name).await.unwrap();
    format!("/v1/users/{}", user["id"].as_str().unwrap())
}

async fn change(client: &Client, path: &str, change: Value) -> Answer {
    answer(client.request(Method::PATCH, path).json(&change)).await
}

async fn remove(client: &Client, path: &str) -> Answer {
    answer(client.request(Method::DELETE, path)).await
}

async fn watch(app: &TestApp, page: &Page) -> Watcher {
    let origin = format!("http://{}", app.address);
    let headers = [("cookie", page.session.as_str()), ("origin", &origin)];
    let opened = Watcher::open_with(app.address, "/v1/stream", &headers).await;
    opened.unwrap_or_else(|status| panic!("{status}"))
}

async fn new_password(client: &Client, page: &Page, old: &str, new: &str) -> Answer {
    let body = json!({"old_password": old, "new_password": new});
    let request = page.asks(client, Method::POST, "/v1/me/password");
    answer(request.header("x-csrf-token", &page.csrf).json(&body)).await
}

/// What the audit log has of a subject, oldest first.
async fn actions_on(admin: &Client, subject: &str) -> Vec<String> {
    let page = admin
        .get_json(&format!("/v1/audit?subject={subject}"))
        .await;
    let items = page["items"].as_array().unwrap().iter().rev();
    items
        .map(|record| record["action"].as_str().unwrap().to_owned())
        .collect()
}

#[tokio::test]
async fn a_user_who_is_disabled_or_removed_is_logged_out_at_once() {
    let app = guarded().await;
    let (admin, client) = (app.admin(), app.client());
    for (name, status) in [("kim", 200), ("lee", 204)] {
        let path = made_user(&app, name, "user").await;
        let page = login(&client, name).await;
        let mut stream = watch(&app, &page).await;
        let since = Instant::now();
        let ended = match name {
            "kim" => change(&admin, &path, json!({"enabled": false})).await,
            _ => remove(&admin, &path).await,
        };
        assert_eq!(ended.status, status);
        assert_eq!(stream.rest().await.1, End::Closed(BARRED));
        assert!(since.elapsed() < PROMPT, "{:?}", since.elapsed());
        assert_eq!(page.me(&client).await.status, 401);
        assert_eq!(page.refreshed(&client).await.status, 401);
        let refused = attempt(&client, name, PASSWORD).await;
        assert_eq!(refused.problem(), "wrong_password");
    }
    let kim = listed(&admin, "kim").await.unwrap();
    assert_eq!(kim["enabled"], false);
    assert_eq!(listed(&admin, "lee").await, None);

    let path = path_of(&admin, "kim").await;
    for _ in 0..2 {
        let enabled = change(&admin, &path, json!({"enabled": true})).await;
        assert_eq!(enabled.json::<Value>()["enabled"], true);
    }
    let page = login(&client, "kim").await;
    assert_eq!(page.me(&client).await.status, 200);
    let actions = actions_on(&admin, "user:kim").await;
    let changes = actions.iter().filter(|action| *action == "user.changed");
    assert_eq!(changes.count(), 2, "{actions:?}");
    let actions = actions_on(&admin, "user:lee").await;
    assert!(actions.contains(&"user.removed".to_owned()), "{actions:?}");

    // Whoever has the name later has none of what was the other's.
    let page = login(&client, "kim").await;
    assert_eq!(remove(&admin, &path).await.status, 204);
    assert_eq!(remove(&admin, &path).await.problem(), "user_not_found");
    user(&app, "kim", "admin").await;
    assert_eq!(page.me(&client).await.status, 401);
    assert_eq!(page.refreshed(&client).await.status, 401);
}

#[tokio::test]
async fn another_role_holds_for_logins_and_streams_there_are() {
    let app = guarded().await;
    let (admin, client) = (app.admin(), app.client());
    let path = made_user(&app, "kim", "viewer").await;
    let page = login(&client, "kim").await;
    let submit = async || {
        let body = json!({"kind": "drill.fanout", "input": {"tasks": 1}});
        let request = page.asks(&client, Method::POST, "/v1/jobs").json(&body);
        answer(request.header("x-csrf-token", &page.csrf)).await
    };
    assert_eq!(submit().await.problem(), "permission_denied");
    let changed = change(&admin, &path, json!({"role": "user"})).await;
    assert_eq!(changed.json::<Value>()["role"], "user");
    let accepted = submit().await;
    assert_eq!(accepted.status, 202);
    let mut stream = watch(&app, &page).await;
    let job: Value = accepted.json();
    admin.finished(job["id"].as_str().unwrap()).await;
    let changed = change(&admin, &path, json!({"role": "viewer"})).await;
    assert_eq!(changed.status, 200);
    assert_eq!(stream.rest().await.1, End::Closed(BARRED));
    assert_eq!(page.me(&client).await.json::<Value>()["role"], "viewer");
}

#[tokio::test]
async fn the_last_administrator_of_a_tenant_stays_one() {
    let app = guarded().await;
    let admin = app.admin();
    let root = made_user(&app, "root", "admin").await;
    let second = made_user(&app, "second", "admin").await;
    let is_kept = async || {
        for change_asked in [
            json!({"role": "viewer"}),
            json!({"enabled": false}),
            json!({"role": "user", "enabled": false}),
        ] {
            let refused = change(&admin, &root, change_asked).await;
            assert_eq!(refused.status, 409);
            assert_eq!(refused.problem(), "last_administrator");
        }
        let refused = remove(&admin, &root).await;
        assert_eq!(refused.status, 409);
        assert_eq!(refused.problem(), "last_administrator");
        let page = login(&app.client(), "root").await;
        assert_eq!(page.me(&app.client()).await.status, 200);
    };
    let disabled = change(&admin, &second, json!({"enabled": false})).await;
    assert_eq!(disabled.status, 200);
    is_kept().await;
    let demoted = change(&admin, &second, json!({"enabled": true, "role": "viewer"})).await;
    assert_eq!(demoted.status, 200);
    is_kept().await;
    let promoted = change(&admin, &second, json!({"role": "admin"})).await;
    assert_eq!(promoted.status, 200);
    assert_eq!(remove(&admin, &root).await.status, 204);
}

#[tokio::test]
async fn users_are_changed_by_who_has_as_much_and_with_no_more_than_they_have() {
    let app = guarded().await;
    let admin = app.admin();
    let root = made_user(&app, "root", "admin").await;
    let lee = made_user(&app, "lee", "viewer").await;
    let role = json!({"permissions": ["users:manage", "jobs:read", "metrics:read"]});
    let put = admin.request(Method::PUT, "/v1/roles/desk").json(&role);
    assert_eq!(answer(put).await.status, 200);
    let (desk, _) = made(&admin, json!({"name": "desk", "role": "desk"})).await;
    for (path, asked, code) in [
        (&lee, json!({"role": "admin"}), "exceeds_caller"),
        (&lee, json!({"role": "nobody"}), "unknown_role"),
        (&lee, json!({"rank": "admin"}), "invalid_body"),
        (&root, json!({"role": "viewer"}), "exceeds_caller"),
        (&root, json!({"enabled": false}), "exceeds_caller"),
    ] {
        let refused = change(&desk, path, asked.clone()).await;
        assert_eq!(refused.problem(), code, "{asked}");
    }
    assert_eq!(remove(&desk, &root).await.problem(), "exceeds_caller");
    let malformed = remove(&desk, "/v1/users/lee").await;
    assert_eq!(malformed.problem(), "invalid_user_id");
    let beta = admin_of(&admin, "beta").await;
    assert_eq!(remove(&beta, &lee).await.problem(), "user_not_found");
    let foreign = change(&beta, &lee, json!({"enabled": false})).await;
    assert_eq!(foreign.problem(), "user_not_found");
    let given = change(&desk, &lee, json!({"role": "desk"})).await;
    assert_eq!(given.json::<Value>()["role"], "desk");
    assert_eq!(remove(&desk, &lee).await.status, 204);
}

#[tokio::test]
async fn a_user_changes_the_password_and_keeps_this_login_alone() {
    const OTHER: &str = "a password of my own";
    let app = guarded().await;
    let client = app.client();
    user(&app, "kim", "user").await;
    let (here, there) = (login(&client, "kim").await, login(&client, "kim").await);
    let (mut kept, mut ended) = (watch(&app, &here).await, watch(&app, &there).await);
    let short = new_password(&client, &here, PASSWORD, "short").await;
    assert_eq!(short.problem(), "invalid_password");
    assert_eq!(short.json::<Value>()["field"], "new_password");
    let changed = new_password(&client, &here, PASSWORD, OTHER).await;
    assert_eq!(changed.status, 204);
    assert_eq!(ended.rest().await.1, End::Closed(BARRED));
    assert_eq!(there.me(&client).await.status, 401);
    assert_eq!(there.refreshed(&client).await.status, 401);
    assert_eq!(here.me(&client).await.status, 200);
    let job = app.admin().fanout(1).await;
    assert_eq!(kept.next_kept().await.unwrap()["job"], job.id.as_str());
    app.admin().finished(&job.id).await;
    assert_eq!(attempt(&client, "kim", OTHER).await.status, 201);
    let old = attempt(&client, "kim", PASSWORD).await;
    assert_eq!(old.problem(), "wrong_password");

    let (key, _) = made(&app.admin(), json!({"name": "k", "role": "user"})).await;
    let body = json!({"old_password": PASSWORD, "new_password": OTHER});
    let without = key.post("/v1/me/password", &body).await;
    assert_eq!(
        (without.status.as_u16(), without.problem().as_str()),
        (409, "no_password")
    );
    let actions = actions_on(&app.admin(), "user:kim").await;
    assert!(
        actions.contains(&"user.password_changed".to_owned()),
        "{actions:?}"
    );
}

#[tokio::test]
async fn guessing_the_old_password_is_slowed_down_as_logging_in_is() {
    let app = guarded().await;
    let client = app.client();
    user(&app, "kim", "user").await;
    let page = login(&client, "kim").await;
    for guess in 0..5 {
        let guess = format!("guess {guess}");
        let wrong = new_password(&client, &page, &guess, "a password of mine").await;
        assert_eq!(
            (wrong.status.as_u16(), wrong.problem().as_str()),
            (403, "wrong_password")
        );
    }
    let delayed = new_password(&client, &page, PASSWORD, "a password of mine").await;
    assert_eq!(
        (delayed.status.as_u16(), delayed.problem().as_str()),
        (429, "login_delayed")
    );
    let login = attempt(&client, "kim", PASSWORD).await;
    assert_eq!(login.problem(), "login_delayed");
    assert_eq!(page.me(&client).await.status, 200);
    eventually("the guesses are in the audit log", || async {
        let actions = actions_on(&app.admin(), "user:kim").await;
        let is_told = actions.contains(&"user.password_refused".to_owned());
        is_told.then_some(())
    })
    .await;
}
