//! The attempt that a worker is at: what it asks of the outside bears its span.

use std::future::Future;

use super::TraceContext;

tokio::task_local! {
    static ATTEMPT: TraceContext;
}

/// The span of the attempt that calls, if its job is traced; none outside of an attempt.
pub fn current() -> Option<TraceContext> {
    ATTEMPT.try_with(|context| *context).ok()
}

/// Performs an attempt within its span.
pub(crate) async fn within<F: Future>(context: Option<TraceContext>, attempt: F) -> F::Output {
    match context {
        None => attempt.await,
        Some(context) => ATTEMPT.scope(context, attempt).await,
    }
}
