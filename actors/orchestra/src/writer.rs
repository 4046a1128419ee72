//! The journal's one writer. It gathers what shards append while a commit is under way and commits it as one batch: the
//! duration of a commit is the window of the next. It acknowledges, and tells subscribers, only after the commit.
//!
//! If it dies, appends it had not committed are answered as failed and their shards read the journal again; commits are
//! taken in turn, so an instance never overtakes the last commit of the one before.

#![expect(
    clippy::disallowed_types,
    reason = "a commit outlives the instance that began it"
)]

use std::{
    collections::{BTreeMap, HashMap, HashSet, VecDeque},
    sync::Arc,
    time::Instant,
};

use callboard_runtime::{Handle, Resident, ResidentContext};
use tokio::sync::{Mutex, oneshot};

use crate::{
    hub::EventHub,
    id::JobId,
    journal::{BATCH_RECORDS_MAX, Journal, JournalError, Record},
};

/// One committed or failed append, for the shard it came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Settled {
    pub job: JobId,
    /// Which life of the job in the shard's memory appended it.
    pub life: u64,
    pub last_seq: u64,
    pub committed: bool,
}

/// Where a shard hears of its appends.
#[derive(Clone)]
pub(crate) struct SettledSink {
    pub shard: u32,
    pub tell: Arc<dyn Fn(Vec<Settled>) + Send + Sync>,
}

/// A record on its way to the journal. Dropped unanswered, it reports failure.
pub(crate) struct Append {
    record: Box<Record>,
    life: u64,
    sink: Option<SettledSink>,
}

impl Append {
    pub fn new(record: Record, life: u64, sink: SettledSink) -> Self {
        Self {
            record: Box::new(record),
            life,
            sink: Some(sink),
        }
    }

    fn settled(&self, committed: bool) -> Settled {
        Settled {
            job: self.record.job,
            life: self.life,
            last_seq: self.record.last_seq(),
            committed,
        }
    }
}

impl Drop for Append {
    fn drop(&mut self) {
        if let Some(sink) = self.sink.take() {
            (sink.tell)(vec![self.settled(false)]);
        }
    }
}

pub(crate) enum WriterMessage {
    Append(Append),
    /// Answered when everything appended before is committed or has failed.
    Settle(oneshot::Sender<()>),
    CommitEnded {
        failed: Vec<(JobId, u64)>,
    },
}

/// What every instance of the writer shares.
#[derive(Clone)]
pub(crate) struct WriterPorts {
    pub journal: Arc<dyn Journal>,
    pub hub: EventHub,
    /// Called when another process has taken the store: this one must end.
    pub fenced: Arc<dyn Fn() + Send + Sync>,
    /// Held during a commit. A lock because a commit of a dead instance may still be under way.
    pub turn: Arc<Mutex<()>>,
}

enum Item {
    Append(Append),
    Settle(oneshot::Sender<()>),
}

pub(crate) struct Writer {
    ports: WriterPorts,
    queue: VecDeque<Item>,
    committing: bool,
}

impl Writer {
    pub fn new(ports: WriterPorts) -> Self {
        ports.hub.resync();
        Self {
            ports,
            queue: VecDeque::new(),
            committing: false,
        }
    }

    /// Drops what was appended in lives that lost a record; dropped, it reports itself as failed.
    fn fail_queued(&mut self, failed: &[(JobId, u64)]) {
        if failed.is_empty() {
            return;
        }
        let failed: HashSet<_> = failed.iter().copied().collect();
        self.queue.retain(|item| match item {
            Item::Append(append) => !failed.contains(&(append.record.job, append.life)),
            Item::Settle(_) => true,
        });
    }

    fn commit_next(&mut self, ctx: &mut ResidentContext<Self>) {
        if self.committing || self.queue.is_empty() {
            return;
        }
        let items: Vec<Item> = self
            .queue
            .drain(..self.queue.len().min(BATCH_RECORDS_MAX))
            .collect();
        let ports = self.ports.clone();
        let mut ended = CommitEnded {
            writer: ctx.handle(),
            failed: Vec::new(),
        };
        self.committing = true;
        ctx.spawn(async move {
            let _turn = ports.turn.lock().await;
            settle(&ports, items, &mut ended.failed).await;
        });
    }
}

/// Tells the writer when a commit is over, however it ends.
struct CommitEnded {
    writer: Handle<WriterMessage>,
    /// Lives of jobs that lost a record: what else was appended in them cannot continue its journal.
    failed: Vec<(JobId, u64)>,
}

impl Drop for CommitEnded {
    fn drop(&mut self) {
        let failed = std::mem::take(&mut self.failed);
        // Closed means that the universe is shutting down.
        let _ = self.writer.tell(WriterMessage::CommitEnded { failed });
    }
}

impl Resident for Writer {
    type Message = WriterMessage;

    fn handle(&mut self, message: WriterMessage, ctx: &mut ResidentContext<Self>) {
        match message {
            WriterMessage::Append(append) => self.queue.push_back(Item::Append(append)),
            WriterMessage::Settle(settled) => self.queue.push_back(Item::Settle(settled)),
            WriterMessage::CommitEnded { failed } => {
                self.committing = false;
                self.fail_queued(&failed);
            }
        }
        self.commit_next(ctx);
    }
}

async fn settle(ports: &WriterPorts, items: Vec<Item>, failed: &mut Vec<(JobId, u64)>) {
    let mut appends = Vec::with_capacity(items.len());
    let mut settles = Vec::new();
    for item in items {
        match item {
            Item::Append(append) => appends.push(append),
            Item::Settle(settle) => settles.push(settle),
        }
    }
    #[cfg(feature = "failpoints")]
    ack_before_commit(&mut appends).await;
    while !appends.is_empty() {
        appends = commit(ports, appends, failed).await;
    }
    for settle in settles {
        // Err means that the shard that asked is gone.
        let _ = settle.send(());
    }
}

/// Commits a batch and answers it. A record that does not continue its job takes only its job's records down with it;
/// what is left comes back to be tried again.
async fn commit(
    ports: &WriterPorts,
    mut appends: Vec<Append>,
    failed: &mut Vec<(JobId, u64)>,
) -> Vec<Append> {
    bring_together(&mut appends);
    let records: Vec<Record> = appends
        .iter()
        .map(|append| Record::clone(&append.record))
        .collect();
    let started = Instant::now();
    #[cfg(feature = "failpoints")]
    fail::fail_point!("journal::before_commit");
    let result = ports.journal.commit(&records).await;
    #[cfg(feature = "failpoints")]
    fail::fail_point!("journal::after_commit");
    metrics::histogram!("callboard_journal_commit_seconds").record(started.elapsed().as_secs_f64());
    metrics::histogram!("callboard_journal_batch_records").record(records.len() as f64);
    let error = match result {
        Ok(positions) => {
            for (record, pos) in records.iter().zip(positions) {
                ports.hub.publish(record, pos);
            }
            answer(&mut appends, true);
            return Vec::new();
        }
        Err(error) => error,
    };
    let (mut refused, left) = match error {
        JournalError::Conflict { job, .. } => appends
            .into_iter()
            .partition(|append| append.record.job == job),
        JournalError::Fenced { .. } | JournalError::Codec(_) | JournalError::Store { .. } => {
            (appends, Vec::new())
        }
    };
    let source = std::error::Error::source(&error).map(ToString::to_string);
    match error {
        // Follows from an earlier failure, which was logged.
        JournalError::Conflict { .. } => {
            tracing::debug!(error = %error, records = refused.len(), "journal refused records");
        }
        JournalError::Fenced { .. } | JournalError::Codec(_) | JournalError::Store { .. } => {
            tracing::error!(error = %error, source, records = refused.len(), "journal refused records");
            metrics::counter!("callboard_journal_failures_total").increment(1);
        }
    }
    if let JournalError::Fenced { .. } = error {
        (ports.fenced)();
    }
    for append in &refused {
        failed.push((append.record.job, append.life));
        ports.hub.doubt(&append.record);
    }
    answer(&mut refused, false);
    left
}

/// Puts records of one job side by side, in their order: the journal keeps neighbours in one row.
fn bring_together(appends: &mut [Append]) {
    let mut places = HashMap::with_capacity(appends.len());
    for append in &*appends {
        let next = places.len();
        places.entry(append.record.job).or_insert(next);
    }
    appends.sort_by_key(|append| places[&append.record.job]);
}

/// The fault that a crash check must be able to find: the batch is acknowledged, and committed as many milliseconds later
/// as the failpoint says.
#[cfg(feature = "failpoints")]
async fn ack_before_commit(appends: &mut [Append]) {
    let held = || {
        fail::fail_point!("journal::ack_before_commit", |ms| ms
            .and_then(|ms| ms.parse().ok()));
        None
    };
    if let Some(held_ms) = held() {
        answer(appends, true);
        tokio::time::sleep(std::time::Duration::from_millis(held_ms)).await;
    }
}

fn answer(appends: &mut [Append], committed: bool) {
    let mut by_shard: BTreeMap<u32, (SettledSink, Vec<Settled>)> = BTreeMap::new();
    for append in appends {
        let settled = append.settled(committed);
        if let Some(sink) = append.sink.take() {
            by_shard
                .entry(sink.shard)
                .or_insert_with(|| (sink, Vec::new()))
                .1
                .push(settled);
        }
    }
    for (sink, settled) in by_shard.into_values() {
        (sink.tell)(settled);
    }
}
