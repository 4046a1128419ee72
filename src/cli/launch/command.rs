//! The command: one server at a time, orders by signal, a server that died is started again. A launcher that is asked to end
//! leaves nothing running, however far a start or a replacement has come.

use std::{ffi::OsString, fs, net::SocketAddr, path::PathBuf, time::Duration};

use super::{
    again::{Pause, again},
    orders::{Order, Orders},
    replace::{Replaced, replace},
    server::{Launch, Server},
};
use crate::cli::{claim::patience, failure::Failure, listener, terminal};

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
    let Some(mut server) = Server::ready(&launch, program()?, &mut orders).await? else {
        return Ok(());
    };
    let mut pause = Pause::new();
    loop {
        let order = tokio::select! {
            order = orders.recv() => Some(order),
            ended = server.ended() => {
                terminal::tell(&format!("{ended}; starting it again"));
                None
            }
        };
        let replaced = match order {
            Some(Order::Stop) => return server.stop().await,
            Some(Order::Replace) => match program() {
                Ok(program) => replace(&launch, server, program, &mut orders).await,
                Err(failure) => {
                    terminal::tell(&format!("error: {}", failure.message()));
                    continue;
                }
            },
            None => Replaced::Lost(server.name()),
        };
        server = match replaced {
            Replaced::Serves(next) => *next,
            Replaced::Stopped(stopped) => return stopped,
            Replaced::Lost(ended) => {
                pause.ended();
                match again(&launch, program, &mut orders, &mut pause, &ended).await {
                    Some(next) => next,
                    None => return Ok(()),
                }
            }
        };
        pause.serves();
    }
}
