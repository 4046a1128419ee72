//! Parts of artifacts.

use reqwest::Method;
use serde_json::json;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

use crate::{
    app::TestApp,
    artifacts::compared,
    client::{Answer, Client, answer},
    eventually::soon,
};

/// Path and bytes of the chart of an analysis.
async fn chart(client: &Client) -> (String, Vec<u8>) {
    let job = compared(client).await;
    let path = format!("/v1/jobs/{}/artifacts", job.id);
    let listed = client.get_json(&path).await;
    let path = listed["items"][0]["href"].as_str().unwrap().to_owned();
    let whole = client.get(&path).await;
    assert_eq!(whole.header("accept-ranges"), Some("bytes"));
    assert_eq!(whole.header("content-range"), None);
    (path, whole.body)
}

async fn part(client: &Client, path: &str, headers: &[(&str, &str)]) -> Answer {
    let request = client.request(Method::GET, path);
    let with = |request: reqwest::RequestBuilder, (name, value): &(&str, &str)| {
        request.header(*name, *value)
    };
    answer(headers.iter().fold(request, with)).await
}

#[tokio::test]
async fn a_part_is_answered_with_its_place_and_parts_add_up_to_the_whole() {
    let app = TestApp::start().await;
    let client = app.client();
    let (path, whole) = chart(&client).await;
    let length = whole.len();
    let (third, rest) = (length / 3, length - length / 3);
    let mut together = Vec::new();
    for (range, first, last) in [
        (format!("bytes=0-{}", third - 1), 0, third - 1),
        (format!("bytes={third}-{third}"), third, third),
        (format!("bytes={}-", third + 1), third + 1, length - 1),
    ] {
        let part = part(&client, &path, &[("range", &range)]).await;
        assert_eq!(part.status, 206, "{range}");
        let placed = format!("bytes {first}-{last}/{length}");
        assert_eq!(part.header("content-range"), Some(placed.as_str()));
        let content_length = (last - first + 1).to_string();
        assert_eq!(part.header("content-length"), Some(content_length.as_str()));
        assert_eq!(part.header("content-type"), Some("image/svg+xml"));
        assert!(part.header("content-security-policy").is_some());
        together.extend(part.body);
    }
    assert_eq!(together, whole);
    let suffix = part(&client, &path, &[("range", &format!("bytes=-{rest}"))]).await;
    assert_eq!(suffix.body, whole[third..]);
}

#[tokio::test]
async fn a_range_beyond_the_end_is_refused_with_the_length() {
    let app = TestApp::start().await;
    let client = app.client();
    let (path, whole) = chart(&client).await;
    let range = format!("bytes={}-", whole.len());
    let refused = part(&client, &path, &[("range", &range)]).await;
    assert_eq!(
        (refused.status.as_u16(), refused.problem().as_str()),
        (416, "range_not_satisfiable")
    );
    let length = format!("bytes */{}", whole.len());
    assert_eq!(refused.header("content-range"), Some(length.as_str()));
}

#[tokio::test]
async fn what_is_no_single_range_of_these_bytes_gets_the_whole() {
    let app = TestApp::start().await;
    let client = app.client();
    let (path, whole) = chart(&client).await;
    let etag = client.get(&path).await.header("etag").unwrap().to_owned();
    let range = ("range", "bytes=0-9");
    for headers in [
        &[("range", "bytes=0-1,4-5")][..],
        &[("range", "lines=0-1")],
        &[("range", "bytes=9-3")],
        &[range, ("if-range", "\"other\"")],
        &[range, ("if-range", "Sat, 29 Oct 1994 19:43:31 GMT")],
    ] {
        let answered = part(&client, &path, headers).await;
        assert_eq!(answered.status, 200, "{headers:?}");
        assert!(answered.body == whole, "{headers:?}");
    }
    let same = part(&client, &path, &[range, ("if-range", &etag)]).await;
    assert_eq!((same.status.as_u16(), same.body.len()), (206, 10));
    let known = part(&client, &path, &[range, ("if-none-match", &etag)]).await;
    assert_eq!((known.status.as_u16(), known.body.len()), (304, 0));
}

#[tokio::test]
async fn a_head_tells_the_length_and_leaves_the_connection_usable() {
    let app = TestApp::start().await;
    let (path, whole) = chart(&app.client()).await;
    let mut connection = TcpStream::connect(app.address).await.unwrap();
    let request = |method: &str, more: &str| {
        format!("{method} {path} HTTP/1.1\r\nhost: localhost\r\nrange: bytes=0-1\r\n{more}\r\n")
    };
    let head = request("HEAD", "");
    connection.write_all(head.as_bytes()).await.unwrap();
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let byte = soon("a whole head", connection.read_u8()).await;
        head.push(byte.unwrap());
    }
    let get = request("GET", "connection: close\r\n");
    connection.write_all(get.as_bytes()).await.unwrap();
    let mut get = Vec::new();
    let read = connection.read_to_end(&mut get);
    soon("an answer and its end", read).await.unwrap();
    let [head, get] = [head, get].map(|text| String::from_utf8(text).unwrap().to_lowercase());
    assert!(head.starts_with("http/1.1 200 "), "{head}");
    let length = format!("\r\ncontent-length: {}", whole.len());
    assert!(head.contains(&length), "{head}");
    assert!(head.contains("\r\naccept-ranges: bytes"), "{head}");
    assert!(get.starts_with("http/1.1 206 "), "{get}");
    assert!(
        get.ends_with("\r\n\r\n<s") || get.ends_with("\r\n\r\n<?"),
        "{get}"
    );
}

#[tokio::test]
async fn an_artifact_that_decayed_on_disk_or_was_cut_short_is_refused() {
    let app = TestApp::start().await;
    let client = app.client();
    let job = compared(&client).await;
    let path = format!("/v1/jobs/{}/artifacts", job.id);
    let artifact = client.get_json(&path).await["items"][0].clone();
    let (href, sha256) = (
        artifact["href"].as_str().unwrap(),
        artifact["sha256"].as_str().unwrap(),
    );
    let file = app.data_dir.join("artifacts").join(&sha256[..2]);
    let file = file.join(sha256);
    let mut bytes = std::fs::read(&file).unwrap();
    let good = bytes.clone();
    bytes[3] ^= 1;
    std::fs::write(&file, &bytes).unwrap();
    assert_eq!(client.get(href).await.problem(), "internal");
    std::fs::write(&file, &good[..20]).unwrap();
    assert_eq!(client.get(href).await.problem(), "internal");
    let beyond = part(&client, href, &[("range", "bytes=15-25")]).await;
    assert_eq!(beyond.problem(), "internal");
    std::fs::write(&file, &good).unwrap();
    assert_eq!(client.get(href).await.body, good);
    assert_eq!(artifact["bytes"], json!(good.len()));
}
