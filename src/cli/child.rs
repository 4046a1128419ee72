//! A server as a child process: this program, started again with `serve`, and ended in order or by SIGKILL.

use std::{
    fs::File,
    net::SocketAddr,
    path::{Path, PathBuf},
    process::{ExitStatus, Stdio},
    time::{Duration, Instant},
};

use tokio::{
    io::{AsyncBufReadExt, BufReader},
    process::{Child, Command},
    time::timeout,
};

use super::failure::Failure;

const START_MAX: Duration = Duration::from_secs(60);
/// Longer than the server's own grace.
const STOP_MAX: Duration = Duration::from_secs(60);

/// How a server is started. Nothing of this process's environment reaches it.
#[derive(Debug, Clone)]
pub struct ServerSpec {
    /// Its working directory, in which `data` is its data directory.
    pub dir: PathBuf,
    pub env: Vec<(String, String)>,
    /// Where its log goes; None leaves it on stderr.
    pub log: Option<PathBuf>,
}

/// A server that listens. Dropped, it is killed.
pub struct ServerChild {
    pub address: SocketAddr,
    pub pid: u32,
    /// From the start of the process to its listener's first answer.
    pub started_in: Duration,
    process: Child,
}

impl ServerChild {
    /// Starts a server on a free port and waits until it listens. It may still be recovering jobs.
    pub async fn start(spec: &ServerSpec) -> Result<Self, Failure> {
        let program =
            std::env::current_exe().map_err(|error| failed("find this program", error))?;
        let began = Instant::now();
        let mut process = Command::new(program)
            .args(["serve", "--listen", "127.0.0.1:0", "--log", "warn"])
            .args(["--data-dir", "data"])
            .current_dir(&spec.dir)
            .env_clear()
            .envs(spec.env.iter().map(|(name, value)| (name, value)))
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(stderr(spec.log.as_deref())?)
            .kill_on_drop(true)
            .spawn()
            .map_err(|error| failed("start a server", error))?;
        let stdout = process.stdout.take().expect("stdout is piped");
        let mut lines = BufReader::new(stdout).lines();
        let line = timeout(START_MAX, lines.next_line()).await;
        let line =
            line.map_err(|_| Failure::Failed("the server does not start in time".to_owned()))?;
        let line = line.map_err(|error| failed("read from the server", error))?;
        let address = line
            .as_deref()
            .and_then(|line| line.rsplit_once("http://")?.1.parse().ok());
        match (address, process.id()) {
            (Some(address), Some(pid)) => Ok(Self {
                address,
                pid,
                started_in: began.elapsed(),
                process,
            }),
            _ => Err(Failure::Failed(
                "the server ended at its start; its log says why".to_owned(),
            )),
        }
    }

    /// How it ended by itself; None while it runs.
    pub fn ended(&mut self) -> Option<ExitStatus> {
        self.process.try_wait().ok().flatten()
    }

    /// Ends it with SIGKILL and waits until it is gone.
    pub async fn kill(mut self) -> Result<(), Failure> {
        let killed = self.process.kill().await;
        killed.map_err(|error| failed("kill the server", error))
    }

    /// Asks it to end in order and waits until it has.
    pub async fn stop(mut self) -> Result<(), Failure> {
        signal("TERM", &[self.pid]).await?;
        let ended = timeout(STOP_MAX, self.process.wait()).await;
        let ended =
            ended.map_err(|_| Failure::Failed("the server does not stop in time".to_owned()))??;
        if ended.success() {
            Ok(())
        } else {
            Err(Failure::Failed(format!("the server ended with {ended}")))
        }
    }
}

/// Sends a signal to processes; those that are gone already are no error.
pub async fn signal(name: &str, pids: &[u32]) -> Result<(), Failure> {
    let pids: Vec<String> = pids.iter().map(u32::to_string).collect();
    // `kill` is built into every shell, but not every machine has it as a program.
    let sent = Command::new("sh")
        .arg("-c")
        .arg(format!("kill -{name} {} 2>/dev/null", pids.join(" ")))
        .status()
        .await;
    sent.map(drop)
        .map_err(|error| failed("send a signal", error))
}

fn stderr(log: Option<&Path>) -> Result<Stdio, Failure> {
    let Some(log) = log else {
        return Ok(Stdio::inherit());
    };
    let opened = File::options().create(true).append(true).open(log);
    opened
        .map(Stdio::from)
        .map_err(|error| failed("open the server's log", error))
}

fn failed(what: &str, error: std::io::Error) -> Failure {
    Failure::Failed(format!("{what}: {error}"))
}
