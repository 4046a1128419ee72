//! A server with TLS, asked by curl over HTTP/2.

use std::process::Command;

use serde_json::Value;
use tempfile::TempDir;

use crate::{
    app::{Setup, TestApp},
    edge::certificate,
    eventually::DEADLINE,
};

pub struct OverHttp2 {
    pub app: TestApp,
    dir: TempDir,
}

impl OverHttp2 {
    /// None where openssl, or a curl that speaks HTTP/2, is not installed.
    pub async fn start(mut setup: Setup) -> Option<Self> {
        let curl = Command::new("curl").arg("--version").output();
        let features = curl.map(|told| String::from_utf8(told.stdout).unwrap());
        if !features.is_ok_and(|features| features.contains("HTTP2")) {
            eprintln!("no curl with HTTP/2 is installed: it is not tested");
            return None;
        }
        let dir = TempDir::new().unwrap();
        certificate(dir.path(), "callboard")?;
        setup.config.tls.certificate = dir.path().join("certificate.pem");
        setup.config.tls.private_key = dir.path().join("key.pem");
        let app = TestApp::start_with(setup).await;
        Some(Self { app, dir })
    }

    /// The answer as curl prints it, its head first. A request with a body is a POST of JSON.
    pub fn ask(&self, path: &str, headers: &[String], body: Option<&Value>) -> String {
        let mut curl = Command::new("curl");
        curl.args(["--silent", "--show-error", "--include", "--http2"])
            .args(["--noproxy", "*"])
            .args(["--max-time", &DEADLINE.as_secs().to_string()])
            .arg("--cacert")
            .arg(self.dir.path().join("certificate.pem"));
        for header in headers {
            curl.args(["--header", header]);
        }
        if let Some(body) = body {
            curl.args(["--header", "content-type: application/json"])
                .args(["--data", &body.to_string()]);
        }
        let url = format!("https://{}{path}", self.app.address);
        let asked = curl.arg(url).output().unwrap();
        assert!(asked.status.success(), "{asked:?}");
        String::from_utf8(asked.stdout).unwrap()
    }
}
