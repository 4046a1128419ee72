//! Binds the URL table to a listener.

use std::{net::TcpListener, num::NonZeroUsize, time::Duration};

use actix_cors::Cors;
use actix_web::{
    App, HttpServer,
    dev::Server,
    http::{
        Method,
        header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HeaderName, IF_NONE_MATCH, RANGE},
    },
    middleware::{Condition, from_fn},
    web::Data,
};

use super::{
    Desk, bounds::require_bounds, connections::Connections, departure::turn_away_late,
    host::require_loopback, observe::observe, routes, turns::take_turns,
};
use crate::{limits::Seats, ws::remember_socket};

/// Time for a client to send the head of a request.
const REQUEST_HEAD_MAX: Duration = Duration::from_secs(10);
/// Time for a client to agree on TLS.
const HANDSHAKE_MAX: Duration = Duration::from_secs(5);
/// Time for a client to take what is left when its connection is closed.
const DISCONNECT_MAX: Duration = Duration::from_secs(5);
/// An idle connection is closed after this.
const KEEP_ALIVE: Duration = Duration::from_secs(75);
/// How long a browser remembers what a foreign page may ask.
const CORS_KEPT_S: usize = 600;
/// What a foreign page may send and read beside what every page may.
const CORS_SENT: [&str; 5] = [
    "idempotency-key",
    "prefer",
    "last-event-id",
    "traceparent",
    "x-request-id",
];
const CORS_READ: [&str; 9] = [
    "x-request-id",
    "location",
    "retry-after",
    "etag",
    "warning",
    "idempotent-replayed",
    "ratelimit-limit",
    "ratelimit-remaining",
    "ratelimit-reset",
];

/// Serves `desk` on `listener`, with `tls` over TLS, until the server is stopped. A connection that is in use then is closed
/// after `stop_grace`, in whole seconds. Signals are left to the caller.
pub fn serve(
    listener: TcpListener,
    desk: Desk,
    workers: NonZeroUsize,
    tls: Option<rustls::ServerConfig>,
    stop_grace: Duration,
) -> std::io::Result<Server> {
    let limits = desk.limits.clone();
    let connections_per_worker = limits.connections_max.div_ceil(workers.get());
    let seats = Data::new(Seats::new(limits.seats));
    let connections = Connections::new(&limits, desk.departure.clone());
    let desk = Data::new(desk);
    let server = HttpServer::new(move || {
        App::new()
            .app_data(desk.clone())
            .app_data(seats.clone())
            .configure(routes)
            .wrap(from_fn(take_turns))
            .wrap(from_fn(require_loopback))
            .wrap(from_fn(require_bounds))
            .wrap(Condition::new(
                !limits.cors_origins.is_empty(),
                cors(&limits.cors_origins),
            ))
            .wrap(from_fn(turn_away_late))
            .wrap(from_fn(observe))
    })
    .workers(workers.get())
    .max_connections(connections_per_worker)
    .on_connect(move |connection, data| {
        connections.admit(connection, data);
        remember_socket(connection, data);
    })
    .client_request_timeout(REQUEST_HEAD_MAX)
    .client_disconnect_timeout(DISCONNECT_MAX)
    .tls_handshake_timeout(HANDSHAKE_MAX)
    .keep_alive(KEEP_ALIVE)
    .shutdown_timeout(stop_grace.as_secs())
    .disable_signals();
    let server = match tls {
        Some(tls) => server.listen_rustls_0_23(listener, tls)?,
        None => server.listen(listener)?,
    };
    Ok(server.run())
}

/// Nothing for origins that are not named.
fn cors(origins: &[String]) -> Cors {
    let own = CORS_SENT.map(HeaderName::from_static);
    let cors = Cors::default()
        .allowed_methods([
            Method::GET,
            Method::HEAD,
            Method::POST,
            Method::PUT,
            Method::PATCH,
            Method::DELETE,
        ])
        .allowed_headers([ACCEPT, AUTHORIZATION, CONTENT_TYPE, IF_NONE_MATCH, RANGE])
        .allowed_headers(own)
        .expose_headers(CORS_READ)
        .max_age(CORS_KEPT_S);
    origins
        .iter()
        .fold(cors, |cors, origin| cors.allowed_origin(origin))
}
