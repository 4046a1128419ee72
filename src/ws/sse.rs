//! One SSE response. A task of its own pumps the source into a short channel, so that a client that does not read is
//! noticed: the body of a response is not asked for more until the client has taken what it has.

use std::convert::Infallible;

use actix_web::{
    HttpResponse,
    http::header::{CACHE_CONTROL, HeaderName},
    web::Bytes,
};
use futures_util::stream;
use tokio::{
    sync::mpsc,
    time::{Instant, MissedTickBehavior, interval_at, timeout},
};

use super::{
    opening::{Link, PING_EVERY, SEND_MAX, Transport},
    protocol::{Goodbye, Message},
    source::Source,
};

/// Chunks between the source and the connection.
const CHUNKS_MAX: usize = 32;
/// Sent first: how long a browser waits before it connects again, in milliseconds.
const GREETING: &[u8] = b"retry: 1000\n\n";
const KEEP_ALIVE: &[u8] = b": keep-alive\n\n";
/// Keeps proxies from collecting the response.
const X_ACCEL_BUFFERING: HeaderName = HeaderName::from_static("x-accel-buffering");

pub(super) fn respond(source: Source, link: Link) -> HttpResponse {
    let (chunks, mut sent) = mpsc::channel::<Bytes>(CHUNKS_MAX);
    actix_web::rt::spawn(run(source, chunks, link));
    let body = stream::poll_fn(move |cx| {
        sent.poll_recv(cx)
            .map(|chunk| chunk.map(Ok::<_, Infallible>))
    });
    HttpResponse::Ok()
        // The end of the connection tells that the client has everything.
        .force_close()
        .content_type("text/event-stream")
        .insert_header((CACHE_CONTROL, "no-store"))
        .insert_header((X_ACCEL_BUFFERING, "no"))
        .streaming(body)
}

async fn run(mut source: Source, chunks: mpsc::Sender<Bytes>, link: Link) {
    let goodbye = pump(&mut source, &chunks, &link).await;
    drop((source, chunks));
    if goodbye == Some(Goodbye::TooSlow) {
        link.evict(Transport::Sse);
    } else {
        link.finish().await;
    }
}

/// Why the server ended the stream; `None` when the client did.
async fn pump(source: &mut Source, chunks: &mpsc::Sender<Bytes>, link: &Link) -> Option<Goodbye> {
    let mut beats = interval_at(Instant::now() + PING_EVERY, PING_EVERY);
    beats.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let draining = link.draining();
    let barred = link.barred();
    tokio::pin!(draining, barred);
    let mut chunk = Bytes::from_static(GREETING);
    loop {
        match timeout(SEND_MAX, chunks.send(chunk)).await {
            Ok(Ok(())) => {}
            Ok(Err(_)) => return None,
            Err(_) => return Some(Goodbye::TooSlow),
        }
        chunk = tokio::select! {
            biased;
            () = &mut draining => return Some(Goodbye::Draining),
            () = &mut barred => return Some(Goodbye::Barred),
            () = chunks.closed() => return None,
            _ = beats.tick() => Bytes::from_static(KEEP_ALIVE),
            next = source.next() => match next {
                Ok(message) => chunk_of(&message),
                Err(goodbye) => return Some(goodbye),
            }
        };
    }
}

fn chunk_of(message: &Message) -> Bytes {
    // The text is JSON on one line, as SSE needs it.
    let text = &message.text;
    match message.position {
        Some(position) => format!("id: {position}\ndata: {text}\n\n"),
        None => format!("data: {text}\n\n"),
    }
    .into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ws::protocol::Position;

    #[test]
    fn only_what_can_be_resumed_from_has_an_id() {
        let text = || "{\"a\":1}".into();
        let kept = Message {
            position: Some(Position::Cursor { pos: 17, seq: 3 }),
            text: text(),
        };
        assert_eq!(chunk_of(&kept), "id: 17.3\ndata: {\"a\":1}\n\n");
        assert_eq!(
            chunk_of(&Message {
                position: None,
                text: text()
            }),
            "data: {\"a\":1}\n\n"
        );
    }
}
