//! The socket beneath a connection. A client that does not read keeps its connection open whatever is done above, so
//! the server keeps a second descriptor of the socket to shut it down by.

use std::{any::Any, net::Shutdown, os::fd::AsFd, sync::Arc};

use actix_web::{HttpRequest, dev::Extensions};
use tokio::sync::watch;

use crate::http::stream_of;

/// A second descriptor of a connection's socket.
#[derive(Clone)]
pub struct Socket {
    descriptor: Arc<std::net::TcpStream>,
    connected: watch::Receiver<()>,
}

/// Dropped with the connection, which closes the channel.
struct Connected {
    _tell: watch::Sender<()>,
}

/// Keeps the socket of a new connection with it. For `HttpServer::on_connect`.
pub fn remember_socket(connection: &dyn Any, data: &mut Extensions) {
    let Some(stream) = stream_of(connection) else {
        return;
    };
    match stream.as_fd().try_clone_to_owned() {
        Ok(descriptor) => {
            let (tell, connected) = watch::channel(());
            data.insert(Connected { _tell: tell });
            data.insert(Socket {
                descriptor: Arc::new(descriptor.into()),
                connected,
            });
        }
        Err(error) => tracing::warn!(error = %error, "no descriptor left to evict this client by"),
    }
}

impl Socket {
    pub fn of(request: &HttpRequest) -> Option<Self> {
        request.conn_data::<Self>().cloned()
    }

    /// Resolves once the server has sent what it had for the client and let go of the connection.
    pub async fn gone(&self) {
        // Ok cannot be: nothing is ever sent.
        let _ = self.connected.clone().changed().await;
    }

    /// Ends the connection both ways. What the system has not sent yet still goes out, what the server holds does not.
    pub fn shut(&self) {
        // Err means that it has ended already.
        let _ = self.descriptor.shutdown(Shutdown::Both);
    }
}
