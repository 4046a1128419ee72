//! The server under measurement: this program, started again with `serve` and the defaults, whatever the environment or
//! the working directory say.

use std::{
    fs::{self, File},
    io,
    net::SocketAddr,
    path::{Path, PathBuf},
    process::Stdio,
    time::{Duration, Instant},
};

use tokio::{
    io::{AsyncBufReadExt, BufReader},
    process::{Child, Command},
    time::{MissedTickBehavior, interval, timeout},
};

use super::{
    connection::{Connection, get},
    site::Site,
    vitals::Vitals,
};
use crate::cli::failure::Failure;

/// A server with many jobs to recover is given this long to be ready.
const START_MAX: Duration = Duration::from_secs(120);
/// Longer than the server's own grace.
const STOP_MAX: Duration = Duration::from_secs(60);
const READY_POLL: Duration = Duration::from_millis(1);
/// What the server says of itself goes there.
const LOG_FILE: &str = "log";
/// End of the log that is shown when a server does not start.
const LOG_LINES_SHOWN: usize = 5;

pub struct Server {
    pub address: SocketAddr,
    pub vitals: Vitals,
    /// From its start until `GET /health/ready` said yes.
    pub ready_after: Duration,
    process: Child,
}

impl Server {
    /// Starts a server on `site` and waits until it is ready.
    pub async fn start(site: &Site) -> Result<Self, Failure> {
        let data_dir = site.data_dir();
        let mut command = program()?;
        command
            .args(["serve", "--listen", "127.0.0.1:0", "--data-dir"])
            .arg(data_dir);
        command.env_clear();
        if let Some(database) = site.database() {
            command.env("CALLBOARD_STORE__URL", database.url().as_str());
        }
        Self::spawn(command, site.dir()).await
    }

    /// Starts the server of `callboard bench hello`, which answers every request with the same few bytes.
    pub async fn hello(dir: &Path) -> Result<Self, Failure> {
        let mut command = program()?;
        command.args(["bench", "hello"]).env_clear();
        Self::spawn(command, dir).await
    }

    async fn spawn(mut command: Command, dir: &Path) -> Result<Self, Failure> {
        let log_path = dir.join(LOG_FILE);
        let log = File::options().create(true).append(true).open(&log_path);
        let log = log.map_err(failed("make a log file"))?;
        let started = Instant::now();
        let mut process = command
            .current_dir(dir)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(log)
            .kill_on_drop(true)
            .spawn()
            .map_err(failed("start a server"))?;
        let ready = timeout(START_MAX, until_ready(&mut process)).await;
        let ready = ready.unwrap_or_else(|_| Err("the server is not ready in time".to_owned()));
        let (address, pid) =
            ready.map_err(|why| Failure::Failed(format!("{why}{}", tail(&log_path))))?;
        Ok(Self {
            address,
            vitals: Vitals::of(pid),
            ready_after: started.elapsed(),
            process,
        })
    }

    /// Asks the server to end in order and waits until it has.
    pub async fn stop(mut self) -> Result<(), Failure> {
        let Some(pid) = self.process.id() else {
            return Err(Failure::Failed(
                "the server ended while it was measured".to_owned(),
            ));
        };
        // `kill` is built into every shell, but not every machine has it as a program.
        let asked = Command::new("sh")
            .arg("-c")
            .arg(format!("kill -TERM {pid}"))
            .status()
            .await;
        asked.map_err(failed("stop the server"))?;
        let ended = timeout(STOP_MAX, self.process.wait()).await;
        let ended =
            ended.map_err(|_| Failure::Failed("the server does not stop in time".to_owned()))??;
        if ended.success() {
            Ok(())
        } else {
            Err(Failure::Failed(format!("the server ended with {ended}")))
        }
    }

    /// Ends the server with SIGKILL.
    pub async fn kill(mut self) -> Result<(), Failure> {
        self.process.kill().await.map_err(failed("kill the server"))
    }
}

fn failed(what: &str) -> impl FnOnce(io::Error) -> Failure {
    move |error| Failure::Failed(format!("{what}: {error}"))
}

fn program() -> Result<Command, Failure> {
    let program: PathBuf = std::env::current_exe().map_err(failed("find this program"))?;
    Ok(Command::new(program))
}

/// Where the server listens, and the number of its process.
async fn until_ready(process: &mut Child) -> Result<(SocketAddr, u32), String> {
    let stdout = process.stdout.take().expect("stdout is piped");
    let line = BufReader::new(stdout).lines().next_line().await;
    let line = line.map_err(|error| format!("read from the server: {error}"))?;
    let address: Option<SocketAddr> = line
        .as_deref()
        .and_then(|line| line.rsplit_once("http://")?.1.parse().ok());
    let (Some(address), Some(pid)) = (address, process.id()) else {
        return Err("the server ended at its start".to_owned());
    };
    let lost = |error: io::Error| format!("the server ended at its start: {error}");
    let mut connection = Connection::open(address).await.map_err(lost)?;
    let request = get(address, "/health/ready");
    let mut ticks = interval(READY_POLL);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        let answer = connection.ask(&request).await.map_err(lost)?;
        if answer.status == 200 {
            return Ok((address, pid));
        }
        ticks.tick().await;
    }
}

/// The last lines of a log, on lines of their own.
fn tail(log: &Path) -> String {
    let text = fs::read_to_string(log).unwrap_or_default();
    let lines: Vec<&str> = text.lines().collect();
    let shown = &lines[lines.len().saturating_sub(LOG_LINES_SHOWN)..];
    shown.iter().map(|line| format!("\n{line}")).collect()
}
