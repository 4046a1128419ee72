//! The thread that sends spans. It gathers them for a moment, sends a batch at a time, and sends one again that the receiver
//! may take later. A receiver that is down is one line in the log, however long it is, and nobody else waits for it.

use std::{io, thread, time::Duration};

use tokio::{
    runtime::Builder,
    sync::{mpsc, watch},
    time::{Instant, sleep_until, timeout},
};

use super::{
    queue::{Loss, Span},
    receiver::{Failure, Receiver, Rejected},
};

const THREAD: &str = "span-export";
/// Spans of one request.
const BATCH_SPANS_MAX: usize = 1_024;
/// Longest time that a span waits for others.
const GATHER_MAX: Duration = Duration::from_secs(1);
/// Pause before a batch is sent again; doubled up to the longest while the receiver is down.
const AGAIN_AFTER_MIN: Duration = Duration::from_secs(1);
const AGAIN_AFTER_MAX: Duration = Duration::from_secs(30);
/// A batch that was not taken for so long is dropped, in favour of later ones.
const BATCH_KEPT_MAX: Duration = Duration::from_secs(60);
/// Time for what is left at the end of the process.
const FLUSH_MAX: Duration = Duration::from_secs(3);

/// Orders to the thread. Dropped, it sends what is left without anybody waiting.
pub struct Exporter {
    finish: watch::Sender<bool>,
    done: watch::Receiver<bool>,
}

impl Exporter {
    pub fn start(receiver: Receiver, spans: mpsc::Receiver<Span>) -> io::Result<Self> {
        let (finish, finishing) = watch::channel(false);
        let (tell, done) = watch::channel(false);
        let runtime = Builder::new_current_thread().enable_all().build()?;
        let sending = Sending {
            receiver,
            spans,
            finishing,
            trouble: None,
        };
        thread::Builder::new()
            .name(THREAD.to_owned())
            .spawn(move || {
                runtime.block_on(sending.run());
                tell.send_replace(true);
            })?;
        Ok(Self { finish, done })
    }

    /// Sends what there is and ends the thread, within a bound.
    pub async fn finish(&self) {
        self.finish.send_replace(true);
        let mut done = self.done.clone();
        // Err within means that the thread has panicked, which the panic hook has told.
        if timeout(FLUSH_MAX, done.wait_for(|done| *done))
            .await
            .is_err()
        {
            tracing::warn!("spans were left unsent: the receiver did not take them in time");
        }
    }
}

struct Sending {
    receiver: Receiver,
    spans: mpsc::Receiver<Span>,
    finishing: watch::Receiver<bool>,
    /// Pause before the next attempt, while the receiver is down.
    trouble: Option<Duration>,
}

impl Sending {
    async fn run(mut self) {
        loop {
            let batch = self.gather().await;
            if batch.is_empty() {
                return;
            }
            self.deliver(batch).await;
        }
    }

    /// Waits for spans; none come once the end is ordered and all are sent.
    async fn gather(&mut self) -> Vec<Span> {
        let mut batch = Vec::new();
        let mut until = None;
        while batch.len() < BATCH_SPANS_MAX {
            let room = BATCH_SPANS_MAX - batch.len();
            let gathered = async {
                match until {
                    None => std::future::pending().await,
                    Some(until) => sleep_until(until).await,
                }
            };
            tokio::select! {
                biased;
                () = is_ordered(&mut self.finishing), if !self.spans.is_closed() => self.spans.close(),
                came = self.spans.recv_many(&mut batch, room) => if came == 0 {
                    break;
                },
                () = gathered => break,
            }
            until.get_or_insert_with(|| Instant::now() + GATHER_MAX);
        }
        batch
    }

    /// Sends a batch until it is taken, refused or too old.
    async fn deliver(&mut self, batch: Vec<Span>) {
        let spans = batch.len() as u64;
        let body = self.receiver.body(batch);
        let give_up_at = Instant::now() + BATCH_KEPT_MAX;
        loop {
            let is_last = *self.finishing.borrow();
            match self.receiver.take(body.clone()).await {
                Ok(rejected) => return self.taken(spans, &rejected),
                Err(Failure::Refused(why)) => {
                    self.failed(&why);
                    return Loss::Refused.count(spans);
                }
                Err(Failure::Unavailable(why)) => {
                    let pause = self.failed(&why);
                    let again_at = Instant::now() + pause;
                    if is_last || again_at > give_up_at {
                        return Loss::Undelivered.count(spans);
                    }
                    tokio::select! {
                        () = sleep_until(again_at) => {}
                        () = is_ordered(&mut self.finishing) => {}
                    }
                }
            }
        }
    }

    fn taken(&mut self, spans: u64, rejected: &Rejected) {
        let unwanted = rejected.spans.min(spans);
        metrics::counter!("callboard_trace_spans_total").increment(spans - unwanted);
        if unwanted > 0 {
            Loss::Refused.count(unwanted);
            self.failed(&format!("the receiver rejects spans: {}", rejected.why));
        } else if self.trouble.take().is_some() {
            tracing::info!("spans are delivered again");
        }
    }

    /// Says so the first time; answers the pause before the next attempt.
    fn failed(&mut self, why: &str) -> Duration {
        let pause = match self.trouble {
            None => {
                tracing::warn!(
                    "spans are not delivered, and dropped where there are too many: {why}"
                );
                AGAIN_AFTER_MIN
            }
            Some(pause) => (pause * 2).min(AGAIN_AFTER_MAX),
        };
        self.trouble = Some(pause);
        pause
    }
}

/// Resolves when the end is ordered, or nobody is left to order it.
async fn is_ordered(finishing: &mut watch::Receiver<bool>) {
    let _ = finishing.wait_for(|finish| *finish).await;
}
