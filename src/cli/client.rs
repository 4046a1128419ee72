//! Talks to a server over its HTTP interface.

use std::{
    net::{IpAddr, SocketAddr},
    path::{Path, PathBuf},
    time::Duration,
};

use callboard::config;
use reqwest::{
    Certificate, ClientBuilder, RequestBuilder, Response, StatusCode, Url,
    header::{AUTHORIZATION, HeaderMap, HeaderValue},
};
use serde::{Deserialize, de::DeserializeOwned};

use super::failure::{Failure, chain};

const CONNECT_MAX: Duration = Duration::from_secs(5);
/// Time for an answer that is not a stream.
const ANSWER_MAX: Duration = Duration::from_secs(30);

#[derive(clap::Args)]
pub struct ServerArgs {
    /// The server to talk to
    #[arg(long, value_name = "URL", default_value = "http://127.0.0.1:7070")]
    server: String,
    /// File with the API key to send; without it the key in the environment variable CALLBOARD_KEY, if there is one
    #[arg(long, value_name = "FILE")]
    key_file: Option<PathBuf>,
    /// PEM file of certificates to trust beside those of the system
    #[arg(long, value_name = "FILE")]
    ca_file: Option<PathBuf>,
}

impl ServerArgs {
    /// What these flags would say.
    pub fn of(server: String, key_file: Option<PathBuf>, ca_file: Option<PathBuf>) -> Self {
        Self {
            server,
            key_file,
            ca_file,
        }
    }

    pub fn client(&self) -> Result<Client, Failure> {
        let server = base(&self.server).ok_or_else(|| {
            Failure::BadInput(format!(
                "`{}` is not the URL of a server, such as http://127.0.0.1:7070",
                self.server
            ))
        })?;
        let mut http = builder();
        if is_loopback(&server) {
            // A proxy's loopback is another machine's.
            http = http.no_proxy();
        }
        if let Some(key) = key(self.key_file.as_deref())? {
            let bearer = HeaderValue::from_str(&format!("Bearer {key}"));
            let mut bearer = bearer
                .map_err(|_| Failure::BadInput("the API key is no line of text".to_owned()))?;
            bearer.set_sensitive(true);
            http = http.default_headers(HeaderMap::from_iter([(AUTHORIZATION, bearer)]));
        }
        if let Some(path) = &self.ca_file {
            http = http.tls_certs_merge(authorities(path)?);
        }
        Client::build(http, server)
    }
}

fn builder() -> ClientBuilder {
    callboard::tls::install_provider();
    reqwest::Client::builder().connect_timeout(CONNECT_MAX)
}

/// The key to send, if there is one: that in the file, or else that in the environment.
pub fn key(file: Option<&Path>) -> Result<Option<String>, Failure> {
    let Some(path) = file else {
        return Ok(config::client_key());
    };
    let text = std::fs::read_to_string(path).map_err(|error| {
        Failure::BadInput(format!(
            "cannot read the key in {}: {error}",
            path.display()
        ))
    })?;
    Ok(Some(text.trim().to_owned()))
}

fn authorities(path: &Path) -> Result<Vec<Certificate>, Failure> {
    let unreadable = |error: &dyn std::error::Error| {
        Failure::BadInput(format!("--ca-file {}: {error}", path.display()))
    };
    let pem = std::fs::read(path).map_err(|error| unreadable(&error))?;
    let found = Certificate::from_pem_bundle(&pem).map_err(|error| unreadable(&error))?;
    if found.is_empty() {
        let message = format!("--ca-file {}: no certificate in it", path.display());
        return Err(Failure::BadInput(message));
    }
    Ok(found)
}

/// What paths are put below.
fn base(text: &str) -> Option<Url> {
    let url = Url::parse(text).ok()?;
    let plain = ["http", "https"].contains(&url.scheme())
        && url.query().is_none()
        && url.fragment().is_none();
    plain.then_some(url)
}

fn is_loopback(url: &Url) -> bool {
    let host = url.host_str().unwrap_or_default();
    let address = host.trim_start_matches('[').trim_end_matches(']');
    host == "localhost"
        || address
            .parse::<IpAddr>()
            .is_ok_and(|address| address.is_loopback())
}

/// One server.
pub struct Client {
    http: reqwest::Client,
    server: Url,
}

/// What a command needs of a problem document.
#[derive(Deserialize)]
pub struct Problem {
    code: String,
    detail: String,
    field: Option<String>,
    retry_after_s: Option<u64>,
}

impl Problem {
    /// What is wrong, and after it in brackets the code, the field and when to come again.
    pub fn line(&self) -> String {
        let again = self
            .retry_after_s
            .map(|seconds| format!("try again in {seconds} s"));
        let notes = [Some(self.code.clone()), self.field.clone(), again];
        let notes: Vec<String> = notes.into_iter().flatten().collect();
        format!("{} ({})", self.detail, notes.join(", "))
    }
}

impl Client {
    /// Of a server on this machine, whose certificate names it for others: it is not checked, and no key is sent.
    pub fn of_this_machine(scheme: &str, address: SocketAddr) -> Result<Self, Failure> {
        let server = format!("{scheme}://{address}");
        let server = base(&server).expect("an address makes a URL");
        let http = builder().no_proxy().tls_danger_accept_invalid_certs(true);
        Self::build(http, server)
    }

    fn build(http: ClientBuilder, server: Url) -> Result<Self, Failure> {
        let http = http.build().map_err(|error| {
            Failure::Failed(format!("start the HTTP client: {}", chain(&error)))
        })?;
        Ok(Self { http, server })
    }

    pub fn get(&self, path: &[&str]) -> RequestBuilder {
        self.http.get(self.url(path))
    }

    pub fn post(&self, path: &[&str]) -> RequestBuilder {
        self.http.post(self.url(path))
    }

    /// `path` is taken part by part, whatever characters a part has. The parts `.` and `..` vanish.
    fn url(&self, path: &[&str]) -> Url {
        let mut url = self.server.clone();
        url.path_segments_mut()
            .expect("an http URL has a path")
            .pop_if_empty()
            .extend(path);
        url
    }

    /// How people are told of the server: its URL, without a password that is in it.
    pub fn name(&self) -> String {
        let mut shown = self.server.clone();
        // Err means that such a URL can have neither.
        let _ = (shown.set_username(""), shown.set_password(None));
        shown.as_str().trim_end_matches('/').to_owned()
    }

    /// The body of a successful answer.
    pub async fn text(&self, request: RequestBuilder) -> Result<String, Failure> {
        let response = self.open(request.timeout(ANSWER_MAX)).await?;
        response
            .text()
            .await
            .map_err(|error| self.unreachable(&error))
    }

    /// A successful answer, read from JSON.
    pub async fn json<T: DeserializeOwned>(&self, request: RequestBuilder) -> Result<T, Failure> {
        self.read(&self.text(request).await?)
    }

    pub fn read<T: DeserializeOwned>(&self, text: &str) -> Result<T, Failure> {
        serde_json::from_str(text).map_err(|error| {
            Failure::Failed(format!(
                "{} does not answer like a callboard server: {error}",
                self.name()
            ))
        })
    }

    /// A successful answer whose body is still to come.
    pub async fn open(&self, request: RequestBuilder) -> Result<Response, Failure> {
        let response = request
            .send()
            .await
            .map_err(|error| self.unreachable(&error))?;
        let status = response.status();
        if status.is_success() {
            return Ok(response);
        }
        let headers = response.headers().clone();
        let body = response.text().await.unwrap_or_default();
        Err(problem(status, &headers, &body))
    }

    fn unreachable(&self, error: &reqwest::Error) -> Failure {
        let server = self.name();
        if error.is_connect() && self.server.scheme() == "https" {
            Failure::Failed(format!("cannot connect to {server}: {}", chain(error)))
        } else if error.is_connect() {
            Failure::Failed(format!(
                "no server answers at {server}; start one with `callboard serve`, or name it with --server"
            ))
        } else if error.is_timeout() {
            Failure::Failed(format!("{server} does not answer in time"))
        } else {
            Failure::Failed(format!("lost {server}: {}", chain(error)))
        }
    }
}

/// One line for what a server refuses.
pub fn problem(status: StatusCode, headers: &HeaderMap, body: &str) -> Failure {
    let line = match serde_json::from_str::<Problem>(body) {
        Ok(problem) => problem.line(),
        Err(_) => {
            let by = headers
                .get("server")
                .and_then(|name| name.to_str().ok())
                .map(|name| format!(" from {name}"));
            format!("unexpected answer{}: {status}", by.unwrap_or_default())
        }
    };
    match status {
        StatusCode::TOO_MANY_REQUESTS | StatusCode::REQUEST_TIMEOUT => Failure::Failed(line),
        status if status.is_client_error() => Failure::BadInput(line),
        _ => Failure::Failed(line),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_problem_is_one_line_and_its_status_decides_the_exit_code() {
        let body = r#"{"type":"urn:x","code":"unknown_kind","detail":"there is no kind `x`","field":"kind"}"#;
        assert_eq!(
            problem(StatusCode::UNPROCESSABLE_ENTITY, &HeaderMap::new(), body),
            Failure::BadInput("there is no kind `x` (unknown_kind, kind)".to_owned())
        );
        let body = r#"{"code":"draining","detail":"the server is shutting down"}"#;
        assert_eq!(
            problem(StatusCode::SERVICE_UNAVAILABLE, &HeaderMap::new(), body),
            Failure::Failed("the server is shutting down (draining)".to_owned())
        );
    }

    #[test]
    fn what_may_work_later_is_no_bad_input_and_says_when() {
        let body = r#"{"code":"overloaded","detail":"too many jobs are live","retry_after_s":2}"#;
        assert_eq!(
            problem(StatusCode::TOO_MANY_REQUESTS, &HeaderMap::new(), body),
            Failure::Failed("too many jobs are live (overloaded, try again in 2 s)".to_owned())
        );
        let body = r#"{"code":"slow_body","detail":"the body did not arrive"}"#;
        let slow = problem(StatusCode::REQUEST_TIMEOUT, &HeaderMap::new(), body);
        assert!(matches!(slow, Failure::Failed(_)), "{slow:?}");
    }

    #[test]
    fn a_part_of_a_path_stays_one_part() {
        let server = "http://127.0.0.1:7070/below/".to_owned();
        let client = ServerArgs::of(server, None, None)
            .client()
            .unwrap_or_else(|_| panic!("a good URL"));
        assert_eq!(
            client.url(&["v1", "kinds", "a/../b?c#d e%"]).as_str(),
            "http://127.0.0.1:7070/below/v1/kinds/a%2F..%2Fb%3Fc%23d%20e%25"
        );
    }

    #[test]
    fn only_a_plain_url_of_http_or_https_names_a_server() {
        for text in [
            "nonsense",
            "localhost:7070",
            "https://h/#a",
            "ftp://h",
            "http://h/?a",
            "http://",
        ] {
            assert_eq!(base(text), None, "{text}");
        }
    }

    #[test]
    fn loopback_is_told_from_other_hosts() {
        for (text, expected) in [
            ("http://localhost:7070", true),
            ("http://127.8.0.1", true),
            ("http://[::1]:7070", true),
            ("http://10.0.0.1", false),
            ("http://localhost.example", false),
        ] {
            assert_eq!(is_loopback(&base(text).unwrap()), expected, "{text}");
        }
    }

    #[test]
    fn an_answer_that_is_no_problem_document_shows_its_status() {
        let failure = problem(StatusCode::BAD_GATEWAY, &HeaderMap::new(), "<html>");
        assert_eq!(
            failure,
            Failure::Failed("unexpected answer: 502 Bad Gateway".to_owned())
        );
    }
}
