//! What stands between the network and the handlers.

use std::{path::Path, process::Command, time::Duration};

use reqwest::Method;
use serde_json::Value;
use tokio::{io::AsyncReadExt, net::TcpStream};

use crate::{
    app::{Setup, TestApp},
    cli::desk::{Desk, Serving},
    client::answer,
    eventually::{eventually, soon},
};

#[tokio::test]
async fn every_answer_tells_browsers_what_not_to_do() {
    let app = TestApp::start().await;
    let client = app.client();
    for (method, path) in [
        (Method::GET, "/v1/jobs"),
        (Method::GET, "/nowhere"),
        (Method::DELETE, "/v1/jobs"),
        (Method::GET, "/v1/jobs?filter=x"),
        (Method::GET, "/metrics"),
        (Method::OPTIONS, "/v1/jobs"),
    ] {
        let answered = answer(client.request(method, path)).await;
        for (name, value) in [
            ("x-content-type-options", "nosniff"),
            ("x-frame-options", "DENY"),
            ("referrer-policy", "no-referrer"),
            ("cross-origin-resource-policy", "same-origin"),
        ] {
            assert_eq!(answered.header(name), Some(value), "{path}");
        }
        let policy = answered.header("content-security-policy").unwrap();
        assert!(policy.contains("default-src 'none'") && !policy.contains("unsafe-inline"));
        assert!(
            answered
                .header("permissions-policy")
                .unwrap()
                .contains("camera=()")
        );
        assert_eq!(answered.header("strict-transport-security"), None);
    }
    let foreign = client
        .request(Method::GET, "/v1/jobs")
        .header("host", "example.org");
    let foreign = answer(foreign).await;
    assert_eq!(
        (foreign.status.as_u16(), foreign.header("x-frame-options")),
        (421, Some("DENY"))
    );
}

#[tokio::test]
async fn foreign_pages_read_nothing_unless_their_origin_is_named() {
    let ask = |app: &TestApp, method: Method, origin: &'static str| {
        let request = app.client().request(method, "/v1/jobs");
        let request = request
            .header("origin", origin)
            .header("access-control-request-method", "POST")
            .header("access-control-request-headers", "idempotency-key");
        answer(request)
    };
    let app = TestApp::start().await;
    let closed = ask(&app, Method::GET, "https://board.example").await;
    assert_eq!(closed.header("access-control-allow-origin"), None);
    drop(app);

    let mut setup = Setup::default();
    setup.limits.cors_origins = vec!["https://board.example".to_owned()];
    let app = TestApp::start_with(setup).await;
    for method in [Method::GET, Method::OPTIONS] {
        let open = ask(&app, method.clone(), "https://board.example").await;
        assert_eq!(open.status, 200);
        assert_eq!(
            open.header("access-control-allow-origin"),
            Some("https://board.example")
        );
        for origin in ["https://board.example.evil", "http://board.example", "null"] {
            let closed = ask(&app, method.clone(), origin).await;
            assert_eq!(
                closed.header("access-control-allow-origin"),
                None,
                "{origin}"
            );
        }
    }
}

#[tokio::test]
async fn heads_that_are_too_large_and_null_characters_are_refused() {
    let app = TestApp::start().await;
    let client = app.client();
    let long = client
        .get(&format!("/v1/jobs?kind={}", "k".repeat(17_000)))
        .await;
    assert_eq!(
        (long.status.as_u16(), long.problem().as_str()),
        (414, "url_too_long")
    );
    let null = client.get("/v1/jobs?kind=a%00").await;
    assert_eq!(
        (null.status.as_u16(), null.problem().as_str()),
        (400, "invalid_url")
    );
    let request = (0..80).fold(
        client.request(Method::GET, "/v1/jobs"),
        |request, number| request.header(format!("x-{number}"), "1"),
    );
    let many = answer(request).await;
    assert_eq!(
        (many.status.as_u16(), many.problem().as_str()),
        (431, "headers_too_large")
    );
    let wide = client
        .request(Method::GET, "/v1/jobs")
        .header("x-wide", "w".repeat(40_000));
    assert_eq!(answer(wide).await.status, 431);
    let nested = format!(
        r#"{{"kind":"drill.fanout","input":{}{}}}"#,
        "[".repeat(70),
        "]".repeat(70)
    );
    let nested = client
        .request(Method::POST, "/v1/jobs")
        .header("content-type", "application/json")
        .body(nested);
    let nested = answer(nested).await;
    assert_eq!(
        (nested.status.as_u16(), nested.problem().as_str()),
        (400, "malformed_json")
    );
    let problem: Value = nested.json();
    assert!(
        problem["detail"].as_str().unwrap().contains("deep"),
        "{problem}"
    );
}

#[tokio::test]
async fn connections_of_one_address_beyond_its_share_are_closed() {
    let mut setup = Setup::default();
    setup.limits.connections_per_address_max = 2;
    let app = TestApp::start_with(setup).await;
    let connect = || TcpStream::connect(app.address);
    // An answer tells that the connection has been counted.
    let counted = async || {
        let mut stream = connect().await.unwrap();
        let request = b"GET /health/live HTTP/1.1\r\nhost: localhost\r\n\r\n";
        tokio::io::AsyncWriteExt::write_all(&mut stream, request)
            .await
            .unwrap();
        assert_ne!(stream.read(&mut [0; 1024]).await.unwrap(), 0);
        stream
    };
    let (first, _second) = (counted().await, counted().await);
    let is_closed = |mut stream: TcpStream| async move {
        let mut byte = [0; 1];
        let read = stream.read(&mut byte);
        // Nothing to read is an end; no answer within the time is an open connection.
        let read = tokio::time::timeout(Duration::from_millis(300), read).await;
        matches!(read, Ok(Ok(0) | Err(_)))
    };
    eventually("a third connection is closed", || async {
        is_closed(connect().await.unwrap()).await.then_some(())
    })
    .await;
    drop(first);
    eventually("there is room again", || async {
        (!is_closed(connect().await.unwrap()).await).then_some(())
    })
    .await;
}

#[tokio::test]
async fn a_client_that_does_not_finish_its_request_is_sent_away() {
    let app = TestApp::start().await;
    let mut slow = TcpStream::connect(app.address).await.unwrap();
    tokio::io::AsyncWriteExt::write_all(&mut slow, b"GET /v1/jobs HTTP/1.1\r\nhost: loc")
        .await
        .unwrap();
    let mut answered = Vec::new();
    let read = soon(
        "the server ends the connection",
        slow.read_to_end(&mut answered),
    )
    .await;
    assert!(
        read.is_err() || answered.is_empty() || answered.starts_with(b"HTTP/1.1 408"),
        "{answered:?}"
    );
}

/// A certificate of its own authority for localhost. None where openssl is not installed.
pub fn certificate(dir: &Path, name: &str) -> Option<()> {
    let made = Command::new("openssl")
        .args([
            "req",
            "-x509",
            "-newkey",
            "ec",
            "-pkeyopt",
            "ec_paramgen_curve:P-256",
            "-nodes",
            "-days",
            "2",
        ])
        .args([
            "-subj",
            &format!("/CN={name}"),
            "-addext",
            "subjectAltName=DNS:localhost,IP:127.0.0.1",
            "-addext",
            "basicConstraints=critical,CA:FALSE",
        ])
        .arg("-keyout")
        .arg(dir.join("key.pem"))
        .arg("-out")
        .arg(dir.join("certificate.pem"))
        .output();
    match made {
        Ok(made) => {
            assert!(made.status.success(), "{made:?}");
            Some(())
        }
        Err(_) => {
            eprintln!("openssl is not installed: TLS is not tested");
            None
        }
    }
}

#[tokio::test]
async fn tls_is_spoken_by_the_server_and_the_commands_and_a_new_certificate_is_taken_up() {
    let desk = Desk::new();
    if certificate(desk.path(), "first").is_none() {
        return;
    }
    desk.write(
        "callboard.toml",
        "[tls]\ncertificate = \"certificate.pem\"\nprivate_key = \"key.pem\"\n",
    );
    let server = Serving::start(&desk);
    assert!(server.url.starts_with("https://"), "{}", server.url);
    let submit = [
        "submit",
        "drill.fanout",
        "--input",
        "{\"tasks\":1}",
        "--wait",
        "--server",
        &server.url,
    ];
    let trusted = desk.run(&[&submit[..], &["--ca-file", "certificate.pem"]].concat());
    assert_eq!(trusted.code, Some(0), "{trusted:?}");
    let untrusted = desk.run(&submit);
    assert_eq!(untrusted.code, Some(1), "{untrusted:?}");
    // Whom the certificate names is no question for a probe on the machine.
    let mut health = desk.command(&["health"]);
    let address = server.url.strip_prefix("https://").unwrap();
    health.env("CALLBOARD_SERVER__LISTEN", address);
    let health = health.output().unwrap();
    assert!(health.status.success(), "{health:?}");

    let trusting = || {
        callboard::tls::install_provider();
        let pem = std::fs::read(desk.path().join("certificate.pem")).unwrap();
        let authority = reqwest::Certificate::from_pem(&pem).unwrap();
        reqwest::Client::builder()
            .no_proxy()
            .tls_certs_only([authority])
            .build()
            .unwrap()
    };
    let url = format!("{}/health/live", server.url);
    let answered = trusting().get(&url).send().await.unwrap();
    assert_eq!(
        answered.headers()["strict-transport-security"],
        "max-age=31536000"
    );
    std::fs::write(desk.path().join("certificate.pem"), "no certificate").unwrap();
    certificate(desk.path(), "second").unwrap();
    let second = trusting();
    eventually("the new certificate is shown", || async {
        second.get(&url).send().await.ok()
    })
    .await;
    assert_eq!(server.stop(), Some(0));
}

#[test]
fn prices_are_not_asked_of_closed_addresses() {
    let desk = Desk::new();
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    desk.write(
        "callboard.toml",
        &format!("[market]\nprice_url = \"http://{address}/{{ticker}}.csv\"\n"),
    );
    let refused = desk.run(&["run", "market.compare", "--input", "{\"tickers\":[\"AA\"]}"]);
    assert_eq!(refused.code, Some(1), "{refused:?}");
    assert!(
        refused.stderr.contains("not a public address"),
        "{refused:?}"
    );
    listener.set_nonblocking(true).unwrap();
    assert!(listener.accept().is_err(), "a connection was made");
}
