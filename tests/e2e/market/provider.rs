//! Prices that are fetched from a vendor, whatever it answers.

use serde_json::{Value, json};

use super::vendor::{Reply, Vendor, csv};
use crate::{
    cli::desk::{Desk, Serving},
    client::{Answer, Client, Job},
    eventually::soon,
};

/// A server that fetches from a vendor.
pub struct Fetching {
    pub client: Client,
    _server: Serving,
    _desk: Desk,
}

impl Fetching {
    pub fn start(config: &str) -> Self {
        let desk = Desk::new();
        desk.write("callboard.toml", config);
        let server = Serving::start(&desk);
        let address = server.url.strip_prefix("http://").unwrap().to_owned();
        Self {
            client: Client::new(address.parse().unwrap()),
            _server: server,
            _desk: desk,
        }
    }

    pub async fn compare(&self, input: Value) -> Job {
        let job = self.client.submit("market.compare", input).await;
        self.client.finished(&job.id).await
    }

    async fn refused(&self, input: Value) -> Answer {
        let body = json!({"kind": "market.compare", "input": input});
        self.client.post("/v1/jobs", &body).await
    }
}

fn message(job: &Job) -> &str {
    assert_eq!(job.state, "failed", "{job:?}");
    job.error.as_ref().unwrap()["message"].as_str().unwrap()
}

fn prices(seed: u32) -> Vec<Reply> {
    vec![Reply::Prices(csv(seed))]
}

#[tokio::test]
async fn fetched_prices_are_compared_once_fetched_for_all_and_kept_in_the_job() {
    let vendor = Vendor::open([
        ("NVDA", prices(1)),
        ("TSLA", prices(2)),
        ("%5EGSPC", prices(3)),
    ]);
    let fetching = Fetching::start(&vendor.config(""));
    let query =
        json!({"query": "daily Sharpe and beta of NVDA and Tesla against ^GSPC since Feb 2020"});
    let first = fetching.compare(query.clone()).await;
    assert_eq!(first.state, "succeeded", "{first:?}");
    let result = first.result.clone().unwrap();
    assert_eq!(result["assets"]["NVDA"]["first_date"], "2020-02-03");
    assert!(result["assets"]["TSLA"]["beta"].is_number());
    let base = format!("http://{}", vendor.address);
    for fact in result["facts"].as_array().unwrap() {
        let source = fact["source"].as_str().unwrap();
        assert!(
            source.contains(&format!("{base}/")) && source.contains(", sha256 "),
            "{source}"
        );
    }
    assert!(!result.to_string().contains("secret"));
    assert!(vendor.asked("NVDA")[0].starts_with("/NVDA.csv?from=2020-02-01&to=20"));

    let second = fetching.compare(query).await;
    let again = second.result.unwrap();
    assert_eq!(again["assets"], result["assets"]);
    for ticker in ["NVDA", "TSLA", "%5EGSPC"] {
        assert_eq!(vendor.asked(ticker).len(), 1, "{ticker}");
    }
    let metrics = fetching.client.get("/metrics").await.body;
    let metrics = String::from_utf8(metrics).unwrap();
    for line in [
        "callboard_price_requests_total{outcome=\"fetched\"} 3",
        "callboard_price_requests_total{outcome=\"cached\"} 3",
    ] {
        assert!(metrics.contains(line), "no {line} in {metrics}");
    }

    let tasks = format!("/v1/jobs/{}/tasks", first.id);
    let tasks = fetching.client.get_json(&tasks).await;
    let named = |name: &str| {
        let mut items = tasks["items"].as_array().unwrap().iter();
        items.any(|task| task["name"] == name && task["state"] == "succeeded")
    };
    assert!(named("quote:NVDA") && named("prices"), "{tasks}");
}

#[tokio::test]
async fn what_can_be_refused_before_a_fetch_is_refused_at_once() {
    let vendor = Vendor::open([]);
    let fetching = Fetching::start(&vendor.config(""));
    for (input, code) in [
        (json!({"query": "Sharpe of nvda"}), "not_understood"),
        (json!({"tickers": ["../etc"]}), "unknown_ticker"),
        (
            json!({"tickers": ["NVDA"], "from": "2021", "to": "2020"}),
            "from_after_to",
        ),
        (
            json!({"tickers": ["NVDA"], "metrics": ["beta"]}),
            "benchmark_required",
        ),
        (json!({"query": "rank all tickers"}), "no_ticker"),
    ] {
        let refused = fetching.refused(input.clone()).await;
        assert_eq!(refused.status, 422, "{input}: {refused:?}");
        assert_eq!(refused.problem(), code, "{input}");
    }
}

#[tokio::test]
async fn a_ticker_that_the_vendor_does_not_know_fails_the_job_in_words() {
    let vendor = Vendor::open([
        ("NVDA", prices(1)),
        ("KEY", vec![Reply::Status(403, "")]),
        ("LOOP", vec![Reply::Status(302, "location: /LOOP.csv\r\n")]),
    ]);
    let fetching = Fetching::start(&vendor.config(""));
    let unknown = fetching.compare(json!({"tickers": ["NVDA", "NOPE"]})).await;
    assert!(
        message(&unknown).starts_with("unknown ticker NOPE: http://")
            && message(&unknown).ends_with("/NOPE.csv answers 404 Not Found"),
        "{unknown:?}"
    );
    assert_eq!(vendor.asked("NOPE").len(), 1);
    let astray = fetching.compare(json!({"tickers": ["LOOP"]})).await;
    assert!(
        message(&astray).ends_with("too many redirects"),
        "{astray:?}"
    );
    // Itself and three redirects, and no second attempt.
    assert_eq!(vendor.asked("LOOP").len(), 4);
    let refused = fetching.compare(json!({"tickers": ["KEY"]})).await;
    assert!(
        message(&refused).contains("the price provider refuses KEY"),
        "{refused:?}"
    );
    assert!(!message(&refused).contains("secret"), "{refused:?}");
}

#[tokio::test]
async fn what_may_pass_is_tried_again() {
    let limited = Reply::Status(429, "retry-after: 1\r\n");
    let vendor = Vendor::open([
        (
            "FIVE",
            [vec![Reply::Status(500, ""); 2], prices(1)].concat(),
        ),
        ("SLOW", [vec![Reply::Silence], prices(2)].concat()),
        ("MANY", [vec![limited], prices(3)].concat()),
    ]);
    let fetching = Fetching::start(&vendor.config("price_timeout = \"300ms\""));
    let job = fetching
        .compare(json!({"tickers": ["FIVE", "SLOW", "MANY"]}))
        .await;
    assert_eq!(job.state, "succeeded", "{job:?}");
    let asked = ["FIVE", "SLOW", "MANY"].map(|ticker| vendor.asked(ticker).len());
    assert_eq!(asked, [3, 2, 2]);
}

#[tokio::test]
async fn a_vendor_that_never_answers_fails_the_job_with_the_cause() {
    let vendor = Vendor::open([("SLOW", vec![Reply::Silence])]);
    let fetching = Fetching::start(&vendor.config("price_timeout = \"100ms\""));
    let job = soon(
        "five attempts",
        fetching.compare(json!({"tickers": ["SLOW"]})),
    )
    .await;
    assert!(message(&job).contains("no answer within 100 ms"), "{job:?}");
    assert_eq!(vendor.asked("SLOW").len(), 5);
}

#[tokio::test]
async fn an_answer_that_is_too_large_or_no_price_file_fails_the_job_at_once() {
    let bad = "date,close\n2020-01-01,1\n2020-01-02,1\nsoon,2\n".to_owned();
    let vendor = Vendor::open([
        ("LARGE", vec![Reply::Prices("x".repeat(10_001))]),
        ("LONG", vec![Reply::Endless(1_000_000)]),
        ("BAD", vec![Reply::Prices(bad)]),
        (
            "HTML",
            vec![Reply::Prices("<html>please log in</html>".to_owned())],
        ),
        (
            "OTHER",
            vec![Reply::Prices(
                "symbol,date,close\nAA,2020-01-01,1\n".to_owned(),
            )],
        ),
    ]);
    let fetching = Fetching::start(&vendor.config("price_bytes_max = 10000"));
    for (ticker, part) in [
        ("LARGE", "have more than 10000 bytes"),
        ("LONG", "have more than 10000 bytes"),
        ("BAD", "the answer for BAD, line 4: `soon` is not a date"),
        ("HTML", "the answer for HTML, line 1: no date column"),
        ("OTHER", "the answer for OTHER holds prices of AA instead"),
    ] {
        let job = fetching.compare(json!({"tickers": [ticker]})).await;
        assert!(message(&job).contains(part), "{part}: {job:?}");
        assert_eq!(vendor.asked(ticker).len(), 1, "{ticker}");
    }
}

#[tokio::test]
async fn an_answer_is_fetched_again_after_its_time() {
    let vendor = Vendor::open([("NVDA", prices(1))]);
    // A job takes longer than that after its fetch.
    let fetching = Fetching::start(&vendor.config("price_cache_ttl = \"1ms\""));
    let input = json!({"tickers": ["NVDA"]});
    for times in 1..=3 {
        assert_eq!(fetching.compare(input.clone()).await.state, "succeeded");
        assert_eq!(vendor.asked("NVDA").len(), times);
    }
}

#[tokio::test]
async fn a_provider_that_speaks_no_tls_is_named_with_the_cause() {
    let vendor = Vendor::open([]);
    let config = vendor.config("").replace("http://", "https://");
    let fetching = Fetching::start(&config);
    let job = fetching.compare(json!({"tickers": ["NVDA"]})).await;
    let text = message(&job);
    assert!(text.contains("cannot be fetched from https://"), "{text}");
    assert!(!text.contains("secret"), "{text}");
}
