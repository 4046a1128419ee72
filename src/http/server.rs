//! Binds the URL table to a listener.

use std::{net::TcpListener, num::NonZeroUsize, time::Duration};

use actix_web::{App, HttpServer, dev::Server, middleware::from_fn, web::Data};

use super::{Desk, host::require_loopback, observe::observe, routes};
use crate::ws::{Seats, remember_socket};

/// Time for requests in hand when the server stops.
const STOP_GRACE_S: u64 = 5;
/// Time for a client to send the head of a request.
const REQUEST_HEAD_MAX: Duration = Duration::from_secs(10);
/// An idle connection is closed after this.
const KEEP_ALIVE: Duration = Duration::from_secs(75);

/// Serves `desk` on `listener` until the server is stopped. Signals are left to the caller.
pub fn serve(listener: TcpListener, desk: Desk, workers: NonZeroUsize) -> std::io::Result<Server> {
    let seats = Data::new(Seats::new(desk.limits.stream_clients_max));
    let desk = Data::new(desk);
    let server = HttpServer::new(move || {
        App::new()
            .app_data(desk.clone())
            .app_data(seats.clone())
            .configure(routes)
            .wrap(from_fn(require_loopback))
            .wrap(from_fn(observe))
    })
    .workers(workers.get())
    .on_connect(remember_socket)
    .client_request_timeout(REQUEST_HEAD_MAX)
    .keep_alive(KEEP_ALIVE)
    .shutdown_timeout(STOP_GRACE_S)
    .disable_signals()
    .listen(listener)?
    .run();
    Ok(server)
}
