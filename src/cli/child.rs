//! A server as a child process: this program, started again with `serve`, and ended in order or by SIGKILL.

use std::{
    fs::{self, File},
    io,
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

/// A server with many jobs to recover is given this long.
const START_MAX: Duration = Duration::from_secs(120);
/// Longer than the server's own grace.
const STOP_MAX: Duration = Duration::from_secs(60);
/// End of the log that is shown when a server does not start.
const LOG_LINES_SHOWN: usize = 5;

/// How a server is started. Nothing of this process's environment reaches it.
#[derive(Debug, Clone)]
pub struct ServerSpec {
    /// Its working directory, in which `data` is its data directory.
    pub dir: PathBuf,
    pub env: Vec<(String, String)>,
    /// Where its log goes.
    pub log: PathBuf,
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
        let mut command = program()?;
        command
            .args(["serve", "--listen", "127.0.0.1:0", "--log", "warn"])
            .args(["--data-dir", "data", "--insecure-loopback"])
            .envs(spec.env.iter().map(|(name, value)| (name, value)));
        Self::spawn(command, &spec.dir, &spec.log).await
    }

    /// Starts a command in `dir` and waits until it says where it listens. What it writes to stderr goes to `log`.
    pub async fn spawn(mut command: Command, dir: &Path, log: &Path) -> Result<Self, Failure> {
        let stderr = File::options().create(true).append(true).open(log);
        let stderr = stderr.map_err(failed("open the log of the server"))?;
        let began = Instant::now();
        let mut process = command
            .current_dir(dir)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(stderr)
            .kill_on_drop(true)
            .spawn()
            .map_err(failed("start a server"))?;
        let stdout = process.stdout.take().expect("stdout is piped");
        let mut lines = BufReader::new(stdout).lines();
        let line = timeout(START_MAX, lines.next_line()).await;
        let line = line.map_err(|_| told("the server does not start in time", log))?;
        let line = line.map_err(failed("read from the server"))?;
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
            _ => Err(told("the server ended at its start", log)),
        }
    }

    /// How it ended by itself; None while it runs.
    pub fn ended(&mut self) -> Option<ExitStatus> {
        self.process.try_wait().ok().flatten()
    }

    /// Ends it with SIGKILL and waits until it is gone.
    pub async fn kill(mut self) -> Result<(), Failure> {
        self.process.kill().await.map_err(failed("kill the server"))
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
    sent.map(drop).map_err(failed("send a signal"))
}

/// This program, with nothing of this process's environment.
pub fn program() -> Result<Command, Failure> {
    let program = std::env::current_exe().map_err(failed("find this program"))?;
    let mut command = Command::new(program);
    command.env_clear();
    Ok(command)
}

fn failed(what: &'static str) -> impl FnOnce(io::Error) -> Failure {
    move |error| Failure::Failed(format!("{what}: {error}"))
}

/// With the last lines of the log.
pub fn told(what: &str, log: &Path) -> Failure {
    let text = fs::read_to_string(log).unwrap_or_default();
    let lines: Vec<&str> = text.lines().collect();
    let shown = &lines[lines.len().saturating_sub(LOG_LINES_SHOWN)..];
    let shown: String = shown.iter().map(|line| format!("\n{line}")).collect();
    Failure::Failed(format!("{what}{shown}"))
}
