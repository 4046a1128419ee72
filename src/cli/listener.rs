//! Where a server listens: an address that it binds itself, or a socket that a launcher owns and passes to it. Of a socket
//! that was passed the launcher keeps a copy, so connections wait in the kernel while nobody accepts them.

use std::{
    io,
    net::{SocketAddr, TcpListener},
    os::unix::process::CommandExt,
    process::Command,
    str::FromStr,
};

use listenfd::ListenFd;
use tokio::net::TcpSocket;

use super::failure::Failure;

/// Connections that may wait to be accepted: what comes in a second of 1,000 requests, four times over. The kernel
/// lowers it to `net.core.somaxconn`.
const BACKLOG: u32 = 4_096;
const DESCRIPTOR: &str = "fd:";
/// Passed descriptors begin there, as systemd has it; those before are the standard streams.
const DESCRIPTOR_MIN: u32 = 3;
const DESCRIPTOR_MAX: u32 = 1_023;
/// How many descriptors a launcher passes, and to which process.
const PASSED: &str = "LISTEN_FDS";
const PASSED_TO: &str = "LISTEN_PID";

/// What `--listen` says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Listen {
    /// Checked with the configuration.
    Address(String),
    /// The number of a socket that this process was started with.
    Descriptor(u32),
}

impl FromStr for Listen {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let Some(number) = text.strip_prefix(DESCRIPTOR) else {
            return Ok(Self::Address(text.to_owned()));
        };
        let number = number.parse().ok();
        let passed = number.filter(|number| (DESCRIPTOR_MIN..=DESCRIPTOR_MAX).contains(number));
        passed.map(Self::Descriptor).ok_or_else(|| {
            format!(
                "a passed socket is named {DESCRIPTOR}{DESCRIPTOR_MIN} to {DESCRIPTOR}{DESCRIPTOR_MAX}"
            )
        })
    }
}

/// A socket that listens on `address`.
pub fn bind(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = if address.is_ipv4() {
        TcpSocket::new_v4()?
    } else {
        TcpSocket::new_v6()?
    };
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    socket.listen(BACKLOG)?.into_std()
}

/// Takes a socket that this process was started with. Where the launcher has not announced it, as systemd does, the
/// program begins anew with the announcement: only so is it known that nothing here has the number for something else.
pub fn take(descriptor: u32) -> Result<TcpListener, Failure> {
    let unusable =
        |error: io::Error| Failure::BadInput(format!("--listen {DESCRIPTOR}{descriptor}: {error}"));
    let count = descriptor - DESCRIPTOR_MIN + 1;
    let mut passed = ListenFd::from_env();
    if passed.len() == 0 {
        return Err(unusable(announced(count)));
    }
    let index = (descriptor - DESCRIPTOR_MIN) as usize;
    let listener = passed.take_tcp_listener(index).map_err(unusable)?;
    listener.ok_or_else(|| {
        let passed = passed.len();
        Failure::BadInput(format!(
            "--listen {DESCRIPTOR}{descriptor}: {PASSED} says that {passed} were passed, from {DESCRIPTOR}{DESCRIPTOR_MIN} on"
        ))
    })
}

/// Replaces this process by the same program with `count` descriptors announced; returns only when that fails.
fn announced(count: u32) -> io::Error {
    let mut args = std::env::args_os();
    let program = match std::env::current_exe() {
        Ok(program) => program,
        Err(error) => return error,
    };
    let mut command = Command::new(program);
    if let Some(name) = args.next() {
        command.arg0(name);
    }
    command
        .args(args)
        .env(PASSED, count.to_string())
        .env_remove(PASSED_TO)
        .exec()
}

/// How a launcher announces one socket to a server that it starts.
pub fn announcement() -> (&'static str, &'static str) {
    (PASSED, "1")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_passed_socket_is_told_from_an_address() {
        assert_eq!("fd:3".parse(), Ok(Listen::Descriptor(3)));
        let address = "127.0.0.1:0".to_owned();
        assert_eq!(address.parse(), Ok(Listen::Address(address)));
        for text in ["fd:", "fd:2", "fd:-1", "fd:1024", "fd:x"] {
            assert!(text.parse::<Listen>().is_err(), "{text}");
        }
    }
}
