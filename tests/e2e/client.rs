//! A client that reads answers as a program would.

use std::{net::SocketAddr, time::Duration};

use reqwest::{Method, RequestBuilder, StatusCode, header::HeaderMap};
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::{Value, json};

use crate::eventually::{DEADLINE, eventually};

#[derive(Clone)]
pub struct Client {
    pub address: SocketAddr,
    http: reqwest::Client,
    key: Option<String>,
}

/// A whole response.
#[derive(Debug)]
pub struct Answer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: Vec<u8>,
}

#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct Job {
    pub id: String,
    pub kind: String,
    pub state: String,
    pub progress: Progress,
    pub input: Option<Value>,
    pub result: Option<Value>,
    pub error: Option<Value>,
    pub priority: u8,
    pub labels: Value,
    pub tenant: String,
    pub created_at: String,
    pub started_at: Option<String>,
    pub finished_at: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
pub struct Progress {
    pub done: u32,
    pub total: u32,
}

impl Job {
    pub fn is_final(&self) -> bool {
        matches!(self.state.as_str(), "succeeded" | "failed" | "cancelled")
    }
}

impl Answer {
    pub fn json<T: DeserializeOwned>(&self) -> T {
        serde_json::from_slice(&self.body)
            .unwrap_or_else(|error| panic!("{error} in {}", String::from_utf8_lossy(&self.body)))
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().unwrap())
    }

    /// The code of a problem document, after checking that it is a whole one.
    pub fn problem(&self) -> String {
        assert_eq!(
            self.header("content-type"),
            Some("application/problem+json"),
            "{self:?}"
        );
        let problem: Value = self.json();
        let code = problem["code"].as_str().unwrap().to_owned();
        assert_eq!(problem["type"], format!("urn:callboard:problem:{code}"));
        assert_eq!(problem["status"], self.status.as_u16());
        assert_eq!(problem["request_id"].as_str(), self.header("x-request-id"));
        for key in ["title", "detail"] {
            assert!(
                problem[key].as_str().is_some_and(|text| !text.is_empty()),
                "{problem}"
            );
        }
        if matches!(self.status.as_u16(), 429 | 503) {
            assert!(self.header("retry-after").is_some(), "{problem}");
        }
        code
    }
}

impl Client {
    pub fn new(address: SocketAddr) -> Self {
        callboard::tls::install_provider();
        let http = reqwest::Client::builder()
            .no_proxy()
            .timeout(DEADLINE)
            .build()
            .unwrap();
        Self {
            address,
            http,
            key: None,
        }
    }

    /// The same client with an API key.
    pub fn with_key(self, key: &str) -> Self {
        Self {
            key: Some(key.to_owned()),
            ..self
        }
    }

    /// The key it sends.
    pub fn key(&self) -> &str {
        self.key.as_deref().unwrap()
    }

    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    pub fn request(&self, method: Method, path: &str) -> RequestBuilder {
        let request = self.http.request(method, self.url(path));
        match &self.key {
            Some(key) => request.bearer_auth(key),
            None => request,
        }
    }

    pub async fn get(&self, path: &str) -> Answer {
        answer(self.request(Method::GET, path)).await
    }

    pub async fn get_json(&self, path: &str) -> Value {
        let answer = self.get(path).await;
        assert_eq!(
            answer.status,
            200,
            "{path}: {}",
            String::from_utf8_lossy(&answer.body)
        );
        answer.json()
    }

    pub async fn post(&self, path: &str, body: &Value) -> Answer {
        answer(self.request(Method::POST, path).json(body)).await
    }

    /// A job that is accepted.
    pub async fn submit(&self, kind: &str, input: Value) -> Job {
        let answer = self
            .post("/v1/jobs", &json!({"kind": kind, "input": input}))
            .await;
        assert_eq!(
            answer.status,
            202,
            "{}",
            String::from_utf8_lossy(&answer.body)
        );
        answer.json()
    }

    pub async fn fanout(&self, tasks: u32) -> Job {
        self.submit("drill.fanout", json!({"tasks": tasks})).await
    }

    /// A job whose tasks wait for longer than any test.
    pub async fn endless(&self) -> Job {
        self.submit("drill.fanout", json!({"tasks": 1, "wait_ms": 60_000}))
            .await
    }

    pub async fn show(&self, id: &str) -> Job {
        let answer = self.get(&format!("/v1/jobs/{id}")).await;
        assert_eq!(answer.status, 200);
        answer.json()
    }

    pub async fn cancel(&self, id: &str) -> Answer {
        self.post(
            &format!("/v1/jobs/{id}/cancel"),
            &json!({"reason": "the test is over"}),
        )
        .await
    }

    /// The job once it has ended.
    pub async fn finished(&self, id: &str) -> Job {
        eventually("the job ends", || async {
            Some(self.show(id).await).filter(Job::is_final)
        })
        .await
    }

    /// The job once it has ended or waits.
    pub async fn settled(&self, id: &str) -> Job {
        eventually("the job ends or waits", || async {
            Some(self.show(id).await).filter(|job| job.is_final() || job.state == "waiting")
        })
        .await
    }

    /// The approval that a job waits for.
    pub async fn approval_of(&self, job: &str) -> String {
        eventually("the job asks", || async {
            let shown = self.get_json(&format!("/v1/jobs/{job}")).await;
            Some(shown["waiting_for"]["approval"].as_str()?.to_owned())
        })
        .await
    }

    /// Sets a failpoint of the process: `1%panic`, `off`.
    #[cfg(feature = "failpoints")]
    pub async fn failpoint(&self, name: &str, action: &'static str) {
        let path = format!("/test/failpoints/{name}");
        let set = answer(self.request(Method::PUT, &path).body(action)).await;
        assert_eq!(set.status, 204, "{}", String::from_utf8_lossy(&set.body));
    }

    /// Every event of a job, read page by page.
    pub async fn events(&self, id: &str, page: usize) -> Vec<Value> {
        let (mut events, mut after) = (Vec::new(), 0);
        loop {
            let answer = self
                .get_json(&format!("/v1/jobs/{id}/events?after={after}&limit={page}"))
                .await;
            let items = answer["items"].as_array().unwrap().clone();
            if items.is_empty() {
                return events;
            }
            assert!(items.len() <= page);
            after = answer["next_after"].as_u64().unwrap();
            events.extend(items);
        }
    }
}

pub async fn answer(request: RequestBuilder) -> Answer {
    let response = request
        .timeout(Duration::from_secs(90))
        .send()
        .await
        .unwrap();
    let (status, headers) = (response.status(), response.headers().clone());
    Answer {
        status,
        headers,
        body: response.bytes().await.unwrap().to_vec(),
    }
}
