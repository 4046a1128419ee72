//! Limits of callers who say who they are, and of those who do not.

use reqwest::Method;
use serde_json::{Value, json};

use super::sessions::{PASSWORD, Page};
use crate::{
    app::{Setup, TestApp},
    client::{Answer, Client, answer},
    keyed::{admin_of, made, with_role},
};

async fn limited(per_minute: u32) -> TestApp {
    let mut setup = Setup {
        auth: true,
        ..Setup::default()
    };
    setup.config.rate_limits.standard_per_minute = per_minute;
    TestApp::start_with(setup).await
}

/// A user of the tenant of `admin` who has logged in.
async fn page_of(admin: &Client, tenant: &str, role: &str) -> Page {
    let new = json!({"name": "kim", "role": role, "password": PASSWORD});
    assert_eq!(admin.post("/v1/users", &new).await.status, 201);
    let credentials = json!({"name": "kim", "tenant": tenant, "password": PASSWORD});
    let stranger = Client::new(admin.address);
    let answered = stranger.post("/v1/sessions", &credentials).await;
    assert_eq!(answered.status, 201);
    Page::of(&answered)
}

fn told(answer: &Answer) -> (u16, String) {
    (answer.status.as_u16(), answer.problem())
}

fn refused(status: u16, code: &str) -> (u16, String) {
    (status, code.to_owned())
}

#[tokio::test]
async fn who_is_refused_is_counted_as_well() {
    let app = limited(3).await;
    let admin = app.admin();
    let (viewer, other) = (
        with_role(&admin, "viewer").await,
        with_role(&admin, "viewer").await,
    );
    let page = page_of(&admin, "default", "user").await;
    let job = json!({"kind": "drill.fanout", "input": {"tasks": 1}});
    let without_permission = async || viewer.post("/v1/jobs", &job).await;
    let without_csrf_token = async || {
        let request = page.asks(&app.client(), Method::POST, "/v1/jobs");
        answer(request.json(&job)).await
    };
    for left in ["2", "1", "0"] {
        let denied = without_permission().await;
        assert_eq!(told(&denied), refused(403, "permission_denied"));
        assert_eq!(denied.header("ratelimit-remaining"), Some(left));
        assert_eq!(told(&without_csrf_token().await), refused(403, "csrf"));
    }
    let limited = refused(429, "rate_limited");
    assert_eq!(told(&without_permission().await), limited);
    assert_eq!(told(&without_csrf_token().await), limited);
    assert_eq!(other.get("/v1/jobs").await.status, 200);
}

#[tokio::test]
async fn users_of_one_name_in_two_tenants_have_each_their_limit() {
    let app = limited(3).await;
    let acme = admin_of(&app.admin(), "acme").await;
    let (ours, theirs) = (
        page_of(&app.admin(), "default", "user").await,
        page_of(&acme, "acme", "user").await,
    );
    let client = app.client();
    for status in [200, 200, 200, 429] {
        assert_eq!(ours.me(&client).await.status, status);
    }
    for status in [200, 200, 200, 429] {
        assert_eq!(theirs.me(&client).await.status, status);
    }
}

#[tokio::test]
async fn strangers_do_not_use_up_what_a_tenant_has() {
    let mut setup = Setup {
        auth: true,
        ..Setup::default()
    };
    setup.config.quota.tenant_requests_per_minute = 3;
    let app = TestApp::start_with(setup).await;
    let stranger = app.client();
    for _ in 0..5 {
        assert_eq!(stranger.get("/v1/nowhere").await.status, 404);
        assert_eq!(stranger.get("/v1/jobs").await.status, 401);
        let login = stranger.post("/v1/sessions", &json!({})).await;
        assert_eq!(login.status, 422);
    }
    let admin = app.admin();
    for status in [200, 200, 200, 429] {
        assert_eq!(admin.get("/v1/jobs").await.status, status);
    }
    assert_eq!(admin.get("/v1/jobs").await.problem(), "quota_exceeded");
}

#[tokio::test]
async fn one_address_logs_in_so_often_and_with_a_small_body() {
    let mut setup = Setup {
        auth: true,
        ..Setup::default()
    };
    setup.config.rate_limits.logins_per_minute = 3;
    setup.config.rate_limits.limit_loopback = true;
    let app = TestApp::start_with(setup).await;
    let client = app.client();
    let attempt = async |name: &str, password: &str| {
        let credentials = json!({"name": name, "password": password});
        client.post("/v1/sessions", &credentials).await
    };
    let large = attempt("kim", &"x".repeat(9_000)).await;
    assert_eq!(told(&large), refused(413, "body_too_large"));
    for name in ["kim", "lee"] {
        let wrong = attempt(name, "wrong").await;
        assert_eq!(told(&wrong), refused(401, "wrong_password"));
    }
    let limited = attempt("pat", "wrong").await;
    assert_eq!(told(&limited), refused(429, "rate_limited"));
    assert_eq!(client.get("/health/live").await.status, 200);
}

#[tokio::test]
async fn one_caller_leaves_tickets_and_streams_for_the_others() {
    let mut setup = Setup {
        auth: true,
        ..Setup::default()
    };
    setup.limits.seats.of_principal_max = 1;
    let app = TestApp::start_with(setup).await;
    let admin = app.admin();
    let (one, _) = made(&admin, json!({"name": "one", "role": "viewer"})).await;
    let (other, _) = made(&admin, json!({"name": "other", "role": "viewer"})).await;
    let ticket = async |client: &Client| client.post("/v1/stream-tickets", &json!({})).await;
    for _ in 0..200 {
        assert_eq!(ticket(&one).await.status, 201);
    }
    let own = ticket(&one).await;
    assert_eq!(told(&own), refused(429, "too_many_tickets"));
    assert_eq!(ticket(&other).await.status, 201);

    let stream = async |client: &Client| {
        let request = client.request(Method::GET, "/v1/stream");
        let request = request.header("accept", "text/event-stream");
        request.send().await.unwrap()
    };
    let open = stream(&one).await;
    assert_eq!(open.status(), 200);
    let own = stream(&one).await;
    assert_eq!(own.status(), 429);
    let problem: Value = own.json().await.unwrap();
    assert_eq!(problem["code"], "too_many_streams");
    assert_eq!(stream(&other).await.status(), 200);
}
