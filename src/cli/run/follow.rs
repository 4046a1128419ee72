//! Follows a job of this process: from the journal until caught up, then live.

use callboard_orchestra::{
    Coordinator, JobId, Tenant,
    hub::{Signal, frames_of},
    journal::{JobRow, JournalError},
};
use tokio::sync::broadcast::error::RecvError;

use crate::cli::progress::Progress;

/// Records read from the journal at a time.
const PAGE_RECORDS: usize = 100;

/// Shows a job's progress until its end is committed, and answers the job as it then is.
pub async fn follow(
    coordinator: &Coordinator,
    job: JobId,
    progress: &mut Progress,
) -> Result<JobRow, JournalError> {
    let mut seq = 0;
    while !follow_live(coordinator, job, &mut seq, progress).await? {}
    progress.close();
    let row = coordinator.journal().job(&Tenant::default(), job).await?;
    Ok(row.expect("the row of a job is written with its events"))
}

/// Catches up with the journal, then hears signals until the end (true) or until one may have been missed (false).
async fn follow_live(
    coordinator: &Coordinator,
    job: JobId,
    seq: &mut u64,
    progress: &mut Progress,
) -> Result<bool, JournalError> {
    let mut signals = coordinator.hub().follow_job(job);
    loop {
        let records = coordinator
            .journal()
            .records(job, *seq, PAGE_RECORDS)
            .await?;
        for frame in records
            .iter()
            .flat_map(frames_of)
            .filter(|frame| frame.seq > *seq)
        {
            progress.hear(&frame.text);
            if frame.is_final {
                return Ok(true);
            }
        }
        *seq = records
            .last()
            .map_or(*seq, |last| last.first_seq + last.events.len() as u64 - 1);
        if records.len() < PAGE_RECORDS {
            break;
        }
    }
    loop {
        match signals.recv().await {
            Ok(Signal::Tick(text)) => progress.hear(&text),
            Ok(Signal::Committed(frame)) if frame.seq <= *seq => {}
            Ok(Signal::Committed(frame)) if frame.seq == *seq + 1 => {
                *seq = frame.seq;
                progress.hear(&frame.text);
                if frame.is_final {
                    return Ok(true);
                }
            }
            Ok(Signal::Committed(_) | Signal::Resync)
            | Err(RecvError::Lagged(_) | RecvError::Closed) => {
                return Ok(false);
            }
        }
    }
}
