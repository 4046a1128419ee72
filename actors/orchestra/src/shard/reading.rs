//! Reads jobs from the journal, beside the shard's mailbox: again and again until the journal answers.

use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
    time::Duration,
};

use callboard_runtime::{Handle, Holding};
use tokio::sync::oneshot;

use super::{
    ShardMessage, ShardPorts,
    message::{Page, Recovery},
    parked::waits_for_an_instant,
};
use crate::{
    id::JobId,
    job::Job,
    journal::{
        HISTORIES_MAX, History, Journal, JournalError, SNAPSHOTS_VERSION, Snapshot, StoredRecord,
    },
    writer::WriterMessage,
};

/// Records of a job whose snapshot cannot be used: more than plans within their bounds can make.
const RECORDS_MAX: usize = 100_000_000;
/// Rows of live jobs read at a time.
const PAGE_ROWS: usize = 1_000;
/// Pause before the journal is read again after an error.
pub(super) const RELOAD_DELAY: Duration = Duration::from_millis(500);
/// How long a crew may take to say what it holds.
const HOLDINGS_DEADLINE: Duration = Duration::from_secs(10);

type Holdings = HashMap<Arc<str>, Vec<Holding>>;

/// Reads jobs beside the shard's mailbox.
pub(super) struct Reader {
    pub ports: ShardPorts,
    pub shard: Handle<ShardMessage>,
    pub incarnation: u64,
    pub load: u64,
}

impl Reader {
    /// Hands the shard the jobs `asked` for, or every live one, page by page.
    pub(super) async fn read(self, asked: Option<Vec<JobId>>) {
        // Err means that the writer died with the request; a commit that outlives it may still be under way.
        loop {
            let (settled, when_settled) = oneshot::channel();
            let asked = self.ports.writer.tell(WriterMessage::Settle(settled));
            if asked.is_err() || when_settled.await.is_ok() {
                break;
            }
        }
        let holdings = Arc::new(ask_holdings(&self.ports).await);
        match asked {
            Some(ids) => self.read_asked(ids, holdings).await,
            None => {
                futures_util::join!(self.count(), self.read_all(holdings));
            }
        }
    }

    /// Counts what `read_all` has before it, for whoever watches.
    async fn count(&self) {
        match self.ports.journal.live_jobs_total().await {
            Ok(live_jobs) => self.ports.recovery.found(live_jobs),
            Err(error) => {
                tracing::warn!(shard = self.ports.index, error = %error, "cannot count live jobs");
            }
        }
    }

    async fn read_asked(&self, ids: Vec<JobId>, holdings: Arc<Holdings>) {
        let asked = Arc::new(ids.iter().copied().collect::<HashSet<_>>());
        let pages = ids.len().div_ceil(HISTORIES_MAX).max(1);
        for (index, chunk) in ids.chunks(HISTORIES_MAX).enumerate() {
            let mut jobs = self.histories(chunk).await;
            jobs.retain(|job| !job.state.is_final());
            self.hand_over(Page {
                asked: Some(asked.clone()),
                jobs,
                waiting: Vec::new(),
                holdings: holdings.clone(),
                load: self.load,
                is_last: index + 1 == pages,
            });
        }
    }

    async fn read_all(&self, holdings: Arc<Holdings>) {
        let mut after = None;
        loop {
            let page = self
                .again("live jobs", || {
                    self.ports.journal.live_jobs(after, PAGE_ROWS)
                })
                .await;
            let is_last = page.len() < PAGE_ROWS;
            after = page.last().map(|row| row.id).or(after);
            let own = page
                .into_iter()
                .filter(|row| ShardPorts::shard_of(row.id, self.ports.shards) == self.ports.index);
            let (waiting, others): (Vec<_>, Vec<_>) = own.partition(waits_for_an_instant);
            let others: Vec<JobId> = others.into_iter().map(|row| row.id).collect();
            let mut jobs = Vec::with_capacity(others.len());
            for chunk in others.chunks(HISTORIES_MAX) {
                jobs.extend(self.histories(chunk).await);
            }
            self.hand_over(Page {
                asked: None,
                jobs,
                waiting,
                holdings: holdings.clone(),
                load: self.load,
                is_last,
            });
            if is_last {
                return;
            }
        }
    }

    fn hand_over(&self, page: Page) {
        let (incarnation, step) = (self.incarnation, Recovery::Adopt(page));
        // Closed means that the universe is shutting down.
        let _ = self
            .shard
            .tell(ShardMessage::Recovery { incarnation, step });
    }

    async fn histories(&self, ids: &[JobId]) -> Vec<Job> {
        self.again("jobs", || read_histories(&*self.ports.journal, ids))
            .await
    }

    async fn again<T, F>(&self, what: &'static str, mut read: impl FnMut() -> F) -> T
    where
        F: Future<Output = Result<T, JournalError>>,
    {
        loop {
            match read().await {
                Ok(read) => return read,
                Err(error) => {
                    tracing::error!(shard = self.ports.index, error = %error, "cannot read {what}; will try again");
                    tokio::time::sleep(RELOAD_DELAY).await;
                }
            }
        }
    }
}

/// The jobs that histories add up to. One that does not add up is left out, and stays where it is.
pub(super) async fn read_histories(
    journal: &dyn Journal,
    ids: &[JobId],
) -> Result<Vec<Job>, JournalError> {
    match read_together(journal, ids).await {
        // One that cannot be decoded must not keep the others from being read.
        Err(JournalError::Codec(_)) => {}
        read => return read,
    }
    let mut jobs = Vec::with_capacity(ids.len());
    for id in ids {
        match read_together(journal, std::slice::from_ref(id)).await {
            Ok(read) => jobs.extend(read),
            Err(JournalError::Codec(error)) => unreadable(*id, &error),
            Err(error) => return Err(error),
        }
    }
    Ok(jobs)
}

async fn read_together(journal: &dyn Journal, ids: &[JobId]) -> Result<Vec<Job>, JournalError> {
    let mut jobs = Vec::with_capacity(ids.len());
    for history in journal.histories(ids).await? {
        jobs.extend(read_history(journal, history).await?);
    }
    Ok(jobs)
}

async fn read_history(
    journal: &dyn Journal,
    history: History,
) -> Result<Option<Job>, JournalError> {
    let History {
        job: id,
        snapshot,
        mut records,
    } = history;
    let begun = snapshot.as_ref().and_then(restored);
    // Records that a snapshot of another release covers are not part of the history.
    if begun.is_none() && snapshot.is_some() {
        records = journal.records(id, 0, RECORDS_MAX).await?;
    }
    Ok(fold(id, begun, &records))
}

fn restored(snapshot: &Snapshot) -> Option<Job> {
    if snapshot.version != SNAPSHOTS_VERSION {
        return None;
    }
    match serde_json::from_str::<Job>(&snapshot.text) {
        Ok(job) => Some(job.restored()),
        Err(error) => {
            tracing::warn!(job.id = %snapshot.job, error = %error, "a snapshot cannot be read; reading every event");
            None
        }
    }
}

fn fold(id: JobId, mut job: Option<Job>, records: &[StoredRecord]) -> Option<Job> {
    for record in records {
        for (seq, event) in (record.first_seq..).zip(record.events.iter()) {
            let folded = match &mut job {
                Some(job) if seq <= job.seq => Ok(()),
                Some(job) => job.fold(event, record.at),
                None => Job::begin(id, event, record.at).map(|begun| job = Some(begun)),
            };
            if let Err(error) = folded {
                unreadable(id, &error);
                return None;
            }
        }
    }
    job
}

fn unreadable(id: JobId, error: &dyn std::fmt::Display) {
    metrics::counter!("callboard_unreadable_jobs_total").increment(1);
    tracing::error!(job.id = %id, error = %error, "a job's journal cannot be read; the job stays where it is");
}

/// The job its records add up to; `None` when there are none or they do not fold.
pub(crate) async fn read_job(
    journal: &dyn Journal,
    id: JobId,
) -> Result<Option<Job>, JournalError> {
    let jobs = read_histories(journal, &[id]).await?;
    Ok(jobs.into_iter().next())
}

async fn ask_holdings(ports: &ShardPorts) -> Holdings {
    let mut holdings = HashMap::with_capacity(ports.crews.len());
    for (role, crew) in ports.crews.iter() {
        loop {
            match crew.holdings(ports.owner(), HOLDINGS_DEADLINE).await {
                Ok(held) => {
                    holdings.insert(role.clone(), held);
                    break;
                }
                Err(error) => {
                    tracing::warn!(role = %role, error = %error, "crew did not say what it holds; asking again");
                    tokio::time::sleep(RELOAD_DELAY).await;
                }
            }
        }
    }
    holdings
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        id::Tenant,
        journal::{MemoryJournal, Record, conformance},
    };

    /// A journal with one job and a snapshot of it, made after its first records.
    async fn journal(records: &[Record], after: usize, version: u16) -> MemoryJournal {
        let journal = MemoryJournal::default();
        let id = records[0].job;
        journal.commit(&records[..after]).await.unwrap();
        let begun = read_job(&journal, id).await.unwrap().unwrap();
        let snapshot = Snapshot {
            job: id,
            seq: begun.seq,
            version,
            text: serde_json::to_string(&begun).unwrap(),
        };
        journal.commit(&records[after..]).await.unwrap();
        journal.keep_snapshot(snapshot).await.unwrap();
        journal
    }

    #[tokio::test]
    async fn a_job_is_the_same_with_a_snapshot_at_any_record_and_without() {
        let records = conformance::whole_job(&Tenant::default());
        let id = records[0].job;
        let bare = MemoryJournal::default();
        bare.commit(&records).await.unwrap();
        let without = read_job(&bare, id).await.unwrap();
        assert!(without.is_some());
        for after in 1..records.len() {
            let journal = journal(&records, after, SNAPSHOTS_VERSION).await;
            let with = read_job(&journal, id).await.unwrap();
            assert_eq!(with, without, "snapshot after {after}");
        }
    }

    #[tokio::test]
    async fn a_snapshot_of_another_version_is_passed_over() {
        let records = conformance::whole_job(&Tenant::default());
        let journal = journal(&records, 2, SNAPSHOTS_VERSION + 1).await;
        let read = read_job(&journal, records[0].job).await.unwrap();
        assert_eq!(read.unwrap().seq, records.last().unwrap().last_seq());
    }
}
