//! Spans of requests, jobs and attempts, sent to a receiver of OTLP. Spans are made when what they are of has ended: nothing
//! is open that a restart could lose, and a span knows its place in the trace without any other.

mod encode;
mod exporter;
mod propagation;
mod queue;
mod receiver;
mod request;
mod tracer;

pub use propagation::{TRACEPARENT, with_traceparent};
pub use queue::Loss;
pub use request::{RequestSpan, Served};
pub use tracer::Tracer;
