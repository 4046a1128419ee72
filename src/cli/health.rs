//! `callboard health`: asks the server that is named, or else the one that the configuration describes.

use std::{
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    path::PathBuf,
    time::Duration,
};

use callboard::config::Config;

use super::{
    client::{Client, ServerArgs},
    failure::Failure,
    settings::Settings,
    terminal,
};

/// Time for the answer.
const ANSWER_MAX: Duration = Duration::from_secs(5);

#[derive(clap::Args)]
pub struct Args {
    /// Ask only whether the process is alive, not whether it takes jobs
    #[arg(long)]
    live: bool,
    /// The server to ask; without it the one of this machine that listens as the configuration says (server.listen, tls)
    #[arg(long, value_name = "URL")]
    server: Option<String>,
    /// Configuration file of that server; without it callboard.toml in the working directory, if there is one
    #[arg(long, value_name = "FILE", conflicts_with = "server")]
    config: Option<PathBuf>,
    /// File with the API key to send; without it the key in the environment variable CALLBOARD_KEY, if there is one
    #[arg(long, value_name = "FILE", requires = "server")]
    key_file: Option<PathBuf>,
    /// PEM file of certificates to trust beside those of the system
    #[arg(long, value_name = "FILE", requires = "server")]
    ca_file: Option<PathBuf>,
}

pub async fn health(args: Args) -> Result<(), Failure> {
    let (probe, well) = match args.live {
        true => ("live", "alive"),
        false => ("ready", "ready"),
    };
    let asked = async {
        let client = match args.server {
            Some(server) => ServerArgs::of(server, args.key_file, args.ca_file).client()?,
            None => configured(&Settings::of_file(args.config).load([])?)?,
        };
        let asked = client.get(&["health", probe]).timeout(ANSWER_MAX);
        client.open(asked).await
    };
    match asked.await {
        Ok(_) => terminal::print(well),
        // Whatever is wrong, whoever probes needs one exit code for it.
        Err(failure) => Err(Failure::Failed(failure.message().to_owned())),
    }
}

fn configured(config: &Config) -> Result<Client, Failure> {
    let listen = config.server.listen;
    if listen.port() == 0 {
        let message = "server.listen leaves the port open: name the server with --server";
        return Err(Failure::Failed(message.to_owned()));
    }
    let scheme = match config.tls.is_on() {
        true => "https",
        false => "http",
    };
    Client::of_this_machine(scheme, reachable(listen))
}

/// Where a listener on every address is found.
fn reachable(listen: SocketAddr) -> SocketAddr {
    let ip = match listen.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        ip => ip,
    };
    (ip, listen.port()).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_listener_on_every_address_is_asked_on_loopback() {
        for (listen, asked) in [
            ("0.0.0.0:7070", "127.0.0.1:7070"),
            ("[::]:7070", "[::1]:7070"),
            ("192.0.2.1:80", "192.0.2.1:80"),
        ] {
            assert_eq!(reachable(listen.parse().unwrap()), asked.parse().unwrap());
        }
    }
}
