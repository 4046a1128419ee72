//! Jobs that a server holds before it is loaded, so that reads and lists meet a store of some size.

use std::{net::SocketAddr, time::Duration};

use serde::Deserialize;
use tokio::time::sleep;

use super::questions::submission;
use crate::cli::{
    bench::{connection::post, workload::shelf::Shelf},
    failure::Failure,
    terminal,
};

/// Reads need something to read.
const JOBS_MIN: u32 = 100;
/// Below the server's bounds on a batch.
const BATCH_JOBS: u32 = 500;
/// Pause when the server has as many live jobs as it takes.
const FULL_PAUSE: Duration = Duration::from_millis(100);
/// Pauses in a row without a job taken before this gives up.
const FULL_PAUSES_MAX: u32 = 600;
/// Looks for jobs that have not ended, and the pause between two.
const ENDED_LOOK_EVERY: Duration = Duration::from_millis(100);
const ENDED_LOOKS_MAX: u32 = 6_000;
/// People are told of every so many.
const TOLD_JOBS: u32 = 10_000;

#[derive(Deserialize)]
struct Results {
    results: Vec<Submitted>,
}

#[derive(Deserialize)]
struct Submitted {
    status: u16,
    job: Option<Named>,
}

#[derive(Deserialize)]
struct Named {
    id: String,
}

/// Submits `jobs`, at least what reads need, and waits until all have ended. Answers their ids.
pub async fn stock(
    address: SocketAddr,
    key: Option<String>,
    jobs: u32,
) -> Result<Vec<String>, Failure> {
    let mut shelf = Shelf::open(address).await?.with_key(key);
    let jobs = jobs.max(JOBS_MIN);
    let one = submission();
    let mut ids: Vec<String> = Vec::with_capacity(jobs as usize);
    let mut pauses = 0;
    while (ids.len() as u32) < jobs {
        let before = ids.len() as u32;
        let size = BATCH_JOBS.min(jobs - before);
        let body = format!(
            "{{\"jobs\":[{}]}}",
            vec![one.as_str(); size as usize].join(",")
        );
        let answer: Results = shelf
            .ask(&post(address, "/v1/jobs/batch", None, &body))
            .await?;
        let taken = answer.results.into_iter();
        let taken = taken.filter(|result| result.status == 202);
        ids.extend(taken.filter_map(|result| Some(result.job?.id)));
        let after = ids.len() as u32;
        if after / TOLD_JOBS > before / TOLD_JOBS && terminal::is_watched() {
            terminal::tell(&format!("{after} of {jobs} jobs are stocked"));
        }
        if after - before == size {
            pauses = 0;
            continue;
        }
        pauses = if after > before { 0 } else { pauses + 1 };
        if pauses > FULL_PAUSES_MAX {
            let message = format!("the server takes no more than {after} of {jobs} jobs");
            return Err(Failure::Failed(message));
        }
        sleep(FULL_PAUSE).await;
    }
    for _ in 0..ENDED_LOOKS_MAX {
        if !shelf.is_any_active().await? {
            return Ok(ids);
        }
        sleep(ENDED_LOOK_EVERY).await;
    }
    let message = "the jobs before the load do not end".to_owned();
    Err(Failure::Failed(message))
}
