//! One server on the launcher's socket: started, followed by what it says on stdout, ended.

use std::{
    ffi::OsString,
    net::{SocketAddr, TcpListener},
    os::fd::AsFd,
    path::{Path, PathBuf},
    process::Stdio,
    time::Duration,
};

use callboard::shutdown::LEAVE_MAX;
use tokio::{
    io::{AsyncBufReadExt, BufReader, Lines},
    process::{Child, ChildStdout, Command},
    time::{interval, timeout},
};

use super::orders::Orders;
use crate::cli::{
    bench::connection::{Connection, get},
    child::signal,
    claim::WAITS,
    client::Client,
    failure::Failure,
    listener, terminal,
};

/// Where a server finds the socket. A child gets descriptors beyond the standard streams from a shell alone, unless by unsafe
/// code: it is given the socket as its input, and the shell makes way for the server.
const LISTEN: &str = "fd:3";
const PASS: &str = "exec \"$@\" 3<&0 </dev/null";
const LISTENS: &str = " listening on ";
const READY_POLL: Duration = Duration::from_millis(5);
/// A question costs a handshake.
const READY_POLL_BY_TLS: Duration = Duration::from_millis(50);

/// How servers are started.
pub struct Launch {
    pub socket: TcpListener,
    pub address: SocketAddr,
    pub serve: Vec<OsString>,
    pub ready_within: Duration,
}

/// How far a server has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Milestone {
    /// It needs nothing but the store.
    Waits,
    Listens {
        is_tls: bool,
    },
}

/// A server process. Dropped, it is killed; a launcher that is killed leaves it.
pub struct Server {
    program: PathBuf,
    pid: u32,
    process: Child,
    lines: Lines<BufReader<ChildStdout>>,
}

impl Server {
    /// Starts one that waits for the store as long as it takes.
    pub fn start(launch: &Launch, program: PathBuf) -> Result<Self, Failure> {
        let failed = |error: &dyn std::fmt::Display| {
            Failure::Failed(format!("start {}: {error}", program.display()))
        };
        let patience = format!("{}s", (launch.ready_within + LEAVE_MAX).as_secs());
        let socket = launch.socket.as_fd().try_clone_to_owned();
        let (announced, count) = listener::announcement();
        let socket = socket.map_err(|error| failed(&error))?;
        let mut command = Command::new("/bin/sh");
        command
            .args(["-c", PASS, "sh"])
            .arg(&program)
            .args(["serve", "--listen", LISTEN, "--wait-for-store", &patience])
            .args(&launch.serve)
            .env(announced, count)
            // What a terminal sends to its foreground is the launcher's to pass on.
            .process_group(0)
            .stdin(Stdio::from(socket))
            .stdout(Stdio::piped())
            .kill_on_drop(true);
        let mut process = command.spawn().map_err(|error| failed(&error))?;
        let stdout = process.stdout.take().expect("stdout is piped");
        Ok(Self {
            pid: process.id().expect("it has not been waited for"),
            program,
            process,
            lines: BufReader::new(stdout).lines(),
        })
    }

    /// Starts one and waits until it is ready; one that is not in time is killed. None when the launcher is asked to end
    /// before: the server has ended.
    pub async fn ready(
        launch: &Launch,
        program: PathBuf,
        orders: &mut Orders,
    ) -> Result<Option<Self>, Failure> {
        let mut server = Self::start(launch, program)?;
        let ready = tokio::select! {
            ready = server.until_ready(launch) => ready,
            () = orders.stop() => {
                server.give_up().await;
                return Ok(None);
            }
        };
        match ready {
            Ok(()) => {
                terminal::tell(&format!("{} is ready", server.name()));
                Ok(Some(server))
            }
            Err(failure) => {
                server.kill().await;
                Err(failure)
            }
        }
    }

    pub fn program(&self) -> &Path {
        &self.program
    }

    /// How people are told of it.
    pub fn name(&self) -> String {
        format!("server {} ({})", self.pid, self.program.display())
    }

    /// Resolves when it has come so far that it needs nothing but the store. Errors when it has not in time.
    pub async fn until_prepared(&mut self, launch: &Launch) -> Result<(), Failure> {
        let milestone = timeout(launch.ready_within, self.milestone()).await;
        milestone.map_err(|_| self.late(launch))?.map(drop)
    }

    /// Resolves when it answers that it is ready. Errors when it does not in time.
    pub async fn until_ready(&mut self, launch: &Launch) -> Result<(), Failure> {
        let ready = timeout(launch.ready_within, async {
            let is_tls = loop {
                if let Milestone::Listens { is_tls } = self.milestone().await? {
                    break is_tls;
                }
            };
            match is_tls {
                true => until_healthy_by_tls(launch.address).await,
                false => {
                    until_healthy(launch.address).await;
                    Ok(())
                }
            }
        });
        match ready.await {
            Ok(ready) => ready,
            Err(_) => Err(self.late(launch)),
        }
    }

    fn late(&self, launch: &Launch) -> Failure {
        let seconds = launch.ready_within.as_secs();
        Failure::Failed(format!("{} is not ready within {seconds} s", self.name()))
    }

    /// Passes on what it says until that is a milestone. Errors when it has ended.
    async fn milestone(&mut self) -> Result<Milestone, Failure> {
        while let Some(line) = self.lines.next_line().await? {
            terminal::print(&line)?;
            if let Some(milestone) = milestone(&line) {
                return Ok(milestone);
            }
        }
        let ended = self.ended().await;
        Err(Failure::Failed(ended))
    }

    /// Resolves with words for its end.
    pub async fn ended(&mut self) -> String {
        let name = self.name();
        match self.process.wait().await {
            Ok(status) => format!("{name} ended: {status}"),
            Err(error) => format!("{name} is lost: {error}"),
        }
    }

    /// Asks it to leave and waits until it has; errors when it had to be killed.
    pub async fn stop(mut self) -> Result<(), Failure> {
        signal("TERM", &[self.pid]).await?;
        match timeout(LEAVE_MAX, self.process.wait()).await {
            Ok(ended) => match ended? {
                status if status.success() => Ok(()),
                status => Err(Failure::Failed(format!("{} ended: {status}", self.name()))),
            },
            Err(_) => {
                let message = format!("{} did not leave and was killed", self.name());
                self.kill().await;
                Err(Failure::Failed(message))
            }
        }
    }

    /// Ends one that is not ready yet. It may not have come so far as to end in order, which is no failure then.
    pub async fn give_up(self) {
        let name = self.name();
        let how = match self.stop().await {
            Ok(()) => format!("{name} is given up"),
            Err(failure) => format!("{name} is given up: {}", failure.message()),
        };
        terminal::tell(&how);
    }

    pub async fn kill(mut self) {
        // Err means that it is gone.
        let _ = self.process.kill().await;
    }
}

fn milestone(line: &str) -> Option<Milestone> {
    if line.ends_with(WAITS) {
        return Some(Milestone::Waits);
    }
    let (_, url) = line.split_once(LISTENS)?;
    Some(Milestone::Listens {
        is_tls: url.starts_with("https:"),
    })
}

/// Asks until the answer is yes; it is the caller who gives up.
async fn until_healthy(address: SocketAddr) {
    let request = get(address, "/health/ready");
    let mut ticks = interval(READY_POLL);
    loop {
        ticks.tick().await;
        let Ok(mut connection) = Connection::open(address).await else {
            continue;
        };
        if let Ok(answer) = connection.ask(&request).await
            && answer.status == 200
        {
            return;
        }
    }
}

/// The same of a server that speaks TLS. Errors when there is no client.
async fn until_healthy_by_tls(address: SocketAddr) -> Result<(), Failure> {
    let client = Client::of_this_machine("https", address)?;
    let mut ticks = interval(READY_POLL_BY_TLS);
    loop {
        ticks.tick().await;
        if client.open(client.get(&["health", "ready"])).await.is_ok() {
            return Ok(());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_server_says_tells_how_far_it_has_come() {
        let listens = |is_tls| Some(Milestone::Listens { is_tls });
        let says = |line: &str| milestone(line);
        assert_eq!(
            says("callboard 1.0.0 waits for the store"),
            Some(Milestone::Waits)
        );
        assert_eq!(
            says("callboard 1.0.0 listening on http://127.0.0.1:1"),
            listens(false)
        );
        assert_eq!(
            says("callboard 1.0.0 listening on https://127.0.0.1:1"),
            listens(true)
        );
        assert_eq!(says("listening"), None);
    }
}
