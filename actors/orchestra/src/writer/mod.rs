//! The journal's one writer. It gathers what shards append while a commit is under way and commits it as one batch: the
//! duration of a commit is the window of the next, and `queue` holds back what is about to be followed. It acknowledges, and tells subscribers, only after the commit.
//!
//! If it dies, appends it had not committed are answered as failed and their shards read the journal again; commits are
//! taken in turn, so an instance never overtakes the last commit of the one before.

#![expect(
    clippy::disallowed_types,
    reason = "a commit outlives the instance that began it"
)]

mod gauge;
mod queue;

use std::{
    collections::{BTreeMap, HashMap},
    sync::Arc,
    time::Instant,
};

use callboard_runtime::{Handle, Resident, ResidentContext};
use tokio::sync::{Mutex, oneshot};

use crate::{
    hub::EventHub,
    id::JobId,
    journal::{Journal, JournalError, Record},
    tally::Tally,
    writer::queue::{Item, Queue},
};

pub(crate) use gauge::JournalGauge;
pub use gauge::{JournalVitals, LastCommit};

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

/// A record on its way to the journal.
pub(crate) struct Append {
    record: Record,
    receipt: Receipt,
    /// Its job will bring another record at once, and nobody waits for this one.
    more_to_come: bool,
}

impl Append {
    pub fn new(record: Record, life: u64, sink: SettledSink, more_to_come: bool) -> Self {
        let receipt = Receipt {
            job: record.job,
            life,
            last_seq: record.last_seq(),
            sink: Some(sink),
        };
        Self {
            record,
            receipt,
            more_to_come,
        }
    }
}

/// Who is to hear how a record fared. Dropped unanswered, it reports failure.
struct Receipt {
    job: JobId,
    life: u64,
    last_seq: u64,
    sink: Option<SettledSink>,
}

impl Receipt {
    fn settled(&self, committed: bool) -> Settled {
        Settled {
            job: self.job,
            life: self.life,
            last_seq: self.last_seq,
            committed,
        }
    }
}

impl Drop for Receipt {
    fn drop(&mut self) {
        if let Some(sink) = self.sink.take() {
            (sink.tell)(vec![self.settled(false)]);
        }
    }
}

pub(crate) enum WriterMessage {
    Append(Box<Append>),
    /// Answered when everything appended before is committed or has failed.
    Settle(oneshot::Sender<()>),
    /// Something that was held back is due.
    Due,
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
    pub gauge: JournalGauge,
    pub tally: Tally,
    /// Held during a commit. A lock because a commit of a dead instance may still be under way.
    pub turn: Arc<Mutex<()>>,
}

pub(crate) struct Writer {
    ports: WriterPorts,
    queue: Queue,
    committing: bool,
    /// A `Due` is on its way.
    awake: bool,
}

impl Writer {
    pub fn new(ports: WriterPorts) -> Self {
        ports.hub.resync();
        ports.gauge.ended();
        Self {
            ports,
            queue: Queue::default(),
            committing: false,
            awake: false,
        }
    }

    fn commit_next(&mut self, ctx: &mut ResidentContext<Self>) {
        if self.committing {
            return;
        }
        let now = tokio::time::Instant::now();
        let items = self.queue.take(now);
        if items.is_empty() {
            return self.wake_later(now, ctx);
        }
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

    fn wake_later(&mut self, now: tokio::time::Instant, ctx: &mut ResidentContext<Self>) {
        let next = self.queue.next().filter(|_| !self.awake);
        if let Some(next) = next {
            self.awake = true;
            ctx.after(next - now, WriterMessage::Due);
        }
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
            WriterMessage::Append(append) => {
                self.queue.append(append, tokio::time::Instant::now());
            }
            WriterMessage::Settle(settled) => self.queue.settle(settled),
            WriterMessage::Due => self.awake = false,
            WriterMessage::CommitEnded { failed } => {
                self.committing = false;
                if !failed.is_empty() {
                    self.queue.drop_lives(&failed.into_iter().collect());
                }
            }
        }
        self.commit_next(ctx);
        self.ports.gauge.waits(self.queue.due());
    }
}

async fn settle(ports: &WriterPorts, items: Vec<Item>, failed: &mut Vec<(JobId, u64)>) {
    let mut batch = Batch::default();
    let mut settles = Vec::new();
    for item in items {
        match item {
            Item::Append(append) => batch.push(append.record, append.receipt),
            Item::Settle(settle) => settles.push(settle),
        }
    }
    #[cfg(feature = "failpoints")]
    ack_before_commit(&mut batch.receipts).await;
    while !batch.records.is_empty() {
        batch = commit(ports, batch, failed).await;
    }
    for settle in settles {
        // Err means that the shard that asked is gone.
        let _ = settle.send(());
    }
}

/// Records of one commit, and as many receipts in the same order.
#[derive(Default)]
struct Batch {
    records: Vec<Record>,
    receipts: Vec<Receipt>,
}

impl Batch {
    fn push(&mut self, record: Record, receipt: Receipt) {
        self.records.push(record);
        self.receipts.push(receipt);
    }

    /// Takes the records of one job out.
    fn without(self, job: JobId) -> (Self, Self) {
        let (mut taken, mut left) = (Self::default(), Self::default());
        for (record, receipt) in self.records.into_iter().zip(self.receipts) {
            let side = if record.job == job {
                &mut taken
            } else {
                &mut left
            };
            side.push(record, receipt);
        }
        (taken, left)
    }

    /// Puts records of one job side by side, in their order: the journal keeps neighbours in one row.
    fn bring_together(&mut self) {
        let mut places = HashMap::with_capacity(self.records.len());
        for record in &self.records {
            let next = places.len();
            places.entry(record.job).or_insert(next);
        }
        self.records.sort_by_key(|record| places[&record.job]);
        self.receipts.sort_by_key(|receipt| places[&receipt.job]);
    }
}

/// Commits a batch and answers it. A record that does not continue its job takes only its job's records down with it;
/// what is left comes back to be tried again.
async fn commit(ports: &WriterPorts, mut batch: Batch, failed: &mut Vec<(JobId, u64)>) -> Batch {
    batch.bring_together();
    let records = &batch.records;
    let started = Instant::now();
    ports.gauge.began();
    #[cfg(feature = "failpoints")]
    fail::fail_point!("journal::before_commit");
    let result = ports.journal.commit(records).await;
    #[cfg(feature = "failpoints")]
    fail::fail_point!("journal::after_commit");
    ports.gauge.ended();
    let took = started.elapsed();
    ports.tally.commits().note(took);
    metrics::histogram!("callboard_journal_commit_seconds").record(took.as_secs_f64());
    metrics::histogram!("callboard_journal_batch_records").record(records.len() as f64);
    let error = match result {
        Ok(positions) => {
            for (record, pos) in records.iter().zip(positions) {
                ports.hub.publish(record, pos);
            }
            answer(&mut batch.receipts, true);
            return Batch::default();
        }
        Err(error) => error,
    };
    let (mut refused, left) = match error {
        JournalError::Conflict { job, .. } => batch.without(job),
        JournalError::Fenced { .. } | JournalError::Codec(_) | JournalError::Store { .. } => {
            (batch, Batch::default())
        }
    };
    let source = std::error::Error::source(&error).map(ToString::to_string);
    let refusals = refused.records.len();
    match error {
        // Follows from an earlier failure, which was logged.
        JournalError::Conflict { .. } => {
            tracing::debug!(error = %error, records = refusals, "journal refused records");
        }
        JournalError::Fenced { .. } | JournalError::Codec(_) | JournalError::Store { .. } => {
            tracing::error!(error = %error, source, records = refusals, "journal refused records");
            metrics::counter!("callboard_journal_failures_total").increment(1);
        }
    }
    if let JournalError::Fenced { .. } = error {
        (ports.fenced)();
    }
    for receipt in &refused.receipts {
        failed.push((receipt.job, receipt.life));
    }
    for record in &refused.records {
        ports.hub.doubt(record);
    }
    answer(&mut refused.receipts, false);
    left
}

/// The fault that a crash check must be able to find: the batch is acknowledged, and committed as many milliseconds later
/// as the failpoint says.
#[cfg(feature = "failpoints")]
async fn ack_before_commit(receipts: &mut [Receipt]) {
    let held = || {
        fail::fail_point!("journal::ack_before_commit", |ms| ms
            .and_then(|ms| ms.parse().ok()));
        None
    };
    if let Some(held_ms) = held() {
        answer(receipts, true);
        tokio::time::sleep(std::time::Duration::from_millis(held_ms)).await;
    }
}

fn answer(receipts: &mut [Receipt], committed: bool) {
    let mut by_shard: BTreeMap<u32, (SettledSink, Vec<Settled>)> = BTreeMap::new();
    for receipt in receipts {
        let settled = receipt.settled(committed);
        if let Some(sink) = receipt.sink.take() {
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
