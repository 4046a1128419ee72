//! A vendor that is down, and comes back.

use serde_json::{Value, json};

use super::{
    provider::Fetching,
    vendor::{Reply, Vendor, config, csv},
};
use crate::eventually::eventually;

/// The status of the crew that fetches: degraded while its breaker is open.
async fn crew_status(fetching: &Fetching) -> Value {
    let health: Value = fetching.client.get("/v1/health").await.json();
    let mut parts = health["components"].as_array().unwrap().iter();
    let crew = parts.find(|part| part["name"] == "crew market.quoter");
    crew.unwrap()["status"].clone()
}

#[tokio::test]
async fn a_vendor_that_is_down_opens_the_breaker_and_its_return_closes_it_and_ends_the_jobs() {
    // Nobody listens at the address of a vendor that has closed.
    let address = Vendor::open([]).address;
    let fetching = Fetching::start(&config(address, ""));
    let mut jobs = Vec::new();
    for ticker in ["AA", "BB", "CC"] {
        let input = json!({"tickers": [ticker]});
        jobs.push(fetching.client.submit("market.compare", input).await.id);
    }
    eventually("the breaker opens", || async {
        (crew_status(&fetching).await == "degraded").then_some(())
    })
    .await;

    let prices = |seed| vec![Reply::Prices(csv(seed))];
    let _vendor = Vendor::open_at(
        address,
        [("AA", prices(1)), ("BB", prices(2)), ("CC", prices(3))],
    );
    for id in &jobs {
        let job = fetching.client.finished(id).await;
        assert_eq!(job.state, "succeeded", "{job:?}");
    }
    eventually("the breaker closes", || async {
        (crew_status(&fetching).await == "healthy").then_some(())
    })
    .await;
}
