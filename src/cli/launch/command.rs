//! The command: one server at a time, orders by signal, a server that died is started again.

use std::{ffi::OsString, fs, net::SocketAddr, path::PathBuf, time::Duration};

use tokio::{
    signal::unix::{Signal, SignalKind, signal},
    time::{Instant, sleep},
};

use super::{
    replace::replace,
    server::{Launch, Server},
};
use crate::cli::{claim::patience, failure::Failure, listener, terminal};

/// Pause before a server that died is started again; doubled up to the longest while it goes on dying.
const AGAIN_AFTER_MIN: Duration = Duration::from_millis(100);
const AGAIN_AFTER_MAX: Duration = Duration::from_secs(10);
/// A server that lived for so long has not died at its start.
const SETTLED_AFTER: Duration = Duration::from_secs(60);

#[derive(clap::Args)]
pub struct Args {
    /// Address and port to listen on; port 0 takes a free one
    #[arg(long, value_name = "ADDR:PORT", default_value = "127.0.0.1:7070")]
    listen: SocketAddr,
    /// The program to serve with, looked up anew at every start: a link that a release switches; this program by default
    #[arg(long, value_name = "FILE")]
    program: Option<PathBuf>,
    /// A server must be ready this long after its start, or after the one before has ended; otherwise the one before is
    /// started again
    #[arg(long, value_name = "TIME", default_value = "60s", value_parser = patience)]
    ready_within: Duration,
    /// What `serve` is started with besides the socket
    #[arg(last = true, value_name = "SERVE-ARGS")]
    serve: Vec<OsString>,
}

/// What a signal asks.
enum Order {
    Replace,
    Stop,
}

struct Orders {
    hangup: Signal,
    terminate: Signal,
    interrupt: Signal,
}

impl Orders {
    fn listen() -> Result<Self, Failure> {
        Ok(Self {
            hangup: signal(SignalKind::hangup())?,
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
        })
    }

    async fn recv(&mut self) -> Order {
        tokio::select! {
            biased;
            _ = self.terminate.recv() => Order::Stop,
            _ = self.interrupt.recv() => Order::Stop,
            _ = self.hangup.recv() => Order::Replace,
        }
    }

    /// Resolves when the launcher is to end; an order to replace waits.
    async fn stop(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
    }
}

pub async fn launch(args: Args) -> Result<(), Failure> {
    let mut orders = Orders::listen()?;
    let socket = listener::bind(args.listen)
        .map_err(|error| Failure::Failed(format!("listen on {}: {error}", args.listen)))?;
    let launch = Launch {
        address: socket.local_addr()?,
        socket,
        serve: args.serve,
        ready_within: args.ready_within,
    };
    let named = match args.program {
        Some(program) => program,
        None => std::env::current_exe()?,
    };
    let program = || {
        fs::canonicalize(&named)
            .map_err(|error| Failure::Failed(format!("find {}: {error}", named.display())))
    };
    let mut server = tokio::select! {
        server = Server::ready(&launch, program()?) => server?,
        () = orders.stop() => return Ok(()),
    };
    let mut began = Instant::now();
    let mut pause = AGAIN_AFTER_MIN;
    loop {
        let order = tokio::select! {
            order = orders.recv() => order,
            ended = server.ended() => {
                if began.elapsed() >= SETTLED_AFTER {
                    pause = AGAIN_AFTER_MIN;
                }
                terminal::tell(&format!("{ended}; starting it again"));
                let again = again(&launch, server.program().to_owned(), &mut pause);
                server = tokio::select! {
                    server = again => server,
                    () = orders.stop() => return Ok(()),
                };
                began = Instant::now();
                continue;
            }
        };
        match order {
            Order::Stop => return server.stop().await,
            Order::Replace => match program() {
                Ok(program) => {
                    server = replace(&launch, server, program).await?;
                    began = Instant::now();
                }
                Err(failure) => terminal::tell(&format!("error: {}", failure.message())),
            },
        }
    }
}

/// Tries until a server is ready.
async fn again(launch: &Launch, program: PathBuf, pause: &mut Duration) -> Server {
    loop {
        sleep(*pause).await;
        *pause = (*pause * 2).min(AGAIN_AFTER_MAX);
        match Server::ready(launch, program.clone()).await {
            Ok(server) => return server,
            Err(failure) => terminal::tell(&format!("error: {}", failure.message())),
        }
    }
}
