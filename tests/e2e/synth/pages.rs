//! Small reads: pages, refusals and conditions.

use reqwest::Method;
use serde_json::Value;

use crate::{
    app::{Setup, TestApp},
    client::answer,
};

#[tokio::test]
async fn pages_lead_to_the_end_and_add_up_to_the_whole() {
    let app = TestApp::start().await;
    let client = app.client();
    let whole = client.get("/v1/generate/merchants?rows=25&seed=2").await;
    let (mut path, mut pages) = (
        "/v1/generate/merchants?rows=25&limit=10&seed=2".to_owned(),
        Vec::new(),
    );
    loop {
        let page = client.get(&path).await;
        assert_eq!(page.status, 200);
        let next = page.header("link").map(|link| {
            let (next, rel) = link.split_once("; ").unwrap();
            assert_eq!(rel, "rel=\"next\"");
            next.trim_matches(['<', '>']).to_owned()
        });
        pages.push(page.body);
        match next {
            Some(next) => path = next,
            None => break,
        }
    }
    assert_eq!((pages.len(), pages.concat()), (3, whole.body));
}

#[tokio::test]
async fn a_parameter_out_of_its_range_is_named() {
    let mut setup = Setup::default();
    setup.config.synth.rows_max_per_request = std::num::NonZeroU64::new(50_000).unwrap();
    let app = TestApp::start_with(setup).await;
    let client = app.client();
    for (query, status, field) in [
        ("rows=0", 422, "rows"),
        ("rows=1000000000000", 422, "rows"),
        ("rows=50001", 422, "rows"),
        ("rows=many", 400, "rows"),
        ("locale=xx", 422, "locale"),
        ("fraud_rate=1.5", 422, "fraud_rate"),
        ("from=2024-12-31&to=2024-01-01", 422, "to"),
        ("from=soon", 400, "from"),
        ("format=xml", 400, "format"),
        ("format=parquet&compression=gzip", 422, "compression"),
        ("rows=10&offset=10", 422, "offset"),
        ("limit=0", 400, "limit"),
    ] {
        let refused = client
            .get(&format!("/v1/generate/transactions?{query}"))
            .await;
        assert_eq!(refused.status, status, "{query}: {refused:?}");
        refused.problem();
        assert_eq!(refused.json::<Value>()["field"], field, "{query}");
    }
    let unknown = client.get("/v1/generate/transactions?colour=red").await;
    assert_eq!(unknown.problem(), "invalid_query");
    let nothing = client.get("/v1/generate/cats").await;
    assert_eq!(
        (nothing.status.as_u16(), nothing.problem().as_str()),
        (404, "unknown_entity")
    );
}

#[tokio::test]
async fn a_client_that_has_the_rows_is_not_sent_them_again() {
    let app = TestApp::start().await;
    let client = app.client();
    for rows in [100, 100_000] {
        let path = format!("/v1/generate/customers?rows={rows}");
        let first = client.get(&path).await;
        let etag = first.header("etag").unwrap();
        let again = client
            .request(Method::GET, &path)
            .header("if-none-match", etag);
        let again = answer(again).await;
        assert_eq!((again.status.as_u16(), again.body.len()), (304, 0));
        let head = client.request(Method::HEAD, &path);
        let head = answer(head).await;
        assert_eq!(
            (head.status.as_u16(), head.header("etag")),
            (200, Some(etag))
        );
        let other = client.get(&format!("{path}&seed=1")).await;
        assert_ne!(other.header("etag"), Some(etag));
    }
}
