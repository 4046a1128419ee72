//! The files of the web console, as a browser asks for them.

use reqwest::{Method, header::ACCEPT_ENCODING};

use crate::{app::TestApp, client::answer};

#[tokio::test]
async fn the_console_and_the_pages_on_the_interface_are_served_without_a_caller() {
    let app = TestApp::start().await;
    let client = app.client();
    for (path, content_type) in [
        ("/", "text/html; charset=utf-8"),
        ("/docs", "text/html; charset=utf-8"),
        ("/console/app.js", "text/javascript; charset=utf-8"),
        ("/console/style.css", "text/css; charset=utf-8"),
        ("/console/icon.svg", "image/svg+xml"),
    ] {
        let served = answer(client.request(Method::GET, path)).await;
        assert_eq!(served.status.as_u16(), 200, "{path}");
        assert_eq!(served.header("content-type"), Some(content_type), "{path}");
        assert_eq!(served.header("cache-control"), Some("no-cache"), "{path}");
    }
    let changed = answer(client.request(Method::POST, "/")).await;
    assert_eq!(changed.status.as_u16(), 405);
    for path in [
        "/console/",
        "/console/vendor/renew",
        "/console/../Cargo.toml",
        "/console/none.js",
    ] {
        let refused = answer(client.request(Method::GET, path)).await;
        assert_eq!(refused.status.as_u16(), 404, "{path}");
    }
}

#[tokio::test]
async fn pages_run_and_style_nothing_but_what_the_server_has() {
    let app = TestApp::start().await;
    for path in ["/", "/docs"] {
        let page = answer(app.client().request(Method::GET, path)).await;
        let policy = page.header("content-security-policy").unwrap();
        for rule in [
            "default-src 'none'",
            "script-src 'self'",
            "style-src 'self'",
            "frame-ancestors 'none'",
        ] {
            assert!(policy.contains(rule), "{policy}");
        }
        assert!(!policy.contains("unsafe"), "{policy}");
        assert_eq!(page.header("x-frame-options"), Some("DENY"));
    }
}

#[tokio::test]
async fn a_file_is_sent_compressed_once_and_libraries_are_kept_for_ever() {
    let app = TestApp::start().await;
    let client = app.client();
    let ask = || client.request(Method::GET, "/console/app.js");
    let plain = answer(ask().header(ACCEPT_ENCODING, "identity")).await;
    let small = answer(ask().header(ACCEPT_ENCODING, "gzip, br")).await;
    assert_eq!(plain.header("content-encoding"), None);
    assert_eq!(small.header("content-encoding"), Some("gzip"));
    let (tag, tag_of_small) = (plain.header("etag").unwrap(), small.header("etag").unwrap());
    assert_ne!(tag, tag_of_small);
    let length = |sent: &crate::client::Answer| {
        sent.header("content-length")
            .unwrap()
            .parse::<usize>()
            .unwrap()
    };
    assert!(length(&small) < length(&plain));

    let known = answer(
        ask()
            .header("if-none-match", tag)
            .header(ACCEPT_ENCODING, "identity"),
    )
    .await;
    assert_eq!(known.status.as_u16(), 304);
    let other = answer(
        ask()
            .header("if-none-match", tag_of_small)
            .header(ACCEPT_ENCODING, "identity"),
    )
    .await;
    assert_eq!(other.status.as_u16(), 200);

    let ui = client.get("/console/lib/ui.js").await;
    let ui = String::from_utf8(ui.body).unwrap();
    let start = ui.find("vendor/htm-").expect("pages are written with htm");
    let library = ui[start..].split('"').next().unwrap();
    let library = answer(client.request(Method::GET, &format!("/console/{library}"))).await;
    assert_eq!(library.status.as_u16(), 200);
    assert_eq!(
        library.header("cache-control"),
        Some("public, max-age=31536000, immutable")
    );
}
