//! Follows a job on a server by SSE to its end. A broken stream is taken up again where it broke.

use std::time::Duration;

use callboard::http::JobView;
use callboard_orchestra::JobId;
use futures_util::StreamExt;
use reqwest::header::ACCEPT;

use super::{
    client::Client,
    failure::{Failure, chain},
    progress::{Progress, is_final},
    sse::Parser,
};

/// Attempts in a row that bring no event.
const ATTEMPTS_MAX: u32 = 30;
const RECONNECT_MIN: Duration = Duration::from_millis(250);
const RECONNECT_MAX: Duration = Duration::from_secs(5);
/// The server sends a sign of life more often than this.
const SILENCE_MAX: Duration = Duration::from_secs(60);

/// What is known of the job before its stream is opened.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// The server has accepted it, so it is worth waiting for a server that has gone.
    Accepted,
    /// A server that does not answer at all is a mistake of the caller.
    Unknown,
}

/// Shows the progress of a job until it ends, and answers the job as it then is.
pub async fn follow(
    client: &Client,
    id: JobId,
    standing: Standing,
    progress: &mut Progress,
) -> Result<JobView, Failure> {
    let mut stream = Stream {
        client,
        id: id.to_string(),
        standing,
        after: 0,
        ended: false,
    };
    let mut patience = Patience::default();
    loop {
        let before = stream.after;
        let broke = match stream.job(progress).await {
            Ok(Some(job)) => {
                progress.close();
                return Ok(job);
            }
            Ok(None) => None,
            Err(Failure::Failed(why)) => Some(why),
            Err(refused) => return Err(refused),
        };
        if stream.after > before {
            patience = Patience::default();
        }
        let pause = match (&broke, stream.standing) {
            (Some(why), Standing::Unknown) => return Err(Failure::Failed(why.clone())),
            _ => patience.lose(),
        };
        let Some(pause) = pause else {
            let why = broke.as_deref().unwrap_or("its stream brings no events");
            return Err(gave_up(id, why));
        };
        if broke.is_some() && patience.tells() {
            progress.tell("lost the server, trying again");
        }
        tokio::time::sleep(pause).await;
    }
}

/// How long a server that brings no event is still tried.
#[derive(Default)]
struct Patience {
    attempts: u32,
    told: bool,
}

impl Patience {
    /// Counts an attempt that brought nothing. Answers the pause before the next, or nothing when there is to be none.
    fn lose(&mut self) -> Option<Duration> {
        self.attempts += 1;
        if self.attempts >= ATTEMPTS_MAX {
            return None;
        }
        Some((RECONNECT_MIN * 2_u32.pow((self.attempts - 1).min(5))).min(RECONNECT_MAX))
    }

    /// True once: the user is told of the first break alone.
    fn tells(&mut self) -> bool {
        !std::mem::replace(&mut self.told, true)
    }
}

fn gave_up(id: JobId, why: &str) -> Failure {
    Failure::Failed(format!(
        "gave up on {id} after {ATTEMPTS_MAX} attempts: {why}"
    ))
}

/// A job's stream, however often it is opened.
struct Stream<'a> {
    client: &'a Client,
    id: String,
    /// Accepted once the stream has been opened.
    standing: Standing,
    /// The last event heard.
    after: u64,
    /// The final event has been heard.
    ended: bool,
}

impl Stream<'_> {
    /// The job once it has ended; nothing when the stream ended before it.
    async fn job(&mut self, progress: &mut Progress) -> Result<Option<JobView>, Failure> {
        if !self.ended {
            self.hear(progress).await?;
        }
        if !self.ended {
            return Ok(None);
        }
        let request = self.client.get(&["v1", "jobs", &self.id]);
        self.client.json(request).await.map(Some)
    }

    async fn hear(&mut self, progress: &mut Progress) -> Result<(), Failure> {
        let request = self
            .client
            .get(&["v1", "jobs", &self.id, "stream"])
            .query(&[("after", self.after)]);
        let response = self
            .client
            .open(request.header(ACCEPT, "text/event-stream"))
            .await?;
        self.standing = Standing::Accepted;
        let mut body = response.bytes_stream();
        let mut parser = Parser::default();
        loop {
            let chunk = tokio::time::timeout(SILENCE_MAX, body.next()).await;
            let chunk = chunk.map_err(|_| Failure::Failed("the stream fell silent".to_owned()))?;
            let Some(chunk) = chunk else { return Ok(()) };
            let chunk = chunk
                .map_err(|error| Failure::Failed(format!("the stream broke: {}", chain(&error))))?;
            let events = parser
                .push(&chunk)
                .map_err(|error| Failure::Failed(error.to_string()))?;
            for event in events {
                progress.hear(&event.data);
                if let Some(seq) = event.id.and_then(|id| id.parse().ok()) {
                    self.after = seq;
                }
                if is_final(&event.data) {
                    self.ended = true;
                    return Ok(());
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_pauses_grow_to_their_bound_and_end() {
        let mut patience = Patience::default();
        let pauses: Vec<Duration> = std::iter::from_fn(|| patience.lose()).collect();
        assert_eq!(pauses.len(), ATTEMPTS_MAX as usize - 1);
        assert_eq!((pauses[0], pauses[28]), (RECONNECT_MIN, RECONNECT_MAX));
    }

    #[test]
    fn who_gives_up_names_the_job() {
        let id = JobId::mint();
        let Failure::Failed(why) = gave_up(id, "no server answers") else {
            panic!("a job that may still end well is no bad input");
        };
        assert!(
            why.contains(&id.to_string()) && why.ends_with("no server answers"),
            "{why}"
        );
    }

    #[test]
    fn the_user_is_told_of_the_first_break_alone() {
        let mut patience = Patience::default();
        assert_eq!([patience.tells(), patience.tells()], [true, false]);
    }
}
