//! Requests on open connections while another process takes the server's place.

use callboard::http::Departure;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

use crate::{
    app::{Setup, TestApp},
    over_http2::OverHttp2,
};

#[tokio::test]
async fn a_server_that_leaves_closes_with_its_answers_and_then_answers_nobody() {
    let departure = Departure::default();
    let app = TestApp::start_with(Setup {
        departure: departure.clone(),
        ..Setup::default()
    })
    .await;
    let mut kept = [connect(&app).await, connect(&app).await];
    for connection in &mut kept {
        let answer = ask(connection).await;
        assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
        assert!(!answer.contains("connection: close"), "{answer}");
    }
    let [mut first, mut second] = kept;
    departure.begin();
    let answer = ask(&mut first).await;
    assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
    assert!(answer.contains("connection: close"), "{answer}");
    departure.take_no_more();
    assert_eq!(ask(&mut second).await, "", "it finds its connection closed");
}

#[tokio::test]
async fn a_server_that_has_left_says_so_over_http_2() {
    let departure = Departure::default();
    let setup = Setup {
        departure: departure.clone(),
        ..Setup::default()
    };
    let Some(server) = OverHttp2::start(setup).await else {
        return;
    };
    departure.begin();
    let taken = server.ask("/v1/jobs", &[], None);
    assert!(taken.starts_with("HTTP/2 200"), "{taken}");
    departure.take_no_more();
    let late = server.ask("/v1/jobs", &[], None);
    assert!(late.starts_with("HTTP/2 503"), "{late}");
    assert!(late.contains("retry-after: "), "{late}");
    assert!(late.contains(r#""code":"draining""#), "{late}");
}

async fn connect(app: &TestApp) -> TcpStream {
    TcpStream::connect(app.address).await.unwrap()
}

/// What comes at once, be it nothing more.
async fn ask(connection: &mut TcpStream) -> String {
    let request = "GET /v1/jobs HTTP/1.1\r\nhost: 127.0.0.1\r\n\r\n";
    connection.write_all(request.as_bytes()).await.unwrap();
    let mut answer = vec![0; 4096];
    let length = connection.read(&mut answer).await.unwrap();
    answer.truncate(length);
    String::from_utf8(answer).unwrap()
}
