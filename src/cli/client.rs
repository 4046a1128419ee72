//! Talks to a server over its HTTP interface.

use std::time::Duration;

use reqwest::{RequestBuilder, Response, StatusCode, header::HeaderMap};
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
}

impl ServerArgs {
    pub fn client(&self) -> Result<Client, Failure> {
        let http = reqwest::Client::builder()
            .connect_timeout(CONNECT_MAX)
            .build();
        let http = http.map_err(|error| {
            Failure::Failed(format!("start the HTTP client: {}", chain(&error)))
        })?;
        Ok(Client {
            http,
            server: self.server.trim_end_matches('/').to_owned(),
        })
    }
}

/// One server.
pub struct Client {
    http: reqwest::Client,
    server: String,
}

/// What a command needs of a problem document.
#[derive(Deserialize)]
struct Problem {
    code: String,
    detail: String,
    field: Option<String>,
}

impl Client {
    pub fn get(&self, path: &str) -> RequestBuilder {
        self.http.get(format!("{}{path}", self.server))
    }

    pub fn post(&self, path: &str) -> RequestBuilder {
        self.http.post(format!("{}{path}", self.server))
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
                self.server
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
        let server = &self.server;
        if error.is_builder() {
            Failure::BadInput(format!(
                "`{server}` is not the URL of a server, such as http://127.0.0.1:7070"
            ))
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
fn problem(status: StatusCode, headers: &HeaderMap, body: &str) -> Failure {
    let line = match serde_json::from_str::<Problem>(body) {
        Ok(Problem {
            code,
            detail,
            field: None,
        }) => format!("{detail} ({code})"),
        Ok(Problem {
            code,
            detail,
            field: Some(field),
        }) => format!("{detail} ({code}, {field})"),
        Err(_) => {
            let by = headers
                .get("server")
                .and_then(|name| name.to_str().ok())
                .map(|name| format!(" from {name}"));
            format!("unexpected answer{}: {status}", by.unwrap_or_default())
        }
    };
    if status.is_client_error() {
        Failure::BadInput(line)
    } else {
        Failure::Failed(line)
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
    fn an_answer_that_is_no_problem_document_shows_its_status() {
        let failure = problem(StatusCode::BAD_GATEWAY, &HeaderMap::new(), "<html>");
        assert_eq!(
            failure,
            Failure::Failed("unexpected answer: 502 Bad Gateway".to_owned())
        );
    }
}
