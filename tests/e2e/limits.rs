//! How often callers may ask, and what tenants may have.

use std::time::{Duration, Instant};

use reqwest::Method;
use serde_json::{Value, json};

use crate::{
    app::{Setup, TestApp},
    artifacts::compared,
    cli::desk::{Desk, Serving},
    client::{Answer, Client, answer},
    eventually::eventually,
    keyed::admin_of,
    redis::Redis,
};

fn limited(per_minute: u32, redis: &str) -> Setup {
    let mut setup = Setup::default();
    setup.config.rate_limits.anonymous_per_minute = per_minute;
    setup.config.rate_limits.limit_loopback = true;
    setup.config.redis.url = redis.into();
    setup
}

fn number(answer: &Answer, name: &str) -> u64 {
    let text = answer
        .header(name)
        .unwrap_or_else(|| panic!("no {name}: {answer:?}"));
    text.parse().unwrap()
}

#[tokio::test]
async fn who_asks_too_often_is_told_when_to_come_again() {
    let app = TestApp::start_with(limited(5, "")).await;
    let client = app.client();
    for left in [4, 3, 2, 1, 0] {
        let passed = client.get("/health/live").await;
        assert_eq!(passed.status, 200);
        assert_eq!(
            (
                number(&passed, "ratelimit-limit"),
                number(&passed, "ratelimit-remaining")
            ),
            (5, left)
        );
        assert!((1..=60).contains(&number(&passed, "ratelimit-reset")));
    }
    let refused = client.get("/v1/jobs").await;
    assert_eq!(
        (refused.status.as_u16(), refused.problem().as_str()),
        (429, "rate_limited")
    );
    assert!((1..=12).contains(&number(&refused, "retry-after")));
    assert_eq!(number(&refused, "ratelimit-remaining"), 0);
}

#[tokio::test]
async fn this_machine_is_not_limited_unless_it_is_asked_for() {
    let mut setup = limited(1, "");
    setup.config.rate_limits.limit_loopback = false;
    let app = TestApp::start_with(setup).await;
    for _ in 0..5 {
        let passed = app.client().get("/v1/jobs").await;
        assert_eq!(
            (passed.status.as_u16(), passed.header("ratelimit-limit")),
            (200, None)
        );
    }
}

#[tokio::test]
async fn who_asks_by_a_trusted_proxy_is_counted_as_who_it_is() {
    let mut setup = limited(2, "");
    setup.config.rate_limits.limit_loopback = false;
    setup.limits.trusted_proxies = vec!["127.0.0.0/8".parse().unwrap()];
    let app = TestApp::start_with(setup).await;
    let asked = async |forwarded: &str| {
        let request = app.client().request(Method::GET, "/v1/jobs");
        let asked = answer(request.header("x-forwarded-for", forwarded)).await;
        asked.status.as_u16()
    };
    for forwarded in [
        "192.0.2.7",
        "203.0.113.1, 192.0.2.7",
        "203.0.113.2,192.0.2.7",
    ] {
        let expected = if forwarded.contains(",192") { 429 } else { 200 };
        assert_eq!(asked(forwarded).await, expected, "{forwarded}");
    }
    assert_eq!(asked("192.0.2.8").await, 200);
    assert_eq!(app.client().get("/v1/jobs").await.status, 200);
}

#[tokio::test]
async fn a_quota_that_is_used_up_is_named() {
    let mut setup = Setup::default();
    setup.config.quota.tenant_live_jobs_max = 2;
    let app = TestApp::start_with(setup).await;
    let client = app.client();
    let jobs = [client.endless().await, client.endless().await];
    let body = json!({"kind": "drill.fanout", "input": {"tasks": 1}});
    let refused = client.post("/v1/jobs", &body).await;
    assert_eq!(
        (refused.status.as_u16(), refused.problem().as_str()),
        (429, "quota_exceeded")
    );
    assert_eq!(refused.json::<Value>()["field"], "tenant_live_jobs_max");
    let batch = client
        .post("/v1/jobs/batch", &json!({"jobs": [body]}))
        .await;
    assert_eq!(batch.problem(), "quota_exceeded");
    client.cancel(&jobs[0].id).await;
    client.finished(&jobs[0].id).await;
    let accepted = client.post("/v1/jobs", &body).await;
    assert_eq!(accepted.status, 202);
    client.cancel(&jobs[1].id).await;
    drop(app);

    let mut setup = Setup::default();
    setup.config.quota.tenants = vec![callboard::config::TenantQuota {
        tenant: "default".to_owned(),
        tenant_requests_per_minute: Some(3),
        ..Default::default()
    }];
    let app = TestApp::start_with(setup).await;
    for status in [200, 200, 200, 429] {
        assert_eq!(app.client().get("/v1/jobs").await.status, status);
    }
    let refused = app.client().get("/v1/jobs").await;
    assert_eq!(refused.problem(), "quota_exceeded");
    assert_eq!(
        refused.json::<Value>()["field"],
        "tenant_requests_per_minute"
    );
}

fn small() -> Value {
    json!({"kind": "drill.fanout", "input": {"tasks": 1}})
}

/// The refusal of a submission, once the figure of what the tenant keeps is up to date.
async fn refused(client: &Client) -> Answer {
    eventually("a submission is refused", || async {
        let answer = client.post("/v1/jobs", &small()).await;
        (answer.status != 202).then_some(answer)
    })
    .await
}

#[tokio::test]
async fn a_tenant_that_keeps_as_much_as_it_may_submits_nothing_more() {
    let mut setup = Setup {
        auth: true,
        ..Setup::default()
    };
    setup.config.quota.tenant_storage_bytes_max = 1;
    setup.config.quota.tenants = vec![callboard::config::TenantQuota {
        tenant: "acme".to_owned(),
        tenant_storage_bytes_max: Some(0),
        ..Default::default()
    }];
    let app = TestApp::start_with(setup).await;
    let (acme, beta) = (
        admin_of(&app.admin(), "acme").await,
        admin_of(&app.admin(), "beta").await,
    );
    let kept = compared(&beta).await;
    compared(&acme).await;
    let refused = refused(&beta).await;
    assert_eq!(
        (refused.status.as_u16(), refused.problem().as_str()),
        (429, "quota_exceeded")
    );
    assert_eq!(refused.json::<Value>()["field"], "tenant_storage_bytes_max");
    let batch = beta
        .post("/v1/jobs/batch", &json!({"jobs": [small()]}))
        .await;
    assert_eq!(batch.problem(), "quota_exceeded");
    assert_eq!(beta.show(&kept.id).await.state, "succeeded");
    for other in [acme, app.admin()] {
        let job = other.fanout(1).await;
        other.finished(&job.id).await;
    }
}

#[tokio::test]
async fn a_tenant_submits_again_once_retention_has_removed_what_it_kept() {
    let desk = Desk::new();
    let quota = "[quota]\ntenant_storage_bytes_max = 1\n";
    desk.write("callboard.toml", quota);
    let server = Serving::start(&desk);
    compared(&server.client()).await;
    let refused = refused(&server.client()).await;
    assert_eq!(refused.problem(), "quota_exceeded");
    assert_eq!(server.stop(), Some(0));

    let retention = "[retention]\nended_jobs_kept = \"1ms\"\n";
    desk.write("callboard.toml", &format!("{quota}{retention}"));
    let server = Serving::start(&desk);
    let client = server.client();
    eventually("a submission is taken", || async {
        let answer = client.post("/v1/jobs", &small()).await;
        (answer.status == 202).then_some(())
    })
    .await;
    assert_eq!(server.stop(), Some(0));
}

#[tokio::test]
async fn what_was_accepted_is_answered_again_when_the_quota_is_used_up() {
    let mut setup = Setup::default();
    setup.config.quota.tenant_live_jobs_max = 2;
    let app = TestApp::start_with(setup).await;
    let client = app.client();
    let job = json!({"kind": "drill.fanout", "input": {"tasks": 1, "wait_ms": 60_000}});
    let batch = json!({"jobs": [job]});
    let submit = async |path: &str, key: &'static str, body: &Value| {
        let request = client.request(Method::POST, path).json(body);
        answer(request.header("idempotency-key", key)).await
    };
    let of_job: Value = submit("/v1/jobs", "one", &job).await.json();
    let of_batch: Value = submit("/v1/jobs/batch", "two", &batch).await.json();
    for (path, body) in [("/v1/jobs", &job), ("/v1/jobs/batch", &batch)] {
        let refused = submit(path, "another", body).await;
        assert_eq!(refused.problem(), "quota_exceeded");
    }
    let again = submit("/v1/jobs", "one", &job).await;
    assert_eq!(again.status, 202);
    assert_eq!(again.header("idempotent-replayed"), Some("true"));
    assert_eq!(again.json::<Value>()["id"], of_job["id"]);
    let again = submit("/v1/jobs/batch", "two", &batch).await;
    assert_eq!(again.header("idempotent-replayed"), Some("true"));
    let [of_batch, again] =
        [of_batch, again.json()].map(|batch: Value| batch["results"][0]["job"]["id"].clone());
    assert_eq!(again, of_batch);
    for id in [&of_job["id"], &of_batch] {
        client.cancel(id.as_str().unwrap()).await;
    }
}

async fn redis_status(client: &Client) -> Value {
    let health: Value = client.get("/v1/health").await.json();
    let mut parts = health["components"].as_array().unwrap().iter();
    let redis = parts.find(|part| part["name"] == "redis");
    redis.unwrap()["status"].clone()
}

#[tokio::test]
async fn nodes_share_limits_through_redis_and_go_by_their_own_while_it_is_slow_or_gone() {
    /// Few come back while the requests here are made: five in a second.
    const PER_MINUTE: u32 = 300;
    const ASKED: u32 = 30;
    /// What each would wait for redis.
    const WAIT: Duration = Duration::from_millis(100);
    let Some(mut redis) = Redis::start() else {
        return;
    };
    redis.up().await;
    let (one, other) = (
        TestApp::start_with(limited(PER_MINUTE, &redis.url())).await,
        TestApp::start_with(limited(PER_MINUTE, &redis.url())).await,
    );
    let (first, second) = (one.client(), other.client());
    let remaining =
        async |client: &Client| number(&client.get("/health/live").await, "ratelimit-remaining");
    // A request that redis does not answer in time is counted by its node alone.
    let (after, with_redis) = eventually("two nodes have one count", || async {
        let before = remaining(&first).await;
        let began = Instant::now();
        for _ in 0..ASKED {
            remaining(&second).await;
        }
        let took = began.elapsed();
        let after = remaining(&first).await;
        (after + 10 < before).then_some((after, took))
    })
    .await;
    eventually("it is relied on", || async {
        (redis_status(&first).await == "healthy").then_some(())
    })
    .await;

    redis.signal("-STOP");
    let own = remaining(&first).await;
    assert!(
        own > after + 10,
        "{after}, {own}: the node counts by itself"
    );
    let began = Instant::now();
    for _ in 0..ASKED {
        assert_eq!(first.get("/health/live").await.status, 200);
    }
    let waited = began.elapsed().saturating_sub(with_redis);
    assert!(waited < WAIT * ASKED, "requests waited for redis");
    assert_eq!(redis_status(&first).await, "degraded");
    redis.signal("-CONT");
    eventually("redis is asked again", || async {
        (redis_status(&first).await == "healthy").then_some(())
    })
    .await;

    redis.end();
    eventually("its end is noticed", || async {
        (redis_status(&second).await == "degraded").then_some(())
    })
    .await;
    assert_eq!(second.get("/health/live").await.status, 200);
    redis.again();
    eventually("its return is noticed", || async {
        (redis_status(&second).await == "healthy").then_some(())
    })
    .await;
}
