//! What is kept: here, in Redis, and by others.

use callboard::config::CachePolicy;

use super::metric;
use crate::{
    app::{Setup, TestApp},
    client::Client,
    eventually::eventually,
    redis::Redis,
};

const PATH: &str = "/v1/generate/transactions?rows=500";

/// Requests so far that ended this way.
async fn outcomes(client: &Client) -> [f64; 3] {
    let mut counts = [0.0; 3];
    for (count, outcome) in counts.iter_mut().zip(["\"hit\"", "\"l2_hit\"", "\"miss\""]) {
        *count = metric(client, "callboard_cache_requests_total", outcome).await;
    }
    counts
}

#[tokio::test]
async fn the_same_question_is_answered_from_the_cache() {
    let app = TestApp::start_alone(Setup::default()).await;
    let client = app.client();
    let before = outcomes(&client).await;
    let first = client.get(PATH).await;
    let second = client.get(PATH).await;
    let other = client.get(&format!("{PATH}&seed=1")).await;
    assert_eq!(first.body, second.body);
    assert_ne!(first.body, other.body);
    let after = outcomes(&client).await;
    let grown: Vec<f64> = after.iter().zip(before).map(|(a, b)| a - b).collect();
    assert_eq!(grown, [1.0, 0.0, 2.0]);
}

#[tokio::test]
async fn the_largest_page_is_kept() {
    let app = TestApp::start_alone(Setup::default()).await;
    let client = app.client();
    for (entity, format) in [
        ("customers", "jsonl"),
        ("transactions", "csv"),
        ("transactions", "parquet"),
    ] {
        let path = format!("/v1/generate/{entity}?rows=30000&limit=10000&format={format}");
        let before = outcomes(&client).await;
        let first = client.get(&path).await;
        let second = client.get(&path).await;
        assert_eq!(first.status, 200, "{path}");
        assert!(
            !first.body.is_empty() && first.body == second.body,
            "{path}"
        );
        assert!(second.header("content-length").is_some(), "{path}");
        let after = outcomes(&client).await;
        let grown: Vec<f64> = after.iter().zip(before).map(|(a, b)| a - b).collect();
        assert_eq!(grown, [1.0, 0.0, 1.0], "{path}");
    }
}

#[tokio::test]
async fn nodes_find_the_answers_of_others_in_redis_and_do_without_it() {
    let Some(mut redis) = Redis::start() else {
        return;
    };
    redis.up().await;
    let setup = |redis: &Redis| {
        let mut setup = Setup::default();
        setup.config.redis.url = redis.url().as_str().into();
        setup
    };
    let first = TestApp::start_with(setup(&redis)).await;
    let second = TestApp::start_with(setup(&redis)).await;
    let made = first.client().get(PATH).await;
    let client = second.client();
    let [_, found_before, _] = outcomes(&client).await;
    let found = client.get(PATH).await;
    assert_eq!(found.body, made.body);
    let [_, found_after, _] = outcomes(&client).await;
    assert!(
        found_after > found_before,
        "the answer was not found in redis"
    );

    redis.end();
    let alone = client.get(&format!("{PATH}&seed=77")).await;
    assert_eq!(alone.status, 200);
    let kept = client.get(PATH).await;
    assert_eq!(kept.body, made.body);
    redis.again();
    redis.up().await;
    eventually("answers are shared again", || async {
        let seed = uuid::Uuid::now_v7().as_u128() as u32;
        let path = format!("{PATH}&seed={seed}");
        first.client().get(&path).await;
        let [_, before, _] = outcomes(&client).await;
        client.get(&path).await;
        let [_, after, _] = outcomes(&client).await;
        (after > before).then_some(())
    })
    .await;
}

#[tokio::test]
async fn a_policy_says_what_others_may_keep() {
    for (policy, said) in [
        (CachePolicy::Static, "public, max-age=31536000, immutable"),
        (CachePolicy::Html, "public, max-age=0, must-revalidate"),
        (CachePolicy::Api, "private, max-age=60"),
        (CachePolicy::None, "no-store"),
    ] {
        let mut setup = Setup::default();
        setup.config.cache.generate = policy;
        let app = TestApp::start_with(setup).await;
        let answer = app.client().get(PATH).await;
        assert_eq!(answer.header("cache-control"), Some(said));
    }
}
