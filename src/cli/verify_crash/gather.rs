//! What the server says of its jobs at the end.

use std::collections::BTreeMap;

use futures_util::{StreamExt, TryStreamExt, stream};

use super::api::{Api, BUSY_PAUSE, Event, JobSeen, Trouble};

/// Questions under way at one time.
const QUESTIONS_MAX: usize = 16;
/// Times a question is put again to a server that cannot answer it.
const ATTEMPTS_MAX: u32 = 100;

/// One job: how it is shown and every event of it.
#[derive(Debug, Clone, PartialEq)]
pub struct Found {
    pub job: JobSeen,
    pub events: Vec<Event>,
}

/// Every job of the server, by id.
pub async fn gather(api: &Api) -> Result<BTreeMap<String, Found>, String> {
    let mut ids = Vec::new();
    let mut cursor: Option<String> = None;
    loop {
        let asked = cursor.as_deref();
        let (jobs, next) = patiently(|| api.jobs("", asked)).await?;
        ids.extend(jobs.into_iter().map(|job| job.id));
        match next {
            Some(next) => cursor = Some(next),
            None => break,
        }
    }
    let found = stream::iter(ids.into_iter().map(|id| one(api, id)));
    found.buffer_unordered(QUESTIONS_MAX).try_collect().await
}

async fn one(api: &Api, id: String) -> Result<(String, Found), String> {
    let job = patiently(|| api.job(&id)).await?;
    let mut events: Vec<Event> = Vec::new();
    loop {
        let after = events.last().map_or(0, |event| event.seq);
        let page = patiently(|| api.events(&id, after)).await?;
        if page.is_empty() {
            return Ok((id, Found { job, events }));
        }
        events.extend(page);
    }
}

async fn patiently<T, F: Future<Output = Result<T, Trouble>>>(
    mut ask: impl FnMut() -> F,
) -> Result<T, String> {
    for _ in 0..ATTEMPTS_MAX {
        match ask().await {
            Ok(answer) => return Ok(answer),
            Err(Trouble::Cut | Trouble::Busy) => tokio::time::sleep(BUSY_PAUSE).await,
            Err(Trouble::Refused(why)) => return Err(why),
        }
    }
    Err("the server does not answer".to_owned())
}
