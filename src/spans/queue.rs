//! The bounded way from whoever ends a span to the thread that sends them. Putting in never waits; what finds no room is
//! counted and dropped.

use std::time::SystemTime;

use callboard_orchestra::trace::{EndedAttempt, EndedJob};
use tokio::sync::mpsc;

use super::request::EndedRequest;

/// Spans on their way. A receiver that is slower than they come loses what exceeds it.
pub const QUEUE_SPANS_MAX: usize = 16_384;

/// A span that has ended, with the instant at which it did.
#[derive(Debug)]
pub enum Span {
    Request(EndedRequest),
    Job(EndedJob, SystemTime),
    Attempt(EndedAttempt, SystemTime),
}

/// Why spans were not delivered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Loss {
    /// There was no room.
    QueueFull,
    /// The receiver was down for too long, or until the end of the process.
    Undelivered,
    /// The receiver did not want them.
    Refused,
}

impl Loss {
    pub const ALL: [Self; 3] = [Self::QueueFull, Self::Undelivered, Self::Refused];

    /// In the metric.
    pub const fn name(self) -> &'static str {
        match self {
            Self::QueueFull => "queue_full",
            Self::Undelivered => "undelivered",
            Self::Refused => "refused",
        }
    }

    pub fn count(self, spans: u64) {
        metrics::counter!("callboard_trace_spans_dropped_total", "cause" => self.name())
            .increment(spans);
    }
}

#[derive(Debug, Clone)]
pub struct SpanQueue(mpsc::Sender<Span>);

impl SpanQueue {
    pub fn new(spans_max: usize) -> (Self, mpsc::Receiver<Span>) {
        let (sender, receiver) = mpsc::channel(spans_max);
        (Self(sender), receiver)
    }

    pub fn put(&self, span: Span) {
        match self.0.try_send(span) {
            Ok(()) => {}
            Err(mpsc::error::TrySendError::Full(_)) => Loss::QueueFull.count(1),
            // After the flush at the end of the process.
            Err(mpsc::error::TrySendError::Closed(_)) => Loss::Undelivered.count(1),
        }
    }
}

#[cfg(test)]
mod tests {
    use callboard_orchestra::TraceContext;
    use metrics_exporter_prometheus::PrometheusBuilder;

    use super::*;
    use crate::spans::request::tests::ended;

    fn context(span: u64) -> TraceContext {
        format!("00-{:032x}-{span:016x}-01", 1).parse().unwrap()
    }

    #[test]
    fn what_finds_no_room_is_counted_and_nobody_waits() {
        let recorder = PrometheusBuilder::new().build_recorder();
        let metrics = recorder.handle();
        let (queue, mut spans) = SpanQueue::new(2);
        metrics::with_local_recorder(&recorder, || {
            for span in 1..=5 {
                queue.put(Span::Request(ended(context(span))));
            }
            spans.close();
            queue.put(Span::Request(ended(context(6))));
        });
        let kept = std::iter::from_fn(|| spans.try_recv().ok());
        let kept: Vec<_> = kept
            .map(|span| match span {
                Span::Request(request) => request.context,
                Span::Job(..) | Span::Attempt(..) => unreachable!("none was put in"),
            })
            .collect();
        assert_eq!(kept, [context(1), context(2)]);
        let told = metrics.render();
        for line in [
            "callboard_trace_spans_dropped_total{cause=\"queue_full\"} 3",
            "callboard_trace_spans_dropped_total{cause=\"undelivered\"} 1",
        ] {
            assert!(told.contains(line), "{told}");
        }
    }
}
