//! One websocket. Sends what its source has, answers pings, and ends with a reason. Every send is bounded in time; a
//! client that takes nothing in is evicted and its socket shut down, because nothing above the socket could end it.

use actix_ws::{CloseReason, Message as Incoming, MessageStream, ProtocolError, Session};
use futures_util::FutureExt;
use tokio::time::{Instant, MissedTickBehavior, interval_at, timeout};

use super::{
    opening::{Link, PING_EVERY, SEND_MAX, Transport},
    protocol::Goodbye,
    source::Source,
};

/// Intervals of pings that a client may stay silent for.
const SILENT_PINGS_MAX: u32 = 2;

/// How a session ends.
enum End {
    /// The server ends it.
    Goodbye(Goodbye),
    /// The client closes; it is owed the same.
    Closed(Option<CloseReason>),
    /// The connection is gone.
    Gone,
}

pub(super) async fn run(
    mut source: Source,
    mut session: Session,
    mut inbox: MessageStream,
    link: Link,
) {
    let end = converse(&mut source, &mut session, &mut inbox, &link).await;
    // What the source holds is not kept while a slow client makes up its mind.
    drop(source);
    let reason = match end {
        End::Goodbye(Goodbye::TooSlow) => {
            // The close frame gets through only if the client reads after all.
            let _ = session
                .close(Some(Goodbye::TooSlow.close_reason()))
                .now_or_never();
            return link.evict(Transport::Websocket);
        }
        End::Goodbye(goodbye) => Some(goodbye.close_reason()),
        End::Closed(reason) => reason,
        End::Gone => None,
    };
    if timeout(SEND_MAX, session.close(reason)).await.is_err() {
        return link.evict(Transport::Websocket);
    }
    // What the client still sends is read, so that its own close does not meet a reset.
    tokio::join!(link.finish(), async {
        while let Some(Ok(_)) = inbox.recv().await {}
    });
}

async fn converse(
    source: &mut Source,
    session: &mut Session,
    inbox: &mut MessageStream,
    link: &Link,
) -> End {
    let mut pings = interval_at(Instant::now() + PING_EVERY, PING_EVERY);
    pings.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut heard_at = Instant::now();
    let draining = link.draining();
    let barred = link.barred();
    tokio::pin!(draining, barred);
    loop {
        let sent = tokio::select! {
            biased;
            () = &mut draining => return End::Goodbye(Goodbye::Draining),
            () = &mut barred => return End::Goodbye(Goodbye::Barred),
            incoming = inbox.recv() => {
                heard_at = Instant::now();
                match incoming {
                    Some(Ok(Incoming::Ping(bytes))) => timeout(SEND_MAX, session.pong(&bytes)).await,
                    Some(Ok(Incoming::Close(reason))) => return End::Closed(reason),
                    Some(Ok(
                        Incoming::Pong(_) | Incoming::Text(_) | Incoming::Binary(_) | Incoming::Continuation(_) | Incoming::Nop,
                    )) => continue,
                    Some(Err(ProtocolError::Overflow)) => return End::Goodbye(Goodbye::TooLarge),
                    Some(Err(_)) | None => return End::Gone,
                }
            }
            _ = pings.tick() => {
                if heard_at.elapsed() > PING_EVERY * SILENT_PINGS_MAX {
                    return End::Goodbye(Goodbye::Silent);
                }
                timeout(SEND_MAX, session.ping(b"")).await
            }
            next = source.next() => match next {
                Ok(message) => timeout(SEND_MAX, session.text(message.text)).await,
                Err(goodbye) => return End::Goodbye(goodbye),
            }
        };
        match sent {
            Ok(Ok(())) => {}
            Ok(Err(_)) => return End::Gone,
            Err(_) => return End::Goodbye(Goodbye::TooSlow),
        }
    }
}
