//! Follows a job on a server by SSE to its end. A broken stream is taken up again where it broke.

use std::time::Duration;

use callboard::http::JobView;
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

/// Shows the progress of a job until it ends, and answers the job as it then is.
pub async fn follow(
    client: &Client,
    id: &str,
    progress: &mut Progress,
) -> Result<JobView, Failure> {
    let mut after = 0;
    let mut attempt = 0;
    loop {
        let before = after;
        match stream(client, id, &mut after, progress).await {
            Ok(true) => break,
            Ok(false) => {}
            Err(Failure::Failed(why)) if attempt + 1 >= ATTEMPTS_MAX => {
                return Err(Failure::Failed(why));
            }
            // A job that cannot be shown at all will not be shown later either.
            Err(Failure::Failed(why)) if attempt == 0 && after == 0 => {
                return Err(Failure::Failed(why));
            }
            Err(Failure::Failed(why)) => tracing::debug!(why, "the stream broke"),
            Err(refused) => return Err(refused),
        }
        attempt = if after > before { 0 } else { attempt + 1 };
        if attempt >= ATTEMPTS_MAX {
            return Err(Failure::Failed(format!(
                "the stream of {id} brings no events"
            )));
        }
        tokio::time::sleep((RECONNECT_MIN * 2_u32.pow(attempt.min(5))).min(RECONNECT_MAX)).await;
    }
    progress.close();
    client.json(client.get(&format!("/v1/jobs/{id}"))).await
}

/// Hears one stream: true when the job's final event came, false when the stream ended before.
async fn stream(
    client: &Client,
    id: &str,
    after: &mut u64,
    progress: &mut Progress,
) -> Result<bool, Failure> {
    let request = client
        .get(&format!("/v1/jobs/{id}/stream"))
        .query(&[("after", *after)]);
    let response = client
        .open(request.header(ACCEPT, "text/event-stream"))
        .await?;
    let mut body = response.bytes_stream();
    let mut parser = Parser::default();
    loop {
        let chunk = tokio::time::timeout(SILENCE_MAX, body.next()).await;
        let chunk = chunk.map_err(|_| Failure::Failed("the stream fell silent".to_owned()))?;
        let Some(chunk) = chunk else { return Ok(false) };
        let chunk = chunk
            .map_err(|error| Failure::Failed(format!("the stream broke: {}", chain(&error))))?;
        for event in parser
            .push(&chunk)
            .map_err(|error| Failure::Failed(error.to_string()))?
        {
            progress.hear(&event.data);
            if let Some(seq) = event.id.and_then(|id| id.parse().ok()) {
                *after = seq;
            }
            if is_final(&event.data) {
                return Ok(true);
            }
        }
    }
}
