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
    journal::{HISTORIES_MAX, History, Journal, JournalError, SNAPSHOTS_VERSION},
    writer::WriterMessage,
};

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
}

impl Reader {
    /// Hands the shard the jobs `asked` for, or every live one, page by page.
    pub(super) async fn read(self, asked: Option<Vec<JobId>>) {
        let (settled, when_settled) = oneshot::channel();
        if self
            .ports
            .writer
            .tell(WriterMessage::Settle(settled))
            .is_ok()
        {
            // Err means that the writer died with the request: its appends have failed, which settles them too.
            let _ = when_settled.await;
        }
        let holdings = Arc::new(ask_holdings(&self.ports).await);
        match asked {
            Some(ids) => self.read_asked(ids, holdings).await,
            None => self.read_all(holdings).await,
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
    match journal.histories(ids).await {
        Ok(histories) => Ok(histories.into_iter().filter_map(fold).collect()),
        // One that cannot be decoded must not keep the others from being read.
        Err(JournalError::Codec(_)) => {
            let mut jobs = Vec::with_capacity(ids.len());
            for id in ids {
                match journal.histories(std::slice::from_ref(id)).await {
                    Ok(histories) => jobs.extend(histories.into_iter().filter_map(fold)),
                    Err(JournalError::Codec(error)) => unreadable(*id, &error),
                    Err(error) => return Err(error),
                }
            }
            Ok(jobs)
        }
        Err(error) => Err(error),
    }
}

fn fold(history: History) -> Option<Job> {
    let History {
        job: id,
        snapshot,
        records,
    } = history;
    let mut job = snapshot
        .filter(|snapshot| snapshot.version == SNAPSHOTS_VERSION)
        .and_then(|snapshot| serde_json::from_str::<Job>(&snapshot.text).ok())
        .map(Job::restored);
    for record in &records {
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

#[cfg(all(test, feature = "test-util"))]
mod tests {
    use super::*;
    use crate::{
        id::Tenant,
        journal::{Snapshot, conformance},
    };

    /// A job's records as read back, with its first ones in a snapshot.
    fn history(after: usize) -> History {
        let records = conformance::whole_job(&Tenant::default());
        let id = records[0].job;
        let stored = |record: &crate::journal::Record| crate::journal::StoredRecord {
            pos: record.first_seq,
            job: id,
            first_seq: record.first_seq,
            at: record.at,
            events: record.events.clone(),
        };
        let whole: Vec<_> = records.iter().map(stored).collect();
        let begun = fold(History {
            job: id,
            snapshot: None,
            records: whole[..after].to_vec(),
        });
        let begun = begun.unwrap();
        let snapshot = Snapshot {
            job: id,
            seq: begun.seq,
            version: SNAPSHOTS_VERSION,
            text: serde_json::to_string(&begun).unwrap(),
        };
        History {
            job: id,
            snapshot: Some(snapshot),
            records: whole,
        }
    }

    #[test]
    fn a_job_is_the_same_with_a_snapshot_at_any_record_and_without() {
        let records = history(1).records.len();
        for after in 1..records {
            let with = history(after);
            let without = History {
                snapshot: None,
                ..with.clone()
            };
            assert_eq!(fold(with), fold(without), "snapshot after {after}");
        }
    }

    #[test]
    fn a_snapshot_of_another_version_is_ignored() {
        let mut odd = history(2);
        let snapshot = odd.snapshot.as_mut().unwrap();
        snapshot.version += 1;
        snapshot.text = "{}".to_owned();
        let without = History {
            snapshot: None,
            ..odd.clone()
        };
        assert_eq!(fold(odd), fold(without));
    }
}
