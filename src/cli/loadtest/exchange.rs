//! One request and its answer, over connections that are kept.
//!
//! Every request of a load test may be repeated: reads change nothing, and submissions have an idempotency key. So one whose
//! connection closes before a byte of its answer has come is sent again on a new connection, as HTTP allows (RFC 9110,
//! 9.2.2); that is counted, and its latency still runs from the moment it was due.

use std::{cell::RefCell, net::SocketAddr, time::Duration};

use serde::Deserialize;
use tokio::time::timeout;

use crate::cli::bench::connection::{Answer, Connection};

/// Patience with one request.
const ANSWER_MAX: Duration = Duration::from_secs(30);
/// How often one request is sent again.
const RESENDS_MAX: u32 = 2;
/// Longest code of a problem that names a class of errors.
const CODE_BYTES_MAX: usize = 64;

/// Why a request has no right answer.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Trouble {
    Connect,
    /// The connection closed within an answer, or again and again before one.
    Closed,
    Timeout,
    Status {
        status: u16,
        /// Of the problem that the answer describes.
        code: Option<String>,
        retry_after: bool,
    },
    /// The status was right and the content was not.
    Wrong,
    /// Too many requests were under way when it was due.
    NotSent,
}

impl Trouble {
    /// The class of error in reports.
    pub fn name(&self) -> String {
        match self {
            Self::Connect => "connect".to_owned(),
            Self::Closed => "closed".to_owned(),
            Self::Timeout => "timeout".to_owned(),
            Self::Status {
                status,
                code,
                retry_after,
            } => {
                let status = status.to_string();
                let again = retry_after.then_some("retry_after");
                let parts = [Some("http"), Some(&status), code.as_deref(), again];
                let parts: Vec<&str> = parts.into_iter().flatten().collect();
                parts.join("_")
            }
            Self::Wrong => "wrong".to_owned(),
            Self::NotSent => "not_sent".to_owned(),
        }
    }

    /// The server has said that it has too much to do, and when to come again.
    pub fn is_refusal(&self) -> bool {
        matches!(
            self,
            Self::Status {
                status: 429 | 503,
                retry_after: true,
                ..
            }
        )
    }
}

/// The code of problem+json, which names a class in reports. None if it is too long or not in snake case.
fn problem_code(body: &[u8]) -> Option<String> {
    #[derive(Deserialize)]
    struct Coded {
        code: String,
    }
    let Coded { code } = serde_json::from_slice(body).ok()?;
    let name = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_';
    ((1..=CODE_BYTES_MAX).contains(&code.len()) && code.bytes().all(name)).then_some(code)
}

/// What came of a request, and how often it was sent again.
pub struct Exchanged<T> {
    pub outcome: Result<T, Trouble>,
    pub resends: u32,
}

/// Connections to one server that wait for a request.
pub struct Pool {
    address: SocketAddr,
    idle: RefCell<Vec<Connection>>,
}

impl Pool {
    pub fn new(address: SocketAddr) -> Self {
        Self {
            address,
            idle: RefCell::default(),
        }
    }

    /// Sends `request` and lets `judge` look at the answer; it answers None where only the content is wrong.
    pub async fn exchange<T>(
        &self,
        request: &[u8],
        judge: impl Fn(&Answer<'_>) -> Option<T>,
    ) -> Exchanged<T> {
        let mut resends = 0;
        let outcome = timeout(ANSWER_MAX, self.try_again(request, judge, &mut resends)).await;
        Exchanged {
            outcome: outcome.unwrap_or(Err(Trouble::Timeout)),
            resends,
        }
    }

    async fn try_again<T>(
        &self,
        request: &[u8],
        judge: impl Fn(&Answer<'_>) -> Option<T>,
        resends: &mut u32,
    ) -> Result<T, Trouble> {
        loop {
            // What was sent once goes where nobody can have closed meanwhile.
            let kept = if *resends == 0 { self.kept() } else { None };
            let mut connection = match kept {
                Some(connection) => connection,
                None => Connection::open(self.address)
                    .await
                    .map_err(|_| Trouble::Connect)?,
            };
            let answered = connection.ask(request).await;
            let judged = answered.map(|answer| {
                judge(&answer).ok_or_else(|| (answer.status, problem_code(answer.body)))
            });
            let judged = match judged {
                Ok(judged) => judged,
                Err(_) if !connection.has_received() && *resends < RESENDS_MAX => {
                    *resends += 1;
                    continue;
                }
                Err(_) => return Err(Trouble::Closed),
            };
            let judged = judged.map_err(|(status, code)| match status {
                200..=299 => Trouble::Wrong,
                status => Trouble::Status {
                    status,
                    code,
                    retry_after: connection.header("retry-after").is_some(),
                },
            });
            if !connection.closes() {
                self.idle.borrow_mut().push(connection);
            }
            return judged;
        }
    }

    /// A connection that waits and is open, as far as can be seen here.
    fn kept(&self) -> Option<Connection> {
        let mut idle = self.idle.borrow_mut();
        while let Some(connection) = idle.pop() {
            if connection.is_open() {
                return Some(connection);
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_refusal_that_says_when_to_come_again_is_one() {
        let status = |status, retry_after| Trouble::Status {
            status,
            code: None,
            retry_after,
        };
        assert!(status(429, true).is_refusal() && status(503, true).is_refusal());
        for other in [
            status(429, false),
            status(503, false),
            status(500, true),
            Trouble::NotSent,
            Trouble::Timeout,
        ] {
            assert!(!other.is_refusal(), "{other:?}");
        }
    }

    #[test]
    fn an_error_is_called_by_its_status_its_code_and_whether_it_says_when_to_come_again() {
        let name = |body: &str, retry_after| {
            let code = problem_code(body.as_bytes());
            let status = 503;
            Trouble::Status {
                status,
                code,
                retry_after,
            }
            .name()
        };
        let overloaded = r#"{"type":"about:blank","code":"overloaded"}"#;
        assert_eq!(name(overloaded, true), "http_503_overloaded_retry_after");
        assert_eq!(name(overloaded, false), "http_503_overloaded");
        assert_eq!(name("<html>", true), "http_503_retry_after");
        let long = format!("{{\"code\":\"{}\"}}", "x".repeat(CODE_BYTES_MAX + 1));
        for unnamed in [
            "{}",
            r#"{"code":""}"#,
            r#"{"code":"<b>"}"#,
            r#"{"code":503}"#,
            &long,
        ] {
            assert_eq!(name(unnamed, false), "http_503", "{unnamed}");
        }
    }
}
