//! A long answer on its way, a slice at a time. The connection asks for a slice when it has room for one, so a client that
//! takes nothing is noticed; its connection is shut, and what is held and made for it goes with it.

use std::{
    cell::Cell,
    io,
    pin::Pin,
    rc::Rc,
    task::{Context, Poll, ready},
    time::Duration,
};

use actix_web::{rt::task::JoinHandle, web::Bytes};
use futures_util::{Stream, StreamExt as _};
use tokio::time::{Instant, sleep_until};

use crate::ws::Socket;

/// What a client has to take in the time it is given: few enough bytes for a slow one.
const SLICE_BYTES: usize = 64 * 1024;

/// The pieces of an answer in slices, for a client that takes one every now and then.
pub struct Sending<S> {
    pieces: Pin<Box<S>>,
    /// What is left of the last piece.
    rest: Bytes,
    pace: Rc<Pace>,
    watch: JoinHandle<()>,
}

/// When the client was last given something, unless it has asked for more since.
#[derive(Default)]
struct Pace(Cell<Option<Instant>>);

impl<S> Sending<S> {
    /// Shuts `socket` when its client takes nothing for `stall_max`, though there is something to take.
    pub fn new(pieces: S, socket: Option<Socket>, stall_max: Duration) -> Self {
        let pace = Rc::new(Pace::default());
        let stalled = stalled(pace.clone(), stall_max);
        let watch = actix_web::rt::spawn(async move {
            stalled.await;
            metrics::counter!("callboard_generate_stalled_total").increment(1);
            tracing::info!("a client took nothing of an answer for too long and is let go");
            if let Some(socket) = socket {
                socket.shut();
            }
        });
        Self {
            pieces: Box::pin(pieces),
            rest: Bytes::new(),
            pace,
            watch,
        }
    }
}

impl<S: Stream<Item = io::Result<Bytes>>> Stream for Sending<S> {
    type Item = io::Result<Bytes>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.pace.0.set(None);
        while self.rest.is_empty() {
            match ready!(self.pieces.poll_next_unpin(cx)) {
                Some(Ok(piece)) => self.rest = piece,
                ended => return Poll::Ready(ended),
            }
        }
        let bytes = SLICE_BYTES.min(self.rest.len());
        let slice = self.rest.split_to(bytes);
        self.pace.0.set(Some(Instant::now()));
        Poll::Ready(Some(Ok(slice)))
    }
}

impl<S> Drop for Sending<S> {
    fn drop(&mut self) {
        self.watch.abort();
    }
}

/// Resolves when the client has had something to take for `stall_max`.
async fn stalled(pace: Rc<Pace>, stall_max: Duration) {
    loop {
        let since = pace.0.get();
        let until = since.unwrap_or_else(Instant::now) + stall_max;
        sleep_until(until).await;
        if since.is_some() && pace.0.get() == since {
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use futures_util::{FutureExt as _, stream};
    use tokio::{task::LocalSet, time::advance};

    use super::*;

    const STALL_MAX: Duration = Duration::from_secs(30);

    #[tokio::test]
    async fn pieces_are_cut_into_slices_without_a_byte_lost() {
        let pieces = [3 * SLICE_BYTES + 1, 0, 5].map(|bytes| Ok(Bytes::from(vec![b'x'; bytes])));
        let tasks = LocalSet::new();
        let sending = tasks.run_until(async {
            let sending = Sending::new(stream::iter(pieces), None, STALL_MAX);
            let lengths = sending.map(|slice| slice.unwrap().len());
            lengths.collect::<Vec<_>>().await
        });
        assert_eq!(sending.await, [SLICE_BYTES, SLICE_BYTES, SLICE_BYTES, 1, 5]);
    }

    #[tokio::test(start_paused = true)]
    async fn a_client_is_late_only_while_there_is_something_to_take() {
        let pace = Rc::new(Pace::default());
        let mut stalled = Box::pin(stalled(pace.clone(), STALL_MAX));
        for _ in 0..3 {
            assert!((&mut stalled).now_or_never().is_none());
            advance(STALL_MAX).await;
        }
        assert!((&mut stalled).now_or_never().is_none(), "nothing was ready");
        for _ in 0..3 {
            pace.0.set(Some(Instant::now()));
            advance(STALL_MAX - Duration::from_secs(1)).await;
            assert!((&mut stalled).now_or_never().is_none(), "it took the last");
        }
        advance(STALL_MAX).await;
        stalled.await;
    }
}
