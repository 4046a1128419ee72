//! How a stream begins: which transport the client asks for, and whether it may have it.

use std::time::Duration;

use actix_web::{
    HttpRequest, HttpResponse,
    http::header::{ACCEPT, HOST, HeaderName, ORIGIN, UPGRADE},
    web::Payload,
};
use tokio::{sync::watch, time::timeout};

use super::{seat::Seat, session, socket::Socket, source::Source, sse};
use crate::{
    auth::Standing,
    limits::{NoSeat, Seats},
};

/// A client is pinged this often, and given up when it has been silent for twice as long.
pub(super) const PING_EVERY: Duration = Duration::from_secs(20);
/// A client that accepts no bytes for this long is evicted.
pub(super) const SEND_MAX: Duration = Duration::from_secs(5);
/// What a client gets to take in what is on its way after the end of its stream.
const CLOSE_WAIT: Duration = Duration::from_secs(5);
/// Largest message taken from a client.
const CLIENT_MESSAGE_BYTES_MAX: usize = 4 * 1024;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Transport {
    Websocket,
    Sse,
}

#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    #[error("too many streams are open")]
    Full,
    #[error("too many streams of this caller or its tenant are open")]
    OwnFull,
    #[error("a page of another site may not open a websocket here")]
    ForeignOrigin,
    #[error("ask for a websocket upgrade, or accept text/event-stream")]
    NotAcceptable,
    #[error("the websocket handshake is wrong: {0}")]
    Handshake(String),
}

impl From<NoSeat> for OpenError {
    fn from(none: NoSeat) -> Self {
        match none {
            NoSeat::All => Self::Full,
            NoSeat::Own => Self::OwnFull,
        }
    }
}

impl Transport {
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Websocket => "websocket",
            Self::Sse => "sse",
        }
    }

    /// What the client asks for. A client that accepts anything gets SSE.
    pub fn of(request: &HttpRequest) -> Result<Self, OpenError> {
        if contains(request, UPGRADE, |token| {
            token.eq_ignore_ascii_case("websocket")
        }) {
            return Ok(Self::Websocket);
        }
        let accepted = ["text/event-stream", "text/*", "*/*"];
        let accepts =
            |range: &str| accepted.contains(&range.split(';').next().unwrap_or_default().trim());
        if !request.headers().contains_key(ACCEPT) || contains(request, ACCEPT, accepts) {
            return Ok(Self::Sse);
        }
        Err(OpenError::NotAcceptable)
    }
}

/// What an open stream holds besides its source.
pub struct Link {
    socket: Option<Socket>,
    shutdown: watch::Receiver<bool>,
    standing: Standing,
    _seat: Seat,
}

impl Link {
    pub(super) async fn draining(&self) {
        // Err means that whoever could have started a drain is gone, which is an end as well.
        let _ = self.shutdown.clone().wait_for(|draining| *draining).await;
    }

    /// Resolves when the caller may no longer have the stream.
    pub(super) async fn barred(&self) {
        self.standing.lost().await;
    }

    /// Gives the client `CLOSE_WAIT` to take in what is on its way to it, then ends the connection.
    pub(super) async fn finish(&self) {
        if let Some(socket) = &self.socket
            && timeout(CLOSE_WAIT, socket.gone()).await.is_err()
        {
            socket.shut();
        }
    }

    pub(super) fn evict(&self, transport: Transport) {
        metrics::counter!("callboard_ws_evicted_total", "transport" => transport.name())
            .increment(1);
        tracing::info!(
            transport = transport.name(),
            "a client accepted no bytes for too long and is evicted"
        );
        if let Some(socket) = &self.socket {
            socket.shut();
        }
    }
}

/// Answers `request` with the stream of `source`.
pub fn open(
    request: &HttpRequest,
    body: Payload,
    source: Source,
    seats: &Seats,
    standing: Standing,
    shutdown: watch::Receiver<bool>,
) -> Result<HttpResponse, OpenError> {
    let transport = Transport::of(request)?;
    // Browsers let any page open websockets to any site, and say which page it was.
    if transport == Transport::Websocket && is_foreign(request) {
        return Err(OpenError::ForeignOrigin);
    }
    let seat = Seat::take(seats, standing.principal(), transport)?;
    let link = Link {
        socket: Socket::of(request),
        shutdown,
        standing,
        _seat: seat,
    };
    match transport {
        Transport::Sse => Ok(sse::respond(source, link)),
        Transport::Websocket => {
            let (response, session, inbox) = actix_ws::handle(request, body)
                .map_err(|error| OpenError::Handshake(error.to_string()))?;
            let inbox = inbox.max_frame_size(CLIENT_MESSAGE_BYTES_MAX);
            actix_web::rt::spawn(session::run(source, session, inbox, link));
            Ok(response)
        }
    }
}

fn is_foreign(request: &HttpRequest) -> bool {
    let text = |name| {
        request
            .headers()
            .get(name)
            .and_then(|value| value.to_str().ok())
    };
    let Some(origin) = text(ORIGIN) else {
        return false;
    };
    let host_of_origin = origin.split_once("://").map_or(origin, |(_, host)| host);
    text(HOST).is_none_or(|host| !host.eq_ignore_ascii_case(host_of_origin))
}

fn contains(request: &HttpRequest, name: HeaderName, wanted: impl Fn(&str) -> bool) -> bool {
    let values = request
        .headers()
        .get_all(name)
        .filter_map(|value| value.to_str().ok());
    values
        .flat_map(|value| value.split(','))
        .any(|token| wanted(token.trim()))
}

#[cfg(test)]
mod tests {
    use actix_web::test::TestRequest;

    use super::*;

    #[test]
    fn a_client_gets_the_transport_it_asks_for() {
        let accept = |value: &str| {
            Transport::of(
                &TestRequest::get()
                    .insert_header((ACCEPT, value))
                    .to_http_request(),
            )
        };
        assert_eq!(
            accept("text/html, text/event-stream;q=0.9").unwrap(),
            Transport::Sse
        );
        assert_eq!(accept("*/*").unwrap(), Transport::Sse);
        assert!(matches!(
            accept("application/json"),
            Err(OpenError::NotAcceptable)
        ));
        let upgrade = TestRequest::get()
            .insert_header((UPGRADE, "WebSocket"))
            .to_http_request();
        assert_eq!(Transport::of(&upgrade).unwrap(), Transport::Websocket);
    }

    #[test]
    fn a_page_of_another_site_is_foreign() {
        let from = |origin: &str| {
            let headers = TestRequest::get().insert_header((HOST, "127.0.0.1:7070"));
            is_foreign(&headers.insert_header((ORIGIN, origin)).to_http_request())
        };
        assert!(!from("http://127.0.0.1:7070"));
        assert!(from("http://127.0.0.1:7071"));
        assert!(from("https://example.org"));
        assert!(from("null"));
    }
}
