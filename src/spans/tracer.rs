//! Decides what is traced, and takes spans that have ended. Off, it does nothing and costs a look at an option.
//!
//! Sampling follows the caller: a request whose `traceparent` is sampled is recorded, one whose is not, is not; where there is
//! none, a part of the requests is.

#![expect(
    clippy::disallowed_methods,
    reason = "spans bear the time of the wall clock"
)]

use std::{num::NonZeroU128, sync::Arc, time::SystemTime};

use actix_web::http::header::HeaderMap;
use anyhow::Context;
use callboard_orchestra::{
    TraceContext,
    trace::{Ended, TellEnded},
};

use super::{
    exporter::Exporter,
    propagation::traceparent,
    queue::{QUEUE_SPANS_MAX, Span, SpanQueue},
    receiver::Receiver,
    request::{RequestSpan, mint_span},
};
use crate::config::TelemetryConfig;

/// Clones share the way to the receiver.
#[derive(Clone, Default)]
pub struct Tracer(Option<Arc<On>>);

struct On {
    queue: SpanQueue,
    sample_ratio: f64,
    exporter: Exporter,
}

impl Tracer {
    /// Starts the thread that sends spans, where there is a receiver. Errors when there can be no thread or HTTP client.
    pub fn start(config: &TelemetryConfig) -> anyhow::Result<Self> {
        if !config.is_on() {
            return Ok(Self::default());
        }
        let receiver = Receiver::of(config).context("make an HTTP client for telemetry")?;
        let (queue, spans) = SpanQueue::new(QUEUE_SPANS_MAX);
        let exporter = Exporter::start(receiver, spans).context("start the thread of telemetry")?;
        Ok(Self(Some(Arc::new(On {
            queue,
            sample_ratio: config.sample_ratio,
            exporter,
        }))))
    }

    /// The span of a request that begins. None when it is no part of a trace.
    pub fn request(&self, headers: &HeaderMap) -> Option<RequestSpan> {
        let on = self.0.as_ref()?;
        let parent = traceparent(headers);
        let context = match parent {
            Some(parent) => parent.with_span(mint_span()),
            None if rand::random::<f64>() < on.sample_ratio => {
                let trace = NonZeroU128::new(rand::random()).unwrap_or(NonZeroU128::MIN);
                TraceContext::new(trace, mint_span(), true)
            }
            None => return None,
        };
        Some(RequestSpan {
            context,
            parent,
            started: SystemTime::now(),
            queue: on.queue.clone(),
        })
    }

    /// Hears what ends of jobs.
    pub fn jobs(&self) -> Option<TellEnded> {
        let queue = self.0.as_ref()?.queue.clone();
        Some(Arc::new(move |ended| {
            let now = SystemTime::now();
            queue.put(match ended {
                Ended::Job(job) => Span::Job(job, now),
                Ended::Attempt(attempt) => {
                    // Shards hear of it a moment later.
                    let at = now.checked_sub(attempt.ended.elapsed()).unwrap_or(now);
                    Span::Attempt(attempt, at)
                }
            });
        }))
    }

    /// Sends what has ended, as far as that takes no longer than a bound. Later spans are dropped.
    pub async fn flush(&self) {
        if let Some(on) = &self.0 {
            on.exporter.finish().await;
        }
    }
}
