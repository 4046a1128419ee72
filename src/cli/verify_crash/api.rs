//! The server as its clients see it, at whatever address it has at the moment.

use std::{net::SocketAddr, time::Duration};

use reqwest::{Method, RequestBuilder, Response, StatusCode, header::ACCEPT};
use serde::Deserialize;
use serde_json::Value;
use tokio::sync::watch;

use crate::cli::failure::{Failure, chain};

/// Time for one answer: longer than a client asks the server to wait.
const ANSWER_MAX: Duration = Duration::from_secs(30);
/// What a client asks the server to wait for the end of a job.
const WAIT_S: u32 = 10;
/// Pause before a server that answers, but cannot serve, is asked again.
pub const BUSY_PAUSE: Duration = Duration::from_millis(10);

/// Why there is no answer to work with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Trouble {
    /// The connection broke, or no answer came: nobody knows what became of the request.
    Cut,
    /// The server says that it cannot at the moment.
    Busy,
    /// The server does not want the request: status and body.
    Refused(String),
}

/// A job as the server shows it.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct JobSeen {
    pub id: String,
    pub state: String,
    #[serde(default)]
    pub result: Option<Value>,
    #[serde(default)]
    pub error: Option<Value>,
    #[serde(default)]
    pub waiting_for: Option<Value>,
}

impl JobSeen {
    pub fn has_ended(&self) -> bool {
        matches!(self.state.as_str(), "succeeded" | "failed" | "cancelled")
    }

    /// The reason of a job that waits.
    pub fn waits_for(&self) -> Option<&str> {
        self.waiting_for.as_ref()?.get("reason")?.as_str()
    }
}

/// An event, as streams and pages carry it.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Event {
    pub seq: u64,
    #[serde(rename = "type")]
    pub name: String,
    pub at: String,
    pub job: String,
}

impl Event {
    pub fn is_final(&self) -> bool {
        matches!(
            self.name.as_str(),
            "job.succeeded" | "job.failed" | "job.cancelled"
        )
    }
}

#[derive(Deserialize)]
struct Page<T> {
    items: Vec<T>,
    #[serde(default)]
    next_cursor: Option<String>,
}

/// Clones share connections and the address.
#[derive(Clone)]
pub struct Api {
    http: reqwest::Client,
    address: watch::Receiver<Option<SocketAddr>>,
}

impl Api {
    /// `address` is None while no server runs.
    pub fn new(address: watch::Receiver<Option<SocketAddr>>) -> Result<Self, Failure> {
        callboard::tls::install_provider();
        let http = reqwest::Client::builder().no_proxy().build();
        let http = http.map_err(|error| {
            Failure::Failed(format!("start the HTTP client: {}", chain(&error)))
        })?;
        Ok(Self { http, address })
    }

    /// Waits until a server runs.
    pub async fn up(&self) -> SocketAddr {
        let mut address = self.address.clone();
        loop {
            // Err means that the play is over; whoever waits here is dropped with it.
            match address.wait_for(Option::is_some).await.map(|up| *up) {
                Ok(Some(up)) => return up,
                Ok(None) => {}
                Err(_) => std::future::pending().await,
            }
        }
    }

    async fn request(&self, method: Method, path: &str) -> RequestBuilder {
        let address = self.up().await;
        self.http.request(method, format!("http://{address}{path}"))
    }

    /// Submits under a key; with `wait` the answer comes when the job has ended, or after a while.
    pub async fn submit(&self, key: &str, body: &Value, wait: bool) -> Result<JobSeen, Trouble> {
        let mut request = self.request(Method::POST, "/v1/jobs").await;
        if wait {
            request = request.header("prefer", format!("wait={WAIT_S}"));
        }
        read(request.header("idempotency-key", key).json(body)).await
    }

    pub async fn job(&self, id: &str) -> Result<JobSeen, Trouble> {
        read(self.request(Method::GET, &format!("/v1/jobs/{id}")).await).await
    }

    /// Events of a job above a seq, a page at most.
    pub async fn events(&self, id: &str, after: u64) -> Result<Vec<Event>, Trouble> {
        let path = format!("/v1/jobs/{id}/events?limit=1000&after={after}");
        let page: Page<Event> = read(self.request(Method::GET, &path).await).await?;
        Ok(page.items)
    }

    /// A page of jobs and the cursor of the next.
    pub async fn jobs(
        &self,
        filter: &str,
        cursor: Option<&str>,
    ) -> Result<(Vec<JobSeen>, Option<String>), Trouble> {
        let cursor = cursor.map(|cursor| format!("&cursor={cursor}"));
        let path = format!("/v1/jobs?limit=200{filter}{}", cursor.unwrap_or_default());
        let page: Page<JobSeen> = read(self.request(Method::GET, &path).await).await?;
        Ok((page.items, page.next_cursor))
    }

    /// Effects whose outcome nobody knows.
    pub async fn unknown_effects(&self) -> Result<Vec<Value>, Trouble> {
        let path = "/v1/effects?state=unknown&limit=200";
        let page: Page<Value> = read(self.request(Method::GET, path).await).await?;
        Ok(page.items)
    }

    pub async fn post(&self, path: &str, body: &Value) -> Result<Value, Trouble> {
        read(self.request(Method::POST, path).await.json(body)).await
    }

    /// Sets a failpoint of a server that has any.
    #[cfg(feature = "failpoints")]
    pub async fn failpoint(&self, name: &str, action: &str) -> Result<(), Trouble> {
        let path = format!("/test/failpoints/{name}");
        let request = self.request(Method::PUT, &path).await;
        open(request.body(action.to_owned())).await.map(drop)
    }

    /// The stream of all events from a position on.
    pub async fn stream(&self, after: &str) -> Result<Response, Trouble> {
        let path = format!("/v1/stream?after={after}");
        let request = self.request(Method::GET, &path).await;
        let sent = request.header(ACCEPT, "text/event-stream").send().await;
        accepted(sent.map_err(|_| Trouble::Cut)?).await
    }
}

async fn open(request: RequestBuilder) -> Result<Response, Trouble> {
    let sent = request.timeout(ANSWER_MAX).send().await;
    accepted(sent.map_err(|_| Trouble::Cut)?).await
}

async fn accepted(response: Response) -> Result<Response, Trouble> {
    let status = response.status();
    if status.is_success() {
        return Ok(response);
    }
    let is_busy = status.is_server_error() || status == StatusCode::TOO_MANY_REQUESTS;
    let body = response.text().await.map_err(|_| Trouble::Cut)?;
    if is_busy {
        Err(Trouble::Busy)
    } else {
        Err(Trouble::Refused(format!("{status} {body}")))
    }
}

async fn read<T: serde::de::DeserializeOwned>(request: RequestBuilder) -> Result<T, Trouble> {
    let response = open(request).await?;
    let body = response.bytes().await.map_err(|_| Trouble::Cut)?;
    serde_json::from_slice(&body)
        .map_err(|error| Trouble::Refused(format!("{error} in {}", String::from_utf8_lossy(&body))))
}
